"""`auto`: the service whose key is at hand."""

import pytest
from kernel import Kernel

from gemini_magics import BadRequest, MissingKey, ask, panel
from gemini_magics.chat.run import service_of
from gemini_magics.core.settings import resolve
from gemini_magics.service import keys
from gemini_magics.service.auto import decided
from gemini_magics.testing import Demo, stream

KEYS = {"KIE_API_KEY": "kie", "GEMINI_API_KEY": "google", "OPENROUTER_API_KEY": "openrouter"}


@pytest.fixture(autouse=True)
def no_key_remembered(monkeypatch):
    monkeypatch.setattr(keys, "_memory", {})


@pytest.mark.parametrize(("variable", "service"), KEYS.items())
def test_the_one_key_of_the_environment_chooses_its_service(monkeypatch, variable, service):
    monkeypatch.setenv(variable, "0123456789-key")
    assert service_of(decided(resolve({"service": "auto"}))).name == service


@pytest.mark.parametrize("service", KEYS.values())
def test_a_key_that_was_entered_chooses_its_service(service):
    keys.remember(service_of(resolve({"service": service})), "0123456789-key")
    assert service_of(decided(resolve({"service": "auto"}))).name == service


@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_without_a_key_the_demo_answers_and_its_answer_says_so(monkeypatch, nothing):
    if nothing is not None:
        monkeypatch.setenv("KIE_API_KEY", nothing)
    monkeypatch.setenv("GEMINI_MAGICS_DEMO_WORDS_PER_S", "0")
    monkeypatch.setenv("GEMINI_MAGICS_SERVICE", "auto")
    answer = ask("What is a fixed point?")
    assert answer.service == "demo"
    assert "demo, a stand-in" in answer._repr_mimebundle_()[0]["text/plain"]


def test_of_two_keys_none_is_chosen_and_the_message_says_how_to_choose(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "0123456789-key")
    monkeypatch.setenv("KIE_API_KEY", "0123456789-key")
    with pytest.raises(BadRequest, match=r"keys of kie and google, .*--service kie\.") as raised:
        ask("What is a fixed point?", service="auto")
    assert "0123456789" not in str(raised.value)


def test_an_address_of_ones_own_is_asked_whatever_keys_there_are(monkeypatch):
    monkeypatch.setenv("KIE_API_KEY", "0123456789-key")
    monkeypatch.setenv("GEMINI_API_KEY", "0123456789-key")
    with Demo([stream("Fine.")]) as demo:
        answer = ask("How?", service="auto", base_url=demo.origin, model="llama")
        assert (answer.service, str(answer)) == ("openai", "Fine.")
        assert "authorization" not in demo.requests[0].headers


def test_a_key_without_its_address_is_an_error_and_no_silent_demo(monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "0123456789-key")
    with pytest.raises(BadRequest, match="GEMINI_MAGICS_BASE_URL"):
        ask("How?", service="auto")


def test_a_key_of_another_kind_of_program_chooses_nothing(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "0123456789-key")
    assert service_of(decided(resolve({"service": "auto"}))).name == "demo"


def test_the_default_is_kie_and_asks_nobody_without_a_key(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "0123456789-key")
    with pytest.raises(MissingKey, match="There is no key for kie"):
        ask("How?")


def test_a_strict_replay_needs_no_choice_between_keys(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with Demo([stream("Fine.")]) as demo:
        ask("How?", service="demo", base_url=demo.base_url, recording="answers.jsonl")
    monkeypatch.setenv("GEMINI_API_KEY", "0123456789-key")
    monkeypatch.setenv("KIE_API_KEY", "0123456789-key")
    assert str(ask("How?", service="auto", recording="answers.jsonl", strict=True)) == "Fine."


def test_the_choice_is_taken_by_config_and_by_an_option(shell, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_DEMO_WORDS_PER_S", "0")
    shell.run('%config GeminiMagics.service = "auto"')
    shell.run("%%gemini --to first\nHow?")
    shell.run('%config GeminiMagics.service = "kie"')
    shell.run("%gemini --service auto --to second How?")
    assert {shell.user_ns[name].service for name in ("first", "second")} == {"demo"}


def test_the_panel_offers_what_the_chosen_service_offers(shell, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "0123456789-key")
    shown = panel("elsewhere", service="auto")._desk.page.whole()["facts"]["settings"]
    assert (shown["service"], shown["efforts"][0], shown["searches"]) == ("auto", "minimal", False)
    monkeypatch.setenv("KIE_API_KEY", "0123456789-key")
    panel("elsewhere")._desk.tell()  # now there are two keys, and the next question says so


def test_a_key_needs_the_name_of_its_service_where_the_one_in_use_has_none(shell, monkeypatch):
    for chosen in ("demo", "auto"):
        shell.run(f'%config GeminiMagics.service = "{chosen}"')
        with pytest.raises(BadRequest, match=r"kie, google, openrouter or openai: %gemini_key kie"):
            shell.run("%gemini_key")
    monkeypatch.setattr("getpass.getpass", lambda prompt: "0123456789-key")
    shell.run("%gemini_key google")
    assert service_of(decided(resolve({}))).name == "google"


def test_after_a_key_of_another_service_the_output_says_who_is_asked(shell, monkeypatch, capsys):
    monkeypatch.setattr("getpass.getpass", lambda prompt: "0123456789-key")
    shell.run('%config GeminiMagics.service = "demo"')
    shell.run("%gemini_key kie")
    assert 'Questions still go to demo. To ask kie: %config GeminiMagics.service = "kie"' in (
        capsys.readouterr().out
    )


def test_the_first_question_of_a_notebook_without_a_key_offers_both_ways_to_copy():
    with Kernel() as kernel:
        shown = kernel.run("%%gemini\nWhat?", fails=True)
        assert shown.error["ename"] == "MissingKey"
        assert len(shown.error["traceback"]) == 1
        for way in ("%gemini_key kie", '%config GeminiMagics.service = "demo"'):
            assert f'<pre style="user-select:all"><code>{way}</code></pre>' in shown.html
        kernel.run('%config GeminiMagics.service = "demo"')
        assert "stand-in" in kernel.run("%%gemini\nWhat?").text
