"""Tables of pandas, polars and pyarrow as compact text, or as a picture of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from itertools import accumulate
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.messages import Attachment
from ..core.settings import Settings
from ..core.text import clean, counted, shorten
from .class_names import is_a
from .images import picture

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

COLUMNS = 40
CELL_CHARS = 200
TABLE_CHARS = 60_000  # some 20,000 tokens; rows are left out of a table that takes more

PICTURE_COLUMNS = 16
PICTURE_CELL_CHARS = 40
FONT_PX = 18
PADDING_PX = 8

_BETWEEN = "\x1f"  # the cells of a Styler's row: a character that no cell shows

_DIGITS = 6
_WHOLE_DIGITS = 15  # a float holds no more
_SURE_DIGITS = 12  # more differ in what was computed: 0.1 + 0.2


@dataclass(frozen=True)
class _Excerpt:
    """The part of a table that is sent, as text.

    Attributes:
        about: the kind of table, its shape, and what was shortened and left out, in a line.
        types: the types of its columns, in a line.
        note: the same for the chip: "60 of 1,000 rows"; "" where all of it is sent as it is.
    """

    about: str
    types: str
    head: list[str]
    rows: list[list[str]]
    note: str


class _Cell(NamedTuple):
    """A cell as text, and in words what was lost of it, or ""."""

    text: str
    lost: str = ""


def table(value: Any, name: str, settings: Settings) -> Attachment:
    """Return a DataFrame, a Series, an Index or a Table as a table: its name, shape and types, and its rows.

    The text is Markdown's table without padding: after CSV the fewest tokens, and each row keeps its
    columns apart for the reader. It has the index of pandas; at most `table_rows` rows and 40 columns, the
    middle left out; numbers to 6 digits; long cells shortened; the note says which of this was done. With
    `as_image` it becomes a picture.
    """
    if settings.as_image:
        return _as_image(
            _excerpt(value, settings.table_rows, PICTURE_COLUMNS, PICTURE_CELL_CHARS), name, settings
        )
    rows = settings.table_rows
    while True:
        excerpt = _excerpt(value, rows, COLUMNS, CELL_CHARS)
        written = _written(excerpt, name)
        if len(written) <= TABLE_CHARS or len(excerpt.rows) <= 1:
            return Attachment(name, "table", written, excerpt.note)
        rows = len(excerpt.rows) // 2


def _as_image(excerpt: _Excerpt, name: str, settings: Settings) -> Attachment:
    media, note = picture(_drawn(excerpt), name, settings)
    return Attachment(name, "table", media, ", ".join(filter(None, (excerpt.note, note))))


def values(value: Any, name: str, settings: Settings) -> Attachment:
    """Return an extension array of pandas, such as a Categorical, as a table of one column, with its type."""
    return table(sys.modules["pandas"].Series(value), name, settings)


def column(value: Any, name: str, settings: Settings) -> Attachment:
    """Return an array of pyarrow as a table of one column, with its type."""
    return table(sys.modules["pyarrow"].table({"values": value}), name, settings)


def style(value: Any, name: str, settings: Settings) -> Attachment:
    """Return a Styler as it shows its table: with its formats, and without hidden rows and columns.

    Of a long one the first `table_rows` rows are sent, of a wide one the first 40 columns.
    """
    shown = value.to_string(
        sparse_index=False,
        sparse_columns=False,
        max_rows=max(settings.table_rows, 1),
        max_columns=COLUMNS,
        delimiter=_BETWEEN,
    )
    rows = _lines_of_style(shown)
    notes = []
    cut = bool(rows) and set(rows[-1]) == {"..."}
    if not settings.table_rows and len(rows) > 1:
        del rows[1:]
        notes.append("no rows")
    elif cut:
        rows.pop()
        notes.append("the first rows alone")
    if rows and rows[0][-1] == "...":
        rows = [row[:-1] for row in rows]
        notes.append("the first columns alone")
    cells = [[_cell(each, CELL_CHARS) for each in row] for row in rows]
    notes += sorted({cell.lost for row in cells for cell in row if cell.lost})
    written = [[cell.text for cell in row] for row in cells] or [[""]]
    caption = value.caption if isinstance(value.caption, str) else ""
    excerpt = _Excerpt(
        about="; ".join(filter(None, ("pandas Styler, as it shows its table", caption, *notes))),
        types="as they are shown",
        head=written[0],
        rows=written[1:],
        note=", ".join(notes),
    )
    if settings.as_image:
        return _as_image(excerpt, name, settings)
    return Attachment(name, "table", shorten(_written(excerpt, name), TABLE_CHARS), excerpt.note)


def _lines_of_style(shown: str) -> list[list[str]]:
    """Split what a Styler shows into rows of cells; a cell of several lines gives lines with too few."""
    rows: list[list[str]] = []
    for line in shown.removesuffix("\n").split("\n"):
        cells = line.split(_BETWEEN)
        if rows and (len(rows[-1]) < len(rows[0]) or len(cells) == 1 < len(rows[0])):
            rows[-1] = [*rows[-1][:-1], f"{rows[-1][-1]}\n{cells[0]}", *cells[1:]]
        else:
            rows.append(cells)
    return rows


def corner(value: Any, rows: int, columns: int, cell_chars: int) -> list[list[str]]:
    """Return the beginning of a table as short texts: the names of its columns, then its first rows."""
    first = value.head(rows)
    frame = first.to_frame() if len(first.shape) == 1 else first
    frame = frame[:, :columns] if is_a(frame, "polars.DataFrame") else frame.iloc[:, :columns]
    excerpt = _excerpt(frame, rows, columns, cell_chars)
    return [excerpt.head, *excerpt.rows]


def _excerpt(value: Any, most_rows: int, most_columns: int, cell_chars: int) -> _Excerpt:
    """Take the beginning and the end of a table, in both directions."""
    frame = _frame(value)
    n_rows, n_columns = frame.shape
    rows, columns = ends(n_rows, most_rows), ends(n_columns, most_columns)
    kept = [place for part in columns for place in part]
    index, lines = _lines(frame, rows)
    names = [_name(each) for each in (frame.column_names if _is_arrow(frame) else frame.columns)]
    types = [str(dtype) for dtype in (frame.schema.types if _is_arrow(frame) else frame.dtypes)]
    head = (*index, *(names[place] for place in kept))
    whole = (head, *((*labels, *(row[place] for place in kept)) for labels, row in lines))
    cells = [[_cell(each, cell_chars) for each in row] for row in whole]
    lost = sorted({cell.lost for row in cells for cell in row if cell.lost})
    counts = ((sum(map(len, rows)), n_rows, "rows"), (len(kept), n_columns, "columns"))
    cut = [f"{part:,} of {total:,} {what}" for part, total, what in counts if part < total]
    written = [[cell.text for cell in row] for row in cells]
    return _Excerpt(
        about=_about(value, lost, rows, columns),
        types=_types([names[place] for place in kept], [types[place] for place in kept]),
        head=written[0],
        rows=written[1:],
        note=", ".join([*cut, *lost]),
    )


def _frame(value: Any) -> Any:
    if is_a(value, "pandas.Index"):
        return value.to_frame(index=False)  # else its labels stand there twice
    return value.to_frame() if len(value.shape) == 1 else value


def ends(count: int, most: int) -> list[range]:
    """Return the places that are kept: all of them, or as many from both ends."""
    if count <= most:
        return [range(count)]
    return [range(most - most // 2), range(count - most // 2, count)]


def _lines(frame: Any, rows: list[range]) -> tuple[list[str], list[tuple[tuple[Any, ...], tuple[Any, ...]]]]:
    """Return the names of the index, and each row as its labels and its values; only pandas has one."""
    if _is_arrow(frame):
        slices = (frame.slice(part.start, len(part)) for part in rows)
        return [], [
            ((), row) for each in slices for row in zip(*(c.to_pylist() for c in each.columns), strict=True)
        ]
    if is_a(frame, "polars.DataFrame"):
        return [], [((), row) for part in rows for row in frame.slice(part.start, len(part)).rows()]
    levels = frame.index.nlevels
    names = ["" if name is None else _name(name) for name in frame.index.names]
    parts = (frame.iloc[part.start : part.stop] for part in rows)
    # `iterrows` would turn whole numbers beside decimals into decimals:
    # https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.iterrows.html
    whole = (row for part in parts for row in part.itertuples(index=True, name=None))
    return names, [(row[0] if levels > 1 else (row[0],), row[1:]) for row in whole]


def _is_arrow(frame: object) -> bool:
    return is_a(frame, "pyarrow._Tabular")


def _about(value: Any, lost: list[str], rows: list[range], columns: list[range]) -> str:
    kind = f"{type(value).__module__.partition('.')[0]} {type(value).__name__}"
    shape = [counted(count, what) for count, what in zip(value.shape, ("row", "column"), strict=False)]
    cut = [_places(part, what) for part, what in ((rows, "rows"), (columns, "columns")) if len(part) > 1]
    return f"{kind}, {' × '.join(shape)}" + "".join(f"; {more}" for more in (*lost, *cut))


def _places(parts: list[range], what: str) -> str:
    """Say which rows or columns are kept, counted from 1: "rows 1 to 30 and 971 to 1,000 follow"."""
    spans = [
        f"{part.start + 1:,} to {part.stop:,}" if len(part) > 1 else f"{part.stop:,}" for part in parts if part
    ]
    if not spans:
        return f"no {what} follow"
    if sum(map(len, parts)) == 1:
        return f"{what.removesuffix('s')} {spans[0]} follows"
    return f"{what} {' and '.join(spans)} follow"


def _types(names: list[str], types: list[str]) -> str:
    if len(set(types)) == 1 and len(types) > 1:
        return f"all {types[0]}"
    return ", ".join(f"{name} {dtype}" for name, dtype in zip(names, types, strict=True))


def _name(column: object) -> str:
    """Write the name of a column; those of several levels are tuples."""
    return " / ".join(map(str, column)) if isinstance(column, tuple) else str(column)


def _cell(value: object, most_chars: int) -> _Cell:
    if isinstance(value, float):
        return _number(value)
    written = str(value)
    if isinstance(value, datetime):
        written = written.removesuffix(" 00:00:00")
    lost = f"cells cut to {most_chars} characters" if len(written) > most_chars else ""
    # A row stands on one line, so a line break inside of a cell is written out.
    return _Cell(shorten(written, most_chars).replace("\r", "").replace("\n", "\\n"), lost)


def _number(value: float) -> _Cell:
    """Write a float with 6 digits, and with its whole part and two more where that is longer."""
    whole = len(str(abs(int(value)))) if isfinite(value) and abs(value) < 10**_WHOLE_DIGITS else 0
    written = f"{value:.{max(_DIGITS, whole + 2)}g}"
    is_whole = not isfinite(value) or float(f"{value:.{_SURE_DIGITS}g}") == float(written)
    return _Cell(written, "" if is_whole else f"numbers rounded to {_DIGITS} digits or 2 decimals")


def _written(excerpt: _Excerpt, name: str) -> str:
    # GitHub's form of a table: https://github.github.com/gfm/#tables-extension-
    rows = (excerpt.head, ["---"] * len(excerpt.head), *excerpt.rows)
    lines = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    return "\n".join([f"{name}: {excerpt.about}", f"Types: {excerpt.types}", "", *lines])


def _drawn(excerpt: _Excerpt) -> Image:
    """Draw a table in dark on white, every second row on grey, the head underlined."""
    from PIL import Image, ImageDraw

    font = _font()
    rows = [[clean(cell) for cell in row] for row in (excerpt.head, *excerpt.rows)]
    columns = zip(*rows, strict=True)
    widths = [max(int(font.getlength(cell)) for cell in column) + 3 * PADDING_PX for column in columns]
    width = max(sum(widths), int(font.getlength(excerpt.about))) + 2 * PADDING_PX
    row_px = FONT_PX + 2 * PADDING_PX
    image = Image.new("RGB", (width, row_px * (len(rows) + 1)), "white")
    draw = ImageDraw.Draw(image)
    draw.text((PADDING_PX, PADDING_PX), excerpt.about, fill="#555555", font=font)
    for place, row in enumerate(rows, 1):
        top = place * row_px
        if place % 2:
            draw.rectangle((0, top, width, top + row_px - 1), fill="#f2f2f2" if place > 1 else "white")
        for cell, right in zip(row, accumulate(widths), strict=True):
            draw.text((right, top + PADDING_PX), cell, fill="black", font=font, anchor="ra")
    draw.line((0, 2 * row_px, width, 2 * row_px), fill="black", width=2)
    return image


def _font() -> FreeTypeFont | ImageFont:
    """Return matplotlib's DejaVu Sans, which knows most alphabets, or else Pillow's own font."""
    from PIL import ImageFont

    matplotlib = find_spec("matplotlib")
    if matplotlib and matplotlib.origin:
        file = Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if file.exists():
            return ImageFont.truetype(file, FONT_PX)
    return ImageFont.load_default(FONT_PX)
