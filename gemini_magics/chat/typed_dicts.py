"""TypedDicts of `typing` as pydantic takes them: before Python 3.12 only those of typing_extensions."""

from __future__ import annotations

import sys
import types
import typing
from functools import reduce
from operator import or_
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typing_extensions  # comes with pydantic

_KEPT = (
    "__doc__", "__module__", "__qualname__", "__required_keys__", "__optional_keys__", "__pydantic_config__",
)  # fmt: skip


def for_pydantic(form: Any) -> Any:
    """Return a type with the TypedDicts in it, at any depth, as those of typing_extensions.

    Raises:
        NameError: one refers to something that is not there.
    """
    return form if sys.version_info >= (3, 12) else _rebuilt(form, {})


def _rebuilt(form: Any, twins: dict[type, type]) -> Any:
    """Rebuild a type; `twins` are the TypedDicts that are rebuilt already, since one may hold itself."""
    if typing.is_typeddict(form):
        return twins.get(form) or _twin(form, twins)
    origin, parts = get_origin(form), get_args(form)
    if origin is Annotated:
        return Annotated[(_rebuilt(parts[0], twins), *parts[1:])]
    rebuilt = tuple(_rebuilt(part, twins) for part in parts)
    if rebuilt == parts:
        return form
    if origin is types.UnionType:
        return reduce(or_, rebuilt)
    return origin[rebuilt] if isinstance(form, types.GenericAlias) else form.copy_with(rebuilt)


def _twin(form: Any, twins: dict[type, type]) -> Any:
    twin: Any = typing_extensions.TypedDict(form.__name__, {})  # type: ignore[operator]
    twins[form] = twin
    for name in _KEPT:
        if hasattr(form, name):
            setattr(twin, name, getattr(form, name))
    twin.__annotations__ = {
        name: _rebuilt(hint, twins) for name, hint in get_type_hints(form, include_extras=True).items()
    }
    return twin
