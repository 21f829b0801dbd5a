"""What makes two questions the same, nearly the same, or others."""

import json
from dataclasses import fields, replace

import pytest
from recordings import answer_of, answered, found, opened, picture, question

from gemini_magics import Settings
from gemini_magics.core.messages import Turn
from gemini_magics.service.nearest import missing, word_diff
from gemini_magics.service.recording import Recording
from gemini_magics.service.records import CHANGES_THE_ANSWER, asked_by


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
    "earlier": replace(ONE, turns=(Turn("user", ("Hi",)), *ONE.turns)),
    "schema": replace(ONE, schema=SCHEMA),
    "model": replace(ONE, settings=replace(ONE.settings, model="gemini-3-flash")),
    "effort": replace(ONE, settings=replace(ONE.settings, effort="low")),
    "thoughts": replace(ONE, settings=replace(ONE.settings, thoughts=False)),
    "search": replace(ONE, settings=replace(ONE.settings, search=True)),
    "system": replace(ONE, settings=replace(ONE.settings, system="Be long.")),
    "extra": replace(ONE, settings=replace(ONE.settings, extra={"temperature": 0.2})),
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
        "dollars_per_credit",
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
        return question("Why?", earlier=(Turn("user", (figure, "What?")), Turn("assistant", (said,))))

    recording = opened(path, follow_up(FIG))
    assert recording.exact(asked_by(follow_up(REDRAWN)))
    assert recording.exact(asked_by(follow_up(FIG, "Nothing."))) is None


# How a question differs from the nearest one

DIFFERENCES = {
    "prompt": "prompt “What is [-odd-]{+even+}?$`photo.jpg…”",
    "pixels": "fig has other pixels [-6 B-]{+5 B+}",
    "name": "attached [-fig-]; attached {+fig2+}",
    "kind": "fig is [-figure image/png-]{+chart image/png+}",
    "left out": "attached [-photo.jpg-]",
    "earlier": "the conversation before it [-0 turns-]{+1 turns+}",
    "schema": 'schema [-off-]{+{"type": "object"}+}',
    "model": "model [-gemini-3.1-pro-]{+gemini-3-flash+}",
    "effort": "effort [-high-]{+low+}",
    "thoughts": "thoughts [-on-]{+off+}",
    "search": "search [-off-]{+on+}",
    "system": "system [-Be brief.-]{+Be long.+}",
    "extra": 'extra [-off-]{+{"temperature": 0.2}+}',
}


@pytest.mark.parametrize("what", DIFFERENCES)
def test_a_question_that_is_not_recorded_is_told_apart_from_the_nearest(path, what):
    recording = opened(path, question("Something else entirely"), ONE)
    told = missing(recording, asked_by(OTHERS[what]), "")
    assert "answers.jsonl has no answer to this question. In the nearest one, line 2, " in told
    assert DIFFERENCES[what] in told
    assert "\n" not in told


DIFFS = [
    ("What of the second peak?", "What of the third peak?", "What of the [-second-]{+third+} peak?"),
    ("a b", "a very b", "a {+very +}b"),
    ("a very b", "a b", "a [-very -]b"),
    ("one\ntwo", "one\nthree", "one⏎[-two-]{+three+}"),
    ("same " * 3000 + "old end", "same " * 3000 + "new end", "…same same same [-old-]{+new+} end"),
    ("a", "b", "[-a-]{+b+}"),
]


@pytest.mark.parametrize(("old", "new", "shown"), DIFFS)
def test_prompts_are_compared_by_words(old, new, shown):
    assert shown in word_diff(old, new)


def test_two_texts_that_have_nothing_in_common_are_shown_short():
    assert len(word_diff(" ".join(map(str, range(5000))), "x " * 5000)) <= 400


def test_an_empty_recording_says_so(path):
    assert "holds no answer yet" in missing(Recording(path), asked_by(question()), "")
