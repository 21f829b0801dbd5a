"""Marks: the places in pictures at which an answer points."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from .errors import needed
from .messages import Attachment
from .places import Box, Spot
from .text import Brief, one_line

if TYPE_CHECKING:
    from pandas import DataFrame

LABEL_CHARS = 80
TITLE_CHARS = 60
COLUMNS = ("mark", "attachment", "label", "x", "y", "x0", "x1", "y0", "y1", "axes", "title", "page", "note")


@dataclass(frozen=True, repr=False, eq=False)
class Mark(Brief):
    """One place in a picture.

    Attributes:
        number: what the answer calls it, counted from 1.
        attachment: the attachment whose picture it is in.
        label: the words of the model for it, at most 80 characters.
        box: the place in parts of the picture's width and height; a point has no size.
        is_box: True for a box, False for a point.
        page: the page of a document, counted from 1.
        pixels: x and y in the picture that was sent, or for a box its left, top, right and bottom.
        spot: where that lies in the figure, the original picture or the page.
    """

    number: int
    attachment: Attachment
    label: str
    box: Box
    is_box: bool
    page: int | None
    pixels: tuple[float, ...] | None
    spot: Spot

    @property
    def x(self) -> Any:
        """The coordinate of the point, or of the middle of the box; None where there is none."""
        return self.spot.x

    @property
    def y(self) -> Any:
        """The same on the y axis, which counts as the thing in the picture does: upwards or downwards."""
        return self.spot.y

    @property
    def x0(self) -> Any:
        """The smaller x of a box; None for a point."""
        return self.spot.x_range[0] if self.spot.x_range else None

    @property
    def x1(self) -> Any:
        """The larger x of a box."""
        return self.spot.x_range[1] if self.spot.x_range else None

    @property
    def y0(self) -> Any:
        """The smaller y of a box."""
        return self.spot.y_range[0] if self.spot.y_range else None

    @property
    def y1(self) -> Any:
        """The larger y of a box."""
        return self.spot.y_range[1] if self.spot.y_range else None

    @property
    def axes(self) -> Any:
        """The live Axes of matplotlib; None where there are none, or they are gone."""
        axes = self.spot.axes() if self.spot.axes else None
        return axes if axes is not None and _in_figure(axes) else None

    @property
    def axes_index(self) -> int | None:
        """The place of the Axes in `figure.axes`; None for an inset, and where there are no Axes."""
        return self.spot.axes_index

    @property
    def axes_title(self) -> str:
        """The title of the Axes."""
        return self.spot.axes_title

    @property
    def row(self) -> int | None:
        """The row of the array or image there, counted from 0; None where there is none."""
        return self.spot.row

    @property
    def column(self) -> int | None:
        """The column of the array or image there."""
        return self.spot.column

    @property
    def note(self) -> str:
        """Why it has no coordinates; "" where it has them."""
        return self.spot.note

    @property
    def place(self) -> str:
        """Where it is, for people: "x = 7.3, y = 40 in Axes 1 “Residuals”"."""
        index, title = self.axes_index, one_line(self.axes_title, TITLE_CHARS)
        axes = "" if index is None and not title else "an inset" if index is None else f"Axes {index}"
        named = " ".join(filter(None, (axes, f"“{title}”" if title else "")))
        page = f"page {self.page}" if self.page else ""
        where = " in ".join(filter(None, (self.spot.text, named)))
        return ", ".join(filter(None, (page, where or self._in_pixels(), self.note)))

    def _in_pixels(self) -> str:
        return f"pixel {', '.join(f'{each:.0f}' for each in self.pixels)}" if self.pixels else ""

    def __getstate__(self) -> dict[str, Any]:
        """Drop the live Axes, which a file cannot hold."""
        return {**self.__dict__, "spot": replace(self.spot, axes=None)}

    def __repr__(self) -> str:
        return f"<Mark {self.number}: {self.label or 'without a label'}, {self.place}>"


def _in_figure(axes: Any) -> bool:
    """Tell whether Axes still belong to their figure: `figure.clear()` and `axes.remove()` end that."""
    figure = axes.figure
    while figure is not None and figure.figure is not figure:  # subfigures stand in a figure
        figure = figure.figure
    return figure is not None and any(axes is each or axes in each.child_axes for each in figure.axes)


class Removable(Protocol):
    """An artist on a figure."""

    def remove(self) -> object:
        """Take it off."""


class Marks(list[Mark]):
    """The marks of an answer, in its order.

    Attributes:
        dropped: a sentence for each mark that could not be read, and why.
        drawn: what `answer.draw()` has put on figures.
        html: the marks as HTML, once they were shown.
    """

    def __init__(self, marks: Iterable[Mark] = (), dropped: Iterable[str] = ()) -> None:
        super().__init__(marks)
        self.dropped: tuple[str, ...] = tuple(dropped)
        self.drawn: list[Removable] = []
        self.html: str = ""

    def frame(self) -> DataFrame:
        """Return the marks as a pandas DataFrame, one in a row.

        Raises:
            BadRequest: pandas is not installed.
        """
        with needed("pandas", "answer.marks.frame() makes a pandas DataFrame"):
            import pandas
        rows = [
            (each.number, each.attachment.name, each.label, each.x, each.y, each.x0, each.x1, each.y0, each.y1,
             each.axes_index, each.axes_title, each.page, each.note)
            for each in self
        ]  # fmt: skip
        return pandas.DataFrame(rows, columns=COLUMNS)

    def remove(self) -> None:  # type: ignore[override]  # no mark is ever taken out of the list
        """Take off the figures what `answer.draw()` has put on them."""
        for artist in self.drawn:
            with suppress(ValueError, NotImplementedError):  # the figure was cleared meanwhile
                artist.remove()
        self.drawn.clear()

    def __reduce__(self) -> tuple[Any, ...]:
        # Without `drawn`, because an artist would take its whole figure along.
        return Marks, (list(self), self.dropped)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "<no marks>"
