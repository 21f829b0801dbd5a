"""Buttons in an output that ask whether a function may be called."""

from __future__ import annotations

import threading
from typing import Any

import traitlets
from IPython.display import DisplayHandle

from ...chat.consent import CHOICES, Choice, question_about
from ...core.messages import Calling
from ...render.calls import calling_html
from ...render.style import STYLE
from ..javascript import STATIC, join_modules
from ..widget import Widget

HERE_S = 10.0  # a page that can answer while the cell runs has said so by then
LOOK_S = 0.1  # on Windows nothing but the end of a wait lets Ctrl-C through


class ConsentWidget(Widget):
    """The buttons of one call. The page says "here" until it is heard, and then what was pressed."""

    _esm = join_modules(STATIC / "consent.js")
    _css = STYLE
    asked: Any = traitlets.Unicode().tag(sync=True)

    def __init__(self, calling: Calling) -> None:
        self.here: threading.Event = threading.Event()
        self.pressed: threading.Event = threading.Event()
        self.choice: Choice = "no"
        super().__init__(asked=calling_html(calling, "may it run?"))
        self.on_msg(self._on_message)
        self.hear_while_cells_run()

    def discard(self) -> None:
        """Close the widget. It keeps its module, because the page may still be showing it."""
        self.layout.close()
        self.close()

    def _on_message(self, _: object, message: object, __: object) -> None:
        if message == "here" and not self.here.is_set():
            self.here.set()
            self.send("heard")
        # The first choice counts. A page may be slow, and a second click must not change what was allowed.
        elif isinstance(message, str) and message in CHOICES and not self.pressed.is_set():
            self.choice = next(each for each in CHOICES if each == message)
            self.pressed.set()


def by_buttons(calling: Calling, handle: DisplayHandle) -> Choice | None:
    """Show the buttons in an output and wait for the person; None where no page answers within this cell.

    The kernel hears a page while a cell runs only where the frontend uses subshells:
    https://jupyter.org/enhancement-proposals/91-kernel-subshells/kernel-subshells.html
    """
    widget = ConsentWidget(calling)
    try:
        data, metadata = widget._repr_mimebundle_() or ({}, {})
        # What a frontend without widgets shows in the place of the buttons.
        data["text/plain"] = question_about(calling)
        handle.update(data, metadata=metadata, raw=True)
        if not _wait(widget.here, HERE_S):
            return None
        while not widget.pressed.wait(LOOK_S):
            pass
        return widget.choice
    finally:
        widget.discard()


def _wait(event: threading.Event, seconds: float) -> bool:
    """Wait in short steps, between which Ctrl-C is heard."""
    return any(event.wait(LOOK_S) for _ in range(round(seconds / LOOK_S)))
