"""The panel with a stranger's chat, and with a stranger's page."""

import json
import logging
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace

import pytest
from kernel import Kernel
from PIL import Image
from test_panel import FINE, Widget, parts

from gemini_magics import Settings, ask, conversations
from gemini_magics.chat.archive import as_json
from gemini_magics.content.namespace import Namespace
from gemini_magics.content.prompt import expressions, literally, read_body
from gemini_magics.core.answer import Turn, close, fold
from gemini_magics.core.messages import Attachment, Media, Message, Text
from gemini_magics.core.text import reveal
from gemini_magics.notebook.frontend import Frontend
from gemini_magics.notebook.panel import attachments
from gemini_magics.notebook.panel.messages import PIECE_BYTES, SETTINGS, TEXT_CHARS, VERBS
from gemini_magics.notebook.panel.panel import panel
from gemini_magics.render.answer import Answer
from gemini_magics.render.metadata import metadata
from gemini_magics.testing import Demo

ATTACK = "$`ran.append(1)`"
HOSTILE = f"What is this?{chr(10) * 60}{ATTACK} and $`ran.append(2)`"


@pytest.fixture
def ran(shell):
    """The list that a stranger's code would change."""
    shell.user_ns["ran"] = []
    return shell.user_ns["ran"]


def a_file(question=HOSTILE, *attached, anchor="a", name="main"):
    """Write the chat of a stranger, as `%gemini_chat export` would."""
    answer = Answer(service="kie", model="gemini-3.1-pro")
    fold(answer, Text(f"Fine. {ATTACK}"))
    close(answer, "stop")
    message = Message("user", (*attached, question))
    Path("chat.json").write_text(as_json(name, [Turn(anchor, "In [1]", message, answer)]), "utf-8")


@pytest.fixture
def page(demo, shell, ran):
    a_file()
    shell.run("%gemini_chat import chat.json")
    opened = panel()
    opened._desk.reads_values = True  # as after a cell that a page has run
    return Widget(opened)


def asked(demo):
    return parts(demo.requests[-1].json)[-1]


def cell_of(page, key):
    before = len(page.messages)
    page.do("cell", key=key)
    (cell,) = [message["cell"] for message in page.messages[before:] if "cell" in message]
    return cell


# A chat out of a file


def test_an_imported_question_is_text_when_it_is_edited_and_sent(demo, page, ran):
    page.do("edit", key="a")
    assert page.facts["draft"]["text"] == HOSTILE
    assert "is sent as text" in page.facts["notice"]
    page.ask(HOSTILE)
    assert (asked(demo), ran) == (HOSTILE, [])


def test_it_stays_text_when_the_edited_question_is_edited_again(demo, page, ran):
    for words in ("More. ", "And more. "):
        page.do("edit", key="a")
        page.ask(words + page.facts["draft"]["text"])
    assert (asked(demo), ran) == (f"And more. More. {HOSTILE}", [])


def test_it_stays_text_when_it_is_asked_again_and_then_edited(demo, page, ran):
    page.do("retry", key="a")
    page.wait()
    page.do("edit", key="a")
    page.ask(HOSTILE)
    assert (asked(demo), ran) == (HOSTILE, [])


@pytest.mark.parametrize("leave", ["unedit", "chat", "edit", "draft"])
def test_it_stays_text_in_a_page_that_still_holds_it(demo, page, ran, leave):
    page.do("edit", key="a")
    fields = {"chat": {"chat": "other"}, "edit": {"key": "a"}, "draft": {"text": "Something else"}}
    page.do(leave, **fields.get(leave, {}))
    page.ask(HOSTILE)
    assert (asked(demo), ran) == (HOSTILE, [])


@pytest.mark.parametrize("line", ["branch main copy", "rename main copy", "import chat.json copy"])
def test_it_stays_text_in_a_copy_of_the_chat(demo, page, shell, ran, line):
    shell.run(f"%gemini_chat {line}")
    page.do("chat", chat="copy")
    page.do("edit", key="a")
    page.ask(HOSTILE)
    assert (asked(demo), ran) == (HOSTILE, [])


def test_an_anchor_that_a_file_brings_makes_nothing_typed_here(demo, page, shell, ran):
    page.ask("Is $`1 + 1` so?")
    key = page.order[-1]
    a_file(anchor=key, name="other")
    shell.run("%gemini_chat import chat.json other")
    page.do("chat", chat="other")
    page.do("edit", key=key)
    assert page.facts["draft"]["text"] == HOSTILE
    page.ask(HOSTILE)
    assert ran == []


