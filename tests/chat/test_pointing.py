"""`--point` and point=True: what is asked, kept, recorded and replayed."""

import json

import pytest
from PIL import Image

from gemini_magics import ask, batch, conversations
from gemini_magics.testing import Demo, stream

RED = Image.new("RGB", (400, 300), "red")
ANSWER = 'It is here [mark 1].\n```json\n[{"mark": 1, "picture": 1, "label": "peak", "point": [500, 250]}]\n```'


@pytest.fixture
def demo():
    with Demo([stream(ANSWER)]) as demo:
        yield {"service": "demo", "base_url": demo.base_url}


@pytest.fixture(autouse=True)
def no_conversation_stays():
    yield
    conversations.clear()


def test_the_marks_of_an_answer_are_in_the_picture_that_was_sent(demo):
    answer = ask("Where?", RED, point=True, **demo)
    assert [(mark.label, mark.x, mark.y, mark.pixels) for mark in answer.marks] == [
        ("peak", 100, 150, (100, 150))
    ]
    assert answer.text == ANSWER


def test_an_answer_that_was_not_asked_to_point_has_no_marks(demo):
    assert ask("Where?", RED, **demo).marks == []


def test_a_recorded_answer_has_its_marks_again_and_only_for_the_question_with_point(demo, tmp_path):
    options = {**demo, "recording": tmp_path / "answers.jsonl"}
    ask("Where?", RED, point=True, **options)
    replayed = ask("Where?", RED, point=True, **options)
    assert replayed.recorded
    assert [(mark.label, mark.x) for mark in replayed.marks] == [("peak", 100)]
    assert not ask("Where?", RED, **options).recorded
    line = json.loads((tmp_path / "answers.jsonl").read_text().splitlines()[0])
    assert line["question"]["options"]["point"] is True


def test_a_later_turn_of_a_conversation_is_told_the_marks_before_it(demo):
    with Demo([stream(ANSWER)]) as service:
        options = {"service": "demo", "base_url": service.base_url, "chat": "main"}
        ask("Where?", RED, point=True, **options)
        later = ask("What is at mark 1?", point=True, **options)
        sent = service.requests[1].json["messages"]
    assert '"mark": 1' in sent[1]["content"][0]["text"]
    assert sent[-1]["content"][-1]["text"].endswith("1. RED")
    assert [(mark.label, mark.x) for mark in later.marks] == [("peak", 100)]


MARKS = [{"mark": 1, "picture": 1, "label": "peak", "point": [500, 250]}]
FORM = json.dumps({"answer": "It is *here* [mark 1].", "marks": MARKS})
PEAK = {
    "type": "object",
    "properties": {"height": {"$ref": "#/$defs/height"}, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
    "$defs": {"height": {"type": "number"}},
}
LIST = {"type": "array", "items": {"type": "number"}}


def asked(reply, monkeypatch, service, **settings):
    """The request and the answer of a question with point=True at a scripted service."""
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "0123456789abcdef")
    with Demo([stream(reply)]) as demo:
        answer = ask("Where?", RED, point=True, service=service, base_url=demo.base_url, model="m", **settings)
        return demo.requests[0].json, answer


def test_a_service_with_a_field_for_schemas_is_asked_for_marks_in_it_and_the_answer_reads_the_same(monkeypatch):
    sent, answer = asked(FORM, monkeypatch, "google")
    form = sent["response_format"]["json_schema"]["schema"]
    assert form["properties"]["answer"] == {"type": "string"}
    assert {"point", "box_2d", "label", "picture"} <= set(form["properties"]["marks"]["items"]["properties"])
    assert '"answer" is the answer itself' in sent["messages"][-1]["content"][-1]["text"]
    assert answer.text.startswith("It is *here* [mark 1].\n\n```json\n{")
    assert [(mark.label, mark.x) for mark in answer.marks] == [("peak", 100)]


def test_a_service_without_one_is_asked_in_words(monkeypatch):
    sent, answer = asked(ANSWER, monkeypatch, "kie")
    assert "response_format" not in sent
    assert "end with one block of code" in sent["messages"][-1]["content"][-1]["text"]
    assert [(mark.label, mark.x) for mark in answer.marks] == [("peak", 100)]


def test_a_server_that_ignores_the_field_and_answers_in_words_is_read_all_the_same(monkeypatch):
    _, answer = asked(ANSWER, monkeypatch, "openai")
    assert answer.text == ANSWER
    assert [(mark.label, mark.x) for mark in answer.marks] == [("peak", 100)]


def test_with_a_search_or_a_field_of_ones_own_marks_are_asked_for_in_words(monkeypatch):
    own = {"response_format": {"type": "text"}}
    assert asked(ANSWER, monkeypatch, "google", extra=own)[0]["response_format"] == own["response_format"]
    assert "response_format" not in asked(ANSWER, monkeypatch, "openrouter", search=True)[0]


@pytest.mark.parametrize("service", ["kie", "google"])
@pytest.mark.parametrize(("schema", "data"), [(PEAK, {"height": 2.5, "next": None}), (LIST, [1, 2])])
def test_data_in_a_schema_and_marks_come_together(service, schema, data, monkeypatch):
    reply = json.dumps({"answer": data, "marks": MARKS})
    sent, answer = asked(reply, monkeypatch, service, schema=schema)
    assert ("response_format" in sent) is (service == "google")
    assert answer.data == data
    assert [(mark.label, mark.x) for mark in answer.marks] == [("peak", 100)]


def test_references_inside_of_a_schema_lead_to_the_same_place_beside_marks(monkeypatch):
    sent, _ = asked(json.dumps({"answer": {"height": 1}, "marks": []}), monkeypatch, "google", schema=PEAK)
    form = sent["response_format"]["json_schema"]["schema"]
    assert form["$defs"] == PEAK["$defs"]
    assert form["properties"]["answer"]["properties"]["height"] == {"$ref": "#/$defs/height"}
    assert form["properties"]["answer"]["properties"]["next"]["anyOf"][0] == {"$ref": "#/properties/answer"}


def test_data_alone_in_the_form_of_the_schema_is_taken_too(monkeypatch):
    _, answer = asked('{"height": 2}', monkeypatch, "google", schema=PEAK)
    assert (answer.data, answer.marks) == ({"height": 2}, [])


def test_the_demo_gives_data_and_true_marks_together():
    answer = ask("Where?", RED, point=True, service="demo", schema=PEAK)
    assert set(answer.data) == {"height", "next"}
    assert [mark.label for mark in answer.marks] == ["largest deviation"]


def test_each_row_of_many_has_its_marks_and_its_data(monkeypatch):
    reply = json.dumps({"answer": {"height": 2}, "marks": MARKS})
    with Demo([stream(reply), stream(reply)]) as demo:
        rows = batch(
            [{"picture": RED}, {"picture": Image.new("RGB", (200, 100))}],
            "Where?",
            attach="picture",
            point=True,
            schema=PEAK,
            service="demo",
            base_url=demo.base_url,
            record=False,
        )
    assert [(row["height"], row["answer"].marks[0].x) for row in rows] == [(2, 100), (2, 50)]
