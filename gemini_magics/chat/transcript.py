"""Conversations for readers: as an output that any frontend shows, and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..content.tokens import estimate_tokens
from ..core.answer import Turn, images_of, sent_messages
from ..core.text import counted, legible, reveal
from ..render import static_output
from ..render.calls import call_text
from ..render.html import escape
from ..render.inert import inert, literal
from ..render.status import footer_text, notices
from ..render.style import styled

FORMAT = "gemini_magics conversation"
_STYLE_ELEMENT = re.compile("<style>.*?</style>")  # each answer brings one; the whole output needs one


def bundle(name: str, turns: Sequence[Turn]) -> dict[str, str]:
    """Return a conversation, from its first question to its last answer, as text/html and text/plain."""
    head, html, text = _summary(name, turns), [], []
    for turn in turns:
        shown, asked = static_output.bundle(turn.answer), legible(turn.message.words)
        question = escape(asked).replace("\n", "<br>")
        html.append(
            f'<p class="gemini-turn"><strong>{escape(_head(turn))}</strong></p>'
            f'<blockquote class="gemini-question">{question}</blockquote>'
            f"{_STYLE_ELEMENT.sub('', shown['text/html'], count=1)}"
        )
        text.append(f"{_head(turn)}\n{asked}\n\n{shown['text/plain']}")
    return {
        "text/html": styled("".join([f"<p>{escape(head)}</p>", *html])),
        "text/plain": f"\n\n{'─' * 40}\n".join([head, *text]),
    }


def markdown(name: str, turns: Sequence[Turn]) -> str:
    """Write a conversation as Markdown, without media and thoughts. Nothing in it loads or runs anything."""
    # By this line `archive.write` knows a file that it may replace.
    pieces = [f"<!-- {FORMAT} -->", f"# {literal(name)}"]
    for turn in turns:
        attached = [f"- {literal(each.label)}" for each in turn.message.attachments if not each.inline]
        pieces += [
            f"## {literal(_head(turn))}",
            "\n".join(attached),
            inert(turn.message.words),
            "### Answer",
        ]
        pieces += ["\n".join(f"- {literal(call_text(call))}" for call in turn.answer.calls)]
        pieces += [inert(turn.answer.text), *map(literal, notices(turn.answer))]
        pieces += [f"*{literal(footer_text(turn.answer))}*"]
    return "\n\n".join(filter(None, (piece.strip("\n") for piece in pieces))) + "\n"


def _head(turn: Turn) -> str:
    """Name the cell that asked and the state of its turn: "In [3], stale"."""
    marks = [mark for mark, holds in (("stale", turn.stale), ("hidden", turn.hidden)) if holds]
    if turn.partial:
        marks.append(turn.answer.ended or "no answer")
    return reveal(", ".join([turn.place or "Python", *marks]))


def _summary(name: str, turns: Sequence[Turn]) -> str:
    return " · ".join(
        (
            reveal(name),
            counted(len(turns), "turn"),
            counted(len(images_of(turns)), "image"),
            f"about {estimate_tokens(sent_messages(turns)):,} tokens go with the next question",
        )
    )
