"""The same questions in several ways, side by side."""

import datetime
import enum
import sys
from dataclasses import dataclass

import pandas as pd
import pytest

from gemini_magics import BadRequest, Cancel, MissingKey, compare
from gemini_magics.chat import batch_file
from gemini_magics.testing import Act, Demo, Head, body, chunk, stream, took


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(batch_file, "_begun", set())
    return tmp_path


def text_of(request):
    return request.json["messages"][-1]["content"][-1]["text"]


def first_text_of(request):
    return request.json["messages"][-1]["content"][0]["text"]


def by_effort(request):
    return stream(f"{request.json['reasoning_effort']}: {text_of(request)}", usage=took(1, 2, 0, 0.5))


def ask(demo, prompts="What is $`x`?", over=None, **how):
    return compare(prompts, over, **{"service": "demo", "base_url": demo.base_url, "record": False} | how)


ROWS = pd.DataFrame({"x": [1, 2], "right": ["low: what is 1?", "no"]}, index=["a", "b"])


def test_each_effort_is_a_column_over_all_rows():
    with Demo(by_effort) as demo:
        found = ask(demo, over=ROWS, effort=["low", "high"])
        assert len(demo.requests) == 4
    frame = found.frame
    assert list(frame.index) == ["a", "b"]
    assert [str(frame.loc["b", (way, "answer")]) for way in ("effort=low", "effort=high")] == [
        "low: What is 2?",
        "high: What is 2?",
    ]
    assert list(found.summary.index) == ["effort=low", "effort=high"]
    assert list(found.summary.columns) == ["answered", "failed", "seconds", "tokens", "credits"]
    assert list(found.summary.credits) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("part", "missing", "package"),
    [
        ("frame", "pandas", "pandas"),
        ("summary", "pandas", "pandas"),
        ("plot", "matplotlib.figure", "matplotlib"),
    ],
)
def test_a_part_of_a_comparison_that_needs_a_package_says_what_to_install(monkeypatch, part, missing, package):
    with Demo(by_effort) as demo:
        found = ask(demo, over=[{"x": 1}], effort=["low", "high"])
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(BadRequest, match=f"pip install {package}"):
        found.plot() if part == "plot" else getattr(found, part)


def test_a_yes_is_asked_for_all_questions_of_a_comparison(monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "n")
    with Demo(by_effort) as demo:
        with pytest.raises(BadRequest, match="Nothing was sent"):
            ask(
                demo,
                {"a": "Is $`x`?", "b": "Is it $`x`?"},
                pd.DataFrame({"x": range(300)}),
                effort=["low", "high"],
            )
        assert not demo.requests
    (question,) = asked
    assert question.startswith("1,200 questions, ")


def test_without_rows_each_column_is_one_question():
    with Demo(by_effort) as demo:
        found = ask(demo, {"short": "In a word?", "long": "In a page?"}, effort="low")
    assert [column.name for column in found.columns] == ["short", "long"]
    assert [str(column.answers[0]) for column in found.columns] == ["low: In a word?", "low: In a page?"]


def test_prompts_and_settings_are_combined():
    with Demo(by_effort) as demo:
        found = ask(demo, ["Why?", "How?"], effort=["low", "high"])
    assert [column.name for column in found.columns] == [
        "prompt 1 · effort=low",
        "prompt 1 · effort=high",
        "prompt 2 · effort=low",
        "prompt 2 · effort=high",
    ]


def test_prompts_may_have_numbers_as_names():
    with Demo(by_effort) as demo:
        found = ask(demo, {1: "A?", 2: "B?"}, effort="low")
    assert [*found.summary.index] == ["1", "2"]
    assert repr(found) == "<Comparison of 2 ways, 1 row>"


def test_a_column_that_fails_does_not_stop_the_others():
    def reply(request):
        if request.json["reasoning_effort"] == "high":
            return body({"error": {"message": "Not this one"}}, 400)
        return by_effort(request)

    with Demo(reply) as demo:
        found = ask(demo, over=ROWS, effort=["low", "high", "medium"])
    assert list(found.summary.answered) == [2, 0, 0]
    assert "Not this one" in found.frame.loc["a", ("effort=high", "error")]
    assert "no effort 'medium'" in found.frame.loc["a", ("effort=medium", "error")]
    assert "no effort 'medium'" in found._repr_mimebundle_()["text/html"].replace("&#x27;", "'")


def test_a_comparison_in_which_nothing_was_answered_is_an_error(monkeypatch):
    with pytest.raises(MissingKey):
        compare("Why?", service=["kie", "google"], record=False)


@dataclass
class Kind:
    kind: str
    size: float


