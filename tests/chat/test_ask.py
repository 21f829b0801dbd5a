"""Questions from Python: what stops them, what came of them, and errors that stay short."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gemini_magics import BadRequest, Cancel, CannotAttach, Conversation, GeminiError, ask
from gemini_magics.chat.run import Nobody, answer_to
from gemini_magics.chat.usage import ledger
from gemini_magics.core.messages import Message
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings
from gemini_magics.render.status import footer_text, notices, status_text
from gemini_magics.testing import Act, Demo, Head, body, chunk, ending, envelope, event, stream, took
from gemini_magics.testing import whole as reply

STREAMED = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
LONG = "A sentence of the question. " * 6_000


def asked(script, prompt="Well?", **settings):
    with Demo([script]) as demo:
        return ask(prompt, service="demo", base_url=demo.base_url, **settings)


def whole(**choice):
    return body({"choices": [{"index": 0, **choice}], **took(1, 1)})


# --- what came ---

SEARCH = [{"index": 0, "id": "1", "type": "function", "function": {"name": "googleSearch", "arguments": "{}"}}]
HANDED_BACK = {
    "streamed": [Head(), chunk(tool_calls=SEARCH), *ending("tool_calls", took(1, 1))],
    "streamed, as stop": [
        Head(), chunk(content="I will look."), chunk("stop", tool_calls=SEARCH), event("[DONE]"),
    ],
    "whole": whole(message={"content": None, "tool_calls": SEARCH}, finish_reason="tool_calls"),
}  # fmt: skip


@pytest.mark.parametrize("name", HANDED_BACK)
def test_a_search_that_was_offered_and_handed_back_is_told_as_that(name):
    told = notices(asked(HANDED_BACK[name], search=True, stream=name != "whole"))[0]
    assert told.startswith("The service handed the search back (googleSearch) instead of running it")
    told = notices(asked(HANDED_BACK[name], stream=name != "whole"))[0]
    assert told == "The model asked for a tool (googleSearch), but the question offered none."


def test_a_tool_that_extra_offered_was_offered():
    tools = [{"type": "function", "function": {"name": "f"}}]
    call = [{"index": 0, "function": {"name": "f", "arguments": "{}"}}]
    answer = asked([Head(), chunk(tool_calls=call), *ending("tool_calls", took(1, 1))], extra={"tools": tools})
    assert notices(answer)[0] == (
        "The model asked for a tool (f), which is not run: functions of yours are offered by --tool."
    )


def test_a_recorded_search_that_was_handed_back_is_told_as_it_was(tmp_path):
    settings = {"search": True, "recording": str(tmp_path / "a.jsonl")}
    with Demo([HANDED_BACK["streamed"]]) as demo:
        answers = [ask("Well?", service="demo", base_url=demo.base_url, **settings) for _ in range(2)]
        assert len(demo.requests) == 1
    assert notices(answers[0]) == notices(answers[1])
    assert answers[1].recorded and answers[1].called == ("googleSearch",)


@STREAMED
def test_thoughts_that_were_hidden_are_not_no_answer(streamed):
    thought = (
        [Head(), chunk(reasoning_content="Hm."), *ending("stop", took(1, 1))]
        if streamed
        else whole(message={"content": "", "reasoning_content": "Hm."}, finish_reason="stop")
    )
    answer = asked(thought, thoughts=False, stream=streamed)
    assert answer.thinking == ""
    assert notices(answer) == [
        "The model thought, but gave no answer. Its thoughts are hidden (--no-thoughts)."
    ]
    assert notices(asked(thought, stream=streamed)) == ["The model thought, but gave no answer."]


def test_hidden_thoughts_of_a_failed_answer_may_have_cost_something():
    ledger.clear()
    with pytest.raises(GeminiError):
        asked([Head(), chunk(reasoning_content="Hm."), event({"error": {"message": "Lost"}})], thoughts=False)
    assert len(ledger) == 1
    ledger.clear()


HALVES = {
    "every chunk says stop": [Head(), chunk("stop", content="Half "), chunk("stop", content="of"), Act.HANG],
    "an event that is an error": [
        Head(),
        chunk(content="Half"),
        b"event: error\ndata: {}\n\n",
        event("[DONE]"),
    ],
    "a bare line": [Head(), chunk(content="Half"), b'{"error": {"message": "Lost"}}\n\n'],
    "after the reason": [Head(), chunk(content="Half"), chunk("stop"), event({"code": 500, "msg": "Lost"})],
    "a refusal": [Head(), chunk(content="Half"), chunk("stop", refusal="No."), event("[DONE]")],
}


@pytest.mark.parametrize("name", HALVES)
def test_half_an_answer_is_never_recorded_nor_sent_along(name, tmp_path):
    conversation = Conversation(tmp_path.name)
    recording = tmp_path / "a.jsonl"
    with Demo([HALVES[name], stream("All.")]) as demo:
        common = {
            "service": "demo", "base_url": demo.base_url, "chat": conversation, "recording": str(recording),
            "finish_timeout_s": 0.2,
        }  # fmt: skip
        with pytest.raises(GeminiError) as caught:
            ask("One?", **common)
        assert caught.value.answer.text.startswith("Half")
        assert not recording.exists() or not recording.read_text()
        assert ask("Two?", **common).text == "All."
        messages = demo.requests[-1].json["messages"]
    assert "Half" not in json.dumps(messages)


# --- stopping many ---


def held_up(request):
    if "quick" in json.dumps(request.json):
        return stream("Done.")
    return [Head(), chunk(content="Half"), Act.HANG]


def test_one_answer_that_ends_does_not_stop_the_others_of_its_switch():
    with Demo(held_up) as demo, ThreadPoolExecutor(2) as pool, Cancel() as cancel:
        common = {"service": "demo", "base_url": demo.base_url, "cancel": cancel}
        slow = pool.submit(ask, "slow", **common)
        assert pool.submit(ask, "quick", **common).result().ended == "stop"
        assert not cancel.cancelled and not slow.done()
        cancel.cancel()
        assert slow.result().ended == "interrupted"


def test_an_interrupt_in_the_pool_stops_the_questions_of_all_threads():
    answers, begun = [], threading.Barrier(5)

    def ask_one(n):
        return ask(f"{n}", service="demo", base_url=demo.base_url, cancel=cancel)

    def script(request):
        begun.wait(30)
        return held_up(request)

    with Demo(script) as demo:
        with pytest.raises(KeyboardInterrupt):  # noqa: SIM117 - the form that the docstring shows
            with ThreadPoolExecutor(4) as pool, Cancel() as cancel:
                answers += [pool.submit(ask_one, n) for n in range(4)]
                begun.wait(30)
                raise KeyboardInterrupt
        assert [each.result().ended for each in answers] == ["interrupted"] * 4
        assert all(request.left.wait(5) for request in demo.requests)


def test_the_docstring_of_ask_shows_how_to_stop_many():
    assert "with ThreadPoolExecutor(8) as pool, Cancel() as cancel:" in ask.__doc__


def test_a_switch_that_was_pulled_asks_nothing():
    with Demo([stream("No.")]) as demo, Cancel() as cancel:
        cancel.cancel()
        assert ask("Well?", service="demo", base_url=demo.base_url, cancel=cancel).ended == "interrupted"
        assert not demo.requests


# --- errors stay short ---

TOO_LONG = {
    "a text": lambda: ask("Shorten this.", LONG),
    "a text of one line": lambda: ask("Shorten this.", LONG.replace(" ", "_")),
    "a text with a NUL": lambda: ask("Shorten this.", "\0" + LONG),
    "a text with a URL": lambda: ask("Shorten this.", f"See https://a.example/ {LONG}"),
    "a text that begins with a URL": lambda: ask("Shorten this.", f"https://a.example/ {LONG}"),
    "a path": lambda: ask("Shorten this.", Path(LONG)),
    "a setting": lambda: ask("Well?", effort=LONG),
    "a service": lambda: ask("Well?", service=LONG),
    "a setting that is none": lambda: ask("Well?", **{LONG: 1}),
    "a conversation": lambda: ask("Well?", chat=LONG),
    "a budget": lambda: ask("Well?", budget=LONG),
    "a recording": lambda: ask("Well?", recording=LONG),
    "a schema": lambda: ask("Well?", schema=LONG),
}


@pytest.mark.parametrize("name", TOO_LONG)
def test_no_error_holds_a_whole_text(name):
    with pytest.raises(BadRequest) as caught:
        TOO_LONG[name]()
    assert len(str(caught.value)) <= 2_000
    assert "\n" not in str(caught.value)


def test_a_text_that_is_no_file_says_where_text_goes():
    with pytest.raises(CannotAttach) as caught:
        ask("Shorten this.", LONG)
    assert len(str(caught.value)) < 500
    assert 'Text goes into the question itself, as in ask(f"Shorten this: {text}").' in str(caught.value)
    with pytest.raises(
        CannotAttach, match=r"^There is no file '' here\. .* Text goes into the question itself"
    ):
        ask("Shorten this.", "")


def test_a_service_that_says_a_whole_book_is_quoted_in_part():
    with pytest.raises(GeminiError) as caught:
        asked(envelope(422, LONG))
    assert len(str(caught.value)) < 1_000


# --- a cheaper tier ---

SERVED = {  # the tier that the service names, and in which object -> what the footer says of it
    ("flex", "chunk"): "flex tier",
    ("flex", "usage"): "flex tier",
    ("default", "chunk"): "default tier instead of flex",
    ("<b>x</b>\nx", "chunk"): "<b>x</b> x tier instead of flex",
    (None, "chunk"): "flex tier asked for, the service does not say which one served",
    (7, "chunk"): "flex tier asked for, the service does not say which one served",
}


@STREAMED
@pytest.mark.parametrize("served", SERVED, ids=str)
def test_the_footer_tells_which_tier_served_where_one_was_asked_for(served, streamed):
    tier, holder = served
    told = took(1, 1)
    (told if holder == "chunk" else told["usage"])["service_tier"] = tier
    script = stream("Fine.", usage=told) if streamed else reply("Fine.", usage=told)
    answer = asked(script, tier="flex", stream=streamed)
    assert f" · {SERVED[served]} · " in footer_text(answer)
    assert "tier" not in footer_text(asked(script, stream=streamed))


def test_while_nothing_comes_a_question_of_a_cheaper_tier_says_how_long_it_may_wait():
    states = []

    class Watching(Nobody):
        tick_s = 0.01

        def update(self, answer, events):
            states.append(status_text(answer))

    def script(_):
        yield Head()
        while not states:
            yield 0.01
        yield from stream("Fine.")[1:]

    settings = {"service": "demo", "tier": "flex"}
    with Demo(script) as demo:
        question = Question((Message("user", ("Well?",)),), Settings(base_url=demo.base_url, **settings))
        answer_to(question, watch=Watching)
    assert states[0] == "Waiting for the flex tier, up to 15 minutes…"
    assert states[-1].startswith("Answer")


def test_the_demo_serves_the_cheaper_tier():
    answer = ask("Why?", service="demo", tier="flex")
    assert (answer.asked_tier, answer.tier) == ("flex", "flex")


SHOWS = """
import sys
sys.modules["IPython"] = None  # importing it fails
from gemini_magics import ask
ask("How?", show=True, service="demo", base_url=sys.argv[1])
"""


def test_a_script_shows_an_answer_on_stdout_when_asked_to():
    with Demo([stream("It ", "peaks.", thoughts=["Hm."])]) as demo:
        said = subprocess.run([sys.executable, "-c", SHOWS, demo.base_url], capture_output=True, check=True)
    assert "Hm." in said.stdout.decode()
    assert "It peaks." in said.stdout.decode()


def test_a_script_shows_an_answer_whole_where_its_output_lacks_some_letters():
    with Demo([stream("It peaks – schön.")]) as demo:
        said = subprocess.run(
            [sys.executable, "-c", SHOWS, demo.base_url],
            capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        )  # fmt: skip
    assert "It peaks \\u2013 schön.\n\ndemo, a stand-in" in said.stdout.decode("latin-1")


@pytest.mark.parametrize("how", [{"show": True}, {"recording": "kept.jsonl"}])
def test_a_program_without_a_console_gets_its_answer(how, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdout", None)
    assert asked(stream("It peaks."), **how).text == "It peaks."
    assert not [*Path().glob("*.partial"), *Path().glob(".*.partial")]


def test_an_answer_is_not_shown_unless_asked_to(capsys):
    asked(stream("It peaks."))
    assert capsys.readouterr().out == ""


def test_the_demo_reads_numbers_that_begin_with_zeros():
    assert ask("At 01:05 or 007 or 00.5?", service="demo").ended == "stop"
