"""The client: exactly what is sent, and that the key is nowhere but in one header."""

import logging
import sys
import traceback

import httpx
import pytest
from IPython.core.ultratb import VerboseTB
from patience import wait_until
from server import listening, read_request

from gemini_magics.core.errors import (
    AuthenticationError,
    BadRequest,
    ConnectionFailed,
    GeminiError,
    IncompleteAnswer,
)
from gemini_magics.core.messages import Attachment, Media, Message, Text, Waiting
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings
from gemini_magics.service import client, keys, retries
from gemini_magics.service.client import Call, ask, fetch
from gemini_magics.service.delivery import Delivery, check_keys, credits_left
from gemini_magics.service.secret import Key
from gemini_magics.service.services import find
from gemini_magics.testing import Demo, Head, body, chunk, ending, envelope, event, stream, took

SECRET = "sk-Zq3v9XtB7nLw2Rk8"
PIECES = {SECRET[start : start + 8] for start in range(len(SECRET) - 7)}
URL = "https://service.example/v1/chat/completions"
FINE = b"".join(step for step in stream("Fine.") if isinstance(step, bytes))


def answered(content, status=200):
    return lambda _: httpx.Response(status, stream=httpx.ByteStream(content))


def shows(told: object) -> bool:
    return any(piece in str(told) for piece in PIECES)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(retries, "BACKOFF_S", 0.001)


def mocked(answer, key=None, content=b"{}", **settings):
    """Ask with a transport in the network's place; return the events, the error and the requests."""
    requests, events = [], []

    def handle(request):
        requests.append(request)
        return answer(request)

    call = Call(URL, content, Settings(**settings), key, transport=httpx.MockTransport(handle))
    try:
        events += ask(call)
    except GeminiError as error:
        return events, error, requests
    return events, None, requests


def left(settings):
    return credits_left(find(settings), settings)


def deliver(demo, *parts, **settings):
    chosen = Settings(service="demo", base_url=demo.base_url, **settings)
    return Delivery(Question((Message("user", parts or ("Well?",)),), chosen), find(chosen))


# What is sent --------------------------------------------------------------------------------------


def test_one_request_has_these_headers_and_no_others():
    events, error, [request] = mocked(answered(FINE), Key(SECRET), b'{"a": 1}')
    assert dict(request.headers) == {
        "host": "service.example",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "keep-alive",
        "user-agent": "gemini_magics",
        "content-type": "application/json",
        "content-length": "8",
        "authorization": f"Bearer {SECRET}",
    }
    assert (request.method, str(request.url), request.content) == ("POST", URL, b'{"a": 1}')
    assert (Text("Fine.") in events, error) == (True, None)


def test_without_a_key_there_is_no_authorization():
    _, _, [request] = mocked(answered(FINE))
    assert "authorization" not in request.headers


def test_a_netrc_file_gives_nobody_a_key(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine service.example login me password pass\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    _, _, [request] = mocked(answered(FINE))
    assert "authorization" not in request.headers


def test_a_cookie_is_not_sent_back():
    with Demo([[Head(headers={"Set-Cookie": "who=me; Path=/"}), *stream("Fine.")[1:]]]) as demo:
        for _ in range(2):
            list(deliver(demo).batches())
        assert "cookie" not in demo.requests[1].headers


def test_every_question_has_a_connection_of_its_own():
    ports = []

    def talk(connection):
        ports.append(connection.getpeername()[1])
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(FINE) + FINE)
        assert read_request(connection) == b""  # the connection ends; it is not used again

    with listening(talk) as port:
        settings = Settings(service="demo", base_url=f"http://127.0.0.1:{port}/v1")
        for _ in range(3):
            list(Delivery(Question((Message("user", ("Well?",)),), settings), find(settings)).batches())
    assert len(set(ports)) == 3


def test_the_request_leaves_before_anybody_asks_for_events():
    with Demo([stream("Fine.")]) as demo:
        delivery = deliver(demo)
        wait_until(lambda: demo.requests)
        assert any(Text("Fine.") in batch for batch in delivery.batches())


def test_a_delivery_names_the_service_in_use():
    with Demo([stream("Fine.")]) as demo:
        delivery = deliver(demo, model="gemini-x")
        list(delivery.batches())
        assert (delivery.service.name, delivery.service.model) == ("demo", "gemini-x")
        assert demo.requests[0].path == "/gemini-x/v1/chat/completions"


