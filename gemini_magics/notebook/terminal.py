"""Answers as text: in terminal IPython, and wherever only text can be shown."""

from __future__ import annotations

import sys

from ..core.answer import Answer
from ..core.messages import Event, Text, Thinking
from ..core.plain import legible
from ..core.twin import chips_text, footer_text, notices, sources_text, status_text

# What the next piece may go on with: a flag that is spelled with tags, a row of variation selectors, the
# empty lines before more text.
_UNFINISHED = "\n" + "".join(map(chr, (0x1F3F4, *range(0xFE00, 0xFE10), *range(0xE0000, 0xE01F0))))


class TerminalView:
    """Prints an answer as it comes, free of control characters: thoughts first, then the text.

    A terminal would print a whole new output at each update of a display, so the pieces themselves
    are written.
    """

    tick_s = None

    def __init__(self) -> None:
        self._part = ""
        self._held = ""

    def begin(self, answer: Answer) -> None:
        """Say what goes with the question."""
        if answer.attachments:
            self._write(f"{chips_text(answer)}\n")

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Write the new words, and why nothing comes."""
        words = "".join(map(self._words, events))
        self._write(words + (f"{status_text(answer)}\n" if answer.waiting else ""))

    def end(self, answer: Answer) -> None:
        """Write the sources, the notices and what it took."""
        lines = [*filter(None, [sources_text(answer)]), *notices(answer), footer_text(answer)]
        self._write("".join([self._rest(), "\n\n" if self._part else "", *(f"{line}\n" for line in lines)]))

    def _words(self, event: Event) -> str:
        match event:
            case Thinking(piece):
                return self._head("Thinking") + self._legible(piece)
            case Text(piece):
                return self._head("Answer") + self._legible(piece)
        return ""

    def _head(self, part: str) -> str:
        """Begin a part; the answer needs no heading where no thoughts came before it."""
        before, self._part = self._part, part
        if part == before:
            return ""
        heading = f"{part}:\n" if before or part == "Thinking" else ""
        return f"{self._rest()}\n\n{heading}" if before else heading

    def _legible(self, piece: str) -> str:
        """Return what can be shown of the words so far."""
        words = self._held + piece
        finished = words.rstrip(_UNFINISHED)
        self._held = words[len(finished) :]
        return legible(finished)

    def _rest(self) -> str:
        """Return what was held back, now that nothing more comes to it."""
        held, self._held = self._held, ""
        return legible(held).rstrip("\n")

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
