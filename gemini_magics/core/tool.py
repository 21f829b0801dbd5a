"""A function of the person that the model may call, with its description for the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from .text import Brief


@dataclass(frozen=True, repr=False)
class Tool(Brief):
    """A function that the model may call.

    Attributes:
        name: the name that the model calls it by.
        description: its docstring.
        parameters: its arguments as a JSON schema.
        read: makes the arguments of JSON, or raises ValueError; the message says what is wrong.
        call: calls the function with these arguments.
        asks: True where the person is asked before each call.
        names: the variables that it can see. Values of names for secrets are masked in its results.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    read: Callable[[str], Mapping[str, Any]] = field(repr=False)
    call: Callable[[Mapping[str, Any]], Any] = field(repr=False)
    asks: bool = True
    names: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def described(self) -> Tool:
        """Return it without its function, as it goes to other processes."""
        return replace(self, read=_is_elsewhere, call=_is_elsewhere, names={})


def _is_elsewhere(_: object) -> NoReturn:
    raise NotImplementedError("The function is in the process that offers it.")
