"""%gemini_forget lists what is kept outside of the notebook, and deletes it."""

import os
import shutil
from pathlib import Path

import keyring
import pytest
from ring import Ring

from gemini_magics.core.errors import BadRequest
from gemini_magics.core.settings import resolve
from gemini_magics.notebook.magics.forget import forget
from gemini_magics.recording.journal import partial_answers
from gemini_magics.service import keyrings, keys

JOURNAL = ".answers.jsonl.0123abcd.partial"
BATCH = "gemini-0123456789ab.jsonl"


@pytest.fixture
def folder(shell, tmp_path, monkeypatch):
    """A notebook's folder with a thing of each kind, and files of the person's own."""
    (tmp_path / JOURNAL).write_text('{"journal": "2026-11-28 17:20"}\n{"text": "The curve"}\n')
    (tmp_path / JOURNAL).chmod(0o600)
    (tmp_path / BATCH).write_text("{}\n")
    for own in ("answers.jsonl", "gemini-notes.jsonl", "gemini-0123456789abc.jsonl"):
        (tmp_path / own).touch()
    ring = Ring({("gemini_magics", "https://api.kie.ai"): "a-key-that-nobody-sees"})
    monkeypatch.setattr(keyring.core, "_keyring_backend", ring)
    monkeypatch.setattr(keyrings, "find_spec", lambda name: name == "keyring")
    monkeypatch.setattr("gemini_magics.notebook.magics.forget.notebook_folder", lambda: tmp_path)
    monkeypatch.setattr("gemini_magics.recording.journal.notebook_folder", lambda: tmp_path)
    return tmp_path


def names(table):
    return [row[0] for row in table.rows]


def test_alone_it_lists_and_deletes_nothing(folder):
    before = sorted(folder.iterdir())
    table = forget("")
    assert names(table) == [JOURNAL, BATCH, "kie"]
    assert "a-key" not in table.text()
    assert "%gemini_forget all" in table.text()
    assert sorted(folder.iterdir()) == before


def test_a_name_deletes_one(folder):
    assert names(forget(BATCH)) == [BATCH]
    assert names(forget("")) == [JOURNAL, "kie"]
    assert names(forget(f"kie {JOURNAL}")) == [JOURNAL, "kie"]
    assert forget("").notes == ("Nothing is kept.",)


@pytest.mark.parametrize("text", ["two words", "kéy", "\0"])
def test_a_text_in_the_keyring_that_cannot_be_a_key_is_listed_and_deleted(folder, text):
    keyring.set_password("gemini_magics", "https://api.kie.ai", text)
    assert names(forget("")) == [JOURNAL, BATCH, "kie"]
    assert names(forget("kie")) == ["kie"]
    assert names(forget("")) == [JOURNAL, BATCH]


def test_all_deletes_the_list_and_nothing_else(folder):
    forget("all")
    assert sorted(path.name for path in folder.iterdir()) == [
        "answers.jsonl",
        "gemini-0123456789abc.jsonl",
        "gemini-notes.jsonl",
    ]
    assert keys.in_keyring([]) == []
    assert forget("all").notes == ("Nothing was kept.",)


def test_another_name_deletes_nothing_and_says_so(folder):
    with pytest.raises(BadRequest, match=r"answers\.jsonl is not on the list of %gemini_forget"):
        forget(f"{BATCH} answers.jsonl")
    assert BATCH in names(forget(""))


@pytest.mark.parametrize("name", [".my answers.jsonl", ".a\x1b[31m\n b.jsonl", '.a"b c.jsonl', ".it's.jsonl"])
def test_a_partial_answer_is_deleted_by_the_name_that_is_shown(folder, name):
    (folder / JOURNAL).rename(folder / f"{name}.0123abcd.partial")
    [answer] = partial_answers(resolve({}))
    told = answer.problem.partition("%gemini_forget ")[2].partition(" deletes ")[0]
    shown = names(forget(""))[0]
    assert "\n" not in told + shown
    assert "\x1b" not in told + shown
    assert names(forget(told)) == [shown]
    assert not list(folder.glob(".*.partial"))
    (folder / f"{name}.0123abcd.partial").write_text("{}")
    (folder / f"{name}.0123abcd.partial").chmod(0o600)
    assert names(forget(f'"{shown}"')) == [shown]


def test_a_file_of_an_impossible_time_is_listed_and_deleted(folder, monkeypatch):
    lstat = Path.lstat

    def far(path):
        status = lstat(path)
        return os.stat_result((*status[:8], 10**12, *status[9:])) if path.name == BATCH else status

    monkeypatch.setattr(Path, "lstat", far)
    assert names(forget(BATCH)) == [BATCH]
    assert BATCH not in names(forget(""))


def test_what_cannot_be_deleted_is_one_line(folder, monkeypatch):
    def refuse(path, missing_ok=False):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(BadRequest, match=rf"{BATCH} cannot be deleted \(Permission denied\)"):
        forget(BATCH)


def test_without_a_folder_the_keys_are_listed(folder):
    shutil.rmtree(folder)
    assert names(forget("")) == ["kie"]


def test_the_magic_shows_the_list(shell, folder, capsys):
    shell.run("%gemini_forget")
    assert JOURNAL in capsys.readouterr().out
