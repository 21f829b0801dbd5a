"""The site for a class: what is published, what is refused, and what JupyterLite makes of it."""

import base64
import hashlib
import json
import subprocess
import sys
from zipfile import ZipFile

import nbformat
import pytest

from gemini_magics import __version__
from gemini_magics.__main__ import main
from gemini_magics.notebook import class_site

KEY = "sk-" + "or-v1-0123456789abcdef"
HASH = hashlib.sha256(b"a picture").hexdigest()
RECORDED = json.dumps({"recorded": "2026-11-28", "question": {"prompt": [{"name": "fig", "sha256": HASH}]}})
WIDGET = "application/vnd.jupyter.widget-view+json"
WHEEL = f"gemini_magics-{__version__}-py3-none-any.whl"


def notebook(*sources, outputs=()):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[-1].outputs = [nbformat.v4.new_output("display_data", data) for data in outputs]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


def with_widgets(state):
    """A notebook that keeps the state of one widget, as JupyterLab saves it."""
    buffers = [{"encoding": "base64", "path": ["value"], "data": f"{HASH}/{KEY}"}]
    widget = {"model_name": "PasswordModel", "state": state, "buffers": buffers}
    saved = json.loads(notebook("1", outputs=[{WIDGET: {"model_id": HASH[:32]}}]))
    saved["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {HASH[:32]: widget}}}
    saved["metadata"] |= {"signature": f"sha256:{HASH}", "vscode": {"interpreter": {"hash": HASH}}}
    return json.dumps(saved)


@pytest.fixture
def lesson(tmp_path):
    """A folder with two notebooks, a recording, and files that stay at home."""
    folder = tmp_path / "lesson"
    for name, text in {
        "one.ipynb": notebook("1 + 1", "# the lesson\n%load_ext gemini_magics", "%%gemini\nHow?"),
        "more/two.ipynb": notebook("2 + 2"),
        "answers.jsonl": f"{RECORDED}\n",
        ".env": f"KIE_API_KEY={KEY}",
        ".ipynb_checkpoints/one-checkpoint.ipynb": notebook(KEY),
        "conftest.py": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.slow
def test_the_site_holds_the_notebooks_the_recordings_and_a_wheel_that_they_install(lesson, tmp_path, capsys):
    site = tmp_path / "site"
    assert main(["class", str(lesson), "--output", str(site)]) == 0
    files = site / "files"
    assert {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()} == {
        "one.ipynb", "more/two.ipynb", "answers.jsonl",
    }  # fmt: skip
    listed = json.loads((site / "api" / "contents" / "all.json").read_text("utf-8"))["content"]
    assert {entry["name"] for entry in listed} == {"one.ipynb", "more", "answers.jsonl"}
    assert (files / "answers.jsonl").read_bytes() == (lesson / "answers.jsonl").read_bytes()
    first, second, _ = nbformat.read(files / "one.ipynb", 4).cells
    assert first.source == "1 + 1"
    assert second.source == "%pip install -q gemini-magics\n# the lesson\n%load_ext gemini_magics"
    assert "%pip" not in (files / "more" / "two.ipynb").read_text("utf-8")

    (release,) = json.loads((site / "pypi" / "all.json").read_text("utf-8"))["gemini-magics"][
        "releases"
    ].values()
    assert release[0]["filename"] == WHEEL
    assert release[0]["digests"]["sha256"] == hashlib.sha256((site / "pypi" / WHEEL).read_bytes()).hexdigest()
    settings = json.loads((site / "jupyter-lite.json").read_text("utf-8"))["jupyter-config-data"]
    assert "pypi/all.json" in str(settings["litePluginSettings"])
    assert (site / "lab" / "index.html").exists()

    said = capsys.readouterr().out
    assert "3 files" in said and "answers.jsonl" in said and ".env" not in said


@pytest.mark.slow
def test_the_wheel_of_a_site_installs_and_is_complete(tmp_path):
    wheel = class_site.write_wheel(tmp_path)
    words = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(tmp_path / "there")]
    subprocess.run([sys.executable, *words, str(wheel)], check=True)
    with ZipFile(wheel) as archive:
        rows = archive.read(f"gemini_magics-{__version__}.dist-info/RECORD").decode().splitlines()
        for name, digest, n_bytes in (row.rsplit(",", 2) for row in rows[:-1]):
            data = archive.read(name)
            padded = base64.urlsafe_b64decode(digest.removeprefix("sha256=") + "=")
            assert (hashlib.sha256(data).digest(), len(data)) == (padded, int(n_bytes))
        assert "gemini_magics/notebook/static/answer.js" in archive.namelist()
        assert b"Requires-Dist: markdown-it-py" in archive.read(
            f"gemini_magics-{__version__}.dist-info/METADATA"
        )
    assert (tmp_path / "there" / "gemini_magics" / "notebook" / "static" / "answer.js").exists()


REFUSED = {
    "in the source of a cell": ("a.ipynb", notebook("1", f"key = '{KEY}'"), "a.ipynb, cell 2"),
    "in an output": ("a.ipynb", notebook("1", outputs=[{"text/plain": f"'{KEY}'"}]), "a.ipynb, cell 1"),
    "in a recording": ("a.jsonl", f"{RECORDED}\n" + json.dumps({"text": f"a\n{KEY}"}), "a.jsonl, line 2"),
    "in the state of a widget": ("a.ipynb", with_widgets({"value": KEY}), "a.ipynb, metadata of the notebook"),
    "as the name of a field": ("data.json", json.dumps({"owners": {KEY: "Ada"}}), "data.json"),
    "in a drawing": (
        "a.ipynb",
        notebook("1", outputs=[{"image/svg+xml": f"<svg>{KEY}</svg>"}]),
        "a.ipynb, cell 1",
    ),
    "in text": ("notes.txt", f"one\ntwo {KEY}", "notes.txt, line 2"),
    "in data": ("data.json", json.dumps({"a": [{"b": KEY}]}, indent=1), "data.json"),
    "in a folder below": ("more/a.csv", f"key\n{KEY}", "more/a.csv, line 2"),
    "in a URL": ("a.py", "url = 'https://ada:engine@host.io'", "a.py, line 1"),
    "by its name": ("server.pem", "", "server.pem, by its name"),
}


@pytest.mark.parametrize(("name", "text", "place"), REFUSED.values(), ids=REFUSED)
def test_what_looks_like_a_key_is_refused_with_its_place(name, text, place, lesson, tmp_path, capsys):
    (lesson / name).parent.mkdir(exist_ok=True)
    (lesson / name).write_text(text, "utf-8")
    assert main(["class", str(lesson), "--output", str(tmp_path / "site")]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"What looks like a key stands in {place}. Everybody can read a site")
    assert KEY not in said.err and not said.out
    assert not (tmp_path / "site").exists()
    assert main(["class", str(lesson), "--list", "--allow", name]) == 0


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["notes.txt", "data.json"])
def test_a_key_in_another_encoding_of_unicode_is_found(name, encoding, lesson, tmp_path, capsys):
    (lesson / name).write_text(f'{{"a": "é {KEY}"}}', encoding)
    assert main(["class", str(lesson), "--output", str(tmp_path / "site")]) == 1
    assert f"What looks like a key stands in {name}" in capsys.readouterr().err


