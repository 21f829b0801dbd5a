"""What a page shows of a failure: one sentence, in one place."""

import pytest
from lab import expect

CELLS = (
    "%%gemini\nWhat is odd?",
    "%%gemini --background --to job\nWhat is odd?",
    "import gemini_magics\ngemini_magics.panel()",
)
WHY = "broke before the answer's end"


@pytest.fixture
def book(open_notebook):
    return open_notebook(*CELLS)


def break_off(service):
    service.forget()
    service.say("It is lower because")
    service.break_off()


@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_a_failure_is_said_once_in_a_cell_in_the_background_and_in_the_panel(book, service):
    break_off(service)
    cell = book.run(0)
    assert cell.inner_text().count(WHY) == 1
    expect(cell.locator(".gemini-foot")).to_contain_text("cut off after")
    expect(cell.get_by_role("button", name="Copy")).to_be_visible()

    break_off(service)
    background = book.run(1)
    background.locator(".gemini-failure").get_by_text("IncompleteAnswer: The connection").wait_for()
    assert background.inner_text().count(WHY) == 1
    expect(background.get_by_text("It is lower because")).to_be_visible()
    expect(background.get_by_role("button", name="Copy")).to_be_visible()

    break_off(service)
    panel = book.run(2).locator(".gemini-panel")
    panel.get_by_label("Question", exact=True).fill("What is odd?")
    panel.get_by_label("Question", exact=True).press("Enter")
    panel.locator(".gemini-failure").get_by_text(WHY).wait_for()
    assert panel.inner_text().count(WHY) == 1
