"""A question, ready to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .messages import Attachment, Turn
from .settings import Settings


@dataclass(frozen=True)
class Question:
    """What is asked, and how: the turns so far, the new one last, and the settings.

    Attributes:
        cell: the identity of the cell that asks, where the frontend gives it one.
        anchor: what its conversation knows the asking cell by, also where the frontend gives no identity.
        place: what people call that cell: "In [5]".
        schema: the JSON schema that the answer is to follow, or None.
        original: the turn that the person wrote, where the last one only corrects the answer to it.

    The system text of the settings is not among the turns; it is put before them when it is sent.
    """

    turns: tuple[Turn, ...]
    settings: Settings
    cell: str = ""
    anchor: str = ""
    place: str = ""
    schema: Mapping[str, Any] | None = None
    original: Turn | None = None

    @property
    def turn(self) -> Turn:
        """What the person asked."""
        return self.original or self.turns[-1]

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What goes with the new turn."""
        return self.turns[-1].attachments
