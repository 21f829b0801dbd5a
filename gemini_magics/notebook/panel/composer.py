"""The composer of a panel: the text of the next question, and the text that an edit has put aside."""

from __future__ import annotations

from itertools import count
from typing import Any

from ...content.prompt import expressions
from ...core.messages import Attachment
from ...core.text import whole_characters
from .wording import Wording


class Composer:
    """The text of the box in which the next question is typed, as far as pages have said."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._text = ""
        self._put_aside: tuple[str, list[Attachment]] = ("", [])  # text and tray from before an edit
        self._literal: frozenset[str] = frozenset()  # expressions that Edit has put into the box

    def draft(self, text: str) -> dict[str, Any]:
        """Return a text for the box, with a number, since pages take each draft once."""
        self._text = text
        return {"text": whole_characters(text), "number": next(self._numbers)}

    def wording(self, text: str, *, reads_values: bool) -> Wording:
        """Return the words that a page sends from its box.

        Args:
            reads_values: False where no expression is evaluated, so that all of them are text.
        """
        return Wording.edited(text, self._literal if reads_values else expressions(text))

    def put_aside(self, attachments: list[Attachment]) -> None:
        """Put aside what is being written, and the tray beside it, while a question is edited."""
        self._put_aside = self._text, attachments

    def take_back(self) -> tuple[str, list[Attachment]]:
        """Return what was put aside."""
        held, self._put_aside = self._put_aside, ("", [])
        return held

    def mark_literal(self, wording: Wording) -> list[str]:
        """Keep the expressions of a question from elsewhere text; return those that nothing evaluates."""
        # Not only these: a page may still hold, and send, the question that was edited before.
        self._literal |= wording.literal
        return sorted(expressions(wording.text) & wording.literal)

    def forget_literal(self) -> None:
        """Let each expression be one, now that the box is empty."""
        self._literal = frozenset()
