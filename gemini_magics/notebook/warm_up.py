"""Load what the first question needs while the kernel is idle, in a thread that gives way to cells."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from time import monotonic, sleep

from IPython.core.interactiveshell import InteractiveShell

from ..core.errors import BadRequest
from ..core.settings import resolve
from .callbacks import Callbacks

IDLE_S = 0.1  # cells that were sent together follow each other sooner
HEAD_START_S = 0.03  # in which a cell that does little ends
REPLY_S = 0.005  # in which the kernel tells the page that a cell has ended

_PACKAGE = __name__.partition(".")[0]
_MODULES = (
    "httpcore", "h11", "httpx", "anywidget", "markdown_it", ".notebook.cell", ".notebook.question",
    ".chat.run", ".chat.schema", ".service.proxies", ".service.client", ".content.words",
    ".content.convert", ".content.files", ".content.own_words", ".content.svg", ".content.pdf_pages",
    ".render.marks", ".render.static_output", ".notebook.views.updates", ".notebook.views.live",
)  # fmt: skip
_ONE = threading.Lock()  # the loading of a reloaded extension waits for the one before it


class WarmUp:
    """Loading from `begin` until all is loaded, or until `end`."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._ended = False
        self._turns = _Turns()
        self._callbacks = Callbacks(
            shell, pre_run_cell=self._turns.cell_begins, post_run_cell=self._turns.cell_ended
        )

    def begin(self) -> None:
        """Begin once the kernel is idle. Without a kernel, as in a script or a terminal, nothing is loaded."""
        kernel = getattr(self._shell, "kernel", None)
        if getattr(kernel, "parent", None) is None or "tornado.ioloop" not in sys.modules:
            return
        self._callbacks.register()
        threading.Thread(target=self._load, name=f"{_PACKAGE} warm-up", daemon=True).start()
        if getattr(kernel, "io_loop", None) is None:
            from tornado.ioloop import IOLoop

            # ipython_config.py loads an extension before the kernel starts, and then no cell ends:
            # https://github.com/ipython/ipykernel/blob/v7.1.0/ipykernel/kernelbase.py, `Kernel.start`
            IOLoop.current().add_callback(self._turns.idle.set)

    def end(self) -> None:
        """Load nothing more."""
        self._ended = True
        self._turns.idle.set()
        self._callbacks.unregister()

    def _load(self) -> None:
        self._turns.idle.wait()
        sleep(IDLE_S)
        for load in _steps():
            self._turns.idle.wait()
            if self._ended:
                return
            with _ONE, self._turns.taken():
                load()
        self.end()


class _Turns:
    """Python asks this finder for each module that it loads: there the thread of `taken` gives way to cells.

    A cell that has just begun has the interpreter for itself. After that the thread goes on, since the cell may
    wait for a module that is being loaded: https://docs.python.org/3/reference/import.html#the-meta-path
    """

    def __init__(self) -> None:
        self.idle = threading.Event()
        self._shared_from = 0.0  # monotonic time
        self._thread: threading.Thread | None = None

    def cell_begins(self, _: object) -> None:
        """Stop loading for a while."""
        self._shared_from = monotonic() + HEAD_START_S
        self.idle.clear()

    def cell_ended(self, _: object) -> None:
        """Go on."""
        self.idle.set()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Find nothing, later than others would."""
        if self.idle.is_set() or threading.current_thread() is not self._thread:
            return
        if self.idle.wait(self._shared_from - monotonic()):
            sleep(REPLY_S)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Give way in this thread, and let threads take turns fifty times as often as usual."""
        # A cell changes threads some ten times on its way:
        # https://docs.python.org/3/library/sys.html#sys.setswitchinterval
        usual_s = sys.getswitchinterval()
        self._thread = threading.current_thread()
        sys.meta_path.insert(0, self)
        sys.setswitchinterval(usual_s / 50)
        try:
            yield
        finally:
            sys.setswitchinterval(usual_s)
            # A cell may be asking one finder after the other, and would leave one out if this list became
            # shorter: https://github.com/python/cpython/issues/130094
            sys.meta_path = [each for each in sys.meta_path if each is not self]


def _steps() -> Iterator[Callable[[], object]]:
    """Yield what loads one thing after the other."""
    for name in _MODULES:
        yield partial(_import, f"{_PACKAGE}{name}" if name.startswith(".") else name)
    yield _start_tls
    yield _load_service


def _import(name: str) -> None:
    # Versions differ in their modules. What is really missing is the first question's error.
    # A cell may import a part of the package by its own name meanwhile, and then each thread waits for the
    # other. Python ends this import with a RuntimeError, and the cell goes on: `_ModuleLock.acquire` in
    # https://github.com/python/cpython/blob/v3.11.7/Lib/importlib/_bootstrap.py
    with suppress(ImportError, RuntimeError):
        import_module(name)


def _start_tls() -> None:
    from ..service.certificates import unused_tls

    unused_tls()  # the first context starts OpenSSL


def _load_service() -> None:
    """Load the certificates or the demo, if the session asks there."""
    from ..service.auto import decided
    from ..service.services import find

    with suppress(BadRequest):  # the first question says why
        service = find(decided(resolve({})))
        if not service.base_url:
            import_module(f"{_PACKAGE}.demo.server")
        elif service.base_url.startswith("https:"):
            from ..service.certificates import tls_context

            tls_context()
