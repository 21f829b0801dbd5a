"""What a panel works on: a conversation, the question that is written next, and the one that is asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from IPython.core.interactiveshell import ExecutionResult

from ..chat.ask import Sent, answer_to, send, user_turn
from ..chat.conversation import Conversation, Exchange, conversations, named, next_question
from ..content.prompt import read
from ..core.answer import Answer
from ..core.cancel import Cancel
from ..core.errors import BadRequest, GeminiError
from ..core.messages import Attachment, Turn
from ..core.question import Question
from ..core.settings import Settings, resolve
from ..service.services import SERVICES
from .masked import masked_parts, masked_past
from .namespace import evaluate, hidden, names
from .panel_page import Growing, Page
from .shelf import Shelf
from .tray import Tray

SHOWN = ("service", "model", "effort", "thoughts", "search", "system")


@dataclass(eq=False)
class _Asking:
    """The question that was asked last, until it has a place in its conversation.

    Attributes:
        by: who asked, "panel" or "cell": a page can stop a cell only by interrupting the kernel.
        uses: what is empty once it is on its way: the tray, the text that was typed.
    """

    question: Question
    by: str
    uses: frozenset[str] = frozenset()
    cancel: Cancel = field(default_factory=Cancel)
    answer: Answer | None = None
    running: bool = True


class Desk:
    """Everything that a panel holds, for Python and for the pages alike.

    Attributes:
        chat: the name of the conversation that it shows.
        own: settings of this panel alone.
        tray: what goes with the next question.
        shelf: what of the notebook could go with it.
        editing: the anchor of the question that the next one takes the place of; "" for a new one.
        page: what the pages know.
        lock: held by whoever changes anything, but not while an answer is awaited.
    """

    def __init__(self, chat: str) -> None:
        self.chat = chat
        self.own: dict[str, Any] = {}
        self.tray = Tray()
        self.shelf = Shelf()
        self.editing = ""
        self.page = Page()
        self.lock = threading.RLock()
        self._drafts = count(1)
        self._typed: dict[str, str] = {}
        self._asking: _Asking | None = None
        self.tell()

    @property
    def conversation(self) -> Conversation:
        """What was said so far."""
        return named(self.chat)

    @property
    def running(self) -> bool:
        """True while an answer is awaited."""
        return self._asking is not None and self._asking.running

    @property
    def settings(self) -> Settings:
        """What the next question is asked with."""
        return resolve({**self.own, "chat": self.chat})

    # Its conversation.

    def go_to(self, chat: str) -> None:
        """Show another conversation of this session, which begins if there is none of that name."""
        if chat != self.chat:
            self.must_be_idle()
            self.chat = named(chat).name
            self._asking, self.editing = None, ""
        self.show()

    def clear(self) -> None:
        """Forget the conversation."""
        self.must_be_idle()
        self.conversation.reset()
        self._asking, self.editing = None, ""
        self.show()

    def exchanges(self) -> list[Exchange]:
        """What was said, and the question that is being asked, or that nothing came of."""
        rows, asking = list(self.conversation.exchanges), self._asking
        if asking is None or asking.answer is None:
            return rows
        anchor = asking.question.anchor
        fresh = Exchange(anchor, "the panel", asking.question.turn, asking.answer)
        at = next((at for at, row in enumerate(rows) if row.anchor == anchor), len(rows))
        rows[at : at + 1] = [fresh]
        return rows

    def exchange(self, key: str) -> Exchange:
        """Return a question with its answer, by its anchor."""
        found = next((row for row in self.exchanges() if row.anchor == key), None)
        if found is None:
            raise BadRequest("That question is no longer there.")
        return found

    def typed(self, key: str) -> str:
        """Return a question as it was typed."""
        parts = self.exchange(key).turn.parts
        return self._typed.get(key) or "".join(part for part in parts if isinstance(part, str))

    # The next question.

    def put(self, attachment: Attachment) -> None:
        """Put an attachment beside the next question."""
        self.tray.put(masked_past(attachment, names()))
        self.tell(notice="")

    def set(self, **settings: Any) -> None:
        """Change settings of this panel alone; None is the session's own again."""
        own = {name: value for name, value in {**self.own, **settings}.items() if value is not None}
        resolve(own)
        self.own = own
        self.tell()

    def draft(self, text: str) -> dict[str, Any]:
        """Return a text for the box in which the next question is typed; pages take each once."""
        return {"text": text, "number": next(self._drafts)}

    def look_around(self, ran: ExecutionResult | None = None) -> None:
        """See what of the notebook could be attached, now that a cell has run."""
        self.shelf.look(dict(names()), hidden(), ran)

    # Asking.

    def question(self, text: str, attached: Sequence[Attachment], anchor: str = "") -> Question:
        """Make a question of what was typed and attached; with an anchor it takes that one's place."""
        if not text.strip() and not attached:
            raise BadRequest("There is nothing to ask: type a question, or attach something.")
        parts = [*attached, *read(text, evaluate, self.settings, names())]
        turn = user_turn(masked_parts(parts, names()))
        return self.question_of(turn, anchor)

    def question_of(self, turn: Turn, anchor: str = "") -> Question:
        """Make a question of a turn."""
        self.must_be_idle()
        return next_question(turn, self.settings, anchor=anchor, place="the panel")

    def ask(self, question: Question, typed: str) -> Answer:
        """Ask, with what is in the tray, and wait for the answer."""
        asking = _Asking(question, "cell", frozenset({"tray"}))
        self._begin(asking, typed)
        return self._fold(asking)

    def ask_apart(self, question: Question, typed: str, *uses: str) -> None:
        """Ask, and take the answer in a thread of its own.

        It is sent from the thread that calls, which is the one that hears the page: there Colab gives out
        its secrets, and in no other.
        """
        asking = _Asking(question, "panel", frozenset(uses))
        sent = send(question, asking.cancel)
        self._begin(asking, typed)
        threading.Thread(
            target=self._fold_apart, args=(asking, sent), name="gemini_magics panel", daemon=True
        ).start()

    def stop(self) -> None:
        """Stop the answer that is awaited; what had come is kept."""
        if self._asking:
            self._asking.cancel.cancel()

    def must_be_idle(self) -> None:
        """Raise BadRequest while an answer is awaited."""
        if self.running:
            raise BadRequest("The panel still waits for an answer: stop it, or let it end first.")

    def _begin(self, asking: _Asking, typed: str) -> None:
        self._asking = asking
        self._typed[asking.question.anchor] = typed
        self.page.tell(busy=asking.by, notice="")

    def _fold(self, asking: _Asking, sent: Sent | None = None) -> Answer:
        """Take in the answer; whatever happens, the panel is ready for the next question."""

        def begun(answer: Answer) -> None:
            self._begun(asking, answer, growing)

        growing = Growing(self.page, asking.question.anchor, begun)
        try:
            return answer_to(asking.question, watch=lambda: growing, cancel=asking.cancel, sent=sent)
        finally:
            self._ended(asking)

    def _fold_apart(self, asking: _Asking, sent: Sent) -> None:
        try:
            self._fold(asking, sent)
        except GeminiError as error:
            # A problem of the answer stands where the answer does.
            if error.answer is None or not error.answer.problem:
                self.notice(error)

    def _begun(self, asking: _Asking, answer: Answer, growing: Growing) -> None:
        with self.lock:
            asking.answer = answer
            self.page.show(self.exchanges(), growing)
            if "tray" in asking.uses:
                self.tray.clear()
            if "text" in asking.uses:
                self.editing = ""
                self.page.tell(draft=self.draft(""))
            self.tell()

    def _ended(self, asking: _Asking) -> None:
        with self.lock:
            asking.running = False
            kept = any(each.answer is asking.answer for each in self.conversation.exchanges)
            if asking.answer is None or kept:
                self._asking = None
            self.show()

    # What pages are told.

    def show(self) -> None:
        """Tell the pages what was said, and leave the transcript; then `tell`."""
        if not self.running:
            self.page.show(self.exchanges())
            self.page.leave_twin()
        self.tell()

    def tell(self, **facts: Any) -> None:
        """Tell the pages how things stand."""
        settings = self.settings
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
        self.page.tell(
            chat=self.chat,
            chats=list(dict.fromkeys([self.chat, *conversations])),
            settings=shown,
            editing=self.editing,
            busy=self._asking.by if self._asking and self.running else "",
            tray=self.tray.told(),
            shelf_open=self.shelf.open,
            shelf=self.shelf.told(),
            **facts,
        )
        self.page.illustrate(self.shelf.thumbs)

    def notice(self, error: GeminiError) -> None:
        """Say in the panel what went wrong."""
        self.tell(notice=f"{type(error).__name__}: {error}")
