"""Put Gemini 3.1 Pro into notebook cells.

In a notebook:

    %load_ext gemini_magics

    %%gemini fig --effort low
    What is odd about the second peak?

In Python:

    from gemini_magics import ask
    answer = ask("What is odd about the second peak?", fig, effort="low")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .core.errors import GeminiError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .chat.ask import ask, last
    from .chat.conversation import Conversation, conversations
    from .core.answer import Answer
    from .core.cancel import Cancel
    from .core.errors import (
        BadRequest,
        CannotAttach,
        Cut,
        KeyRejected,
        NoKey,
        OutOfCredit,
        RateLimited,
        Refused,
        Unfit,
        UnknownReply,
        Unreachable,
    )
    from .core.messages import Citation, Media, Usage
    from .core.settings import Settings
    from .notebook.panel import panel
    from .notebook.show import show

__version__ = "0.1.0"

# Where each public name is; a module is loaded when one of its names is first used.
_PLACES = {
    ".chat.ask": ("ask", "last"),
    ".chat.conversation": ("Conversation", "conversations"),
    ".core.answer": ("Answer",),
    ".core.cancel": ("Cancel",),
    ".core.errors": (
        "BadRequest", "CannotAttach", "Cut", "KeyRejected", "NoKey", "OutOfCredit", "RateLimited",
        "Refused", "Unfit", "UnknownReply", "Unreachable",
    ),
    ".core.messages": ("Citation", "Media", "Usage"),
    ".core.settings": ("Settings",),
    ".notebook.panel": ("panel",),
    ".notebook.show": ("show",),
}  # fmt: skip
_PLACE = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "Answer",
    "BadRequest",
    "Cancel",
    "CannotAttach",
    "Citation",
    "Conversation",
    "Cut",
    "GeminiError",
    "KeyRejected",
    "Media",
    "NoKey",
    "OutOfCredit",
    "RateLimited",
    "Refused",
    "Settings",
    "Unfit",
    "UnknownReply",
    "Unreachable",
    "Usage",
    "ask",
    "conversations",
    "last",
    "panel",
    "show",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACE[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACE})


def _render_traceback_(error: GeminiError) -> list[str]:
    """Write an error as IPython shows it, which calls this."""
    from .notebook.one_line import rendered

    return rendered(error)


GeminiError._render_traceback_ = _render_traceback_  # here, since an error knows no notebook


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Load the magics: %load_ext gemini_magics."""
    from .notebook.magics import load

    load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Take the magics away again: %unload_ext gemini_magics."""
    from .notebook.magics import unload

    unload(ipython)
