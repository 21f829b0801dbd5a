"""A TCP server for what the demo is too polite for: no HTTP, no reading, TLS, a proxy."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def listening(talk: Callable[[socket.socket], object]) -> Iterator[int]:
    """Run `talk` with each connection, in a thread of its own; yield the port.

    The connections are shut at the end, so that a talk may wait for ever.
    """
    connections: list[socket.socket] = []

    def run(connection: socket.socket, duplicate: socket.socket) -> None:
        with suppress(OSError), connection:
            talk(connection)
        with suppress(OSError):
            duplicate.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                connections.append(connection.dup())
                threading.Thread(target=run, args=(connection, connections[-1]), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # a close alone does not wake an accept
            for connection in connections:
                with suppress(OSError), connection:
                    connection.shutdown(socket.SHUT_RDWR)


def read_request(connection: socket.socket) -> bytes:
    """Read one HTTP request with its body; return what came if the other side leaves earlier."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
    )
    while len(body) < length:
        if not (more := connection.recv(65536)):
            break
        body += more
    return head + b"\r\n\r\n" + body


def wait_for_the_end(connection: socket.socket) -> None:
    """Take in what comes, and say nothing, until the other side leaves."""
    while connection.recv(65536):
        pass
