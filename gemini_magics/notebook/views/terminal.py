"""Answers as text, for terminal IPython and every other frontend that shows text only."""

from __future__ import annotations

import sys

from ...core.messages import Event, Text, Thinking
from ...core.text import legible, writable
from ...render.answer import Answer
from ...render.static_output import chips_text, sources_text
from ...render.status import footer_text, notices, status_text

# Characters that the next piece may continue: a flag spelled with tags, variation selectors, empty lines.
# https://www.unicode.org/reports/tr51/#def_emoji_tag_sequence
_UNFINISHED = "\n" + "".join(map(chr, (0x1F3F4, *range(0xFE00, 0xFE10), *range(0xE0000, 0xE01F0))))


class TerminalView:
    """Prints an answer while it arrives, without control characters: first the thoughts, then the text.

    Terminal IPython prints the whole output again at each update of a display, so this view writes the
    pieces to stdout instead.
    """

    tick_s = None

    def __init__(self) -> None:
        self._part = ""
        self._pending = ""

    def begin(self, answer: Answer) -> None:
        """Print the attachments of the question."""
        if answer.attachments:
            say(f"{chips_text(answer)}\n")

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Print the new words, and the reason of a wait."""
        words = "".join(map(self._event_text, events))
        say(words + (f"{status_text(answer)}\n" if answer.waiting else ""))

    def end(self, answer: Answer) -> None:
        """Print the sources, the notices and the footer; an exception says what went wrong."""
        told = [*notices(answer, raised=True), footer_text(answer, raised=True)]
        lines = [*filter(None, [sources_text(answer)]), *told]
        say("".join([self._flush_pending(), "\n\n" if self._part else "", *(f"{line}\n" for line in lines)]))

    def _event_text(self, event: Event) -> str:
        match event:
            case Thinking(piece):
                return self._heading("Thinking") + self._finished_text(piece)
            case Text(piece):
                return self._heading("Answer") + self._finished_text(piece)
        return ""

    def _heading(self, part: str) -> str:
        """Return the heading of a part; an answer without thoughts has none."""
        before, self._part = self._part, part
        if part == before:
            return ""
        heading = f"{part}:\n" if before or part == "Thinking" else ""
        return f"{self._flush_pending()}\n\n{heading}" if before else heading

    def _finished_text(self, piece: str) -> str:
        """Return the text up to a character that the next piece may continue; keep the rest."""
        words = self._pending + piece
        # Text that has been written to a terminal cannot be taken back.
        finished = words.rstrip(_UNFINISHED)
        self._pending = words[len(finished) :]
        return legible(finished)

    def _flush_pending(self) -> str:
        """Return the text that was kept, now that its part is complete."""
        held, self._pending = self._pending, ""
        return legible(held).rstrip("\n")


def say(text: str) -> None:
    """Write to stdout, where there is one."""
    # A program without a console has none: https://docs.python.org/3/library/sys.html#sys.__stdout__
    if sys.stdout is not None:
        sys.stdout.write(writable(text, sys.stdout))
        sys.stdout.flush()
