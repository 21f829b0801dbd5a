"""Matplotlib: figures, and whatever a plotting call returns that belongs to one.

Nothing here imports matplotlib before it is known that a thing comes from it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

from ..core.errors import CannotAttach
from ..core.messages import Attachment
from ..core.settings import Settings
from ..core.text import shorten
from .class_names import is_a
from .images import picture
from .places import recorded

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.transforms import Bbox

DPI = 144  # small labels stay legible, and an image costs the same whatever its pixels
MARGIN_IN = 0.1
CROP_MARGIN_IN = 0.04  # less, since the neighbours begin there
LABELS = 1.5  # Axes with their labels are wider than without by less than this
BEYOND = 0.5  # of a figure's width or height is drawn on each side, for legends and labels that stick out

_DEPTH = 3  # of collections in collections: `df.boxplot(return_type="both")` has three


def figure(value: Figure, name: str, settings: Settings) -> Attachment:
    """Draw a figure, whether pyplot knows it, has closed it, or never had it.

    Raises:
        CannotAttach: nothing is drawn in it.
    """
    return _drawn(value, name, settings)


def subfigure(value: SubFigure, name: str, settings: Settings) -> Attachment:
    """Draw the part of a figure that a subfigure takes."""
    root = _root(value)
    if root is None:
        raise CannotAttach(f"{name} belongs to no figure any more: plot it again.")
    return _drawn(root, name, settings, value)


def grid(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw what seaborn's figure-level functions return."""
    return _drawn(value.figure, name, settings)


def artist(value: Artist, name: str, settings: Settings) -> Attachment:
    """Draw the Axes, or the line, bars or image with the Axes that it stands in."""
    return plotted([value], name, settings)


def plotted(artists: list[Artist], name: str, settings: Settings, *, enlarged: bool = False) -> Attachment:
    """Draw what belongs to one figure: the whole of it, or the part with the Axes that are meant.

    An Axes takes its colour bar and its twins along.

    Args:
        enlarged: draws the part as large as the whole figure would be.

    Raises:
        CannotAttach: the artists belong to no figure any more, or to several.
    """
    found = [_root(item) for item in artists]
    figures = list({id(item): item for item in found if item is not None}.values())
    if not figures:
        raise CannotAttach(f"{name} belongs to no figure any more: plot it again.")
    if len(figures) > 1:
        raise CannotAttach(
            f"{name} holds {len(figures)} figures: name each of them, as in {name}[0] {name}[1]."
        )
    meant = [_axes(item) for item in artists]
    axes = [item for item in meant if item is not None]
    if len(axes) < len(meant):  # the figure itself is among them, or something that stands beside its Axes
        return _drawn(figures[0], name, settings)
    return _drawn(figures[0], name, settings, axes, enlarged=enlarged)


def artists_in(value: Any, depth: int = _DEPTH) -> list[Artist]:
    """Find the artists in what a plotting call returned: a list, array, Series or dict, maybe nested."""
    if is_a(value, "matplotlib.Artist"):
        return [value]
    if not depth:
        return []
    some = islice(_items(value), 10**depth)  # so that long lists of numbers are not walked through
    return [found for item in some for found in artists_in(item, depth - 1)]


def _items(value: Any) -> Iterator[object]:
    if isinstance(value, Mapping):
        return iter(value.values())
    if isinstance(value, (list, tuple)):
        return iter(value)
    if is_a(value, "numpy.ndarray") and value.dtype == object:
        return iter(value.flat)
    if is_a(value, "pandas.Series") and value.dtype == object:
        return iter(value)
    if type(value).__module__.startswith("matplotlib."):  # `pie` and `streamplot` keep theirs as attributes
        return iter(vars(value).values())
    return iter(())


def _root(item: Any) -> Figure | None:
    """Return the figure at the bottom of everything: subfigures stand in a figure."""
    holder = item.figure
    while holder is not None and holder.figure is not holder:
        holder = holder.figure
    return holder


def _axes(item: Any) -> Axes | None:
    """Return the Axes that an artist stands in; None for a figure, and for what stands beside its Axes."""
    return None if is_a(item, "matplotlib.FigureBase") else item.axes


