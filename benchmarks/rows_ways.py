"""One way to ask many rows, in a process of its own: prints its seconds, its CPU time and its memory as JSON.

python benchmarks/rows_ways.py WAY ADDRESS ROWS CONCURRENCY
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

PROMPT = "What is {}?"
Ask = Callable[[int], object]


@contextmanager
def gemini_magics(address: str, concurrency: int, executor: object = None) -> Iterator[Ask]:
    """Ask with `batch`, which keeps no file here; the others keep none either."""
    import gemini_magics

    settings: dict[str, Any] = {"service": "demo", "base_url": f"{address}/v1", "record": False}
    if not concurrency:  # the service whose limit is known: 20 starts in 10 s
        settings |= {"service": "kie"}
    settings |= {"concurrency": concurrency or None, "executor": executor, "confirm": False}

    def ask(rows: int) -> None:
        out = gemini_magics.batch([{"x": x} for x in range(rows)], "What is $`x`?", **settings)
        if any(row["error"] or str(row["answer"]) != "Fine." for row in out):
            raise RuntimeError(f"a row failed: {next(row['error'] for row in out if row['error'])}")

    yield ask


@contextmanager
def dask(address: str, concurrency: int) -> Iterator[Ask]:
    """Ask on Dask: two workers, each with one slot."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
        gemini_magics(address, concurrency, client) as ask,
    ):
        yield ask


@contextmanager
def ipyparallel(address: str, concurrency: int) -> Iterator[Ask]:
    """Ask on ipyparallel: two engines."""
    import ipyparallel as parallel

    with parallel.Cluster(n=2, log_level=40) as client, gemini_magics(address, concurrency, client) as ask:
        yield ask


@contextmanager
def openai_loop(address: str, concurrency: int) -> Iterator[Ask]:
    """Ask with the openai SDK in a pool of threads, as people write it."""
    from openai import OpenAI

    client = OpenAI(base_url=f"{address}/v1", api_key="none")

    def one(x: int) -> str | None:
        messages: Any = [{"role": "user", "content": PROMPT.format(x)}]
        return client.chat.completions.create(model="gemini", messages=messages).choices[0].message.content

    def ask(rows: int) -> None:
        with ThreadPoolExecutor(concurrency) as pool:
            list(pool.map(one, range(rows)))

    yield ask


@contextmanager
def httpx_loop(address: str, concurrency: int) -> Iterator[Ask]:
    """Ask with asyncio and httpx, as people write it."""
    import httpx

    async def asked(rows: int) -> None:
        room = asyncio.Semaphore(concurrency)
        limits = httpx.Limits(max_connections=concurrency)
        async with httpx.AsyncClient(timeout=300, limits=limits) as client:

            async def one(x: int) -> str:
                body = {"model": "gemini", "messages": [{"role": "user", "content": PROMPT.format(x)}]}
                async with room:
                    response = await client.post(f"{address}/v1/chat/completions", json=body)
                response.raise_for_status()
                return str(response.json()["choices"][0]["message"]["content"])

            await asyncio.gather(*map(one, range(rows)))

    yield lambda rows: asyncio.run(asked(rows))


@contextmanager
def chatlas_parallel(address: str, concurrency: int) -> Iterator[Ask]:
    """Ask with chatlas's parallel_chat."""
    import chatlas

    chat = chatlas.ChatOpenAICompletions(base_url=f"{address}/v1", api_key="none", model="gemini")

    loop = asyncio.Runner()  # its client keeps to the loop that it was first used in

    def ask(rows: int) -> None:
        prompts: Any = [PROMPT.format(x) for x in range(rows)]
        done = loop.run(chatlas.parallel_chat(chat, prompts, max_active=concurrency, rpm=10**6))
        if any(isinstance(each, Exception) or each is None for each in done):
            raise RuntimeError(f"a row failed: {done[0]}")

    with loop:
        yield ask


@contextmanager
def figures(address: str, concurrency: int) -> Iterator[Ask]:
    """Ask about figures of one megapixel, each drawn and encoded when its turn comes."""
    import numpy as np
    from matplotlib.figure import Figure

    import gemini_magics

    noise = np.random.default_rng(13)

    def figure(row: Any) -> Figure:
        drawn = Figure(figsize=(1000 / 144, 1000 / 144))
        drawn.subplots().imshow(noise.random((60, 60)))
        return drawn

    def ask(rows: int) -> None:
        gemini_magics.batch(
            list(range(rows)), "What?", attach=figure, record=False, service="demo",
            base_url=f"{address}/v1", concurrency=concurrency,
        )  # fmt: skip

    yield ask


WAYS = {
    way.__name__: way
    for way in (gemini_magics, dask, ipyparallel, openai_loop, httpx_loop, chatlas_parallel, figures)
}

if __name__ == "__main__":
    name, address, rows, concurrency = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with WAYS[name](address, concurrency) as ask:
        if name != "figures":
            ask(2 * concurrency or 4)  # what is loaded once
        if not concurrency:
            time.sleep(12)  # until the window of the service is empty again
        began, cpu = time.monotonic(), time.process_time()
        ask(rows)
        seconds, cpu_s = time.monotonic() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "cpu_s": cpu_s, "peak_bytes": peak}))
