"""The folder that Binder builds from."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def lines(name):
    text = (ROOT / "binder" / name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_package_is_installed_with_what_its_notebooks_need():
    (requirement,) = lines("requirements.txt")
    extras = re.fullmatch(r"\.\[([\w,]+)\]", requirement)[1].split(",")
    assert "tutorial" in extras
    assert set(extras) <= set(PROJECT["optional-dependencies"])


def test_the_python_is_named_and_supported():
    (runtime,) = lines("runtime.txt")
    version = runtime.removeprefix("python-")
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]


@pytest.mark.slow
def test_a_kernel_there_has_the_extension_and_answers_with_the_demo(tmp_path):
    here = Path(sys.executable).parent
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("_API_KEY") and "GEMINI" not in name
    } | {
        "IPYTHONDIR": str(tmp_path),
        "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GEMINI_MAGICS_DEMO_WORDS_PER_S": "0",
    }
    subprocess.run(["bash", "binder/postBuild"], cwd=ROOT, env=environment, check=True)
    asked = [sys.executable, "-m", "IPython", "--no-banner", "-c", "%gemini Is seven prime?"]
    said = subprocess.run(asked, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert "This is the stand-in, not Gemini." in said.stdout
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK)  # repo2docker runs it as a program
