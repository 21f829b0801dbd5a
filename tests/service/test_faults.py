"""What the network can do to a question, on real sockets: a test for each row of the table of faults."""

import asyncio
import gzip
import json
import logging
import re
import signal
import socket
import ssl
import threading
import tracemalloc
import zlib
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import trustme
from patience import PATIENCE_S, wait_until
from ports import free_port
from server import listening, read_request, wait_for_the_end

from gemini_magics.core.cancel import Cancel
from gemini_magics.core.errors import (
    AuthenticationError,
    BadRequest,
    ConnectionFailed,
    GeminiError,
    IncompleteAnswer,
    QuotaExceeded,
    RateLimitError,
    ServiceError,
    UnexpectedResponse,
)
from gemini_magics.core.messages import Finished, Message, Text, Thinking, Usage, Waiting
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings
from gemini_magics.service import certificates, client, retries
from gemini_magics.service.delivery import Delivery, credits_left
from gemini_magics.service.proxies import proxy_for
from gemini_magics.service.services import find
from gemini_magics.testing import Act, Demo, Head, body, chunk, ending, envelope, event, stream, took

READ = "goes on once the client has read what was sent before"  # a step of these tests alone
END = ending("stop", took(1, 1))
GZIP = Head(headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"})


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(retries, "BACKOFF_S", 0.01)
    monkeypatch.setattr(retries, "RATE_BACKOFF_S", 0.02)
    monkeypatch.setattr(retries, "LEAST_WAIT_S", 0.03)
    monkeypatch.setattr(client, "REFUSAL_WAIT_S", 0.3)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    wait_until(lambda: not workers())


@pytest.fixture
def data_read(monkeypatch):
    """All that the client has read of the bodies of its replies."""
    data = bytearray()

    class Reader(client.Reader):
        def feed(self, piece):
            data.extend(piece)
            return super().feed(piece)

    monkeypatch.setattr(client, "Reader", Reader)
    return data


def in_step(reply, data_read):
    """Play a reply and wait at each READ; a reset could otherwise overtake the bytes before it."""
    sent = b""
    for step in reply:
        if step is not READ:
            yield step
        while step is READ and not data_read.endswith(sent):
            yield 0.01
        sent = step if isinstance(step, bytes) else sent


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "gemini_magics"]


def deliver(address, cancel=None, prompt="Well?", **settings):
    where = address.base_url if isinstance(address, Demo) else address
    chosen = Settings(service="demo", base_url=where, **settings)
    return Delivery(Question((Message("user", (prompt,)),), chosen), find(chosen), cancel)


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


# Stopping ------------------------------------------------------------------------------------------

HELD_UP = {  # the reply, and the last event that comes of it
    "before the headers": ([Act.HANG], []),
    "before the first word": ([Head(), Act.HANG], []),
    "while it thinks": ([Head(), chunk(reasoning_content="Hm. "), Act.HANG], [Thinking("Hm. ")]),
    "in mid-answer": ([Head(), chunk(content="Hm. "), Act.HANG], [Text("Hm. ")]),
    "before another try": (
        envelope(503, "busy", Retry_After="30"),
        [Waiting("the service answered 503", 30)],
    ),
}


@pytest.mark.parametrize(("reply", "expected"), HELD_UP.values(), ids=HELD_UP)
def test_a_stop_ends_a_question_wherever_it_is_held_up(reply, expected):
    cancel = Cancel()
    with Demo([reply, stream("Fine.")]) as demo:
        events, ticks_since = [], 0
        for batch in deliver(demo, cancel).batches(tick_s=0.01):
            events += batch
            ticks_since += cancel.cancelled
            if demo.requests and events[-1:] == expected:
                cancel.cancel()
        assert cancel.cancelled and ticks_since == 0
        assert events[-1:] == expected
        assert len(demo.requests) == 1
        assert reply[-1] is not Act.HANG or demo.requests[0].left.wait(PATIENCE_S)
        assert said(all_of(deliver(demo))[0]) == "Fine."


def test_ctrl_c_ends_the_wait_and_hangs_up():
    with Demo([[Head(), chunk(content="Hm. "), Act.HANG]]) as demo:
        delivery = deliver(demo)
        previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
        events = []
        try:
            with pytest.raises(KeyboardInterrupt):
                for batch in delivery.batches():
                    events += batch
                    if said(events):
                        signal.setitimer(signal.ITIMER_REAL, 0.05)  # the loop waits again by then
        finally:
            signal.signal(signal.SIGALRM, previous)
        assert said(events) == "Hm. "
        assert demo.requests[0].left.wait(PATIENCE_S)


def test_leaving_the_loop_stops_the_question():
    with Demo([[Head(), chunk(content="Hm. "), Act.HANG]]) as demo:
        for batch in deliver(demo).batches():
            if said(batch):
                break
        assert demo.requests[0].left.wait(PATIENCE_S)


def test_a_stop_before_the_start_sends_nothing():
    cancel = Cancel()
    cancel.cancel()
    with Demo([stream("No.")]) as demo:
        assert all_of(deliver(demo, cancel)) == ([], None)
        wait_until(lambda: not workers())
        all_of(deliver(demo, prompt="The next one"))
        assert ["The next one" in str(request.json) for request in demo.requests] == [True]


def test_a_stop_while_connecting_is_not_waited_for(monkeypatch):
    connecting = threading.Event()

    class Line(client.Connection):
        def trace(self, name, info):
            if name.endswith("connect_tcp.started"):
                connecting.set()
            super().trace(name, info)

    monkeypatch.setattr(client, "Connection", Line)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(address)
            cancel = Cancel()
            delivery = deliver(f"http://127.0.0.1:{address[1]}/v1", cancel, connect_timeout_s=PATIENCE_S)
            assert connecting.wait(PATIENCE_S)
            cancel.cancel()
            assert all_of(delivery) == ([], None)
            assert workers()  # nothing wakes a thread that connects; it ends once the port is closed


