"""The syntax beyond CommonMark: tables, task boxes, fences of Markdown, the few HTML tags that models write.

Each rule reads line by line and never looks past its own block, so a growing text can be parsed block by
block.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

MOST_CELLS_A_BAR, MOST_EMPTY_CELLS = 3, 100

# Scripts that put no space between words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\u303f\u3040-\ua4cf\uac00-\ud7ff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_TAG = re.compile(r"<(?:br ?/?|(?P<script>su[bp])>(?P<content>[^<>\n]{1,200})</(?P=script))>", re.IGNORECASE)
_DELIMITER_ROW = re.compile(r"[ \t]*[-:|][-:| \t]*")  # https://github.github.com/gfm/#delimiter-row


def use_tables(md: MarkdownIt) -> None:
    """Add the tables of GitHub to a parser; a line that begins a heading, a list or code cannot be a head."""
    # https://github.github.com/gfm/#tables-extension-
    md.block.ruler.before("lheading", "bar_table", _bounded_table, {"alt": ["paragraph", "reference"]})


def use_tags(md: MarkdownIt) -> None:
    """Add <br>, the only line break inside of a table cell, and H<sub>2</sub>O (tokens `script`)."""
    md.inline.ruler.before("autolink", "tag", _line_break_or_script)


def use_tasks_and_alerts(md: MarkdownIt) -> None:
    """Write a box for - [ ] at the beginning of an item, and a word for > [!NOTE], as GitHub does."""
    # https://github.github.com/gfm/#task-list-items-extension-
    # https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github
    md.core.ruler.after("inline", "tasks_and_alerts", _tasks_and_alerts)


def _tasks_and_alerts(state: StateCore) -> None:
    for outer, inner, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if inner.type != "paragraph_open" or not inline.children or inline.children[0].type != "text":
            continue
        first = inline.children[0]
        if outer.type == "list_item_open" and (task := _TASK.match(first.content)):
            outer.attrSet("class", "gemini-task")
            first.content = f"{'☐' if task[1] == ' ' else '☑'}{first.content[3:]}"
        alert = _ALERT.fullmatch(first.content) if outer.type == "blockquote_open" else None
        if alert and {each.type for each in inline.children[1:2]} <= {"softbreak", "hardbreak"}:
            first.content = alert[1].capitalize()
            strong = [Token("strong_open", "strong", 1), first, Token("strong_close", "strong", -1)]
            inline.children[:2] = [*strong, Token("hardbreak", "br", 0)] if inline.children[1:] else strong


_TASK = re.compile(r"\[([ xX])\](?=\s)")
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")


def use_bold_in_unspaced_scripts(md: MarkdownIt) -> None:
    """Teach a parser that stars may stand between Chinese or Japanese characters and their punctuation.

    CommonMark takes the stars of **注意：**请看 for text, since no space follows the punctuation
    (https://github.com/commonmark/commonmark-spec/issues/650).
    """
    inline = _Inline()
    inline.ruler, inline.ruler2 = md.inline.ruler, md.inline.ruler2
    md.inline = inline


class _Inline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = _InlineState(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


class _InlineState(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 - markdown-it's names
        found = super().scanDelims(start, canSplitWord)
        end = start + found.length
        before, after = self.src[start - 1 : start] or " ", self.src[end : end + 1] or " "
        if not (_IS_UNSPACED.match(before) or _IS_UNSPACED.match(after)):
            return found
        if not canSplitWord:  # underlines: a punctuation mark tells which side is inside
            opens, closes = bool(_PUNCTUATION.match(after)), bool(_PUNCTUATION.match(before))
            return Scanned(found.can_open or opens > closes, found.can_close or closes > opens, found.length)
        return Scanned(not after.isspace(), not before.isspace(), found.length)


_IS_UNSPACED = re.compile(f"[{_UNSPACED}\uff00-\uffef]")
_PUNCTUATION = re.compile("[\u3001-\u3003\u3008-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]")


def use_fences(md: MarkdownIt) -> None:
    """Teach a parser that a fence of Markdown may hold fences, and ends after as many as have opened in it.

    CommonMark would end it at the first closing fence (https://spec.commonmark.org/0.31.2/#fenced-code-blocks),
    which is that of the code in it: models write documents so.
    """
    md.block.ruler.before(
        "fence", "markdown_fence", _markdown_fence, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def _markdown_fence(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Read a fence of Markdown up to the fence that closes it; one that is never closed goes on to the end."""

    def line(number: int) -> str:
        return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]

    opening = _FENCE.fullmatch(line(first))
    if state.is_code_block(first) or not opening or not _MARKDOWN.match(opening["info"]):
        return False
    if silent:
        return True
    mark, open_fences, last, closed = opening["mark"], 1, first + 1, False
    while last < end and not closed:
        if state.sCount[last] < state.blkIndent and not state.isEmpty(last):
            break  # the item or quotation that holds it has ended
        fence = _FENCE.fullmatch(line(last))
        if fence and fence["mark"].startswith(mark) and not state.is_code_block(last):
            open_fences += 1 if fence["info"] else -1
            closed = not open_fences
        last += 1
    token = state.push("fence", "code", 0)
    token.info, token.markup = opening["info"], mark
    token.content = state.getLines(first + 1, last - closed, state.sCount[first], True)
    token.map, token.meta = [first, last], {"closed": closed}
    state.line = last
    return True


_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*?)\s*")
_MARKDOWN = re.compile(r"\{?\.?(?:markdown|mdx?|myst|qmd|rmd|quarto|gfm)(?![\w-])", re.IGNORECASE)


