"""Matplotlib: figures, and whatever a plotting call returns that belongs to one.

Nothing here imports matplotlib before it is known that a thing comes from it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..core.errors import CannotAttach
from ..core.messages import Attachment
from ..core.settings import Settings
from .kinds import is_a
from .media import picture

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

DPI = 144  # small labels stay legible, and an image costs the same whatever its pixels
MARGIN_IN = 0.1
CROP_MARGIN_IN = 0.04  # less, since the neighbours begin there

_DEPTH = 3  # of collections in collections: `df.boxplot(return_type="both")` has three


def figure(value: Figure, name: str, settings: Settings) -> Attachment:
    """Draw a figure, whether pyplot knows it, has closed it, or never had it."""
    return _drawn(value, name, settings)


def grid(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw what seaborn's figure-level functions return."""
    return _drawn(value.figure, name, settings)


def artist(value: Artist, name: str, settings: Settings) -> Attachment:
    """Draw the Axes, or the line, bars or image with the Axes that it stands in."""
    return plotted([value], name, settings)


def plotted(artists: list[Artist], name: str, settings: Settings) -> Attachment:
    """Draw what belongs to one figure: the whole of it, or the part with the Axes that are meant.

    An Axes takes its colour bar and its twins along.

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
    return _drawn(figures[0], name, settings, axes)


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


def _drawn(figure: Figure, name: str, settings: Settings, meant: list[Axes] | None = None) -> Attachment:
    """Draw a figure as PNG, cropped to what is drawn, or to the Axes that are meant and their company."""
    from matplotlib.colors import to_rgba

    file = io.BytesIO()
    longest_in = max(*figure.get_size_inches(), 1)
    with _left_as_it_is(figure):
        part = _with_company(meant, figure) if meant else []
        figure.savefig(
            file,
            format="png",
            dpi=min(max(figure.dpi, DPI), settings.image_side_px / longest_in),
            bbox_inches=_box(figure, part) if part else "tight",
            pad_inches=MARGIN_IN,
            # What is transparent here may stand on black there.
            facecolor="white" if to_rgba(figure.get_facecolor())[3] < 1 else "auto",
            transparent=False,
            metadata={"Software": None},  # so that the same picture has the same hash
        )
    media, note = picture(file.getvalue(), name, settings)
    crop = f"{len(part)} of {len(figure.axes)} Axes" if part else ""
    return Attachment(name, "figure", media, ", ".join(filter(None, (crop, note))))


def _with_company(meant: list[Axes], figure: Figure) -> list[Axes]:
    """Add the colour bars of some Axes, and the Axes at their place (`twinx`); [] if that is all of them."""
    if len(meant) == len(figure.axes):
        return []
    figure.draw_without_rendering()  # a layout engine moves Axes only when something is drawn
    places = [_place(axes) for axes in meant]
    bars = [
        mappable.colorbar.ax
        for axes in meant
        for mappable in (*axes.images, *axes.collections)
        if mappable.colorbar is not None
    ]
    chosen = [axes for axes in figure.axes if axes in meant or axes in bars or _place(axes) in places]
    return chosen if len(chosen) < len(figure.axes) else []


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


def _box(figure: Figure, axes: list[Axes]) -> Bbox:
    """Return the part of a figure that some Axes take with their labels, in inches."""
    from matplotlib.transforms import Bbox

    boxes = [box for item in axes if (box := item.get_tightbbox()) is not None]
    if not boxes:  # none of them is visible
        return figure.bbox_inches
    return Bbox.union(boxes).transformed(figure.dpi_scale_trans.inverted()).padded(CROP_MARGIN_IN)
