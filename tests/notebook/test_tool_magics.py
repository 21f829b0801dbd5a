"""`--tool` in cells: what is shown of calls, in which order, and how the person is asked."""

from __future__ import annotations

import json

import pytest
from kernel import Kernel, replying
from patience import PATIENCE_S

from gemini_magics import BadRequest, conversations
from gemini_magics.notebook.options import read_cell_line
from gemini_magics.testing import Head, chunk, ending, stream, took

WIDGET = "application/vnd.jupyter.widget-view+json"
SETUP = """\
import gemini_magics

@gemini_magics.tool(run=True)
def double(x: int) -> int:
    "Return twice a number."
    print("doubling")
    return 2 * x

def plain(x: int) -> int:
    return x

@gemini_magics.tool(run=True)
async def later(x: int) -> int:
    print("later")
    return x
"""


def calls(*named, thoughts="Hm."):
    wanted = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for n, (name, arguments) in enumerate(named)
    ]
    return [
        Head(),
        chunk(reasoning_content=thoughts),
        chunk(tool_calls=wanted),
        *ending("tool_calls", took(10, 2)),
    ]


@pytest.fixture(scope="module")
def demo():
    with replying() as demo:
        yield demo


@pytest.fixture(scope="module")
def kernel(demo):
    with Kernel(demo, display="auto", setup=[SETUP]) as kernel:
        yield kernel


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["", "a-cell"], ids=["paced", "live"])
def test_words_calls_and_prints_stand_in_their_order(kernel, demo, cell):
    demo.replies[:] = [calls(("double", {"x": 4})), stream("It is 8.", thoughts=["Ah."])]
    shown = kernel.run("%%gemini --tool double --no-thoughts\nTwice 4?", cell)
    assert [output.get("name", "display") for output in shown.outputs] == [
        "display",
        "display",
        "stdout",
        "display",
    ]
    assert shown.outputs[1]["data"]["text/plain"].startswith("[double(x=4) ·")
    assert shown.stream == "doubling\n"
    assert "It is 8." in shown.outputs[3]["data"]["text/plain"]
    assert "11 tokens in" in shown.outputs[3]["data"]["text/plain"]
    assert "tokens in" not in shown.outputs[0]["data"]["text/plain"]
    assert "widget" not in str([output.get("data") for output in shown.outputs])


def test_what_an_async_function_prints_lands_in_its_cell(kernel, demo):
    demo.replies[:] = [calls(("later", {"x": 4})), stream("Done.")]
    shown = kernel.run("%%gemini --tool later\nGo.")
    assert shown.stream == "later\n"
    assert "later(x=4)" in shown.text


@pytest.fixture
def no_page(kernel):
    """No page will say that it is here, so the time in which one may say it is short."""
    kernel.run(
        "from gemini_magics.notebook.views import consent\nusual_s, consent.HERE_S = consent.HERE_S, 0.2"
    )
    yield
    kernel.run("consent.HERE_S = usual_s")


@pytest.mark.usefixtures("no_page")
@pytest.mark.parametrize("cell", ["", "a-cell"], ids=["paced", "live without a page"])
def test_the_person_is_asked_in_the_cell_where_no_page_answers_buttons(kernel, demo, cell):
    demo.replies[:] = [calls(("plain", {"x": 4})), stream("Done.")]
    shown = kernel.send("%%gemini --tool plain\nGo.", cell)
    prompt = kernel.client.get_stdin_msg(timeout=PATIENCE_S)["content"]["prompt"]
    assert "plain" in prompt
    assert '{"x": 4}' in prompt
    kernel.client.input("y")
    kernel.finish(shown)
    assert "[plain(x=4) · 0.0 s · 1 B: 4]" in shown.text


def test_a_stop_while_the_person_is_asked_stops_the_question(kernel, demo):
    demo.replies[:] = [calls(("plain", {"x": 4}))]
    asked = len(demo.requests)
    shown = kernel.send("%%gemini --tool plain\nGo.")
    kernel.client.get_stdin_msg(timeout=PATIENCE_S)
    kernel.interrupt()
    kernel.finish(shown, fails=True)
    assert "[plain(x=4) · stopped" in shown.text
    assert "stopped after" in shown.text
    assert len(demo.requests) == asked + 1


def test_nobody_is_asked_where_a_program_runs_the_notebook(kernel, demo):
    demo.replies[:] = [calls(("plain", {"x": 4})), stream("Done.")]
    shown = kernel.run("%%gemini --tool plain\nGo.", allow_stdin=False, by_python=True)
    assert "plain was not called, because nobody could be asked" in shown.text
    assert "Done." in shown.text


@pytest.fixture
def asking(replying, shell):
    shell.run(SETUP)
    return replying


