"""Calls as odd services write them: a function runs with arguments that fit, or the model is told why not."""

import json

import pytest

from gemini_magics import GeminiError, UnexpectedResponse, ask, tool
from gemini_magics.render.status import notices
from gemini_magics.testing import Demo, Head, chunk, ending, stream, took


def call(arguments='{"x": 1}', name="double", **more):
    return {"function": {"name": name, "arguments": arguments}, **more}


def deltas(*pieces, finish="tool_calls", more=()):
    return [Head(), *[chunk(tool_calls=each) for each in pieces], *more, *ending(finish, took(1, 1))]


def asked(first):
    """Let a service answer with a script and then with text; return the answer and the arguments of each run."""
    runs = []

    @tool(run=True)
    def double(x: int) -> int:
        runs.append(x)
        return 2 * x

    script = [first, stream("Done.")]
    with Demo(lambda request: script.pop(0)) as demo:
        return ask("Go.", tools=[double], service="demo", base_url=demo.base_url, retries=0), runs


RUN = {
    "without ids": (deltas([call(), call('{"x": 2}')]), [1, 2]),
    "an index that is text": (
        deltas([call("", id="a", index="0")], [{"index": "0", "function": {"arguments": '{"x": 1}'}}]), [1],
    ),
    "no index": (deltas([call(id="a", index=None)]), [1]),
    "odd indexes": (deltas([call(id="a", index=-5)], [call('{"x": 2}', id="b", index=10**12)]), [1, 2]),
    "an id that comes late": (
        deltas([call('{"x":', index=0)], [{"index": 0, "id": "b", "function": {"arguments": "1}"}}]), [1],
    ),
    "a name that comes late": (
        deltas([{"index": 0, "id": "a", "function": {"arguments": '{"x": 1}'}}],
               [{"index": 0, "function": {"name": "double"}}]), [1],
    ),
    "an id that is a number": (deltas([call(id=5)]), [1]),
    "an id without an end": (deltas([call(id="i" * 100_000)]), [1]),
    "half a character as id": (deltas([call(id="\ud800\x00")]), [1]),
    "a number with a point": (deltas([call('{"x": 1.0}', id="a")]), [1]),
    "stop as the end": (deltas([call(id="a")], finish="stop"), [1]),
    "no end but [DONE]": ([Head(), chunk(tool_calls=[call(id="a")]), b"data: [DONE]\n\n"], [1]),
    "the older field": (
        [Head(), chunk(function_call=call()["function"]), *ending("function_call", took(1, 1))], [1],
    ),
    "one call without a list": (deltas(call(id="a")), [1]),
    "text after the calls": (deltas([call(id="a")], more=[chunk(content="So.")]), [1]),
    "thoughts after the calls": (deltas([call(id="a")], more=[chunk(reasoning_content="Hm.")]), [1]),
}  # fmt: skip


@pytest.mark.parametrize(("script", "runs"), RUN.values(), ids=RUN)
def test_a_call_in_an_odd_spelling_runs(script, runs):
    answer, ran = asked(script)
    assert (ran, answer.ended) == (runs, "stop")
    assert answer.text.endswith("Done.")


TOLD = {
    "no arguments": (None, "x: Field required"),
    "empty arguments": ("", "x: Field required"),
    "a number": (5, "should be an object"),
    "a list": ([1], "should be an object"),
    "JSON in JSON": (json.dumps('{"x": 1}'), "should be an object"),
    "not a number": ('{"x": NaN}', "finite number"),
    "a number without an end": ('{"x": 1' + "0" * 5_000 + "}", "Invalid JSON"),
    "lists in lists": ('{"x": ' + "[" * 3_000 + "]" * 3_000 + "}", "Invalid JSON"),
    "a mark before the JSON": ('\ufeff{"x": 1}', "Invalid JSON"),
    "JSON in a fence": ('```json\n{"x": 1}\n```', "Invalid JSON"),
    "half a character": ('{"x": "\\ud83d"}', "Invalid JSON"),
    "two objects": ('{"x": 1}{"x": 2}', "trailing characters"),
    "half an object": ('{"x":', "Invalid JSON"),
}


@pytest.mark.parametrize(("arguments", "said"), TOLD.values(), ids=TOLD)
def test_arguments_that_do_not_fit_reach_no_function(arguments, said):
    answer, ran = asked(deltas([call(arguments, id="a")]))
    assert (ran, answer.text) == ([], "Done.")
    assert answer.calls[0].status == "failed"
    assert said in answer.calls[0].result


NAMES = [
    "dou",
    "functions.double",
    "double\x00\u202e<b>",
    "__import__('os').system",
    "googleSearch",
    "d" * 100_000,
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:12])
def test_a_name_is_looked_up_and_nothing_else(name):
    answer, ran = asked(deltas([call(name=name, id="a")]))
    assert (ran, answer.text) == ([], "Done.")
    assert answer.calls[0].result.startswith("There is no function ")
    assert len(answer.calls[0].result) < 200
    assert "\u202e" not in answer.calls[0].result


def test_a_service_that_sends_calls_without_an_end_is_refused():
    with pytest.raises(UnexpectedResponse, match="over 128 times"):
        asked(deltas([call(f'{{"x": {n}}}', id=f"c{n}", index=n) for n in range(300)]))


EMPTY = {
    "a broken call": ([], "MALFORMED_FUNCTION_CALL", "cannot be read"),
    "calls that did not come": ([], "tool_calls", "named none"),
    "what is not a call": ([[None, "x", {}]], "tool_calls", "named none"),
}


@pytest.mark.parametrize(("pieces", "reason", "said"), EMPTY.values(), ids=EMPTY)
def test_an_end_for_calls_that_nobody_can_run_is_told(pieces, reason, said):
    answer, ran = asked(deltas(*pieces, finish=reason))
    assert (ran, answer.ended) == ([], reason)
    assert said in notices(answer)[0]


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY"])
def test_calls_of_an_answer_that_a_filter_has_cut_do_not_run(reason):
    answer, ran = asked(deltas([call(id="a")], finish=reason))
    assert (ran, answer.calls, answer.ended) == ([], [], reason)
    assert notices(answer)[0] == f"Blocked by the service ({reason.lower()})."


BROKEN = {
    "a cut": [Head(), chunk(tool_calls=[call(id="a")])],
    "an error": [Head(), chunk(tool_calls=[call(id="a")]), b'data: {"error": {"message": "boom"}}\n\n'],
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_calls_of_a_broken_answer_do_not_run(script):
    with pytest.raises(GeminiError) as caught:
        asked(script)
    assert caught.value.answer.calls == []
