"""A scripted service on this machine, for tests of notebooks and tools that ask questions.

    from gemini_magics import ask
    from gemini_magics.testing import Demo, stream

    def test_the_summary_is_short():
        with Demo([stream("A short ", "summary.")]) as demo:
            answer = ask("Summarise.", service="demo", base_url=demo.base_url)
            assert answer.text == "A short summary."
            assert demo.requests[0].json["messages"][0]["content"][0]["text"] == "Summarise."

`Demo` is a real HTTP server on a free port of 127.0.0.1. Each request gets the next reply of the script, and
the last reply is repeated. Without a script the answer describes the request. A script may also be a
function that takes a `Request` and returns a reply.

A reply is a sequence of steps: a `Head`, bytes to send, seconds to pause, or an `Act` that simulates a fault.

- `stream("Hello", thoughts=["Hm."], pause_s=0.1)` is a complete streamed answer, `whole("Hello")` a complete
  answer without streaming.
- `chunk(content="Hel")` and `event({...})` are single events, `ending("stop", took(1, 2))` is the three events
  at the end of an answer.
- `envelope(429, "Slow down")` is a refusal in HTTP 200, `body({...}, 503, Retry_After="3")` any JSON document.
- `Act.HANG`, `Act.CLOSE` and `Act.RESET` are faults: `[Head(), chunk(content="Hal"), Act.RESET]`.
"""

from .demo.replies import (
    Act,
    Head,
    Reply,
    Request,
    Step,
    body,
    chunk,
    ending,
    envelope,
    event,
    stream,
    took,
    whole,
)
from .demo.server import Demo

__all__ = [
    "Act",
    "Demo",
    "Head",
    "Reply",
    "Request",
    "Step",
    "body",
    "chunk",
    "ending",
    "envelope",
    "event",
    "stream",
    "took",
    "whole",
]
