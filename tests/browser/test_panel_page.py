"""The panel in JupyterLab and Notebook 7: what a person does in it, and what stays in the file."""

from __future__ import annotations

import base64
import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from lab import expect
from panel_in_page import Panel
from PIL import Image

from gemini_magics.testing import chunk

sys.path.append(str(Path(__file__).parents[1]))

from hostile import TEXTS

OPEN = "import gemini_magics\ngemini_magics.panel()"
THINGS = """import gemini_magics, matplotlib.pyplot as plt, pandas as pd
fig, ax = plt.subplots()
ax.plot([1, 3, 2])
plt.close()
df = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
gemini_magics.panel()"""
BROKE = "broke before the answer's end"
BUSY = "print('busy', flush=True)\nwhile True:\n    sum(range(1000))"
SHORT_TEXTS = [text for text in TEXTS.values() if len(text) < 500]
HOSTILE_THINGS = """import gemini_magics, pandas as pd
texts = {texts!r}
df = pd.DataFrame([texts], columns=pd.Index(texts, dtype=object), dtype=object)  # pyarrow takes no surrogates
for text in texts:
    globals()[text] = df.copy()
cells = pd.DataFrame({{"a": texts}}, dtype=object)
gemini_magics.panel()"""
# All that a panel and its transcript may hold, and no attribute that loads or runs something.
FOREIGN = """() => {
    const tags = new Set(('a article b bdi blockquote br button code details div em h3 h4 h5 h6 header hr ' +
        'img input label li mjx-container ol option p pre s section select small span strong style summary ' +
        'sup table tbody td textarea th thead tr ul').split(' '));
    const found = [];
    for (const node of document.querySelectorAll('.gemini-panel *, .gemini-transcript *')) {
        if (node.parentNode.closest('mjx-container') || node.matches('form.gemini-panel-composer')) continue;
        if (!tags.has(node.localName)) found.push(node.outerHTML.slice(0, 200));
        for (const { name, value } of node.attributes) {
            const astray =
                (name === 'href' && !/^(https?:\\/\\/|mailto:)/.test(value)) ||
                (name === 'src' && !value.startsWith('data:image/png;base64,'));
            if (astray || /^(on|action$|data-command)/.test(name)) found.push(`${name}=${value}`);
        }
    }
    return found;
}"""

CELLS = "jupyterapp.shell.currentWidget.content.model.cells.length"  # a page draws those in sight
LAB = pytest.mark.parametrize("app", ["lab"], indirect=True)


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
    expect(panel.text).to_have_value("")
    panel.answer("Two things.")
    notes, _, picture, question = panel.sent
    assert "Remember the milk." in notes
    assert (picture, question) == ("data:image/png;base64,", "What are these?")
    expect(panel.chips).to_have_count(0)
    assert panel.turns.locator(".gemini-chip").all_inner_texts()[0].startswith("notes.txt")
    assert not panel.book.errors


