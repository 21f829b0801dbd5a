"""The names of a notebook, and the values of the expressions that a person writes in a question."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from unicodedata import normalize

from ..core.errors import BadRequest, GeminiError
from ..core.text import error_line, near, shorten, suggest

SHOWN_CHARS = 80  # of an expression in a message
LISTED = 20  # cells with a value, the newest ones

# In, Out and Err, and the names that IPython gives to the newest of them: _, __, _3, _i, _i3.
_PAST = re.compile(r"(?<![\w.])(?:In|Out|Err|_[io]h|_{1,3}|_i{1,3}|_i?\d+)(?!\w)")
_NUMBERED = re.compile(r"(?<![\w.])(In|Out)\[\s*(-?\d+)\s*\]")


# An expression in an f-string ends with one of these:
# https://docs.python.org/3/reference/lexical_analysis.html#formatted-string-literals
_FIELD = re.compile(r"(?P<equals>\s*=\s*)?(?:!(?P<conversion>[rsa])\s*)?(?::(?P<spec>.*))?", re.DOTALL)
_CONVERSIONS: dict[str, Callable[[object], str]] = {"r": repr, "s": str, "a": ascii}
_NESTED = re.compile(r"\{([^{}]+)\}")
_MOST_MARKS = 20  # of an expression that are tried as its end


def _is_expression(text: str) -> bool:
    try:
        compile(text.strip(), "", "eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


def _replacement_field(text: str) -> tuple[str, re.Match[str]] | None:
    """Split `n:.2f` into its expression and what follows; None where it is nothing of the kind."""
    # A run of blanks is read once, from its first one.
    for mark in islice(re.finditer(r"(?<!\s)\s*+=\s*+(?=$|[!:])|[!:]", text), _MOST_MARKS):
        left, about = text[: mark.start()], _FIELD.fullmatch(text[mark.start() :])
        if about and _is_expression(left):
            return left, about
    return None


def without_format(text: str) -> str:
    """Return the expression of `n:.2f`, `n!r` or `n=`, and any other text as it is."""
    found = None if _is_expression(text) else _replacement_field(text)
    return found[0] if found else text


def identifier(name: str) -> str:
    """Return a name as Python stores it: NFKC (https://docs.python.org/3/reference/lexical_analysis.html).

    The micro sign of keyboards, U+00B5, is the Greek letter U+03BC to Python.
    """
    return normalize("NFKC", name)


def is_past(expression: str) -> bool:
    """Tell whether an expression reads from the cells that ran: In[3], Out[3].name, Err[-1], _, _i3."""
    return bool(_PAST.search(expression))


@dataclass(frozen=True)
class Namespace:
    """The names that the expressions of a question are evaluated in.

    Attributes:
        names: the variables, as a cell sees them.
        module: the globals of the cells, where they are not `names` itself.
    """

    names: Mapping[str, Any] = field(default_factory=dict)
    module: dict[str, Any] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and identifier(name) in self.names

    def with_locals(self, local: Mapping[str, Any]) -> Namespace:
        """Return the names as a function sees them: its own variables come before those of the cells.

        The variables are globals of an expression too, because a comprehension in it sees nothing else.
        """
        return Namespace(ChainMap(dict(local), dict(self.names)), {**self.module, **local})

    def value(self, expression: str, failure: type[BadRequest] = BadRequest) -> Any:
        """Evaluate an expression once.

        Args:
            failure: the error to raise.

        Raises:
            BadRequest: it is not valid Python, holds an unknown name, or fails.
        """
        shown = shorten(expression, SHOWN_CHARS)
        try:
            return self._evaluated(expression)
        except GeminiError:
            raise
        except SyntaxError as error:
            said = error.msg.rstrip(".?")  # some end so themselves: "Perhaps you forgot a comma?"
            raise failure(f"{shown} is not a Python expression: {said}. Correct it.") from None
        except NameError as error:
            unknown = shorten(error.name or expression, SHOWN_CHARS)
            raise failure(
                f"{expression} cannot be read: there is no {unknown}. {self.nearest(unknown)}"
            ) from None
        except Exception as error:  # noqa: BLE001 - a person's own code may raise anything
            if isinstance(error, LookupError) and (missing := self._missing(expression)):
                raise failure(missing) from None
            said = error_line(error).rstrip(".")
            raise failure(f"{shown} fails with {said}. Try it in a cell of its own.") from None

    def formatted(self, expression: str, failure: type[BadRequest] = BadRequest) -> Any:
        """Evaluate what may stand between the braces of an f-string: `n:.2f`, `n!r` and `n=`, too.

        Raises:
            BadRequest: as `value` does, or the value cannot be formatted so.
        """
        found = None if _is_expression(expression) else _replacement_field(expression)
        if found is None:
            return self.value(expression, failure)
        left, about = found
        value = self.value(left, failure)
        spec = _NESTED.sub(lambda inner: str(self.formatted(inner[1], failure)), about["spec"] or "")
        conversion = about["conversion"] or ("r" if about["equals"] and about["spec"] is None else "")
        try:
            converted = _CONVERSIONS[conversion](value) if conversion else value
            text = format(converted, spec)
        except Exception as error:  # noqa: BLE001 - a person's own class may raise anything
            shown, said = shorten(expression, SHOWN_CHARS), error_line(error).rstrip(".")
            raise failure(f"{shown} fails with {said}. Correct the format behind the expression.") from None
        return f"{left}{about['equals']}{text}" if about["equals"] else text

    def nearest(self, word: str) -> str:
        """Return a sentence with the names nearest to a mistyped one, or another next step."""
        meant = near(word, self.names)
        return suggest(meant) if meant else "Run the cell that defines it."

    def _evaluated(self, expression: str) -> Any:
        # The one place where a person's own expression runs; nothing from a file or a model comes here.
        return eval(expression, self.module, self.names)  # noqa: S307

    def _missing(self, expression: str) -> str:
        """Say which cells there are where an expression names one that is missing: In[99]; else ""."""
        for name, number in _NUMBERED.findall(expression):
            there = self._evaluated(name)
            if name == "In" and isinstance(there, list) and not -len(there) <= int(number) < len(there):
                last = len(there) - 1
                ran = f"the cells so far are In[1] to In[{last}]" if there[1:] else "no cell has run yet"
                return f"There is no In[{number}]: {ran}."
            if name == "Out" and isinstance(there, dict) and int(number) not in there:
                newest = ", ".join(map(str, list(there)[-LISTED:]))
                shown = f"the cells with a value are {newest}" if newest else "no cell has shown a value yet"
                return f"There is no Out[{number}]: {shown}."
        return ""
