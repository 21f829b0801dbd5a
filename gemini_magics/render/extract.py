"""Read blocks of code, JSON and tables out of the text of an answer.

The Markdown parser that shows an answer finds them, so that a block of code on the page is a block here.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, TypeVar

from ..core.errors import AnswerMismatch, needed
from ..core.text import Brief, shorten

if TYPE_CHECKING:
    from markdown_it.token import Token
    from pandas import DataFrame, Series

CONTEXT_CHARS = 24
MOST_COLUMNS, MOST_TABLE_CELLS = 1_000, 1_000_000  # of a table: each column of a DataFrame costs time
MOST_STARTS = 50  # places in a sentence at which JSON is looked for: each try may read to the end
_Found = TypeVar("_Found")


@dataclass(frozen=True, repr=False)
class Code(Brief):
    """A block of code; `str(block)` is its text.

    Attributes:
        language: the word after the opening fence, in lower case: "python", "sql", "" where there is none.
            "{python}" of Quarto and "python:main.py" are "python".
        text: the code, without the fences and without a closing newline.
        line: the number of its first line in the answer, counted from 1.
    """

    language: str
    text: str
    line: int = 1

    def __str__(self) -> str:
        return self.text


def find_code(text: str) -> tuple[Code, ...]:
    """Return the fenced blocks of a text in order, including those in lists and quotations."""
    from .markdown import parser

    # Fences are blocks, so the slower half of parsing can be left out.
    # https://spec.commonmark.org/0.31.2/#phase-1-block-structure
    blocks = parser().disable("inline")
    return tuple(_code(token) for token in blocks.parse(text) if token.type == "fence")


def read_json(text: str, n: int | None = None) -> Any:
    r"""Return the JSON that a text is, or that stands in its fenced block or behind a sentence.

    Comments, a comma before a closing bracket, and line breaks inside strings are forgiven.
    A LaTeX command with one backslash keeps it: JSON would read the beginning of "\frac" as a form feed.

    Args:
        n: chooses one of several blocks of JSON, counted from 0.

    Raises:
        AnswerMismatch: the text holds no JSON, several blocks and no `n`, or JSON that breaks off or is
            malformed; the message names the line and column of the text.
    """
    blocks = [block for block in find_code(text) if _is_json(block)]
    if not blocks and text.lstrip("\ufeff \t\r\n")[:1] != '"':
        blocks = _in_sentences(text)
    return _parse_json(_choose(blocks or [Code("json", text)], n, "JSON block", "json"))


def _in_sentences(text: str) -> list[Code]:
    """Return the objects and lists of JSON that stand in prose, without a fence.

    One that is broken ends the search, since nobody asked for the objects inside of it.
    """
    found: list[Code] = []
    decoder, place = json.JSONDecoder(strict=False), 0
    repaired = _with_backslashes(text)
    for _ in range(MOST_STARTS):
        start = _JSON_START.search(repaired, place)
        if not start:
            break
        begin = start.start()
        if start["link"]:
            place = start.end()
            continue
        try:
            value, place = decoder.raw_decode(repaired, begin)
        except ValueError:
            plain = without_comments(repaired[begin:])
            try:
                value, length = decoder.raw_decode(plain)
            except (ValueError, RecursionError):
                length = 0
            place = begin + length
        except RecursionError:
            place = begin
        if place == begin:
            if start["json"] or not repaired[:begin].strip():
                return [Code("json", repaired[begin:], repaired.count("\n", 0, begin) + 1)]
            place = begin + 1
            continue
        before = repaired[:begin].rstrip()
        if not _is_citation(value) or not before or before.endswith(":") or _is_line(repaired, begin, place):
            found.append(Code("json", repaired[begin:place], repaired.count("\n", 0, begin) + 1))
    return found


_JSON_START = re.compile(r"(?P<link>\[[^\[\]\n]*\]\()|(?P<json>\{\s*\"|\[\s*(?:\"|\{\s*\"))|[{\[]")


_LINE_END = re.compile(r"[ \t\r.]*+(?:\n|\Z)")


def _is_citation(value: object) -> bool:
    """Tell whether a list in a sentence is rather a mark such as [1] or [2, 3]; a colon announces data."""
    return isinstance(value, list) and all(isinstance(item, int) for item in value)


def _is_line(text: str, begin: int, end: int) -> bool:
    """Tell whether a list is all that stands in its line, as "[2, 3]" does; "[1]" alone is a footnote."""
    before = text[text.rfind("\n", 0, begin) + 1 : begin]
    return "," in text[begin:end] and not before.strip() and bool(_LINE_END.match(text, end))


# A JSON escape, or what a model wrote in its place. The listed commands begin with the letter of an escape
# that JSON also knows (\t \n \r \f \b), and no text has a tab or a line break before the rest of them.
_ESCAPE = re.compile(
    r"""\\(?:
        (?P<kept> ["\\/] | u[0-9a-fA-F]{4} | [bf](?![A-Za-z])
        | (?!t(?:heta|imes|ext(?:bf|it|rm)?(?=\{)|ilde|riangle|frac)(?![a-z])
          | t(?:au|anh?|o|op|herefore|extcolor|extstyle)(?![A-Za-z]) | r[A-Za-z]
          | n(?:abla|eq|eg|ot|otin|ewline|mid|onumber|olimits)(?![a-z]) | nu(?=\s*[_^}$\\)=+*/<>]))
          [ntr] )
        | (?P<command> . )
    )""",
    re.VERBOSE | re.DOTALL,
)


# Comments and commas before a closing bracket are JSON of JavaScript's habit, not of RFC 8259. A string that is
# never closed takes the rest, so that nothing is read twice.
_COMMENT = re.compile(r""""(?:[^"\\]|\\.)*+"?|(?P<comment>//[^\n]*+|/\*.*?(?:\*/|\Z))""", re.DOTALL)
_LAST_COMMA = re.compile(r""""(?:[^"\\]|\\.)*+"?|(?P<comma>,)(?=\s*[}\]])""", re.DOTALL)


