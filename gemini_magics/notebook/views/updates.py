"""Answers as plain outputs: one display is updated in place, at a pace that any page can follow."""

from __future__ import annotations

import time

from IPython.display import DisplayHandle, display

from ...content.thumbnails import thumbnails
from ...core.messages import Event
from ...render.answer import Answer
from ...render.markdown import Blocks
from ...render.metadata import metadata
from ...render.static_output import bundle


class PacedView:
    """Shows an answer where widgets do not work; each update replaces the whole output.

    A page needs time in proportion to the length of the output (about 0.3 s of its main thread for 5,000
    tokens), so the pause between updates grows with the answer.

    Args:
        raised: True where an exception in the same cell says what went wrong.

    Attributes:
        handle: the display, once there is one.
    """

    # update_display_data: https://jupyter-client.readthedocs.io/en/stable/messaging.html#update-display-data

    tick_s: float = 0.25
    shortest_s: float = 0.3
    longest_s: float = 5.0
    # 0.4 s for each 1,000 tokens, and a token has about four characters.
    s_per_character: float = 0.4 / 4000

    def __init__(self, *, raised: bool = True) -> None:
        self._raised = raised
        self._text, self._thinking = Blocks(), Blocks()
        self._read_chars, self._read_thinking_chars = 0, 0
        self._due = 0.0
        self.handle: DisplayHandle | None = None

    def begin(self, answer: Answer) -> None:
        """Display the output."""
        answer.thumbnails = thumbnails(answer.attachments)
        self.handle = display(bundle(answer), raw=True, display_id=True)
        self._set_pause(answer)

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Update the output once the pause is over, and at once for the first word of the text."""
        first = bool(answer.text) and not self._read_chars
        if self.handle is not None and (first or time.monotonic() >= self._due):
            self.handle.update(self._bundle(answer), raw=True)
            self._set_pause(answer)

    def end(self, answer: Answer) -> None:
        """Update the output to the complete answer."""
        if self.handle is None:  # interrupted before `begin`
            display(self._whole(answer), metadata=metadata(answer), raw=True)
        else:
            self.handle.update(self._whole(answer), metadata=metadata(answer), raw=True)

    def _whole(self, answer: Answer) -> dict[str, str]:
        return bundle(answer, raised=self._raised)

    def _bundle(self, answer: Answer) -> dict[str, str]:
        self._text.add(answer.text[self._read_chars :])
        self._thinking.add(answer.thinking[self._read_thinking_chars :])
        self._read_chars, self._read_thinking_chars = len(answer.text), len(answer.thinking)
        return bundle(answer, text=self._text, thinking=self._thinking)

    def _set_pause(self, answer: Answer) -> None:
        length = len(answer.text) + len(answer.thinking)
        pause = min(max(self.s_per_character * length, self.shortest_s), self.longest_s)
        self._due = time.monotonic() + pause


class OnceView(PacedView):
    """Shows the complete answer at its end, where outputs cannot be updated.

    An `ipywidgets.Output` ignores updates of a display. It can be cleared, but with all else that it holds.
    """

    # https://github.com/jupyter-widgets/ipywidgets/issues/1180

    def begin(self, answer: Answer) -> None:
        """Show nothing yet."""
        answer.thumbnails = thumbnails(answer.attachments)

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Show nothing yet."""
