"""The answer as a fold over the events of one question, and the turn: a question with its answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .messages import (
    Attachment,
    Citation,
    Event,
    Finished,
    FunctionCall,
    Media,
    Message,
    Opened,
    Text,
    Thinking,
    Usage,
    Waiting,
)
from .text import Brief, clean, one_line, shorten

INTERRUPTED = "interrupted"
CUT = "cut"
FAILED = "failed"
OURS = (INTERRUPTED, CUT, FAILED)
BY_SERVICE = "service: "  # before a finish_reason that is one of our words
STATE_CHARS = 40
_NOT_COMPARED = ("clock", "attachments", "pictures", "marks_read", "waiting")


@dataclass(eq=False, repr=False)
class AnswerState:
    """The words of the model so far. The object that is watched is the object that is kept.

    `str(answer)` is the text.

    Attributes:
        service: the service that was asked.
        model: the model that answers, as the service names it once it has begun.
        effort: how hard it was told to think.
        asked_tier: the price tier that was asked for; "" for the service's usual one.
        tier: the price tier that served the answer, in the service's words; "" where it does not say.
        question: the words of the question.
        prompt_sha256: the hash of the question, which tells whether two questions were the same.
        attachments: the attachments of the question, in order.
        thumbnails: the pictures of the attachments as small data: URIs, "" for one without; a view that shows
            pictures makes them.
        citations: the sources that the service gave.
        usage: tokens and credits, as far as the service has counted them.
        ended: None while it still arrives; then the service's finish_reason, or "interrupted" (by
            the reader), "cut" (the connection ended first) or "failed" (the service said no). A
            finish_reason that is one of these three words is written "service: cut".
        calls: the calls of functions that the model asked for, in order, with their results.
        called: the names of the tools that the model called at the end, which nobody ran.
        tools_offered: True where the question offered tools, as `--search` does.
        goes_on: True for the part of an answer that ends with calls of functions and has no end of its own.
        thoughts_hidden: True where thoughts came and were not kept, because of `--no-thoughts`.
        problem: the sentence that says why it was cut or failed.
        waiting: why the question is about to be sent again, while that is so.
        request_id: the service's name for the request.
        recorded: the day of the recording, as 2026-11-22, if it is a replay; "" if it is live.
        redrawn: the names of attached pictures that had other pixels when it was recorded.
        data: the object that was asked for with `--schema`, None where none was.
        pictures: the attachments at which the answer was asked to point; () where it was not.
        first_text_s: seconds from the question to the first word of text, None before it.
        total_s: seconds from the question to the end, None before it.
    """

    service: str = ""
    model: str = ""
    effort: str = ""
    asked_tier: str = ""
    tier: str = ""
    question: str = ""
    prompt_sha256: str = ""
    attachments: tuple[Attachment, ...] = ()
    thumbnails: tuple[str, ...] = ()
    citations: list[Citation] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    ended: str | None = None
    calls: list[FunctionCall] = field(default_factory=list)
    called: tuple[str, ...] = ()
    tools_offered: bool = False
    goes_on: bool = False
    thoughts_hidden: bool = False
    problem: str = ""
    waiting: Waiting | None = None
    request_id: str = ""
    recorded: str = ""
    redrawn: tuple[str, ...] = ()
    data: Any = None
    pictures: tuple[Attachment, ...] = ()
    first_text_s: float | None = None
    total_s: float | None = None

    clock: Callable[[], float] = field(default=time.monotonic)
    _thinking: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _writing: bool = field(default=False)
    _cited: set[Citation] = field(default_factory=set)  # a search in the list would be quadratic
    _begin: set[str] = field(default_factory=set)  # what has not gone on since the last call
    _earlier: Usage = field(default_factory=Usage)  # of the requests whose calls have been run
    _latest: Usage = field(default_factory=Usage)  # of the newest request
    marks_read: Any = field(default=None)  # by render.marks, which reads only what has come since

    def __post_init__(self) -> None:
        self._asked_at = self.clock()

    @property
    def thinking(self) -> str:
        """The model's thoughts, as Markdown; empty when it gave none."""
        return _joined(self._thinking)

    @property
    def text(self) -> str:
        """The answer itself, as Markdown."""
        return _joined(self._text)

    @property
    def credits(self) -> float | None:
        """The charge in the service's own credits; None where it tells none."""
        return self.usage.credits

    @property
    def writing(self) -> bool:
        """True when the last words that came were text, False when they were thoughts or none came."""
        return self._writing

    @property
    def thought_s(self) -> float:
        """Seconds from the question to the first word of text; while there is none, the seconds so far."""
        return self.seconds if self.first_text_s is None else self.first_text_s

    @property
    def seconds(self) -> float:
        """Seconds since the question was asked; once the answer ended, the seconds it took."""
        return self.clock() - self._asked_at if self.total_s is None else self.total_s

    @property
    def rounds(self) -> list[tuple[str, str, list[FunctionCall]]]:
        """The thoughts, the text and the calls of each round, in order; the last one has no calls."""
        found: list[tuple[str, str, list[FunctionCall]]] = []
        thought = written = 0
        for call in self.calls:
            if found and (call.after_thinking, call.after_text) == (thought, written):
                found[-1][2].append(call)
                continue
            # The places may come from a stranger's recording, so none may lead back.
            end = max(thought, call.after_thinking), max(written, call.after_text)
            found.append((self.thinking[thought : end[0]], self.text[written : end[1]], [call]))
            thought, written = end
        return [*found, (self.thinking[thought:], self.text[written:], [])]

    @property
    def latest_usage(self) -> Usage:
        """The cost of the newest request; an answer that calls functions takes several."""
        return self._latest

    def __eq__(self, other: object) -> bool:
        return self._facts() == other._facts() if isinstance(other, AnswerState) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.prompt_sha256)  # it stays the same while the answer grows

    def _facts(self) -> tuple[Any, ...]:
        """Return what two equal answers have in common: all but clocks and what is drawn of them."""
        plain = [each.name for each in fields(self) if each.name[0] != "_" and each.name not in _NOT_COMPARED]
        sent = [(each.name, each.kind, each.content, each.note) for each in self.attachments]
        return (self.text, self.thinking, sent, *(getattr(self, name) for name in plain))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        state = one_line(self.ended or "still arriving", STATE_CHARS)
        return f"<Answer {shorten(clean(self.text), 60)!r}, {state}, {self.seconds:.1f} s>"


