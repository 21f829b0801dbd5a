"""The panel in JupyterLab and Notebook 7: what a person does in it, and what stays in the file."""

from __future__ import annotations

import base64
import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from panel_in_page import Panel
from PIL import Image

from gemini_magics.service.demo import chunk

sys.path.append(str(Path(__file__).parents[1]))

from hostile import TEXTS

OPEN = "import gemini_magics\ngemini_magics.panel()"
THINGS = """import gemini_magics, matplotlib.pyplot as plt, pandas as pd
fig, ax = plt.subplots()
ax.plot([1, 3, 2])
plt.close()
df = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
gemini_magics.panel()"""
BUSY = "while True:\n    sum(range(1000))"
SHORT_TEXTS = [text for text in TEXTS.values() if len(text) < 500]
HOSTILE_THINGS = """import gemini_magics, pandas as pd
texts = {texts!r}
df = pd.DataFrame({{text: [text] for text in texts}})
for text in texts:
    globals()[text] = df.copy()
cells = pd.DataFrame({{"a": texts}})
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
    assert table.locator("*").all_inner_texts() == ["", "a", "b", "0", "1", "3", "1", "2", "4"]
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
    assert shown.count("To a cell") == 2
    assert shown.count('<img src="data:image/png;base64,') == 1
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
def test_stop_works_at_once(opened, during):
    panel = opened(OPEN, BUSY)
    panel.ask("Why?")
    if during == "a cell":
        panel.book.start(1)
        panel.page.wait_for_timeout(300)
    if during == "text":
        panel.service.say("word " * 10_000, words_per_s=60)
        panel.turns.get_by_text("word word").wait_for()
    assert panel.stop_ms() < 1000  # 0.3 s is the bar of benchmarks/panel.py; machines of tests are slow
    panel.ended()
    panel.turns.get_by_text("Stopped by you").wait_for()
    if during == "a cell":
        assert panel.book.cell(1).locator(".jp-InputPrompt").inner_text() == "[*]:"
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
    for number in range(3):
        give(panel, "drop", f"{number} {'a long name ' * 8}.txt", b"Text.")
        panel.chips.nth(number).wait_for()
    panel.button("Settings").click()
    panel.root.evaluate("node => (node.style.width = '480px')")
    panel.page.wait_for_timeout(200)
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

    panel.page.wait_for_timeout(300)
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
    assert panel.root.locator(".gemini-panel-name").all_inner_texts() == ["cells", "df"]
    for number, name in enumerate(SHORT_TEXTS):
        give(panel, "drop", f"{name} x.txt", b"Text.")
        panel.chips.nth(number).wait_for()
    assert panel.root.locator(".gemini-panel-chip button").count() == 3 * len(SHORT_TEXTS) - 2
    panel.ask("What are these?")
    panel.answer("Texts.")
    assert panel.turns.locator(".gemini-chip").count() == len(SHORT_TEXTS)
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
    panel.page.wait_for_timeout(300)
    saved = panel.book.save()
    saved.cells[0].source += " "  # so the signature of this user is not that of the file
    book = open_notebook(content=saved, kernel=False)
    assert not book.trusted
    shown = book.output().locator(".gemini-turn")
    shown.nth(1).get_by_text("So it goes.").wait_for()
    for words in ("Why <b>so</b>?", "fig · figure", "Thought for", "Because", "print(1)"):
        assert words in shown.first.inner_text()
    shown.first.locator("summary").click()
    shown.first.get_by_text("At it.").wait_for()
    assert book.output().locator(".gemini-panel, button, script").count() == 0
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
    assert marks.all_inner_texts() == ["[1]", "[2]"]
    assert panel.turns.locator(".gemini-text").inner_text() == "It was Ada[1], and then it was Grace[2]."
    listed = panel.turns.locator(".gemini-sources li a")
    assert [link.get_attribute("href") for link in listed.all()] == [url for url, _, _ in sources]
    assert "Ada <b>" in listed.first.inner_text()
    assert marks.locator("a").first.get_attribute("href") == sources[0][0]
    assert panel.turns.locator(".gemini-cite b, .gemini-sources b").count() == 0
    panel.page.wait_for_timeout(300)
    assert "gemini-cite" in panel.book.save().cells[0].outputs[0].data["text/html"]
    assert not panel.book.errors


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
            [base64.b64encode(PanelWidget._esm.encode()).decode(), kernel._desk.page.whole()],
        )
        page.get_by_label("Question", exact=True).fill("Why?")
        page.keyboard.press("Control+Enter")
        assert {"do": "send", "text": "Why?"} in page.evaluate("window.sent")
    finally:
        page.close()
