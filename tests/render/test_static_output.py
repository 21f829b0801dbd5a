from __future__ import annotations

import json
import re
import sys
from dataclasses import replace

import pytest

from gemini_magics.chat.archive import as_json, from_json
from gemini_magics.chat.conversation import Conversation
from gemini_magics.content.tracebacks import Failure
from gemini_magics.core.answer import Turn, close, fold
from gemini_magics.core.messages import (
    Attachment,
    Citation,
    Finished,
    Media,
    Message,
    Opened,
    Text,
    Thinking,
    Usage,
    Waiting,
)
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings
from gemini_magics.recording.record import asked_by, record_of
from gemini_magics.render import markdown
from gemini_magics.render.answer import Answer
from gemini_magics.render.extract import Code
from gemini_magics.render.markdown import Blocks
from gemini_magics.render.static_output import bundle, chips_html, sources_html
from gemini_magics.render.status import footer_text, notices, status_text, thinking_summary
from gemini_magics.render.style import STYLE

PICTURE = Media("image/png", b"x" * 21_000, width=640, height=480)
TOOK = Usage(1_204, 698, 1_902, 663, 0.49)
PROSE = """\
## What is odd

The second peak is *wider* than the first: its width is $0.58$, and a single Gaussian with $\\sigma = 0.31$ does
not have such a tail. See [the manual of SciPy](https://docs.scipy.org/doc/scipy/) for `curve_fit`.

1. Fit the sum of two curves, with the centre of both at the same place.
2. Compare the residuals, which should look like noise.

```python
popt, pcov = curve_fit(model, x, y, p0=[3.1, 4.7, 0.3, 1.0, 0.5])
residuals = y - model(x, *popt)  # noise, if all is well
```

"""
MALFORMED = "The model wrote a call of a function that cannot be read. Ask again."
AT_THE_LIMIT = "Cut off at the limit: one answer of the model may not be longer. Ask it to go on."
BY_KIE = "gemini-3.1-pro · kie · high effort"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def answer_with(
    text="", thoughts="", *, thought_s=12.0, seconds=34.2, ended="stop", problem="", took=TOOK, **about
):
    clock = Clock()
    about = {"service": "kie", "model": "gemini-3.1-pro", "effort": "high", **about}
    answer = Answer(**about, clock=clock)
    if thoughts:
        fold(answer, Thinking(thoughts))
    clock.now = thought_s
    if text:
        fold(answer, Text(text))
    clock.now = seconds
    if took:
        fold(answer, took)
    if ended:
        close(answer, ended, problem)
    return answer


def words(html):
    return re.sub(r"<style>.*?</style>|<.*?>", "", html, flags=re.DOTALL)


# --- at its end ---


def test_an_answer_shows_itself():
    shown, _ = answer_with("It is **wider**.")._repr_mimebundle_()
    assert "<p>It is <strong>wider</strong>.</p>" in shown["text/html"]
    assert shown["text/plain"].startswith("It is **wider**.\n\ngemini-3.1-pro · kie")


def test_thoughts_are_folded_and_say_how_long_they_took():
    shown = bundle(answer_with("Yes.", "**Reading**\n\nThe plot."))
    assert '<details class="gemini-thinking"><summary>Thought for 12 s</summary>' in shown["text/html"]
    assert "<p><strong>Reading</strong></p>" in shown["text/html"]
    assert shown["text/plain"].startswith("[Thought for 12 s]\n\nYes.")
    assert "The plot" not in shown["text/plain"]


def test_without_thoughts_there_is_no_section_for_them():
    assert "<details" not in bundle(answer_with("Yes."))["text/html"]


@pytest.mark.parametrize(
    "seconds, told",
    [
        (0, "0.1 s"), (0.44, "0.4 s"), (1, "1 s"), (12.4, "12 s"), (59.6, "1 min 0 s"), (75, "1 min 15 s"),
        (3600, "60 min 0 s"),
    ],
)  # fmt: skip
def test_times_are_written_for_people(seconds, told):
    assert thinking_summary(answer_with("Yes.", "Hm.", thought_s=seconds)) == f"Thought for {told}"


