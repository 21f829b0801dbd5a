"""People's words reach the magic as they typed them, whatever IPython makes of them."""

from functools import wraps

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gemini_magics.notebook import extension
from gemini_magics.notebook.magics.question import GeminiMagics
from gemini_magics.notebook.transformer import as_typed
from gemini_magics.testing import Demo, stream

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

    @wraps(GeminiMagics.gemini)  # what IPython is told of the magic stays
    def listen(self, line, cell=None, **_):
        heard.append((line, cell))

    monkeypatch.setattr(GeminiMagics, "gemini", listen)
    extension.load(shell)
    shell.user_ns["a"] = "a name that a line may hold"
    yield lambda cell: (heard.clear(), shell.run_cell(cell).raise_error(), heard)[-1]
    extension.unload(shell)


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


STRINGS = {
    "s = 'it''s \"\"\" here'\n%gemini What?": 1,
    "# don't write ''' here\n%gemini What?": 1,
    's = """ a \\""" %gemini\n%gemini no\n"""\n%gemini What?': 1,
    '%gemini It says """ here\n%gemini And now?': 2,
    "s = '''\na = %gemini no\n'''": 0,
    "print('a = %gemini no')": 0,
    "x = 5 %gemini": 0,
}


@pytest.mark.parametrize("cell", STRINGS)
def test_a_line_is_asked_where_it_is_code_and_nowhere_else(cell):
    asked = [line for line in as_typed(cell.splitlines(keepends=True)) if "run_line_magic" in line]
    assert len(asked) == STRINGS[cell]


ASSIGNED = ["a", "a = b", "d['k']", "o.name", "a: object"]


@pytest.mark.parametrize("target", ASSIGNED)
def test_an_assigned_line_takes_the_whole_question(heard, target):
    assert heard(f"d, o = {{}}, type('O', (), {{}})\n{target} = %gemini What is a fixed point?") == [
        ("What is a fixed point?", None)
    ]


def test_an_assigned_line_has_its_answer_and_a_bare_one_shows_it_once(shell, capsys):
    with Demo([stream("A point."), stream("Another.")]) as demo:
        shell.run(f'%config GeminiMagics.service = "demo"\n%config GeminiMagics.base_url = {demo.base_url!r}')
        shell.run("a = %gemini What is a fixed point?")
        shell.run("%gemini What else?")
    assert str(shell.user_ns["a"]) == "A point."
    assert capsys.readouterr().out.count("Another.") == 1


def test_a_line_in_a_function_reads_the_variables_of_the_function(shell):
    with Demo([stream("Fine.")]) as demo:
        shell.run(f'%config GeminiMagics.service = "demo"\n%config GeminiMagics.base_url = {demo.base_url!r}')
        shell.run("word, other = 'global', 'outside'")
        shell.run("def f():\n    word = 'local'\n    %gemini Is $`word` in $`[w for w in (word, other)]`?\nf()")
        shell.run("%gemini Is it $`word`?")
        asked = [request.json["messages"][-1]["content"][0]["text"] for request in demo.requests]
    assert asked == ["Is local in ['local', 'outside']?", "Is it global?"]


def test_a_cell_of_another_magic_is_left_alone(heard):
    assert heard("%%capture\n%gemini inside, then?") == [("inside, then?", None)]


@pytest.mark.parametrize("cell", ["%%gemini?", "%gemini?", "?%gemini"])
def test_help_shows_every_option(heard, cell, capsys, monkeypatch):
    monkeypatch.undo()
    extension.load(shell := InteractiveShell.instance())
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
