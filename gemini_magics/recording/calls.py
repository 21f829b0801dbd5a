"""Calls of functions in recordings and exported conversations: as JSON, and back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

from ..content.images import pixels_of, thumbnail
from ..core.errors import CannotAttach
from ..core.json_fields import JsonFields
from ..core.messages import CallStatus, FunctionCall, Media

# A line of a file may be a stranger's, so what it can make the kernel decode is bounded.
MOST_PICTURES = 20
PICTURE_PX = 320
_STATUSES: tuple[CallStatus, ...] = ("ok", "failed", "refused", "stopped")


def call_as_json(call: FunctionCall) -> dict[str, Any]:
    """Write a call; its pictures are the small ones."""
    pictures = [b64encode(each.data).decode() for each in call.pictures]
    return {
        "name": call.name,
        "arguments": call.arguments,
        "status": call.status,
        "result": call.result,
        "seconds": round(call.seconds, 3),
        "bytes": call.size_bytes,
        "after_thinking": call.after_thinking,
        "after_text": call.after_text,
        **({"pictures": pictures} if pictures else {}),
    }


def read_call(value: object) -> FunctionCall:
    """Read a call that `call_as_json` wrote. Its pictures must be drawn again before they are shown.

    Raises:
        ValueError: it is not a call; the message says what is wrong with it.
    """
    held = JsonFields(value, "a call")
    told = held.take("status", str)
    status = next((each for each in _STATUSES if each == told), None)
    if status is None:
        raise ValueError("a call has no status that is known")
    pictures = held.texts("pictures")[:MOST_PICTURES]
    return FunctionCall(
        held.take("name", str),
        held.take("arguments", str),
        status,
        held.take("result", str),
        held.number("seconds") or 0.0,
        held.whole("bytes") or 0,
        # Without `validate` letters that are not base64 are passed over in silence:
        # https://docs.python.org/3/library/base64.html#base64.b64decode
        tuple(Media("image/png", b64decode(each, validate=True)) for each in pictures),
        held.whole("after_thinking") or 0,
        held.whole("after_text") or 0,
    )


def redrawn(call: FunctionCall) -> FunctionCall:
    """Return a call of a file whose pictures are decoded and drawn again, because it may be a stranger's."""
    pictures = (thumbnail(each, PICTURE_PX) for each in call.pictures if _is_small(each))
    return replace(call, pictures=tuple(each for each in pictures if each is not None))


def _is_small(picture: Media) -> bool:
    """Tell by its header whether a picture may be one that `call_as_json` wrote; a call holds no larger ones.

    A picture of 10 kB can have 80 megapixels, and a file may have thousands of calls.
    """
    try:
        return pixels_of(picture.data, "") <= PICTURE_PX**2
    except CannotAttach:
        return False
