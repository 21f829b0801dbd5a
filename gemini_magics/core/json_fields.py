"""JSON of strangers: numbers and nesting are bounded as it is read, each field is checked as it is taken."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

DEEPEST = 64  # json.dumps and the encoders of other libraries recurse, and Python stops at about 1,000
LARGEST = 2**53  # every reader of JSON keeps whole numbers up to it exactly (RFC 8259, section 6)
_LONGEST_NUMBER = 32  # digits; a double is written with 17, and a sign, a point and an exponent


def read_json(text: str | bytes) -> Any:
    """Read JSON whose numbers are finite and no longer than doubles, at most 64 levels deep.

    Raises:
        ValueError: it is no such JSON; the message says what is wrong, on one line.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")  # as json.loads does
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except UnicodeDecodeError:
        raise ValueError("no UTF-8") from None
    if text.count("{") + text.count("[") <= DEEPEST:  # then it cannot be deeper, and needs no walk
        return value
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return value
    raise ValueError(_TOO_DEEP)


_TOO_DEEP = f"JSON that is nested too deeply, more than {DEEPEST} levels"


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)  # infinite for 1e999, which JSON cannot hold
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:_LONGEST_NUMBER]}, which is too large")
    return value


# Python reads NaN and Infinity by default, which are not JSON:
# https://docs.python.org/3/library/json.html#infinite-and-nan-number-values
def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is not a number in JSON")


# json.loads with these arguments would make a decoder for each text, which takes longer than a short text.
_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=_constant)


_NEEDED = object()


class JsonFields:
    """The fields of a JSON object; fields that nobody takes are ignored.

    Args:
        value: the result of `read_json`.
        what: names the object in messages, such as "a citation".

    Raises:
        ValueError: it is not an object, or `take` finds no field of the right kind; the message says which.
    """

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{what} should be an object")
        self._values, self._what = value, what

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def take(self, name: str, kind: Any, default: Any = _NEEDED) -> Any:
        """Return a field that is of a kind, or the default where it is missing."""
        value = self._values.get(name, default)
        if type(value) is kind or (value is default and value is not _NEEDED):
            return value
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{self._what} has no {name}, or not one that can be read")
        return value

    def number(self, name: str) -> Any:
        """Return a number from 0 to 2**53; None where it is missing or null."""
        return self._bounded(name, (int, float))

    def whole(self, name: str) -> Any:
        """Return a whole number from 0 to 2**53; None where it is missing or null."""
        return self._bounded(name, (int,))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; an empty one where it is missing."""
        values = self.take(name, list, [])
        if not values:  # as in most records
            return ()
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"{name} should be a list of texts")
        return tuple(values)

    def _bounded(self, name: str, kinds: tuple[type, ...]) -> Any:
        value = self._values.get(name)
        if value is None or (type(value) in kinds and 0 <= value <= LARGEST):
            return value
        if not 0 <= self.take(name, kinds) <= LARGEST:
            raise ValueError(f"{name} should be a number from 0 to {LARGEST:,}")
        return value
