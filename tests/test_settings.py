"""A setting is found in its option, then the session, then the environment, then its default."""

import pytest

from gemini_magics import BadRequest
from gemini_magics.core import settings
from gemini_magics.core.settings import Settings, did_you_mean, resolve


@pytest.fixture
def session(monkeypatch):
    values = {}
    settings.use_session_defaults(lambda: values)
    yield values
    settings.use_session_defaults()


def test_the_question_comes_before_the_session_the_environment_and_the_default(monkeypatch, session):
    assert resolve({}).model is None
    monkeypatch.setenv("GEMINI_MAGICS_MODEL", "from-environment")
    assert resolve({}).model == "from-environment"
    session["model"] = "from-session"
    assert resolve({}).model == "from-session"
    assert resolve({"model": "from-question"}).model == "from-question"


def test_none_in_the_session_means_not_chosen(session):
    session["effort"] = None
    assert resolve({}).effort == "high"


@pytest.mark.parametrize("name", ["service", "model", "base_url"])
def test_three_settings_can_come_from_the_environment(monkeypatch, name):
    monkeypatch.setenv(f"GEMINI_MAGICS_{name.upper()}", "https://here.example")
    assert getattr(resolve({}), name) == "https://here.example"


def test_an_empty_variable_is_no_choice(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_SERVICE", "")
    assert resolve({}).service == "kie"


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(BadRequest, match=r"no setting 'efort'\. Did you mean effort"):
        resolve({"efort": "low"})


def test_a_value_that_is_no_choice_names_the_choices():
    with pytest.raises(BadRequest, match="effort must be minimal, low, medium or high, not 'hgh'"):
        resolve({"effort": "hgh"})


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
