"""A part of a figure is sent twice: where it is, and large; the figure stays as it was."""

import io
import re
from datetime import datetime

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")
import matplotlib.pyplot as plt
from matplotlib.dates import date2num
from PIL import Image

from gemini_magics import BadRequest, region
from gemini_magics.content.containers import attach_each
from gemini_magics.content.convert import attach
from gemini_magics.content.files import text
from gemini_magics.content.namespace import Namespace
from gemini_magics.content.prompt import read_body
from gemini_magics.content.regions import part_of
from gemini_magics.content.words import read_words
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.places import Box
from gemini_magics.core.settings import Settings

SETTINGS = Settings()
FRAME = (214, 0, 79)


@pytest.fixture(autouse=True)
def no_figure_stays():
    yield
    plt.close("all")


def sine(rows=1, columns=1, **more):
    figure, axes = plt.subplots(rows, columns, squeeze=False, **more)
    for each in axes.flat:
        each.plot(np.linspace(0, 10, 200), np.sin(np.linspace(0, 10, 200)))
    return figure, axes


def sent(value, name="region(ax, x=(6, 9))"):
    return attach_each(value, name, SETTINGS)


def frame_in(attachment):
    """Left, top, right and bottom of the frame, in parts of the picture."""
    image = Image.open(io.BytesIO(attachment.content.data)).convert("RGB")
    found = np.argwhere((np.asarray(image) == FRAME).all(axis=2))
    (top, left), (bottom, right) = found.min(axis=0), found.max(axis=0)
    return Box(left / image.width, top / image.height, right / image.width, bottom / image.height)


def state(figure):
    return [
        (
            axes.get_xlim(),
            axes.get_ylim(),
            axes.get_autoscale_on(),
            axes.get_position().bounds,
            axes.get_children(),
        )
        for axes in figure.axes
    ], (figure.dpi, tuple(figure.get_size_inches()))


def test_the_part_is_told_framed_and_drawn_again():
    figure, axes = sine()
    figure.canvas.draw()
    before = state(figure)
    words, marked, part = sent(region(axes[0, 0], x=(6, 9)))
    assert "x from 6 to 9, y from -1.1 to 1.1" in words.content
    assert state(figure) == before
    spot = marked.ground.spot(frame_in(marked))
    assert spot.x_range == pytest.approx((6, 9), abs=0.03)
    assert spot.axes() is axes[0, 0]
    (place,) = part.ground.axes
    assert place.limits[:2] == (6, 9)
    assert place.limits[2:] == axes[0, 0].get_ylim()


def test_marks_in_the_part_are_in_the_data_of_its_axes():
    _, axes = sine()
    part = sent(region(axes[0, 0], x=(6, 9), y=(0, 0.5)))[2]
    spot = part.ground.spot(Box(0.5, 0.5, 0.5, 0.5))
    assert 6 < spot.x < 9
    assert 0 < spot.y < 0.5
    assert spot.axes() is axes[0, 0]


@pytest.mark.slow
def test_a_small_axes_is_drawn_as_large_as_its_figure():
    figure, axes = sine(3, 4)
    part = sent(region(axes[1, 1], x=(6, 9)))[2]
    whole = attach_each(figure, "fig", SETTINGS)[0]
    assert part.content.width > 0.8 * whole.content.width or part.content.height > 0.8 * whole.content.height


def test_other_axes_that_share_an_axis_stay_where_they_are():
    figure, axes = sine(1, 2, sharex=True, sharey=True)
    before = state(figure)
    sent(region(axes[0, 0], x=(6, 9), y=(0, 1)))
    assert state(figure) == before


def test_twin_axes_show_the_same_part():
    figure, left = plt.subplots()
    left.plot([0, 10], [0, 10])
    right = left.twinx()
    right.plot([0, 10], [0, 100])
    before = state(figure)
    part = sent(region(left, x=(2, 4), y=(0, 5)))[2]
    limits = {id(place.axes()): place.limits for place in part.ground.axes}
    assert limits[id(left)] == (2, 4, 0, 5)
    assert limits[id(right)] == pytest.approx((2, 4, 0, 50), abs=3)
    assert state(figure) == before


@pytest.mark.parametrize(
    ("change", "limits"),
    [
        ({"xscale": "log", "xlim": (1, 100)}, (3, 30)),
        ({"xlim": (10, 0)}, (2, 4)),
        ({"xscale": "symlog"}, (1, 5)),
    ],
)
def test_scales_and_directions_stay(change, limits):
    _, axes = sine()
    axes[0, 0].set(**change)
    _, marked, part = sent(region(axes[0, 0], x=limits))
    spot = marked.ground.spot(frame_in(marked))
    assert spot.x_range == pytest.approx(limits, rel=0.02, abs=0.03)
    assert sorted(part.ground.axes[0].limits[:2]) == pytest.approx(list(limits))