def without_comments(text: str) -> str:
    """Blank out comments and last commas outside of strings; every other character keeps its place."""
    without = _COMMENT.sub(lambda found: re.sub(r"\S", " ", found[0]) if found["comment"] else found[0], text)
    return _LAST_COMMA.sub(lambda found: " " if found["comma"] else found[0], without)


def _with_backslashes(text: str) -> str:
    """Double the backslashes that belong to a LaTeX command, and not to an escape of JSON.

    https://www.rfc-editor.org/rfc/rfc8259#section-7 lists the escapes.
    """
    return _ESCAPE.sub(lambda found: found[0] if found["kept"] else f"\\\\{found['command']}", text)


def read_table(text: str, n: int | None = None) -> DataFrame:
    """Return a table of a text, from Markdown or from a fenced block of CSV, as a DataFrame.

    A column whose every cell is a number is numeric: 12, -3.5, 6e5, and 1,234 in groups of three; cells
    that are empty or hold a dash or n/a are then missing. Every other column stays text, with its units,
    percent signs and leading zeros.

    Args:
        n: chooses one of several tables, counted from 0.

    Raises:
        AnswerMismatch: the text holds no table, several tables and no `n`, or a table with a row that is longer
            than its head, or with too many columns or cells.
        BadRequest: pandas is not installed.
    """
    return _choose(list(_tables(text)), n, "table", "table").frame()


def python_of(block: Code) -> str:
    """Return the Python of a block: of a session with prompts, what was typed and not what was printed."""
    if not _is_session(block):
        return block.text
    typed = (_PROMPT.match(line) for line in block.text.split("\n"))
    return "\n".join(found[1] or "" for found in typed if found)


def is_python(block: Code) -> bool:
    """Tell whether a block says that it is Python, or is a session with Python's prompts."""
    return bool(_PYTHON.fullmatch(block.language)) or _is_session(block)


def _is_session(block: Code) -> bool:
    return block.language in _SESSIONS and bool(_FIRST_PROMPT.match(block.text))


