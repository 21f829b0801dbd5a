"""A part of a figure, for a question about small things: the figure with a frame, and the part drawn large."""

from __future__ import annotations

import io
import re
from collections import ChainMap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from ..core.errors import BadRequest, CannotAttach
from ..core.messages import Attachment, Media
from ..core.pictures import open_picture
from ..core.places import Box, Spot
from ..core.settings import Settings
from ..core.text import quoted
from . import figures
from .class_names import is_a
from .files import text
from .images import picture
from .namespace import Namespace
from .places import FigurePlaces, rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

INK, LINE_PX = "#d6004f", 3
PART_PX = 1_000  # the longer side of a part that is cut out of a picture
_CALL = re.compile(r"(?<![\w.])region\(")

Limits = tuple[Any, Any]


@dataclass(frozen=True, repr=False)
class Region:
    """A part of Axes, between two places on x and two on y; None is all of that axis."""

    axes: Any
    x: Limits | None
    y: Limits | None

    def __repr__(self) -> str:
        return f"region({self.axes!r}, x={self.x!r}, y={self.y!r})"


def region(ax: Axes, x: Limits | None = None, y: Limits | None = None) -> Region:
    """Name a part of Axes in a question: the figure is sent with it marked, and the part again at full size.

        %%gemini region(ax, x=(6, 9))
        What is the small peak?

    Args:
        ax: Axes of matplotlib, or a figure with one.
        x: where the part begins and ends, as the axis counts: numbers, dates, categories.
        y: likewise.

    Raises:
        BadRequest: it names no part of any Axes.
    """
    axes: Any = ax
    if is_a(axes, "matplotlib.FigureBase") and len(axes.axes) == 1:
        axes = axes.axes[0]
    if not is_a(axes, "matplotlib._AxesBase"):
        raise BadRequest(
            f"region takes Axes of matplotlib, not {type(ax).__name__}: write region(ax, x=(6, 9))."
        )
    if axes.name != "rectilinear":
        raise BadRequest("region takes Axes with x and y that lie square to each other: name the Axes instead.")
    if x is None and y is None:
        raise BadRequest("region needs the part: write region(ax, x=(6, 9)), or y=, or both.")
    return Region(axes, _limits(x, "x"), _limits(y, "y"))


def attached(value: Region, name: str, settings: Settings) -> list[Attachment]:
    """Return the limits of the part in words, the figure with the part marked, and the part drawn again.

    The figure is left as it was.

    Raises:
        CannotAttach: the Axes belong to no figure any more, or the part has no size.
    """
    axes = value.axes
    if axes.figure is None:
        raise CannotAttach(f"{name} belongs to no figure any more: plot it again.")
    x = _numbers(value.x, axes.convert_xunits, axes.get_xlim(), name)
    y = _numbers(value.y, axes.convert_yunits, axes.get_ylim(), name)
    whole = figures.plotted([axes.figure], f"the figure of {name}", settings)
    marked = _marked(whole, axes, (x, y), settings)
    with _limited_to(axes, x, y):
        part = figures.plotted([axes], f"the part {name}", settings, enlarged=True)
    words = (
        f"A part of a figure. The first picture shows with a frame where it is; the second is that part drawn "
        f"again, larger: x from {_ends(value.x, x)}, y from {_ends(value.y, y)}."
    )
    return [text(words, f"limits of {name}"), marked, part]


def part_of(attachment: Attachment, box: Box, settings: Settings) -> list[Attachment]:
    """Return a part of a picture as `region` does: its limits, the picture with a frame, and the part.

    A part of live Axes is drawn again; of other pictures the part is cut out and made larger.

    Args:
        box: the part, in parts of the picture's width and height.

    Raises:
        CannotAttach: it is not a picture that can be opened here.
    """
    media, name = attachment.content, f"part of {attachment.name}"
    if not isinstance(media, Media) or not media.data or not media.type.startswith("image/"):
        raise CannotAttach(
            f"{attachment.name} is not a picture of which a part can be taken: name a PNG, JPEG or WebP."
        )
    spot = attachment.ground.spot(box, None) if attachment.ground else Spot()
    axes = spot.axes() if spot.axes else None
    if axes is not None and axes.figure is not None and spot.numbers:
        return attached(_region_at(axes, spot), name, settings)
    image = open_picture(media.data, attachment.name).convert("RGB")
    left, top, right, bottom = (round(edge * side) for edge, side in zip(box, image.size * 2, strict=True))
    edges = left, top, max(right, left + 1), max(bottom, top + 1)
    words = (
        "A part of a picture. The first picture shows with a frame where it is; the second is that part, "
        f"larger: x from {left} to {right} and y from {top} to {bottom} of {image.width} × {image.height} px."
    )
    part = image.crop(edges)
    enlarged = max(PART_PX / max(part.size), 1)
    part = part.resize((max(round(part.width * enlarged), 1), max(round(part.height * enlarged), 1)))
    cut, note = picture(part, name, settings)
    framed = _framed(image, edges, attachment, settings)
    return [text(words, f"limits of {name}"), framed, Attachment(name, attachment.kind, cut, note)]