def test_a_part_of_an_attached_picture_is_dragged_or_typed_and_the_answer_points_in_it(opened):
    panel = opened(THINGS)
    panel.button("Attach fig, figure").click()
    panel.button("Choose a part of fig").click()
    chooser = panel.root.get_by_role("group", name="A part of fig")
    whole = chooser.locator("img").bounding_box()
    x, y = whole["x"], whole["y"]
    panel.page.mouse.move(x + 0.3 * whole["width"], y + 0.2 * whole["height"])
    panel.page.mouse.down()
    panel.page.mouse.move(x + 0.6 * whole["width"], y + 0.5 * whole["height"], steps=4)
    panel.page.mouse.up()
    edges = [chooser.get_by_label(name) for name in ("Left %", "Top %", "Right %", "Bottom %")]
    assert [float(edge.input_value()) for edge in edges] == pytest.approx([30, 20, 60, 50], abs=1)
    frame = chooser.locator(".gemini-panel-frame").bounding_box()
    assert frame["x"] - x == pytest.approx(0.3 * whole["width"], abs=2)
    edges[0].focus()
    panel.page.keyboard.press("ArrowUp")
    assert float(edges[0].input_value()) == pytest.approx(31, abs=1)
    panel.page.keyboard.press("Enter")  # attaches the part and does not send the question
    panel.chips.filter(has_text="the part part of fig · figure").wait_for()
    assert not panel.service.requests
    assert panel.text.evaluate("node => node === document.activeElement")

    panel.button("Settings").click()
    panel.root.get_by_label("Point at places").check()
    panel.button("Settings").click()
    panel.ask("What is this?")
    assert any("A part of a figure. The first picture shows" in text for text in panel.sent)
    panel.service.say(
        'Here [mark 1]:\n\n```json\n[{"mark": 1, "picture": 1, "label": "top", "point": [90, 500]}'
    )
    spot = panel.root.get_by_role("button", name="Mark 1: top: x = ")
    spot.wait_for()
    expect(panel.root.locator(".gemini-text .gemini-mark")).to_have_text("1")
    panel.answer("]\n```\n")
    panel.root.get_by_role("img", name="fig with mark 1").wait_for()
    expect(panel.root.locator(".gemini-marks li")).to_have_count(1)
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
    said = ""
    for word in ("The ", "peak ", "is ", "here: "):
        panel.service.say(word)
        said += word
        panel.turns.locator(".gemini-text").filter(has_text=said.strip()).wait_for()
        assert details.evaluate("node => node.open")
    panel.service.say("$x^2$.")
    panel.service.think("More thoughts.")
    details.locator("p", has_text="More thoughts.").wait_for(state="attached")
    panel.service.finish()
    panel.ended()
    assert details.evaluate("node => node.open")
    panel.turns.locator(".gemini-text mjx-container, .gemini-text .MathJax").first.wait_for()
    assert not panel.book.errors


def test_a_picture_without_a_name_is_on_the_shelf_and_one_with_a_name_is_there_once(opened):
    panel = opened(
        OPEN,
        "import matplotlib.pyplot as plt\nlines = plt.plot([1, 3, 2])\nplt.show()",
        "from PIL import Image\ndisplay(Image.new('RGB', (40, 30), 'red'))",
        "fig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()",
        "from IPython.display import clear_output\ndisplay(fig)\nplt.plot([1, 2])\nplt.show()\nclear_output()",
    )
    for cell in range(1, 5):
        panel.book.run(cell)
    panel.button("Attach picture of In[3], image").locator("img").wait_for()
    names = panel.root.locator(".gemini-panel-name").all_inner_texts()
    assert names == ["fig", "picture of In[3]", "picture of In[2]"]
    panel.button("Attach picture of In[3]").click()
    panel.chips.filter(has_text="picture of In[3] · image · 40 × 30 px").wait_for()
    panel.button("Attach picture of In[2]").click()
    panel.chips.filter(has_text="picture of In[2] · image").wait_for()
    panel.ask("What are these?")
    panel.answer("Two pictures.")
    assert panel.sent == [
        "picture of In[3]:", "data:image/png;base64,", "picture of In[2]:", "data:image/png;base64,",
        "What are these?",
    ]  # fmt: skip


@LAB
def test_a_table_is_on_the_shelf_as_its_first_rows(opened):
    panel = opened(THINGS, "df.loc[0, 'a'] = 17")
    table = panel.button("Attach df, table, 2 rows: a, b").locator(".gemini-panel-table")
    table.filter(has_text="13").wait_for()
    expect(table.locator("*")).to_have_text(["", "a", "b", "0", "1", "3", "1", "2", "4"])
    panel.book.run(1)
    table.filter(has_text="17").wait_for()


LONG = "\n\n".join(f"Paragraph {n} tells of *peaks* and of `code`, at some length. " * 6 for n in range(1, 13))
SEEN = """() => ({
    selection: getSelection().toString(),
    log: document.querySelector(".gemini-panel-log").scrollTop,
    thoughts: document.querySelector(".gemini-panel .gemini-thoughts").scrollTop,
    open: document.querySelector(".gemini-panel details.gemini-thinking").open,
})"""
SELECT = """([first, last]) => {
    const paragraphs = [...document.querySelectorAll(".gemini-panel .gemini-text p")];
    const find = (words) => paragraphs.find((paragraph) => paragraph.textContent.startsWith(words));
    const range = document.createRange();
    range.setStart(find(first).firstChild, 3);
    range.setEnd(find(last).firstChild, 6);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
}"""


