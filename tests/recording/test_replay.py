"""Asking with a recording: what is asked, what is told again, and what a person sees of it."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import venv
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import matplotlib
import nbformat
import pytest
from kernel import Kernel
from nbclient import NotebookClient
from patience import PATIENCE_S, wait_until

import gemini_magics
from gemini_magics import AuthenticationError, BadRequest, Cancel, GeminiError, IncompleteAnswer, ask
from gemini_magics.chat.run import answer_to
from gemini_magics.chat.usage import ledger
from gemini_magics.core.messages import Message, Text, Thinking
from gemini_magics.core.question import Question
from gemini_magics.core.settings import resolve
from gemini_magics.recording import file
from gemini_magics.recording.replay import Replay
from gemini_magics.testing import Act, Demo, Head, chunk, envelope, event, stream

ROOT = str(Path(gemini_magics.__file__).parents[1])
RECORDED = re.compile(r"recorded \d{4}-\d\d-\d\d")
ANSWER = stream("A second ", "peak at **3 s**.", thoughts=["**Looking**\n\nAt the axes.\n\n"])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, in which other processes find this package, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", ROOT, prepend=os.pathsep)
    return tmp_path


@pytest.fixture
def demo():
    with Demo(lambda request: ANSWER) as demo:
        yield demo


def to(demo, **settings):
    return {"service": "demo", "base_url": demo.base_url, "recording": "answers.jsonl", **settings}


def looks(answer):
    """All that a reader can see of an answer, apart from its being a replay."""
    return (
        answer.text, answer.thinking, answer.citations, answer.usage, answer.ended, answer.service,
        answer.model, answer.effort, answer.problem,
    )  # fmt: skip


# From Python


def test_a_question_is_asked_once_and_then_told_again(demo):
    before = date.today()
    live, again = ask("What is odd?", **to(demo)), ask("What is odd?", **to(demo))
    assert (len(demo.requests), live.recorded) == (1, "")
    assert before <= date.fromisoformat(again.recorded) <= date.today()
    assert looks(again) == looks(live)
    assert again.text == "A second peak at **3 s**."
    assert (again.total_s, again.first_text_s) == (round(live.total_s, 3), round(live.first_text_s, 3))
    assert again.redrawn == ()
    assert gemini_magics.last() is again


def test_citations_are_told_again(demo):
    source = {"type": "url_citation", "url_citation": {"url": "https://a.example/1", "title": "A"}}
    with Demo([[Head(), chunk(content="So."), chunk(annotations=[source]), *ANSWER[-3:]]]) as grounded:
        ask("Why?", search=True, **to(grounded))
    again = ask("Why?", search=True, **to(demo))
    assert [citation.url for citation in again.citations] == ["https://a.example/1"]
    assert not demo.requests


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was used")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("service", ["kie", "google", "openrouter", "openai", "demo"])
def test_a_replay_needs_no_key_no_address_and_no_network(demo, request, service):
    ask("What is odd?", **to(demo))
    request.getfixturevalue("no_network")
    again = ask("What is odd?", service=service, recording="answers.jsonl", strict=True)
    assert (again.text, again.service) == ("A second peak at **3 s**.", "demo")


def test_the_environment_can_name_the_recording_and_the_question_another_or_none(demo, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_RECORDING", "from-environment.jsonl")
    settings = {name: value for name, value in to(demo).items() if name != "recording"}
    ask("What?", **settings)
    ask("What?", recording="", **settings)
    assert [path.name for path in Path.cwd().iterdir()] == ["from-environment.jsonl"]
    assert ask("What?", **settings).recorded
    assert len(demo.requests) == 2


def test_fresh_asks_again_and_replaces(demo):
    ask("What?", **to(demo))
    with Demo([stream("Otherwise.")]) as other:
        assert ask("What?", fresh=True, **to(other)).recorded == ""
    assert ask("What?", **to(demo)).text == "Otherwise."
    assert len(demo.requests) == 1


ENDINGS = {
    "length": (stream("So far", finish="length"), None, True),
    "blocked": (stream(finish="content_filter", thoughts=["Hm."]), None, True),
    "cut": ([Head(), chunk(content="So f"), Act.CLOSE], IncompleteAnswer, False),
    "refused": (envelope(401, "bad key"), AuthenticationError, False),
    "error": ([Head(), chunk(content="So"), event({"error": {"message": "overloaded"}})], GeminiError, False),
}


@pytest.mark.parametrize(("reply", "error", "kept"), ENDINGS.values(), ids=ENDINGS)
def test_an_answer_is_recorded_when_it_came_to_its_end(reply, error, kept):
    with ExitStack() as stack:
        demo = stack.enter_context(Demo([reply]))
        if error:
            stack.enter_context(pytest.raises(error))
        ask("What?", **to(demo))
    assert Path("answers.jsonl").exists() == kept


class Stopper:
    """A reader who stops the answer at its first word."""

    tick_s = 0.05

    def __init__(self):
        self.cancel, self.frames = Cancel(), []

    def begin(self, answer):
        self.answer = answer

    def update(self, answer, events):
        self.frames.append(answer.text)
        if answer.text:
            self.cancel.cancel()

    def end(self, answer):
        self.frames.append(answer.text)


def asked(prompt, **settings):
    return Question((Message("user", (prompt,)),), resolve(settings))


def test_a_stopped_answer_is_not_recorded_and_a_stopped_replay_changes_nothing(demo):
    with Demo([[Head(), chunk(content="So "), Act.HANG]]) as slow:
        stopper = Stopper()
        answer_to(asked("What?", **to(slow)), watch=lambda: stopper, cancel=stopper.cancel)
    assert not Path("answers.jsonl").exists()
    with Demo([stream("word " * 500)]) as long:
        ask("What?", **to(long))
    written, stopper = Path("answers.jsonl").read_bytes(), Stopper()
    answer = answer_to(asked("What?", **to(demo)), watch=lambda: stopper, cancel=stopper.cancel)
    assert answer.ended == "interrupted"
    assert 0 < len(answer.text) < 1000
    assert Path("answers.jsonl").read_bytes() == written
    assert not demo.requests


def test_strict_asks_nothing_and_says_what_differs(demo):
    ask("What is odd about the second peak?", effort="low", **to(demo))
    with pytest.raises(BadRequest) as raised:
        ask("What is odd about the third peak?", **to(demo, strict=True))
    assert "answers.jsonl has no answer to this question" in str(raised.value)
    assert "\n  recorded: “…odd about the «second» peak?”, effort «low»\n" in str(raised.value)
    assert "\n  asked:    “…odd about the «third» peak?”, effort «high»\n" in str(raised.value)
    assert len(demo.requests) == 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"recording": None, "strict": True}, "needs a recording"),
        ({"strict": True, "fresh": True}, "leave --fresh out"),
        ({"strict": True}, "holds no answer yet"),
        ({"recording": "no/folder/a.jsonl"}, "no folder"),
        ({"recording": "."}, "is not a file"),
    ],
)
def test_a_recording_that_cannot_serve_is_an_error_before_anything_is_sent(demo, settings, says):
    with pytest.raises(BadRequest, match=says):
        ask("What?", **to(demo, **settings))
    assert not demo.requests


def test_nothing_is_sent_when_the_answer_could_not_be_kept(demo, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(BadRequest, match="cannot be written to"):
        ask("What?", **to(demo))
    assert not demo.requests
    assert ask("What?", **to(demo, record_new=False)).text


def test_a_full_disk_does_not_cost_the_answer(demo):
    _, hard = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with (
        pytest.raises(GeminiError, match=r"answer is whole, but answers\.jsonl did not take it") as raised,
        pytest.warns(UserWarning, match="not kept in a file while it comes"),
    ):
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            ask("What?", **to(demo))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.answer.text == "A second peak at **3 s**."
    assert raised.value.answer.ended == "stop"
    assert ask("What?", **to(demo)).recorded == ""


def test_a_broken_recording_is_an_error_even_for_a_fresh_question(demo):
    Path("answers.jsonl").write_text("notes\n")
    with pytest.raises(BadRequest, match=r"answers\.jsonl, line 1 is not a record"):
        ask("What?", fresh=True, **to(demo))
    assert not demo.requests


KEY = "sk-0123456789abcdef"


def test_no_piece_of_the_key_is_in_a_recording(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", KEY)
    with Demo([stream("Your key is ", KEY[:9], KEY[9:], ".", thoughts=[f"The key is {KEY}."])]) as demo:
        ask("What is my key?", **to(demo, service="kie"))
    written = Path("answers.jsonl").read_text()
    assert "What is my key?" in written
    assert not [start for start in range(len(KEY) - 7) if KEY[start : start + 8] in written]


def test_a_spent_budget_does_not_stop_what_is_free(demo):
    ledger.clear()
    ask("What?", **to(demo))
    assert ask("What?", budget="0.001 credits", **to(demo)).recorded
    with pytest.raises(BadRequest, match="budget is spent"):
        ask("What else?", budget="0.001 credits", **to(demo))


def test_questions_from_several_threads_get_each_their_own_answer():
    def reply(request):
        return stream(f"To {request.json['messages'][-1]['content'][-1]['text']}")

    texts = {}

    def both_times(n, demo):
        texts[n] = [ask(f"Q{n}", **to(demo)).text for _ in range(2)]

    with Demo(reply) as demo:
        threads = [threading.Thread(target=both_times, args=(n, demo)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(demo.requests) == 8
    assert texts == {n: [f"To Q{n}"] * 2 for n in range(8)}
    assert len(file.recording_at("answers.jsonl").load().records) == 8


# The pace


class Stopwatch(Cancel):
    """Adds up what is waited for, without waiting."""

    waited_s = 0.0

    def wait(self, seconds):
        self.waited_s += seconds
        return self.cancelled


def replayed(words, tick_s):
    """Record an answer of so many words; return it, the batches of its replay, and the seconds these take."""
    with Demo([stream("word " * words, thoughts=["thought " * words])]) as demo:
        answer = ask("What?", **to(demo))
    stopwatch = Stopwatch()
    replay = Replay(file.recording_at("answers.jsonl").load().records[-1], stopwatch)
    return answer, list(replay.batches(tick_s)), stopwatch.waited_s


@pytest.mark.parametrize(("words", "fewest", "longest_s"), [(5, 2, 0.1), (60, 6, 0.4), (20_000, 12, 0.6)])
def test_a_replay_grows_before_those_who_watch_and_is_soon_done(words, fewest, longest_s):
    answer, batches, waited_s = replayed(words, tick_s=0.05)
    assert 0 < waited_s <= longest_s
    assert len(batches) >= 2 + fewest
    events = [event for batch in batches for event in batch]
    assert "".join(event.text for event in events if isinstance(event, Text)) == answer.text
    assert "".join(event.text for event in events if isinstance(event, Thinking)) == answer.thinking


@pytest.mark.parametrize("tick_s", [None, 0.25])
def test_who_looks_seldom_gets_it_at_once(tick_s):
    _, batches, waited_s = replayed(20_000, tick_s)
    assert (len(batches), waited_s) == (4, 0)


# In cells


@pytest.fixture
def cells(shell, demo):
    """A shell that asks the demo; `shell.run` runs a cell, `shell.seen()` is what it has shown since."""
    shell.run(f"%config GeminiMagics.base_url = {demo.base_url!r}")
    shell.run("%config GeminiMagics.service = 'demo'")
    shell.run("%config GeminiMagics.display = 'text'")
    return shell


def test_a_recorded_answer_says_so(cells, demo, capsys):
    cells.run("%gemini_record answers.jsonl")
    cells.run("%%gemini\nWhat is odd?")
    assert "recorded" not in capsys.readouterr().out.replace("Recording", "")
    cells.run("%%gemini\nWhat is odd?")
    assert RECORDED.search(capsys.readouterr().out)
    cells.run("%%gemini --fresh\nWhat is odd?")
    assert not RECORDED.search(capsys.readouterr().out)
    assert len(demo.requests) == 2


def test_a_figure_that_was_drawn_again_is_told_with_its_answer(cells, demo, capsys):
    cells.run("from matplotlib.figure import Figure\nfig = Figure()\nax = fig.subplots()\nax.plot([1, 3, 2])")
    cells.run("%gemini_record answers.jsonl")
    cells.run("%%gemini fig\nWhat is odd?")
    file._opened.cache_clear()  # as after a restart
    cells.run("ax.set_title('Another font', family='monospace')")
    capsys.readouterr()
    cells.run("%%gemini fig --to reply\nWhat is odd?")
    assert cells.user_ns["reply"].redrawn == ("fig",)
    shown = capsys.readouterr().out
    assert RECORDED.search(shown)
    assert "fig had other pixels when this answer was recorded" in shown
    assert len(demo.requests) == 1


def test_replaying_leaves_the_recording_as_it_is(cells, demo, capsys):
    cells.run("%gemini_record answers.jsonl")
    cells.run("%gemini What?")
    written = Path("answers.jsonl").read_bytes()
    cells.run("%gemini_replay answers.jsonl")
    cells.run("%gemini What else?")
    assert Path("answers.jsonl").read_bytes() == written
    assert len(demo.requests) == 2
    cells.run("%gemini_replay --strict answers.jsonl")
    with pytest.raises(BadRequest, match=r"asked: +“?What« else»\?"):
        cells.run("%gemini What else?")
    cells.run("%gemini_record answers.jsonl")
    cells.run("%gemini What else?")
    assert len(Path("answers.jsonl").read_bytes().splitlines()) == 2


def test_the_magics_say_what_goes_on(cells, capsys, monkeypatch):
    def said(line):
        cells.run(line)
        return capsys.readouterr().out.strip()

    capsys.readouterr()
    monkeypatch.setenv("GEMINI_MAGICS_RECORDING", "other.jsonl")
    assert said("%gemini_record") == "Recording in other.jsonl."
    assert said('%gemini_record "my answers.jsonl"') == "Recording in my answers.jsonl."
    Path("a.jsonl").touch()
    assert said("%gemini_replay a.jsonl --strict") == "Replaying a.jsonl; new questions are errors."
    assert said("%gemini_replay 'a.jsonl'").startswith("Replaying a.jsonl; new questions are asked")
    assert said("%gemini_record off") == said("%gemini_record") == "No recording is in use."
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["a.jsonl"]


def test_a_recording_stays_where_it_is_when_the_notebook_goes_elsewhere(cells, folder, monkeypatch):
    cells.run("%gemini_record answers.jsonl")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    cells.run("%gemini What?")
    assert (folder / "answers.jsonl").exists()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%gemini_replay", r"Name the recording: %gemini_replay answers\.jsonl"),
        (
            "%gemini_replay missing.jsonl",
            r"missing\.jsonl does not exist: %gemini_record missing\.jsonl begins",
        ),
        ("%gemini_replay answers.jsonl --strickt", "no option --strickt. Did you mean --strict?"),
        ("%gemini_record answers.jsonl --fresh", "no option --fresh"),
        ("%gemini_record no/folder/a.jsonl", "no folder"),
        ("%gemini_record .", "is not a file"),
        ("%gemini_record notes.txt", r"notes\.txt, line 1 is not a record: no JSON"),
        ("%gemini_replay notes.txt", r"notes\.txt, line 1 is not a record: no JSON"),
    ],
)
def test_a_mistake_in_the_line_fails_the_cell_and_changes_nothing(cells, line, says):
    Path("notes.txt").write_text("my notes\n")
    with pytest.raises(BadRequest, match=says) as raised:
        cells.run(line)
    assert raised.value._render_traceback_() == [f"BadRequest: {raised.value}"]
    assert not resolve({}).recording
    assert Path("notes.txt").read_text() == "my notes\n"


# In kernels


@pytest.fixture
def kernel(demo):
    """Starts kernels that have loaded the extension and ask the demo; they are gone after the test."""
    with ExitStack() as stack:

        def start(*setup, demo=demo):
            return stack.enter_context(Kernel(demo, display="text", setup=setup))

        yield start


def echo(request):
    """A service that says what it was asked, so that answers cannot be mixed up unseen."""
    return stream(f"To {request.json['messages'][-1]['content'][-1]['text']}")


def outputs(source, path):
    """Run a notebook as `jupyter execute` does; return the outputs of its cells, as they are saved."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in source])
    NotebookClient(
        notebook, record_timing=False, timeout=PATIENCE_S, resources={"metadata": {"path": path}}
    ).execute()
    return [cell.outputs for cell in notebook.cells]


