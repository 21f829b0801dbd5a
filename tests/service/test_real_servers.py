"""Functions and servers of other projects: a mock of OpenAI's API, and LiteLLM in front of it.

It takes about a minute to install them, so they run with `pytest -m servers` alone.
"""

from __future__ import annotations

import json

import pytest
from real_servers import fakellm, install, litellm

from gemini_magics import GeminiError, ServiceError, ask, tool

pytestmark = pytest.mark.servers

MODEL = "gemini-3.1-pro"
KEY = "sk-a-key-for-the-class"
MEANS = {"height": 2.0, "age": 30.5}


def rule(turn, words, **respond):
    return {"when": {"turn": turn, "messages_contain": words}, "respond": respond}


def call(name, **arguments):
    return {"name": name, "arguments": arguments}


RULES = [
    rule(1, "both means", tool_calls=[call("mean_of", column="height"), call("mean_of", column="age")]),
    rule(2, "both means", content="They are 2.0 and 30.5."),
    rule(1, "step by step", tool_calls=[call("mean_of", column="height")]),
    rule(2, "step by step", tool_calls=[call("mean_of", column="age")]),
    rule(3, "step by step", tool_calls=[call("double", x=2)]),
    {
        "when": {"messages_contain": "step by step", "tool_result_contains": "4"},
        "respond": {"content": "Four."},
    },
    rule(1, "weight", tool_calls=[call("mean_of", column="weight"), call("nobody")]),
    {"when": {"messages_contain": "weight", "tool_result_contains": "Error"}, "respond": {"content": "Sorry."}},
    {"when": {"messages_contain": "too many"}, "respond": {"status": 429, "error": "Rate limit"}},
]


@tool(run=True)
def mean_of(column: str) -> float:
    """Return the mean of a column."""
    return MEANS[column]


@tool(run=True)
def double(x: int) -> int:
    """Return twice a number."""
    return 2 * x


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    return install(tmp_path_factory.mktemp("servers"))


@pytest.fixture(scope="module")
def servers(commands, tmp_path_factory):
    """The addresses of the mock, and of LiteLLM in front of it."""
    folder = tmp_path_factory.mktemp("running")
    with fakellm(commands, folder, RULES) as mock, litellm(commands, folder, {MODEL: mock}, key=KEY) as gateway:
        yield {"mock": mock, "litellm": gateway}


@pytest.fixture(params=["mock", "litellm"])
def asked(request, servers, monkeypatch):
    """Ask one of the servers; the mock counts the turns of a question by its words, so each test has its own."""
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", KEY)

    def asks(prompt, **options):
        named = {"service": "openai", "base_url": servers[request.param], "model": MODEL, "retries": 0}
        return ask(f"{prompt} {request.node.name}", **(named | options))

    return asks


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_two_calls_of_one_round_run_and_the_answer_goes_on_with_their_results(asked, stream):
    answer = asked("Tell both means.", tools=[mean_of], stream=stream)
    assert (answer.text, answer.ended) == ("They are 2.0 and 30.5.", "stop")
    assert [(json.loads(each.arguments)["column"], each.status, each.result) for each in answer.calls] == [
        ("height", "ok", "2.0"), ("age", "ok", "30.5"),
    ]  # fmt: skip


def test_three_rounds_are_one_answer(asked):
    answer = asked("Go on step by step.", tools=[mean_of, double])
    assert answer.text == "Four."
    assert [each.result for each in answer.calls] == ["2.0", "30.5", "4"]


def test_a_failing_function_and_one_that_nobody_offered_are_told_to_the_model(asked):
    answer = asked("What is the mean weight?", tools=[mean_of])
    assert answer.text == "Sorry."
    assert [(each.status, each.result) for each in answer.calls] == [
        ("failed", "KeyError: 'weight'"), ("failed", "There is no function nobody; there is mean_of."),
    ]  # fmt: skip


def test_a_refusal_is_an_error_with_the_words_of_the_server(asked):
    with pytest.raises(GeminiError, match="Rate limit"):
        asked("Ask too many questions.", tools=[mean_of], stream=False)  # fakellm fails no streams


def test_a_key_that_the_gateway_does_not_know_is_refused_in_its_words(servers, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "sk-another-key-of-nobody")
    # Without a database LiteLLM knows its master key alone, and answers 400 to others.
    with pytest.raises(ServiceError, match="No connected db"):
        ask("Hello.", service="openai", base_url=servers["litellm"], model=MODEL)
