"""Errors in cells, as a person can use them: where one's own code stood, and one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from IPython.core.getipython import get_ipython

from ..core.errors import GeminiError


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Let our own errors fail the cell with their line alone; other people's keep their traceback."""
    try:
        yield
    except GeminiError as error:
        error.by_magic = True
        raise
    except KeyboardInterrupt as stop:
        line = "KeyboardInterrupt: stopped by you. What had arrived is kept; gemini_magics.last() returns it."
        stop._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]
        raise


def rendered(error: GeminiError) -> list[str]:
    """Write an error of ours as IPython shows it: the steps in one's own code, then the line.

    A magic's error is the line alone: what is to be changed is the cell that it stands in.
    """
    line = f"{type(error).__name__}: {error}"
    if error.by_magic:
        return [line]
    from .masked import masked
    from .told import own_steps

    shell = get_ipython()
    return [*(masked(step, shell.user_ns if shell else None) for step in own_steps(error, shell)), line]
