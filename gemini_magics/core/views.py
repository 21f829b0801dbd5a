"""The views of answers and of batches; notebook/ makes them, which chat/ may not import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .settings import Settings

Views = tuple[Callable[[], Any], Any]

_make: Callable[[Settings, bool], Views]
_progress: Callable[[], Any] | None = None


def use_views(make: Callable[[Settings, bool], Views]) -> None:
    """Make views by `make(settings, calls)` from now on."""
    global _make
    _make = make


def views_here(settings: Settings, *, calls: bool) -> Views:
    """Return what makes views for the place that asks, a cell, a terminal or a script; and who asks the person.

    Args:
        calls: whether the answer may call functions.
    """
    return _make(settings, calls)


def use_progress(make: Callable[[], Any] | None = None) -> None:
    """Show batches by `make()` from now on; without an argument, as lines on stderr."""
    global _progress
    _progress = make


def progress_here() -> Any:
    """Return a new view of a batch for the place that asks; None where lines on stderr are the best."""
    return _progress() if _progress else None
