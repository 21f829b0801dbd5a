"""Where the rows of a batch run: threads of this session, or an executor that the person brings.

Dask and ipyparallel hand out executors as `concurrent.futures` has them, so all go by one seam.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ..content.class_names import is_a
from ..core.browser import check_threads
from ..core.cancel import Cancel
from ..core.errors import BadRequest
from ..core.settings import Settings
from ..core.tool import Tool
from .workers import Outcome, Row, ask_some

TAKEN = "a Dask Client, an ipyparallel Client or a concurrent.futures.Executor"
Tasks = Mapping[str, int]


@dataclass(frozen=True)
class Pool:
    """Workers for a batch.

    Attributes:
        slots: how many tasks run at once.
        here: True where the tasks run in threads of this session, which a `Cancel` reaches.
        starts: says how often each task began, where the engine may begin one again by itself.
        owned: True where the batch made the executor, and ends it.
    """

    executor: Executor
    slots: int
    here: bool = False
    owned: bool = False
    topic: str = ""
    starts: Callable[[], Tasks] = dict

    def submit(
        self,
        task: str,
        rows: Sequence[Row],
        settings: Settings,
        schema: Any,
        cancel: Cancel,
        tools: Sequence[Tool],
    ) -> Future[list[Outcome]]:
        """Send rows to a worker as one task. Functions stay here: the driver calls them."""
        if self.here:
            return self.executor.submit(ask_some, rows, settings, schema, cancel, tools)
        # A `Cancel` holds a lock, which no pickle takes; functions stay, for they use this session's names.
        described = [each.described for each in tools]
        if self.topic:
            return self.executor.submit(ask_on_dask, self.topic, task, rows, settings, schema, described)
        return self.executor.submit(ask_some, rows, settings, schema, None, described)

    def close(self) -> None:
        """End threads that the batch began, without waiting for them."""
        if self.owned:
            self.executor.shutdown(wait=False, cancel_futures=True)


def pool_of(executor: object, most: int) -> Pool:
    """Return the workers that an argument `executor` names; None means threads of this session.

    Args:
        most: the most questions under way at once.

    Raises:
        BadRequest: it is not an executor, or has no workers.
    """
    check_threads("A batch", "ask its rows one after the other with ask()")
    if executor is None:
        return Pool(ThreadPoolExecutor(most, "gemini_magics row"), most, here=True, owned=True)
    if is_a(executor, "distributed.Client"):
        return _dask(executor)
    if is_a(executor, "ipyparallel.Client"):
        return _ipyparallel(executor)
    if isinstance(executor, ThreadPoolExecutor):
        return Pool(executor, executor._max_workers, here=True)
    if isinstance(executor, Executor):
        # The interface names no number of workers:
        # https://docs.python.org/3/library/concurrent.futures.html#executor-objects
        told = (getattr(executor, name, None) for name in ("num_workers", "_max_workers"))
        slots = next((each for each in told if isinstance(each, int) and each > 0), os.cpu_count() or 1)
        return Pool(executor, slots)
    raise BadRequest(f"executor takes {TAKEN}, not {type(executor).__name__}.")


def _dask(client: Any) -> Pool:
    slots = sum(client.nthreads().values())
    if not slots:
        raise BadRequest("The Dask cluster has no workers: add some with cluster.scale(2), then ask again.")
    # The scheduler keeps the events of all clients, each under a topic:
    # https://distributed.dask.org/en/stable/logging.html
    topic = f"gemini_magics-{uuid4().hex}"

    def starts() -> Tasks:
        return Counter(str(said) for _, said in client.get_events(topic))

    # By default Dask takes a call with equal arguments for done, and returns its old result:
    # https://distributed.dask.org/en/stable/client.html#pure-functions-by-default
    return Pool(client.get_executor(pure=False), slots, topic=topic, starts=starts)


def ask_on_dask(
    topic: str,
    task: str,
    rows: Sequence[Row],
    settings: Settings,
    schema: Any,
    tools: Sequence[Tool],
) -> list[Outcome]:
    """Do as `ask_some`, and tell the scheduler first: Dask runs the tasks of a lost worker again in silence."""
    from distributed import get_worker

    get_worker().log_event(topic, task)
    return ask_some(rows, settings, schema, None, tools)


def _ipyparallel(client: Any) -> Pool:
    if not client.ids:
        raise BadRequest("The ipyparallel cluster has no engines: start some, then ask again.")
    return Pool(client.load_balanced_view().executor, len(client.ids))
