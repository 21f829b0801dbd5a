"""Places in a picture that was sent, and where they lie in the thing that the picture shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from .text import Brief


class Box(NamedTuple):
    """A part of a picture, in parts of its width and height from the left and the top; a point has no size."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of it, from the left and from the top."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True, repr=False)
class Spot(Brief):
    """Where a part of a picture lies in the thing that it shows.

    Attributes:
        x: the coordinate of its middle as the thing has it: a number, date, category or quantity.
        y: likewise, upwards or downwards as the thing counts.
        x_range: the smaller and the larger x of a box.
        y_range: likewise.
        numbers: x0, y0, x1 and y1 of a box as plain numbers, as matplotlib counts dates and categories.
        text: the coordinates for people, with as many digits as a picture can show.
        axes: returns the live Axes, or None where they are gone.
        axes_index: the place of the Axes in their figure, None where there are none or they are an inset.
        axes_title: the title of the Axes.
        limits: the limits of the Axes at that time, x first.
        inside: the middle in parts of the Axes' width and height, from the left and from below.
        row: the row of the array that is shown there, counted from 0.
        column: its column.
        note: why there are no coordinates.
    """

    x: Any = None
    y: Any = None
    x_range: tuple[Any, Any] | None = None
    y_range: tuple[Any, Any] | None = None
    numbers: tuple[float, float, float, float] | None = None
    text: str = ""
    axes: Callable[[], Any] | None = None
    axes_index: int | None = None
    axes_title: str = ""
    limits: tuple[float, ...] = ()
    inside: tuple[float, float] | None = None
    row: int | None = None
    column: int | None = None
    note: str = ""


class Ground(Protocol):
    """The thing that a picture shows, as it was when the picture was made."""

    @property
    def pages(self) -> int:
        """How many pages a document has; 0 where they cannot be counted, and for all else."""

    def spot(self, box: Box, page: int | None) -> Spot:
        """Return where a part of the picture lies; `page` is counted from 1, for documents."""
