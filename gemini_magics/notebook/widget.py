"""What the widgets share: a page finds each of them by its name, and may be heard while a cell runs."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import anywidget
import traitlets


class Widget(anywidget.AnyWidget):
    """A widget that knows its name in the page's widget manager, for `hearKernel` in static/comm.js.

    Args:
        name: that name, if it has to be a certain one.
        state: the values of other traits.
    """

    own_name: Any = traitlets.Unicode().tag(sync=True)

    def __init__(self, name: str = "", **state: Any) -> None:
        name = name or f"gemini-{uuid4().hex[:12]}"
        super().__init__(model_id=name, own_name=name, **state)

    def hear_while_cells_run(self) -> None:
        """Hear the page by the subshell that the page names.

        ipykernel 7.4 hands a page's message to the shell from which the widget has sent its own last one
        (ipykernel/comm/comm.py, `_reply_subshell_for`; kernelbase.py, `shell_channel_thread_main`). What a cell
        sends makes that the main shell, and so nothing would be heard until the cell that runs has ended.
        """
        # Elsewhere nothing reads the attribute.
        self.comm._reply_subshell_for = lambda _, named_by_page: named_by_page
