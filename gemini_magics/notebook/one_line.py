"""Errors in cells: our own in one line, as a person can use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..core.errors import GeminiError


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Let our own errors fail the cell with their one line; other people's keep their traceback."""
    try:
        yield
    except GeminiError as error:
        line = f"{type(error).__name__}: {error}"
        error._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]
        raise
    except KeyboardInterrupt as stop:
        line = "KeyboardInterrupt: stopped by you. What had arrived is kept; gemini_magics.last() returns it."
        stop._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]
        raise
