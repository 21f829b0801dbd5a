"""Python in the page of a browser, as in JupyterLite (Pyodide): it has no threads, sockets and processes."""

from __future__ import annotations

import sys

from .errors import BadRequest

IN_BROWSER = sys.platform == "emscripten"  # https://docs.python.org/3/library/sys.html#sys.platform


def check_threads(what: str, instead: str) -> None:
    """See that Python can start threads, which something needs.

    Raises:
        BadRequest: it runs in a browser; the message ends with what to do instead.
    """
    if IN_BROWSER:
        raise BadRequest(f"{what} needs threads, and Python in a browser has none: {instead}.")


def check_network(what: str) -> None:
    """See that Python can open sockets.

    Raises:
        BadRequest: it runs in a browser.
    """
    if IN_BROWSER:
        raise BadRequest(
            f"{what} cannot be reached from here, because Python in a browser has no sockets: replay a "
            "recording with %gemini_replay FILE, choose the stand-in with "
            '%config GeminiMagics.service = "demo", or open the notebook on a Jupyter server.'
        )
