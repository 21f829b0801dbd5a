"""What a cell shows when its question fails: what had come, in an output that stays, and then one line."""

import re
import socket

import pytest
from kernel import Kernel

from gemini_magics.service.demo import Act, Demo, Head, body, chunk, ending, envelope, event, took

HALF = chunk(content="The curve **peaks** ")
PAGE = {"Content-Type": "text/html"}
CHARGED = "It may have been charged, so it was not sent again; run the cell to ask once more."
FREE = "Nothing was sent in full, nothing was charged."
BROKE = f"Cut: The connection to HOST broke before the answer's end. {CHARGED}"
SILENT = f"Cut: Nothing came from HOST for 0.3 s. {CHARGED}"
LATER = "Ask again in a moment, or choose another --service."

FAILURES = {  # what the service does -> the line of the cell
    "closed before a word": ([Act.CLOSE], BROKE),
    "closed": ([Head(), HALF, Act.CLOSE], BROKE),
    "reset": ([Head(), HALF, 0.05, Act.RESET], BROKE),
    "ended without a reason": (
        [Head(), HALF],
        "Cut: The answer broke off before its end. Ask again to have all of it; it is charged anew.",
    ),
    "silent before a word": ([Act.HANG], SILENT),
    "silent": ([Head(), HALF, Act.HANG], SILENT),
    "error in mid-stream": (
        [Head(), HALF, event({"code": 500, "msg": "Overloaded", "data": None})],
        f"Refused: The service answered 500: Overloaded. {LATER}",
    ),
    "wrong key": (
        envelope(401, "You do not have access"),
        "KeyRejected: The service answered 401: You do not have access. Set the key again with %gemini_key.",
    ),
    "out of credit": (
        envelope(402, "Credits insufficient"),
        "OutOfCredit: The service answered 402: Credits insufficient. "
        "Add credit to the account, then ask again.",
    ),
    "blocked": (
        envelope(403, "Not from here"),
        "Refused: The service answered 403: Not from here. Look up what the key and its account may use.",
    ),
    "no such model": (
        envelope(422, "The model does not exist"),
        "Refused: The service answered 404: The model does not exist. "
        "Check the model's name and the address of the service.",
    ),
    "too large": (
        envelope(413, "Too large"),
        "Refused: The service answered 413: Too large. Attach less, or something smaller.",
    ),
    "rate limited": (
        envelope(429, "Too fast", status=429),
        "RateLimited: The service answered 429: Too fast. Wait a little, then ask again.",
    ),
    "rate limited for long": (
        envelope(429, "Too fast", Retry_After="3600"),
        "RateLimited: The service answered 429: Too fast. Wait a little, then ask again. "
        "The service wants 3600 s of patience, until TIME.",
    ),
    "overloaded": (
        body({"error": {"message": "Oops"}}, 500),
        f"Refused: The service answered 500: Oops. {LATER}",
    ),
    "maintenance": (
        envelope(455, "Not now"),
        "Refused: The service answered 455: Not now. The service is under maintenance: ask again later, "
        "or choose another --service.",
    ),
    "took too long": (
        body({"error": {"message": "Gateway timeout"}}, 504),
        f"Cut: The service took too long for this question (504). {CHARGED}",
    ),
    "a page": (
        [Head(200, PAGE), b"<h1>Welcome</h1>"],
        "UnknownReply: The service sent a web page instead of an answer: “Welcome”. Check its address.",
    ),
    "an empty body": (
        [Head()],
        "UnknownReply: The service sent no answer. Ask again, or choose another --service.",
    ),
}
VIEWS = pytest.mark.parametrize("cell", ["", "a-cell"], ids=["paced", "live"])


@pytest.fixture(scope="module")
def demo():
    with Demo(lambda _: demo.script) as demo:
        yield demo


