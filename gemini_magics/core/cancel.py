"""One switch that stops a question, wherever it is held up; and what must not be stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Cancel:
    """Stops one question: Ctrl-C, the Stop button and code all end here.

    What blocks (a socket, a wait between tries) registers how to be woken; a thread that computes
    looks at `cancelled`. Pulling the switch twice is pulling it once. Safe to use from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._wake: list[Callable[[], object]] = []

    @property
    def cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Stop the question: wake all that waits, now and from now on."""
        with self._lock:
            self._event.set()
            wake, self._wake = self._wake, []
        for call in wake:
            call()

    def on_cancel(self, call: Callable[[], object]) -> None:
        """Call `call` when the switch is pulled, at once if it already was."""
        with self._lock:
            if not self._event.is_set():
                self._wake.append(call)
                return
        call()

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds` or until the switch is pulled; return whether it was."""
        return self._event.wait(seconds)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C pass unheard for a moment, in which what had come is put away."""
    heard = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT)
    if heard:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        if heard:
            signal.signal(signal.SIGINT, heard)
