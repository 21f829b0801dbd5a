"""The stand-in truly finds the largest deviation of the picture that it was sent, and marks it."""

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

mpl.use("agg")
import matplotlib.pyplot as plt

from gemini_magics import ask


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_DEMO_WORDS_PER_S", "0")
    yield
    plt.close("all")


@pytest.mark.parametrize(("at", "height"), [(2.5, 3), (7.3, -4), (9, 2.5)])
def test_it_finds_the_peak_that_does_not_belong(at, height):
    x = np.linspace(0, 10, 400)
    figure, axes = plt.subplots()
    axes.plot(x, np.sin(x) + height * np.exp(-(((x - at) / 0.05) ** 2)))
    answer = ask("Where is the odd peak?", figure, point=True, service="demo")
    (mark,) = answer.marks
    assert mark.axes is axes
    assert mark.x == pytest.approx(at, abs=0.06)
    assert mark.y == pytest.approx(np.sin(at) + height, abs=0.2)
    assert "median of the columns around" in answer.text


def test_it_finds_the_spot_in_an_image_without_a_curve():
    pixels = np.full((300, 400, 3), 120, np.uint8)
    pixels[200:230, 100:140] = (130, 250, 120)
    (mark,) = ask("Where?", Image.fromarray(pixels), point=True, service="demo").marks
    assert mark.x0 <= 120 <= mark.x1
    assert mark.y0 <= 215 <= mark.y1


def test_it_marks_each_picture_by_its_number():
    pixels = np.full((300, 400, 3), 120, np.uint8)
    pixels[:30, :40] = 255
    images = [Image.fromarray(pixels), Image.fromarray(pixels[::-1].copy())]
    answer = ask("Where?", *images, point=True, service="demo")
    assert [mark.attachment for mark in answer.marks] == list(answer.pictures)
    assert answer.marks[0].y < 100 < answer.marks[1].y


def test_it_says_so_where_it_can_open_nothing():
    answer = ask("Where?", "https://example.org/a.png", point=True, service="demo")
    assert answer.marks == []
    assert "no picture here that a stand-in could open" in answer.text


def test_it_does_not_point_unasked():
    assert "mark" not in ask("Where?", Image.new("RGB", (40, 30), "red"), service="demo").text
