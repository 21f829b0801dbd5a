"""What the pages of a panel say, and what is done about it: a verb for each thing that can be clicked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from ..chat.conversation import conversations
from ..content.attach import attach, attach_word
from ..core.errors import BadRequest, GeminiError
from .namespace import evaluate, names
from .panel_desk import SHOWN, Desk
from .question_cell import question_cell


def hear(desk: Desk, message: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
    """Do what a page says; what cannot be done is said in the panel."""
    arguments = {name: value for name, value in message.items() if name != "do"}
    if buffers:
        arguments["data"] = bytes(buffers[0])
    if message["do"] == "stop":  # for which nothing is waited
        desk.stop()
        return
    with desk.lock:
        try:
            _VERBS[message["do"]](desk, **arguments)
        except GeminiError as error:
            desk.notice(error)
        finally:
            if message["do"] == "send":
                desk.page.say(heard=True)


# Questions.


def _send(desk: Desk, text: str) -> None:
    question = desk.question(text, desk.tray.attachments, desk.editing)
    desk.ask_apart(question, text, "tray", "text")


def _retry(desk: Desk, key: str) -> None:
    desk.ask_apart(desk.question_of(desk.exchange(key).turn, key), desk.typed(key))


def _edit(desk: Desk, key: str) -> None:
    turn = desk.exchange(key).turn
    desk.editing = key
    desk.tray.clear([part for part in turn.attachments if not part.inline])
    desk.tell(draft=desk.draft(desk.typed(key)))


def _unedit(desk: Desk) -> None:
    desk.editing = ""
    desk.tray.clear()
    desk.tell(draft=desk.draft(""))


def _keep_draft(desk: Desk, text: str) -> None:
    # For a page that is loaded later: in the one that it comes from, more may have been typed since.
    desk.page.know(draft=desk.draft(text))


def _branch(desk: Desk, key: str) -> None:
    desk.must_be_idle()
    at = next(at for at, row in enumerate(desk.conversation.exchanges) if row.anchor == key)
    root, _, number = desk.chat.rpartition("-")
    root = root if number.isdecimal() else desk.chat
    name = next(f"{root}-{number}" for number in count(2) if f"{root}-{number}" not in conversations)
    branch = desk.conversation.branch(name)
    del branch.exchanges[at + 1 :]
    desk.go_to(name)


def _cell(desk: Desk, key: str) -> None:
    """Write a question as a `%%gemini` cell, for the page to insert."""
    own = {name: value for name, value in desk.own.items() if name in SHOWN}
    if desk.exchanges()[0].anchor != key:
        own["chat"] = desk.chat
    cell, without = question_cell(desk.exchange(key).turn, desk.typed(key), own, names())
    desk.page.say(cell=cell)
    if without:
        raise BadRequest(
            f"{', '.join(without)} has no name in the notebook and is not in the cell: save it as a file."
        )


def _set(desk: Desk, name: str, value: Any) -> None:
    if name in SHOWN:
        desk.set(**{name: value if value != "" or name == "system" else None})


# What goes with them.


def _attach(desk: Desk, word: str) -> None:
    thing = desk.shelf.find(word)  # which may have no name
    settings = desk.settings
    desk.put(attach(thing.value, word, settings) if thing else attach_word(word, evaluate, names(), settings))


def _upload(desk: Desk, name: str, key: str, last: bool, data: bytes = b"") -> None:
    desk.tray.take(name, key, last, data, desk.settings)
    desk.tell()


def _drop(desk: Desk, key: str) -> None:
    desk.tray.drop(key)
    desk.tell()


def _move(desk: Desk, key: str, by: int) -> None:
    desk.tray.move(key, by)
    desk.tell()


def _open_shelf(desk: Desk, shown: bool) -> None:
    desk.shelf.open = shown
    desk.look_around()
    desk.tell()


def _draw(desk: Desk, name: str) -> None:
    def drawn() -> None:
        with desk.lock:
            desk.tell()

    desk.shelf.draw(name, desk.settings, drawn)
    desk.tell()


_VERBS: dict[str, Callable[..., None]] = {
    "send": _send,
    "retry": _retry,
    "edit": _edit,
    "unedit": _unedit,
    "draft": _keep_draft,
    "branch": _branch,
    "clear": Desk.clear,
    "chat": Desk.go_to,
    "cell": _cell,
    "set": _set,
    "attach": _attach,
    "upload": _upload,
    "drop": _drop,
    "move": _move,
    "shelf": _open_shelf,
    "thumb": _draw,
    "more": lambda desk, keys: desk.page.more(keys),
    "again": lambda desk: desk.page.say(**desk.page.whole()),
    "kept": lambda desk: desk.page.kept_by_page(),
}
