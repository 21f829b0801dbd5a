from __future__ import annotations

import pytest
from lab import expect

FIGURE = """\
import matplotlib
matplotlib.use("agg")
from matplotlib.figure import Figure
fig = Figure(figsize=(4, 3))
fig.subplots().plot([1, 3, 2])
"""
ASK_ABOUT_FIGURE = "%%gemini fig\nWhat is odd about the second peak?"
ANSWER = """\
## The second peak

It is lower, and $\\int_0^1 x^2 \\, dx = \\tfrac13$ says why. See [the manual](https://example.org/peaks).

| peak | height | width | area | shape | remark |
|---|--:|--:|--:|---|---|
| first | 3.1 | 0.2 | 0.6 | gaussian | as it should be, and nothing more is to be said of it |
| second | 2.4 | 0.4 | 0.9 | lorentzian | too wide by a factor of two |

```python
peaks, properties = scipy.signal.find_peaks(signal, prominence=0.5, width=(2, 40), rel_height=0.5)
print(peaks)
```

1. Look at it.
2. Then `fit` it.

> Peaks come in pairs.
"""


@pytest.fixture
def answering(open_notebook, service):
    """A notebook with a question about a figure, its thoughts shown and its answer begun."""
    book = open_notebook(FIGURE, ASK_ABOUT_FIGURE)
    book.run(0)
    book.start(1)
    service.think("**Looking at the plot**\n\nThe second peak is lower than the first.\n\n")
    book.output(1).get_by_text("Looking at the plot").wait_for()
    service.say(ANSWER)
    book.output(1).get_by_text("come in pairs").wait_for()
    return book


def finish(book, service):
    service.finish()
    book.wait_until_run(1)
    book.output(1).get_by_role("button", name="Stop").wait_for(state="detached")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_to_mend(answering, service, theme):
    answering.theme(theme)
    answering.output(1).locator("summary").click()
    assert findings(answering) == []
    finish(answering, service)
    assert findings(answering) == []


def findings(book):
    from axe_playwright_python.sync_playwright import Axe

    # Which heading comes before an answer's first one is its notebook's affair.
    options = {"resultTypes": ["violations"], "rules": {"heading-order": {"enabled": False}}}
    results = Axe().run(book.page, ".gemini-answer", options).response["violations"]
    return [(found["id"], [node["html"] for node in found["nodes"]]) for found in results]


def test_nothing_sticks_out_of_a_narrow_window(answering, service):
    answering.page.set_viewport_size({"width": 480, "height": 800})
    assert sticking_out(answering) <= 0
    finish(answering, service)
    assert sticking_out(answering) <= 0


def sticking_out(book):
    return book.page.locator(".gemini-answer").evaluate("answer => answer.scrollWidth - answer.clientWidth")


def test_everything_works_from_the_keyboard(answering, service):
    page, live = answering.page, answering.output(1)
    live.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(live.get_by_text("Looking at the plot")).to_be_visible()
    page.keyboard.press("Space")
    expect(live.get_by_text("Looking at the plot")).to_be_hidden()

    live.get_by_role("button", name="fig").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")

    live.get_by_role("button", name="Copy").focus()
    page.keyboard.press("Enter")
    live.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("peaks, properties = scipy")

    live.get_by_role("button", name="Stop").focus()
    page.keyboard.press("Space")
    answering.wait_until_run(1)
    expect(answering.output(1).get_by_text("come in pairs")).to_be_visible()
    live.locator(".gemini-live").wait_for(state="detached")
    assert page.evaluate("document.activeElement.closest('.jp-Cell') !== null")


def test_the_plain_output_is_as_high_as_the_live_view_was(answering, service):
    answering.page.wait_for_function("document.querySelector('.gemini-answer mjx-container')")
    live = answering.page.locator(".gemini-answer").bounding_box()["height"]
    finish(answering, service)
    answering.page.wait_for_function("document.querySelector('.gemini-answer mjx-container')")
    plain = answering.page.locator(".gemini-answer").bounding_box()["height"]
    assert abs(plain - live) <= 4
