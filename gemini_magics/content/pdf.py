"""Look into a PDF without a parser: how many pages it has, and why a service could not read it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from hashlib import md5, sha256

MOST_PAGES = 1_000  # https://ai.google.dev/gemini-api/docs/document-processing

_PIECE_BYTES = 2**16
_WORK_BYTES = 2**26  # the most that is read and unpacked of all object streams together
_TAIL_BYTES = 8_192  # readers look for the end of a PDF in its last 1,024 bytes; some writers add more

_PAGE = re.compile(rb"/Type\s*+/Page(?![A-Za-z])")
_COUNT = re.compile(rb"/Count\s++(\d{1,9})")
_TREE = re.compile(rb"/Type\s*+/Pages\b")
_NODE_BYTES = 400  # before and behind its type, in which the count of a node stands
_COUNT_BYTES = 32  # of a count, which the end of what was read may cut
_OBJECT_STREAM = re.compile(rb"/ObjStm\b.{0,400}?stream\r?\n", re.DOTALL)
# 28 bytes of an empty password's padding (ISO 32000-1, 7.6.3.3, algorithm 2).
_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


def count_pages(data: bytes) -> int:
    """Count the pages of a PDF; 0 where they are out of sight, as in an encrypted one.

    A scan for page objects: pages that an edit has left behind in the file count too.
    """
    return sum(len(_PAGE.findall(part)) for part in (data, *_object_streams(data)))


def why_unreadable(data: bytes) -> str:
    """Say why a service could not read a PDF, and what to do: "needs a password: ..."; "" if it can."""
    if b"/Encrypt" in data and not _opens_without_password(data):
        needs = "may need" if re.search(rb"/R\s+6\b", data) else "needs"
        return f"is encrypted and {needs} a password: save a copy without one, for example with qpdf --decrypt"
    tail = data[-_TAIL_BYTES:]
    if b" obj" in data and b"%%EOF" not in tail and b"startxref" not in tail:
        return "is cut: its end is missing. Load or save it again"
    pages = count_pages(data)
    if pages > MOST_PAGES and _announced_pages(data) not in range(1, MOST_PAGES + 1):
        return f"has {pages:,} pages, and {MOST_PAGES:,} are the most that the model reads: save a part of it"
    return ""


def _announced_pages(data: bytes) -> int:
    """Return the largest count in the page tree, which is its root's; 0 where it is out of sight."""
    return max((_largest_count(part) for part in (data, *_object_streams(data))), default=0)


def _largest_count(part: bytes) -> int:
    """Return the largest count near a node of a page tree. Nodes may lie close, and each is read once."""
    largest = read = 0
    for tree in _TREE.finditer(part):
        end = tree.end() + _NODE_BYTES
        for count in _COUNT.finditer(part, max(tree.start() - _NODE_BYTES, read), end):
            largest = max(largest, int(count[1]))
            if count.end() < end:  # or else the next node may show more of it
                read = count.end()
        read = max(read, end - _COUNT_BYTES)
    return largest


def _object_streams(data: bytes) -> Iterator[bytes]:
    return (contents for _, contents in object_streams(data))


