"""Which view an answer gets, and how the plain ones show it: at a pace that a page can follow, or once."""

from types import SimpleNamespace

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from kernel import Kernel

from gemini_magics.core.answer import INTERRUPTED, close, fold
from gemini_magics.core.messages import Text, Thinking
from gemini_magics.core.settings import Settings
from gemini_magics.notebook.views.choose import view_for
from gemini_magics.notebook.views.terminal import TerminalView
from gemini_magics.notebook.views.updates import OnceView, PacedView
from gemini_magics.render.answer import Answer
from gemini_magics.render.metadata import metadata
from gemini_magics.render.static_output import bundle
from gemini_magics.testing import Demo, stream

VIEW = "print(type(view_for(get_ipython(), Settings())).__name__)"


@pytest.fixture(scope="module")
def kernel():
    setup = "from gemini_magics import Settings\nfrom gemini_magics.notebook.views.choose import view_for"
    with Demo(lambda _: stream("Fine.")) as demo, Kernel(demo, display="auto", setup=[setup]) as kernel:
        yield kernel


FRONTENDS = {
    "names its cells: JupyterLab, Notebook 7, VS Code": ({"cell": "a-cell"}, "LiveView"),
    "names none": ({}, "PacedView"),
    "names its cells, which its server runs": ({"cell": "a-cell", "by_python": True}, "LiveView"),
    "runs notebooks: nbclient, nbval": ({"by_python": True, "allow_stdin": False}, "PacedView"),
    "is a console: jupyter console, qtconsole": ({"by_python": True}, "TerminalView"),
    "Colab": ({"metadata": {"colab": {"base_uri": "https://x.example", "cell_id": "a"}}}, "PacedView"),
}


@pytest.mark.parametrize(("how", "view"), FRONTENDS.values(), ids=FRONTENDS)
def test_a_frontend_gets_the_view_that_it_can_show(kernel, how, view):
    assert kernel.run(VIEW, **how).stream == f"{view}\n"


def test_inside_an_output_widget_it_is_shown_once_whatever_the_frontend(kernel):
    inside = f"from ipywidgets import Output\nwith Output():\n    {VIEW}"
    for cell in ("a-cell", ""):
        assert kernel.run(inside, cell).stream == "OnceView\n"
        assert kernel.run(VIEW, cell).stream != "OnceView\n"


def test_a_console_of_jupyter_prints_the_answer(kernel):
    shown = kernel.run("%gemini What?", by_python=True)
    (output,) = shown.outputs
    assert output["name"] == "stdout"
    assert shown.stream.startswith("Fine.\n\ndemo, a stand-in for gemini-3.1-pro · ")


def test_terminal_ipython_gets_text(shell):
    assert type(view_for(shell, Settings())) is TerminalView


@pytest.mark.parametrize(
    ("display", "view"),
    {"live": "LiveView", "paced": "PacedView", "once": "OnceView", "text": "TerminalView"}.items(),
)
def test_the_view_that_is_set_goes_before_what_the_frontend_can_show(shell, kernel, display, view):
    settings = f"Settings(display={display!r})"
    assert type(view_for(shell, Settings(display=display))).__name__ == view
    for cell in ("a-cell", ""):
        assert kernel.run(VIEW.replace("Settings()", settings), cell).stream == f"{view}\n"
    assert kernel.run(VIEW.replace("Settings()", settings), by_python=True).stream == f"{view}\n"


# The pace ------------------------------------------------------------------------------------------


class Stage:
    """A view on a clock that the test moves, and what it displayed: the first output and its updates."""

    def __init__(self, shell, view):
        self.now, self.outputs = 0.0, shell.display_pub.outputs
        self.answer = Answer(service="demo", model="m", clock=lambda: self.now)
        self.view = view

    def tell(self, *events, at=None):
        self.now = self.now if at is None else at
        for event in events:
            fold(self.answer, event)
        before = len(self.outputs)
        self.view.update(self.answer, list(events))
        return len(self.outputs) - before

    def end(self, ended="stop"):
        close(self.answer, ended)
        self.view.end(self.answer)


@pytest.fixture
def stage(shell, monkeypatch):
    def make(view):
        stage = Stage(shell, view())
        monkeypatch.setattr(
            "gemini_magics.notebook.views.updates.time", SimpleNamespace(monotonic=lambda: stage.now)
        )
        return stage

    monkeypatch.setattr(shell, "display_pub", CapturingDisplayPublisher())
    return make


PAUSES_S = {0: 0.3, 3_000: 0.3, 4_000: 0.4, 20_000: 2.0, 50_000: 5.0, 80_000: 5.0}  # a token is 4 characters


@pytest.mark.parametrize("kind", [Text, Thinking])
@pytest.mark.parametrize(("characters", "pause_s"), PAUSES_S.items())
def test_the_longer_the_answer_the_longer_the_pause_between_two_updates(stage, kind, characters, pause_s):
    stage = stage(PacedView)
    stage.view.begin(stage.answer)
    stage.tell(Text("It is"), at=1)  # the first word is shown, whenever it comes
    assert stage.tell(kind("word " * (characters // 5)), at=100) == 1
    assert stage.tell(kind("."), at=100 + pause_s - 0.01) == 0
    assert stage.tell(at=100 + pause_s + 0.01) == 1


def test_ten_seconds_of_many_words_are_about_thirty_updates(stage):
    stage = stage(PacedView)
    stage.view.begin(stage.answer)
    updates = sum(stage.tell(Text("word "), at=tick / 50) for tick in range(1, 501))
    assert 25 <= updates <= 34


def test_the_first_word_is_shown_at_once_and_the_thoughts_in_their_time(stage):
    stage = stage(PacedView)
    stage.view.begin(stage.answer)
    assert stage.tell(Thinking("I see"), at=0.1) == 0
    assert stage.tell(Text("It is"), at=0.2) == 1
    assert stage.tell(Text(" so"), at=0.21) == 0
    data = stage.outputs[-1]["data"]
    assert "I see" in data["text/html"] and "It is" in data["text/html"] and " so" not in data["text/plain"]


def test_the_updates_and_the_end_are_in_the_same_output(stage):
    stage = stage(PacedView)
    stage.view.begin(stage.answer)
    stage.tell(Text("It is"), at=1)
    stage.end()
    first, *updates = stage.outputs
    assert not first.get("update")
    assert [each["update"] for each in updates] == [True, True]
    assert {each["transient"]["display_id"] for each in updates} == {first["transient"]["display_id"]}
    assert updates[-1]["data"] == bundle(stage.answer)
    assert updates[-1]["metadata"] == metadata(stage.answer)


@pytest.mark.parametrize("view", [PacedView, OnceView])
def test_an_answer_that_was_stopped_before_its_output_opened_is_shown(stage, view):
    stage = stage(view)
    stage.end(INTERRUPTED)
    assert "stopped after 0.1 s" in stage.outputs[-1]["data"]["text/plain"]
    assert stage.outputs[-1]["metadata"] == metadata(stage.answer)