def test_an_extra_that_is_no_json_is_refused_before_anything_is_sent():
    with Demo([stream("Fine.")]) as demo:
        for extra in ({"temperature": float("nan")}, {"stop": {1, 2}}):
            with pytest.raises(BadRequest, match="--extra"):
                deliver(demo, extra=extra)
        assert not demo.requests


# What a failure means ------------------------------------------------------------------------------

FAILURES = {
    httpx.ConnectError: (ConnectionFailed, 3),
    httpx.ConnectTimeout: (ConnectionFailed, 3),
    httpx.ProxyError: (ConnectionFailed, 3),
    httpx.WriteError: (ConnectionFailed, 3),
    httpx.WriteTimeout: (ConnectionFailed, 3),
    httpx.ReadError: (IncompleteAnswer, 1),
    httpx.ReadTimeout: (IncompleteAnswer, 1),
    httpx.RemoteProtocolError: (IncompleteAnswer, 1),
    httpx.CloseError: (IncompleteAnswer, 1),
}


@pytest.mark.parametrize("failure, kind, tries", [(f, k, n) for f, (k, n) in FAILURES.items()])
def test_only_what_was_surely_not_sent_is_sent_again(failure, kind, tries):
    def fail(request):
        raise failure(f"it says {SECRET}")

    events, error, requests = mocked(fail, Key(SECRET))
    assert (type(error), len(requests)) == (kind, tries)
    assert [type(event) for event in events] == [Waiting] * (tries - 1)
    assert ("may have been charged" in str(error)) == (kind is IncompleteAnswer)
    assert ("nothing was charged" in str(error)) == (kind is ConnectionFailed)
    assert "\n" not in str(error) and not shows(error)


def test_a_failure_says_what_it_waited_for():
    def fail(request):
        raise httpx.ConnectTimeout("")

    _, error, _ = mocked(fail, connect_timeout_s=7, retries=0)
    assert "No connection to service.example within 7 s" in str(error)


TIMEOUTS = {  # settings -> what httpx is told, in seconds
    "unless set": ({}, {"connect": 10, "write": 60, "read": 300, "pool": None}),
    "connect": ({"connect_timeout_s": 1.5}, {"connect": 1.5, "write": 60, "read": 300, "pool": None}),
    "write": ({"write_timeout_s": 1.5}, {"connect": 10, "write": 1.5, "read": 300, "pool": None}),
    "the patience for a tier": ({"tier": "flex"}, {"connect": 10, "write": 60, "read": 900, "pool": None}),
    "gap": ({"gap_timeout_s": 1.5}, {"connect": 10, "write": 60, "read": 1.5, "pool": None}),
}


@pytest.mark.parametrize(("settings", "told"), TIMEOUTS.values(), ids=TIMEOUTS)
def test_each_timeout_is_the_one_that_is_set(settings, told):
    _, _, [request] = mocked(answered(FINE), **settings)
    assert request.extensions["timeout"] == told


def test_waits_grow_and_stay_below_what_is_set(monkeypatch):
    monkeypatch.setattr(retries, "BACKOFF_S", 0.01)
    events, _, requests = mocked(answered(b"{}", 503), retries=9, retry_wait_s=0.05)
    assert [event.seconds for event in events] == [0.01, 0.02, 0.04, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]
    assert len(requests) == 10