def test_one_stop_ends_many_questions():
    cancel = Cancel()
    with Demo([[Act.HANG]]) as demo:
        deliveries = [deliver(demo, cancel) for _ in range(10)]
        wait_until(lambda: len(demo.requests) == 10)
        cancel.cancel()
        assert [all_of(delivery) for delivery in deliveries] == [([], None)] * 10
        assert all(request.left.wait(PATIENCE_S) for request in demo.requests)


def test_a_clock_ticks_while_nothing_comes():
    cancel = Cancel()
    with Demo([[Head(), Act.HANG]]) as demo:
        for tick, batch in enumerate(deliver(demo, cancel).batches(tick_s=0.05)):
            assert batch == []
            if tick == 3:
                cancel.cancel()
        assert tick == 3


def test_a_finished_delivery_can_be_looked_at_again():
    with Demo([envelope(402, "Nothing left")]) as demo:
        delivery = deliver(demo)
        assert [type(all_of(delivery)[1]) for _ in range(2)] == [QuotaExceeded] * 2


# Cuts ----------------------------------------------------------------------------------------------

CUTS = {
    "reset": [Head(), chunk(content="Half"), READ, Act.RESET],
    "reset before the empty line": [Head(), chunk(content="Half").rstrip(), READ, Act.RESET],
    "closed": [Head(), chunk(content="Half"), Act.CLOSE],
    "ended without a reason": [Head(), chunk(content="Half")],
    "bad chunk": [Head(headers={"Transfer-Encoding": "chunked"}, framed=False),
                  b"%x\r\n%b\r\nnot a size\r\n" % (len(chunk(content="Half")), chunk(content="Half"))],
    "shorter than it says": [Head(headers={"Content-Length": "9999"}), chunk(content="Half")],
    "in mid-event": [Head(), chunk(content="Half"), b'data: {"choices": [{"del', Act.CLOSE],
    "thoughts only": [Head(), chunk(reasoning_content="Half"), Act.CLOSE],
}  # fmt: skip


@pytest.mark.parametrize("script", CUTS.values(), ids=CUTS)
def test_a_cut_answer_keeps_what_came_and_is_not_asked_for_again(script, data_read):
    text, error, waits, n_requests = asked([in_step(script, data_read), stream("Again")])
    assert (text, type(error), waits, n_requests) == ("Half", IncompleteAnswer, [], 1)
    assert "\n" not in str(error)


