"""The README's first command, as far as it goes without installing."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def commands():
    """The commands of the block behind the mark, then those of the block after it."""
    first, look = re.findall(r"^```\n(.+)\n```$", README[README.index("<!-- quickstart -->") :], re.MULTILINE)[
        :2
    ]
    return first.split(" && "), look


@pytest.mark.thorough
def test_the_first_command_leaves_a_notebook_that_can_be_run_again_where_it_lies(tmp_path, monkeypatch):
    shutil.copytree(
        ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns("__pycache__", ".*")
    )
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    monkeypatch.setenv("GEMINI_MAGICS_DEMO_WORDS_PER_S", "0")
    (_, _, *commands_after_pip), look = commands()
    for command in [*commands_after_pip, commands_after_pip[-1]]:
        done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    made = look.split()[-1]
    assert look == f".venv/bin/jupyter lab {made}"
    cells = nbformat.read(tmp_path / made, as_version=4).cells
    assert any("stand-in, not Gemini" in str(cell.get("outputs")) for cell in cells)
    assert {path.name for path in tmp_path.iterdir()} == {".venv", "notebooks", "tutorial"}


def test_jupyterlab_comes_with_the_extra_that_the_first_command_installs():
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    (installed,) = re.findall(r"\.\[(\w+)\]", commands()[0][1])
    named = re.search(r"\[([\w,]+)\]", extras[installed][0])[1].split(",")
    assert any(each.startswith("jupyterlab") for extra in named for each in extras[extra])