@pytest.mark.slow
def test_restart_and_run_all_is_identical(demo, folder):
    notebook = [
        "%load_ext gemini_magics",
        f"%config GeminiMagics.base_url = {demo.base_url!r}\n%config GeminiMagics.service = 'demo'",
        "%gemini_record answers.jsonl",
        "from matplotlib.figure import Figure\nfig = Figure()\nfig.subplots().plot([1, 3, 2]);",
        "%%gemini fig\nWhat is odd?",
        "%%gemini --chat --to reply\nAnd why?",
        "%%gemini --chat\nIs $`reply.text` so?",
        "reply",
    ]
    live, second, third = (outputs(notebook, folder) for _ in range(3))
    assert len(demo.requests) == 3
    assert second == third
    assert [len(outs) for outs in live] == [len(outs) for outs in second] == [0, 0, 1, 0, 1, 1, 1, 1]
    for before, after in zip(live[4:], second[4:], strict=True):
        assert "second peak" in before[0]["data"]["text/html"]
        for kind in ("text/html", "text/plain"):
            assert not RECORDED.search(before[0]["data"][kind])
            assert RECORDED.search(after[0]["data"][kind])


@pytest.mark.slow
def test_cells_can_run_out_of_order_twice_and_after_a_restart(kernel):
    cells = {"a": "%%gemini\nWhat is odd?", "b": "%%gemini\nAnd why?", "c": "%%gemini fig\nAnd here?"}
    figure = "from matplotlib.figure import Figure\nfig = Figure()\nfig.subplots().plot([1, 3, 2])"
    with Demo(echo) as service:
        first = kernel("%gemini_record answers.jsonl", figure, demo=service)
        live = {cell: first.run(source, cell).stream for cell, source in cells.items()}
        assert len(service.requests) == 3
        again = {cell: first.run(cells[cell], cell).stream for cell in "cabbca"}
        second = kernel("%gemini_replay answers.jsonl --strict", figure, demo=service)
        restarted = {cell: second.run(cells[cell], cell).stream for cell in "bcabca"}
        assert len(service.requests) == 3
    assert again == restarted
    for cell, asked in {"a": "What is odd?", "b": "And why?", "c": "And here?"}.items():
        assert f"To {asked}" in live[cell]
        assert f"To {asked}" in again[cell]
        assert RECORDED.search(again[cell])