def test_what_is_selected_scrolled_and_open_stays_at_the_end_of_a_turn(opened):
    panel = opened()
    panel.ask("Why?")
    panel.service.think("**Looking**\n\n" + LONG)
    panel.service.say(LONG + "\n\n```python\nprint(1)\n```\n\nAnd $x^2$, so far. ")
    panel.turns.get_by_text("so far.").wait_for()
    panel.turns.locator("summary").click()
    panel.root.locator(".gemini-panel-log").evaluate("log => (log.scrollTop = 340)")
    panel.turns.locator(".gemini-thoughts").evaluate("thoughts => (thoughts.scrollTop = 77)")
    panel.page.evaluate(SELECT, ["Paragraph 5", "Paragraph 9"])
    before = panel.page.evaluate(SEEN)
    assert "Paragraph 7" in before["selection"]
    assert (before["log"], before["thoughts"], before["open"]) == (340, 77, True)
    panel.service.say("The end.")
    panel.service.finish()
    panel.ended()
    panel.turns.locator(".gemini-foot").wait_for()
    assert panel.page.evaluate(SEEN) == before
    assert not panel.book.errors


def test_a_turn_that_grew_here_is_the_one_of_a_page_loaded_later(opened):
    panel = opened(THINGS)
    panel.button("Attach fig, figure").click()
    panel.chips.wait_for()
    panel.ask("Why?")
    panel.service.think("**Looking**\n\nAt `it`:\n\n```\nraw\n```\n\n")
    panel.turns.get_by_text("raw").wait_for()
    panel.service.say("A [link][1] and $x^2$ here.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n")
    panel.turns.get_by_text("here.").wait_for()
    panel.answer("- one\n- two:\n\n  ```python\n  print(1)\n  ```\n\n[1]: https://example.org/\n\nSo $$y$$")
    panel.turns.locator(".gemini-sources, .gemini-foot").first.wait_for()
    shown = html_of(panel)
    assert shown.count("<mjx-container") == 2
    assert shown.count(">To a cell<") == 2
    assert shown.count('src="data:image/') == 1
    panel.book.save()
    panel.book.reload()
    again = Panel(panel.book, panel.service)
    again.turns.locator(".gemini-foot").wait_for()
    assert html_of(again) == shown


def html_of(panel: Panel) -> str:
    """The HTML of the first turn once its formulas are set, without the numbers that these are given."""
    panel.page.wait_for_function(
        "[...document.querySelectorAll('.gemini-panel-body .gemini-math')]"
        ".every(node => node.querySelector('mjx-container'))"
    )
    return re.sub(
        r' (ctxtmenu_counter|id)="[^"]*"', "", panel.root.locator(".gemini-panel-body").first.inner_html()
    )


@pytest.mark.parametrize("during", ["nothing", "text", "a cell"])
def test_stop_works(opened, during):
    panel = opened(OPEN, BUSY)
    panel.ask("Why?")
    if during == "a cell":
        panel.book.start(1)
        panel.book.output(1).get_by_text("busy").wait_for()
    if during == "text":
        panel.service.say("word " * 10_000, words_per_s=60)
        panel.turns.get_by_text("word word").wait_for()
    panel.button("Stop").click()  # benchmarks/panel.py says how soon it stops
    panel.ended()
    panel.turns.get_by_text("Stopped by you").wait_for()
    if during == "a cell":
        expect(panel.book.cell(1).locator(".jp-InputPrompt")).to_have_text("[*]:")
    panel.service.forget()
    panel.ask("And now?")
    panel.answer("Fine.")
    panel.turns.nth(-1).get_by_text("Fine.").wait_for()


def test_stop_is_heard_although_the_answer_grows_while_it_is_pressed(opened):
    panel = opened()
    panel.ask("Why?")
    panel.book.press_slowly(panel.button("Stop"), lambda: panel.service.say("A line.\n\n" * 3))
    panel.ended()
    panel.turns.get_by_text("Stopped by you").wait_for()


def test_a_button_that_is_let_go_elsewhere_does_nothing(opened):
    panel = opened()
    panel.ask("Why?")
    panel.button("Stop").hover()
    panel.page.mouse.down()
    panel.text.hover()
    panel.page.mouse.up()
    panel.answer("Because.")
    panel.turns.get_by_text("Because.").wait_for()


def test_a_question_from_python_stops_too(opened):
    panel = opened(OPEN, "gemini_magics.panel().ask('Why?')")
    panel.book.start(1)
    panel.button("Stop").click()
    panel.ended()
    panel.book.wait_until_run(1)
    expect(panel.book.output(1)).to_contain_text("KeyboardInterrupt")


