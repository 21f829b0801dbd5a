"""Wait for a fact instead of a time: a test goes on as soon as the fact is there, on any machine."""

import time
from collections.abc import Callable

PATIENCE_S = 60  # ends a test that hangs, before a question's own timeouts end it


def wait_until(fact: Callable[[], object]) -> None:
    """Look until `fact()` is true.

    Raises:
        TimeoutError: it is still false after PATIENCE_S.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError(f"still not so after {PATIENCE_S:g} s")
        time.sleep(0.01)
