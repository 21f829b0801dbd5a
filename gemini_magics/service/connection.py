"""One connection: how far a request got on it, and how another thread ends it."""

from __future__ import annotations

import math
import socket
import threading
import time
from contextlib import suppress
from typing import Any


class Connection:
    """The connection under one request.

    httpx reports each step through its `trace` extension
    (https://www.encode.io/httpcore/extensions/#trace). It keeps a duplicate of the socket: to shut
    that down ends whatever waits on the connection, even a TLS handshake, and its number cannot belong to
    another socket by then.

    Args:
        away: is set once the request was handed over in full.

    Attributes:
        host: the host of the connection, the service's or a proxy's; "" before there is one.
        connected: True once there was a connection, to the service or to a proxy.
        sent: True once the request was handed over in full.
    """

    def __init__(self, away: threading.Event) -> None:
        self._away = away
        self.host: str = ""
        self.connected: bool = False
        self.sent: bool = False
        self._opening_tunnel = False
        self._lock = threading.Lock()
        self._is_shut = False
        self._socket: socket.socket | None = None

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """Note a step that httpx reports."""
        if name.endswith("connect_tcp.started"):
            self.host = info["host"]
        elif name.endswith("connect_tcp.complete"):
            with self._lock:
                self.connected = True
                self._socket = info["return_value"].get_extra_info("socket").dup()
                if self._is_shut:
                    self._shutdown()
        elif name.endswith("send_request_headers.started"):
            self._opening_tunnel = info["request"].method == b"CONNECT"  # goes to a proxy (RFC 9110, 9.3.6)
        elif name.endswith("send_request_body.complete"):
            self.sent = not self._opening_tunnel
            if self.sent:
                self._away.set()

    def shut(self) -> None:
        """End the connection, now or as soon as there is one."""
        with self._lock:
            self._is_shut = True
            self._shutdown()

    def close(self) -> None:
        """Close the duplicate of the socket."""
        with self._lock:
            if self._socket:
                self._socket.close()
            self._socket = None

    def _shutdown(self) -> None:
        if self._socket:
            with suppress(OSError):  # the other side may have closed it
                # To close a socket does not wake the thread that waits on it, to shut it down does:
                # https://man7.org/linux/man-pages/man2/close.2.html, "Multithreaded processes and close()"
                self._socket.shutdown(socket.SHUT_RDWR)


class LastCall:
    """Ends a connection on which nothing follows a finish_reason.

    One thread serves however many finish_reasons come, because some gateways put one on every chunk.

    Attributes:
        over: the connection was ended.
    """

    def __init__(self, wait_s: float, connection: Connection) -> None:
        self.over: bool = False
        self._wait_s, self._connection = wait_s, connection
        self._until = math.inf
        self._left = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Start the wait, or start it again."""
        self._until = time.monotonic() + self._wait_s
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="gemini_magics", daemon=True)
            self._thread.start()

    def revoke(self) -> None:
        """Stop the wait, because the answer goes on."""
        self._until = math.inf

    def __enter__(self) -> LastCall:
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()

    def _watch(self) -> None:
        while (rest_s := self._until - time.monotonic()) > 0:
            if self._left.wait(min(rest_s, self._wait_s)):
                return
        self.over = True
        self._connection.shut()
