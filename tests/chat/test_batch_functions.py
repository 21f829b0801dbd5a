"""Functions in batches and comparisons: they run in the thread that waits, and nobody is asked."""

import json
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from gemini_magics import BadRequest, GeminiError, batch, compare, tool
from gemini_magics.chat import batch_file, usage
from gemini_magics.testing import Demo, Head, chunk, ending, envelope, stream, took


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(batch_file, "_begun", set())
    usage.ledger.clear()
    return tmp_path


def results(request):
    return [each["content"][0]["text"] for each in request.json["messages"] if each["role"] == "tool"]


def words(request):
    [asked] = [each for each in request.json["messages"] if each["role"] == "user"][:1]
    return asked["content"][-1]["text"]


def calling(name, **arguments):
    call = {"id": "c0", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return [Head(), chunk(tool_calls=[call]), *ending("tool_calls", took(10, 2, 0, 1.0))]


def twice(request):
    """A model that wants the double of the number that the question ends with, and tells it."""
    told = results(request)
    if told:
        return stream(f"It is {told[-1]}.", usage=took(20, 3, 0, 1.0))
    return calling("double", x=int(words(request).rpartition(" ")[2]))


@tool(run=True)
def double(x: int) -> int:
    """Return twice a number."""
    return 2 * x


def plain(x: int) -> int:
    """Return a number."""
    return x


def asked(demo, rows=({"x": 1}, {"x": 2}, {"x": 3}), **how):
    named = {"service": "demo", "base_url": demo.base_url, "record": False, "tools": [double]}
    return batch(list(rows), "Double $`x`", **(named | how))


def texts(out):
    return [str(row["answer"]) for row in out]


def test_each_row_has_the_results_of_its_own_calls():
    with Demo(twice) as demo:
        out = asked(demo)
    assert texts(out) == ["It is 2.", "It is 4.", "It is 6."]
    assert [[each.result for each in row["answer"].calls] for row in out] == [["2"], ["4"], ["6"]]
    assert [(row["tokens"], row["credits"]) for row in out] == [(35, 2.0)] * 3


def test_functions_run_one_after_the_other_in_the_thread_that_waits():
    under_way, threads = [], set()

    @tool(run=True, name="double")
    def alone(x: int) -> int:
        under_way.append(x)
        assert under_way == [x]
        threads.add(threading.current_thread())
        under_way.remove(x)
        return 2 * x

    with Demo(twice) as demo:
        rows = [{"x": n} for n in range(12)]
        assert texts(asked(demo, rows, tools=[alone])) == [f"It is {2 * n}." for n in range(12)]
        found = compare(
            "Double 4", effort=["low", "high"], tools=[alone], service="demo", base_url=demo.base_url
        )
    assert [column.answers[0].text for column in found.columns] == ["It is 8."] * 2
    assert threads == {threading.current_thread()}


def test_a_function_that_is_not_marked_is_an_error_before_anything_is_sent():
    with Demo(twice) as demo:
        for ask in (lambda: asked(demo, tools=[plain]), lambda: compare("Go.", tools=[plain, double])):
            with pytest.raises(BadRequest, match=r"whether plain may be called: mark .* @gemini_magics.tool"):
                ask()
        assert not demo.requests


def test_a_failing_function_is_told_to_the_model_and_fails_no_row():
    @tool(run=True, name="double")
    def fails(x: int) -> int:
        raise ValueError(f"not {x}")

    with Demo(twice) as demo:
        out = asked(demo, tools=[fails])
    assert texts(out)[0] == "It is Error: ValueError: not 1."
    assert [row["error"] for row in out] == [""] * 3


def test_a_row_that_calls_in_too_many_rounds_is_an_error_with_what_came():
    with Demo(lambda request: calling("double", x=1) if "2" in words(request) else stream("Done.")) as demo:
        out = asked(demo, tool_rounds=2)
    assert [bool(row["error"]) for row in out] == [False, True, False]
    assert "called functions in 2 rounds" in out[1]["error"]
    assert len(out[1]["answer"].calls) == 2


def test_a_round_that_the_service_puts_off_is_asked_again_and_its_functions_are_not(monkeypatch):
    runs, refused = [], []

    @tool(run=True, name="double")
    def counted(x: int) -> int:
        runs.append(x)
        return 2 * x

    def busy_once(request):
        if results(request) and not refused:
            refused.append(request)
            return envelope(500, "Try again")
        return twice(request)

    with Demo(busy_once) as demo:
        out = asked(demo, [{"x": 5}], tools=[counted])
        assert len(demo.requests) == 3
    assert (texts(out), runs) == (["It is 10."], [5])


def test_the_budget_is_asked_before_each_round_and_what_came_is_kept():
    with Demo(twice) as demo:
        with pytest.raises(GeminiError, match="budget is spent"):
            asked(demo, [{"x": 1}], budget="1 credits")
        assert len(demo.requests) == 1
        out = asked(demo, [{"x": 1}, {"x": 2}], budget="4 credits", concurrency=1)
    assert texts(out)[0] == "It is 2."
    assert "budget is spent" in out[1]["error"]
    assert [each.result for each in out[1]["answer"].calls] == ["4"]


def test_ctrl_c_in_a_function_ends_the_batch_and_keeps_what_is_done():
    @tool(run=True, name="double")
    def stopped(x: int) -> int:
        if x == 2:
            raise KeyboardInterrupt
        return 2 * x

    with Demo(twice) as demo:
        out = asked(demo, tools=[stopped], concurrency=1)
        found = compare("Double 2", effort=["low"], tools=[stopped], service="demo", base_url=demo.base_url)
    assert [row["ended"] for row in out] == ["stop", "interrupted", ""]
    assert out[1]["answer"].calls[0].status == "stopped"
    assert found.columns[0].result(0).answer.ended == "interrupted"


def test_running_a_batch_again_calls_nothing_that_was_kept(folder):
    with Demo(twice) as demo:
        first = asked(demo, record="kept.jsonl")
        n_requests = len(demo.requests)
        again = asked(demo, record="kept.jsonl")
        assert len(demo.requests) == n_requests
    assert texts(first) == texts(again)
    assert [each.result for each in again[2]["answer"].calls] == ["6"]


def test_answers_in_a_schema_are_corrected_after_calls():
    def model(request):
        if "does not fit" in json.dumps(request.json["messages"][-1]):
            return stream('{"double": 8}')
        return stream("Eight.") if results(request) else calling("double", x=4)

    schema = {"type": "object", "properties": {"double": {"type": "integer"}}, "required": ["double"]}
    with Demo(model) as demo:
        out = asked(demo, [{"x": 4}], schema=schema)
    assert (out[0]["double"], out[0]["error"]) == (8, "")


FORKS = get_context("forkserver")


@pytest.mark.parametrize("make", [lambda: ThreadPoolExecutor(2), lambda: ProcessPoolExecutor(2, FORKS)])
def test_workers_ask_and_the_functions_run_here(make):
    seen = []

    @tool(run=True, name="double")
    def here(x: int) -> int:
        seen.append(x)
        return 2 * x

    with Demo(twice) as demo, make() as executor:
        out = asked(demo, tools=[here], executor=executor)
    assert texts(out) == ["It is 2.", "It is 4.", "It is 6."]
    assert sorted(seen) == [1, 2, 3]
    assert all(row["seconds"] >= 0 for row in out)
