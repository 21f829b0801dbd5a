"""The identity of the cell that asks, stable when the cell runs again, in frontends without cell ids too."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from .callbacks import Callbacks
from .frontend import Frontend


@dataclass(frozen=True)
class Asker:
    """The cell or the panel that asks a question.

    Attributes:
        anchor: its key in a conversation; a cell that runs again replaces the turn with its anchor.
        place: its name for people: "In [5]".
        cell: the id of the cell in the frontend, or "".
    """

    anchor: str = ""
    place: str = ""
    cell: str = ""


class Anchors:
    """Finds the anchor of the running cell and of each question in it, from `register` to `unregister`.

    The anchor is the cell's id in the frontend. Without an id it is the cell's text: the same text is the
    same cell, run again. In two kinds of session no cell runs again, so its position counts as well: in a
    terminal or a console the number of the input; where a program runs a notebook from top to bottom
    (nbclient, nbval), the cell before.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._cell_text: str | None = None
        self._question_counts: Counter[str] = Counter()
        self._callbacks = Callbacks(shell, pre_run_cell=self._on_pre_run, post_run_cell=self._on_post_run)

    def register(self) -> None:
        """Watch the cells that run."""
        self._callbacks.register()

    def unregister(self) -> None:
        """Stop watching."""
        self._callbacks.unregister()

    def asker(self, text: str, frontend: Frontend) -> Asker:
        """Return the asker of the next question in the running cell; the second one has an anchor of its own.

        Args:
            text: the text of the question, used where the text of the cell is unknown.
        """
        # In IPython 9 `execution_count` belongs to the next cell while a cell runs, so the history is counted.
        place = f"In [{len(self._history) - 1}]"
        anchor = frontend.cell_id or self._anchor_of_text(self._cell_text or text, place, frontend)
        if self._cell_text is not None or frontend.cell_id:
            # A cell that asks in a loop makes a turn of each question, and the same turns when it runs again.
            self._question_counts[anchor] += 1
            if self._question_counts[anchor] > 1:
                anchor = f"{anchor} ({self._question_counts[anchor]})"
        return Asker(anchor, place, frontend.cell_id)

    @property
    def _history(self) -> list[str]:
        """The cells as typed, the running one last; the first entry is "", because In counts from 1."""
        manager = self._shell.history_manager
        return manager.input_hist_raw if manager is not None else [""]

    def _anchor_of_text(self, text: str, place: str, frontend: Frontend) -> str:
        position = ""
        if frontend.kind in ("terminal", "console"):
            position = place
        elif not frontend.allows_input:
            position = self._position(text)
        # A cell may hold half a surrogate pair, which has no UTF-8.
        return "text:" + sha256(f"{position}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _position(self, text: str) -> str:
        """Return the last cell with another text, and how often this one ran since."""
        # IPython keeps cells without their last newlines: `HistoryManager.store_inputs`,
        # https://github.com/ipython/ipython/blob/9.0.0/IPython/core/history.py
        earlier = [source.rstrip("\n") for source in self._history]
        times = 0
        while earlier and earlier[-1] == text.rstrip("\n"):
            earlier.pop()
            times += 1
        return f"{times} after {earlier[-1] if earlier else ''}"

    def _on_pre_run(self, info: Any) -> None:
        self._cell_text = info.raw_cell
        self._question_counts.clear()

    def _on_post_run(self, result: Any) -> None:
        self._cell_text = None