def test_a_comparison_that_is_stopped_counts_what_is_whole_and_says_why_the_rest_is_missing():
    cancel = Cancel()

    def stop_at_the_third(request):
        if "3" in text_of(request):
            cancel.cancel()
            return [Head(), chunk(content="It i"), Act.HANG]
        return stream("Fine.")

    with Demo(stop_at_the_third) as demo:
        found = ask(demo, over=pd.DataFrame({"x": [1, 2, 3, 4]}), concurrency=1, cancel=cancel)
    assert found.summary.loc["answer"].answered == 2
    assert len(found.columns[0].answers) == 2
    assert "Stopped after 2 of 4 rows" in found.frame["answer"].error[3]
    assert "Stopped after 2 of 4 rows" in found._repr_mimebundle_()["text/plain"]


def test_agreement_is_how_often_a_column_says_what_most_say():
    said = {"low": '{"kind": "Dog.", "size": 1.0}', "high": '{"kind": "dog", "size": 2}'}

    with Demo(lambda request: stream(said[request.json["reasoning_effort"]])) as demo:
        found = ask(demo, over=ROWS, effort=["low", "high"], schema=Kind)
    assert list(found.summary.agreement) == [1.0, 0.5]
    assert list(found.frame[("effort=high", "size")]) == [2.0, 2.0]


@pytest.mark.parametrize(
    ("schema", "said", "column", "value"),
    [
        (dict[str, int], '{"a": 1}', "value", {"a": 1}),
        ({"properties": {"answer": {"type": "string"}}}, '{"answer": "no"}', "data_answer", "no"),
        ({"properties": {"seconds": {"type": "number"}}}, '{"seconds": 8}', "data_seconds", 8),
        ({"properties": {"data": {"type": "number"}}}, '{"data": 8}', "data", 8),
        (list[int], "[1, 2]", "data", [1, 2]),
    ],
)
def test_each_field_of_the_data_has_a_column_of_its_own(schema, said, column, value):
    with Demo([stream(said)]) as demo:
        found = ask(demo, over=ROWS.head(1), schema=schema)
    one = found.frame["answer"]
    assert one.columns.is_unique
    assert one[column]["a"] == value


def test_the_score_is_how_often_a_column_is_right():
    with Demo(by_effort) as demo:
        found = ask(demo, over=ROWS, effort=["low", "high"], expect="right")
    assert list(found.summary.score) == [0.5, 0.0]


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Seen:
    colour: Colour | None
    day: datetime.date


SEEN = pd.DataFrame({"x": [1, 2], "colour": ["red", None], "day": pd.to_datetime(["2026-11-29", "2026-11-30"])})


@pytest.mark.parametrize("expect", ["colour", "day"])
def test_a_right_enum_day_or_nothing_is_right_in_the_score(expect):
    said = {"1": '{"colour": "red", "day": "2026-11-29"}', "2": '{"colour": null, "day": "2026-11-30"}'}
    with Demo(lambda request: stream(said[first_text_of(request)[8]])) as demo:
        found = ask(demo, over=SEEN, schema=Seen, expect=expect)
    assert list(found.summary.score) == [1.0]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"expect": "rihgt"}, "not a column. Did you mean right"),
        ({"expect": "right", "schema": Kind}, "several fields"),
        ({"expect": ROWS["right"]}, "expect names the column with the right answers as text, not Series"),
        ({"expect": ["right"]}, "expect names the column with the right answers as text, not list"),
        ({"chat": "main"}, "in no conversation"),
        ({"prompts": []}, "no prompt"),
        ({"prompts": 5}, "The prompts are texts, not int"),
        ({"effort": 3}, "The values of effort are texts, not int"),
        ({"effort": []}, "effort has no value to compare"),
        ({"model": ()}, "model has no value to compare"),
    ],
)
def test_a_comparison_that_cannot_be_asked_sends_nothing(how, words):
    with Demo(by_effort) as demo:
        with pytest.raises(BadRequest, match=words):
            ask(demo, over=ROWS, **how)
        assert not demo.requests


def test_running_again_asks_nothing_and_services_are_kept_apart(folder):
    with Demo(by_effort) as demo:
        first = ask(demo, over=ROWS, effort=["low", "high"], service=["demo", "kie"], record=True)
        asked = len(demo.requests)
        again = ask(demo, over=ROWS, effort=["low", "high"], service=["demo", "kie"], record=True)
        assert len(demo.requests) == asked == 8
    assert [answer.service for column in again.columns for answer in column.answers] == [
        answer.service for column in first.columns for answer in column.answers
    ]
    assert all(answer.recorded for column in again.columns for answer in column.answers)


def test_what_is_shown_runs_nothing_of_the_model():
    hostile = "<img src=x onerror=alert(1)> **bold** \x1b[31m"
    with Demo([stream(hostile)]) as demo:
        found = ask(demo, over=ROWS, effort=["low", "high"])
    shown = found._repr_mimebundle_()
    assert "<img" not in shown["text/html"]
    assert "<strong>bold</strong>" in shown["text/html"]
    assert "\x1b" not in shown["text/plain"]


def test_the_times_are_drawn():
    with Demo(by_effort) as demo:
        found = ask(demo, over=ROWS, effort=["low", "high"])
    (axes,) = found.plot().axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["effort=low", "effort=high"]
    assert len(axes.patches) == 2
