import base64
import json
import random
from pathlib import Path

import pytest

from gemini_magics.core.errors import UnexpectedResponse
from gemini_magics.service.sse import EVENT_BYTES, Decoder, is_done

PUBLIC_CASES = Path(__file__).parents[3] / "shared" / "data" / "sse_cases.json"


def decode(*pieces: bytes) -> list[tuple[str, str, str]]:
    decoder = Decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return [tuple(event) for event in events + decoder.close()]


def data(*pieces: bytes) -> list[str]:
    return [data for _, data, _ in decode(*pieces)]


# What the standard says, each rule once: a stream -> (type, data, last id) of its events.
STANDARD = {
    "a blank line dispatches": (b"data: a\n\n", [("message", "a", "")]),
    "a space after the colon goes": (b"data:a\n\ndata:  b\n\n", [("message", "a", ""), ("message", " b", "")]),
    "a tab after the colon stays": (b"data:\ta\n\n", [("message", "\ta", "")]),
    "data lines are joined": (b"data: a\ndata\ndata: b\n\n", [("message", "a\n\nb", "")]),
    "empty data is an event": (b"data:\n\n", [("message", "", "")]),
    "no data is not an event": (b"event: x\n\nid: 1\n\n", []),
    "a type holds for one event": (b"event: x\ndata: a\n\ndata: b\n\n", [("x", "a", ""), ("message", "b", "")]),
    "an empty type is message": (b"event:\ndata: a\n\n", [("message", "a", "")]),
    "a type without data is dropped": (b"event: x\n\ndata: a\n\n", [("message", "a", "")]),
    "an id holds on": (b"id: 1\ndata: a\n\ndata: b\n\n", [("message", "a", "1"), ("message", "b", "1")]),
    "an id can be emptied": (b"id: 1\ndata: a\n\nid\ndata\n\n", [("message", "a", "1"), ("message", "", "")]),
    "an id with NUL is ignored": (b"id: 1\nid: 2\0\ndata: a\n\n", [("message", "a", "1")]),
    "comments are ignored": (b": hello\n:\ndata: a\n: data: b\n\n", [("message", "a", "")]),
    "other fields are ignored": (b"retry: 9\nData: a\n data: b\nxyz\ndata: c\n\n", [("message", "c", "")]),
    "one byte order mark goes": (b"\xef\xbb\xbfdata: a\n\n", [("message", "a", "")]),
    "a second one stays": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [("message", "b", "")]),
    "one in data stays": (b"data: \xef\xbb\xbfa\n\n", [("message", "\ufeffa", "")]),
    "CRLF ends lines": (b"data: a\r\ndata: b\r\n\r\n", [("message", "a\nb", "")]),
    "CR ends lines": (b"data: a\rdata: b\r\r", [("message", "a\nb", "")]),
    "they may be mixed": (b"data: a\rdata: b\r\ndata: c\n\r", [("message", "a\nb\nc", "")]),
    "no other character ends a line": (
        "data: a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\0h\n\n".encode(),
        [("message", "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\0h", "")],
    ),
    "broken UTF-8 is replaced, up to the line's end": (
        b"data: \xf0\x9f\x98\ndata: \xffb\n\n",
        [("message", "\ufffd\n\ufffdb", "")],
    ),
    "an event that nothing ends is dropped": (b"data: a\n\ndata: b\n", [("message", "a", "")]),
}


@pytest.mark.parametrize(("stream", "events"), STANDARD.values(), ids=STANDARD)
def test_the_standard_is_kept(stream, events):
    assert decode(stream) == events


@pytest.mark.parametrize(("stream", "events"), STANDARD.values(), ids=STANDARD)
def test_events_do_not_depend_on_where_the_network_cut_them(stream, events):
    for cut in range(len(stream) + 1):
        assert decode(stream[:cut], b"", stream[cut:]) == events, cut
    assert decode(*(stream[i : i + 1] for i in range(len(stream)))) == events


@pytest.mark.skipif(not PUBLIC_CASES.exists(), reason="the public cases are not beside this checkout")
def test_all_public_cases_pass():
    cases = json.loads(PUBLIC_CASES.read_text())["cases"]
    assert len(cases) == 95
    for case in cases:
        pieces = [base64.b64decode(piece) for piece in case["chunks_b64"]]
        expected = [(event["event"], event["data"], event["id"]) for event in case["events"]]
        assert decode(*pieces) == expected, case["name"]


def test_an_event_comes_as_soon_as_its_blank_line_does():
    decoder = Decoder()
    assert decoder.feed(b"data: a\r\n\r") == [("message", "a", "")]
    assert decoder.feed(b"\ndata: b\n\n") == [("message", "b", "")]


def test_json_lines_need_no_blank_line_between_them():
    assert data(b'data: {"a":1}\ndata: {}\n\ndata: [1]\ndata: [DONE]\n') == ['{"a":1}', "{}", "[1]", "[DONE]"]
    assert data(b'data: [DONE]\ndata: {"a":1}\n\n') == ["[DONE]", '{"a":1}']


def test_json_on_several_lines_stays_one_event():
    pretty = json.dumps({"a": [{"b": {}}, {"c": [1, [2]]}], "d": {}}, indent=1)
    stream = "".join(f"data: {line}\n" for line in pretty.splitlines()) + "\n"
    assert data(stream.encode()) == [pretty]
    leading_commas = ['{"a": {}', ', "b": [1]', ', "c": 2', "}"]
    assert data(("data: " + "\ndata: ".join(leading_commas) + "\n\n").encode()) == ["\n".join(leading_commas)]


