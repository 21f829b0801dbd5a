"""The house: who may import whom, and what stays unloaded until it is needed."""

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import gemini_magics
from gemini_magics.service.demo import Demo, stream

PACKAGE = Path(gemini_magics.__file__).parent
ROOMS = ["core", "content", "service", "chat", "notebook"]
HEAVY = ["matplotlib", "pandas", "PIL", "ipywidgets", "anywidget", "httpx", "markdown_it", "numpy"]
MODULES = sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py"))
ASKED = """
import sys
sys.modules["IPython"] = None  # importing it fails
import gemini_magics
answer = gemini_magics.ask("How?", service="demo", base_url=sys.argv[1])
data, about = answer._repr_mimebundle_()
print(answer)
print(sorted(data), "Fine." in data["text/html"], about["gemini_magics"]["service"])
"""


def imported_by(source: str, package: Sequence[str]) -> set[str]:
    """All that a module of a package imports, at its top or inside functions, by its full name."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            before = [".".join(package[: len(package) - node.level + 1])] if node.level else []
            module = ".".join([*before, *filter(None, [node.module])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def of(path: Path) -> set[str]:
    package = path.relative_to(PACKAGE.parent).parts[:-1]
    return imported_by(path.read_text("utf-8"), package)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_folder_or_from_those_before_it(path):
    own = ROOMS.index(path.relative_to(PACKAGE).parts[0])
    parts = [name.split(".") for name in of(path)]
    rooms = {inside[0] for package, *inside in parts if package == "gemini_magics"}
    assert rooms <= set(ROOMS[: own + 1])


@pytest.mark.parametrize(
    "source",
    [
        "from ..notebook.show import show",
        "from .. import notebook",
        "from gemini_magics.notebook.show import show",
        "from gemini_magics import notebook",
        "import gemini_magics.notebook.show as show",
        "def late():\n    from ..notebook import show",
    ],
)
def test_an_import_is_seen_however_it_is_written(source):
    (name,) = imported_by(source, ("gemini_magics", "core"))
    assert name.startswith("gemini_magics.notebook")


def test_only_the_client_imports_httpx():
    users = [
        path.name for path in PACKAGE.rglob("*.py") if any(f"{name}.".startswith("httpx.") for name in of(path))
    ]
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


def test_a_question_is_asked_and_shown_without_ipython():
    with Demo([stream("Fine.")]) as demo:
        script = [sys.executable, "-c", ASKED, demo.base_url]
        done = subprocess.run(script, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["Fine.", "['text/html', 'text/plain'] True demo"]
    assert done.stderr == ""


def test_the_public_names_are_these():
    assert sorted(gemini_magics.__all__) == [
        "Answer", "BadRequest", "Cancel", "CannotAttach", "Citation", "Conversation", "Cut", "GeminiError",
        "KeyRejected", "Media", "NoKey", "OutOfCredit", "RateLimited", "Refused", "Settings", "Unfit",
        "UnknownReply", "Unreachable", "Usage", "ask", "conversations", "last", "panel", "show",
    ]  # fmt: skip
    assert all(hasattr(gemini_magics, name) for name in gemini_magics.__all__)
    assert set(gemini_magics.__all__) <= set(dir(gemini_magics))