def _region_at(axes: Any, spot: Spot) -> Region:
    """Return the part of Axes at a place, within their limits."""
    x0, y0, x1, y1 = spot.numbers or (0, 0, 0, 0)
    limits = []
    for ends, read, shown in (
        ((x0, x1), spot.x_range, axes.get_xlim()),
        ((y0, y1), spot.y_range, axes.get_ylim()),
    ):
        within: Any = tuple(_within(end, min(shown), max(shown)) for end in ends)
        limits.append(read if read and within == ends and isinstance(read[0], datetime) else within)
    return Region(axes, *limits)


def _limits(limits: object, axis: str) -> Limits | None:
    if limits is None:
        return None
    try:
        first, last = cast("Iterable[Any]", limits)
    except (TypeError, ValueError):
        raise BadRequest(f"{axis} takes two places, as in {axis}=(6, 9), not {quoted(limits)}.") from None
    return first, last


def _numbers(limits: Limits | None, convert: Any, all_of_it: Limits, name: str) -> tuple[float, float]:
    """Return limits as the axis counts them, in its direction."""
    if limits is None:
        return all_of_it
    try:
        first, last = sorted(float(convert(each)) for each in limits)
    except (TypeError, ValueError, KeyError):
        raise CannotAttach(
            f"{name} has limits that its axis does not know, {quoted(limits)}: give them as it counts, in "
            "numbers, dates or categories."
        ) from None
    if not (isfinite(first) and isfinite(last) and first < last):
        raise CannotAttach(f"{name} has no size: give two different places.")
    return (last, first) if all_of_it[0] > all_of_it[1] else (first, last)


def _ends(given: Limits | None, numbers: tuple[float, float]) -> str:
    step = abs(numbers[1] - numbers[0]) / 1000
    shown = (rounded(each, step) if isinstance(each, float) else str(each) for each in given or numbers)
    return " to ".join(shown)


def _marked(whole: Attachment, axes: Axes, part: tuple[Limits, Limits], settings: Settings) -> Attachment:
    """Paint a frame around a part onto the picture of its figure; the figure itself is not touched."""
    places, media = whole.ground, whole.content
    if not isinstance(places, FigurePlaces) or not isinstance(media, Media):
        return whole
    place = next((each for each in places.axes if each.axes() is axes), None)
    if place is None or place.transform is None:  # the Axes are not visible
        return whole
    # A picture with a palette may lack the colour of the frame.
    image = open_picture(media.data, whole.name).convert("RGB")
    (x0, x1), (y0, y1) = part
    corners = place.transform.transform([(x0, y0), (x1, y1)])
    across, down = image.width / places.width, image.height / places.height
    xs = sorted(_within(x, place.box[0], place.box[2]) * across for x in corners[:, 0])
    ys = sorted((places.height - _within(y, place.box[1], place.box[3])) * down for y in corners[:, 1])
    return _framed(image, (xs[0], ys[0], xs[1], ys[1]), whole, settings)


def _framed(image: Image, edges: tuple[float, ...], whole: Attachment, settings: Settings) -> Attachment:
    """Return a picture with a frame around a part; it stays the picture of the same thing."""
    from PIL import ImageDraw

    ImageDraw.Draw(image).rectangle(edges, outline=INK, width=LINE_PX)
    file = io.BytesIO()
    image.save(file, "PNG")
    painted, note = picture(file.getvalue(), whole.name, settings)
    return Attachment(whole.name, whole.kind, painted, note, ground=whole.ground)


def _within(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)


@contextmanager
def _limited_to(axes: Any, x: Limits, y: Limits) -> Iterator[None]:
    """Show a part of Axes for a while, and the same part of the Axes at their place (`twinx`)."""
    corners = axes.transData.transform([(x[0], y[0]), (x[1], y[1])])
    others = [each for each in axes.figure.axes if each is not axes and _same_place(each, axes)]
    before = [(each, each.get_xlim(), each.get_ylim()) for each in (axes, *others)]
    then = [(each, *each.transData.inverted().transform(corners).T.tolist()) for each in others]
    try:
        _limit([*then, (axes, x, y)])
        yield
    finally:
        _limit(before)
        axes.apply_aspect()


def _same_place(one: Any, other: Any) -> bool:
    bounds = [each.get_position(True).bounds for each in (one, other)]
    return bool(one.name == other.name and bounds[0] == bounds[1])


def _limit(limits: Any) -> None:
    for axes, x, y in limits:
        # Nobody is told (`emit`), or Axes that share an axis elsewhere would move along.
        axes.set_xlim(*x, emit=False, auto=None)
        axes.set_ylim(*y, emit=False, auto=None)


def with_region(expression: str, namespace: Namespace) -> Namespace:
    """Add `gemini_magics.region` to the names where an expression calls it and no variable is called so."""
    if not _CALL.search(expression) or "region" in namespace:
        return namespace
    return Namespace(ChainMap({"region": region}, dict(namespace.names)), namespace.module)
