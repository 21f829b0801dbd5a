"""Answers as text: in terminal IPython, and wherever only text can be shown."""

from __future__ import annotations

import sys

from ..core.answer import Answer
from ..core.messages import Event, Text, Thinking
from ..core.plain import clean
from ..core.twin import footer_text, notices


class TerminalView:
    """Prints an answer as it comes, free of control characters: thoughts first, then the text.

    A terminal would print a whole new output at each update of a display, so the pieces themselves
    are written.
    """

    tick_s = None

    def __init__(self) -> None:
        self._part = ""

    def begin(self, answer: Answer) -> None:
        """Say what goes with the question."""
        for attachment in answer.attachments:
            self._write(f"[{attachment.label}]\n")

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Write the new words, and why nothing comes."""
        for event in events:
            match event:
                case Thinking(piece):
                    self._head("Thinking")
                    self._write(clean(piece))
                case Text(piece):
                    self._head("Answer")
                    self._write(clean(piece))
        if answer.waiting:
            self._write(f"{clean(answer.waiting.reason)} Trying again in {answer.waiting.seconds:.0f} s.\n")

    def end(self, answer: Answer) -> None:
        """Write the notices and what it took."""
        self._write("\n\n" if self._part else "")
        for line in [*notices(answer), footer_text(answer)]:
            self._write(f"{line}\n")

    def _head(self, part: str) -> None:
        """Begin a part; the answer needs no heading where no thoughts came before it."""
        if part != self._part:
            self._write("\n\n" if self._part else "")
            self._write(f"{part}:\n" if self._part or part == "Thinking" else "")
            self._part = part

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