@pytest.fixture(scope="module")
def kernel(demo):
    settings = "%config GeminiMagics.retries = 0\n%config GeminiMagics.gap_timeout_s = 0.3"
    with Kernel(demo, display="auto", setup=[settings]) as kernel:
        yield kernel


def failed(kernel, source, cell):
    """Run a cell that fails; return its line, and the output that is there when the line comes."""
    shown = kernel.send(source, cell)
    kernel.listen(shown, lambda kind, _: kind == "error")
    (output,) = shown.outputs
    assert set(output["data"]) == {"text/html", "text/plain"}
    kernel.finish(shown, fails=True)
    (line,) = shown.error["traceback"]
    return line, output["data"]


@VIEWS
@pytest.mark.parametrize("name", FAILURES)
def test_what_had_come_stays_and_the_line_says_why_it_failed(kernel, demo, name, cell):
    demo.script, expected = FAILURES[name]
    asked = len(demo.requests)
    line, kept = failed(kernel, "%%gemini --to reply\nWhat?", cell)
    line = re.sub(r"\d\d:\d\d:\d\d", "TIME", line).replace(demo.origin.removeprefix("http://"), "HOST")
    assert line == expected
    came = HALF in demo.script
    assert ("The curve <strong>peaks</strong>" in kept["text/html"]) is came
    assert kernel.run("print(reply.text, reply.ended)").stream == (
        f"{'The curve **peaks** ' if came else ''} {'cut' if line.startswith('Cut') else 'failed'}\n"
    )
    why = expected.partition(": ")[2].partition(".")[0].replace("HOST", demo.origin.removeprefix("http://"))
    assert why in kept["text/plain"]
    assert len(demo.requests) == asked + 1


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
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    before = (
        f"import os\nos.environ['GEMINI_MAGICS_API_KEY'] = 'k'\n%config GeminiMagics.base_url = '{address}'"
    )
    kernel.run(before.format(port=port))
    try:
        line, kept = failed(kernel, "%gemini What?", cell)
    finally:
        kernel.run(
            f"del os.environ['GEMINI_MAGICS_API_KEY']\n%config GeminiMagics.base_url = {demo.base_url!r}"
        )
    why = UNREACHABLE[address].format(port=port)
    assert line == f"Unreachable: {why} {FREE}"
    assert why in kept["text/plain"]


ENDINGS = {  # how the service ends an answer -> the notice; none of them is an error
    "length": "Cut off at the limit: the model may write no more in one answer. Ask it to go on.",
    "content_filter": "Blocked by the service (content_filter).",
    "tool_calls": "The model asked for a tool (tool_calls), but was offered none.",
    "tired": "It ended for a reason that is not known here: tired.",
}


@VIEWS
@pytest.mark.parametrize("reason", ENDINGS)
def test_an_answer_that_ends_early_says_so_and_fails_no_cell(kernel, demo, reason, cell):
    demo.script = [Head(), HALF, *ending(reason, took(500, 1))]
    (output,) = kernel.run("%gemini What?", cell).outputs
    assert f"\n{ENDINGS[reason]}\n" in output["data"]["text/plain"]
    assert "The curve <strong>peaks</strong>" in output["data"]["text/html"]


@VIEWS
def test_a_stop_is_told_in_the_line_and_in_the_output(kernel, demo, cell):
    demo.script = [Head(), HALF, *[b": still here\n\n", 0.1] * 100]
    shown = kernel.send("%gemini What?", cell)
    kernel.listen(shown, lambda _, content: "peaks" in str(content))
    kernel.interrupt()
    kernel.listen(shown, lambda kind, _: kind == "error")
    (output,) = shown.outputs
    assert "The curve <strong>peaks</strong>" in output["data"]["text/html"]
    assert "Stopped by you. What had arrived is kept." in output["data"]["text/plain"]
    kernel.finish(shown, fails=True)
    assert shown.error["traceback"] == [
        "KeyboardInterrupt: stopped by you. What had arrived is kept; gemini_magics.last() returns it."
    ]
