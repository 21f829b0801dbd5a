"""The marks of an answer on live figures of matplotlib."""

import gc
import json
import pickle
import warnings

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")
import matplotlib.pyplot as plt

from gemini_magics import BadRequest, ask
from gemini_magics.core.notices import use_notices
from gemini_magics.testing import Demo, stream


@pytest.fixture(autouse=True)
def no_figure_stays():
    yield
    plt.close("all")


@pytest.fixture
def told():
    lines = []
    use_notices(lines.append)
    yield lines
    use_notices()


def answer_about(attached, *marks):
    text = "Here.\n```json\n[" + ", ".join(marks) + "]\n```"
    with Demo([stream(text)]) as demo:
        return ask("Where?", attached, point=True, service="demo", base_url=demo.base_url)


def sine(**more):
    figure, axes = plt.subplots(**more)
    axes.plot(np.linspace(0, 10, 100), np.sin(np.linspace(0, 10, 100)))
    return figure, axes


PEAK = '{"point": [300, 400], "label": "peak"}'
BOX = '{"box_2d": [300, 400, 500, 600], "label": "box"}'


def state(figure):
    return [axes.get_children() for axes in figure.axes], [(a.get_xlim(), a.get_ylim()) for a in figure.axes]


def test_nothing_is_drawn_before_it_is_asked_for():
    figure, _ = sine()
    before = state(figure)
    answer = answer_about(figure, PEAK, BOX)
    assert len(answer.marks) == 2
    assert state(figure) == before


def test_marks_are_drawn_at_their_data_and_can_be_removed():
    figure, axes = sine()
    answer = answer_about(figure, PEAK, BOX)
    before = state(figure)
    answer.draw()
    point, box = answer.marks
    (text, other) = axes.texts
    assert text.get_text() == "1 peak"
    assert text.xy == pytest.approx((point.x, point.y))
    assert other.get_text() == "2 box"
    (rectangle,) = axes.patches
    assert (*rectangle.get_xy(), rectangle.get_width()) == pytest.approx((box.x0, box.y0, box.x1 - box.x0))
    assert text.get_zorder() > 100
    assert state(figure)[1] == before[1]
    answer.marks.remove()
    assert state(figure) == before


def test_drawing_again_replaces_what_was_drawn():
    figure, axes = sine()
    answer = answer_about(figure, PEAK)
    answer.draw()
    answer.draw()
    assert len(axes.texts) == 1


def test_marks_land_on_their_data_after_the_limits_have_changed_and_that_is_said(told):
    figure, axes = sine()
    answer = answer_about(figure, PEAK)
    axes.set_xlim(-100, 100)
    answer.draw()
    assert axes.texts[0].xy == pytest.approx((answer.marks[0].x, answer.marks[0].y))
    assert told == ["The limits of Axes 0 have changed since it was sent: the marks stand at their data."]


def test_marks_can_be_drawn_on_other_axes(told):
    answer = answer_about(sine()[0], PEAK)
    _, other = sine()
    answer.draw(ax=other)
    assert [text.get_text() for text in other.texts] == ["1 peak"]
    assert told == []


def test_an_answer_keeps_no_figure_alive():
    figure, axes = sine()
    answer = answer_about(figure, PEAK)
    assert answer.marks[0].axes is axes
    plt.close(figure)
    del figure, axes
    gc.collect()
    assert answer.marks[0].axes is None
    assert answer.marks[0].x is not None
    with pytest.raises(BadRequest, match=r"gone: plot it again, and write answer.draw\(ax=ax\)"):
        answer.draw()


def test_a_figure_that_was_cleared_is_gone():
    figure, axes = sine()
    answer = answer_about(figure, PEAK)
    answer.draw()
    figure.clear()
    assert answer.marks[0].axes is None
    answer.marks.remove()
    assert axes is not None


def test_a_pickle_drops_the_axes_and_keeps_the_data():
    figure, _ = sine()
    answer = answer_about(figure, PEAK)
    answer.draw()
    (mark,) = pickle.loads(pickle.dumps(answer)).marks
    assert mark.axes is None
    assert (mark.x, mark.axes_index) == (answer.marks[0].x, 0)


def test_in_polar_axes_a_mark_is_drawn_where_it_was_in_them(told):
    figure, axes = sine(subplot_kw={"projection": "polar"})
    answer = answer_about(figure, '{"point": [500, 500], "label": "middle"}')
    answer.draw()
    assert axes.texts[0].xy == pytest.approx(answer.marks[0].spot.inside)
    assert answer.marks[0].note == "polar Axes: pixels only"


def test_marks_outside_of_the_axes_are_not_drawn_and_that_is_said(told):
    figure, axes = sine()
    answer = answer_about(figure, PEAK, '{"point": [5, 5], "label": "corner"}')
    answer.draw()
    assert len(axes.texts) == 1
    assert told == ["Not drawn, because they have no place on the figure: mark 2."]


def test_an_answer_without_marks_says_how_to_get_some():
    with Demo([stream("No.")]) as demo, pytest.raises(BadRequest, match="ask with --point"):
        ask("Where?", sine()[0], service="demo", base_url=demo.base_url).draw()


@pytest.mark.parametrize(
    "label", ["$x^$", r"$\input{x}$", "\\frac{", "$\\unknown$", "a\u202eb\x1b[0m", "漢字 🙂"]
)
def test_a_hostile_label_is_drawn_as_text(label):
    figure, axes = sine()
    answer = answer_about(figure, json.dumps({"point": [300, 400], "label": label}))
    answer.draw()
    text = axes.texts[0]
    assert not text.get_parse_math()
    assert not text.get_usetex()
    with warnings.catch_warnings(action="ignore"):  # the font lacks some characters
        figure.canvas.draw()


def test_labels_are_no_tex_where_the_notebook_uses_tex(monkeypatch):
    figure, axes = sine()
    answer = answer_about(figure, PEAK)
    monkeypatch.setitem(mpl.rcParams, "text.usetex", True)
    answer.draw()
    assert not axes.texts[0].get_usetex()
