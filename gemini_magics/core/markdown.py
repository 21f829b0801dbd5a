"""Markdown from a model as HTML that is safe wherever it is shown, whole or while it grows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .grammar import use_formulas, use_tables, use_tags
from .html import Env, MarkdownHtml, Tokens, host, preformatted
from .plain import legible

DEEPEST = 16  # containers in containers; what is nested deeper is shown as plain text
LONGEST_BLOCK_CHARS = 32_000  # a longer block is shown as several, except for code
SHORTEST_VIEW_CHARS = 2_000  # of what has arrived, this much is read at once, and more if no block ends in it
LONGEST_CHARS = 300_000  # the model writes 65,536 tokens at most, about 260,000 characters
LONGEST_HTML_CHARS = 1_500_000
MOST_FORMULA_CHARS = 50_000  # what is beyond is shown as it is written: a page stands still while it typesets
FEWEST_FORMULA_CHARS = 100  # what a formula counts as, however short it is
LONGEST_HEAD_CHARS = 1_000  # of a table, to be repeated when the table is shown as several

_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def parser() -> MarkdownIt:
    """Return a new parser of the Markdown known here: CommonMark, tables, ~~strikes~~, formulas, a few tags."""
    md = _Parser(
        "commonmark", {"html": False, "maxNesting": DEEPEST, "xhtmlOut": False}, renderer_cls=MarkdownHtml
    )
    md.enable("strikethrough").disable(["html_block", "html_inline"])
    use_tables(md)
    use_formulas(md)
    use_tags(md)
    return md


def render(text: str) -> str:
    """Return a text as HTML. What goes beyond LONGEST_CHARS is not shown; a last line says how much."""
    return "".join(rendered(text))


def rendered(text: str) -> list[str]:
    """Return a text as the HTML of its blocks, one after the other."""
    definitions = Blocks()
    if "]:" in text:  # a link may come before its definition
        definitions.add(text + "\n")
        list(definitions)
    blocks = Blocks(definitions.references)
    blocks.add(text)
    return list(blocks)


class Blocks:
    """Markdown that grows, as the HTML of its top-level blocks.

    A block that has ended is rendered once and stays; only the unfinished tail is read again. However the
    text was cut into pieces, the blocks are the same.

    Attributes:
        references: the link definitions that have come so far.
    """

    def __init__(self, references: Mapping[str, Any] | None = None) -> None:
        self.references = dict(references or {})
        self._pieces: list[str] = []
        self._room_chars = LONGEST_CHARS
        self._left_out_chars = 0
        self._formula_chars = MOST_FORMULA_CHARS  # that may still be typeset
        self._finished: list[str] = []
        self._finished_chars = 0
        self._tail = ""
        self._lines_read = 0  # of the tail
        self._view_chars = SHORTEST_VIEW_CHARS
        self._fence: re.Pattern[str] | None = None  # what ends the block of code that the tail is
        self._fence_at = 0
        self._told: list[str] = []
        self._told_finished = 0

    def add(self, piece: str) -> None:
        """Take in the next piece of the text."""
        taken = piece[: self._room_chars]
        self._pieces.append(taken)
        self._room_chars -= len(taken)
        self._left_out_chars += len(piece) - len(taken)

    @property
    def finished(self) -> int:
        """How many blocks, counted from the first, will not change any more."""
        return len(self._finished)

    @property
    def html(self) -> str:
        """The text so far."""
        return "".join(self)

    def changes(self) -> list[tuple[int, str]]:
        """Return the place and the HTML of each block that has changed since the last call.

        The HTML is empty where there is no such block any more.
        """
        before, now = self._told, list(self)
        now += [""] * (len(before) - len(now))
        changed = [
            (place, now[place])
            for place in range(self._told_finished, len(now))
            if place >= len(before) or now[place] != before[place]
        ]
        self._told, self._told_finished = now, self.finished
        return changed

    def __iter__(self) -> Iterator[str]:
        """The HTML of each block, the tail as if it ended here."""
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
        """Move the blocks that have ended from the tail to the finished ones; return the tail's if none has."""
        if self._fence:
            return None if self._finish_code(self._fence) else _read(self._tail, dict(self.references))
        view = self._tail[: min(self._view_chars, LONGEST_BLOCK_CHARS)]
        more = len(self._tail) > len(view)
        lines = [0, *(found.end() for found in re.finditer("\n", view))]  # where each begins
        complete = len(lines) - 1
        unfinished = [] if more else _read(view, dict(self.references))
        if not more and (complete == self._lines_read or _goes_on(unfinished, complete)):
            return unfinished
        self._lines_read = complete
        # Only complete lines decide: the rest of "-|-" may still make it something else.
        blocks = _read(view[: lines[-1]], self.references)
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
            self._cut(view, lines, blocks)
        elif more:
            self._view_chars *= 4
        else:
            return unfinished
        return None

    def _finish_code(self, fence: re.Pattern[str]) -> bool:
        """Finish the block of code that the tail begins with, if its closing fence has come."""
        found = fence.search(self._tail, self._fence_at)
        if not found:
            self._fence_at = max(self._fence_at, self._tail.rfind("\n") + 1)
            return False
        for block in _read(self._tail[: found.end()], self.references):
            self._keep(block)
        self._drop(found.end())
        self._fence = None
        return True

    def _cut(self, view: str, lines: list[int], blocks: list[_Block]) -> None:
        """Finish the part of an overlong block that there is room for: up to its last item, or last line."""
        head = ""
        line = len(lines) - 1
        if blocks:
            first = blocks[0].first
            line = max((place for place in blocks[0].parts if place > first), default=line)
            if blocks[0].kind == "table_open" and line > first + 2:
                head = view[lines[first] : lines[first + 2]]
        end = lines[line] or len(view)
        for block in _read(view[:end], self.references):
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
        """Forget the tail up to `end`, and all of it when no more can be shown."""
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
        first: its first line, counted from 0.
        last: one past its last line.
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
        """The first lines of its items, if it has any that can stand alone."""
        return (t.map[0] for t in self.tokens if t.level == 1 and t.map and t.type != "tbody_open")

    @property
    def fence(self) -> re.Pattern[str] | None:
        """The line that closes it, if it is a block of code between fences."""
        if self.kind != "fence":
            return None
        mark = self.tokens[0].markup
        return re.compile(rf"^ {{0,3}}{mark[0]}{{{len(mark)},}}[ \t\r]*\n", re.MULTILINE)

    def end(self, following: _Block | None, lines: int) -> int | None:
        """Return the line on which it has ended for good, None if a line after `lines` may belong to it."""
        if self.kind in ("heading_open", "hr", "math_block"):
            return self.last
        if self.kind in ("bullet_list_open", "ordered_list_open", "code_block"):  # go on after blank lines
            return following.first if following else None
        if self.fence:
            _, _, inside = self.source.partition("\n")
            return self.last if self.fence.fullmatch(inside.rpartition("\n")[2] + "\n") else None
        return self.last if self.last < lines else None

    @property
    def formula_chars(self) -> int:
        """What its formulas count, together."""
        parts = (part for token in self.tokens for part in (token, *(token.children or ())))
        return sum(
            max(len(part.content), FEWEST_FORMULA_CHARS) for part in parts if part.type.startswith("math_")
        )

    def html(self, formula_chars: int) -> str:
        """Its HTML; as plain text where it is nested too deeply.

        Args:
            formula_chars: if its formulas count more, they are not typeset.
        """
        if self._is_deep():
            html = preformatted(self.source)
        else:
            env = {**self.env, "typeset": self.formula_chars <= formula_chars}
            html = _PARSER.renderer.render(self.tokens, _PARSER.options, env)
        return f'<div dir="auto">{html}</div>\n' if _RIGHT_TO_LEFT.search(self.source) else html

    def _is_deep(self) -> bool:
        # The parser drops what is nested deeper than it goes, so the level before that is too deep already.
        return any(
            token.level >= DEEPEST - 1 or any(child.level > DEEPEST for child in token.children or ())
            for token in self.tokens
        )


def _goes_on(blocks: list[_Block], lines: int) -> bool:
    """Tell whether these are one block that the next line may belong to."""
    return len(blocks) == 1 and not blocks[0].fence and blocks[0].end(None, lines) is None


def _read(text: str, references: dict[str, Any]) -> list[_Block]:
    """Split a text into blocks; link definitions in it join the references."""
    text = legible(text)
    env: Env = {"references": references}
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
