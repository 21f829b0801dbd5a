"""Many questions at once, as Python asks them, against the scripted service."""

import datetime
import enum
import errno
import gc
import io
import itertools
import json
import stat
import sys
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from patience import wait_until
from PIL import Image
from pydantic import BaseModel, ConfigDict, RootModel
from pydantic.alias_generators import to_camel

from gemini_magics import AuthenticationError, BadRequest, Cancel, batch
from gemini_magics.chat import batch_file, pace, progress, tally
from gemini_magics.testing import Act, Demo, Head, body, chunk, envelope, stream


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A notebook's folder of its own, and a session that has begun no file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(batch_file, "_begun", set())
    return tmp_path


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    """Pauses of a batch that take no time."""
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 0.01)


def text_of(request):
    """The last text of a request."""
    return request.json["messages"][-1]["content"][-1]["text"]


def echo(request):
    return stream(f"Heard: {text_of(request)}")


def ask(demo, rows, prompt="What is $`x`?", **how):
    return batch(rows, prompt, **{"service": "demo", "base_url": demo.base_url, "record": False} | how)


TABLE = pd.DataFrame({"x": [3, 1, 2], "name": ["c", "a", "b"]}, index=["r3", "r1", "r2"])


def test_each_row_gets_the_answer_to_its_own_question():
    with Demo(echo) as demo:
        out = ask(demo, TABLE, "Say $`name` and $`x`.")
    assert [answer.text for answer in out.answer] == [
        "Heard: Say c and 3.",
        "Heard: Say a and 1.",
        "Heard: Say b and 2.",
    ]
    assert list(out.index) == ["r3", "r1", "r2"]
    assert list(out.columns) == ["answer", "ended", "error", "tokens", "credits", "seconds"]
    assert list(out.error) == ["", "", ""]
    assert list(out.ended) == ["stop"] * 3
    assert str(out.tokens.dtype) == "Int64"


def test_polars_comes_back_as_polars():
    with Demo(echo) as demo:
        out = ask(demo, pl.DataFrame({"x": [1, 2]}))
    assert isinstance(out, pl.DataFrame)
    assert [answer.text for answer in out["answer"]] == ["Heard: What is 1?", "Heard: What is 2?"]


def test_a_list_comes_back_as_rows_that_can_become_a_table():
    with Demo(echo) as demo:
        out = ask(demo, [{"x": 1}, {"x": 2}])
    assert [row["answer"].text for row in out] == ["Heard: What is 1?", "Heard: What is 2?"]
    assert list(out.frame().columns) == list(out[0])


def test_a_frame_of_the_answers_to_a_list_says_to_install_pandas_where_it_is_missing(monkeypatch):
    with Demo(echo) as demo:
        out = ask(demo, [{"x": 1}])
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(BadRequest, match="pip install pandas"):
        out.frame()


def test_an_item_of_a_list_is_attached_by_itself(folder):
    Image.new("RGB", (4, 4), "red").save(folder / "red.png")
    with Demo(echo) as demo:
        ask(demo, [Path("red.png"), Image.new("RGB", (5, 5), "blue")], "Which colour?")
        kinds = [[part["type"] for part in each.json["messages"][0]["content"]] for each in demo.requests]
    assert kinds == [["text", "image_url", "text"]] * 2


def test_a_value_is_put_in_once_and_never_read_again(folder):
    (folder / "secret.txt").write_text("hidden")
    hostile = ["$`x`", "{x}", "secret.txt", "$`__import__('os')`"]
    with Demo(echo) as demo:
        out = ask(demo, pd.DataFrame({"x": hostile}))
    assert [answer.text for answer in out.answer] == [f"Heard: What is {value}?" for value in hostile]


