"""The state of a panel: its conversation, the question that is written next, and the one that is asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import uuid4

from IPython.core.interactiveshell import ExecutionResult

from ...chat.consent import by_input
from ...chat.conversation import Conversation, conversations, named, next_question
from ...chat.run import InFlight, answer_to, send
from ...content.prompt import read_body
from ...core.answer import Turn
from ...core.cancel import Cancel
from ...core.errors import BadRequest, GeminiError
from ...core.messages import Attachment, Message
from ...core.question import Question
from ...core.settings import Settings, resolve
from ...core.text import listed, one_line, reveal, shorten
from ...render.answer import Answer
from ..cell_identity import Asker
from ..frontend import hidden, namespace
from ..masking import masked_past
from ..question import assemble
from .attachments import Tray
from .composer import Composer
from .functions import Functions, stoppable
from .gallery import Shelf
from .own_words import in_own_words
from .page import Growing, Page
from .resume import attachments_of_session, turn_of
from .saved import SavedChat, SavedTurn, asker_of
from .settings import settings_for_page
from .wording import Wording

PLACE = "the panel"  # stands where a question of a cell has "In [5]"
NOTICE_CHARS = 300


@dataclass(eq=False)
class _Asking:
    """The newest question of the panel, until its answer stands in the conversation.

    Attributes:
        by: "panel" or "cell": what asks. A page can stop a cell only by interrupting the kernel.
        uses: the inputs of the panel to clear once the question is sent: "tray", "text".
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
        tray: the attachments of the next question.
        shelf: the things of the notebook that could be attached.
        functions: the functions of the notebook that the model may call.
        composer: the text of the next question.
        editing: the anchor of the question that the next one replaces; "" for a new one.
        saved: turns that were read from a saved notebook, by conversation and anchor. They are shown before
            the others, and belong to no conversation, so they join no request.
        page: the state as the pages have it.
        reads_values: True once a page has run a cell in this session. Such a page may run any code, so
            `` $`expr` `` in its box gives it nothing new; another page gets no expression evaluated.
        lock: held by whoever changes anything, but not while an answer is awaited.
    """

    def __init__(self, chat: str) -> None:
        self.chat: str = chat
        self.own: dict[str, Any] = {}
        self.tray: Tray = Tray()
        self.shelf: Shelf = Shelf()
        self.functions: Functions = Functions()
        self.composer: Composer = Composer()
        self.editing: str = ""
        self.saved: dict[str, dict[str, SavedTurn]] = {}
        self.page: Page = Page()
        self.reads_values: bool = False
        # Reentrant, since a verb that holds it calls `tell`, which others call without it.
        self.lock: threading.RLock = threading.RLock()
        self._read: dict[str, SavedChat] = {}
        self._typed: dict[str, tuple[Message, Wording]] = {}
        self._asking: _Asking | None = None
        self.tell(notice="")

    @property
    def conversation(self) -> Conversation:
        """The conversation that the panel shows."""
        return named(self.chat)

    @property
    def running(self) -> bool:
        """True while an answer is awaited."""
        return self._asking is not None and self._asking.running

    @property
    def settings(self) -> Settings:
        """The settings of the next question."""
        return resolve({**self.own, "chat": self.chat})

    # Its conversation.

    def go_to(self, chat: str) -> None:
        """Show another conversation of this session; a new name begins a new one."""
        if chat != self.chat:
            self.must_be_idle()
            self.chat = named(chat).name
            self._leave_question()
        self.show()

    def clear(self) -> None:
        """Forget the conversation."""
        self.must_be_idle()
        self.conversation.reset()
        self.saved.pop(self.chat, None)
        self._leave_question()
        self.show()

    def _leave_question(self) -> None:
        self._asking = None
        if self.editing:
            self.unedit()

    def turns(self) -> list[Turn]:
        """Return the turns of the conversation, and the question that is being asked or that got no answer."""
        rows, asking = list(self.conversation.turns), self._asking
        if asking is None or asking.answer is None:
            return rows
        anchor = asking.question.anchor
        fresh = Turn(anchor, PLACE, asking.question.message, asking.answer)
        at = next((at for at, row in enumerate(rows) if row.anchor == anchor), len(rows))
        rows[at : at + 1] = [fresh]
        return rows

    def turn(self, key: str) -> Turn:
        """Return a question with its answer, by its anchor."""
        found = next((row for row in self.turns() if row.anchor == key), None)
        if key in self.saved.get(self.chat, ()):
            raise BadRequest("That turn is from the file: press Continue first.")
        if found is None:
            raise BadRequest("That question is no longer there: ask it again.")
        return found

    def typed(self, key: str) -> Wording:
        """Return a question as it was typed in this panel, or the words of one that came from elsewhere.

        An imported chat may bring any anchor, so the message must be the one that was asked.
        """
        message = self.turn(key).message
        asked, wording = self._typed.get(key, (None, None))
        if wording is not None and asked == message:
            return wording
        return Wording.from_elsewhere("".join(part for part in message.parts if isinstance(part, str)))

    def edit(self, key: str) -> None:
        """Put a question into the box; expressions that nobody has typed here stay text there."""
        wording = self.typed(key)
        if not self.editing:
            self.composer.put_aside(self.tray.attachments)
        self.editing = key
        self.tray.clear([part for part in self.turn(key).message.attachments if not part.inline])
        unread = self.composer.mark_literal(wording)
        said = f"{', '.join(unread)} came with this question and is sent as text."
        notice = reveal(shorten(said, NOTICE_CHARS)) if unread else ""
        self.tell(draft=self.composer.draft(wording.text), notice=notice)

    def unedit(self) -> None:
        """Leave the question as it is, and bring back what was being written before."""
        text, attachments = self.composer.take_back()
        self.editing = ""
        self.tray.clear(attachments)
        self.tell(draft=self.composer.draft(text), notice="")

    def keep_draft(self, text: str) -> None:
        """Keep the text of the box, for a page that is loaded later; more may have been typed since."""
        self.page.know(draft=self.composer.draft(text))

    def hide(self, key: str, hidden: bool) -> None:
        """Fold a turn away and send it no more, or the reverse."""
        self.must_be_idle()
        self.turn(key).hidden = hidden
        self.show()

    # A conversation out of a saved notebook.

    def take_up(self, chat: SavedChat | None) -> None:
        """Show the turns of a saved notebook above those of the conversation that had their name.

        A cell that has asked again since then has a newer turn in the conversation. A file that was
        read before is not read twice, also once it was continued.
        """
        if chat is None or self.running or self._read.get(chat.name) == chat:
            return
        if chat.name in self._read and chat.name not in self.saved:
            return
        try:
            self.go_to(chat.name)
        except BadRequest:  # a stranger may have written the file, and a name that cannot be one
            chat = replace(chat, name=self.chat)
        self._read[chat.name] = chat
        here = {asker_of(turn.anchor) for turn in self.conversation.turns}
        # New keys: a stranger's file could name the anchor of a turn of this session.
        self.saved[chat.name] = {uuid4().hex: turn for turn in chat.turns if turn.asker not in here}
        self.show()

    def go_on(self) -> None:
        """Put the saved turns into the conversation, with those attachments that this session has."""
        self.must_be_idle()
        saved = self.saved.pop(self.chat, {})
        attached = [each for turn in saved.values() for each in turn.attached]
        found = attachments_of_session(attached, self.settings)
        self.conversation.turns[:0] = [turn_of(turn, found, key) for key, turn in saved.items()]
        missing = dict.fromkeys(each.name for each in attached if each.sha256 not in found)
        self.show()
        if missing:
            names = one_line(listed(missing, "and"), NOTICE_CHARS)
            self.tell(notice=f"Not in this session: {names}. Attach again what the next question needs.")

    # The next question.

    def put(self, attachment: Attachment) -> None:
        """Put an attachment beside the next question."""
        self.tray.put(masked_past(attachment, namespace().names))
        self.tell(notice="")

    def set(self, **settings: Any) -> None:
        """Change settings of this panel alone; None is the session's own again."""
        own = {name: value for name, value in {**self.own, **settings}.items() if value is not None}
        # Checked before it is kept, so that a wrong value leaves the panel as it was.
        resolve(own)
        self.own = own
        self.tell()

    def look_around(self, ran: ExecutionResult | None = None) -> None:
        """Look for things of the notebook that could be attached, now that a cell has run."""
        names, shells_own = dict(namespace().names), hidden()
        self.shelf.look(names, shells_own, ran)
        self.functions.look(names if self.reads_values else {}, shells_own)

    # Asking.

    def question(
        self, wording: Wording, attached: Sequence[Attachment], anchor: str = "", *, values: bool = True
    ) -> Question:
        """Make a question of words and attachments; with an anchor it takes that question's place.

        Args:
            values: False to evaluate nothing.
        """
        if not wording.text.strip() and not attached:
            raise BadRequest("There is nothing to ask: type a question, or attach something.")
        self.must_be_idle()
        names = namespace()
        written = read_body(wording.body, names, self.settings) if values else filter(None, [wording.text])
        parts = [*attached, *written]
        return self._with_functions(assemble(parts, self.settings, names, Asker(anchor, PLACE)))

    def question_of(self, message: Message, anchor: str = "") -> Question:
        """Make a question of a message that was asked before; nothing in it is evaluated."""
        self.must_be_idle()
        return self._with_functions(next_question(message, self.settings, anchor=anchor, place=PLACE))

    def _with_functions(self, question: Question) -> Question:
        return replace(question, tools=self.functions.tools(namespace().names))

    def ask(self, question: Question, typed: Wording) -> Answer:
        """Ask, with the attachments of the tray, and wait for the answer."""
        asking = _Asking(question, "cell", frozenset({"tray"}))
        self._begin(asking, typed)
        return self._fold(asking)

    def ask_apart(self, question: Question, typed: Wording, *uses: str) -> None:
        """Ask, and take the answer in a thread of its own.

        It is sent from the thread that calls, which is the one that hears the page: there Colab gives out
        its secrets, and in no other.
        """
        cancel = Cancel()
        question = replace(question, tools=stoppable(question.tools, cancel))
        asking = _Asking(question, "panel", frozenset(uses), cancel)
        sent = send(question, cancel)
        self._begin(asking, typed)
        # A daemon, so that a kernel can end while a service is silent.
        threading.Thread(
            target=self._fold_apart, args=(asking, sent), name="gemini_magics panel", daemon=True
        ).start()

    def stop(self) -> None:
        """Stop the answer that is awaited; the part that has come is kept."""
        if self._asking:
            self._asking.cancel.cancel()

    def must_be_idle(self) -> None:
        """Raise BadRequest while an answer is awaited."""
        if self.running:
            raise BadRequest("The panel still waits for an answer: stop it, or let it end first.")

    def _begin(self, asking: _Asking, typed: Wording) -> None:
        self._asking = asking
        self._typed[asking.question.anchor] = asking.question.message, typed
        self.page.tell(busy=asking.by, notice="")

    def _fold(self, asking: _Asking, sent: InFlight | None = None) -> Answer:
        """Take in the answer; whatever happens, the panel is ready for the next question."""

        def begun(answer: Answer) -> None:
            self._begun(asking, answer, growing)

        may_call = partial(self.functions.may_call, cancel=asking.cancel, tell=self._tell_alone)
        growing = Growing(self.page, asking.question.anchor, begun)
        try:
            return answer_to(
                asking.question,
                watch=lambda: growing,
                cancel=asking.cancel,
                sent=sent,
                consent=may_call if sent else by_input,
            )
        finally:
            self._ended(asking)

    def _tell_alone(self) -> None:
        with self.lock:
            self.tell()

    def _fold_apart(self, asking: _Asking, sent: InFlight) -> None:
        try:
            self._fold(asking, sent)
        except KeyboardInterrupt:
            pass  # Stop came while a function ran
        except GeminiError as error:
            # A problem of the answer stands where the answer does.
            if error.answer is None or not error.answer.problem:
                self.notice(error)

    def _begun(self, asking: _Asking, answer: Answer, growing: Growing) -> None:
        with self.lock:
            asking.answer = answer
            self.page.show(self._shown_turns(), growing)
            if "tray" in asking.uses:
                self.tray.clear()
            if "text" in asking.uses:
                self.composer.forget_literal()
                self.tell(draft=self.composer.draft(""))
                if self.editing:
                    self.unedit()
            self.tell()

    def _ended(self, asking: _Asking) -> None:
        with self.lock:
            asking.running = False
            kept = any(each.answer is asking.answer for each in self.conversation.turns)
            if asking.answer is None or kept:
                self._asking = None
            self.show()

    # Messages to the pages.

    def show(self) -> None:
        """Send the turns to the pages and leave the transcript in the output; then `tell`."""
        if not self.running:
            self.page.tell(chat=self.chat)  # the transcript holds it
            self.page.show(self._shown_turns())
            self.page.leave_twin()
        self.tell()

    def _shown_turns(self) -> list[Turn]:
        """Return all turns that are shown: those of a saved notebook, then those of the conversation."""
        saved = self.saved.get(self.chat, {})
        return [*(turn_of(turn, anchor=key) for key, turn in saved.items()), *self.turns()]

    def tell(self, **facts: Any) -> None:
        """Send the state of the panel to the pages, as far as it has changed."""
        if "notice" in facts:
            facts.setdefault("failed", False)
        self.page.tell(
            chat=self.chat,
            chats=list(dict.fromkeys([self.chat, *conversations])),
            settings=settings_for_page(self.settings),
            editing=self.editing,
            saved=list(self.saved.get(self.chat, ())),
            busy=self._asking.by if self._asking and self.running else "",
            tray=self.tray.facts(),
            functions=self.functions.facts(),
            asked=self.functions.asked,
            shelf_open=self.shelf.open,
            shelf=self.shelf.facts(),
            **facts,
        )
        self.page.illustrate(self.shelf.thumbs)

    def notice(self, error: GeminiError) -> None:
        """Show an error in the panel."""
        self.tell(notice=f"{type(error).__name__}: {in_own_words(str(error))}", failed=True)
