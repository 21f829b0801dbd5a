"""A service that says what a test tells it to, at the moment it is told."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue

from gemini_magics.demo.answers import answer
from gemini_magics.testing import Act, Demo, Head, Request, Step, chunk, ending, took

LOOK_S = 0.01

Told = Callable[[Request], Iterable[Step]]


class Prompter:
    """The service behind the notebooks of these tests.

    Attributes:
        environment: the variables that lead a kernel to it.
    """

    def __init__(self) -> None:
        self._told: SimpleQueue[tuple[Told, bool]] = SimpleQueue()
        self._demo = Demo(self._reply)
        self.environment = {
            "GEMINI_MAGICS_SERVICE": "demo",
            "GEMINI_MAGICS_BASE_URL": self._demo.base_url,
        }

    @property
    def requests(self) -> deque[Request]:
        """What was asked, the newest last."""
        return self._demo.requests

    def think(self, text: str, words_per_s: float = 0) -> None:
        """Say a piece of the thoughts, at once or word by word."""
        self._tell(lambda _: _words("reasoning_content", text, words_per_s))

    def say(self, text: str, words_per_s: float = 0) -> None:
        """Say a piece of the answer, at once or word by word."""
        self._tell(lambda _: _words("content", text, words_per_s))

    def send(self, *steps: Step) -> None:
        """Send any other steps of a reply."""
        self._tell(lambda _: steps)

    def finish(self, reason: str = "stop") -> None:
        """End the answer."""
        self._tell(lambda _: ending(reason, took(1_200, 700, 400)), last=True)

    def break_off(self) -> None:
        """Close the connection in the middle of the answer."""
        self._tell(lambda _: [Act.CLOSE], last=True)

    def answer_itself(self, words_per_s: float = 0, gate: threading.Semaphore | None = None) -> None:
        """Look at the question and answer it, as the demo service does that nobody prompts.

        Args:
            gate: is acquired before each piece, so that a test releases them one by one.
        """

        def steps(request: Request) -> Iterator[Step]:
            for step in answer(request, words_per_s=words_per_s, key=None):
                while gate and isinstance(step, float) and not gate.acquire(blocking=False):
                    yield LOOK_S
                if not isinstance(step, Head):
                    yield step

        self._tell(steps, last=True)

    def answer_with(self, text: str, words_per_s: float) -> None:
        """Answer a question with a text, word by word."""
        finish = ending("stop", took(1_200, 700, 400))
        self._tell(lambda _: [*_words("content", text, words_per_s), *finish], last=True)

    def forget(self) -> None:
        """Forget what was told and is not said yet; for the next question."""
        self._told = SimpleQueue()

    def close(self) -> None:
        """Stop serving."""
        self._demo.close()

    def _tell(self, steps: Told, *, last: bool = False) -> None:
        self._told.put((steps, last))

    def _reply(self, request: Request) -> Iterator[Step]:
        told, last = self._told, False
        yield Head()
        while not last:
            try:
                steps, last = told.get_nowait()
            except Empty:
                yield LOOK_S
            else:
                yield from steps(request)


def _words(field: str, text: str, words_per_s: float) -> Iterator[Step]:
    if not words_per_s:
        yield chunk(**{field: text})
        return
    for word in re.findall(r"\s*\S+\s*", text):
        yield 1 / words_per_s
        yield chunk(**{field: word})
