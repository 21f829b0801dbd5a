"""The folder that Binder builds from."""

import re
import tomllib
from pathlib import Path

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