# The names of https://github.com/github-linguist/linguist, with a version as models add it: python3.11.
_PYTHON = re.compile(r"(?:i?python|py|jupyter(?:-python)?)[\d.]*|python-?repl|pycon|xonsh")
_SESSIONS = frozenset(
    (
        "",
        "python",
        "python3",
        "py",
        "ipython",
        "ipython3",
        "pycon",
        "console",
        "text",
        "python-repl",
        "python-console",
        "doctest",
    )
)
_FIRST_PROMPT = re.compile(r"\s*(?:>>> |In ?\[\d*\]: )")
# No blank is taken back: of a long line of blanks each would be tried as the beginning of a prompt.
_PROMPT = re.compile(r"\s*+(?:(?:>>>|\.\.\.)(?: |$)|In ?\[\d*\]: ?|(?<=  )\.{3}: ?)(.*)$")
_CODE_CELL = "{code-cell}"
_LANGUAGE = re.compile(r"\{?[.=]?([^\s,:{}]*)")


def _code(token: Token) -> Code:
    info = token.info.strip()
    if info.startswith(_CODE_CELL):  # https://mystmd.org/guide/notebooks-with-markdown
        info = info.removeprefix(_CODE_CELL).strip() or "python"
    found = _LANGUAGE.match(info)
    language = found[1] if found else ""
    return Code(language.lower(), token.content.removesuffix("\n"), token.map[0] + 2 if token.map else 1)


def _choose(found: Sequence[_Found], n: int | None, what: str, method: str) -> _Found:
    if not found:
        raise AnswerMismatch(
            f"The answer holds no {what}: ask for one, or read answer.text.", why=f"it holds no {what}"
        )
    if n is None and len(found) > 1:
        raise AnswerMismatch(
            f"The answer holds {len(found)} {what}s: choose one of answer.{method}(0) to "
            f"answer.{method}({len(found) - 1}).",
            why=f"it holds {len(found)} {what}s, and exactly one is asked for",
        )
    try:
        return found[n or 0]
    except IndexError:
        raise AnswerMismatch(
            f"answer.{method}({n}) does not exist: the answer holds {len(found)}, counted from 0."
        ) from None


def _is_json(block: Code) -> bool:
    return block.language in ("json", "jsonc", "json5") or (
        not block.language and block.text.lstrip()[:1] in ("{", "[")
    )


def _parse_json(block: Code) -> Any:
    # A byte order mark may be ignored instead of being an error: https://www.rfc-editor.org/rfc/rfc8259#section-8.1
    text = block.text.lstrip("\ufeff")
    try:
        return json.loads(text := without_comments(_with_backslashes(text)), strict=False)
    except json.JSONDecodeError as error:
        before = text[max(error.pos - CONTEXT_CHARS, 0) : error.pos].rpartition("\n")[2]
        after = text[error.pos : error.pos + CONTEXT_CHARS].partition("\n")[0]
        where = f"line {block.line + error.lineno - 1}, column {error.colno}"
        found = f"between {before!r} and {after!r}" if after else f"after {before!r}, where it ends"
        problem = f"{where}: {error.msg}, {found}"
    except RecursionError:
        problem = "it is nested too deeply to be read"
    except ValueError as error:
        # Python refuses to read an int of more than 4,300 digits:
        # https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
        problem = shorten(str(error), 200)
    raise AnswerMismatch(
        f"The answer is not valid JSON ({problem}): read answer.text.", why=f"it is not valid JSON ({problem})"
    )


@dataclass(frozen=True)
class _Table:
    head: list[str]
    rows: list[list[str]]

    def frame(self) -> DataFrame:
        with needed("pandas", "answer.table() makes a pandas DataFrame"):
            import pandas
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.head)
        # Keyed by position, since a dict would lose one of two columns with the same name.
        frame = pandas.DataFrame({place: _column(column) for place, column in enumerate(columns)})
        frame.columns = self.head
        return frame


