"""A page that is busy while a widget loads. anywidget gives up waiting then, and lets no message through to it."""

from __future__ import annotations

import pytest
from panel_in_page import Panel
from test_functions_page import SETUP, calls

pytestmark = pytest.mark.parametrize("app", ["lab"], indirect=True)


@pytest.fixture
def busy(open_notebook):
    """A function that opens a notebook in which anywidget waits for no widget: it would for two seconds."""

    def open_busy(*cells):
        book = open_notebook(*cells)
        book.page.evaluate("""() => {
            const timeout = AbortSignal.timeout.bind(AbortSignal);
            AbortSignal.timeout = (milliseconds) => {
                if (milliseconds !== 2000) return timeout(milliseconds);
                const over = new AbortController();
                queueMicrotask(() => over.abort());
                return over.signal;
            };
        }""")
        return book

    return open_busy


def test_a_busy_page_shows_the_whole_answer(busy, service):
    service.think("Hm, a peak.")
    service.say("It is a mirror.")
    service.finish()
    book = busy("%%gemini\nWhat is odd?")
    output = book.run()
    output.locator(".gemini-foot").wait_for()
    output.locator(".gemini-live").wait_for(state="detached")
    assert "It is a mirror." in output.inner_text()
    assert "Hm, a peak." in output.locator("details").text_content()


def test_a_busy_page_has_a_panel_that_answers(busy, service):
    book = busy("import gemini_magics\ngemini_magics.panel()")
    book.run()
    panel = Panel(book, service)
    panel.ask("What is odd?")
    panel.answer("It is a mirror.")
    panel.root.get_by_text("It is a mirror.").wait_for()


def test_a_busy_page_lets_a_person_say_no_to_a_function(busy, service):
    calls(service, 2)
    service.say("No plot, then.")
    service.finish()
    book = busy(SETUP, "%%gemini --tool plot\nPlot.")
    book.run(0)
    book.start(1)
    buttons = book.output(1).get_by_role("group", name="May this function be called?")
    buttons.get_by_role("button", name="Don't run it").click()
    book.output(1).get_by_text("No plot, then.").wait_for()