def object_streams(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the contents of a PDF's object streams, which may hold its pages (ISO 32000-1, 7.5.7).

    Each comes with the place in the file at which its stream begins. They are read piece by piece, because
    zlib copies all input that it leaves over, and up to a limit, because 15 MB can hold gigabytes.
    """
    view, left = memoryview(data), _WORK_BYTES
    for found in _OBJECT_STREAM.finditer(data):
        unpacker, place, unpacked = zlib.decompressobj(), found.end(), []
        try:
            while place < len(data) and not unpacker.eof and left > 0:
                piece = unpacker.decompress(view[place : place + _PIECE_BYTES], _PIECE_BYTES * 16)
                unpacked.append(piece)
                left -= max(len(piece), _PIECE_BYTES)
                place += _PIECE_BYTES
                if unpacker.unconsumed_tail:
                    break  # it holds more than 16 times its size: that is not a list of objects
        except zlib.error:
            # A stream that cannot be unpacked costs as well, since a file may hold a million of them.
            left -= 64
        if unpacked:
            yield found.end(), b"".join(unpacked)
        if left <= 0:
            return


def _opens_without_password(data: bytes) -> bool:
    """Tell whether the empty password opens a PDF, as it does where only printing or copying is forbidden.

    False where that cannot be told: the hash of revision 6 needs AES (ISO 32000-2, 7.6.4.3.4).
    """
    found = [*re.finditer(rb"/Encrypt\s*+(?:(\d{1,9})\s++(\d{1,5})\s++R\b|<<)", data)]
    if not found:
        return False
    # A changed PDF has its newer trailers and objects behind the older ones (ISO 32000-1, 7.5.6).
    reference = found[-1]
    start = reference.end()
    if reference[1]:
        header = rb"(?<!\d)" + reference[1] + rb"\s++" + reference[2] + rb"\s++obj\b"
        objects = [*re.finditer(header, data)]
        if not objects:
            return False
        start = objects[-1].end()
    entries = data[start : start + 2_000]
    revision, user, owner = _number(entries, b"R"), _string(entries, b"U"), _string(entries, b"O")
    # Revision 5, of Acrobat 9: a hash, then 8 bytes of salt for checking the password, then 8 for the key.
    if revision == 5 and len(user) >= 40:
        return sha256(user[32:40]).digest() == user[:32]
    if revision not in (2, 3, 4) or len(owner) != 32 or len(user) != 32:
        return False
    identity = re.search(rb"/ID\s*+\[\s*+", data)
    first_id = _string_at(data, identity.end()) if identity else b""
    permissions = (_number(entries, b"P") & 0xFFFFFFFF).to_bytes(4, "little")
    plain_metadata = b"\xff" * 4 if revision == 4 and re.search(rb"/EncryptMetadata\s+false", entries) else b""
    length = 5 if revision == 2 else (_number(entries, b"Length") or 40) // 8
    key = _md5(_PADDING + owner + permissions + first_id + plain_metadata)
    if revision == 2:
        return _rc4(key[:5], _PADDING) == user
    length = 16 if revision == 4 else length
    if not 5 <= length <= 16:  # ISO 32000-1, 7.6.1: 40 to 128 bits
        return False
    # 50 rounds for the key and 20 for the check: ISO 32000-1, 7.6.3, algorithms 2 and 5.
    for _ in range(50):
        key = _md5(key[:length])
    key, check = key[:length], _md5(_PADDING + first_id)
    for step in range(20):
        check = _rc4(bytes(byte ^ step for byte in key), check)
    return check == user[:16]


def _number(entries: bytes, name: bytes) -> int:
    found = re.search(rb"/" + name + rb"\s++(-?\d{1,10})", entries)
    return int(found[1]) if found else 0


def _string(entries: bytes, name: bytes) -> bytes:
    found = re.search(rb"/" + name + rb"\s*+(?=[(<])", entries)
    return _string_at(entries, found.end()) if found else b""


_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def _string_at(data: bytes, place: int) -> bytes:
    """Read a string, in hexadecimal digits or in brackets with escapes (ISO 32000-1, 7.3.4)."""
    if data[place : place + 1] == b"<":
        digits = re.sub(rb"[^0-9A-Fa-f]", b"", data[place + 1 : place + 600].partition(b">")[0])
        return bytes.fromhex(digits.decode() + "0" * (len(digits) % 2))
    read, depth = bytearray(), 0
    for found in re.finditer(rb"\\([0-7]{1,3}|\r\n|.)|([()])|[^()\\]+", data[place : place + 600], re.DOTALL):
        if found[2]:
            depth += 1 if found[2] == b"(" else -1
            if not depth:
                break
            if depth > 1 or found[2] == b")":
                read += found[2]
        elif escape := found[1]:
            if escape[:1].isdigit() and escape[:1] in b"01234567":
                read.append(int(escape, 8) & 0xFF)
            elif escape not in (b"\r\n", b"\n", b"\r"):
                read += _ESCAPES.get(escape, escape)
        else:
            read += found[0]
    return bytes(read)


def _md5(data: bytes) -> bytes:
    # Without the word a Python for FIPS refuses MD5: https://docs.python.org/3/library/hashlib.html
    return md5(data, usedforsecurity=False).digest()


def _rc4(key: bytes, data: bytes) -> bytes:
    """Apply RC4, which is its own inverse and which the standard library lacks."""
    state, other = [*range(256)], 0
    for place in range(256):
        other = (other + state[place] + key[place % len(key)]) % 256
        state[place], state[other] = state[other], state[place]
    first, second, out = 0, 0, bytearray()
    for byte in data:
        first = (first + 1) % 256
        second = (second + state[first]) % 256
        state[first], state[second] = state[second], state[first]
        out.append(byte ^ state[(state[first] + state[second]) % 256])
    return bytes(out)