def _drawn(
    figure: Figure,
    name: str,
    settings: Settings,
    meant: list[Axes] | SubFigure | None = None,
    *,
    enlarged: bool = False,
) -> Attachment:
    """Draw a figure as PNG, cropped to what is drawn, or to what is meant and its company."""
    whole = figure if meant is None or isinstance(meant, list) else meant
    if not _has_content(whole):
        raise CannotAttach(
            f"{name} is a figure in which nothing is drawn. plt.show() closes a figure, and plt.gcf() then "
            "makes an empty one: name the figure that plt.subplots() returned, or the Axes."
        )
    file = io.BytesIO()
    dpi, scaled = _dpi(figure, settings)
    with _left_as_it_is(figure), _at_most(dpi, figure):
        figure.draw_without_rendering()  # a layout engine moves Axes only when something is drawn
        part: list[Any] = []
        if isinstance(meant, list):
            part = _with_company(meant, figure)
        elif meant is not None:
            part = [meant]
        if enlarged and isinstance(meant, list):
            dpi *= _enlargement(part or meant, figure, dpi, settings)
        bounds = _bounds(figure)
        far = _far_outside(part or [figure], bounds)
        # The whole figure "tight" is left to matplotlib, which measures it again at the other resolution.
        unseen = (item for item in far if not (_extent(item) or bounds).overlaps(bounds))
        with _hidden(unseen), recorded(figure) as places:
            figure.savefig(
                file,
                format="png",
                dpi=dpi,
                bbox_inches=_box(figure, part, bounds) if part or far else "tight",
                pad_inches=MARGIN_IN,
                facecolor="auto",  # its own; a transparent one gets a ground as every picture does
                transparent=False,
                metadata={"Software": None},  # so that the same picture has the same hash
            )
    media, note = picture(file.getvalue(), name, settings)
    crop = f"{len(part)} of {len(figure.axes)} Axes" if isinstance(meant, list) and part else ""
    shown = meant.axes if meant is not None and not isinstance(meant, list) else part or figure.axes
    empty = "" if _has_data(shown) or not shown else "its Axes are empty"
    notes = (crop, scaled, _left_out(far), empty, note)
    return Attachment(name, "figure", media, ", ".join(filter(None, notes)), ground=places)


def _has_content(figure: Any) -> bool:
    """Tell whether anything stands in a figure or in its subfigures: Axes, texts, images, lines."""
    own = (
        figure.axes,
        figure.texts,
        figure.images,
        figure.lines,
        figure.patches,
        figure.legends,
        figure.artists,
    )
    # The title of all (`suptitle`) is among the texts.
    return any(own) or any(_has_content(part) for part in figure.subfigs)


def _has_data(axes: Sequence[Any]) -> bool:
    """Tell whether anything is plotted or written in one of several Axes, or in those inside of them."""
    return any(
        each.has_data()
        or each.texts
        or each.artists
        or each.tables
        or each.get_title()
        or _has_data(each.child_axes)
        for each in axes
    )


def _dpi(figure: Figure, settings: Settings) -> tuple[float, str]:
    """Return the dots per inch to draw at, and a note where they are fewer than the figure's own."""
    width_in, height_in = figure.get_size_inches()
    dpi = min(max(figure.dpi, DPI), settings.image_side_px / max(width_in, height_in, 1))
    if dpi >= figure.dpi:
        return dpi, ""
    return dpi, f"scaled to {dpi:.3g} dots per inch, since it is {width_in:g} × {height_in:g} inches"


def _enlargement(axes: list[Axes], figure: Figure, dpi: float, settings: Settings) -> float:
    """Return by how much Axes can grow to be as large as their figure, within the limit of pictures."""
    from matplotlib.transforms import Bbox

    taken = Bbox.union([each.bbox for each in axes])
    wanted = min(figure.bbox.width / max(taken.width, 1), figure.bbox.height / max(taken.height, 1))
    side_px = max(taken.width, taken.height, 1) / figure.dpi * dpi
    return max(min(wanted, settings.image_side_px / side_px / LABELS), 1)


def _with_company(meant: list[Axes], figure: Figure) -> list[Axes]:
    """Add the colour bars of some Axes, and the Axes at their place (`twinx`); [] if that is all of them."""
    if len(meant) == len(figure.axes):
        return []
    places = [_place(axes) for axes in meant]
    chosen = [
        axes
        for axes in figure.axes
        if axes in meant or _place(axes) in places or _is_colour_bar_of(axes, meant)
    ]
    return chosen if len(chosen) < len(figure.axes) else []


