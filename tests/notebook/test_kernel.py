"""In a real kernel: what a frontend receives, what is saved, and what a stop leaves behind."""

import nbformat
import pytest
from kernel import Kernel, replying
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from patience import PATIENCE_S
from ports import PORTS

from gemini_magics.testing import Act, Demo, Head, chunk, envelope, stream

SLOW = [
    Head(),
    chunk(reasoning_content="**Looking**\n\nAt it.\n\n"),
    chunk(content="The curve peaks "),
    Act.HANG,
]


@pytest.fixture(scope="module")
def demo():
    with replying() as demo:
        yield demo


@pytest.fixture(scope="module")
def kernel(demo):
    with Kernel(demo, display="auto") as kernel:
        yield kernel


@pytest.mark.parametrize("cell", ["", "a-cell"], ids=["paced", "live"])
def test_a_stop_keeps_what_came_and_the_next_question_works(kernel, demo, cell):
    demo.replies[:] = [SLOW]
    asked = len(demo.requests)
    shown = kernel.send("%%gemini --to reply\nWhat?", cell)
    kernel.listen(shown, lambda _, content: "The curve peaks" in str(content))
    kernel.interrupt()
    kernel.finish(shown, fails=True)
    assert shown.error["ename"] == "KeyboardInterrupt"
    assert len("".join(shown.error["traceback"])) < 300
    assert "The curve peaks" in shown.outputs[-1]["data"]["text/html"]
    assert len(demo.requests) == asked + 1
    assert demo.requests[-1].left.wait(PATIENCE_S)
    assert kernel.run("print(reply.ended, repr(reply.text))").stream == "interrupted 'The curve peaks '\n"
    assert "Fine." in kernel.run("%%gemini\nAnd now?", cell).html


@pytest.mark.parametrize("cell", ["", "a-cell"], ids=["paced", "live"])
def test_what_stays_is_safe_html_and_plain_text_alone(kernel, cell):
    data = kernel.run("%%gemini\nWhat?", cell).outputs[-1]["data"]
    assert set(data) == {"text/html", "text/plain"}
    assert "Fine." in data["text/plain"]


@pytest.mark.parametrize("cell", ["", "a-cell"], ids=["paced", "live"])
def test_the_output_that_stays_says_where_the_answer_is_from(kernel, cell):
    output = kernel.run("%%gemini --effort low\nWhat?", cell).outputs[-1]
    about = output["metadata"]["gemini_magics"]
    assert (about["service"], about["source"], about["ended"]) == ("demo", "live", "stop")
    assert (about["effort"], about["usage"]["total_tokens"]) == ("low", 2)


@pytest.mark.parametrize("cell", ["", "a-cell"], ids=["paced", "live"])
def test_an_answer_outside_its_schema_is_asked_for_once_more(kernel, demo, cell):
    kernel.run("from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int")
    demo.replies[:] = [stream('{"x": "far"}'), stream('{"x": 2}')]
    shown = kernel.run("%%gemini --schema Point --to where\nWhere?", cell)
    first, told, second = (output["data"]["text/plain"] for output in shown.outputs)
    assert '{"x": "far"}' in first
    assert told.startswith("The answer does not fit Point: x: Input should be a valid integer")
    assert told.endswith("Asking once more.")
    assert '{"x": 2}' in second
    assert "x: Input should be" in str(demo.requests[-1].json["messages"][-1])
    assert kernel.run("where.data").text == "Point(x=2)"


def test_an_answer_is_used_as_data(kernel, demo):
    demo.replies[:] = [stream('So:\n\n```json\n{"peaks": [3, 5]}\n```\n\n| s | mV |\n|---|---|\n| 3 | 1.5 |\n')]
    kernel.run("%%gemini --to reply\nWhere?", "a-cell")
    assert kernel.run("reply.json()['peaks']").text == "[3, 5]"
    assert kernel.run("reply.table()['mV'].item()").text == "1.5"
    demo.replies[:] = [stream('{"peaks": [3,}')]
    kernel.run("%%gemini --to reply\nWhere?", "a-cell")
    error = kernel.run("reply.json()", fails=True).error
    assert (error["ename"], "line 1" in error["evalue"]) == ("AnswerMismatch", True)


def test_inside_an_output_widget_the_answer_is_shown_at_its_end_and_what_stood_there_before_stays(kernel):
    shown = kernel.run(
        "from ipywidgets import Output\nwith Output():\n    display('before')\n"
        "    for _ in range(2): get_ipython().run_line_magic('gemini', 'What?')",
        "a-cell",
    )
    before, *answers = (output["data"] for output in shown.outputs)
    assert before["text/plain"] == "'before'"
    assert ["Fine." in answer["text/html"] for answer in answers] == [True, True]


