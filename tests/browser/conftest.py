"""The fixtures of the browser tests: one server and one browser for all of them."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab import App, Notebook, Server, chromium, launch, notebook, with_cells
from prompter import Prompter

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from playwright.sync_api import BrowserContext

PACKAGES = ("playwright", "axe_playwright_python", "jupyterlab", "notebook")
MISSING = 'No browser to test with: apt-get install chromium, and pip install "gemini_magics[browser]".'

Open = Callable[..., Notebook]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def pytest_runtest_setup() -> None:
    if not (chromium() and all(map(importlib.util.find_spec, PACKAGES))):
        # Raised here, and not by pytest.skip in a fixture: so the whole group is told in one line.
        raise (pytest.fail if os.environ.get("CI") else pytest.skip).Exception(MISSING)


@pytest.fixture(scope="session")
def browser_session() -> Iterator[BrowserContext]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, launch(playwright) as browser:
        yield browser.new_context(permissions=["clipboard-read", "clipboard-write"])


@pytest.fixture(scope="session")
def prompter() -> Iterator[Prompter]:
    with closing(Prompter()) as prompter:
        yield prompter


@pytest.fixture(scope="session")
def server(
    browser_session: BrowserContext, prompter: Prompter, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("jupyter"), prompter.environment) as server:
        yield server


@pytest.fixture
def service(prompter: Prompter) -> Prompter:
    """The service that the notebook's questions go to; it says nothing until it is told to."""
    prompter.forget()
    return prompter


@pytest.fixture(params=["lab", "notebook"])
def app(request: pytest.FixtureRequest) -> App:
    return request.param


@pytest.fixture
def open_notebook(
    browser_session: BrowserContext, server: Server, app: App, request: pytest.FixtureRequest
) -> Iterator[Open]:
    """A function that opens a notebook on a page of its own and waits for its kernel.

    It takes the sources of code cells, or a whole notebook as `content`; `kernel=False` does not wait.
    In the end no page may have told of an error that is not the application's own.
    """
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    books: list[Notebook] = []
    with ExitStack() as pages:

        def open_notebook(*cells: str, content: NotebookNode | None = None, kernel: bool = True) -> Notebook:
            where = browser_session, server, app, content or with_cells(*cells)
            book = pages.enter_context(notebook(*where, name=f"{name}-{len(books)}", kernel=kernel))
            books.append(book)
            return book

        yield open_notebook
        assert [book.errors for book in books if book.errors] == []
