"""The frontend of the session, as far as the kernel can know it."""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

from ..content.namespace import Namespace

Kind = Literal["terminal", "console", "notebook", "updates"]


@dataclass(frozen=True)
class Frontend:
    """The frontend that shows the running cell.

    Attributes:
        kind: what can be shown.
            - "terminal" and "console" (jupyter console, qtconsole): text alone, and no updates.
            - "notebook": widgets. A frontend that names its cells shows them (JupyterLab, Notebook 7, VS Code).
            - "updates": outputs, which can be updated. Programs that run notebooks name no cells. Colab
              names them in a field of its own, and shows other people's widgets only when told to.
        cell_id: the identity that the frontend gives the cell, or "" where it gives none.
        allows_input: True where somebody could answer a prompt; programs that run notebooks say that nobody
            can.
        shows_widgets: True where a widget can be shown, on Colab once it was told to.
        runs_cells: True where a page has asked for the cell, and not a program such as the server of Voila.
        session: the identity of the page's connection to the kernel, or "".
    """

    # cellId: https://github.com/jupyterlab/jupyterlab/pull/5033 and
    # https://github.com/microsoft/vscode-jupyter/issues/692; Colab's custom widgets:
    # https://github.com/googlecolab/colabtools/blob/main/google/colab/output/_widgets.py

    kind: Kind = "terminal"
    cell_id: str = ""
    allows_input: bool = False
    shows_widgets: bool = False
    runs_cells: bool = False
    session: str = ""

    @classmethod
    def of(cls, shell: InteractiveShell) -> Frontend:
        """Read the frontend from the execute_request of the running cell."""
        if not hasattr(shell, "kernel"):
            return cls()
        # In a callback of a widget there may be no execute_request.
        message = shell.get_parent() if hasattr(shell, "get_parent") else {}
        header, metadata = message.get("header", {}), message.get("metadata", {})
        allows_input = bool(message.get("content", {}).get("allow_stdin"))
        named, colab = metadata.get("cellId") or "", metadata.get("colab", {})
        # Jupyter's consoles use jupyter_client, whose message ids begin with the session and whose metadata is
        # empty; pages make ids of their own. Programs that run notebooks use jupyter_client as well, but with
        # allow_stdin false. https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute
        from_jupyter_client = str(header.get("msg_id")).startswith(f"{header.get('session')}_")
        if from_jupyter_client and allows_input and not metadata:
            return cls("console", allows_input=True)
        kind: Kind = "notebook" if named and not inside_output_widget(shell) else "updates"
        cell_id = named or colab.get("cell_id") or ""
        # A page names the cell that it runs. A widget's message may claim the same, so its type counts, too.
        runs_cells = header.get("msg_type") == "execute_request" and bool(cell_id)
        shows_widgets = kind == "notebook" or "colab" in metadata
        return cls(kind, cell_id, allows_input, shows_widgets, runs_cells, header.get("session") or "")


def inside_output_widget(shell: InteractiveShell) -> bool:
    """Tell whether an `ipywidgets.Output` captures the displays of the running cell."""
    # It does not apply updates of a display: https://github.com/jupyter-widgets/ipywidgets/issues/1180
    if "ipywidgets" not in sys.modules or not hasattr(shell, "kernel"):
        return False
    from ipywidgets import Output, Widget
    from ipywidgets.widgets import widget as module

    message = shell.get_parent().get("header", {}).get("msg_id") if hasattr(shell, "get_parent") else None
    # ipywidgets 8 warns of each public way to them; 7 has no other.
    widgets = module._instances if hasattr(module, "_instances") else Widget.widgets
    return any(isinstance(widget, Output) and widget.msg_id == message for widget in list(widgets.values()))


def namespace(local: Mapping[str, Any] | None = None) -> Namespace:
    """Return the names that the cells have defined; none where there is no notebook.

    Args:
        local: the variables of the function that asks, which come before those of the cells.

    `In` holds the cells as they were typed; IPython's own list holds what it made of them.
    """
    shell = get_ipython()
    if shell is None:
        return Namespace()
    history = shell.history_manager
    ours = history is not None and shell.user_ns.get("In") is history.input_hist_parsed
    as_typed = {"In": history.input_hist_raw} if history is not None and ours else {}
    names = Namespace(ChainMap(as_typed, shell.user_ns), shell.user_global_ns)
    return names if local is None or local is shell.user_ns else names.with_locals(local)


def source_of(ran: ExecutionResult) -> str:
    """Return the source of a cell that has run, as it was typed."""
    return str(ran.info.raw_cell) if ran.info is not None else ""


def hidden() -> Mapping[str, Any]:
    """Return the names that belong to the shell and not to the person."""
    shell = get_ipython()
    return shell.user_ns_hidden if shell else {}


def name_of(value: object, otherwise: str) -> str:
    """Return the path of a value, or its first public name in the notebook, or `otherwise`."""
    if isinstance(value, Path):
        return str(value)
    found = (name for name, known in namespace().names.items() if known is value and not name.startswith("_"))
    return next(found, otherwise)
