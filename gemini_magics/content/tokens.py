"""Estimate how many tokens a question takes, before a service has counted them.

The figures are those of the model's documentation: an image 1,120 whatever its pixels, a page of a PDF 560,
a second of sound 32, a second of film 70 more; text is taken at 4 characters a token.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Iterable

from ..core.messages import Attachment, Media, Message, Part
from .pdf import count_pages

IMAGE_TOKENS = 1120
PAGE_TOKENS = 560
SOUND_TOKENS_PER_S = 32
FILM_TOKENS_PER_S = 70
CHARS_PER_TOKEN = 4


def estimate_tokens(messages: Iterable[Message]) -> int:
    """Estimate the tokens of all messages; what `unmeasured` names is not counted."""
    return sum(_tokens(part) or 0 for message in messages for part in message.parts)


def unmeasured(messages: Iterable[Message]) -> tuple[str, ...]:
    """Return the names of the attachments that the estimate leaves out: nobody here knows their length."""
    attached = (attachment for message in messages for attachment in message.attachments)
    return tuple(attachment.name for attachment in attached if _tokens(attachment) is None)


def media_tokens(media: Media) -> int | None:
    """Estimate the tokens of a medium; None where nobody here knows how long it is."""
    kind = media.type.partition("/")[0]
    if kind == "image":
        return IMAGE_TOKENS
    if media.type == "application/pdf":
        return count_pages(media.data) * PAGE_TOKENS or None
    length_s = seconds(media)
    if length_s is None:
        return None
    return round(length_s * (SOUND_TOKENS_PER_S + FILM_TOKENS_PER_S * (kind == "video")))


def _tokens(part: Part) -> int | None:
    content = part.content if isinstance(part, Attachment) else part
    # Rounded up, so that no text is free.
    return -(-len(content) // CHARS_PER_TOKEN) if isinstance(content, str) else media_tokens(content)


def seconds(media: Media) -> float | None:
    """Return how long a sound or a film lasts, for WAV, and for MP4 with its relatives; else None."""
    if media.type == "audio/wav":
        return _wav_seconds(media.data)
    if media.type in ("audio/mp4", "video/mp4", "video/mov", "video/3gpp"):
        return _mp4_seconds(media.data)
    return None


def _wav_seconds(data: bytes) -> float | None:
    try:
        with wave.open(io.BytesIO(data)) as sound:
            seconds: float = sound.getnframes() / sound.getframerate()
            return seconds
    except (wave.Error, EOFError, ZeroDivisionError):
        return None


def _mp4_seconds(data: bytes) -> float | None:
    """Read the movie header (ISO/IEC 14496-12, `mvhd`): its times have 4 bytes each, or 8 in version 1."""
    header = data[data.find(b"mvhd") + 4 :][:32] if b"mvhd" in data else b""
    if len(header) < 32:
        return None
    scale_at, width = (20, 8) if header[0] == 1 else (12, 4)
    scale = int.from_bytes(header[scale_at : scale_at + 4], "big")
    duration = int.from_bytes(header[scale_at + 4 : scale_at + 4 + width], "big")
    return duration / scale if scale else None
