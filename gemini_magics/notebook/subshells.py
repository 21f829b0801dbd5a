"""Messages of a page to a widget while a cell runs."""

from __future__ import annotations

from typing import Any


def hear_while_cells_run(widget: Any) -> None:
    """Let a widget hear its page by the subshell that the page names.

    ipykernel 7.4 hands a page's message to the shell from which the widget has sent its own last one
    (ipykernel/comm/comm.py, `_reply_subshell_for`; kernelbase.py, `shell_channel_thread_main`). What a cell
    sends makes that the main shell, and so nothing would be heard until the cell that runs has ended.
    """
    # Elsewhere nothing reads the attribute.
    widget.comm._reply_subshell_for = lambda _, named_by_page: named_by_page
