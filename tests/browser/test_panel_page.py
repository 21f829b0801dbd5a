"""The panel in JupyterLab and Notebook 7: what a person does in it, and what stays in the file."""

from __future__ import annotations

import base64
import io
import time
from typing import Any

import pytest
from PIL import Image

OPEN = "import gemini_magics\ngemini_magics.panel()"
THINGS = """import gemini_magics, matplotlib.pyplot as plt, pandas as pd
fig, ax = plt.subplots()
ax.plot([1, 3, 2])
plt.close()
df = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
gemini_magics.panel()"""
SLEEP = "import time\nfor _ in range(60): time.sleep(0.1)"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> ![pixel](https://evil.example/p.png) "
    "[link](javascript:alert(3)) <details open ontoggle=alert(4)>\n\n"
)

LAB = pytest.mark.parametrize("app", ["lab"], indirect=True)


class Panel:
    """A panel in a page, and what a person does with it."""

    def __init__(self, book: Any, service: Any, cell: int = 0) -> None:
        self.book, self.page, self.service = book, book.page, service
        self.page.set_default_timeout(8_000)
        self.root = book.output(cell).locator(".gemini-panel")
        self.root.wait_for()
        self.text = self.root.get_by_label("Question", exact=True)
        self.turns = self.root.locator(".gemini-panel-turn")
        self.chips = self.root.locator(".gemini-panel-chip")

    def button(self, name: str, **options: Any) -> Any:
        return self.root.get_by_role("button", name=name, **options)

    def ask(self, text: str) -> None:
        self.text.fill(text)
        self.text.press("Control+Enter")
        self.root.locator(".gemini-panel-status").filter(has_text="Thinking").wait_for()

    def answer(self, text: str, thoughts: str = "") -> None:
        """Let the service answer, and wait until it is there."""
        if thoughts:
            self.service.think(thoughts)
        self.service.say(text)
        self.service.finish()
        self.ended()

    def ended(self) -> None:
        self.page.wait_for_selector(".gemini-panel:not(.gemini-panel-busy)")
        self.button("Send").wait_for()

    @property
    def sent(self) -> list[str]:
        """The newest turn that the service received: its texts, and media by their beginning."""
        parts = self.service.requests[-1].json["messages"][-1]["content"]
        return [part.get("text") or part["image_url"]["url"][:22] for part in parts]


@pytest.fixture
def opened(open_notebook, service):
    """A function that runs a cell with a panel in a notebook, and returns the panel."""

    def open_panel(first: str = OPEN, *cells: str) -> Panel:
        book = open_notebook(first, *cells)
        book.run(0)
        return Panel(book, service)

    return open_panel


def png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "PNG")
    return file.getvalue()


