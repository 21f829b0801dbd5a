"""The style sheet of answers, of which each output gets the rules that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

from ..core.text import legible
from .html import escape

STYLE = files("gemini_magics.render").joinpath("answer.css").read_text("utf-8")


def styled(html: str, mark: str = "") -> str:
    """Wrap HTML of this package in the element and the style rules of an answer."""
    classes = f"gemini-answer {mark}".strip()
    return f'<div class="{classes}">{_style_element(html)}{html}</div>'


def note_html(sentence: str, *, failed: bool = False) -> str:
    """Return a note: a sentence that a reader must know, beside an answer or alone.

    Args:
        failed: True for the sentence of a failure, which is red.
    """
    name = "gemini-failure" if failed else "gemini-note"
    return f'<p class="{name}"><small>{escape(legible(sentence))}</small></p>\n'


def _style_element(html: str) -> str:
    """Return a style element with the rules that some HTML needs; a short answer stays short in the file."""
    used = {"gemini-answer"}.union(*(names.split() for names in re.findall(r'class="([^"]*)"', html)))
    used |= set(re.findall(r"<(\w+)", html))
    rules = []
    for selectors, declarations in _RULES:
        kept = [selector for selector, names in selectors if used.issuperset(names)]
        if kept:
            rules.append(f"{','.join(kept)}{{{declarations}}}")
    return f"<style>{''.join(rules)}</style>"


def _rules(sheet: str) -> Iterator[tuple[list[tuple[str, list[str]]], str]]:
    """Parse a style sheet; yield the selectors of each rule with their names, and its declarations."""
    for selectors, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*[\s\S]*?\*/", "", sheet)):
        named = [
            (re.sub(r"\s*>\s*", ">", selector.strip()), re.findall(r"(?<![\w:[-])[a-z][\w-]*", selector))
            for selector in selectors.split(",")
        ]
        yield named, re.sub(r"\s*([;:,])\s*", r"\1", declarations).strip("; ")


_RULES = list(_rules(STYLE))
