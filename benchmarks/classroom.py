"""Many students at once on one machine: sessions that replay a recording, each in a kernel of its own.

    python benchmarks/classroom.py [SESSIONS] [AT_ONCE] [PAUSE_S]

200 sessions come in waves: 20 kernels start, and run the cells of a recorded notebook at the same time, with
pauses of 3 s on the average, in which a student reads. With a pause of 0, all run all their cells at once. The
wait of a student for a cell is counted from the request to idle; the start of a kernel is not.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from kernels import Kernel

SESSIONS, AT_ONCE, PAUSE_S = 200, 20, 3
BAR_S = 2.0
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
FOLDER = "import os; os.chdir({!r})"


def cells() -> list[str]:
    """Return the first cells of the tutorial about recordings: they load, choose the recording, and ask."""
    notebook = nbformat.read(NOTEBOOKS / "07_record_and_replay.ipynb", 4)
    load, replay, question = [cell.source for cell in notebook.cells if cell.cell_type == "code"][:3]
    return [load, replay, *[question] * 5]


def start(folder: str) -> Kernel:
    """Start the kernel of a student, again where another one took its port before it."""
    try:
        kernel = Kernel()
    except RuntimeError:
        return start(folder)
    kernel.run(FOLDER.format(folder))
    return kernel


def run(kernel: Kernel, sources: list[str], pauses_s: list[float]) -> list[float]:
    """Run the cells of a student, each after a pause, and end the kernel; return the seconds of each cell."""
    runs = []
    with kernel:
        for place, (source, pause_s) in enumerate(zip(sources, pauses_s, strict=True)):
            time.sleep(pause_s)
            runs.append(kernel.run(source, cell=f"cell-{place}"))
    if "recorded" not in runs[-1].kept["text/plain"]:
        raise RuntimeError("the answer did not come from the recording")
    return [run.seconds for run in runs]


def main(sessions: int, at_once: int, pause_s: int) -> None:
    """Run the sessions wave by wave and print what a student waits."""
    sources, waits, started_s = cells(), [], []
    load, began, chance = os.getloadavg()[0], time.monotonic(), random.Random(17)
    with TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        (Path(folder) / "files").mkdir()
        shutil.copy(NOTEBOOKS / "files" / "recorded.jsonl", Path(folder) / "files")
        for first in range(0, sessions, at_once):
            count, wave_began = min(at_once, sessions - first), time.monotonic()
            kernels = list(pool.map(start, [folder] * count))
            started_s.append(time.monotonic() - wave_began)
            pauses_s = [[chance.uniform(0, 2 * pause_s) for _ in sources] for _ in kernels]
            wave = [each for seconds in pool.map(run, kernels, [sources] * count, pauses_s) for each in seconds]
            waits += wave
            so_far = statistics.quantiles(waits, n=20)[-1]
            print(
                f"  {first + count:3d} sessions, p95 so far {so_far:6.2f} s, longest {max(wave):6.2f} s",
                flush=True,
            )
    p95_s = statistics.quantiles(waits, n=20)[-1]
    met = "met" if p95_s < BAR_S else "MISSED"
    print(
        f"{sessions} sessions, {at_once} at once, {len(waits)} cells, {time.monotonic() - began:.0f} s in all"
    )
    print(f"  starting the kernels of a wave   {statistics.median(started_s):6.2f} s")
    print(f"  a cell, median                   {statistics.median(waits):6.2f} s")
    print(f"  a cell, p95                      {p95_s:6.2f} s   bar {BAR_S:g} s: {met}")
    print(f"  {os.cpu_count()} cores, whose load was {load:.1f} before")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:4]]
    main(*given, *(SESSIONS, AT_ONCE, PAUSE_S)[len(given) :])
