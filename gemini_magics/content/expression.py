"""What a person wrote in Python inside a question, and in one line why it has no value."""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches

from ..core.errors import BadRequest, GeminiError
from ..core.plain import shorten
from ..core.settings import did_you_mean

ERROR_CHARS = 300


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
        said = in_one_line(error).rstrip(".")
        raise failure(f"{expression} fails with {said}. Try it in a cell of its own.") from None


def in_one_line(error: BaseException) -> str:
    """Write an error as "ValueError: what it says"."""
    said = shorten(" ".join(str(error).split()), ERROR_CHARS)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def nearest(word: str, names: Collection[str], otherwise: str = "Run the cell that defines it.") -> str:
    """Return a sentence with the names nearest to a mistyped one, or another next step."""
    near = get_close_matches(word, names, n=3, cutoff=0.6)
    return did_you_mean(word, near) if near else otherwise
