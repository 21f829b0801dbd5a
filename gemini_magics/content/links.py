"""Public https URLs. They go to the service as they are, and are never opened from here."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from pathlib import PurePosixPath
from unicodedata import normalize
from urllib.parse import SplitResult, unquote, urlsplit

from ..core.errors import CannotAttach
from ..core.messages import Attachment, Media
from ..core.plain import shorten

_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".heic": "image/heic", ".gif": "image/gif", ".bmp": "image/bmp", ".pdf": "application/pdf",
    ".wav": "audio/wav", ".mp3": "audio/mp3", ".aac": "audio/aac", ".flac": "audio/flac",
    ".ogg": "audio/ogg", ".aiff": "audio/aiff", ".mp4": "video/mp4", ".mov": "video/mov",
    ".webm": "video/webm", ".avi": "video/avi", ".mpeg": "video/mpeg", ".mpg": "video/mpeg",
    ".flv": "video/x-flv", ".wmv": "video/wmv", ".3gp": "video/3gpp",
}  # fmt: skip

# Names that mean this machine or this network (RFC 6761, 6762, 8375 and common habit).
_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa", "test")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


def link(url: str, name: str) -> Attachment:
    """Return an https URL as an attachment; its media type is guessed from how its path ends.

    Raises:
        CannotAttach: it is not https, holds a password, or leads to this machine or a private network.
    """
    parts = _split(url)
    if parts.scheme != "https":
        raise CannotAttach(
            f"{_short(url)} is no https URL: only https is sent on; a file is named by its path alone."
        )
    if parts.username is not None or parts.password is not None:
        raise CannotAttach("That URL holds a user name or a password, and would give it away: leave it out.")
    if _is_private(parts.hostname or ""):
        raise CannotAttach(
            f"{_short(url)} leads to this machine or a private network, where the service cannot go: "
            "save the file and name its path."
        )
    suffix = PurePosixPath(unquote(parts.path)).suffix.lower()
    return Attachment(name, "link", Media(_TYPES.get(suffix, ""), url=url))


def _split(url: str) -> SplitResult:
    """Split a URL that has one reading only: readers differ about spaces, controls and backslashes."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = None
    if parts is None or "\\" in url or not url.isprintable() or " " in url:
        raise CannotAttach(f"{_short(url)} is no well-formed URL: write blanks and the like as %20.")
    return parts


def _is_private(host: str) -> bool:
    """Tell whether a host is anything but a public one, by its name alone: nothing is looked up."""
    host = normalize("NFKC", host).casefold().rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        labels = host.split(".")
        # With a number as its last label it is an IPv4 address: 127.1, 0x7f000001 (WHATWG URL, 3.5).
        odd = bool(_NUMBER.fullmatch(labels[-1])) or "%" in host
        return odd or len(labels) < 2 or any(f".{host}".endswith(f".{name}") for name in _PRIVATE_NAMES)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    return not address.is_global or address.is_multicast


def _short(url: str) -> str:
    return shorten(url, 80)
