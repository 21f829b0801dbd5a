"""A page of a browser replays recorded notebooks and asks the demo: Python there has no threads and sockets.

Each test runs twice: in this Python, without the modules that a browser has not, and in Pyodide under node,
which `npm ci` installs. PYODIDE=1, as in CI, makes a missing Pyodide a failure.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
NOTEBOOKS = REPOSITORY / "notebooks"
PYODIDE = REPOSITORY / "node_modules" / "pyodide"
# What IPython and gemini_magics import; httpx, Pillow and the widgets are left out on purpose.
PACKAGES = [
    "ipython",
    "ipython-pygments-lexers",
    "traitlets",
    "decorator",
    "matplotlib-inline",
    "prompt-toolkit",
    "pygments",
    "stack-data",
    "executing",
    "asttokens",
    "pure-eval",
    "wcwidth",
    "pexpect",
    "ptyprocess",
    "markdown-it-py",
    "mdurl",
]
ANY_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("KIE_", "GEMINI_", "OPENROUTER_"))
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A zip of pure packages, as micropip would install them."""
    path = tmp_path_factory.mktemp("packages") / "packages.zip"
    with ZipFile(path, "w") as archive:
        for name in PACKAGES:
            for file in distribution(name).files:
                if ".." not in file.parts and file.suffix != ".pyc":
                    archive.write(file.locate(), str(file))
    return path


def without(cells, folder):
    words = [sys.executable, str(HERE / "cells.py"), cells.name, "as in a browser"]
    environment = ANY_ENVIRONMENT | {
        "PYTHONPATH": str(REPOSITORY),
        "GEMINI_MAGICS_DEMO_WORDS_PER_S": "0",
    }
    subprocess.run(words, cwd=folder, env=environment, check=True)


def in_pyodide(cells, folder, packages):
    words = ["node", HERE / "run.mjs", packages, REPOSITORY, folder, cells.name]
    subprocess.run([str(word) for word in words], cwd=HERE, check=True)


@pytest.fixture(params=["without", "pyodide"])
def run(request, tmp_path):
    """Runs cells in a folder; returns what each of them tells."""
    if request.param == "pyodide" and not PYODIDE.exists() and "PYODIDE" not in os.environ:
        pytest.skip("Pyodide is not installed: npm ci")

    def run(*cells):
        path = tmp_path / "cells.json"
        path.write_text(json.dumps(cells), "utf-8")
        if request.param == "pyodide":
            in_pyodide(path, tmp_path, request.getfixturevalue("packages"))
        else:
            without(path, tmp_path)
        told = json.loads((tmp_path / "cells.json.told").read_text("utf-8"))
        assert told["platform"] == "emscripten"
        return told["cells"]

    return run


@pytest.mark.slow
def test_a_recorded_notebook_replays_and_the_demo_answers_in_a_browser(run, tmp_path):
    """One run for all of it, since Pyodide takes seconds to begin."""
    (tmp_path / "files").mkdir()
    shutil.copy(NOTEBOOKS / "files" / "recorded.jsonl", tmp_path / "files")
    shutil.copy(NOTEBOOKS / "files" / "hopper.jpg", tmp_path)
    notebook = nbformat.read(NOTEBOOKS / "07_record_and_replay.ipynb", 4)
    load, replay, question = [cell for cell in notebook.cells if cell.cell_type == "code"][:3]
    unknown = next(cell for cell in notebook.cells if "two formulas" in cell.source)
    told = run(
        load.source,
        replay.source,
        question.source,
        unknown.source,
        "%gemini_record answers.jsonl",
        "%config GeminiMagics.service = 'auto'",
        "%%gemini --to first\nWhich primes are even?",
        "%%gemini --to second\nWhich primes are even?",
        "import gemini_magics\n"
        "assert first.service == 'demo' and second.text == first.text and not first.recorded and second.recorded\n"
        "assert gemini_magics.ask('Is 2 even?', {'a': 1}, effort='low', fresh=True).ended == 'stop'\n"
        "assert len(open('answers.jsonl').readlines()) == 2",
        "%%gemini --service kie\nHow?",
        "%%gemini hopper.jpg\nWho?",
        "gemini_magics.batch([{'n': 2}], 'Is $`n` even?')",
        "gemini_magics.compare('Is 2 even?', effort=['low', 'high'])",
        "gemini_magics.panel()",
        "%gemini_panel",
        "%gemini_usage",
    )
    errors = [each["error"] for each in told]
    assert [place for place, error in enumerate(errors) if error] == [3, 9, 10, 11, 12, 13, 14]
    assert "has no answer to this question; the nearest, in line 1, differs in" in errors[3]
    assert errors[9].startswith("BadRequest: The service kie cannot be reached from here, because Python in a")
    assert errors[10].endswith("hopper.jpg cannot be sent without the package pillow: %pip install pillow")
    none = "needs threads, and Python in a browser has none"
    assert f"A batch {none}" in errors[11]
    assert f"A comparison {none}" in errors[12] and told[12]["shown"] == []
    assert errors[13] == errors[14] == f"BadRequest: The panel {none}: ask in cells."
    (shown,) = told[2]["shown"]
    assert shown == question.outputs[0]["data"]
