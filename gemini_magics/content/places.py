"""Where the picture of a figure shows which Axes, and which data lie at a place of it.

Everything is taken down while the picture is drawn, since a figure may be changed or drawn again before an
answer points at it. Nothing here imports matplotlib: the figure has done so.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from math import floor, hypot, inf, isfinite, log10
from typing import TYPE_CHECKING, Any

from ..core.places import Box, Spot
from .class_names import class_names, is_a

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GRID = 1000  # answers count a picture's width and height in so many parts
MOST_POINTS = 100_000  # of a line or collection that are looked at to tell twin Axes apart
OUTSIDE = "outside of the Axes: pixels only"

Read = Callable[[float], Any]


@dataclass(frozen=True)
class AxesPlace:
    """Axes as they stood in a picture. Pixels are counted from the left and from below.

    Attributes:
        axes: a weak reference to the Axes.
        index: their place in the figure, None for an inset.
        box: left, bottom, right and top in pixels.
        transform: from data to pixels; None where that is not a map of two separate axes (3-D, polar).
        reads: turn a number on the x and on the y axis into what was plotted: a date, a category.
        images: extent, shape and origin of each image in them.
        above: orders what lies above each other.
    """

    axes: weakref.ref[Any]
    index: int | None
    title: str
    kind: str
    box: tuple[float, float, float, float]
    transform: Any
    limits: tuple[float, ...]
    reads: tuple[Read, Read]
    images: tuple[tuple[tuple[float, ...], tuple[int, ...], str], ...]
    above: tuple[float, ...]

    def holds(self, x: float, y: float, margin_x: float = 0, margin_y: float = 0) -> bool:
        """Tell whether a pixel lies in the Axes, or beside them by no more than a margin."""
        left, bottom, right, top = self.box
        return left - margin_x <= x <= right + margin_x and bottom - margin_y <= y <= top + margin_y


@dataclass
class FigurePlaces:
    """The Axes in the picture of a figure: the `Ground` of that picture. A pickle of it is None."""

    width: float = 0
    height: float = 0
    axes: list[AxesPlace] = field(default_factory=list)

    @property
    def pages(self) -> int:
        """A figure has none."""
        return 0

    def spot(self, box: Box, page: int | None = None) -> Spot:
        """Return the Axes and the data at a part of the picture."""
        left, right = (each * self.width for each in (box.left, box.right))
        top, bottom = ((1 - each) * self.height for each in (box.top, box.bottom))
        x, y = (left + right) / 2, (top + bottom) / 2
        found = self._axes_at(x, y)
        if found is None:
            return Spot(note=OUTSIDE)
        about: dict[str, Any] = {
            "axes": found.axes,
            "axes_index": found.index,
            "axes_title": found.title,
            "limits": found.limits,
            "inside": _inside(found.box, x, y),
        }
        if found.transform is None:
            return Spot(**about, note=f"{found.kind} Axes: pixels only")
        step = self.width / GRID, self.height / GRID
        return _with_data(found, about, (left, bottom, right, top), step)

    def _axes_at(self, x: float, y: float) -> AxesPlace | None:
        """Return the Axes on top at a pixel; of several at one place those whose data come nearest."""
        there = [each for each in self.axes if each.holds(x, y)]
        if not there:  # a place is told to half a part of the grid only
            margins = self.width / GRID, self.height / GRID
            there = [each for each in self.axes if each.holds(x, y, *margins)]
        if not there:
            return None
        top = max(there, key=lambda each: each.above)
        same = [each for each in there if _same_box(each.box, top.box)]
        return min(same, key=lambda each: _distance(each, x, y)) if len(same) > 1 else top

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()


@contextmanager
def recorded(figure: Figure) -> Iterator[FigurePlaces]:
    """Take down where the Axes of a figure stand in the picture that is drawn last.

    matplotlib draws a figure several times to measure it, and moves it into the part that is kept only for
    the last: https://matplotlib.org/stable/users/explain/figure/event_handling.html
    """
    places = FigurePlaces()

    def take_down(event: Any) -> None:
        places.width, places.height = event.renderer.width, event.renderer.height
        places.axes = list(_all_axes(figure))

    connection = figure.canvas.mpl_connect("draw_event", take_down)
    try:
        yield places
    finally:
        figure.canvas.mpl_disconnect(connection)


def _all_axes(figure: Figure) -> Iterator[AxesPlace]:
    for index, axes in enumerate(figure.axes):
        if axes.get_visible():
            yield _taken_down(axes, index, (0.0, axes.zorder, float(index)))
            for order, inset in enumerate(axes.child_axes):
                if inset.get_visible() and is_a(inset, "matplotlib.Axes"):  # a secondary axis holds no data
                    yield _taken_down(inset, None, (1.0, inset.zorder, float(order)))


def _taken_down(axes: Any, index: int | None, above: tuple[float, ...]) -> AxesPlace:
    flat = axes.name == "rectilinear"
    return AxesPlace(
        axes=weakref.ref(axes),
        index=index,
        title=axes.get_title() or axes.get_title("left") or axes.get_title("right"),
        kind="3-D" if axes.name == "3d" else axes.name,
        box=tuple(axes.bbox.extents.tolist()),
        transform=axes.transData.frozen() if flat else None,
        limits=(*axes.get_xlim(), *axes.get_ylim()) if flat else (),
        reads=(_reader(axes.xaxis), _reader(axes.yaxis)),
        images=tuple(
            (tuple(image.get_extent()), tuple(image.get_array().shape), image.origin)
            for image in axes.images
            if image.get_array() is not None
        ),
        above=above,
    )


def _number(value: float) -> float:
    return value


def _reader(axis: Any) -> Read:
    """Return what turns a number on an axis into what was plotted there."""
    if (frequency := getattr(axis, "freq", None)) is not None:  # pandas counts the periods of a time series
        return lambda value: _time_in_period(value, frequency)
    converter = axis.get_converter() if hasattr(axis, "get_converter") else axis.converter
    if converter is None:
        return _number
    names, units = set(class_names(converter)), axis.get_units()
    if names & {"matplotlib.DateConverter", "matplotlib._SwitchableDateConverter"}:
        return lambda value: _date(value, units)
    if "matplotlib.StrCategoryConverter" in names:
        # https://matplotlib.org/stable/api/category_api.html keeps the mapping in an attribute of its own
        categories = {number: name for name, number in getattr(units, "_mapping", {}).items()}
        return lambda value: categories.get(round(value), value)
    if any(name.startswith(("pint.", "astropy.")) for name in class_names(units)):
        return lambda value: value * units
    return _number


def _date(value: float, zone: Any) -> datetime | float:
    from matplotlib import dates

    try:
        when: datetime = dates.num2date(value, zone if isinstance(zone, tzinfo) else None)  # type: ignore[no-untyped-call,unused-ignore]
    except (ValueError, OverflowError):  # before the year 1 or after 9999
        return value
    return when if isinstance(zone, tzinfo) else when.replace(tzinfo=None)


def _time_in_period(value: float, frequency: Any) -> Any:
    from pandas import Period

    period = Period(ordinal=floor(value), freq=frequency)
    begin = period.start_time
    return begin + ((period + 1).start_time - begin) * (value - floor(value))


def _inside(box: tuple[float, ...], x: float, y: float) -> tuple[float, float]:
    left, bottom, right, top = box
    return (x - left) / max(right - left, 1e-9), (y - bottom) / max(top - bottom, 1e-9)


def _with_data(
    place: AxesPlace, about: dict[str, Any], box: tuple[float, ...], step: tuple[float, float]
) -> Spot:
    """Return the data at a box of pixels; `step` is a part of the grid in pixels."""
    left, bottom, right, top = box
    x, y = (left + right) / 2, (bottom + top) / 2
    asked = [(x, y), (left, bottom), (right, top), (x + step[0], y + step[1])]
    try:
        numbers = place.transform.inverted().transform(asked).tolist()
    except Exception:  # noqa: BLE001 - people bring scales of their own, and numpy's errors
        numbers = [(inf, inf)]
    if not all(isfinite(each) for pair in numbers for each in pair):
        return Spot(**about, note="its scale cannot be turned back: pixels only")
    (x, y), one, other, near = numbers
    x_range, y_range = sorted((one[0], other[0])), sorted((one[1], other[1]))
    read_x, read_y = place.reads
    is_box = left < right or bottom < top
    row, column = _pixel_of_image(place, x, y)
    read = read_x(x), read_y(y)
    across, along = abs(near[0] - x), abs(near[1] - y)
    return Spot(
        x=read[0],
        y=read[1],
        x_range=(read_x(x_range[0]), read_x(x_range[1])) if is_box else None,
        y_range=(read_y(y_range[0]), read_y(y_range[1])) if is_box else None,
        numbers=(x_range[0], y_range[0], x_range[1], y_range[1]),
        text=f"x = {_range(read_x, x_range, across)}, y = {_range(read_y, y_range, along)}",
        row=row,
        column=column,
        **about,
    )


def _pixel_of_image(place: AxesPlace, x: float, y: float) -> tuple[int | None, int | None]:
    """Return row and column of the array of `imshow` at a place in data coordinates."""
    for extent, shape, origin in reversed(place.images):
        left, right, bottom, top = extent
        if not (left != right and bottom != top and len(shape) >= 2):
            continue
        across, up = (x - left) / (right - left), (y - bottom) / (top - bottom)
        if 0 <= across <= 1 and 0 <= up <= 1:
            rows, columns = shape[:2]
            down = up if origin == "lower" else 1 - up
            return min(int(down * rows), rows - 1), min(int(across * columns), columns - 1)
    return None, None


def _range(read: Read, numbers: list[float], step: float) -> str:
    """Write both ends of a coordinate, or one where they look the same."""
    ends = dict.fromkeys(written(read(number), number, step) for number in numbers)
    return " to ".join(ends)


def written(value: Any, number: float, step: float) -> str:
    """Write a coordinate with as many digits as the grid can tell.

    Args:
        value: what was plotted there.
        number: its number on the axis.
        step: one part of the grid as a number on the axis.
    """
    if isinstance(value, datetime):
        return value.strftime(
            "%Y-%m-%d" if step >= 0.5 else "%Y-%m-%d %H:%M" if step >= 0.0005 else "%Y-%m-%d %H:%M:%S"
        )
    if isinstance(value, (int, float)):
        return rounded(float(value), step)
    units = getattr(value, "units", None) or getattr(value, "unit", None)
    return f"{rounded(number, step)} {units}" if units is not None else str(value)


def rounded(value: float, step: float) -> str:
    """Write the digits of a number that are larger than a step; at least 2, at most 15."""
    if not value or not step or not isfinite(value / step):
        return f"{value:.3g}"
    digits = min(max(floor(log10(abs(value) / step)) + 1, 2), 15)
    return f"{float(f'{value:.{digits}g}'):.15g}"  # 300, and not 3e+02


def _same_box(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(abs(a - b) < 1 for a, b in zip(one, other, strict=True))


def _distance(place: AxesPlace, x: float, y: float) -> float:
    """Return how near, in pixels, something that is plotted in live Axes comes to a pixel."""
    axes = place.axes()
    if axes is None or place.transform is None:
        return inf
    return min((_to_points(place, points, x, y) for points in _plotted(axes)), default=inf)


def _plotted(axes: Axes) -> Iterator[Any]:
    """Yield the points of each line, collection and bar in data coordinates."""
    for line in axes.lines:
        # Some are placed in parts of the Axes, as by `axhline`, and are not data.
        if line.get_transform() == axes.transData:
            yield line.get_xydata()
    for collection in axes.collections:
        if collection.get_offset_transform() == axes.transData:
            yield collection.get_offsets()
    bars: list[Any] = [patch for patch in axes.patches if is_a(patch, "matplotlib.Rectangle")]
    for bar in bars:
        yield bar.get_corners()[[0, 1, 2, 3, 0]]


def _to_points(place: AxesPlace, points: Any, x: float, y: float) -> float:
    import numpy

    pixels = numpy.ma.filled(place.transform.transform(points[:MOST_POINTS]), numpy.nan)
    pixels = pixels[numpy.isfinite(pixels).all(axis=1)] - (x, y)
    if not len(pixels):
        return inf
    if len(pixels) == 1:
        return hypot(*pixels[0])
    begins, ways = pixels[:-1], numpy.diff(pixels, axis=0)
    lengths = (ways**2).sum(axis=1)
    along = numpy.clip(-(begins * ways).sum(axis=1) / numpy.where(lengths > 0, lengths, 1), 0, 1)
    return float(numpy.hypot(*(begins + along[:, None] * ways).T).min())