def test_an_error_keeps_what_was_typed_and_can_be_tried_again(opened):
    panel = opened()
    panel.text.fill("What is $`missing`?")
    panel.text.press("Control+Enter")
    panel.root.get_by_role("alert").filter(has_text="BadRequest: missing cannot be read").wait_for()
    expect(panel.text).to_have_value("What is $`missing`?")

    panel.ask("Why?")
    panel.service.break_off()
    panel.ended()
    failure = panel.turns.locator(".gemini-failure")
    failure.get_by_text(BROKE).wait_for()
    expect(failure).to_contain_text("press Retry to ask once more")
    assert panel.root.inner_text().count(BROKE) == 1
    expect(panel.root.get_by_role("alert")).to_have_count(0)
    panel.service.forget()
    panel.button("Ask this question again").click()
    panel.root.locator(".gemini-panel-status").filter(has_text="Thinking").wait_for()
    panel.answer("Because.")
    panel.turns.get_by_text("Because.").wait_for()
    expect(panel.turns).to_have_count(1)
    expect(failure).to_have_count(0)


def test_a_question_is_edited_and_asked_again(opened):
    panel = opened()
    for number in ("one", "two"):
        panel.ask(f"Question {number}")
        panel.answer(f"Answer {number}.")
    panel.button("Edit this question and ask again").first.click()
    panel.page.wait_for_function("document.querySelector('.gemini-panel-text').value === 'Question one'")
    panel.ask("Question again")
    panel.answer("Answer again.")
    assert [len(request.json["messages"]) for request in list(panel.service.requests)[-3:]] == [1, 3, 1]
    expect(panel.turns.locator(".gemini-asked")).to_have_text(["Question again", "Question two"])
    panel.turns.nth(1).get_by_text("An earlier question was asked again since.").wait_for()


def test_it_branches_and_clears(opened):
    panel = opened()
    for number in ("one", "two"):
        panel.ask(f"Question {number}")
        panel.answer(f"Answer {number}.")
    panel.button("Go on from here in another conversation").first.click()
    panel.page.wait_for_function("document.querySelectorAll('.gemini-panel-turn').length === 1")
    chats = panel.root.get_by_label("Conversation", exact=True)
    expect(chats).to_have_value("main-2")
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
    panel.page.wait_for_function(f"{CELLS} === 2")
    panel.button("Insert this question as a cell below").click()
    panel.page.wait_for_function(f"{CELLS} === 3")
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
    with panel.book.sends("Next I ask"):
        panel.text.fill("Next I ask")
    panel.book.save()
    panel.book.reload()
    panel = Panel(panel.book, panel.service)
    panel.turns.get_by_text("So it").wait_for()
    expect(panel.text).to_have_value("Next I ask")
    panel.service.say("goes.")
    panel.service.finish()
    panel.ended()
    panel.turns.get_by_text("So it goes.").wait_for()
    panel.book.wait_for_output("So it goes.")
    assert "So it goes." in panel.book.save().cells[0].outputs[0].data["text/html"]

    panel.book.run(0)
    panel = Panel(panel.book, panel.service)
    panel.turns.get_by_text("Because.").wait_for()
    expect(panel.turns).to_have_count(2)
    assert not panel.book.errors


@LAB
def test_an_answer_that_grows_is_kept_while_the_panel_stays_as_it_is_and_is_there_without_its_kernel(opened):
    panel = opened()
    panel.ask("Why?")
    panel.text.fill("Next I ask")
    drawn = panel.root.element_handle()
    panel.service.say("It began here, ")
    panel.book.wait_for_output("It began here")
    assert drawn.evaluate("panel => panel.isConnected && panel.contains(document.activeElement)")
    expect(panel.text).to_have_value("Next I ask")
    (output,) = panel.book.save().cells[0].outputs
    assert "The answer was still growing when this was kept." in output.data["text/html"]
    assert not output.metadata["gemini_magics"]["conversation"]["turns"]

    panel.service.say("and went on.")
    panel.turns.get_by_text("and went on.").wait_for()
    panel.book.shut_down()
    panel.book.output().get_by_text("It began here, and went on.").wait_for()
    panel.book.save()
    panel.book.reload()
    panel.book.output().get_by_text("It began here, and went on.").wait_for()
    expect(panel.root).to_have_count(0)
    assert not panel.book.errors


