"""The names of the notebook; where there is no notebook there are none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython


def names() -> Mapping[str, Any]:
    """Return what the cells have defined."""
    shell = get_ipython()
    return shell.user_ns if shell else {}


def hidden() -> Mapping[str, Any]:
    """Return the names that are the shell's own."""
    shell = get_ipython()
    return shell.user_ns_hidden if shell else {}


def evaluate(expression: str) -> object:
    """Return the value of an expression, as a cell would see it."""
    shell = get_ipython()
    scopes = (shell.user_global_ns, shell.user_ns) if shell else ({},)
    return eval(expression, *scopes)  # noqa: S307 - the person's own code


def name_of(value: object, otherwise: str) -> str:
    """Return what the notebook calls a value: its path, or the first name that is no private one."""
    if isinstance(value, Path):
        return str(value)
    found = (name for name, known in names().items() if known is value and not name.startswith("_"))
    return next(found, otherwise)
