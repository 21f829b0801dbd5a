"""Tell what encoded bytes are by how they begin. Names and endings of files are not asked."""

from __future__ import annotations

import re

HEAD_BYTES = 4096  # as much of a file as `sniff` looks at

# Types are spelled as in the model's documentation, which says audio/mp3 and video/mov.
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),  # BigTIFF
    (b"MM\0+", "image/tiff"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (b"DDS |\0\0\0", "image/vnd-ms.dds"),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"icns\0", "image/x-icns"),
    (b"qoif\0", "image/qoi"),
    (b"\x59\xa6\x6a\x95", "image/x-sun-raster"),
    (b"\x01\xda\0", "image/x-sgi"),
    (b"\x01\xda\x01", "image/x-sgi"),
    (b"\x0a\x05\x01", "image/x-pcx"),
    (b"%PDF-", "application/pdf"),
    (b"ID3\x02", "audio/mp3"),
    (b"ID3\x03", "audio/mp3"),
    (b"ID3\x04", "audio/mp3"),
    (b"fLaC", "audio/flac"),
    (b"OggS\0", "audio/ogg"),
    (b"FLV\x01", "video/x-flv"),
    (b"\0\0\x01\xba", "video/mpeg"),
    (b"\0\0\x01\xb3", "video/mpeg"),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "video/wmv"),
)
_CHUNKED = {  # the first four bytes, and those from the eighth on
    (b"RIFF", b"WEBP"): "image/webp",
    (b"RIFF", b"WAVE"): "audio/wav",
    (b"RIFF", b"AVI "): "video/avi",
    (b"FORM", b"AIFF"): "audio/aiff",
    (b"FORM", b"AIFC"): "audio/aiff",
}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_SOUND = {b"M4A ", b"M4B ", b"M4P "}
_NOT_TAKEN = {b"crx "}  # raw pictures of Canon's cameras, in the container of MP4

# Pictures that Pillow reads and the model does not, with Pillow's names of their formats. Those that run
# another program to be read, such as EPS, are left out.
PILLOW_FORMATS = {
    "image/avif": ("AVIF",),
    "image/jp2": ("JPEG2000",),
    "image/vnd.adobe.photoshop": ("PSD",),
    "image/vnd-ms.dds": ("DDS",),
    "image/x-icon": ("ICO",),
    "image/x-icns": ("ICNS",),
    "image/qoi": ("QOI",),
    "image/x-sun-raster": ("SUN",),
    "image/x-sgi": ("SGI",),
    "image/x-pcx": ("PCX",),
    "image/x-portable-anymap": ("PPM",),
    "image/x-xpixmap": ("XPM",),
    "image/x-tga": ("TGA",),
}
_BITMAP_HEADERS = {12, 40, 52, 56, 64, 108, 124}

_PDF_OBJECT = re.compile(rb"(?:^|[\r\n])\d{1,9} \d{1,5} obj\b")
# P1 to P6 with width, height and the largest value, and PFM's floats (https://netpbm.sourceforge.net/doc/).
_PORTABLE_MAP = re.compile(rb"P(?:[1-6]|[Ff])\s(?:\s*#[^\n]*\n)*\s*\d{1,6}\s+(?:#[^\n]*\n\s*)*\d{1,6}\s")
_PACKET_BYTES = 188  # of an MPEG transport stream (ISO/IEC 13818-1, 2.4.3.2)

_COMMENT = rb"<!--(?:(?!-->).)*-->\s*"
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:" + _COMMENT + rb")*"
    rb"(?:<!DOCTYPE\s+svg[^>\[]*(?:\[[^\]]*\]\s*)?>\s*)?(?:" + _COMMENT + rb")*<(?:svg:)?svg[\s>/]",
    re.DOTALL,
)


def sniff(data: bytes) -> str | None:
    """Return the media type of encoded bytes, or None where they are of no kind that can be sent.

    BMP, MP3 and AAC have magic numbers so short that text could begin with them; there the fields that
    follow must make sense, too.
    """
    head = data[:HEAD_BYTES]
    for beginning, media_type in _BEGINNINGS:
        if head.startswith(beginning):
            return media_type
    if found := _CHUNKED.get((head[:4], head[8:12])):
        return found
    if head[4:8] == b"ftyp":
        return _of_brand(head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return (
            "video/webm" if b"webm" in head[:64] else "video/x-matroska" if b"matroska" in head[:64] else None
        )
    if _PORTABLE_MAP.match(head):
        return "image/x-portable-anymap"
    if head.startswith(b"/* XPM */"):
        return "image/x-xpixmap"
    if _is_transport_stream(head):
        return "video/mpeg"
    # Readers look for the header in the first 1,024 bytes (ISO 32000-1, annex H.3, note 13); in text that
    # speaks of PDF no object follows it.
    if b"%PDF-" in head[:1024] and _PDF_OBJECT.search(head):
        return "application/pdf"
    if (
        head.startswith(b"BM")
        and head[6:10] == bytes(4)
        and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS
    ):
        return "image/bmp"
    if _SVG.match(head):
        return "image/svg+xml"
    return _of_frame(head)


def _is_transport_stream(head: bytes) -> bool:
    """Tell whether each packet begins with 0x47: "G", so that text must not be taken for one."""
    packets = head[::_PACKET_BYTES]
    return len(packets) > 3 and set(packets) == {0x47} and bool(set(head) & {0x00, 0xFF})


def _of_brand(head: bytes) -> str | None:
    """Tell the members of the MP4 family apart by their brands (ISO/IEC 14496-12, `ftyp`)."""
    length = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[place : place + 4] for place in range(16, min(length, len(head)), 4))}
    if head[8:12] in _NOT_TAKEN:
        return None
    if head[8:12] in _SOUND:
        return "audio/mp4"
    if brands & {b"avif", b"avis"}:
        return "image/avif"
    if brands & _HEIC:
        return "image/heic"
    if head[8:12] == b"qt  ":
        return "video/mov"
    return "video/3gpp" if head[8:10] == b"3g" else "video/mp4"


def _of_frame(head: bytes) -> str | None:
    """Recognise sound without a container by its first frame's header (ISO/IEC 11172-3 and 13818-7)."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    layer_3 = head[1] & 0xE6 == 0xE2 and head[1] & 0x18 != 0x08
    return "audio/mp3" if layer_3 and head[2] >> 4 != 15 and head[2] & 0x0C != 0x0C else None
