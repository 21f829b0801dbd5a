"""What a cell shows when its question fails: what had come, in an output that stays, and then one line.

The line says why, once: the output says only that the answer is not whole.
"""

import re
import threading

import pytest
from kernel import Kernel
from ports import free_port

from gemini_magics.testing import Act, Demo, Head, body, chunk, ending, envelope, event, took

HALF = chunk(content="The curve **peaks** ")
SHOWN = "goes on once the cell shows what was sent before"  # a step of these tests alone
PAGE = {"Content-Type": "text/html"}
CHARGED = "It may have been charged, so it was not sent again; run the cell to ask once more."
FREE = "Nothing was sent in full, nothing was charged."
BROKE = f"IncompleteAnswer: The connection to HOST broke before the answer's end. {CHARGED}"
SILENT = f"IncompleteAnswer: Nothing came from HOST for 1 s. {CHARGED}"
LATER = "Ask again in a moment, or choose another --service."

FAILURES = {  # what the service does -> the line of the cell
    "closed before a word": ([Act.CLOSE], BROKE),
    "closed": ([Head(), HALF, Act.CLOSE], BROKE),
    "reset": ([Head(), HALF, SHOWN, Act.RESET], BROKE),
    "ended without a reason": (
        [Head(), HALF],
        "IncompleteAnswer: The answer broke off before its end. Ask again to have all of it; it is charged again.",
    ),
    "silent before a word": ([Act.HANG], SILENT),
    "silent": ([Head(), HALF, Act.HANG], SILENT),
    "error in mid-stream": (
        [Head(), HALF, event({"code": 500, "msg": "Overloaded", "data": None})],
        f"ServiceError: The service answered 500: Overloaded. {LATER} {CHARGED}",
    ),
    "wrong key": (
        envelope(401, "You do not have access"),
        "AuthenticationError: The service answered 401: You do not have access. Set the key again with %gemini_key.",
    ),
    "out of credit": (
        envelope(402, "Credits insufficient"),
        "QuotaExceeded: The service answered 402: Credits insufficient. "
        "Add credit to the account, then ask again.",
    ),
    "blocked": (
        envelope(403, "Not from here"),
        "ServiceError: The service answered 403: Not from here. Look up what the key and its account may use.",
    ),
    "no such model": (
        envelope(422, "The model does not exist"),
        "ServiceError: The service answered 404: The model does not exist. "
        "Check the model's name and the address of the service.",
    ),
    "too large": (
        envelope(413, "Too large"),
        "ServiceError: The service answered 413: Too large. Attach less, or something smaller.",
    ),
    "rate limited": (
        envelope(429, "Too fast", status=429),
        "RateLimitError: The service answered 429: Too fast. Wait a little, then ask again.",
    ),
    "rate limited for long": (
        envelope(429, "Too fast", Retry_After="3600"),
        "RateLimitError: The service answered 429: Too fast. Wait a little, then ask again. "
        "The service asks for a wait of 3600 s, until TIME.",
    ),
    "overloaded": (
        body({"error": {"message": "Oops"}}, 500),
        f"ServiceError: The service answered 500: Oops. {LATER}",
    ),
    "maintenance": (
        envelope(455, "Not now"),
        "ServiceError: The service answered 455: Not now. The service is under maintenance: ask again later, "
        "or choose another --service.",
    ),
    "took too long": (
        body({"error": {"message": "Gateway timeout"}}, 504),
        "IncompleteAnswer: The service answered 504: Gateway timeout. It took too long for this question, or lost "
        f"it. {CHARGED}",
    ),
    "a page": (
        [Head(200, PAGE), b"<h1>Welcome</h1>"],
        "UnexpectedResponse: The service sent a web page instead of an answer: “Welcome”. Check its address.",
    ),
    "an empty body": (
        [Head()],
        "UnexpectedResponse: The service sent no answer. Ask again, or choose another --service.",
    ),
}
VIEWS = pytest.mark.parametrize("cell", ["", "a-cell"], ids=["paced", "live"])


@pytest.fixture(scope="module")
def demo():
    def reply(_):
        for step in demo.script:
            if step is not SHOWN:
                yield step
            while step is SHOWN and not demo.shown.is_set():
                yield 0.01

    with Demo(reply) as demo:
        demo.script, demo.shown = [], threading.Event()
        yield demo


@pytest.fixture(scope="module")
def kernel(demo):
    settings = "%config GeminiMagics.retries = 0\n%config GeminiMagics.gap_timeout_s = 1"
    with Kernel(demo, display="auto", setup=[settings]) as kernel:
        yield kernel