SENT_AND_LOST = {
    "closed": [Act.CLOSE],
    "reset": [Act.RESET],
    "no HTTP": [b"hello\r\n\r\n"],
    "headers only": [Head()],
    "a role only": [Head(), chunk(role="assistant", content=""), Act.CLOSE],
    "504": body({"error": {"message": "Gateway timeout"}}, 504),
    **{
        f"Cloudflare's {status}": [Head(status, {"Content-Type": "text/html"}), b"<h1>Web server</h1>"]
        for status in range(520, 528)
    },
    "Cloudflare's 524 as JSON": body({"status": 524, "retryable": True, "retry_after": 1}, 524),
    "524 around a code of its own": envelope(500, "Oops", status=524),
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
        assert isinstance(error, IncompleteAnswer) and "may have been charged" in str(error)


def test_silence_after_the_question_is_not_answered_with_another_question():
    text, error, waits, n_requests = asked([[Act.HANG]], gap_timeout_s=0.2)
    assert (text, type(error), waits, n_requests) == ("", IncompleteAnswer, [], 1)
    assert "for 0.2 s" in str(error) and "may have been charged" in str(error)


def test_silence_in_mid_answer_keeps_what_came():
    text, error, waits, n_requests = asked([[Head(), chunk(content="Half"), Act.HANG]], gap_timeout_s=1.0)
    assert (text, type(error), waits, n_requests) == ("Half", IncompleteAnswer, [], 1)


@pytest.mark.slow
def test_comments_are_life():
    script = [Head(), *[b": still here\n\n", 0.1] * 25, chunk(content="Late."), *END]
    assert asked([script], gap_timeout_s=2.0)[:2] == ("Late.", None)


# The end of an answer ------------------------------------------------------------------------------


def test_after_done_nothing_is_waited_for():
    with Demo([[Head(), chunk(content="All."), *END, Act.HANG]]) as demo:
        events, error = all_of(deliver(demo, finish_timeout_s=2 * PATIENCE_S))
        assert (said(events), error) == ("All.", None)
        assert demo.requests[0].left.wait(PATIENCE_S)


@pytest.mark.parametrize(
    "nothing", [[Act.HANG], [b": still here\n\n", 0.05] * 10_000], ids=["silence", "comments"]
)
def test_after_the_finish_reason_the_usage_is_waited_for_a_little(nothing):
    with Demo([[Head(), chunk(content="All."), chunk(finish="stop"), *nothing]]) as demo:
        events, error = all_of(deliver(demo, finish_timeout_s=0.2))
        assert (said(events), error) == ("All.", None)
        assert demo.requests[0].left.wait(PATIENCE_S)  # the service itself would have gone on


def test_usage_that_comes_late_is_taken(data_read):
    script = [Head(), chunk(content="All."), chunk(finish="stop"), READ, *END[1:]]
    with Demo([in_step(script, data_read)]) as demo:
        events, error = all_of(deliver(demo, finish_timeout_s=PATIENCE_S))
    assert error is None and any(isinstance(e, Usage) for e in events)


@pytest.mark.parametrize("broken", [Act.RESET, Act.CLOSE])
def test_a_connection_that_breaks_after_the_finish_reason_breaks_nothing(broken, data_read):
    script = [Head(), chunk(content="All."), chunk(finish="length"), READ, broken]
    with Demo([in_step(script, data_read)]) as demo:
        events, error = all_of(deliver(demo))
    assert (said(events), events[-1], error) == ("All.", Finished("length"), None)


PIECES = ("One ", "two ", "three ", "four.")


@pytest.mark.slow
@pytest.mark.parametrize("end", [[event("[DONE]")], [], [Act.HANG]], ids=["done", "the body ends", "silence"])
def test_a_finish_reason_on_every_chunk_does_not_end_the_answer(end):
    # The pauses together are longer than the wait, each alone is shorter.
    script = [Head(), *(step for piece in PIECES for step in (chunk("stop", content=piece), 0.5)), *end]
    with Demo([script]) as demo:
        events, error = all_of(deliver(demo, finish_timeout_s=1.5))
    assert said(events) == "One two three four."
    if end == [Act.HANG]:  # whether that was all is not known where every chunk says "stop"
        assert isinstance(error, IncompleteAnswer)
    else:
        assert (error, events[-1]) == (None, Finished("stop"))


def test_a_finish_reason_after_thoughts_alone_starts_no_short_wait():
    script = [Head(), chunk("stop", reasoning_content="Hm. "), 0.4, chunk("stop", content="Yes."), *END]
    assert asked([script], finish_timeout_s=0.1)[:2] == ("Hm. Yes.", None)


@pytest.mark.slow
def test_words_that_follow_a_finish_reason_end_the_short_wait():
    script = [Head(), chunk("stop", content="One "), chunk(content="two "), 1.5, chunk(content="three."), *END]
    assert asked([script], finish_timeout_s=1.0)[:2] == ("One two three.", None)


def test_a_pause_in_an_answer_whose_every_chunk_says_stop_is_no_silent_end():
    script = [Head(), *(chunk("stop", content=piece) for piece in PIECES[:2]), Act.HANG]
    text, error, waits, n_requests = asked([script], finish_timeout_s=0.1)
    assert (text, type(error), waits, n_requests) == ("One two ", IncompleteAnswer, [], 1)


@pytest.mark.parametrize("broken", [Act.RESET, Act.CLOSE])
@pytest.mark.parametrize("framed", [True, False])
def test_a_connection_that_breaks_cuts_an_answer_whose_every_chunk_says_stop(broken, framed):
    script = [Head(framed=framed), *(chunk("stop", content=piece) for piece in PIECES[:2]), 0.05, broken]
    text, error, waits, n_requests = asked([script, stream("Again")])
    assert (text, waits, n_requests) == ("One two ", [], 1)
    if framed or broken is Act.RESET:  # without a length, the end of the connection is the end of the body
        assert isinstance(error, IncompleteAnswer)


def test_many_finish_reasons_need_one_thread():
    most = 0

    def counted(events):
        nonlocal most
        for batch in events:
            most = max(most, len(workers()))
            yield batch

    with Demo([[Head(), *[chunk("stop", content="x")] * 1000, *END]]) as demo:
        assert len(said([e for batch in counted(deliver(demo).batches()) for e in batch])) == 1000
    assert most <= 2


# What the service says -----------------------------------------------------------------------------

REFUSALS = {
    "envelope": (envelope(401, "You do not have access"), AuthenticationError, "You do not have access"),
    "no content type": ([Head(headers={}), b'{"code":402,"msg":"Nothing left"}'], QuotaExceeded, "Nothing left"),
    "status and error": (body({"error": {"message": "Bad part", "type": "x"}}, 400), ServiceError, "Bad part"),
    "a page": ([Head(200, {"Content-Type": "text/html"}), b"<!doctype html><h1>Maintenance</h1>"], UnexpectedResponse,
               "Maintenance"),
    "empty": ([Head()], UnexpectedResponse, "no answer"),
    "a redirect": ([Head(302, {"Location": "https://example.org/"}), b""], ServiceError, "302"),
    "in mid-stream": ([Head(), chunk(content="Half"), event({"code": 500, "msg": "Overloaded", "data": None})],
                      ServiceError, "Overloaded"),
    "in mid-stream, as an error": ([Head(), chunk(content="Half"), event({"error": {"message": "Lost it"}})],
                                   ServiceError, "Lost it"),
    "a timeout inside": ([Head(), chunk(content="Half"), event({"error": {"message": "Late", "code": 408}})],
                             ServiceError, "Late"),
    "after a thought": ([Head(), chunk(reasoning_content="Half"), event({"code": 503, "msg": "Busy"})],
                        ServiceError, "Busy"),
    "a status inside": (body({"base_resp": {"status_code": 1004, "status_msg": "No login"}}), ServiceError, "No login"),
    "a status inside, in mid-stream": (
        [Head(), chunk(content="Half"), event({"base_resp": {"status_code": 1027, "status_msg": "Sensitive"}})],
        ServiceError, "Sensitive"),
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
        assert isinstance(asked([script])[1], ServiceError)
        assert not thief.requests


# Trying again --------------------------------------------------------------------------------------

NOT_NOW = {
    "429": envelope(429, "Too fast", status=429),
    "429 in an envelope": envelope(429, "Too fast"),
    "500": body({"error": {"message": "Oops"}}, 500),
    "500 in an envelope": envelope(500, "Oops"),
    "502": [Head(502, {"Content-Type": "text/html"}), b"<h1>Bad gateway</h1>"],
    "503": envelope(503, "Maintenance", status=503),
    "529": envelope(529, "Overloaded", status=529),
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
    assert isinstance(error, ServiceError) and (len(waits), n_requests) == (retries, retries + 1)
    assert ("tried" in str(error)) == (retries > 0)


def test_the_service_says_when():
    text, _, [wait], n_requests = asked([envelope(429, "Slow", Retry_After="0.3"), stream("Now.")])
    assert (text, wait.seconds, n_requests) == ("Now.", 0.3, 2)


@pytest.mark.parametrize("value", ["0", "-1", "0.001", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_service_that_says_no_wait_is_given_a_second_all_the_same(value, monkeypatch):
    monkeypatch.setattr(retries, "LEAST_WAIT_S", 0.5)
    text, _, [wait], n_requests = asked([envelope(429, "Slow", Retry_After=value), stream("Now.")])
    assert (text, wait.seconds, n_requests) == ("Now.", 0.5, 2)


def test_the_shortest_wait_is_a_second(monkeypatch):
    monkeypatch.undo()
    assert retries.LEAST_WAIT_S >= 1 and retries.BACKOFF_S >= 1 and retries.RATE_BACKOFF_S >= 1


@pytest.mark.parametrize("value", ["1e300", "99999999999999999999", "9999-12-31T23:59:59Z", "400 days"])
def test_a_wait_beyond_every_date_is_an_error_that_names_a_day(value):
    _, error, waits, n_requests = asked([envelope(503, "Busy", Retry_After=value)])
    assert (type(error), waits, n_requests) == (ServiceError, [], 1)
    assert re.search(r"a wait of \d+ s, until \d{4}-\d\d-\d\d", str(error))


def test_a_wait_that_is_too_long_is_an_error_that_says_when():
    _, error, waits, n_requests = asked([envelope(429, "Slow", status=429, Retry_After="3600")])
    assert isinstance(error, RateLimitError) and error.retry_after_s == 3600
    assert (waits, n_requests) == ([], 1)
    assert "3600 s" in str(error) and "until" in str(error)


@pytest.mark.parametrize("code", [400, 401, 402, 404, 413, 422, 501, 505])
@pytest.mark.parametrize("status", [200, None])
def test_a_no_that_stays_no_is_asked_once(code, status):
    _, error, waits, n_requests = asked([envelope(code, "No", status=status or code)])
    assert isinstance(error, ServiceError) and (waits, n_requests) == ([], 1)


CHARGED = {
    "a charge": [Head(), event({"choices": [], "credits_consumed": 0.4}), event({"code": 503, "msg": "Busy"})],
    "a usage": [
        Head(),
        event({"choices": [], "usage": {"total_tokens": 9}}),
        event({"code": 500, "msg": "Oops"}),
    ],
    "a finish_reason": [Head(), chunk(finish="stop"), event({"code": 503, "msg": "Busy"})],
    "a call": [Head(), chunk(tool_calls=[{"function": {"name": "f"}}]), event({"code": 503, "msg": "Busy"})],
    "a refusal of the model": [Head(), chunk(refusal="I cannot"), event({"code": 503, "msg": "Busy"})],
    "a charge in words": body({"code": 503, "msg": "Busy", "credits_consumed": "0.4"}),
    "half a request": body({"error": {"message": "Busy"}, "usage": {"prompt_tokens": 5}}, 503),
    "a charge in the refusal": body({"code": 503, "msg": "Busy", "credits_consumed": 0.4}),
    "a finish_reason in the refusal": body(
        {"error": {"code": 503, "message": "Busy"}, "choices": [{"index": 0, "finish_reason": "error"}]}
    ),
}


@pytest.mark.parametrize("script", CHARGED.values(), ids=CHARGED)
def test_nothing_is_sent_again_once_a_charge_or_an_end_was_told(script):
    _, error, waits, n_requests = asked([script, stream("Again")])
    assert (waits, n_requests) == ([], 1)
    assert error is None or "may have been charged, so it was not sent again" in str(error)


@pytest.mark.parametrize("held", ["<th", "\ud83d", " "], ids=["a tag", "half a character", "a space"])
def test_a_word_that_is_held_back_is_kept_and_not_asked_for_again(held):
    first = b"data: " + json.dumps({"choices": [{"delta": {"content": held}}]}).encode() + b"\n\n"
    text, error, waits, n_requests = asked([[Head(), first, event({"code": 503, "msg": "Busy"})], stream("No")])
    assert (text, waits, n_requests) == (held.replace("\ud83d", "\ufffd"), [], 1)
    assert "may have been charged" in str(error)


NO_CHARGE = {
    "no tokens": [
        Head(), event({"choices": [], "usage": {"total_tokens": 0}}), event({"code": 503, "msg": "Busy"}),
    ],
    "no credits": [Head(), event({"code": 503, "msg": "Busy", "credits_consumed": 0})],
    "no credits, whole": body({"code": 503, "msg": "Busy", "credits_consumed": "0"}),
}  # fmt: skip


@pytest.mark.parametrize("script", NO_CHARGE.values(), ids=NO_CHARGE)
def test_a_count_of_nothing_is_no_charge(script):
    text, error, waits, n_requests = asked([script, stream("Now.")])
    assert (text, error, len(waits), n_requests) == ("Now.", None, 1, 2)


@pytest.mark.parametrize("begun", [[], [chunk(content="Half")]], ids=["at once", "in mid-answer"])
@pytest.mark.parametrize("code", [408, 504, 524])
def test_a_gateway_that_gave_up_is_told_in_its_own_words(code, begun):
    _, error, waits, n_requests = asked([[Head(), *begun, event({"code": code, "msg": "Out of time"})]])
    assert (waits, n_requests) == ([], 1)
    assert f"answered {code}: Out of time. It took too long" in str(error)
    assert str(error).count("may have been charged") == 1


def test_a_balance_that_comes_too_late_is_not_said_to_cost():
    with Demo([envelope(504, "Out of time", status=504)]) as demo, pytest.raises(ServiceError) as caught:
        settings = Settings(service="demo", base_url=demo.base_url)
        credits_left(find(settings), settings)
    assert "charged" not in str(caught.value)


UNREADABLE = {
    "compressed in an unknown way": lambda status: [Head(status, {"Content-Encoding": "zstd"}), b"\x28\xb5"],
    "compressed wrongly": lambda status: [Head(status, {"Content-Encoding": "gzip"}), b"no gzip"],
    "a gzip that breaks off": lambda status: [
        Head(status, {"Content-Encoding": "gzip"}), gzip.compress(b'{"error": "No"}')[:20], Act.CLOSE,
    ],
    "silent": lambda status: [Head(status), Act.HANG],
    "silent in the middle": lambda status: [Head(status), b'{"error": {"mess', Act.HANG],
    "reset": lambda status: [Head(status), b'{"error"', 0.05, Act.RESET],
    "reset at once": lambda status: [Head(status), 0.05, Act.RESET],
    "shorter than it says": lambda status: [Head(status, {"Content-Length": "999"}), b'{"error"'],
    "a bad chunk": lambda status: [
        Head(status, {"Transfer-Encoding": "chunked"}, framed=False), b"not a size\r\n",
    ],
    "endless": lambda status: [Head(status), *[b"x" * 2**16] * 1000],
    "comments for ever": lambda status: [Head(status), *[b": wait\n\n", 0.05] * 200],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("script", UNREADABLE.values(), ids=UNREADABLE)
def test_a_status_counts_even_where_its_body_cannot_be_read(script):
    _, error, waits, n_requests = asked([script(401)])
    assert (type(error), error.status, waits, n_requests) == (AuthenticationError, 401, [], 1)
    text, error, waits, n_requests = asked([script(429), script(503), stream("Now.")])
    assert (text, error, len(waits), n_requests) == ("Now.", None, 2, 3)


@pytest.mark.parametrize("script", UNREADABLE.values(), ids=UNREADABLE)
def test_a_balance_is_refused_by_its_status_even_where_the_body_cannot_be_read(script):
    with Demo([script(401)]) as demo, pytest.raises(AuthenticationError):
        settings = Settings(service="demo", base_url=demo.base_url)
        credits_left(find(settings), settings)


def test_a_stop_ends_the_reading_of_a_refusal(monkeypatch):
    monkeypatch.setattr(client, "REFUSAL_WAIT_S", 60)
    cancel = Cancel()
    with Demo([[Head(401), Act.HANG]]) as demo:
        delivery = deliver(demo, cancel)
        wait_until(lambda: demo.requests)
        cancel.cancel()
        assert all_of(delivery) == ([], None)
        assert demo.requests[0].left.wait(PATIENCE_S)


def test_a_page_that_does_not_exist_is_not_asked_for_again_though_it_says_500():
    _, error, _, n_requests = asked([envelope(500, "The page does not exist")])
    assert isinstance(error, ServiceError) and n_requests == 1


# Nothing was sent ----------------------------------------------------------------------------------


def test_a_service_that_is_not_there_is_said_to_be_and_nothing_was_charged():
    events, error = all_of(deliver(f"http://127.0.0.1:{free_port()}/v1"))
    assert isinstance(error, ConnectionFailed)
    assert "Nothing answers at 127.0.0.1:" in str(error) and "nothing was charged" in str(error)
    assert [type(e) for e in events] == [Waiting, Waiting]


def test_a_service_that_comes_up_meanwhile_answers():
    port, events = free_port(), []
    delivery = deliver(f"http://127.0.0.1:{port}/v1", retries=10_000, retry_wait_s=0.05)
    with ExitStack() as later:
        for batch in delivery.batches():
            if not events:
                later.enter_context(Demo([stream("Here.")], port=port))
            events += batch
    assert isinstance(events[0], Waiting) and said(events) == "Here."


def test_a_name_that_is_not_known_is_named(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    _, error = all_of(deliver("https://no-such-host.invalid/v1"))
    assert isinstance(error, ConnectionFailed) and "no-such-host.invalid" in str(error)


def test_a_question_that_is_not_taken_in_was_not_sent():
    given_up = threading.Event()
    with listening(lambda connection: given_up.wait(PATIENCE_S)) as port:
        prompt = "x" * 20_000_000
        _, error = all_of(deliver(f"http://127.0.0.1:{port}/v1", prompt=prompt, write_timeout_s=0.2, retries=0))
        given_up.set()
    assert isinstance(error, ConnectionFailed) and "took nothing in for 0.2 s" in str(error)


def test_a_service_that_says_no_while_the_question_is_sent_is_heard():
    def refuse(connection):
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\nToo much!")
        connection.shutdown(socket.SHUT_WR)
        wait_for_the_end(connection)

    with listening(refuse) as port:
        _, error = all_of(deliver(f"http://127.0.0.1:{port}/v1", prompt="x" * 5_000_000))
    assert isinstance(error, ServiceError) and error.status == 413 and "Too much!" in str(error)


# TLS and proxies -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    """Trust the tests' own certificates, the way the error message says it."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


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
    assert isinstance(error, ConnectionFailed) and not heard
    assert "certificate" in str(error) and "SSL_CERT_FILE" in str(error)


def test_a_server_that_speaks_no_tls_is_told_apart():
    with Demo([stream("Plain.")]) as demo:
        _, error = all_of(deliver(demo.base_url.replace("http:", "https:"), retries=0))
    assert isinstance(error, ConnectionFailed) and "No secure connection" in str(error)


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "no certificate"])
def test_certificates_that_cannot_be_read_are_named(monkeypatch, tmp_path, content):
    if content:
        (tmp_path / "ca.pem").write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    _, error = all_of(deliver("https://127.0.0.1:1/v1"))
    assert isinstance(error, BadRequest) and "SSL_CERT_FILE" in str(error)


def test_a_file_of_certificates_that_is_set_or_changed_later_is_read(authority, tmp_path, monkeypatch):
    for variable in certificates.VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    with listening(secured(authority, say(chunk(content="Safe."), *END))) as port:
        address = f"https://127.0.0.1:{port}/v1"
        assert "SSL_CERT_FILE" in str(all_of(deliver(address, retries=0))[1])
        trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert "not trusted" in str(all_of(deliver(address, retries=0))[1])
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"), append=True)
        assert all_of(deliver(address, retries=0))[1] is None
        monkeypatch.delenv("SSL_CERT_FILE")
        assert "not trusted" in str(all_of(deliver(address, retries=0))[1])


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_each_variable_that_people_set_names_the_certificates(authority, tmp_path, monkeypatch, variable):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for other in certificates.VARIABLES:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
    with listening(secured(authority, say(chunk(content="Safe."), *END))) as port:
        events, error = all_of(deliver(f"https://127.0.0.1:{port}/v1"))
    assert (said(events), error) == ("Safe.", None)
    monkeypatch.setenv(variable, str(tmp_path / "missing.pem"))
    assert f"certificates that {variable} names" in str(all_of(deliver("https://127.0.0.1:1/v1"))[1])


def test_the_context_is_made_once_while_nothing_changes(authority, trusted):
    assert certificates.tls_context() is certificates.tls_context()


def test_a_key_log_that_cannot_be_written_is_told_as_that(monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "no" / "keys.log"))
    _, error = all_of(deliver("https://127.0.0.1:1/v1"))
    assert isinstance(error, BadRequest)
    assert "SSLKEYLOGFILE" in str(error) and "SSL_CERT_FILE" not in str(error)


def test_a_key_log_that_can_be_written_is_written(monkeypatch, tmp_path, authority, trusted):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    with listening(secured(authority, say(chunk(content="Safe."), *END))) as port:
        assert all_of(deliver(f"https://127.0.0.1:{port}/v1"))[1] is None
    assert (tmp_path / "keys.log").stat().st_size


def in_silence(connection):
    read_request(connection)
    wait_for_the_end(connection)


@pytest.mark.parametrize("where", ["in the handshake", "before the headers"])
def test_a_stop_reaches_through_tls(authority, trusted, where):
    left, cancel = threading.Event(), Cancel()

    def in_silence(connection):
        assert connection.recv(65536)
        cancel.cancel()
        wait_for_the_end(connection)

    quiet = in_silence if where == "in the handshake" else secured(authority, in_silence)

    def talk(connection):
        try:
            quiet(connection)
        finally:
            left.set()

    with listening(talk) as port:
        assert all_of(deliver(f"https://127.0.0.1:{port}/v1", cancel)) == ([], None)
        assert left.wait(PATIENCE_S)


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
    assert isinstance(error, IncompleteAnswer) and "may have been charged" in str(error)
    assert not events and len(heard) == 1


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b""], ids=["407", "closed"]
)
def test_a_proxy_that_does_not_let_the_question_through_is_tried_again_and_named(monkeypatch, answer):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    heard = []

    def talk(connection):
        heard.append(read_request(connection))
        connection.sendall(answer)

    with listening(talk) as port:
        through_proxy(monkeypatch, port)
        _, error = all_of(deliver("https://service.example/v1"))
    # Other packages of this process may ask the proxy, too, to tell their makers how they are used.
    assert isinstance(error, ConnectionFailed) and sum(b"service.example" in each for each in heard) == 3
    assert "HTTPS_PROXY" in str(error) if answer else "service.example" in str(error)
    assert b"Authorization" not in b"".join(heard)


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_a_proxy_that_is_not_there_is_named_without_its_password(monkeypatch, host):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    through_proxy(monkeypatch, free_port())
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:hidden@{host}:{free_port()}")
    _, error = all_of(deliver("https://service.example/v1", retries=0))
    assert isinstance(error, ConnectionFailed)
    assert f"The proxy {host} on the way to service.example cannot be reached" in str(error)
    assert "look at HTTPS_PROXY" in str(error)
    assert "hidden" not in str(error)


PASSWORDS = [
    "Tr0ub4dor#3",
    "Tr0ub4dor/3",
    "Tr0ub4dor?3",
    "Tr0ub4dor@3",
    "Tr0ub4dor:3",
    "Tr0ub4dor%3",
    "Tr0ub4dor 3",
]


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_proxy_gets_its_password_whatever_is_in_it_and_nobody_else_does(monkeypatch, password, caplog):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    caplog.set_level(logging.DEBUG)
    heard = []

    def talk(connection):
        heard.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 403 Not for " + password.encode() + b"\r\n\r\n")

    with listening(talk) as port:
        through_proxy(monkeypatch, port)
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{password}@127.0.0.1:{port}")
        _, error = all_of(deliver("https://service.example/v1", retries=0))
    assert b64encode(f"me:{password}".encode()) in heard[0]
    assert isinstance(error, ConnectionFailed) and "answered 403: look at HTTPS_PROXY" in str(error)
    assert "CONNECT" in caplog.text  # the libraries did log
    assert "Tr0ub4dor" not in str(error) + caplog.text


NO_PROXIES = [
    "http://proxy.corp:abc", "http://proxy.corp:99999", "http://proxy.corp:0", "http://", "http://me:Tr0ub4dor#3",
    "http://me:Tr0ub4dor/3", "http://me:Tr0ub4dor@", "http://[::1", "http://a b:1", "http://ä.example:1",
    f"http://{'a' * 64}.example:1", "http://a..example:1", "http:/proxy.corp:1", "http://proxy.corp:",
]  # fmt: skip


@pytest.mark.parametrize("proxy", NO_PROXIES)
def test_what_is_not_the_address_of_a_proxy_is_told_by_its_variable_and_not_shown(monkeypatch, proxy):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    through_proxy(monkeypatch, 1)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    _, error = all_of(deliver("https://service.example/v1"))
    assert type(error) is BadRequest and str(error).startswith(
        "HTTPS_PROXY does not hold the address of a proxy"
    )
    assert str(error).endswith(
        "write http://HOST:PORT. A name and a password go before the host, as NAME:PASSWORD@HOST:PORT."
    )
    assert "Tr0ub4dor" not in str(error) and "service.example" not in str(error)


def test_a_proxy_that_wants_a_password_says_where_it_goes(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    refuse = b"HTTP/1.1 407 Tr0ub4dor\r\n\r\n"
    with listening(lambda connection: (read_request(connection), connection.sendall(refuse))) as port:
        through_proxy(monkeypatch, port)
        _, error = all_of(deliver("https://service.example/v1", retries=0))
    assert "wants a name and a password (407): put them into HTTPS_PROXY" in str(error)
    assert "Tr0ub4dor" not in str(error)


# What stands in NO_PROXY -> the hosts that are asked directly, and some that are not.
EXCEPTIONS = {
    "localhost,127.0.0.1,::1,fe80::/10": ([], ["service.example"]),
    "[::1]": ([], ["service.example"]),
    "::1/128,fd00::/8": (["fd12::1"], ["service.example", "2001:db8::1"]),
    "[fd00::]/8": (["fd12::1"], ["2001:db8::1"]),
    "[fd12::1]:443": (["fd12::1"], ["fd12::2"]),
    "[fd12::1]:8443": ([], ["fd12::1"]),
    "10.*": (["10.1.2.3"], ["110.1.2.3"]),
    "service.example/": (["service.example"], ["other.example"]),
    "https://service.example:443/v1": (["service.example"], ["other.example"]),
    '"service.example,a.example"': (["service.example", "a.example"], ["other.example"]),
    "10.0.0.0/8": (["10.1.2.3"], ["11.1.2.3", "service.example"]),
    "10.1.2.3": (["10.1.2.3"], ["10.1.2.30"]),
    "example": (["service.example", "example"], ["anexample", "service.example.org"]),
    ".example": (["service.example"], ["service.example.org"]),
    "*.example": (["service.example"], ["anexample"]),
    "SERVICE.Example": (["service.example"], ["other.example"]),
    "service.example:443": (["service.example"], ["other.example"]),
    "service.example:8443": ([], ["service.example"]),
    "https://service.example": (["service.example"], ["other.example"]),
    "a.example b.example": (["a.example", "b.example"], ["c.example"]),
    "*": (["service.example", "fd12::1"], []),
    "a.example,*": (["service.example"], []),
    ", ,;%%%,://,[,]:,:,..,1.2.3.4/99,\x00": ([], ["service.example"]),
}


@pytest.mark.parametrize("exceptions", EXCEPTIONS)
def test_no_proxy_is_read_in_every_form_and_fails_no_question(exceptions, monkeypatch):
    direct, proxied = EXCEPTIONS[exceptions]
    through_proxy(monkeypatch, 9)
    monkeypatch.setattr("os.environ", {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": exceptions})

    def goes_around(host):
        return proxy_for(f"https://{f'[{host}]' if ':' in host else host}/v1/chat/completions") is None

    assert [host for host in [*direct, *proxied] if goes_around(host)] == direct


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "[::1]", "localhost", "a.localhost"])
def test_no_proxy_is_asked_for_this_machine(host, monkeypatch):
    through_proxy(monkeypatch, 9)
    assert proxy_for(f"https://{host}:1234/v1") is None


def test_a_proxy_keeps_its_password_to_itself(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:Tr0ub4dor@127.0.0.1:9")
    assert "Tr0ub4dor" not in repr(proxy_for("https://service.example/v1"))


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_proxy_and_certificates_in_quotes_are_read_without_them(quote, monkeypatch, tmp_path, authority):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", f"{quote}{tmp_path / 'ca.pem'}{quote}")
    monkeypatch.setenv("HTTPS_PROXY", f"{quote}http://me:Tr0ub4dor@127.0.0.1:9{quote}")
    found = proxy_for("https://service.example/v1")
    assert (found.url, found.auth) == ("http://127.0.0.1:9", ("me", "Tr0ub4dor"))
    assert certificates.tls_context().get_ca_certs()


def test_only_the_proxy_in_use_has_to_be_right(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "nonsense:nonsense")
    monkeypatch.setenv("ALL_PROXY", "ftp://nonsense")
    monkeypatch.setenv("HTTPS_PROXY", "127.0.0.1:9")
    found = proxy_for("https://service.example/v1")
    assert (found.url, found.variable, found.auth) == ("http://127.0.0.1:9", "HTTPS_PROXY", None)


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:1", "socks5://127.0.0.1:1", "socks5h://127.0.0.1:1"])
def test_a_proxy_of_an_unknown_kind_is_named(monkeypatch, proxy):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    monkeypatch.setenv("ALL_PROXY", proxy)
    _, error = all_of(deliver("https://service.example/v1"))
    assert isinstance(error, BadRequest) and "ALL_PROXY" in str(error)


# Size ----------------------------------------------------------------------------------------------


@pytest.mark.thorough
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


@pytest.mark.thorough
@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_what_does_not_end_is_cut_off_before_it_fills_the_memory(script):
    with Demo([script]) as demo:
        tracemalloc.start()
        events, error = all_of(deliver(demo, retries=0))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(error, ServiceError | UnexpectedResponse | IncompleteAnswer)
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


ANSWER = [chunk(content="Un"), chunk(content="packed."), *END]
WHOLE = b'{"choices":[{"message":{"content":"Unpacked."},"finish_reason":"stop"}]}'


def deflated(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def flushed(wbits):
    """Compress an answer so that each event can be read as it comes."""
    packer = zlib.compressobj(wbits=wbits)
    yield from (packer.compress(each) + packer.flush(zlib.Z_SYNC_FLUSH) for each in ANSWER)
    yield packer.flush()


ENCODED = {  # Content-Encoding: the answer in it, in pieces
    **dict.fromkeys(
        ("", "none", "None", "utf-8", "UTF-8", "identity", "Identity", "identity, none", ","), ANSWER
    ),
    **{name: [gzip.compress(b"".join(ANSWER))] for name in ("gzip", "GZIP", "gzip, identity", "utf-8, gzip")},
    "gzip ": [gzip.compress(each) for each in ANSWER],  # a member for each event
    " gzip": [gzip.compress(each) for each in ANSWER] + [bytes(512)],  # and padding
    "gzip, gzip": [gzip.compress(gzip.compress(b"".join(ANSWER)))],
    "deflate, gzip": [gzip.compress(zlib.compress(b"".join(ANSWER)))],
    "deflate": [deflated(b"".join(ANSWER))],
    "Deflate": [zlib.compress(each) for each in ANSWER],
    "deflate ": list(flushed(-zlib.MAX_WBITS)),
    "x-gzip": list(flushed(zlib.MAX_WBITS | 16)),
    # what a gateway has undone, and what is not an encoding
    **dict.fromkeys(("gzip,", "deflate,", "br", "ascii", "charset=utf-8", "chunked", "binary, none"), ANSWER),
}


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_what_content_encoding_says_costs_no_answer(encoding, size):
    data = b"".join(ENCODED[encoding])
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    with Demo([[Head(headers={"Content-Encoding": encoding}), *pieces]]) as demo:
        events, error = all_of(deliver(demo))
    assert (said(events), error) == ("Unpacked.", None)


WHOLES = {
    "none": WHOLE,
    "": WHOLE,
    "Identity": WHOLE,
    "gzip, identity": gzip.compress(WHOLE),
    "deflate": deflated(WHOLE),
}


@pytest.mark.parametrize("encoding", WHOLES)
def test_what_content_encoding_says_costs_no_answer_that_is_not_streamed(encoding):
    with Demo([[Head(headers={"Content-Encoding": encoding}), WHOLES[encoding]]]) as demo:
        events, error = all_of(deliver(demo, stream=False))
    assert (said(events), error) == ("Unpacked.", None)


@pytest.mark.parametrize("lost", [1, 8, 20])
def test_gzip_that_is_cut_after_the_finish_reason_costs_nothing(lost):
    answer = b"".join(ANSWER[:-1])
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    packed = packer.compress(answer) + packer.flush(zlib.Z_SYNC_FLUSH)
    tail = packer.compress(b": " + bytes(100)) + packer.flush()
    for end in (tail[:-lost], tail[:1] + b"\xff" * 30):  # cut, and broken
        with Demo([[Head(headers={"Content-Encoding": "gzip"}), packed, 0.02, end]]) as demo:
            events, error = all_of(deliver(demo))
        assert (said(events), error) == ("Unpacked.", None)


def test_gzip_that_breaks_in_mid_answer_keeps_what_came():
    packed = gzip.compress(ANSWER[0])
    for more in (b"\x1f\x8b\x08\x00broken", gzip.compress(ANSWER[1])[:-20]):
        text, error, waits, n_requests = asked([[Head(headers={"Content-Encoding": "gzip"}), packed, more]])
        assert (text, waits, n_requests) == ("Un", [], 1) and isinstance(
            error, UnexpectedResponse | IncompleteAnswer
        )


@pytest.mark.parametrize("encoding, data", [("br", b"?"), ("gzip", b"no gzip")])
@pytest.mark.parametrize(
    "status, kind", [(401, AuthenticationError), (402, QuotaExceeded), (429, RateLimitError)]
)
def test_an_encoding_that_cannot_be_read_never_outranks_the_status(encoding, data, status, kind):
    script = [Head(status, {"Content-Encoding": encoding}), data]
    assert isinstance(asked([script], retries=0)[1], kind)
    assert "may have been charged" in str(asked([[Head(200, {"Content-Encoding": encoding}), data]])[1])


@pytest.mark.parametrize("encoding, data", [("br", b"?"), ("zstd", b"?"), ("gzip", b"no gzip")])
def test_a_compression_that_cannot_be_undone_is_named(encoding, data):
    _, error, _, n_requests = asked([[Head(headers={"Content-Encoding": encoding}), data]])
    assert isinstance(error, UnexpectedResponse) and "compressed" in str(error) and n_requests == 1


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
    with Demo(lambda request: [*echo(request)[: 9 if b"stopped" in request.body else None], Act.HANG]) as demo:
        stopped, kept = deliver(demo, cancel, prompt="stopped"), deliver(demo, prompt="kept")
        for batch in stopped.batches():
            if said(batch):
                cancel.cancel()
        events, error = all_of(kept)
        assert (said(events), error) == ("keptkept kept kept", None)
        assert demo.requests[0].left.wait(PATIENCE_S)


# Our own mistakes ----------------------------------------------------------------------------------


def test_a_fault_of_our_own_is_told_in_a_line_and_does_not_hang(monkeypatch):
    monkeypatch.setattr("gemini_magics.service.response.Reader.feed", lambda self, data: 1 / 0)
    _, error, _, n_requests = asked([stream("Fine.")])
    assert type(error) is GeminiError and n_requests == 1
    assert "ZeroDivisionError in client.py, line" in str(error)
