"""The findings of a comparison: answers side by side, and time, cost, agreement and score of each column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import TYPE_CHECKING, Any

from ..core.answer import INTERRUPTED
from ..core.errors import BadRequest, GeminiError, needed
from ..core.text import clean, count, counted, error_line, one_line, shorten
from ..render.answer import Answer
from .results import WHOLE, field_of, fields_of, named
from .rows import Rows, is_missing
from .tally import RowResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

SHOWN_ROWS = 20
SHOWN_CHARS = 2000
LABEL_CHARS = 60
DATA = "data"  # the column of the whole data, where the schema has several rows for one
_CELL = "text-align: left; vertical-align: top; white-space: normal; min-width: 12em; max-width: 36em"


@dataclass(frozen=True)
class Column:
    """One way of asking.

    Attributes:
        name: what differs from the others: "effort=low".
        results: the outcome of each row; empty where the column could not be asked at all.
        error: why it ended early, or None.
        stopped: the sentence that says where a person stopped it, or "".
    """

    name: str
    results: tuple[RowResult | None, ...]
    error: GeminiError | None = None
    stopped: str = ""

    def result(self, place: int) -> RowResult:
        """Return what came of a row."""
        found = self.results[place] if place < len(self.results) else None
        return found or RowResult(error=self.error or (BadRequest(self.stopped) if self.stopped else None))

    @property
    def answers(self) -> list[Answer]:
        """The answers that came to their end without an error."""
        return [answer for each in self.results if each and (answer := _whole_answer(each))]


@dataclass(frozen=True, repr=False)
class Comparison:
    """The same questions asked in several ways.

    A notebook shows the summary and the first answers side by side.

    Attributes:
        rows: the rows that were asked.
        columns: the ways of asking.
        schema: the JSON schema of the answers, or None.
        expect: the column of the rows with the right answers, or None.
    """

    rows: Rows
    columns: Sequence[Column]
    schema: Mapping[str, Any] | None = None
    expect: str | None = None

    @property
    def frame(self) -> DataFrame:
        """All answers as a pandas DataFrame: for each way its answers, their data and their costs.

        Raises:
            BadRequest: pandas is not installed.
        """
        with needed("pandas", "The frame of a comparison is a pandas DataFrame"):
            import pandas as pd

        index = self.rows.index if self.rows.kind == "pandas" else pd.RangeIndex(len(self.rows.values))
        names = ["answer", *self._fields.values(), "error", "seconds", "tokens", "credits"]
        heads = pd.MultiIndex.from_product([[column.name for column in self.columns], names])
        cells = [
            [cell for column in self.columns for cell in self._cells(column.result(place))]
            for place in range(len(self.rows.values))
        ]
        return pd.DataFrame(cells, index=index, columns=heads)

    @property
    def summary(self) -> DataFrame:
        """Each way in a row: how many were answered, the middle time, the costs, the agreement, the score.

        Raises:
            BadRequest: pandas is not installed.
        """
        with needed("pandas", "The summary of a comparison is a pandas DataFrame"):
            import pandas as pd

        about = [self._summed(column) for column in self.columns]
        return pd.DataFrame(about, index=[column.name for column in self.columns])

    def plot(self) -> Figure:
        """Draw how long the answers of each way took, a point for each.

        Raises:
            BadRequest: matplotlib is not installed.
        """
        with needed("matplotlib", "The plot of a comparison is a figure of matplotlib"):
            from matplotlib.figure import Figure

        # pyplot would keep the figure, and show it a second time:
        # https://matplotlib.org/stable/gallery/user_interfaces/web_application_server_sgskip.html
        figure = Figure(figsize=(7, 0.6 + 0.5 * len(self.columns)), layout="constrained")
        axes = figure.subplots()
        for place, column in enumerate(self.columns):
            seconds = [answer.seconds for answer in column.answers]
            axes.barh(place, median(seconds) if seconds else 0.0, color="tab:blue", alpha=0.3)
            axes.plot(seconds, [place] * len(seconds), "o", color="tab:blue", alpha=0.6)
        names = [shorten(clean(column.name), LABEL_CHARS) for column in self.columns]
        # The name of a prompt may hold two $, which would be read as a formula:
        # https://matplotlib.org/stable/users/explain/text/mathtext.html
        axes.set_yticks(range(len(names)), names, parse_math=False)
        axes.invert_yaxis()  # the first way is on top, as in the table
        axes.set_xlabel("seconds")
        return figure

    def _label(self, place: int) -> str:
        return self.rows.label(place) if self.rows.columns else ""

    @property
    def _fields(self) -> dict[str, str]:
        """The fields of the data, each with its column."""
        if self.schema is None:
            return {}
        if self.schema.get("type") == "array":
            return {WHOLE: DATA}
        return {name: named(name) for name in fields_of(self.schema)}

    def _cells(self, result: RowResult) -> list[Any]:
        answer, error = result.answer, result.error
        data = [field_of(answer.data, name) if answer else None for name in self._fields]
        cost = [round(answer.seconds, 3), answer.usage.tokens, answer.usage.credits] if answer else [None] * 3
        return [answer, *data, error_line(error) if error else "", *cost]

    def _summed(self, column: Column) -> dict[str, Any]:
        answers = column.answers
        seconds = [answer.seconds for answer in answers]
        tokens = [answer.usage.tokens for answer in answers if answer.usage.tokens is not None]
        charged = [answer.usage.credits for answer in answers if answer.usage.credits is not None]
        about: dict[str, Any] = {
            "answered": len(answers),
            "failed": len(self.rows.values) - len(answers),
            "seconds": round(median(seconds), 3) if seconds else None,
            "tokens": sum(tokens) if tokens else None,
            "credits": round(sum(charged), 6) if charged else None,
        }
        if self.schema is not None and len(self.columns) > 1:
            about["agreement"] = _share(self._agreements(column))
        if self.expect is not None:
            about["score"] = _share(self._hits(column))
        return about

    def _agreements(self, column: Column) -> Iterator[bool]:
        """Tell for each value of a column whether it is the one that most columns have."""
        for place in range(len(self.rows.values)):
            for name in self._fields:
                told = [self._told(each, place, name) for each in self.columns]
                common = Counter(value for value in told if value is not None).most_common(1)
                own = self._told(column, place, name)
                # One value alone agrees with nothing.
                if own is not None and sum(value is not None for value in told) > 1:
                    yield own == common[0][0]

    def _told(self, column: Column, place: int, name: str) -> str | None:
        answer = _whole_answer(column.result(place))
        return _same(field_of(answer.data, name)) if answer else None

    def _hits(self, column: Column) -> Iterator[bool]:
        """Tell for each row whether a column has the right answer; a row without an answer has not."""
        expected = str(self.expect)
        fields = self._fields
        name = expected if expected in fields else next(iter(fields), "")
        for place, values in enumerate(self.rows.values):
            answer = _whole_answer(column.result(place))
            if answer is None:
                yield False
            else:
                said = field_of(answer.data, name) if fields else answer.text
                yield _same(said) == _same(values.get(expected))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": self._text()}

    def __repr__(self) -> str:
        ways, rows = counted(len(self.columns), "way"), counted(len(self.rows.values), "row")
        return f"<Comparison of {ways}, {rows}>"

    def _table(self) -> Any:
        from ..render.table import Table, bar

        summed = [self._summed(column) for column in self.columns]
        longest = max((about["seconds"] or 0.0 for about in summed), default=0.0) or 1.0
        rows = [
            [
                one_line(column.name, LABEL_CHARS),
                *(_written(name, value) for name, value in about.items()),
                bar((about["seconds"] or 0.0) / longest),
            ]
            for column, about in zip(self.columns, summed, strict=True)
        ]
        head = ["", *(summed[0] if summed else ()), "time"]
        notes = [f"{each.name}: {error_line(each.error)}" for each in self.columns if each.error]
        return Table(head, rows, frozenset(range(1, len(head) - 1)), notes)

    def _html(self) -> str:
        # The Markdown parser is loaded when something is shown.
        from ..render.html import escape
        from ..render.markdown import render_blocks
        from ..render.style import note_html, styled

        def cell(result: RowResult) -> str:
            answer = result.answer
            shown = "".join(render_blocks(shorten(answer.text, SHOWN_CHARS))) if answer else ""
            return shown + (note_html(error_line(result.error), failed=True) if result.error else "")

        heads = "".join(f'<th style="{_CELL}">{escape(column.name)}</th>' for column in self.columns)
        rows = "".join(
            f'<tr><th style="vertical-align: top">{escape(self._label(place))}</th>'
            + "".join(f'<td style="{_CELL}">{cell(column.result(place))}</td>' for column in self.columns)
            + "</tr>"
            for place in range(min(SHOWN_ROWS, len(self.rows.values)))
        )
        more = len(self.rows.values) - SHOWN_ROWS
        rest = note_html(f"{more:,} more rows are in .frame.") if more > 0 else ""
        # A wide table must scroll by keyboard: https://www.w3.org/WAI/standards-guidelines/act/rules/0ssw9k/
        beside = f'<div style="overflow: auto" tabindex="0"><table><thead><tr><th></th>{heads}</tr></thead>'
        return styled(f"{self._table().html()}{beside}<tbody>{rows}</tbody></table></div>{rest}")

    def _text(self) -> str:
        lines = [self._table().text()]
        for place in range(min(SHOWN_ROWS, len(self.rows.values))):
            for column in self.columns:
                result = column.result(place)
                said = result.answer.text if result.answer else ""
                failed = error_line(result.error) if result.error else ""
                told = " ".join(filter(None, [shorten(said, SHOWN_CHARS), failed]))
                head = " · ".join(filter(None, [self._label(place), column.name]))
                lines.append(f"\n{head}\n{told}")
        return clean("\n".join(lines))


def _whole_answer(result: RowResult) -> Answer | None:
    """Return an answer that came to its end without an error."""
    answer = result.answer
    return answer if answer and not result.error and answer.ended != INTERRUPTED else None


def _share(told: Iterator[bool]) -> float | None:
    found = [*told]
    return round(sum(found) / len(found), 3) if found else None


def _same(value: Any) -> str:
    """Write a value so that two of one meaning are equal: 1 and "1.0", True and "true", "Yes" and "yes.".

    A table has a day as its midnight, and a missing value as NaN.
    """
    if is_missing(value):
        return ""
    text = value.isoformat().removesuffix("T00:00:00") if isinstance(value, date) else str(value)
    text = text.strip().removesuffix(".").casefold()
    try:
        return f"{float(text):.6g}"
    except ValueError:
        return " ".join(text.split())


def _written(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name in ("agreement", "score"):
        return f"{value:.0%}"
    return f"{value:.1f}" if name == "seconds" else count(value)
