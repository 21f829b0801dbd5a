"""Conversations: what is sent, what is replaced, what is kept and comes back."""

import dataclasses
import json
import os
import stat

import pytest
from markdown_it import MarkdownIt

from gemini_magics import Answer, BadRequest, Media
from gemini_magics.chat import archive
from gemini_magics.chat.archive import as_json
from gemini_magics.chat.conversation import Conversation, conversations, keep, known, next_question, remember
from gemini_magics.chat.transcript import inert
from gemini_magics.core.answer import CUT, FAILED, INTERRUPTED, close, fold
from gemini_magics.core.messages import Attachment, Citation, Message, Text, Thinking, Usage
from gemini_magics.core.settings import Settings

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture(autouse=True)
def nothing_said_before():
    conversations.clear()
    yield
    conversations.clear()


def said(text, *, thinking="", ended="stop", **fields):
    answer = Answer(**{"service": "demo", "model": "gemini-3.1-pro", "effort": "high", **fields})
    for event in (Thinking(thinking), Text(text)):
        if event.text:
            fold(answer, event)
    fold(answer, Usage(10, 5, 15, 2, 0.5))
    close(answer, ended)
    return answer


def picture(name="fig", data=PNG):
    return Attachment(name, "figure", Media("image/png", data, width=1, height=1))


def user(*parts):
    return Message("user", parts)


def chat_of(*cells, name="main"):
    """A conversation of these cells, each of which asked with its own name."""
    chat = Conversation(name)
    for cell in cells:
        chat.put(cell, user(f"{cell}?"), said(f"{cell}."))
    return chat


def texts(messages):
    return ["".join(part for part in message.parts if isinstance(part, str)) for message in messages]


def stale(chat):
    return [turn.anchor for turn in chat.turns if turn.stale]


def test_a_question_goes_with_all_that_was_said_before():
    chat = chat_of("a", "b")
    assert texts(chat.messages_before("new")) == ["a?", "a.", "b?", "b."]
    assert [message.role for message in chat.messages_before()] == ["user", "assistant"] * 2


def test_a_cell_that_runs_again_is_asked_with_what_was_before_it_and_takes_its_own_place():
    chat = chat_of("a", "b", "c")
    assert texts(chat.messages_before("b")) == ["a?", "a."]
    chat.put("b", user("b, again?"), said("b, again."))
    assert texts(chat.messages_before()) == ["a?", "a.", "b, again?", "b, again.", "c?", "c."]


def test_what_comes_after_a_replaced_turn_is_stale_and_still_sent_unless_dropped():
    chat = chat_of("a", "b", "c")
    chat.put("a", user("a?"), said("something else"))
    assert stale(chat) == ["b", "c"]
    assert len(chat.messages_before("d")) == 6
    assert texts(chat.messages_before("d", drop_stale=True)) == ["a?", "something else"]


def test_a_stale_cell_that_runs_again_is_fresh():
    chat = chat_of("a", "b", "c")
    chat.put("a", user("a?"), said("something else"))
    chat.put("b", user("b?"), said("b."))
    assert stale(chat) == ["c"]


def test_a_cell_that_says_the_same_again_makes_nothing_stale():
    chat = chat_of("a", "b")
    chat.put("a", user("a?"), said("a."))
    assert stale(chat) == []
    chat.put("a", user("a?", picture()), said("a."))
    assert stale(chat) == ["b"]


@pytest.mark.parametrize("ended", [INTERRUPTED, CUT, FAILED])
def test_an_unfinished_answer_stays_and_is_sent_only_if_asked(ended):
    chat = chat_of("a")
    chat.put("b", user("b?"), said("b, as far as", ended=ended))
    assert [turn.partial for turn in chat.turns] == [False, True]
    assert texts(chat.messages_before("c")) == ["a?", "a."]
    assert texts(chat.messages_before("c", with_partial=True)) == ["a?", "a.", "b?", "b, as far as"]


def test_an_answer_of_thoughts_alone_is_never_sent():
    chat = Conversation()
    chat.put("a", user("a?"), said("", thinking="Hm."))
    assert chat.turns[0].partial
    assert chat.messages_before("b", with_partial=True) == ()


