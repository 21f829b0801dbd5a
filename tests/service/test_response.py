import json
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from gemini_magics.core.answer import fold
from gemini_magics.core.errors import (
    AuthenticationError,
    GeminiError,
    IncompleteAnswer,
    QuotaExceeded,
    RateLimitError,
    ServiceError,
    UnexpectedResponse,
)
from gemini_magics.core.messages import Citation, Finished, Opened, Text, Thinking, Usage
from gemini_magics.render.answer import Answer
from gemini_magics.service.response import ERROR_BYTES, Reader, balance

BODIES = Path(__file__).parent / "bodies"


def read(*pieces, status=200, headers=None):
    """Read a whole response into an answer, as the client does, and return it."""
    reader, answer = Reader(status, headers), Answer(clock=lambda: 0.0)
    try:
        for piece in pieces:
            for event in reader.feed(piece):
                fold(answer, event)
        for event in reader.close():
            fold(answer, event)
    except GeminiError as error:
        error.answer = answer
        raise
    return answer


def events_of(*pieces, **more):
    reader = Reader(**more)
    return [event for piece in pieces for event in reader.feed(piece)] + list(reader.close())


def chunk(delta=None, **more):
    """One event of a stream with a piece of an answer."""
    return sse({"choices": [{"delta": delta or {}, **more}]})


