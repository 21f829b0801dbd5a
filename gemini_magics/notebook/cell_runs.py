"""Which cells this kernel has run, and the figures that each of them named while it ran."""

from __future__ import annotations

import re
import weakref
from dataclasses import dataclass, field
from typing import Any

from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

from .callbacks import Callbacks
from .frontend import Frontend, source_of

KEPT_RUNS = 1_000
_FIGURES = frozenset(("matplotlib.FigureBase", "matplotlib.Axes", "seaborn.Grid", "plotly.BaseFigure"))


@dataclass(frozen=True)
class CellRun:
    """A cell that has run.

    Attributes:
        cell: its identity in the frontend.
        source: as it was typed.
        figures: the figures that its source names, by their names.
    """

    cell: str
    source: str
    # A strong reference would keep a figure in memory after the person has deleted it.
    figures: dict[str, weakref.ref[Any]] = field(default_factory=dict)


class CellRuns:
    """The cells that have run by their numbers, from `register` to `unregister`."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._callbacks = Callbacks(shell, post_run_cell=self._keep)
        self._runs: dict[int, CellRun] = {}

    def register(self) -> None:
        """Watch the cells that run."""
        self._callbacks.register()

    def unregister(self) -> None:
        """Stop watching."""
        self._callbacks.unregister()

    def find(self, number: int, cell: str, source: str) -> CellRun | None:
        """Return the run that a cell shows, if this kernel made it: by its identity, or by its source."""
        run = self._runs.get(number)
        same = run is not None and (run.cell == cell if run.cell else run.source.strip() == source.strip())
        return run if same else None

    def _keep(self, ran: ExecutionResult | None) -> None:
        if ran is None or ran.execution_count is None:
            return
        from ..content.class_names import class_names

        source = source_of(ran)
        # The words are found without `ast`, since a cell with a magic is not Python.
        names, words = self._shell.user_ns, dict.fromkeys(re.findall(r"[^\W\d]\w*", source))
        figures = {
            word: weakref.ref(names[word])
            for word in words
            if word in names and not _FIGURES.isdisjoint(class_names(names[word]))
        }
        cell = Frontend.of(self._shell).cell_id
        self._runs[ran.execution_count] = CellRun(cell, source, figures)
        if len(self._runs) > KEPT_RUNS:
            del self._runs[next(iter(self._runs))]