@pytest.mark.parametrize(
    ("prompt", "how", "words"),
    [
        ("What is $`nam`?", {}, "no column 'nam'. Did you mean name"),
        ("What is this?", {}, "Each question would be the same"),
        ("What is $`x`?", {"attach": "photo"}, "attach names 'photo'"),
        ("What is $`x`?", {"attach": 5}, "attach is a column, a list of columns or a function"),
        ("What is $`x`?", {"attach": ["x", 0]}, "attach names columns as text, such as '0', not 0"),
        ("What is $`x`?", {"chat": "main"}, "in no conversation"),
        ("What is $`x`?", {"limit": 0}, "limit is a whole number from 1"),
        ("What is $`x`?", {"limit": True}, "limit is a whole number from 1"),
        ("What is $`x`?", {"limit": 2.0}, "limit is a whole number from 1"),
        ("What is $`x`?", {"executor": 8}, "executor takes a Dask Client"),
        ("What is $`x`?", {"concurency": 8}, "There is no setting 'concurency'"),
    ],
)
def test_a_batch_that_cannot_be_asked_sends_nothing(prompt, how, words):
    with Demo(echo) as demo:
        with pytest.raises(BadRequest, match=words.replace(".", r"\.")):
            ask(demo, TABLE, prompt, **how)
        assert not demo.requests


def test_a_row_without_the_value_is_named_before_anything_is_sent():
    with Demo(echo) as demo:
        with pytest.raises(BadRequest, match="Row 1 has no 'x'"):
            ask(demo, [{"x": 1}, {"y": 2}])
        assert not demo.requests


def test_a_column_whose_name_has_blanks_around_it_can_be_named():
    table = pd.DataFrame({" x": [3], "y": [4], " y": [5]})
    with Demo([stream("ok")]) as demo:
        ask(demo, table, "$`x` $`y`", attach="x")
        assert text_of(demo.requests[0]) == "3 4"


@pytest.mark.parametrize("rows", ["text", {"x": [1, 2]}, 5])
def test_what_has_no_rows_is_refused(rows):
    with pytest.raises(BadRequest, match="DataFrame or a list"):
        batch(rows, "What is $`x`?")


def test_a_plan_of_polars_is_told_how_to_become_a_table():
    with pytest.raises(BadRequest, match=r"rows\.collect\(\) makes one"):
        batch(pl.DataFrame({"x": [1]}).lazy(), "What is $`x`?")


def test_a_column_of_paths_attaches_the_file_of_each_row(folder):
    for name in ("red", "blue"):
        Image.new("RGB", (4, 4), name).save(folder / f"{name}.png")
    rows = pd.DataFrame({"photo": ["red.png", "blue.png"]})
    with Demo(echo) as demo:
        out = ask(demo, rows, "Which colour?", attach="photo")
        urls = {
            part["image_url"]["url"]
            for each in demo.requests
            for part in each.json["messages"][0]["content"][1:2]
        }
    assert len(urls) == 2
    assert list(out.error) == ["", ""]