DRAW = "from matplotlib.figure import Figure\nfig = Figure()\nax = fig.subplots()\nax.plot([1, 3, 2]);"


@pytest.mark.slow
def test_a_figure_drawn_again_is_told_to_its_own_cell_after_a_restart(kernel):
    with Demo(echo) as service:
        first = kernel("%gemini_record answers.jsonl", DRAW, demo=service)
        first.run("%%gemini fig\nWhat is odd?", "A")
        first.restart()
        first.run("%gemini_replay answers.jsonl --strict")
        for title in ("Other pixels", "And others again"):
            first.run(f"ax.set_title({title!r})")
            for _ in range(2):
                told = first.run("%%gemini fig\nWhat is odd?", "A").stream
                assert "To What is odd?" in told
                assert "fig had other pixels when this answer was recorded" in told
        error = first.run("%%gemini fig\nWhat is odd?", "B", fails=True).error
        assert "fig with «pixels " in error["evalue"]
        assert "in cell «A»" in error["evalue"]
        assert "in cell «B»" in error["evalue"]
        assert len(service.requests) == 1


LOOP = """
for n in range(3):
    fig = Figure()
    fig.subplots().plot([1, n, {}])
    get_ipython().run_cell_magic("gemini", "fig", "What is odd?")
"""


@pytest.mark.slow
def test_the_figures_of_a_loop_get_each_its_own_answer_however_often_they_are_drawn(kernel):
    with Demo(lambda request: stream(f"Answer {len(service.requests)}.")) as service:
        one = kernel("%gemini_record answers.jsonl", DRAW, demo=service)
        one.run(LOOP.format(2), "A")
        one.restart()
        one.run("%gemini_replay answers.jsonl --strict")
        for value in (2, 3, 4, 3, 2):
            told = one.run(LOOP.format(value), "A").stream
            assert re.findall(r"Answer \d", told) == ["Answer 1", "Answer 2", "Answer 3"]
        assert len(service.requests) == 3