def _bounded_table(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Read a table: it ends before the first line without a bar, and most of its cells are written.

    The parser's own rule takes any line for a row and fills it up, to thousands of cells for each character.
    """

    def line(number: int) -> str:
        return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]

    if first + 1 >= end or not _DELIMITER_ROW.fullmatch(line(first + 1)):
        return False
    columns = _columns(line(first + 1))
    if _columns(_with_escaped_bars(line(first), columns)) != columns:
        return False
    last, bars = first + 2, 0
    while not silent and last < end and "|" in line(last):
        bars += line(last).count("|")
        last += 1
    cells = columns * (last - first)
    if cells > MOST_CELLS_A_BAR * bars + MOST_EMPTY_CELLS:
        return False
    begin = len(state.tokens)
    rows = [line(number) for number in range(first, last)]
    escaped = [_with_escaped_bars(row, columns) for row in rows]
    escaped[1] = _LONE_COLON.sub(":-", escaped[1])
    if escaped == rows:
        found = table(state, first, last, silent)
    else:  # the rule reads lines of its state, so these lines get a state of their own
        apart = StateBlock("\n".join(escaped), state.md, state.env, [])
        apart.level = state.level
        found = table(apart, 0, len(rows), silent)
        state.line = first + apart.line if found else state.line
        for token in apart.tokens:
            token.map = [place + first for place in token.map] if token.map else None
        state.tokens += apart.tokens
    for token in state.tokens[begin:]:
        if token.type == "tr_open" and token.map:  # the parser drops what is beyond the head
            token.meta = {"cells": _columns(escaped[token.map[0] - first])}
    return found


_LONE_COLON = re.compile(r"(?<![-:]):(?![-:])")  # models write | : | : | below a head
_CODE_SPAN = r"(?<!`)(?P<ticks>`{1,3})(?!`)(?:[^`]|(?!(?P=ticks))`){1,500}?(?<!`)(?P=ticks)(?!`)"
_WITH_BARS = re.compile(
    rf"\\\((?:(?!\\\)).){{1,500}}\\\)|\\.|{_CODE_SPAN}|\$(?=[^\s$\d])(?:\\.|[^$\\])++(?<!\s)\$"
)


def _with_escaped_bars(row: str, columns: int) -> str:
    r"""Write \| for a bar in code or in a formula, where a row has more cells than its table has columns.

    GitHub splits a cell there and drops what is beyond the head: $|x|$ would lose its meaning.
    """
    if _columns(row) <= columns:
        return row
    return _WITH_BARS.sub(lambda found: found[0] if len(found[0]) == 2 else _BAR.sub(r"\|", found[0]), row)


_BAR = re.compile(r"(?<!\\)\|")


def _columns(row: str) -> int:
    return row.replace(r"\|", "").strip().removeprefix("|").removesuffix("|").count("|") + 1


_MARK = re.compile(r"\[marks?[ \u00a0](\d{1,3}(?:(?:, ?| and |, and )\d{1,3}){0,9})\](?![(\[])", re.IGNORECASE)


def use_marks(md: MarkdownIt) -> None:
    """Parse [mark 1], by which an answer refers to a place in a picture."""
    md.inline.ruler.before("link", "mark", _mark_number)


def _mark_number(state: StateInline, silent: bool) -> bool:
    found = _MARK.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "[" else None
    if not found:
        return False
    if not silent:
        state.push("mark_number", "", 0).content = found[1]
    state.pos = found.end()
    return True


def _line_break_or_script(state: StateInline, silent: bool) -> bool:
    """Parse a line break, a subscript or a superscript."""
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
