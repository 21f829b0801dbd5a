"""What makes two questions the same, nearly the same, or others."""

import json
import re
from dataclasses import fields, replace

import pytest
from recordings import answer_of, answered, found, opened, picture, question

from gemini_magics import Settings
from gemini_magics.core.messages import Message
from gemini_magics.recording import differences
from gemini_magics.recording.differences import marked, missing
from gemini_magics.recording.file import Recording
from gemini_magics.recording.record import CHANGES_THE_ANSWER, asked_by


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "answers.jsonl"


# What makes two questions the same

FIG, PHOTO = picture(), picture("photo.jpg", b"photo", "image", "image/jpeg")
SCHEMA = {"type": "object"}
THE_SAME = [
    ({"service": "kie"}, {"service": "google"}),
    ({"service": "demo"}, {"base_url": "https://other.example/v1"}),
    ({"model": None}, {"model": "gemini-3.1-pro"}),
    ({"service": "google", "model": None}, {"model": "google/gemini-3.1-pro-preview"}),
    ({"effort": None}, {"effort": "high"}),  # recordings hold "high" from before it could be left open
    ({"service": "openai", "model": "m"}, {"service": "openai", "model": "m", "effort": "high"}),
    ({"stream": True}, {"stream": False}),
    ({"display": "live"}, {"display": "text"}),
    ({"gap_timeout_s": 1.0, "retries": 0}, {"chat": "main"}),
    ({"recording": "a.jsonl", "strict": True}, {"fresh": True}),
]


@pytest.mark.parametrize(("one", "other"), THE_SAME)
def test_how_a_question_gets_to_a_service_does_not_change_what_it_means(one, other):
    assert asked_by(question(**one)).key == asked_by(question(**other)).key


