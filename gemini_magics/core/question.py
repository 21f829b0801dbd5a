"""A question, ready to be sent."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import Attachment, Turn
from .settings import Settings


@dataclass(frozen=True)
class Question:
    """What is asked, and how: the turns so far, the new one last, and the settings.

    Attributes:
        cell: the identity of the cell that asks, where the frontend gives it one.

    The system text of the settings is not among the turns; it is put before them when it is sent.
    """

    turns: tuple[Turn, ...]
    settings: Settings
    cell: str = ""

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What goes with the new turn."""
        return self.turns[-1].attachments
