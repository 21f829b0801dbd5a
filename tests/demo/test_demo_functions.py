"""The demo service calls the functions that a question names, and checks what comes back as Gemini does."""

from __future__ import annotations

import json
from typing import Literal

import httpx
import pytest
from matplotlib.figure import Figure
from patience import PATIENCE_S

from gemini_magics import ask, tool
from gemini_magics.demo import functions
from gemini_magics.demo.functions import wanted
from gemini_magics.testing import Demo


@pytest.fixture(scope="module")
def demo():
    with Demo(words_per_s=0) as running:
        yield running


@tool(run=True)
def prices(symbol: str, kind: Literal["open", "close"] = "open", days: int = 3) -> dict[str, object]:
    """Load prices."""
    return {"symbol": symbol, "kind": kind, "days": days}


@tool(run=True)
def plot(width: float) -> Figure:
    """Plot."""
    figure = Figure(figsize=(width, 1))
    figure.add_subplot().plot([1, 2])
    return figure


def asked(demo, prompt, **options):
    return ask(prompt, tools=[prices, plot], service="demo", base_url=demo.base_url, **options)


@pytest.mark.parametrize("stream", [True, False])
def test_a_function_that_the_question_names_is_called_with_the_values_that_stand_in_it(demo, stream):
    answer = asked(demo, "What does prices say of `ACME` at the close, for 30 days?", stream=stream)
    [call] = answer.calls
    assert json.loads(call.arguments) == {"symbol": "ACME", "kind": "close", "days": 30}
    assert "`prices` gave “" in answer.text
    assert "ACME" in answer.text
    assert answer.thinking.startswith("**Calling**")


def test_functions_are_called_together_or_one_after_the_other(demo):
    together = asked(demo, "Use prices of `ACME` and plot 2.5 inches.")
    assert [call.name for call in together.calls] == ["prices", "plot"]
    assert together.calls[0].after_thinking == together.calls[1].after_thinking
    apart = asked(demo, "Use prices of `ACME`, then plot 2.5 inches.")
    assert apart.calls[0].after_thinking < apart.calls[1].after_thinking
    assert "picture: PNG" in apart.text


def test_nothing_is_called_that_the_question_does_not_name(demo):
    assert asked(demo, "What?").calls == []


def body(*messages, tools=()):
    question = {"role": "user", "content": [{"type": "text", "text": "Go."}]}
    return {"messages": [question, *messages], "tools": list(tools), "stream": False}


CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "3"}]}
REFUSED = {
    "a call without its signature": (
        body({"role": "assistant", "tool_calls": [CALL]}, RESULT), "missing a thought_signature",
    ),
    "a tool without a name": (body(tools=[{"type": "function", "function": {}}]), "must be a function with a name"),
    "a search beside a function": (
        body(tools=[CALL, {"type": "function", "function": {"name": "googleSearch"}}]), "exclude each other",
    ),
    "odd calls": (body({"role": "assistant", "tool_calls": [3]}, RESULT), "an array of calls"),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "said"), REFUSED.values(), ids=REFUSED)
def test_the_demo_refuses_what_gemini_refuses(demo, sent, said):
    url = demo.base_url.format(model="gemini-3.1-pro") + "/chat/completions"
    reply = httpx.post(url, json=sent, timeout=PATIENCE_S)
    assert reply.status_code == 400
    assert said in reply.text


def test_a_question_of_endless_steps_does_not_stop_the_demo(monkeypatch):
    looked_for = []
    real = functions.re.search
    monkeypatch.setattr(functions.re, "search", lambda *given: looked_for.append(given) or real(*given))
    tools = [{"function": {"name": f"f{number}"}} for number in range(300)]
    assert wanted("then " * 20_000, tools, []) == []
    assert not looked_for
    assert wanted("xf7 then " * 20_000, tools, []) == []
    assert len(looked_for) <= functions.MOST_STEPS + 1
    (call,) = wanted("first then f7 then f8", tools, [])
    assert call["function"]["name"] == "f7"


def test_a_schema_of_a_stranger_does_not_stop_the_demo():
    odd = [{"function": {"name": "f", "parameters": parameters}} for parameters in (
        {"properties": {"x": {"enum": []}, "y": 3, "z": {"anyOf": [3]}}, "required": ["x", "y", "nope"]},
    )]  # fmt: skip
    [call] = wanted("Use f.", odd, [])
    assert set(json.loads(call["function"]["arguments"])) == {"x", "y"}
