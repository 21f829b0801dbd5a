"""Answers in marimo, which typesets formulas in an element of its own."""

from __future__ import annotations

import re

# Formulas hold no markup, since their text is escaped.
_FORMULA = re.compile(r'(<(span|div) class="gemini-math">)(\$\$?)([^<]*?)\3(?=[^<]*</\2>)')


def with_typeset_formulas(html: str) -> str:
    """Return the HTML of an answer with each formula in the element that marimo typesets."""
    return _FORMULA.sub(_typeset, html)


def _typeset(found: re.Match[str]) -> str:
    # https://github.com/marimo-team/marimo/blob/main/marimo/_output/md.py
    opens, closes = ("||[", "||]") if found[3] == "$$" else ("||(", "||)")
    return f'{found[1]}<marimo-tex class="arithmatex">{opens}{found[4]}{closes}</marimo-tex>'
