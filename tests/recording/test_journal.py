"""With a recording, what has come of an answer outlives the kernel that asked."""

import os
import random
import signal
import stat
import subprocess
import sys
from io import FileIO

import pytest
from kernel import Kernel
from patience import PATIENCE_S

from gemini_magics import ask
from gemini_magics.core.errors import GeminiError
from gemini_magics.core.settings import resolve
from gemini_magics.recording import journal
from gemini_magics.recording.journal import left_behind, partial_answers
from gemini_magics.testing import Act, Demo, Head, chunk, stream

WORDS = [f"word{n} " for n in range(400)]
KEY = "sk-0123456789abcdefghijklmnop"
ASKS = """
import sys
from gemini_magics import ask
ask("What is <b>odd</b>?", service="demo", base_url=sys.argv[1], recording="answers.jsonl")
"""


def journals(folder):
    return [path for path in folder.iterdir() if path.name.endswith(".partial")]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def killed_after(step, folder):
    """Ask in a process that is killed while it waits for more."""
    with Demo(lambda request: [Head(), chunk(reasoning_content="Hm. "), *step, Act.HANG]) as demo:
        asking = subprocess.Popen([sys.executable, "-c", ASKS, demo.base_url], cwd=folder)
        while not (found := journals(folder)) or b"end of part" not in found[0].read_bytes():
            assert asking.poll() is None
        asking.kill()
        asking.wait(PATIENCE_S)
        return found[0]


@pytest.mark.slow
def test_what_had_come_is_offered_marked_and_not_sent_again(here):
    path = killed_after([chunk(content="The curve end of part")], here)
    [answer] = partial_answers(resolve({}))
    assert (answer.text, answer.thinking, answer.ended) == ("The curve end of part", "Hm. ", "cut")
    assert answer.problem.startswith("Partial: its kernel died")
    assert f"%gemini_forget {path.name}" in answer.problem
    html = answer._repr_mimebundle_()[0]["text/html"]
    assert "<b>" not in html
    assert "Partial:" in html


@pytest.mark.slow
def test_a_question_that_was_asked_again_and_recorded_is_not_offered_any_more(here):
    killed_after([chunk(content="end of part")], here)
    with Demo(lambda request: stream("Whole.")) as demo:
        ask("What is <b>odd</b>?", service="demo", base_url=demo.base_url, recording="answers.jsonl")
    assert partial_answers(resolve({})) == []


BESIDE = {
    "no name": ("...12345678.partial", lambda folder: None),
    "the folder above": ("....12345678.partial", lambda folder: None),
    "a folder": (".x.12345678.partial", lambda folder: (folder / "x").mkdir()),
    "a pipe": (".x.12345678.partial", lambda folder: os.mkfifo(folder / "x")),
    "a link to nothing": (".x.12345678.partial", lambda folder: (folder / "x").symlink_to("nothing")),
    "a link to itself": (".x.12345678.partial", lambda folder: (folder / "x").symlink_to("x")),
    "a link out of the folder": (
        ".x.12345678.partial",
        lambda folder: (folder / "x").symlink_to("/etc/passwd"),
    ),
}


@pytest.mark.parametrize("kind", BESIDE)
def test_a_journal_is_offered_whatever_stands_where_its_recording_would(here, kind):
    name, put = BESIDE[kind]
    put(here)
    (here / name).write_text('{"journal": "2026-11-28 17:20"}\n{"s": 1, "text": "words"}\n', "utf-8")
    (here / name).chmod(0o600)
    assert [answer.text for answer in partial_answers(resolve({}))] == ["words"]


def test_the_journal_is_private_and_gone_when_the_answer_has_ended(here):
    seen = []

    def look():
        while not (found := journals(here)) or not found[0].stat().st_size:
            pass
        [path] = found
        seen.append(stat.S_IMODE(path.stat().st_mode))
        assert left_behind([here]) == []  # its writer lives
        yield from stream("Fine.")

    broken = [*stream("Fine.")[:2], Act.RESET]
    for prompt, script in (("What?", lambda request: look()), ("And?", lambda request: broken)):
        with Demo(script) as demo:
            try:
                ask(prompt, service="demo", base_url=demo.base_url, recording="answers.jsonl")
            except GeminiError as error:
                seen.append(type(error).__name__)
        assert journals(here) == []
    assert seen == [0o600, "IncompleteAnswer"]