def fold(answer: AnswerState, event: Event) -> None:
    """Take one event into an answer."""
    match event:
        case Thinking(piece):
            # Thoughts that come after text or a call begin a paragraph, and so does text after a call.
            if answer._thinking and (answer._writing or "thinking" in answer._begin):
                answer._thinking.append(_break_before(piece))
            answer._begin.discard("thinking")
            answer._writing = False
            answer._thinking.append(piece)
        case Text(piece):
            if answer.first_text_s is None:
                answer.first_text_s = answer.seconds
            if answer._text and "text" in answer._begin:
                answer._text.append(_break_before(piece))
            answer._begin.discard("text")
            answer._writing = True
            answer._text.append(piece)
        case FunctionCall():
            thought, written = len(answer.thinking), len(answer.text)
            answer.calls.append(replace(event, after_thinking=thought, after_text=written))
            answer._begin = {"thinking", "text"}
            answer._earlier, answer._latest = answer.usage, Usage()
        case Citation():
            if event not in answer._cited:
                answer._cited.add(event)
                answer.citations.append(event)
        case Usage():
            # Services count in the chunk that ends the words or in one of its own: the later number counts.
            counted = {f.name: v for f in fields(event) if (v := getattr(event, f.name)) is not None}
            answer._latest = replace(answer._latest, **counted)
            answer.usage = answer._earlier + answer._latest
        case Opened(model, request_id, tier):
            answer.model = model or answer.model
            answer.request_id = request_id or answer.request_id
            answer.tier = tier or answer.tier
        case Finished(reason, called):
            answer.ended = f"{BY_SERVICE}{reason}" if reason.strip().lower() in OURS else reason
            answer.called = called
    answer.waiting = event if isinstance(event, Waiting) else None


def close(answer: AnswerState, ended: str | None = None, problem: str = "") -> None:
    """End an answer: `ended` overrides the service's finish_reason, `problem` says why."""
    answer.ended = ended or answer.ended
    answer.problem = problem
    answer.waiting = None
    answer.total_s = answer.seconds


def reopen(answer: AnswerState) -> None:
    """Open an ended answer for more events; the time since its end does not count."""
    answer._asked_at = answer.clock() - (answer.total_s or 0.0)
    answer.ended, answer.problem, answer.total_s = None, "", None


def _break_before(piece: str) -> str:
    """Return what makes a piece begin a paragraph; a recorded one has its empty line already."""
    return "" if piece.startswith("\n\n") else "\n\n"


def _joined(pieces: list[str]) -> str:
    """Join pieces in place, so that reading a growing text again and again stays cheap."""
    if len(pieces) > 1:
        pieces[:] = ["".join(pieces)]
    return pieces[0] if pieces else ""


@dataclass(eq=False, repr=False)
class Turn(Brief):
    """A question and its answer.

    Attributes:
        anchor: the identity of the cell that asked, or of a call from Python, which is never the same.
        place: the name of that cell, as it ran last: "In [5]".
        message: the question, with its attachments.
        answer: its answer.
        stale: True once a turn before it was asked again and answered otherwise.
        hidden: True where the reader has put it aside: it is folded away, and is not sent.
    """

    anchor: str
    place: str
    message: Message
    answer: AnswerState
    stale: bool = False
    hidden: bool = False

    @property
    def partial(self) -> bool:
        """True where the answer was interrupted, broke off or has no words."""
        return self.answer.ended in (INTERRUPTED, CUT, FAILED) or not self.answer.text.strip()

    @property
    def messages(self) -> tuple[Message, Message]:
        """The question and its answer as they are sent: the answer's words, never its thoughts."""
        return self.message, Message("assistant", (self.answer.text,))


def sent_messages(
    turns: Iterable[Turn], *, drop_stale: bool = False, with_partial: bool = False
) -> tuple[Message, ...]:
    """Return the messages of a conversation's turns as they go before its next question, without hidden ones.

    Args:
        drop_stale: leave stale turns out.
        with_partial: send the turns along whose answer was interrupted or broke off, as far as they have
            words.
    """
    return tuple(
        message
        for turn in turns
        if not turn.hidden and not (drop_stale and turn.stale)
        if not turn.partial or (with_partial and turn.answer.text.strip())
        for message in turn.messages
    )


def media_of(turns: Iterable[Turn]) -> dict[str, Media]:
    """Return the media of all questions, each once, by their SHA-256."""
    return {
        part.content.sha256: part.content
        for turn in turns
        for part in turn.message.attachments
        if isinstance(part.content, Media)
    }


def images_of(turns: Iterable[Turn]) -> list[Media]:
    """Return the pictures among the media; a URL counts as one."""
    return [
        medium for medium in media_of(turns).values() if medium.type.startswith("image/") or not medium.type
    ]
