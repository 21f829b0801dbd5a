"""Markdown from a model becomes safe HTML, at once or while it grows."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ..core.text import legible
from .formulas import use_formulas
from .html import Env, MarkdownHtml, Tokens, host, is_formula, preformatted
from .references import use_references
from .syntax import (
    use_bold_in_unspaced_scripts,
    use_fences,
    use_marks,
    use_tables,
    use_tags,
    use_tasks_and_alerts,
)

DEEPEST = 16  # containers in containers; a block with deeper nesting is shown as plain text
LONGEST_BLOCK_CHARS = 32_000  # a longer block is split, unless it is code
SHORTEST_VIEW_CHARS = 2_000  # parse this much of the unfinished text at once, and more if no block ends in it
# The model writes 65,536 tokens at most, and a token is about 4 characters:
# https://ai.google.dev/gemini-api/docs/tokens
LONGEST_CHARS = 300_000
LONGEST_HTML_CHARS = 1_500_000
MOST_FORMULA_CHARS = 50_000  # show later formulas as source: a page does not react while it typesets
FEWEST_FORMULA_CHARS = 100  # a shorter formula counts as this many characters, since each one has a fixed cost
LONGEST_HEAD_CHARS = 1_000  # repeat the head of a split table only if it is shorter than this

# The blocks of right-to-left scripts: https://www.unicode.org/reports/tr9/#Bidirectional_Character_Types
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def parser() -> MarkdownIt:
    """Return a new parser for CommonMark and what models write besides: tables, formulas, footnotes, tasks."""
    log = logging.getLogger("markdown_it")  # at DEBUG it tells each rule that each line enters
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)
    md = _Parser(
        "commonmark", {"html": False, "maxNesting": DEEPEST, "xhtmlOut": False}, renderer_cls=MarkdownHtml
    )
    md.enable("strikethrough").disable(["html_block", "html_inline"])
    use_bold_in_unspaced_scripts(md)
    use_tables(md)
    use_formulas(md)
    use_tags(md)
    use_marks(md)
    use_fences(md)
    use_references(md)
    use_tasks_and_alerts(md)
    return md


def render(text: str) -> str:
    """Return a text as HTML, cut at LONGEST_CHARS; a last line says how many characters are missing."""
    return "".join(render_blocks(text))


def render_blocks(text: str) -> list[str]:
    """Return the HTML of each block of a text, in order."""
    definitions = Blocks()
    # A link or a mark may stand before its definition, so the definitions are collected first:
    # https://spec.commonmark.org/0.31.2/#link-reference-definitions
    if "]:" in text:
        definitions.add(text + "\n")
        list(definitions)
    blocks = Blocks(definitions.definitions)
    blocks.add(text)
    return list(blocks)


@dataclass
class Definitions:
    """The definitions of a text: its links by label, and the labels of its footnotes."""

    references: dict[str, Any] = field(default_factory=dict)
    footnotes: set[str] = field(default_factory=set)

    def copy(self) -> Definitions:
        """Return a copy that takes in more definitions alone."""
        return Definitions(dict(self.references), set(self.footnotes))

    def __bool__(self) -> bool:
        return bool(self.references or self.footnotes)


class Blocks:
    """The HTML of the top-level blocks of a text that grows.

    A finished block is rendered once; only the unfinished tail is parsed again. The blocks do not depend on
    how the text was cut into pieces.

    Attributes:
        definitions: the definitions of links and the footnotes that have arrived so far.
    """

    def __init__(self, definitions: Definitions | None = None) -> None:
        self.definitions: Definitions = (definitions or Definitions()).copy()
        self._pieces: list[str] = []
        self._room_chars = LONGEST_CHARS
        self._left_out_chars = 0
        self._formula_chars = MOST_FORMULA_CHARS  # the rest of the allowance
        self._finished: list[str] = []
        self._finished_chars = 0
        self._tail = ""
        self._lines_read = 0  # complete lines of the tail that were parsed without result
        self._view_chars = SHORTEST_VIEW_CHARS
        self._fence: re.Pattern[str] | None = None  # closes the block of code at the start of the tail
        self._fence_at = 0
        self._last_blocks: list[str] = []
        self._last_finished = 0

    def add(self, piece: str) -> None:
        """Add the next piece of the text; it is parsed when the blocks are read."""
        shown = piece[: self._room_chars]
        self._pieces.append(shown)
        self._room_chars -= len(shown)
        self._left_out_chars += len(piece) - len(shown)

    @property
    def finished(self) -> int:
        """The number of blocks, from the first on, that will not change any more."""
        return len(self._finished)

    @property
    def html(self) -> str:
        """The HTML of all blocks so far."""
        return "".join(self)

    def changes(self) -> list[tuple[int, str]]:
        """Return the index and the HTML of each block that has changed since the last call.

        The HTML is empty for a block that no longer exists.
        """
        before, now = self._last_blocks, list(self)
        now += [""] * (len(before) - len(now))
        changed = [
            (place, now[place])
            for place in range(self._last_finished, len(now))
            if place >= len(before) or now[place] != before[place]
        ]
        self._last_blocks, self._last_finished = now, self.finished
        return changed

    def __iter__(self) -> Iterator[str]:
        """Yield the HTML of each block, the tail as if the text ended here."""
        self._tail += "".join(self._pieces)
        self._pieces.clear()
        while (unfinished := self._finish_some()) is None:
            pass
        yield from self._finished
        room_chars = self._formula_chars
        for block in unfinished:
            yield block.html(room_chars)
            room_chars -= block.formula_chars
        if self._left_out_chars:
            more = f"{self._left_out_chars:,} more characters are not shown here"
            where = "gemini_magics.last() returns them all."
            yield f'<p class="gemini-note"><small>{more}; {where}</small></p>\n'

    def _finish_some(self) -> list[_Block] | None:
        """Move finished blocks out of the tail; return the blocks of the tail once no more can be moved."""
        if self._fence:
            return None if self._finish_code(self._fence) else _split(self._tail, self.definitions.copy())
        view = self._tail[: min(self._view_chars, LONGEST_BLOCK_CHARS)]
        more = len(self._tail) > len(view)
        lines = [0, *(found.end() for found in re.finditer("\n", view))]  # the start of each line
        complete = len(lines) - 1
        unfinished = [] if more else _split(view, self.definitions.copy())
        if not more and (complete == self._lines_read or _may_continue(unfinished, complete)):
            return unfinished
        self._lines_read = complete
        # Only complete lines decide, because the rest of a line may change its block: "-|-" may become a table.
        blocks = _split(view[: lines[-1]], self.definitions)
        ended = 0
        for block, following in zip(blocks, [*blocks[1:], None], strict=False):
            end = block.end(following, complete)
            if end is None:
                break
            self._keep(block)
            ended = end
        if ended:
            self._drop(lines[ended])
        elif blocks and blocks[0].fence:
            self._fence, self._fence_at = blocks[0].fence, lines[blocks[0].first + 1]
        elif len(view) == LONGEST_BLOCK_CHARS and more:
            self._finish_part(view, lines, blocks)
        elif more:
            self._view_chars *= 4
        else:
            return unfinished
        return None

    def _finish_code(self, fence: re.Pattern[str]) -> bool:
        """Finish the block of code at the start of the tail, if its closing fence has arrived."""
        found = fence.search(self._tail, self._fence_at)
        if not found:
            self._fence_at = max(self._fence_at, self._tail.rfind("\n") + 1)
            return False
        for block in _split(self._tail[: found.end()], self.definitions):
            self._keep(block)
        self._drop(found.end())
        self._fence = None
        return True

    def _finish_part(self, view: str, lines: list[int], blocks: list[_Block]) -> None:
        """Finish the first part of an overlong block, up to its last item or last line within the limit."""
        head = ""
        line = len(lines) - 1
        if blocks:
            first = blocks[0].first
            line = max((place for place in blocks[0].parts if place > first), default=line)
            if blocks[0].kind == "table_open" and line > first + 2:
                head = view[lines[first] : lines[first + 2]]
        end = lines[line] or len(view)
        for block in _split(view[:end], self.definitions):
            self._keep(block)
        self._drop(end)
        if self._tail and len(head) <= LONGEST_HEAD_CHARS:
            self._tail = head + self._tail

    def _keep(self, block: _Block) -> None:
        html = block.html(self._formula_chars)
        self._formula_chars -= block.formula_chars
        self._finished.append(html)
        self._finished_chars += len(html)

    def _drop(self, end: int) -> None:
        """Remove the tail up to `end`, or all of it once the HTML has reached its limit."""
        self._tail = self._tail[end:]
        self._lines_read = 0
        self._view_chars = SHORTEST_VIEW_CHARS
        if self._finished_chars > LONGEST_HTML_CHARS:
            self._left_out_chars += len(self._tail)
            self._tail = ""
            self._room_chars = 0


@dataclass(frozen=True)
class _Block:
    """A block of a text.

    Attributes:
        first: the number of its first line, counted from 0.
        last: the number of the line after its last one.
    """

    tokens: Tokens
    source: str
    first: int
    last: int
    env: Env

    @property
    def kind(self) -> str:
        return self.tokens[0].type

    @property
    def parts(self) -> Iterator[int]:
        """The first lines of its items (of a list) or rows (of a table), where it can be split."""
        return (t.map[0] for t in self.tokens if t.level == 1 and t.map and t.type != "tbody_open")

    @property
    def fence(self) -> re.Pattern[str] | None:
        """The line that closes it, if it is a block of code between fences."""
        if self.kind != "fence" or self.tokens[0].meta:  # a fence of Markdown is closed by counting
            return None
        # As long as the opening fence at least, and indented by 3 at most:
        # https://spec.commonmark.org/0.31.2/#fenced-code-blocks
        mark = self.tokens[0].markup
        return re.compile(rf"^ {{0,3}}{mark[0]}{{{len(mark)},}}[ \t\r]*\n", re.MULTILINE)

    def end(self, following: _Block | None, lines: int) -> int | None:
        """Return the line at which the block is complete, or None if a line after `lines` may belong to it."""
        if self.env.get("undecided", self.last) < self.last:  # a formula in it may go on
            return None
        if self.kind in ("heading_open", "hr", "math_block"):
            return self.last
        # A list or indented code may go on after blank lines: https://spec.commonmark.org/0.31.2/#lists
        if self.kind in ("bullet_list_open", "ordered_list_open", "code_block"):
            return following.first if following else None
        if self.kind == "fence" and self.tokens[0].meta:
            return self.last if self.tokens[0].meta["closed"] else None
        if self.fence:
            _, _, inside = self.source.partition("\n")
            return self.last if self.fence.fullmatch(inside.rpartition("\n")[2] + "\n") else None
        return self.last if self.last < lines else None

    @property
    def formula_chars(self) -> int:
        """The sum of the lengths of its formulas, each counted as FEWEST_FORMULA_CHARS at least."""
        parts = (part for token in self.tokens for part in (token, *(token.children or ())))
        return sum(max(len(part.content), FEWEST_FORMULA_CHARS) for part in parts if is_formula(part))

    def html(self, formula_chars: int) -> str:
        """Return the HTML of the block, or its source as plain text where it is nested too deeply.

        Args:
            formula_chars: the allowance for formulas; if the block needs more, none of them is typeset.
        """
        if self._is_deep():
            html = preformatted(self.source)
        else:
            env = {**self.env, "typeset": self.formula_chars <= formula_chars}
            html = _PARSER.renderer.render(self.tokens, _PARSER.options, env)
        return f'<div dir="auto">{html}</div>\n' if _RIGHT_TO_LEFT.search(self.source) else html

    def _is_deep(self) -> bool:
        # The parser drops tokens below its maxNesting, so a block that reaches this level may have lost some.
        return any(
            token.level >= DEEPEST - 1 or any(child.level > DEEPEST for child in token.children or ())
            for token in self.tokens
        )


def _may_continue(blocks: list[_Block], lines: int) -> bool:
    """Tell whether there is one block only and the next line may belong to it."""
    return len(blocks) == 1 and not blocks[0].fence and blocks[0].end(None, lines) is None


def _split(text: str, definitions: Definitions) -> list[_Block]:
    """Split a text into blocks; add its definitions to those that are known."""
    text = legible(text)
    env: Env = {"references": definitions.references, "footnotes": definitions.footnotes}
    groups: list[list[Token]] = []
    for token in _PARSER.parse(text, env):
        if token.level == 0 and token.nesting >= 0:
            groups.append([])
        groups[-1].append(token)
    lines = text.split("\n")
    blocks = []
    for tokens in groups:
        first, last = tokens[0].map or (0, len(lines))
        blocks.append(_Block(tokens, "\n".join(lines[first:last]), first, last, env))
    return blocks


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the name is markdown-it's
        return host(url) is not None


_PARSER = parser()