@pytest.mark.parametrize("how", [{}, {"recording": "answers.jsonl", "record_new": False}])
def test_without_a_recording_that_grows_nothing_is_written(here, how):
    (here / "answers.jsonl").touch()
    seen = []
    with Demo(lambda request: seen.append(journals(here)) or stream("Fine.")) as demo:
        ask("What?", service="demo", base_url=demo.base_url, **how)
    assert seen == [[]]


def test_a_key_that_the_service_repeats_is_not_in_the_journal(here, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", KEY)
    written = []
    end = journal.Journal.end
    monkeypatch.setattr(
        journal.Journal, "end", lambda self: written.append(self.path.read_text("utf-8")) or end(self)
    )
    with Demo(lambda request: stream("It is ", KEY[:12], KEY[12:], ".")) as demo:
        ask("What?", service="openai", model="m", base_url=demo.base_url, recording="answers.jsonl")
    assert "It is " in written[0]
    assert not any(KEY[at : at + 8] in written[0] for at in range(len(KEY) - 8))


def test_the_journal_of_an_endless_answer_is_bounded(here, monkeypatch):
    monkeypatch.setattr(journal, "MOST_BYTES", 2_000)
    sizes = []
    end = journal.Journal.end
    monkeypatch.setattr(
        journal.Journal, "end", lambda self: sizes.append(self.path.stat().st_size) or end(self)
    )
    with Demo(lambda request: stream(*WORDS, pause_s=0.001)) as demo:
        assert ask("What?", service="demo", base_url=demo.base_url, recording="answers.jsonl").text == "".join(
            WORDS
        )
    assert 300 < sizes[0] <= 2_000


def test_an_answer_goes_on_where_no_journal_can_be_written(here, monkeypatch):
    class OnAFullDisk(FileIO):
        def write(self, line):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal, "FileIO", OnAFullDisk)
    told = []
    monkeypatch.setattr(journal, "notice", told.append)
    with Demo(lambda request: stream("Fine.")) as demo:
        answer = ask("What?", service="demo", base_url=demo.base_url, recording="answers.jsonl")
    assert answer.text == "Fine."
    assert journals(here) == []
    assert "No space left" in told[0]
    assert len(told) == 1


STRANGE = [
    b"\n",
    b"{}",
    b"[1]\n",
    b'{"journal": 1}\n{"text": "a"}\n',
    b'{"journal": "2026"}\n\xff\xfe\n{"text": 1}\n{"s": "x", "text": "a"}\n{"s": 1, "text"',
    b'{"journal": "2026"}\n' + b"[" * 10_000,
]


@pytest.mark.parametrize("data", STRANGE)
def test_a_journal_of_another_shape_is_left_out(here, data):
    path = here / ".answers.jsonl.01234567.partial"
    path.write_bytes(data)
    path.chmod(0o600)
    assert left_behind([here]) == [path]
    assert partial_answers(resolve({})) == []


def test_a_file_that_others_may_read_is_not_taken_for_a_journal(here):
    path = here / ".answers.jsonl.01234567.partial"
    path.write_text('{"journal": "2026-11-28"}\n{"text": "Trust me."}\n')
    assert left_behind([here]) == []
    path.chmod(0o600)
    assert [answer.text for answer in partial_answers(resolve({}))] == ["Trust me."]
    link = here / ".answers.jsonl.01234568.partial"
    link.symlink_to(path)
    assert left_behind([here]) == [path]


MOMENTS = int(os.environ.get("GEMINI_MAGICS_KILLS", "2"))  # more by hand


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(MOMENTS))
def test_a_kernel_that_is_killed_loses_no_word_that_was_shown_two_seconds_before(here, seed):
    """The page has a word before the kernel dies; the journal has at least as many."""
    moment = random.Random(seed).randrange(len(WORDS) - 1)
    words = [step for word in WORDS for step in (chunk(content=word), 0.005)]
    with Demo(lambda request: [Head(), chunk(reasoning_content="Hm. "), *words, Act.HANG]) as demo:
        setup = [f"import os; os.chdir({str(here)!r})", "%gemini_record answers.jsonl"]
        with Kernel(demo, display="paced", setup=setup) as kernel:
            shown = kernel.send("%%gemini\nWhat?")
            kernel.listen(shown, lambda _, content: f"word{moment} " in str(content))
            os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
            kernel.restart()
            last = kernel.run("%gemini_last")
            state = kernel.run("%gemini_record").text
            kernel.run("%gemini_forget all")
        asked = len(demo.requests)
    assert f"word{moment} " in last.text
    assert "Partial:" in last.text
    assert "1 partial answer is left" in state
    assert asked == 1
    assert journals(here) == []
