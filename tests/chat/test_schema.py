"""Answers in a schema: what may be one, what the service is told, and what comes of a misfit."""

import ipaddress
import json
import sys
import typing
from dataclasses import dataclass
from datetime import date

import pydantic
import pytest
import typing_extensions

import gemini_magics
from gemini_magics import AnswerMismatch, BadRequest, Cancel
from gemini_magics.chat import run
from gemini_magics.chat.schema import schema_of
from gemini_magics.core.messages import Message, Text
from gemini_magics.core.question import Question
from gemini_magics.core.settings import resolve
from gemini_magics.service import request
from gemini_magics.service.services import find
from gemini_magics.testing import Act, Demo, Head, chunk, stream


class Peak(pydantic.BaseModel):
    height: float
    day: date = date(2026, 1, 1)


class Scan(pydantic.BaseModel):
    peaks: list[Peak]


@dataclass
class Point:
    x: int
    y: int = 0


class Row(typing_extensions.TypedDict):
    name: str
    size: typing_extensions.NotRequired[int]


class Named(typing_extensions.TypedDict):
    name: str


class Folder(Named, total=False):
    """A folder, as it is found on a disk."""

    size: typing.Annotated[int, pydantic.Field(description="in bytes", ge=0)]
    owner: typing.Required[Named | None]
    inside: "list[Folder]"
    day: date


AS_JSON = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"$ref": "#/$defs/side"}},
    "required": ["x"],
    "$defs": {"side": {"enum": ["left", "right"]}},
}

