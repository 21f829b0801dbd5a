"""The results of a batch as they come in, with its progress and the rule that ends it early."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..core.errors import GeminiError
from ..core.text import one_line
from ..render.answer import Answer
from .progress import NEWEST, Progress
from .rows import Rows

FAILURES_IN_A_ROW = 20
NEWEST_CHARS = 120


@dataclass(frozen=True)
class RowResult:
    """The outcome of a row: an answer, an error, or both where it broke off; neither where it was not asked."""

    answer: Answer | None = None
    error: GeminiError | None = None
    maybe_twice: bool = False


class Tally:
    """The outcomes of the rows so far.

    Args:
        stop_after: begin no more rows after so many failures; None after 20 with no answer between them.

    Attributes:
        results: the outcome of each row; None while it has none.
        progress: how far the batch is.
        reason: why no more rows begin, or None.
    """

    def __init__(self, rows: Rows, stop_after: int | None, file: str) -> None:
        self._rows, self._stop_after = rows, stop_after
        total = len(rows.values)
        self.results: list[RowResult | None] = [None] * total
        self.progress: Progress = Progress(total, file=file)
        self.reason: GeminiError | None = None
        self._in_a_row = 0  # failures without an answer between them

    @property
    def stopped(self) -> bool:
        """True where no more rows begin."""
        return self.reason is not None

    def finish(self, place: int, result: RowResult) -> None:
        """Take in the outcome of a row."""
        self.results[place] = result
        answer, progress = result.answer, self.progress
        if result.error:
            self._fail(result.error)
        elif answer is not None:
            self._in_a_row = 0
            progress.kept += bool(answer.recorded)
            progress.asked += not answer.recorded
            self._show(place, answer)

    def _fail(self, error: GeminiError) -> None:
        self.progress.failed += 1
        self._in_a_row += 1
        most = self._stop_after
        if self.progress.failed >= most if most else self._in_a_row >= FAILURES_IN_A_ROW:
            self.stop(error)

    def copy(self, place: int, result: RowResult | None) -> None:
        """Give a row the result of one that is equal to it."""
        self.results[place] = result
        if result and result.error:  # nothing was sent for it, so it does not end the batch
            self.progress.failed += 1
        else:
            self.progress.same += 1

    def count(self, answer: Answer) -> None:
        """Count what the newest request of an answer cost."""
        self.progress.credits += answer.latest_usage.credits or 0.0
        self.progress.tokens += answer.latest_usage.tokens or 0

    def stop(self, error: GeminiError) -> None:
        """Begin no more rows; those under way come to their end."""
        if self.reason is None:
            self.reason = error
            self.progress.stopped = f"Stopped before the last row: {error}"

    def mark_twice(self, places: Iterable[int]) -> None:
        """Mark rows that were maybe asked twice, and count them with those that are marked already."""
        for place in places:
            if result := self.results[place]:
                self.results[place] = replace(result, maybe_twice=True)
        self.progress.maybe_twice = sum(bool(result and result.maybe_twice) for result in self.results)

    def show_last_rows(self) -> None:
        """Show the last rows of the table in the end, so that a saved output does not change by itself."""
        done = [place for place, each in enumerate(self.results) if each and each.answer and not each.error]
        self.progress.newest.clear()
        for place in done[-NEWEST:]:
            result = self.results[place]
            if result and result.answer:
                self._show(place, result.answer)

    def _show(self, place: int, answer: Answer) -> None:
        self.progress.newest.append((self._rows.label(place), one_line(answer.text, NEWEST_CHARS)))