def give(panel: Panel, event: str, name: str, data: bytes) -> None:
    """Paste or drop a file: the browser's own event, with a file in it."""
    panel.page.evaluate(
        """([target, event, name, data]) => {
          const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], name));
          const node = document.querySelector(target);
          node.dispatchEvent(event === "paste"
            ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true })
            : new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        [".gemini-panel-text", event, name, base64.b64encode(data).decode()],
    )


def test_what_is_clicked_pasted_and_dropped_goes_with_the_question(opened):
    panel = opened(THINGS)
    thing = panel.button("Attach fig, figure")
    thing.locator("img").wait_for()
    thing.click()
    panel.chips.filter(has_text="fig · figure").wait_for()
    give(panel, "paste", "image.png", png("red"))
    panel.chips.filter(has_text="pasted image.png · image · 40 × 30 px").wait_for()
    give(panel, "drop", "notes.txt", b"Remember the milk.")
    panel.chips.filter(has_text="notes.txt · text").wait_for()

    panel.button("Put earlier: notes.txt").click()
    panel.button("Remove fig").click()
    panel.page.wait_for_function("document.querySelectorAll('.gemini-panel-chip').length === 2")
    assert [chip.split(" · ")[0] for chip in panel.chips.locator(".gemini-panel-label").all_inner_texts()] == [
        "notes.txt",
        "pasted image.png",
    ]

    panel.ask("What are these?")
    assert panel.text.input_value() == ""
    panel.answer("Two things.")
    notes, _, picture, question = panel.sent
    assert "Remember the milk." in notes
    assert (picture, question) == ("data:image/png;base64,", "What are these?")
    assert panel.chips.count() == 0
    assert panel.turns.locator(".gemini-chip").all_inner_texts()[0].startswith("notes.txt")
    assert not panel.book.errors


def test_a_new_thing_is_on_the_shelf_once_its_cell_has_run(opened):
    panel = opened(OPEN, "import pandas as pd\nnew = pd.DataFrame({'a': [1, 2, 3]})")
    panel.book.run(1)
    panel.button("Attach new, table, 3 rows: a").wait_for()


def test_the_thinking_stays_as_the_reader_left_it(opened):
    panel = opened()
    panel.ask("Why?")
    panel.service.think("**Looking**\n\nAt the axes.\n\n")
    details = panel.turns.locator("details.gemini-thinking")
    details.locator("p", has_text="At the axes.").wait_for()
    details.locator("summary").click()
    assert not details.evaluate("node => node.open")
    details.locator("summary").click()
    for word in ("The ", "peak ", "is ", "$x^2$."):
        panel.service.say(word)
        panel.page.wait_for_timeout(80)
        assert details.evaluate("node => node.open")
    panel.service.think("More thoughts.")
    details.locator("p", has_text="More thoughts.").wait_for(state="attached")
    panel.service.finish()
    panel.ended()
    assert details.evaluate("node => node.open")
    panel.turns.locator(".gemini-text mjx-container, .gemini-text .MathJax").first.wait_for()
    assert not panel.book.errors


@pytest.mark.parametrize("during", ["nothing", "a cell"])
def test_stop_works_at_once(opened, during):
    panel = opened(OPEN, SLEEP)
    panel.ask("Why?")
    if during == "a cell":
        panel.book.start(1)
        panel.page.wait_for_timeout(300)
    began = time.monotonic()
    panel.button("Stop").click()
    panel.ended()
    assert time.monotonic() - began < 1.5  # the browser's own clicking and waiting included
    panel.turns.get_by_text("Stopped by you").wait_for()
    panel.service.forget()
    panel.ask("And now?")
    panel.answer("Fine.")
    panel.turns.nth(-1).get_by_text("Fine.").wait_for()


def test_a_question_from_python_stops_too(opened):
    panel = opened(OPEN, "gemini_magics.panel().ask('Why?')")
    panel.book.start(1)
    panel.button("Stop").click()
    panel.ended()
    panel.book.wait_until_run(1)
    assert "KeyboardInterrupt" in panel.book.output(1).inner_text()


def test_an_error_keeps_what_was_typed_and_can_be_tried_again(opened):
    panel = opened()
    panel.text.fill("What is $`missing`?")
    panel.text.press("Control+Enter")
    panel.root.get_by_role("alert").filter(has_text="BadRequest: missing cannot be read").wait_for()
    assert panel.text.input_value() == "What is $`missing`?"

    panel.ask("Why?")
    panel.service.break_off()
    panel.ended()
    panel.turns.locator(".gemini-note").first.wait_for()
    assert panel.root.get_by_role("alert").count() == 0
    panel.service.forget()
    panel.button("Ask this question again").click()
    panel.root.locator(".gemini-panel-status").filter(has_text="Thinking").wait_for()
    panel.answer("Because.")
    panel.turns.get_by_text("Because.").wait_for()
    assert panel.turns.count() == 1


def test_a_question_is_edited_and_asked_again(opened):
    panel = opened()
    for number in ("one", "two"):
        panel.ask(f"Question {number}")
        panel.answer(f"Answer {number}.")
    panel.button("Edit this question and ask again").first.click()
    panel.page.wait_for_function("document.querySelector('.gemini-panel-text').value === 'Question one'")
    panel.ask("Question anew")
    panel.answer("Answer anew.")
    assert [len(request.json["messages"]) for request in list(panel.service.requests)[-3:]] == [1, 3, 1]
    assert panel.turns.locator(".gemini-asked").all_inner_texts() == ["Question anew", "Question two"]
    panel.turns.nth(1).get_by_text("What came before was asked anew since.").wait_for()


def test_it_branches_and_clears(opened):
    panel = opened()
    for number in ("one", "two"):
        panel.ask(f"Question {number}")
        panel.answer(f"Answer {number}.")
    panel.button("Go on from here in another conversation").first.click()
    panel.page.wait_for_function("document.querySelectorAll('.gemini-panel-turn').length === 1")
    chats = panel.root.get_by_label("Conversation", exact=True)
    assert chats.input_value() == "main-2"
    chats.select_option("main")
    panel.page.wait_for_function("document.querySelectorAll('.gemini-panel-turn').length === 2")
    panel.button("Clear").click()
    panel.button("Forget all of it?").click()
    panel.page.wait_for_function("document.querySelectorAll('.gemini-panel-turn').length === 0")


def test_a_question_and_its_code_become_cells_below(opened):
    panel = opened(THINGS)
    panel.root.get_by_role("button", name="Settings").click()
    panel.root.get_by_label("Effort").select_option("low")
    panel.button("Attach df").click()
    panel.chips.filter(has_text="df").wait_for()
    panel.ask("Sum it.")
    panel.answer("```python\ndf.sum()\n```\n")
    panel.button("Insert this code as a cell below").click()
    panel.page.wait_for_function("document.querySelectorAll('.jp-Notebook .jp-CodeCell').length === 2")
    panel.button("Insert this question as a cell below").click()
    panel.page.wait_for_function("document.querySelectorAll('.jp-Notebook .jp-CodeCell').length === 3")
    sources = [cell.source for cell in panel.book.save().cells]
    assert sources[1:] == ["%%gemini df --effort low\nSum it.", "df.sum()"]
    assert panel.service.requests[-1].json["reasoning_effort"] == "low"


def test_a_reloaded_page_and_a_cell_run_again_bring_everything_back(opened):
    panel = opened()
    panel.ask("Why?")
    panel.answer("Because.", "**Looking**\n\nAt it.\n\n")
    panel.ask("And?")
    panel.service.say("So it ")
    panel.turns.get_by_text("So it").wait_for()
    panel.text.fill("Next I ask")
    panel.page.wait_for_timeout(800)
    panel.book.save()
    panel.book.reload()
    panel = Panel(panel.book, panel.service)
    panel.turns.get_by_text("So it").wait_for()
    assert panel.text.input_value() == "Next I ask"
    panel.service.say("goes.")
    panel.service.finish()
    panel.ended()
    panel.turns.get_by_text("So it goes.").wait_for()
    panel.page.wait_for_timeout(300)
    assert "So it goes." in panel.book.save().cells[0].outputs[0].data["text/html"]

    panel.book.run(0)
    panel = Panel(panel.book, panel.service)
    panel.turns.get_by_text("Because.").wait_for()
    assert panel.turns.count() == 2
    assert not panel.book.errors


def test_the_saved_file_shows_the_conversation_without_a_kernel(opened):
    panel = opened()
    panel.ask("Why <b>so</b>?")
    panel.answer("Because $x^2$.", "**Looking**\n\nAt it.\n\n")
    panel.page.wait_for_timeout(300)
    (output,) = panel.book.save().cells[0].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    assert "widgets" not in panel.book.save().metadata
    assert "> Why <b>so</b>?" in output.data["text/plain"]

    panel.book.shut_down()
    transcript = panel.book.output().locator(".gemini-transcript")
    transcript.wait_for()
    assert panel.root.count() == 0

    panel.book.reload()
    transcript.wait_for()
    shown = transcript.inner_text()
    for words in ("Why <b>so</b>?", "Thought for", "Because", "Run this cell to go on."):
        assert words in shown
    assert "Error displaying widget" not in panel.book.output().inner_text()
    assert not transcript.locator("details").evaluate("node => node.open")


def test_it_is_used_by_keyboard_alone(opened):
    panel = opened(THINGS)
    panel.button("Attach fig, figure").wait_for()
    press = panel.page.keyboard.press
    panel.root.get_by_label("Conversation", exact=True).focus()

    def go_to(name: str) -> None:
        for _ in range(30):
            shown = panel.page.evaluate(
                "(({ activeElement: node }) => node.ariaLabel || node.textContent)(document)"
            )
            if shown.startswith(name):
                return
            press("Tab")
        raise AssertionError(f"{name} cannot be reached")

    go_to("Attach fig")
    press("Enter")
    panel.chips.filter(has_text="fig · figure").wait_for()
    panel.page.wait_for_function("document.activeElement.matches('.gemini-panel-text')")
    panel.page.keyboard.type("What is it? aabbdd")  # letters that are commands elsewhere
    press("Control+Enter")
    panel.root.locator(".gemini-panel-status").filter(has_text="Thinking").wait_for()
    go_to("Stop")
    press("Enter")
    panel.ended()
    assert panel.sent[-1] == "What is it? aabbdd"
    panel.service.forget()
    panel.root.get_by_label("Questions and answers").focus()
    go_to("Ask this question again")
    press("Space")
    panel.answer("A curve.")
    assert panel.page.locator(".jp-Notebook .jp-Cell").count() == 1
    assert not panel.book.errors


@LAB
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_nothing_is_in_the_way_of_assistive_technology(opened, theme):
    from axe_playwright_python.sync_playwright import Axe

    panel = opened(THINGS)
    panel.book.theme(theme)
    panel.button("Attach fig, figure").locator("img").wait_for()
    panel.button("Attach fig, figure").click()
    panel.ask("Why?")
    panel.answer(
        "Because:\n\n```python\ndf.sum()\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "**Looking**\n\nAt it.\n\n"
    )
    panel.button("Attach df").click()
    panel.chips.wait_for()
    panel.button("Settings").click()
    found = Axe().run(panel.page, context=".gemini-panel").response["violations"]
    serious = [
        (
            each["id"],
            [node["html"][:200] for node in each["nodes"]],
            [node["any"][:1] for node in each["nodes"]],
        )
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []


@LAB
def test_it_fits_into_480_pixels(opened):
    panel = opened(THINGS)
    panel.ask("Why " + "so long a question " * 10)
    panel.answer("Because " * 60 + "\n\n```\n" + "x" * 300 + "\n```\n")
    panel.root.evaluate("node => (node.style.width = '480px')")
    panel.page.wait_for_timeout(200)
    for part in (
        ".gemini-panel",
        ".gemini-panel-head",
        ".gemini-panel-log",
        ".gemini-panel-composer",
        ".gemini-panel-shelf",
    ):
        wide, room = panel.root.page.locator(part).evaluate("node => [node.scrollWidth, node.clientWidth]")
        assert wide <= room, part


@LAB
def test_what_the_model_says_is_only_shown(opened):
    panel = opened()
    panel.ask(f"Say {HOSTILE}")
    panel.answer(HOSTILE, HOSTILE)
    panel.page.wait_for_timeout(500)
    panel.book.save()
    panel.book.reload()
    Panel(panel.book, panel.service).turns.first.wait_for()
    panel.page.wait_for_timeout(500)
    assert panel.book.dialogs == []
    assert panel.book.hosts == {panel.book.server.url.partition("//")[2]}
    assert panel.root.locator("script, iframe, .gemini-turn img, .gemini-panel-body img").count() == 0


PLAIN_PAGE = """<!doctype html><div id="place"></div>"""


def test_it_needs_no_more_than_the_contract_of_anywidget(browser_session):
    """As in VS Code and Colab: a model with get, on and send, and no manager that knows the notebook."""
    from gemini_magics.notebook.panel import Panel as Kernel
    from gemini_magics.notebook.panel_page import PanelWidget

    kernel = Kernel("contract")
    page = browser_session.new_page()
    try:
        page.set_content(PLAIN_PAGE)
        page.evaluate(
            """async ([source, said]) => {
              const module = await import("data:text/javascript;base64," + source);
              const { initialize, render } = await module.default();
              window.sent = [];
              window.listeners = {};
              const model = {
                get: () => said,
                on: (name, call) => (window.listeners[name] = call),
                send: (message) => window.sent.push(message),
                widget_manager: {},
              };
              await initialize({ model });
              await render({ model, el: document.getElementById("place") });
            }""",
            [base64.b64encode(PanelWidget._esm.encode()).decode(), kernel._page.whole()],
        )
        page.get_by_label("Question", exact=True).fill("Why?")
        page.keyboard.press("Control+Enter")
        assert {"do": "send", "text": "Why?"} in page.evaluate("window.sent")
    finally:
        page.close()