def test_the_saved_file_shows_the_conversation_without_a_kernel(opened):
    panel = opened()
    panel.ask("Why <b>so</b>?")
    panel.answer("Because $x^2$.", "**Looking**\n\nAt it.\n\n")
    panel.book.wait_for_output("Thought for")
    (output,) = panel.book.save().cells[0].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    assert "widgets" not in panel.book.save().metadata
    assert "> Why <b>so</b>?" in output.data["text/plain"]

    panel.book.shut_down()
    transcript = panel.book.output().locator(".gemini-transcript")
    transcript.wait_for()
    expect(panel.root).to_have_count(0)

    panel.book.reload()
    transcript.wait_for()
    shown = transcript.inner_text()
    for words in ("Why <b>so</b>?", "Thought for", "Because", "Run this cell to go on."):
        assert words in shown
    expect(panel.book.output()).not_to_contain_text("Error displaying widget")
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
    go_to("Retry")
    press("Space")
    panel.answer("A curve.")
    expect(panel.page.locator(".jp-Notebook .jp-Cell")).to_have_count(1)
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
    options = {"rules": {"label-content-name-mismatch": {"enabled": True}}}
    found = Axe().run(panel.page, context=".gemini-panel", options=options).response["violations"]
    assert [(each["id"], [node["html"][:300] for node in each["nodes"]]) for each in found] == []
    assert panel.page.evaluate(FAINT) == []
    assert len(panel.page.evaluate(CHIPS)) == 1


# The borders of parts that can be pressed or written in, with less than 3:1 to their ground (WCAG 1.4.11).
FAINT = """() => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const light = (colour) => {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
    };
    const panel = document.querySelector(".gemini-panel");
    const ground = light(getComputedStyle(panel).backgroundColor);
    const names = "select, input, textarea, .gemini-panel-box, .gemini-chip, .gemini-panel-chip, .gemini-panel-thing";
    return [panel, ...panel.querySelectorAll(names)].filter((node) => {
        const { borderTopColor, borderTopWidth } = getComputedStyle(node);
        if (borderTopWidth === "0px" || node.type === "checkbox" || !node.offsetParent) return false;
        const edge = light(borderTopColor);
        return Math.max(edge, ground) / Math.min(edge, ground) < 3;
    }).map((node) => `${node.className} ${getComputedStyle(node).borderTopColor}`);
}"""
CHIPS = """() => [...new Set([...document.querySelectorAll(".gemini-panel :is(.gemini-chip, .gemini-panel-chip)")]
    .map((chip) => chip.getBoundingClientRect().height))]"""
# Two frames: observers of the size are told in the first, and what they change is drawn in the second.
NARROW = """node => new Promise(drawn => {
    node.style.width = "480px";
    requestAnimationFrame(() => requestAnimationFrame(drawn));
})"""


@LAB
def test_it_fits_into_480_pixels(opened):
    panel = opened(THINGS)
    panel.ask("Why " + "so long a question " * 10)
    panel.answer("Because " * 60 + "\n\n```\n" + "x" * 300 + "\n```\n")
    for number in range(3):
        give(panel, "drop", f"{number} {'a long name ' * 8}.txt", b"Text.")
        panel.chips.nth(number).wait_for()
    panel.button("Settings").click()
    panel.root.evaluate(NARROW)
    for part in (
        ".gemini-panel",
        ".gemini-panel-head",
        ".gemini-panel-fields",
        ".gemini-panel-log",
        ".gemini-panel-composer",
        ".gemini-panel-shelf",
    ):
        wide, room = panel.root.page.locator(part).evaluate("node => [node.scrollWidth, node.clientWidth]")
        assert wide <= room, part


@LAB
def test_nothing_of_a_hostile_turn_runs_or_loads_live_or_saved(opened, open_notebook):
    panel = opened()
    for text in SHORT_TEXTS:
        panel.service.think(text)
        panel.service.say(text)
    panel.service.finish()
    panel.text.fill("Say this: " + "\n".join(SHORT_TEXTS))
    panel.text.press("Control+Enter")
    panel.turns.locator(".gemini-foot").wait_for()
    assert_harmless(panel.book)

    panel.book.wait_for_output("gemini-foot")
    saved = panel.book.save()
    panel.book.reload()
    Panel(panel.book, panel.service).turns.locator(".gemini-foot").wait_for()
    assert_harmless(panel.book)

    saved.cells[0].source += " "  # so the signature of this user is not that of the file
    elsewhere = open_notebook(content=saved, kernel=False)
    assert not elsewhere.trusted
    elsewhere.output().locator(".gemini-foot").wait_for()
    assert_harmless(elsewhere)


