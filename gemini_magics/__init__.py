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

from typing import TYPE_CHECKING, Any

from .core.answer import Answer
from .core.cancel import Cancel
from .core.errors import (
    BadRequest,
    CannotAttach,
    Cut,
    GeminiError,
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

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .chat.ask import ask, last
    from .chat.conversation import Conversation, conversations
    from .notebook.panel import panel
    from .notebook.show import show

__version__ = "0.1.0"

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

# What reaches the network or the screen is loaded by the first call, so that importing stays cheap.
_LATER = {
    "Conversation": ".chat.conversation",
    "ask": ".chat.ask",
    "conversations": ".chat.conversation",
    "last": ".chat.ask",
    "panel": ".notebook.panel",
    "show": ".notebook.show",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Load the magics: %load_ext gemini_magics."""
    from .notebook.magics import load

    load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Take the magics away again: %unload_ext gemini_magics."""
    from .notebook.magics import unload

    unload(ipython)