@pytest.mark.slow
def test_where_questions_can_be_asked_a_figure_that_changes_is_asked_about_again(kernel):
    with Demo(echo) as service:
        one = kernel("%gemini_record answers.jsonl", DRAW, demo=service)
        for title in ("", "Another peak"):
            one.run(f"ax.set_title({title!r})")
            assert "recorded" not in one.run("%%gemini fig\nWhat is odd?", "A").stream
        assert len(service.requests) == 2


@pytest.mark.slow
def test_two_kernels_can_record_in_one_file_at_once(kernel):
    with Demo(echo) as service:
        both = [kernel("%gemini_record answers.jsonl", demo=service) for _ in range(2)]
        ask = "for n in range({}, {}):\n    get_ipython().run_cell_magic('gemini', '', f'Q{{n}}')"
        begun = [one.send(ask.format(*span)) for one, span in zip(both, [(0, 12), (6, 18)], strict=True)]
        written = [one.finish(shown).stream for one, shown in zip(both, begun, strict=True)]
        asked = len(service.requests)
        told = both[0].run("%gemini_replay answers.jsonl --strict\n" + ask.format(0, 18)).stream
        assert len(service.requests) == asked
    assert not any("Error" in text or "Warning" in text for text in written)
    lines = Path("answers.jsonl").read_text().splitlines()
    assert {json.loads(line)["answer"]["text"] for line in lines} == {f"To Q{n}" for n in range(18)}
    assert all(f"To Q{n}" in told for n in range(18))
    assert len(RECORDED.findall(told)) == 18


