"""What is found in the text of an answer: blocks of code, JSON, tables.

All of it is read from the text as the Markdown parser sees it, so that what is shown as a block of
code or as a table is what is found here.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import BadRequest, Unfit
from .plain import shorten

if TYPE_CHECKING:
    from markdown_it.token import Token
    from pandas import DataFrame, Series

EXCERPT_CHARS = 24
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Code:
    """A block of code; `str(block)` is its text.

    Attributes:
        language: the word after the opening fence, in lower case: "python", "sql", "" where there is none.
        text: the code, without the fences and without a closing newline.
        line: the line of the answer that its first line is, counted from 1.
    """

    language: str
    text: str
    line: int = 1

    def __str__(self) -> str:
        return self.text


def find_code(text: str) -> tuple[Code, ...]:
    """Return the fenced blocks of a text in order, those in lists and quotations too."""
    from .markdown import parser

    blocks = parser().disable("inline")  # what stands in a paragraph does not matter here
    return tuple(_code(token) for token in blocks.parse(text) if token.type == "fence")


def fenced(text: str, language: str = "") -> str:
    """Put text into a fence that no fence in it closes, so that `find_code` returns it as it is."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(longest + 1, 3)
    return f"{fence}{language}\n{text}\n{fence}"


def read_json(text: str, n: int | None = None) -> Any:
    """Return the JSON that a text is, or that stands in its fenced block.

    Args:
        n: which one, counted from 0, where there are several blocks of JSON.

    Raises:
        Unfit: there is none, there are several and `n` does not choose, or it breaks off or is
            malformed; the message says in which line and column of the text.
    """
    blocks = [block for block in find_code(text) if _is_json(block)]
    return _parsed(_choose(blocks or [Code("json", text)], n, "JSON block", "json"))


def read_table(text: str, n: int | None = None) -> DataFrame:
    """Return a table of a text, from Markdown or from a fenced block of CSV, as a DataFrame.

    A column whose every cell is a number is numeric: 12, -3.5, 6e5, and 1,234 in groups of three; cells
    that are empty or hold a dash or n/a are then missing. Every other column stays text as it is
    written, with its units, percent signs and leading zeros.

    Args:
        n: which one, counted from 0, where there are several.

    Raises:
        Unfit: there is none, there are several and `n` does not choose, or a row of CSV is longer than
            its head.
    """
    return _choose(list(_tables(text)), n, "table", "table").frame()


def _code(token: Token) -> Code:
    language, _, _ = token.info.strip().partition(" ")
    return Code(language.lower(), token.content.removesuffix("\n"), token.map[0] + 2 if token.map else 1)


def _choose(found: Sequence[_Found], n: int | None, what: str, method: str) -> _Found:
    if not found:
        raise Unfit(f"The answer holds no {what}: ask for one, or read answer.text.")
    if n is None and len(found) > 1:
        raise Unfit(
            f"The answer holds {len(found)} {what}s: choose one of answer.{method}(0) to "
            f"answer.{method}({len(found) - 1})."
        )
    try:
        return found[n or 0]
    except IndexError:
        raise Unfit(
            f"There is no answer.{method}({n}): the answer holds {len(found)}, counted from 0."
        ) from None


def _is_json(block: Code) -> bool:
    return block.language == "json" or (not block.language and block.text.lstrip()[:1] in ("{", "["))


def _parsed(block: Code) -> Any:
    text = block.text.lstrip("\ufeff")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        before = text[max(error.pos - EXCERPT_CHARS, 0) : error.pos].rpartition("\n")[2]
        after = text[error.pos : error.pos + EXCERPT_CHARS].partition("\n")[0]
        where = f"line {block.line + error.lineno - 1}, column {error.colno}"
        found = f"between {before!r} and {after!r}" if after else f"after {before!r}, where it ends"
        problem = f"{where}: {error.msg}, {found}"
    except RecursionError:
        problem = "it is nested too deeply to be read"
    except ValueError as error:  # a number of more digits than Python reads
        problem = shorten(str(error), 200)
    raise Unfit(f"The answer is no JSON ({problem}): read answer.text.", why=f"it is no JSON ({problem})")


@dataclass(frozen=True)
class _Table:
    head: list[str]
    rows: list[list[str]]

    def frame(self) -> DataFrame:
        try:
            import pandas
        except ImportError:
            raise BadRequest("answer.table() makes a pandas DataFrame: pip install pandas.") from None
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.head)
        # By place, not by name: two columns may have the same name.
        frame = pandas.DataFrame({place: _series(column) for place, column in enumerate(columns)})
        frame.columns = self.head
        return frame


def _tables(text: str) -> Iterator[_Table]:
    from .markdown import parser

    rows: list[list[str]] = []
    for token in parser().parse(text):
        match token.type:
            case "table_open":
                rows = []
            case "tr_open":
                rows.append([])
            case "inline" if rows:
                rows[-1].append(_plain(token).strip())
            case "table_close":
                yield _Table(rows[0], rows[1:])
                rows = []
            case "fence":
                block = _code(token)
                if block.language in ("csv", "tsv") and block.text.strip():
                    yield _csv(block)


def _plain(token: Token) -> str:
    """Return the words of a cell without their marks; a formula keeps its dollars."""
    if token.type == "math_inline":
        return f"{token.markup}{token.content}{token.markup}"
    return "".join(map(_plain, token.children)) if token.children else token.content


def _csv(block: Code) -> _Table:
    """Read a block of CSV, by the separator that stands most often in its head."""
    text = block.text.strip("\n")
    separator = max(",;\t", key=text.partition("\n")[0].count)
    try:
        read = [
            [cell.strip() for cell in row] for row in csv.reader(StringIO(text), delimiter=separator) if row
        ]
    except csv.Error as error:
        raise Unfit(
            f"The CSV at line {block.line} of the answer cannot be read ({error}): see answer.code."
        ) from None
    head, *rows = read
    for place, row in enumerate(rows, 1):
        if len(row) > len(head):
            raise Unfit(
                f"Row {place} of the CSV at line {block.line} of the answer has {len(row)} cells, its head "
                f"{len(head)}: a cell that holds {separator!r} needs quotes."
            )
    return _Table(head, [row + [""] * (len(head) - len(row)) for row in rows])


# 100 digits: Python reads no integer of many thousands, and nobody means one.
_NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9]\d{0,99}|[1-9]\d{0,2}(?:,\d{3})+)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII
)
_MISSING = {"", "-", "–", "—", "na", "n/a", "nan"}


def _series(cells: tuple[str, ...]) -> Series:
    import pandas

    try:
        numbers = [_number(cell) for cell in cells]
    except ValueError:
        numbers = []
    if all(number is None for number in numbers):
        return pandas.Series(cells, dtype=None if cells else object)
    return pandas.Series(numbers)


def _number(cell: str) -> int | float | None:
    """Return the number that a cell writes, None where it says that there is none.

    Raises:
        ValueError: it says something else.
    """
    if cell.lower() in _MISSING:
        return None
    written = cell.replace("\u2212", "-")  # the typographic minus
    if not _NUMBER.fullmatch(written):
        raise ValueError
    digits = written.replace(",", "")
    return int(digits) if digits.lstrip("+-").isdigit() else float(digits)
