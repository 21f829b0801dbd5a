"""The demo service: a real HTTP server on this machine that speaks the wire format of kie.

`address()` starts the one of this session when it is first needed. Tests start their own, and script it:

    with Demo([stream("Hello")]) as demo:
        ask("Hi", base_url=demo.base_url, service="demo")
        demo.requests[0].json

A reply is a row of steps: a `Head`, then bytes to send, seconds to pause, and an `Act` that breaks
something. Without a script the demo looks at what it was sent and answers with that (`stand_in`).
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import selectors
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "gemini-3.1-pro"
WORDS_PER_S = 30.0
PACE_VARIABLE = "GEMINI_MAGICS_DEMO_WORDS_PER_S"
REQUEST_BYTES = 64 * 2**20
LOOK_S = 0.05  # how soon a pause notices that the other side, or the demo itself, is gone
EVENT_STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


@dataclass(frozen=True)
class Head:
    """The status and headers of a reply.

    What follows is sent in HTTP chunks, and ended by one. With `framed=False` or a Content-Length it is
    sent as it is.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: EVENT_STREAM)
    framed: bool = True


class Act(Enum):
    """What a server should not do: say nothing more, close in mid-reply, or reset the connection."""

    HANG = "hang"
    CLOSE = "close"
    RESET = "reset"


Step = Head | bytes | float | Act
Reply = Iterable[Step]


@dataclass
class Request:
    """What the demo received.

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


class Demo:
    """A service on a port of 127.0.0.1, from its construction to `close`.

    Args:
        script: the replies, in order, the last one again and again; or a function that makes each.
            Without it, answers say what was received.
        words_per_s: the pace of unscripted answers; 0 is as fast as they are read.
        port: 0 takes a free one.
        key: the one key that is accepted; without it any key and none.
        keep: how many requests `requests` holds, the newest last; None is all.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        words_per_s: float = WORDS_PER_S,
        port: int = 0,
        key: str | None = None,
        keep: int | None = None,
    ) -> None:
        self.requests: deque[Request] = deque(maxlen=keep)
        self.closed = threading.Event()
        self._script, self._words_per_s, self._key = script, words_per_s, key
        self._asked, self._lock = 0, threading.Lock()
        self._server = _Server(self, port)
        bell, self._rope = socket.socketpair()
        self._thread = threading.Thread(
            target=self._serve, args=(bell,), name="gemini_magics demo", daemon=True
        )
        self._thread.start()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def base_url(self) -> str:
        """The address for a setting or a service's row; "{model}" stands where the model goes."""
        return self.origin + "/{model}/v1"

    def close(self) -> None:
        """Stop serving, and let go of everybody who waits."""
        self.closed.set()
        self._rope.close()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Demo:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self, bell: socket.socket) -> None:
        """Take requests in until the bell rings; `serve_forever` would look up many times a second instead."""
        with bell, selectors.DefaultSelector() as ready:
            ready.register(bell, selectors.EVENT_READ)
            ready.register(self._server, selectors.EVENT_READ)
            while not self.closed.is_set():
                if any(key.fileobj is self._server for key, _ in ready.select()):
                    self._server.handle_request()

    def reply_to(self, request: Request) -> Reply:
        """Take a request down, and return what it is answered with."""
        with self._lock:
            self.requests.append(request)
            turn, self._asked = self._asked, self._asked + 1
        if callable(self._script):
            return self._script(request)
        if self._script is not None:
            return self._script[min(turn, len(self._script) - 1)]
        from .stand_in import answer  # scripted demos need no Pillow

        return answer(request, words_per_s=self._words_per_s, key=self._key)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    timeout = 0  # a connection that is gone before it was taken up is not waited for

    def __init__(self, demo: Demo, port: int) -> None:
        self.demo = demo
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer would ask DNS for this machine's name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Whoever hangs up while he is answered is no fault of the server.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "gemini_magics-demo", ""
    disable_nagle_algorithm = True
    timeout = 60
    server: _Server

    def do_POST(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing: the notebook is no place for a server's log."""

    def _answer(self) -> None:
        self.close_connection = True
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > REQUEST_BYTES:
            self.send_error(413)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(length))
        if len(body) == int(length):
            request = Request(self.command, self.path, headers, body)
            self._play(self.server.demo.reply_to(request), request)

    def _play(self, reply: Reply, request: Request) -> None:
        """Go through the steps of a reply; end it cleanly unless it is broken on purpose."""
        framed, begun = False, False
        for step in reply:
            match step:
                case Head():
                    framed, begun = self._begin(step), True
                case bytes():
                    self._send(b"%x\r\n%b\r\n" % (len(step), step) if framed else step, request)
                case Act.HANG:
                    self._pause(float("inf"), request)
                case Act.RESET:
                    linger = struct.pack("ii", 1, 0)  # closing with unsent data and no patience sends RST
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                    return
                case Act.CLOSE:
                    return
                case _:
                    self._pause(step, request)
            if request.left.is_set() or self.server.demo.closed.is_set():
                return
        if framed and begun:
            self._send(b"0\r\n\r\n", request)

    def _begin(self, head: Head) -> bool:
        """Send status and headers; return whether what follows goes in chunks."""
        framed = head.framed and not any(name.lower() == "content-length" for name in head.headers)
        self.send_response(head.status)
        for name, value in head.headers.items():
            self.send_header(name, value)
        if framed:
            self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        return framed

    def _send(self, data: bytes, request: Request) -> None:
        if not data:
            return
        try:
            self.wfile.write(data)
        except ConnectionError:
            request.left.set()

    def _pause(self, seconds: float, request: Request) -> None:
        """Wait, but not for somebody who has hung up, nor beyond the demo's end."""
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0 and not self.server.demo.closed.is_set():
            if select.select([self.connection], [], [], min(rest, LOOK_S))[0] and not self._is_there():
                request.left.set()
                return

    def _is_there(self) -> bool:
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except ConnectionError:
            return False


