"""Conversations to be read: as an output that any frontend shows, and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from markdown_it import MarkdownIt

from ..content.estimate import estimate_tokens
from ..core import twin
from ..core.html import escape
from ..core.markdown import LONGEST_CHARS
from ..core.messages import Turn
from ..core.plain import legible, reveal
from .archive import FORMAT
from .conversation import Conversation, Exchange

ROUNDS = 8
_DEEPEST = 100
_QUESTION_STYLE = "white-space: pre-wrap; overflow-wrap: break-word; margin: .4em 0"


def bundle(conversation: Conversation) -> dict[str, str]:
    """Return a conversation, from its first question to its last answer, as text/html and text/plain."""
    head, html, text = _summary(conversation), [], []
    for exchange in conversation.exchanges:
        shown, asked = twin.bundle(exchange.answer), legible(_asked(exchange.turn))
        html.append(
            f"<p><strong>{escape(_head(exchange))}</strong></p>"
            f'<div style="{_QUESTION_STYLE}">{escape(asked)}</div>'
            f"{shown['text/html']}"
        )
        text.append(f"{_head(exchange)}\n{asked}\n\n{shown['text/plain']}")
    return {
        "text/html": "<hr>".join([f"<p>{escape(head)}</p>", *html]),
        "text/plain": f"\n\n{'─' * 40}\n".join([head, *text]),
    }


def markdown(conversation: Conversation) -> str:
    """Write a conversation as Markdown, without media and thoughts. What it quotes loads and runs nothing."""
    pieces = [f"<!-- {FORMAT} -->", f"# {_literal(conversation.name)}"]
    for exchange in conversation.exchanges:
        attached = [f"- {_literal(each.label)}" for each in exchange.turn.attachments if not each.inline]
        pieces += [
            f"## {_literal(_head(exchange))}",
            "\n".join(attached),
            inert(_asked(exchange.turn)),
            "### Answer",
        ]
        pieces += [inert(exchange.answer.text), *map(_literal, twin.notices(exchange.answer))]
        pieces += [f"*{_literal(twin.footer_text(exchange.answer))}*"]
    return "\n\n".join(filter(None, (piece.strip("\n") for piece in pieces))) + "\n"


def inert(text: str) -> str:
    """Return Markdown in which tags and images are characters; all else stays as it is, and so does code.

    A page that shows a file of Markdown loads its images. What is escaped may have been the comment or the
    fence around something else, so it is read again until nothing is found.
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
    """Find the lines in which there is a tag or an image; all of them where that cannot be known."""
    text = "\n".join(lines)
    if len(text) > LONGEST_CHARS:
        return range(len(lines))
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": _DEEPEST})
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    tokens = parser.parse(text)
    if any(token.level > _DEEPEST - 2 for token in tokens):
        return range(len(lines))
    return {line for token in tokens if token.map and _is_alive(token) for line in range(*token.map)}


def _is_alive(token: Any) -> bool:
    return token.type == "html_block" or any(
        each.type in ("html_inline", "image") for each in token.children or ()
    )


def _escape(lines: list[str], places: Iterable[int]) -> None:
    for place in places:
        lines[place] = lines[place].replace("<", "&lt;").replace("![", r"!\[")


def _literal(line: str) -> str:
    """Return a line as Markdown that shows it as it is."""
    return re.sub(r"([\\`*_\[\]<>&#!|~$])", r"\\\1", " ".join(reveal(line).split()))


def _asked(turn: Turn) -> str:
    """Return the words of a question, with what stands among them by its label."""
    return "".join(
        part if isinstance(part, str) else f"[{part.label}]"
        for part in turn.parts
        if isinstance(part, str) or part.inline
    )


def _head(exchange: Exchange) -> str:
    """Say which cell asked, and what is to be known of the exchange: In [3], stale."""
    marks = ["stale"] if exchange.stale else []
    if exchange.partial:
        marks.append(exchange.answer.ended or "no answer")
    return reveal(", ".join([exchange.place or "Python", *marks]))


def _summary(conversation: Conversation) -> str:
    turns, images = len(conversation.exchanges), len(conversation.images)
    return " · ".join(
        (
            reveal(conversation.name),
            f"{turns} turn{'s' * (turns != 1)}",
            f"{images} image{'s' * (images != 1)}",
            f"about {estimate_tokens(conversation.turns_before()):,} tokens go with the next question",
        )
    )
