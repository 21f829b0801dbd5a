"""Masking in a question: secrets in text of earlier cells, and in text that nobody has read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..content.namespace import is_past as reads_past_cells
from ..core.messages import FOR_MODELS, SOURCE, TRACED, Attachment, Part


def is_past(attachment: Attachment) -> bool:
    """Tell whether an attachment is text of earlier cells: In[3], Out[3], Err[3], _ or _i3."""
    # https://ipython.readthedocs.io/en/stable/interactive/reference.html#input-caching-system
    if not isinstance(attachment.content, str) or not reads_past_cells(attachment.name):
        return False
    from ..content.words import names_file

    # A file may be called "Out[3]", and what is in a file is sent as it stands.
    return attachment.inline or attachment.name.isidentifier() or not names_file(attachment.name)


def masked_past(attachment: Attachment, variables: Mapping[str, Any]) -> Attachment:
    """Return an attachment, without secrets where it is text of cells that ran, or text that nobody has read.

    The latter are the words of an object for a model, the source of a function, and the traceback of an
    exception.
    """
    is_unread = attachment.note.startswith((FOR_MODELS, SOURCE, TRACED))
    return masked_attachment(attachment, variables) if is_past(attachment) or is_unread else attachment


def masked_parts(parts: Iterable[Part], variables: Mapping[str, Any]) -> list[Part]:
    """Mask those parts of a question that are text of earlier cells."""
    return [masked_past(part, variables) if isinstance(part, Attachment) else part for part in parts]


def masked_attachment(attachment: Attachment, variables: Mapping[str, Any]) -> Attachment:
    """Mask an attachment if it is text; return any other unchanged."""
    if isinstance(attachment.content, str):
        from ..service.masking import masked

        return replace(attachment, content=masked(attachment.content, variables))
    return attachment
