"""The demo service on a machine where any program and any web page may connect to it."""

import json
import socket
from contextlib import ExitStack

import httpx
import pytest

from gemini_magics import BadRequest
from gemini_magics.demo.answers import session_pace
from gemini_magics.demo.inspect import tables
from gemini_magics.demo.schema_values import DEEPEST, MOST_VALUES, example_of
from gemini_magics.service.request import IN_WORDS
from gemini_magics.testing import Act, Demo, Head


@pytest.fixture(scope="module")
def demo():
    with Demo(words_per_s=0) as running:
        yield running


def url(demo):
    return f"{demo.origin}/gemini-3.1-pro/v1/chat/completions"


def body(*parts, **fields):
    content = [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]
    return json.dumps({"messages": [{"role": "user", "content": content}], "stream": False, **fields}).encode()


SIMPLE = [  # a browser sends these without asking (https://fetch.spec.whatwg.org/#cors-safelisted-request-header)
    "text/plain", "text/plain; x=application/json", "text/plain;application/json", "application/jsonp",
    "multipart/form-data; boundary=application/json", "application/x-www-form-urlencoded",
    "text/plain, application/json", "", 'text/plain; x="application/json"', "application/json/x",
]  # fmt: skip


@pytest.mark.parametrize("media_type", SIMPLE)
def test_a_post_that_a_browser_sends_without_asking_is_refused(demo, media_type):
    response = httpx.post(url(demo), content=body("Why?"), headers={"Content-Type": media_type})
    assert response.status_code == 400


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json_is_taken_however_it_is_spelled(demo, media_type):
    response = httpx.post(url(demo), content=body("Why?"), headers={"Content-Type": media_type})
    assert response.status_code == 200


STRANGERS = [
    "https://evil.example", "null", "http://127.0.0.1", "http://localhost:8888", "http://127.0.0.1:1",
    "https://127.0.0.1", "file://", "",
]  # fmt: skip


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_page_of_another_origin_is_refused(demo, origin):
    response = httpx.post(
        url(demo), content=body("Why?"), headers={"Content-Type": "application/json", "Origin": origin}
    )
    assert response.status_code == 403


def test_its_own_origin_is_answered(demo):
    response = httpx.post(
        url(demo), content=body("Why?"), headers={"Content-Type": "application/json", "Origin": demo.origin}
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "[", "[::1", "a@127.0.0.1", "", "127.0.0.1:x"]
)
def test_another_host_is_refused(demo, host):
    headers = {"Content-Type": "application/json", "Host": host}
    assert httpx.post(url(demo), content=body("Why?"), headers=headers).status_code == 403


def talk(demo, head, rest=b""):
    """Send bytes to the demo; return what came until it hung up."""
    with socket.create_connection(("127.0.0.1", int(demo.origin.rpartition(":")[2]))) as connection:
        connection.sendall(head + rest)
        connection.shutdown(socket.SHUT_WR)
        came = b""
        while more := connection.recv(65536):
            came += more
        return came


def test_a_stranger_is_refused_before_his_body_is_read(demo):
    head = b"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 60000000\r\n\r\n"
    assert b" 403 " in talk(demo, head).split(b"\r\n")[0]


@pytest.mark.parametrize("name", ["Host", "Origin", "Content-Type", "Content-Length"])
def test_a_head_that_says_two_things_is_refused(demo, name):
    asked = body("Why?")
    said = {
        "Host": demo.origin.removeprefix("http://"),
        "Origin": demo.origin,
        "Content-Type": "application/json",
        "Content-Length": str(len(asked)),
    }
    path = url(demo).removeprefix(demo.origin)
    lines = [f"POST {path} HTTP/1.1", *(f"{each}: {value}" for each, value in said.items())]
    assert b" 200 " in talk(demo, ("\r\n".join(lines) + "\r\n\r\n").encode(), asked).split(b"\r\n")[0]
    lines.insert(1, f"{name}: 5")
    assert b" 4" in talk(demo, ("\r\n".join(lines) + "\r\n\r\n").encode(), asked).split(b"\r\n")[0]


HEADS = [
    b"\r\n", b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200,
    b"POST / HTTP/1.1\r\nHost: [\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: \xc2\xb2\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"PUT / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: \xff\r\n\r\n", b"GET / HTTP/1.1\r\n\x00: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS, ids=range(len(HEADS)))
def test_an_odd_head_leaves_nothing_on_stderr(demo, capfd, head):
    came = talk(demo, head)
    assert not came or b"200 OK" not in came
    assert capfd.readouterr() == ("", "")