def test_each_attachment_is_a_chip():
    answer = answer_with(
        "Yes.",
        attachments=(
            Attachment("fig", "figure", PICTURE),
            Attachment("df", "table", "a,b", note="60 of 1,000 rows"),
        ),
    )
    chips = re.findall('<div class="gemini-chip"><bdi>(.*?)</bdi></div>', chips_html(answer))
    assert chips == ["fig · figure · 640 × 480 px · 21.0 kB", "df · table · 3 B · 60 of 1,000 rows"]
    assert bundle(answer)["text/plain"].startswith("[fig · figure")
    assert chips_html(answer_with("Yes.")) == ""


@pytest.mark.parametrize(
    "about, footer",
    [
        ({}, f"{BY_KIE} · 34 s · 1,204 tokens in, 698 out (663 of them thoughts) · 0.49 credits"),
        ({"took": None}, f"{BY_KIE} · 34 s"),
        ({"took": Usage(completion_tokens=5), "effort": ""}, "gemini-3.1-pro · kie · 34 s · 5 out"),
        ({"took": Usage(prompt_tokens=5, cost_usd=0.01234)}, f"{BY_KIE} · 34 s · 5 tokens in · $0.0123"),
        ({"took": None, "service": "demo"}, "demo, a stand-in for gemini-3.1-pro · high effort · 34 s"),
        ({"took": None, "recorded": "2026-11-22"}, f"{BY_KIE} · recorded 2026-11-22 · 34 s"),
        ({"took": None, "model": "", "service": "", "effort": ""}, "34 s"),
    ],
)  # fmt: skip
def test_the_footer_says_who_answered_and_what_it_took(about, footer):
    answer = answer_with("Yes.", **about)
    assert footer_text(answer) == footer
    assert words(bundle(answer)["text/html"]).endswith(f"{footer}\n")


@pytest.mark.parametrize(
    "about, told",
    [
        ({}, []),
        ({"ended": "STOP"}, []),
        ({"ended": "length"}, [AT_THE_LIMIT]),
        ({"ended": "MAX_TOKENS"}, [AT_THE_LIMIT]),
        ({"ended": "content_filter"}, ["Blocked by the service (content_filter)."]),
        ({"ended": "SAFETY"}, ["Blocked by the service (safety)."]),
        ({"ended": "interrupted"}, ["Stopped by you. The partial answer is kept."]),
        ({"ended": "interrupted", "text": ""}, ["Stopped by you. The partial answer is kept."]),
        ({"ended": "cut"}, ["Cut off: the connection ended before the answer did."]),
        ({"ended": "cut", "problem": "It may have been charged."}, ["It may have been charged."]),
        ({"ended": "failed", "text": "", "problem": "No credit."}, ["No credit."]),
        ({"ended": "failed", "text": ""}, ["The service could not answer."]),
        ({"text": "", "thoughts": "Hm."}, ["The model thought, but gave no answer."]),
        ({"text": " \n"}, ["No answer came."]),
        ({"text": "", "ended": "safety"}, ["Blocked by the service (safety).", "No answer came."]),
        ({"ended": "tool_calls"}, ["The model asked for a tool (tool_calls), but the question offered none."]),
        ({"ended": "MALFORMED_FUNCTION_CALL"}, [MALFORMED]),
        ({"ended": "function_call_filter: MALFORMED_FUNCTION_CALL"}, [MALFORMED]),
        ({"ended": "too_many_tool_calls"}, ["The model called too many tools, one after the other. Ask for less."]),
        ({"ended": "sunset"}, ["It ended for an unknown reason: sunset."]),
        ({"ended": "x\ny" * 999}, [f"It ended for an unknown reason: {'x yx yx y' * 9:.53}…"]),
        ({"redrawn": ("fig",)}, ["fig had other pixels when this answer was recorded."]),
    ],
)  # fmt: skip
def test_notices_say_what_the_reader_must_know(about, told):
    answer = answer_with(**{"text": "Yes.", **about})
    assert [re.sub("…(.*)$", "…", notice) for notice in notices(answer)] == told
    assert all(notice in words(bundle(answer)["text/html"]) for notice in notices(answer))
    assert all(notice in bundle(answer)["text/plain"] for notice in notices(answer))


