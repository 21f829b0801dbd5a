"""Load what the first question needs while the kernel is idle, in a thread that gives way to cells."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from itertools import count
from time import monotonic, sleep
from types import BuiltinFunctionType

from IPython.core.interactiveshell import InteractiveShell

from ..core.errors import BadRequest
from ..core.settings import resolve
from .callbacks import Callbacks

IDLE_S = 0.05  # cells that were sent together follow each other sooner
HEAD_START_S = 0.03  # in which a cell that does little ends
LOOK_S = 0.001  # between two looks whether the main thread still works
CALLS_A_LOOK = 32  # so many calls of Python functions take some 100 us
MOST_INT = 2**31 - 1  # of C
# The first place that is for no certain kind of tool: https://docs.python.org/3/library/sys.monitoring.html
MONITOR = 3

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
        self._idle = threading.Event()
        self._callbacks = Callbacks(
            shell, pre_run_cell=lambda _: self._idle.clear(), post_run_cell=lambda _: self._idle.set()
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
            IOLoop.current().add_callback(self._idle.set)

    def end(self) -> None:
        """Load nothing more."""
        self._ended = True
        self._idle.set()
        self._callbacks.unregister()

    def _load(self) -> None:
        self._idle.wait()
        sleep(IDLE_S)
        for load in _steps():
            self._idle.wait()
            if self._ended:
                return
            with _ONE, _without_long_waits(), _giving_way():
                load()
        self.end()


@contextmanager
def _without_long_waits() -> Iterator[None]:
    """Let threads take turns fifty times as often as usual, and let nobody look through all objects.

    A cell changes threads some ten times on its way, and would wait 50 ms for a full garbage collection.
    """
    # https://docs.python.org/3/library/sys.html#sys.setswitchinterval
    # https://docs.python.org/3/library/gc.html#gc.set_threshold
    usual_s, (young, middle, oldest) = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(usual_s / 50)
    gc.set_threshold(young, middle, MOST_INT)
    try:
        yield
    finally:
        gc.set_threshold(young, middle, oldest)
        sys.setswitchinterval(usual_s)


@contextmanager
def _giving_way() -> Iterator[None]:
    """Pause this thread, wherever it is, while the main thread works.

    Work that has just begun has the interpreter for itself. After that this thread goes on, since a cell may
    wait for a module that is being loaded.
    """
    calls, idle_at = count(), monotonic()

    def look(*_: object) -> None:
        nonlocal idle_at
        if next(calls) % CALLS_A_LOOK:
            return
        while _main_thread_works():
            if monotonic() - idle_at > HEAD_START_S:
                return
            sleep(LOOK_S)
        idle_at = monotonic()

    with _traced(look):
        yield


if sys.version_info >= (3, 12):  # there `settrace` takes as long as the loading itself

    @contextmanager
    def _traced(at_call: Callable[..., None]) -> Iterator[None]:
        """Call a function at each call of a Python function in this thread, unless a debugger has the place."""
        thread, events = threading.get_ident(), sys.monitoring.events

        def at_start(*_: object) -> None:
            if threading.get_ident() == thread:
                at_call()

        if sys.monitoring.get_tool(MONITOR) is not None:
            yield
            return
        sys.monitoring.use_tool_id(MONITOR, _PACKAGE)
        sys.monitoring.register_callback(MONITOR, events.PY_START, at_start)
        sys.monitoring.set_events(MONITOR, events.PY_START)
        try:
            yield
        finally:
            sys.monitoring.set_events(MONITOR, events.NO_EVENTS)
            sys.monitoring.register_callback(MONITOR, events.PY_START, None)
            sys.monitoring.free_tool_id(MONITOR)

else:

    @contextmanager
    def _traced(at_call: Callable[..., None]) -> Iterator[None]:
        """Call a function at each call of a Python function in this thread, unless a debugger has it."""
        settrace = sys.settrace
        # pydevd replaces `settrace` by a function that complains.
        if sys.gettrace() is not None or not isinstance(settrace, BuiltinFunctionType):
            yield
            return
        settrace(at_call)
        try:
            yield
        finally:
            settrace(None)


def _main_thread_works() -> bool:
    """Tell whether it does anything but wait for messages in asyncio's loop."""
    # https://docs.python.org/3/library/sys.html#sys._current_frames
    frame = sys._current_frames()[threading.main_thread().ident or 0]
    return frame.f_globals.get("__name__") != "selectors"


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
