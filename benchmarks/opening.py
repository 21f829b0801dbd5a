"""The time to open a notebook of 300 cells, with the extension of JupyterLab and without it.

    python benchmarks/opening.py

Every third cell is a question. Both are opened by turns, nine times each, and the medians are printed side by
side. The bar: with the extension at most 1.1 times as long. Needs Chromium and the extra `browser`.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from run import verdict
from stage import Stage, stage  # puts the tests' harness on the path

from lab import READY, Server, notebook, with_cells  # isort: skip

CELLS, TIMES, MOST = 300, 9, 1.1
SOURCES = [
    ("x = [n for n in range(100)]", "for n in x: print(n)", f"%%gemini x\n{'What **is** odd? ' * 20}")[at % 3]
    for at in range(CELLS)
]


def opened(on: Stage, server: Server, name: str) -> float:
    """Return the seconds from the request of the page to a notebook that is ready."""
    with notebook(on.session, server, "lab", with_cells(*SOURCES), name=name, kernel=False) as book:
        began = time.monotonic()
        book.page.reload()
        book.page.wait_for_function(READY)
        return time.monotonic() - began


def main() -> None:
    """Print both medians and their ratio."""
    took: dict[str, list[float]] = {"with it": [], "without it": []}
    with stage() as on, ExitStack() as servers:
        folder = servers.enter_context(TemporaryDirectory())
        off = Path(folder) / "off"
        without = servers.enter_context(Server(off, on.service.environment, disabled=["gemini_magics"]))
        for number in range(TIMES + 1):  # the first one fills caches
            for what, server in (("with it", on.server), ("without it", without)):
                took[what].append(opened(on, server, f"opening-{number}"))
    medians = {what: statistics.median(times[1:]) for what, times in took.items()}
    for what, median in medians.items():
        print(f"{CELLS} cells, {what:>10}: {1000 * median:,.0f} ms")
    verdict("opening, times", medians["with it"] / medians["without it"], MOST, "{:.2f}".format)


if __name__ == "__main__":
    main()
