"""An answer in the form {"answer": "...", "marks": [...]}, as the text that it stands for.

The text is the words of `answer`, and behind them the marks in a block of code, as a model writes them that is
asked in words. So an answer looks, is kept and is sent again the same way wherever it came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..core.errors import GeminiError
from ..core.messages import Event, Finished, Text
from ..core.text import whole_characters

MOST_HELD = 100  # characters before the words begin

_BEGIN = re.compile(r'\s*\{\s*"answer"\s*:\s*"')
_WORDS = re.compile(
    r'(?:[^"\\]|\\(?:u[0-9a-fA-F]{4}|u(?![0-9a-fA-F]{0,3}\Z)|[^u]))*+', re.DOTALL
)  # up to an escape that is not whole yet
_FIRST_HALF = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}")  # of a character beyond U+FFFF
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CHARACTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def in_words(events: Iterable[Event]) -> Iterator[Event]:
    """Yield the events of an answer with its text in words; a text of another form stays as it is."""
    prose = _Prose()
    try:
        for event in events:
            if isinstance(event, Text):
                yield from _texts(prose.feed(event.text))
                continue
            if isinstance(event, Finished):
                yield from _texts(prose.close())
            yield event
    except GeminiError:
        yield from _texts(prose.close())  # an answer that is cut keeps all that has come
        raise


def _texts(text: str) -> list[Text]:
    return [Text(text)] if text else []


class _Prose:
    """Reads the object piece by piece."""

    def __init__(self) -> None:
        self._held = ""  # what cannot be told yet
        self._read = self._begin
        self._closing = ""

    def feed(self, text: str) -> str:
        """Return what the next piece of the answer adds to its text."""
        self._held += text
        return self._read()

    def close(self) -> str:
        """Return what is left at the end."""
        held, self._held = self._held, ""
        closing, self._closing = self._closing, ""
        return (held if self._read == self._begin else "") + closing

    def _begin(self) -> str:
        if found := _BEGIN.match(self._held):
            self._held = self._held[found.end() :]
            self._read = self._words
            return self._words()
        if len(self._held) > MOST_HELD or not re.match(r"\s*(?:\{|\Z)", self._held):
            self._read = self._rest
            return self._rest()
        return ""

    def _words(self) -> str:
        found = _WORDS.match(self._held)
        end = found.end() if found else 0
        if end < len(self._held) and self._held[end] == '"':
            words, self._held = self._held[:end], self._held[end + 1 :]
            self._read = self._comma
            return _unescaped(words) + self._comma()
        end -= 6 if _FIRST_HALF.fullmatch(self._held[max(end - 6, 0) : end]) else 0
        words, self._held = self._held[:end], self._held[end:]
        return _unescaped(words)

    def _comma(self) -> str:
        if not (behind := self._held.lstrip()):
            return ""
        if behind[0] != ",":  # it ends without marks
            self._held = ""
            return ""
        self._held = behind[1:]
        self._read, self._closing = self._rest, "\n```\n"
        return "\n\n```json\n{" + self._rest()

    def _rest(self) -> str:
        rest, self._held = self._held, ""
        return rest


def _unescaped(text: str) -> str:
    """Return the text of a JSON string; a backslash before another letter stays, as in LaTeX."""

    def character(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        return _CHARACTERS.get(found[2], found[2] if found[2] in '"\\/' else found[0])

    return whole_characters(_ESCAPE.sub(character, text))
