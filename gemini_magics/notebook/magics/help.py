"""--help and -h: a magic shows its own description."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import cleandoc
from typing import Any

from IPython.display import display

HELP = ("--help", "-h")


def with_help(magic: Callable[..., Any]) -> Callable[..., Any]:
    """Return a magic that shows its help where its line begins with --help, and does the same else.

    A cell's line holds no question, so there --help may stand behind attachments, too.
    """

    @wraps(magic)
    def run(line: str, *cell: str | None, **more: Any) -> Any:
        words = line.split()
        if words[:1] in ([HELP[0]], [HELP[1]]) or (cell and HELP[0] in words):
            display({"text/plain": cleandoc(magic.__doc__ or "")}, raw=True)
            return None
        return magic(line, *cell, **more)

    return run
