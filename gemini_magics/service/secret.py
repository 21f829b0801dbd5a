"""Keys and the values of headers as objects that no repr, vars() or pickle shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import NoReturn

from ..core.errors import BadRequest
from ..core.settings import QUOTES, unquoted

SECRET_CHARS = 8  # a shorter key, such as a local server's "none", may stand in any text


class Key:
    """A key that no repr, vars() or pickle shows. Only the client and the masks call `reveal`.

    Raises:
        BadRequest: it is empty, or holds what no header can carry: white space, a character beyond ASCII.
    """

    __slots__ = ("reveal",)
    reveal: Callable[[], str]

    def __init__(self, text: str) -> None:
        text = unquoted(text)
        if not re.fullmatch("[!-~]+", text) or text[0] in QUOTES or text[-1] in QUOTES:
            # A traceback may show the local variables of this frame (%xmode Verbose).
            text = _complaint(text)
            raise BadRequest(text)
        # A function's closure is in no repr and no vars(). cloudpickle and dill write closures, too, so this
        # one holds the key itself, which refuses.
        self.reveal = lambda: text if self else ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(•••)"

    def parts(self, n_chars: int) -> Iterator[str]:
        """Yield each piece of `n_chars` characters; none of them may be shown."""
        text = self.reveal()
        for start in range(len(text) - n_chars + 1):
            yield text[start : start + n_chars]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A key is never pickled: set it again where it is needed, with %gemini_key.")

    def __copy__(self) -> Key:
        return self

    def __deepcopy__(self, memo: object) -> Key:
        return self

    def is_in(self, data: bytes) -> bool:
        """True if the key stands in these bytes. A word of less than 8 characters is no secret."""
        return len(self.reveal()) >= SECRET_CHARS and self.reveal().encode() in data

    def is_in_json(self, data: bytes) -> bool:
        """True if the key stands in a text of this JSON."""
        return len(self.reveal()) >= SECRET_CHARS and json.dumps(self.reveal())[1:-1].encode() in data

    @property
    def is_words(self) -> bool:
        """True for what local servers take as a key: lm-studio, sk-no-key-required."""
        return bool(re.fullmatch("[a-z]+([-_][a-z]+)*", self.reveal()))


class HeaderValue(Key):
    """The value of a header, as secret as a key. It may hold spaces (RFC 9110, 5.5).

    Raises:
        BadRequest: it is empty, or holds what no header can carry: a line break, a character beyond ASCII.
    """

    __slots__ = ()
    reveal: Callable[[], str]

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not re.fullmatch("[ -~]+", text):
            text = ""
            raise BadRequest("The value of a header is one line of ASCII text, and not empty: set it again.")
        self.reveal = lambda: text

    def parts(self, n_chars: int) -> Iterator[str]:
        """Yield the pieces of the value, or the whole of a word or an address: its pieces stand in any text."""
        if self.is_words:
            yield from [self.reveal()] if len(self.reveal()) >= n_chars else []
        else:
            yield from super().parts(n_chars)

    @property
    def is_words(self) -> bool:
        """True for plain words and web addresses: vertex-ai, https://example.org."""
        return bool(re.fullmatch(r"[A-Za-z]+([-_ ][A-Za-z]+)*|https?://[\w.-]+(/[\w./-]*)?", self.reveal()))


def _complaint(text: str) -> str:
    if not text:
        return "The key is empty: copy it again from the service's page."
    strange = next((character for character in text if not "!" <= character <= "~"), "")
    if not strange:
        return "The key has a quotation mark at one end: copy it again, the key alone."
    what = "white space" if strange.isspace() else f"a character that keys do not have (U+{ord(strange):04X})"
    return f"The key holds {what}: copy it again, the key alone, without quotes or a word before it."
