"""An answer is kept: what it was asked, as plain values, as a file, as a copy."""

import asyncio
import copy
import json
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pandas as pd
import pytest
from PIL import Image

from gemini_magics import Answer, BadRequest, Cancel, Citation, Conversation, aask, ask, batch
from gemini_magics.chat.ask_settings import AskSettings
from gemini_magics.core.answer import fold
from gemini_magics.core.messages import Text
from gemini_magics.core.settings import Settings
from gemini_magics.testing import Act, Demo, Head, chunk, stream

TEXT = "It is **odd**.\n\n<script>alert(1)</script> ![x](https://example.org/x.png)"


@pytest.fixture
def demo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Demo([stream(TEXT, thoughts=["Hm."])]) as demo:
        yield demo


@pytest.fixture
def settings(demo):
    return {"service": "demo", "base_url": demo.base_url}


@pytest.fixture
def answer(settings):
    return ask("What is odd?\nWhy <b>?", Image.new("RGB", (4, 3)), **settings)


def labels(demo):
    parts = demo.requests[-1].json["messages"][-1]["content"]
    return [part["text"] for part in parts if "text" in part][:-1]


def test_an_answer_knows_its_question(answer, shell):
    assert answer.question == "What is odd?\nWhy <b>?"
    with Demo([stream("Fine.")]) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"\n%config GeminiMagics.service = "demo"')
        shell.run("n = 3\nreply = %gemini Is it $`n`?")
    assert shell.user_ns["reply"].question == "Is it 3?"


def test_as_plain_values_it_is_ready_for_json(answer):
    facts = json.loads(json.dumps(answer.to_dict()))
    assert (facts["question"], facts["text"], facts["thinking"]) == (answer.question, TEXT, "Hm.")
    assert (facts["service"], facts["ended"], facts["usage"]["credits"]) == ("demo", "stop", 0.01)
    (sent,) = facts["attachments"]
    assert (sent["kind"], sent["type"], len(sent["sha256"])) == ("image", "image/png", 64)


def test_it_is_saved_by_the_ending_of_the_name_and_nothing_in_the_file_runs(answer):
    for name in ("a.md", "a.html", "a.json"):
        answer.save(name)
        answer.save(Path(name))  # a saved answer is replaced
        written = Path(name).read_text("utf-8")
        assert "odd" in written and "0.01" in written
        if name != "a.json":
            assert "<script>" not in written
            assert "<img" not in written and "![" not in written
    assert json.loads(Path("a.json").read_text("utf-8")) == answer.to_dict()
    assert "default-src 'none'" in Path("a.html").read_text("utf-8")
    assert "Why <b>?" not in Path("a.html").read_text("utf-8")


def test_a_file_of_something_else_is_not_replaced(answer):
    Path("notes.md").write_text("mine")
    with pytest.raises(BadRequest, match=r"notes\.md is there and is not a saved answer"):
        answer.save("notes.md")
    assert Path("notes.md").read_text() == "mine"
    for wrong, said in {"a.txt": r"\.md, \.html or \.json", "nowhere/a.md": "cannot be written"}.items():
        with pytest.raises(BadRequest, match=said):
            answer.save(wrong)


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.json"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(answer, name):
    os.mkfifo(name)
    with pytest.raises(BadRequest, match=r"cannot be written .It is a pipe or a device"):
        answer.save(name)


def test_a_copy_and_a_pickle_are_equal_to_it(answer, settings):
    copies = [copy.copy(answer), copy.deepcopy(answer), pickle.loads(pickle.dumps(answer))]
    assert all(each == answer and hash(each) == hash(answer) and each is not answer for each in copies)
    assert all(each.to_dict() == answer.to_dict() for each in copies)
    assert answer != ask("Something else?", **settings)
    assert answer != "It is odd."


def test_a_copy_and_a_pickle_of_a_replay_are_equal_to_it(demo, settings):
    asked, replayed = (ask("What is odd?", recording="answers.jsonl", **settings) for _ in range(2))
    assert replayed.recorded
    for each in (copy.copy(replayed), copy.deepcopy(replayed), pickle.loads(pickle.dumps(replayed))):
        assert each == replayed
        assert each.seconds == replayed.seconds
        assert each.text == asked.text
    table = [batch(pd.DataFrame({"x": [1]}), "What is $`x`?", **settings) for _ in range(2)][1]
    table.to_pickle("table.pkl")
    assert pd.read_pickle("table.pkl").answer[0] == table.answer[0]


