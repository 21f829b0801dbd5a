"""Content-Encoding: undoes what was done to the body of a response.

A request of ours asks for `identity`. Some gateways compress all the same, some write into the header what
is not an encoding, and some leave it as it was when they have undone the encoding. So the first bytes count.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import chain

PIECE_BYTES = 2**16  # a few kB of gzip can stand for gigabytes

# The header names what was done to a body. These say that nothing was done, or name its characters instead.
PLAIN = ("", "identity", "none", "utf-8", "utf8")
COMPRESSED = ("gzip", "x-gzip", "deflate")
# How an answer, a refusal or a page begins. No stream of gzip, and none of deflate that holds such a body,
# begins so.
_READABLE = re.compile(
    rb"""\s*(?:[\[{]\s*["\[{]|<(?:!doctype|html|\?xml)\b|:|(?:data|event|id|retry):)""", re.IGNORECASE
)
_HEAD_BYTES = 16


class Undecodable(Exception):
    """A body is compressed in an unknown way, or wrongly."""


def decoded(body: Iterator[bytes], encodings: str) -> Iterator[bytes]:
    """Yield a body without its encodings, as it comes, in pieces of bounded size.

    Args:
        encodings: the value of the header Content-Encoding; "" where there is none.

    Raises:
        Undecodable: the body cannot be read, from some place on.
    """
    names = [name for name in map(str.strip, encodings.lower().split(",")) if name not in PLAIN]
    if names:
        head = b""
        for data in body:
            head += data
            if len(head) >= _HEAD_BYTES:
                break
        names = [] if _READABLE.match(head) else names
        body = chain([head], body)
    for name in reversed(names):  # they were applied in this order (RFC 9110, section 8.4)
        if name in COMPRESSED:
            body = _inflated(body)
        else:
            raise Undecodable(f"The service compressed its answer unasked ({name}).")
    yield from body


def _inflated(compressed: Iterator[bytes]) -> Iterator[bytes]:
    """Undo gzip, zlib or bare deflate.

    gzip may have one member for each event (RFC 1952, section 2.2). Bytes behind the last member that are
    no member themselves are ignored, as gzip does.
    """
    inflater, rest, n_members = None, b"", 0
    try:
        for data in compressed:
            rest += data
            while rest and (inflater or len(rest) >= 2):
                if inflater is None:
                    is_member = _begins_member(rest)
                    if n_members and not is_member:
                        return
                    # Some servers leave out the header of zlib (RFC 9110, section 8.4.1.2).
                    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32 if is_member else -zlib.MAX_WBITS)
                yield inflater.decompress(rest, PIECE_BYTES)
                rest = inflater.unconsumed_tail
                if inflater.eof:
                    rest = inflater.unused_data
                    inflater, n_members = None, n_members + 1
    except zlib.error as error:
        raise Undecodable(f"The service compressed its answer wrongly ({error}).") from None


def _begins_member(data: bytes) -> bool:
    """Return whether data begins with the header of gzip (RFC 1952, 2.3.1) or of zlib (RFC 1950, 2.2)."""
    is_zlib = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
    return data.startswith(b"\x1f\x8b") or is_zlib
