"""Conversations, usage and provenance, as cells of a real kernel meet them."""

import json
import os
import threading

import pytest
from kernel import Kernel
from patience import PATIENCE_S, wait_until

import gemini_magics
from gemini_magics import BadRequest, Conversation, IncompleteAnswer
from gemini_magics.chat.conversation import conversations
from gemini_magics.chat.usage import ledger
from gemini_magics.testing import Act, Demo, Head, body, chunk, stream


@pytest.fixture(autouse=True)
def nothing_said_before():
    conversations.clear()
    ledger.clear()
    yield
    conversations.clear()
    ledger.clear()


def echo(request):
    """Answer with what was asked, so that each answer is known by its question."""
    return stream(f"Re: {said(request)[-1]}")


def said(request):
    """The words of each message of a request, in order."""
    return [
        "".join(part.get("text", "") for part in message["content"]) for message in request.json["messages"]
    ]


class Echoing(Kernel):
    """A kernel whose demo echoes: what it asks, and what its conversations hold of that."""

    def ask(self, question, cell="", line="--chat", **how):
        """Ask in a cell; return the words of all messages that went out."""
        self.run(f"%%gemini {line}\n{question}", cell, **how)
        return said(self.demo.requests[-1])

    def said(self, name="main"):
        """The questions and answers of a conversation, and which are stale."""
        shown = self.run(
            "import json\nfrom gemini_magics import conversations\n"
            f"print(json.dumps([[*(p for t in e.messages for p in t.parts), e.stale] "
            f"for e in conversations[{name!r}].turns]))"
        )
        return [f"{asked} {answer}{' (stale)' * stale}" for asked, answer, stale in json.loads(shown.stream)]


@pytest.fixture(scope="module")
def one_kernel(tmp_path_factory):
    with Demo(echo) as demo, pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        with Echoing(demo) as kernel:
            yield kernel


@pytest.fixture
def kernel(one_kernel):
    one_kernel.run("from gemini_magics import conversations\nconversations.clear()")
    one_kernel.run("from gemini_magics.chat.usage import ledger\nledger.clear()")
    one_kernel.demo.requests.clear()
    return one_kernel


def test_a_cell_stands_alone_unless_it_joins_a_conversation(kernel):
    kernel.ask("a", "A")
    assert kernel.ask("b", "B", line="") == ["b"]
    assert kernel.ask("c", "C") == ["a", "Re: a", "c"]
    assert kernel.ask("d", "D", line="--chat idea") == ["d"]


def test_the_session_can_make_a_conversation_the_default(kernel):
    kernel.run('%config GeminiMagics.chat = "main"')
    try:
        kernel.ask("a", "A", line="")
        assert kernel.ask("b", "B", line="") == ["a", "Re: a", "b"]
        assert kernel.ask("c", "C", line="--no-chat") == ["c"]
    finally:
        kernel.run("%config GeminiMagics.chat = None")


@pytest.mark.parametrize("cells", [("A", "B", "C"), ("", "", "")], ids=["with ids", "without ids"])
def test_cells_run_out_of_order_and_twice_keep_one_turn_each(kernel, cells):
    for question, cell in zip("abc", cells, strict=True):
        kernel.ask(question, cell)
    assert kernel.ask("b", cells[1]) == ["a", "Re: a", "b"]
    assert kernel.ask("a", cells[0]) == ["a"]
    assert kernel.said() == ["a Re: a", "b Re: b", "c Re: c"]
    assert kernel.ask("c", cells[2]) == ["a", "Re: a", "b", "Re: b", "c"]
    assert kernel.ask("c", cells[2]) == ["a", "Re: a", "b", "Re: b", "c"]


