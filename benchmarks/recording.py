"""The time and memory to open a recording of 100,000 answers, and the time of one more answer.

    python benchmarks/recording.py [LINES]

Each figure is taken in a process of its own; the ratio compares one more answer with the same in a new file.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

LINES = 100_000
BAR_OPEN_S = 2.0
BAR_MEMORY_MB = 150.0
BAR_RATIO = 2.0

WRITE = """
import sys
from dataclasses import replace
from pathlib import Path
from gemini_magics.core.messages import Usage
from gemini_magics.recording.record import Asked, Record

def record(number):
    return Record(
        day="2026-11-22", cell="4f1c2233",
        asked=Asked((f"Sort row {number}.",), {"effort": "low", "model": "m"}),
        service="kie", model="m", text="A word of an answer. " * 8, usage=Usage(credits=0.2), ended="stop",
        first_text_s=1.2, total_s=3.4,
    )
"""
FILL = """
with Path(sys.argv[1]).open("wb") as file:
    for number in range(int(sys.argv[2])):
        file.write(record(number).as_line())
"""
OPEN = """
import os, statistics, time
from resource import RUSAGE_SELF, getrusage
from gemini_magics.recording.file import Recording

before_kb = getrusage(RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
recording = Recording(Path(sys.argv[1]))
recording.load()
opened_s = time.perf_counter() - began
memory_kb = getrusage(RUSAGE_SELF).ru_maxrss - before_kb
took = []
for number in range(51):
    began = time.perf_counter()
    assert recording.exact(record(-number).asked) is None or number == 0
    recording.add(record(-number))
    took.append(time.perf_counter() - began)
print(opened_s, memory_kb / 1000, statistics.median(took[1:]))
"""


def measure(path: Path) -> tuple[float, float, float]:
    """Return the seconds to open a recording, the MB that this took, and the seconds for one more answer."""
    done = subprocess.run(
        [sys.executable, "-c", WRITE + OPEN, path], capture_output=True, text=True, check=True
    )
    opened_s, memory_mb, add_s = map(float, done.stdout.split())
    return opened_s, memory_mb, add_s


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    with TemporaryDirectory() as folder:
        long, new = Path(folder, "long.jsonl"), Path(folder, "new.jsonl")
        subprocess.run([sys.executable, "-c", WRITE + FILL, long, str(lines)], check=True)
        opened_s, memory_mb, add_s = measure(long)
        _, _, add_new_s = measure(new)
    for title, value, unit, bar in (
        (f"{lines:,} answers, opened", opened_s, "s", BAR_OPEN_S),
        ("memory for them", memory_mb, "MB", BAR_MEMORY_MB),
        ("one more answer, over the same in a new file", add_s / add_new_s, "x", BAR_RATIO),
    ):
        met = "met" if value <= bar else "MISSED"
        print(f"{title:<46} {value:8.2f} {unit:<3} bar {bar:g} {unit}: {met}")
    print(f"{'one more answer':<46} {add_s * 1000:8.2f} ms")


if __name__ == "__main__":
    main()
