"""The fixtures of the browser tests: one server and one browser for all of them."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab import CHROMIUM, REPOSITORY, App, Notebook, Server, chromium, notebook, with_cells
from prompter import Prompter

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from playwright.sync_api import BrowserContext

PACKAGES = ("playwright", "axe_playwright_python", "jupyterlab", "notebook")
APPS = "jupyterlab>=4 notebook>=7"  # $LABEXTENSION_APPS names others, such as the oldest
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
def browser_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # A profile on disk keeps JupyterLab's scripts compiled from page to page, which saves a third of its time
        # to load: https://v8.dev/blog/code-caching-for-devs
        session = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("chromium"),
            executable_path=chromium(),
            args=list(CHROMIUM),
            permissions=["clipboard-read", "clipboard-write"],
        )
        with closing(session):
            yield session


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


@pytest.fixture(scope="session")
def new_environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that makes an environment of the wheel of this checkout and other packages.

    It takes what pip takes, and returns the interpreter.
    """

    def install(*packages: str) -> Path:
        folder = tmp_path_factory.mktemp("environment")
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
        (wheel,) = folder.glob("*.whl")
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        python = folder / "venv" / "bin" / "python"
        options = ["-q", "--no-compile", "--prefer-binary"]
        pip = [str(python), "-m", "pip", "install", *options, str(wheel), *packages]
        subprocess.run(pip, cwd=folder, env={**os.environ, "PYTHONPATH": ""}, check=True, capture_output=True)
        return python

    return install


@pytest.fixture(scope="session")
def installed(new_environment: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment with nothing but the wheel of this checkout and the applications.

    The processes of pytest-xdist share it: https://pytest-xdist.readthedocs.io/en/stable/how-to.html
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (shared / "installed").open("a+") as told:
        fcntl.flock(told, fcntl.LOCK_EX)
        told.seek(0)
        if not (python := told.read()):
            applications = os.environ.get("LABEXTENSION_APPS", APPS).split()
            python = str(new_environment(*applications, "matplotlib", "pandas"))
            told.write(python)
    return Path(python)


@pytest.fixture(scope="session")
def wheel_server(
    browser_session: BrowserContext,
    prompter: Prompter,
    installed: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server of that environment."""
    with Server(tmp_path_factory.mktemp("wheel"), prompter.environment, python=installed) as server:
        yield server


@pytest.fixture
def service(prompter: Prompter) -> Prompter:
    """The service that the notebook's questions go to; it says nothing until it is told to.

    Its `requests` are those of this test alone.
    """
    prompter.forget()
    prompter.requests.clear()
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
    yield from opener(browser_session, server, app, request.node.name)


@pytest.fixture
def open_installed(
    browser_session: BrowserContext, wheel_server: Server, app: App, request: pytest.FixtureRequest
) -> Iterator[Open]:
    """Opens notebooks as `open_notebook` does, in the environment in which the wheel is installed."""
    yield from opener(browser_session, wheel_server, app, request.node.name)


def opener(browser_session: BrowserContext, server: Server, app: App, test: str) -> Iterator[Open]:
    """Yield a function that opens notebooks of a test, and close them at the end."""
    name = re.sub(r"\W+", "-", test).strip("-")
    books: list[Notebook] = []
    with ExitStack() as pages:

        def open_notebook(*cells: str, content: NotebookNode | None = None, kernel: bool = True) -> Notebook:
            where = browser_session, server, app, content or with_cells(*cells)
            book = pages.enter_context(notebook(*where, name=f"{name}-{len(books)}", kernel=kernel))
            books.append(book)
            return book

        yield open_notebook
        assert [book.errors for book in books if book.errors] == []
