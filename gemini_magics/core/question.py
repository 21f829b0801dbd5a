"""A question, ready to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .messages import Attachment, Message
from .settings import Settings
from .text import Brief

if TYPE_CHECKING:
    from .tool import Tool


@dataclass(frozen=True, repr=False)
class Question(Brief):
    """A question with its settings: the messages so far, the new one last.

    Attributes:
        cell: the identity of the cell that asks, where the frontend gives it one.
        anchor: what its conversation knows the asking cell by, also where the frontend gives no identity.
        place: what people call that cell: "In [5]".
        schema: the JSON schema that the answer is to follow, or None.
        tools: the functions that the model may call.
        original: the message that the person wrote, where a correction, or results of functions, follow it.

    The system text of the settings is not among the messages; it is put before them when they are sent.
    """

    messages: tuple[Message, ...]
    settings: Settings
    cell: str = ""
    anchor: str = ""
    place: str = ""
    schema: Mapping[str, Any] | None = None
    tools: tuple[Tool, ...] = ()
    original: Message | None = None

    @property
    def message(self) -> Message:
        """The new message of the person."""
        return self.original or self.messages[-1]

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """The attachments of the new message."""
        return self.messages[-1].attachments

    @cached_property
    def pictures(self) -> tuple[Attachment, ...]:
        """The attachments at which the answer can point: of the new message, or else of the last before it."""
        for message in (self.message, *reversed(self.messages[:-1])):
            if found := tuple(part for part in message.attachments if part.can_be_marked):
                return found
        return ()
