"""In a real kernel: what the first question needs is loaded while nothing runs, and only there."""

import importlib._bootstrap
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_loader

from kernel import Kernel, replying
from patience import wait_until

from gemini_magics.notebook import warm_up

LAST = "gemini_magics.notebook.views.live"
AT_ONCE = "from gemini_magics.notebook import warm_up\nwarm_up.IDLE_S = warm_up.PAUSE_S = 0"
TURNS = "import asyncio\nfor _ in range(200):\n    await asyncio.sleep(0)"  # of the kernel's loop


def until_loaded(module):
    """A cell that waits for a module, as the kernel's loop goes on."""
    return f"import asyncio, sys\nwhile {module!r} not in sys.modules:\n    await asyncio.sleep(0.01)"


def is_loaded(module):
    return f"import sys\n{module!r} in sys.modules"


def test_after_idling_the_first_question_loads_no_module_of_a_package():
    with replying() as demo, Kernel(demo, display="auto") as kernel:
        kernel.run(until_loaded(LAST))
        kernel.run("before = set(sys.modules)")
        assert "Fine." in kernel.run("%%gemini\nWhat?", "a-cell").html
        gained = "{name.partition('.')[0] for name in sys.modules if name not in before}"
        assert kernel.run(f"{gained} - sys.stdlib_module_names").text == "set()"


def test_a_question_between_two_steps_is_answered_and_the_rest_is_loaded_after_it():
    with replying() as demo, Kernel(demo, setup=[AT_ONCE, until_loaded("h11")]) as kernel:
        assert "Fine." in kernel.run("%%gemini\nWhat?").html
        kernel.run(until_loaded(LAST))


def test_a_kernel_that_loads_the_extension_when_it_starts_warms_up_before_its_first_cell():
    with Kernel(arguments=["--IPKernelApp.extensions=gemini_magics"]) as kernel:
        kernel.run(until_loaded(LAST))


def test_unloading_the_extension_stops_the_steps():
    # In one cell, since steps go on between two.
    unload = "get_ipython().run_line_magic('unload_ext', 'gemini_magics')"
    with Kernel(setup=[AT_ONCE, f"{until_loaded('click')}\n{unload}"]) as kernel:
        kernel.run(TURNS)
        assert kernel.run(is_loaded("httpx")).text == "False"
        kernel.run("%load_ext gemini_magics")
        kernel.run(TURNS)
        assert kernel.run(is_loaded("httpx")).text == "True"


class Held:
    """Finds the package of a folder, and holds its loading, before other threads can see it, until `go_on`."""

    def __init__(self, folder):
        self.folder = folder
        self.begun, self.go_on = threading.Event(), threading.Event()

    def find_spec(self, name, path=None, target=None):
        if name != self.folder.name:
            return None
        loader = SourceFileLoader(name, str(self.folder / "__init__.py"))
        loader.create_module = self.hold
        return spec_from_loader(name, loader)

    def hold(self, spec):
        self.begun.set()
        self.go_on.wait()


def test_a_cell_that_imports_a_part_of_what_is_being_loaded_gets_it_and_sees_no_error(monkeypatch, tmp_path):
    package = tmp_path / "widgets_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("from . import part\n")
    (package / "part.py").write_text("made = True\n")
    held = Held(package)
    monkeypatch.setattr(sys, "meta_path", [held, *sys.meta_path])
    monkeypatch.setattr(warm_up, "_APART", [package.name])
    monkeypatch.setenv("GEMINI_MAGICS_SERVICE", "demo")

    def let_go():
        try:  # once the cell waits for the package
            wait_until(lambda: importlib._bootstrap._blocking_on.get(threading.main_thread().ident))
        finally:
            held.go_on.set()

    with ThreadPoolExecutor() as pool:
        apart, waiting = pool.submit(warm_up._load_apart), pool.submit(let_go)
        held.begun.wait()
        from widgets_of_a_test.part import made

        assert made
        assert waiting.result() is apart.result() is None


def test_a_session_without_a_kernel_loads_nothing_before_its_first_question():
    code = "%load_ext gemini_magics\nimport sys, threading\nprint('httpx' in sys.modules, threading.active_count())"
    command = [sys.executable, "-m", "IPython", "--HistoryManager.enabled=False", "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.endswith("False 1\n")  # IPython 7 sets the terminal's title first
