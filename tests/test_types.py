"""The types that people's own code is checked against."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gemini_magics
from gemini_magics import testing

pytestmark = pytest.mark.thorough

PACKAGE = Path(gemini_magics.__file__).parent

# Each comment names the error that mypy finds in its line; where it finds none, mypy says so, being strict.
USE = """
from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_type

import gemini_magics
from gemini_magics import (
    Answer, AnswerMismatch, BadRequest, Cancel, CannotAttach, Conversation, GeminiError, IncompleteAnswer,
    MissingKey, RateLimitError, ServiceError, UnexpectedResponse, Usage, ask, conversations, last, panel,
)
from gemini_magics.testing import Act, Demo, Head, Request, chunk, envelope, stream

answer = ask("Why?", Path("fig.png"), object(), effort="low", cancel=Cancel(), schema=list[int])
assert_type(answer, Answer)
assert_type(answer.text, str)
assert_type(answer.thinking, str)
assert_type(answer.usage, Usage)
assert_type(answer.usage.tokens, int | None)
assert_type(answer.credits, float | None)
assert_type(answer.seconds, float)
assert_type(answer.ended, str | None)
assert_type([block.language + block.text for block in answer.code], list[str])
assert_type(last(), Answer | None)
ask(3)  # type: ignore[arg-type]
ask("Why?", cancel=True)  # type: ignore[arg-type]
answer.txt  # type: ignore[attr-defined]
gemini_magics.asc  # type: ignore[attr-defined]
from gemini_magics import asc  # type: ignore[attr-defined]
last().text  # type: ignore[union-attr]

try:
    ask("Why?")
except RateLimitError as error:
    assert_type(error.retry_after_s, float | None)
    assert_type((error.status, error.request_id), tuple[int | None, str | None])
    assert_type(error.code, int | str | None)
except UnexpectedResponse as error:
    assert_type(error.excerpt, str)
except AnswerMismatch as error:
    assert_type(error.why, str)
except GeminiError as error:
    error.status  # type: ignore[attr-defined]
    if error.answer:
        assert_type(error.answer.text, str)
base: Sequence[type[GeminiError]] = [BadRequest, MissingKey, CannotAttach, ServiceError, IncompleteAnswer]
refused: type[ServiceError] = RateLimitError
key: type[BadRequest] = MissingKey
wrong: type[ServiceError] = BadRequest  # type: ignore[assignment]

opened = panel("main", effort="low")
opened.attach(object())
assert_type(opened.ask("Why?", object()), Answer)
assert_type(opened.answers, tuple[Answer, ...])
assert_type(opened.conversation, Conversation)
panel(chat=opened.conversation)
opened.ask()  # type: ignore[call-arg]

chat = Conversation("notes")
assert_type(Conversation.load(Path("chat.json")), Conversation)
assert_type(chat.branch("other"), Conversation)
assert_type([turn.answer.text for turn in chat.turns], list[str])
ask("Why?", chat=chat)

def reply(request: Request) -> list[Head | bytes | float | Act]:
    assert_type(request.headers["authorization"], str)
    return [Head(), chunk(content="Hal"), 0.5, Act.RESET]

with Demo([stream("A ", "word.", thoughts=["Hm."], pause_s=0.1), envelope(429, "Slow down")]) as demo:
    assert_type(demo, Demo)
    assert_type(demo.base_url, str)
    assert_type(demo.requests[0].body, bytes)
Demo(reply)
Demo(requests=1)  # type: ignore[call-arg]
"""


def mypy(code, cache):
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--follow-imports=silent",
        f"--cache-dir={cache}",
    ]
    # An installed package is found by mypy itself; in site-packages as its folder, it would see all others too.
    checkout = {} if "site-packages" in PACKAGE.parts else {"MYPYPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [*command, "-c", code],
        cwd=cache,
        env=os.environ | checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines(), done.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("mypy")


def test_the_types_of_the_public_names_are_these(cache):
    said, errors = mypy(USE, cache)
    assert said == ["Success: no issues found in 1 source file"]
    assert errors == ""


def test_every_public_name_has_a_type(cache):
    names = [f"gemini_magics.{name}" for name in gemini_magics.__all__]
    names += [f"gemini_magics.testing.{name}" for name in testing.__all__]
    code = "import gemini_magics.testing\n" + "\n".join(f"reveal_type({name})" for name in names)
    said, _ = mypy(code, cache)
    revealed = [line for line in said if "Revealed type" in line]
    assert len(revealed) == len(names)
    assert [line for line in revealed if 'is "Any"' in line] == []


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").exists()


ERRORS = [name for name in gemini_magics.__all__ if name.endswith(("Error", "Failed", "Request", "Attach"))]
ERRORS += ["AnswerMismatch", "IncompleteAnswer", "MissingKey", "QuotaExceeded", "UnexpectedResponse"]


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_has_each_attribute_that_its_help_names(name):
    kind = getattr(gemini_magics, name)
    listed = inspect.cleandoc(kind.__doc__).partition("Attributes:")[2]
    named = re.findall(r"^    (\w+):", listed, re.MULTILINE)
    assert [attribute for attribute in named if not hasattr(kind("why"), attribute)] == []
