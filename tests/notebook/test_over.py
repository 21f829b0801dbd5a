"""A cell that asks many questions: %%gemini --over."""

import pytest
from kernel import Kernel

from gemini_magics import BadRequest, GeminiError
from gemini_magics.chat import batch_file
from gemini_magics.testing import Act, Demo, Head, body, chunk, stream


def text_of(request):
    return request.json["messages"][-1]["content"][-1]["text"]


def echo(request):
    return stream(f"Heard: {text_of(request)}")


@pytest.fixture
def demo(shell, monkeypatch):
    monkeypatch.setattr(batch_file, "_begun", set())
    with Demo(echo) as demo:
        shell.run(f"%config GeminiMagics.service = 'demo'\n%config GeminiMagics.base_url = {demo.base_url!r}")
        shell.run(
            "import pandas as pd\ndf = pd.DataFrame({'x': [1, 2], 'unit price': [3, 4]}, index=['a', 'b'])"
        )
        yield demo


def asked(demo):
    return sorted(text_of(request) for request in demo.requests)


def test_a_cell_asks_each_row_and_keeps_the_table(shell, demo):
    shell.run("%%gemini --over df --to out\nWhat is $`x`?")
    assert asked(demo) == ["What is 1?", "What is 2?"]
    assert shell.user_ns["out"].answer["b"].text == "Heard: What is 2?"


def test_without_a_name_the_table_is_the_value_of_the_cell(shell, demo):
    result = shell.run_cell("%%gemini --over df --record no\nWhat is $`x`?").result
    assert list(result.index) == ["a", "b"]


def test_a_cell_begins_no_more_rows_after_the_failures_that_it_may_have(shell, demo):
    shell.run("many = pd.DataFrame({'x': range(50)})")
    with Demo([body({"error": {"message": "No"}}, 400)]) as refusing:
        line = "--over many --record no --concurrency 1 --stop-after 3"
        shell.run(f"%config GeminiMagics.base_url = {refusing.base_url!r}")
        with pytest.raises(GeminiError, match="No"):
            shell.run(f"%%gemini {line}\nWhat is $`x`?")
        assert len(refusing.requests) == 3


def test_a_column_wins_over_a_variable_of_its_name(shell, demo):
    shell.run("x = 'the notebook'")
    shell.run("%%gemini --over df --to out\nWhat is $`x`, $`unit price` and $`x * 10`?")
    assert asked(demo) == ["What is 1, 3 and 10?", "What is 2, 4 and 20?"]


def test_a_column_with_a_blank_before_its_name_is_named_without_it(shell, demo):
    shell.run('df[" z"] = [7, 8]')
    shell.run("%%gemini --over df --to out\nWhat is $`z`?")
    assert asked(demo) == ["What is 7?", "What is 8?"]


def test_an_expression_of_the_notebook_is_evaluated_once(shell, demo):
    shell.run("calls = []\ndef when():\n    calls.append(1)\n    return len(calls)")
    shell.run("%%gemini --over df --to out\nIs $`x` before $`when()`?")
    assert asked(demo) == ["Is 1 before 1?", "Is 2 before 1?"]


def test_a_word_that_is_a_column_attaches_the_medium_of_each_row(shell, demo):
    shell.run("from PIL import Image\ndf['photo'] = [Image.new('RGB', (n, n)) for n in (2, 3)]\nnote = 'Mind.'")
    shell.run("%%gemini photo note --over df --to out\nHow wide?")
    parts = [request.json["messages"][-1]["content"] for request in demo.requests]
    assert [[part["type"] for part in each] for each in parts] == [["text", "text", "image_url", "text"]] * 2
    assert len({each[2]["image_url"]["url"] for each in parts}) == 2


BESIDE = ["seen, note", "seen,note", "'unit photo' note", '"seen", note', "blank note", "my,note.txt,seen"]


@pytest.mark.parametrize("line", BESIDE)
def test_a_column_among_the_words_may_be_quoted_and_stand_beside_a_comma(shell, demo, line, tmp_path):
    (tmp_path / "my,note.txt").write_text("Mind.")
    shell.run("note, seen, blank = 'Mind.', 'the notebook', 'the notebook'")
    shell.run("df['seen'] = df['unit photo'] = df[' blank'] = [[1.5], [2.5]]")
    shell.run(f"%%gemini {line} --over df --to out\nHow wide?")
    sent = [str(request.json["messages"][-1]["content"]) for request in demo.requests]
    assert sorted("1.5" in each for each in sent) == sorted("2.5" in each for each in sent) == [False, True]
    assert all("Mind." in each and "the notebook" not in each for each in sent)


@pytest.mark.parametrize("line", ["--over []", "photo --over []", "--over pd.DataFrame()"])
def test_no_rows_give_an_empty_table_also_where_they_had_columns(shell, demo, line, capsys):
    shell.run(f"%%gemini {line} --to out\nWhat is $`x`?")
    assert len(shell.user_ns["out"]) == 0
    shown = capsys.readouterr()
    assert "The answers are in" not in shown.out + shown.err  # nothing was written
    assert not demo.requests


