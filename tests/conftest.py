"""What the tests share: no key and no choice from outside, and a shell that has loaded the extension."""

import os
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch):
    """Take keys and choices out of the environment, so that no test depends on whose machine it is."""
    for name in list(os.environ):
        if name.endswith("_API_KEY") or name.startswith("GEMINI_MAGICS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell in an empty folder, with the extension loaded; `shell.run(cell)` raises what a cell raises."""
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell.instance()
    shell.reset(new_session=True)
    sys.modules["__main__"] = shell.user_module
    shell.extension_manager.load_extension("gemini_magics")
    shell.run = lambda cell: shell.run_cell(cell).raise_error()
    yield shell
    shell.extension_manager.unload_extension("gemini_magics")
    del shell.run
    sys.modules["__main__"] = MAIN  # new processes look at it, and the shell has emptied its own