def test_dates_and_categories_are_taken_as_the_axis_has_them():
    _, axes = plt.subplots()
    axes.plot(np.arange("2026-03-01", "2026-04-01", dtype="datetime64[D]"), range(31))
    words, marked, _ = sent(region(axes, x=(np.datetime64("2026-03-10"), np.datetime64("2026-03-12"))))
    assert "x from 2026-03-10 to 2026-03-12" in words.content
    assert str(marked.ground.spot(frame_in(marked)).x_range[0])[:10] in ("2026-03-09", "2026-03-10")
    _, axes = plt.subplots()
    axes.bar(["a", "b", "c"], [1, 2, 3])
    assert "x from b to c" in sent(region(axes, x=("b", "c")))[0].content


def test_it_is_typed_in_a_cell_without_an_import():
    _, axes = sine()
    names = Namespace({"ax": axes[0, 0]})
    word = "region(ax,x=(6,9))"
    assert [each.name for each in read_words([word], names, SETTINGS)] == [
        f"limits of {word}", f"the figure of {word}", f"the part {word}"
    ]  # fmt: skip
    parts = read_body(f"What is in $`{word}`?", names, SETTINGS)
    assert [part if isinstance(part, str) else part.kind for part in parts][1:] == ["figure", "figure", "?"]
    assert "x from 6 to 9" in parts[0]


def test_a_name_of_the_notebook_wins():
    names = Namespace({"region": lambda: "mine"})
    assert read_body("$`region()`", names, SETTINGS) == ("mine",)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda ax: region(ax), r"write region\(ax, x=\(6, 9\)\)"),
        (lambda ax: region(3, x=(1, 2)), "takes Axes of matplotlib, not int"),
        (lambda ax: region(ax, x=5), "x takes two places"),
        (lambda ax: region(ax, x=(1, 2, 3)), "x takes two places"),
    ],
)
def test_what_names_no_part_is_refused_with_what_to_write(make, says):
    with pytest.raises(BadRequest, match=says):
        make(sine()[1][0, 0])


@pytest.mark.parametrize("limits", [(5, 5), (float("nan"), 5), ("a", "b")])
def test_a_part_without_a_size_is_refused(limits):
    with pytest.raises(CannotAttach, match="region"):
        sent(region(sine()[1][0, 0], x=limits))


def part(value, box, name="fig"):
    """What a person attaches who chooses a part of a picture: its words, the picture with a frame, the part."""
    (whole,) = attach_each(value, name, Settings())
    return part_of(whole, Box(*box), Settings())


def box_of(axes, x0, y0, x1, y1):
    """Where data lie in the picture of their figure, in parts of its width and height."""
    ground = attach(axes.figure, "fig", Settings()).ground
    place = next(each for each in ground.axes if each.axes() is axes)
    (left, bottom), (right, top) = place.transform.transform([(x0, y0), (x1, y1)])
    return left / ground.width, 1 - top / ground.height, right / ground.width, 1 - bottom / ground.height


def test_a_part_of_the_picture_of_a_figure_is_drawn_again_from_the_figure():
    figure, grid = sine()
    axes, before = grid[0, 0], state(figure)
    words, whole, again = part(figure, box_of(axes, 6, -0.5, 9, 0.5))
    assert re.search(r"x from 6(\.0\d*)? to 9(\.0\d*)?, y from -0\.5\d* to 0\.5", words.content)
    assert frame_in(whole)
    assert again.ground.axes[0].limits == pytest.approx((6, 9, -0.5, 0.5), abs=0.01)
    assert state(figure) == before


def test_a_part_that_leads_out_of_the_axes_ends_at_their_limits():
    figure, grid = sine()
    x, y = grid[0, 0].get_xlim(), grid[0, 0].get_ylim()
    again = part(figure, (0, 0, 1, 1))[2]
    assert again.ground.axes[0].limits == pytest.approx((*x, *y))


def test_a_part_of_dates_is_told_in_dates():
    figure, axes = plt.subplots()
    axes.plot([datetime(2026, 3, day) for day in (1, 15, 30)], [1, 5, 2])
    words = part(
        figure, box_of(axes, *date2num([datetime(2026, 3, 5)]), 2, *date2num([datetime(2026, 3, 9)]), 4)
    )
    assert "x from 2026-03-05" in words[0].content


def test_a_part_of_a_photo_is_cut_out_and_made_larger():
    image = Image.new("RGB", (400, 200), "white")
    image.paste((0, 0, 255), (100, 50, 200, 100))
    words, whole, cut = part(image, (0.25, 0.25, 0.5, 0.5), "photo")
    assert "x from 100 to 200 and y from 50 to 100 of 400 × 200 px" in words.content
    assert frame_in(whole)
    pixels = Image.open(io.BytesIO(cut.content.data)).convert("RGB")
    assert pixels.size == (1000, 500)
    assert pixels.getextrema() == ((0, 0), (0, 0), (255, 255))


def test_a_part_of_what_is_no_picture_is_refused():
    with pytest.raises(CannotAttach, match="is not a picture of which a part can be taken"):
        part_of(text("words", "notes"), Box(0, 0, 1, 1), Settings())
