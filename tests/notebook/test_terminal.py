"""Answers in a terminal: what is printed, and that nothing of it drives the terminal or misleads its reader."""

import re

import pytest
from hostile import CHARACTERS

from gemini_magics.core.answer import CUT, FAILED, INTERRUPTED, close, fold
from gemini_magics.core.messages import Attachment, Citation, Finished, Text, Thinking, Usage, Waiting
from gemini_magics.core.text import legible
from gemini_magics.notebook.frontend import Frontend
from gemini_magics.notebook.views.terminal import TerminalView
from gemini_magics.render.answer import Answer
from gemini_magics.testing import Demo, envelope, stream

DRIVES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
MISLEADS = re.compile("[\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]")
FOOT = "m · kie · 2 s\n"


class Terminal:
    """A view, its answer on a clock that stands still at two seconds, and what was printed."""

    def __init__(self, capsys, **answer):
        self._capsys, self._now = capsys, 0.0
        self.answer = Answer(service="kie", model="m", clock=lambda: self._now, **answer)
        self._now, self._view = 2.0, TerminalView()
        self._view.begin(self.answer)

    def tell(self, *events):
        """Take in one batch of events, and return what it printed."""
        for event in events:
            fold(self.answer, event)
        self._view.update(self.answer, list(events))
        return self._capsys.readouterr().out

    def end(self, ended="stop", problem=""):
        close(self.answer, ended, problem)
        self._view.end(self.answer)
        return self._capsys.readouterr().out


@pytest.fixture
def terminal(capsys):
    return Terminal(capsys)


def test_a_shell_without_a_kernel_is_a_terminal(shell):
    assert Frontend.of(shell).kind == "terminal"


def test_each_batch_is_printed_when_it_comes_thoughts_first(terminal):
    assert terminal.tell(Thinking("I see.")) == "Thinking:\nI see."
    assert terminal.tell(Thinking("\n\nAnd"), Thinking(" more.\n\n")) == "\n\nAnd more."
    assert terminal.tell(Text("It"), Text(" is")) == "\n\nAnswer:\nIt is"
    assert terminal.tell(Usage(prompt_tokens=1)) == ""
    assert terminal.tell(Text(" so.\n"), Finished("stop")) == " so."
    assert terminal.end() == f"\n\n{FOOT[:-1]} · 1 tokens in\n"


def test_an_answer_without_thoughts_has_no_heading(terminal):
    assert terminal.tell(Text("It is.")) == "It is."
    assert terminal.end() == f"\n\n{FOOT}"


def test_thoughts_after_the_text_have_their_own_part(terminal):
    assert terminal.tell(Text("It is."), Thinking("Is it?"), Text("It is.")) == (
        "It is.\n\nThinking:\nIs it?\n\nAnswer:\nIt is."
    )


def test_a_wait_is_told_with_its_reason(terminal):
    waiting = Waiting("the \x1b[2Jservice\n\u202eanswered 503", 8.0)
    assert terminal.tell(waiting) == "Trying again in 8 s: the ␛[2Jservice ⟨U+202E⟩answered 503\n"
    assert terminal.tell(Text("Now.")) == "Now."


def test_what_goes_with_the_question_is_named_first(capsys):
    name = "a\x1b]0;title\x07\u202egnp.py\nb"
    Terminal(capsys, attachments=(Attachment("fig", "figure", "x"), Attachment(name, "file", "y")))
    assert capsys.readouterr().out == ("[fig · figure · 1 B]\n[a␛]0;title␇⟨U+202E⟩gnp.py b · file · 1 B]\n")


def test_the_sources_are_listed_under_the_answer_each_once(terminal):
    terminal.tell(
        Text("It is."),
        Citation("https://a.example/", "A\x1b[2J\u202e page"),
        Citation("https://b.example/x", ""),
        Citation("https://a.example/", "A\x1b[2J\u202e page", 0, 3),
    )
    assert terminal.end() == (
        f"\n\n[1] A␛[2J⟨U+202E⟩ page: https://a.example/\n[2] https://b.example/x\n{FOOT}"
    )


ENDS = {
    "at the limit": (("length",), "Cut off at the limit: one answer of the model may not be longer."),
    "for a strange reason": (("\x1b]8;;x\x07\u202e",), "unknown reason: ␛]8;;x␇⟨U+202E⟩.\n"),
}


@pytest.mark.parametrize(("ended", "notice"), ENDS.values(), ids=ENDS)
def test_a_notice_says_how_it_ended(terminal, ended, notice):
    terminal.tell(Text("It is"))
    assert notice in terminal.end(*ended)


RAISED = {
    "stopped": ((INTERRUPTED,), "stopped after"),
    "cut": ((CUT, "The connection broke."), "cut off after"),
    "failed": ((FAILED, "The service answered 500."), "failed after"),
}


@pytest.mark.parametrize(("ended", "state"), RAISED.values(), ids=RAISED)
def test_what_an_exception_says_is_not_said_before_it(terminal, ended, state):
    terminal.tell(Text("It is"))
    shown = terminal.end(*ended)
    assert f" · {state} " in shown
    assert "Stopped by you" not in shown
    assert "connection" not in shown
    assert "500" not in shown


@pytest.mark.parametrize("kind", [Text, Thinking])
@pytest.mark.parametrize("text", CHARACTERS.values(), ids=CHARACTERS)
@pytest.mark.parametrize("cut", [True, False], ids=["in pieces", "at once"])
def test_no_character_drives_the_terminal_or_misleads(terminal, kind, text, cut):
    shown = "".join(terminal.tell(kind(piece)) for piece in (text if cut else [text])) + terminal.end()
    head = "Thinking:\n" if kind is Thinking else ""
    assert shown.startswith(head + legible(text).rstrip("\n") + "\n\n")
    assert not DRIVES.search(shown.replace("\n", "")), ascii(shown)
    assert not MISLEADS.search(shown), ascii(shown)


def test_what_writing_needs_is_left_whole_however_it_is_cut(terminal):
    england = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    text = f"{england} ❤\ufe0f 👩\u200d🔬 می\u200cخواهم\r\nÄ\tb"
    assert "".join(terminal.tell(Text(piece)) for piece in text) == text.replace("\r", "")


def test_in_terminal_ipython_a_question_is_answered_in_text(shell, capsys):
    script = [
        envelope(503, "\x1b[2JBusy", Retry_After="0.01"),
        stream("It \x1b]8;;x\x07is.", thoughts=["I see."]),
    ]
    with Demo(script) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run("notes = 'some words'")
        capsys.readouterr()
        shell.run("%%gemini notes --service demo\nIs it?")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("[notes")
    assert lines[1:] == [
        "Trying again in 1 s: the service answered 503",
        "Thinking:",
        "I see.",
        "",
        "Answer:",
        "It ␛]8;;x␇is.",
        "",
        lines[-1],
    ]
    assert lines[-1].startswith("demo, a stand-in for")
