"""The house: which folder may import which, that no imports go in a circle, and what stays unloaded."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import gemini_magics
from gemini_magics.testing import Demo, stream

PACKAGE = Path(gemini_magics.__file__).parent
ROOMS = ["core", "render", "content", "service", "recording", "demo", "chat", "notebook"]
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


def module(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """The names of one circle of imports, in order; [] where there is none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return way[way.index(name) :]
        if name in done:
            return []
        found = next(filter(None, (walk(each, [*way, name]) for each in sorted(graph[name]))), [])
        done.add(name)
        return found

    return next(filter(None, (walk(name, []) for name in sorted(graph))), [])


def graph_of(paths: Sequence[Path]) -> dict[str, set[str]]:
    """For each module the modules that it imports, late and type-only imports counted."""
    names = {module(path) for path in paths}
    imported = {module(path): of(path) for path in paths}
    return {
        name: {each for full in found for each in (full, full.rpartition(".")[0]) if each in names - {name}}
        for name, found in imported.items()
    }


def test_the_folders_are_these():
    assert sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()) == sorted(ROOMS)


def test_no_imports_go_in_a_circle():
    assert circle_in(graph_of(MODULES)) == []


def test_a_circle_is_found():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_two_classes_have_one_name():
    classes = [
        node.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    assert [name for name, times in Counter(classes).items() if times > 1] == []


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
        "from gemini_magics.notebook.views.choose import show",
        "from gemini_magics import notebook",
        "import gemini_magics.notebook.views.choose as show",
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


def parts_before_their_package(source: str) -> list[str]:
    """Parts of other packages that a scope imports before, or without, the package itself."""

    def within(body: Sequence[ast.stmt], whole: set[str]) -> Iterator[str]:
        for node in body:
            match node:
                case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                    continue
                case ast.Import(names=names):
                    imported = [each.name for each in names]
                case ast.ImportFrom(module=str(name), level=0):
                    imported = [name]
                case _:
                    inner = set(whole) if hasattr(node, "args") else whole
                    for field in ("body", "handlers", "orelse", "finalbody"):
                        yield from within(getattr(node, field, []), inner)
                    continue
            for name in imported:
                package = name.partition(".")[0]
                if package != name and package not in {*whole, *sys.stdlib_module_names}:
                    yield name
                whole.add(package)

    return list(within(ast.parse(source).body, set()))


def loads(package: str, name: str) -> bool:
    """Whether a package loads one of its parts by itself, in a process of its own."""
    code = f"import sys, {package}; print({name!r} in sys.modules)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "True"


def test_a_package_that_loads_its_parts_is_imported_before_them():
    # A thread that begins with the part holds it while it waits for the package, whose loading in another
    # thread waits for the part; Python ends one of the two: `_ModuleLock` in
    # https://github.com/python/cpython/blob/v3.11.7/Lib/importlib/_bootstrap.py
    present = {
        "IPython",
        "traitlets",
        "matplotlib",
    }  # the extension's host, and that of the figure that is drawn
    early = {name for path in MODULES for name in parts_before_their_package(path.read_text("utf-8"))}
    parts = {name: name.partition(".")[0] for name in sorted(early)}
    assert [name for name, package in parts.items() if package not in present and loads(package, name)] == []


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("from a import b\nfrom a.b import c", []),
        ("from a.b import c\nfrom a import b", ["a.b"]),
        ("import a.b.c", ["a.b.c"]),
        ("import a\ndef late():\n    from a.b import c", []),
        (
            "def one():\n    import a\ndef two():\n    try:\n        from a.b import c\n    finally:\n        pass",
            ["a.b"],
        ),
        ("from .a.b import c\nif TYPE_CHECKING:\n    from d.e import f\nimport xml.dom", []),
    ],
)
def test_a_part_that_comes_before_its_package_is_seen(source, parts):
    assert parts_before_their_package(source) == parts


def loaded_by(code: str) -> list[str]:
    report = f"{code}\nimport sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import gemini_magics") == []


def test_loading_the_extension_loads_nothing_heavy():
    load = "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance()\n"
    assert loaded_by(load + "s.extension_manager.load_extension('gemini_magics')") == []


def test_loading_the_extension_loads_no_reader_of_files():
    load = "import sys; from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance()\n"
    load += "s.extension_manager.load_extension('gemini_magics')\n"
    names = "print(*[name for name in sys.modules if name.startswith('gemini_magics.content.')])"
    done = subprocess.run([sys.executable, "-c", load + names], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["gemini_magics.content.namespace"]


def test_a_question_is_asked_and_shown_without_ipython():
    with Demo([stream("Fine.")]) as demo:
        script = [sys.executable, "-c", ASKED, demo.base_url]
        done = subprocess.run(script, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["Fine.", "['text/html', 'text/plain'] True demo"]
    assert done.stderr == ""


def test_the_public_names_are_these():
    assert sorted(gemini_magics.__all__) == [
        "Answer", "AnswerMismatch", "AuthenticationError", "BadRequest", "Cancel", "CannotAttach",
        "Citation", "ConnectionFailed", "Conversation", "FunctionCall", "GeminiError", "IncompleteAnswer", "Media",
        "MissingKey", "QuotaExceeded", "RateLimitError", "ServiceError", "Settings", "UnexpectedResponse",
        "Usage", "aask", "ask", "batch", "compare", "conversations", "last", "panel", "region", "show", "tool",
    ]  # fmt: skip
    assert all(hasattr(gemini_magics, name) for name in gemini_magics.__all__)
    assert set(gemini_magics.__all__) <= set(dir(gemini_magics))
