"""Which cell asks: known again when it runs again, also where the frontend gives cells no identity."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from hashlib import sha256
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from .frontend import allows_input, cell_id, kind


class Anchors:
    """Names the cell that runs, and each question in it, from `register` to `unregister`.

    A cell goes by the identity that its frontend gives it. Where there is none, it goes by its text: the
    same text is the same cell run again. There are two exceptions, where no cell can be run again, and
    its position counts as well. In a terminal or a console that is the number of the input. Where a
    program runs a notebook from top to bottom (nbclient, nbval), it is the cell before.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._running: str | None = None
        self._asked: Counter[str] = Counter()
        self._hooks = {"pre_run_cell": self._begin, "post_run_cell": self._end}

    def register(self) -> None:
        """Follow what the shell runs."""
        for event, hook in self._hooks.items():
            self._shell.events.register(event, hook)

    def unregister(self) -> None:
        """Follow no more."""
        for event, hook in self._hooks.items():
            with suppress(ValueError):  # it was never registered
                self._shell.events.unregister(event, hook)

    def next(self, text: str) -> str:
        """Return the anchor of the next question of the cell that runs; the second one has its own.

        Args:
            text: what was asked with, for where the text of the cell is not known.
        """
        name = cell_id(self._shell) or self._by_text(self._running or text)
        if self._running is None and not cell_id(self._shell):
            return name
        self._asked[name] += 1
        return name if self._asked[name] == 1 else f"{name} ({self._asked[name]})"

    @property
    def place(self) -> str:
        """What people call the cell that runs."""
        # From IPython 9 on `execution_count` is the next cell's already while a cell runs.
        return f"In [{len(self._shell.history_manager.input_hist_raw) - 1}]"

    def _by_text(self, text: str) -> str:
        position = ""
        if kind(self._shell) in ("terminal", "console"):
            position = self.place
        elif not allows_input(self._shell):
            position = self._before(text)
        return "text:" + sha256(f"{position}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _before(self, text: str) -> str:
        """Return the nearest cell with another text that ran before, and how often this one ran since."""
        ran = [source.rstrip("\n") for source in self._shell.history_manager.input_hist_raw]
        times = 0
        while ran and ran[-1] == text.rstrip("\n"):
            ran.pop()
            times += 1
        return f"{times} after {ran[-1] if ran else ''}"

    def _begin(self, info: Any) -> None:
        self._running = info.raw_cell
        self._asked.clear()

    def _end(self, result: Any) -> None:
        self._running = None