ALLOWED = {
    "a hash of a recording": ("a.jsonl", RECORDED),
    "a hash in data": ("a.json", json.dumps({"prompt_sha256": HASH}, indent=1)),
    "a picture": ("a.ipynb", notebook("1", outputs=[{"image/png": f"{HASH}/{KEY}"}])),
    "identities and pictures of widgets, and hashes of a notebook": (
        "a.ipynb",
        with_widgets({"value": "IPY_MODEL_" + HASH[:32]}),
    ),
    "a host that nobody has": ("a.txt", "https://ada:engine-1843@levels.example.org/"),
}


@pytest.mark.parametrize(("name", "text"), ALLOWED.values(), ids=ALLOWED)
def test_what_is_no_key_is_published(name, text, lesson, capsys):
    (lesson / name).write_text(text, "utf-8")
    assert main(["class", str(lesson), "--list"]) == 0
    assert name in capsys.readouterr().out


@pytest.mark.parametrize("target", ["../diary.txt", "/etc/passwd", "more/../../diary.txt"])
def test_a_link_that_leads_out_of_the_folder_publishes_nothing(target, lesson, tmp_path, capsys):
    (tmp_path / "diary.txt").write_text("Dear diary", "utf-8")
    (lesson / "more" / "notes.txt").symlink_to(lesson / target)
    assert main(["class", str(lesson), "--output", str(tmp_path / "site"), "--allow", "more/notes.txt"]) == 1
    assert "more/notes.txt would be published and lies outside" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()
    (lesson / "more" / "notes.txt").unlink()
    (lesson / "more" / "notes.txt").symlink_to("two.ipynb")
    assert main(["class", str(lesson), "--list"]) == 0


