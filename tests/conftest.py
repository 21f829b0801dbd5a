"""What the tests share: no key and no choice from outside, and a shell that has loaded the extension."""

import gc
import os
import shutil
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell
from ports import give_to_kernels

from gemini_magics.core.folder import use_folder
from gemini_magics.service import keys

MAIN = sys.modules["__main__"]
SERVERS = "servers"
# Neither this machine's keyring nor a test's own: keyring takes any class that is a backend, by its priority.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
# Another environment that is active in this terminal: IPython would add its packages, and warn.
os.environ.pop("VIRTUAL_ENV", None)
give_to_kernels()


def pytest_collection_modifyitems(config, items):
    """Leave out the tests that install servers, unless `-m` names them."""
    if SERVERS not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker(SERVERS)]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(autouse=True, scope="module")
def nothing_old_is_collected():
    """Leave what is there out of the collections of garbage, which look at all objects of all modules."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch):
    """Take keys and choices out of the environment, so that no test depends on whose machine it is.

    The demo answers at once: its pace is for readers.
    """
    for name in list(os.environ):
        if name.endswith("_API_KEY") or name.startswith("GEMINI_MAGICS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GEMINI_MAGICS_DEMO_WORDS_PER_S", "0")
    monkeypatch.setattr(keys, "_memory", {})


@pytest.fixture
def chromium():
    """The browser in which kaleido draws; where CI runs, a test fails without it instead of being skipped."""
    if not (shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")):
        raise (pytest.fail if os.environ.get("CI") else pytest.skip).Exception(
            "No browser to draw with: apt-get install chromium."
        )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The notebook's folder, below one of the same test that is not the notebook's."""
    inside = tmp_path / "notebooks"
    inside.mkdir()
    monkeypatch.chdir(inside)
    yield inside
    use_folder()


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell in an empty folder, with the extension loaded; `shell.run(cell)` raises what a cell raises."""
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell.instance()
    with monkeypatch.context() as now:
        now.setattr(gc, "collect", lambda: 0)  # a reset collects garbage, which takes longer than most tests
        shell.reset(new_session=True)
    sys.modules["__main__"] = shell.user_module
    shell.extension_manager.load_extension("gemini_magics")
    shell.run = lambda cell: shell.run_cell(cell).raise_error()
    yield shell
    shell.extension_manager.unload_extension("gemini_magics")
    shell.config.pop("GeminiMagics", None)  # what a test chose outlasts an unload
    del shell.run
    sys.modules["__main__"] = MAIN  # new processes look at it, and the shell has emptied its own