def event(payload: Mapping[str, Any] | str) -> bytes:
    """Write one event of a stream."""
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return f"data: {text}\n\n".encode("utf-8", "surrogatepass")


def chunk(finish: str | None = None, **delta: Any) -> bytes:
    """Write the event of one piece of an answer: `content=`, `reasoning_content=`, ..."""
    choice: dict[str, Any] = {"index": 0, "delta": delta}
    if finish:
        choice["finish_reason"] = finish
    return event({**_about("chat.completion.chunk"), "choices": [choice]})


def took(prompt: int, completion: int, reasoning: int = 0, cost_credits: float = 0.01) -> dict[str, Any]:
    """Make the fields that say what an answer took, in tokens and credits."""
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
    """Make a whole streamed answer of these pieces, with a pause before each."""
    pieces = [chunk(reasoning_content=piece) for piece in thoughts] + [chunk(content=piece) for piece in text]
    return [
        Head(),
        chunk(role="assistant", content=""),
        *(step for piece in pieces for step in (pause_s, piece)),
        *ending(finish, usage or took(1, len(thoughts) + len(text), len(thoughts))),
    ]


def ending(finish: str, usage: Mapping[str, Any]) -> list[Step]:
    """Make the three events that end a streamed answer."""
    counted = {**_about("chat.completion.chunk"), "choices": [], **usage}
    return [chunk(finish=finish), event(counted), event("[DONE]")]


def whole(
    text: str, *, finish: str = "stop", usage: Mapping[str, Any] | None = None, **message: Any
) -> list[Step]:
    """Make a whole answer that is not streamed; `message` are fields beside its content."""
    said = {"role": "assistant", "content": text, **message}
    choice = {"index": 0, "message": said, "finish_reason": finish}
    return body({**_about("chat.completion"), "choices": [choice], **(usage or took(1, 1))})


def body(payload: Any, status: int = 200, **headers: str) -> list[Step]:
    """Make a reply of one JSON document. A header's underscores are hyphens: Retry_After="3"."""
    data = json.dumps(payload, ensure_ascii=False).encode("utf-8", "surrogatepass")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [Head(status, {"Content-Type": "application/json", "Content-Length": str(len(data)), **named}), data]


def envelope(code: int, message: str, *, status: int = 200, **headers: str) -> list[Step]:
    """Make the refusal that the service wraps in HTTP 200."""
    return body({"code": code, "msg": message, "data": None}, status, **headers)


def _about(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-demo", "object": kind, "created": int(time.time()), "model": MODEL}


@functools.cache
def _of_this_session() -> Demo:
    demo = Demo(words_per_s=float(os.environ.get(PACE_VARIABLE) or WORDS_PER_S), keep=0)
    atexit.register(demo.close)
    return demo


_starting = threading.Lock()


def address() -> str:
    """Return the base URL of this session's demo service, which starts when it is first asked for.

    Its pace is GEMINI_MAGICS_DEMO_WORDS_PER_S, where that is set. It ends with the session.
    """
    with _starting:  # two questions at once must not start two
        return _of_this_session().base_url