@pytest.mark.parametrize(
    "contents, tokens, doubt",
    [
        ([PICTURE], 31, "The picture may not have been read: the question was counted as 31 tokens."),
        ([PICTURE], 258, ""),
        ([PICTURE], None, ""),
        ([PICTURE, PICTURE], 300, "Some of the 2 pictures may not have been read"),
        ([Media("image/png", url="https://a.example/p.png")], 31, "The picture may not have been read"),
        ([Media("", url="https://a.example/p")], 31, ""),
        ([Media("application/pdf", b"x")], 31, ""),
        (["a,b"], 31, ""),
        ([], 31, ""),
    ],
)  # fmt: skip
def test_a_picture_that_took_no_tokens_may_not_have_been_read(contents, tokens, doubt):
    attachments = tuple(Attachment("it", "thing", content) for content in contents)
    told = notices(answer_with("Yes.", attachments=attachments, took=Usage(prompt_tokens=tokens)))
    assert [line[: len(doubt)] for line in told] == ([doubt] if doubt else [])


# --- sources ---

CITED = "The tower is **828 m** high.\n\n- It has `163` floors.\n- It opened in 2010.\n\n```\ncode\n```\n"
TABLED = "| a | b |\n|---|---|\n| c | *d* |\n\n# T\n\n---\n[x](https://a.example/y)"


def cited(*sources, text=CITED):
    answer = answer_with(text)
    answer.citations += sources
    return answer


def test_sources_are_listed_once_with_their_hosts():
    answer = cited(
        Citation("https://a.example/1", "The tower"),
        Citation("https://b.example/"),
        Citation("https://a.example/1", "x"),
    )
    assert words(sources_html(answer)).strip() == "SourcesThe tower (a.example)https://b.example/"
    assert "[1] The tower: https://a.example/1\n[2] https://b.example/\n" in bundle(answer)["text/plain"]


def test_no_source_is_invented():
    assert sources_html(answer_with("Yes [1].")) == ""


def test_a_number_stands_where_the_service_placed_its_source():
    answer = cited(
        Citation("https://a.example/", "", 0, CITED.index("\n")),
        Citation("https://b.example/", "", 0, CITED.index(" floors")),
        Citation("https://a.example/", "", 0, CITED.index("\n\n```")),
    )
    assert "The tower is 828 m high.[1]\n\nIt has 163[2] floors.\nIt opened in 2010.[1]" in words(
        bundle(answer)["text/html"]
    )
    assert bundle(answer)["text/html"].count("<sup") == 3


@pytest.mark.parametrize("end", range(len(CITED) + 3))
@pytest.mark.parametrize("text", [CITED, PROSE, TABLED])
def test_a_number_changes_nothing_but_its_own_place(text, end):
    plain = bundle(cited(Citation("https://a.example/"), text=text))["text/html"]
    numbered = bundle(cited(Citation("https://a.example/", "", 0, end), text=text))["text/html"]
    without = re.sub(r"<sup.*?</sup>", "", numbered).replace(".gemini-cite{line-height:1}", "")
    assert without == plain


def test_a_source_that_must_not_be_followed_is_words():
    html = bundle(cited(Citation("javascript:alert(1)", "evil", 0, 9)))["text/html"]
    assert "<a " not in html
    assert "[1]</sup>" in html


# --- while it grows ---


@pytest.mark.parametrize(
    "events, status, folded",
    [
        ([], "Thinking…", None),
        ([Thinking("Hm.")], "Thinking…", False),
        ([Thinking("Hm."), Text("Yes")], "Answering…", True),
        ([Text("Yes"), Thinking("Hm.")], "Thinking…", True),
        ([Waiting("Too many questions.", 8)], "Trying again in 8 s: Too many questions.", None),
        ([Finished("stop")], "Answered in 34 s", None),
    ],
)
def test_a_growing_answer_says_how_it_stands(events, status, folded):
    answer = answer_with(ended=None)
    for event in events:
        fold(answer, event)
    shown = bundle(answer)
    assert status_text(answer) == status
    assert ("<details" in shown["text/html"]) is (folded is not None)
    assert ('class="gemini-thinking" open>' in shown["text/html"]) is (folded is False)
    if answer.ended is None:
        assert status in words(shown["text/html"])
        assert status in shown["text/plain"]
        assert notices(answer) == []