@pytest.mark.slow
def test_a_kernel_killed_while_it_writes_loses_that_answer_and_says_so(kernel):
    deadly = textwrap.dedent("""
        import os, resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # the byte after these kills, in the middle of the write
        end = os.path.getsize("answers.jsonl") + 200
        resource.setrlimit(resource.RLIMIT_FSIZE, (end, end))
    """)
    with Demo(echo) as service:
        killed = kernel("%gemini_record answers.jsonl", "%gemini First?", deadly, demo=service)
        killed.send("%gemini Second?")
        wait_until(lambda: not killed.manager.is_alive())
        assert killed.manager.provisioner.process.returncode == -signal.SIGXFSZ
        assert not Path("answers.jsonl").read_bytes().endswith(b"\n")
        after = kernel(demo=service)
        assert "answers.jsonl breaks off in line 2" in after.run("%gemini_record answers.jsonl").text
        assert RECORDED.search(after.run("%gemini First?").stream)
        assert "breaks off" not in (second := after.run("%gemini Second?").stream)
        assert "recorded" not in second
        assert RECORDED.search(after.run("%gemini Second?").stream)
        assert len(service.requests) == 3
    assert len(file.recording_at("answers.jsonl").load().records) == 2


# In two environments

DRAW_AND_ASK = """
import sys, json, matplotlib
from matplotlib.figure import Figure
from gemini_magics import ask

fig = Figure()
ax = fig.subplots()
ax.plot([1, 3, 2, 5])
ax.set_title("Two peaks")
answer = ask("What is odd?", fig, recording="answers.jsonl", **json.loads(sys.argv[1]))
print(json.dumps([matplotlib.__version__, answer.text, answer.recorded, answer.redrawn]))
"""


