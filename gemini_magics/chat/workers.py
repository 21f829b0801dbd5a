"""The part of a batch that may run on other machines: a worker asks its rows once, and hands back values.

It decides nothing. Whether a row is asked again, when, and at what cost is the driver's business.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..core.answer import CUT, FAILED, INTERRUPTED, close, reopen
from ..core.cancel import Cancel, linked
from ..core.errors import GeminiError, IncompleteAnswer, unexpected
from ..core.messages import Message
from ..core.question import Question
from ..core.settings import Settings
from ..core.tool import Tool
from ..render.answer import Answer
from ..service.delivery import events
from .rounds import Round
from .run import answer_for, service_of, take


@dataclass(frozen=True)
class Row:
    """A row to ask: its messages and, after calls of functions, its answer so far."""

    messages: tuple[Message, ...]
    answer: Answer | None = None


@dataclass(frozen=True)
class Outcome:
    """The outcome of asking one row once.

    Attributes:
        answer: the answer as far as it came; its media stay with the driver.
        error: why it is not whole, or None.
        wait_s: seconds until the row may be asked again; None where it must not be repeated.
        since_sent_s: the seconds from when the question was sent until its worker was done.
        round: the calls that the model asks for, which the driver runs.
    """

    answer: Answer
    error: GeminiError | None = None
    wait_s: float | None = None
    since_sent_s: float = 0.0
    round: Round = field(default_factory=Round)


def ask_some(
    rows: Sequence[Row],
    settings: Settings,
    schema: Mapping[str, Any] | None = None,
    cancel: Cancel | None = None,
    tools: Sequence[Tool] = (),
) -> list[Outcome]:
    """Ask rows at the same time, each in a thread and each once; return what came of each, in their order.

    The key is that of the worker's own session or environment.

    Args:
        cancel: stops them, where the caller's session runs them.
        tools: the functions that the model may ask for; none is called here.
    """
    ask = partial(_ask_one, settings=settings, schema=schema, cancel=cancel, tools=tuple(tools))
    if len(rows) == 1:
        return [ask(rows[0])]
    with ThreadPoolExecutor(len(rows), "gemini_magics row") as pool:
        return list(pool.map(ask, rows))


class _Sent(threading.Event):
    """An event that remembers when it was set first."""

    def __init__(self) -> None:
        super().__init__()
        self.at: float = time.monotonic()

    def set(self) -> None:
        if not self.is_set():
            self.at = time.monotonic()
        super().set()


def _ask_one(
    row: Row,
    *,
    settings: Settings,
    schema: Mapping[str, Any] | None,
    cancel: Cancel | None,
    tools: tuple[Tool, ...],
) -> Outcome:
    question = Question(row.messages, settings, schema=schema, tools=tools)
    own, sent, this = linked(cancel), _Sent(), Round()
    # A copy, because in this session it is the driver's own, which a request that fails must not change.
    answer, error = deepcopy(row.answer) or Answer(), None
    try:
        service = service_of(settings)
        if row.answer:
            reopen(answer)
        else:
            answer = answer_for(question, service)
        for event in events(question, service, own, sent):
            take(answer, this.take([event], offered=bool(tools)), settings)
        close(answer, INTERRUPTED if own.cancelled else None)
    except GeminiError as raised:
        error = raised
    except Exception as raised:  # noqa: BLE001 - a row is a value, also where our own code fails
        error = unexpected(raised)
    if error:
        close(answer, CUT if isinstance(error, IncompleteAnswer) else FAILED, str(error))
        # Frames hold what the service sent before redaction, and cannot travel to another process.
        error = error.with_traceback(None)
        error.__cause__ = error.__context__ = None
    # How long ago, and not when: each machine's clock begins elsewhere
    # (https://docs.python.org/3/library/time.html#time.monotonic).
    return Outcome(answer, error, error.again_after_s if error else None, time.monotonic() - sent.at, this)