@pytest.mark.parametrize(
    "address", ["https://a.example:port/v1", "https://[::1/v1", "https:///v1", "https://me:pass@a.example/v1"]
)
def test_an_address_that_is_none_is_a_mistake_of_the_cell(address, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    with pytest.raises(BadRequest, match="address"):
        list(
            Delivery(
                Question((Message("user", ("Well?",)),), Settings(base_url=address)),
                find(Settings(base_url=address)),
            ).batches()
        )


# The key -------------------------------------------------------------------------------------------

DETAIL = {"code": 400, "message": f"Your key {SECRET} is odd", "type": SECRET}
ECHOES = {
    "text": stream(f"You sent {SECRET}", "."),
    "text in pieces": stream(*SECRET, "-", *SECRET),
    "thoughts": stream("So.", thoughts=[SECRET[:9], SECRET[9:]]),
    "a model": [Head(), event({"model": SECRET, "id": SECRET, "choices": [{"delta": {"content": "Hm"}}]}),
                *ending("stop", took(1, 1))],
    "a citation": [Head(), chunk(content="Hm", annotations=[{"type": "url_citation", "url_citation": {
        "url": f"https://a.example/?key={SECRET}", "title": SECRET}}]), *ending("stop", took(1, 1))],
    "a finish reason": [Head(), chunk(content="Hm"), chunk(finish=SECRET), *ending(SECRET, took(1, 1))],
    "headers": [Head(headers={"X-Request-Id": SECRET, "X-Echo": f"Bearer {SECRET}"}), *stream("Hm")[1:]],
    "an envelope": envelope(401, f"Wrong key {SECRET}"),
    "an error": body({"error": DETAIL}, 400, X_Request_Id=SECRET),
    "an error in mid-stream": [Head(), chunk(content="Hm"), event({"error": DETAIL})],
    "a wait": envelope(503, f"Not now, {SECRET}"),
    "a page": [Head(), f"<html>{SECRET}</html>".encode()],
    "no known format": [Head(), f"data: {SECRET}\n\n".encode()],
    "a broken stream": [Head(), f'data: {{"x": "{SECRET}'.encode()],
    "an odd compression": [Head(headers={"Content-Encoding": SECRET}), b"?"],
    "no HTTP": [f"{SECRET} {SECRET}\r\n\r\n".encode()],
}  # fmt: skip


def heard(delivery):
    """The events of a delivery, and all that two kinds of tracebacks with local variables tell of its error."""
    events = []
    try:
        for batch in delivery.batches():
            events += batch
    except GeminiError as error:
        assert error.__context__ is error.__cause__ is None
        plain = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        return events, "".join([*plain, VerboseTB("nocolor").text(*sys.exc_info()), str(vars(error))])
    return events, ""


@pytest.mark.parametrize("script", ECHOES.values(), ids=ECHOES)
def test_a_key_that_the_service_repeats_is_shown_nowhere(script, monkeypatch, caplog, capfd):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    with Demo([script]) as demo:
        delivery = deliver(demo)
        events, told = heard(delivery)
        assert demo.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert events or told
    assert len(caplog.records) > 5  # the libraries did log
    for shown in (events, told, caplog.text, vars(delivery), *capfd.readouterr()):
        assert not shows(shown)
    assert not shows("".join(event.text for event in events if isinstance(event, Text)))


def test_a_status_line_with_the_key_is_not_logged(monkeypatch, caplog):
    def talk(connection):
        read_request(connection)
        connection.sendall(f"HTTP/1.1 200 {SECRET}\r\n\r\n".encode() + FINE)

    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    with listening(talk) as port:
        settings = Settings(service="demo", base_url=f"http://127.0.0.1:{port}/v1")
        list(Delivery(Question((Message("user", ("Well?",)),), settings), find(settings)).batches())
    assert "receive_response_headers.complete" in caplog.text and not shows(caplog.text)


def test_others_that_use_httpx_keep_their_logs(caplog):
    caplog.set_level(logging.DEBUG)
    with Demo([stream("Fine.")]) as demo:
        httpx.get(demo.origin, headers={"X-Said": SECRET})
    assert "HTTP Request: GET" in caplog.text


HOLDING = {
    "the prompt": (f"Is {SECRET} right?",),
    "a table": (Attachment("df", "table", f"| {SECRET} |"), "Well?"),
    "a file": (Attachment("x.pdf", "PDF", Media("application/pdf", f"%PDF {SECRET}".encode())), "Well?"),
}


@pytest.mark.parametrize("parts", HOLDING.values(), ids=HOLDING)
def test_a_question_that_holds_the_key_is_not_sent(parts, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", SECRET)
    with Demo([stream("Fine.")]) as demo:
        with pytest.raises(BadRequest, match="holds the key"):
            deliver(demo, *parts)
        with pytest.raises(BadRequest, match="holds the key"):
            deliver(demo, system=f"My key is {SECRET}.")
        assert not demo.requests


@pytest.mark.parametrize("parts", HOLDING.values(), ids=HOLDING)
@pytest.mark.parametrize("name", ["KIE_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"])
def test_a_question_that_holds_the_key_of_another_service_is_not_sent(parts, name, monkeypatch):
    monkeypatch.setenv(name, SECRET)
    with Demo([stream("Fine.")]) as demo:
        with pytest.raises(BadRequest, match=f"^The question holds the key in {name}: take it out") as raised:
            deliver(demo, *parts)
        assert not shows(raised.value)
        with pytest.raises(BadRequest, match=name):
            deliver(demo, system=f"My key is {SECRET}.")
        earlier = (
            Message("user", (f"My key is {SECRET}.",)),
            Message("assistant", ("Fine.",)),
            Message("user", ("Well?",)),
        )
        with pytest.raises(BadRequest, match=name):
            settings = Settings(service="demo", base_url=demo.base_url)
            Delivery(Question(earlier, settings), find(settings))
        assert not demo.requests


def test_a_question_that_holds_a_key_of_this_session_is_not_sent(monkeypatch):
    own = {
        "https://api.kie.ai": Key(SECRET),
        "https://own.example": Key("engine-1843"),
        "http://[::1]:1": Key("lm-studio"),
    }
    monkeypatch.setattr(keys, "_memory", own)
    with Demo([stream("Fine.")]) as demo:
        with pytest.raises(BadRequest, match=r"holds the key of kie:"):
            deliver(demo, f"Is {SECRET} right?")
        with pytest.raises(BadRequest, match=r"holds the key of https://own\.example:"):
            deliver(demo, "Is engine-1843 right?")
        assert not demo.requests
        assert any(Text("Fine.") in batch for batch in deliver(demo, "What is lm-studio?").batches())


@pytest.mark.parametrize("word", ["none", "EMPTY", "ollama", "lm-studio", "sk-no-key-required"])
def test_what_a_server_of_ones_own_is_told_for_a_key_may_be_said_to_another(word, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", word)
    monkeypatch.setenv("KIE_API_KEY", SECRET)
    question = Question((Message("user", (f"What is {word}?",)),), Settings(service="kie"))
    check_keys(question, f'"What is {word}?"'.encode(), [("the key of kie", Key(SECRET)), *keys.known()])


def test_a_key_with_quotes_and_backslashes_is_found_in_a_prompt_too(monkeypatch):
    odd = r'a"b\c"d\e"f\g'
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", odd)
    with Demo([stream("Fine.")]) as demo, pytest.raises(BadRequest, match="holds the key"):
        deliver(demo, f"Is {odd} right?")


def test_a_short_word_that_is_the_key_of_a_local_server_may_be_asked_about(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "ollama")
    with Demo([stream("ollama is fine.")]) as demo:
        assert any(Text("ollama is fine.") in batch for batch in deliver(demo, "What is ollama?").batches())


def test_a_services_key_is_not_sent_to_another_address(monkeypatch):
    monkeypatch.setenv("KIE_API_KEY", SECRET)
    with Demo([stream("Fine.")]) as demo:
        settings = Settings(service="kie", base_url=demo.base_url)
        list(Delivery(Question((Message("user", ("Well?",)),), settings), find(settings)).batches())
        assert not shows(demo.requests[0].headers)


# The balance ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [5916.25, "5916.25"])
def test_the_balance_is_asked_for_with_the_key(data, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", SECRET)
    with Demo([body({"code": 200, "msg": "success", "data": data})]) as demo:
        assert left(Settings(service="kie", base_url=demo.base_url)) == 5916.25
        [request] = demo.requests
    assert (request.method, request.path) == ("GET", "/api/v1/chat/credit")
    assert request.headers["authorization"] == f"Bearer {SECRET}"


def test_a_balance_that_is_refused_says_why_and_not_the_key(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", SECRET)
    with (
        Demo([envelope(401, f"No such key: {SECRET}")]) as demo,
        pytest.raises(AuthenticationError, match="No such") as raised,
    ):
        left(Settings(service="kie", base_url=demo.base_url))
    assert not shows(raised.value)


def test_a_service_without_a_balance_says_so():
    with pytest.raises(BadRequest, match="kie does"):
        left(Settings(service="google"))


def test_a_document_is_read_no_further_than_its_limit():
    transport = httpx.MockTransport(answered(b"x" * 10**6))
    [(status, data)] = fetch(Call(URL, None, Settings(), transport=transport))
    assert (status, len(data)) == (200, client.DOCUMENT_BYTES)