def test_an_edited_cell_replaces_its_turn_and_makes_what_follows_stale(kernel):
    for question, cell in zip("abc", "ABC", strict=True):
        kernel.ask(question, cell)
    assert kernel.ask("b, edited", "B") == ["a", "Re: a", "b, edited"]
    assert kernel.said() == ["a Re: a", "b, edited Re: b, edited", "c Re: c (stale)"]
    assert kernel.ask("d", "D", "--chat --drop-stale")[-3:] == ["b, edited", "Re: b, edited", "d"]
    assert "c" in kernel.ask("e", "E")


def test_two_cells_with_the_same_text_are_two_turns_where_cells_have_ids(kernel):
    kernel.ask("Go on.", "A")
    assert kernel.ask("Go on.", "B") == ["Go on.", "Re: Go on.", "Go on."]


def test_a_program_runs_each_cell_once_so_the_same_text_is_another_cell(kernel):
    def run_all():
        kernel.run("'the first cell'", allow_stdin=False)
        for question in ("a", "Go on.", "Go on.", "b", "Go on."):
            kernel.ask(question, allow_stdin=False)

    run_all()
    told = kernel.said()
    assert [turn.partition(" Re:")[0] for turn in told] == ["a", "Go on.", "Go on.", "b", "Go on."]
    run_all()
    assert kernel.said() == told


def test_where_the_text_alone_tells_cells_apart_a_turn_that_is_replaced_is_named(kernel):
    def told(cell="", question="Go on.", line="--chat", **how):
        return "The same text as" in kernel.run(f"%%gemini {line}\n{question}", cell, **how).text

    assert not told()
    shown = kernel.run("%%gemini --chat\nGo on.").text
    assert "The same text as In [" in shown
    assert "takes the place of that turn in main. With another word it is a new one." in shown
    assert len(kernel.said()) == 1
    assert not told(question="Go on, please.")
    assert not told(line="")
    assert not told(line="--chat --dry-run")
    assert not any(told(cell="A", line="--chat idea") for _ in range(2))
    assert not any(told(line="--chat plan", allow_stdin=False) for _ in range(2))


def test_in_a_console_each_input_is_a_new_turn(kernel):
    for _ in range(2):
        assert "The same text as" not in kernel.run("%%gemini --chat\nGo on.", by_python=True).text
    assert said(kernel.demo.requests[-1]) == ["Go on.", "Re: Go on.", "Go on."]


def test_a_turn_is_listed_under_the_number_of_its_cell(kernel):
    asked = kernel.run("%%gemini --chat\na", "A")
    assert kernel.run("print(conversations['main'].turns[0].place)").stream == f"In [{asked.count}]\n"


def test_each_question_of_a_cell_has_its_own_turn(kernel):
    loop = "for word in ['x', 'y']:\n    get_ipython().run_line_magic('gemini', f'--chat {word}')"
    for _ in range(2):
        kernel.run(loop, "A")
        assert said(kernel.demo.requests[-1]) == ["x", "Re: x", "y"]
    assert kernel.said() == ["x Re: x", "y Re: y"]
    kernel.run(loop)
    kernel.run(loop)
    assert len(kernel.said()) == 4


@pytest.mark.slow
def test_a_conversation_outlives_the_kernel_only_as_a_file(one_kernel):
    kernel = one_kernel
    kernel.run("from gemini_magics import conversations\nconversations.clear()")
    kernel.ask("a", "A")
    kernel.ask("b", "B")
    kernel.run("%gemini_chat export main main.json")
    kernel.restart()
    assert "no conversation yet" in kernel.run("%gemini_chat").text
    kernel.run("%gemini_chat import main.json", "I")
    assert kernel.ask("a, again", "A") == ["a, again"]
    assert kernel.said() == ["a, again Re: a, again", "b Re: b (stale)"]
    assert kernel.ask("c", "C")[-3:] == ["b", "Re: b", "c"]
    kept = kernel.said()
    told = kernel.run("%gemini_chat import main.json", "I").text  # the same cell, run again
    assert "This cell made main before, and main has grown since, so it stays unchanged." in told
    assert kernel.said() == kept
    kernel.run("%gemini_chat reset main")
    kernel.run("%gemini_chat import main.json", "I")
    assert kernel.said() == ["a Re: a", "b Re: b"]
    assert "kept" not in kernel.run("%gemini_chat import main.json", "I").text
    error = kernel.run("%gemini_chat import main.json", "J", fails=True).error
    assert error["ename"] == "BadRequest"
    assert len(error["traceback"]) == 1