@pytest.mark.parametrize("text", ["1\n2", '"a"\n"b"', "{curly}\nwords", "[x]\n{\ny", "}\n{"])
def test_lines_that_are_no_json_object_are_joined_as_the_standard_says(text):
    assert data(f"data: {text}\n\n".replace("\n", "\ndata: ", text.count("\n")).encode()) == [text]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("last", [b'{"a":1}', b"[DONE]", b"[1]", b" [DONE] "])
def test_a_last_event_that_is_whole_needs_no_blank_line(last, end):
    assert data(b"data: x\n\ndata: " + last + end) == ["x", last.decode()]


@pytest.mark.parametrize("last", [b'data: {"a":', b"data: [DON", b"data: 5", b"data:", b"dat"])
def test_a_last_event_that_was_cut_is_dropped(last):
    assert data(b"data: x\n\n" + last) == ["x"]


def test_a_last_line_can_be_the_first():
    assert data(b'\xef\xbb\xbfdata: {"a":1}') == ['{"a":1}']
    assert data() == data(b"") == data(b"\n\n") == []


def test_deep_json_is_no_trouble():
    deep = "[" * 100_000 + "]" * 100_000
    assert data(f"data: {deep}\ndata: x\n\n".encode()) == [f"{deep}\nx"]


def test_an_event_has_a_largest_size():
    decoder = Decoder()
    with pytest.raises(UnexpectedResponse, match=r"32 MiB\. Ask for a shorter answer"):
        for _ in range(EVENT_BYTES // 2**20 + 1):
            decoder.feed(b"x" * 2**20)
    decoder = Decoder()
    with pytest.raises(UnexpectedResponse):
        for _ in range(EVENT_BYTES // 2**20 + 1):
            decoder.feed(b"data: " + b"x" * 2**20 + b"\n")


def test_comments_without_end_are_no_event_that_grows():
    decoder = Decoder()
    for _ in range(EVENT_BYTES // 2**20 + 1):
        assert decoder.feed(b": " + b"x" * 2**20 + b"\n") == []
    assert decoder.feed(b"data: a\n\n") == [("message", "a", "")]


# Quadratic work would take minutes here: 30 MB in 300,000 pieces, copied again for each.
def test_a_long_line_in_small_pieces_is_read_once():
    line = b"data: " + b"x" * 30_000_000 + b"\n\n"
    assert [len(text) for text in data(*(line[i : i + 100] for i in range(0, len(line), 100)))] == [30_000_000]


def test_many_lines_in_one_event_are_read_once():
    lines = ['{"a": ['] + ["{}", ","] * 100_000 + ["{}", "]}"]
    assert data(("data: " + "\ndata: ".join(lines) + "\n\n").encode()) == ["\n".join(lines)]
    prose = ["{x}"] * 100_000
    assert data(("data: " + "\ndata: ".join(prose) + "\n\n").encode()) == ["\n".join(prose)]


def test_many_small_events_in_random_pieces_arrive_in_order():
    rng = random.Random(1)
    stream = b"".join(b'data: {"n":%d}\r\n\r\n' % n for n in range(20_000))
    pieces, start = [], 0
    while start < len(stream):
        pieces.append(stream[start : (start := start + rng.choice((1, 2, 3, 50, 4000)))])
    assert data(*pieces) == [f'{{"n":{n}}}' for n in range(20_000)]


BARE = {  # what stands between two events without `data:` -> the events that it makes
    "an object": (b'{"error": 1}\n', ['{"error": 1}']),
    "an array": (b'[{"error": 1}]\n\n', ['[{"error": 1}]']),
    "an indented object": (b'  {"error": 1}\n', ['  {"error": 1}']),
    "several": (b'{"a": 1}\n{"b": 2}\n', ['{"a": 1}', '{"b": 2}']),
    "on several lines": (b'{\n "error": {\n "data": ":x"\n }\n}\n\n', ['{\n "error": {\n "data": ":x"\n }\n}']),
    "no JSON": (b"{curly}\n\n[x\n", []),
    "half an object": (b'{"error":\n\n', []),
    "words": (b"Internal Server Error\n", []),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "events"), BARE.values(), ids=BARE)
@pytest.mark.parametrize("end", [b"\n", b"\n\n"])
def test_a_line_of_json_without_its_field_is_an_event_of_its_own(lines, events, end):
    first, last = b'data: {"n":1}', b'data: {"n":2}'
    assert data(first + end + lines + last + end) == ['{"n":1}', *events, '{"n":2}']
    assert data(first + end + lines) == ['{"n":1}', *events]
    assert data(b"event: x\n" + first + end + lines.rstrip()) == ['{"n":1}', *events]


def test_lines_without_their_field_have_a_largest_size():
    decoder = Decoder()
    with pytest.raises(UnexpectedResponse):
        for _ in range(EVENT_BYTES // 2**20 + 1):
            decoder.feed(b"{" + b"x" * 2**20 + b"\n")


@pytest.mark.parametrize("done", ["[DONE]", "DONE", "[done]", '"[DONE]"', "'done'", " [ DONE ] "])
def test_the_end_in_each_spelling_needs_no_blank_line(done):
    assert data(f"data: {{}}\ndata: {done}".encode()) == ["{}", done]


@pytest.mark.parametrize("word", ["done.", "[DON", "undone", '"done', "[DONE] x", "is done"])
def test_other_words_are_not_the_end(word):
    assert not is_done(word)
