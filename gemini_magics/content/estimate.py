"""How many tokens a question takes, before anybody has counted them.

The figures are those of the model's documentation: an image 1,120 whatever its pixels, a page of a PDF 560,
a second of sound 32, a second of film 70 more; text is taken at 4 characters a token.
"""

from __future__ import annotations

import io
import re
import wave
import zlib
from collections.abc import Iterable, Iterator

from ..core.messages import Attachment, Media, Part, Turn

IMAGE_TOKENS = 1120
PAGE_TOKENS = 560
SOUND_TOKENS_PER_S = 32
FILM_TOKENS_PER_S = 70
CHARS_PER_TOKEN = 4

_INFLATED_BYTES = 2**22  # the most that is unpacked of one compressed object stream


def estimate_tokens(turns: Iterable[Turn]) -> int:
    """Estimate the tokens of all turns; what `unmeasured` names is not counted."""
    return sum(_tokens(part) or 0 for turn in turns for part in turn.parts)


def unmeasured(turns: Iterable[Turn]) -> tuple[str, ...]:
    """Return the names of the attachments that the estimate leaves out: nobody here knows their length."""
    attached = (attachment for turn in turns for attachment in turn.attachments)
    return tuple(attachment.name for attachment in attached if _tokens(attachment) is None)


def count_pages(data: bytes) -> int:
    """Count the pages of a PDF; 0 where they are out of sight, as in an encrypted one.

    A scan for page objects, no parser: pages that an edit has left behind in the file count too.
    """
    return sum(len(re.findall(rb"/Type\s*/Page(?![A-Za-z])", part)) for part in (data, *_object_streams(data)))


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
    return -(-len(content) // CHARS_PER_TOKEN) if isinstance(content, str) else media_tokens(content)


def _object_streams(data: bytes) -> Iterator[bytes]:
    """Yield what is in a PDF's object streams, which may hold its pages (ISO 32000-1, 7.5.7)."""
    for found in re.finditer(rb"/ObjStm\b.{0,400}?stream\r?\n", data, re.DOTALL):
        try:
            yield zlib.decompressobj().decompress(data[found.end() :], _INFLATED_BYTES)
        except zlib.error:
            continue


def seconds(media: Media) -> float | None:
    """How long a sound or a film lasts, where that is easily read: WAV, and MP4 with its relatives."""
    if media.type == "audio/wav":
        return _wav_seconds(media.data)
    if media.type in ("video/mp4", "video/mov", "video/3gpp"):
        return _mp4_seconds(media.data)
    return None


def _wav_seconds(data: bytes) -> float | None:
    try:
        with wave.open(io.BytesIO(data)) as sound:
            return sound.getnframes() / sound.getframerate()
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
