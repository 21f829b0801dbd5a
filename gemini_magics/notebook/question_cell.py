"""A question of a panel as the `%%gemini` cell that would ask it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ..content.attach import attach_word
from ..core.errors import GeminiError
from ..core.messages import Turn


def question_cell(
    turn: Turn, typed: str, settings: Mapping[str, Any], names: Mapping[str, Any]
) -> tuple[str, list[str]]:
    """Write the cell, and name the attachments that it cannot name, such as a pasted picture.

    Args:
        typed: the question as it was typed.
        settings: what it is asked with, as far as that differs from the session's defaults.
        names: the names that are defined in the notebook.
    """
    attached = [part.name for part in turn.attachments if not part.inline]
    named = [name for name in attached if _can_be_named(name, names)]
    words = [name if name in names or " " not in name else f'"{name}"' for name in named]
    options = [_option(name, value) for name, value in settings.items()]
    without = [name for name in attached if name not in named]
    return f"{' '.join(['%%gemini', *words, *options])}\n{typed}", without


def _can_be_named(name: str, names: Mapping[str, Any]) -> bool:
    """Tell whether a cell can attach a thing by its name: a value, a file or a URL."""
    try:
        attach_word(name, lambda expression: expression, names)
    except GeminiError:
        return False
    return True


def _option(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {shlex.quote(value)}"
