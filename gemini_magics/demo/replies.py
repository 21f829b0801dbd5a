"""Replies of a service: the steps of a reply, and the bytes of the documented formats.

A reply is a row of steps: a `Head`, then bytes to send, seconds to pause, and an `Act` that breaks
something.
"""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..core.errors import BadRequest

MODEL = "gemini-3.1-pro"
STEPS = "a step is a Head, bytes, a number of seconds or an Act"
_AS_IN = 'write Demo([stream("Hello")])'
EVENT_STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


@dataclass(frozen=True)
class Head:
    """The status and headers of a reply.

    The steps that follow are sent in HTTP chunks, and ended by one. With `framed=False` or a Content-Length
    they are sent as they are.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: EVENT_STREAM)
    framed: bool = True


class Act(Enum):
    """Faults of a server: it says nothing more, closes in mid-reply, or resets the connection."""

    HANG = "hang"
    CLOSE = "close"
    RESET = "reset"


Step = Head | bytes | float | Act
Reply = Iterable[Step]


@dataclass
class Request:
    """A request that the demo received.

    Attributes:
        path: the path and query.
        headers: by their names in lower case.
        body: as it was sent.
        asked_at: time.monotonic() when it was there in full.
        left: set when the other side hung up before the reply's end.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    asked_at: float = field(default_factory=time.monotonic)
    left: threading.Event = field(default_factory=threading.Event)

    @functools.cached_property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


Script = Callable[[Request], Reply] | Sequence[Reply]


def checked_script(script: Script | None) -> Script | None:
    """Return a script as it is, because its server would fail in a thread where no test sees it.

    An empty list has no reply: it is for what must not be asked.

    Raises:
        BadRequest: it is neither a function nor a list of replies, such as the steps of one reply.
    """
    if script is None or callable(script):
        return script
    if not isinstance(script, Sequence) or isinstance(script, (str, bytes)):
        named = type(script).__name__
        raise BadRequest(
            f"A script is a list of replies or a function that returns one, not {named}: {_AS_IN}."
        )
    for reply in script:
        checked_reply(reply)
    return script


def checked_reply(reply: Reply) -> Reply:
    """Return a reply as it is.

    Raises:
        BadRequest: it is not a row of steps.
    """
    # The bytes of a text would be numbers, which are pauses.
    if isinstance(reply, (str, bytes)) or not isinstance(reply, Iterable):
        raise BadRequest(f"A reply is a list of steps, not {type(reply).__name__}: {_AS_IN}.")
    return reply


def event(payload: Mapping[str, Any] | str) -> bytes:
    """Write one event of a stream."""
    # A script may send half of a surrogate pair, which strict UTF-8 refuses:
    # https://docs.python.org/3/library/codecs.html#error-handlers
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return f"data: {text}\n\n".encode("utf-8", "surrogatepass")


def chunk(finish: str | None = None, **delta: Any) -> bytes:
    """Write the event of one piece of an answer: `content=`, `reasoning_content=`, ..."""
    choice: dict[str, Any] = {"index": 0, "delta": delta}
    if finish:
        choice["finish_reason"] = finish
    return event({**_about("chat.completion.chunk"), "choices": [choice]})


def took(prompt: int, completion: int, reasoning: int = 0, cost_credits: float = 0.01) -> dict[str, Any]:
    """Make the fields with the cost of an answer, in tokens and credits."""
    return {
        "credits_consumed": cost_credits,
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        },
    }


def stream(
    *text: str,
    thoughts: Sequence[str] = (),
    finish: str = "stop",
    pause_s: float = 0.0,
    usage: Mapping[str, Any] | None = None,
) -> list[Step]:
    """Make a whole streamed answer.

    Args:
        text: the pieces of its text, each in an event of its own.
        thoughts: the pieces of its thoughts, which come first.
        finish: the finish_reason.
        pause_s: seconds before each piece.
        usage: the fields that tell the cost, as `took` makes them; unless given, a token for each piece.
    """
    pieces = [chunk(reasoning_content=piece) for piece in thoughts] + [chunk(content=piece) for piece in text]
    return [
        Head(),
        chunk(role="assistant", content=""),
        *(step for piece in pieces for step in (pause_s, piece)),
        *ending(finish, usage or took(1, len(thoughts) + len(text), len(thoughts))),
    ]


def ending(finish: str, usage: Mapping[str, Any]) -> list[Step]:
    """Make the three events that end a streamed answer."""
    # The chunk with the usage has no choice: https://platform.openai.com/docs/api-reference/chat/create
    counted = {**_about("chat.completion.chunk"), "choices": [], **usage}
    return [chunk(finish=finish), event(counted), event("[DONE]")]


def whole(
    text: str, *, finish: str = "stop", usage: Mapping[str, Any] | None = None, **message: Any
) -> list[Step]:
    """Make a whole answer that is not streamed.

    Args:
        finish: the finish_reason.
        usage: the fields that tell the cost, as `took` makes them; unless given, two tokens.
        message: fields of its message beside the content, such as `reasoning_content`.
    """
    said = {"role": "assistant", "content": text, **message}
    choice = {"index": 0, "message": said, "finish_reason": finish}
    return body({**_about("chat.completion"), "choices": [choice], **(usage or took(1, 1))})


def body(payload: Any, status: int = 200, **headers: str) -> list[Step]:
    """Make a reply of one JSON document. A header's underscores are hyphens: Retry_After="3"."""
    data = json.dumps(payload, ensure_ascii=False).encode("utf-8", "surrogatepass")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [Head(status, {"Content-Type": "application/json", "Content-Length": str(len(data)), **named}), data]


def envelope(code: int, message: str, *, status: int = 200, **headers: str) -> list[Step]:
    """Make a refusal as kie writes it, whose code stands in the body of a reply with HTTP status 200.

    Args:
        code: the code in the body, such as 429.
        message: the words of the service.
        status: another HTTP status.
        headers: as for `body`.
    """
    return body({"code": code, "msg": message, "data": None}, status, **headers)


def _about(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-demo", "object": kind, "created": int(time.time()), "model": MODEL}
