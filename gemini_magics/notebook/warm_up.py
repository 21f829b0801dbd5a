"""Load what the first question needs while the kernel is idle, in short steps between which cells run."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from time import monotonic
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from ..core.errors import BadRequest
from ..core.settings import resolve
from .callbacks import Callbacks

IDLE_S = 0.1  # cells that were sent together follow each other sooner
BRIEF_S = 0.002  # steps that take less follow each other without a pause
PAUSE_S = 0.01  # the kernel's loop takes several turns from a message to the cell that it runs

_PACKAGE = __name__.partition(".")[0]
# Each name is one step. What a large module imports stands before it, so that no step is long.
_HTTPX = ("http.cookiejar", "idna", "mimetypes", "html", "anyio", "certifi")
# httpx loads its command line, too, where click is.
_HTTPX_COMMANDS = (
    "click", "pygments.lexers", "rich.style", "rich.text", "rich.console", "rich.progress", "rich.syntax",
)  # fmt: skip
# Imports that take longer than a step may.
_APART = ("h11", "httpcore", "httpx", "psygnal", "ipywidgets", "markdown_it")
_OURS = (
    ".core.messages", ".core.answer", ".chat.usage", ".chat.conversation", ".chat.run", ".notebook.question",
    ".chat.schema", ".notebook.cell", ".service.proxies", ".service.client", ".content.svg",
    ".content.pdf_pages", ".content.files", ".content.own_words", ".content.convert", ".content.words",
    ".render.marks", ".render.html", ".render.formulas", ".render.syntax", ".render.markdown",
    ".render.static_output",
)  # fmt: skip
_VIEWS = ("anywidget", ".notebook.views.updates", ".notebook.views.live")


class WarmUp:
    """The steps from `begin` until all is loaded, or until `end`."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._callbacks = Callbacks(shell, post_run_cell=lambda _: self._put_off())
        self._steps: Generator[str] | None = None
        self._loop: Any = None
        self._timer: Any = None

    def begin(self) -> None:
        """Begin once the kernel is idle. Without a kernel, as in a script or a terminal, nothing is loaded."""
        self._loop = _loop_of(self._shell)
        if self._loop is not None:
            self._steps = steps()
            self._callbacks.register()
            self._put_off()

    def end(self) -> None:
        """Load nothing more."""
        self._steps = None
        self._callbacks.unregister()

    def _put_off(self) -> None:
        # Cells of a subshell end in other threads, and of a loop only this method may be called there.
        self._loop.add_callback(self._plan, IDLE_S)

    def _plan(self, wait_s: float) -> None:
        if self._timer is not None:
            self._loop.remove_timeout(self._timer)
        self._timer = self._loop.call_later(wait_s, self._step)

    def _step(self) -> None:
        self._timer = None
        if self._steps is None:
            return
        began = monotonic()
        for _ in self._steps:
            if monotonic() > began + BRIEF_S:
                self._plan(PAUSE_S)
                return
        self.end()


def _loop_of(shell: InteractiveShell) -> Any:
    """Return the loop of the kernel's main thread; None where no kernel runs one."""
    kernel = getattr(shell, "kernel", None)
    if getattr(kernel, "parent", None) is None or "tornado.ioloop" not in sys.modules:
        return None
    from tornado.ioloop import IOLoop

    # ipython_config.py loads an extension before the kernel starts; then its loop is the current one.
    # https://github.com/ipython/ipykernel/blob/v7.1.0/ipykernel/kernelbase.py, `Kernel.start`
    return getattr(kernel, "io_loop", None) or IOLoop.current()


def steps() -> Generator[str]:
    """Load one thing after the other, and yield the name of each."""
    yield from _load(_HTTPX_COMMANDS if find_spec("click") else ())
    yield from _load(_HTTPX)
    # These take longer than a step may: in a thread, a cell that begins shares the processor with them.
    apart = threading.Thread(target=_load_apart, name="gemini_magics warm-up", daemon=True)
    with _quick_switches():
        apart.start()
        while apart.is_alive():
            apart.join(BRIEF_S)
            yield apart.name
    yield from _load(_OURS)
    yield from _load(_VIEWS)


@contextmanager
def _quick_switches() -> Iterator[None]:
    """Let threads take turns ten times as often: a cell changes threads some ten times on its way."""
    # https://docs.python.org/3/library/sys.html#sys.setswitchinterval
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(usual_s / 10)
    try:
        yield
    finally:
        sys.setswitchinterval(usual_s)


def _load(names: Iterable[str]) -> Generator[str]:
    for name in names:
        # Versions differ in their modules. What is really missing is the first question's error.
        with suppress(ImportError):
            import_module(f"{_PACKAGE}{name}" if name.startswith(".") else name)
        yield name


def _load_apart() -> None:
    """Load what is one long import; the certificates or the demo, if the session asks there."""
    for package in _APART:
        # A cell may import a part of the package by its own name meanwhile, and then each thread waits for the
        # other. Python ends this import with a RuntimeError, and the cell goes on: `_ModuleLock.acquire` in
        # https://github.com/python/cpython/blob/v3.11.7/Lib/importlib/_bootstrap.py
        with suppress(ImportError, RuntimeError):
            import_module(package)
    import ssl

    from ..service.auto import decided
    from ..service.services import find

    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # each client has one, and the first starts OpenSSL

    with suppress(BadRequest):  # the first question says why
        service = find(decided(resolve({})))
        if not service.base_url:
            import_module(f"{_PACKAGE}.demo.server")
        elif service.base_url.startswith("https:"):
            from ..service.certificates import tls_context

            tls_context()
