"""The panel from Python, and what a page hears of it."""

import json
import sys
import threading
from types import ModuleType, SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from patience import wait_until
from PIL import Image

from gemini_magics import BadRequest, CannotAttach, IncompleteAnswer, conversations
from gemini_magics.notebook import frontend
from gemini_magics.notebook.panel import gallery
from gemini_magics.notebook.panel import panel as module
from gemini_magics.notebook.panel.commands import hear
from gemini_magics.notebook.panel.panel import Panel, panel
from gemini_magics.testing import Act, Demo, Head, chunk, envelope, stream

FINE = stream("Fi", "ne.", thoughts=["**Looking**\n\nAt it.\n\n"])


class Widget:
    """A page that notes down what it is told, and puts it together as the module of the panel does."""

    def __init__(self, panel: Panel) -> None:
        self.messages, self.panel = [], panel
        panel._desk.page.widget = self
        whole = panel._desk.page.whole()
        self.facts, self.order, self.turns = dict(whole["facts"]), whole["order"], dict(whole["turns"])
        self.thumbs = dict(whole["thumbs"])

    def send(self, message) -> None:
        json.dumps(message, ensure_ascii=False).encode()  # as Jupyter does; half a character has no UTF-8
        self.messages.append(message)
        self.facts |= message.get("facts", {})
        self.thumbs |= message.get("thumbs", {})
        self.order = message.get("order", self.order)
        self.turns |= message.get("turns", {})

    def do(self, verb, *buffers, **arguments) -> None:
        hear(self.panel._desk, {"do": verb, **arguments}, [memoryview(buffer) for buffer in buffers])

    def ask(self, text) -> None:
        self.do("send", text=text)
        self.wait()

    def wait(self) -> None:
        """Wait until the answer is there, and the page has heard all that there is to hear."""
        wait_until(lambda: not any(thread.name == "gemini_magics panel" for thread in threading.enumerate()))
        assert not self.panel.running


@pytest.fixture
def opened(demo):
    return panel()


@pytest.fixture
def page(opened):
    opened._desk.reads_values = True  # as after a cell that a page has run
    return Widget(opened)


def parts(body):
    return [part.get("text") or part["image_url"]["url"][:15] for part in body["messages"][-1]["content"]]


def test_it_asks_from_python_in_its_conversation(demo, opened):
    first, second = opened.ask("How?"), opened.ask("Really?")
    assert (str(first), opened.answers) == ("Fine.", (first, second))
    assert conversations["main"].turns[0].answer is first
    assert len(demo.requests[-1].json["messages"]) == 3


def test_without_the_extension_it_opens_and_says_how_to_load_it(demo, opened, shell, monkeypatch, capsys):
    shell.run("%unload_ext gemini_magics")
    opened._ipython_display_()
    assert capsys.readouterr().out.rstrip().endswith(module.NOT_LOADED)
    monkeypatch.setattr(module.Frontend, "of", classmethod(lambda *_: module.Frontend("notebook", "a")))
    opened._ipython_display_()
    assert opened._desk.page.whole()["facts"]["notice"] == module.NOT_LOADED


NO_PANEL = {
    "a terminal": {"kind": "terminal"},
    "a console": {"kind": "console", "allows_input": True},
    "nbclassic": {"kind": "updates", "allows_input": True},
    "Voila": {"kind": "updates"},
}


@pytest.mark.parametrize("host", NO_PANEL)
def test_where_it_cannot_be_shown_it_says_where_it_can(opened, monkeypatch, capsys, host):
    if host == "Voila":
        monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    frontend = module.Frontend(**NO_PANEL[host])
    monkeypatch.setattr(module.Frontend, "of", classmethod(lambda *_: frontend))
    opened._ipython_display_()
    printed, shown = capsys.readouterr().out, opened._desk.page.twin()["text/html"]
    assert (module.NOT_HERE in printed) == (frontend.kind != "updates")
    assert (module.NOT_HERE in shown) == (frontend.kind == "updates")
    assert ("Run this cell" in shown) == (frontend.kind != "updates")


