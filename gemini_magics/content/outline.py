"""Outlines of values, a few words each, for lists of names. No code of the value itself runs."""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from ..core.text import counted
from .class_names import class_names
from .convert import CONVERTERS
from .lazy import LAZY

_REFUSED = (ModuleType, type, FunctionType, BuiltinFunctionType, MethodType)
_OWN_PICTURE = ("_repr_png_", "_repr_jpeg_", "_repr_svg_", "_ai_repr_")
# The classes whose words are of use in a list, each before those that it inherits from.
_KINDS = {
    "matplotlib.FigureBase": "figure",
    "matplotlib.Artist": "figure",
    "seaborn.Grid": "figure",
    "seaborn.JointGrid": "figure",
    "plotly.BaseFigure": "chart",
    "altair.TopLevelMixin": "chart",
    "bokeh.Model": "chart",
    "PIL.Image": "image",
    "IPython.Image": "image",
    "pandas.DataFrame": "table",
    "pandas.Series": "series",
    "polars.DataFrame": "table",
    "polars.Series": "series",
    "pyarrow._Tabular": "table",
    "numpy.ndarray": "array",
    "builtins.BaseException": "error",
    "gemini_magics.Answer": "answer",
}
_LENGTHS: dict[type, str] = {
    str: "character",
    bytes: "byte",
    list: "item",
    tuple: "item",
    dict: "item",
    set: "item",
}


def outline(value: Any) -> str:
    """Return a kind and a shape, such as "table 60 × 4"; "" for what cannot be attached.

    A shape is asked only of an object whose class is the library's own: a subclass may compute it.
    """
    # `isinstance` would ask `__class__` of the value, which may be a property with code of its own.
    if issubclass(type(value), _REFUSED):
        return ""
    names = class_names(value)
    if any(name in LAZY for name in names):
        return ""
    kind = next((_KINDS[name] for name in names if name in _KINDS), "")
    if unit := _LENGTHS.get(type(value)):
        return f"{type(value).__name__} {counted(len(value), unit)}"
    if not kind and not any(name in CONVERTERS for name in names) and not _says_something(type(value)):
        return ""
    return " ".join(filter(None, (kind or type(value).__name__, _shape(value))))


def _says_something(cls: type) -> bool:
    own = {name for each in cls.__mro__[:-1] for name in vars(each)}
    return bool(own.intersection((*_OWN_PICTURE, "__repr__", "__str__")))


def _shape(value: Any) -> str:
    library = type(value).__module__.partition(".")[0]
    sizes: tuple[float, ...] = ()
    if library in ("pandas", "polars", "pyarrow", "numpy"):
        sizes = getattr(value, "shape", ())
    elif library == "PIL":
        sizes = value.size
    elif library == "matplotlib" and type(value).__name__ == "Figure":
        sizes = tuple(value.get_size_inches() * value.dpi)
    return " × ".join(f"{round(size):,}" for size in sizes)
