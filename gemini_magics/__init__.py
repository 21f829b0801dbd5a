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

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .core.errors import GeminiError
from .core.views import Views, use_views

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .chat.ask import aask, ask
    from .chat.batch import batch
    from .chat.compare import compare
    from .chat.conversation import Conversation, conversations
    from .chat.run import last
    from .chat.tools import tool
    from .content.regions import region
    from .core.cancel import Cancel
    from .core.errors import (
        AnswerMismatch,
        AuthenticationError,
        BadRequest,
        CannotAttach,
        ConnectionFailed,
        IncompleteAnswer,
        MissingKey,
        QuotaExceeded,
        RateLimitError,
        ServiceError,
        UnexpectedResponse,
    )
    from .core.messages import Citation, FunctionCall, Media, Usage
    from .core.settings import Settings
    from .notebook.panel.panel import panel
    from .notebook.views.choose import show
    from .render.answer import Answer

__version__ = "0.1.0"

# The module of each public name. A module is imported when one of its names is first used, which keeps
# %load_ext fast: https://peps.python.org/pep-0562/
_NAMES_BY_MODULE = {
    ".chat.ask": ("aask", "ask"),
    ".chat.batch": ("batch",),
    ".chat.compare": ("compare",),
    ".chat.run": ("last",),
    ".chat.tools": ("tool",),
    ".chat.conversation": ("Conversation", "conversations"),
    ".render.answer": ("Answer",),
    ".core.cancel": ("Cancel",),
    ".core.errors": (
        "AnswerMismatch", "AuthenticationError", "BadRequest", "CannotAttach", "ConnectionFailed",
        "IncompleteAnswer", "MissingKey", "QuotaExceeded", "RateLimitError", "ServiceError",
        "UnexpectedResponse",
    ),
    ".core.messages": ("Citation", "FunctionCall", "Media", "Usage"),
    ".core.settings": ("Settings",),
    ".content.regions": ("region",),
    ".notebook.panel.panel": ("panel",),
    ".notebook.views.choose": ("show",),
}  # fmt: skip
_MODULE_BY_NAME = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}

__all__ = [
    "Answer",
    "AnswerMismatch",
    "AuthenticationError",
    "BadRequest",
    "Cancel",
    "CannotAttach",
    "Citation",
    "ConnectionFailed",
    "Conversation",
    "FunctionCall",
    "GeminiError",
    "IncompleteAnswer",
    "Media",
    "MissingKey",
    "QuotaExceeded",
    "RateLimitError",
    "ServiceError",
    "Settings",
    "UnexpectedResponse",
    "Usage",
    "aask",
    "ask",
    "batch",
    "compare",
    "conversations",
    "last",
    "panel",
    "region",
    "show",
    "tool",
]


if not TYPE_CHECKING:  # for a type checker, it would make every misspelled name a name of the package

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_BY_NAME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_MODULE_BY_NAME[name], __name__), name)


# Completion asks this, and the names must be there before their modules are loaded (PEP 562).
def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_BY_NAME})


def _render_traceback_(error: GeminiError) -> list[str]:
    """Return the lines that IPython shows for an error of this package."""
    # https://ipython.readthedocs.io/en/stable/config/integrating.html#custom-exception-tracebacks
    from .notebook.tracebacks import traceback_lines

    return traceback_lines(error)


def _views_here(settings: Settings, calls: bool) -> Views:
    """Return what makes the views of an answer for the place that asks, and who asks the person there."""
    # Where nobody has loaded IPython there is no shell, and a script need not load it to find that out.
    if sys.modules.get("IPython") is None and not calls:
        from .chat.consent import by_input
        from .notebook.views.terminal import TerminalView

        return TerminalView, by_input
    from IPython.core.getipython import get_ipython

    from .notebook.views.choose import views_for

    return views_for(get_ipython(), settings, calls=calls)


# Assigned here, because core/ may not import notebook/.
GeminiError._render_traceback_ = _render_traceback_
use_views(_views_here)


# IPython calls this and the next by name: https://ipython.readthedocs.io/en/stable/config/extensions/index.html
def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Load the magics: %load_ext gemini_magics."""
    from .notebook.extension import load

    load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Remove the magics: %unload_ext gemini_magics."""
    from .notebook.extension import unload

    unload(ipython)
