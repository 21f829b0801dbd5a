"""The grammar of Markdown beyond CommonMark: tables, formulas in TeX, and the few tags that models write.

Every rule reads on line by line and never looks past the block it reads, so that a growing text can be
read block by block.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_inline import StateInline

MOST_CELLS_A_BAR, MOST_EMPTY_CELLS = 3, 100

_CLOSERS = {"$$": "$$", r"\[": r"\]", r"\(": r"\)"}
_DOLLARS = re.compile(
    r"\$\$(?P<display>(?:\\.|\$(?!\$)|[^$\\])++)\$\$"
    # A dollar opens a formula before a character that is no space, and closes one after such a
    # character, but not beside a letter or digit: "$5 and $6" and "US$5" are money.
    r"|(?<![\w$])\$(?=[^\s$])(?P<inline>(?:\\.|[^$\\])++)(?<!\s)\$(?![\w$])",
    re.DOTALL,
)
_PUNCTUATION = " \t.,;:"  # may follow a formula on its last line
_TAG = re.compile(r"<(?:br ?/?|(?P<script>su[bp])>(?P<content>[^<>\n]{1,200})</(?P=script))>", re.IGNORECASE)
_RULE = re.compile(r"[ \t]*[-:|][-:| \t]*")  # between the head of a table and its rows


def use_tables(md: MarkdownIt) -> None:
    """Teach a parser tables, as GitHub has them: a line that begins a heading, a list or code is no head."""
    md.block.ruler.before("lheading", "bar_table", _table, {"alt": ["paragraph", "reference"]})


def use_formulas(md: MarkdownIt) -> None:
    """Teach a parser formulas: tokens `math_inline` and `math_block`, with $ or $$ as `markup`."""
    before = ["paragraph", "reference", "blockquote", "list"]
    md.block.ruler.before("fence", "math_block", _display, {"alt": before})
    md.inline.ruler.before("escape", "math_inline", _formula)


def use_tags(md: MarkdownIt) -> None:
    """Teach a parser <br>, the only way to break a line in a cell, and H<sub>2</sub>O: tokens `script`."""
    md.inline.ruler.before("autolink", "tag", _tag)


def _table(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Read a table: it ends before the first line without a bar, and most of its cells are written.

    The parser's own rule takes any line for a row and fills it up, to thousands of cells for each character.
    """

    def line(number: int) -> str:
        return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]

    if (
        first + 1 >= end
        or not _RULE.fullmatch(line(first + 1))
        or _columns(line(first)) != _columns(line(first + 1))
    ):
        return False
    last, bars = first + 2, 0
    while not silent and last < end and "|" in line(last):
        bars += line(last).count("|")
        last += 1
    cells = _columns(line(first)) * (last - first)
    return cells <= MOST_CELLS_A_BAR * bars + MOST_EMPTY_CELLS and table(state, first, last, silent)


def _columns(row: str) -> int:
    return row.replace(r"\|", "").strip().removeprefix("|").removesuffix("|").count("|") + 1


def _formula(state: StateInline, silent: bool) -> bool:
    """Read a formula within a line of text."""
    opener = state.src[state.pos : state.pos + 2]
    if opener[0] == "$":
        found = _DOLLARS.match(state.src, state.pos, state.posMax)
        if not found:
            return False
        content, end, display = found[found.lastgroup or 0], found.end(), found.lastgroup == "display"
    elif opener in _CLOSERS:
        close = state.src.find(_CLOSERS[opener], state.pos + 2, state.posMax)
        if close < 0:
            return False
        content, end, display = state.src[state.pos + 2 : close], close + 2, opener == r"\["
    else:
        return False
    if not silent:
        token = state.push("math_inline", "", 0)
        token.content = content.strip()
        token.markup = "$$" if display else "$"
    state.pos = end
    return True


def _tag(state: StateInline, silent: bool) -> bool:
    """Read a line break, or a word above or below the line."""
    found = _TAG.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "<" else None
    if not found:
        return False
    if not silent:
        if found["script"]:
            token = state.push("script", found["script"].lower(), 0)
            token.content = found["content"]
        else:
            state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True


def _display(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Read a formula that begins a line, up to the line that ends with its closing delimiter.

    A blank line ends it too, and what was not closed by then is a paragraph.
    """
    start = state.bMarks[first] + state.tShift[first]
    opener = state.src[start : start + 2]
    if state.is_code_block(first) or opener not in ("$$", r"\["):
        return False
    closer = _CLOSERS[opener]
    inside, closed, after = state.src[start + 2 : state.eMarks[first]].partition(closer)
    if closed and (after.strip(_PUNCTUATION) or not inside.strip()):
        return False  # a formula within a line of text
    if silent:
        return True

    def goes_on(line: int) -> bool:
        return line < end and not state.isEmpty(line) and state.sCount[line] >= state.blkIndent

    content, last = [inside], first + 1
    while not closed and goes_on(last):
        start = state.bMarks[last] + state.tShift[last]
        inside, closed, after = state.src[start : state.eMarks[last]].partition(closer)
        content.append(inside)
        last += 1
    if closed and not after.strip(_PUNCTUATION):
        token = state.push("math_block", "", 0)
        token.content = "\n".join(content).strip()
        token.markup = "$$"
        token.info = after.strip()
    else:
        while goes_on(last):
            last += 1
        token = state.push("paragraph_open", "p", 1)
        text = state.push("inline", "", 0)
        text.content = state.getLines(first, last, state.blkIndent, False).strip()
        text.map, text.children = [first, last], []
        state.push("paragraph_close", "p", -1)
    token.map = [first, last]
    state.line = last
    return True
