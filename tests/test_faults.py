"""What the network can do to a question, on real sockets: a test for each row of the table of faults."""

import asyncio
import gzip
import signal
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import trustme
from server import listening, read_request, wait_for_the_end

from gemini_magics.core.cancel import Cancel
from gemini_magics.core.errors import (
    BadRequest,
    Cut,
    GeminiError,
    KeyRejected,
    OutOfCredit,
    RateLimited,
    Refused,
    UnknownReply,
    Unreachable,
)
from gemini_magics.core.messages import Finished, Text, Thinking, Turn, Usage, Waiting
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings
from gemini_magics.service import client
from gemini_magics.service.delivery import Delivery
from gemini_magics.service.demo import Act, Demo, Head, body, chunk, ending, envelope, event, stream, took

SOON_S = 1.0  # the promise is 0.3 s; a busy machine gets more
END = ending("stop", took(1, 1))
GZIP = Head(headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"})


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(client, "BACKOFF_S", 0.01)
    monkeypatch.setattr(client, "RATE_BACKOFF_S", 0.02)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    deadline = time.monotonic() + 2
    while (left := workers()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "gemini_magics"]


def deliver(address, cancel=None, prompt="Well?", **settings):
    where = address.base_url if isinstance(address, Demo) else address
    chosen = Settings(service="demo", base_url=where, **settings)
    return Delivery(Question((Turn("user", (prompt,)),), chosen), cancel)


def all_of(delivery):
    """All events of a delivery, and the error that ended it, if any."""
    events = []
    try:
        for batch in delivery.batches():
            events += batch
    except GeminiError as error:
        return events, error
    return events, None


def asked(script, **settings):
    """Ask a scripted service; return the text, the error, the waits and the number of requests."""
    with Demo(script) as demo:
        events, error = all_of(deliver(demo, **settings))
        return said(events), error, [e for e in events if isinstance(e, Waiting)], len(demo.requests)


def said(events):
    return "".join(e.text for e in events if isinstance(e, Text | Thinking))


def pull_after(cancel, seconds):
    timer = threading.Timer(seconds, cancel.cancel)
    timer.start()
    return timer


# Stopping ------------------------------------------------------------------------------------------

HELD_UP = {
    "before the headers": [Act.HANG],
    "before the first word": [Head(), Act.HANG],
    "while it thinks": [Head(), chunk(reasoning_content="Hm. "), Act.HANG],
    "in mid-answer": [Head(), chunk(content="Hm. "), Act.HANG],
    "before another try": envelope(503, "busy", Retry_After="30"),
}


@pytest.mark.parametrize("script", HELD_UP.values(), ids=HELD_UP)
def test_a_stop_ends_a_question_wherever_it_is_held_up(script):
    cancel = Cancel()
    with Demo([script, stream("Fine.")]) as demo:
        delivery = deliver(demo, cancel)
        pull_after(cancel, 0.2)
        began = time.monotonic()
        events, error = all_of(delivery)
        assert time.monotonic() - began < 0.2 + SOON_S
        assert error is None and cancel.cancelled
        assert said(events) == ("Hm. " if Act.HANG in script and len(script) == 3 else "")
        assert len(demo.requests) == 1
        assert script[-1] is not Act.HANG or demo.requests[0].left.wait(SOON_S)
        assert said(all_of(deliver(demo))[0]) == "Fine."


def test_ctrl_c_ends_the_wait_at_once_and_hangs_up():
    with Demo([[Head(), chunk(content="Hm. "), Act.HANG]]) as demo:
        delivery = deliver(demo)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
        events, began = [], time.monotonic()
        try:
            with pytest.raises(KeyboardInterrupt):
                for batch in delivery.batches():
                    events += batch
        finally:
            signal.signal(signal.SIGALRM, previous)
        assert time.monotonic() - began < 0.2 + SOON_S
        assert said(events) == "Hm. "
        assert demo.requests[0].left.wait(SOON_S)


def test_leaving_the_loop_stops_the_question():
    with Demo([[Head(), chunk(content="Hm. "), Act.HANG]]) as demo:
        for batch in deliver(demo).batches():
            if said(batch):
                break
        assert demo.requests[0].left.wait(SOON_S)


def test_a_stop_before_the_start_sends_nothing():
    cancel = Cancel()
    cancel.cancel()
    with Demo([stream("No.")]) as demo:
        assert all_of(deliver(demo, cancel)) == ([], None)
        time.sleep(0.1)
        assert not demo.requests


def test_a_stop_while_connecting_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(address)
            cancel = Cancel()
            delivery = deliver(f"http://127.0.0.1:{address[1]}/v1", cancel, connect_timeout_s=1.5)
            pull_after(cancel, 0.2)
            began = time.monotonic()
            assert all_of(delivery) == ([], None)
            assert time.monotonic() - began < 0.2 + SOON_S
            assert workers()  # nothing wakes a thread that connects; it ends by its timeout


def test_one_stop_ends_many_questions():
    cancel = Cancel()
    with Demo([[Act.HANG]]) as demo:
        deliveries = [deliver(demo, cancel) for _ in range(10)]
        pull_after(cancel, 0.2)
        assert [all_of(delivery) for delivery in deliveries] == [([], None)] * 10
        assert all(request.left.wait(SOON_S) for request in demo.requests)


def test_a_clock_ticks_while_nothing_comes():
    cancel = Cancel()
    with Demo([[Head(), Act.HANG]]) as demo:
        pull_after(cancel, 0.4)
        batches = list(deliver(demo, cancel).batches(tick_s=0.05))
        assert batches.count([]) >= 3


def test_a_finished_delivery_can_be_looked_at_again():
    with Demo([envelope(402, "Nothing left")]) as demo:
        delivery = deliver(demo)
        assert [type(all_of(delivery)[1]) for _ in range(2)] == [OutOfCredit] * 2


# Cuts ----------------------------------------------------------------------------------------------

CUTS = {
    "reset": [Head(), chunk(content="Half"), 0.05, Act.RESET],
    "reset before the empty line": [Head(), chunk(content="Half").rstrip(), 0.05, Act.RESET],
    "closed": [Head(), chunk(content="Half"), Act.CLOSE],
    "ended without a reason": [Head(), chunk(content="Half")],
    "bad chunk": [Head(headers={"Transfer-Encoding": "chunked"}, framed=False),
                  b"%x\r\n%b\r\nnot a size\r\n" % (len(chunk(content="Half")), chunk(content="Half"))],
    "shorter than it says": [Head(headers={"Content-Length": "9999"}), chunk(content="Half")],
    "in mid-event": [Head(), chunk(content="Half"), b'data: {"choices": [{"del', Act.CLOSE],
    "thoughts only": [Head(), chunk(reasoning_content="Half"), Act.CLOSE],
}  # fmt: skip


@pytest.mark.parametrize("script", CUTS.values(), ids=CUTS)
def test_a_cut_answer_keeps_what_came_and_is_not_asked_for_again(script):
    text, error, waits, n_requests = asked([script, stream("Again")])
    assert (text, type(error), waits, n_requests) == ("Half", Cut, [], 1)
    assert "\n" not in str(error)


SENT_AND_LOST = {
    "closed": [Act.CLOSE],
    "reset": [Act.RESET],
    "no HTTP": [b"hello\r\n\r\n"],
    "headers only": [Head()],
    "a role only": [Head(), chunk(role="assistant", content=""), Act.CLOSE],
    "504": body({"error": {"message": "Gateway timeout"}}, 504),
    "408": envelope(408, "no result"),
    "a page with 504": [
        Head(504, {"Content-Type": "text/html"}),
        b"<html><h1>504 Gateway Time-out</h1></html>",
    ],
}


@pytest.mark.parametrize("script", SENT_AND_LOST.values(), ids=SENT_AND_LOST)
def test_what_was_sent_and_lost_is_not_sent_again_and_that_is_said(script):
    text, error, waits, n_requests = asked([script, stream("Again")])
    assert (text, waits, n_requests) == ("", [], 1)
    if script != [Head()]:
        assert isinstance(error, Cut) and "may have been charged" in str(error)


def test_silence_after_the_question_is_not_answered_with_another_question():
    text, error, waits, n_requests = asked([[Act.HANG]], gap_timeout_s=0.2)
    assert (text, type(error), waits, n_requests) == ("", Cut, [], 1)
    assert "for 0.2 s" in str(error) and "may have been charged" in str(error)


def test_silence_in_mid_answer_keeps_what_came():
    text, error, waits, n_requests = asked([[Head(), chunk(content="Half"), Act.HANG]], gap_timeout_s=0.2)
    assert (text, type(error), waits, n_requests) == ("Half", Cut, [], 1)


def test_comments_are_life():
    script = [Head(), *[b": still here\n\n", 0.1] * 5, chunk(content="Late."), *END]
    assert asked([script], gap_timeout_s=0.3)[:2] == ("Late.", None)


# The end of an answer ------------------------------------------------------------------------------


def test_after_done_nothing_is_waited_for():
    began = time.monotonic()
    assert asked([[Head(), chunk(content="All."), *END, Act.HANG]], finish_timeout_s=30)[:2] == ("All.", None)
    assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize(
    "nothing", [[Act.HANG], [b": still here\n\n", 0.05] * 100], ids=["silence", "comments"]
)
def test_after_the_finish_reason_the_usage_is_waited_for_a_little(nothing):
    script = [Head(), chunk(content="All."), chunk(finish="stop"), *nothing]
    began = time.monotonic()
    assert asked([script], finish_timeout_s=0.2)[:2] == ("All.", None)
    assert 0.2 <= time.monotonic() - began < 0.2 + SOON_S


def test_usage_that_comes_late_is_taken():
    with Demo([[Head(), chunk(content="All."), chunk(finish="stop"), 0.2, *END[1:]]]) as demo:
        events, error = all_of(deliver(demo))
    assert error is None and any(isinstance(e, Usage) for e in events)


@pytest.mark.parametrize("broken", [Act.RESET, Act.CLOSE])
def test_a_connection_that_breaks_after_the_finish_reason_breaks_nothing(broken):
    script = [Head(), chunk(content="All."), chunk(finish="length"), 0.05, broken]
    with Demo([script]) as demo:
        events, error = all_of(deliver(demo))
    assert (said(events), events[-1], error) == ("All.", Finished("length"), None)


# What the service says -----------------------------------------------------------------------------

REFUSALS = {
    "envelope": (envelope(401, "You do not have access"), KeyRejected, "You do not have access"),
    "no content type": ([Head(headers={}), b'{"code":402,"msg":"Nothing left"}'], OutOfCredit, "Nothing left"),
    "status and error": (body({"error": {"message": "Bad part", "type": "x"}}, 400), Refused, "Bad part"),
    "a page": ([Head(200, {"Content-Type": "text/html"}), b"<!doctype html><h1>Maintenance</h1>"], UnknownReply,
               "Maintenance"),
    "empty": ([Head()], UnknownReply, "no answer"),
    "a redirect": ([Head(302, {"Location": "https://example.org/"}), b""], Refused, "302"),
    "in mid-stream": ([Head(), chunk(content="Half"), event({"code": 500, "msg": "Overloaded", "data": None})],
                      Refused, "Overloaded"),
    "in mid-stream, as an error": ([Head(), chunk(content="Half"), event({"error": {"message": "Lost it"}})],
                                   Refused, "Lost it"),
    "a timeout inside": ([Head(), chunk(content="Half"), event({"error": {"message": "Late", "code": 408}})],
                             Refused, "Late"),
    "after a thought": ([Head(), chunk(reasoning_content="Half"), event({"code": 503, "msg": "Busy"})],
                        Refused, "Busy"),
}  # fmt: skip


@pytest.mark.parametrize("script, kind, words", REFUSALS.values(), ids=REFUSALS)
def test_the_services_no_is_told_in_its_words_and_not_asked_for_twice(script, kind, words):
    text, error, waits, n_requests = asked([script, stream("Again")])
    assert isinstance(error, kind) and words in str(error)
    assert (waits, n_requests) == ([], 1)
    assert text == (
        "Half" if chunk not in script and any(b"Half" in s for s in script if isinstance(s, bytes)) else ""
    )


def test_a_redirect_is_not_followed_with_the_question():
    with Demo([stream("Stolen.")]) as thief:
        script = [Head(307, {"Location": thief.origin + "/"}), b""]
        assert isinstance(asked([script])[1], Refused)
        assert not thief.requests


# Trying again --------------------------------------------------------------------------------------

NOT_NOW = {
    "429": envelope(429, "Too fast", status=429),
    "429 in an envelope": envelope(429, "Too fast"),
    "500": body({"error": {"message": "Oops"}}, 500),
    "500 in an envelope": envelope(500, "Oops"),
    "502": [Head(502, {"Content-Type": "text/html"}), b"<h1>Bad gateway</h1>"],
    "503": envelope(503, "Maintenance", status=503),
    "455 in an envelope": envelope(455, "Maintenance"),
    "as the first event": [Head(), event({"code": 503, "msg": "Busy", "data": None})],
}


@pytest.mark.parametrize("script", NOT_NOW.values(), ids=NOT_NOW)
def test_not_now_is_asked_again_and_each_wait_is_told(script):
    text, error, waits, n_requests = asked([script, script, stream("Now.")])
    assert (text, error, n_requests) == ("Now.", None, 3)
    assert [wait.seconds for wait in waits] in ([0.01, 0.02], [0.02, 0.04])
    assert all("the service answered" in wait.reason for wait in waits)


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_it_is_tried_again_as_often_as_is_set_and_no_more(retries):
    _, error, waits, n_requests = asked([NOT_NOW["503"]], retries=retries)
    assert isinstance(error, Refused) and (len(waits), n_requests) == (retries, retries + 1)
    assert ("tried" in str(error)) == (retries > 0)


def test_the_service_says_when():
    text, _, [wait], n_requests = asked([envelope(429, "Slow", Retry_After="0.3"), stream("Now.")])
    assert (text, wait.seconds, n_requests) == ("Now.", 0.3, 2)


def test_a_wait_that_is_too_long_is_an_error_that_says_when():
    _, error, waits, n_requests = asked([envelope(429, "Slow", status=429, Retry_After="3600")])
    assert isinstance(error, RateLimited) and error.retry_after == 3600
    assert (waits, n_requests) == ([], 1)
    assert "3600 s" in str(error) and "until" in str(error)


@pytest.mark.parametrize("code", [400, 401, 402, 404, 413, 422, 501, 505])
@pytest.mark.parametrize("status", [200, None])
def test_a_no_that_stays_no_is_asked_once(code, status):
    _, error, waits, n_requests = asked([envelope(code, "No", status=status or code)])
    assert isinstance(error, Refused) and (waits, n_requests) == ([], 1)


def test_a_page_that_does_not_exist_is_not_asked_for_again_though_it_says_500():
    _, error, _, n_requests = asked([envelope(500, "The page does not exist")])
    assert isinstance(error, Refused) and n_requests == 1


# Nothing was sent ----------------------------------------------------------------------------------


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_service_that_is_not_there_is_said_to_be_and_nothing_was_charged():
    events, error = all_of(deliver(f"http://127.0.0.1:{free_port()}/v1"))
    assert isinstance(error, Unreachable)
    assert "Nothing answers at 127.0.0.1:" in str(error) and "nothing was charged" in str(error)
    assert [type(e) for e in events] == [Waiting, Waiting]


def test_a_service_that_comes_up_meanwhile_answers(monkeypatch):
    monkeypatch.setattr(client, "BACKOFF_S", 0.3)
    port = free_port()
    delivery = deliver(f"http://127.0.0.1:{port}/v1")
    time.sleep(0.1)
    with Demo([stream("Here.")], port=port):
        events, error = all_of(delivery)
    assert (said(events), error) == ("Here.", None)


def test_a_name_that_is_not_known_is_named(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    _, error = all_of(deliver("https://no-such-host.invalid/v1"))
    assert isinstance(error, Unreachable) and "no-such-host.invalid" in str(error)


def test_a_question_that_is_not_taken_in_was_not_sent():
    with listening(lambda connection: time.sleep(5)) as port:
        prompt = "x" * 20_000_000
        _, error = all_of(deliver(f"http://127.0.0.1:{port}/v1", prompt=prompt, write_timeout_s=0.2, retries=0))
    assert isinstance(error, Unreachable) and "took nothing in for 0.2 s" in str(error)


def test_a_service_that_says_no_while_the_question_is_sent_is_heard():
    def refuse(connection):
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\nToo much!")
        connection.shutdown(socket.SHUT_WR)
        wait_for_the_end(connection)

    with listening(refuse) as port:
        _, error = all_of(deliver(f"http://127.0.0.1:{port}/v1", prompt="x" * 5_000_000))
    assert isinstance(error, Refused) and error.status == 413 and "Too much!" in str(error)


# TLS and proxies -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    """Trust the tests' own certificates, the way the error message says it."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    client._tls.cache_clear()
    yield
    client._tls.cache_clear()


def secured(authority, talk, name="127.0.0.1"):
    """Make a talk that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    def run(connection):
        with context.wrap_socket(connection, server_side=True) as secure:
            talk(secure)

    return run


def say(*pieces):
    def talk(connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"".join(pieces))

    return talk


def test_an_answer_comes_over_tls(authority, trusted):
    with listening(secured(authority, say(chunk(content="Safe."), *END))) as port:
        events, error = all_of(deliver(f"https://127.0.0.1:{port}/v1"))
    assert (said(events), error) == ("Safe.", None)


def test_a_certificate_that_nobody_vouches_for_is_refused(authority):
    heard = []
    with listening(secured(authority, lambda connection: heard.append(connection.recv(1)))) as port:
        _, error = all_of(deliver(f"https://127.0.0.1:{port}/v1", retries=0))
    assert isinstance(error, Unreachable) and not heard
    assert "certificate" in str(error) and "SSL_CERT_FILE" in str(error)


def test_a_server_that_speaks_no_tls_is_told_apart():
    with Demo([stream("Plain.")]) as demo:
        _, error = all_of(deliver(demo.base_url.replace("http:", "https:"), retries=0))
    assert isinstance(error, Unreachable) and "No secure connection" in str(error)


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "no certificate"])
def test_certificates_that_cannot_be_read_are_named(monkeypatch, tmp_path, content):
    if content:
        (tmp_path / "ca.pem").write_text(content)
    client._tls.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    _, error = all_of(deliver("https://127.0.0.1:1/v1"))
    client._tls.cache_clear()
    assert isinstance(error, BadRequest) and "SSL_CERT_FILE" in str(error)


def in_silence(connection):
    read_request(connection)
    wait_for_the_end(connection)


@pytest.mark.parametrize("where", ["in the handshake", "before the headers"])
def test_a_stop_reaches_through_tls(authority, trusted, where):
    left, cancel = threading.Event(), Cancel()
    quiet = wait_for_the_end if where == "in the handshake" else secured(authority, in_silence)

    def talk(connection):
        try:
            quiet(connection)
        finally:
            left.set()

    with listening(talk) as port:
        delivery = deliver(f"https://127.0.0.1:{port}/v1", cancel)
        pull_after(cancel, 0.3)
        assert all_of(delivery) == ([], None)
        assert left.wait(SOON_S)


def through_proxy(monkeypatch, port):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)


def tunnel(talk):
    def run(connection):
        assert read_request(connection).startswith(b"CONNECT service.example:443 ")
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        talk(connection)

    return run


def test_this_machine_is_never_asked_through_a_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert asked([stream("Direct.")])[:2] == ("Direct.", None)


def test_an_answer_comes_through_a_proxy(authority, trusted, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    service = secured(authority, say(chunk(content="Around."), *END), "service.example")
    with listening(tunnel(service)) as port:
        through_proxy(monkeypatch, port)
        events, error = all_of(deliver("https://service.example/v1"))
    assert (said(events), error) == ("Around.", None)


def test_a_question_that_a_proxy_let_through_and_that_was_lost_is_not_sent_again(
    authority, trusted, monkeypatch
):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    heard = []
    service = secured(authority, lambda connection: heard.append(read_request(connection)), "service.example")
    with listening(tunnel(service)) as port:
        through_proxy(monkeypatch, port)
        events, error = all_of(deliver("https://service.example/v1"))
    assert isinstance(error, Cut) and "may have been charged" in str(error)
    assert not events and len(heard) == 1


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b""], ids=["407", "closed"]
)
def test_a_proxy_that_does_not_let_the_question_through_is_tried_again_and_named(monkeypatch, answer):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    n_heard = []

    def talk(connection):
        n_heard.append(read_request(connection))
        connection.sendall(answer)

    with listening(talk) as port:
        through_proxy(monkeypatch, port)
        _, error = all_of(deliver("https://service.example/v1"))
    assert isinstance(error, Unreachable) and len(n_heard) == 3
    assert "HTTPS_PROXY" in str(error) if answer else "service.example" in str(error)
    assert b"Authorization" not in b"".join(n_heard)


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_a_proxy_that_is_not_there_is_named_without_its_password(monkeypatch, host):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    through_proxy(monkeypatch, free_port())
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:hidden@{host}:{free_port()}")
    _, error = all_of(deliver("https://service.example/v1", retries=0))
    assert isinstance(error, Unreachable)
    assert f"The proxy {host} on the way to service.example cannot be reached" in str(error)
    assert "look at HTTPS_PROXY" in str(error)
    assert "hidden" not in str(error)


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:1", "socks5://127.0.0.1:1"])
def test_a_proxy_of_an_unknown_kind_is_named(monkeypatch, proxy):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    monkeypatch.setenv("ALL_PROXY", proxy)
    _, error = all_of(deliver("https://service.example/v1"))
    assert isinstance(error, BadRequest) and "proxy" in str(error)


# Size ----------------------------------------------------------------------------------------------


def test_a_hundred_thousand_tiny_chunks_arrive_whole():
    digits = [chunk(content=digit) for digit in "0123456789"]
    assert asked([[Head(), *digits * 10_000, *END]])[:2] == ("0123456789" * 10_000, None)


def test_five_megabytes_arrive_whole():
    text = "A line of text, with an ä. " * 185_000
    assert asked([[Head(), chunk(content=text), *END]])[:2] == (text, None)


def bomb(begin, piece, n_pieces):
    """Compress `begin` and then many times `piece`, without ever holding them all."""
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    packed = [packer.compress(begin), *(packer.compress(piece) for _ in range(n_pieces)), packer.flush()]
    return b"".join(packed)


ENDLESS = {
    "a line": [Head(), b"data: ", *[b"x" * 2**20] * 100],
    "a gzipped line": [GZIP, bomb(b"data: ", b"x" * 2**20, 150)],
    "gzipped events": [GZIP, bomb(b"", chunk(content="x" * 1000) * 1000, 200)],
    "a gzipped error": [Head(500, {"Content-Encoding": "gzip"}), bomb(b"", b"x" * 2**20, 150)],
    "a body": [Head(headers={}), b'{"choices": "', *[b"x" * 2**20] * 100],
    "headers": [Head(headers={"X-Long": "x" * 10_000_000})],
}


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_what_does_not_end_is_cut_off_before_it_fills_the_memory(script):
    with Demo([script]) as demo:
        tracemalloc.start()
        events, error = all_of(deliver(demo, retries=0))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(error, Refused | UnknownReply | Cut)
    assert len(said(events)) < 2**26
    assert peak_bytes < 80_000_000  # without bounds, 64 KiB of gzip become 64 MB at once


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip"])
def test_an_answer_that_is_compressed_unasked_is_read_all_the_same(encoding):
    answer = b"".join([chunk(content="Un"), chunk(content="packed."), *END])
    packed = zlib.compress(answer) if encoding == "deflate" else gzip.compress(answer)
    with Demo([[Head(headers={"Content-Encoding": encoding}), packed[:20], 0.05, packed[20:]]]) as demo:
        events, error = all_of(deliver(demo))
        assert demo.requests[0].headers["accept-encoding"] == "identity"
    assert (said(events), error) == ("Unpacked.", None)


@pytest.mark.parametrize("encoding, data", [("br", b"?"), ("zstd", b"?"), ("gzip", b"no gzip")])
def test_a_compression_that_cannot_be_undone_is_named(encoding, data):
    _, error, _, n_requests = asked([[Head(headers={"Content-Encoding": encoding}), data]])
    assert isinstance(error, UnknownReply) and "compressed" in str(error) and n_requests == 1


# Text ----------------------------------------------------------------------------------------------

TEXTS = [
    "a\x00b",
    "\ufeffBOM",
    "CR\rLF\r\n",
    "line\u2028sep\u0085nel",
    "🙂👩‍🔬",
    "\u202eevil\u202c",
    "\x1b[31mred",
    "data: x\n\ndata: [DONE]",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_exact_text_arrives_wherever_the_network_cuts_it(text):
    data = b"".join([chunk(content=text), *END])
    assert asked([[Head(), *(data[at : at + 1] for at in range(len(data)))]])[:2] == (text, None)


# Many at once --------------------------------------------------------------------------------------


def echo(request):
    prompt = request.json["messages"][-1]["content"][0]["text"]
    return stream(*f"{prompt} {prompt} {prompt}", thoughts=[prompt], pause_s=0.001)


def test_questions_from_many_threads_do_not_mix():
    answers = {}

    def ask(name):
        answers[name] = all_of(deliver(demo, prompt=name))

    with Demo(echo) as demo:
        threads = [threading.Thread(target=ask, args=(f"<{n}>",)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {name: (said(events), error) for name, (events, error) in answers.items()} == {
        f"<{n}>": (f"<{n}>" + " ".join([f"<{n}>"] * 3), None) for n in range(20)
    }


def test_a_question_is_asked_under_a_running_event_loop():
    async def ask():
        return all_of(deliver(demo, prompt="loop"))

    # The tests in a browser leave a loop running in this thread.
    with Demo(echo) as demo, ThreadPoolExecutor(1) as pool:
        assert said(pool.submit(asyncio.run, ask()).result()[0]) == "looploop loop loop"


def test_one_stopped_question_leaves_the_others_alone():
    cancel = Cancel()
    with Demo(echo) as demo:
        stopped, kept = deliver(demo, cancel, prompt="stopped" * 100), deliver(demo, prompt="kept")
        cancel.cancel()
        assert all_of(kept)[1] is None
        assert all_of(stopped)[1] is None and len(said(all_of(stopped)[0])) < 2800


# Our own mistakes ----------------------------------------------------------------------------------


def test_a_fault_of_our_own_is_told_in_a_line_and_does_not_hang(monkeypatch):
    monkeypatch.setattr("gemini_magics.service.reply.Reader.feed", lambda self, data: 1 / 0)
    _, error, _, n_requests = asked([stream("Fine.")])
    assert type(error) is GeminiError and n_requests == 1
    assert "ZeroDivisionError in client.py, line" in str(error)
