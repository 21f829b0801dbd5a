"""Batches with real processes: workers on clusters, workers that are killed, a driver that is killed."""

import multiprocessing
import os
import random
import resource
import signal
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from gemini_magics import BadRequest, Cancel, batch
from gemini_magics.chat import pace
from gemini_magics.chat.progress import NoView
from gemini_magics.recording.file import Recording
from gemini_magics.testing import Act, Demo, Head, chunk, stream

pytestmark = pytest.mark.thorough

ROWS = [{"x": number} for number in range(60)]
IN_FLIGHT = 20
ANY_PORT = "127.0.0.1:0"  # None would be Dask's own, 8787, which another cluster of this machine may have
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["gemini_magics.chat.batch", "gemini_magics.service.client"])


def text_of(request):
    return request.json["messages"][-1]["content"][-1]["text"]


def echo(request):
    return stream(f"Heard: {text_of(request)}")


def ask(demo, rows=ROWS, **how):
    how = {"service": "demo", "base_url": demo.base_url, "record": False, "concurrency": IN_FLIGHT} | how
    return batch(rows, "What is $`x`?", watch=how.pop("watch", NoView), **how)


def heard(out):
    return [str(row["answer"]) for row in out] == [f"Heard: What is {x}?" for x in range(len(out))]


@contextmanager
def dask():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=ANY_PORT) as cluster,
        Client(cluster) as client,
    ):
        yield client, [*client.run(os.getpid).values()]


@contextmanager
def ipyparallel(folder):
    import ipyparallel

    with ipyparallel.Cluster(n=2, profile_dir=str(folder / "profile"), log_level=50) as client:
        yield client, client[:].apply_sync(os.getpid)


@pytest.fixture(params=["dask", "ipyparallel"])
def cluster(request, tmp_path):
    """A client of two real workers, and their process ids."""
    with dask() if request.param == "dask" else ipyparallel(tmp_path) as found:
        yield found


def test_a_killed_worker_costs_no_row_and_what_it_may_have_asked_twice_is_said(cluster):
    client, pids = cluster
    lock, killed, count = threading.Lock(), threading.Event(), 0

    def reply(request):
        nonlocal count
        with lock:
            count += 1
            if count == IN_FLIGHT:  # both workers are busy
                os.kill(pids[0], signal.SIGKILL)
                killed.set()
        killed.wait()
        return echo(request)

    with Demo(reply) as demo:
        out = ask(demo, executor=client)
        asked = Counter(text_of(request) for request in demo.requests)
    assert heard(out)
    twice = {f"What is {place}?" for place, row in enumerate(out) if row.get("note") == "maybe asked twice"}
    assert twice == {text for text, times in asked.items() if times > 1}
    assert len(twice) == IN_FLIGHT // 2
    assert sum(asked.values()) == len(ROWS) + len(twice)


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_an_executor_of_python_takes_rows_too(kind):
    make = ThreadPoolExecutor if kind == "threads" else ProcessPoolExecutor
    with Demo(echo) as demo, make(2, **({} if kind == "threads" else {"mp_context": FORKS})) as executor:
        assert heard(ask(demo, executor=executor))
        assert len(demo.requests) == len(ROWS)


def test_a_pool_that_broke_keeps_what_was_answered():
    def reply(request):
        if text_of(request) == "What is 9?":
            os.kill(next(iter(executor._processes)), signal.SIGKILL)
        return echo(request)

    with Demo(reply) as demo, ProcessPoolExecutor(1, mp_context=FORKS) as executor:
        out = ask(demo, executor=executor, concurrency=1)
        assert len(demo.requests) == 10
    assert [str(row["answer"]) for row in out][:9] == [f"Heard: What is {x}?" for x in range(9)]
    assert "may have been charged" in out[9]["error"]
    assert "Stopped before the last row" in out[10]["error"]


def test_a_stop_says_how_many_paid_questions_still_run_elsewhere():
    def reply(request):
        cancel.cancel()
        return [Head(), chunk(content="Half "), Act.HANG]

    with Cancel() as cancel, Demo(reply) as demo:
        executor = ProcessPoolExecutor(1, mp_context=FORKS)
        view = Stopped()
        out = ask(demo, executor=executor, concurrency=1, cancel=cancel, watch=lambda: view)
        executor.shutdown(wait=False)
    assert view.said == "Stopped after 0 of 60 rows. 1 question may still run on the workers, and must be paid."
    assert all(not row["ended"] for row in out)