def test_in_a_terminal_a_call_is_a_line_between_the_words(shell, asking, capsys):
    asking.replies[:] = [calls(("double", {"x": 4})), stream("It is 8.")]
    shell.run_cell_magic("gemini", "--tool double", "Twice 4?")
    shown = capsys.readouterr().out
    assert shown.index("Hm.") < shown.index("doubling") < shown.index("[double(x=4)") < shown.index("It is 8.")


def test_an_answer_that_python_shows_has_its_calls_between_its_words(shell, asking, capsys):
    asking.replies[:] = [calls(("double", {"x": 4})), stream("It is 8.")]
    shell.run("answer = gemini_magics.ask('Twice 4?', tools=[double], show=True)")
    shown = capsys.readouterr().out
    assert shown.index("Hm.") < shown.index("doubling") < shown.index("[double(x=4)") < shown.index("It is 8.")


def test_calls_of_a_conversation_stay_in_it_and_the_next_question_has_the_words_alone(shell, asking, capsys):
    asking.replies[:] = [calls(("double", {"x": 4})), stream("It is 8."), stream("Yes.")]
    shell.run_cell_magic("gemini", "--tool double --chat sums", "Twice 4?")
    shell.run_cell_magic("gemini", "--chat sums", "Sure?")
    assert [message["role"] for message in asking.requests[-1].json["messages"]] == [
        "user",
        "assistant",
        "user",
    ]
    turn = conversations["sums"].turns[0]
    assert [call.result for call in turn.answer.calls] == ["8"]


def test_several_functions_are_named_one_by_one():
    assert read_cell_line("fig --tool a --effort low --tool m.b").tool == ("a", "m.b")


def test_a_name_that_is_no_function_is_an_error_before_anything_is_sent(shell, asking):
    for line, said in (("--tool doubble", "Did you mean double"), ("--tool asking", "there is no asking")):
        with pytest.raises(BadRequest, match=said):
            shell.run_cell_magic("gemini", line, "Go.")
    with pytest.raises(BadRequest, match="whether plain may be called: mark"):
        shell.run_cell_magic("gemini", "--tool double --tool plain --over [1]", "Go.")
    assert not asking.requests


def test_marked_functions_run_for_each_row_of_a_cell(shell, asking, capsys):
    asking.replies[:] = [calls(("double", {"x": 4})), stream("It is 8.")]
    shell.run_cell_magic("gemini", "--tool double --over [4] --to rows --record no", "Twice $`item`?")
    [row] = shell.user_ns["rows"]
    assert (row["answer"].text, row["answer"].calls[0].result) == ("It is 8.", "8")
    assert "doubling" in capsys.readouterr().out


def test_marked_functions_run_in_each_column_of_a_comparison(shell, asking, capsys):
    asking.replies[:] = [calls(("double", {"x": 4})), stream("It is 8.")]
    shell.run_cell_magic("gemini", "--tool double --compare effort=low --to sides --record no", "Twice 4?")
    [column] = shell.user_ns["sides"].columns
    assert [each.result for each in column.answers[0].calls] == ["8"]
    assert "doubling" in capsys.readouterr().out


def test_an_answer_that_python_shows_in_a_notebook_has_a_row_for_each_call(kernel, demo):
    demo.replies[:] = [calls(("double", {"x": 4})), stream("It is 8.")]
    shown = kernel.run("answer = gemini_magics.ask('Twice 4?', tools=[double], show=True)", "a-cell")
    assert [output.get("name", "display") for output in shown.outputs] == [
        "display", "display", "stdout", "display",
    ]  # fmt: skip


def subshell_of(kernel):
    """Start a subshell, as JupyterLab does for the messages of widgets."""
    message = kernel.client.session.msg("create_subshell_request", {})
    kernel.client.control_channel.send(message)
    return kernel.client.get_control_msg(timeout=PATIENCE_S)["content"]["subshell_id"]


@pytest.mark.parametrize(("pressed", "shown_as"), [("once", "0.0 s · 1 B: 4"), ("no", "not called")])
def test_a_button_that_a_page_presses_while_the_cell_runs_is_the_answer(kernel, demo, pressed, shown_as):
    subshell = subshell_of(kernel)
    demo.replies[:] = [calls(("plain", {"x": 4})), stream("Done.")]
    shown = kernel.send("%%gemini --tool plain\nGo.", "a-cell")
    opened = []

    def sees_the_buttons(kind, content):
        if kind == "update_display_data" and WIDGET in content["data"]:
            opened.append(content["data"][WIDGET]["model_id"])
        return bool(opened)

    def say(word):
        content = {"comm_id": opened[-1], "data": {"method": "custom", "content": word}}
        message = kernel.client.session.msg("comm_msg", content)
        message["header"]["subshell_id"] = subshell
        kernel.client.shell_channel.send(message)

    kernel.listen(shown, sees_the_buttons)
    say("here")
    say("anything else")
    say(pressed)
    kernel.finish(shown)
    assert f"[plain(x=4) · {shown_as}" in shown.text
