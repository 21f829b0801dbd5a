"""Ask the person whether the model may call a function."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Literal

from ..core.messages import Calling
from ..core.text import reveal

# "" is the answer where nobody can be asked.
Choice = Literal["once", "always", "no", ""]
CHOICES: tuple[Choice, ...] = ("once", "always", "no")
Consent = Callable[[Calling], Choice]

_ANSWERS: dict[str, Choice] = {"y": "once", "yes": "once", "a": "always", "always": "always"}


def by_input(calling: Calling) -> Choice:
    """Show a call whole and ask with `input`. Only the main thread can ask, and only where somebody reads."""
    if threading.current_thread() is not threading.main_thread() or not _is_there():
        return ""
    try:
        typed = input(f"{question_about(calling)}\nRun it? [y]es, [a]lways in this question, [N]o: ")
    except (EOFError, NotImplementedError):  # a kernel without an input field raises the second
        return ""
    return _ANSWERS.get(typed.strip().casefold(), "no")  # a typing error allows nothing


def nobody(_: Calling) -> Choice:
    """Answer for a batch, in which nobody is asked."""
    return ""


def question_about(calling: Calling) -> str:
    """Write a call as the person is asked about it: whole, with every character visible."""
    return f"The model asks to call {reveal(calling.name)} with\n{reveal(calling.arguments)}"


def _is_there() -> bool:
    """Tell whether somebody can answer: a kernel replaces `input`, and a script has a terminal."""
    return input.__module__ != "builtins" or (sys.stdin is not None and sys.stdin.isatty())
