"""What people try, and what they get."""

import logging
import re
from pathlib import Path

import pytest
from PIL import Image

import gemini_magics
from gemini_magics import BadRequest, CannotAttach, conversations
from gemini_magics.core.settings import resolve
from gemini_magics.testing import Demo, stream


@pytest.fixture
def ask(shell):
    """Ask in a cell; return the texts of the newest message, and its pictures as their type."""
    conversations.clear()
    with Demo([stream("Fine.")]) as demo:
        shell.demo = demo
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"\n%config GeminiMagics.service = "demo"')
        yield lambda cell: (shell.run(cell), parts(demo.requests[-1].json))[1]


def parts(body):
    return [part.get("text") or part["image_url"]["url"][:15] for part in body["messages"][-1]["content"]]


SETUP = """
import functools
import math
import pandas as pd
import matplotlib
matplotlib.use("Agg")
from matplotlib.figure import Figure
fig = Figure()
fig.subplots().plot([1, 2])
df = pd.DataFrame({"a": [1.0, 2.5]})
n, word, word_list = 3.14159, "peak", ["a", "b"]
class Odd:
    def __format__(self, spec):
        raise ValueError("no such format")
odd = Odd()
def mean(rows):
    return sum(rows) / len(rows)  # of all
@functools.lru_cache
def cached(x):
    return x
token = "nightingale-1843"
def asks():
    return "nightingale-1843"
double = lambda x: 2 * x
exec("def made(): pass", globals())
"""

FIRST_WORDS = {
    "%gemini fig What is odd?": "fig is sent as a word. To attach it, write $`fig`",
    "%gemini df, what is the mean?": "df is sent as a word.",
    "%gemini --effort low fig: what is odd?": "fig is sent as a word.",
    "%gemini red.png What is this?": "red.png is sent as a word. To attach the file",
    "%gemini n is odd?": "",
    "%gemini word is odd?": "",
    "%gemini What is fig?": "",
    "%gemini missing.png What is this?": "",
    "%gemini $`fig` What is odd?": "",
}


@pytest.mark.parametrize("cell", FIRST_WORDS)
def test_a_line_that_begins_with_a_figure_a_table_or_a_file_says_that_it_goes_as_a_word(
    ask, shell, cell, capsys
):
    Image.new("RGB", (4, 3)).save("red.png")
    shell.run(SETUP)
    ask(cell)
    shown = capsys.readouterr().out
    assert FIRST_WORDS[cell] in shown
    assert ("sent as a word" in shown) == bool(FIRST_WORDS[cell])


AS_IN_AN_F_STRING = {
    "n:.2f": "3.14", "n!r": "3.14159", "n : .2f": " 3.14", "word!r": "'peak'", "word!r:>8": "  'peak'",
    "n=": "n=3.14159", "n =": "n =3.14159", "n=:.1f": "n=3.1", "word:>{len(word) + 2}": "  peak",
    "df['a'].max():.1f": "2.5", "{'a': n}['a']:.0f": "3", "n if n != 3 else 0:.3f": "3.142", "1000000:,": "1,000,000",
    "word[1:3]": "ea", "{1: 2}": "{1: 2}", "n > 3": "True", "n == 3": "False", "(lambda x: x)(1)": "1", "word!s": "peak",
    "n:%": "314.159000%", "df['a'].mean():.3f": "1.750",
}  # fmt: skip


@pytest.mark.parametrize("expression", AS_IN_AN_F_STRING)
def test_a_format_behind_an_expression_is_read_as_an_f_string_reads_it(ask, shell, expression):
    shell.run(SETUP)
    sent = "".join(ask(f"%%gemini\nIs it $`{expression}`?"))
    assert sent == f"Is it {AS_IN_AN_F_STRING[expression]}?"


