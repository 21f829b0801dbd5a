"""Functions as people write them, and what they do: nothing of it takes a question down."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import enum
import functools
import itertools
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from pydantic import BaseModel, Field

from gemini_magics import BadRequest, tool
from gemini_magics.chat.calls import Caller
from gemini_magics.chat.consent import nobody
from gemini_magics.chat.tools import tools_of
from gemini_magics.core.messages import ToolCall
from gemini_magics.core.settings import Settings
from gemini_magics.service.tool_calls import declaration

TABLE = pd.DataFrame({"a": [1, 2]})
NUMBERS = np.array([1.0, 2.0])


def called(function, **arguments):
    """Call a function as the model does; return how the call ended and what the model is told."""
    [made] = tools_of([function])
    json.dumps(declaration(made), allow_nan=False)
    caller = Caller([dataclasses.replace(made, asks=False)], Settings(), nobody)
    call = caller.run(ToolCall("c", made.name, json.dumps(arguments))).call
    return call.status, call.result


# Arguments.


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


class Pair(NamedTuple):
    a: int
    b: str = "x"


@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.0


class Later(BaseModel):
    a: int


class Adder:
    """Add."""

    def __call__(self, x: int) -> int:
        return x + 1

    def method(self, x: int) -> int:
        return x + 2

    @classmethod
    def of_class(cls, x: int) -> int:
        return x + 3

    @staticmethod
    def static(x: int) -> int:
        return x + 4


def places(x: int, /, y: int = 2, *, z: int = 3) -> list[int]:
    """List."""
    return [x, y, z]


def not_a_number(x: float = float("nan")) -> str:
    return str(x)


def odd_default(x: int = pd.DataFrame()) -> str:
    return type(x).__name__


def limited(x: Annotated[int, Field(ge=1, le=5, description="How many.")]) -> int:
    return x


def literal(x: Literal["a", 1, True, None]) -> str:
    return repr(x)


def enums(c: Colour, s: Size = Size.SMALL) -> list[str]:
    return [c.name, s.name]


def optional(x: int | None = None, y: int | str = 1) -> str:
    return f"{x} {y}"


def kinds(p: Point, q: Pair, r: list[Later], m: dict[str, float]) -> str:
    return f"{p} {q} {r} {m}"


def days(d: datetime.date, t: datetime.timedelta) -> str:
    return f"{d} {t}"


def anything(x: Any, y: dict, z: tuple[int, str]) -> str:
    return f"{x} {y} {z}"


@functools.wraps(limited)
def decorated(*args, **kwargs):
    return limited(*args, **kwargs)


TAKEN = {
    "arguments by place and by name": (places, {"x": 1, "z": 5}, "[1, 2, 5]"),
    "a partial": (functools.partial(places, y=7), {"x": 1}, "[1, 7, 3]"),
    "an object that can be called": (Adder(), {"x": 1}, "2"),
    "a method": (Adder().method, {"x": 1}, "3"),
    "a method of a class": (Adder.of_class, {"x": 1}, "4"),
    "a static method": (Adder.static, {"x": 1}, "5"),
    "a cached function": (functools.lru_cache(limited), {"x": 2}, "2"),
    "a decorated function": (decorated, {"x": 2}, "2"),
    "a default that is not a number": (not_a_number, {}, "nan"),
    "a default that JSON has not": (odd_default, {}, "DataFrame"),
    "a limit that holds": (limited, {"x": 5}, "5"),
    "a literal": (literal, {"x": None}, "None"),
    "enums": (enums, {"c": "red"}, '["RED", "SMALL"]'),
    "what may be left out": (optional, {"x": None, "y": "z"}, "None z"),
    "objects": (
        kinds,
        {"p": {"x": 1}, "q": [1], "r": [{"a": 2}], "m": {"b": 3}},
        "Point(x=1.0, y=0.0) Pair(a=1, b='x') [Later(a=2)] {'b': 3.0}",
    ),
    "days": (days, {"d": "2026-11-28", "t": "PT90S"}, "2026-11-28 0:01:30"),
    "anything": (anything, {"x": [None], "y": {}, "z": [1, "a"]}, "[None] {} (1, 'a')"),
}


@pytest.mark.parametrize(("function", "arguments", "told"), TAKEN.values(), ids=TAKEN)
def test_a_function_gets_its_arguments(function, arguments, told):
    assert called(function, **arguments) == ("ok", told)


def test_a_partial_has_the_name_and_the_docstring_of_its_function():
    [made] = tools_of([functools.partial(places, y=7)])
    assert (made.name, made.description) == ("places", "List.")
    assert "default" not in json.dumps(declaration(tools_of([not_a_number])[0]))


REFUSED = {
    "a limit": (limited, {"x": 6}, "less than or equal to 5"),
    "a word that is none of the literal": (literal, {"x": "b"}, "Input should be 'a', 1, True or None"),
    "a value that is none of the enum": (enums, {"c": "blue"}, "Input should be 'red'"),
}


@pytest.mark.parametrize(("function", "arguments", "told"), REFUSED.values(), ids=REFUSED)
def test_arguments_that_break_a_rule_of_the_type_do_not_reach_the_function(function, arguments, told):
    status, said = called(function, **arguments)
    assert status == "failed"
    assert told in said


def noted(
    df: Annotated[pd.DataFrame, "measured"], other: Annotated[pd.DataFrame | None, "more"] = None
) -> list[Any]:
    return [df.shape, other]


def squared(x: npt.NDArray[np.float64]) -> list[float]:
    return (x**2).tolist()


def returns_unknown(x: int) -> Unknown:  # noqa: F821 - as a name that only a type checker imports
    return x


BY_NAME = {
    "data with notes": (noted, {"df": "TABLE"}, "[[2, 1], null]"),
    "an array of numbers": (squared, {"x": "NUMBERS"}, "[1.0, 4.0]"),
}


@pytest.mark.parametrize(("function", "arguments", "told"), BY_NAME.values(), ids=BY_NAME)
def test_data_goes_by_its_name_however_its_type_is_written(function, arguments, told):
    assert called(function, **arguments) == ("ok", told)


def test_a_result_of_an_unknown_type_is_no_reason_to_refuse_a_function():
    assert called(returns_unknown, x=1) == ("ok", "1")


def tables(dfs: list[pd.DataFrame]) -> int:
    return len(dfs)


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


def pet(animal: Annotated[Cat | Dog, Field(discriminator="kind")]) -> str:
    return animal.kind


def test_the_choices_of_a_union_are_described_without_references():
    [made] = tools_of([pet])
    assert "$defs" not in json.dumps(declaration(made))
    assert called(pet, animal={"kind": "dog"}) == ("ok", "dog")


UNTOLD = {
    "a list of tables, which have no names": (tables, "tables cannot be described"),
    "a builtin without a signature": (max, "max cannot be described"),
    "a builtin without types": (len, "the argument obj has no type"),
    "a ufunc": (np.sin, "sin"),
    "a lambda": (lambda x: x, "tool\\(name=...\\)"),
    "a method of no object": (Adder.method, "the argument self has no type"),
    "a class": (Adder, "is not a function"),
    "any keywords": (dict, "is not a function"),
}


@pytest.mark.parametrize(("function", "said"), UNTOLD.values(), ids=UNTOLD)
def test_what_cannot_be_described_is_a_bad_request(function, said):
    with pytest.raises(BadRequest, match=said):
        tools_of([function])


@pytest.mark.parametrize("function", [len, "".join, Adder().method], ids=["builtin", "of a text", "method"])
def test_what_cannot_be_marked_is_a_bad_request(function):
    with pytest.raises(BadRequest, match="write a function that calls it"):
        tool(run=True)(function)


# Results.


class Broken:
    def __repr__(self):
        raise ValueError("no")


class Mute(Exception):
    def __str__(self):
        raise ZeroDivisionError


class Strange(BaseException):
    pass


def raising(error):
    raise error


def without_end(make):
    held = make()
    (held.append if isinstance(held, list) else held.setdefault)(
        *([held] if isinstance(held, list) else ["a", held])
    )
    return held


def nested():
    held: list[Any] = []
    for _ in range(100_000):  # Python 3.13 writes 5,000 levels
        held = [held]
    return held


async def items():
    for each in range(3):
        yield each


async def later():
    return 3


ENDS = {
    "an exit": (lambda: sys.exit(3), "failed", "SystemExit: 3"),
    "the end of a generator": (lambda: raising(GeneratorExit()), "failed", "GeneratorExit"),
    "a task that is cancelled": (lambda: raising(asyncio.CancelledError()), "failed", "CancelledError"),
    "an error of its own kind": (lambda: raising(Strange("x")), "failed", "Strange: x"),
    "an error that cannot say itself": (lambda: raising(Mute()), "failed", "Mute"),
    "a call without end": (lambda f=lambda f: f(f): f(f), "failed", "RecursionError"),
    "a generator": (lambda: (n for n in range(3)), "ok", "[0, 1, 2]"),
    "a generator without end": (itertools.count, "failed", "more than 100,000 items"),
    "an async generator": (items, "ok", "[0, 1, 2]"),
    "a coroutine": (lambda: later(), "ok", "3"),
    "no number": (lambda: float("nan"), "ok", "NaN"),
    "a list that holds itself": (lambda: without_end(list), "ok", "[[...]]"),
    "a dict that holds itself": (lambda: without_end(dict), "ok", "{'a': {...}}"),
    "lists in lists": (nested, "failed", "The result cannot be sent"),
    "days and no days": (lambda: (datetime.datetime(2026, 1, 1), pd.NaT), "ok", "NaT"),
    "numbers of numpy": (lambda: [np.int64(5), np.bool_(True)], "ok", "5"),
    "keys of all kinds": (lambda: {1: 2, (1, 2): 3, None: 4}, "ok", '"1,2": 3'),
    "an enum": (lambda: Colour.RED, "ok", "red"),
    "a set": (lambda: {1}, "ok", "[1]"),
    "bytes of no kind": (lambda: b"\xff\xfe\x00abc", "failed", "The result cannot be sent"),
    "half a picture": (lambda: b"\x89PNG\r\n\x1a\n0000", "failed", "The result cannot be sent"),
    "an object that cannot show itself": (Broken, "failed", "The result cannot be sent"),
    "a module": (lambda: os, "failed", "is a module"),
    "half a character": (lambda: "\ud83d\x00", "ok", "\ud83d\x00"),
    "a table in a dict": (lambda: {"t": TABLE}, "ok", "| 0 | 1 |"),
    "a table and nothing": (lambda: (TABLE, None), "ok", "None"),
    "far too much": (lambda: "a" * 10_000_000, "failed", "10.0 MB of text"),
}


@pytest.mark.parametrize(("function", "status", "told"), ENDS.values(), ids=ENDS)
def test_whatever_a_function_does_ends_as_a_result(function, status, told):
    made = tool(run=True, name="made")(lambda: function())
    found = called(made)
    assert found[0] == status
    assert told in found[1]


def test_what_a_function_changes_in_the_environment_stays_as_it_left_it(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ODD_FUNCTION", raising=False)

    def changes() -> str:
        os.environ["ODD_FUNCTION"] = "1"
        (tmp_path / "inner").mkdir()
        os.chdir("inner")
        return "done"

    assert called(changes) == ("ok", "done")
    assert (os.environ.pop("ODD_FUNCTION"), Path.cwd()) == ("1", tmp_path / "inner")