@pytest.mark.parametrize(
    "ended, status",
    [
        ("stop", "Answered in 34 s"),
        ("interrupted", "Stopped after 34 s"),
        ("cut", "Cut off after 34 s"),
        ("failed", "Failed after 34 s"),
    ],
)
def test_an_ended_answer_says_how_it_ended(ended, status):
    assert status_text(answer_with("Yes.", ended=ended)) == status


def test_a_growing_answer_renders_nothing_twice(monkeypatch):
    parsed = []
    parse = markdown._PARSER.parse
    monkeypatch.setattr(
        markdown._PARSER, "parse", lambda text, env: parsed.append(len(text)) or parse(text, env)
    )
    answer, text, thinking = answer_with(ended=None), Blocks(), Blocks()
    for piece in [PROSE] * 40:
        fold(answer, Thinking(piece))
        thinking.add(piece)
        fold(answer, Text(piece))
        text.add(piece)
        shown = bundle(answer, text=text, thinking=thinking)
    assert sum(parsed) < 8 * (len(answer.text) + len(answer.thinking))
    assert shown["text/html"].count("<h3") == 80
    assert shown == bundle(answer)


# --- its size and its look ---


def test_the_saved_answer_is_less_than_three_times_the_answer():
    answer = answer_with(PROSE * 12, "**Reading the plot**\n\nTwo peaks are seen.\n\n\n" * 10)
    saved = len(json.dumps(bundle(answer), ensure_ascii=False).encode())
    assert saved < 3 * len((answer.text + answer.thinking).encode())


def test_a_short_answer_carries_few_rules():
    html = bundle(answer_with("Yes."))["text/html"]
    assert len(html) < 600
    assert len(html) - len(words(html)) < 400


def test_every_class_has_its_rules_and_every_rule_its_class():
    answer = answer_with(PROSE, "Hm.", attachments=(Attachment("fig", "figure", PICTURE),), ended="length")
    html = bundle(answer)["text/html"]
    sheet = re.search("<style>(.*?)</style>", html)[1]
    used = {name for names in re.findall('class="(.*?)"', html) for name in names.split()} - {"jp-toc-ignore"}
    ruled = set(re.findall(r"\.([a-z][\w-]+)", sheet))
    assert ruled <= used
    assert used - ruled <= {"gemini-text", "gemini-math"}
    assert len(sheet) < 2_000


def test_the_style_sheet_loads_nothing():
    assert not re.search(r"url|@|expression|\\", STYLE)


# --- what the service says of the end is not what we say ---

OURS = {"interrupted": "Stopped", "cut": "Cut off", "failed": "Failed"}


@pytest.mark.parametrize("word", [*OURS, "Interrupted", "CUT", " failed "])
def test_a_finish_reason_that_is_one_of_our_words_is_told_as_the_service_s(word):
    answer = answer_with("Yes.", ended=None)
    fold(answer, Finished(word))
    close(answer)
    assert answer.ended == f"service: {word}" and answer.ended not in OURS
    assert notices(answer) == [f"It ended for an unknown reason: {word.strip()}."]
    assert status_text(answer) == "Answered in 34 s"


def test_what_we_call_an_end_stays_ours_in_a_conversation_s_file():
    turn = Turn("a", "In [1]", Message("user", ("Why?",)), answer_with("Half", ended="cut"))
    theirs = replace(turn, answer=answer_with("All.", ended="service: cut"))
    conversation = Conversation("c")
    conversation.turns = [turn, theirs]
    loaded = from_json(as_json(conversation.name, conversation.turns))[1]
    assert [each.answer.ended for each in loaded] == ["cut", "service: cut"]
    assert [each.partial for each in loaded] == [True, False]