@pytest.mark.parametrize(
    ("expression", "said"),
    {
        "n:q": "Unknown format code", "odd:x": "no such format", "word:.2f": "Unknown format code", "n!x": "not a Python",
        "nn:.2f": "there is no nn", "n:{m}": "there is no m", "n +:.2f": "not a Python expression", ":": "not a Python",
        "n/0:.2f": "ZeroDivisionError", "!r": "not a Python",
    }.items(),
)  # fmt: skip
def test_a_format_that_does_not_fit_is_an_error_with_a_next_step(ask, shell, expression, said):
    shell.run(SETUP)
    with pytest.raises(BadRequest, match=re.escape(said)):
        ask(f"%%gemini\nIs it $`{expression}`?")
    assert not shell.demo.requests


FUNCTIONS = {
    "mean": "def mean(rows):\n    return sum(rows) / len(rows)  # of all",
    "cached": "@functools.lru_cache\ndef cached(x):\n    return x",
    "double": "double = lambda x: 2 * x",
    "textwrap.dedent": "def dedent(text):",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_sent_as_its_source(ask, shell, name):
    shell.run(f"import textwrap\n{SETUP}")
    assert FUNCTIONS[name] in ask(f"%%gemini {name}\nWhy?")[0]
    assert FUNCTIONS[name] in "".join(ask(f"%%gemini\nWhy $`{name}`?"))


@pytest.mark.parametrize("cell", ["%%gemini asks\nWhy?", "%%gemini\nWhy $`asks`?"])
def test_secrets_are_masked_in_the_source_of_a_function(ask, shell, cell):
    shell.run(SETUP)
    sent = "".join(ask(cell))
    assert "def asks" in sent
    assert "nightingale" not in sent


@pytest.mark.parametrize("name", ["made", "math.sin", "df.mean"])
def test_a_function_without_source_of_its_own_says_how_to_send_what_it_returns(ask, shell, name):
    shell.run(SETUP)
    with pytest.raises(CannotAttach, match=f"call it, as in {re.escape(name)}\\(\\)"):
        ask(f"%%gemini {name}\nWhy?")


@pytest.fixture
def files(shell):
    for name in (
        "a.png",
        "b.png",
        "c.jpg",
        "my red photo.png",
        "1.png",
        "2.png",
        "plots/d.png",
        "plots/deep/e.png",
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 3)).save(name)
    Path("my note.txt").write_text("Some words.")


PATHS = {
    "my red photo.png": ["my red photo.png:"],
    "my\\ red\\ photo.png": ["my red photo.png:"],
    "a.png my red photo.png b.png": ["a.png:", "my red photo.png:", "b.png:"],
    "my red photo.png, b.png": ["my red photo.png:", "b.png:"],
    "my note.txt --effort low": ["my note.txt:\n```\nSome words.\n```"],
    "?.png": ["1.png:", "2.png:", "a.png:", "b.png:"],
    "[ab].png": ["a.png:", "b.png:"],
    "plots/*.png": ["plots/d.png:"],
    "plots/**/*.png": ["plots/d.png:", "plots/deep/e.png:"],
    "'my*.png'": ["my red photo.png:"],
    "c.* a.png": ["c.jpg:", "a.png:"],
}


@pytest.mark.parametrize("typed", PATHS)
def test_paths_with_spaces_and_patterns_are_the_files_that_they_mean(ask, files, typed):
    sent = [part for part in ask(f"%%gemini {typed}\nWhat is this?") if not part.startswith("data:")]
    assert sent == [*PATHS[typed], "What is this?"]


def test_links_that_lead_in_a_circle_are_followed_once(ask, files):
    Path("again").symlink_to(".")
    Path("plots/up").symlink_to("..")
    Path("plots/deep/here").symlink_to(".")
    Path("qlots").symlink_to("plots")
    sent = [part for part in ask("%%gemini **/e.png\nWhat?") if not part.startswith("data:")]
    assert sent == ["plots/deep/e.png:", "What?"]
    with pytest.raises(CannotAttach, match=r"No file matches \*\*/\*\.gif"):
        ask("%%gemini **/*.gif\nWhat?")