def test_the_output_says_where_the_answer_is_from(kernel):
    (output,) = kernel.run("%%gemini --effort low\nIs this a secret?", "A").outputs
    about = output["metadata"]["gemini_magics"]
    assert (about["service"], about["effort"], about["source"]) == ("demo", "low", "live")
    assert (about["usage"]["total_tokens"], about["ended"]) == (2, "stop")
    assert "secret" not in json.dumps(about)
    (again,) = kernel.run("%gemini_last").outputs
    assert again["metadata"]["gemini_magics"] == about


def test_the_origin_of_an_answer_is_in_the_saved_notebook(one_kernel):
    import nbformat
    from nbclient import NotebookClient

    cells = ["%load_ext gemini_magics", f"%config GeminiMagics.base_url = '{one_kernel.demo.base_url}'"]
    cells += ["%%gemini --service demo\nIs this a secret?"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=PATIENCE_S).execute()
    (output,) = nbformat.reads(nbformat.writes(notebook), 4).cells[-1].outputs
    assert output.metadata["gemini_magics"]["service"] == "demo"
    assert len(output.metadata["gemini_magics"]["prompt_sha256"]) == 64


@pytest.mark.slow
def test_an_answer_is_shown_in_full_after_the_notebook_was_closed_while_it_streamed():
    gate = threading.Event()

    def slow(request):
        yield Head()
        yield chunk(reasoning_content="**Looking**\n\nAt it.\n\n")
        yield chunk(content="The beginning, ")
        while not gate.wait(0):
            yield 0.02
        yield from stream("the middle and the end.")[1:]

    with Demo(slow) as demo, Kernel(demo) as kernel:
        kernel.send("%%gemini --chat\nTell all.", "A")
        wait_until(lambda: demo.requests)
        kernel.client.stop_channels()  # the notebook is closed, and the kernel goes on
        gate.set()
        kernel.client = kernel.manager.client()
        kernel.client.start_channels()
        kernel.client.wait_for_ready(timeout=PATIENCE_S)
        shown = kernel.run("%gemini_last")
    assert "The beginning, the middle and the end." in shown.text
    assert "At it." in shown.html
    assert "The beginning" in shown.html


def test_conversations_are_reset_and_renamed_in_a_kernel(kernel):
    kernel.ask("a", "A")
    table = kernel.run("%gemini_chat rename main plan", "B").text
    assert ["plan", "1", "0", "2", "0", "0"] in [line.split() for line in table.splitlines()]
    assert kernel.ask("b", "C", "--chat plan") == ["a", "Re: a", "b"]
    table = kernel.run("%gemini_chat reset plan", "D").text
    assert ["plan", "0", "0", "0", "0", "0"] in [line.split() for line in table.splitlines()]
    assert kernel.ask("c", "E", "--chat plan") == ["c"]


@pytest.mark.parametrize("cells", [("M", "B", "I", "J"), ("", "", "", "")], ids=["with ids", "without ids"])
def test_a_branch_that_has_grown_is_not_cut_back_when_its_line_runs_again(kernel, cells):
    def run_all():
        kernel.ask("a", cells[0])
        told = kernel.run("%gemini_chat branch main idea", cells[1]).text
        kernel.ask("b", cells[2], "--chat idea")
        kernel.ask("c", cells[3], "--chat idea")
        return told

    assert "idea" in run_all()
    again = run_all()
    assert "This cell made idea before, and idea has grown since, so it stays unchanged." in again
    assert "%gemini_chat reset idea" in again
    assert kernel.said("idea")[0] == "a Re: a"
    assert [each.partition(" Re:")[0] for each in kernel.said("idea")] == ["a", "b", "c"]


