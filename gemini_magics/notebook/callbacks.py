"""Functions that IPython calls before and after each cell; their errors become one line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from ..core.errors import unexpected
from ..core.notices import notice


class Callbacks:
    """Functions for IPython's events, from `register` to `unregister`.

    IPython prints the traceback of a callback that raises below the cell that has just run, so each function
    is wrapped: an error becomes one line. `post_run_cell` passes None if a cell was interrupted before it ran.
    """

    # https://ipython.readthedocs.io/en/stable/config/callbacks.html; see `EventManager.trigger`.

    def __init__(self, shell: InteractiveShell, **functions: Callable[[Any], object]) -> None:
        self._shell = shell
        self._hooks = {event: _quiet(function) for event, function in functions.items()}
        self.registered: bool = False

    def register(self) -> None:
        """Start calling the functions."""
        if not self.registered:
            for event, hook in self._hooks.items():
                self._shell.events.register(event, hook)
        self.registered = True

    def unregister(self) -> None:
        """Stop calling the functions."""
        for event, hook in self._hooks.items():
            with suppress(ValueError):  # not registered
                self._shell.events.unregister(event, hook)
        self.registered = False


def _quiet(function: Callable[[Any], object]) -> Callable[[Any], None]:
    def hook(about: Any) -> None:
        try:
            function(about)
        except KeyboardInterrupt:
            pass  # Ctrl-C is meant for the cell, not for this function
        except Exception as error:  # noqa: BLE001 - a bug here must not fail the person's cell
            notice(str(unexpected(error)))

    return hook