def test_a_pattern_obeys_the_rules_of_paths(ask, files, shell):
    shell.run(SETUP)
    with pytest.raises(CannotAttach, match=r"No file matches plots/\*\.gif"):
        ask("%%gemini plots/*.gif\nWhat?")
    for number in range(30):
        Path(f"x{number}.txt").write_text("x")
    with pytest.raises(CannotAttach, match="more than 20 files"):
        ask("%%gemini x*.txt\nWhat?")
    with pytest.raises(CannotAttach, match="--allow-outside"):
        ask("%%gemini /etc/host*\nWhat?")
    assert "2" in ask("%%gemini df*2\nWhat?")[0]  # an expression of the notebook is not a pattern


EXTRA = {
    "%%gemini --temperature 0.2\nWhat?": """--extra '{"temperature": 0.2}'""",
    "%%gemini --temperature=0.2\nWhat?": """--extra '{"temperature": 0.2}'""",
    "%gemini --max-tokens 500 What?": """--extra '{"max_tokens": 500}'""",
    "%%gemini --stop END\nWhat?": """--extra '{"stop": "END"}'""",
    "%%gemini --seed\nWhat?": """--extra '{"seed": "..."}'""",
}


@pytest.mark.parametrize("cell", EXTRA)
def test_a_field_of_the_request_is_told_to_go_into_extra(ask, cell):
    with pytest.raises(BadRequest, match=re.escape(EXTRA[cell])):
        ask(cell)


def test_in_python_a_field_of_the_request_goes_into_extra_too():
    with pytest.raises(BadRequest, match=re.escape('extra={"temperature": 0.2}')):
        gemini_magics.ask("What?", temperature=0.2)


HELPS = {
    "%%gemini --help\nWhat?": "--effort low|high",
    "%%gemini --help": "--effort low|high",
    "%%gemini fig --help\nWhat?": "--effort low|high",
    "%gemini --help": "--effort low|high",
    "%gemini -h": "--effort low|high",
    "%gm -h": "--effort low|high",
    "%gemini_chat --help": "%gemini_chat branch NAME NEW",
    "%gemini_chat -h": "%gemini_chat delete NAME",
    "%gemini_record --help": "%gemini_record off",
    "%gemini_replay -h": "%gemini_replay off",
    "%gemini_key --help": "--forget",
    "%gemini_fix --help": "--locals",
    "%gemini_usage --help": "%config GeminiMagics.dollars_per_credit",
    "%gemini_credits -h": "%gemini_credits [SERVICE]",
    "%gemini_last --help": "%gemini_last [N]",
    "%gemini_panel --help": "%gemini_panel [CONVERSATION]",
    "%gemini_info --help": "bug report",
}


@pytest.mark.parametrize("cell", HELPS)
def test_help_is_shown_and_nothing_is_asked(ask, shell, cell, capsys):
    shell.run(cell)
    assert HELPS[cell] in capsys.readouterr().out
    assert not shell.demo.requests


def test_a_question_about_help_is_a_question(ask):
    assert ask("%gemini What does ls --help show?") == ["What does ls --help show?"]
    assert ask("%%gemini\n--help") == ["--help"]


def test_every_magic_shows_its_help(shell, capsys):
    magics = shell.magics_manager.magics["line"]
    for name in [name for name in magics if name.startswith("gemini")]:
        shell.run(f"%{name} --help")
        assert magics[name].__doc__.strip().splitlines()[0] in capsys.readouterr().out


def test_a_replay_is_ended_by_off(ask, shell, capsys):
    shell.run("%gemini_record answers.jsonl")
    shell.run("%gemini_replay off")
    assert "No recording is in use." in capsys.readouterr().out
    ask("%gemini How?")
    assert not Path("answers.jsonl").exists()


def test_a_conversation_is_shown_deleted_and_exported_in_the_words_that_people_try(ask, shell, capsys):
    ask("%%gemini --chat\nHow?")
    capsys.readouterr()
    shell.run("%gemini_chat show main")
    assert "Fine." in capsys.readouterr().out
    for line, said in {
        "main --export": "Write %gemini_chat export main FILE.md.",
        "main --export notes.md": "Write %gemini_chat export main notes.md.",
        "show": "Write %gemini_chat show NAME.",
        "delete": "Write %gemini_chat delete NAME.",
        "delete mian": "Did you mean main?",
        "remove main": "There is no %gemini_chat remove.",
    }.items():
        with pytest.raises(BadRequest, match=re.escape(said)):
            shell.run(f"%gemini_chat {line}")
    assert "1 turn, 0 stale" in repr(conversations["main"])
    shell.run("%gemini_chat delete main")
    assert not conversations
    assert "There is no conversation yet" in capsys.readouterr().out


