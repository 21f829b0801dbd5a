"""The JavaScript of the widgets: the ES modules in `static/`, joined into one text for anywidget."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

STATIC = Path(__file__).parent / "static"

# Indentation, empty lines, and comments on lines of their own. They are removed because the module of the live
# view is sent with each answer. This is safe because no string, template or other comment in `static/` spans
# lines: tests/js/modules.test.mjs checks that with a JavaScript parser.
_BLANK_OR_COMMENT = re.compile(r"^[ \t]*(?:(?://.*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*)?\n)?", re.MULTILINE)
# Imports are at the start of a module and its one export is at the end, so the code between is not parsed.
_IMPORT = re.compile(r'import \{([^}]+)\} from "\./([^"]+)";\n')
_EXPORT = re.compile(r"^export \{([^}]+)\};\n\Z", re.MULTILINE)


class _Module(NamedTuple):
    """A module as the body of a function that returns what the module exports."""

    imports: list[str]
    body: str


def join_modules(entry: Path) -> str:
    """Join a module and everything that it imports, directly or not, into one module.

    A page cannot load files from the kernel (https://anywidget.dev/en/afm/), and an installation has no build
    step. Each module becomes a function of its own, so modules share only what they export and import.

    Args:
        entry: a module that has a default export; what it imports stands beside it.

    Returns:
        The text of a module with the same default export and without imports.

    Raises:
        ValueError: modules import each other in a circle (`graphlib.CycleError`), or one exports nothing.
    """
    modules: dict[str, _Module] = {}
    found = [entry.name]
    for name in found:
        if name not in modules:
            modules[name] = _read_module(entry.with_name(name))
            found += modules[name].imports
    order = TopologicalSorter({name: module.imports for name, module in modules.items()}).static_order()
    functions = [f'modules["{name}"] = (() => {{\n{modules[name].body}}})();\n' for name in order]
    return "".join(["const modules = {};\n", *functions, f'export default modules["{entry.name}"].default;\n'])


def _read_module(path: Path) -> _Module:
    body = _BLANK_OR_COMMENT.sub("", path.read_text("utf-8"))
    imports, head = [], ""
    while found := _IMPORT.match(body):
        names = found[1].replace(" as ", ": ")
        imports.append(found[2])
        head += f'const {{{names}}} = modules["{found[2]}"];\n'
        body = body[found.end() :]
    export = _EXPORT.search(body)
    if export is None:
        raise ValueError(f"{path.name} does not end with an export like: export {{ name }};")
    names = re.sub(r"([\w$]+) as ([\w$]+)", r"\2: \1", export[1])
    return _Module(imports, f"{head}{body[: export.start()]}return {{{names}}};\n")
