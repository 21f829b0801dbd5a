"""The verbs of a page: the effect of each click in the panel.

`messages` has the fields of each verb. No message makes the kernel evaluate anything that its page could
not run as a cell, and none names a file.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from ...chat.conversation import conversations
from ...content.convert import attach
from ...content.namespace import Namespace
from ...content.regions import part_of
from ...content.words import names_file, read_word
from ...core.errors import BadRequest, CannotAttach, GeminiError
from ...core.messages import Message
from ...core.places import Box
from ...core.settings import Settings
from ...core.text import reveal, shorten, whole_characters
from ..frontend import namespace
from .controller import Desk
from .messages import read_message
from .saved import read_output
from .settings import SHOWN
from .wording import Wording


def hear(desk: Desk, message: object, buffers: Sequence[memoryview]) -> None:
    """Obey a message of a page. The panel shows an error; a message that breaks the rules is ignored."""
    read = read_message(message, buffers)
    if read is None:
        return
    verb, fields = read
    if verb == "stop":  # without the lock: another verb may hold it
        desk.stop()
        return
    with desk.lock:
        try:
            _VERBS[verb](desk, **fields)
        except GeminiError as error:
            desk.notice(error)
        finally:
            if verb == "send":
                # The page locks its box until then; a question that failed must be mended there.
                desk.page.say(heard=True)


# Questions.


def _send(desk: Desk, text: str) -> None:
    wording = desk.composer.wording(text, reads_values=desk.reads_values)
    question = desk.question(wording, desk.tray.attachments, desk.editing, values=desk.reads_values)
    desk.ask_apart(question, wording, "tray", "text")


def _retry(desk: Desk, key: str) -> None:
    desk.ask_apart(desk.question_of(desk.turn(key).message, key), desk.typed(key))


def _branch(desk: Desk, key: str) -> None:
    desk.must_be_idle()
    wanted = desk.turn(key)
    at = next((at for at, turn in enumerate(desk.conversation.turns) if turn is wanted), None)
    if at is None:
        raise BadRequest("That question has no answer to go on from: ask it again first.")
    root, _, number = desk.chat.rpartition("-")
    root = root if number.isdecimal() else desk.chat
    name = next(f"{root}-{number}" for number in count(2) if f"{root}-{number}" not in conversations)
    branch = desk.conversation.branch(name)
    del branch.turns[at + 1 :]
    desk.go_to(name)


def _cell(desk: Desk, key: str) -> None:
    """Write a question as a `%%gemini` cell, for the page to insert."""
    message, wording = desk.turn(key).message, desk.typed(key)
    own = {name: value for name, value in desk.own.items() if name in SHOWN}
    # The first question has no earlier turns, so as a cell it needs no conversation.
    if desk.turns()[0].anchor != key:
        own["chat"] = desk.chat
    cell, without = question_cell(message, wording, own, namespace(), desk.functions.offered)
    desk.page.say(cell=whole_characters(cell))
    if without:
        left_out = shorten(reveal(", ".join(without)), LEFT_OUT_CHARS)
        raise BadRequest(f"{left_out} has no name in the notebook and is not in the cell: save it as a file.")


def _set(desk: Desk, name: str, value: Any) -> None:
    desk.set(**{name: value if value != "" or name == "system" else None})


# Functions.


def _offer(desk: Desk, name: str, offered: bool) -> None:
    """Offer a function of the notebook; only a page that could run it as a cell may."""
    if not desk.reads_values:
        raise BadRequest("Functions are offered once this page has run a cell: run one first.")
    desk.look_around()
    desk.functions.offer(name, offered)
    desk.tell()


# Attachments.


def _attach(desk: Desk, word: str) -> None:
    """Attach a thing that the shelf offers; a page names nothing else."""
    if desk.shelf.find(word) is None:
        desk.look_around()  # no cell has ended since the thing was made
    thing = desk.shelf.find(word)
    if thing is None:
        raise CannotAttach(
            f"There is no name {shorten(word, 80)} among the things that the panel offers: run the cell that "
            "makes it, or attach it in Python: panel().attach(...)."
        )
    desk.put(attach(thing.value, word, desk.settings))


def _upload(desk: Desk, name: str, key: str, last: bool, data: bytes = b"") -> None:
    desk.tray.take(name, key, last, data, desk.settings)
    desk.tell()


def _drop(desk: Desk, key: str) -> None:
    desk.tray.drop(key)
    desk.tell()


def _move(desk: Desk, key: str, by: int) -> None:
    desk.tray.move(key, by)
    desk.tell()


def _region(desk: Desk, key: str, box: list[float]) -> None:
    """Attach a part of a picture that is attached already."""
    whole = desk.tray.find(key)
    if whole is None:
        raise CannotAttach("That attachment is no longer there: attach it again.")
    for part in part_of(whole, Box(*box), desk.settings):
        desk.put(part)


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


LEFT_OUT_CHARS = 200
_OUTPUT = re.compile(r"Out\[(\d{1,9})\]", re.ASCII)

_VERBS: dict[str, Callable[..., None]] = {
    "send": _send,
    "retry": _retry,
    "edit": Desk.edit,
    "unedit": Desk.unedit,
    "draft": Desk.keep_draft,
    "hide": Desk.hide,
    "found": lambda desk, text, metadata: desk.take_up(read_output(text, metadata)),
    "continue": Desk.go_on,
    "branch": _branch,
    "clear": Desk.clear,
    "chat": Desk.go_to,
    "cell": _cell,
    "set": _set,
    "attach": _attach,
    "upload": _upload,
    "offer": _offer,
    "allow": lambda desk, number, choice: desk.functions.choose(number, choice),
    "drop": _drop,
    "move": _move,
    "region": _region,
    "shelf": _open_shelf,
    "thumb": _draw,
    "more": lambda desk, keys: desk.page.more(keys),
    "again": lambda desk: desk.page.say(**desk.page.whole()),
    "check": lambda desk, number: desk.page.check(number),
    "kept": lambda desk: desk.page.kept_by_page(),
}


def question_cell(
    message: Message,
    wording: Wording,
    settings: Mapping[str, Any],
    names: Namespace,
    functions: Sequence[str] = (),
) -> tuple[str, list[str]]:
    """Write the cell, and list the parts that cannot stand in it, such as a pasted picture.

    Args:
        settings: the settings that differ from the session's defaults.
        names: the names that are defined in the notebook.
        functions: the names of the functions that it offers.
    """
    attached = [part.name for part in message.attachments if not part.inline]
    words = {name: _word_for(name, names) for name in attached}
    options = {name: _option(name, value) for name, value in settings.items()}
    line = ["%%gemini", *filter(None, (words[name] for name in attached)), *filter(None, options.values())]
    line += [f"--tool {name}" for name in functions]
    without = [name for name in attached if not words[name]]
    without += [name for name, option in options.items() if not option]
    return f"{' '.join(line)}\n{wording.source}", without


def _word_for(name: str, names: Namespace) -> str:
    """Return the word by which a cell attaches a thing: a variable, Out[n], a file or a URL; "" for none.

    A name may come from an imported chat. A file stands in quotes, which make it a path and never an
    expression, also once the file is gone.
    """
    if name.isidentifier() and name in names:
        return name
    if (output := _OUTPUT.fullmatch(name)) and int(output[1]) in names.names.get("Out", {}):
        return name
    quote = next((quote for quote in "\"'" if quote not in name), "")
    one_line = name.isprintable() and reveal(name) == name
    # A name with a line break would end the line of the cell, and begin a line of code.
    if not (quote and one_line and (names_file(name) or "://" in name)):
        return ""
    try:
        # Read with no names at all, so that nothing but a path or an address can pass.
        read_word(f"{quote}{name}{quote}", Namespace(), Settings())
    except GeminiError:
        return ""
    return name if re.fullmatch(r"https://[\w.~/%?&=+:-]+", name, re.ASCII) else f"{quote}{name}{quote}"


def _option(name: str, value: Any) -> str:
    """Return an option of the line; "" for text of several lines, which no line can hold."""
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {shlex.quote(value)}" if value.isprintable() else ""