def test_a_program_that_runs_notebooks_keeps_how_to_go_on(opened, monkeypatch):
    frontend = module.Frontend("updates")
    monkeypatch.setattr(module.Frontend, "of", classmethod(lambda *_: frontend))
    opened._ipython_display_()
    assert "Run this cell to go on." in opened._desk.page.twin()["text/html"]


def test_what_was_attached_goes_along_once(demo, opened, shell):
    shell.user_ns["picture"] = Image.new("RGB", (4, 3), "red")
    opened.attach(shell.user_ns["picture"])
    opened.ask("How?", b"%PDF-1.4 ...")
    assert parts(demo.requests[-1].json) == [
        "picture:",
        "data:image/png;",
        "attachment 2:",
        "data:applicatio",
        "How?",
    ]
    opened.ask("And?")
    assert parts(demo.requests[-1].json) == ["And?"]


def test_opened_again_it_is_the_same_panel(demo):
    first = panel("notes", effort="low")
    first.ask("How?")
    assert panel("notes") is first
    assert panel("notes").answers
    assert panel() is not first
    assert demo.requests[-1].json["reasoning_effort"] == "low"


def test_its_settings_are_its_own(demo, opened, page, shell):
    page.do("set", name="effort", value="low")
    page.ask("How?")
    shell.run("%%gemini\nHow?")
    assert [request.json["reasoning_effort"] for request in demo.requests] == ["low", "high"]
    shell.run('%config GeminiMagics.system = "Be brief."')
    opened._after_cell(shell.run_cell("None"))
    assert page.facts["settings"]["system"] == "Be brief."