def test_thoughts_are_never_sent_back():
    chat = Conversation()
    chat.put("a", user("a?"), said("Yes.", thinking="A secret thought."))
    assert "secret" not in str(chat.messages_before())


def test_a_picture_that_is_named_twice_is_kept_once():
    chat = Conversation()
    chat.put("a", user(picture(), "a?"), said("a."))
    chat.put("b", user(picture("again", bytes(bytearray(PNG))), "b?"), said("b."))
    first, second = (turn.message.attachments[0] for turn in chat.turns)
    assert first.content is second.content
    assert second.name == "again"
    assert chat.turns[1].answer.attachments[0].content is first.content
    assert len(chat.images) == 1


def test_a_branch_goes_its_own_way_and_shares_what_was_said():
    chat = chat_of("a", "b")
    keep(chat)
    idea = chat.branch("idea")
    idea.put("a", user("a?"), said("otherwise"))
    idea.put("c", user("c?"), said("c."))
    assert (stale(idea), stale(chat)) == (["b"], [])
    assert [len(each.turns) for each in (chat, idea)] == [2, 3]
    assert conversations == {"main": chat, "idea": idea}


def test_a_conversation_is_renamed_and_reset():
    chat = chat_of("a")
    keep(chat)
    chat.rename("plan")
    assert conversations == {"plan": chat}
    assert chat.name == "plan"
    chat.reset()
    assert chat.turns == []
    assert known("plan") is chat


def test_no_conversation_is_lost_to_another_of_its_name():
    for name in ("main", "idea"):
        keep(chat_of("a", name=name))
    for lose in (
        lambda: known("main").rename("idea"),
        lambda: known("main").branch("idea"),
        lambda: keep(chat_of("b", name="idea")),
    ):
        with pytest.raises(BadRequest, match="already a conversation idea"):
            lose()
    known("idea").reset()
    known("main").branch("idea")


@pytest.mark.parametrize("name", ["", "two words", "--chat", "reset", "import", "\n", None, True])
def test_what_cannot_name_a_conversation_is_refused(name):
    with pytest.raises(BadRequest, match="cannot name a conversation"):
        Conversation(name)


def test_a_mistyped_name_is_answered_with_the_nearest():
    with pytest.raises(BadRequest, match="begin one"):
        known("main")
    for name in ("main", "idea"):
        keep(Conversation(name))
    with pytest.raises(BadRequest, match=r"Did you mean main\?"):
        known("mian")


def ask(prompt, answer, cell="", **settings):
    question = next_question(user(prompt), Settings(**settings), cell, cell)
    remember(question, answer)
    return texts(question.messages)


def test_a_question_without_a_chat_stands_alone():
    ask("a?", said("a."), chat="main")
    assert ask("b?", said("b.")) == ["b?"]
    assert len(known("main").turns) == 1


def test_a_call_from_python_is_a_new_turn_each_time():
    assert ask("Go on.", said("One."), chat="main") == ["Go on."]
    assert ask("Go on.", said("Two."), chat="main") == ["Go on.", "One.", "Go on."]


def test_a_question_of_which_nothing_came_leaves_the_turn_that_was_there():
    ask("a?", said("a."), "cell", chat="main")
    ask("a?", said("", ended=FAILED), "cell", chat="main")
    assert texts(known("main").messages_before()) == ["a?", "a."]


def test_a_corrected_answer_stays_with_the_question_that_was_asked():
    question = next_question(user("A number?"), Settings(chat="main"))
    remember(question, said("many"))
    complaint = dataclasses.replace(
        question,
        messages=(*question.messages, Message("assistant", ("many",)), user("That is not a number.")),
        original=question.message,
    )
    remember(complaint, said("7"))
    assert texts(known("main").messages_before()) == ["A number?", "7"]


def test_a_conversation_that_has_grown_too_large_for_a_request_says_so():
    message = user(picture(), "a?")
    remember(next_question(message, Settings(chat="main")), said("a."))
    next_question(message, Settings(request_bytes=len(PNG)))
    next_question(message, Settings(chat="main", request_bytes=2 * len(PNG)))
    with pytest.raises(BadRequest, match=r"conversation main .*--chat NAME"):
        next_question(message, Settings(chat="main", request_bytes=2 * len(PNG) - 1))