def test_a_branch_in_which_nothing_was_said_is_made_again_without_a_word(kernel):
    kernel.ask("a", "A")
    kernel.run("%gemini_chat branch main idea", "B")
    kernel.ask("a, again", "A")
    assert "kept" not in kernel.run("%gemini_chat branch main idea", "B").text
    assert kernel.said("idea") == ["a, again Re: a, again"]


def test_a_conversation_that_was_renamed_and_has_grown_is_not_lost_to_another(kernel):
    kernel.ask("a", "A")
    for _ in range(2):
        kernel.run("%gemini_chat branch main idea", "B")
        told = kernel.run("%gemini_chat rename idea plan", "C").text
        kernel.ask("b", "D", "--chat plan")
    assert "This cell made plan before, and plan has grown since" in told
    assert kernel.said("plan") == ["a Re: a", "b Re: b"]
    assert kernel.said("idea") == ["a Re: a"]


def test_what_was_asked_shows_in_the_usage_by_cell_and_conversation(kernel):
    kernel.ask("a", "A")
    kernel.ask("b", "B", line="")
    kernel.run("from gemini_magics import ask\nanswer = ask('c', chat='main')", "C")
    shown = kernel.run("%gemini_usage").text
    assert "In [" in shown
    assert "Python" in shown
    lines = [line.split() for line in shown.splitlines()]
    assert ["chat", "main", "2", "2", "2", "0.02"] in [line[:6] for line in lines]
    assert ["all", "3", "3", "3", "0.03"] in lines


def test_the_budget_stops_before_the_next_question(kernel):
    kernel.run('%config GeminiMagics.budget = "0.02 credits"')
    try:
        kernel.ask("a", "A")
        kernel.ask("b", "B")
        error = kernel.run("%%gemini\nc", "C", fails=True).error
        assert "The budget is spent: 0.02 of 0.02 credits" in error["evalue"]
        assert len(error["traceback"]) == 1
        assert len(kernel.demo.requests) == 2
    finally:
        kernel.run('%config GeminiMagics.budget = ""')


def test_a_budget_that_cannot_be_read_is_refused_when_it_is_set(kernel):
    kernel.run('%config GeminiMagics.budget = "5 credits"')
    shown = kernel.run('%config GeminiMagics.budget = "200"').text  # IPython logs it, and fails no cell
    assert 'A budget needs its unit: write "200 credits" or "200 tokens"' in shown
    assert "Traceback" not in shown
    assert "5 credits" in kernel.run("%config GeminiMagics.budget").text
    kernel.run("%config GeminiMagics.budget = None")


def test_the_interrupted_answer_of_a_cell_is_kept_and_marked(kernel):
    kernel.demo._script = lambda request: [*stream("As far as ")[:4], 20.0]
    try:
        shown = kernel.send("%%gemini --chat\nGo on for ever.", "A")
        kernel.listen(shown, lambda _, content: "As far as" in str(content))
        kernel.interrupt()
        kernel.finish(shown, fails=True)
    finally:
        kernel.demo._script = echo
    assert "interrupted" in kernel.run("%gemini_chat main").text
    assert kernel.ask("b", "B") == ["b"]
    assert kernel.ask("c", "C", "--chat --with-partial") == ["Go on for ever.", "As far as ", "b", "Re: b", "c"]


@pytest.fixture
def ask(shell):
    """Ask in a conversation of this process; the service echoes."""
    with Demo(echo) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run('%config GeminiMagics.service = "demo"')
        shell.run('%config GeminiMagics.display = "paced"')
        yield lambda question, line="--chat": shell.run(f"%%gemini {line}\n{question}")


def shown_by(shell, line, capsys):
    capsys.readouterr()
    shell.run(line)
    return capsys.readouterr().out


