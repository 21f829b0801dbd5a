"""What a thing is, by the names of its classes: nothing is imported to find out that it is no figure."""

from __future__ import annotations

from collections.abc import Iterator


def class_names(value: object) -> Iterator[str]:
    """Yield "package.Class" for the class of a value and for each that it inherits from.

    Only the package is named, since libraries move their classes about inside: pandas.core.frame.DataFrame
    became pandas.DataFrame.
    """
    for cls in type(value).__mro__:
        yield f"{cls.__module__.partition('.')[0]}.{cls.__qualname__}"


def is_a(value: object, name: str) -> bool:
    """Tell whether a value is of the class "package.Class" or of one that inherits from it."""
    return name in class_names(value)
