"""In a real kernel: what the first question needs is loaded while nothing runs, and only there."""

import gc
import importlib._bootstrap
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_loader

import pytest
from kernel import Kernel, replying
from patience import wait_until

from gemini_magics.notebook import warm_up

LAST = "gemini_magics.notebook.views.live"
AT_ONCE = "from gemini_magics.notebook import warm_up\nwarm_up.IDLE_S = 0"


def is_loaded(module):
    return f"import sys\n{module!r} in sys.modules"


def wait_until_loaded(kernel, module):
    wait_until(lambda: kernel.run(is_loaded(module)).text == "True")


def wait_until_ended(kernel):
    threads = "import threading\n[each.name for each in threading.enumerate() if 'warm-up' in each.name]"
    wait_until(lambda: kernel.run(threads).text == "[]")


@pytest.mark.slow
def test_after_idling_the_first_question_loads_no_module_of_a_package():
    with replying() as demo, Kernel(demo, display="auto") as kernel:
        wait_until_ended(kernel)
        kernel.run("import sys\nbefore = set(sys.modules)")
        assert "Fine." in kernel.run("%%gemini\nWhat?", "a-cell").html
        gained = "{name.partition('.')[0] for name in sys.modules if name not in before}"
        assert kernel.run(f"{gained} - sys.stdlib_module_names").text == "set()"


@pytest.mark.slow
def test_a_question_in_the_middle_is_answered_and_the_rest_is_loaded_after_it():
    with replying() as demo, Kernel(demo, setup=[AT_ONCE]) as kernel:
        wait_until_loaded(kernel, "h11")
        assert "Fine." in kernel.run("%%gemini\nWhat?").html
        wait_until_loaded(kernel, LAST)


@pytest.mark.slow
def test_a_kernel_that_loads_the_extension_when_it_starts_warms_up_before_its_first_cell():
    with Kernel(arguments=["--IPKernelApp.extensions=gemini_magics"]) as kernel:
        wait_until_loaded(kernel, LAST)


ONE_MODULE = "from gemini_magics.notebook import warm_up\nwarm_up._MODULES, warm_up.IDLE_S = ['wave'], 0"


@pytest.mark.slow
def test_nothing_is_loaded_while_a_cell_runs():
    again = "%unload_ext gemini_magics\n%load_ext gemini_magics"
    turns = "import asyncio\nfor _ in range(200):\n    await asyncio.sleep(0)"  # of the kernel's loop
    with Kernel() as kernel:
        wait_until_ended(kernel)
        kernel.run(ONE_MODULE)
        assert kernel.run(f"{again}\n{turns}\n{is_loaded('wave')}").text == "False"
        wait_until_loaded(kernel, "wave")


ENDLESS = """
import sys
calls = 0
def call():
    global calls
    calls += 1
while not hasattr(sys, "enough"):
    call()
"""
UNTIL_IT_PAUSES = """
from time import monotonic
end = monotonic() + 60
before, same_since = endless.calls, monotonic()
while monotonic() < same_since + 0.1:
    if endless.calls != before:
        before, same_since = endless.calls, monotonic()
    assert monotonic() < end, "it has not paused"
"""


@pytest.mark.slow
def test_a_module_that_is_being_loaded_pauses_at_its_next_call_while_a_cell_runs(tmp_path):
    (tmp_path / "endless.py").write_text(ENDLESS)
    setup = f"""import sys\nsys.path.append({str(tmp_path)!r})
warm_up._MODULES, warm_up.HEAD_START_S = ['endless'], 100
%unload_ext gemini_magics\n%load_ext gemini_magics"""
    with Kernel(setup=[AT_ONCE, setup]) as kernel:
        wait_until(
            lambda: kernel.run("endless = sys.modules.get('endless')\nhasattr(endless, 'call')").text == "True"
        )
        kernel.run(UNTIL_IT_PAUSES)
        calls = int(kernel.run("endless.calls").text)
        wait_until(lambda: int(kernel.run("endless.calls").text) > calls)
        kernel.run("sys.enough = True")
        wait_until_ended(kernel)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python 3.12 has a place for each debugger")
@pytest.mark.parametrize("replaced", [True, False])
def test_a_debugger_keeps_the_thread_that_loads(monkeypatch, replaced):
    def debugs(*_):
        return None

    def load():
        if not replaced:
            settrace(debugs)
        with warm_up._giving_way():
            during = sys.gettrace()
        settrace(None)
        return during

    settrace, complaints = sys.settrace, []
    if replaced:
        monkeypatch.setattr(sys, "settrace", lambda asked: complaints.append(asked))
    with ThreadPoolExecutor() as pool:
        assert pool.submit(load).result() is (None if replaced else debugs)
    assert complaints == []


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring comes with Python 3.12")
def test_a_debugger_keeps_its_place():
    sys.monitoring.use_tool_id(warm_up.MONITOR, "a debugger")
    with warm_up._giving_way():
        assert sys.monitoring.get_events(warm_up.MONITOR) == 0
    assert sys.monitoring.get_tool(warm_up.MONITOR) == "a debugger"
    sys.monitoring.free_tool_id(warm_up.MONITOR)


@pytest.mark.slow
def test_unloading_the_extension_ends_the_loading_and_leaves_python_as_it_was():
    with Kernel() as kernel:
        wait_until_ended(kernel)
        usual = f"(0.005, {gc.get_threshold()})"
        kernel.run(ONE_MODULE)
        kernel.run("%reload_ext gemini_magics\n%unload_ext gemini_magics")
        wait_until_ended(kernel)
        assert kernel.run(is_loaded("wave")).text == "False"
        kernel.run("%load_ext gemini_magics")
        wait_until_loaded(kernel, "wave")
        wait_until_ended(kernel)
        assert kernel.run("import gc\nsys.getswitchinterval(), gc.get_threshold()").text == usual
        if sys.version_info >= (3, 12):
            assert kernel.run("print(sys.monitoring.get_tool(warm_up.MONITOR))").text == "None\n"


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

    def let_go():
        try:  # once the cell waits for the package
            wait_until(lambda: importlib._bootstrap._blocking_on.get(threading.main_thread().ident))
        finally:
            held.go_on.set()

    with ThreadPoolExecutor() as pool:
        apart, waiting = pool.submit(warm_up._import, package.name), pool.submit(let_go)
        held.begun.wait()
        from widgets_of_a_test.part import made

        assert made
        assert waiting.result() is apart.result() is None


def test_a_session_without_a_kernel_loads_nothing_before_its_first_question():
    code = "%load_ext gemini_magics\nimport sys, threading\nprint('httpx' in sys.modules, threading.active_count())"
    command = [sys.executable, "-m", "IPython", "--HistoryManager.enabled=False", "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.endswith("False 1\n")  # IPython 7 sets the terminal's title first