ODD = [
    {"tools": 5}, {"tools": "x"}, {"tools": [[]]}, {"reasoning_effort": []}, {"messages": [5]}, {"messages": [[]]},
    {"messages": [{"role": []}]}, {"messages": [{"role": "user", "content": [{"type": []}]}]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": 5}}]}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://["}}]}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]}]},
    *[{"tools": [{"type": "function", "function": {"name": "Why", "parameters": parameters}}]} for parameters in (
        {"properties": "x"}, {"properties": [1]}, {"properties": None}, {"properties": {"a": {}}, "required": 5},
        {"properties": {"a": {"enum": [[]]}}, "required": [["a"]]}, {"properties": {"a": 5}, "required": ["a", {}]},
    )],
    {"messages": [{"role": "user", "content": []}]}, {"include_thoughts": {}}, {"stream": {}},
]  # fmt: skip


@pytest.mark.parametrize("fields", ODD, ids=range(len(ODD)))
def test_an_odd_body_is_answered_or_refused_and_leaves_nothing_on_stderr(demo, capfd, fields):
    response = httpx.post(
        url(demo), content=body("Why?", **fields), headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (200, 400)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "data", [b"[" * 986 + b"]" * 986, b'{"a": NaN}', b'{"a": ' + b"9" * 401 + b"}", b"\xff"]
)
def test_a_body_that_no_reader_takes_is_refused(demo, data):
    response = httpx.post(url(demo), content=data, headers={"Content-Type": "application/json"})
    assert response.status_code == 400


def values(example):
    inner = example.values() if isinstance(example, dict) else example if isinstance(example, list) else ()
    return 1 + sum(map(values, inner))


def depth(example):
    inner = example.values() if isinstance(example, dict) else example if isinstance(example, list) else ()
    return 1 + max(map(depth, inner), default=0)


def arrays(n, least):
    schema = {"type": "string"}
    for _ in range(n):
        schema = {"type": "array", "minItems": least, "items": schema}
    return schema


ITSELF = {
    "$defs": {"a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/a"}, "c": {"$ref": "#/$defs/a"}}}}
}
SCHEMAS = [
    arrays(6, 100), arrays(1, 10**9), arrays(50, 2), arrays(3, "x"), arrays(3, -1), arrays(2, 1e3), arrays(2, True),
    {**ITSELF, "$ref": "#/$defs/a"}, {"$ref": "#"}, {"$ref": 5}, {"$ref": "#/no/where"}, {"$ref": "#/\u0661"},
    {"type": "object", "properties": []}, {"type": "object", "properties": {"a": 5}}, {"anyOf": []}, {"anyOf": {}},
    {"enum": []}, {"type": "array", "prefixItems": {}}, {"type": "string", "format": []}, {"format": {}},
    {"type": "integer", "minimum": "x"}, {"type": "number", "exclusiveMaximum": []}, {"type": []}, [], 5, None, "x",
    {"type": "array", "prefixItems": [{"type": "string"}] * 100_000},
    {"type": "object", "properties": {str(number): {} for number in range(100_000)}},
]  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
def test_an_example_is_small_whatever_its_schema_asks_for(schema):
    example = example_of(schema)
    assert values(example) <= 2 * MOST_VALUES
    assert depth(example) <= DEEPEST + 1


def test_a_schema_of_a_few_characters_costs_no_more_than_its_answer(demo):
    asked = body("Which?", IN_WORDS + json.dumps(arrays(6, 100)))
    response = httpx.post(url(demo), content=asked, headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    assert len(response.content) < 200_000


def test_more_connections_than_it_takes_are_told_so_and_the_next_is_taken():
    with Demo([[Head(), Act.HANG]], connections=2) as demo, ExitStack() as stack:
        client = stack.enter_context(httpx.Client())
        held = [stack.enter_context(client.stream("POST", url(demo), content=b"{}")) for _ in range(2)]
        assert [response.status_code for response in held] == [200, 200]
        assert httpx.post(url(demo), content=b"{}").status_code == 503


@pytest.mark.parametrize("pace", ["nan", "inf", "-1", "x", "9" * 401, "1e400", " "])
def test_a_pace_that_is_none_is_refused_in_one_line(pace, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_DEMO_WORDS_PER_S", pace)
    with pytest.raises(BadRequest, match="must be a number from 0") as raised:
        session_pace()
    assert "\n" not in str(raised.value)


def test_a_table_is_found_with_its_heading():
    heading = "a: b: pandas DataFrame, 1 row × 2 columns follow\nTypes: x int64\n\n"
    (found,) = tables(f"{heading}|  | x |\n|:--|--:|\n| 0 | 1 |\n")
    assert (found.name, found.said) == (
        "a: b",
        "1 row × 2 columns with the index, of a pandas DataFrame, 1 row × 2 columns",
    )
    assert tables("| a |\n| b |") == tables("| a |") == tables("|\n|") == []