def test_a_path_in_a_table_never_leaves_the_folder(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("elsewhere") / "red.png"
    Image.new("RGB", (4, 4), "red").save(outside)
    (folder / "link.png").symlink_to(outside)
    rows = pd.DataFrame({"photo": [str(outside), "link.png", "absent.png", None], "x": 1})
    with Demo(echo) as demo:
        out = ask(demo, rows, "Which?", attach="photo", allow_outside=True)
        assert not demo.requests
    assert ["is not in" in error for error in out.error] == [True, True, False, False]
    assert all("CannotAttach" in error for error in out.error)


def test_a_function_takes_what_each_row_attaches():
    def picture(row):
        return Image.new("RGB", (row["x"], 2))

    with Demo(echo) as demo:
        ask(demo, pd.DataFrame({"x": [3, 4]}), "Wide?", attach=picture)
        assert all(each.json["messages"][0]["content"][1]["type"] == "image_url" for each in demo.requests)


def test_one_poisoned_row_of_a_hundred_is_one_error_and_costs_no_other_row():
    def poison(request):
        if text_of(request) == "What is 42?":
            return body({"error": {"message": "Poisoned", "type": "invalid_request_error"}}, 400)
        return echo(request)

    with Demo(poison) as demo:
        out = ask(demo, pd.DataFrame({"x": range(100)}))
        assert len(demo.requests) == 100
    assert list(out.index[out.error != ""]) == [42]
    assert "ServiceError" in out.error[42]
    assert "Poisoned" in out.error[42]
    assert out.answer[41].text == "Heard: What is 41?"


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_a_row_without_a_word_or_with_half_an_answer_is_no_silent_success(kind):
    replies = [stream("Fine."), stream(), stream("Hal", finish="length"), stream(finish="content_filter")]
    with Demo(replies) as demo:
        out = ask(demo, kind({"x": [1, 2, 3, 4]}), concurrency=1)
    fine, blank, half, blocked = out["note"]
    assert (fine, blank) == ("", "No answer came.")
    assert half.startswith("Cut off at the limit")
    assert blocked.startswith("Blocked by the service")
    assert not any(out["error"])


def test_equal_rows_are_asked_once():
    with Demo(echo) as demo:
        out = ask(demo, pd.DataFrame({"x": [1, 2, 1, 1]}))
        assert len(demo.requests) == 2
    assert [answer.text for answer in out.answer] == [f"Heard: What is {x}?" for x in (1, 2, 1, 1)]


@dataclass
class Peak:
    at: float
    height: int
    name: str


def test_the_fields_of_a_schema_are_typed_columns():
    with Demo(words_per_s=0) as demo:
        out = ask(demo, TABLE, schema=Peak)
    assert list(out.columns)[:4] == ["answer", "at", "height", "name"]
    assert [str(out[name].dtype) for name in ("at", "height", "name")] == ["Float64", "Int64", "string"]
    assert out.answer["r1"].data == Peak(1.5, 1, "a stand-in")


def test_a_list_of_rows_gives_several_rows_for_one():
    with Demo(words_per_s=0) as demo:
        out = ask(demo, TABLE.head(2), schema=list[Peak])
    assert list(out.index) == ["r3", "r3", "r1", "r1"]
    assert list(out.height) == [1, 1, 1, 1]


def test_a_field_with_the_name_of_a_column_is_kept_apart():
    with Demo(words_per_s=0) as demo:
        out = ask(demo, TABLE, schema={"type": "object", "properties": {"answer": {"type": "integer"}}})
    assert list(out.data_answer) == [1, 1, 1]


class Colour(enum.Enum):
    RED = "red"


class Person(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    first_name: str
    likes: Colour
    born: datetime.date
    seen: datetime.datetime


PERSON = """{"firstName": "Ada", "likes": "red", "born": "1815-12-10", "seen": "2026-11-29T14:00:00Z"}"""


def test_a_field_of_another_name_an_enum_and_a_date_keep_their_values_in_the_table():
    with Demo([stream(PERSON)]) as demo:
        out = ask(demo, TABLE.head(1), schema=Person).iloc[0]
        same = ask(demo, pl.DataFrame({"x": [1]}), schema=Person).row(0, named=True)
    assert [out.firstName, out.likes, out.born] == ["Ada", "red", datetime.date(1815, 12, 10)]
    assert [same["firstName"], same["likes"], same["born"]] == ["Ada", "red", datetime.date(1815, 12, 10)]
    assert out.seen == same["seen"] == datetime.datetime(2026, 11, 29, 14, tzinfo=datetime.UTC)


def test_objects_with_different_fields_lose_none_in_a_polars_table():
    schema = {"type": "object", "properties": {"parts": {"type": "object"}, "steps": {"type": "array"}}}
    replies = [{"parts": {"a": 1}, "steps": [{"b": 1}]}, {"parts": {"z": 2}, "steps": [{"c": 2}]}]
    with Demo([stream(json.dumps(each)) for each in replies]) as demo:
        out = ask(demo, pl.DataFrame({"x": [3, 1]}), schema=schema, concurrency=1)
    assert list(out["parts"]) == [{"a": 1, "z": None}, {"a": None, "z": 2}]
    assert [list(each) for each in out["steps"]] == [[{"b": 1, "c": None}], [{"b": None, "c": 2}]]


class Peak2(BaseModel):
    at: float
    seen: datetime.datetime


class Scan(BaseModel):
    number: uuid.UUID
    peak: Peak2 | None
    first: Peak2 | Colour
    when: datetime.datetime


SCAN = """{"number": "00000000-0000-4000-8000-000000000000", "peak": {"at": 1.5, "seen": "2026-11-29T14:00:00Z"},
    "first": "red", "when": "2026-11-29T14:00:00+02:00"}"""
OTHER = SCAN.replace("+02:00", "").replace('"red"', '{"at": 2, "seen": "2026-11-29T14:00:00Z"}')


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_objects_in_objects_of_which_one_row_has_none_cost_no_table(kind):
    replies = [stream(SCAN), stream(OTHER), envelope(400, "not this one")]
    with Demo(replies) as demo:
        out = ask(demo, kind({"x": [1, 2, 3]}), schema=Scan, concurrency=1)
    first, second = (Scan.model_validate_json(text) for text in (SCAN, OTHER))
    assert "not this one" in out["error"][2]
    assert [*out["number"]][:2] == [first.number, second.number]
    assert [*out["peak"]][:2] == [first.peak, second.peak]
    assert [*out["first"]][:2] == ["red", second.first]
    assert [*out["when"]][:2] == [first.when, second.when]


class Near(BaseModel):
    metres: float


class Far(BaseModel):
    miles: float
    why: str


REFERRED = {
    "$ref": "#/definitions/n",
    "definitions": {"n": {"properties": {"n": {"type": ["integer", "null"]}}}},
}


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    ("schema", "said", "column", "values"),
    [
        (dict[str, int], ['{"a": 1}', '{"a": 2}'], "value", [{"a": 1}, {"a": 2}]),
        (list[dict[str, int]], ['[{"a": 1}]', '[{"a": 2}]'], "value", [{"a": 1}, {"a": 2}]),
        ({"type": "object"}, ['{"value": 1}', '{"value": 2}'], "value", [{"value": 1}, {"value": 2}]),
        (Near | Far, ['{"metres": 1}', '{"miles": 2, "why": "w"}'], "value",
            [Near(metres=1), Far(miles=2, why="w")]),
        (tuple[int, str], ['[1, "a"]', '[2, "b"]'], "value", [(1, "a"), (2, "b")]),
        (REFERRED, ['{"n": 1}', '{"n": 2}'], "n", [1, 2]),
    ],
    ids=["a dict", "a list of dicts", "any object", "one of two classes", "a tuple", "a form under definitions"],
)  # fmt: skip
def test_data_whose_fields_no_schema_names_is_in_one_column(kind, schema, said, column, values):
    with Demo([stream(text) for text in said]) as demo:
        out = ask(demo, kind({"x": [1, 2]}), schema=schema, concurrency=1)
    assert [*out[column]] == values


class Words(RootModel[list[str]]):
    pass


@pytest.mark.parametrize("schema", [list[str], Words], ids=["list", "root"])
def test_a_list_without_items_is_a_row_without_a_value(schema):
    for table in (TABLE.head(2), pl.DataFrame({"x": [3, 1]})):
        with Demo([stream("[]"), stream('["a", "b"]')]) as demo:
            first, *others = ask(demo, table, schema=schema, concurrency=1)["value"]
        assert (pd.isna(first), others) == (True, ["a", "b"])


def test_a_field_with_the_name_of_the_column_that_tells_the_row_costs_no_table():
    schema = {"type": "array", "items": {"properties": {"row": {"type": "integer"}}}}
    with Demo([stream('[{"row": 7}, {"row": 8}]')]) as demo:
        out = ask(demo, pl.DataFrame({"x": [1]}), schema=schema)
    assert (list(out["input_row"]), list(out["row"])) == ([0, 0], [7, 8])


def test_an_answer_that_does_not_fit_is_asked_for_once_more():
    replies = iter(
        [stream("no JSON"), stream('{"at": 1, "height": 2, "name": "b"}'), stream("no"), stream("no")]
    )
    with Demo(lambda request: next(replies)) as demo:
        out = ask(demo, TABLE.head(2), schema=Peak, concurrency=1)
        assert len(demo.requests) == 4
    assert out.height["r3"] == 2
    assert "AnswerMismatch" in out.error["r1"]
    assert pd.isna(out.height["r1"])


def test_running_again_asks_only_what_is_missing(folder):
    broken = threading.Event()

    def reply(request):
        if text_of(request) == "What is 1?" and not broken.is_set():
            broken.set()
            return body({"error": {"message": "No"}}, 400)
        return echo(request)

    with Demo(reply) as demo:
        first = ask(demo, TABLE, record=True)
        again = ask(demo, TABLE, record=True)
        assert len(demo.requests) == 4
    assert list(first.error != "") == [False, True, False]
    assert list(again.error) == ["", "", ""]
    (file,) = folder.iterdir()
    assert file.name.startswith("gemini-")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_prompt_or_setting_has_a_file_of_its_own(folder):
    with Demo(echo) as demo:
        ask(demo, TABLE, record=True)
        ask(demo, TABLE, "Why $`x`?", record=True)
        ask(demo, TABLE, record=True, effort="low")
        assert len(demo.requests) == 9
    assert len([*folder.iterdir()]) == 3


def test_a_file_of_another_session_must_be_named(folder, monkeypatch):
    with Demo(echo) as demo:
        ask(demo, TABLE, record=True)
        monkeypatch.setattr(batch_file, "_begun", set())  # the kernel was restarted
        (file,) = folder.iterdir()
        with pytest.raises(BadRequest, match=f'record="{file.name}"'):
            ask(demo, TABLE, record=True)
        out = ask(demo, TABLE, record=file.name)
        assert len(demo.requests) == 3
    assert out.answer["r1"].recorded


def test_an_answer_that_broke_off_is_asked_again_only_when_told(folder):
    broken = threading.Event()

    def reply(request):
        if text_of(request) == "What is 1?" and not broken.is_set():
            broken.set()
            return [Head(), chunk(content="It is "), Act.RESET]
        return echo(request)

    with Demo(reply) as demo:
        first = ask(demo, TABLE, record="kept.jsonl")
        again = ask(demo, TABLE, record="kept.jsonl")
        assert len(demo.requests) == 3
        third = ask(demo, TABLE, record="kept.jsonl", retry_failed=True)
        assert len(demo.requests) == 4
    assert first.ended["r1"] == again.ended["r1"] == "cut"
    assert again.answer["r1"].text == "It is "
    assert "retry_failed=True" in again.error["r1"]
    assert third.answer["r1"].text == "Heard: What is 1?"


def test_a_429_holds_all_rows_and_costs_none(monkeypatch):
    lock, refused = threading.Lock(), []

    def reply(request):
        with lock:
            if len(refused) < 12:
                refused.append(text_of(request))
                return envelope(429, "Slow down")
        return echo(request)

    monkeypatch.setattr(pace.Pace, "pause", shortened(pace.Pace.pause))
    with Demo(reply) as demo:
        out = ask(demo, pd.DataFrame({"x": range(40)}))
        assert len(demo.requests) == 52
    assert set(out.error) == {""}


def shortened(pause):
    return lambda self, start, wait_s: pause(self, start, wait_s / 500)


def test_a_wrong_key_is_one_error_and_not_one_for_each_row():
    with Demo([envelope(401, "The key is wrong")]) as demo:
        with pytest.raises(AuthenticationError):
            ask(demo, pd.DataFrame({"x": range(100)}))
        assert len(demo.requests) <= 8


def test_a_quota_that_ends_keeps_what_was_answered():
    def reply(request):
        return echo(request) if len(demo.requests) < 5 else envelope(402, "Out of credits")

    with Demo(reply) as demo:
        out = ask(demo, pd.DataFrame({"x": range(10)}), concurrency=1)
        assert len(demo.requests) == 5
    assert list(out.error == "") == [True] * 4 + [False] * 6
    assert "Stopped before the last row" in out.error[9]


def test_a_batch_stops_after_the_failures_that_it_may_have():
    with Demo([body({"error": {"message": "No"}}, 400)]) as demo:
        with pytest.raises(Exception, match="No"):
            ask(demo, pd.DataFrame({"x": range(100)}), stop_after=3, concurrency=1)
        assert len(demo.requests) == 3
        with pytest.raises(Exception, match="No"):
            ask(demo, pd.DataFrame({"x": range(100)}), concurrency=1)
        assert len(demo.requests) == 3 + tally.FAILURES_IN_A_ROW


def test_a_limit_asks_the_first_rows_alone():
    with Demo(echo) as demo:
        out = ask(demo, TABLE, limit=2)
        assert len(demo.requests) == 2
    assert list(out.index) == ["r3", "r1"]


def test_a_limit_reads_no_further_rows_of_what_has_no_end():
    with Demo(echo) as demo:
        out = ask(demo, ({"x": 6 // (3 - n)} for n in itertools.count()), limit=2)
    assert [row["answer"].text for row in out] == ["Heard: What is 2?", "Heard: What is 3?"]


@pytest.mark.parametrize(("kind", "listing"), [(pd, "tolist"), (pl, "to_list")])
def test_a_limit_reads_no_further_rows_of_a_table(kind, listing, monkeypatch):
    lengths, reading = [], getattr(kind.Series, listing)
    monkeypatch.setattr(kind.Series, listing, lambda column: lengths.append(len(column)) or reading(column))
    with Demo(echo) as demo:
        out = ask(demo, kind.DataFrame({"x": range(5000), "y": range(5000)}), limit=2, concurrency=1)
        assert [*map(text_of, demo.requests)] == ["What is 0?", "What is 1?"]
    assert len(out) == 2
    assert lengths[:2] == [2, 2]


def test_a_number_of_numpy_limits_a_batch():
    with Demo(echo) as demo:
        out = ask(demo, TABLE, limit=TABLE["x"].min() + 1, concurrency=np.int64(2), stop_after=np.int8(3))
        assert sorted(map(text_of, demo.requests)) == ["What is 1?", "What is 3?"]
    assert len(out) == 2


def test_a_dry_run_prices_the_batch_and_sends_nothing(folder):
    Image.new("RGB", (4, 4)).save(folder / "a.png")
    with Demo(echo) as demo:
        price = ask(demo, pd.DataFrame({"photo": ["a.png"] * 500}), "What?", attach="photo", dry_run=True)
        assert not demo.requests
    assert price.rows == 500
    assert price.tokens == 500 * (1120 + 2)
    assert "files: a.png, a.png" in str(price)
    assert not [*folder.glob("*.jsonl")]


def test_many_rows_need_a_yes(monkeypatch):
    rows = pd.DataFrame({"x": range(1001)})
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "n")
    asked = []
    with Demo(echo) as demo:
        with pytest.raises(BadRequest, match="Nothing was sent"):
            ask(demo, rows)
        assert not demo.requests
    assert "1,001 questions" in asked[0]


def test_many_rows_need_a_yes_that_a_program_without_stdin_gives_beforehand(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with Demo(echo) as demo:
        with pytest.raises(BadRequest, match=r"1,001 questions.*Nobody can be asked here.*confirm=False"):
            ask(demo, pd.DataFrame({"x": range(1001)}))
        assert not demo.requests


def test_the_budget_holds_to_within_what_is_under_way():
    with Demo(echo) as demo:
        first = ask(demo, TABLE.head(1))
        spent = first.credits.sum()
        each = float(spent)
        out = ask(
            demo, pd.DataFrame({"x": range(50)}), confirm=False, budget=f"{spending() + 5 * each:f} credits"
        )
    assert 4 <= (out.error == "").sum() <= 6
    assert "The budget is spent" in out.error[49]


def spending():
    from gemini_magics.chat.usage import spent

    return spent("credits")


def test_a_cancel_ends_a_batch_and_keeps_what_is_done():
    with Cancel() as cancel:

        def reply(request):
            if text_of(request) == "What is 5?":
                cancel.cancel()
                return [Head(), chunk(content="Half "), Act.HANG]
            return echo(request)

        with Demo(reply) as demo:
            out = ask(demo, pd.DataFrame({"x": range(10)}), concurrency=1, cancel=cancel)
            assert len(demo.requests) == 6
    assert [bool(answer) for answer in out.ended][:5] == [True] * 5
    assert out.answer[4].text == "Heard: What is 4?"
    assert "Stopped after 5 of 10 rows" in out.error[9]


def switches():
    """The switches of the questions that are in memory."""
    gc.collect()
    return sum(isinstance(each, Cancel) for each in gc.get_objects())


def test_a_cancel_keeps_nothing_of_rows_that_are_answered():
    cancel = Cancel()
    before = switches()
    with Demo(echo) as demo:
        out = ask(demo, [{"x": x} for x in range(30)], cancel=cancel)
    assert [row["answer"].ended for row in out] == ["stop"] * 30
    wait_until(lambda: switches() <= before)  # the threads of the rows end by themselves


def test_no_picture_stays_in_memory_with_its_answer():
    with Demo(echo) as demo:
        out = ask(demo, [Image.new("RGB", (9, 9))], "What?")
    assert out[0]["answer"].attachments == ()


def test_a_batch_says_how_far_it_is(capsys):
    with Demo(echo) as demo:
        ask(demo, pd.DataFrame({"x": [1, 2, 2]}), record="kept.jsonl")
        ask(demo, pd.DataFrame({"x": [1, 2, 2]}), record="kept.jsonl")
    first, again = capsys.readouterr().err.split("running this again asks only what is missing.\n")[:2]
    assert first.startswith("3 of 3 · ")
    assert "1 row is equal to another one" in first
    assert "2 of the answers come from kept.jsonl" in again


class Tee:
    """What a program may put in the place of stderr: it can write, and little more."""

    def write(self, text):
        pass

    def flush(self):
        pass


class Full(Tee):
    """A log on a disk that has no room left."""

    def flush(self):
        raise OSError(errno.ENOSPC, "No space left on device")


def closed():
    file = io.StringIO()
    file.close()
    return file


@pytest.mark.parametrize(
    "stderr",
    [
        lambda: None,
        closed,
        Tee,
        lambda: io.TextIOWrapper(io.BytesIO(), "ascii"),
        Full,
    ],
    ids=["none", "closed", "a program's own", "another encoding", "a full disk"],
)
def test_a_log_that_takes_no_lines_costs_no_answer(stderr, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stderr())
    monkeypatch.setattr(progress, "LINE_S", 0.0)
    with Demo(echo) as demo:
        out = ask(demo, TABLE)
    assert [str(answer) for answer in out["answer"]] == [f"Heard: What is {x}?" for x in TABLE["x"]]


def test_a_batch_file_is_a_recording_like_others(folder):
    with Demo(echo) as demo:
        ask(demo, TABLE, record="kept.jsonl")
    lines = [json.loads(line) for line in (folder / "kept.jsonl").read_text().splitlines()]
    assert {line["question"]["prompt"][0] for line in lines} == {"What is 3?", "What is 1?", "What is 2?"}


@pytest.mark.parametrize("rows", [[], TABLE.head(0), pl.DataFrame({"x": []})], ids=["list", "pandas", "polars"])
def test_no_rows_give_an_empty_table(rows):
    with Demo(echo) as demo:
        assert len(ask(demo, rows)) == 0
        assert not demo.requests


def test_a_replay_is_not_called_a_file_that_keeps_answers(folder, capsys):
    with Demo(echo) as demo:
        ask(demo, TABLE, record="kept.jsonl")
        capsys.readouterr()
        ask(demo, TABLE, record=True, recording="kept.jsonl", record_new=False, strict=True)
        assert len(demo.requests) == 3
    said = capsys.readouterr().err
    assert "3 of the answers come from kept.jsonl" in said
    assert "running this again" not in said


def test_a_strict_replay_asks_nothing(folder):
    with Demo(echo) as demo:
        ask(demo, TABLE.head(1), record="kept.jsonl")
        out = ask(demo, TABLE, record="kept.jsonl", strict=True)
        assert len(demo.requests) == 1
    assert "has no answer to this question" in out.error["r1"]


class Broken:
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


def test_a_thing_whose_own_code_fails_is_an_error_of_its_row():
    with Demo(echo) as demo:
        out = ask(demo, [{"x": Broken()}, {"x": 2}])
    assert out[0]["error"]
    assert str(out[1]["answer"]) == "Heard: What is 2?"
