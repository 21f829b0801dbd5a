"""Two tabs with one notebook, by jupyter-collaboration: each shows what the other asks, and one of them writes it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from lab import Notebook, Server, expect, notebook, with_cells
from panel_in_page import Panel

sys.path.append(str(Path(__file__).parents[1]))

from patience import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

OPEN = "import gemini_magics\ngemini_magics.panel()"
QUESTION = "%%gemini\nWhat is odd about the second peak?"
# What the pages share, which the server saves.
SHARED = """jupyterapp.shell.currentWidget.content.model.cells.get(0).sharedModel.getOutputs()
    .map(output => output.data['text/plain'])"""

Tabs = Callable[[str], list[Notebook]]


@pytest.fixture(scope="module")
def shared_server(browser_session, prompter, new_environment, tmp_path_factory) -> Iterator[Server]:
    """A server of an environment of its own: jupyter-collaboration takes the place of JupyterLab's cell executor."""
    python = new_environment("jupyterlab>=4", "jupyter-collaboration")
    with Server(tmp_path_factory.mktemp("shared"), prompter.environment, python=python) as server:
        yield server


@pytest.fixture
def open_tabs(browser_session, shared_server, request) -> Iterator[Tabs]:
    """A function that opens a notebook of one cell in two tabs."""
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    books: list[Notebook] = []
    with ExitStack() as pages:

        def open_tabs(cell: str) -> list[Notebook]:
            first = notebook(browser_session, shared_server, "lab", with_cells(cell), name=name)
            books.append(pages.enter_context(first))
            second = Notebook(browser_session.new_page(), shared_server, "lab", books[0].path)
            pages.callback(second.page.close)
            for book in (books[0], second):
                wait_on(book.page)
            books.append(second.open())
            return books

        yield open_tabs
        assert [book.errors for book in books if book.errors] == []


def wait_on(page: Page) -> None:
    """Answer what jupyter-collaboration asks where a busy machine takes long to load a document."""
    page.add_locator_handler(page.get_by_role("button", name="Continue waiting"), lambda button: button.click())


def shows(tab: Notebook, words: str) -> None:
    """Look at a tab, since a browser draws nothing in those behind it, and wait until it shows some words."""
    tab.page.bring_to_front()
    tab.output().get_by_text(words).filter(visible=True).first.wait_for()


STAYS_ONE = """() => {
    if (document.querySelectorAll(".gemini-panel").length !== 1) delete window.oneSince;
    else window.oneSince ??= performance.now();
    return performance.now() - window.oneSince > 2000;
}"""


def ask(tab: Notebook, service, question: str) -> Panel:
    tab.page.bring_to_front()
    # Both tabs may have written it, and a second after it has heard of the other one, one takes its own away.
    tab.page.wait_for_function(STAYS_ONE)
    panel = Panel(tab, service)
    panel.ask(question)
    return panel


def kept(tab: Notebook, words: str) -> list[str]:
    """The texts of the outputs, once the notebook that the tabs share and its file have some words."""

    def saved() -> bool:
        tab.save()
        return words in json.dumps(nbformat.read(tab.path, 4).cells[0].outputs)

    wait_until(lambda: words in json.dumps(tab.page.evaluate(SHARED)))
    wait_until(saved)
    texts = [output.data["text/plain"] for output in nbformat.read(tab.path, 4).cells[0].outputs]
    assert tab.page.evaluate(SHARED) == texts
    return texts


def test_the_panel_stays_one_in_both_tabs_and_in_the_file(open_tabs, service):
    first, second = open_tabs(OPEN)
    first.page.bring_to_front()
    first.run()
    for turn, tab in enumerate([first, second, first]):
        ask(tab, service, f"Question {turn}?").answer(f"Answer {turn}.")
        for each in (first, second):
            shows(each, f"Answer {turn}.")
        (text,) = kept(tab, f"Answer {turn}.")
    assert [f"Answer {turn}." in text for turn in range(3)] == [True] * 3
    assert [tab.page.locator(".gemini-panel").count() for tab in (first, second)] == [1, 1]


def test_a_reader_types_on_while_the_other_tab_asks(open_tabs, service):
    first, second = open_tabs(OPEN)
    first.page.bring_to_front()
    first.run()
    ask(first, service, "Why?")
    second.page.bring_to_front()
    typed = Panel(second, service).text
    typed.press_sequentially("What ")
    service.say("Because.\n\n```python\nprint(1)\n```")
    service.finish()
    shows(second, "Because.")
    kept(second, "Because.")
    second.page.keyboard.type("next?")
    expect(typed).to_have_value("What next?")
    second.output().get_by_role("button", name="To a cell: insert this code").click()
    for tab in (second, first):
        tab.page.bring_to_front()
        tab.page.wait_for_function(f"{CELLS} > 1")
        assert tab.page.evaluate(CELLS) == 2


CELLS = "jupyterapp.shell.currentWidget.content.model.cells.length"


@pytest.mark.parametrize(
    ("cell", "change"),
    [
        (OPEN, "the first is loaded again"),
        (OPEN, "the first is closed"),
        (QUESTION, "the first is closed"),
        (QUESTION, "the second is loaded again"),
    ],
)
def test_the_notebook_ends_with_the_answer_whatever_becomes_of_a_tab(open_tabs, service, cell, change):
    first, second = open_tabs(cell)
    first.page.bring_to_front()
    if cell == OPEN:
        first.run()
        ask(first, service, "Why?")
    else:
        first.start()
    service.say("It began here, ")
    for tab in (first, second):
        shows(tab, "It began here")
    if change.endswith("closed"):
        first.page.close()
        tabs = [second]
    else:
        loaded = first if "first" in change else second
        loaded.page.bring_to_front()
        loaded.reload()
        tabs = [first, second]
    service.say("and ended there.")
    service.finish()
    for tab in tabs:
        shows(tab, "It began here, and ended there.")
        tab.page.wait_for_function("!document.querySelector('.gemini-live, .gemini-panel-busy')")
    (text,) = kept(second, "and ended there.")
    assert text.count("It began here, and ended there.") == 1
    assert [tab.page.locator(".gemini-panel").count() for tab in tabs] == [int(cell == OPEN)] * len(tabs)
