"""Ports of 127.0.0.1 that stay free until the server that they were chosen for binds them."""

from __future__ import annotations

import itertools
import socket
from contextlib import suppress

from jupyter_client.connect import LocalPortCache

# Who binds port 0 is given one of these by the system, from 32768 on (49152 on macOS and Windows), so a port that
# was tried there and let go may be another's a moment later. All that is chosen here is below:
# https://docs.kernel.org/networking/ip-sysctl.html (ip_local_port_range)
PORTS = range(20_000, 32_000)
_BLOCK = 200


def _claim() -> range:
    """Return a block of ports for this process alone: it listens at the port before them for as long as it lives."""
    for first in PORTS[::_BLOCK]:
        with suppress(OSError):
            socket.create_server(("127.0.0.1", first)).detach()
            return range(first + 1, first + _BLOCK)
    raise OSError(f"All ports from {PORTS.start} to {PORTS.stop} are taken.")


_in_turn = itertools.cycle(_claim())


def free_port() -> int:
    """Return a port at which nothing listens: the next of this process, so that none is given twice in a row."""
    while True:
        port = next(_in_turn)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def give_to_kernels() -> None:
    """Let the kernels that this process starts have such ports.

    jupyter_client chooses them and the kernel binds them a second later. If the one for its output is taken
    then, the kernel does not end, and never answers: https://github.com/jupyter/nbconvert/issues/1066
    """
    LocalPortCache.find_available_port = lambda cache, ip: free_port()  # type: ignore[method-assign]
