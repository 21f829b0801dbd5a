"""A Jupyter server, a browser and a notebook page, for tests and for the pictures of the docs."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import nbformat
import ports

if TYPE_CHECKING:  # where playwright is missing, the tests that need it say so in one line
    from contextlib import AbstractContextManager

    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Locator,
        LocatorAssertions,
        Page,
        Playwright,
        Request,
        WebSocket,
    )

App = Literal["lab", "notebook"]
REPOSITORY = Path(__file__).parents[2]

# What Chromium would do by itself is off, and nothing but this machine can be reached from its pages.
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Light"},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    # A busy kernel's completions come late, and JupyterLab forgets what takes longer than a second.
    "@jupyterlab/completer-extension:manager": {"providerTimeout": 60_000},
}
# The applications' own code, and an extension for JupyterLite, which the extra `class` installs: it asks for a
# module that JupyterLab does not have. The server fails when it lists a kernel that just starts, and has done
# nothing yet: `kernel_model` in https://github.com/jupyter-server/jupyter_server, services/kernels/kernelmanager.py.
NOT_OURS = re.compile(r"/static/(lab|notebook)/|/extensions/@jupyterlite/|/api/kernels\?\d+$")
# anywidget says so of a widget that took two seconds to load; that one hears its kernel all the same, as
# test_busy_page.py shows.
LATE = "[anywidget] Failed to initialize model."
PATIENCE_S = 120.0  # ends a test that hangs; nothing that works takes so long
READY = """() => {
    const notebook = window.jupyterapp?.shell.currentWidget;
    return notebook?.context?.isReady && notebook.content.widgets.length && document.querySelector('.jp-Cell');
}"""


def chromium() -> str | None:
    """The browser to drive: $CHROMIUM, or a Chromium on the path; None where there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def launch(playwright: Playwright) -> Browser:
    """Start Chromium without a window."""
    return playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM))


def expect(place: Locator) -> LocatorAssertions:
    """Say what a page has to show soon: it is looked at until it does, since a page draws when it can."""
    from playwright.sync_api import expect

    expect.set_options(timeout=1000 * PATIENCE_S)
    return expect(place)


