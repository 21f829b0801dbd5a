"""The panel: the same questions and answers, with a mouse."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle, display

from ..chat.ask import answer_to, user_turn
from ..chat.conversation import Conversation, Exchange, conversations, keep, named, next_question
from ..content.attach import attach, attach_word
from ..content.prompt import read
from ..core.answer import Answer
from ..core.cancel import Cancel
from ..core.errors import BadRequest, GeminiError
from ..core.messages import Attachment, Turn
from ..core.question import Question
from ..core.settings import Settings, resolve
from ..service.services import SERVICES
from .frontend import kind, shows_widgets
from .masked import masked_past
from .panel_page import Growing, Page
from .question_cell import question_cell
from .shelf import Shelf
from .tray import Tray

SHOWN = ("service", "model", "effort", "thoughts", "search", "system")

_panels: dict[str, Panel] = {}


def panel(chat: str | Conversation = "main", **settings: Any) -> Panel:
    """Open the panel of a conversation below the cell: a place to ask, attach and read with a mouse.

    As the last line of a cell it shows itself; opened again it is the same one, with all that was said.

    Args:
        chat: the conversation, or its name.
        settings: defaults of this panel alone: `effort="low"`.

    Raises:
        BadRequest: there is no such setting, or the conversation cannot have that name.
    """
    name = keep(chat) if isinstance(chat, Conversation) else named(chat).name
    resolve(settings)
    opened = _panels[name] if name in _panels else _panels.setdefault(name, Panel(name))
    opened.go_to(name)
    opened.set(**settings)
    return opened


@dataclass(eq=False)
class _Asking:
    """The question that the panel asked last, until it has a place in its conversation.

    Attributes:
        uses: what is empty once it is on its way: the tray, the text that was typed.
    """

    turn: Turn
    anchor: str
    uses: frozenset[str]
    cancel: Cancel = field(default_factory=Cancel)
    answer: Answer | None = None
    running: bool = True


class Panel:
    """A conversation to click in, and to write to from Python.

        p = panel(chat="main")
        p.attach(fig)
        p.ask("What is odd about the second peak?")

    It asks as cells do: the same settings, attachments and conversations, and the answers look the same.
    """

    def __init__(self, chat: str = "main") -> None:
        self._chat = chat
        self._own: dict[str, Any] = {}
        self._tray = Tray()
        self._shelf = Shelf()
        self._numbers = count(1)
        self._editing = ""
        self._typed: dict[str, str] = {}
        self._asking: _Asking | None = None
        self._kept_by_page = False
        self._lock = threading.RLock()
        self._page = Page()
        self._handle: DisplayHandle | None = None
        self._tell()

    @property
    def conversation(self) -> Conversation:
        """What was said so far."""
        return named(self._chat)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers of the conversation, the oldest first."""
        return tuple(exchange.answer for exchange in self.conversation.exchanges)

    @property
    def running(self) -> bool:
        """True while an answer is awaited."""
        return self._asking is not None and self._asking.running

    def ask(self, prompt: str, *things: object) -> Answer:
        """Ask in the panel's conversation, wait, and return the answer, as `gemini_magics.ask` does.

        What was attached before, by hand or with `attach`, goes along.

        Raises:
            BadRequest: it cannot be asked, or the panel still waits for an answer.
            GeminiError: it was not answered, or not to the end.
        """
        attached = [attach(thing, self._name(thing), self._settings()) for thing in things]
        question = self._question(prompt, [*self._tray.attachments, *attached])
        return self._run(question, self._start(question, prompt, "cell", "tray"))

    def attach(self, *things: object) -> None:
        """Put things beside the next question: figures, tables, images, paths, bytes, https URLs.

        Raises:
            CannotAttach: one of them cannot be sent.
        """
        for thing in things:
            self._put(attach(thing, self._name(thing), self._settings()))

    def stop(self) -> None:
        """Stop the answer that is awaited; what had come is kept."""
        if self._asking:
            self._asking.cancel.cancel()

    def set(self, **settings: Any) -> None:
        """Change settings of this panel alone: `set(effort="low")`; None is the session's own again.

        Raises:
            BadRequest: there is no such setting, or not with this value.
        """
        own = {name: value for name, value in {**self._own, **settings}.items() if value is not None}
        resolve(own)
        self._own = own
        self._tell()

    def go_to(self, chat: str) -> None:
        """Show another conversation of this session, which begins if there is none of that name."""
        if chat == self._chat:
            self._show()
            return
        if self.running:
            raise BadRequest("The panel waits for an answer here: stop it before you go elsewhere.")
        self._chat = named(chat).name
        self._asking, self._editing = None, ""
        self._show()

    def close(self) -> None:
        """Stop, and leave the transcript as a plain output."""
        self.stop()
        shell = get_ipython()
        if shell is not None and self._after_cell in shell.events.callbacks["post_run_cell"]:
            shell.events.unregister("post_run_cell", self._after_cell)
        self._page.close()
        self._leave_twin()
        for name in [name for name, panel in _panels.items() if panel is self]:
            del _panels[name]

    def __repr__(self) -> str:
        return f"<Panel of {self.conversation!r}>"

    def _ipython_display_(self) -> None:
        shell = get_ipython()
        self._look_around()
        self._show()
        if shell is None or kind(shell) == "terminal":
            print(self._page.twin()["text/plain"])  # noqa: T201 - all that a terminal can show
            return
        if shows_widgets(shell):
            self._page.open(self._hear)
            if self._after_cell not in shell.events.callbacks["post_run_cell"]:
                shell.events.register("post_run_cell", self._after_cell)
        self._kept_by_page = False
        data, metadata = self._bundle()
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)

    # Asking.

    def _settings(self) -> Settings:
        return resolve({**self._own, "chat": self._chat})

    def _question(self, text: str, attached: Sequence[Attachment], anchor: str = "") -> Question:
        if not text.strip() and not attached:
            raise BadRequest("There is nothing to ask: type a question, or attach something.")
        settings = self._settings()
        names = self._names()
        masked = [masked_past(each, names) for each in attached]
        turn = user_turn([*masked, *read(text, self._value, settings, names)])
        return self._again(turn, anchor)

    def _again(self, turn: Turn, anchor: str = "") -> Question:
        """Make the question of a turn; with the anchor of an earlier one it takes that one's place."""
        if self.running:
            raise BadRequest("The panel still waits for an answer: stop it, or let it end first.")
        return next_question(turn, self._settings(), anchor=anchor, place="the panel")

    def _start(self, question: Question, typed: str, busy: str, *uses: str) -> _Asking:
        asking = self._asking = _Asking(question.turn, question.anchor, frozenset(uses))
        self._typed[question.anchor] = typed
        self._page.tell(busy=busy, notice="")
        return asking

    def _run(self, question: Question, asking: _Asking) -> Answer:
        """Ask, in the thread that calls; whatever happens, the panel is ready for the next question."""
        growing = Growing(self._page, question.anchor, lambda answer: self._begun(asking, answer, growing))
        try:
            return answer_to(question, watch=lambda: growing, cancel=asking.cancel)
        finally:
            self._ended(asking)

    def _run_apart(self, question: Question, asking: _Asking) -> None:
        try:
            self._run(question, asking)
        except GeminiError as error:
            # What was begun says it where the answer would stand.
            if error.answer is None:
                self._notice(error)

    def _begun(self, asking: _Asking, answer: Answer, growing: Growing) -> None:
        with self._lock:
            asking.answer = answer
            self._page.show(self._exchanges(), growing)
            if "tray" in asking.uses:
                self._tray.clear()
            if "text" in asking.uses:
                self._editing = ""
                self._page.tell(draft=self._draft(""))
            self._tell()

    def _ended(self, asking: _Asking) -> None:
        with self._lock:
            asking.running = False
            if asking.answer is None or any(
                each.answer is asking.answer for each in self.conversation.exchanges
            ):
                self._asking = None
            self._show()

    def _exchanges(self) -> list[Exchange]:
        """The exchanges of the conversation, and the one that is being asked, or that nothing came of."""
        rows, asking = list(self.conversation.exchanges), self._asking
        if asking is None or asking.answer is None:
            return rows
        fresh = Exchange(asking.anchor, "the panel", asking.turn, asking.answer)
        at = next((at for at, row in enumerate(rows) if row.anchor == asking.anchor), len(rows))
        rows[at : at + 1] = [fresh]
        return rows

    # What pages say.

    def _hear(self, message: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        verbs: dict[str, Callable[..., object]] = {
            "send": self._send, "edit": self._edit, "unedit": self._unedit, "retry": self._retry,
            "branch": self._branch, "clear": self._clear, "cell": self._cell, "chat": self.go_to,
            "attach": self._attach_word, "drop": self._drop, "move": self._move, "upload": self._upload,
            "set": self._set, "draft": self._keep_draft, "shelf": self._open_shelf, "thumb": self._thumb,
            "more": self._page.more, "again": lambda: self._page.say(**self._page.whole()),
            "kept": self._keep_by_page,
        }  # fmt: skip
        arguments = {name: value for name, value in message.items() if name != "do"}
        if buffers:
            arguments["data"] = bytes(buffers[0])
        if message["do"] == "stop":  # for which nothing is waited
            self.stop()
            return
        with self._lock:
            try:
                verbs[message["do"]](**arguments)
            except GeminiError as error:
                self._notice(error)
            finally:
                if message["do"] == "send":
                    self._page.say(heard=True)

    def _notice(self, error: GeminiError) -> None:
        self._page.tell(notice=f"{type(error).__name__}: {error}")
        self._tell()

    def _send(self, text: str) -> None:
        question = self._question(text, self._tray.attachments, self._editing)
        self._ask_apart(question, text, "tray", "text")

    def _retry(self, key: str) -> None:
        self._ask_apart(self._again(self._exchange(key).turn, key), self._typed_at(key))

    def _ask_apart(self, question: Question, typed: str, *uses: str) -> None:
        asked = question, self._start(question, typed, "panel", *uses)
        threading.Thread(target=self._run_apart, args=asked, name="gemini_magics panel", daemon=True).start()

    def _edit(self, key: str) -> None:
        turn = self._exchange(key).turn
        self._editing = key
        self._tray.clear([part for part in turn.attachments if not part.inline])
        self._tell(draft=self._draft(self._typed_at(key)))

    def _unedit(self) -> None:
        self._editing = ""
        self._tray.clear()
        self._tell(draft=self._draft(""))

    def _branch(self, key: str) -> None:
        if self.running:
            raise BadRequest("The panel still waits for an answer: stop it, or let it end first.")
        at = next(at for at, row in enumerate(self.conversation.exchanges) if row.anchor == key)
        root = self._chat.rpartition("-")[0] if self._chat.rpartition("-")[2].isdecimal() else self._chat
        name = next(f"{root}-{number}" for number in count(2) if f"{root}-{number}" not in conversations)
        branch = self.conversation.branch(name)
        del branch.exchanges[at + 1 :]
        self.go_to(name)

    def _clear(self) -> None:
        if self.running:
            raise BadRequest("The panel still waits for an answer: stop it, or let it end first.")
        self.conversation.reset()
        self._asking, self._editing = None, ""
        self._show()

    def _cell(self, key: str) -> None:
        """Write a question as a `%%gemini` cell, for the page to insert."""
        own = {name: value for name, value in self._own.items() if name in SHOWN}
        if self._exchanges()[0].anchor != key:
            own["chat"] = self._chat
        cell, without = question_cell(self._exchange(key).turn, self._typed_at(key), own, self._names())
        self._page.say(cell=cell)
        if without:
            raise BadRequest(
                f"{', '.join(without)} has no name in the notebook and is not in the cell: save it as a file."
            )

    def _attach_word(self, word: str) -> None:
        self._put(attach_word(word, self._value, self._names(), self._settings()))

    def _upload(self, name: str, key: str, last: bool, data: bytes = b"") -> None:
        self._tray.take(name, key, last, data, self._settings())
        self._tell()

    def _drop(self, key: str) -> None:
        self._tray.drop(key)
        self._tell()

    def _move(self, key: str, by: int) -> None:
        self._tray.move(key, by)
        self._tell()

    def _set(self, name: str, value: Any) -> None:
        if name in SHOWN:
            self.set(**{name: value if value != "" or name == "system" else None})

    def _keep_draft(self, text: str) -> None:
        # For a page that is loaded later: in the one that it comes from, more may have been typed since.
        self._page.know(draft=self._draft(text))

    def _open_shelf(self, shown: bool) -> None:
        self._shelf.open = shown
        self._look_around()
        self._tell()

    def _thumb(self, name: str) -> None:
        self._shelf.draw(name, self._settings())
        self._tell()

    def _keep_by_page(self) -> None:
        self._kept_by_page = True

    # What pages are told.

    def _tell(self, **facts: Any) -> None:
        settings = self._settings()
        row = SERVICES.get(settings.service)
        shown = {
            **{name: getattr(settings, name) or "" for name in ("service", "model", "effort", "system")},
            "thoughts": settings.thoughts,
            "search": settings.search,
            "services": list(SERVICES),
            "efforts": list(row.efforts) if row else [settings.effort],
            "searches": bool(row and row.search),
            "usual_model": row.model if row else "",
        }
        self._page.tell(
            chat=self._chat,
            chats=list(dict.fromkeys([self._chat, *conversations])),
            settings=shown,
            editing=self._editing,
            busy="" if not self.running else self._page.fact("busy"),
            tray=self._tray.told(),
            shelf_open=self._shelf.open,
            shelf=self._shelf.told(),
            **facts,
        )

    def _show(self) -> None:
        if not self.running:
            self._page.show(self._exchanges())
            self._leave_twin()
        self._tell()

    def _after_cell(self, result: Any) -> None:
        """A cell has run: it may have changed the conversation, the settings and what can be attached."""
        with self._lock:
            self._look_around()
            self._show()

    def _leave_twin(self) -> None:
        """Put the transcript into the output, where no page does that itself."""
        if self._handle is not None and not self._kept_by_page:
            data, metadata = self._bundle()
            self._handle.update(data, metadata=metadata, raw=True)

    def _bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = (self._page.widget._repr_mimebundle_() or ({}, {})) if self._page.widget else ({}, {})
        return {**data, **self._page.twin()}, metadata

    def _exchange(self, key: str) -> Exchange:
        found = next((row for row in self._exchanges() if row.anchor == key), None)
        if found is None:
            raise BadRequest("That question is no longer there.")
        return found

    def _typed_at(self, key: str) -> str:
        parts = self._exchange(key).turn.parts
        return self._typed.get(key) or "".join(part for part in parts if isinstance(part, str))

    def _draft(self, text: str) -> dict[str, Any]:
        return {"text": text, "number": next(self._numbers)}

    def _put(self, attachment: Attachment) -> None:
        self._tray.put(masked_past(attachment, self._names()))
        self._page.tell(notice="")
        self._tell()

    # The notebook's names.

    def _value(self, expression: str) -> object:
        shell = get_ipython()
        names = (shell.user_global_ns, shell.user_ns) if shell else ({},)
        return eval(expression, *names)  # noqa: S307 - the person's own code

    def _names(self) -> Mapping[str, Any]:
        shell = get_ipython()
        return shell.user_ns if shell else {}

    def _name(self, value: object) -> str:
        names = (name for name, known in self._names().items() if known is value and not name.startswith("_"))
        return (
            str(value)
            if isinstance(value, Path)
            else next(names, f"attachment {len(self._tray.attachments) + 1}")
        )

    def _look_around(self) -> None:
        shell = get_ipython()
        if shell:
            self._shelf.look(dict(shell.user_ns), shell.user_ns_hidden)
