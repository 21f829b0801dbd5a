"""The pictures of a question, small enough to be kept with its answer in a notebook."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterable

from ..core.messages import Attachment, Media
from ..core.pictures import open_picture
from .images import thumbnail

SIDES_PX = (96, 64, 40)
# Base64 makes four characters of three bytes (RFC 4648, section 4).
MOST_BYTES = 3_000
JPEG_QUALITY = 70
COLOURS = 32


def thumbnails(attachments: Iterable[Attachment]) -> tuple[str, ...]:
    """Return the picture of each attachment as a data: URI of at most 4 kB; "" for one that has none."""
    return tuple(map(_thumbnail, attachments))


def _thumbnail(attachment: Attachment) -> str:
    if not isinstance(attachment.content, Media):
        return ""
    for side_px in SIDES_PX:
        small = thumbnail(attachment.content, side_px)
        if small is None:
            return ""
        media_type, data = min(_encodings(small.data), key=lambda encoding: len(encoding[1]))
        if len(data) <= MOST_BYTES:
            return f"data:{media_type};base64,{b64encode(data).decode()}"
    return ""


def _encodings(png: bytes) -> list[tuple[str, bytes]]:
    """Encode a picture for few colours, as drawings have, and for many, as photographs have."""
    image = open_picture(png, "a thumbnail").convert("RGB")
    drawn, photographed = io.BytesIO(), io.BytesIO()
    image.quantize(COLOURS).save(drawn, "PNG", optimize=True)
    image.save(photographed, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return [("image/png", drawn.getvalue()), ("image/jpeg", photographed.getvalue())]