def full_chat():
    """A conversation that has one of everything."""
    chat = Conversation("main")
    link = Attachment("https://example.org/a.pdf", "link", Media("", url="https://example.org/a.pdf"))
    table = Attachment("df", "table", "a,b\n1,2", "2 of 9 rows")
    inline = Attachment("fig", "figure", Media("image/png", PNG, None, 1, 1), "scaled", inline=True)
    chat.put(
        "4f1c",
        user(picture(), link, table, "Is ", inline, " red? ⟨ü⟩ \u2028"),
        said("Yes.", thinking="Hm."),
        "In [3]",
    )
    chat.put(
        "4f1d",
        user(picture("again"), "And\nnow?"),
        said("No \ud800.", ended=CUT, problem="It broke.", recorded="2026-11-22"),
    )
    fold(chat.turns[0].answer, Citation("https://example.org", "A source", 1, 3))
    chat.turns[1].stale = True
    return chat


def told(chat):
    """All that a conversation holds, to be compared."""
    names = [
        field.name for field in dataclasses.fields(Answer) if field.name[0] != "_" and field.name != "clock"
    ]
    names += ["thinking", "text"]
    return [
        (e.anchor, e.place, e.message, e.stale, {name: getattr(e.answer, name) for name in names})
        for e in chat.turns
    ]


def test_what_is_exported_as_json_comes_back_the_same(tmp_path):
    chat = full_chat()
    chat.export(tmp_path / "main.json")
    again = Conversation.load(tmp_path / "main.json")
    assert told(again) == told(chat)
    assert again.name == "main"
    assert as_json(again.name, again.turns) == as_json(chat.name, chat.turns)
    assert texts(again.messages_before(with_partial=True)) == texts(chat.messages_before(with_partial=True))


def test_a_file_holds_each_picture_once_and_can_be_read_by_people(tmp_path):
    full_chat().export(tmp_path / "main.json")
    text = (tmp_path / "main.json").read_text("utf-8")
    assert text.count('"base64"') == 1
    assert "⟨ü⟩" in text
    assert len(text.splitlines()) > 50


def test_a_loaded_conversation_goes_on(tmp_path):
    full_chat().export(tmp_path / "main.json")
    keep(Conversation.load(tmp_path / "main.json"))
    assert ask("And?", said("So."), chat="main")[-2:] == ["Yes.", "And?"]
    assert ask("Anew?", said("So."), "4f1c", chat="main") == ["Anew?"]
    assert stale(known("main"))[0] == "4f1d"


def edited(text, **changes):
    return json.dumps({**json.loads(text), **changes})


def test_an_export_is_read_as_markdown(tmp_path):
    chat = full_chat()
    chat.export(tmp_path / "main.md")
    text = (tmp_path / "main.md").read_text("utf-8")
    assert text.startswith("<!-- gemini_magics conversation -->\n\n# main\n\n## In \\[3\\]\n")
    for piece in (
        "- fig · figure",
        "Is [fig · figure",
        "⟨ü⟩",
        "### Answer\n\nYes.",
        "And\nnow?",
        "stale, cut",
        "recorded",
    ):
        assert piece in text
    assert "Hm." not in text
    assert "iVBO" not in text


