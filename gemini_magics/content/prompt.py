"""The body of a cell: sent as typed, with values where `` $`expr` `` stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import PurePath

from ..core.messages import Attachment, Media, Part
from ..core.settings import Settings
from .attach import convert
from .expression import is_past, value_of

# The first way is GitHub's spelling of mathematics, which stays as typed.
_VALUE = re.compile(r"\$`[^`\n]*`\$|\$`(?P<expression>[^`\n]*[^`\n$])`")


def read(
    body: str, evaluate: Callable[[str], object], settings: Settings, names: Collection[str] = ()
) -> tuple[Part, ...]:
    """Put values where `` $`expr` `` stands in a text; every other character passes as it is.

    An expression stands on one line and holds no backtick. It is evaluated once, in the order of the text,
    and its value is not read again. `` $`x`$ `` is mathematics, not a value; one that is empty or never
    closed is text. It is read inside code and fences, too.

    A picture becomes an attachment at that place, a table its compact text, an answer its words; anything
    else becomes what an f-string would make of it. Text of cells that ran is an attachment, too, so that
    it can be told from what the person typed.

    Args:
        evaluate: gives the value of an expression in the person's namespace.
        names: the names that are defined there, to find the one that was meant.

    Raises:
        BadRequest: an expression has no value; says why, and which name may have been meant.
        CannotAttach: its value is a function, or another thing that says nothing as text.
    """
    parts: list[Part] = []
    text, place = "", 0
    for found in _VALUE.finditer(body):
        expression = (found["expression"] or "").strip()
        if not expression:
            continue
        text += body[place : found.start()]
        part = _part(value_of(expression, evaluate, names), expression, settings)
        if isinstance(part, str):
            text += part
        else:
            parts += [text, part]
            text = ""
        place = found.end()
    return tuple(part for part in (*parts, text + body[place:]) if part)


def _part(value: object, expression: str, settings: Settings) -> Part:
    """Make a value a part of the message. A path is text here: named above the text, it is its file."""
    if value is None or isinstance(value, (str, PurePath)):
        attachment = Attachment(expression, "text", str(value))
    else:
        attachment = convert(value, expression, settings)
    if isinstance(attachment.content, Media):
        return replace(attachment, inline=True)
    words = f"\n{attachment.content}\n" if attachment.kind == "table" else attachment.content
    return replace(attachment, content=words, inline=True) if is_past(expression) else words
