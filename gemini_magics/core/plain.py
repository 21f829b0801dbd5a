"""Text that a terminal, a log or a traceback can show without being driven by it."""

import re

# A carriage return goes, so that "\r\n" is one newline and a lone one cannot overwrite a line.
_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"}
_CONTROLS |= {0x0D: None, 0x7F: "\u2421"}
_CONTROLS |= {code: f"\\x{code:02x}" for code in range(0x80, 0xA0)}

# Bidirectional controls and characters without a width (Trojan Source, CVE-2021-42574; tags, U+E00xx).
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")

# What turns prose around or hides text in it: embeddings, overrides and isolates, tags (but for the flags of
# England, Scotland and Wales, which are spelled with them), and variation selectors in a row.
_MISLEADING = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{2,6}\U000e007f)"
    "|[\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e007f]|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}"
)


def clean(text: str) -> str:
    """Make control characters visible and drop carriage returns; newline and tab stay.

    ESC becomes ␛, so an escape sequence is read instead of obeyed. Half a surrogate pair, which UTF-8
    cannot carry, becomes U+FFFD.
    """
    return _SURROGATE.sub("\ufffd", text.translate(_CONTROLS))


def reveal(text: str) -> str:
    """Like `clean`, and write invisible and bidirectional characters out as ⟨U+202E⟩.

    For names, code and messages: places where what is read must be what is there.
    """
    return _INVISIBLE.sub(_written_out, clean(text))


def legible(text: str) -> str:
    """Like `clean`, and write out the characters that make prose read otherwise than it is written.

    What writing needs stays: joiners, direction marks, soft hyphens, emoji.
    """
    return _MISLEADING.sub(lambda match: match[1] or _written_out(match), clean(text))


def _written_out(match: re.Match[str]) -> str:
    return "".join(f"⟨U+{ord(character):04X}⟩" for character in match[0])


def shorten(text: str, most: int) -> str:
    """Return text in at most `most` characters, the missing middle marked with an ellipsis."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 3
    return text[: most - 1 - tail] + "…" + text[len(text) - tail :]


def size(n_bytes: int) -> str:
    """Write a number of bytes for people, in decimal units: 312 B, 4.2 kB, 1.3 MB."""
    value, unit = float(n_bytes), "B"
    for larger in ("kB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "B" and value < 100 else f"{value:.0f} {unit}"
