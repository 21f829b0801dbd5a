"""What is published: the wheel, the sdist, and what says who made it."""

import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import yaml

import gemini_magics

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
RECIPE = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text("utf-8"))
LABEXTENSION = json.loads((ROOT / "labextension" / "package.json").read_text("utf-8"))
IN_WHEEL = f"gemini_magics-{PROJECT['version']}.data/data/share/jupyter/labextensions/gemini_magics/"
MADE_BY_RUNNING = re.compile(
    r"__pycache__|\.pyc$|\.ipynb_checkpoints|_cache/|\.egg-info|\.coverage|node_modules"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with a wheel and an sdist of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def in_sdist(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def files(folder):
    found = (path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file())
    return {name for name in found if not MADE_BY_RUNNING.search(name)}


def in_wheel(folder):
    return {f"{IN_WHEEL}{name.removeprefix(f'{folder}/')}" for name in files(folder)}


@pytest.mark.parametrize(
    "folder", ["gemini_magics", "tests", "notebooks", "binder", "docs", "benchmarks", "recipe", "labextension"]
)
def test_the_sdist_holds_each_file_of(folder, in_sdist):
    assert files(folder) - in_sdist == set()


def test_the_sdist_holds_what_its_tests_and_its_readers_need_beside_the_folders(in_sdist):
    named = {
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "CITATION.cff",
        "PKG-INFO",
    }
    assert named <= in_sdist


def test_the_sdist_holds_nothing_else(in_sdist):
    assert [name for name in in_sdist if MADE_BY_RUNNING.search(name) or name.startswith(".")] == []


def test_the_wheel_holds_the_package_alone_with_its_types_and_what_pages_load(wheel):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == files("gemini_magics") | in_wheel("labextension")
    assert "gemini_magics/py.typed" in names


def test_the_labextension_makes_the_wheel_less_than_40_kb_larger(wheel):
    sizes = [each.compress_size for each in wheel.infolist() if each.filename.startswith(IN_WHEEL)]
    assert 0 < sum(sizes) < 40_000


def test_the_settings_page_has_the_same_description_of_its_package():
    schemas = ROOT / "labextension" / "schemas" / "gemini_magics"
    assert json.loads((schemas / "package.json.orig").read_text("utf-8")) == LABEXTENSION


@pytest.fixture(scope="module")
def new_environment(tmp_path_factory):
    """The folder of an environment that holds nothing, and a function that runs pip on it."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)

    def pip(*arguments):
        command = [sys.executable, "-m", "pip", "--python", str(folder), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True)

    return folder, pip


@pytest.mark.slow
def test_installed_the_labextension_is_where_jupyter_looks_and_uninstalled_nothing_is_left(
    built, new_environment
):
    folder, pip = new_environment
    (path,) = built.glob("*.whl")
    pip("install", "--no-deps", "--no-index", path)
    installed = folder / "share" / "jupyter" / "labextensions" / "gemini_magics"
    found = {each.relative_to(installed).as_posix() for each in installed.rglob("*") if each.is_file()}
    assert {f"labextension/{name}" for name in found} == files("labextension")
    pip("uninstall", "-y", "gemini_magics")
    assert list(folder.rglob("*gemini*")) == []


def test_an_editable_install_brings_the_labextension_too(tmp_path):
    build = "import sys, hatchling.build; hatchling.build.build_editable(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    assert in_wheel("labextension") <= names


def test_the_readme_of_the_wheel_leads_to_addresses_and_to_no_file_beside_it(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    told = message_from_bytes(wheel.read(name))
    text = told.get_payload()
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(targets) == len(re.findall(r"\]\(([^)\s]+)\)", (ROOT / "README.md").read_text("utf-8")))
    repository = PROJECT["urls"]["Repository"]
    raw = repository.replace("github.com", "raw.githubusercontent.com")
    for target in targets:
        assert target.startswith((f"{repository}/blob/HEAD/", f"{raw}/HEAD/", "https://", "#"))
    pictures = re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", text)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture.removeprefix(f"{raw}/HEAD/")).is_file()


def test_the_version_is_the_same_wherever_it_is_written():
    versions = [gemini_magics.__version__, CITATION["version"], RECIPE["context"]["version"]]
    assert [*versions, LABEXTENSION["version"]] == [PROJECT["version"]] * 4


def test_the_citation_has_what_the_format_asks_for():
    # https://github.com/citation-file-format/citation-file-format/blob/main/schema-guide.md
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["message"]
    assert CITATION["title"] == PROJECT["name"]
    assert CITATION["authors"] == PROJECT["authors"]
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["repository-code"] == PROJECT["urls"]["Repository"]


def test_the_recipe_asks_for_what_the_package_asks_for():
    python, *needed = (requirement.replace(" ", "") for requirement in RECIPE["requirements"]["run"])
    assert python == f"python{PROJECT['requires-python']}"
    assert needed == PROJECT["dependencies"]


def test_the_recipe_has_the_parts_of_a_recipe():
    # https://rattler.build/latest/reference/recipe_file/
    assert list(RECIPE) == [
        "schema_version", "context", "package", "source", "build", "requirements", "tests", "about", "extra",
    ]  # fmt: skip
    assert RECIPE["schema_version"] == 1
    assert RECIPE["package"] == {"name": PROJECT["name"], "version": "${{ version }}"}
    assert RECIPE["build"]["noarch"] == "python"
    assert {"pip", "hatchling", "hatch-fancy-pypi-readme"} <= set(RECIPE["requirements"]["host"])
    assert RECIPE["about"]["license"] == PROJECT["license"]
    assert RECIPE["about"]["homepage"] == PROJECT["urls"]["Repository"]
    assert (ROOT / RECIPE["about"]["license_file"]).is_file()
    assert RECIPE["tests"][0]["python"] == {
        "imports": ["gemini_magics", "gemini_magics.testing"], "pip_check": True,
    }  # fmt: skip
