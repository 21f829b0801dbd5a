"""A question on its way: a thread of its own does the network, so the caller can stop at any moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from ..core.browser import check_network
from ..core.cancel import Cancel
from ..core.errors import BadRequest, GeminiError, unexpected
from ..core.messages import Event, Media
from ..core.question import Question
from ..core.settings import Settings
from . import request
from .keys import find_headers, find_key, known
from .prose import in_words
from .secret import Key
from .services import Service

if TYPE_CHECKING:
    from .client import Call

# On Windows, Ctrl-C does not interrupt the wait for a lock (https://docs.python.org/3/library/threading.html,
# Lock.acquire: "on POSIX"), so it is only seen when a wait ends.
POLL_S = 0.1
# Wait this long before the caller imports its view: under the GIL that import would delay the request.
HEAD_START_S = 0.05
BALANCE_PATH = "/api/v1/chat/credit"

T = TypeVar("T")


class Delivery:
    """A question that is being asked. Making one sends it; `batches` yields its events.

    Args:
        question: what to ask, and how.
        service: the service to ask, with the address and the model in use.
        cancel: stops it, from any thread.

    Attributes:
        service: the service that is asked.
        cancel: the switch, also where none was given.

    Raises:
        BadRequest: it cannot be asked: no key, nothing to ask, a key in the prompt.
    """

    def __init__(self, question: Question, service: Service, cancel: Cancel | None = None) -> None:
        self.cancel: Cancel = cancel or Cancel()
        self.service = service
        call = _call(question, service, self.cancel, threading.Event())
        self._apart = _Apart(lambda: _heard(call, question, service), self.cancel)
        try:
            call.away.wait(HEAD_START_S)
        except BaseException:
            self.cancel.cancel()
            raise

    def batches(self, tick_s: float | None = None) -> Iterator[list[Event]]:
        """Yield the events as they come; each batch holds all that have come since the last one.

        Args:
            tick_s: yield an empty batch after this many seconds without events, so that a clock can move.

        Raises:
            GeminiError: the question failed; the events before the error were yielded. After `cancel` the
                events end without an error.
        """
        return self._apart.batches(tick_s)


def events(question: Question, service: Service, cancel: Cancel, away: threading.Event) -> Iterator[Event]:
    """Ask in the calling thread, and yield the events as they come; for a thread that does nothing else.

    Args:
        away: is set once the question is sent, or has failed.

    Raises:
        GeminiError: as a `Delivery` does when it is made, and as its `batches`.
    """
    yield from _heard(_call(question, service, cancel, away), question, service)


def _heard(call: Call, question: Question, service: Service) -> Iterator[Event]:
    from .client import ask

    heard = ask(call)
    return in_words(heard) if request.points_in_form(question, service) else heard


def _call(question: Question, service: Service, cancel: Cancel, away: threading.Event) -> Call:
    """Write a question as the call that asks it, with the key and the headers of the service."""
    check_network(f"The service {service.name}")
    key, headers = find_key(service), find_headers(service)
    secrets = [*([(f"the key of {service.name}", key)] if key else []), *known()]
    url, content = request.url(service), request.content(question, service)
    check_keys(question, content, secrets)
    from .client import Call  # httpx is loaded by the first question

    return Call(url, content, question.settings, key, headers, cancel, away=away)


def credits_left(service: Service, settings: Settings) -> float:
    """Ask the service how many credits the account behind the key has.

    Raises:
        BadRequest: the service does not tell its balance.
        GeminiError: the service did not answer.
    """
    if service.name not in ("kie", "demo"):
        raise BadRequest(f"The service {service.name} tells no balance; kie does.")
    check_network(f"The balance of {service.name}")
    key, headers, cancel = find_key(service), find_headers(service), Cancel()
    url = service.origin + BALANCE_PATH

    def answers() -> Iterator[float]:
        from .client import Call, fetch
        from .response import balance

        for status, data in fetch(Call(url, None, settings, key, headers, cancel)):
            yield balance(data, status=status)

    [found] = [number for batch in _Apart(answers, cancel).batches() for number in batch]
    return found


def check_keys(question: Question, content: bytes, secrets: Iterable[tuple[str, Key]]) -> None:
    """Look for keys in a question, because neither a model nor a recording may get one.

    Args:
        content: the request as JSON; media may be left out, because they are searched by themselves.
        secrets: the keys, each after the name of its owner, as `keys.known` yields them.

    Raises:
        BadRequest: the question holds a key; the message names its owner.
    """
    files = [part.content for message in question.messages for part in message.attachments]
    media = [file.data for file in files if isinstance(file, Media)]
    for whose, key in secrets:
        if key.is_in_json(content) or any(key.is_in(data) for data in media):
            raise BadRequest(f"The question holds {whose}: take it out of what is sent.")


@dataclass(frozen=True)
class _End:
    """The last item of a queue: nothing follows, because of `error` if there is one."""

    error: GeminiError | None = None


class _Apart(Generic[T]):
    """A generator that runs in a thread of its own and does not wait for its reader."""

    def __init__(self, produce: Callable[[], Iterator[T]], cancel: Cancel) -> None:
        self._items: SimpleQueue[T | _End] = SimpleQueue()
        self._cancel = cancel
        threading.Thread(target=self._run, args=(produce,), name="gemini_magics", daemon=True).start()
        cancel.on_cancel(lambda: self._items.put(_End()))  # the reader does not wait for the thread

    def _run(self, produce: Callable[[], Iterator[T]]) -> None:
        error: GeminiError | None = None
        try:
            for item in produce():
                self._items.put(item)
        except GeminiError as raised:
            error = raised
        except Exception as raised:  # noqa: BLE001 - a thread has no caller, so the reader is told
            error = unexpected(raised)
        if error:
            # Its frames hold what the service sent, before redaction, and some tracebacks show variables.
            error = error.with_traceback(None)
            error.__cause__ = error.__context__ = None
        self._items.put(_End(error))

    def batches(self, tick_s: float | None = None) -> Iterator[list[T]]:
        """Yield what has come since the last batch. Leaving the loop early cancels the question."""
        end = None
        try:
            while not end:
                items, end = self._next(tick_s)
                if items or not end:
                    yield items
        finally:
            if not end:
                self._cancel.cancel()
        if end.error:
            raise end.error

    def _next(self, tick_s: float | None) -> tuple[list[T], _End | None]:
        items: list[T] = []
        patience_s = float("inf") if tick_s is None else tick_s
        until = time.monotonic() + patience_s
        while not items and patience_s >= 0:
            try:
                item = self._items.get(timeout=min(POLL_S, patience_s))
                while not isinstance(item, _End):
                    items.append(item)
                    item = self._items.get_nowait()
            except Empty:
                patience_s = until - time.monotonic()
            else:
                self._items.put(item)  # a second reader finds the end, too
                return items, item
        return items, None
