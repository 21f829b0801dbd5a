"""Answers as plain outputs: one display handle that is updated in place, at a pace any page can follow."""

from __future__ import annotations

import time

from IPython.display import DisplayHandle, clear_output, display

from ..core.answer import Answer
from ..core.markdown import Blocks
from ..core.messages import Event
from ..core.provenance import metadata
from ..core.twin import bundle


class PacedView:
    """Shows an answer where no widget can: each update replaces the whole output.

    A page takes time in proportion to the length of what it replaces (about 0.3 s of its main thread
    for 5,000 tokens), so the pause between updates grows with the answer.
    """

    tick_s = 0.25
    shortest_s, longest_s = 0.3, 5.0
    s_per_character = 0.4 / 4000

    def __init__(self) -> None:
        self._text, self._thinking = Blocks(), Blocks()
        self._taken_chars, self._taken_thinking_chars = 0, 0
        self._due = 0.0
        self._handle: DisplayHandle | None = None

    def begin(self, answer: Answer) -> None:
        """Open the output."""
        self._handle = display(bundle(answer), raw=True, display_id=True)
        self._pause(answer)

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Show what is new when it is time; the first word of the text at once."""
        if (answer.text and not self._taken_chars) or time.monotonic() >= self._due:
            self._handle.update(self._bundle(answer), raw=True)
            self._pause(answer)

    def end(self, answer: Answer) -> None:
        """Leave the finished answer in the output."""
        if self._handle is None:  # it was stopped before it was opened
            display(bundle(answer), metadata=metadata(answer), raw=True)
        else:
            self._handle.update(bundle(answer), metadata=metadata(answer), raw=True)

    def _bundle(self, answer: Answer) -> dict[str, str]:
        self._text.add(answer.text[self._taken_chars :])
        self._thinking.add(answer.thinking[self._taken_thinking_chars :])
        self._taken_chars, self._taken_thinking_chars = len(answer.text), len(answer.thinking)
        return bundle(answer, text=self._text, thinking=self._thinking)

    def _pause(self, answer: Answer) -> None:
        length = len(answer.text) + len(answer.thinking)
        pause = min(max(self.s_per_character * length, self.shortest_s), self.longest_s)
        self._due = time.monotonic() + pause


class OnceView(PacedView):
    """Shows an answer where outputs cannot be updated: how it goes at first, then the whole at its end.

    Inside an `ipywidgets.Output` updates of a display are not applied, but clearing is.
    """

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Wait for the end."""

    def end(self, answer: Answer) -> None:
        """Replace the output by the finished answer."""
        clear_output(wait=True)
        display(bundle(answer), raw=True, metadata=metadata(answer))
