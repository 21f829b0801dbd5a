"""The answer: a fold over the events of one question."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from .messages import Attachment, Citation, Event, Finished, Opened, Text, Thinking, Usage, Waiting
from .plain import clean, shorten

if TYPE_CHECKING:
    from pandas import DataFrame

    from .extract import Code

INTERRUPTED = "interrupted"
CUT = "cut"
FAILED = "failed"


@dataclass(eq=False, repr=False)
class Answer:
    """What the model has said so far: the object that is watched is the object that is kept.

    `str(answer)` is the text. In a notebook an answer shows itself, safely, in any frontend.

    Attributes:
        service: the service that was asked.
        model: the model that answers, as the service names it once it has begun.
        effort: how hard it was told to think.
        prompt_sha256: the hash of what was asked, for those who want to know whether it was the same.
        attachments: what went with the question, in order.
        citations: the sources that the service gave.
        usage: tokens and credits, as far as the service has counted them.
        ended: None while it still arrives; then the service's finish_reason, or "interrupted" (by
            the reader), "cut" (the connection ended first) or "failed" (the service said no).
        problem: the sentence that says why it was cut or failed.
        waiting: why the question is about to be sent again, while that is so.
        request_id: the service's name for the request.
        recorded: the day it was recorded, as 2026-11-22, where it is a replay; "" where it is live.
        redrawn: the names of attached pictures that had other pixels when it was recorded.
        data: the object that was asked for with `--schema`, None where none was.
        first_text_s: seconds from the question to the first word of text, None before it.
        total_s: seconds from the question to the end, None before it.
    """

    service: str = ""
    model: str = ""
    effort: str = ""
    prompt_sha256: str = ""
    attachments: tuple[Attachment, ...] = ()
    citations: list[Citation] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    ended: str | None = None
    problem: str = ""
    waiting: Waiting | None = None
    request_id: str = ""
    recorded: str = ""
    redrawn: tuple[str, ...] = ()
    data: Any = None
    first_text_s: float | None = None
    total_s: float | None = None

    clock: Callable[[], float] = field(default=time.monotonic)
    _thinking: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _writing: bool = field(default=False)

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
    def code(self) -> tuple[Code, ...]:
        """The blocks of code in the text, in order, each with its `language` and its `text`."""
        from .extract import find_code

        return find_code(self.text)

    def json(self, n: int | None = None) -> Any:
        """The JSON in the text, out of its fences; `n` chooses where there are several blocks, from 0.

        Raises:
            Unfit: there is none, or it is malformed; says where.
        """
        from .extract import read_json

        return read_json(self.text, n)

    def table(self, n: int | None = None) -> DataFrame:
        """The table in the text as a pandas DataFrame; `n` chooses where there are several, from 0.

        Raises:
            Unfit: there is no table, or no such one.
        """
        from .extract import read_table

        return read_table(self.text, n)

    @property
    def credits(self) -> float | None:
        """What the service charged, in its own credits, where it says so."""
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

    def add(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case Thinking(piece):
                if self._writing and self._thinking:
                    self._thinking.append("\n\n")  # thoughts that come after text begin a paragraph
                self._writing = False
                self._thinking.append(piece)
            case Text(piece):
                if self.first_text_s is None:
                    self.first_text_s = self.seconds
                self._writing = True
                self._text.append(piece)
            case Citation():
                if event not in self.citations:
                    self.citations.append(event)
            case Usage():
                counted = {f.name: v for f in fields(event) if (v := getattr(event, f.name)) is not None}
                self.usage = replace(self.usage, **counted)
            case Opened(model, request_id):
                self.model = model or self.model
                self.request_id = request_id or self.request_id
            case Finished(reason):
                self.ended = reason
        self.waiting = event if isinstance(event, Waiting) else None

    def end(self, ended: str | None = None, problem: str = "") -> None:
        """Close the answer: `ended` overrides the service's finish_reason, `problem` says why."""
        self.ended = ended or self.ended
        self.problem = problem
        self.waiting = None
        self.total_s = self.seconds

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        state = self.ended or "still arriving"
        return f"<Answer {shorten(clean(self.text), 60)!r}, {state}, {self.seconds:.1f} s>"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        from .provenance import metadata
        from .twin import bundle  # the Markdown parser is loaded when something is shown

        return bundle(self), metadata(self)


def _joined(pieces: list[str]) -> str:
    """Join pieces in place, so that reading a growing text again and again stays cheap."""
    if len(pieces) > 1:
        pieces[:] = ["".join(pieces)]
    return pieces[0] if pieces else ""