class Server:
    """A Jupyter server on a free port of 127.0.0.1 that serves JupyterLab and Notebook 7 alike.

    Its settings, data and kernels' histories are in a folder of its own; kernels load the extension when they
    start.

    Args:
        folder: a new folder for all of it.
        environment: variables for the kernels.
        python: an interpreter with an installation to use; without it, this interpreter runs a checkout.
        checkout: the repository to run.
        disabled: JupyterLab extensions that are turned off.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        *,
        python: Path | None = None,
        checkout: Path = REPOSITORY,
        disabled: Iterable[str] = (),
    ) -> None:
        self.root = folder / "notebooks"
        self.root.mkdir(parents=True)
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{ports.free_port()}"
        settings = folder / "lab_settings"
        settings.mkdir()
        (settings / "overrides.json").write_text(json.dumps(OVERRIDES))
        folders = {
            name: str(folder / name)
            for name in (
                "JUPYTER_CONFIG_DIR",
                "JUPYTER_DATA_DIR",
                "JUPYTER_RUNTIME_DIR",
                "IPYTHONDIR",
                "MPLCONFIGDIR",
            )
        }
        if python is None:
            environment = {**environment, "PYTHONPATH": str(checkout)}
            extensions = folder / "JUPYTER_DATA_DIR" / "labextensions"
            extensions.mkdir(parents=True)
            (extensions / "gemini_magics").symlink_to(checkout / "labextension")
        config = folder / "JUPYTER_CONFIG_DIR" / "labconfig"
        config.mkdir(parents=True)
        page = {"disabledExtensions": dict.fromkeys(disabled, True)}
        (config / "page_config.json").write_text(json.dumps(page))
        profile = folder / "IPYTHONDIR" / "profile_default"
        profile.mkdir(parents=True)
        (profile / "ipython_config.py").write_text('c.InteractiveShellApp.extensions = ["gemini_magics"]\n')
        own_ports = f"import runpy\nrunpy.run_path({ports.__file__!r})['give_to_kernels']()\n"
        (folder / "JUPYTER_CONFIG_DIR" / "jupyter_server_config.py").write_text(own_ports)
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": urlsplit(self.url).port,
            "ServerApp.port_retries": 0,
            "ServerApp.open_browser": False,
            "ServerApp.allow_root": True,
            "ServerApp.root_dir": self.root,
            "IdentityProvider.token": self.token,
            "LabApp.news_url": "",
            "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
            "LabApp.app_settings_dir": settings,
            "LabApp.expose_app_in_browser": True,
            "JupyterNotebookApp.app_settings_dir": settings,
            "JupyterNotebookApp.expose_app_in_browser": True,
        }
        self._log = (folder / "server.log").open("wb")
        self._process = subprocess.Popen(
            [
                python or sys.executable,
                "-m",
                "jupyterlab",
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            env={**os.environ, "PYTHONPATH": "", **folders, **environment},
            cwd=folder,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Server:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.request("/api/status")
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.close()
                    raise RuntimeError(f"Jupyter did not start:\n{Path(self._log.name).read_text()}") from None
                time.sleep(0.1)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def request(self, path: str, method: str = "GET") -> Any:
        """Ask the server's API and return its JSON."""
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"token {self.token}"}, method=method
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
            return json.loads(reply.read() or "null")

    def end_kernel(self, path: Path) -> None:
        """End the kernel of a notebook, if it has one."""
        for session in self.request("/api/sessions"):
            if session["path"] == path.relative_to(self.root).as_posix():
                self.request(f"/api/sessions/{session['id']}", "DELETE")

    def close(self) -> None:
        """End the server; it ends its kernels."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


class Notebook:
    """A notebook in the browser, in JupyterLab or in Notebook 7.

    Attributes:
        page: the page it is shown in.
        path: the file on disk.
        errors: what the page wrote to the console as an error and what it threw, but for the
            application's own: Notebook 7 throws one now and then while it starts.
        hosts: every host and port that the page made a request to.
        dialogs: what a script asked or told in a dialog.
    """

    def __init__(self, page: Page, server: Server, app: App, path: Path) -> None:
        self.page, self.server, self.app, self.path = page, server, app, path
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.dialogs: list[str] = []
        self._sockets: list[WebSocket] = []
        page.set_default_timeout(1000 * PATIENCE_S)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._failed(f"{error}\n{error.stack}"))
        page.on("request", self._requested)
        page.on("websocket", self._connected)
        page.on("dialog", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._failed(f"{message.text} ({message.location.get('url', '')})")

    def _failed(self, error: str) -> None:
        places = re.findall(r"(?:https?|blob):[^\s)]+", error)
        not_ours = error.startswith(LATE) or (places and all(NOT_OURS.search(place) for place in places))
        if not not_ours:
            self.errors.append(error)

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about"):
            self.hosts.add(parts.netloc)

    def _connected(self, socket: WebSocket) -> None:
        self.hosts.add(urlsplit(socket.url).netloc)
        self._sockets.append(socket)

    def _asked(self, dialog: Any) -> None:
        if dialog.type != "beforeunload":
            self.dialogs.append(dialog.message)
        dialog.accept()

    def open(self, *, kernel: bool = True) -> Notebook:
        """Load the page and wait for its cells, and for its kernel unless told that there is none."""
        name = self.path.relative_to(self.server.root).as_posix()
        folder = f"lab/workspaces/{self.path.stem}/tree" if self.app == "lab" else "notebooks"
        self.page.goto(f"{self.server.url}/{folder}/{name}?token={self.server.token}")
        self.page.wait_for_function(READY)
        if self.app == "lab":
            self.command("application:toggle-left-area")  # the files, which take half of a small window
        if kernel:
            self.wait_for_kernel()
        return self

    def reload(self) -> None:
        """Load the page again, as the browser's reload button does."""
        self.page.reload()
        self.page.wait_for_function(READY)

    def wait_for_kernel(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(
            "jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
        )

    def command(self, name: str, **arguments: Any) -> None:
        """Run a command of the application, such as "docmanager:save"."""
        self.page.evaluate("([name, args]) => jupyterapp.commands.execute(name, args)", [name, arguments])

    def cell(self, number: int = 0) -> Locator:
        """The cell at a place, counted from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def output(self, number: int = 0) -> Locator:
        """The output area of a cell."""
        return self.cell(number).locator(".jp-Cell-outputArea")

    def start(self, number: int = 0) -> None:
        """Run the code cell at a place and wait until the kernel works on it."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run(self, number: int = 0, *, within_s: float = PATIENCE_S) -> Locator:
        """Run the code cell at a place, wait for its end, and return its output area."""
        self.start(number)
        self.wait_until_run(number, within_s=within_s)
        return self.output(number)

    def run_all(self) -> None:
        """Run every cell and wait for the end of the last."""
        self.command("notebook:run-all-cells")
        for number in range(self.page.locator(".jp-CodeCell").count()):
            self.wait_until_run(number)

    def wait_until_run(self, number: int = 0, *, within_s: float = PATIENCE_S) -> None:
        """Wait until the cell at a place has been run to its end: its prompt shows a number."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        prompt.filter(has_text="]").filter(has_not_text="*").filter(has_not_text="[ ]").wait_for(
            timeout=1000 * within_s
        )

    def press_slowly(self, button: Locator, meanwhile: Callable[[], object]) -> None:
        """Press the mouse on a button, and let it go after the button has moved away from under it."""
        before = button.bounding_box()
        assert before
        self.page.mouse.move(before["x"] + before["width"] / 2, before["y"] + before["height"] / 2)
        self.page.mouse.down()
        meanwhile()
        moved = "([button, y]) => Math.abs(button.getBoundingClientRect().y - y) > button.offsetHeight"
        self.page.wait_for_function(moved, arg=[button.element_handle(), before["y"]])
        self.page.mouse.up()

    def type(self, text: str, number: int = 0) -> None:
        """Replace the source of a cell as fingers would."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Escape")

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook and return what the file holds now."""
        self.page.evaluate("jupyterapp.shell.currentWidget.context.save()")
        return nbformat.read(self.path, as_version=4)

    def wait_for_output(self, words: str, number: int = 0) -> None:
        """Wait until the outputs that would be saved with a cell hold some words."""
        self.page.wait_for_function(
            """([number, words]) => JSON.stringify(
                jupyterapp.shell.currentWidget.content.model.cells.get(number).sharedModel.getOutputs()
            ).includes(words)""",
            arg=[number, words],
        )

    def sends(self, words: str) -> AbstractContextManager[Any]:
        """Wait at the end of a `with` block until the page has sent some words to the kernel."""
        *_, channels = (socket for socket in self._sockets if "/channels" in socket.url)
        return channels.expect_event(
            "framesent",
            lambda frame: words.encode() in (frame.encode() if isinstance(frame, str) else frame),
        )

    def heard(self) -> list[int]:
        """Return a list to which the bytes of each message from the kernel are added from now on."""
        *_, channels = (socket for socket in self._sockets if "/channels" in socket.url)
        sizes: list[int] = []
        channels.on("framereceived", lambda frame: sizes.append(len(frame)))
        return sizes

    def wait_for_formulas(self) -> None:
        """Wait until every formula in an answer is typeset, which changes the height of the page."""
        self.page.wait_for_function(
            "[...document.querySelectorAll('.gemini-math')].every(node => node.querySelector('mjx-container'))"
        )

    def restart(self) -> None:
        """Start a fresh kernel."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
        self.wait_for_kernel()

    def shut_down(self) -> None:
        """Leave the notebook without a kernel."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def theme(self, name: Literal["Light", "Dark"]) -> None:
        """Change the colours of the application."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        light = str(name == "Light").lower()
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")

    def close(self) -> None:
        """Close the page, and leave no kernel behind."""
        self.page.close()
        self.server.end_kernel(self.path)

    @property
    def trusted(self) -> bool:
        """Whether every code cell is trusted, so that the application does not sanitise its outputs."""
        return self.page.evaluate(
            "Array.from(jupyterapp.shell.currentWidget.content.widgets).every(cell => cell.model.trusted)"
        )


def with_cells(*sources: str) -> nbformat.NotebookNode:
    """Make a notebook of code cells."""
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


@contextmanager
def notebook(
    session: BrowserContext,
    server: Server,
    app: App,
    content: nbformat.NotebookNode,
    *,
    name: str,
    kernel: bool = True,
) -> Iterator[Notebook]:
    """Write a notebook, open it on a page of its own, with a kernel of its own, and close it at the end."""
    path = server.root / f"{name}.ipynb"
    nbformat.write(content, path)
    with closing(Notebook(session.new_page(), server, app, path)) as book:
        yield book.open(kernel=kernel)
