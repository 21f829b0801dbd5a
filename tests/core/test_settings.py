"""A setting is found in its option, then the session, then the environment, then its default."""

from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from gemini_magics import BadRequest
from gemini_magics.core import settings
from gemini_magics.core.settings import Settings, did_you_mean, resolve


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setattr(settings, "session_defaults", {})
    return settings.session_defaults


def test_the_question_comes_before_the_session_the_environment_and_the_default(monkeypatch, session):
    assert resolve({}).model is None
    monkeypatch.setenv("GEMINI_MAGICS_MODEL", "from-environment")
    assert resolve({}).model == "from-environment"
    session["model"] = "from-session"
    assert resolve({}).model == "from-session"
    assert resolve({"model": "from-question"}).model == "from-question"


@pytest.mark.parametrize("name", ["service", "model", "base_url"])
def test_three_settings_can_come_from_the_environment(monkeypatch, name):
    monkeypatch.setenv(f"GEMINI_MAGICS_{name.upper()}", "https://here.example")
    assert getattr(resolve({}), name) == "https://here.example"


def test_an_empty_variable_is_no_choice(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_SERVICE", "")
    assert resolve({}).service == "kie"


@pytest.mark.parametrize("typed", ['"google"', "'google'", " google\n", '" google "'])
def test_the_quotes_that_env_keeps_are_no_part_of_a_value(monkeypatch, typed):
    monkeypatch.setenv("GEMINI_MAGICS_SERVICE", typed)
    assert resolve({}).service == "google"


def test_headers_are_no_setting_since_a_cell_is_saved():
    with pytest.raises(BadRequest, match=r"GEMINI_MAGICS_HEADERS.*%gemini_key --header NAME") as raised:
        resolve({"headers": {"x-portkey-api-key": "pk-0123456789"}})
    assert "0123456789" not in str(raised.value)


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(BadRequest, match=r"no setting 'efort'\. Did you mean effort"):
        resolve({"efort": "low"})


def test_a_value_that_is_no_choice_names_the_choices():
    with pytest.raises(BadRequest, match="effort must be minimal, low, medium or high, not 'hgh'"):
        resolve({"effort": "hgh"})


NUMBERS = [each.name for each in fields(Settings) if "float" in str(each.type) or "int" in str(each.type)]
ODD = [float("nan"), float("inf"), -1, 10**400, -(10**5000), "5", True, [1], {}, b"sk-0123456789", object()]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
def test_a_setting_that_is_a_number_takes_no_odd_one(name, value):
    with pytest.raises(BadRequest, match=f"^{name} must be a ") as raised:
        Settings(**{name: value})
    assert "0123456789" not in str(raised.value)


@pytest.mark.parametrize("name", [each.name for each in fields(Settings)])
@pytest.mark.parametrize(
    "value", [object(), b"sk-0123456789", [1], 0.5j], ids=lambda value: type(value).__name__
)
def test_a_setting_of_another_type_is_refused_by_its_name(name, value):
    with pytest.raises(BadRequest, match=f"^{name} must be ") as raised:
        Settings(**{name: value})
    assert "0123456789" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("gap_timeout_s", np.float32(5)),
        ("gap_timeout_s", np.int64(5)),
        ("connect_timeout_s", Fraction(5)),
        ("dollars_per_credit", np.float32(5)),
        ("retries", np.int64(5)),
    ],
)
def test_a_number_of_another_library_is_kept_as_one_of_python(name, number):
    kept = getattr(Settings(**{name: number}), name)
    assert kept == 5
    assert type(kept) in (int, float)


TEXTS = [each.name for each in fields(Settings) if "str" in str(each.type) and "Mapping" not in str(each.type)]


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "recording"])
def test_a_path_is_no_text_of_a_setting_that_is_not_a_file(name):
    with pytest.raises(BadRequest, match=f"^{name} must be text, not of the type "):
        Settings(**{name: Path("prompt.txt")})
    assert Settings(recording=Path("answers.jsonl")).recording == "answers.jsonl"


@pytest.mark.parametrize("name", ["model", "base_url", "recording"])
def test_half_a_character_is_no_part_of_a_name(name):
    with pytest.raises(BadRequest, match=f"{name} holds half a character"):
        Settings(**{name: "a\ud800"})


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(AttributeError):
        Settings().effort = "low"


MEANT = {
    ("kei", "kie openai"): "Did you mean kie?",
    ("oogle", "google"): "Did you mean google?",
    ("KIE", "kie"): "Did you mean kie?",
    ("mian", "main idea"): "Did you mean main?",
    ("--efort", "--effort --extra"): "Did you mean --effort?",
    ("nope", "openai open"): "There is openai and open.",
    ("--nope", "--code --to"): "There is --code and --to.",
    ("", "main"): "There is main.",
}


@pytest.mark.parametrize(("words", "said"), MEANT.items(), ids=str)
def test_only_what_is_like_a_word_may_have_been_meant(words, said):
    assert did_you_mean(words[0], words[1].split()) == said


@pytest.mark.parametrize(
    "mistake", [{"effort": "x" * 10_000}, {"x" * 10_000: 1}, {"budget": "x" * 10_000}, {"effort": "\x1b[31m"}]
)
def test_what_was_typed_wrongly_is_quoted_in_short_and_without_control_characters(mistake, session):
    with pytest.raises(BadRequest) as raised:
        resolve(mistake)
    assert len(str(raised.value)) < 600 and "\x1b" not in str(raised.value)