ONE = question(FIG, "What is odd?", PHOTO, "And here?", system="Be brief.")
OTHERS = {
    "prompt": question(FIG, "What is even?", PHOTO, "And here?", system="Be brief."),
    "pixels": question(picture(pixels=b"other"), "What is odd?", PHOTO, "And here?", system="Be brief."),
    "name": question(picture("fig2"), "What is odd?", PHOTO, "And here?", system="Be brief."),
    "kind": question(picture(kind="chart"), "What is odd?", PHOTO, "And here?", system="Be brief."),
    "place": question("What is odd?", FIG, PHOTO, "And here?", system="Be brief."),
    "left out": question(FIG, "What is odd?", "And here?", system="Be brief."),
    "earlier": replace(ONE, messages=(Message("user", ("Hi",)), *ONE.messages)),
    "schema": replace(ONE, schema=SCHEMA),
    "model": replace(ONE, settings=replace(ONE.settings, model="gemini-3-flash")),
    "effort": replace(ONE, settings=replace(ONE.settings, effort="low")),
    "thoughts": replace(ONE, settings=replace(ONE.settings, thoughts=False)),
    "search": replace(ONE, settings=replace(ONE.settings, search=True)),
    "system": replace(ONE, settings=replace(ONE.settings, system="Be long.")),
    "extra": replace(ONE, settings=replace(ONE.settings, extra={"temperature": 0.2})),
    "tier": replace(ONE, settings=replace(ONE.settings, service="openrouter", tier="flex")),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_can_change_the_answer_changes_the_question(other):
    assert asked_by(ONE).key != asked_by(other).key


def test_the_order_of_extra_fields_and_the_cut_of_a_text_mean_nothing():
    one = question("What is", " odd?", extra={"a": 1, "b": {"c": 2, "d": 3}})
    other = question("What is odd?", extra={"b": {"d": 3, "c": 2}, "a": 1})
    assert asked_by(one).key == asked_by(other).key


def test_of_every_setting_it_was_decided_whether_it_changes_the_answer():
    about_the_way = {
        "service", "base_url", "stream", "display", "connect_timeout_s", "write_timeout_s", "gap_timeout_s",
        "finish_timeout_s", "retries", "retry_wait_s", "recording", "record_new", "strict", "fresh", "budget",
        "dollars_per_credit", "tool_rounds", "tool_timeout_s", "tool_result_bytes",
    }  # fmt: skip
    seen_in_the_turns = {
        "chat", "drop_stale", "with_partial", "allow_outside", "as_image", "table_rows", "image_side_px",
        "image_bytes", "request_bytes",
    }  # fmt: skip
    settings = {setting.name for setting in fields(Settings)}
    assert settings - about_the_way - seen_in_the_turns - {"model"} == set(CHANGES_THE_ANSWER)


# Near ones

REDRAWN = picture(pixels=b"drawn by another version")


def test_a_figure_with_other_pixels_is_found_by_cell_name_and_prompt(path):
    recording = opened(path, question(FIG, "What is odd?", cell="a"))
    again = question(REDRAWN, "What is odd?", cell="a")
    assert recording.exact(asked_by(again)) is None
    assert found(recording, again).text == answer_of(question(FIG, "What is odd?", cell="a"))


NOT_NEAR = {
    "cell": question(REDRAWN, "What is odd?", cell="b"),
    "prompt": question(REDRAWN, "What is even?", cell="a"),
    "name": question(picture("figure", b"drawn by another version"), "What is odd?", cell="a"),
    "effort": question(REDRAWN, "What is odd?", cell="a", effort="low"),
}


@pytest.mark.parametrize("other", NOT_NEAR.values(), ids=NOT_NEAR)
def test_a_figure_with_other_pixels_is_not_found_when_more_differs(path, other):
    assert found(opened(path, question(FIG, "What is odd?", cell="a")), other) is None


@pytest.mark.parametrize("cells", [("a", ""), ("", "a"), ("", "")])
def test_where_a_frontend_names_no_cells_any_cell_will_do(path, cells):
    recording = opened(path, question(FIG, "What is odd?", cell=cells[0]))
    assert found(recording, question(REDRAWN, "What is odd?", cell=cells[1]))


def test_the_identity_that_vs_code_gives_a_cell_is_kept_without_the_path_in_it(path):
    opened(path, question(FIG, "What?", cell="vscode-notebook-cell:/home/ada/peaks.ipynb#X10sZmlsZQ%3D%3D"))
    assert json.loads(path.read_bytes())["cell"] == "X10sZmlsZQ%3D%3D"


@pytest.mark.parametrize("kind", ["image", "PDF"])
def test_a_file_with_other_bytes_is_another_file(path, kind):
    recording = opened(path, question(picture("photo.jpg", kind=kind), "What is odd?"))
    assert found(recording, question(picture("photo.jpg", b"other", kind=kind), "What is odd?")) is None


def test_the_figures_of_a_loop_get_each_their_own_answer(path):
    figures = [picture(pixels=pixels) for pixels in (b"one", b"two", b"three")]
    asked_then = [question(figure, "What is odd?", cell="a") for figure in figures]
    recording = opened(path, *asked_then)
    redrawn = [question(picture(pixels=b"re" + f.content.data), "What is odd?", cell="a") for f in figures]
    first = [found(recording, asked).text for asked in redrawn]
    assert first == [answer_of(asked) for asked in asked_then]
    assert [found(recording, asked).text for asked in reversed(redrawn)] == first[::-1]
    assert found(recording, question(picture(pixels=b"a fourth"), "What is odd?", cell="a")) is None


def test_what_this_session_recorded_is_no_answer_to_other_pixels(path):
    recording = Recording(path)
    recording.add(answered(question(FIG, "What is odd?", cell="a")))
    assert found(recording, question(REDRAWN, "What is odd?", cell="a")) is None


def test_a_figure_earlier_in_a_conversation_counts_by_what_was_said_of_it(path):
    def follow_up(figure, said="A second peak."):
        return question("Why?", earlier=(Message("user", (figure, "What?")), Message("assistant", (said,))))

    recording = opened(path, follow_up(FIG))
    assert recording.exact(asked_by(follow_up(REDRAWN)))
    assert recording.exact(asked_by(follow_up(FIG, "Nothing."))) is None


# How a question differs from the nearest one

DIFFERENCES = {
    "prompt": ("“What is «odd»?$`photo.jpg…”", "“What is «even»?$`photo.jpg…”"),
    "pixels": ("fig with «pixels ...., 6 B»", "fig with «pixels ...., 5 B»"),
    "name": ("with «fig», with «nothing»", "with «nothing», with «fig2»"),
    "kind": ("fig as «figure image/png»", "fig as «chart image/png»"),
    "left out": ("with «photo.jpg»", "with «nothing»"),
    "earlier": ("after «0 messages»", "after «1 message, ....»"),
    "schema": ("schema «off»", 'schema «{"type": "object"}»'),
    "model": ("model «gemini-3.1-pro»", "model «gemini-3-flash»"),
    "effort": ("effort «high»", "effort «low»"),
    "thoughts": ("thoughts «on»", "thoughts «off»"),
    "search": ("search «off»", "search «on»"),
    "system": ("system «Be brief.»", "system «Be long.»"),
    "extra": ("extra «off»", 'extra «{"temperature": 0.2}»'),
}


@pytest.mark.parametrize("what", DIFFERENCES)
def test_a_question_that_is_not_recorded_is_told_apart_from_the_nearest_in_two_lines(path, what):
    recording = opened(path, question("Something else entirely"), ONE)
    told = missing(recording, asked_by(OTHERS[what]), "")
    first, recorded, asked, last = told.split("\n")
    assert first == "answers.jsonl has no answer to this question; the nearest, in line 2, differs in «»."
    for line, side in zip((recorded, asked), DIFFERENCES[what], strict=True):
        pattern = re.escape(side).replace(re.escape("...."), "[0-9a-f]{4}")
        assert re.search(pattern, line)
        assert len(line) < 200
    assert last == "To ask it: %gemini_record answers.jsonl."


def test_long_instructions_are_compared_by_words_with_the_nearest_record_alone(path, monkeypatch):
    compared = []
    real = differences.marked
    monkeypatch.setattr(differences, "marked", lambda *texts: compared.append(texts) or real(*texts))
    others = [question(f"Q {n}", system="Answer in one short line, please. " * 30 + str(n)) for n in range(50)]
    told = missing(
        opened(path, *others), asked_by(question("Q 7", system="Be brief, and name units. " * 30)), ""
    )
    assert "the nearest, in line 8, differs" in told
    assert "system “" in told
    assert len(compared) == 1


DIFFS = [
    (
        "What of the second peak?",
        "What of the third peak?",
        ("What of the «second» peak?", "What of the «third» peak?"),
    ),
    ("a b", "a very b", ("a «»b", "a «very »b")),
    ("a very b", "a b", ("a «very »b", "a «»b")),
    ("one\ntwo", "one\nthree", ("one⏎«two»", "one⏎«three»")),
    (
        "same " * 3000 + "old end",
        "same " * 3000 + "new end",
        ("…same same same «old» end", "…same same same «new» end"),
    ),
    ("unbelievable", "believable", ("«unbelievable»", "«believable»")),
    ("a", "b", ("«a»", "«b»")),
]


@pytest.mark.parametrize(("old", "new", "shown"), DIFFS)
def test_prompts_are_compared_by_words(old, new, shown):
    assert marked(old, new) == shown


def test_two_texts_that_have_nothing_in_common_are_shown_short_and_no_mark_is_cut():
    for side in marked(" ".join(map(str, range(5000))), "x " * 5000):
        assert len(side) <= 400
        assert side.count("«") == side.count("»")


def test_an_empty_recording_says_so(path):
    assert "holds no answer yet" in missing(Recording(path), asked_by(question()), "")
