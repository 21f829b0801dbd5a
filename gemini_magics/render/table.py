"""A small table as HTML and as text; the cells are shown as text in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ..core.text import reveal
from .style import note_html, styled

BAR_CHARS = 16


@dataclass(frozen=True)
class Table:
    """Rows of text under a head.

    Attributes:
        numbers: the columns that hold numbers and are aligned to the right.
        notes: lines below the table.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    notes: Sequence[str] = ()

    def text(self) -> str:
        """Write the table for a terminal."""
        lines = [[reveal(cell).replace("\n", " ") for cell in row] for row in (self.head, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join(
                cell.rjust(width) if place in self.numbers else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([*table, *([""] if self.notes else []), *map(reveal, self.notes)])

    def html(self) -> str:
        """Write the table as HTML; the text of its cells and notes is escaped."""
        rows = "".join(f"<tr>{self._cells(row, 'td')}</tr>" for row in self.rows)
        notes = "".join(note_html(reveal(note)) for note in self.notes)
        return (
            '<div class="gemini-rows" style="overflow: auto" tabindex="0"><table>'
            f"<thead><tr>{self._cells(self.head, 'th')}</tr></thead><tbody>{rows}</tbody></table></div>{notes}"
        )

    def _cells(self, row: Sequence[str], tag: str) -> str:
        wrap = "; white-space: nowrap" if tag == "td" else ""  # a wrapped head leaves room for numbers
        sides = ("right" if place in self.numbers else "left" for place in range(len(row)))
        return "".join(
            f'<{tag} style="text-align: {side}{wrap}">{escape(reveal(cell))}</{tag}>'
            for side, cell in zip(sides, row, strict=True)
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": styled(self.html()), "text/plain": self.text()}


def bar(share: float) -> str:
    """Draw a share, from 0 to 1, as a bar of characters; a share above 0 is never invisible."""
    # The block elements fill a cell in eighths: https://www.unicode.org/charts/PDF/U2580.pdf
    eighths = max(round(share * BAR_CHARS * 8), share > 0)
    whole, part = divmod(eighths, 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[part].strip()
