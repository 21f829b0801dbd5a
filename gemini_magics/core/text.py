"""Text that a terminal, a log or a traceback can show and does not obey."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from heapq import nlargest
from typing import Any

from .invisible import DEFAULT_IGNORABLE, OTHERS

BRIEF_CHARS = 200
QUOTED_CHARS = 80
_ALIKE, _VERY_ALIKE = 0.6, 0.8  # as difflib measures it; "fgi" and "fig" have 0.67, "figg" and "fig" 0.86

# The pictures of control characters begin at U+2400: https://www.unicode.org/charts/PDF/U2400.pdf
# A carriage return goes, so that "\r\n" is one newline and a lone one cannot overwrite a line.
_CONTROLS: dict[int, str | None] = {
    code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"
}
_CONTROLS |= {0x0D: None, 0x7F: "\u2421"}
_CONTROLS |= {code: f"\\x{code:02x}" for code in range(0x80, 0xA0)}

# https://trojansource.codes
# Trojan Source (CVE-2021-42574), and names that only a variation selector tells apart.
_INVISIBLE = re.compile(
    f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in (*DEFAULT_IGNORABLE, *OTHERS))}]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")

# These turn prose around or hide text in it: embeddings, overrides and isolates, tags (but for the flags of
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


def whole_characters(text: str) -> str:
    r"""Join the halves of surrogate pairs; a lone half becomes U+FFFD.

    JSON may spell a character as two escapes, "\ud83d\ude00", and a stream may cut it between them (RFC 8259,
    section 8.2). Neither UTF-8 nor a message to a page can carry one half alone (RFC 3629, section 3).
    """
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def reveal(text: str) -> str:
    """Like `clean`, and write invisible and bidirectional characters out as ⟨U+202E⟩.

    It is for names, code and messages, where a reader must see every character that counts.
    """
    return _INVISIBLE.sub(_written_out, clean(text))


def legible(text: str) -> str:
    """Like `clean`, and write out the characters that make prose read otherwise than it is written.

    Characters that writing needs stay: joiners, direction marks, soft hyphens, emoji.
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


def one_line(text: str, most: int) -> str:
    """Return someone else's words as one line of at most `most` characters in which everything can be seen."""
    # Cut before, because the words of others may be megabytes; 20 times as much leaves room for blanks.
    return shorten(" ".join(reveal(text[: 20 * most]).split()), most)


def quoted(value: object) -> str:
    """Return what a person typed in quotes, shortened, for the message that says what is wrong with it."""
    return one_line(repr(value), QUOTED_CHARS)


def url_without_secrets(url: str) -> str:
    """Return a URL for a message, without what may be secret in it, however it is misspelled.

    That is a name and a password, and what follows a "?" or "#".
    """
    return re.split("[?#]", _LOGIN.sub(rf"\1{REMOVED}@", url))[0]


class Brief:
    """A dataclass whose repr is escaped and short, because its fields hold what others wrote.

    IPython prints the repr of whatever a cell ends with, and a terminal obeys what is printed to it.
    """

    def __repr__(self) -> str:
        told: list[Any] = [each for each in fields(self) if each.repr]  # type: ignore[arg-type]
        values = (f"{each.name}={one_line(repr(getattr(self, each.name)), BRIEF_CHARS)}" for each in told)
        return f"{type(self).__name__}({', '.join(values)})"


