"""What a person wrote in Python inside a question, and in one line why it has no value."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from ..core.errors import BadRequest, GeminiError
from ..core.plain import shorten
from ..core.settings import near, suggest

ERROR_CHARS = 300
LISTED = 20  # cells with a value, the newest ones

# In, Out and Err, and the names that IPython gives to the newest of them: _, __, _3, _i, _i3.
_PAST = re.compile(r"(?<![\w.])(?:In|Out|Err|_[io]h|_{1,3}|_i{1,3}|_i?\d+)(?!\w)")
_NUMBERED = re.compile(r"(?<![\w.])(In|Out)\[\s*(-?\d+)\s*\]")


def is_past(expression: str) -> bool:
    """Tell whether an expression takes from the cells that ran: In[3], Out[3].name, Err[-1], _, _i3."""
    return bool(_PAST.search(expression))


def value_of(
    expression: str,
    evaluate: Callable[[str], object],
    names: Collection[str],
    *,
    failure: type[BadRequest] = BadRequest,
) -> object:
    """Evaluate an expression once.

    Args:
        evaluate: gives its value in the person's namespace, or raises what Python raises.
        names: the names that are defined there, to find the one that was meant.
        failure: the error to raise.

    Raises:
        BadRequest: it is no Python, holds an unknown name, or fails.
    """
    try:
        return evaluate(expression)
    except GeminiError:
        raise
    except SyntaxError as error:
        raise failure(f"{expression} is no Python expression: {error.msg}. Correct it.") from None
    except NameError as error:
        unknown = error.name or expression
        raise failure(
            f"{expression} cannot be read: there is no {unknown}. {nearest(unknown, names)}"
        ) from None
    except Exception as error:  # noqa: BLE001 - a person's own code may raise anything
        if isinstance(error, LookupError) and (missing := _missing(expression, evaluate)):
            raise failure(missing) from None
        said = in_one_line(error).rstrip(".")
        raise failure(f"{expression} fails with {said}. Try it in a cell of its own.") from None


def _missing(expression: str, evaluate: Callable[[str], object]) -> str:
    """Say which cells there are, if an expression names one that is not: In[99], Out[99]; else ""."""
    for name, number in _NUMBERED.findall(expression):
        there = evaluate(name)
        if name == "In" and isinstance(there, list) and not -len(there) <= int(number) < len(there):
            ran = f"the cells so far are In[1] to In[{len(there) - 1}]" if there[1:] else "no cell has run yet"
            return f"There is no In[{number}]: {ran}."
        if name == "Out" and isinstance(there, dict) and int(number) not in there:
            newest = ", ".join(map(str, list(there)[-LISTED:]))
            shown = f"the cells with a value are {newest}" if newest else "no cell has shown a value yet"
            return f"There is no Out[{number}]: {shown}."
    return ""


def in_one_line(error: BaseException) -> str:
    """Write an error as "ValueError: what it says"."""
    said = shorten(" ".join(str(error).split()), ERROR_CHARS)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def nearest(word: str, names: Collection[str], otherwise: str = "Run the cell that defines it.") -> str:
    """Return a sentence with the names nearest to a mistyped one, or another next step."""
    meant = near(word, names)
    return suggest(meant) if meant else otherwise