HARMLESS = [
    "# Title\n\n*Words*, `vec![1, 2]` and `a < b`.\n\n| a | b |\n|--:|---|\n| 1 | x |",
    "```html\n<img src=x> ![x](https://evil.example/x.png)\n```",
    "    <b>indented code</b>",
    "$a < b$ and 1 < 2, [a link](https://example.org), <https://example.org>",
    "> quoted\n> ~~~\n> <b>\n> ~~~",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_markdown_without_tags_and_images_is_exported_as_it_is(text):
    assert inert(text) == text


HOSTILE = {
    "tag": "Look <img src=x onerror=alert(1)> here",
    "block": "<script>\nalert(1)\n</script>\n\nwords",
    "image": "![x](https://evil.example/x.png)",
    "image without scheme": "![x](//evil.example/x.png)",
    "image of a file": "![x](../secret.png)",
    "reference": "![x][1]\n\n[1]: https://evil.example/x.png",
    "collapsed reference": "![x]\n\n[x]: https://evil.example/x.png",
    "linked image": "[![x](https://evil.example/x.png)](https://example.org)",
    "in a table": "| a |\n|---|\n| ![x](https://evil.example/x.png) |",
    "in a heading": "# ![x](https://evil.example/x.png)",
    "in a list": "- a\n  - ![x](https://evil.example/x.png)",
    "in a formula": "$![x](https://evil.example/x.png)$",
    "escaped backtick": "\\`![x](https://evil.example/x.png)`",
    "over two lines": "![x\ny](https://evil.example/x.png)",
    "comment that opens a fence": "<!--\n```\n-->\n```\n![x](https://evil.example/x.png)\n```",
    "tag around a fence": "<div>\n```\n</div>\n\n![x](https://evil.example/x.png)\n\n```\n<b>\n```",
    "deep quotation": ">" * 150 + " ![x](https://evil.example/x.png)",
    "deep list": "".join("  " * depth + "- a\n" for depth in range(120))
    + "  " * 120
    + "- ![x](https://evil.example/x.png)",
    "many rounds": "".join(f"<!--\n{'`' * n}\n-->\n" for n in range(40, 3, -1))
    + "![x](https://evil.example/x.png)",
    "many brackets": "[" * 500 + "![x](https://evil.example/x.png)" + "]" * 500,
    "long": "a " * 200_000 + "![x](https://evil.example/x.png)",
    "carriage return": "```\r![x](https://evil.example/x.png)\r```",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markdown_is_exported_without_tags_and_images(name):
    exported = inert(HOSTILE[name])
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": False, "maxNesting": 300})
    reader.validateLink = lambda url: True
    shown = reader.render(exported)
    assert "<img" not in shown
    assert "<script" not in shown
    assert "<div" not in shown


def test_names_in_an_export_are_only_names(tmp_path):
    chat = Conversation("![x](https://evil.example)")
    chat.put("a", user(picture("<img src=x>"), "a?"), said("a.", model="<b>gemini</b>"))
    chat.export(tmp_path / "main.md")
    shown = MarkdownIt("commonmark").render((tmp_path / "main.md").read_text("utf-8"))
    assert "<img" not in shown
    assert "<b>" not in shown


def test_a_conversation_shows_itself_whole_and_inert():
    chat = full_chat()
    chat.put(
        "c",
        user("<img src=x> $\\require{x}$\u202e"),
        said("<img src=x> ![x](https://evil.example/x.png)"),
        "In [9]",
    )
    shown = chat._repr_mimebundle_()
    for piece in ("In [3]", "stale, cut", "Is [fig", "2 images", "3 turns", "about "):
        assert piece in shown["text/html"]
        assert piece in shown["text/plain"]
    assert "<img" not in shown["text/html"]
    assert "\u202e" not in shown["text/html"] + shown["text/plain"]


BROKEN = {
    "no json": lambda text: text[:-20],
    "a list": lambda text: "[]",
    "another format": lambda text: edited(text, format="notebook"),
    "a later version": lambda text: edited(text, version=2),
    "no name": lambda text: edited(text, name=None),
    "a bad name": lambda text: edited(text, name="two words"),
    "no exchanges": lambda text: edited(text, exchanges={}),
    "lost media": lambda text: edited(text, media={}),
    "a changed medium": lambda text: text.replace('"base64": "iVBO', '"base64": "iVBP'),
    "no base64": lambda text: text.replace('"base64": "iVBO', '"base64": "&&&&'),
    "a number for a text": lambda text: text.replace('"text": "Yes."', '"text": 5'),
    "a text for a number": lambda text: text.replace('"credits": 0.5', '"credits": "much"'),
    "nested too deeply": lambda text: "[" * 100_000,
    "nested 986 deep": lambda text: text.replace("{", '{"mood": ' + "[" * 986 + "]" * 986 + ",", 1),
    "a number that is none": lambda text: text.replace('"credits": 0.5', '"credits": NaN'),
    "no end": lambda text: text.replace('"credits": 0.5', '"credits": Infinity'),
    "401 digits": lambda text: text.replace('"credits": 0.5', '"credits": ' + "9" * 401),
    "a number without bounds": lambda text: text.replace('"credits": 0.5', '"credits": 1e300'),
    "a private address": lambda text: text.replace('"https://example.org/', '"https://127.0.0.1/'),
    "markup for a media type": lambda text: text.replace('"image/png"', '"image/png;base64,x"'),
    "half a character in an anchor": lambda text: text.replace('"4f1c"', r'"\ud83d"'),
    "an anchor without end": lambda text: text.replace('"4f1c"', f'"{"a" * 100_000}"'),
    "a name without end": lambda text: edited(text, name="a" * 100_000),
    "a name that drives a terminal": lambda text: edited(text, name="a\u202eb"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_conversation_is_refused_in_one_line(name, tmp_path):
    file = tmp_path / "main.json"
    whole = as_json("main", full_chat().turns).encode("utf-8", "backslashreplace").decode()
    broken = BROKEN[name](whole)
    assert broken != whole
    file.write_text(broken, "utf-8")
    with pytest.raises(BadRequest, match=r"main\.json|cannot name") as raised:
        Conversation.load(file)
    assert "\n" not in str(raised.value)


def test_a_file_without_end_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "FILE_BYTES", 1_000_000)
    file = tmp_path / "main.json"
    with file.open("wb") as written:
        written.truncate(2**40)  # no disk is needed for it
    with pytest.raises(BadRequest, match=r"main\.json has more than 1\.0 MB: import a smaller"):
        Conversation.load(file)


def test_the_turn_with_the_fault_is_named(tmp_path):
    whole = json.loads(as_json("main", full_chat().turns).encode("utf-8", "backslashreplace"))
    whole["exchanges"][1]["answer"]["total_s"] = -1
    (tmp_path / "main.json").write_text(json.dumps(whole), "utf-8")
    with pytest.raises(BadRequest, match=r"turn 2: total_s should be a number from 0"):
        Conversation.load(tmp_path / "main.json")


def test_an_export_goes_through_no_link(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "main.md").symlink_to("../.bash_aliases")
    (folder / "out").symlink_to("..")
    for name in ("main.md", "out/main.md"):
        with pytest.raises(BadRequest, match="link"):
            full_chat().export(name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_refused(tmp_path):
    (tmp_path / "photo.json").write_bytes(b"\xff\xd8\xff")
    for name in ("photo.json", "missing.json", "."):
        with pytest.raises(BadRequest):
            Conversation.load(tmp_path / name)


def test_an_export_replaces_an_export_and_nothing_else(tmp_path):
    chat = full_chat()
    for name in ("main.json", "main.md"):
        chat.export(tmp_path / name)
        chat.export(tmp_path / name)
    (tmp_path / "README.md").write_text("# Mine", "utf-8")
    with pytest.raises(BadRequest, match=r"README\.md is there"):
        chat.export(tmp_path / "README.md")
    assert (tmp_path / "README.md").read_text("utf-8") == "# Mine"


@pytest.mark.parametrize("name", ["main.txt", "main", "no/such/folder/main.md"])
def test_a_file_that_cannot_be_written_is_refused(name, tmp_path):
    with pytest.raises(BadRequest):
        full_chat().export(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_breaks_off_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    chat = full_chat()
    chat.export(tmp_path / "main.json")
    before = (tmp_path / "main.json").read_bytes()
    chat.put("new", user("new?"), said("new."))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(BadRequest, match="No space left"):
        chat.export(tmp_path / "main.json")
    assert [path.name for path in tmp_path.iterdir()] == ["main.json"]
    assert (tmp_path / "main.json").read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such modes")
def test_an_export_is_for_its_owner_alone(tmp_path):
    full_chat().export(tmp_path / "main.json")
    assert stat.S_IMODE((tmp_path / "main.json").stat().st_mode) == 0o600
