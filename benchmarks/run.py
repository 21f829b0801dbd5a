"""The costs of an answer beside an httpx loop and an openai loop, as ratios of one run.

    python benchmarks/run.py            everything, about eight minutes
    python benchmarks/run.py start      one part: start, idle, thoughts, ... (--help names them)

The last four parts are programs of their own; `page` and `panel` need Chromium and the extra `browser`.

The service is a scripted one on this machine. Each figure is a median unless it says otherwise. Absolute times
depend on the machine, the ratios hardly.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from kernels import Kernel, Run
from loops import Way, ways

from gemini_magics.core.answer import fold
from gemini_magics.render.answer import Answer
from gemini_magics.service.response import Reader
from gemini_magics.testing import Act, Demo, Head, Request, chunk, envelope, stream

WORDS = [
    "The",
    "curve",
    "peaks",
    "near",
    "eight",
    "seconds,",
    "and",
    "then",
    "it",
    "falls",
    "back",
    "to",
    "its",
    "envelope.",
]
PARAGRAPH_TOKENS = 60


def pieces(tokens: int) -> list[str]:
    """Return Markdown of about this many tokens, one token per piece: paragraphs and some lists."""
    made = []
    for place in range(tokens):
        if place and place % PARAGRAPH_TOKENS == 0:
            made.append("\n\n- " if place % (4 * PARAGRAPH_TOKENS) == 0 else "\n\n")
        made.append(WORDS[place % len(WORDS)] + " ")
    return made


def environment(demo: Demo) -> dict[str, str]:
    """Return the environment that sends the questions of a kernel to the scripted service."""
    return {"GEMINI_MAGICS_SERVICE": "demo", "GEMINI_MAGICS_BASE_URL": demo.base_url}


def report(title: str, rows: dict[str, float], bar: float | None, write: Callable[[float], str]) -> None:
    """Print a figure of each way, the ratio of ours to the httpx loop, and the bar."""
    ours, by_hand, *_ = rows.values()
    met = "" if bar is None else f"   bar {bar:g}: {'met' if ours / by_hand <= bar else 'MISSED'}"
    figures = "   ".join(f"{name} {write(value)}" for name, value in rows.items())
    print(f"{title:<42} {ours / by_hand:6.2f} x   {figures}{met}")


def verdict(title: str, value: float, bar: float, write: Callable[[float], str], least: bool = False) -> None:
    """Print one figure of this project beside its bar."""
    met = value >= bar if least else value <= bar
    print(f"{title:<42} {write(value):>9}   bar {write(bar)}: {'met' if met else 'MISSED'}")


def ms(seconds: float) -> str:
    """Format seconds as milliseconds."""
    return f"{seconds * 1000:.1f} ms"


def kilobytes(size: float) -> str:
    """Format bytes as kB."""
    return f"{size / 1000:,.0f} kB"


def ask(kernel: Kernel, way: Way) -> Run:
    """Ask once; the cell has an id if the way has a live view."""
    return kernel.run(way.question, cell="a-cell" if way.view else "")


def start(rounds: int = 5) -> None:
    """Measure loading, the first request beyond a bare kernel, a later request, and the first word."""
    first: dict[str, list[float]] = {}
    loads: dict[str, list[float]] = {}
    warm: dict[str, list[float]] = {}
    word: dict[str, list[float]] = {}
    said_at = []

    def late(request: Request):
        yield Head()
        yield 0.05
        said_at.append(time.monotonic())
        yield chunk(content="Fine. ")
        yield 0.4
        yield from stream("Really.")[1:]

    with Demo(late) as demo:
        for _ in range(rounds):
            for way in ways(demo.base_url):
                with Kernel(**environment(demo)) as kernel:
                    bare = min(kernel.run("pass").seconds for _ in range(3))
                    load = kernel.run(way.load).seconds - bare
                    run = ask(kernel, way)
                    loads.setdefault(way.name, []).append(load)
                    first.setdefault(way.name, []).append(load + demo.requests[-1].asked_at - run.began_at)
                    for _ in range(4):
                        run = ask(kernel, way)
                        warm.setdefault(way.name, []).append(demo.requests[-1].asked_at - run.began_at)
                        seen = next(at for at, _, size in run.shown if at > said_at[-1])
                        word.setdefault(way.name, []).append(seen - said_at[-1])
    middle = statistics.median
    by_hand = middle(first["httpx loop"])
    report("load + first request, over a bare kernel", {n: middle(v) for n, v in first.items()}, 1.5, ms)
    ours = middle(loads["gemini_magics"])
    verdict("%load_ext, over the httpx loop's first request", ours / by_hand, 0.4, lambda x: f"{x:.2f} x")
    print(f"{'%load_ext':<42} {ms(ours):>9}")
    report("warm: question to request", {n: middle(v) for n, v in warm.items()}, 1.7, ms)
    report("first byte to first word sent", {n: middle(v) for n, v in word.items()}, 2.0, ms)


def idle(rounds: int = 5) -> None:
    """Measure the first request of a kernel that was idle for a second, and what cells waited meanwhile."""
    first, warm = [], []
    waits: dict[str, list[float]] = {}
    with Demo([stream("Fine.")]) as demo:
        way = ways(demo.base_url)[0]
        for _ in range(rounds):
            for load in (way.load, "pass"):
                with Kernel(**environment(demo)) as kernel:
                    bare = statistics.median(kernel.run("pass").seconds for _ in range(9))
                    kernel.run(load)
                    for pause_s in range(20):
                        time.sleep(0.1 + pause_s % 5 / 100)  # cells that come in the middle of it
                        waits.setdefault(load, []).append(kernel.run("pass").seconds - bare)
            with Kernel(**environment(demo)) as kernel:
                kernel.run(way.load)
                time.sleep(1.0)
                run = ask(kernel, way)
                first.append(demo.requests[-1].asked_at - run.began_at)
                for _ in range(4):
                    run = ask(kernel, way)
                    warm.append(demo.requests[-1].asked_at - run.began_at)
    middle = statistics.median
    verdict(
        "after a second: first request, over a warm one", middle(first) / middle(warm), 1.5, "{:.2f} x".format
    )
    verdict("a cell in between, the slowest of all", max(waits[way.load]), 0.02, ms)
    print(f"{'the same in a kernel without the extension':<42} {ms(max(waits['pass'])):>9}")


def answered(tokens: int, pause_s: float = 0.0, places: Iterable[int] = range(3)) -> dict[str, Run]:
    """Ask for this many tokens in each way, or in some of them, in a kernel that has asked once before."""
    runs = {}
    for place in places:
        with Demo([stream("Warm."), stream(*pieces(tokens), pause_s=pause_s)]) as demo:
            way = ways(demo.base_url)[place]
            with Kernel(**environment(demo)) as kernel:
                kernel.run(way.load)
                ask(kernel, way)
                runs[way.name] = ask(kernel, way)
    return runs


def streams() -> None:
    """Measure bytes, messages and processor time of answers at 200 tokens a second."""
    sizes = {tokens: answered(tokens, pause_s=1 / 200) for tokens in (500, 1000, 2000, 4000)}
    for tokens, rows in sizes.items():
        bar = 0.4 if tokens == 2000 else None
        report(f"{tokens} tokens: bytes", {n: run.sent_bytes for n, run in rows.items()}, bar, kilobytes)
        report(f"{tokens} tokens: messages", {n: run.messages for n, run in rows.items()}, None, str)
        bar = 1.2 if tokens == 2000 else None
        report(
            f"{tokens} tokens: kernel CPU", {n: run.cpu_s for n, run in rows.items()}, bar, "{:.2f} s".format
        )
    kept = sizes[2000]["gemini_magics"].kept
    saved = len(json.dumps(kept, ensure_ascii=False).encode()) / len("".join(pieces(2000)))
    verdict("2000 tokens: saved, over the answer", saved, 3.0, "{:.2f} x".format)
    if sorted(kept) != ["text/html", "text/plain"]:
        raise RuntimeError("a widget was left in the output")
    ours = [sizes[tokens]["gemini_magics"].sent_bytes for tokens in (500, 2000)]
    verdict("bytes, exponent from 500 to 2000 tokens", math.log(ours[1] / ours[0], 4), 1.1, "{:.2f}".format)


def burst(rounds: int = 5) -> None:
    """Measure 16,000 tokens without pauses; the slow openai loop runs once only."""
    rows = answered(16_000)
    seconds = {name: [run.seconds] for name, run in rows.items()}
    for _ in range(rounds - 1):
        for name, run in answered(16_000, places=(0, 1)).items():
            seconds[name].append(run.seconds)
    middle = {name: statistics.median(each) for name, each in seconds.items()}
    report("16,000 tokens at once", middle, 1.5, "{:.2f} s".format)
    report("16,000 tokens at once: bytes", {n: run.sent_bytes for n, run in rows.items()}, None, kilobytes)
    verdict("16,000 tokens at once: bytes", rows["gemini_magics"].sent_bytes / 1e6, 0.6, "{:.2f} MB".format)
    verdict("16,000 tokens at once: messages", rows["gemini_magics"].messages, 1000, "{:.0f}".format)
    whole, _, _ = rows["gemini_magics"].kept["text/plain"].rpartition("\n\n")  # cuts the footer off
    lost = len("".join(pieces(16_000)).split()) - len(whole.split())
    verdict("16,000 tokens at once: words lost", lost, 0, "{:.0f}".format)


def events(count: int = 100_000) -> None:
    """Measure the events per second from bytes, in pieces of a socket's size, to the answer."""
    data = b"".join(step for step in stream(*(["word "] * count)) if isinstance(step, bytes))
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        reader, answer = Reader(), Answer()
        for place in range(0, len(data), 16_384):
            for event in reader.feed(data[place : place + 16_384]):
                fold(answer, event)
        reader.close()
        best = max(best, count / (time.process_time() - began))
    if len(answer.text) != 5 * count:
        raise RuntimeError("the answer is not complete")
    verdict("events a second into the Answer (CPU)", best, 20_000, "{:,.0f}".format, least=True)


