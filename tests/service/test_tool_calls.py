"""The calls of tools on the wire, in the spelling of each service, and their way back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gemini_magics import BadRequest, UnexpectedResponse
from gemini_magics.core.messages import Finished, Message, ToolCall, ToolCalls
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings
from gemini_magics.core.tool import Tool
from gemini_magics.service.request import body
from gemini_magics.service.response import Reader
from gemini_magics.service.services import SERVICES

BODIES = Path(__file__).parent / "bodies"
SIGNED = {"google": {"thought_signature": "c2ln"}}


def piece(arguments=None, *, name=None, **fields):
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {**fields, **({"function": function} if function else {})}


def deltas(*parts, finish="tool_calls"):
    chunks = [{"choices": [{"index": 0, "delta": part}]} for part in parts]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode() + b"data: [DONE]\n\n"


def read(data, step=0):
    reader = Reader()
    events = []
    for at in range(0, len(data), step or len(data)):
        events += reader.feed(data[at : at + (step or len(data))])
    events += reader.close()
    calls = [event for event in events if isinstance(event, ToolCalls)]
    return calls[0] if calls else None, events[-1]


# Where each shape comes from stands beside it.
STREAMS = {
    # https://platform.openai.com/docs/guides/function-calling#streaming
    "OpenAI: pieces by index": deltas(
        {"tool_calls": [piece("", name="f", index=0, id="a", type="function")]},
        {"tool_calls": [piece('{"x"', index=0)]},
        {"tool_calls": [piece("", name="g", index=1, id="b", type="function")]},
        {"tool_calls": [piece(": 1}", index=0), piece('{"y": 2}', index=1)]},
    ),
    # https://github.com/THU-MAIC/OpenMAIC/issues/1556
    "Gemini: whole calls without an index": deltas(
        {"tool_calls": [piece('{"x": 1}', name="f", id="a")]},
        {"tool_calls": [piece('{"y": 2}', name="g", id="b")]},
        finish="stop",
    ),
    # https://github.com/open-webui/computer/issues/224
    "Gemini: arguments split over deltas without an index": deltas(
        {"tool_calls": [piece('{"x":', name="f", id="a")]},
        {"tool_calls": [piece(" 1}")]},
        {"tool_calls": [piece('{"y"', name="g", id="b")]},
        {"tool_calls": [piece(": 2}")]},
        finish="stop",
    ),
    "two calls in one delta": deltas(
        {"tool_calls": [piece('{"x": 1}', name="f", id="a"), piece('{"y": 2}', name="g", id="b")]}
    ),
    "the index 0 on both": deltas(
        {"tool_calls": [piece('{"x": 1}', name="f", id="a", index=0)]},
        {"tool_calls": [piece('{"y": 2}', name="g", id="b", index=0)]},
    ),
    "id and name again with each piece": deltas(
        {"tool_calls": [piece('{"x"', name="f", id="a", index=0)]},
        {"tool_calls": [piece(": 1}", name="f", id="a", index=0)]},
        {"tool_calls": [piece('{"y": 2}', name="g", id="b", index=1)]},
    ),
    "arguments as objects": deltas(
        {"tool_calls": [piece({"x": 1}, name="f", id="a"), piece({"y": 2}, name="g", id="b")]}
    ),
    "the whole message again at the end": deltas(
        {"tool_calls": [piece('{"x": 1}', name="f", id="a"), piece('{"y": 2}', name="g", id="b")]}
    ).replace(
        b'"delta": {}',
        b'"delta": {}, "message": {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]}',
    ),
    "whole calls again with their end": deltas(
        {"tool_calls": [piece('{"x"', name="f", index=0, id="a")]},
        {"tool_calls": [piece(': 1}', index=0), piece('{"y": 2}', name="g", index=1, id="b")]},
        {"tool_calls": [piece('{"x": 1}', name="f", index=0, id="a"),
                        piece('{"y": 2}', name="g", index=1, id="b")]},
    ),
    # as Anthropic's stream begins: https://docs.anthropic.com/en/docs/build-with-claude/streaming
    "an empty object before the arguments": deltas(
        {"tool_calls": [piece("{}", name="f", index=0, id="a")]},
        {"tool_calls": [piece('{"x": ', index=0)]},
        {"tool_calls": [piece("1}", index=0)]},
        {"tool_calls": [piece({}, name="g", index=1, id="b")]},
        {"tool_calls": [piece('{"y": 2}', name="g", index=1, id="b")]},
    ),
    "a message in each chunk": deltas(
        {"tool_calls": [piece('{"x": 1}', name="f", id="a")]},
        {"tool_calls": [piece('{"x": 1}', name="f", id="a"), piece('{"y": 2}', name="g", id="b")]},
    ).replace(b"delta", b"message"),
    "not streamed": json.dumps(
        {"choices": [{"message": {"content": None, "tool_calls": [
            piece('{"x": 1}', name="f", id="a"), piece('{"y": 2}', name="g", id="b")]}}]}
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("data", STREAMS.values(), ids=STREAMS)
def test_the_pieces_of_calls_are_joined_in_every_spelling(data):
    calls, last = read(data)
    assert [(each.id, each.name, json.loads(each.arguments)) for each in calls.calls] == [
        ("a", "f", {"x": 1}), ("b", "g", {"y": 2}),
    ]  # fmt: skip
    assert isinstance(last, Finished)


@pytest.mark.parametrize("data", STREAMS.values(), ids=STREAMS)
def test_calls_do_not_depend_on_where_the_network_cut_them(data):
    assert read(data, 7) == read(data)


@pytest.mark.parametrize("place", [{}, {"index": 0}], ids=["no index", "the index 0"])
def test_calls_whose_ids_are_mere_names_stay_apart(place):
    first, second = (piece(f'{{"x": {n}}}', name="f", id="f", **place) for n in (1, 2))
    third = piece('{"x": 2}', name="g", id="f", **place)
    for parts in (
        [{"tool_calls": [first, second, third]}],
        [{"tool_calls": [each]} for each in (first, second, third)],
    ):
        calls, _ = read(deltas(*parts))
        assert [(each.name, each.arguments) for each in calls.calls] == [
            ("f", '{"x": 1}'), ("f", '{"x": 2}'), ("g", '{"x": 2}'),
        ]  # fmt: skip


RECORDED = {  # the body -> the row of its service, and whether it is signed
    "kie-calls.txt": ("kie", False),
    "google-calls.txt": ("google", True),
    "openrouter-calls.txt": ("openrouter", True),
    "litellm-calls.txt": ("openai", False),
}


@pytest.mark.parametrize("file", RECORDED)
def test_the_calls_of_each_service_are_read_and_what_must_go_back_goes_back(file):
    service, signed = RECORDED[file]
    calls, last = read((BODIES / file).read_bytes())
    assert [(each.name, json.loads(each.arguments)) for each in calls.calls] == [
        ("mean_of", {"column": "height"}), ("mean_of", {"column": "age"}),
    ]  # fmt: skip
    assert isinstance(last, Finished)
    sent = body(asked(Message("assistant", (), asks=calls), DONE), SERVICES[service])["messages"][1]
    assert ("c2lnbmF0dXJl" in json.dumps(sent)) == signed
    assert [each["id"] for each in sent["tool_calls"]] == [each.id for each in calls.calls]


SIGNATURES = {
    "with its call": ({"tool_calls": [piece("{}", name="f", id="a", extra_content=SIGNED)]},),
    "in a piece of its own": (
        {"tool_calls": [piece("{}", name="f", id="a")]},
        {"tool_calls": [{"extra_content": SIGNED}]},
    ),
    "in a delta of its own": ({"tool_calls": [piece("{}", name="f", id="a")]}, {"extra_content": SIGNED}),
    "before its call": ({"extra_content": SIGNED}, {"tool_calls": [piece("{}", name="f", id="a")]}),
}


@pytest.mark.parametrize("parts", SIGNATURES.values(), ids=SIGNATURES)
def test_a_thought_signature_goes_back_with_its_call_wherever_it_came(parts):
    calls, _ = read(deltas(*parts))
    sent = body(asked(Message("assistant", (), asks=calls), DONE), SERVICES["google"])
    [call] = sent["messages"][1]["tool_calls"]
    assert call["extra_content"] == SIGNED
    assert call["function"] == {"name": "f", "arguments": "{}"}


def test_reasoning_details_go_back_unchanged_with_the_message():
    details = [
        {"type": "reasoning.encrypted", "data": "QUJD", "index": 0},
        {"type": "reasoning.text", "text": "a"},
    ]
    parts = [{"reasoning_details": [each]} for each in details]
    calls, _ = read(deltas(*parts, {"tool_calls": [piece("{}", name="f", id="a")]}))
    sent = body(asked(Message("assistant", (), asks=calls), DONE), SERVICES["openrouter"])
    assert sent["messages"][1]["reasoning_details"] == details


THOUGHTS = {
    "in pieces": ([{"reasoning_content": "One "}, {"reasoning_content": "and two."}], "One and two."),
    "none": ([{"reasoning_content": ""}], ""),
    "in another field": ([{"reasoning": "One."}, {"reasoning_content": None}], None),
}


@pytest.mark.parametrize(("parts", "expected"), THOUGHTS.values(), ids=THOUGHTS)
def test_thoughts_go_back_with_their_calls_where_they_came_to_an_address_of_the_persons(parts, expected):
    calls, _ = read(deltas(*parts, {"tool_calls": [piece("{}", name="f", id="a")]}))
    question = asked(Message("assistant", (), asks=calls), DONE)
    own = replace(SERVICES["openai"], base_url="https://api.example", model="m", custom=True)
    assert body(question, own)["messages"][1].get("reasoning_content") == expected
    assert "reasoning_content" not in body(question, SERVICES["kie"])["messages"][1]


ODD = {
    "no id": ([piece("{}", name="f")], [("call_1", "f", "{}")]),
    "no arguments": ([piece(name="f", id="a")], [("a", "f", "{}")]),
    "glued JSON": ([piece('{"x":1}{"x":2}', name="f", id="a")], [("a", "f", '{"x":1}{"x":2}')]),
    "broken JSON": ([piece('{"x":', name="f", id="a")], [("a", "f", '{"x":')]),
    "no name": ([piece("{}", id="a")], None),
    "nothing that is a call": ([None, "x", 3, {}, {"function": []}], None),
    "half a character": ([piece('"\ud83d"', name="f", id="a")], [("a", "f", '"\ufffd"')]),
}


@pytest.mark.parametrize(("pieces", "found"), ODD.values(), ids=ODD)
def test_odd_calls_are_read_as_they_stand(pieces, found):
    calls, _ = read(deltas({"tool_calls": pieces}))
    assert found == (calls and [(each.id, each.name, each.arguments) for each in calls.calls])


def test_deep_signatures_of_a_stranger_are_left_out_and_fail_nothing():
    deep = '{"a":' * 900 + "1" + "}" * 900
    data = deltas({"tool_calls": [piece("{}", name="f", id="a", odd="DEEP")]}).replace(b'"DEEP"', deep.encode())
    calls, _ = read(data + data)
    assert calls is None or calls.calls[0].name == "f"


F = Tool("f", "Do it.", {"type": "object"}, read=json.loads, call=lambda _: None)


DONE = Message("tool", ("3",), answers="a")


def asked(*after, tools=(F,), **settings):
    return Question((Message("user", ("Go.",)), *after), Settings(**settings), tools=tools)


def test_a_function_stands_in_the_tools_of_the_request():
    function = {"name": "f", "description": "Do it.", "parameters": {"type": "object"}}
    assert body(asked(), SERVICES["kie"])["tools"] == [{"type": "function", "function": function}]
    assert "tools" not in body(asked(tools=()), SERVICES["kie"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_result_goes_back_under_the_id_of_its_call(service):
    calls = ToolCalls((ToolCall("a", "f", "{}"),))
    question = asked(Message("assistant", ("I look.",), asks=calls), DONE)
    _, assistant, result = body(question, SERVICES[service])["messages"]
    assert assistant["content"] == [{"type": "text", "text": "I look."}]
    content = [{"type": "text", "text": "3"}] if service in ("kie", "demo") else "3"
    assert result == {"role": "tool", "tool_call_id": "a", "content": content}


def test_a_search_and_functions_stand_together_where_that_is_documented():
    assert len(body(asked(search=True), SERVICES["openrouter"])["tools"]) == 2
    for service in ("kie", "demo"):
        with pytest.raises(BadRequest, match="leave --search or --tool out"):
            body(asked(search=True), SERVICES[service])


def test_raw_tools_do_not_replace_functions_silently():
    with pytest.raises(BadRequest, match="would replace the functions"):
        body(asked(extra={"tools": []}), SERVICES["google"])


def test_more_calls_at_once_than_anybody_needs_are_an_error_and_none_is_dropped():
    pieces = [piece("{}", name="f", index=number, id=str(number)) for number in range(129)]
    assert len(read(deltas({"tool_calls": pieces[:128]}))[0].calls) == 128
    with pytest.raises(UnexpectedResponse, match="over 128 times"):
        read(deltas({"tool_calls": pieces}))