def sse(value):
    """One event: of JSON, or of what is written already."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return b"data: " + data + b"\n\n"


STOP, DONE = chunk(finish_reason="stop"), sse(b"[DONE]")


def told(answer):
    """Everything that an answer says."""
    return {
        name: getattr(answer, name)
        for name in ("thinking", "text", "usage", "citations", "ended", "model", "request_id")
    }


def saying(text, *, thinking="", usage=None, citations=(), model, request_id):
    return {
        "thinking": thinking,
        "text": text,
        "usage": usage or Usage(),
        "citations": list(citations),
        "ended": "stop",
        "model": model,
        "request_id": request_id,
    }


ANSWERS = {  # file: the answer it holds
    "kie-streamed.txt": saying(
        "The curve peaks at 440 Hz ≈ A₄ 🎵.",
        thinking="**Reading the plot**\n\nThe axis is logarithmic.\n\n\n"
        "**Comparing the peaks**\n\nThe second one is 3 dB lower – odd.\n\n\n",
        usage=Usage(1, 698, 699, 663, credits=0.49),
        model="gemini-3.1-pro",
        request_id="chatcmpl-1",
    ),
    "kie-whole.json": saying(
        "hello, can I help you?",
        thinking="**Greeting**\n\nA greeting wants one back.\n",
        usage=Usage(12, 70, 82, 61, credits=1),
        model="gemini-3.1-pro",
        request_id="chatcmpl-example-123",
    ),
    "kie-blocks.json": saying("Two blocks, one answer.", model="gemini-3.1-pro", request_id="chatcmpl-2"),
    "google-streamed.txt": saying(
        "你好！How can I help?",
        thinking="**Weighing the words**\n\nShort is better. The greeting is settled.\n\n\n",
        usage=Usage(16, 9, 627),
        model="gemini-3.1-pro-preview",
        request_id="1URyaLjuGKiqmtkPj86KuAI",
    ),
    "google-flagged.txt": saying(
        "The goal is a table.",
        thinking="**Weighing the rows**\n\nWhich table explains the goal?\n\n",
        model="gemini-3.1-pro-preview",
        request_id="1URyaLjuGKiqmtkPj86KuAI",
    ),
    "google-whole.json": saying(
        "Yes, the sky is blue.",
        thinking="*   The sky scatters short waves.",
        usage=Usage(23, 5, 126),
        model="models/gemini-3.1-pro-preview",
        request_id="xfgvarDmDvqAkdUP073r8Q8",
    ),
    "openrouter-streamed.txt": saying(
        "The mean is 12.4 [example.org](https://example.org/report).",
        thinking="**Checking the source**\n\nThe page is from May. It names the mean.",
        usage=Usage(31, 120, 151, 96, cost_usd=0.001502),
        citations=[Citation("https://example.org/report", "Annual report", 16, 58)],
        model="google/gemini-3.1-pro-preview",
        request_id="gen-1758885012-2qVPBxGHZxOgYWKthK4E",
    ),
    "openrouter-whole.json": saying(
        "Grüße!",
        thinking="They said hello.",
        usage=Usage(4, 20, 24, cost_usd=0.00025),
        citations=[Citation("https://example.org/", "Example")],
        model="google/gemini-3.1-pro-preview",
        request_id="gen-1758885012-2qVPBxGHZxOgYWKthK4E",
    ),
    "litellm-streamed.txt": saying(
        "It is noon.",
        thinking="**Querying the time**\n\nThe user asks for it.",
        usage=Usage(8, 12, 20, 9),
        citations=[Citation("https://time.example/", "Time", 0, 10)],
        model="gemini-3.1-pro",
        request_id="chatcmpl-9d1c",
    ),
    "ollama-streamed.txt": saying(
        "1, 2, 3",
        thinking="We need to count.",
        usage=Usage(13, 40, 53),
        model="qwen3:4b",
        request_id="chatcmpl-642",
    ),
    "llamacpp-streamed.txt": saying(
        "Hello! <think> is a tag.",
        thinking="Okay, the user said hello.\n",
        model="Qwen3-30B-A3B.gguf",
        request_id="chatcmpl-fwL9J1dy",
    ),
}


@pytest.mark.parametrize("file", ANSWERS)
def test_each_service_is_understood(file):
    assert told(read((BODIES / file).read_bytes())) == ANSWERS[file]


def test_every_recorded_body_is_read_and_explained():
    files = {path.name for path in BODIES.iterdir()} - {"README.md"}
    explained = (BODIES / "README.md").read_text()
    assert {file for file in files if f"`{file}`" not in explained} == set()
    source = "".join(
        Path(__file__).with_name(name).read_text() for name in ("test_response.py", "test_tool_calls.py")
    )
    assert {file for file in files if f'"{file}"' not in source} == set()


@pytest.mark.thorough
@pytest.mark.parametrize("file", ANSWERS)
def test_an_answer_does_not_depend_on_where_the_network_cut_it(file):
    whole = (BODIES / file).read_bytes()
    for cut in range(len(whole) + 1):
        assert told(read(whole[:cut], whole[cut:])) == ANSWERS[file], cut
    assert told(read(*(whole[i : i + 1] for i in range(len(whole))))) == ANSWERS[file]


def test_pieces_come_one_by_one_and_none_is_empty():
    stream = chunk({"role": "assistant", "content": ""}) + chunk({"content": None}) + chunk({"content": "a"})
    assert events_of(stream + chunk({"content": "b"}) + STOP + DONE) == [
        Opened(),
        Text("a"),
        Text("b"),
        Finished("stop"),
    ]


def test_what_was_said_is_known_at_once():
    reader = Reader()
    assert list(reader.feed(chunk({"content": "a"}))) == [Opened(), Text("a")]
    assert (reader.finished, reader.done) == (False, False)
    assert list(reader.feed(STOP)) == []
    assert (reader.finished, reader.done) == (True, False)
    assert list(reader.feed(DONE + chunk({"content": "no more"}))) == [Finished("stop")]
    assert reader.done
    assert list(reader.close()) == []


def test_only_the_first_answer_is_read_where_extra_asked_for_more():
    first, second = {"index": 0, "delta": {"content": "A"}}, {"index": 1, "delta": {"content": "B"}}
    assert read(sse({"choices": [second, first]}) + STOP).text == "A"


def test_a_byte_order_mark_and_blanks_before_the_answer_do_not_matter():
    not_streamed = b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}'
    for before in (b"\xef\xbb\xbf", b"\r\n\r\n  ", b"\xef\xbb\xbf\n"):
        for response in (before + chunk({"content": "a"}) + STOP, before + not_streamed):
            for cut in range(len(before) + 2):
                assert read(response[:cut], response[cut:]).text == "a"


@pytest.mark.parametrize("headers", [{"X-Request-Id": "r1"}, {"x-generation-id": "r1", "date": "x"}])
def test_the_request_id_of_the_headers_comes_first(headers):
    assert read(sse({"id": "r2"}) + chunk({"content": "a"}) + STOP, headers=headers).request_id == "r1"


# --- thoughts ---


def flagged(content):
    return {"content": content, "extra_content": {"google": {"thought": True}}}


def plain(*contents):
    return [{"content": content} for content in contents]


THOUGHTS = {  # name: deltas, the thinking and the text in them
    "each field": ([{"reasoning_content": "a"}, {"reasoning": "b"}, {"content": "c"}], "ab", "c"),
    "details": (
        [{"reasoning_details": [{"text": "a"}, {"summary": "b"}, {"data": "x"}, {"text": None}]}, *plain("c")],
        "ab",
        "c",
    ),
    # https://docs.mistral.ai/capabilities/reasoning, https://docs.anthropic.com/en/docs/build-with-claude/streaming
    "blocks of the content": (
        [
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}]},
            {"content": [{"type": "thinking", "thinking": "b"}, {"type": "text", "text": "c"}]},
            *plain("d"),
        ],
        "ab",
        "cd",
    ),
    "the first field that is there": (
        [
            {"reasoning_content": "", "reasoning": "a", "reasoning_details": [{"text": "a"}], "content": "b"},
            {"reasoning_content": "c", "reasoning": "c", "content": "d"},
            {"reasoning_content": "e", **flagged("e")},
        ],
        "a\n\nc\n\ne",
        "bd",
    ),
    "a flag": ([flagged("a"), flagged("b"), *plain("c")], "ab", "c"),
    "a flag and tags": ([flagged("<thought>a"), flagged("b"), *plain("</thought>c", "d")], "ab", "cd"),
    "a closing tag that never comes": ([flagged("<thought>a"), *plain("b")], "a", "b"),
    "a closing tag after the last thought": ([flagged("<thought>a"), *plain("b</thought>c")], "ab", "c"),
    "a closing tag in pieces": ([flagged("<thought>a</th"), *plain("ought>b")], "a", "b"),
    "a closing tag alone, in pieces": ([flagged("<thought>a"), *plain("</", "thought>", "b")], "a", "b"),
    "thoughts again": ([flagged("<thought>a"), *plain("</thought>b"), flagged("<thought>c")], "a\n\nc", "b"),
    "a flag that says no": (
        [
            {"content": "a", "extra_content": {"google": {"thought": False}}},
            {"content": "b", "extra_content": {"google": None}},
            {"content": "c", "extra_content": 1},
        ],
        "",
        "abc",
    ),
    "tags": (plain("<think>a</think>b"), "a", "b"),
    "newlines around tags": (plain("\n<think>\n", "a\n</think>\n", "\n b\n"), "a\n", " b\n"),
    "thoughts that are empty": (plain("<think>\n\n</think>\n\nb"), "", "b"),
    "tags without an end": (plain("<think>a", "</thin"), "a</thin", ""),
    "a tag further on": (plain("a<think>b</think>", "<think>c"), "", "a<think>b</think><think>c"),
    "what only begins like a tag": (plain("<thi", "s> is not a tag"), "", "<this> is not a tag"),
    "another tag": (plain("<thinking>a"), "", "<thinking>a"),
    "the beginning of a tag": (plain(" <"), "", " <"),
    "a tag beside a field": ([{"reasoning": "a"}, *plain("<think>b</think>")], "a", "<think>b</think>"),
}  # fmt: skip


@pytest.mark.parametrize(("deltas", "thinking", "text"), THOUGHTS.values(), ids=THOUGHTS)
def test_thoughts_are_found_once_in_each_spelling(deltas, thinking, text):
    answer = read(b"".join(chunk(delta) for delta in deltas) + STOP)
    assert (answer.thinking, answer.text) == (thinking, text)


TAGGED = ["<think>ab\nc</think>\n\nd < e", "<thought>a</th</thought>b", "<thin", "a</think>"]


@pytest.mark.parametrize("content", TAGGED)
def test_tags_are_found_wherever_the_service_split_them(content):
    expected = read(chunk({"content": content}) + STOP)
    for i in range(len(content) + 1):
        for j in range(i, len(content) + 1):
            pieces = content[:i], content[i:j], content[j:]
            answer = read(b"".join(chunk({"content": piece}) for piece in pieces) + STOP)
            assert (answer.thinking, answer.text) == (expected.thinking, expected.text), pieces


def test_thoughts_and_text_of_one_chunk_come_in_that_order():
    stream = chunk({"content": "b", "reasoning": "a"}, finish_reason="length")
    assert events_of(stream) == [Opened(), Thinking("a"), Text("b"), Finished("length")]


# --- usage, citations, ends ---


def test_usage_comes_from_any_chunk_and_in_any_form():
    full = {"prompt_tokens": "12", "completion_tokens": 3.0, "total_tokens": None, "cost": "0.5"}
    stream = [
        sse({"choices": [{"delta": {"content": "a"}}], "usage": full}),
        sse({"choices": [{"delta": {"content": "b"}}], "usage": full}),
        sse({"choices": None, "usage": None, "credits_consumed": "2"}),
        sse({"usage": {"completion_tokens_details": {"reasoning_tokens": 7}}}),
    ]
    answer = read(*stream, STOP)
    assert answer.usage == Usage(12, 3, None, 7, 2.0, 0.5)
    assert sum(isinstance(event, Usage) for event in events_of(*stream, STOP)) == 3


USAGES = {
    # https://platform.moonshot.ai/docs/api/chat
    "in the last choice": {
        "choices": [{"delta": {}, "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}}]
    },
    # https://docs.anthropic.com/en/api/messages
    "in Anthropic's names": {"usage": {"input_tokens": 12, "output_tokens": 3, "total_tokens": 15}},
}


@pytest.mark.parametrize("end", USAGES.values(), ids=USAGES)
def test_usage_is_counted_in_each_spelling(end):
    assert read(chunk({"content": "a"}), sse(end), STOP).usage == Usage(12, 3, 15)


@pytest.mark.parametrize("value", [True, "many", "nan", -1, 1e999, [], {}, None, "1" * 5000])
def test_a_number_that_is_none_counts_nothing(value):
    money = None if value == -1 else value  # an account may be credited
    usage = {"prompt_tokens": value, "cost": money, "completion_tokens_details": value}
    answer = read(sse({"usage": usage, "credits_consumed": money}) + chunk({"content": "a"}) + STOP)
    assert answer.usage == Usage()


def test_citations_are_read_where_they_are_understood():
    notes = [
        {
            "url_citation": {
                "url": "https://a",
                "title": "A",
                "start_index": 1,
                "end_index": 2,
                "content": "...",
            }
        },
        {"type": "url_citation", "url": "https://b", "start_index": 0, "end_index": 0},
        {"url_citation": {"url": "https://a", "title": "A", "start_index": "1", "end_index": 2.0}},
        {"url_citation": {"url": "", "title": "no address"}},
        {"url_citation": {"url": 5}},
        {"url_citation": [], "title": None, "url": "https://c"},
        {"type": "file_citation"},
        "https://d",
        None,
    ]
    found = [Citation("https://a", "A", 1, 2), Citation("https://b"), Citation("https://c")]
    assert read(chunk({"content": "x", "annotations": notes}) + STOP).citations == found
    message = {"choices": [{"message": {"content": "x", "annotations": notes}, "finish_reason": "stop"}]}
    assert read(json.dumps(message).encode()).citations == found
    assert read(chunk({"content": "x", "annotations": "none"}) + STOP).citations == []


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter", "SAFETY", "something new", "error"])
def test_the_reason_to_stop_is_the_service_s_word(reason):
    assert read(chunk({"content": "a"}, finish_reason=reason)).ended == reason
    assert read(chunk(finish_reason=reason)).ended == reason


@pytest.mark.parametrize("thoughts", [None, "I should call f."])
def test_a_tool_call_that_nobody_asked_for_is_the_end(thoughts):
    call = {"tool_calls": [{"function": {"name": "f"}}], "reasoning": thoughts}
    assert read(chunk(call) + STOP).ended == "tool_calls"
    assert read(chunk(call) + chunk(finish_reason="tool_calls")).ended == "tool_calls"
    assert read(chunk(call) + DONE).ended == "tool_calls"
    assert read(chunk(call) + chunk({"content": "an answer"}) + STOP).ended == "stop"


@pytest.mark.parametrize(
    "call",
    [
        {"tool_calls": [{"index": 0, "function": {"name": "googleSearch", "arguments": "{}"}}]},
        {"tool_calls": {"function": {"name": "googleSearch"}}},
        {"function_call": {"name": "googleSearch"}},
        {"tool_calls": [{"function": {"name": "googleSearch"}}, {"function": {"arguments": "{"}}, None, "x"]},
    ],
)
def test_the_tools_that_are_called_are_named(call):
    assert read(chunk(call) + chunk(finish_reason="tool_calls") + DONE).called == ("googleSearch",)
    assert read(chunk({"content": "I will look."}) + chunk(call) + STOP).called == ("googleSearch",)
    assert read(chunk(call) + chunk({"content": "It ran."}) + STOP).called == ()
    whole = {"choices": [{"message": {"content": None, **call}, "finish_reason": "tool_calls"}]}
    assert read(json.dumps(whole).encode()).called == ("googleSearch",)


def test_an_end_without_a_reason_is_an_end():
    assert read(chunk({"content": "a"}) + DONE).ended == "unknown"
    assert read(b'{"choices":[{"message":{"content":"a"},"finish_reason":null}]}').ended == "unknown"
    assert read(chunk({"content": "a"}) + STOP).ended == "stop"


LAST = [b"", b": keep-alive\n\n", b'data: {"choices":[{"delta":{"content":"los', b"data: [DON", chunk()]


@pytest.mark.parametrize("end", LAST)
def test_a_stream_that_ends_too_early_is_cut_and_keeps_what_came(end):
    with pytest.raises(IncompleteAnswer, match=r"broke off before its end\. Ask again") as caught:
        read(chunk({"reasoning": "why"}) + chunk({"content": "kept"}) + end)
    assert (caught.value.answer.thinking, caught.value.answer.text) == ("why", "kept")


def test_the_last_event_of_a_cut_stream_is_kept_when_it_is_whole():
    with pytest.raises(IncompleteAnswer) as caught:
        read(chunk({"content": "one, "}) + chunk({"content": "two <"}).rstrip() + b"\n")
    assert caught.value.answer.text == "one, two <"
    with pytest.raises(IncompleteAnswer) as caught:
        read(chunk({"content": "<thin"}))
    assert caught.value.answer.text == "<thin"


FIRST = [b": PROCESSING\n\n", chunk({"role": "assistant", "content": ""}), b'data: {"id"', b"data"]


@pytest.mark.parametrize("start", FIRST)
def test_a_stream_that_ends_before_the_first_word_may_have_been_charged(start):
    with pytest.raises(IncompleteAnswer, match=r"before its first word\. .* may have been charged"):
        read(start)


def test_a_whole_answer_that_breaks_off_is_cut():
    with pytest.raises(IncompleteAnswer, match="may have been charged"):
        read((BODIES / "kie-whole.json").read_bytes()[:200])


def test_lines_without_blank_lines_between_them_are_read():
    stream = (BODIES / "kie-streamed.txt").read_bytes().replace(b"\n\n", b"\n")
    assert told(read(stream)) == told(read((BODIES / "kie-streamed.txt").read_bytes()))


EMPTY = [
    b"",
    b" \n\n ",
    b"{}",
    b"[]",
    b"null",
    b'{"choices":[]}',
    b'{"choices":[{"message":{"role":"assistant","content":""}}]}',
    b'{"code":200,"msg":"success","data":null}',
    DONE,
    chunk({"role": "assistant", "content": ""}) + DONE,
    sse({"choices": [], "usage": {"total_tokens": 3}}) + DONE,
    b"Internal error",
    b"0",
]


@pytest.mark.parametrize("response", EMPTY)
def test_a_response_without_an_answer_is_an_error(response):
    with pytest.raises(UnexpectedResponse, match=r"sent no answer.*Ask again, or choose another") as caught:
        read(response)
    assert caught.value.excerpt == response.decode().strip()


# --- a finish_reason is a claim ---


def stamped(*deltas, reason="stop"):
    """Chunks each of which says that the answer has ended."""
    return [chunk(delta, finish_reason=reason) for delta in deltas]


STAMPED = stamped({"reasoning": "Hm."}, {"content": "One "}, {"content": "two "}, {"content": "three."})


@pytest.mark.parametrize("end", [DONE, b"", STOP, chunk({"content": "\n"}) + DONE])
def test_a_finish_reason_on_every_chunk_ends_nothing(end):
    answer = read(*STAMPED, end)
    assert (answer.thinking, answer.text.rstrip(), answer.ended) == ("Hm.", "One two three.", "stop")


def test_an_answer_is_not_told_to_have_ended_before_it_has():
    reader, answer = Reader(), Answer()
    for piece in STAMPED:
        for event in reader.feed(piece):
            fold(answer, event)
        assert answer.ended is None
    for event in reader.close():
        fold(answer, event)
    assert answer.ended == "stop"


def test_words_take_a_finish_reason_back():
    reader = Reader()
    assert list(reader.feed(STAMPED[0])) and not reader.finished  # thoughts alone are no answer
    assert list(reader.feed(STAMPED[1])) and reader.finished
    assert list(reader.feed(chunk({"content": "and"}))) and not reader.finished
    with pytest.raises(IncompleteAnswer):
        list(reader.close())


@pytest.mark.parametrize("n", range(1, 5))
def test_a_connection_that_breaks_cuts_an_answer_whose_finish_reasons_mean_nothing(n):
    reader = Reader()
    for piece in STAMPED[:n]:
        list(reader.feed(piece))
    if n == 2:  # one claim after the first words: nothing says yet that it means nothing
        assert list(reader.close(broken=True)) == [Finished("stop")]
    else:
        with pytest.raises(IncompleteAnswer):
            list(reader.close(broken=True))


@pytest.mark.parametrize("none", ["null", "None", " ", "FINISH_REASON_UNSPECIFIED"])
def test_a_reason_that_says_nothing_is_no_claim(none):
    reader = Reader()
    list(reader.feed(chunk({"content": "Half"}, finish_reason=none)))
    assert not reader.finished
    with pytest.raises(IncompleteAnswer):
        list(reader.close())
    assert read(chunk({"content": "a"}, finish_reason=none) + STOP).ended == "stop"


def test_a_reason_that_is_no_text_costs_nothing():
    assert read(chunk({"content": "a"}, finish_reason=5)).ended == "5"
    assert read(chunk({"content": "a"}, finish_reason={"type": "stop"})).ended == '{"type": "stop"}'
    assert read(chunk({"content": "a"}, finishReason="STOP")).ended == "STOP"


# --- odd events ---

ODD = {
    "another name": b"event: ping\ndata: 2026-11-28T10:00:00Z\n\n",
    "another name, with an object": b'event: ping\ndata: {"type": "ping"}\n\n',
    **{
        odd: f"data: {odd}\n\n".encode()
        for odd in ("[]", '"hello"', "123", "null", "true", "{}", "ping", "[1]")
    },
    **{
        f"{name} {odd}": sse({"choices": [{"delta": {"content": ""}, name: json.loads(odd)}]})
        for name in ("delta", "message", "finish_reason")
        for odd in ("[]", '""', "null", "0", "false")
    },
    **{f"choices {odd}": f'data: {{"choices": {odd}}}\n\n'.encode() for odd in ('""', "{}", "null", "0")},
    "fields of the wrong type": sse(
        {
            "model": 5,
            "id": [],
            "usage": "none",
            "choices": [{"index": "0", "delta": {"content": [], "tool_calls": {}}}],
        }
    ),
    "a field without data:": b"heartbeat\n\n",
    "an empty line of data": b"data:\n\n",
    "a line of JSON without data:": b'{"type": "ping"}\n\n',
    **{mark: f"data: {mark}\n\n".encode() for mark in ("[ping]", "[KEEP-ALIVE]", "{ping}", "[object Object]")},
    "an object in quotes": sse(json.dumps(json.dumps({"type": "ping"})).encode()),
    "a block without words": sse({"choices": [{"delta": {"content": {"type": "text", "text": ""}}}]}),
    "progress": sse({"code": 200, "msg": "processing"}),
}
ENDS = {
    **{
        end: f"data: {end}\n\n".encode()
        for end in ('"[DONE]"', "DONE", "[done]", "done", "'[DONE]'", "[ DONE ]")
    },
    "without an empty line": b"data: DONE",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_one_odd_event_costs_no_answer(odd):
    good = [chunk({"reasoning": "Hm."}), chunk({"content": "One "}), chunk({"content": "two."}), STOP, DONE]
    for place in range(len(good)):
        answer = read(*good[:place], odd, *good[place:])
        assert (answer.thinking, answer.text, answer.ended) == ("Hm.", "One two.", "stop"), place


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_end_is_understood_however_it_is_spelled(end):
    assert read(chunk({"content": "All."}) + STOP + end).ended == "stop"
    reader = Reader()
    list(reader.feed(chunk({"content": "All."}) + end))
    list(reader.close())
    assert reader.done


UNREADABLE = [b'data: {"choices":[{"delta":{"con\n\n', sse({"choices": [{"delta": {"content": 5}}]})]


@pytest.mark.parametrize("broken", UNREADABLE)
def test_what_cannot_be_read_is_loud_in_the_midst_of_an_answer_and_costs_nothing_after_it(broken):
    with pytest.raises(UnexpectedResponse) as caught:
        read(chunk({"content": "One "}) + broken + chunk({"content": "three."}) + STOP + DONE)
    assert caught.value.answer.text == "One "
    assert read(chunk({"content": "All."}) + STOP + broken + DONE).text == "All."
    with pytest.raises(UnexpectedResponse):  # every chunk says "stop", so this is the middle
        read(*STAMPED[:2], broken, *STAMPED[2:], DONE)


def test_events_that_were_written_as_json_twice_are_read():
    events = [{"choices": [{"delta": {"content": piece}}]} for piece in ("One ", "two.")]
    twice = [sse(json.dumps(json.dumps(event)).encode()) for event in events]
    assert read(*twice, STOP, sse(b'"[DONE]"')).text == "One two."


def test_content_that_is_one_block_is_read_like_a_list_of_one():
    block = {"type": "text", "text": "All."}
    assert read(chunk({"content": block}) + STOP).text == "All."
    assert read(chunk({"reasoning": {"text": "Hm."}}) + chunk({"content": "x"}) + STOP).thinking == "Hm."


def test_lines_of_json_are_an_answer_too():
    lines = [{"choices": [{"delta": {"content": piece}}]} for piece in ("One ", "two.")]
    lines.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    assert read("".join(json.dumps(line) + "\n" for line in lines).encode()).text == "One two."
    with pytest.raises(IncompleteAnswer):
        read("".join(json.dumps(line) + "\n" for line in lines[:2]).encode())


REPEATED = {
    "message alone": {"message": {"role": "assistant", "content": "One two.", "reasoning_content": "Hm."}},
    "beside a delta": {"delta": {}, "message": {"content": "One two.", "reasoning_content": "Hm."}},
    "beside the last words": {"delta": {"content": " three"}, "message": {"content": "One two. three"}},
    "in blocks": {"message": {"content": [{"type": "text", "text": "One two."}]}},
}


@pytest.mark.parametrize("last", REPEATED.values(), ids=REPEATED)
def test_a_last_chunk_that_repeats_the_whole_answer_adds_nothing(last):
    pieces = chunk({"reasoning_content": "Hm."}) + chunk({"content": "One "}) + chunk({"content": "two."})
    answer = read(
        pieces + sse({"choices": [{**last, "finish_reason": "stop"}], "usage": {"total_tokens": 3}}) + DONE
    )
    assert answer.thinking == "Hm."
    assert answer.text == "One two." + last.get("delta", {}).get("content", "")
    assert answer.usage.total_tokens == 3


def test_what_a_delta_brings_after_a_message_is_read():
    first = sse({"choices": [{"message": {"content": "One "}}]})
    assert read(first + chunk({"content": "two."}) + STOP).text == "One two."


@pytest.mark.parametrize(
    "messages",
    [
        ("One ", "One two ", "One two three.", "One two three."),
        ("One two three.", "One two three."),
        ("One ", "two ", "three.", ""),
        ("One ", "One two three.", "", "One two three."),
    ],
    ids=["all so far", "twice", "pieces", "nothing between"],
)
def test_messages_bring_their_words_once_whether_each_is_a_piece_or_all_so_far(messages):
    fields = [{name: text} for name in ("reasoning_content", "content") for text in messages]
    answer = read(*(sse({"choices": [{"message": each}]}) for each in fields), STOP)
    assert (answer.thinking, answer.text) == ("One two three.", "One two three.")


def test_the_text_of_a_completion_is_read():
    assert read(*(sse({"choices": [{"text": "Ha"}]}) for _ in range(2)), STOP).text == "HaHa"
    pieces = [sse({"choices": [{"text": piece, "index": 0}]}) for piece in ("One ", "two.")]
    assert read(*pieces, STOP).text == "One two."
    assert read(json.dumps({"choices": [{"text": "All.", "finish_reason": "stop"}]}).encode()).text == "All."
    assert read(sse({"choices": [{"delta": {"content": "All."}, "text": "All."}]}) + STOP).text == "All."


def test_a_message_that_brings_what_no_delta_brought_is_read():
    whole = sse({"choices": [{"message": {"content": "All."}, "finish_reason": "stop"}]})
    assert read(chunk({"reasoning": "Hm."}) + whole).text == "All."
    assert read(chunk({"content": "\n"}) + whole).text == "\nAll."


@pytest.mark.parametrize("code", [0, "0", 200, "200", 201, "success", None, 1])
@pytest.mark.parametrize("words", [{"msg": "success"}, {"message": "OK"}])
def test_a_success_after_the_answer_is_no_error(code, words):
    success = {"code": code, **words, "data": None}
    for end in (STOP + DONE, STOP, DONE):
        assert read(chunk({"content": "All."}) + sse(success) + end).text == "All."
        assert read(chunk({"content": "All."}) + STOP + sse(success) + end).text == "All."
    assert read(json.dumps(success | json.loads(WHOLE)).encode()).text == "All."


WHOLE = b'{"choices":[{"message":{"content":"All."},"finish_reason":"stop"}]}'


# --- refusals ---


def envelope(code, message):
    return json.dumps({"code": code, "msg": message, "data": None}).encode()


def error(message, **more):
    return json.dumps({"error": {"message": message, **more}}).encode()


REFUSALS = {  # name: status, body, error, its code, what its message says
    "kie's envelope with 200": (
        200, (BODIES / "kie-envelope.json").read_bytes(),
        AuthenticationError, 401, "401: You do not have access permissions. Set the key again with",
    ),
    "an envelope in the stream": (
        200, sse(envelope(402, "Credits insufficient")),
        QuotaExceeded, 402, "402: Credits insufficient. Add credit to the account",
    ),
    "an envelope with its status": (429, envelope(429, "slow down"), RateLimitError, 429, "429: slow down. Wait"),
    "a code as text": (200, envelope("455", "closed"), ServiceError, 455, "455: closed. The service is under main"),
    "an address without /v1 at LM Studio": (
        200, b'{"error": "Unexpected endpoint or method. (POST /chat/completions). Returning 200 anyway"}',
        ServiceError, 404, "Returning 200 anyway. Check the model's name and the address",
    ),
    "a page that does not exist": (
        200, envelope(500, "The page does not exist or is not published"),
        ServiceError, 404, "404: The page does not exist or is not published. Check the model's name",
    ),
    "422": (200, envelope(422, "The model is not supported"), ServiceError, 422, r"422: .* Look at .* --dry-run"),
    "500": (200, envelope(500, "Try later!"), ServiceError, 500, "500: Try later! Ask again in a moment, or choose"),
    "501": (200, envelope(501, "Generation failed"), ServiceError, 501, r"501: .* Ask again in a moment"),
    "505": (200, envelope(505, "disabled"), ServiceError, 505, "505: disabled. The service has switched this off"),
    "408": (200, envelope(408, "no result"), ServiceError, 408, "408: no result. It took too long for this question"),
    "504": (504, b"", ServiceError, None, "504 without a word. .* It may have been charged"),
    "an error": (401, error("Invalid key", type="auth"), AuthenticationError, "auth", "401: Invalid key. Set the key"),
    "an error with 200": (200, error("No auth", code=401), AuthenticationError, 401, "401: No auth."),
    "an error in text": (
        404, b'{"timestamp":1,"status":404,"error":"Not Found","path":"/x"}',
        ServiceError, 404, "404: Not Found. Check the model",
    ),
    "an error as a flag": (200, b'{"error":true,"message":"broken"}', ServiceError, None, "with an error: broken."),
    "an error without words": (200, b'{"error":{"code":500}}', ServiceError, 500, '500: {"code": 500}. Ask again'),
    "an error in a choice": (
        200, b'{"choices":[{"message":null,"error":{"code":502,"message":"gone"}}]}',
        ServiceError, 502, "502: gone. Ask again",
    ),
    "a detail": (422, b'{"detail":"field required"}', ServiceError, None, "422: field required. Look at"),
    "details": (422, b'{"detail":[{"msg":"field required"}]}', ServiceError, None, "422: .*field required"),
    "an error in a string": (
        500, error(json.dumps({"error": {"code": 429, "message": "Too many pictures"}})),
        ServiceError, None, "500: Too many pictures. Ask again",
    ),
    # https://openrouter.ai/docs/api-reference/errors
    "the words of the service behind": (
        400, error("Provider returned error", code=400, metadata={
            "provider_name": "Google", "raw": '{"error": {"message": "Unable to process the image"}}'}),
        ServiceError, 400, "400: Provider returned error: Unable to process the image. Look at",
    ),
    "a page of the service behind": (
        502, error("Provider returned error", code=502, metadata={"raw": "<html>502</html>"}),
        ServiceError, 502, "502: Provider returned error. Ask again",
    ),
    "brackets that are not JSON": (400, error("[x] is not a field"), ServiceError, None, r"400: \[x\] is not a field\."),
    "a code of its own": (400, error("no VLM", code=20041), ServiceError, "20041", "400: no VLM. Look at"),
    "google's array": (
        400, (BODIES / "google-error.json").read_bytes(), AuthenticationError, 401, "401: API key not valid",
    ),
    "vLLM's": (
        200, (BODIES / "vllm-error.json").read_bytes(), ServiceError, 404, "404: The model `gemini` does not exist.",
    ),
    "a page with its status": (
        502, (BODIES / "nginx-502.html").read_bytes(),
        ServiceError, None, "502: 502 Bad Gateway 502 Bad Gateway nginx/1.25.3. Ask again in a moment",
    ),
    "plain words": (503, b"connect error\r\nor reset", ServiceError, None, "503: connect error or reset. Ask again"),
    "a stream with its status": (403, b"data: no\n\n", ServiceError, None, "403: data: no. Look up what the key"),
    "a redirect": (302, b"", ServiceError, None, "302 without a word. Check the model's name and the address"),
    "too large": (413, b"", ServiceError, None, "413 without a word. Attach less"),
    "control characters": (400, error("a\x1b[3m\u202eb\nc"), ServiceError, None, r"400: a␛\[3m⟨U\+202E⟩b c\. "),
    "no JSON after all": (400, b'{"error":', ServiceError, None, '400: {"error":.'),
}  # fmt: skip


@pytest.mark.parametrize(("status", "response", "kind", "code", "says"), REFUSALS.values(), ids=REFUSALS)
def test_a_no_says_what_the_service_said_and_what_to_do(status, response, kind, code, says):
    for pieces in ([response], [response[:1], response[1:]]):
        with pytest.raises(ServiceError, match=says) as caught:
            read(*pieces, status=status)
        assert (type(caught.value), caught.value.status, caught.value.code) == (kind, status, code)
        message = str(caught.value)
        assert "\n" not in message and message.startswith("The service answered ") and message.endswith(".")
        assert len(message) < 500


BREAKS = {  # name: the rest of the stream, the error, its code, what its message says
    "an envelope": (sse(envelope(500, "Server exception")), ServiceError, 500, "500: Server exception"),
    "an error": (sse(error("quota", code=429)), RateLimitError, 429, "429: quota"),
    "an event": (
        b"event: error\n" + sse(error("overload", type="busy")),
        ServiceError,
        "busy",
        "busy: overload",
    ),
}


# Errors of an answer that has begun, each as it was seen or as its neighbours would write it. None of them
# may pass for an end, and the service's words are kept.
SAD = "The backend gave up"
ERRORS = {
    "message": {"message": SAD},
    "msg": {"msg": SAD},
    "detail": {"detail": SAD},
    "FastAPI's details": {"detail": [{"loc": ["body", "messages"], "msg": SAD, "type": "missing"}]},
    "errors": {"errors": [{"message": SAD, "code": 1001}]},
    "errors in text": {"errors": [SAD]},
    "no success": {"success": False, "message": SAD},
    "not ok": {"ok": False, "msg": SAD},
    "a status": {"status": "error", "message": SAD},
    "a failed status": {"status": "failed", "detail": SAD},
    "a status in numbers": {"status": 500, "title": SAD},
    "a statusCode": {"statusCode": 502, "message": SAD},
    "an object": {"object": "error", "message": SAD},
    "a type": {"type": "error", "message": SAD},
    "error": {"error": {"message": SAD}},
    "error in text": {"error": SAD},
    "a flag": {"error": True, "message": SAD},
    "error in a list": {"error": [{"message": SAD}]},
    "error in an error": {"error": {"error": {"message": SAD}}},
    "error under an error": {"type": "error", "error": {"type": "overloaded_error", "message": SAD}},
    "an envelope": {"code": 500, "msg": SAD},
    "an envelope with data": {"code": 500, "msg": "", "data": {"message": SAD}},
    "a code in words": {"code": "InternalError", "message": SAD},
    "a code of its own": {"code": -1, "msg": SAD, "data": None},
    "with empty choices": {"choices": [], "error": {"message": SAD, "code": 500}},
    "beside choices": {"choices": [{"delta": {}, "finish_reason": "error"}], "error": {"message": SAD}},
    "Groq's": {"choices": [{"delta": {}}], "x_groq": {"id": "req_1", "error": SAD}},
    "in a choice": {"choices": [{"delta": {"content": ""}, "error": {"message": SAD}}]},
    "in a delta": {"choices": [{"delta": {"error": {"message": SAD}}}]},
    "a refusal": {"choices": [{"delta": {"refusal": SAD}, "finish_reason": "stop"}]},
    **{name: {name: SAD} for name in ("error_msg", "errmsg", "errorMessage", "err", "exception", "failure")},
    "errmsg with a code": {"errcode": 40001, "errmsg": SAD},
    "a state": {"state": "failed", "message": SAD},
    "a result": {"result": "error", "message": SAD},
}
LONELY = ("message", "msg")  # without a name of their own they are errors only where the answer does not end


def spelled(value):
    """The ways in which an error comes in a stream."""
    text = json.dumps(value).encode()
    yield "data", b"data: " + text + b"\n\n"
    yield "list", b"data: [" + text + b"]\n\n"
    yield "no empty line", b"data: " + text
    yield "bare", text + b"\n\n"
    yield "bare list", b"[" + text + b"]\n"
    yield "bare, pretty", json.dumps(value, indent=2).encode() + b"\n\n"
    yield "event", b"event: error\ndata: " + text + b"\n\n"


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_in_mid_stream_is_no_end_and_keeps_its_words(name):
    for spelling, written in spelled(ERRORS[name]):
        for end in (b"", DONE, STOP + DONE):
            if name in LONELY and spelling != "event" and end.startswith(STOP):
                continue
            with pytest.raises(ServiceError, match=SAD) as caught:
                read(chunk({"content": "The first half"}) + written + b"\n\n" + end)
            assert caught.value.answer.text == "The first half", (spelling, end)


@pytest.mark.parametrize("name", [name for name in ERRORS if name not in LONELY])
def test_an_error_after_the_finish_reason_is_told(name):
    for _, written in spelled(ERRORS[name]):
        with pytest.raises(ServiceError, match=SAD) as caught:
            read(chunk({"content": "All."}) + STOP + written)
        assert caught.value.answer.text == "All."


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_instead_of_an_answer_keeps_its_words(name):
    body = ERRORS[name] if name != "a refusal" else {"choices": [{"message": {"refusal": SAD}}]}
    for response in (json.dumps(body), json.dumps([body]), json.dumps(body, indent=1)):
        with pytest.raises(ServiceError, match=SAD):
            read(response.encode())


@pytest.mark.parametrize("event", ["error", "Error", "response.failed", "exception", "stream_error"])
@pytest.mark.parametrize(
    "data", [b"The backend gave up", b'"The backend gave up"', b'{"message":"The backend gave up"}']
)
def test_an_event_that_is_called_an_error_is_one(event, data):
    broken = b"event: %s\ndata: %s\n\n" % (event.encode(), data)
    with pytest.raises(ServiceError, match=SAD):
        read(chunk({"content": "Half"}) + broken + DONE)


def test_an_error_without_words_is_an_error_all_the_same():
    for data in (b"{}", b"null", b"[]", b"0"):
        with pytest.raises(ServiceError, match="answered with an error"):
            read(chunk({"content": "Half"}) + b"event: error\ndata: " + data + b"\n\n" + DONE)


def test_a_refusal_that_comes_in_pieces_is_told_whole():
    pieces = (chunk({"refusal": piece}) for piece in ("I cannot ", "help ", "with that."))
    repeated = sse({"choices": [{"message": {"refusal": "I cannot help with that."}, "finish_reason": "stop"}]})
    with pytest.raises(ServiceError, match=r"declined to answer: “I cannot help with that\.”") as caught:
        read(*pieces, repeated, DONE)
    assert caught.value.code == "refusal"


@pytest.mark.parametrize("broken", [sse({"code": 503}), sse({"code": "500"}), sse({"errcode": 0, "err": True})])
def test_an_error_of_a_code_alone_is_no_end(broken):
    with pytest.raises(ServiceError):
        read(chunk({"content": "Half"}) + broken + DONE)


@pytest.mark.parametrize(
    "well", [{"errcode": 0, "errmsg": "ok"}, {"code": 200}, {"err": None}, {"error_msg": ""}]
)
def test_no_error_is_no_error_however_it_is_spelled(well):
    assert read(chunk({"content": "All."}) + sse(well) + STOP + sse(well) + DONE).text == "All."


@pytest.mark.parametrize(
    "well",
    [{"code": 200, "msg": "processing"}, {"status": "ok", "message": "on"}, {"type": "ping", "msg": "1"}],
)
def test_news_that_all_is_well_is_not_told_as_an_error_where_an_answer_is_cut(well):
    with pytest.raises(IncompleteAnswer):
        read(chunk({"content": "Half"}) + sse(well))


def test_a_block_in_which_the_model_declines_is_told():
    part = {"content": [{"type": "refusal", "refusal": "I cannot help."}]}
    for response in (chunk(part) + STOP, json.dumps({"choices": [{"message": part}]}).encode()):
        with pytest.raises(ServiceError, match="declined to answer: “I cannot help"):
            read(response)


@pytest.mark.parametrize("start", [b"", b"event: error\n", b": wait\n\n", b"id: 1\n"])
def test_a_refusal_with_a_status_is_read_in_an_event_too(start):
    refused = start + sse({"error": {"message": "Slow", "retry_after": 7}}) + DONE
    with pytest.raises(RateLimitError, match="answered 429: Slow") as caught:
        read(refused, status=429)
    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "https://example.org/busy", "title": "Busy", "status": 503},
        {"error": {"message": "Busy", "type": "overloaded", "code": 503}},
        {"error": {"message": "Busy", "type": "overloaded"}, "status": 503},
        {"error": "Busy", "message": "Busy", "statusCode": "503", "code": "E_BUSY"},
    ],
)
def test_a_status_in_the_body_counts_before_other_names_of_the_error(payload):
    for response in (json.dumps(payload).encode(), sse(payload)):
        with pytest.raises(ServiceError, match="answered 503: Busy") as caught:
            read(response)
        assert caught.value.code == 503


def test_what_an_error_had_cost_is_known():
    with pytest.raises(ServiceError) as caught:
        read(chunk({"content": "Half"}) + sse({"error": {"message": SAD}, "usage": {"total_tokens": 9}}))
    assert caught.value.answer.usage.total_tokens == 9


@pytest.mark.parametrize(("broken", "kind", "code", "says"), BREAKS.values(), ids=BREAKS)
def test_an_error_in_the_midst_keeps_what_came(broken, kind, code, says):
    with pytest.raises(ServiceError, match=says) as caught:
        read(chunk({"content": "The first half of"}) + broken)
    assert (type(caught.value), caught.value.status, caught.value.code) == (kind, 200, code)
    assert caught.value.answer.text == "The first half of"


def test_an_answer_that_openrouter_breaks_off_keeps_what_came():
    with pytest.raises(ServiceError, match="server_error: Provider disconnected unexpectedly") as caught:
        read((BODIES / "openrouter-broken.txt").read_bytes())
    assert (caught.value.code, caught.value.answer.text) == ("server_error", "The first half of")


def test_a_refusal_names_its_request():
    def named(response, **headers):
        with pytest.raises(ServiceError) as caught:
            read(response, status=500, headers=headers)
        return caught.value.request_id

    assert named(b'{"id":"r2","error":"x"}') == "r2"
    assert named(b'{"id":"r2","error":"x"}', **{"X-Request-ID": "r1"}) == "r1"
    assert named(b'{"id":2}') is named(b"") is None


def test_a_wait_is_read_in_seconds_and_as_a_date():
    def wait(value, status=429):
        with pytest.raises(ServiceError) as caught:
            read(b"", status=status, headers={"Retry-After": value} if value else {})
        return caught.value.retry_after_s

    assert wait("7") == wait("7", status=503) == 7
    assert wait("1.5") == 1.5
    assert wait("-3") == 0
    over = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    for date in (format_datetime(over, usegmt=True), format_datetime(over.replace(tzinfo=None))):
        most_s = (over - datetime.now(UTC)).total_seconds()
        wait_s = wait(date)
        assert (over - datetime.now(UTC)).total_seconds() <= wait_s <= most_s
    assert wait("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert wait("") is wait("soon") is wait("nan") is None


def test_a_web_page_is_no_answer():
    with pytest.raises(
        UnexpectedResponse, match=r"web page instead of an answer: “502 Bad .*nginx.*”\. Check"
    ) as caught:
        read((BODIES / "nginx-502.html").read_bytes())
    assert caught.value.excerpt.startswith("<html>")
    hostile = b"<script>alert(1)</script><!-- <b> --><p>Sign&nbsp;in &lt;b&gt; \x1b]0;x\x07</p><style>p {}"
    with pytest.raises(UnexpectedResponse, match="“Sign in <b> ␛]0;x␇”"):
        read(b"\n\n" + hostile)
    with pytest.raises(UnexpectedResponse):
        read(b"<script" * 1_000_000)
    with pytest.raises(ServiceError):
        read(b"<!--" * 1_000_000, status=500)


def test_the_balance_is_a_number_or_the_text_of_one():
    assert balance((BODIES / "kie-credit.json").read_bytes()) == 5916.25
    for data, left in ((b'"12"', 12.0), (b"0", 0.0), (b"-1.5", -1.5)):
        assert balance(b'{"code":200,"msg":"success","data":%s}' % data) == left


def test_a_balance_that_cannot_be_read_is_an_error():
    with pytest.raises(AuthenticationError, match="401"):
        balance((BODIES / "kie-envelope.json").read_bytes())
    with pytest.raises(AuthenticationError):
        balance(b"", status=401)
    for response in (b"", b"{}", b"[]", b'{"code":200,"msg":"","data":null}', b"<html>", b'{"data":{"a":1}}'):
        with pytest.raises(UnexpectedResponse):
            balance(response)


# --- odd text, large and hostile responses ---


def test_odd_characters_arrive_as_they_are():
    odd = "\0\u2028\u2029\u0085\ufeff\r\n\x0b\x1b[31m\u202e🎵"
    for ascii_only in (True, False):
        event = {"choices": [{"delta": {"content": odd, "reasoning": odd}}]}
        answer = read(sse(json.dumps(event, ensure_ascii=ascii_only).encode()) + STOP)
        assert (answer.text, answer.thinking) == (odd, odd)


def test_halves_of_a_character_are_joined_and_lone_ones_replaced():
    def said(*pieces):
        return read(b"".join(chunk({"content": piece}) for piece in pieces) + STOP).text

    assert said("a\ud83d", "\ude00b") == "a😀b"
    assert said("\ud83d", "", "\ude00") == "😀"
    assert said("a\ud83d", "b") == "a\ufffdb"
    assert said("a\ud83d") == said("a", "\ude00") == "a\ufffd"
    assert said("\ud83d", "\ud83d", "\ude00") == "\ufffd😀"
    mixed = chunk({"content": "a\ud83d"}) + chunk({"reasoning": "\ude00\ud83d"}) + chunk({"content": "b"})
    answer = read(mixed + STOP)
    assert (answer.text, answer.thinking) == ("a\ufffdb", "\ufffd\ufffd")
    with pytest.raises(IncompleteAnswer) as caught:
        read(chunk({"content": "a\ud83d"}))
    assert caught.value.answer.text == "a\ufffd"


def test_names_from_the_service_can_be_written_as_utf8():
    delta = {"content": "a", "annotations": [{"url": "https://a/\ud83d", "title": "\ud83d"}]}
    answer = read(
        sse({"model": "m\ud83d", "id": "i\ud83d", "choices": [{"delta": delta, "finish_reason": "\ud83d"}]})
    )
    for name in (
        answer.model,
        answer.request_id,
        answer.ended,
        answer.citations[0].url,
        answer.citations[0].title,
    ):
        assert name.endswith("\ufffd")


def test_broken_utf8_does_not_stop_an_answer():
    assert read(chunk({"content": "aXb"}).replace(b"X", b"\xff") + STOP).text == "a\ufffdb"


def test_a_long_answer_may_come_whole_but_not_without_end():
    long = "x" * 5_000_000
    response = json.dumps({"choices": [{"message": {"content": long}, "finish_reason": "stop"}]}).encode()
    assert read(*(response[i : i + 65_536] for i in range(0, len(response), 65_536))).text == long
    with pytest.raises(UnexpectedResponse, match="more than 32 MiB"):
        read(b"{", *(bytes(2**20) for _ in range(33)))


def test_of_an_error_only_the_beginning_is_kept():
    reader = Reader(status=500)
    for _ in range(40):
        assert list(reader.feed(b"x" * 2**20)) == []
    assert len(reader._body) == ERROR_BYTES


NO_FORMAT = [
    *(b'"a"', b"5", b"[1]", b'["a"]', b"[" * 100_000),
    *(b'{"choices":%s}' % odd for odd in (b"5", b"[5]", b'{"a":1}')),
    *(b'{"choices":[{"delta":%s}]}' % odd for odd in (b"5", b'"a"', b"[1]", b'{"reasoning_content":5}')),
    *(
        b'{"choices":[{"delta":{"content":%s}}]}' % odd
        for odd in (b"5", b"[5]", b'[{"text":5}]', b"[[1]]", b"true")
    ),
]


@pytest.mark.parametrize("start", [b"", b"data: "])
@pytest.mark.parametrize("value", NO_FORMAT, ids=lambda value: value[:60].decode())
def test_what_follows_no_format_is_said_to_be_so(start, value):
    with pytest.raises((UnexpectedResponse, IncompleteAnswer)) as caught:
        read(start + value + b"\n\n")
    assert "Ask again" in str(caught.value)


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("around", ["%s", '{"choices":%s}', '{"error":%s}', '{"choices":[{"delta":%s}]}'])
def test_no_depth_of_nesting_is_too_deep(around, status):
    for depth in range(850, 1010, 3):  # around the depth that Python's JSON can just parse and cannot write
        for start in ("", "data: "):
            with pytest.raises(GeminiError):
                read((start + around % ("[" * depth + "]" * depth)).encode(), status=status)


@pytest.mark.thorough
def test_no_response_whatever_raises_anything_but_our_errors():
    rng = random.Random(7)
    words = ["content", "text", "reasoning_content", "reasoning", "summary", "title", "url", "message"]
    names = [
        "choices", "delta", "message", "reasoning_details", "extra_content", "google", "thought", "annotations",
        "url_citation", "start_index", "tool_calls", "finish_reason", "index", "usage", "cost", "prompt_tokens",
        "completion_tokens_details", "reasoning_tokens", "credits_consumed", "model", "id", "object", "error",
        "code", "msg", "type", "status", "detail", "data", *words,
    ]  # fmt: skip
    leaves = (None, True, 0, 1, -7, 200, 404, 1e308, 10**400, "", "a", "401", "<think>", "stop", "\ud83d")

    def value(depth):
        kind = rng.random()
        if depth == 0 or kind < 0.35:
            return rng.choice(leaves)
        if kind < 0.5:
            return [value(depth - 1) for _ in range(rng.randrange(3))]
        return {rng.choice(names): value(depth - 1) for _ in range(rng.randrange(6))}

    def answer_like():
        part = {name: value(2) for name in rng.sample(names, 4)}
        part |= {name: rng.choice(("a", "<think>", "</think>", "", None)) for name in rng.sample(words, 4)}
        choice = {"delta": part, "finish_reason": rng.choice(("stop", None, value(1)))}
        return {"choices": [rng.choice((choice, choice, choice, value(3)))], rng.choice(names): value(3)}

    answered = 0
    for _ in range(6_000):
        made = [answer_like() if rng.random() < 0.7 else value(4) for _ in range(rng.randrange(1, 4))]
        streamed = rng.random() < 0.7
        response = b"".join(map(sse, made)) if streamed else json.dumps(made[0]).encode()
        try:
            read(response, status=rng.choice((200, 200, 200, 400, 503)))
            answered += 1
        except GeminiError as error:
            assert str(error).endswith((".", "…")) and "\n" not in str(error)
            str(error).encode()
    assert answered > 300  # it is not only refusals that were tried


@pytest.mark.thorough
def test_a_hundred_thousand_pieces_are_read_in_a_moment():
    stream = b"".join(chunk({"content": f"{n} "}) for n in range(100_000)) + STOP + DONE
    text = read(*(stream[i : i + 60] for i in range(0, len(stream), 60))).text
    assert text == "".join(f"{n} " for n in range(100_000))
