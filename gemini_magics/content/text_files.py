"""Decode the text of a file: UTF-8 as a rule, else what its bytes can only be."""

from __future__ import annotations

import re

from ..core.errors import CannotAttach

# UTF-32 comes first, since its mark begins with that of UTF-16: https://www.unicode.org/faq/utf_bom.html
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SAMPLE_BYTES = 1_000_000  # that the choice of an encoding looks at
_WESTERN_SHARE = 0.3  # of letters beyond ASCII; in Western languages they are few and stand alone
_JAPANESE = re.compile("[\u3041-\u30f6\u4e00-\u9fff]")
_HALF_WIDTH = re.compile("[\uff61-\uff9f\ue000-\uf8ff]")  # what Western letters become in Shift-JIS
_UTF_8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_RUN = re.compile(rb"[\x80-\xff]{4}")


def decoded(data: bytes, name: str) -> tuple[str, str]:
    """Return the text of a file, and a note with its encoding where that is neither UTF-8 nor marked.

    Detectors such as charset-normalizer take short Western files for Central European or Chinese ones and
    send wrong letters, so there are two guesses only, and each must be certain: Shift-JIS and Windows-1252,
    of which Latin-1 is a part.

    Raises:
        CannotAttach: it is in no encoding that can be told, or holds NUL characters.
    """
    encoding = next((encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    note = ""
    try:
        content = data.decode(encoding)
    except UnicodeDecodeError as error:
        guessed = _guessed(data) if encoding == "utf-8" else None
        if guessed is None:
            raise CannotAttach(
                f"{name} is not {error.encoding.upper()} text (byte {error.start:,} is wrong): "
                "save it as UTF-8."
            ) from None
        content, note = guessed
    if "\0" in content:
        raise CannotAttach(f"{name} holds NUL characters, so it is not text: save it as UTF-8.")
    return content, note


def _guessed(data: bytes) -> tuple[str, str] | None:
    try:
        content = data.decode("cp932")
        letters = content[:_SAMPLE_BYTES]
        if _JAPANESE.search(letters) and not _HALF_WIDTH.search(letters):
            return content, "read as Shift-JIS"
    except UnicodeDecodeError:
        pass
    sample = data[:_SAMPLE_BYTES]
    beyond = sum(byte >= 0x80 for byte in sample)
    broken_utf_8 = len(_UTF_8_LETTER.findall(sample)) * 2 >= beyond
    if broken_utf_8 or beyond > _WESTERN_SHARE * len(sample) or _RUN.search(sample):
        return None
    try:
        # Browsers read what calls itself Latin-1 so, too: https://encoding.spec.whatwg.org/#names-and-labels
        return data.decode("cp1252"), "read as Windows-1252"
    except UnicodeDecodeError:
        return None