def environment(folder, *packages):
    """Make a virtual environment with packages of its own, which shares all else with this one."""
    venv.create(folder, with_pip=False)
    python = str(folder / "bin" / "python")
    if packages:
        pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "-q"]
        subprocess.run([*pip, "--no-deps", "--only-binary=:all:", *packages], check=True)
    (own,) = (folder / "lib").glob("*/site-packages")
    (own / "shared.pth").write_text("\n".join([str(Path(matplotlib.__file__).parents[1]), ROOT]))
    return python


@pytest.mark.thorough  # it installs an older one
def test_what_was_recorded_with_one_matplotlib_is_told_with_another(demo, tmp_path):
    def run(python, **settings):
        words = [python, "-E", "-W", "error", "-c", DRAW_AND_ASK, json.dumps(settings)]
        return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)

    major, minor = matplotlib.__version__.split(".")[:2]
    this = environment(tmp_path / "this")
    older = environment(tmp_path / "older", f"matplotlib<{major}.{minor}")
    here, text, *_ = run(this, base_url=demo.base_url, service="demo")
    day = json.loads(Path("answers.jsonl").read_text())["recorded"]
    there, *told = run(older, strict=True)
    assert here == matplotlib.__version__ != there
    assert told == [text, day, ["fig"]]
    assert run(this, strict=True) == [here, text, day, []]
    assert len(demo.requests) == 1