@pytest.mark.parametrize(
    ("line", "body", "words"),
    [
        ("--over df", "What is $`y`?", "neither a column nor a variable y"),
        ("--over nothing", "What is $`x`?", "there is no nothing"),
        ("--over (1/n for n in (1,0))", "What is $`item`?", "Reading the rows fails with ZeroDivisionError"),
        ("--over (n+'' for n in (1,0))", "What is $`item`?", "Reading the rows fails with TypeError"),
        ("--over df --limit none", "What is $`x`?", "--limit takes a whole number from 1"),
        ("--over df --code", "What is $`x`?", "--code is for one answer"),
        ("--over df --chat", "What is $`x`?", "in no conversation"),
        ("--over df --compare nope=1,2 --dry-run", "What is $`x`?", "--compare is written effort=low,high"),
        ("--over df --stop-after two", "What is $`x`?", "--stop-after takes a whole number from 1"),
        ("df --stop-after 3", "What?", "--stop-after belongs to many questions"),
        ("df --limit 3", "What?", "--limit belongs to many questions"),
        ("--over df --expect right", "Is $`x`?", "--expect belongs to a comparison: add it"),
        ("df --expect right", "What?", "--expect belongs to a comparison: add it"),
        ("df --retry-failed", "What?", "--retry-failed belongs to many questions"),
    ],
)
def test_a_cell_that_cannot_be_asked_sends_nothing(shell, demo, line, body, words):
    with pytest.raises(BadRequest, match=words):
        shell.run(f"%%gemini {line}\n{body}")
    assert not demo.requests


def test_a_file_in_the_place_of_a_table_is_to_be_read_first(shell, demo, tmp_path):
    (tmp_path / "rows.csv").write_text("x\n1")
    (tmp_path / "df").write_text("a file with the name of a table")
    with pytest.raises(BadRequest, match=r"rows\.csv is a file.*read it first.*pd\.read_csv\('rows\.csv'\)"):
        shell.run("%%gemini --over rows.csv\nWhat is $`x`?")
    (tmp_path / "data").mkdir()
    with pytest.raises(BadRequest, match="there is no data"):
        shell.run("%%gemini --over data\nWhat is $`x`?")
    assert not demo.requests
    shell.run("%%gemini --over df --limit 1\nWhat is $`x`?")
    assert len(demo.requests) == 1


def test_a_dry_run_shows_the_price(shell, demo, capsys):
    shell.run("%%gemini --over df --dry-run\nWhat is $`x`?")
    assert "2 questions, about 6 tokens" in capsys.readouterr().out
    shell.run("%%gemini --over df --compare effort=low,high --dry-run\nWhat is $`x`?")
    assert "4 questions, about 12 tokens" in capsys.readouterr().out
    shell.run("%%gemini --compare effort=low --dry-run\nWhat is it?")
    assert "1 question, about " in capsys.readouterr().out
    assert not demo.requests


def test_options_reach_the_batch(shell, demo):
    shell.run(
        "%%gemini --over df --to out --limit 1 --record mine.jsonl --concurrency 2 --no-confirm\nIs $`x`?"
    )
    assert asked(demo) == ["Is 1?"]
    assert [file.name for file in __import__("pathlib").Path().glob("*.jsonl")] == ["mine.jsonl"]


@pytest.mark.slow
def test_in_a_kernel_one_output_shows_the_batch_and_a_stop_returns_what_is_done(tmp_path):
    def reply(request):
        hangs = text_of(request) == "What is 3?"
        return [Head(), chunk(content="Half "), Act.HANG] if hangs else echo(request)

    rows = "rows = [{'x': n} for n in range(9)]"
    setup = [f"import os\nos.chdir({str(tmp_path)!r})\n{rows}"]
    with Demo(reply) as demo, Kernel(demo, setup=setup) as kernel:
        shown = kernel.send("%%gemini --over rows --to out --record no --concurrency 1\nWhat is $`x`?")
        kernel.listen(shown, lambda _, content: "3 of 9 · 1 running" in str(content))
        kernel.interrupt()
        kernel.finish(shown)
        assert len(shown.outputs) == 1
        assert "Stopped after 3 of 9 rows" in shown.text
        assert "2: Heard: What is 2?" in shown.text
        done = kernel.run("print([row['ended'] for row in out], repr(out[3]['answer'].text))").stream
    assert done == "['stop', 'stop', 'stop', 'interrupted', '', '', '', '', ''] 'Half '\n"


def test_a_cell_compares_efforts_side_by_side(shell, demo):
    found = shell.run_cell("%%gemini --compare effort=low,high --record no\nWhy?").result
    assert [column.name for column in found.columns] == ["effort=low", "effort=high"]
    assert sorted(request.json["reasoning_effort"] for request in demo.requests) == ["high", "low"]


def test_a_comparison_over_rows_has_a_score(shell, demo):
    shell.run("df['right'] = ['heard: is 1?', '']")
    shell.run("%%gemini --over df --compare effort=low,high --expect right --to found\nIs $`x`?")
    assert list(shell.user_ns["found"].summary.score) == [0.5, 0.5]


@pytest.mark.parametrize("line", ["--compare low,high", "--compare effort", "--compare colour=red,blue"])
def test_a_comparison_that_is_written_otherwise_says_how(shell, demo, line):
    with pytest.raises(BadRequest, match="--compare is written effort=low,high"):
        shell.run(f"%%gemini {line}\nWhy?")
    assert not demo.requests
