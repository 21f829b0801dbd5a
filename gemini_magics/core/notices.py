"""Lines for a person beside answers and errors: warnings, or outputs in a notebook."""

from __future__ import annotations

import warnings
from collections.abc import Callable


def _warn(line: str) -> None:
    warnings.warn(line, stacklevel=4)  # the caller of the function that gives the notice


_say: Callable[[str], object] = _warn


def use_notices(say: Callable[[str], object] = _warn) -> None:
    """Say each line by `say(line)` from now on; without an argument, as a warning."""
    global _say
    _say = say


def notice(line: str) -> None:
    """Tell a person a line that is not an error."""
    _say(line)
