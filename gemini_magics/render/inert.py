"""Markdown of a model for a file: nothing in it loads or runs anything."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from markdown_it import MarkdownIt

from ..core.text import legible, reveal
from .markdown import LONGEST_CHARS

ROUNDS = 8
_DEEPEST = 100
# The parser looks for the end of each open bracket, in up to `_DEEPEST` open ones before it: "![" repeated
# costs 100 times as much as other text.
_OPEN_BRACKETS = 30


def inert(text: str) -> str:
    """Return Markdown in which tags and images are escaped; everything else stays as it is, code too.

    A page that shows a file of Markdown loads its images. An escaped tag may have been the comment around
    another tag, so the text is read again until none is found. Text that would take long to read, because
    it is long or has many open brackets, is escaped in every line, code too.
    """
    lines = legible(text).split("\n")
    for _ in range(ROUNDS):
        alive = _alive(lines)
        _escape(lines, alive)
        if not alive:
            return "\n".join(lines)
    _escape(lines, range(len(lines)))
    return "\n".join(lines)


def _alive(lines: list[str]) -> Iterable[int]:
    """Find the lines in which there is a tag or an image; all lines where that would take long."""
    text = "\n".join(lines)
    if not ("<" in text or "![" in text):
        return ()
    if len(text) > LONGEST_CHARS or _open_brackets(lines) > _OPEN_BRACKETS:
        return range(len(lines))
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": _DEEPEST})
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # it is how markdown-it is told
    tokens = parser.parse(text)
    if any(token.level > _DEEPEST - 2 for token in tokens):
        return range(len(lines))
    return {line for token in tokens if token.map and _is_alive(token) for line in range(*token.map)}


def _open_brackets(lines: list[str]) -> int:
    """Count the brackets that are open at once; a blank line closes those of its paragraph."""
    most = depth = 0
    for line in lines:
        depth = depth if line.strip() else 0
        for bracket in re.findall(r"[\[\]]", line):
            depth = max(0, depth + (1 if bracket == "[" else -1))
            most = max(most, depth)
    return most


def _is_alive(token: Any) -> bool:
    return token.type == "html_block" or any(
        each.type in ("html_inline", "image") for each in token.children or ()
    )


def _escape(lines: list[str], places: Iterable[int]) -> None:
    for place in places:
        lines[place] = lines[place].replace("<", "&lt;").replace("![", r"!\[")


def literal(line: str) -> str:
    """Return a line as Markdown that shows it as it is."""
    return re.sub(r"([\\`*_\[\]<>&#!|~$])", r"\\\1", " ".join(reveal(line).split()))
