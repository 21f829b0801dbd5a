"""Masks keys and header values in what comes back, in case a service or a library repeats them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..core.errors import GeminiError
from ..core.messages import Citation, Event, Finished, Opened, Text, Thinking
from ..core.text import REMOVED
from .secret import Key

SHOWN_CHARS = 7  # a longer piece of a key is never shown
# https://www.python-httpx.org/logging/ names them. A filter sees only the records of its own logger and not
# those of the loggers below (https://docs.python.org/3/library/logging.html#filter-objects), so each has one.
LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "httpcore.socks")


class Redactor:
    """Masks keys in text that comes in pieces; at most 7 characters of a key in a row are left.

    The end of what was returned is remembered, as far as a part of a key can reach, so that no text has to
    be held back.
    """

    def __init__(self, *keys: Key | None) -> None:
        self._grams = {gram for key in keys if key for gram in key.parts(SHOWN_CHARS + 1)}
        self._reach = max(map(len, self._grams), default=1) - 1
        self._tail, self._hiding = "", False

    def feed(self, text: str) -> str:
        """Return the next piece of the text without the keys."""
        joined, known = self._tail + text, len(self._tail)
        self._tail = joined[-self._reach :] if self._reach else ""
        if not any(gram in joined for gram in self._grams):
            self._hiding = self._hiding and not text
            return text
        shown = []
        for character, hidden in zip(joined[known:], self._hidden(joined)[known:], strict=True):
            if not hidden:
                shown.append(character)
            elif not self._hiding:
                shown.append(REMOVED)
            self._hiding = bool(hidden)
        return "".join(shown)

    def _hidden(self, text: str) -> bytearray:
        """Mark each character of a text that belongs to a part of a key."""
        hidden = bytearray(len(text))
        for gram in self._grams:
            start = text.find(gram)
            while start >= 0:
                hidden[start : start + len(gram)] = b"\1" * len(gram)
                start = text.find(gram, start + 1)
        return hidden


def redact(text: str, *keys: Key | None) -> str:
    """Return a whole text without the keys."""
    return Redactor(*keys).feed(text)


class Hiding:
    """Masks keys in the events and the error of one answer."""

    def __init__(self, *keys: Key | None) -> None:
        self._keys = tuple(key for key in keys if key)
        self._thinking, self._text = Redactor(*keys), Redactor(*keys)

    def event(self, event: Event) -> Event:
        """Return the event without the keys."""
        if not self._keys:
            return event
        match event:
            case Thinking(text):
                return Thinking(self._thinking.feed(text))
            case Text(text):
                return Text(self._text.feed(text))
            case Citation(url, title, start, end):
                return Citation(redact(url, *self._keys), redact(title, *self._keys), start, end)
            case Opened(model, request_id, tier):
                said = (redact(words, *self._keys) for words in (model, request_id, tier))
                return Opened(*said)
            case Finished(reason, called):
                names = tuple(redact(name, *self._keys) for name in called)
                return Finished(redact(reason, *self._keys), names)
        return event

    def error(self, error: GeminiError) -> GeminiError:
        """Mask the keys in an error's message and in what it quotes, and return it."""
        error.args = (redact(str(error), *self._keys),)
        for name in ("code", "request_id", "excerpt"):
            if isinstance(quoted := getattr(error, name, None), str):
                setattr(error, name, redact(quoted, *self._keys))
        return error


_asking: ContextVar[tuple[Key, ...]] = ContextVar("the keys that this thread is asking with", default=())


@contextmanager
def hidden_in_logs(*keys: Key | None) -> Iterator[None]:
    """Mask keys in what the libraries log meanwhile: at DEBUG they write a response's headers."""
    asking = _asking.set(tuple(key for key in keys if key))
    try:
        yield
    finally:
        _asking.reset(asking)


def _without_keys(record: logging.LogRecord) -> bool:
    if keys := _asking.get():
        record.msg, record.args = redact(record.getMessage(), *keys), ()
    return True


for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_without_keys)
