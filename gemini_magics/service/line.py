"""One connection, seen from outside: how far a request got on it, and how to end it from another thread."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any


class Line:
    """The connection under one request.

    httpx says through its `trace` extension when a connection is made. A duplicate of its socket is
    kept: shutting that down ends whatever waits on the connection, even in the middle of a TLS
    handshake, and it cannot be mixed up with another socket that was given the same number since.

    Args:
        away: is set when the request was handed over in full.

    Attributes:
        host: the host that is connected to, the service's or a proxy's; "" before.
        connected: a connection was made, to the service or to a proxy.
        sent: the request was handed over in full.
    """

    def __init__(self, away: threading.Event) -> None:
        self._away = away
        self.host = ""
        self.connected = False
        self.sent = False
        self._opening_tunnel = False
        self._lock = threading.Lock()
        self._is_shut = False
        self._socket: socket.socket | None = None

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """Take notice of what httpx does."""
        if name.endswith("connect_tcp.started"):
            self.host = info["host"]
        elif name.endswith("connect_tcp.complete"):
            with self._lock:
                self.connected = True
                self._socket = info["return_value"].get_extra_info("socket").dup()
                if self._is_shut:
                    self._shutdown()
        elif name.endswith("send_request_headers.started"):
            self._opening_tunnel = info["request"].method == b"CONNECT"  # asks a proxy, not the service
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
        """Let go of the socket."""
        with self._lock:
            if self._socket:
                self._socket.close()
            self._socket = None

    def _shutdown(self) -> None:
        if self._socket:
            with suppress(OSError):  # the other side was faster
                self._socket.shutdown(socket.SHUT_RDWR)