def test_conversations_are_listed_with_what_is_in_them(ask, shell, capsys):
    from PIL import Image

    shell.user_ns["image"] = Image.new("RGB", (4, 3), "red")
    ask("a", "image --chat")
    ask("b", "image --chat")
    ask("c", "--chat idea")
    rows = [line.split() for line in shown_by(shell, "%gemini_chat", capsys).splitlines()]
    assert rows == [
        ["name", "turns", "images", "tokens", "stale", "unfinished"],
        ["main", "2", "1", "4", "0", "0"],
        ["idea", "1", "0", "2", "0", "0"],
    ]


def test_a_conversation_is_shown_whole(ask, shell, capsys):
    ask("What is **this**?")
    shown = shown_by(shell, "%gemini_chat main", capsys)
    assert "What is **this**?" in shown
    assert "Re: What is" in shown


def test_a_chat_is_imported_from_a_file_and_from_no_pipe_or_device(ask, shell, tmp_path):
    ask("a")
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "zeros.json").symlink_to("/dev/zero")
    for name in ("pipe.json", "zeros.json"):
        with pytest.raises(BadRequest, match=f"{name} cannot be read .It is a pipe or a device"):
            shell.run(f"%gemini_chat import {name}")
        with pytest.raises(BadRequest):
            shell.run(f"%gemini_chat export main {name}")


def test_a_conversation_is_branched_renamed_reset_exported_and_imported(ask, shell, tmp_path, capsys):
    ask("a")
    shell.run("%gemini_chat branch main idea")
    ask("b", "--chat idea")
    shell.run("%gemini_chat rename idea plan")
    shell.run("%gemini_chat export plan 'the plan.json'")
    shell.run("%gemini_chat export plan plan.md")
    shell.run("%gemini_chat reset plan")
    assert conversations["plan"].turns == []
    shell.run('%gemini_chat import "the plan.json" again')
    assert {name: len(each.turns) for name, each in conversations.items()} == {
        "main": 1,
        "plan": 0,
        "again": 2,
    }
    assert "Re: b" in (tmp_path / "plan.md").read_text("utf-8")


def test_commands_that_run_again_make_the_same_again(ask, shell):
    commands = ["branch main idea", "rename idea plan", "export plan plan.json", "import plan.json again"]
    for _ in range(2):
        ask("a")
        for command in commands:
            shell.run(f"%gemini_chat {command}")
    assert {name: len(each.turns) for name, each in conversations.items()} == {
        "main": 1,
        "plan": 1,
        "again": 1,
    }
    shell.run("%gemini_chat rename idea plan")  # this cell alone


