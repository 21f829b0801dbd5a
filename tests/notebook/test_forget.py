"""%gemini_forget lists what is kept outside of the notebook, and deletes it."""

import errno

import keyring
import pytest
from ring import Ring

from gemini_magics.core.errors import BadRequest
from gemini_magics.notebook.magics.forget import forget
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


SPACED = ".my answers.jsonl.0123abcd.partial"


@pytest.mark.parametrize("line", [SPACED, f"  {SPACED} ", f"'{SPACED}'", f'kie "{SPACED}"'])
def test_a_name_with_spaces_is_deleted_as_it_stands_or_in_quotes(folder, line):
    (folder / JOURNAL).rename(folder / SPACED)
    assert SPACED in names(forget(line))
    assert SPACED not in names(forget(""))
    assert BATCH in names(forget(""))


def test_a_file_that_cannot_be_deleted_is_named(folder, monkeypatch):
    def unlink(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", unlink)
    with pytest.raises(BadRequest) as raised:
        forget(BATCH)
    told = f"{BATCH} cannot be deleted (Permission denied): check the permissions of its folder."
    assert str(raised.value) == told


def test_the_magic_shows_the_list(shell, folder, capsys):
    shell.run("%gemini_forget")
    assert JOURNAL in capsys.readouterr().out
