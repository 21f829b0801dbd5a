"""A question on its way: the network in a thread of its own, the caller free to stop at any moment."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from traceback import extract_tb
from typing import Generic, TypeVar

from ..core.cancel import Cancel
from ..core.errors import BadRequest, GeminiError
from ..core.messages import Event, Media
from ..core.question import Question
from ..core.settings import Settings
from . import wire
from .keys import Key, find_key, known
from .services import Service, find

POLL_S = 0.1  # on Windows nothing but the end of a wait lets Ctrl-C through
HEAD_START_S = 0.05  # threads share one interpreter: what the caller loads next would hold the request up
BALANCE_PATH = "/api/v1/chat/credit"
HOME = Path(__file__).parents[1]

T = TypeVar("T")


class Delivery:
    """A question that is being asked: made, it is on its way; its events are taken with `batches`.

    Args:
        question: what to ask, and how.
        cancel: stops it, from any thread.

    Attributes:
        service: the service that is asked, with the address and the model in use.
        cancel: the switch, also where none was given.

    Raises:
        BadRequest: it cannot be asked: no such service, no key, nothing to ask, a key in the prompt.
    """

    def __init__(self, question: Question, cancel: Cancel | None = None) -> None:
        self.cancel = cancel or Cancel()
        self.service = service_of(question.settings)
        key = find_key(self.service)
        content = _content(question, self.service, key)
        from .client import Call, ask  # httpx is loaded by the first question

        call = Call(wire.url(self.service), content, question.settings, key, self.cancel)
        self._apart = _Apart(lambda: ask(call), self.cancel)
        try:
            call.away.wait(HEAD_START_S)
        except BaseException:
            self.cancel.cancel()
            raise

    def batches(self, tick_s: float | None = None) -> Iterator[list[Event]]:
        """Yield the events as they come, all that are there at once.

        Args:
            tick_s: yield an empty list after so many seconds without events, for a clock to move on.

        Raises:
            GeminiError: the question failed; the events before were yielded. Where `cancel` was pulled,
                there is no error: the events just end.
        """
        return self._apart.batches(tick_s)


def credits_left(settings: Settings) -> float:
    """Ask the service how many credits the account behind the key has.

    Raises:
        BadRequest: the service has no such question.
        GeminiError: it did not answer.
    """
    service = service_of(settings)
    if service.name not in ("kie", "demo"):
        raise BadRequest(f"The service {service.name} tells no balance; kie does.")
    key, cancel = find_key(service), Cancel()
    url = service.origin + BALANCE_PATH

    def answers() -> Iterator[float]:
        from .client import Call, fetch
        from .reply import balance

        for status, data in fetch(Call(url, None, settings, key, cancel)):
            yield balance(data, status=status)

    [found] = [number for batch in _Apart(answers, cancel).batches() for number in batch]
    return found


def service_of(settings: Settings) -> Service:
    """Return the service that a question goes to. The demo has an address once it has started, so it starts.

    Raises:
        BadRequest: as `services.find`.
    """
    service = find(settings)
    if service.base_url:
        return service
    from .demo import address

    return replace(service, base_url=address())


def _content(question: Question, service: Service, key: Key | None) -> bytes:
    """Write the request, unless it would tell a key to the model."""
    try:
        content = json.dumps(wire.body(question, service), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        reason = str(error)
    else:
        check_keys(question, content, [(f"the key of {service.name}", key)] if key else [])
        return content
    raise BadRequest(f"The request cannot be written as JSON ({reason}): look at --extra.")


def check_keys(question: Question, content: bytes, more: Iterable[tuple[str, Key]] = ()) -> None:
    """Look for keys in a question: a model is told none, nor is a recording.

    Args:
        content: the request as JSON; media may be left out, as they are looked at by themselves.
        more: keys beside those at hand, each after whose it is.

    Raises:
        BadRequest: there is one; says whose.
    """
    files = [part.content for turn in question.turns for part in turn.attachments]
    media = [file.data for file in files if isinstance(file, Media)]
    for whose, key in chain(more, known()):
        if key.is_in_json(content) or any(key.is_in(data) for data in media):
            raise BadRequest(f"The question holds {whose}: take it out of what is sent.")


@dataclass(frozen=True)
class _End:
    """The last thing in a queue: nothing follows, and why."""

    error: GeminiError | None = None


class _Apart(Generic[T]):
    """A generator that runs in a thread of its own, as far ahead as it can."""

    def __init__(self, produce: Callable[[], Iterator[T]], cancel: Cancel) -> None:
        self._items: SimpleQueue[T | _End] = SimpleQueue()
        self._cancel = cancel
        cancel.on_cancel(lambda: self._items.put(_End()))  # the caller need not wait for the thread
        threading.Thread(target=self._run, args=(produce,), name="gemini_magics", daemon=True).start()

    def _run(self, produce: Callable[[], Iterator[T]]) -> None:
        error: GeminiError | None = None
        try:
            for item in produce():
                self._items.put(item)
        except GeminiError as raised:
            error = raised
        except Exception as raised:  # noqa: BLE001 - nobody is above a thread; the caller is told
            error = _unexpected(raised)
        if error:
            # The frames below hold what the service sent, as it came; a traceback may show variables.
            error = error.with_traceback(None)
            error.__cause__ = error.__context__ = None
        self._items.put(_End(error))

    def batches(self, tick_s: float | None = None) -> Iterator[list[T]]:
        """Yield what has come, all at once; leaving the loop early pulls the switch."""
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
                self._items.put(item)  # whoever looks again finds the end again
                return items, item
        return items, None


def _unexpected(error: Exception) -> GeminiError:
    """Say where our own code failed, without the words of the error, which may hold anything."""
    ours = [frame for frame in extract_tb(error.__traceback__) if HOME in Path(frame.filename).parents]
    place = f"{Path(ours[-1].filename).name}, line {ours[-1].lineno}"
    return GeminiError(
        f"gemini_magics itself failed ({type(error).__name__} in {place}). Please report this line."
    )
