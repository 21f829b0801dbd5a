"""A switch that stops a question wherever it waits, and a context that Ctrl-C does not interrupt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakSet


class Cancel:
    """Stops questions: Ctrl-C, the Stop button and code all end here.

    A part that blocks (a socket, a wait between tries) registers how to wake it; a thread that computes
    looks at `cancelled`. Pulling the switch twice is pulling it once. Safe to use from any thread.
    As a context manager it stops, at the end of its block, what still runs.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._wake: list[Callable[[], object]] = []
        self._linked: WeakSet[Cancel] = WeakSet()  # a batch has a switch for each of its rows

    def __enter__(self) -> Cancel:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    @property
    def cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Stop the questions: wake all that waits, now and from now on."""
        with self._lock:
            self._event.set()
            wake = [*self._wake, *(each.cancel for each in self._linked)]
            self._wake = []
        # Outside of the lock: what is woken may register again, or pull the switch.
        for call in wake:
            call()

    def on_cancel(self, call: Callable[[], object]) -> None:
        """Call `call` when the switch is pulled, at once if it already was."""
        with self._lock:
            if not self._event.is_set():
                self._wake.append(call)
                return
        call()

    def link(self, other: Cancel) -> None:
        """Pull another switch with this one, as long as anybody holds the other."""
        with self._lock:
            self._linked.add(other)
        if self.cancelled:
            other.cancel()

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds` or until the switch is pulled; return whether it was."""
        return self._event.wait(seconds)


def linked(cancel: Cancel | None) -> Cancel:
    """Make the switch of one question: pulling `cancel` pulls it, and its end leaves `cancel` alone."""
    own = Cancel()
    if cancel:
        cancel.link(own)
    return own


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore SIGINT while the partial answer is stored."""
    # Only the main thread may set a handler, and one that Python did not install (None) cannot be put back:
    # https://docs.python.org/3/library/signal.html#signal.getsignal
    heard = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT)
    if heard:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        if heard:
            signal.signal(signal.SIGINT, heard)
