"""The house: who may import whom, and what stays unloaded until it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gemini_magics

PACKAGE = Path(gemini_magics.__file__).parent
ROOMS = ["core", "content", "service", "chat", "notebook"]
HEAVY = ["matplotlib", "pandas", "PIL", "ipywidgets", "anywidget", "httpx", "markdown_it", "numpy"]
MODULES = sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py"))


def rooms_imported_by(path: Path) -> set[str]:
    """The folders of the package that a module imports from, at its top or inside functions."""
    inside = path.relative_to(PACKAGE).parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = (*inside[: len(inside) - node.level + 1], *(node.module or "").split("."))
            found.add(parts[0])
    return found & set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_folder_or_from_those_before_it(path):
    own = ROOMS.index(path.relative_to(PACKAGE).parts[0])
    assert rooms_imported_by(path) <= set(ROOMS[: own + 1])


def test_only_the_client_imports_httpx():
    users = [path.name for path in PACKAGE.rglob("*.py") if "import httpx" in path.read_text("utf-8")]
    assert users == ["client.py"]


def loaded_by(code: str) -> list[str]:
    report = f"{code}\nimport sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import gemini_magics") == []


def test_loading_the_extension_loads_nothing_heavy():
    load = "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance()\n"
    assert loaded_by(load + "s.extension_manager.load_extension('gemini_magics')") == []


def test_the_public_names_are_these():
    assert sorted(gemini_magics.__all__) == [
        "Answer", "BadRequest", "Cancel", "CannotAttach", "Citation", "Conversation", "Cut", "GeminiError",
        "KeyRejected", "Media", "NoKey", "OutOfCredit", "RateLimited", "Refused", "Settings", "Unfit",
        "UnknownReply", "Unreachable", "Usage", "ask", "conversations", "last", "panel", "show",
    ]  # fmt: skip
    assert all(hasattr(gemini_magics, name) for name in gemini_magics.__all__)
    assert set(gemini_magics.__all__) <= set(dir(gemini_magics))
