"""Classes by their names: nothing has to be imported to find out that a thing is not a figure."""

from __future__ import annotations


def class_names(value: object) -> tuple[str, ...]:
    """Return "package.Class" for the class of a value and for each of its base classes."""
    # Only the package counts, because libraries move classes between their modules: pandas 3 renamed
    # pandas.core.frame.DataFrame to pandas.DataFrame (https://pandas.pydata.org/docs/whatsnew/v3.0.0.html).
    return tuple(f"{cls.__module__.partition('.')[0]}.{cls.__qualname__}" for cls in type(value).__mro__)


def is_a(value: object, name: str) -> bool:
    """Tell whether a value is an instance of "package.Class"."""
    return name in class_names(value)
