"""Run cells in an IPython shell, and tell what each of them shows: here and in Pyodide."""

import json
import sys
from pathlib import Path


def shell():
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Publisher(DisplayPublisher):
        """Keeps what is displayed, each display in its last state."""

        def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **more):
            name = (transient or {}).get("display_id", f"display {len(shown)}")
            shown[name] = data

    config = Config()
    config.HistoryManager.enabled = False  # it writes in a thread
    made = InteractiveShell.instance(config=config, display_pub_class=Publisher)
    made.kernel = None  # as in JupyterLite a page shows what is displayed, and no terminal
    return made


shown = {}


def run(cells):
    """Return for each cell the error, or "", and the displays."""
    ip = shell()
    told = []
    for cell in cells:
        shown.clear()
        ran = ip.run_cell(cell, store_history=True)
        error = ran.error_before_exec or ran.error_in_exec
        told.append({"error": f"{type(error).__name__}: {error}" if error else "", "shown": [*shown.values()]})
    return told


def as_in_a_browser():
    """Take from this Python what Python in a browser does not have, before gemini_magics is imported.

    asyncio, and with it IPython, needs the modules threading and socket themselves, so there it is what they do.
    """
    import socket
    import sysconfig
    import threading

    import IPython.core.interactiveshell  # noqa: F401

    def refuse(*_, **__):
        raise RuntimeError("there is none in a browser")

    threading.Thread.start = socket.socket.__init__ = refuse
    absent = "httpx PIL certifi fcntl ssl http.server socketserver anywidget"
    sys.modules |= dict.fromkeys(absent.split())
    sysconfig.get_config_vars()  # they are read once, from a file that is named after the platform
    sys.platform = "emscripten"


def main(path, *words):
    if words:
        as_in_a_browser()
    told = run(json.loads(Path(path).read_text("utf-8")))
    Path(f"{path}.told").write_text(json.dumps({"platform": sys.platform, "cells": told}), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
