"""What this session is shown in: what can be known of it from inside the kernel."""

from __future__ import annotations

import sys
from typing import Any, Literal

from IPython.core.interactiveshell import InteractiveShell

Kind = Literal["terminal", "console", "notebook", "updates"]


def kind(shell: InteractiveShell) -> Kind:
    """Say what can be shown.

    - "terminal" and "console" (jupyter console, qtconsole): text alone, and no updates.
    - "notebook": widgets. A frontend that names its cells shows them (JupyterLab, Notebook 7, VS Code).
    - "updates": outputs, which can be updated. Programs that run notebooks name no cells. Colab names
      them in a field of its own, and shows other people's widgets only when told to.
    """
    if not hasattr(shell, "kernel"):
        return "terminal"
    if _in_console(shell):
        return "console"
    return "notebook" if _metadata(shell).get("cellId") and not inside_output_widget(shell) else "updates"


def shows_widgets(shell: InteractiveShell) -> bool:
    """Tell whether a widget can be shown; Colab shows other people's once it was told to."""
    return kind(shell) == "notebook" or "colab" in _metadata(shell)


def cell_id(shell: InteractiveShell) -> str:
    """Return the identity that the frontend gives the cell that runs, or "" where it gives none."""
    metadata = _metadata(shell)
    return metadata.get("cellId") or metadata.get("colab", {}).get("cell_id") or ""


def allows_input(shell: InteractiveShell) -> bool:
    """Tell whether somebody could answer a prompt; programs that run notebooks say that nobody can."""
    return bool(_parent(shell).get("content", {}).get("allow_stdin"))


def inside_output_widget(shell: InteractiveShell) -> bool:
    """Tell whether an `ipywidgets.Output` catches what is displayed now; it applies no updates."""
    if "ipywidgets" not in sys.modules or not hasattr(shell, "kernel"):
        return False
    from ipywidgets import Output, Widget

    message = _parent(shell).get("header", {}).get("msg_id")
    widgets = Widget._active_widgets if hasattr(Widget, "_active_widgets") else Widget.widgets  # 8, 7
    return any(isinstance(widget, Output) and widget.msg_id == message for widget in list(widgets.values()))


def _in_console(shell: InteractiveShell) -> bool:
    """Tell whether the cell was typed into a console of Jupyter.

    Those ask with `jupyter_client`, which puts its session and a number into a message's name and
    nothing into its metadata; pages name a message anew. Programs that run notebooks ask so, too, but
    nobody can type there.
    """
    header = _parent(shell).get("header", {})
    by_python = str(header.get("msg_id")).startswith(f"{header.get('session')}_")
    return by_python and allows_input(shell) and not _metadata(shell)


def _metadata(shell: InteractiveShell) -> dict[str, Any]:
    return _parent(shell).get("metadata", {})


def _parent(shell: InteractiveShell) -> dict[str, Any]:
    """The message that asked for the cell that runs now; empty without a kernel."""
    return shell.get_parent() if hasattr(shell, "get_parent") else {}