FORMS = {
    "a pydantic model": (Scan, {"peaks": [{"height": "2.5", "day": "2026-11-22"}]},
        Scan(peaks=[Peak(height=2.5, day=date(2026, 11, 22))])),
    "a strict model": (pydantic.create_model("Strict", __config__={"strict": True}, day=(date, ...)),
        {"day": "2026-11-22"}, None),
    "a dataclass": (Point, {"x": 1}, Point(1)),
    "a TypedDict": (Row, {"name": "a"}, {"name": "a"}),
    "TypedDicts in TypedDicts": (Folder, {"name": "a", "owner": {"name": "b"}, "day": "2026-11-22",
        "inside": [{"name": "c", "owner": None, "size": "3"}]},
        {"name": "a", "owner": {"name": "b"}, "day": date(2026, 11, 22),
        "inside": [{"name": "c", "owner": None, "size": 3}]}),
    "a list of TypedDicts": (list[Named], [{"name": "a"}], [{"name": "a"}]),
    "a TypedDict or a number": (Named | int, {"name": "a"}, {"name": "a"}),
    "a list of models": (list[Point], [{"x": 1}, {"x": 2, "y": 3}], [Point(1), Point(2, 3)]),
    "a JSON schema": (AS_JSON, {"x": 1, "y": "left"}, {"x": 1, "y": "left"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_what_may_be_a_schema_and_what_comes_of_it(name):
    form, value, made = FORMS[name]
    read = schema_of(form).read(json.dumps(value))
    if made is None:
        assert read.day == date(2026, 11, 22)
    else:
        assert read == made
        assert type(read) is type(made)


def test_what_the_model_is_told_of_a_typed_dict_is_all_that_was_written():
    told = schema_of(Folder).json["$defs"]["Folder"]
    assert told["description"] == "A folder, as it is found on a disk."
    assert told["required"] == ["name", "owner"]
    assert told["properties"]["size"] == {
        "description": "in bytes", "minimum": 0, "title": "Size", "type": "integer"
    }  # fmt: skip
    assert told["properties"]["inside"]["items"] == {"$ref": "#/$defs/Folder"}


def test_a_typed_dict_in_a_typed_dict_is_checked_too():
    with pytest.raises(AnswerMismatch) as raised:
        schema_of(Folder).read('{"name": "a", "inside": [{"owner": {"name": 1}, "size": -1}]}')
    for why in ("inside[0].name: Field required", "inside[0].owner.name: Input", "size: Input", "owner: Field"):
        assert why in raised.value.why


class OfTyping(typing.TypedDict):
    name: str


@pytest.mark.parametrize(
    "form", [OfTyping, list[OfTyping], OfTyping | None], ids=["alone", "in a list", "or None"]
)
def test_a_typed_dict_of_typing_is_read_where_pydantic_reads_it(form):
    if sys.version_info >= (3, 12):
        assert schema_of(form).json
    else:
        with pytest.raises(BadRequest, match=r"^p uses .* import TypedDict from typing_extensions\.$"):
            schema_of(form, "p")


class Plain:
    pass


class Missing(pydantic.BaseModel):
    other: "NotDefinedAnywhere"  # noqa: F821


class Lost(typing_extensions.TypedDict):
    other: "NotDefinedAnywhere"  # noqa: F821


@dataclass
class Holder:
    other: Plain


def nested(key, levels):
    form = {}
    for _ in range(levels):
        form = {key: form}
    return form


NO_FORMS = {
    "an object": (Point(1), "p is not a schema"),
    "a number": (3, "p is not a schema: name a pydantic model"),
    "a class without types": (Plain, "p is not a schema: name a pydantic model"),
    "a class with one in it": (Holder, "p is not a schema (JSON holds no <class 'test_schema.Plain'>): name"),
    "a TypedDict with a name that is not there": (Lost, "(name 'NotDefinedAnywhere' is not defined)"),
    "a list of such TypedDicts": (list[Lost], "(name 'NotDefinedAnywhere' is not defined)"),
    "a function": (lambda x: x, "p is not a schema: name a pydantic model"),
    "a text": ("int", "p is not a schema: name a pydantic model"),
    "a name that is not there": (Missing, "p is not a schema (name 'NotDefinedAnywhere' is not defined)"),
    "no JSON schema": ({"type": "number", "minimum": "3"}, "p is not a JSON schema: minimum: '3'"),
    "an unknown type": (
        {"properties": {"a": {"type": "text"}}},
        "p is not a JSON schema: properties.a.type: 'text'",
    ),
    "values that JSON has not": ({"enum": [date(2026, 1, 1)]}, "not JSON serializable"),
    "lists of lists without an end in sight": (nested("items", 900), "nested too deeply to be checked: put"),
    "a value of endless levels": ({"default": nested("a", 20_000)}, "nested too deeply to be checked: put"),
    "a schema elsewhere": ({"items": {"$ref": "https://example.org/s.json"}}, "put that schema under $defs"),
}


@pytest.mark.parametrize("name", NO_FORMS)
def test_what_is_no_schema_is_refused_before_anything_is_asked(name):
    form, said = NO_FORMS[name]
    with pytest.raises(BadRequest) as raised:
        schema_of(form, "p")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "arbitrary_types_allowed" not in str(raised.value)


def test_a_reference_that_leads_nowhere_says_so():
    with pytest.raises(BadRequest, match=r"refers to #/\$defs/b, which is not in it"):
        schema_of({"properties": {"a": {"$ref": "#/$defs/b"}}}).read('{"a": 1}')


NOWHERE = {
    "in the schema": {"$ref": "#/nothing"},
    "in a list": {"type": "array", "items": {"$ref": "#/$defs/Row"}},
    "in a choice": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Row"}]},
    "in a definition": {"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"b": {"$ref": "#/$defs/b"}}}}},
    "an anchor": {"properties": {"a": {"$ref": "#row"}}},
    "of an older draft": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "items": {"$ref": "#/definitions/Row"},
    },
}


@pytest.mark.parametrize("form", NOWHERE.values(), ids=NOWHERE)
def test_a_reference_that_leads_nowhere_costs_no_question(form):
    with Demo([stream("[1]")]) as demo:
        with pytest.raises(BadRequest, match=r"refers to #.*, which is not in it: add it under \$defs"):
            gemini_magics.ask("Which?", schema=form, service="demo", base_url=demo.base_url)
        assert not demo.requests


@pytest.mark.parametrize(
    "form",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": {"$anchor": "one", "type": "integer"}, "b": {"$ref": "#one"}}},
        {"$ref": "#/definitions/a", "definitions": {"a": {"type": "integer"}}},
        {"$id": "https://example.org/s", "$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}}},
        {"$defs": {"a": {"$id": "https://example.org/a", "$ref": "#/$defs/b", "$defs": {"b": {}}}}},
        {"const": 1, "default": {"$ref": "#/nothing"}},
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "id": "https://example.org/s",
            "type": "integer",
        },
    ],
)
def test_references_inside_a_schema_are_followed_as_its_draft_says(form):
    assert schema_of(form).read("1") == 1


MISFITS = {
    "no JSON": (Point, "The peak is at 3.", "it is not valid JSON (line 1, column 1"),
    "a missing field": (Point, "{}", "x: Field required"),
    "deep inside": (Scan, '{"peaks": [{"height": 1}, {"height": "high"}]}', "peaks[1].height: Input should be"),
    "another kind of thing": (Point, "[1]", "the whole: Input should be"),
    "by a JSON schema": (AS_JSON, '{"x": 1, "y": "up"}', "y: 'up' is not one of ['left', 'right']"),
    "many": (list[int], json.dumps(["a"] * 8), "; and 3 more"),
    "a long value": (AS_JSON, json.dumps({"x": "a" * 9999}), "x: 'aaa"),
    "half a character": (Point, '{"x": "\\ud800"}', "x"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_an_answer_that_does_not_fit_says_where_and_why(name):
    form, text, why = MISFITS[name]
    with pytest.raises(AnswerMismatch) as raised:
        schema_of(form).read(text)
    assert why in raised.value.why
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 800


@pytest.mark.parametrize(("package", "form"), [("pydantic", Point), ("jsonschema", {"type": "object"})])
def test_without_the_package_that_checks_it_says_what_to_install(monkeypatch, package, form):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(BadRequest, match=r"pip install 'gemini_magics\[schema\]'"):
        schema_of(form)


def test_asking_without_a_schema_loads_nothing_that_checks_one(shell):
    import subprocess

    code = (
        "import sys; from gemini_magics.testing import Demo, stream; from gemini_magics import ask\n"
        "with Demo([stream('x')]) as demo: ask('q', service='demo', base_url=demo.base_url)\n"
        "print([name for name in ('pydantic', 'jsonschema') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


SPELLINGS = {
    ("kie", "object"): "words",
    ("demo", "object"): "words",
    ("google", "object"): "field",
    ("openrouter", "object"): "field",
    ("openai", "object"): "field",
    ("google", "array"): "words",
}


@pytest.mark.parametrize("case", SPELLINGS, ids=" ".join)
def test_a_schema_goes_in_the_services_own_field_or_else_in_words(case):
    service, kind = case
    schema = {"type": kind, "title": "Überschrift"}
    where = {"base_url": "https://example.org/v1", "model": "m"} if service == "openai" else {}
    question = Question((Message("user", ("What?",)),), resolve({"service": service, **where}))
    row = find(question.settings)
    plain = request.body(question, row)
    body = request.body(Question(question.messages, question.settings, schema=schema), row)
    if SPELLINGS[case] == "field":
        assert body.pop("response_format") == {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": schema},
        }
    else:
        words = body["messages"][-1]["content"].pop()
        assert words["type"] == "text"
        assert json.dumps(schema, ensure_ascii=False) in words["text"]
    assert body == plain


def texts(request):
    return [[part["text"] for part in message["content"]] for message in request.json["messages"]]


@pytest.fixture
def demo():
    """A service whose answers a test writes: `demo.says("...", "...")`."""
    script = []
    with Demo(lambda request: script.pop(0)) as demo:
        demo.says = lambda *answers: script.extend(a if isinstance(a, list) else stream(a) for a in answers)
        demo.options = {"service": "demo", "base_url": demo.base_url}
        yield demo


def test_data_is_the_object(demo):
    demo.says('```json\n{"x": 1}\n```')
    answer = gemini_magics.ask("Where?", schema=Point, **demo.options)
    assert answer.data == Point(1)
    assert answer.json() == {"x": 1}
    assert '"x"' in texts(demo.requests[0])[-1][-1]


def test_an_answer_that_does_not_fit_is_asked_for_once_more_with_what_is_wrong(demo):
    demo.says('{"x": "far"}', '{"x": 2}')
    answer = gemini_magics.ask("Where?", schema=Point, **demo.options)
    assert answer.data == Point(2)
    question, first, complaint = texts(demo.requests[1])
    assert question == ["Where?"]
    assert first == ['{"x": "far"}']
    assert "x: Input should be a valid integer" in complaint[0]
    assert '"title": "Point"' in complaint[1]


def test_a_second_answer_that_does_not_fit_is_an_error_that_keeps_it(demo):
    demo.says("no", "still no")
    with pytest.raises(
        AnswerMismatch, match=r"does not fit Point, asked twice: it is not valid JSON .*last"
    ) as raised:
        gemini_magics.ask("Where?", schema=Point, **demo.options)
    assert raised.value.answer is gemini_magics.last()
    assert raised.value.answer.text == "still no"
    assert raised.value.answer.data is None
    assert len(demo.requests) == 2


@pytest.fixture
def stop_after(monkeypatch):
    """A function that makes a switch, which is pulled once an answer has got a piece of text."""

    def stop_after(piece):
        cancel, fold = Cancel(), run.fold

        def fold_and_stop(answer, event):
            fold(answer, event)
            if event == Text(piece):
                cancel.cancel()

        monkeypatch.setattr(run, "fold", fold_and_stop)
        return cancel

    return stop_after


def test_an_answer_that_was_stopped_is_not_checked(demo, stop_after):
    demo.says([Head(), chunk(content='{"x": '), Act.HANG])
    answer = gemini_magics.ask("Where?", schema=Point, cancel=stop_after('{"x": '), **demo.options)
    assert (answer.text, answer.ended, answer.data) == ('{"x": ', "interrupted", None)


def test_the_second_question_can_be_stopped_as_well(demo, stop_after):
    demo.says("no", [Head(), chunk(content="st"), Act.HANG])
    answer = gemini_magics.ask("Where?", schema=Point, cancel=stop_after("st"), **demo.options)
    assert (answer.text, answer.ended, answer.data) == ("st", "interrupted", None)


@pytest.fixture
def ask(shell, demo):
    """Ask in a cell, of a service whose answers the test writes."""
    shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
    shell.run('%config GeminiMagics.service = "demo"')
    shell.run('%config GeminiMagics.display = "paced"')
    shell.user_ns.update(Point=Point, side=AS_JSON)
    return shell.run


def test_a_cell_asks_in_a_schema_of_the_notebook(ask, demo, shell):
    demo.says('{"x": 1, "y": "left"}', '[{"x": 1}]')
    ask("%%gemini --schema side --to where\nWhere?")
    assert shell.user_ns["where"].data == {"x": 1, "y": "left"}
    ask("%%gemini --schema list[Point] --to where\nWhere?")
    assert shell.user_ns["where"].data == [Point(1)]


def test_both_answers_and_what_was_wrong_are_in_the_output(ask, demo, shell, capsys):
    demo.says('{"y": 0}', '{"x": 2}')
    ask("%%gemini --schema Point --to where\nWhere?")
    shown = capsys.readouterr().out
    first = shown.index('{"y": 0}')
    between = shown.index("does not fit Point: x: Field required. Asking once more.")
    assert first < between < shown.index('{"x": 2}')
    assert shell.user_ns["where"].data == Point(2)


def test_a_cell_whose_answer_never_fits_fails_in_one_line(ask, demo, shell):
    demo.says("no", "no\x1b[2J")
    with pytest.raises(AnswerMismatch) as raised:
        ask("%%gemini --schema Point --to where\nWhere?")
    (line,) = raised.value._render_traceback_()
    assert line.startswith("AnswerMismatch: The answer does not fit Point, asked twice")
    assert "\n" not in line
    assert "\x1b" not in line
    assert shell.user_ns["where"].text == "no\x1b[2J"


def test_a_dry_run_shows_the_schema_and_sends_nothing(ask, demo, capsys):
    ask("%%gemini --schema Point --dry-run\nWhere?")
    assert "JSON schema" in capsys.readouterr().out
    assert not demo.requests


def test_a_conversation_keeps_the_question_as_it_was_asked_and_the_answer_that_fits(ask, demo):
    demo.says('{"y": 0}', '{"x": 2}', "Fine.")
    ask("%%gemini --schema Point --chat schema-test\nWhere?")
    ask("%%gemini --chat schema-test\nSure?")
    assert texts(demo.requests[-1]) == [["Where?"], ['{"x": 2}'], ["Sure?"]]


def test_a_recorded_question_in_a_schema_is_answered_from_the_recording(ask, demo, shell):
    demo.says('{"y": 0}', '{"x": 2}')
    try:
        ask("%gemini_record answers.jsonl")
        cell = "%%gemini --schema Point --to where\nWhere?"
        ask(cell)
        shell.user_ns["where"] = None
        ask(cell)
        assert shell.user_ns["where"].data == Point(2)
        assert len(demo.requests) == 2
    finally:
        ask("%gemini_record off")


MISTAKES = {
    "%%gemini --schema Pont\nWhere?": "Point",
    "%%gemini --schema 1+\nWhere?": "not a Python expression",
    "%%gemini --schema 3\nWhere?": "^3 is not a schema: name a pydantic model, a dataclass, .* schema.$",
    "%%gemini --schema Point --code\nWhere?": "take one of them",
    "%%gemini --schema\nWhere?": "--schema needs a value",
}


@pytest.mark.parametrize("cell", MISTAKES)
def test_a_mistake_says_so_and_sends_nothing(ask, demo, cell):
    with pytest.raises(BadRequest, match=MISTAKES[cell]):
        ask(cell)
    assert not demo.requests


class Node(pydantic.BaseModel):
    name: str
    parent: "Node | None"
    children: "list[Node]"


@pytest.fixture(scope="module")
def stand_in():
    with Demo(words_per_s=0) as demo:
        yield {"service": "demo", "base_url": demo.base_url}


Field = pydantic.Field


class Limited(pydantic.BaseModel):
    share: float = Field(gt=0, lt=1)
    small: float = Field(gt=0.1, lt=0.5)
    likely: float = Field(ge=0.5, lt=1)
    less: float = Field(gt=0, le=0.5)
    fives: int = Field(multiple_of=5)
    steps: float = Field(multiple_of=0.4, le=1)
    country: str = Field(min_length=2, max_length=2)
    reason: str = Field(min_length=200)
    best: list[int] = Field(max_length=1)
    none: list[int] = Field(max_length=0)
    number: pydantic.UUID4
    address: ipaddress.IPv6Address


NULLABLE = {
    "properties": {
        "count": {"type": ["integer", "null"]},
        "names": {"type": ["array"], "items": {"type": ["string", "null"]}, "uniqueItems": True},
    },
    "required": ["count", "names"],
}


@pytest.mark.parametrize(
    "form", [Scan, Point, Row, list[Point], AS_JSON, Node, Limited, NULLABLE], ids=range(8)
)
def test_the_demo_service_answers_in_any_schema(stand_in, form):
    assert gemini_magics.ask("Where?", schema=form, **stand_in).data


class Strict(pydantic.BaseModel):
    height: float

    @pydantic.field_validator("height")
    @classmethod
    def known(cls, height):
        return {}[height]


class Unmakeable(pydantic.BaseModel):
    @classmethod
    def __get_pydantic_json_schema__(cls, *_):
        return 1 / 0


@dataclass
class Post:
    height: float

    def __post_init__(self):
        raise RuntimeError("no posts\n" + "today " * 9_999)


FAILING = {  # a schema whose own code fails -> what is said of it
    "a validator": (Strict, "Strict could not check the answer: KeyError in line "),
    "__post_init__": (Post, "Post could not check the answer: RuntimeError in line "),
    "a schema without an end": ({"$ref": "#"}, "the schema could not check the answer: RecursionError"),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_schema_whose_own_code_fails_is_told_in_a_line_and_nothing_is_asked_again(name):
    form, said = FAILING[name]
    with Demo([stream('{"height": "3"}' if isinstance(form, dict) else '{"height": 3}')]) as demo:
        with pytest.raises(gemini_magics.GeminiError) as caught:
            gemini_magics.ask("How high?", schema=form, service="demo", base_url=demo.base_url)
        assert len(demo.requests) == 1
    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) < 500 and "\n" not in str(caught.value)
    assert caught.value.answer.text.startswith('{"height"')


def test_a_type_that_cannot_make_its_schema_is_refused_before_anything_is_asked():
    with pytest.raises(BadRequest, match="Unmakeable is not a schema, its own code fails: ZeroDivisionError"):
        schema_of(Unmakeable)
