"""The conversation of a panel in a saved notebook: a stranger may have written every byte of it."""

import copy
import json
from types import SimpleNamespace

import nbformat
import pytest
from patience import wait_until
from PIL import Image
from test_panel import FINE, Widget

from gemini_magics import conversations
from gemini_magics.notebook.panel import panel as module
from gemini_magics.notebook.panel.panel import panel
from gemini_magics.notebook.panel.saved import MOST_ATTACHED, MOST_TURNS, find_saved, read_output
from gemini_magics.testing import Demo

QUESTION = "Why?\n> so\n\nAnd 42, \u202eso"
ATTACK = QUESTION.replace("And 42,", "$`1+1` ")  # as long


@pytest.fixture
def demo(shell):
    _start_again()
    with Demo([FINE]) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run('%config GeminiMagics.service = "demo"')
        yield demo
    _start_again()


def _start_again():
    """Forget conversations and panels, as a new kernel does."""
    conversations.clear()
    module._panels.clear()


@pytest.fixture
def saved(demo, shell):
    """The output of a panel after one question about a picture and one without."""
    shell.user_ns["picture"] = Image.new("RGB", (4, 3), "red")
    opened = panel()
    opened.ask(QUESTION, shell.user_ns["picture"])
    opened.ask("And?")
    opened._desk.show()
    data, metadata = copy.deepcopy(opened._desk.page._bundle())
    _start_again()
    return data["text/plain"], metadata


def conversation(metadata):
    return metadata["gemini_magics"]["conversation"]


def notebook(tmp_path, monkeypatch, saved, cell_id="aaaa"):
    """Write a notebook whose second cell has the saved output, and tell the kernel its path."""
    text, metadata = saved
    data = {"text/plain": text, "text/html": '<div class="gemini-transcript"></div>'}
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    cells = [nbformat.v4.new_code_cell("1"), nbformat.v4.new_code_cell("panel()", outputs=[output], id=cell_id)]
    path = tmp_path / "saved.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return path


def test_the_words_of_each_turn_are_found_in_the_text_of_the_output(saved):
    chat = read_output(*saved)
    assert chat.name == "main"
    assert [turn.question for turn in chat.turns] == [QUESTION, "And?"]
    assert [turn.answer for turn in chat.turns] == ["Fine.", "Fine."]
    assert [[each.name for each in turn.attached] for turn in chat.turns] == [["picture"], []]
    assert read_output(saved[0].splitlines(keepends=True), saved[1]) == chat
    growing = saved[0] + "\n> And now?\n\nIt is\n"  # a page writes it behind those that have ended
    assert read_output(growing, saved[1]) == chat


def test_the_metadata_hold_no_word_path_setting_or_service(saved):
    text = json.dumps(saved[1])
    assert not [word for word in ("Why", "Fine", "demo", "gemini-3.1-pro", "http", "/") if word in text]


WRONG = {
    "no metadata": lambda about: about.clear(),
    "another version": lambda about: about.update(version=2),
    "a long name": lambda about: about.update(name="a" * 1_000),
    "too many turns": lambda about: about.update(turns=about["turns"] * MOST_TURNS),
    "turns that are none": lambda about: about.update(turns=["a", 1, None]),
    "a negative length": lambda about: about["turns"][0].update(length=-5),
    "a length that is true": lambda about: about["turns"][0].update(length=True),
    "an answer outside": lambda about: about["turns"][0].update(answer=[10**9, 10]),
    "an answer inside of the question": lambda about: about["turns"][0].update(answer=[0, 3]),
    "no answer": lambda about: about["turns"][0].update(answer=[]),
    "a hash that is a path": lambda about: about["turns"][0]["attached"][0].update(sha256="/etc/passwd"),
    "too many attachments": lambda about: about["turns"][0].update(
        attached=about["turns"][0]["attached"] * (MOST_ATTACHED + 1)
    ),
    "a name that is none": lambda about: about["turns"][0]["attached"][0].update(name={}),
}


@pytest.mark.parametrize("name", WRONG)
def test_metadata_that_describe_something_else_bring_nothing_back(saved, name):
    text, metadata = saved
    WRONG[name](conversation(metadata))
    assert read_output(text, metadata) is None


