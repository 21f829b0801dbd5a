"""Many rows beside the loops that people write, as ratios of one run.

    python benchmarks/rows.py            everything, about five minutes
    python benchmarks/rows.py short      one part: wide, short, limited, figures

The service is a process of its own on this machine, and so is each way to ask it. The ratios need a machine
with nothing else to do: each row is some milliseconds of work, and two cores do it for both sides.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOOPS = ("openai_loop", "httpx_loop", "chatlas_parallel")


class Service:
    """The service, with its counts."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.address: str = self._line().strip()

    def counts(self) -> dict[str, int]:
        """Return how many questions came and were refused since the last time."""
        if self._process.stdin:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        counted: dict[str, int] = json.loads(self._line())
        return counted

    def _line(self) -> str:
        return self._process.stdout.readline() if self._process.stdout else ""


@contextmanager
def service(*terms: float) -> Iterator[Service]:
    """Start the service; end it afterwards."""
    command = [sys.executable, str(HERE / "rows_service.py"), *map(str, terms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Service(process)
        if process.stdin:
            process.stdin.close()


def ask(name: str, address: str, rows: int, concurrency: int) -> dict[str, Any]:
    """Ask in one way, in a process of its own."""
    command = [sys.executable, str(HERE / "rows_ways.py"), name, address, str(rows), str(concurrency)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def verdict(title: str, value: float, bar: float | None, form: str = "{:.2f} x") -> None:
    """Print a figure, beside its bar where it has one."""
    met = "" if bar is None else f"   bar {form.format(bar)}: {'met' if value <= bar else 'MISSED'}"
    print(f"{title:<52} {form.format(value):>10}{met}", flush=True)


def rows_at(rows: int, seconds: float, concurrency: int, bars: dict[str, float], ways: Sequence[str]) -> None:
    """Measure each way over the ideal time: rows x seconds / concurrency."""
    ideal = rows * seconds / concurrency
    with service(seconds) as served:
        for name in ways:
            served.counts()
            found = ask(name, served.address, rows, concurrency)
            verdict(f"{rows:,} rows of {seconds} s, {name}: time", found["seconds"] / ideal, bars.get(name))
            if name not in ("dask", "ipyparallel"):
                verdict("    CPU for each row", found["cpu_s"] / rows * 1000, None, "{:.2f} ms")


def wide() -> None:
    """Measure 1,000 rows of 0.5 s at 50 in flight."""
    rows_at(1000, 0.5, 50, {"gemini_magics": 1.15}, ("gemini_magics", *LOOPS))


def short() -> None:
    """Measure 200 rows of 0.2 s at 50 in flight, on threads and on two single-slot workers."""
    bars = {"gemini_magics": 1.2, "dask": 2.5, "ipyparallel": 2.5}
    rows_at(200, 0.2, 50, bars, ("gemini_magics", "dask", "ipyparallel", *LOOPS))


def limited() -> None:
    """Measure 60 rows at a service that takes 20 in 10 s, and what it refused."""
    ideal = 20.2
    with service(0.2, 20, 10.0) as served:
        for name in ("gemini_magics", "dask", "ipyparallel"):
            served.counts()
            found = ask(name, served.address, 60, 0)
            verdict(f"60 rows at 20 in 10 s, {name}: time", found["seconds"] / ideal, 1.1)
            verdict("    refused", served.counts()["refused"], 0, "{:.0f}")


def figures(rows: int = 1000) -> None:
    """Measure the memory of 1,000 figures of a megapixel above that of one."""
    with service(0.05) as served:
        one, many = (ask("figures", served.address, number, 8) for number in (1, rows))
    above = (many["peak_bytes"] - one["peak_bytes"]) / 1e6
    verdict(f"{rows:,} figures of a megapixel: memory above one", above, 150, "{:.0f} MB")


PARTS = {"wide": wide, "short": short, "limited": limited, "figures": figures}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all of them by default")
    for part in parser.parse_args().parts or PARTS:
        print(f"{part}:", flush=True)
        PARTS[part]()
