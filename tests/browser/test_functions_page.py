"""Calls of functions in a real page: the person allows them with a button, and each call is a row that folds."""

from __future__ import annotations

import json

import pytest
from lab import expect
from panel_in_page import Panel

from gemini_magics.testing import chunk

SETUP = """\
import matplotlib.pyplot as plt

def plot(width: int, note: str):
    "Plot."
    fig, ax = plt.subplots(figsize=(width, 1))
    ax.plot([1, 2])
    plt.close(fig)
    print("plotted")
    return fig
"""
WIDTH = "img => img.decode().then(() => img.naturalWidth)"
HOSTILE = "<img src=x onerror=window.hacked=1>\u202e"


OPEN = SETUP + "import gemini_magics\ngemini_magics.panel()"


def calls(service, *widths):
    service.think("Hm.")
    wanted = [
        {
            "id": f"c{n}",
            "function": {"name": "plot", "arguments": json.dumps({"width": width, "note": HOSTILE})},
        }
        for n, width in enumerate(widths)
    ]
    service.send(chunk(tool_calls=wanted))
    service.finish("tool_calls")


def test_a_call_waits_for_a_button_and_stays_as_a_row_that_folds(open_notebook, service):
    calls(service, 2, 3)
    calls(service, 4)
    service.say("Three plots.")
    service.finish()
    book = open_notebook(SETUP, "%%gemini --tool plot\nPlot.")
    book.run(0)
    book.start(1)
    output = book.output(1)
    buttons = output.get_by_role("group", name="May this function be called?")
    asked = output.locator(".gemini-live .gemini-call")
    expect(asked).to_contain_text("width = 2")
    expect(asked).to_contain_text(HOSTILE[:-1])
    expect(asked).to_contain_text("⟨U+202E⟩")
    buttons.get_by_role("button", name="Don't run it").click()
    output.locator("details.gemini-call", has_text="not called").wait_for()
    output.locator(".gemini-live .gemini-call", has_text="width = 3").wait_for()
    buttons.get_by_role("button", name="Always in this question").click()
    book.wait_until_run(1)

    saved = book.save()
    for place in (book, open_notebook(content=saved, kernel=False)):
        rows = place.output(1).locator("details.gemini-call")
        expect(rows).to_have_count(3)
        expect(rows.nth(0)).to_contain_text("not called")
        expect(rows.nth(1)).not_to_have_attribute("open", "")
        rows.nth(1).locator("summary").click()
        assert rows.nth(1).locator("img").evaluate(WIDTH) > 100
        words = place.output(1).inner_text()
        assert words.index("width=3") < words.index("plotted") < words.index("Three plots.")
        assert place.page.evaluate("window.hacked") is None
    assert "widget-view" not in json.dumps(saved.cells[1].outputs)
    told = [message for message in service.requests[-1].json["messages"] if message["role"] == "tool"]
    assert told[0]["content"][0]["text"] == "Error: The person did not allow this call."


@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_a_function_is_ticked_in_the_panel_allowed_there_and_its_row_stays_in_the_file(open_notebook, service):
    calls(service, 2)
    service.say("A plot.")
    service.finish()
    book = open_notebook(OPEN)
    book.run(0)
    panel = Panel(book, service)
    panel.button("Settings").click()
    offered = panel.root.get_by_role("group", name="Functions that the model may call")
    offered.get_by_label("plot").check()
    panel.root.locator(".gemini-panel-asks", has_text="plot()").wait_for()
    panel.text.fill("Plot.")
    panel.text.press("Control+Enter")
    asked = panel.root.locator(".gemini-panel-asked")
    asked.locator(".gemini-call", has_text="width = 2").wait_for()
    expect(asked).to_contain_text(HOSTILE[:-1])
    expect(panel.button("Stop")).to_be_visible()
    expect(panel.root.locator(".gemini-panel-status")).to_have_text("Waiting for you")
    asked.get_by_role("button", name="Run it", exact=True).click()
    panel.ended()
    expect(asked).to_be_hidden()
    row = panel.turns.locator("details.gemini-call")
    row.locator("summary").click()
    assert row.locator("img").evaluate(WIDTH) > 100

    place = open_notebook(content=book.save(), kernel=False)
    kept = place.output(0).locator(".gemini-transcript details.gemini-call")
    expect(kept.locator("summary")).to_contain_text("width=2")
    kept.locator("summary").click()
    expect(kept).to_contain_text("width = 2")
    assert place.page.evaluate("window.hacked") is None