def test_it_is_shown_from_the_file_and_joins_no_request_before_continue(demo, saved, shell):
    shell.user_ns["picture"] = Image.new("RGB", (4, 3), "red")
    page = Widget(panel())
    before = len(demo.requests)
    page.do("found", text=saved[0].replace("And 42,", "$`1+1` "), metadata=saved[1])
    assert [page.turns[key]["html"].count("From the file") for key in page.order] == [1, 1]
    assert page.facts["saved"] == page.order
    assert not page.panel.answers
    for verb in ("retry", "edit", "branch", "cell"):
        page.do(verb, key=page.order[0])
        assert "press Continue first" in page.facts["notice"]
    assert len(demo.requests) == before

    page.ask("Alone?")
    assert len(demo.requests[-1].json["messages"]) == 1
    page.do("continue")
    page.ask("Together?")
    messages = demo.requests[-1].json["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"] * 3 + ["user"]
    assert [part["type"] for part in messages[0]["content"]] == ["text", "image_url", "text"]
    assert messages[0]["content"][-1]["text"] == ATTACK


@pytest.mark.parametrize("name", ["two words", "reset", "\u202e", "-"])
def test_a_name_that_cannot_be_one_is_the_name_of_the_panel(saved, name):
    conversation(saved[1])["name"] = name
    page = Widget(panel())
    page.do("found", text=saved[0], metadata=saved[1])
    assert (page.facts["chat"], len(page.facts["saved"])) == ("main", 2)


def test_a_conversation_that_was_branched_comes_back_under_its_name(saved):
    conversation(saved[1])["name"] = "main-2"
    page = Widget(panel())
    page.do("found", text=saved[0], metadata=saved[1])
    page.do("continue")
    assert page.facts["chat"] == "main-2"
    assert len(conversations["main-2"].turns) == 2


def test_an_attachment_that_no_object_has_is_named_in_words_and_never_read(demo, saved, shell):
    shell.user_ns["picture"] = Image.new("RGB", (4, 3), "blue")  # another one of that name
    conversation(saved[1])["turns"][1]["attached"] = [
        {"name": "shell.run('ran')", "kind": "figure", "sha256": "0" * 64},
        {"name": "/etc/passwd", "kind": "text", "sha256": "1" * 64},
    ]
    page = Widget(panel())
    page.do("found", text=saved[0], metadata=saved[1])
    page.do("continue")
    assert page.facts["notice"].startswith("Not in this session: picture, shell.run('ran') and /etc/passwd.")
    first, second = (turn.message for turn in conversations["main"].turns)
    assert not first.attachments
    assert not second.attachments
    assert first.parts == (f"[picture · image]\n{QUESTION}",)


def test_a_cell_that_has_asked_again_is_not_there_twice(demo, saved, shell):
    opened = panel()
    again = opened.ask("And again?")
    conversations["main"].turns[0].anchor = "the cell"
    page = Widget(opened)
    from gemini_magics.notebook.panel.saved import asker_of

    conversation(saved[1])["turns"][1]["asker"] = asker_of("the cell")
    page.do("found", text=saved[0], metadata=saved[1])
    assert len(page.facts["saved"]) == 1
    page.do("found", text=saved[0], metadata=saved[1])  # and not once more
    page.do("continue")
    page.do("found", text=saved[0], metadata=saved[1])
    assert len(page.order) == 2
    assert opened.answers[1] is again


def test_the_file_of_the_notebook_is_looked_into_by_cell_and_by_name(demo, saved, shell, tmp_path, monkeypatch):
    path = notebook(tmp_path, monkeypatch, saved)
    chat = read_output(*saved)
    assert find_saved(shell, "aaaa", "main") == chat
    assert find_saved(shell, "bbbb", "main") == chat
    assert find_saved(shell, "bbbb", "other") is None
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert find_saved(shell, "aaaa", "main") is None
    shell.user_ns["__vsc_ipynb_file__"] = str(path)
    assert find_saved(shell, "aaaa", "main") == chat


@pytest.mark.parametrize(
    "content", [b"", b"gemini-transcript {", b'["gemini-transcript"]', b'{"cells": "gemini-transcript"}']
)
def test_a_file_that_is_no_notebook_brings_nothing_back(shell, tmp_path, monkeypatch, content):
    path = tmp_path / "saved.ipynb"
    path.write_bytes(content)
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    assert find_saved(shell, "aaaa", "main") is None
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path))
    assert find_saved(shell, "aaaa", "main") is None


def test_nothing_is_read_where_a_program_runs_the_notebook(demo, saved, shell, tmp_path, monkeypatch):
    notebook(tmp_path, monkeypatch, saved)
    opened = panel()
    shell.run("%gemini_panel")
    assert not opened._desk.saved
    monkeypatch.setattr(
        module.Frontend,
        "of",
        classmethod(
            lambda *_: SimpleNamespace(
                kind="notebook", cell_id="aaaa", runs_cells=True, shows_widgets=True, session=""
            )
        ),
    )
    shell.run("%gemini_panel")
    wait_until(lambda: len(opened._desk.saved["main"]) == 2)
    opened.close()
