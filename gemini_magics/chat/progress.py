"""The progress of a batch, and the views that watch it."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from shutil import get_terminal_size
from typing import Any, Protocol

from ..core.text import count, shorten, writable
from ..core.views import progress_here

NEWEST = 3


@dataclass
class Progress:
    """How far a batch is.

    Attributes:
        total: all rows.
        asked: rows that were answered by the service.
        kept: rows whose answer was in the file.
        same: rows that are equal to another, and got its answer.
        failed: rows that have an error.
        running: rows under way.
        maybe_twice: rows that a lost worker may have asked before.
        credits: what the service charged so far.
        tokens: what the service counted so far.
        newest: the labels and answers of the newest rows, the newest last.
        paused: why nothing begins just now, or "".
        stopped: why the batch ended before its last row, or "".
        file: the file that keeps the answers, or "".
        keeps: True where that file takes every answer.
        days: the days of the answers that were in it.
    """

    total: int
    asked: int = 0
    kept: int = 0
    same: int = 0
    failed: int = 0
    running: int = 0
    maybe_twice: int = 0
    credits: float = 0.0
    tokens: int = 0
    newest: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=NEWEST))
    paused: str = ""
    stopped: str = ""
    file: str = ""
    keeps: bool = False
    days: set[str] = field(default_factory=set)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def __post_init__(self) -> None:
        self._began = self.clock()
        self._took: float | None = None

    @property
    def done(self) -> int:
        """Rows that have an answer or an error."""
        return self.asked + self.kept + self.same + self.failed

    @property
    def waiting(self) -> int:
        """Rows that are neither done nor under way."""
        return self.total - self.done - self.running

    @property
    def seconds(self) -> float:
        """Seconds since the batch began, or those that it took."""
        return self.clock() - self._began if self._took is None else self._took

    @property
    def rate(self) -> float:
        """Rows a second that the service answered or refused."""
        # What the file had came at once: counted here, it would promise an early end.
        return (self.asked + self.failed) / self.seconds if self.seconds > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until the last row, at this rate; None before the first answer."""
        return (self.total - self.done) / self.rate if self.rate else None

    def end(self) -> None:
        """Stop the clock."""
        self._took = self.seconds

    def line(self) -> str:
        """Write it in one line."""
        left = f"about {duration(self.left_s)} left" if self.left_s and self._took is None else ""
        return " · ".join(
            filter(
                None,
                (
                    f"{self.done:,} of {self.total:,}",
                    f"{self.running:,} running" if self.running else "",
                    f"{self.waiting:,} waiting" if self.waiting else "",
                    f"{self.failed:,} failed" if self.failed else "",
                    f"{self.rate:.1f} a second" if self.asked or self.failed else "",
                    f"{count(self.credits)} credits" if self.credits else "",
                    f"{self.tokens:,} tokens" if self.tokens else "",
                    duration(self.seconds),
                    left,
                    self.paused,
                ),
            )
        )

    def notes(self) -> list[str]:
        """Write the sentences that a reader of the result must know."""
        # Of many days only the first and the last are told.
        days = " and ".join(sorted(self.days)[:: max(len(self.days) - 1, 1)])
        twice = f"{_rows(self.maybe_twice)} maybe asked twice: a worker was lost."
        told = (
            f"{self.kept:,} of the answers come from {self.file}, of {days}." if self.kept else "",
            f"{_rows(self.same)} equal to another one, and not asked again." if self.same else "",
            twice if self.maybe_twice else "",
            self.stopped,
            f"The answers are in {self.file}: running this again asks only what is missing."
            if self.keeps and self.total
            else "",
        )
        return [*filter(None, told)]


class BatchView(Protocol):
    """An object that watches a batch."""

    def begin(self, progress: Progress) -> None:
        """Open."""

    def update(self, progress: Progress) -> None:
        """Show how far it is; called many times a second."""

    def end(self, progress: Progress) -> None:
        """Show the last state."""


class NoView:
    """The view where nobody watches."""

    def begin(self, progress: Progress) -> None:
        """Show nothing."""

    def update(self, progress: Progress) -> None:
        """Show nothing."""

    def end(self, progress: Progress) -> None:
        """Show nothing."""


def _rows(number: int) -> str:
    return "1 row is" if number == 1 else f"{number:,} rows are"


def duration(seconds: float) -> str:
    """Write a time for people: 12 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


LINE_S = 10.0  # between two lines in a log
FRAME_S = 0.1  # between two states of the one line of a terminal


class LineView:
    """Shows a batch on stderr, where there is text alone: one line that changes, or in a log some lines."""

    def __init__(self) -> None:
        self._in_place = _is_terminal(sys.stderr)
        self._due, self._width = 0.0, 0

    def begin(self, progress: Progress) -> None:
        """Begin to count the time to the first line."""
        self._due = progress.clock() + (0.0 if self._in_place else LINE_S)

    def update(self, progress: Progress) -> None:
        """Write the line where its time has come."""
        if progress.clock() >= self._due:
            self._due = progress.clock() + (FRAME_S if self._in_place else LINE_S)
            self._write(progress.line())

    def end(self, progress: Progress) -> None:
        """Write the last line and the notes."""
        self._write(progress.line())
        notes = "".join(f"{note}\n" for note in progress.notes())
        _say(f"\n{notes}" if self._in_place else notes)

    def _write(self, line: str) -> None:
        if self._in_place:
            most = get_terminal_size().columns - 1  # some terminals break the line after the last column
            line = shorten(line, most)
            _say("\r" + line.ljust(min(self._width, most)))
            self._width = len(line)
        else:
            _say(f"{line}\n")


def _is_terminal(stream: Any) -> bool:
    """Tell whether a stream is a terminal; it may be None, closed, or a program's own object."""
    with suppress(AttributeError, ValueError):
        return bool(stream.isatty())
    return False


def _say(text: str) -> None:
    """Write to stderr. A log on a full disk, or one that is closed, must cost no answer."""
    # A program without a console has none: https://docs.python.org/3/library/sys.html#sys.__stderr__
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(writable(text, sys.stderr))
            sys.stderr.flush()


def progress_view() -> BatchView:
    """Make the view that this session shows a batch with."""
    view: BatchView = progress_here() or LineView()
    return view