@LAB
def test_nothing_of_a_hostile_name_or_value_runs_on_the_shelf_or_in_the_tray(opened):
    panel = opened(HOSTILE_THINGS.format(texts=SHORT_TEXTS))
    panel.button("Attach df", exact=False).locator(".gemini-panel-table").wait_for()
    expect(panel.root.locator(".gemini-panel-name")).to_have_text(["cells", "df"])
    for number, name in enumerate(SHORT_TEXTS):
        give(panel, "drop", f"{name} x.txt", b"Text.")
        panel.chips.nth(number).wait_for()
    expect(panel.root.locator(".gemini-panel-chip button")).to_have_count(3 * len(SHORT_TEXTS) - 2)
    panel.ask("What are these?")
    panel.answer("Texts.")
    expect(panel.turns.locator(".gemini-chip")).to_have_count(len(SHORT_TEXTS))
    assert "\u202e" not in panel.root.inner_text()
    assert_harmless(panel.book)


def assert_harmless(book: Any) -> None:
    assert book.page.evaluate("window.hacked") is None
    assert book.dialogs == []
    assert book.hosts == {book.server.url.partition("//")[2]}
    assert book.errors == []
    assert book.page.evaluate(FOREIGN) == []


def test_the_conversation_can_be_read_untrusted_and_without_a_kernel(opened, open_notebook):
    panel = opened(THINGS)
    panel.button("Attach fig, figure").click()
    panel.chips.wait_for()
    panel.ask("Why <b>so</b>?")
    panel.answer("Because $x^2$ is so.\n\n```python\nprint(1)\n```\n", "**Looking**\n\nAt it.\n\n")
    panel.ask("And?")
    panel.answer("So it goes.")
    panel.book.wait_for_output("So it goes.")
    saved = panel.book.save()
    saved.cells[0].source += " "  # so the signature of this user is not that of the file
    book = open_notebook(content=saved, kernel=False)
    assert not book.trusted
    shown = book.output().locator(".gemini-turn")
    shown.nth(1).get_by_text("So it goes.").wait_for()
    for words in ("Why <b>so</b>?", "fig · figure", "Thought for", "Because", "print(1)"):
        expect(shown.first).to_contain_text(words)
    shown.first.locator("summary").click()
    shown.first.get_by_text("At it.").wait_for()
    expect(book.output().locator(".gemini-panel, button:not(.gemini-button), script")).to_have_count(0)
    assert_harmless(book)


def test_sources_are_footnotes_of_an_answer(opened):
    panel = opened()
    panel.ask("Who was it?")
    panel.service.say("It was Ada, and then it was Grace.")
    panel.turns.get_by_text("then it was Grace.").wait_for()
    sources = [("https://a.example/ada", "Ada <b>", 10), ("https://b.example/grace", "Grace", 33)]
    notes = [
        {
            "type": "url_citation",
            "url_citation": {"url": url, "title": title, "start_index": 0, "end_index": end},
        }
        for url, title, end in sources
    ]
    panel.service.send(chunk(annotations=notes))
    panel.service.finish()
    panel.ended()
    marks = panel.turns.locator(".gemini-text .gemini-cite")
    expect(marks).to_have_text(["[1]", "[2]"])
    expect(panel.turns.locator(".gemini-text")).to_have_text("It was Ada[1], and then it was Grace[2].")
    listed = panel.turns.locator(".gemini-sources li a")
    assert [link.get_attribute("href") for link in listed.all()] == [url for url, _, _ in sources]
    expect(listed.first).to_contain_text("Ada <b>")
    assert marks.locator("a").first.get_attribute("href") == sources[0][0]
    expect(panel.turns.locator(".gemini-cite b, .gemini-sources b")).to_have_count(0)
    panel.book.wait_for_output("gemini-cite")
    assert "gemini-cite" in panel.book.save().cells[0].outputs[0].data["text/html"]
    assert not panel.book.errors