def test_a_refusal_is_one_short_line(kernel, demo):
    demo.replies[:] = [envelope(401, "The key is wrong")]
    error = kernel.run("%%gemini\nWhat?", "a-cell", fails=True).error
    assert error["ename"] == "AuthenticationError"
    assert len("".join(error["traceback"])) < 600


def test_a_question_in_a_thread_and_under_a_running_loop(kernel):
    shown = kernel.run(
        "import asyncio\nfrom concurrent.futures import ThreadPoolExecutor\nfrom gemini_magics import ask\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print({answer.text for answer in pool.map(ask, ['How?'] * 8)})\n"
        "print((await asyncio.to_thread(ask, 'How?')).text, ask('How?').text)"
    )
    assert shown.stream == "{'Fine.'}\nFine. Fine.\n"


def test_questions_at_once_do_not_mix(kernel, demo):
    def echo(request):
        return stream(request.json["messages"][-1]["content"][0]["text"], pause_s=0.05)

    with Demo(echo) as other:
        shown = kernel.run(
            "from concurrent.futures import ThreadPoolExecutor\nfrom gemini_magics import ask\n"
            "words = [f'word {n}' for n in range(12)]\n"
            f"one = lambda word: ask(word, base_url={other.base_url!r}).text\n"
            "with ThreadPoolExecutor(12) as pool:\n"
            "    print(list(pool.map(one, words)) == words)"
        )
    assert shown.stream == "True\n"


def executed(*sources, **environment):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, kernel_name="python3")
    client.execute(env={**__import__("os").environ, **environment})
    return notebook


def test_a_saved_notebook_holds_the_answer_and_no_widget():
    notebook = executed(
        "%load_ext gemini_magics",
        "%%gemini --service demo\nWhat is a fixed point?",
        GEMINI_MAGICS_DEMO_WORDS_PER_S="2000",
    )
    (output,) = notebook.cells[1].outputs
    assert set(output["data"]) == {"text/html", "text/plain"}
    assert "stand-in" in output["data"]["text/plain"]
    assert "widgets" not in notebook.metadata


def test_run_all_stops_at_a_mistake():
    with pytest.raises(CellExecutionError, match="CannotAttach"):
        executed("%load_ext gemini_magics", "%%gemini figg --service demo\nWhat?", "print('not reached')")


@pytest.mark.parametrize("cell", ["", "a-cell"], ids=["paced", "live"])
def test_ask_streams_as_a_cell_does_when_it_is_told_to_show(kernel, demo, cell):
    demo.replies[:] = [SLOW]
    shown = kernel.send("from gemini_magics import ask\nanswer = ask('What?', show=True)", cell)
    kernel.listen(shown, lambda _, content: "The curve peaks" in str(content))
    kernel.interrupt()
    kernel.finish(shown, fails=True)
    assert "The curve peaks" in shown.outputs[-1]["data"]["text/html"]


def test_a_loop_that_shows_has_an_output_for_each_answer(kernel, demo):
    demo.replies[:] = [stream("One."), stream('{"x": "far"}'), stream('{"x": 2}')]
    shown = kernel.run(
        "from dataclasses import dataclass\nfrom gemini_magics import ask\n@dataclass\nclass Place:\n    x: int\n"
        "a = ask('One?', show=True)\nb = ask('Where?', show=True, schema=Place)",
        "a-cell",
    )
    assert [output["data"]["text/plain"].split("\n")[0] for output in shown.outputs] == [
        "One.",
        '{"x": "far"}',
        '{"x": 2}',
    ]


def test_a_dry_run_shows_the_prompt_as_text_and_its_pictures_above_the_request(kernel, tmp_path):
    kernel.run("from PIL import Image\nred = Image.new('RGB', (400, 30), 'red')")
    (output,) = kernel.run("%%gemini red --dry-run\nWhat is <b>odd</b>?\nAnd $5?", "a-cell").outputs
    html, text = output["data"]["text/html"], output["data"]["text/plain"]
    assert "What is <b>odd</b>?\nAnd $5?\n" in text
    assert "What is &lt;b&gt;odd&lt;/b&gt;?\nAnd $5?" in html
    assert "<b>" not in html
    assert html.index("data:image/png;base64,") < html.index('"image_url"')
    assert text.index("And $5?") < text.index('"messages"')


def test_a_kernel_listens_at_ports_that_nobody_else_is_given_while_it_starts(kernel):
    assert {*kernel.manager.ports} < {*PORTS}
