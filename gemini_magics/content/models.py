"""Things with a structure of their own: graphs as their edges, fitted models as their summary, exceptions."""

from __future__ import annotations

import inspect
import sys
from textwrap import dedent
from typing import Any

from ..core.errors import CannotAttach
from ..core.messages import SOURCE, TRACED, Attachment
from ..core.settings import Settings
from ..core.text import REMOVED, SECRET, shorten
from .files import text
from .own_words import REPR_CHARS, said
from .tracebacks import traceback_text


def error(value: BaseException, name: str, settings: Settings) -> Attachment:
    """Send the class, the message and the traceback of an exception, as `Err[n]` has it; keys are masked."""
    ipython = sys.modules.get("IPython")
    written = traceback_text(value, ipython.get_ipython() if ipython else None)
    return text(shorten(SECRET.sub(REMOVED, written), REPR_CHARS), name, TRACED)


def function(value: Any, name: str, settings: Settings) -> Attachment:
    """Send the source of a function, as it was written, with its decorators."""
    try:
        source = inspect.getsource(value)
    except (OSError, TypeError):  # it was made by exec, or is not written in Python
        raise CannotAttach(
            f"{name} is a function without a source here: call it, as in {name}(), and name what it returns."
        ) from None
    return text(shorten(dedent(source), REPR_CHARS), name, SOURCE)


def graph(value: Any, name: str, settings: Settings) -> Attachment:
    """Send a graph of networkx as its nodes and its edges, each with what it holds."""
    arrow = "->" if value.is_directed() else "--"
    nodes = [f"{node!r}{_held(data)}" for node, data in value.nodes(data=True)]
    edges = [f"{one!r} {arrow} {other!r}{_held(data)}" for one, other, data in value.edges(data=True)]
    written = "\n".join([f"networkx {value}", "Nodes: " + ", ".join(nodes), "Edges:", *edges])
    note = f"cut to {REPR_CHARS:,} characters" if len(written) > REPR_CHARS else ""
    return text(shorten(written, REPR_CHARS), name, note)


def _held(data: dict[Any, Any]) -> str:
    return f" {data!r}" if data else ""


def summary(value: Any, name: str, settings: Settings) -> Attachment:
    """Send a fitted model as its summary, where it has one."""
    own = getattr(value, "summary", None)
    written = own() if callable(own) else own
    return said(value if written is None else written, name, settings)