def failed(kernel, demo, source, cell):
    """Run a cell that fails; return its line, and the output that is there when the line comes."""
    demo.shown.clear()
    shown = kernel.send(source, cell)
    if SHOWN in demo.script:
        kernel.listen(shown, lambda _, content: "peaks" in str(content))
        demo.shown.set()
    kernel.listen(shown, lambda kind, _: kind == "error")
    (output,) = shown.outputs
    assert set(output["data"]) == {"text/html", "text/plain"}
    kernel.finish(shown, fails=True)
    (line,) = shown.error["traceback"]
    return line, output["data"]


@pytest.mark.slow
@VIEWS
@pytest.mark.parametrize("name", FAILURES)
def test_what_had_come_stays_and_the_line_says_why_it_failed(kernel, demo, name, cell):
    demo.script, expected = FAILURES[name]
    asked, host = len(demo.requests), demo.origin.removeprefix("http://")
    line, kept = failed(kernel, demo, "%%gemini --to reply\nWhat?", cell)
    line = re.sub(r"\d\d:\d\d:\d\d", "TIME", line).replace(host, "HOST")
    assert line == expected
    came = HALF in demo.script
    assert ("The curve <strong>peaks</strong>" in kept["text/html"]) is came
    assert kernel.run("print(reply.text, reply.ended)").stream == (
        f"{'The curve **peaks** ' if came else ''} {'cut' if line.startswith('IncompleteAnswer') else 'failed'}\n"
    )
    state = "cut off" if line.startswith("IncompleteAnswer") else "failed"
    only_in_the_line(kept, expected.partition(": ")[2].replace("HOST", host), state)
    assert len(demo.requests) == asked + 1


def only_in_the_line(kept, why, state):
    """Check that the output has no sentence of the failure, and that its footer says that it is not whole."""
    for text in kept.values():
        assert why.partition(".")[0] not in text
        assert "gemini-note" not in text
        assert re.search(rf" · {state} after \d[\d.]* s", text)


UNREACHABLE = {  # how the address is wrong -> the line
    "http://127.0.0.1:{port}/v1": (
        "Nothing answers at 127.0.0.1:{port}: look whether the service runs, and at the address."
    ),
    "https://no-such-host.invalid/v1": (
        "The name no-such-host.invalid was not found: look at the network, and at the address."
    ),
}


@VIEWS
@pytest.mark.parametrize("address", UNREACHABLE)
def test_where_nothing_can_be_reached_the_line_says_so(kernel, demo, address, cell):
    port = free_port()
    before = (
        f"import os\nos.environ['GEMINI_MAGICS_API_KEY'] = 'k'\n%config GeminiMagics.base_url = '{address}'"
    )
    kernel.run(before.format(port=port))
    try:
        line, kept = failed(kernel, demo, "%gemini What?", cell)
    finally:
        kernel.run(
            f"del os.environ['GEMINI_MAGICS_API_KEY']\n%config GeminiMagics.base_url = {demo.base_url!r}"
        )
    why = UNREACHABLE[address].format(port=port)
    assert line == f"ConnectionFailed: {why} {FREE}"
    only_in_the_line(kept, why, "failed")


ENDINGS = {  # how the service ends an answer -> the notice; none of them is an error
    "length": "Cut off at the limit: one answer of the model may not be longer. Ask it to go on.",
    "content_filter": "Blocked by the service (content_filter).",
    "tool_calls": "The model asked for a tool (tool_calls), but the question offered none.",
    "tired": "It ended for an unknown reason: tired.",
}


@VIEWS
@pytest.mark.parametrize("reason", ENDINGS)
def test_an_answer_that_ends_early_says_so_and_fails_no_cell(kernel, demo, reason, cell):
    demo.script = [Head(), HALF, *ending(reason, took(500, 1))]
    (output,) = kernel.run("%gemini What?", cell).outputs
    assert f"\n{ENDINGS[reason]}\n" in output["data"]["text/plain"]
    assert "The curve <strong>peaks</strong>" in output["data"]["text/html"]


@VIEWS
def test_a_stop_is_told_in_the_line_and_the_output_says_that_it_is_not_whole(kernel, demo, cell):
    demo.script = [Head(), HALF, *[b": still here\n\n", 0.1] * 100]
    shown = kernel.send("%gemini What?", cell)
    kernel.listen(shown, lambda _, content: "peaks" in str(content))
    kernel.interrupt()
    kernel.listen(shown, lambda kind, _: kind == "error")
    (output,) = shown.outputs
    assert "The curve <strong>peaks</strong>" in output["data"]["text/html"]
    only_in_the_line(output["data"], "Stopped by you", "stopped")
    kernel.finish(shown, fails=True)
    assert shown.error["traceback"] == [
        "KeyboardInterrupt: stopped by you. The partial answer is kept; gemini_magics.last() returns it."
    ]