def _is_colour_bar_of(bar: Any, meant: list[Axes]) -> bool:
    """Tell whether Axes hold a colour bar that belongs to others, or is shared by them.

    matplotlib keeps this in private attributes alone: `Axes._colorbar` is the bar, `_colorbar_info["parents"]`
    the Axes that made room for it. A norm that several pictures share has one bar for them all.
    """
    colour_bar = getattr(bar, "_colorbar", None)
    if colour_bar is None:
        return False
    mappables = [each for axes in meant for each in (*axes.images, *axes.collections)]
    parents = (getattr(bar, "_colorbar_info", None) or {}).get("parents", ())
    return (
        any(parent in meant for parent in parents)
        or colour_bar.mappable in mappables
        or any(colour_bar.norm is each.norm for each in mappables)
    )


def _place(axes: Axes) -> tuple[object, ...]:
    """Return where Axes stand: the bounds before an aspect shrinks them, in their figure or subfigure."""
    return (axes.figure, *axes.get_position(original=True).bounds)


@contextmanager
def _left_as_it_is(figure: Figure) -> Iterator[None]:
    """Keep a drawing for somebody else from counting as the figure's own: no GUI redraws, none is skipped."""
    stale, callback = figure.stale, figure.stale_callback
    figure.stale_callback = None
    try:
        yield
    finally:
        figure.stale = stale
        figure.stale_callback = callback


@contextmanager
def _at_most(dpi: float, figure: Figure) -> Iterator[None]:
    """Measure a figure at no more dots per inch than it is drawn at: 200 inches at 100 take 1.6 GB.

    Without its manager for the while, since that would resize a window or a widget.
    """
    own, manager = figure.dpi, figure.canvas.manager
    if dpi >= own:
        yield
        return
    figure.canvas.manager = None
    try:
        figure.dpi = dpi
        yield
    finally:
        figure.dpi = own
        figure.canvas.manager = manager


def _bounds(figure: Figure) -> Bbox:
    """Return what of a figure and around it is drawn at most, in its dots.

    This is settled before anything is drawn: a text at 50 on Axes of 0 to 1 would take gigabytes.
    """
    from matplotlib.transforms import Bbox

    box = figure.bbox
    wide, high = BEYOND * box.width, BEYOND * box.height
    return Bbox.from_extents(box.x0 - wide, box.y0 - high, box.x1 + wide, box.y1 + high)


def _far_outside(parts: list[Any], bounds: Bbox) -> list[Any]:
    """Find the texts and other artists that end outside of what is drawn at most."""
    axes = [each for part in parts for each in (part.axes if is_a(part, "matplotlib.FigureBase") else [part])]
    company = (
        item
        for each in axes
        for item in (*each.get_default_bbox_extra_artists(), each.title, each.xaxis, each.yaxis)
    )
    own = (item for part in parts if is_a(part, "matplotlib.FigureBase") for item in part.texts)
    return [
        item
        for item in (*company, *own)
        if (box := _extent(item)) is not None
        and (box.x0 < bounds.x0 or box.y0 < bounds.y0 or box.x1 > bounds.x1 or box.y1 > bounds.y1)
    ]


def _extent(item: Any) -> Bbox | None:
    """Return what an artist takes with its labels, in dots; None for what is not visible or has no place."""
    box = item.get_tightbbox()
    if box is None or not all(map(isfinite, box.extents)) or not (box.width or box.height):
        return None
    return box  # type: ignore[no-any-return]  # matplotlib is imported for types alone


@contextmanager
def _hidden(artists: Iterable[Any]) -> Iterator[None]:
    """Hide artists for a drawing: the glyphs of a text a million dots away cannot even be computed."""
    hidden = [item for item in artists if item.get_visible()]
    try:
        for item in hidden:
            item.set_visible(False)
        yield
    finally:
        for item in hidden:
            item.set_visible(True)


def _box(figure: Figure, part: list[Any], bounds: Bbox) -> Bbox:
    """Return the part of a figure to draw, in inches: some Axes with their labels, or all that is near."""
    from matplotlib.transforms import Bbox

    whole = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
    boxes = [box for item in part if (box := _extent(item)) is not None] if part else [whole]
    if not boxes:  # none of them is visible
        return figure.bbox_inches
    near = Bbox.intersection(Bbox.union(boxes), bounds) or figure.bbox
    return near.transformed(figure.dpi_scale_trans.inverted()).padded(CROP_MARGIN_IN if part else MARGIN_IN)


def _left_out(far: list[Any]) -> str:
    """Name what is drawn in part or not at all, since it lies too far outside."""
    if not far:
        return ""
    words = getattr(far[0], "get_text", None) or getattr(far[0], "get_label_text", None)
    first = (words() if words else "") or type(far[0]).__name__
    more = f" and {len(far) - 1} more" if len(far) > 1 else ""
    return f"without what lies far outside: {shorten(' '.join(first.split()), 40)!r}{more}"