def _tables(text: str, *, inside: bool = False) -> Iterator[_Table]:
    """Yield the tables of a text, and those of a document in its fences unless it is `inside` one itself."""
    from .markdown import parser

    rows: list[list[str]] = []
    for token in parser().parse(text):
        match token.type:
            case "table_open":
                rows = []
            case "tr_open":
                if rows and token.meta["cells"] > len(rows[0]):
                    line = token.map[0] + 1 if token.map else 0
                    raise AnswerMismatch(
                        f"Row {len(rows)} of a table, line {line} of the answer, has "
                        f"{token.meta['cells']} cells, its head {len(rows[0])}: "
                        "a bar in a cell is written \\|. Read answer.text."
                    )
                rows.append([])
            case "inline" if rows:
                rows[-1].append(_cell_text(token).strip())
            case "table_close":
                yield _Table(rows[0], rows[1:])
                rows = []
            case "fence":
                block = _code(token)
                if block.language in ("csv", "tsv") and block.text.strip():
                    yield _read_csv(block)
                elif block.language in ("markdown", "md") and not inside:
                    yield from _tables(block.text, inside=True)


def _cell_text(token: Token) -> str:
    """Return the words of a cell without their marks; a formula keeps its dollars, <br> is a line break."""
    if token.type == "hardbreak":
        return "\n"
    if token.type == "math_inline":
        return f"{token.markup}{token.content}{token.markup}"
    if token.tag == "sup" and token.content[-1:].isdigit():  # 10<sup>5</sup> is not 105
        return f"^{token.content}"
    return "".join(map(_cell_text, token.children)) if token.children else token.content


def _read_csv(block: Code) -> _Table:
    """Parse a block of CSV, split at the separator that is most frequent in its head."""
    text = block.text.lstrip("\ufeff").strip("\n")
    separator = max(",;\t", key=re.sub('"[^"]*"', "", text.partition("\n")[0]).count)

    def cells(*, strict: bool) -> list[list[str]]:
        lines = csv.reader(StringIO(text), delimiter=separator, skipinitialspace=True, strict=strict)
        return [[cell.strip() for cell in row] for row in lines if row]

    try:
        read = cells(strict=False)
        if any("\n" in cell for row in read for cell in row):
            # A quotation mark without its partner would make one cell of the lines behind it.
            cells(strict=True)
    except csv.Error as error:
        raise AnswerMismatch(
            f"The CSV at line {block.line} of the answer cannot be read ({error}): see answer.code."
        ) from None
    head, *rows = read
    if len(head) > MOST_COLUMNS or len(head) * len(rows) > MOST_TABLE_CELLS:
        raise AnswerMismatch(
            f"The CSV at line {block.line} of the answer has {len(head):,} columns and {len(rows):,} rows, "
            f"more than {MOST_COLUMNS:,} columns or {MOST_TABLE_CELLS:,} cells: see answer.code."
        )
    for place, row in enumerate(rows, 1):
        if len(row) > len(head):
            raise AnswerMismatch(
                f"Row {place} of the CSV at line {block.line} of the answer has {len(row)} cells, and its head "
                f"has {len(head)}: a cell that holds {separator!r} needs quotes."
            )
    return _Table(head, [row + [""] * (len(head) - len(row)) for row in rows])


# At most 100 digits: int() refuses numbers of many thousands, which would be an error in a table of text.
# https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
_NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9]\d{0,99}|[1-9]\d{0,2}(?:,\d{3})+)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII
)
_MISSING = {"", "-", "–", "—", "na", "n/a", "nan"}


def _column(cells: tuple[str, ...]) -> Series:
    import pandas

    try:
        numbers = [_number(cell) for cell in cells]
    except ValueError:
        numbers = []
    if all(number is None for number in numbers):
        return pandas.Series(cells, dtype=None if cells else object)
    return pandas.Series(numbers)


def _number(cell: str) -> int | float | None:
    """Return the number in a cell, or None where the cell marks a missing value.

    Raises:
        ValueError: the cell holds something else.
    """
    if cell.lower() in _MISSING:
        return None
    written = cell.replace("\u2212", "-")  # U+2212 is the minus sign of typeset text
    if not _NUMBER.fullmatch(written):
        raise ValueError
    digits = written.replace(",", "")
    return int(digits) if digits.lstrip("+-").isdigit() else float(digits)
