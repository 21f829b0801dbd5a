"""What people type reaches the magic as they typed it, whatever IPython thinks of it."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

import gemini_magics.notebook.magics as magics
from gemini_magics.service.demo import Demo, stream

BODIES = [
    "What is $`x` {here} $5, \\frac{a}{b}?",
    ">>> x = 1\n>>> y\nWhat does this do?",
    "In [1]: x\nOut[1]: 2\nwhy?",
    "    indented\n  less?",
    '{"json": [1, 2, {"a": null}]}',
    "line one\n\n\nline two\n",
    "!ls\n%time\n%%bash",
    "ends in a question mark?",
    "two??",
    "quotes ' and \" and \\n and \\",
    "unicode \u2028 and \x0b and 🎈",
    "",
]


@pytest.fixture
def heard(monkeypatch):
    """A shell whose magic only listens; the list holds each (line, cell) that reaches it."""
    heard = []
    shell = InteractiveShell.instance()
    monkeypatch.setattr(magics.GeminiMagics, "gemini", lambda self, line, cell=None: heard.append((line, cell)))
    magics.load(shell)
    yield lambda cell: (heard.clear(), shell.run_cell(cell).raise_error(), heard)[-1]
    magics.unload(shell)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", ["gemini", "gm"])
def test_the_body_of_a_cell_arrives_as_typed(heard, name, body):
    assert heard(f"%%{name} fig --effort low\n{body}\n") == [("fig --effort low", body + "\n")]


def test_a_cell_without_a_body_reaches_the_magic(heard):
    assert heard("%%gemini fig") == [("fig", "\n")]


LINES = [
    "What is odd about $`fig`?",
    "Why {a} and $5 and \\alpha??",
    'What\'s "this" (and that?',
    "--effort low -- %percent? !bang?",
]


@pytest.mark.parametrize("question", LINES)
def test_a_question_in_a_line_arrives_as_typed(heard, question):
    assert heard(f"x = 1\n%gemini {question}\ny = 2") == [(question, None)]


def test_a_line_inside_a_loop_is_asked_each_time(heard):
    assert heard("for i in range(2):\n    %gemini What now?") == [("What now?", None)] * 2


def test_a_line_inside_a_string_stays_a_string(heard):
    assert heard('text = """\n%gemini What is this?\n"""') == []


def test_a_cell_of_another_magic_is_left_alone(heard):
    assert heard("%%capture\n%gemini inside, then?") == [("inside, then?", None)]


@pytest.mark.parametrize("cell", ["%%gemini?", "%gemini?", "?%gemini"])
def test_help_shows_every_option(heard, cell, capsys, monkeypatch):
    monkeypatch.undo()
    magics.load(shell := InteractiveShell.instance())
    shell.run_cell(cell).raise_error()
    shown = capsys.readouterr().out
    assert "--effort low|high" in shown
    assert "--dry-run" in shown


def test_a_cell_of_ours_is_complete_only_after_an_empty_line(heard):
    check = InteractiveShell.instance().input_transformer_manager.check_complete
    assert check("%%gemini fig\n")[0] == "incomplete"
    assert check("%%gemini fig\nWhat?\n")[0] == "incomplete"
    assert check("%%gemini fig\nWhat?\n\n")[0] == "complete"


EXPANDED = "{x} $x $5 {1 + 1} $$x"  # what IPython would put values into


@pytest.mark.parametrize("name", ["gemini", "gm"])
def test_no_value_of_the_notebook_gets_into_what_is_typed(shell, name):
    with Demo([stream("Fine.")]) as demo:
        shell.run(f"%config GeminiMagics.base_url = {demo.base_url!r}")
        shell.run("x = 'a secret'")
        shell.run(f"%{name} {EXPANDED}")
        shell.run(f"def ask():\n    %{name} {EXPANDED}\nask()")
        shell.run(f'%%{name} --system "{EXPANDED}"\n{EXPANDED}')
        asked = [[message["content"] for message in request.json["messages"]] for request in demo.requests]
    part = [{"type": "text", "text": EXPANDED}]
    assert asked == [[part], [part], [part, part]]
