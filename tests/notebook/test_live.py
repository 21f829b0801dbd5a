"""The live view without a browser: what it sends, and what it leaves behind. tests/browser has the rest."""

import asyncio
import json
import math
import os
import signal
from types import SimpleNamespace

import comm
import pytest
from comm.base_comm import BaseComm
from IPython.core.displaypub import CapturingDisplayPublisher
from ipywidgets import Widget
from kernel import Kernel
from patience import PATIENCE_S, wait_until
from PIL import Image

from gemini_magics.content.convert import attach
from gemini_magics.core.answer import INTERRUPTED, close, fold
from gemini_magics.core.messages import Attachment, Finished, Text, Thinking, Waiting
from gemini_magics.core.settings import Settings
from gemini_magics.notebook.views import live
from gemini_magics.notebook.views import stream as stream_module
from gemini_magics.notebook.views.live import AnswerWidget, LiveView
from gemini_magics.render.answer import Answer
from gemini_magics.render.markdown import Blocks
from gemini_magics.render.metadata import metadata
from gemini_magics.render.static_output import bundle
from gemini_magics.testing import Act, Demo, Head, chunk, stream

WIDGET = "application/vnd.jupyter.widget-view+json"
THOUGHTS = "**Looking**\n\nAt the 🦜 and its shadow.\n\n"
TEXT = """\
## Parrots 🦜🦜

They *talk*, and $x^2$ is `x*x` 🦜.

- one
- two 🦜

| a | b |
|---|---|
| 🦜 | 2 |

```python
print("🦜")
```

The end: <https://example.org>.
"""


class Page:
    """What a page has of an answer: it hears frames as static/changes.js does, and counts as JavaScript."""

    def __init__(self):
        self.blocks = {"thinking": [], "text": []}
        self.finished, self.facts, self.number, self.bytes = {}, {}, 0, 0

    def hear(self, frame):
        assert frame.get("whole") or frame["number"] == self.number + 1
        self.number = frame["number"]
        self.bytes += len(json.dumps(frame))
        for part, at, kept, html in frame["changes"]:
            blocks = self.blocks[part]
            blocks += [""] * (at + 1 - len(blocks))
            blocks[at] = blocks[at].encode("utf-16-le")[: 2 * kept].decode("utf-16-le") + html
        self.finished |= frame["finished"]
        self.facts |= frame["facts"]


