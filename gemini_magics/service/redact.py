"""Takes a key out of what comes back, should a service or a library repeat it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..core.errors import GeminiError
from ..core.messages import Citation, Event, Finished, Opened, Text, Thinking
from ..core.secret import REMOVED
from .keys import Key

SHOWN_CHARS = 7  # a longer piece of a key is never shown
LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "httpcore.socks")


class Redactor:
    """Takes a key out of text that comes in pieces; at most 7 of its characters in a row are left.

    What was let through is remembered as far as a piece of the key can reach, so that nothing has to be
    held back.
    """

    def __init__(self, key: Key | None) -> None:
        whole = key.reveal() if key else ""
        self._grams = {whole[start : start + SHOWN_CHARS + 1] for start in range(len(whole) - SHOWN_CHARS)}
        self._tail, self._hiding = "", False

    def feed(self, text: str) -> str:
        """Return the next piece of the text without the key."""
        joined, known = self._tail + text, len(self._tail)
        self._tail = joined[-SHOWN_CHARS:]
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
        """Mark each character of a text that is in a piece of the key."""
        hidden = bytearray(len(text))
        for gram in self._grams:
            start = text.find(gram)
            while start >= 0:
                hidden[start : start + len(gram)] = b"\1" * len(gram)
                start = text.find(gram, start + 1)
        return hidden


def redact(text: str, key: Key | None) -> str:
    """Return a whole text without the key."""
    return Redactor(key).feed(text)


class Hiding:
    """Takes a key out of the events and the error of one answer."""

    def __init__(self, key: Key | None) -> None:
        self._key = key
        self._thinking, self._text = Redactor(key), Redactor(key)

    def event(self, event: Event) -> Event:
        """Return the event without the key."""
        if not self._key:
            return event
        match event:
            case Thinking(text):
                return Thinking(self._thinking.feed(text))
            case Text(text):
                return Text(self._text.feed(text))
            case Citation(url, title, start, end):
                return Citation(redact(url, self._key), redact(title, self._key), start, end)
            case Opened(model, request_id):
                return Opened(redact(model, self._key), redact(request_id, self._key))
            case Finished(reason):
                return Finished(redact(reason, self._key))
        return event

    def error(self, error: GeminiError) -> GeminiError:
        """Take the key out of an error's message and of what it quotes, and return it."""
        error.args = (redact(str(error), self._key),)
        for name in ("code", "request_id", "excerpt"):
            if isinstance(quoted := getattr(error, name, None), str):
                setattr(error, name, redact(quoted, self._key))
        return error


_asking: ContextVar[Key | None] = ContextVar("the key that this thread is asking with", default=None)


@contextmanager
def hidden_in_logs(key: Key | None) -> Iterator[None]:
    """Keep the key out of what the libraries log meanwhile: at DEBUG they write a response's headers."""
    asking = _asking.set(key)
    try:
        yield
    finally:
        _asking.reset(asking)


def _without_key(record: logging.LogRecord) -> bool:
    if key := _asking.get():
        record.msg, record.args = redact(record.getMessage(), key), ()
    return True


for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_without_key)
