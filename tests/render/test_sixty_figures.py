"""Sixty figures of every kind: a place that a model points at comes back as the right Axes and the right data."""

import matplotlib as mpl
import pytest

mpl.use("agg")
import matplotlib.pyplot as plt
from pointing import cases, error_of, pointing_at_the_marker

from gemini_magics import ask
from gemini_magics.testing import Demo

LARGEST_ERROR = 0.003  # of the axis's span


@pytest.fixture(autouse=True)
def no_figure_stays():
    yield
    plt.close("all")


@pytest.mark.thorough
def test_a_place_in_each_of_sixty_figures_comes_back_as_its_axes_and_its_data():
    wrong, seen = [], 0
    with Demo(pointing_at_the_marker) as demo:
        for case in cases():
            seen += 1
            answer = ask("Where?", case.attached, point=True, service="demo", base_url=demo.base_url)
            (mark,) = answer.marks
            if mark.axes is not case.axes:
                wrong.append(f"{case.name}: other Axes")
            elif case.only_pixels:
                if mark.x is not None or "pixels only" not in mark.note:
                    wrong.append(f"{case.name}: says {mark}")
            elif (error := error_of(mark, case, answer)) > LARGEST_ERROR:
                wrong.append(f"{case.name}: {error:.2%} off: {mark}")
            elif case.numbers and abs(case.numbers(mark.x) - case.numbers(case.x)) > 0.004 * case.span[0]:
                wrong.append(f"{case.name}: {mark.x!r}")
            elif any(
                getattr(mark, name, None) != value
                for name, value in case.more.items()
                if name in ("row", "column")
            ):
                wrong.append(f"{case.name}: row {mark.row}, column {mark.column}")
            plt.close("all")
    assert wrong == []
    assert seen == 60