def stop() -> None:
    """Measure the time from Ctrl-C to idle, and the traceback that a wrong key leaves in the notebook."""
    with Demo([[Head(), chunk(content="A beginning. "), Act.HANG]]) as demo:
        waits: dict[str, float] = {}
        for way in ways(demo.base_url):
            with Kernel(**environment(demo)) as kernel:
                kernel.run(way.load)
                cell = "a-cell" if way.view else ""
                waits[way.name] = kernel.run(
                    way.question, cell=cell, interrupt_after_s=2.0, check=False
                ).seconds
        report("Ctrl-C to idle", waits, None, ms)
        verdict("Ctrl-C to idle", waits["gemini_magics"], 0.3, ms)
    with Demo([envelope(401, "The key is wrong")]) as demo, Kernel(**environment(demo)) as kernel:
        kernel.run("%load_ext gemini_magics")
        error = kernel.run("%%gemini\nHow?", cell="a-cell", check=False).error
        if not error:
            raise RuntimeError("a wrong key did not fail the cell")
        verdict("wrong key: saved traceback", len(json.dumps(error)), 600, "{:.0f} B".format)


def thoughts() -> None:
    """Measure the time from the first thought to its message to the page, long before the answer."""
    came_at = []

    def thinks(request: Request):
        yield Head()
        yield 0.2
        came_at.append(time.monotonic())
        yield chunk(reasoning_content="Looking at the plot. ")
        yield 1.0
        yield from stream("Fine.")[1:]

    with Demo(thinks) as demo, Kernel(**environment(demo)) as kernel:
        way = ways(demo.base_url)[0]
        kernel.run(way.load)
        ask(kernel, way)
        run = ask(kernel, way)
        shown = next(at for at, _, _ in run.shown if at > came_at[-1])
    verdict("a thought is shown while they come, after", shown - came_at[-1], 0.1, ms)


def program(name: str) -> Callable[[], object]:
    """Return a function that runs another benchmark of this folder."""
    command = [sys.executable, str(Path(__file__).with_name(f"{name}.py"))]
    return lambda: subprocess.run(command, check=True)


PARTS = {
    "start": start,
    "idle": idle,
    "thoughts": thoughts,
    "stream": streams,
    "burst": burst,
    "events": events,
    "stop": stop,
}
PARTS |= {name: program(name) for name in ("replay", "recording", "page", "panel")}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], help="which parts to run; all of them by default"
    )
    for name in parser.parse_args().parts or PARTS:
        print(f"{name}:", flush=True)
        PARTS[name]()
