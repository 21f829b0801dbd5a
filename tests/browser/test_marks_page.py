"""Marks in JupyterLab: over the picture as soon as each is complete, as pixels and a list in the saved file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lab import expect

sys.path.append(str(Path(__file__).parents[1]))

from hostile import LINKS, MARKUP

QUESTION = """\
import matplotlib
matplotlib.use("agg")
from matplotlib.figure import Figure
fig = Figure()
ax = fig.subplots()
ax.plot([1, 2, 3], [1, 5, 2])
get_ipython().run_cell_magic("gemini", "fig --point", "Where is the peak?")
"""
FIRST = '{"mark": 1, "picture": 1, "label": "peak", "point": [90, 500]}'
SECOND = '{"mark": 2, "picture": 1, "label": "left", "box_2d": [600, 50, 900, 300]}'


def test_marks_stand_over_the_picture_while_they_are_written_and_in_the_saved_file(open_notebook, service):
    book = open_notebook(QUESTION)
    book.start()
    service.say(f"The peak is at [mark 1].\n\n```json\n[{FIRST}")
    spots = book.output().locator(".gemini-spot")
    spots.first.wait_for()
    expect(spots).to_have_count(1)
    expect(book.output().locator(".gemini-text .gemini-mark")).to_have_text("1")
    service.say(f", {SECOND}]\n```\n")
    spots.nth(1).wait_for()
    picture = book.output().locator(".gemini-marked img").bounding_box()
    first = spots.first.bounding_box()
    assert abs(first["x"] + first["width"] / 2 - picture["x"] - picture["width"] * 0.5) < 2
    assert abs(first["y"] + first["height"] / 2 - picture["y"] - picture["height"] * 0.09) < 2
    spots.first.focus()
    book.output().get_by_role("button", name="Mark 1: peak: x = ").wait_for()
    expect(spots.first.get_by_text("peak: x = ")).to_be_visible()
    book.page.keyboard.press("Tab")
    assert book.page.evaluate("document.activeElement.ariaLabel").startswith("Mark 2: left: x = ")
    service.finish()
    book.wait_until_run()
    (output,) = book.save().cells[0].outputs
    assert 'alt="fig with marks 1, 2"' in output.data["text/html"]
    elsewhere = open_notebook(content=book.save(), kernel=False)
    elsewhere.output().get_by_role("img", name="fig with marks 1, 2").wait_for()
    expect(elsewhere.output().locator(".gemini-marks li").first).to_contain_text("peak: x = ")
    assert book.errors == []


def test_nothing_of_hostile_labels_runs_or_loads_live_or_saved(open_notebook, service):
    book = open_notebook(QUESTION)
    book.start()
    texts = [*MARKUP.values(), *LINKS.values()]
    marks = [{"mark": at, "label": text, "point": [10 * at, 500]} for at, text in enumerate(texts, 1)]
    service.say("```json\n" + json.dumps(marks) + "\n```\n")
    book.output().locator(".gemini-spot").nth(len(texts) - 1).wait_for()
    service.finish()
    book.wait_until_run()
    saved = book.save()
    assert_harmless(book)
    for trusted in (True, False):
        if not trusted:
            saved.cells[0].source += " "  # so the signature of this user is not that of the file
        elsewhere = open_notebook(content=saved, kernel=False)
        elsewhere.output().locator(".gemini-marks li").nth(len(texts) - 1).wait_for()
        assert_harmless(elsewhere)


def assert_harmless(book):
    assert book.page.evaluate("window.hacked") is None
    assert book.dialogs == []
    assert book.hosts == {book.server.url.removeprefix("http://")}
    assert book.errors == []
