"""The demo service: a real HTTP server on this machine that speaks the wire format of kie.

`address()` starts the server of this session when it is first needed. Tests start their own and script it:

    with Demo([stream("Hello")]) as demo:
        ask("Hi", base_url=demo.base_url, service="demo")
        demo.requests[0].json

Without a script the demo looks at the request and describes it in its answer (`answers`). `replies` has the
steps of a script.

Every program and every web page on this machine can connect to it. It answers no page but its own, reads no
body before it knows who asks, takes a limited number of connections, and answers odd requests with a status.
"""

from __future__ import annotations

import atexit
import functools
import re
import select
import selectors
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .answers import WORDS_PER_S, answer, pace_of, refusal, session_pace
from .replies import STEPS, Act, Head, Reply, Request, Script, checked_reply, checked_script

REQUEST_BYTES = 64 * 2**20
MOST_CONNECTIONS = 256
LOOK_S = 0.05  # a pause notices so soon that the other side, or the demo itself, is gone
# Digits alone, where int() takes a sign, spaces and _ as well:
# https://www.rfc-editor.org/rfc/rfc9110#section-8.6
_LENGTH = re.compile(r"\d{1,12}", re.ASCII)


class Demo:
    """A service on a port of 127.0.0.1, from its construction to `close`.

    Args:
        script: the replies, in order, the last one again and again; or a function that makes each.
            Without it, an answer describes its request.
        words_per_s: the pace of unscripted answers; 0 is as fast as they are read.
        port: 0 takes a free one.
        key: the one key that is accepted; without it any key and none.
        keep: the number of requests that `requests` holds, the newest last; None keeps all.
        connections: the number of connections at a time; more are answered with 503.

    Raises:
        BadRequest: the script is neither a list of replies nor a function, or the pace is not a number from 0.
        OSError, OverflowError: the port is taken, or cannot be one.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        words_per_s: float = WORDS_PER_S,
        port: int = 0,
        key: str | None = None,
        keep: int | None = None,
        connections: int = MOST_CONNECTIONS,
    ) -> None:
        self._script = checked_script(script)
        self._words_per_s, self._key = pace_of(words_per_s, "words_per_s"), key
        self.requests: deque[Request] = deque(maxlen=keep)
        self.closed: threading.Event = threading.Event()
        self._asked, self._lock = 0, threading.Lock()
        self._server = _Server(self, port, connections)
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

    def refusal_of(self, command: str, headers: dict[str, str]) -> Reply | None:
        """Return the reply to a request that is refused by its head; a script takes every request."""
        return None if self._script is not None else refusal(command, headers)

    def reply_to(self, request: Request) -> Reply:
        """Keep a request, and return the reply to it."""
        with self._lock:
            self.requests.append(request)
            turn, self._asked = self._asked, self._asked + 1
        if callable(self._script):
            return checked_reply(self._script(request))
        if self._script is not None:
            return self._script[min(turn, len(self._script) - 1)]
        return answer(request, words_per_s=self._words_per_s, key=self._key)


class _Server(ThreadingHTTPServer):
    # The session ends without waiting for an answer that is being sent:
    # https://docs.python.org/3/library/socketserver.html#socketserver.ThreadingMixIn
    daemon_threads = True
    request_queue_size = 128  # a batch connects many times at once, and the default is 5
    timeout = 0  # a connection that is gone before it was taken up is not waited for

    def __init__(self, demo: Demo, port: int, connections: int) -> None:
        self.demo = demo
        self._room = threading.BoundedSemaphore(connections)
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer would ask DNS for this machine's name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        with suppress(OSError):
            request.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up or stops reading is no fault of the server.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "gemini_magics-demo", ""
    disable_nagle_algorithm = True  # or the next small piece waits for an acknowledgement (RFC 896)
    timeout = 60  # seconds that a client which stops in mid-request keeps its thread
    server: _Server

    def do_POST(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing: the notebook is not a place for a server's log."""

    def _answer(self) -> None:
        self.close_connection = True
        # One that is sent twice is none that is expected: who checks another of the two would be deceived.
        headers = {name.lower(): ", ".join(self.headers.get_all(name, ())) for name in self.headers}
        length = headers.get("content-length", "0")
        if not _LENGTH.fullmatch(length) or int(length) > REQUEST_BYTES:
            self.send_error(413)
            return
        if refused := self.server.demo.refusal_of(self.command, headers):
            self._play(refused, Request(self.command, self.path, headers, b""))
            return
        body = self.rfile.read(int(length))
        # A client that hung up before has asked nothing.
        if len(body) == int(length):
            request = Request(self.command, self.path, headers, body)
            self._play(self.server.demo.reply_to(request), request)

    def _play(self, reply: Reply, request: Request) -> None:
        """Send the steps of a reply; end it cleanly unless a step breaks it on purpose."""
        framed, begun = False, False
        for step in reply:
            match step:
                case Head():
                    framed, begun = self._begin(step), True
                case b"":  # a chunk of no bytes would end the body
                    pass
                case bytes():
                    # https://www.rfc-editor.org/rfc/rfc9112#section-7.1
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
                case int() | float():
                    self._pause(step, request)
                case _:
                    raise TypeError(f"{step!r} is not a step of a reply: {STEPS}.")
            if request.left.is_set() or self.server.demo.closed.is_set():
                return
        if framed and begun:
            self._send(b"0\r\n\r\n", request)

    def _begin(self, head: Head) -> bool:
        """Send status and headers; return whether the body goes in chunks."""
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
        try:
            self.wfile.write(data)
        except ConnectionError:
            request.left.set()

    def _pause(self, seconds: float, request: Request) -> None:
        """Wait, until the client hangs up or the demo ends."""
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0 and not self.server.demo.closed.is_set():
            if select.select([self.connection], [], [], min(rest, LOOK_S))[0] and not self._is_there():
                request.left.set()
                return

    def _is_there(self) -> bool:
        try:
            # An empty read is the end of the connection:
            # https://docs.python.org/3/howto/sockets.html#using-a-socket
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except ConnectionError:
            return False


@functools.cache
def _of_this_session() -> Demo:
    demo = Demo(words_per_s=session_pace(), keep=0)  # a day's pictures would fill the memory
    atexit.register(demo.close)
    return demo


_starting = threading.Lock()


def address() -> str:
    """Return the base URL of this session's demo service, which starts when it is first asked for.

    Its pace is GEMINI_MAGICS_DEMO_WORDS_PER_S, where that is set. It ends with the session.
    """
    with _starting:  # two questions at once must not start two
        return _of_this_session().base_url