PLAIN_PAGE = """<!doctype html><div id="place"></div>"""


def test_it_needs_no_more_than_the_contract_of_anywidget(browser_session):
    """As in VS Code and Colab: a model with get, on and send, and no manager that knows the notebook."""
    from gemini_magics.notebook.panel.page import PanelWidget
    from gemini_magics.notebook.panel.panel import Panel as Kernel

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
            [base64.b64encode(PanelWidget._esm.encode()).decode(), kernel._desk.page.whole()],
        )
        page.get_by_label("Question", exact=True).fill("Why?")
        page.keyboard.press("Control+Enter")
        assert {"do": "send", "text": "Why?"} in page.evaluate("window.sent")
    finally:
        page.close()


def answered(open_notebook, service, *cells: str) -> Panel:
    """A panel with a question about a figure and its answer."""
    book = open_notebook(*(cells or (THINGS,)))
    book.run(0)
    panel = Panel(book, service)
    panel.button("Attach fig, figure").click()
    panel.chips.wait_for()
    panel.ask("Why <b>so</b>?\n$`6 * 7`")
    panel.answer("Because *it* is.\n\n> quoted", "Thoughts.")
    panel.book.wait_for_output("Because")
    return panel


@LAB
def test_after_a_restart_the_panel_brings_its_conversation_back_and_sends_it_after_continue(
    open_notebook, service
):
    panel = answered(open_notebook, service)
    requests = len(service.requests)
    panel.book.restart()  # and the notebook was not saved
    panel.book.run(0)
    panel = Panel(panel.book, service)
    panel.turns.get_by_text("From the file", exact=True).wait_for()
    expect(panel.turns.locator(".gemini-asked")).to_have_text(
        "[fig · figure] Why <b>so</b>? 42", use_inner_text=True
    )
    expect(panel.turns.locator(".gemini-text em")).to_have_text("it")
    expect(panel.button("Retry")).to_have_count(0)
    assert len(service.requests) == requests

    panel.ask("Without it?")
    panel.answer("Alone.")
    assert len(service.requests[-1].json["messages"]) == 1
    panel.button("Continue").click()
    panel.page.wait_for_function("document.querySelectorAll('.gemini-panel-saved').length === 0")
    panel.turns.first.locator(".gemini-chip").get_by_text("fig · figure").wait_for()
    panel.ask("And now?")
    panel.answer("Together.")
    first, answer, *_ = service.requests[-1].json["messages"]
    assert len(service.requests[-1].json["messages"]) == 5
    assert [part["type"] for part in first["content"]] == ["text", "image_url", "text"]
    assert first["content"][-1]["text"] == "Why <b>so</b>?\n42"
    assert answer["content"][0]["text"] == "Because *it* is.\n\n> quoted"
    assert not panel.book.errors


@LAB
def test_a_file_that_is_opened_another_day_brings_its_conversation_back(open_notebook, service):
    panel = answered(open_notebook, service)
    saved = panel.book.save()
    assert len(str(saved.cells[0].outputs[0].metadata)) < 1_000  # no word is saved twice
    assert not {"fig = plt", "kie", "base_url"} & set(str(saved.cells[0].outputs[0].metadata).split())
    saved.cells[0].source = OPEN  # and the figure is gone
    requests = len(service.requests)
    book = open_notebook(content=saved)
    book.run(0)
    panel = Panel(book, service)
    panel.turns.get_by_text("From the file", exact=True).wait_for()
    panel.book.wait_for_output("From the file")
    again = book.save()  # before anybody pressed Continue
    assert "Because *it* is." in again.cells[0].outputs[0].data["text/plain"]
    panel.button("Continue").click()
    panel.root.get_by_role("alert").filter(has_text="Not in this session: fig.").wait_for()
    assert len(service.requests) == requests
    assert not book.errors


IN_VIEW = """() => {
    const scroller = document.querySelector(".jp-WindowedPanel-outer").getBoundingClientRect();
    return [...document.querySelectorAll(".gemini-panel, .gemini-panel > *")].filter((part) => {
        const { top, bottom, height } = part.getBoundingClientRect();
        return !part.hidden && (height < 20 || top < scroller.top - 1 || bottom > scroller.bottom + 1);
    }).map((part) => part.className);
}"""


