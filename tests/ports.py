"""Ports of 127.0.0.1 that stay free until the server that they were chosen for binds them."""

from __future__ import annotations

import os
import re
import secrets
import socket
from contextlib import suppress

from jupyter_client.connect import LocalPortCache

# Who binds port 0 is given one of these by the system, from 32768 on (49152 on macOS and Windows), so a port that
# was tried there and let go may be another's a moment later. All that is chosen here is below:
# https://docs.kernel.org/networking/ip-sysctl.html (ip_local_port_range)
_FIRST, _EACH, _WORKERS = 20_000, 1_500, 8
_worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % _WORKERS
PORTS = range(_FIRST + _EACH * _worker, _FIRST + _EACH * (_worker + 1))


def free_port() -> int:
    """Return a port that nothing listens at, out of those of this process of pytest-xdist."""
    while True:
        port = secrets.choice(PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def give_to_kernels() -> None:
    """Let the kernels that this process starts have such ports.

    jupyter_client chooses them and the kernel binds them a second later. If the one for its output is taken
    then, the kernel does not end, and never answers: https://github.com/jupyter/jupyter_client/issues/487
    """
    LocalPortCache.find_available_port = lambda cache, ip: free_port()  # type: ignore[method-assign]