def test_a_copy_of_an_answer_that_grows_does_not_grow_with_it():
    growing = Answer()
    fold(growing, Text("One. "))
    copies = [copy.copy(growing), copy.deepcopy(growing), pickle.loads(pickle.dumps(growing))]
    assert all(each == growing for each in copies)
    fold(growing, Text("Two."))
    fold(growing, Citation("https://example.org"))
    assert [(each.text, each.citations) for each in copies] == [("One. ", [])] * 3
    assert all(each != growing for each in copies)


def test_the_methods_of_an_answer_read_it_and_none_of_them_changes_what_the_model_said():
    methods = {name for name in dir(Answer) if name[0] != "_" and callable(getattr(Answer, name))}
    assert methods - {"clock"} == {"draw", "json", "save", "table", "to_dict"}


def test_an_attachment_has_the_name_of_the_variable_that_holds_it(demo, settings):
    before, after = Image.new("RGB", (4, 3)), Image.new("RGB", (4, 3), "red")
    ask("What changed?", before, after, **settings)
    assert labels(demo) == ["before:", "after:"]
    ask("What changed?", {"old one": before, "new one": after}, **settings)
    assert labels(demo) == ["old one:", "new one:"]
    pictures = [before, after]
    ask("What changed?", pictures, **settings)
    assert labels(demo) == ["pictures[0]:", "pictures[1]:"]
    same = before
    ask("What?", before, Image.new("RGB", (4, 3)), **settings)  # two names are no certain one
    assert labels(demo) == ["attachment 1:", "attachment 2:"]
    assert same is before


def test_the_panel_names_an_attachment_by_its_keyword(shell):
    from gemini_magics import panel

    opened = panel("named")
    opened.attach(before=Image.new("RGB", (4, 3)), after=Image.new("RGB", (4, 3)))
    assert [each.name for each in opened._desk.tray.attachments] == ["before", "after"]


def test_each_setting_is_a_typed_keyword_of_ask():
    typed = get_type_hints(AskSettings)
    own = {setting.name: setting.type for setting in fields(Settings)}
    assert list(typed) == list(own)
    written = AskSettings.__annotations__
    for name, kind in own.items():
        if name not in ("chat", "recording"):
            assert getattr(written[name], "__forward_arg__", written[name]) == kind
    assert {str, Conversation, type(None)} == set(get_args(typed["chat"]))
    assert AskSettings.__optional_keys__ == set(own)


@pytest.mark.thorough  # mypy and pyright read the whole package
def test_type_checkers_know_the_settings_of_ask(tmp_path):
    source = """
from gemini_magics import aask, ask
ask("How?", effort="low", retries=1, chat="main")
async def main() -> str:
    return (await aask("How?", search=True)).text
ask("How?", efort="low")
ask("How?", retries="two")
"""
    (tmp_path / "script.py").write_text(source)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--follow-imports=silent",
        "--cache-dir",
        str(tmp_path / "cache"),
        "script.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=with_path())
    problems = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert [line.split(":")[1] for line in problems] == ["6", "7"], done.stdout + done.stderr


def with_path():
    import os

    return {**os.environ, "MYPYPATH": str(Path(__file__).parents[2])}


def awaited(coroutine):
    """Run it in a thread of its own: Playwright keeps a loop running in the main thread of a whole run."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def test_questions_are_awaited_side_by_side(demo, settings):
    async def both():
        return await asyncio.gather(*(aask(f"Question {n}?", **settings) for n in range(3)))

    answers = awaited(both())
    assert [answer.question for answer in answers] == ["Question 0?", "Question 1?", "Question 2?"]
    assert all(answer.text == TEXT for answer in answers)


def test_a_task_that_is_cancelled_stops_its_question(tmp_path):
    begun = threading.Event()

    def slowly(request):
        yield Head()
        yield chunk(content="It ")
        begun.set()
        yield Act.HANG

    async def stopped(settings):
        task = asyncio.create_task(aask("How?", **settings))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with Demo(slowly) as demo:
        awaited(stopped({"service": "demo", "base_url": demo.base_url}))  # it ends, so its thread has ended
        assert len(demo.requests) == 1


def test_a_question_that_is_awaited_is_stopped_by_the_callers_cancel_too(settings):
    cancel = Cancel()
    cancel.cancel()
    answer = awaited(aask("How?", cancel=cancel, **settings))
    assert answer.ended == "interrupted"
