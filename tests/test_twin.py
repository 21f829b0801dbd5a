from __future__ import annotations

import json
import re

import pytest

from gemini_magics.core import markdown
from gemini_magics.core.answer import Answer
from gemini_magics.core.markdown import Blocks
from gemini_magics.core.messages import Attachment, Citation, Finished, Media, Text, Thinking, Usage, Waiting
from gemini_magics.core.twin import (
    STYLE,
    bundle,
    chips_html,
    footer_text,
    notices,
    sources_html,
    status_text,
    thinking_summary,
)

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
AT_THE_LIMIT = "Cut off at the limit: the model may write no more in one answer. Ask it to go on."
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
        answer.add(Thinking(thoughts))
    clock.now = thought_s
    if text:
        answer.add(Text(text))
    clock.now = seconds
    if took:
        answer.add(took)
    if ended:
        answer.end(ended, problem)
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
        ({"ended": "interrupted"}, ["Stopped by you. What had arrived is kept."]),
        ({"ended": "interrupted", "text": ""}, ["Stopped by you. What had arrived is kept."]),
        ({"ended": "cut"}, ["Cut off: the connection ended before the answer did."]),
        ({"ended": "cut", "problem": "It may have been charged."}, ["It may have been charged."]),
        ({"ended": "failed", "text": "", "problem": "No credit."}, ["No credit."]),
        ({"ended": "failed", "text": ""}, ["The service could not answer."]),
        ({"text": "", "thoughts": "Hm."}, ["The model thought, but gave no answer."]),
        ({"text": " \n"}, ["No answer came."]),
        ({"text": "", "ended": "safety"}, ["Blocked by the service (safety).", "No answer came."]),
        ({"ended": "tool_calls"}, ["The model asked for a tool (tool_calls), but was offered none."]),
        ({"ended": "sunset"}, ["It ended for a reason that is not known here: sunset."]),
        ({"ended": "x\ny" * 999}, [f"It ended for a reason that is not known here: {'x yx yx y' * 9:.53}…"]),
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
        answer.add(event)
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
        answer.add(Thinking(piece))
        thinking.add(piece)
        answer.add(Text(piece))
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
