"""Sixty figures with a marker at a known place, and a model that points at it as Gemini does.

The marker is found in the picture that was sent, by its colour, and told in thousandths of height and width.
"""

import io
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image

from gemini_magics.testing import stream

RED = (255, 0, 0)
DAY = datetime(2026, 3, 1)


@dataclass
class Case:
    """A figure, what is attached of it, and the Axes and data of its marker."""

    name: str
    attached: Any
    axes: Any
    x: Any
    y: Any
    span: tuple[float, float] = (1, 1)  # of the axes, where data are not numbers: in days, categories, units
    numbers: Any = None  # turns a coordinate into a number
    only_pixels: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def mark(axes, x, y, **more):
    """Put the marker on Axes, and nothing else of its colour."""
    axes.plot([x], [y], "s", color="#ff0000", markersize=7, markeredgewidth=0, zorder=50, **more)


def centre_of(data):
    """Where the marker stands in a picture, in thousandths of its height and width, as whole numbers."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    pixels = np.asarray(image).astype(int)
    found = np.argwhere((np.abs(pixels - RED)).sum(axis=2) < 60)
    assert len(found), "the marker is not in the picture"
    top, left = found.min(axis=0)
    bottom, right = found.max(axis=0) + 1
    return round((top + bottom) / 2 / image.height * 1000), round((left + right) / 2 / image.width * 1000)


def pointing_at_the_marker(request):
    """Answer as a model that sees the marker."""
    (picture,) = [part for part in request.json["messages"][-1]["content"] if part["type"] == "image_url"]
    y, x = centre_of(b64decode(picture["image_url"]["url"].partition(",")[2]))
    return stream(
        f'It is here: [mark 1].\n```json\n[{{"mark": 1, "label": "marker", "point": [{y}, {x}]}}]\n```'
    )


def error_of(mark, case, answer):
    """How far a mark lies from the marker, in parts of the axis, beyond the rounding of the grid."""
    place = case.axes.transData.transform([mark.spot.numbers[:2]])[0]
    at = case.axes.convert_xunits(case.x), case.axes.convert_yunits(case.y)
    truth = case.axes.transData.transform([at])[0]
    box = case.axes.bbox
    return max(np.abs(place - truth) / (box.width, box.height) - _grid_of(case, answer))


def _grid_of(case, answer):
    """Half a part of the grid, in parts of the axes: a picture is told in thousandths."""
    ground = answer.pictures[0].ground
    place = next(each for each in ground.axes if each.axes() is case.axes)
    left, bottom, right, top = place.box
    return 0.5 / 1000 * ground.width / (right - left), 0.5 / 1000 * ground.height / (top - bottom)


def lines(rows=1, columns=1, **more):
    figure, axes = plt.subplots(rows, columns, squeeze=False, **more)
    for number, each in enumerate(axes.flat, 1):
        each.plot(np.linspace(0, 10, 50), number * 10 * np.sin(np.linspace(0, 9, 50)), color="C0")
    return figure, axes


def cases():
    """Make each case when it is asked for, since sixty open figures are many."""
    for some in (grids, scales, kinds, companies, parts, libraries, pixels):
        yield from some()


def grids():
    for rows, columns, place in (
        (1, 1, (0, 0)),
        (1, 2, (0, 1)),
        (2, 2, (1, 0)),
        (2, 3, (1, 2)),
        (3, 1, (2, 0)),
        (4, 4, (2, 1)),
    ):
        figure, axes = lines(rows, columns)
        mark(axes[place], 7.3, 4)
        yield Case(f"{rows} × {columns} subplots", figure, axes[place], 7.3, 4)
    for layout in ("tight", "constrained", "compressed"):
        figure, axes = lines(2, 2, layout=layout)
        axes[0, 1].set_title("a title of\nthree\nlines")
        axes[0, 1].set_ylabel("label")
        mark(axes[0, 1], 2.2, -6)
        yield Case(f"{layout} layout", figure, axes[0, 1], 2.2, -6)
    figure, axes = lines(1, 3, sharex=True, sharey=True, figsize=(12, 2))
    mark(axes[0, 2], 5, 20)
    yield Case("shared axes", figure, axes[0, 2], 5, 20)
    figure, axes = lines(dpi=300, figsize=(9, 6))
    mark(axes[0, 0], 1.25, -3.5)
    yield Case("300 dots per inch", figure, axes[0, 0], 1.25, -3.5)
    figure, axes = lines(1, 2, figsize=(30, 12))
    mark(axes[0, 1], 9, -15)
    yield Case("scaled down", figure, axes[0, 1], 9, -15)
    figure, axes = lines()
    axes[0, 0].text(1.4, 0.5, "far right", transform=axes[0, 0].transAxes)
    axes[0, 0].legend(["a"], loc="upper left", bbox_to_anchor=(1.02, 1))
    mark(axes[0, 0], 3.3, 3.3)
    yield Case("a legend outside", figure, axes[0, 0], 3.3, 3.3)
    figure = plt.figure()
    wide, small = figure.add_axes((0.1, 0.1, 0.85, 0.85)), figure.add_axes((0.55, 0.55, 0.3, 0.3))
    wide.plot([0, 10], [0, 10])
    small.plot([0, 1], [0, 1])
    mark(small, 0.4, 0.6)
    yield Case("Axes above Axes", figure, small, 0.4, 0.6)
    mosaic = plt.subplot_mosaic([["a", "a"], ["b", "c"]])
    for name, axes in mosaic[1].items():
        axes.plot([0, 5], [0, 1])
        axes.set_title(name)
    mark(mosaic[1]["c"], 1.5, 0.25)
    yield Case("a mosaic", mosaic[0], mosaic[1]["c"], 1.5, 0.25)


def scales():
    for name, x, y, change in (
        ("log x", 30, 4, {"xscale": "log", "xlim": (1, 1000)}),
        ("log y", 3, 300, {"yscale": "log", "ylim": (0.1, 1e4)}),
        ("log and log", 20, 0.05, {"xscale": "log", "yscale": "log", "xlim": (1, 1e3), "ylim": (1e-3, 10)}),
        ("symlog y", 3, -40, {"yscale": "symlog", "ylim": (-100, 100)}),
        ("symlog x", -7, 4, {"xscale": "symlog", "xlim": (-100, 100)}),
        ("logit y", 3, 0.9, {"yscale": "logit", "ylim": (0.01, 0.99)}),
        ("asinh y", 3, 30, {"yscale": "asinh", "ylim": (-100, 100)}),
        ("inverted x", 2, 4, {"xlim": (10, 0)}),
        ("inverted y", 2, 4, {"ylim": (20, -20)}),
        ("both inverted, log", 300, 4, {"xscale": "log", "xlim": (1e4, 1), "ylim": (10, 0)}),
        ("a narrow range far from 0", 20231.7, 1e9 + 3, {"xlim": (20231, 20232), "ylim": (1e9, 1e9 + 10)}),
        ("an equal aspect", 2, 4, {"xlim": (0, 10), "ylim": (0, 30), "aspect": "equal"}),
    ):
        figure, axes = plt.subplots()
        axes.plot([1, 2], [0.4, 0.6])
        axes.set(**change)
        mark(axes, x, y)
        axes.set(**change)
        yield Case(name, figure, axes, x, y)
    figure, axes = plt.subplots()
    axes.set_xscale("function", functions=(np.sqrt, np.square))
    axes.plot([0, 100], [0, 1])
    mark(axes, 36, 0.5)
    yield Case("a scale by functions", figure, axes, 36, 0.5)


def days(value):
    return (value - DAY).total_seconds() / 86400


def kinds():
    dates = [DAY + timedelta(days=day) for day in range(60)]
    figure, axes = plt.subplots()
    axes.plot(dates, range(60))
    mark(axes, dates[20], 33)
    yield Case("dates", figure, axes, dates[20], 33, span=(60, 60), numbers=days)
    figure, axes = plt.subplots()
    axes.plot(np.array(dates, "datetime64[s]"), range(60))
    mark(axes, np.datetime64("2026-03-11T12:00"), 10)
    yield Case("datetime64", figure, axes, datetime(2026, 3, 11, 12), 10, span=(60, 60), numbers=days)
    zone = timezone(timedelta(hours=5))
    figure, axes = plt.subplots()
    axes.plot([each.replace(tzinfo=zone) for each in dates], range(60))
    mark(axes, dates[40].replace(tzinfo=zone), 10)
    yield Case("dates in a time zone", figure, axes, dates[40].replace(tzinfo=zone), 10, span=(60, 60),
               numbers=lambda value: days(value.astimezone(zone).replace(tzinfo=None)))  # fmt: skip
    figure, axes = plt.subplots()
    axes.bar(["ant", "bee", "cat", "dog"], [3, 1, 4, 2], color="C0")
    mark(axes, "cat", 4)
    yield Case("categories", figure, axes, "cat", 4, span=(4, 4), numbers=["ant", "bee", "cat", "dog"].index)
    figure, axes = plt.subplots()
    axes.barh(["north", "south"], [3, 1], color="C0")
    mark(axes, 1, "south")
    yield Case("categories on y", figure, axes, 1, "south", span=(3, 2), more={"category": "y"})
    figure, axes = plt.subplots()
    axes.imshow(np.random.default_rng(3).random((30, 50)), cmap="gray")
    mark(axes, 31, 12)
    yield Case("imshow", figure, axes, 31, 12, more={"row": 12, "column": 31})
    figure, axes = plt.subplots()
    axes.imshow(
        np.random.default_rng(3).random((30, 50)),
        cmap="gray",
        origin="lower",
        extent=(0, 5, 10, 40),
        aspect="auto",
    )
    mark(axes, 1.25, 20.5)
    yield Case("imshow with an extent", figure, axes, 1.25, 20.5, more={"row": 10, "column": 12})
    figure, axes = plt.subplots()
    axes.pcolormesh(np.random.default_rng(3).random((20, 30)), cmap="gray")
    mark(axes, 11, 7)
    yield Case("pcolormesh", figure, axes, 11, 7)
    figure, axes = plt.subplots()
    axes.scatter(*np.random.default_rng(4).normal(size=(2, 200)), c="C0")
    mark(axes, 0.5, -1)
    yield Case("scatter", figure, axes, 0.5, -1)


def companies():
    for on_the_right in (False, True):
        figure, left = plt.subplots()
        right = left.twinx()
        left.plot([0, 1, 2, 3], [1, 4, 2, 3])
        right.plot([0, 1, 2, 3], [500, 300, 200, 100], color="C1")
        axes, x, y = (right, 2, 200) if on_the_right else (left, 1, 4)
        mark(axes, x, y)
        yield Case(f"twin Axes, the {'right' if on_the_right else 'left'}", figure, axes, x, y)
    figure, below = plt.subplots()
    above = below.twiny()
    below.bar([1, 2, 3], [5, 9, 4], color="C0")
    above.plot([10, 20, 30], [2, 3, 8], color="C1")
    mark(above, 20, 3)
    yield Case("twin Axes of x, over bars", figure, above, 20, 3)
    figure, axes = plt.subplots()
    image = axes.imshow(np.arange(100).reshape(10, 10), cmap="gray")
    bar = figure.colorbar(image, fraction=0.5, aspect=3).ax
    mark(bar, 0.5, 61)
    yield Case("a colour bar", figure, bar, 0.5, 61)
    figure, axes = plt.subplots()
    figure.colorbar(axes.imshow(np.arange(100).reshape(10, 10), cmap="gray"), orientation="horizontal")
    mark(axes, 3, 8)
    yield Case("beside a colour bar", figure, axes, 3, 8, more={"row": 8, "column": 3})
    figure, axes = plt.subplots()
    axes.plot([0, 10], [0, 10])
    inset = axes.inset_axes([0.1, 0.6, 0.35, 0.3])
    inset.plot([2, 3], [2, 3])
    mark(inset, 2.25, 2.75)
    yield Case("an inset", figure, inset, 2.25, 2.75)
    figure, axes = plt.subplots()
    axes.plot([0, 10], [0, 10])
    axes.secondary_xaxis("top", functions=(lambda x: x * 9 / 5 + 32, lambda f: (f - 32) * 5 / 9))
    mark(axes, 4, 6)
    yield Case("a secondary axis", figure, axes, 4, 6)
    figure, axes = plt.subplots()
    axes.plot([0, 10], [0, 10])
    from mpl_toolkits.axes_grid1 import make_axes_locatable

    side = make_axes_locatable(axes).append_axes("right", 1, pad=0.3)
    side.plot([0, 1], [0, 1])
    mark(side, 0.5, 0.25)
    yield Case("Axes appended", figure, side, 0.5, 0.25)


def parts():
    figure, axes = lines(2, 2)
    mark(axes[1, 1], 4, 12)
    yield Case("one Axes", axes[1, 1], axes[1, 1], 4, 12)
    figure, axes = lines(2, 3)
    mark(axes[0, 1], 4, 12)
    yield Case("an array of Axes", axes[:, 1], axes[0, 1], 4, 12)
    figure = plt.figure(figsize=(9, 4))
    left, right = figure.subfigures(1, 2)
    (upper, lower), other = right.subplots(2), left.subplots()
    for each in (upper, lower, other):
        each.plot([0, 4], [0, 8])
    mark(lower, 3, 2)
    yield Case("a subfigure", right, lower, 3, 2)
    figure = plt.figure(figsize=(9, 4))
    left, right = figure.subfigures(1, 2)
    axes = [part.subplots() for part in (left, right)]
    for each in axes:
        each.plot([0, 4], [0, 8])
    mark(axes[0], 3, 2)
    yield Case("a figure of subfigures", figure, axes[0], 3, 2)
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1])
    mark(axes, 0.3, 0.9)
    yield Case("a line", axes.lines[0], axes, 0.3, 0.9)
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1])
    mark(axes, 0.3, 0.9)
    plt.close(figure)
    yield Case("a closed figure", figure, axes, 0.3, 0.9)


def libraries():
    import seaborn

    frame = pd.DataFrame({"x": np.arange(40.0), "y": np.arange(40.0) ** 2, "part": ["a", "b"] * 20})
    grid = seaborn.relplot(frame, x="x", y="y", col="part", height=3)
    mark(grid.axes[0, 1], 12, 900)
    yield Case("seaborn relplot", grid, grid.axes[0, 1], 12, 900)
    joint = seaborn.jointplot(frame, x="x", y="y", height=4)
    mark(joint.ax_joint, 12, 900)
    yield Case("seaborn jointplot", joint, joint.ax_joint, 12, 900)
    plt.figure()
    axes = seaborn.heatmap(np.random.default_rng(0).random((6, 8)), cmap="gray")
    mark(axes, 2.5, 4.5)
    yield Case("seaborn heatmap", axes, axes, 2.5, 4.5)
    axes = frame.plot(x="x", y="y")
    mark(axes, 30, 400)
    yield Case("pandas plot", axes, axes, 30, 400)
    axes = frame.plot(subplots=True, figsize=(5, 5))[1]
    mark(axes, 30, 400)
    yield Case("pandas subplots", axes.figure, axes, 30, 400)
    series = pd.Series(range(60), pd.date_range(DAY, periods=60, freq="D"))
    axes = series.plot(color="C0")
    mark(axes, series.index[20], 40)
    yield Case("pandas time series", axes, axes, series.index[20], 40, span=(60, 60), numbers=days)


def pixels():
    figure, axes = plt.subplots(subplot_kw={"projection": "polar"})
    axes.plot([0, 2, 4], [1, 2, 3])
    mark(axes, 1, 2)
    yield Case("polar", figure, axes, None, None, only_pixels=True)
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    axes.plot([0, 1], [0, 1], [0, 1])
    axes.plot([0.4], [0.5], [0.6], "s", color="#ff0000", markersize=7, markeredgewidth=0, zorder=50)
    yield Case("3-D", figure, axes, None, None, only_pixels=True)
    figure, axes = plt.subplots(subplot_kw={"projection": "mollweide"})
    axes.plot([0, 1], [0, 1])
    mark(axes, 0.5, 0.5)
    yield Case("a map of the world", figure, axes, None, None, only_pixels=True)
