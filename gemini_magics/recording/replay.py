"""Questions that a recording answers, and answers that go into one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import ceil
from typing import Any

from ..core.answer import INTERRUPTED
from ..core.cancel import Cancel
from ..core.errors import BadRequest, GeminiError
from ..core.messages import Calling, Event, Finished, Opened, Text, Thinking
from ..core.question import Question
from ..render.answer import Answer
from ..service.services import Service
from .calls import redrawn
from .differences import missing
from .file import Recording, recording_at
from .record import Record, asked_by, cell_of, record_of

WORDS_PER_S = 400
LONGEST_S = 0.5
FRAME_S = 0.04
FLUENT_TICK_S = 0.1  # who looks less often would see one step


class Replay:
    """A recorded answer, in the place of a `Delivery`.

    Its clock shows the seconds that it took when it was recorded, so that an answer looks the same
    each time.

    Args:
        redrawn: the names of drawn pictures that had other pixels when it was recorded.

    Attributes:
        cancel: ends it.
    """

    def __init__(self, record: Record, cancel: Cancel, redrawn: tuple[str, ...] = ()) -> None:
        self.service: Service = Service(record.service, base_url="", model=record.model, key_variable="")
        self.cancel: Cancel = cancel
        self._record, self._redrawn = record, redrawn
        self._now_s = 0.0

    @property
    def about(self) -> dict[str, Any]:
        """The arguments of an Answer that is a replay."""
        return {"recorded": self._record.day, "redrawn": self._redrawn, "clock": lambda: self._now_s}

    def batches(self, tick_s: float | None = None) -> Iterator[list[Event]]:
        """Yield the events of the answer: in half a second to those who watch closely, else at once."""
        record = self._record
        length = len(record.thinking) + len(record.text)
        pause_s, step = 0.0, max(length, 1)
        if tick_s is not None and tick_s <= FLUENT_TICK_S:
            words = len(record.thinking.split()) + len(record.text.split())
            pause_s = FRAME_S
            step = ceil(max(length, 1) / max(1, min(LONGEST_S, words / WORDS_PER_S) / FRAME_S))

        yield [Opened(record.model, tier=record.tier)]
        for event, from_s, to_s in _segments(record):
            if not isinstance(event, Thinking | Text):
                yield [event]
                continue
            text = event.text
            for start in range(0, len(text), step):
                self._now_s = from_s + (to_s - from_s) * start / len(text)
                yield [type(event)(text[start : start + step])]
                if self.cancel.wait(pause_s):
                    return
        self._now_s = record.total_s
        ended = [Finished(record.ended, record.called)] if record.ended else []
        yield [*record.citations, record.usage, *ended]


def _segments(record: Record) -> Iterator[tuple[Event, float, float]]:
    """Yield the thoughts, the words and the calls of an answer in order, with the seconds of their ends."""
    began_s = record.total_s if record.first_text_s is None else record.first_text_s
    thought = written = 0
    for call in record.calls:
        yield Thinking(record.thinking[thought : call.after_thinking]), 0.0, began_s
        yield Text(record.text[written : call.after_text]), began_s, record.total_s
        yield Calling(call.name, call.arguments), 0.0, 0.0
        yield redrawn(call), 0.0, 0.0
        # A stranger's file may name places that go back.
        thought, written = max(thought, call.after_thinking), max(written, call.after_text)
    yield Thinking(record.thinking[thought:]), 0.0, began_s
    yield Text(record.text[written:]), began_s, record.total_s


def replay(question: Question, cancel: Cancel) -> Replay | None:
    """Return the recorded answer to a question; None where the question is to be asked.

    Raises:
        BadRequest: the recording is broken or cannot be added to; or it replays strictly and has no
            answer: the message says how the question differs from the nearest one that it has.
    """
    settings = question.settings
    if not settings.recording:
        if settings.strict:
            raise BadRequest("A strict replay needs a recording: %gemini_replay answers.jsonl --strict.")
        return None
    if settings.strict and settings.fresh:
        raise BadRequest("A strict replay never asks: leave --fresh out, or end it with %gemini_record FILE.")
    recording = recording_at(settings.recording)
    recording.load()
    if not settings.fresh:
        asked, cell = asked_by(question), cell_of(question)
        record = recording.exact(asked, question.anchor)
        # A batch keeps the rows that broke off. A cell does not take such an answer for a whole one.
        if record and not record.problem:
            return Replay(record, cancel)
        # A figure that changes within a session is another question, where it can be asked.
        record = recording.near(asked, cell, question.anchor if settings.strict else "")
        if record and not record.problem:
            pairs = zip(asked.attached, record.asked.attached, strict=True)
            return Replay(record, cancel, tuple(now.name for now, then in pairs if now.sha256 != then.sha256))
        if settings.strict:
            raise BadRequest(missing(recording, asked, cell))
    if settings.record_new:
        _check_writable(recording)
    return None


def record(question: Question, answer: Answer) -> None:
    """Add a whole new answer to the recording of its question, if there is one.

    Raises:
        GeminiError: it could not be written; the answer is the error's own.
    """
    settings = question.settings
    if not settings.recording or not settings.record_new or answer.recorded or answer.ended == INTERRUPTED:
        return
    recording = recording_at(settings.recording)
    try:
        recording.add(record_of(question, answer), question.anchor)
    except GeminiError as error:
        error.answer = answer
        raise
    except OSError as error:
        failed = GeminiError(
            f"The answer is whole, but {recording.label} did not take it ({error.strerror}); "
            "gemini_magics.last() returns it. Make room, or record elsewhere: %gemini_record FILE."
        )
        failed.answer = answer
        raise failed from None


def _check_writable(recording: Recording) -> None:
    """Find out before a question is paid for that its answer could not be kept."""
    path = recording.path
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise BadRequest(
            f"{recording.label} cannot be written to: record in another file, or only replay it: "
            f"%gemini_replay {recording.label}."
        )