@pytest.mark.parametrize("number", ["200", "0.5", "1_000", "'200'", "'1,000'"])
def test_a_budget_without_a_unit_is_asked_for_one(shell, number, caplog):
    shell.run('%config GeminiMagics.budget = "5 credits"')
    shell.run(f"%config GeminiMagics.budget = {number}")
    assert "A budget needs its unit: write " in caplog.text
    assert resolve({}).budget == "5 credits"
    with pytest.raises(BadRequest, match=r'needs its unit: write "[\d.,]+ credits" or'):
        gemini_magics.ask("How?", budget=eval(number))


HINTED = {
    "{df.shape}": "Write $`df.shape`", '{df["a"]}': 'Write $`df["a"]`', "${df}": "Write $`df`", "{mean([1])}": "Write $`mean([1])`",
    "{df}": "Write $`df`", "$df": "Write $`df`", "{n:.2f}": "Write $`n:.2f`", "{df['a'].max():.1f}": "Write $`df['a'].max():.1f`",
    "{nope.shape}": "", "\\text{df.shape}": "", "{{df.shape}}": "", "\\${df}": "", '{"df": 1}': "", "x_{df.a}": "",
}  # fmt: skip


@pytest.mark.parametrize("typed", HINTED)
def test_an_expression_in_braces_is_sent_as_typed_and_the_output_says_how_to_put_it_in(
    ask, shell, typed, capsys
):
    shell.run(SETUP)
    assert ask(f"%%gemini\nIs it {typed}?") == [f"Is it {typed}?"]
    shown = capsys.readouterr().out
    assert HINTED[typed] in shown
    assert ("is sent as you typed it" in shown) == bool(HINTED[typed])


BARE = {
    "gemini What is it?": "What is it?", "gemini What is it": "What is it", "gm Why??": "Why??", "gemini is it so?": "is it so?",
    "  gemini What is `fig`?\n": "What is `fig`?", "gemini What is $`n:.1f`?": "What is 3.1?",
}  # fmt: skip


@pytest.mark.parametrize("cell", BARE)
def test_without_the_percent_sign_a_question_is_asked_once_and_shown_once(ask, shell, cell, capsys):
    shell.run(SETUP)
    assert "".join(ask(cell)) == BARE[cell]
    assert len(shell.demo.requests) == 1
    shown = capsys.readouterr().out
    assert shown.count("Fine.") == 1
    assert "not found" not in shown


def test_without_the_percent_sign_a_variable_stays_a_variable(ask, shell):
    shell.run("gemini = 3\ngm = gemini")
    for cell in ("gemini is not None", "gemini == 3", "gm = 4", "gemini - 1"):
        shell.run(cell)
    assert shell.user_ns["gm"] == 4
    assert not shell.demo.requests
    shell.run("del gemini, gm")


def test_a_question_is_returned_by_a_function(ask, shell):
    shell.run(
        "def asks(n):\n    return %gemini What is $`n`?\ndef each():\n    yield %gemini Why?\na, b = asks(3), list(each())"
    )
    assert str(shell.user_ns["a"]) == "Fine."
    assert [str(answer) for answer in shell.user_ns["b"]] == ["Fine."]
    assert [parts(request.json)[-1] for request in shell.demo.requests][-1] == "Why?"


def test_at_debug_the_log_holds_nothing_of_the_markdown_parser(ask, shell, caplog):
    with caplog.at_level(logging.DEBUG):
        ask("%%gemini --to reply\nHow?")
        _ = shell.user_ns["reply"]._repr_mimebundle_()
    assert [record.name for record in caplog.records if record.name.startswith("markdown_it")] == []
