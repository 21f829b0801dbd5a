"""The functions of many questions at once: they run in one thread, the one that waits, one after the other.

A person's function may plot or change variables, which is safe in one thread alone, and only the main thread
hears Ctrl-C and the time limit of a call.
"""

from __future__ import annotations

from concurrent.futures import Future
from queue import Empty, SimpleQueue

from ..core.cancel import Cancel
from ..core.errors import BadRequest
from ..core.messages import FunctionCall, ToolCall
from ..core.text import listed
from ..core.tool import Tool
from .calls import Caller, CallResult

# Ctrl-C does not end a wait on Windows: https://github.com/python/cpython/issues/80116
LOOK_S = 0.1


class Foreground:
    """Takes calls from threads and runs them in the thread that serves.

    Args:
        cancel: ends the wait of the threads.
    """

    def __init__(self, caller: Caller, cancel: Cancel) -> None:
        self._caller, self._cancel = caller, cancel
        self._wanted: SimpleQueue[tuple[ToolCall, Future[CallResult]] | None] = SimpleQueue()

    def run(self, asked: ToolCall) -> CallResult:
        """Hand a call over, and wait for its result."""
        given: Future[CallResult] = Future()
        self._wanted.put((asked, given))
        # Nobody serves a batch that was stopped, so this thread must not wait for ever.
        while not self._cancel.cancelled:
            try:
                return given.result(LOOK_S)
            except TimeoutError:
                continue
        return CallResult(FunctionCall(asked.name, asked.arguments, "stopped", "The batch was stopped."))

    def wake(self) -> None:
        """End the wait of the thread that serves."""
        self._wanted.put(None)

    def serve(self, patience_s: float) -> None:
        """Wait so long for a call, and run it.

        Raises:
            KeyboardInterrupt: Ctrl-C came in mid-call.
        """
        try:
            wanted = self._wanted.get(timeout=patience_s)
        except Empty:
            return
        if wanted is None:
            return
        asked, given = wanted
        # The thread that asked gets its result before Ctrl-C ends the batch.
        given.set_result(self._caller.run(asked))
        if self._caller.interrupt:
            raise self._caller.interrupt


def check_marked(tools: tuple[Tool, ...]) -> None:
    """See that all functions of a batch may run without the person being asked.

    Raises:
        BadRequest: one of them is not marked.
    """
    if names := [each.name for each in tools if each.asks]:
        raise BadRequest(
            f"Nobody is asked for each row whether {listed(names, 'and')} may be called: mark what may run "
            "with @gemini_magics.tool(run=True)."
        )