MISTAKES = {
    "mian": "Did you mean main?",
    "reset": "Write %gemini_chat reset NAME",
    "reset mian": "Did you mean main?",
    "rename main": "rename NAME NEW",
    "rename main idea": "already a conversation idea",
    "rename main two words": "rename NAME NEW",
    "rename main --new": "cannot name",
    "branch main idea": "already a conversation idea",
    "branch main export": "cannot name",
    "export main": "export NAME FILE.md",
    "export main main.txt": "main.txt has another ending: end it in .md",
    "import": "import FILE.json",
    "import missing.json": "No such file",
    "import ~nobody-here/main.json": "write the full path",
    "import one.json two three": "import FILE.json",
    "expotr main main.md": "Did you mean export?",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_fails_the_cell_in_one_line_and_changes_nothing(ask, shell, line):
    ask("a")
    ask("b", "--chat idea")
    with pytest.raises(BadRequest) as raised:
        shell.run(f"%gemini_chat {line}")
    (told,) = raised.value._render_traceback_()
    assert MISTAKES[line] in told
    assert "\n" not in told
    assert {name: len(each.turns) for name, each in conversations.items()} == {"main": 1, "idea": 1}


def test_a_chat_that_cannot_be_named_so_is_refused_before_anything_is_sent(ask, shell):
    with pytest.raises(BadRequest, match="cannot name a conversation"):
        ask("a", "--chat reset")
    assert conversations == {}


def test_a_dry_run_begins_no_conversation(ask):
    ask("a", "--chat --dry-run")
    assert conversations == {}


def test_the_balance_comes_from_the_service(ask, shell, capsys):
    with Demo() as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        assert shown_by(shell, "%gemini_credits", capsys) == "demo: 1,000 credits left\n"
        shell.run("%config GeminiMagics.dollars_per_credit = 0.005")
        assert "about $5.00" in shown_by(shell, "%gemini_credits", capsys)
    shell.run("%config GeminiMagics.base_url = None")
    with pytest.raises(BadRequest, match="google tells no balance"):
        shell.run("%gemini_credits google")


def test_the_balance_is_shown_in_a_kernel(kernel):
    balance = body({"code": 200, "msg": "success", "data": 12.5})
    kernel.demo._script = lambda request: balance if request.method == "GET" else echo(request)
    try:
        assert kernel.run("%gemini_credits").text == "demo: 12.50 credits left"
    finally:
        kernel.demo._script = echo


def test_a_strict_replay_asks_for_no_balance(ask, shell, tmp_path):
    (tmp_path / "answers.jsonl").touch()
    with Demo() as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run("%gemini_replay answers.jsonl --strict")
        with pytest.raises(BadRequest, match=r"asks no service, not even for the balance.*%gemini_record off"):
            shell.run("%gemini_credits")
        assert not demo.requests
        shell.run("%gemini_record off")
        shell.run("%gemini_credits")
        assert len(demo.requests) == 1


BROKEN = {
    "closed": ([Act.CLOSE], "broke before the answer's end. It is free, so run the cell"),
    "silent": ([Act.HANG], "Nothing came from .* for 0.2 s. It is free, so run the cell"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_balance_that_did_not_come_is_not_said_to_have_cost_anything(ask, shell, how):
    reply, told = BROKEN[how]
    with Demo([reply]) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run("%config GeminiMagics.gap_timeout_s = 0.2")
        with pytest.raises(IncompleteAnswer, match=told) as raised:
            shell.run("%gemini_credits")
    assert "charged" not in str(raised.value)


@pytest.mark.parametrize("number", ["0", "-1", "many", "²"])
def test_the_last_answers_are_asked_for_by_a_number(ask, shell, number):
    ask("a", "")
    with pytest.raises(BadRequest, match="gemini_last 3"):
        shell.run(f"%gemini_last {number}")


def test_hostile_words_in_a_conversation_are_shown_as_words(ask, shell):
    hostile = '<img src=x onerror="alert(1)"> ![x](https://evil.example/x.png) \u202e\x1b[2J'
    ask(hostile)
    html = conversations["main"]._repr_mimebundle_()["text/html"]
    text = conversations["main"]._repr_mimebundle_()["text/plain"]
    assert "<img" not in html
    assert "\x1b" not in html + text


def test_in_a_terminal_each_input_is_a_new_turn(ask, shell):
    for _ in range(2):
        shell.run_cell("%%gemini --chat\nGo on.", store_history=True).raise_error()
    assert len(conversations["main"].turns) == 2


def test_questions_from_functions_and_other_cells_find_their_cell(ask, shell):
    shell.run("def describe(word):\n    get_ipython().run_line_magic('gemini', f'--chat {word}')")
    for _ in range(2):
        shell.run("describe('a')\ndescribe('b')")
        shell.run("describe('a')")
    assert len(conversations["main"].turns) == 3


def test_python_asks_in_a_conversation_by_its_name_or_as_an_object(ask):
    chat = Conversation("idea")
    gemini_magics.ask("a", chat=chat)
    answer = gemini_magics.ask("b", chat="idea")
    assert conversations == {"idea": chat}
    assert [turn.answer.text for turn in chat.turns] == ["Re: a", "Re: b"]
    assert chat.turns[1].answer is answer
    with pytest.raises(BadRequest, match="already a conversation idea"):
        gemini_magics.ask("c", chat=Conversation("idea"))
