"""The time to run a notebook of 20 recorded questions again, beyond the same notebook with empty cells.

    python benchmarks/replay.py [ROUNDS]

The notebook is recorded once, from the demo service. Then `jupyter execute` runs it in a new process without a
key, in which each attempt to connect or to resolve a host name is refused and counted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory

import nbformat

from gemini_magics.testing import Demo

ROUNDS = 5
BAR_S = 3.0
QUESTIONS = 20
SETUP = [
    "%load_ext gemini_magics\n%gemini_record answers.jsonl",
    "from matplotlib.figure import Figure\n\n\ndef draw(n):\n    figure = Figure()\n"
    "    figure.subplots().plot([n, 3, 2 * n])\n    return figure",
]

# An audit hook cannot be removed (https://peps.python.org/pep-0578/). It does not see the kernel's own sockets,
# which belong to ZeroMQ.
NO_NETWORK = """
import os, sys

def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        with open(os.environ["ATTEMPTS"], "a") as attempts:
            attempts.write(f"{event} {args}\\n")
        raise OSError("the network is no_network off")

sys.addaudithook(refuse)
"""


def notebook(empty: bool = False) -> nbformat.NotebookNode:
    """Return the notebook; every fourth question has a figure."""
    questions = [
        f"figure = draw({n})\nget_ipython().run_cell_magic('gemini', 'figure', 'What is odd in figure {n}?')"
        if n % 4 == 0
        else f"%%gemini\nWhat is `{n} * {n}`, and how did people find it before there were computers?"
        for n in range(QUESTIONS)
    ]
    cells = ["" if empty else source for source in (*SETUP, *questions)]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])


def execute(path: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Run a notebook in place; return its seconds and its processor seconds."""
    began, before = time.monotonic(), getrusage(RUSAGE_CHILDREN)
    words = [sys.executable, "-m", "jupyter", "execute", "--inplace", path.name]
    done = subprocess.run(words, cwd=path.parent, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    spent = getrusage(RUSAGE_CHILDREN)
    cpu_s = spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu_s


def main(rounds: int) -> None:
    """Record the notebook, replay it and print the times."""
    without_keys = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("_API_KEY") and not name.startswith("GEMINI_MAGICS_")
    }
    with TemporaryDirectory() as folder:
        empty, full = Path(folder, "empty.ipynb"), Path(folder, "full.ipynb")
        nbformat.write(notebook(empty=True), empty)
        nbformat.write(notebook(), full)

        with Demo(words_per_s=0) as demo:
            service = {"GEMINI_MAGICS_SERVICE": "demo", "GEMINI_MAGICS_BASE_URL": demo.base_url}
            execute(full, without_keys | service)
            requests = len(demo.requests)

        no_network = Path(folder, "no_network")
        no_network.mkdir()
        (no_network / "sitecustomize.py").write_text(NO_NETWORK)
        attempts = Path(folder, "attempts")
        path = os.pathsep.join([str(no_network), *filter(None, [os.environ.get("PYTHONPATH")])])
        offline = without_keys | {"PYTHONPATH": path, "ATTEMPTS": str(attempts)}
        times = [(*execute(empty, offline), *execute(full, offline)) for _ in range(rounds)]
        shown = sum("recorded 20" in str(cell.get("outputs")) for cell in nbformat.read(full, 4).cells)
        tried = len(attempts.read_text().splitlines()) if attempts.exists() else 0

    empty_s, empty_cpu_s, full_s, full_cpu_s = map(statistics.median, zip(*times, strict=True))
    more_s, more_cpu_s = full_s - empty_s, full_cpu_s - empty_cpu_s
    met = "met" if more_s < BAR_S and shown == requests == QUESTIONS and not tried else "MISSED"
    print(f"{QUESTIONS} questions, {shown} replayed, {tried} connections tried; median of {rounds} runs")
    print(f"  empty cells         {empty_s:6.2f} s   {empty_cpu_s:6.2f} s of the processor")
    print(f"  replayed questions  {full_s:6.2f} s   {full_cpu_s:6.2f} s")
    print(f"  difference          {more_s:6.2f} s   {more_cpu_s:6.2f} s   bar {BAR_S:g} s: {met}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