class Stage:
    """A view on a clock that the test moves, the page that looks at it, and what the notebook keeps."""

    def __init__(self, shell, monkeypatch):
        self.now, self.page, self.closed = 0.0, Page(), []
        self.kept = shell.display_pub.outputs
        stage = self

        class Comm(BaseComm):
            def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
                if msg_type == "comm_open" and "said" in data["state"]:
                    stage.page.hear(data["state"]["said"])
                elif msg_type == "comm_close":
                    stage.closed.append(self.comm_id)
                elif data.get("method") == "custom":
                    stage.page.hear(data["content"])

        monkeypatch.setattr(comm, "create_comm", Comm)
        monkeypatch.setattr(stream_module, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.answer = Answer(service="demo", model="gemini-3.1-pro", effort="low", clock=lambda: self.now)
        self.view = LiveView()

    def begin(self):
        self.view.begin(self.answer)

    def tell(self, *events, seconds=0.0):
        self.now += seconds
        for event in events:
            fold(self.answer, event)
        self.view.update(self.answer, list(events))

    def end(self, ended="stop"):
        close(self.answer, ended)
        self.view.end(self.answer)


@pytest.fixture
def stage(shell, monkeypatch):
    monkeypatch.setattr(shell, "display_pub", CapturingDisplayPublisher())
    stage = Stage(shell, monkeypatch)
    yield stage
    stage.end()
    for widget in list(AnswerWidget.open_widgets):
        widget.discard()


def blocks_of(text):
    blocks = Blocks()
    blocks.add(text)
    return [html for _, html in blocks.changes()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_the_page_has_every_block_as_it_stands_however_the_text_came(stage, size):
    stage.begin()
    for kind, text in ((Thinking, THOUGHTS), (Text, TEXT)):
        for at in range(0, len(text), size):
            stage.tell(kind(text[at : at + size]), seconds=0.1)
    for part, text in (("thinking", THOUGHTS), ("text", TEXT)):
        assert [html for html in stage.page.blocks[part] if html] == blocks_of(text)


def test_the_first_word_of_each_part_is_sent_at_once(stage):
    stage.begin()
    stage.tell(Thinking("I see"))
    assert "I see" in stage.page.blocks["thinking"][0]
    stage.tell(Thinking(" more"))
    assert "more" not in stage.page.blocks["thinking"][0]
    stage.tell(Text("It is"))
    assert "It is" in stage.page.blocks["text"][0]


def test_what_came_between_two_frames_is_sent_with_the_next_tick(stage):
    stage.begin()
    stage.tell(Text("one"))
    stage.tell(Text(" two"), seconds=0.01)
    assert "two" not in stage.page.blocks["text"][0]
    stage.tell(seconds=live.FRAME_S)
    assert "one two" in stage.page.blocks["text"][0]


def test_a_second_of_many_words_is_about_twenty_frames(stage):
    stage.begin()
    for number in range(1000):
        stage.tell(Text(f"{number} "), seconds=0.001)
    assert 15 <= stage.page.number <= 21


def test_nothing_is_sent_while_nothing_comes(stage):
    stage.begin()
    stage.tell(Thinking("I see"))
    sent = stage.page.number
    for _ in range(50):
        stage.tell(seconds=1)
    assert stage.page.number == sent


SHAPES = {
    "paragraphs": lambda n: " ".join(f"word{i}" + ("\n\n" if i % 60 == 59 else "") for i in range(n)),
    "one paragraph": lambda n: " ".join(f"word{i}" for i in range(n)),
    "one list": lambda n: "".join(f"- item{i} with words\n" for i in range(n // 3)),
    "one table": lambda n: "|a|b|\n|-|-|\n" + "".join(f"|cell{i}|b|\n" for i in range(n // 2)),
    "one code": lambda n: "```python\n" + "".join(f"x{i} = {i}\n" for i in range(n // 3)) + "```\n",
}


@pytest.mark.thorough
@pytest.mark.parametrize("shape", SHAPES)
def test_the_bytes_grow_with_the_length_of_the_answer_and_no_faster(stage, shell, monkeypatch, shape):
    sent = []
    for words in (500, 2000):
        each = Stage(shell, monkeypatch)
        each.begin()
        before, text = each.page.bytes, SHAPES[shape](words)
        step = math.ceil(len(text) / words * 25)
        for at in range(0, len(text), step):
            each.tell(Text(text[at : at + step]), seconds=0.05)
        sent.append(each.page.bytes - before)
        each.end()
    assert math.log(sent[1] / sent[0], 4) <= 1.1


def test_facts_are_sent_when_they_change(stage):
    stage.begin()
    assert stage.page.facts["status"] == "Thinking…"
    stage.tell(Waiting("the service is busy", 8))
    assert stage.page.facts["status"] == "Trying again in 8 s: the service is busy"
    stage.tell(Thinking("I see"), seconds=1)
    stage.tell(Text("It is"), seconds=1)
    assert stage.page.facts["status"] == "Answering…"
    assert stage.page.facts["summary"] == "Thought for 2 s"


def test_the_end_leaves_a_plain_output(stage):
    stage.begin()
    assert sorted(stage.kept[-1]["data"]) == [WIDGET, "text/plain"]
    stage.tell(Thinking(THOUGHTS), Text(TEXT), Finished("stop"))
    stage.end()
    assert stage.kept[-1]["data"] == bundle(stage.answer, mark=f"gemini-kept {stage.page.facts['id']}")
    assert stage.kept[-1]["update"] is True
    assert [entry["transient"] for entry in stage.kept] == [stage.kept[0]["transient"]] * 2


def test_an_answer_that_cannot_be_rendered_leaves_its_words(stage, monkeypatch):
    stage.begin()
    stage.tell(Text("The words."))
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(Blocks, "changes", lambda _: 1 / 0)
        stage.end()
    assert stage.kept[-1]["data"] == {"text/plain": "The words."}


def test_the_end_leaves_the_signals_as_they_were(stage):
    before = signal.getsignal(signal.SIGTERM)
    stage.begin()
    assert signal.getsignal(signal.SIGTERM) is not before
    stage.end()
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_answer_that_was_stopped_before_its_view_opened_is_shown(stage):
    stage.end(INTERRUPTED)
    assert "stopped after" in stage.kept[-1]["data"]["text/plain"]


def test_the_widget_stays_until_its_page_lets_go_and_leaves_nothing(stage):
    before = len(widgets())
    stage.begin()
    stage.end()
    widget = AnswerWidget.open_widgets[-1]
    assert not stage.closed
    hear(widget, "gone")
    assert widget.comm is None
    assert len(stage.closed) == 2  # the widget and its layout
    assert len(widgets()) == before


def test_widgets_that_no_page_lets_go_are_closed_in_the_end(shell, stage, monkeypatch):
    for _ in range(live.OPEN_WIDGETS + 3):
        each = Stage(shell, monkeypatch)
        each.begin()
        each.end()
    assert len(AnswerWidget.open_widgets) == live.OPEN_WIDGETS


def test_a_page_that_was_loaded_later_gets_all_that_was_said(stage):
    stage.begin()
    stage.tell(Thinking(THOUGHTS), Text(TEXT), seconds=3)
    late = Page()
    late.hear(AnswerWidget.open_widgets[-1].get_state("said")["said"])
    assert late.blocks == stage.page.blocks
    assert late.facts["seconds"] == 3
    assert "output" not in late.facts
    stage.end()
    late.hear(AnswerWidget.open_widgets[-1].get_state("said")["said"])
    kept = bundle(stage.answer, mark=f"gemini-kept {stage.page.facts['id']}")
    assert late.facts["output"] == {"data": kept, "metadata": metadata(stage.answer)}


def test_a_page_that_missed_a_frame_gets_all_again(stage):
    stage.begin()
    stage.tell(Text(TEXT))
    stage.page.blocks = {"thinking": [], "text": []}
    hear(AnswerWidget.open_widgets[-1], "again")
    assert [html for html in stage.page.blocks["text"] if html] == blocks_of(TEXT)


def test_a_page_that_asks_whether_it_missed_something_gets_only_what_it_lacks(stage):
    stage.begin()
    stage.tell(Text(TEXT))
    widget, sent = AnswerWidget.open_widgets[-1], []
    widget.send = sent.append
    hear(widget, {"heard": stage.page.number})
    hear(widget, {"heard": stage.page.number - 1})
    assert sent[0] == {"number": stage.page.number}
    assert sent[1]["whole"] is True
    del widget.send
    stage.end()
    widget.send = sent.append
    hear(widget, {"heard": stage.page.number})
    assert "The end" in sent[-1]["facts"]["output"]["data"]["text/html"]


@pytest.mark.parametrize("message", [None, 7, "Again", {"heard": []}, {"do": "again"}, ["gone"]])
def test_any_message_of_a_page_is_borne(stage, message):
    stage.begin()
    hear(AnswerWidget.open_widgets[-1], message)
    assert AnswerWidget.open_widgets[-1].comm is not None


def test_the_markdown_of_an_answer_comes_with_its_end(stage):
    stage.begin()
    stage.tell(Text(TEXT))
    assert stage.page.facts["markdown"] == ""
    stage.tell(Finished("stop"))
    stage.end()
    assert stage.page.facts["markdown"] == TEXT.strip()


@pytest.mark.slow
def test_a_widget_that_no_page_claims_is_closed_once_the_kernel_is_idle():
    with Demo([stream("Words.")]) as demo, Kernel(demo, display="live") as kernel:
        kernel.run("from gemini_magics.notebook.views import live\nlive.UNCLAIMED_S = 0.1")
        shown = kernel.send("%%gemini\nWhat?", cell="a-cell")
        kernel.listen(shown, lambda kind, _: kind == "comm_close")


def test_a_widget_stays_while_a_page_is_still_at_work_on_others(shell, stage, monkeypatch):
    """A page that is behind has not drawn it yet, and would fail on a widget that is closed."""
    now, due = [1000.0], []
    monkeypatch.setattr(live, "monotonic", lambda: now[0])
    monkeypatch.setattr(AnswerWidget, "heard_at", 0.0)
    monkeypatch.setattr(
        asyncio, "get_running_loop", lambda: SimpleNamespace(call_later=lambda _, then: due.append(then))
    )
    for each in (stage, Stage(shell, monkeypatch)):
        each.begin()
        each.end()
    first, second = list(AnswerWidget.open_widgets)[-2:]
    now[0] += live.UNCLAIMED_S - 1
    hear(first, "gone")
    now[0] += 1
    due.pop()()
    assert second.comm is not None
    now[0] += live.UNCLAIMED_S
    due.pop()()
    assert second.comm is None


def test_a_picture_that_was_sent_comes_with_its_chip(stage):
    stage.answer.attachments = (
        attach(Image.new("RGB", (40, 30), "red"), "photo", Settings()),
        Attachment("notes.txt", "text", "some words"),
        attach(Image.effect_noise((1500, 1500), 90), "noise", Settings()),
    )
    stage.begin()
    photo, notes, noise = stage.page.facts["pictures"]
    assert photo.startswith("data:image/png;base64,")
    assert notes == ""
    assert 1000 < len(noise) < 2_000_000


def hear(widget, message):
    widget._handle_msg({"content": {"data": {"method": "custom", "content": message}}, "buffers": []})


def widgets():
    return Widget.get_manager_state()["state"]


SLOW = """
import time
from gemini_magics.core.answer import fold
from gemini_magics.render.answer import Answer
from gemini_magics.core.messages import Text
from gemini_magics.notebook.views.live import LiveView
answer, view = Answer(service="demo", model="m"), LiveView()
view.begin(answer)
fold(answer, Text("Half of the"))
view.update(answer, [Text("Half of the")])
while True:
    time.sleep(0.1)  # a signal just before a sleep is heard after it
"""


@pytest.mark.slow
def test_a_kernel_that_is_told_to_go_leaves_a_plain_output_and_goes():
    with Kernel() as kernel:
        shown = kernel.send(SLOW)
        kernel.listen(shown, lambda kind, _: kind == "comm_msg")
        os.kill(kernel.manager.provisioner.pid, signal.SIGTERM)
        kernel.listen(shown, lambda kind, _: kind == "update_display_data")
        (output,) = shown.outputs
        assert "Half of the" in output["data"]["text/html"]
        wait_until(lambda: not kernel.manager.is_alive())


ASKED_WHEN_IT_GOES = """
import os, signal
app = get_ipython().kernel.parent
signal.signal(signal.SIGTERM, lambda *_: os._exit(7 if app.context.closed else 8))
"""


@pytest.mark.slow
def test_a_kernel_on_a_busy_machine_goes_only_when_its_plain_output_is_sent():
    with Kernel(setup=[ASKED_WHEN_IT_GOES]) as kernel:
        shown = kernel.send(SLOW)
        kernel.listen(shown, lambda kind, _: kind == "comm_msg")
        process = kernel.manager.provisioner.process
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 7


IMPATIENT = """
import os, signal
import gemini_magics.notebook.views.live as live
bundle = live.bundle
def slow(*args, **parts):
    os.kill(os.getpid(), signal.SIGINT)  # the reader presses Ctrl-C again
    return bundle(*args, **parts)
live.bundle = slow
"""


@pytest.mark.slow
def test_a_second_ctrl_c_costs_nothing_of_what_had_come():
    half = [Head(), chunk(content="Half of the"), Act.HANG]
    with Demo([half]) as demo, Kernel(demo, display="live", setup=[IMPATIENT]) as kernel:
        shown = kernel.send("%%gemini\nWhat?", cell="a-cell")
        kernel.listen(shown, lambda kind, content: kind == "comm_msg" and "Half" in str(content))
        kernel.interrupt()
        kernel.finish(shown, fails=True)
        (output,) = shown.outputs
        assert sorted(output["data"]) == ["text/html", "text/plain"]
        assert "Half of the" in output["data"]["text/html"]
        assert "stopped after" in output["data"]["text/plain"]
        assert shown.error["ename"] == "KeyboardInterrupt"


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [True, False])
def test_thoughts_that_come_although_they_are_not_wanted_are_not_shown(wanted):
    with Demo([stream("Words.", thoughts=["Secret thoughts"])]) as demo, Kernel(demo, display="live") as kernel:
        shown = kernel.run(f"%%gemini {'' if wanted else '--no-thoughts'}\nWhat?", cell="a-cell")
        assert ("Secret thoughts" in shown.html) is wanted
        assert "Words." in shown.html
        thinking = kernel.run("import gemini_magics; print(gemini_magics.last().thinking)").text
        assert ("Secret thoughts" in thinking) is wanted