MISTAKES = {
    "nothing": (lambda page: page.do("send", text="  "), "BadRequest: There is nothing to ask"),
    "a name": (lambda page: page.do("send", text="Is $`figg` odd?"), "BadRequest: figg cannot be read"),
    "an attachment": (lambda page: page.do("attach", word="figg"), "CannotAttach: There is no name"),
    "bytes": (
        lambda page: page.do("upload", b"\x00\x01", name="x.bin", key="1", last=True),
        "CannotAttach: x.bin",
    ),
    "a setting": (lambda page: page.do("set", name="effort", value="loud"), "BadRequest: effort must be"),
    "a question that is gone": (lambda page: page.do("retry", key="gone"), "BadRequest: That question"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_said_in_the_panel_and_sends_nothing(demo, page, name):
    mistake, words = MISTAKES[name]
    mistake(page)
    assert page.facts["notice"].startswith(words)
    assert not demo.requests
    assert page.facts["busy"] == ""


def test_a_mistake_in_python_is_an_error(opened):
    with pytest.raises(BadRequest, match="nothing to ask"):
        opened.ask("")
    with pytest.raises(BadRequest, match="effort"):
        opened.set(effort="loud")
    with pytest.raises(CannotAttach):
        opened.attach(None)


def test_a_page_hears_a_question_grow_and_end(page):
    page.ask("Why?")
    (key,) = page.order
    grown = [message for message in page.messages if message.get("grow") == key]
    assert "".join(change[3] for message in grown for change in message["changes"]).count("Fi") == 1
    assert "Fine." in page.turns[key]["html"]
    assert page.facts["busy"] == ""
    assert [message["number"] for message in page.messages] == list(
        range(page.messages[0]["number"], page.messages[-1]["number"] + 1)
    )


def test_a_page_that_has_lost_the_last_message_is_told_everything_when_it_checks(page):
    page.ask("Why?")
    last = page.messages[-1]["number"]
    before = len(page.messages)
    page.do("check", number=last)
    assert len(page.messages) == before
    page.do("check", number=last - 1)
    assert page.messages[-1]["whole"]
    assert page.messages[-1]["order"] == page.order
    page.do("again")
    page.do("set", name="effort", value="low")
    assert [message["number"] for message in page.messages[-3:]] == [last + 1, last + 2, last + 3]


def test_what_grows_does_not_tell_of_the_turns_before(opened, page):
    sizes = []
    for _ in range(4):
        before = len(page.messages)
        page.ask("Why?")
        sizes.append(sum(len(json.dumps(message)) for message in page.messages[before:]))
    assert max(sizes) < 1.3 * min(sizes)


def test_a_page_that_is_loaded_late_gets_everything_that_fits_and_asks_for_the_rest(opened, monkeypatch):
    for _ in range(3):
        opened.ask("Why?")
    monkeypatch.setattr("gemini_magics.notebook.panel.page.BATCH_CHARS", 10)
    page = Widget(opened)
    assert len(page.order) == 3
    assert list(page.turns) == page.order[-1:]
    page.do("more", keys=page.order[:2])
    page.do("more", keys=page.order[:1])
    assert set(page.turns) == set(page.order)


def test_the_answer_that_grows_is_whole_for_a_page_that_is_loaded_then(demo, opened, shell):
    with Demo([[Head(), chunk(content="So far"), Act.HANG]]) as hanging:
        shell.run(f'%config GeminiMagics.base_url = "{hanging.base_url}"')
        page = Widget(opened)
        page.do("send", text="Why?")
        wait_until(lambda: "So far" in json.dumps(page.messages))
        (message,) = opened._desk.page.whole()["turns"].values()
        assert "So far" in json.dumps(message["grown"]["changes"])
        page.do("stop")
        page.wait()
    assert opened.answers[-1].ended == "interrupted"
    assert "Stopped by you" in page.turns[page.order[0]]["html"]


def test_two_questions_at_once_are_refused(opened, shell):
    with Demo([[Head(), Act.HANG]]) as hanging:
        shell.run(f'%config GeminiMagics.base_url = "{hanging.base_url}"')
        page = Widget(opened)
        page.do("send", text="Why?")
        wait_until(lambda: page.order)
        for refused in (
            lambda: page.do("send", text="And?"),
            lambda: page.do("clear"),
            lambda: page.do("chat", chat="other"),
        ):
            refused()
            assert "stop it" in page.facts["notice"]
        page.do("stop")
        page.wait()
        assert len(hanging.requests) == 1


def test_a_question_that_nothing_came_of_stays_to_be_asked_again(opened, shell):
    with Demo([envelope(401, "The key is wrong"), FINE]) as refusing:
        shell.run(f'%config GeminiMagics.base_url = "{refusing.base_url}"')
        page = Widget(opened)
        page.ask("Why?")
        (key,) = page.order
        assert "key" in page.turns[key]["html"]
        assert not opened.answers
        page.do("retry", key=key)
        page.wait()
    assert page.order == [key]
    assert str(opened.answers[0]) == "Fine."


def test_a_key_is_looked_for_in_the_thread_that_hears_the_page(opened, page, shell, monkeypatch):
    asked_in = []

    def get(name):
        asked_in.append((name, threading.current_thread()))
        raise LookupError("Secret KIE_API_KEY does not exist.")

    colab = ModuleType("google.colab")
    colab.userdata = SimpleNamespace(get=get)
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    shell.run('%config GeminiMagics.base_url = ""')
    shell.run('%config GeminiMagics.service = "kie"')
    page.do("send", text="Why?")
    assert asked_in == [("KIE_API_KEY", threading.current_thread())]
    assert page.facts["notice"].startswith("MissingKey: There is no key for kie")
    assert not opened.running


def test_an_answer_that_could_not_be_recorded_says_so(opened, page, shell, tmp_path):
    file = tmp_path / "answers.jsonl"

    def reply(request):
        file.mkdir()  # a folder stands where the file would be written
        return FINE

    with Demo(reply) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run(f'%config GeminiMagics.recording = "{file}"')
        page.ask("Why?")
    assert page.facts["notice"].startswith("GeminiError: The answer is whole, but")
    assert str(opened.answers[-1]) == "Fine."


def test_an_error_in_python_has_what_had_come(opened, shell):
    with Demo([[Head(), chunk(content="So far"), Act.CLOSE]]) as cutting:
        shell.run(f'%config GeminiMagics.base_url = "{cutting.base_url}"')
        with pytest.raises(IncompleteAnswer) as raised:
            opened.ask("Why?")
    assert raised.value.answer is opened.answers[0]
    assert not opened.running


def test_an_edited_question_takes_the_place_of_the_old_one(demo, opened, page, shell):
    shell.user_ns["picture"] = Image.new("RGB", (4, 3), "red")
    page.do("attach", word="picture")
    page.ask("One")
    page.ask("Two")
    page.do("edit", key=page.order[0])
    assert page.facts["draft"]["text"] == "One"
    assert page.facts["editing"] == page.order[0]
    assert [item["name"] for item in page.facts["tray"]] == ["picture"]
    page.ask("One, again")
    assert parts(demo.requests[-1].json)[-1] == "One, again"
    assert len(demo.requests[-1].json["messages"]) == 1
    turns = opened.conversation.turns
    assert [(row.message.parts[-1], row.stale) for row in turns] == [("One, again", False), ("Two", True)]
    assert page.facts["editing"] == ""


def test_asking_again_leaves_alone_what_is_being_written(opened, page):
    page.ask("One")
    page.do("upload", b"Text.", name="notes.txt", key="1", last=True)
    before = len(page.messages)
    page.do("draft", text="Two, perha")
    assert len(page.messages) == before
    page.do("retry", key=page.order[0])
    page.wait()
    assert [item["name"] for item in page.facts["tray"]] == ["notes.txt"]
    assert opened._desk.page.whole()["facts"]["draft"]["text"] == "Two, perha"


def test_a_branch_goes_on_from_a_turn(opened, page):
    page.ask("One")
    page.ask("Two")
    page.do("branch", key=page.order[0])
    assert page.facts["chat"] == "main-2"
    assert len(opened.conversation.turns) == 1
    page.ask("Another two")
    assert {name: len(each.turns) for name, each in conversations.items()} == {"main": 2, "main-2": 2}


def test_a_cell_that_asks_in_the_conversation_is_in_the_panel(opened, page, shell):
    opened._ipython_display_()
    shell.run("%%gemini --chat\nFrom a cell")
    opened._after_cell(shell.run_cell("None"))
    assert "From a cell" in page.turns[page.order[0]]["html"]


def test_a_question_becomes_a_cell(page, shell):
    shell.user_ns["picture"] = Image.new("RGB", (4, 3), "red")
    page.do("set", name="effort", value="low")
    page.do("set", name="thoughts", value=False)
    page.do("attach", word="picture")
    page.do("upload", b"%PDF-1.4 ...", name="a b.pdf", key="1", last=True)
    page.ask("Is $`1 + 1` so?")
    page.do("cell", key=page.order[0])
    (cell,) = [message["cell"] for message in page.messages if "cell" in message]
    assert cell == "%%gemini picture --effort low --no-thoughts\nIs $`1 + 1` so?"
    assert "a b.pdf has no name in the notebook" in page.facts["notice"]


def test_a_file_comes_in_pieces_and_chips_are_moved_and_removed(page):
    data = b"%PDF-1.4 " + bytes(1000)
    page.do("upload", data[:600], name="one.pdf", key="1", last=False)
    assert page.facts["tray"] == []
    page.do("upload", data[600:], name="one.pdf", key="1", last=True)
    page.do("upload", b"Two.", name="two.txt", key="2", last=True)
    one, two = page.facts["tray"]
    assert (one["label"], two["name"]) == ("one.pdf · PDF · 1.0 kB", "two.txt")
    page.do("move", key=two["key"], by=-1)
    assert [item["name"] for item in page.facts["tray"]] == ["two.txt", "one.pdf"]
    page.do("drop", key=two["key"])
    assert [item["name"] for item in page.facts["tray"]] == ["one.pdf"]


def test_a_part_of_an_attached_figure_is_attached_beside_it(page, opened, shell):
    shell.run_cell("import matplotlib; matplotlib.use('agg'); from matplotlib.figure import Figure")
    shell.run_cell("fig = Figure(); fig.subplots().plot([1, 2, 3], [1, 5, 2])")
    opened.attach(fig=shell.user_ns["fig"])
    (whole,) = page.facts["tray"]
    page.do("region", key=whole["key"], box=[0.4, 0.2, 0.6, 0.5])
    assert [item["name"] for item in page.facts["tray"]] == [
        "fig", "limits of part of fig", "the figure of part of fig", "the part part of fig",
    ]  # fmt: skip
    page.do("region", key="gone", box=[0.4, 0.2, 0.6, 0.5])
    assert page.facts["notice"] == "CannotAttach: That attachment is no longer there: attach it again."


@pytest.mark.parametrize(
    "box",
    [
        [0, 0, 1],
        [0, 0, 1, 2],
        [0.5, 0, 0.5, 1],
        ["0", 0, 1, 1],
        [0, 0, True, 1],
        "0011",
        [0, float("nan"), 1, 1],
    ],
)
def test_a_part_that_no_drag_can_give_is_ignored(page, opened, box):
    opened.attach(photo=Image.new("RGB", (40, 40), "red"))
    (whole,) = page.facts["tray"]
    page.do("region", key=whole["key"], box=box)
    assert page.facts["tray"] == [whole]


def test_a_growing_answer_that_points_has_its_marks_in_the_panel_and_in_the_transcript(page, opened, shell):
    opened.attach(photo=Image.new("RGB", (40, 40), "red"))
    page.do("set", name="point", value=True)
    with Demo([stream('Here [mark 1]: {"mark": 1, "label": "spot", "point": [500, 250]}')]) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        page.ask("Where?")
    grown = [message["facts"]["marks"] for message in page.messages if "marks" in message.get("facts", {})]
    assert [(mark["picture"], mark["box"]) for mark in grown[-1]] == [(0, [0.25, 0.5, 0.25, 0.5])]
    assert 'alt="photo with mark 1"' in opened._desk.page.twin()["text/html"]


def test_a_file_in_pieces_is_refused_as_soon_as_it_is_too_large(page, opened):
    piece = bytes(10_000_000)
    for _ in range(11):
        assert not page.facts.get("notice")
        page.do("upload", piece, name="huge.png", key="1", last=False)
    assert page.facts["notice"].startswith("CannotAttach: huge.png")
    assert page.facts["tray"] == []
    assert not opened._desk.tray._coming


def test_no_medium_and_no_key_is_in_what_pages_know(opened, shell, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "sk-secret-0123456789")
    noise = Image.effect_noise((600, 400), 90)
    shell.user_ns["noise"] = noise
    opened.attach(noise)
    opened.ask("How?")
    opened.attach(noise)
    said = json.dumps(opened._desk.page.whole())
    assert "sk-secret" not in said
    assert len(said) < 130_000  # the picture has 320 kB in a message


def test_what_was_sent_is_a_small_picture_in_pages_and_in_the_transcript(opened, page):
    opened.attach(Image.new("RGB", (600, 400), "red"))
    opened.ask("How?", b"%PDF-1.4 ...")
    picture, document = page.turns[page.order[0]]["pictures"]
    assert picture.startswith("data:image/png;base64,")
    assert (document, len(picture) < 1000) == ("", True)
    assert opened._desk.page.whole()["turns"][page.order[0]]["pictures"] == [picture, ""]
    assert len(json.dumps(opened._desk.page.twin())) < 10_000


def test_the_transcript_is_safe_and_holds_what_was_said(opened):
    opened.ask("Is <script>alert(1)</script> $x$\n  odd?")
    twin = opened._desk.page.twin()
    assert "<script" not in twin["text/html"]
    assert "&lt;script&gt;" in twin["text/html"]
    assert "Fine." in twin["text/html"]
    assert "> Is <script>" in twin["text/plain"]


@pytest.mark.slow
def test_a_program_that_runs_the_notebook_keeps_the_transcript(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    with Demo([FINE]) as demo:
        cells = [
            "import os\nos.environ['GEMINI_MAGICS_SERVICE'] = 'demo'\n"
            f"os.environ['GEMINI_MAGICS_BASE_URL'] = {demo.base_url!r}\n%load_ext gemini_magics",
            "%gemini_panel --effort low",
            "import gemini_magics\np = gemini_magics.panel()\np.ask('Why?').text",
        ]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
        assert demo.requests[-1].json["reasoning_effort"] == "low"
    (output,) = notebook.cells[1].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    assert "Fine." in output.data["text/html"]
    assert "widgets" not in notebook.metadata


def test_closed_it_is_forgotten(opened, shell):
    before = list(shell.events.callbacks["post_run_cell"])
    opened._ipython_display_()
    opened.close()
    assert shell.events.callbacks["post_run_cell"] == before
    assert panel() is not opened


def test_the_magic_opens_it(demo, shell, capsys):
    shell.run("%gemini_panel notes --effort low")
    assert "notes" in capsys.readouterr().out
    with pytest.raises(BadRequest, match="%gemini_panel"):
        shell.run("%gemini_panel one two")
    shell.run("""%gemini_panel "it's" """)
    shell.run("%gemini_panel it's")
    assert capsys.readouterr().out.count("it's") == 2


@pytest.mark.parametrize(
    "option",
    ["--over df", "--compare effort=low,high", "--limit 3", "--tool f", "--background", "--dry-run", "--to a"],
)
def test_the_magic_takes_no_option_of_one_cell(demo, shell, option):
    with pytest.raises(BadRequest, match=f"%gemini_panel takes no {option.split()[0]}: leave it out"):
        shell.run(f"%gemini_panel notes {option}")


def test_the_shelf_has_figures_images_tables_and_the_last_outputs():
    import matplotlib.pyplot as plt
    import numpy as np
    import pandas as pd

    fig, ax = plt.subplots()
    _, lonely = plt.subplots()
    df = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    pixels = np.zeros((3, 4, 3), "uint8")
    names = {
        "fig": fig, "ax": ax, "lonely": lonely, "df": df, "series": df["a"], "pixels": pixels, "_hidden": fig,
        "text": "no", "number": 3, "matrix": np.zeros((3, 3)), "shells": fig,
        "Out": {1: df, 2: "said", 3: Panel, 4: [ax]},
    }  # fmt: skip
    found = gallery.things(names, {"shells": None})
    assert [(each.name, each.kind, each.detail) for each in found] == [
        ("pixels", "image", "4 × 3 px"),
        ("series", "table", "2 rows"),
        ("df", "table", "2 rows: a, b"),
        ("lonely", "figure", ""),
        ("fig", "figure", ""),
        ("Out[2]", "text", ""),
    ]
    settings = module.resolve({})
    assert gallery.thumb(found[4], settings).startswith("data:image/png;base64,")
    assert gallery.thumb(found[0], settings).startswith("data:image/png;base64,")
    plt.close("all")


def due(page):
    return [thing["name"] for thing in page.facts["shelf"] if thing["due"]]


def test_a_thumbnail_is_drawn_when_it_is_asked_for_and_again_once_the_figure_has_changed(page, opened, shell):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    shell.user_ns["figure"] = figure
    opened._after_cell(shell.run_cell("None"))
    assert due(page) == ["figure"]
    page.do("thumb", name="figure")
    before = page.thumbs["figure"]
    assert before.startswith("data:image/png;base64,")
    assert due(page) == []
    axes.plot([1, 3, 2])
    opened._after_cell(shell.run_cell("None"))
    assert (due(page), page.thumbs["figure"]) == (["figure"], before)
    page.do("thumb", name="figure")
    assert page.thumbs["figure"] != before
    assert opened._desk.page.whole()["thumbs"] == page.thumbs
    plt.close("all")


TABLES = """
import pandas as pd, polars as pl
names = ["a\u202eb", "<img src=x onerror=alert(1)>"]
df = pd.DataFrame({"name": names, "x": [1.23456789, 2.0], "y": 3, "z": 4})
series = df["x"]
indexed = df.set_index(["name", "x"])
twins = pd.DataFrame([[1, 2]], columns=["a", "a"])
dates = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=9)})
empty = pd.DataFrame()
rows = pl.DataFrame({"a": list(range(9)), "b": "text " * 9})
column = rows["a"]
nothing = pl.DataFrame()
class Mute:
    def __str__(self):
        raise RuntimeError
mute = pd.DataFrame({"a": [Mute()]})
"""
CORNERS = {
    "df": [["", "name", "x", "y"], ["0", "a⟨U+202E⟩b", "1.23457", "3"], ["1", "<img src…1)>", "2", "3"]],
    "series": [["", "x"], ["0", "1.23457"], ["1", "2"]],
    "twins": [["", "a", "a"], ["0", "1", "2"]],
    "dates": [["", "day"], *([str(day), f"2026-01-0{day + 1}"] for day in range(4))],
    "empty": [[""]],
    "column": [["a"], ["0"], ["1"], ["2"], ["3"]],
    "nothing": "",
    "mute": "",
}


def test_a_table_shows_its_first_rows_and_columns_as_short_texts(page, opened, shell):
    ran = shell.run_cell(TABLES)
    ran.raise_error()
    opened._after_cell(ran)
    while due(page):
        page.do("thumb", name=due(page)[0])
    assert {name: page.thumbs.get(name, "") for name in CORNERS} == CORNERS
    assert page.thumbs["rows"][1] == ["0", "text tex…xt "]
    assert all(len(cell) <= gallery.CELL_CHARS for row in page.thumbs["indexed"] for cell in row)


def test_a_table_is_drawn_again_once_a_cell_has_run(page, opened, shell):
    opened._after_cell(shell.run_cell("import pandas as pd\ndf = pd.DataFrame({'a': [1]})"))
    page.do("thumb", name="df")
    opened._after_cell(shell.run_cell("df.loc[0, 'a'] = 2"))
    assert page.thumbs["df"] == [["", "a"], ["0", "1"]]
    page.do("thumb", name="df")
    assert page.thumbs["df"] == [["", "a"], ["0", "2"]]


CHARTS = {
    "plotly": "import plotly.graph_objects as go\nchart = go.Figure(go.Bar(y=[1, 3, 2]))",
    "altair": "import altair, pandas\nframe = pandas.DataFrame({'a': [1]})\n"
    "chart = altair.Chart(frame).mark_bar().encode(x='a')\ndel frame",
}


@pytest.mark.parametrize("library", [pytest.param("plotly", marks=pytest.mark.browser), "altair"])
def test_a_chart_is_drawn_apart(page, opened, shell, library, request):
    if library == "plotly":
        request.getfixturevalue("chromium")
    opened._after_cell(shell.run_cell(CHARTS[library]))
    assert due(page) == ["chart"]
    opened._desk.shelf._exporting.acquire()  # as while another chart is drawn
    page.do("thumb", name="chart")
    assert (due(page), page.thumbs.get("chart", "")) == ([], "")
    opened._desk.shelf._exporting.release()
    wait_until(lambda: page.thumbs.get("chart", "").startswith("data:image/png;base64,"))


def test_a_chart_that_cannot_be_drawn_keeps_its_icon(page, opened, shell, monkeypatch):
    monkeypatch.setattr("gemini_magics.content.charts.find_spec", lambda module: None)
    opened._after_cell(shell.run_cell(CHARTS["plotly"]))
    page.do("thumb", name="chart")
    wait_until(lambda: not any(thread.name == "gemini_magics shelf" for thread in threading.enumerate()))
    assert (due(page), page.thumbs.get("chart", "")) == ([], "")


def test_names_that_are_none_are_not_offered(page, opened, shell):
    import pandas as pd

    for name in ("<img src=x>", "a\u202eb", "two words"):
        shell.user_ns[name] = pd.DataFrame({"<b>\u202e": [1]})
    shell.user_ns["df"] = pd.DataFrame({"<b>\u202e": [1]})
    opened._after_cell(shell.run_cell("None"))
    assert [(each["name"], each["detail"]) for each in page.facts["shelf"]] == [("df", "1 row: <b>⟨U+202E⟩")]


def test_what_pages_say_from_several_threads_does_not_mix(page, opened):
    def upload(number):
        page.do("upload", b"Text.", name=f"{number}.txt", key=str(number), last=True)

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(page.facts["tray"]) == 8
    assert [message["number"] for message in page.messages] == sorted(
        message["number"] for message in page.messages
    )


def test_without_a_shell_it_can_be_written_to(demo, monkeypatch):
    monkeypatch.setattr(frontend, "get_ipython", lambda: None)
    assert str(Panel("script").ask("How?")) == "Fine."
    assert InteractiveShell.initialized()