class Stopped(NoView):
    """Keeps why a batch ended early."""

    def end(self, progress):
        self.said = progress.stopped


def _ask_into(url, file):
    rows = [{"x": number} for number in range(100)]
    settings = {"service": "demo", "base_url": url, "record": file, "concurrency": 4}
    batch(rows, "What is $`x`?", watch=NoView, **settings)


def test_a_driver_that_is_killed_at_20_moments_asks_again_only_what_was_under_way(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    moments, asked, lock = random.Random(13), Counter(), threading.Lock()
    left, driver = 0, None

    def reply(request):
        nonlocal left
        with lock:
            asked[text_of(request)] += 1
            left -= 1
            if left == 0:
                os.kill(driver.pid, signal.SIGKILL)
        return echo(request)

    kills = 0
    with Demo(reply) as demo:
        while kills < 20:
            with lock:  # a question of the driver before may still arrive: it meets a driver that runs
                driver = FORKS.Process(target=_ask_into, args=(demo.base_url, "kept.jsonl"))
                driver.start()
                left = moments.randint(1, 6)
            driver.join()
            kills += driver.exitcode == -signal.SIGKILL
            if driver.exitcode == 0:
                break
        left = 0
        _ask_into(demo.base_url, "kept.jsonl")
    assert kills == 20
    assert len(asked) == 100
    assert sum(asked.values()) <= 100 + 4 * kills
    contents = Recording(tmp_path / "kept.jsonl").look()
    assert not contents.problems
    assert not contents.cut
    assert len(contents.current) == 100


def _ask_on_a_full_disk(url, file, answers):
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    out = batch(ROWS, "What is $`x`?", service="demo", base_url=url, record=file, watch=NoView)
    answers.put([str(row["answer"]) for row in out])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_full_disk_costs_no_answer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answers = FORKS.SimpleQueue()
    with Demo(echo) as demo:
        asking = FORKS.Process(target=_ask_on_a_full_disk, args=(demo.base_url, "kept.jsonl", answers))
        asking.start()
        got = answers.get()
        asking.join()
    assert got == [f"Heard: What is {x}?" for x in range(60)]
    contents = Recording(tmp_path / "kept.jsonl").look()
    assert 0 < len(contents.current) < 60
    assert not contents.problems


class Outage(NoView):
    """Ends the service after five answers, and begins it again at the third pause."""

    def __init__(self, demo, pauses):
        self.demo, self.pauses, self.back = demo, pauses, None

    def update(self, progress):
        if progress.asked == 5 and not self.demo.closed.is_set():
            self.demo.close()
        if len(self.pauses) == 3 and not self.back:
            self.back = Demo(echo, port=int(self.demo.origin.rpartition(":")[2]))


def test_a_service_that_is_down_for_a_while_costs_no_row(monkeypatch):
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 0.01)
    pauses, pause = [], pace.Pace.pause
    monkeypatch.setattr(
        pace.Pace, "pause", lambda self, start, wait_s: pauses.append(wait_s) or pause(self, start, 0)
    )
    demo = Demo(echo)
    outage = Outage(demo, pauses)
    out = ask(demo, concurrency=1, watch=lambda: outage)
    outage.back.close()
    assert heard(out)
    assert len(demo.requests) + len(outage.back.requests) == len(ROWS)


def test_a_service_that_stays_down_is_an_error_and_not_one_for_each_row(monkeypatch):
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(pace.Pace, "pause", _brief(pace.Pace.pause))
    with Demo(echo) as demo:
        pass
    with pytest.raises(Exception, match="Nothing answers at"):
        ask(demo)


def _brief(pause):
    return lambda self, start, wait_s: pause(self, start, 0)


def test_a_cluster_without_workers_is_an_error_that_says_so():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=0, dashboard_address=ANY_PORT, processes=False) as cluster,
        Client(cluster) as client,
        Demo(echo) as demo,
        pytest.raises(BadRequest, match="no workers"),
    ):
        ask(demo, executor=client)