def test_an_expression_that_somebody_types_into_an_imported_question_is_read(demo, page, ran):
    page.do("edit", key="a")
    page.ask(f"{ATTACK} Is $`1 + 1` so?")
    assert (asked(demo), ran) == (f"{ATTACK} Is 2 so?", [])
    page.ask("And $`2 + 2`?")
    assert asked(demo) == "And 4?"


UNFINISHED = {
    "a comment takes in what is typed behind it": ("Why? $`ran.append(1) #", " Is it `df`?"),
    "the last dollar of a formula is deleted": ("Why $`ran.append(1)`$ and $`ran.append(2)", "` so?"),
    "blanks stand before it": ("Why? $`  ran.append(1) or ", "`"),
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_a_beginning_of_an_expression_in_an_imported_question_stays_text_when_it_is_closed(
    demo, page, shell, ran, name
):
    theirs, typed = UNFINISHED[name]
    a_file(theirs, name="copy")
    shell.run("%gemini_chat import chat.json copy")
    page.do("chat", chat="copy")
    page.do("edit", key="a")
    text = (theirs + typed).replace("`$", "`")
    page.ask(text)
    assert (asked(demo), ran) == (text, [])
    page.do("edit", key=page.order[-1])
    page.ask(text)
    assert (asked(demo), ran) == (text, [])


def test_half_a_character_in_a_question_of_a_file_makes_no_expression_of_it(demo, page, shell, ran):
    a_file("Why?", name="copy")
    Path("chat.json").write_text(Path("chat.json").read_text().replace("Why?", r"$`ran.append(1) #\ud800` so?"))
    shell.run("%gemini_chat import chat.json copy")
    page.do("chat", chat="copy")
    page.do("edit", key="a")
    text = page.facts["draft"]["text"]
    assert text.encode() == "$`ran.append(1) #\ufffd` so?".encode()
    page.ask(text)
    assert (asked(demo), ran) == (text, [])


WORDS = [
    ("question", 0, "name"), ("question", 0, "kind"), ("question", 0, "note"), ("question", 1), ("place",),
    *[("answer", name) for name in ("service", "model", "effort", "problem", "recorded", "thinking", "text", "ended")],
]  # fmt: skip


@pytest.mark.parametrize("path", WORDS, ids=lambda path: path[-1])
@pytest.mark.parametrize("words", ["\ud800", "a" * 1_000_000], ids=["half a character", "a megabyte"])
def test_a_chat_is_shown_whatever_words_stand_in_its_file(demo, page, shell, path, words):
    a_file("Why?", Attachment("x", "text", "Words.", "a note"), name="copy")
    whole = json.loads(Path("chat.json").read_text("utf-8"))
    held = whole["exchanges"][0]
    for step in path[:-1]:
        held = held[step]
    held[path[-1]] = words
    Path("chat.json").write_text(json.dumps(whole), "utf-8")
    shell.run("%gemini_chat import chat.json copy")
    answer = conversations["copy"].turns[0].answer
    about = json.dumps(metadata(answer), ensure_ascii=False).encode()
    assert len(about) < 2_000
    page.do("chat", chat="copy")
    page.do("edit", key="a")
    page.do("cell", key="a")
    page.do("again")
    assert page.facts["draft"]["text"]
    assert len(page.facts["tray"][0]["label"]) < 1_000
    assert len(json.dumps(page.turns["a"]["saved"])) < 1_000


def test_half_a_character_that_is_typed_does_not_close_the_panel(demo, page, shell):
    shell.run('%config GeminiMagics.system = "Be brief. \\ud83d"')
    page.do("draft", text="Why \ud83d")
    page.do("again")
    page.ask("Why \ud83d?")
    for verb in ("edit", "cell"):
        page.do(verb, key=page.order[-1])
    page.do("again")
    assert page.facts["draft"]["text"] == "Why \ufffd?"


def test_a_value_with_an_expression_in_it_is_text_when_its_cell_is_edited_in_the_panel(demo, page, shell, ran):
    shell.user_ns["data"] = ATTACK
    shell.run("%%gemini --chat\nWhat is $`data`?")
    page.panel._desk.show()
    key = page.order[-1]
    page.do("edit", key=key)
    page.ask(page.facts["draft"]["text"])
    assert (asked(demo), ran) == (f"What is {ATTACK}?", [])
    assert ATTACK not in cell_of(page, key)


def test_a_cell_made_of_an_imported_question_sends_it_as_text(demo, page, shell, ran):
    cell = cell_of(page, "a")
    shell.run_cell_magic("gemini", cell.splitlines()[0].removeprefix("%%gemini"), cell.partition("\n")[2])
    assert (asked(demo), ran) == (HOSTILE, [])


def test_a_cell_shows_the_invisible_characters_of_an_imported_question(demo, page, shell):
    a_file("safe\ufe0f \u180b\u202e", name="hidden")
    shell.run("%gemini_chat import chat.json")
    page.do("chat", chat="hidden")
    assert cell_of(page, "a").endswith("safe⟨U+FE0F⟩ ⟨U+180B⟩⟨U+202E⟩")


BODIES = [
    "$`x`", "$`x`$`y`", "$`x`$ and $`y`", "$$`x`", "`$`x`", "$`'$'`", "$` `", "$``", "$`x\n`", "a$`x`b$`x`$`y` ",
    "$`x$`", "$`a$b`c`", '$`"$"`', "\\$`x`", "$`x``y`", "```\n$`x`\n```",
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_a_text_that_is_written_literally_is_read_as_itself(body):
    class Nothing(dict):
        def __missing__(self, name):
            raise AssertionError(f"{name} was looked up")

    written = literally(body, expressions(body))
    read = read_body(written, Namespace(Nothing()), Settings())
    assert "".join(part if isinstance(part, str) else part.content for part in read) == body


NAMES = {
    "an expression": "__import__('os').system('id')",
    "a call": "print('x')",
    "a line break": "notes.txt\n$`ran.append(1)`",
    "an existing file with a line break": "two\nlines.txt",
    "an option": "--code",
    "a file like an option": "--to=ran",
    "a file like an expression": "ran.append(1)",
    "an invisible twin": "ran\ufe0f",
    "a file outside": "../outside.txt",
    "another scheme": "http://example.org/a.png",
    "a private address": "https://127.0.0.1/a.png",
    "a URL with a line break": "https://example.org/a.png\n$`ran.append(1)`",
    "two quotes": "a\"b'c.txt",
    "an output that is none": "Out[99]",
    "digits of another script": "Out[\u0661]",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_out_of_a_file_is_never_an_expression_in_a_cell(demo, page, shell, ran, name):
    for file in ("two\nlines.txt", "--to=ran", "ran.append(1)", "../outside.txt", "a\"b'c.txt", "--code"):
        Path(file).write_text("Text.")
    a_file("Why?", Attachment(NAMES[name], "text", "Text."), name="names")
    shell.run("%gemini_chat import chat.json")
    page.do("chat", chat="names")
    line, _, body = cell_of(page, "a").partition("\n")
    assert body == "Why?"
    for file in ("ran.append(1)", "--to=ran", "--code"):
        Path(file).unlink()  # what is gone when the cell runs
    shell.run_cell(f"{line}\n{body}")
    assert ran == []
    assert reveal(line) == line
    assert line.replace("'", '"') in ("%%gemini", f'%%gemini "{NAMES[name]}"'), line


def test_names_that_a_cell_can_take_come_back(demo, page, shell):
    shell.user_ns["picture"] = Image.new("RGB", (4, 3), "red")
    shell.user_ns["Out"][7] = 7
    Path("my notes.txt").write_text("Text.")
    names = ["picture", "Out[7]", "my notes.txt", "https://example.org/a.png"]
    a_file("Why?", *(Attachment(name, "text", "Text.") for name in names), name="names")
    shell.run("%gemini_chat import chat.json")
    page.do("chat", chat="names")
    assert cell_of(page, "a") == '%%gemini picture Out[7] "my notes.txt" https://example.org/a.png\nWhy?'


def test_standing_instructions_of_two_lines_do_not_end_up_in_the_question(page):
    page.do("set", name="system", value="Be brief.\n$`ran.append(1)`")
    page.ask("Why?")
    assert cell_of(page, page.order[-1]).partition("\n")[2] == "Why?"
    assert page.facts["notice"].startswith("BadRequest: system has no")


# A stranger's page


def test_a_page_attaches_what_the_shelf_offers_and_nothing_else(demo, page, shell, ran):
    Path("notes.txt").write_text("Text.")
    shell.user_ns["picture"] = Image.new("RGB", (4, 3), "red")
    for word in ("ran.append(1)", "notes.txt", "ran", "In", "https://example.org/a.png", '"notes.txt"', "_"):
        page.do("attach", word=word)
        assert page.facts["notice"].startswith("CannotAttach: There is no name")
    page.do("attach", word="picture")
    assert [item["name"] for item in page.facts["tray"]] == ["picture"]
    assert ran == []


def test_a_page_that_runs_no_cells_gets_nothing_evaluated(demo, page, ran):
    page.panel._desk.reads_values = False
    page.ask("Is $`ran.append(1)` so?")
    key = page.order[-1]
    assert asked(demo) == "Is $`ran.append(1)` so?"
    page.panel._desk.reads_values = True
    page.do("edit", key=key)
    page.ask("Is $`ran.append(1)` so?")
    assert (asked(demo), ran) == ("Is $`ran.append(1)` so?", [])


def test_python_evaluates_what_its_person_writes_everywhere(demo, page):
    page.panel._desk.reads_values = False
    page.panel.ask("Is $`1 + 1` so?")
    assert asked(demo) == "Is 2 so?"


OPEN = """
from gemini_magics.notebook.panel.panel import panel
from gemini_magics.notebook.panel.commands import hear
p = panel()
p._ipython_display_()
"""
SEND = """
hear(p._desk, {"do": "send", "text": "Is $`1 + 1` so?"}, [])
while p.running: pass
print(p.conversation.turns[-1].message.parts[-1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("cell, sent", [("c1", "Is 2 so?"), ("", "Is $`1 + 1` so?")], ids=["Lab", "Voila"])
def test_a_panel_knows_whether_a_page_runs_the_cells(cell, sent):
    with Demo([FINE]) as demo, Kernel(demo) as kernel:
        assert kernel.run(OPEN + SEND, cell).stream.splitlines()[-1] == sent


@pytest.mark.parametrize(
    "message, runs", [("execute_request", True), ("comm_msg", False), ("comm_open", False), (None, False)]
)
def test_a_message_of_a_widget_is_no_cell_whatever_it_says_of_itself(message, runs):
    parent = {"header": {"msg_type": message}, "metadata": {"cellId": "c1"}}
    assert Frontend.of(SimpleNamespace(kernel=None, get_parent=lambda: parent)).runs_cells is runs


GOOD = {
    "send": {"text": "Why?"}, "retry": {"key": "a"}, "edit": {"key": "a"}, "draft": {"text": "So"},
    "check": {"number": 0}, "hide": {"key": "a", "hidden": True}, "found": {"text": "", "metadata": {"gemini_magics": {}}},
    "branch": {"key": "a"}, "chat": {"chat": "other"}, "cell": {"key": "a"},
    "set": {"name": "effort", "value": "low"}, "attach": {"word": "fig"},
    "upload": {"name": "a.txt", "key": "1", "last": True}, "drop": {"key": "1"}, "move": {"key": "1", "by": 1},
    "offer": {"name": "fig", "offered": True}, "allow": {"number": 1, "choice": "always"},
    "region": {"key": "1", "box": [0.4, 0.2, 0.6, 0.5]},
    "shelf": {"shown": True}, "thumb": {"name": "fig"}, "more": {"keys": ["a"]},
}  # fmt: skip
ODD = [
    None, True, 5, -1, 10**400, 1e308, float("nan"), [1], [], {}, {"a": 1}, [["a"]], "a" * (TEXT_CHARS + 1),
    ["a"] * 20_000, ["a" * 10_000],
]  # fmt: skip
WRONG = [
    *[(verb, name, value) for verb, fields in GOOD.items() for name in fields for value in ODD],
    *[("set", "value", value) for value in ([1], {"a": 1}, 7, None)],
]


def fits(verb, name, value):
    return VERBS[verb][name](value) and (verb != "set" or name != "value" or SETTINGS["effort"](value))


def test_every_verb_has_its_fields_in_the_table():
    assert {verb: set(fields) for verb, fields in VERBS.items() if fields} == {
        verb: set(fields) for verb, fields in GOOD.items()
    }


@pytest.mark.parametrize("verb", VERBS)
def test_a_wrong_message_is_ignored_with_a_line_in_the_log(page, caplog, capsys, verb):
    before = page.panel._desk.page._number
    wrong = [
        {**GOOD.get(verb, {}), name: value}
        for odd, name, value in WRONG
        if odd == verb and not fits(verb, name, value)
    ]
    wrong += [{**GOOD.get(verb, {}), "more": 1}, *([{}] if verb in GOOD else [])]
    for fields in wrong:
        page.do(verb, **fields)
    page.do(verb, b"1", b"2", **GOOD.get(verb, {}))
    page.do(verb, bytes(PIECE_BYTES + 1), **GOOD.get(verb, {}))
    assert len(caplog.records) == len(wrong) + 2
    assert all(len(record.getMessage()) < 300 for record in caplog.records)
    assert page.panel._desk.page._number == before
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("anchors", ["aa", ["", "a"], ["a", ""]], ids=["the same", "none first", "none last"])
def test_each_turn_of_a_file_that_is_sent_is_shown_in_the_panel(demo, shell, anchors):
    a_file("Why?")
    whole = json.loads(Path("chat.json").read_text("utf-8"))
    (turn,) = whole["exchanges"]
    whole["exchanges"] = [
        {**turn, "anchor": anchor, "question": [f"Question {number}"]} for number, anchor in enumerate(anchors)
    ]
    Path("chat.json").write_text(json.dumps(whole), "utf-8")
    shell.run("%gemini_chat import chat.json")
    opened = Widget(panel())
    shown = "".join(opened.turns[key]["html"] for key in opened.order)
    ask("Go on.", chat="main", service="demo", base_url=demo.base_url)
    sent = json.dumps(demo.requests[-1].json)
    for number in range(len(anchors)):
        assert f"Question {number}" in shown
        assert f"Question {number}" in sent


def test_a_message_that_is_nested_too_deeply_is_ignored(page, caplog):
    deep = []
    for _ in range(5_000):
        deep = [deep]
    page.do("send", text=deep)
    assert "send has a wrong text: a list that is nested too deeply" in caplog.text


@pytest.mark.parametrize("message", [None, 5, [], "send", {}, {"do": None}, {"do": ["send"]}, {"do": "eval"}])
def test_what_is_no_message_is_ignored(page, caplog, message):
    from gemini_magics.notebook.panel.commands import hear

    hear(page.panel._desk, message, [])
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("verb", VERBS)
def test_a_message_about_nothing_is_answered_in_the_panel(demo, shell, verb):
    page = Widget(panel("empty"))
    page.do(verb, **GOOD.get(verb, {}))
    page.wait()
    assert "Traceback" not in json.dumps(page.messages)


def test_a_wrong_setting_of_a_page_changes_nothing_for_later_cells(demo, page, shell):
    for value in ([1], "nobody", {"a": 1}, None):
        page.do("set", name="service", value=value)
    page.ask("Why?")
    assert asked(demo) == "Why?"


def test_files_without_an_end_are_bounded(page):
    tray = page.panel._desk.tray
    for number in range(200):
        page.do("upload", bytes(4_000_000), name="a.bin", key=str(number), last=False)
    assert len(tray._coming) <= attachments.MOST_COMING
    assert sum(map(len, tray._coming.values())) <= attachments.COMING_BYTES
    page.do("upload", b"Text.", name="a.txt", key="150", last=True)  # a piece of one that was given up
    assert page.facts["tray"] == []


def test_a_file_that_is_too_large_is_said_once_and_the_rest_of_it_is_dropped(page):
    for _ in range(8):
        page.do("upload", bytes(15_000_000), name="a.bin", key="1", last=False)
    assert page.facts["notice"].startswith("CannotAttach: a.bin has more than 100 MB")
    page.do("upload", b"", name="a.bin", key="1", last=True)
    assert page.facts["tray"] == []


def test_a_question_has_at_most_a_hundred_attachments(page):
    for number in range(120):
        page.do("upload", b"Text.", name="a.txt", key=str(number), last=True)
    assert len(page.facts["tray"]) == attachments.MOST
    assert "at most 100 attachments" in page.facts["notice"]


def test_long_names_of_chats_do_not_fill_the_messages(page, caplog):
    page.do("chat", chat="a" * 100_000)
    page.do("chat", chat="two words")
    assert page.facts["notice"].startswith("BadRequest: 'two words' cannot name a conversation")
    assert len(json.dumps(page.messages)) < 100_000


def test_a_picture_of_a_file_is_no_markup(demo, shell):
    picture = Media("image/png", b"\x89PNG")
    a_file("Why?", Attachment("x", "image", picture))
    whole = json.loads(Path("chat.json").read_text("utf-8"))
    (medium,) = whole["media"].values()
    assert medium["base64"] == b64encode(b"\x89PNG").decode()
    medium["type"] = 'image/png"><script>'
    Path("chat.json").write_text(json.dumps(whole), "utf-8")
    with pytest.raises(Exception, match="no media type"):
        shell.run("%gemini_chat import chat.json")