@LAB
@pytest.mark.parametrize("size", [(1600, 900), (1000, 620), (480, 800)])
def test_all_parts_of_the_panel_are_in_view_together(opened, size):
    panel = opened(THINGS)
    panel.page.set_viewport_size({"width": size[0], "height": size[1]})
    panel.ask("Why " + "so long a question " * 20)
    panel.answer(LONG)
    panel.button("Settings").click()
    panel.root.evaluate("panel => panel.scrollIntoView({ block: 'end' })")
    panel.page.wait_for_function(f"({IN_VIEW})().length === 0")
    field, shelf = panel.text.bounding_box(), panel.root.locator(".gemini-panel-shelf").bounding_box()
    assert field["y"] + field["height"] < shelf["y"]


@LAB
def test_enter_sends_and_a_setting_turns_it_round(opened):
    panel = opened()
    panel.text.fill("One")
    panel.text.press("Shift+Enter")
    panel.page.keyboard.type("Two")
    panel.ask_by("Enter")
    panel.answer("Fine.")
    assert panel.sent == ["One\nTwo"]

    panel.button("Settings").click()
    panel.root.get_by_label("Enter sends").uncheck()
    panel.text.fill("Three")
    panel.text.press("Enter")
    panel.page.keyboard.type("Four")
    panel.service.forget()
    panel.ask_by("Control+Enter")
    panel.answer("Fine.")
    assert panel.sent == ["Three\nFour"]
    panel.book.save()
    panel.book.reload()
    panel = Panel(panel.book, panel.service)
    panel.button("Settings").click()
    expect(panel.root.get_by_label("Enter sends")).not_to_be_checked()
    panel.root.get_by_label("Enter sends").check()  # and the browser forgets the choice


@LAB
def test_escape_cancels_an_edit_or_stops_and_then_leaves(opened):
    panel = opened()
    panel.ask("Question one")
    panel.answer("Answer one.")
    panel.text.fill("I was writing this")
    panel.button("Edit").click()
    panel.page.wait_for_function("document.querySelector('.gemini-panel-text').value === 'Question one'")
    panel.text.press("Escape")
    panel.page.wait_for_function("document.querySelector('.gemini-panel-text').value === 'I was writing this'")
    panel.button("Cancel").wait_for(state="hidden")
    panel.service.forget()
    panel.ask_by("Enter")
    panel.text.press("Escape")
    panel.ended()
    panel.turns.get_by_text("Stopped by you").wait_for()
    panel.text.press("Escape")
    panel.page.wait_for_function("document.activeElement.matches('.jp-Cell')")
    assert not panel.book.errors


@LAB
def test_a_hidden_turn_is_folded_away_and_not_sent(opened):
    panel = opened()
    panel.ask("Question one")
    panel.answer("Answer one.")
    panel.button("Hide").click()
    panel.turns.get_by_text("Hidden: Question one").wait_for()
    expect(panel.turns.get_by_text("Answer one.")).to_be_hidden()
    panel.service.forget()
    panel.ask("Question two")
    panel.answer("Answer two.")
    assert len(panel.service.requests[-1].json["messages"]) == 1
    panel.book.wait_for_output("Answer two.")
    (output,) = panel.book.save().cells[0].outputs
    assert "<summary>Hidden: Question one</summary>" in output.data["text/html"]
    panel.button("Show").click()
    panel.turns.get_by_text("Answer one.").wait_for()
    panel.service.forget()
    panel.ask("Question three")
    panel.answer("Answer three.")
    assert len(panel.service.requests[-1].json["messages"]) == 5


@LAB
def test_a_cell_that_failed_without_the_extension_brings_the_conversation_back_once_it_is_loaded(opened):
    panel = opened("%gemini_panel", "%unload_ext gemini_magics", "%load_ext gemini_magics")
    panel.ask("Why?")
    panel.answer("Because.")
    panel.book.restart()
    shown = panel.book.output().locator(".gemini-transcript > .gemini-note")
    expect(shown).to_contain_text("After a restart of the kernel, run %load_ext gemini_magics first.")
    panel.book.run(1)
    panel.book.run(0)
    panel.book.output().get_by_text("UsageError").wait_for()
    panel.book.run(2)
    panel.book.run(0)
    panel = Panel(panel.book, panel.service)
    panel.turns.get_by_text("From the file", exact=True).wait_for()
    panel.turns.get_by_text("Because.").wait_for()