SEARCHED = (
    "The service handed the search back (googleSearch) instead of running it: ask again, or leave --search out."
)
CALLS = {  # what was offered, what was called, the reason, the text -> the notices
    "a search that was offered": (True, ("googleSearch",), "tool_calls", "", [SEARCHED, "No answer came."]),
    "a search after some words": (True, ("googleSearch",), "stop", "I will look.", [SEARCHED]),
    "another tool": (True, ("f", "g"), "tool_calls", "Yes.", [
        "The model asked for a tool (f, g), which is not run: functions of yours are offered by --tool.",
    ]),
    "a call without a name": (True, (), "tool_calls", "Yes.", [
        "The service said that the model asked for a tool (tool_calls), and named none. Ask again.",
    ]),
    "nothing was offered": (False, ("f",), "tool_calls", "Yes.", [
        "The model asked for a tool (f), but the question offered none.",
    ]),
    "a hostile name": (False, ("\x1b[31m" * 900,), "tool_calls", "Yes.", None),
}  # fmt: skip


@pytest.mark.parametrize(("offered", "called", "reason", "text", "told"), CALLS.values(), ids=CALLS)
def test_a_call_of_a_tool_is_told_by_what_was_offered(offered, called, reason, text, told):
    answer = answer_with(text, ended=None, tools_offered=offered)
    fold(answer, Finished(reason, called))
    close(answer)
    if told is not None:
        assert notices(answer) == told
    assert all("\x1b" not in notice and len(notice) < 200 for notice in notices(answer))


def test_an_error_without_an_object_is_told_as_one():
    assert notices(answer_with("Half", ended="error")) == [
        "The service ended the answer with an error, and does not say which. Ask again."
    ]


# --- reprs ---

HOSTILE = "\x1b]0;owned\x07\x1b[31m\u202e\u200b\r\n" + "x" * 200_000


def holding(text):
    """Everything that holds words of a model, a service or a person."""
    answer = answer_with(text, ended=None, attachments=(Attachment(text, text, text),))
    fold(answer, Finished(text))
    message = Message("user", (text,))
    question = Question((message,), Settings(system=text))
    yield answer
    yield from (
        message,
        question,
        Turn(text, text, message, answer),
        record_of(question, answer),
        asked_by(question),
    )
    yield from (Text(text), Thinking(text), Citation(text, text), Opened(text, text), Finished(text, (text,)))
    yield from (Waiting(text, 1), Attachment(text, text, text), Media("", url=text), Code(text, text))
    yield Failure.of(3, text, "short")


def test_no_repr_lets_a_text_drive_a_terminal_or_fill_the_page():
    for thing in holding(HOSTILE):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", repr(thing)), type(thing)
        if not isinstance(thing, Failure):  # which shows itself whole, as its person wants to read it
            assert "\u202e" not in repr(thing) and "\n" not in repr(thing), type(thing)
            assert len(repr(thing)) < 2_000, type(thing)


def test_a_short_repr_is_the_usual_one():
    assert repr(Text("Yes.")) == "Text(text='Yes.')"
    assert (
        repr(Citation("https://a.example/"))
        == "Citation(url='https://a.example/', title='', start=None, end=None)"
    )


# --- many sources ---


def test_the_work_grows_with_the_sources_and_no_faster():
    """Count the calls of Python and of C: time would depend on the machine."""

    def calls(n):
        count = 0

        def counted(frame, event, arg):
            nonlocal count
            count += event in ("call", "c_call")

        text = ("A sentence that holds nothing odd. " * 3 + "\n\n") * 100
        answer = answer_with(text)
        sys.setprofile(counted)
        try:
            for i in range(n):
                fold(answer, Citation(f"https://a.example/{i}", f"T{i}", 0, 1 + i % len(text)))
            bundle(answer)
        finally:
            sys.setprofile(None)
        return count

    assert calls(2_000) < 2.5 * calls(1_000)


def test_equal_sources_are_told_from_others_without_being_compared_one_by_one(monkeypatch):
    compared = 0
    equal = Citation.__eq__

    def counted(one, other):
        nonlocal compared
        compared += 1
        return equal(one, other)

    monkeypatch.setattr(Citation, "__eq__", counted)
    answer = answer_with("Yes.")
    for i in [*range(20_000), *range(20_000)]:
        fold(answer, Citation(f"https://a.example/{i}"))
    assert len(answer.citations) == 20_000
    assert compared < 100_000