def size(n_bytes: int) -> str:
    """Write a number of bytes for people, in decimal units: 312 B, 4.2 kB, 1.3 MB."""
    value, unit = float(n_bytes), "B"
    for larger in ("kB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "B" and value < 100 else f"{value:.0f} {unit}"


REMOVED = "•••"
_LOGIN = re.compile(r"\A((?:[A-Za-z][\w+.-]*+:)?+[/\\]*+).*@", re.DOTALL)

SECRET = re.compile(
    r"""
      (?<=://) [^/\s:@]+ : [^/\s@]+ (?=@)                       # name and password in a URL
    | (?<=Bearer\ ) [\w.~+/=-]{8,}
    | \b (?: sk|pk|rk ) [-_] [\w-]{16,}                         # OpenAI, OpenRouter, Anthropic, Stripe
    | \b AIza [\w-]{30,} | \b ya29\. [\w.-]{20,}                # Google
    | \b gh[pousr]_ \w{20,} | \b github_pat_ \w{20,} | \b glpat- [\w-]{16,}
    | \b hf_ \w{20,} | \b npm_ \w{20,} | \b pypi- [\w-]{20,}
    | \b xox[a-z]- [\w-]{10,}                                   # Slack
    | \b (?: AKIA|ASIA ) [A-Z0-9]{16} \b                        # AWS
    # A JSON web token, with the words that hyphens join to it. It is looked for once in a run of such
    # characters, and no step is taken back: "-eyJ" a thousand times would be read a thousand times.
    | (?<![\w-]) (?> [\w-]*? \b eyJ ) [\w-]{8,}+ \. [\w-]{8,}+ \. [\w-]*
    | \b (?: [0-9a-fA-F]{32} | [0-9a-fA-F]{40} | [0-9a-fA-F]{64} ) \b   # kie's have 32 digits
    | -----BEGIN\ [A-Z ]* PRIVATE\ KEY----- .*? (?: -----END\ [A-Z ]* PRIVATE\ KEY----- | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)


ERROR_CHARS = 300  # of the text of an exception


def error_line(error: BaseException) -> str:
    """Write an error as "ValueError: what it says"; one that cannot say it, by its name alone."""
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 - an error of a person's may write itself with code of its own
        words = ""
    said = shorten(" ".join(words.split()), ERROR_CHARS)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def next_round(n_bytes: int) -> str:
    """Write the next round number above, the way Python takes it: 20_000_000."""
    step = 10 ** max(len(str(n_bytes)) - 2, 0)
    return f"{(n_bytes // step + 1) * step:_}"


def writable(text: str, stream: object) -> str:
    """Return a text as a stream can write it: letters that its encoding lacks are escaped.

    A terminal or a file of another encoding would fail at the first of them, and lose the rest of the text.
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"  # a stream in memory has none
    return text.encode(encoding, "backslashreplace").decode(encoding)


def counted(number: int, noun: str) -> str:
    """Write a number of things: 1 turn, 1,204 turns."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def count(amount: float) -> str:
    """Write an amount of tokens or credits for people: 1,204, 0.49, 200, 0.003."""
    return f"{amount:.1g}" if 0 < amount < 0.01 else f"{amount:,.2f}".removesuffix(".00")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence with the known words nearest to a mistyped one, or with all if none is near."""
    known = list(known)
    meant = near(word, known)
    return suggest(meant) if meant else f"There is {listed(known, 'and')}."


def suggest(meant: Iterable[str]) -> str:
    """Return a sentence that offers the words a person may have meant."""
    return f"Did you mean {listed(meant)}?"


def near(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the known words that a person may have meant, the likeliest first.

    Few people mistype the first letter, so a word with another first letter must be very similar: "nope"
    does not mean "open". The hyphens of an option do not count as letters.
    """
    typed = word.casefold().lstrip("-")
    from difflib import SequenceMatcher  # for mistakes alone

    matcher = SequenceMatcher(b=typed)  # it prepares `b` once, and compares many `a` with it
    found = []
    for name in known:
        folded = name.casefold().lstrip("-")
        matcher.set_seq1(folded)
        least = _ALIKE if folded[:1] == typed[:1] else _VERY_ALIKE
        # The quick ones are upper bounds, and cost less:
        # https://docs.python.org/3/library/difflib.html#difflib.SequenceMatcher.real_quick_ratio
        if matcher.real_quick_ratio() >= least <= matcher.quick_ratio() and matcher.ratio() >= least:
            found.append((matcher.ratio(), name))
    return [name for _, name in nlargest(most, found)]


def listed(words: Iterable[str], last: str = "or") -> str:
    """Join words as a sentence lists them: "low, medium or high"."""
    *most, final = words
    return f"{', '.join(most)} {last} {final}" if most else final


def fenced(text: str, language: str = "") -> str:
    """Put text between fences that nothing in the text closes, so that `find_code` returns it unchanged."""
    # A closing fence must be at least as long as the opening one:
    # https://spec.commonmark.org/0.31.2/#fenced-code-blocks
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(longest + 1, 3)
    return f"{fence}{language}\n{text}\n{fence}"