@pytest.mark.parametrize("target", [".env", ".ipynb_checkpoints/one-checkpoint.ipynb"])
def test_a_link_to_a_hidden_file_publishes_nothing(target, lesson, tmp_path, capsys):
    (lesson / "notes.ipynb").symlink_to(target)
    assert main(["class", str(lesson), "--output", str(tmp_path / "site"), "--allow", "notes.ipynb"]) == 1
    assert "notes.ipynb would be published and is a link to a hidden file" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


ODD_CELLS = {
    "a text": "1 + 1",
    "a number as source": {"source": 5},
    "numbers": {"source": [5]},
    "null": {"source": None},
}


@pytest.mark.parametrize("cell", ODD_CELLS)
def test_a_notebook_with_odd_cells_is_named(cell, lesson, capsys):
    (lesson / "odd.ipynb").write_text(json.dumps({"cells": [ODD_CELLS[cell]]}))
    assert main(["class", str(lesson), "--list"]) == 1
    assert "odd.ipynb is not a notebook" in capsys.readouterr().err


@pytest.mark.slow
def test_a_site_is_built_again_in_the_folder_of_its_notebooks(lesson, monkeypatch, capsys):
    monkeypatch.chdir(lesson)
    assert main(["class", "."]) == 0
    (lesson / "one.ipynb").write_text(notebook("3 + 3"), "utf-8")
    assert main(["class", "."]) == 0
    assert capsys.readouterr().out.count("3 files") == 2
    files = lesson / "class_site" / "files"
    assert "3 + 3" in (files / "one.ipynb").read_text("utf-8")
    assert sorted(path.name for path in files.iterdir()) == ["answers.jsonl", "more", "one.ipynb"]


def test_what_cannot_be_published_is_said_with_the_next_step(lesson, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (lesson / "broken.ipynb").write_text("{")
    for words, said in {
        ("nowhere",): "There is no folder nowhere: name the one with the notebooks.",
        ("empty",): "There is no notebook in empty: name the folder that holds them.",
        ("lesson",): "broken.ipynb is not a notebook",
    }.items():
        assert main(["class", *words]) == 1
        assert said in capsys.readouterr().err
    (lesson / "broken.ipynb").unlink()
    assert main(["class", "lesson", "--output", "lesson"]) == 1
    assert "lesson holds other files: name a new folder with --output." in capsys.readouterr().err
    assert main(["class", "lesson", "--output", "."]) == 1
    assert ". holds other files: name a new folder with --output." in capsys.readouterr().err
    assert main(["class", "lesson", "--output", "lesson/one.ipynb"]) == 1
    assert "one.ipynb is a file: name a new folder with --output." in capsys.readouterr().err
    monkeypatch.setattr(class_site, "find_spec", lambda name: None)
    assert main(["class", "lesson"]) == 1
    assert "pip install 'gemini_magics[class]'" in capsys.readouterr().err
