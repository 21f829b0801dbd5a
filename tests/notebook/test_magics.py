"""The magics, through a shell, against a real server on loopback."""

import os
import re
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image
from traitlets.config import Config

import gemini_magics
from gemini_magics import (
    AuthenticationError,
    BadRequest,
    CannotAttach,
    ConnectionFailed,
    IncompleteAnswer,
    MissingKey,
)
from gemini_magics.core import notices, settings
from gemini_magics.core.settings import resolve
from gemini_magics.testing import Act, Demo, Head, chunk, envelope, stream


@pytest.fixture
def ask(shell):
    """Ask in a cell; the scripted service answers, or "Fine." where a test scripts none."""
    with Demo([stream("Fi", "ne.", thoughts=["**Looking**\n\nAt it.\n\n"])]) as demo:
        shell.demo = demo
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run('%config GeminiMagics.service = "demo"')
        shell.run('%config GeminiMagics.display = "paced"')
        yield lambda cell: (shell.run(cell), demo.requests[-1].json)[1]


def parts(body):
    """The parts of the newest message, texts as they are and media by their type."""
    return [part.get("text") or part["image_url"]["url"][:15] for part in body["messages"][-1]["content"]]


def test_the_body_is_sent_as_typed(ask):
    body = "What is \\frac{a}{b}, {x}, $5 and $y$?\n  >>> f(x)\n\n%time"
    assert parts(ask(f"%%gemini\n{body}")) == [body]


def test_what_is_named_goes_first_and_in_order(ask, shell):
    Image.new("RGB", (4, 3), "red").save("red.png")
    shell.run("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})")
    sent = parts(ask("%%gemini red.png df\nWhat is this?"))
    assert sent[:2] == ["red.png:", "data:image/png;"]
    assert "df" in sent[2]
    assert sent[-1] == "What is this?"


def test_a_value_stands_at_its_place_and_is_not_read_again(ask, shell):
    shell.run("x = '$`y` {z}'")
    assert "".join(parts(ask("%%gemini\nIs $`x` or $`1 + 1`$ so?"))) == "Is $`y` {z} or $`1 + 1`$ so?"


def test_a_picture_in_the_prompt_stands_at_its_place(ask, shell):
    shell.run("from PIL import Image\nimage = Image.new('RGB', (4, 3), 'red')")
    assert parts(ask("%gemini Is $`image` red?")) == ["Is ", "data:image/png;", " red?"]


def test_after_a_change_of_folder_the_notebooks_files_may_be_sent_and_no_others(ask, shell):
    Path("note.txt").write_text("inside")
    Path("sub").mkdir()
    shell.run("import os\nos.chdir('sub')")
    assert "inside" in parts(ask("%%gemini ../note.txt\nWhat?"))[0]
    shell.run("os.chdir('/')")
    with pytest.raises(CannotAttach, match="--allow-outside"):
        shell.run("%%gemini etc/passwd\nWhat?")


def test_a_current_folder_that_was_deleted_costs_no_question_without_files(ask, shell, capsys):
    shell.run("import json, os, tempfile\nfrom gemini_magics import batch\nbegan = os.getcwd()")
    shell.run("with tempfile.TemporaryDirectory() as folder:\n    os.chdir(folder)")
    try:
        with pytest.raises(CannotAttach, match=r"The current folder, in which paths begin, was deleted: go to"):
            shell.run("%%gemini note.txt\nWhat?")
        assert not shell.run_cell("json.loads('')").success
        assert "itself failed" not in capsys.readouterr().out
        shell.run("batch([1], 'What is $`item`?')")
        assert f"The answers are in {shell.user_ns['began']}" in capsys.readouterr().err
    finally:
        os.chdir(shell.user_ns["began"])


def test_braces_around_a_name_are_explained_once(ask, shell, capsys):
    shell.run("df = 1")
    assert parts(ask("%%gemini\nWhat is {df}?")) == ["What is {df}?"]
    ask("%%gemini\nAnd {df}?")
    said = "{df} is sent as you typed it. Write $`df` to put its value in."
    assert capsys.readouterr().out.count(said) == 1


def test_to_keeps_the_answer_in_a_variable(ask, shell):
    ask("%%gemini --to reply\nHow?")
    reply = shell.user_ns["reply"]
    assert (str(reply), reply.thinking, reply.ended) == ("Fine.", "**Looking**\n\nAt it.\n\n", "stop")
    assert gemini_magics.last() is reply


def test_a_dry_run_shows_the_request_and_sends_nothing(ask, shell, capsys):
    Image.new("RGB", (40, 30), "red").save("red.png")
    shell.run("%%gemini red.png --effort low --dry-run\nWhat is this?")
    shown = capsys.readouterr().out
    assert "/chat/completions" in shown
    assert '"reasoning_effort": "low"' in shown
    assert "red.png" in shown
    assert "nothing was sent" in shown
    assert len(shown) < 2000
    assert not shell.demo.requests


@pytest.mark.parametrize("value", ["{1, 2}", "float('nan')"])
@pytest.mark.parametrize("option", ["", "--dry-run "])
def test_a_field_that_json_cannot_hold_is_named_also_in_a_dry_run(ask, shell, option, value):
    shell.run(f"%config GeminiMagics.extra = {{'odd': {value}}}")
    with pytest.raises(BadRequest, match=r"The request cannot be written as JSON .*: look at --extra"):
        shell.run(f"%gemini {option}What?")
    assert not shell.demo.requests


def test_the_session_has_its_own_defaults(ask, shell):
    shell.run('%config GeminiMagics.effort = "low"')
    assert ask("%%gemini\nHow?")["reasoning_effort"] == "low"
    assert ask("%%gemini --effort high\nHow?")["reasoning_effort"] == "high"


def test_extra_fields_go_as_they_are(ask):
    assert ask("""%%gemini --extra '{"temperature": 0.2}'\nHow?""")["temperature"] == 0.2


def test_the_second_name_asks_too(ask):
    assert parts(ask("%%gm\nWhat is {this}, $5?")) == ["What is {this}, $5?"]
    assert parts(ask("%gm What is {this}, $5?")) == ["What is {this}, $5?"]


MISTAKES = {
    "%%gemini figg\nWhat?": (CannotAttach, "fig"),
    "%%gemini missing.png\nWhat?": (CannotAttach, "missing.png"),
    "%%gemini fig --efort low\nWhat?": (BadRequest, "--effort"),
    "%%gemini --effort loud\nWhat?": (BadRequest, "low"),
    "%%gemini": (BadRequest, "write the question below"),
    "%%gemini fig what is this?": (BadRequest, "The question goes into the lines below"),
    "%%gemini explain this": (CannotAttach, "The question goes into the lines below"),
    "%%gemini figg": (CannotAttach, "Did you mean fig? The question goes into the lines below"),
    '%%gemini "fig"\nWhat?': (CannotAttach, "write fig without quotes"),
    "%%gemini --service nope\nWhat?": (BadRequest, "There is kie, google"),
    "%gemini_key kei": (BadRequest, "Did you mean kie?"),
    "%gemini --effort low": (BadRequest, "write the question"),
    "%%gemini\nWhat is $`figg`?": (BadRequest, "fig"),
    "%%gemini\nWhat is $`1 +`?": (BadRequest, "1 +"),
    "%%gemini --service gogle\nWhat?": (BadRequest, "google"),
    "%%gemini nothing\nWhat?": (CannotAttach, "None"),
    "%%gemini large.pdf\nWhat?": (CannotAttach, "request_bytes"),
}


@pytest.mark.parametrize(("cell", "error"), MISTAKES.items())
def test_a_mistake_fails_the_cell_in_one_line_and_sends_nothing(ask, shell, cell, error):
    shell.user_ns.update(fig=Image.new("RGB", (4, 3)), nothing=None)
    Path("large.pdf").write_bytes(b"%PDF-1.7" + bytes(16_000_000))
    with pytest.raises(error[0]) as raised:
        shell.run(cell)
    (line,) = raised.value._render_traceback_()
    assert error[1] in line
    assert "\n" not in line
    assert line.startswith(type(raised.value).__name__)
    assert not shell.demo.requests


IN_PYTHON = {
    "": 'There is nothing to ask: write a question, as in ask("What is a fixed point?").',
    " \n": "There is nothing to ask",
    None: "The question is text, not NoneType: write it first, then what to attach",
    5: "The question is text, not int",
}


@pytest.mark.parametrize("prompt", IN_PYTHON)
def test_in_python_a_question_that_is_none_is_refused_in_its_words(prompt):
    with pytest.raises(BadRequest) as raised:
        gemini_magics.ask(prompt)
    assert IN_PYTHON[prompt] in str(raised.value)
    assert "%%gemini" not in str(raised.value)


def test_in_python_attachments_alone_are_a_question(ask, shell):
    ask("import gemini_magics\ngemini_magics.ask('', {'a': 1})")
    assert "{'a': 1}" in parts(shell.demo.requests[-1].json)[0]


def test_without_a_key_the_ways_out_are_named(shell):
    with pytest.raises(MissingKey) as raised:
        shell.run("%%gemini\nWhat?")
    for way in ("KIE_API_KEY", "%gemini_key", 'GeminiMagics.service = "demo"'):
        assert way in str(raised.value)


FAILURES = {
    "wrong key": ([envelope(401, "The key is wrong")], AuthenticationError, "key"),
    "cut": ([[Head(), chunk(content="The curve peaks "), Act.RESET]], IncompleteAnswer, ""),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_fails_the_cell_and_keeps_what_came(shell, name):
    script, error, word = FAILURES[name]
    with Demo(script) as demo, pytest.raises(error) as raised:
        shell.run('%config GeminiMagics.display = "paced"')
        shell.run('%config GeminiMagics.service = "demo"')
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run("%%gemini --to reply\nWhat?")
    (line,) = raised.value._render_traceback_()
    assert word in line
    assert "\n" not in line
    assert len(line) < 600
    assert raised.value.answer is shell.user_ns["reply"]
    assert str(raised.value.answer) == ("The curve peaks " if name == "cut" else "")


def test_where_nobody_listens_it_says_so(shell):
    with Demo() as demo:
        address = demo.base_url
    shell.run("%config GeminiMagics.retries = 0")
    shell.run(f'%config GeminiMagics.base_url = "{address}"')
    with pytest.raises(ConnectionFailed):
        shell.run("%%gemini --service demo\nWhat?")


def test_a_default_that_cannot_be_is_refused_when_it_is_set(shell, caplog):
    shell.run('%config GeminiMagics.effort = "loud"')
    assert "expected any of ['minimal', 'low', 'medium', 'high']" in caplog.text
    assert resolve({}).effort is None


def test_a_service_that_is_none_is_refused_when_it_is_set(shell, caplog):
    shell.run('%config GeminiMagics.service = "google"')
    shell.run('%config GeminiMagics.service = "nope"')
    assert "There is no service 'nope'. There is kie, google, openrouter, openai, demo and auto." in caplog.text
    assert resolve({}).service == "google"
    shell.run("%config GeminiMagics.service = None")
    assert resolve({}).service == "kie"


def test_defaults_can_come_from_the_configuration_file():
    from gemini_magics.notebook.magics.question import GeminiMagics

    shell = InteractiveShell.instance()
    shell.config.merge(Config({"GeminiMagics": {"effort": "low"}}))
    assert GeminiMagics(shell).effort == "low"
    shell.configurables.pop()
    del shell.config["GeminiMagics"]


def state(shell):
    """What a load changes: the shell's parts, and the settings and the notices of the package."""
    manager = shell.magics_manager
    return {
        "magics": {kind: dict(table) for kind, table in manager.magics.items()},
        "registry": set(manager.registry),
        "configurables": list(map(type, shell.configurables)),
        "transformers": list(shell.input_transformers_cleanup),
        "callbacks": {event: list(callbacks) for event, callbacks in shell.events.callbacks.items()},
        "names": set(shell.user_ns),
        "configured": dict(shell.config.get("GeminiMagics", {})),
        "settings": resolve({}),
        "defaults": dict(settings.session_defaults),
        "notices": notices._say,
    }


def test_unloading_undoes_all_that_was_loaded():
    shell = InteractiveShell.instance()
    before = state(shell)
    shell.extension_manager.load_extension("gemini_magics")
    loaded = state(shell)
    assert [name for name in before if loaded[name] == before[name]] == [
        "configured",
        "settings",
        "defaults",
    ]
    shell.run_cell("1 / 0")  # it is kept as Err[...]
    shell.extension_manager.unload_extension("gemini_magics")
    assert state(shell) == before


AGAIN = {
    "reload": "%reload_ext gemini_magics",
    "unload and load": "%unload_ext gemini_magics\n%load_ext gemini_magics",
    "twice": "%reload_ext gemini_magics\n%reload_ext gemini_magics",
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_what_the_session_chose_outlasts_another_load(ask, shell, again):
    shell.run('%config GeminiMagics.effort = "low"')
    shell.run("%gemini_record answers.jsonl")
    shell.run("%config GeminiMagics.system = 'Be brief.'\n%config GeminiMagics.system = None")
    before = resolve({})
    shell.run(again)
    assert resolve({}) == before
    assert ask("%%gemini\nHow?")["reasoning_effort"] == "low"  # it went to the same service
    assert len([each for each in shell.configurables if type(each).__name__ == "GeminiMagics"]) == 1


def test_a_choice_of_the_session_outlasts_that_of_the_configuration_file():
    shell = InteractiveShell.instance()
    shell.config.merge(Config({"GeminiMagics": {"effort": "low"}}))
    try:
        shell.extension_manager.load_extension("gemini_magics")
        assert resolve({}).effort == "low"
        shell.run_cell("%config GeminiMagics.effort = 'medium'").raise_error()
        shell.extension_manager.reload_extension("gemini_magics")
        assert resolve({}).effort == "medium"
        shell.run_cell("%config GeminiMagics.effort = None").raise_error()
        shell.extension_manager.reload_extension("gemini_magics")
        assert resolve({}).effort is None
    finally:
        shell.extension_manager.unload_extension("gemini_magics")
        del shell.config["GeminiMagics"]


def test_a_magic_of_another_extension_is_left_to_it_with_a_warning():
    shell = InteractiveShell.instance()
    theirs = lambda line, cell: "theirs"  # noqa: E731
    shell.register_magic_function(theirs, "cell", "gemini")
    with pytest.warns(UserWarning, match="%%gemini belongs to .*%%gm"):
        shell.extension_manager.load_extension("gemini_magics")
    try:
        assert shell.magics_manager.magics["cell"]["gemini"] is theirs
        assert "gm" in shell.magics_manager.magics["cell"]
    finally:
        shell.extension_manager.unload_extension("gemini_magics")
        assert shell.magics_manager.magics["cell"].pop("gemini") is theirs


def test_the_key_is_asked_for_and_kept_out_of_everything(ask, shell, monkeypatch, capsys):
    monkeypatch.setattr("getpass.getpass", lambda prompt: "sk-secret-0123456789\n")
    shell.run("%gemini_key")
    ask("%%gemini\nHow?")
    assert shell.demo.requests[-1].headers["authorization"] == "Bearer sk-secret-0123456789"
    shell.run("%gemini_key --forget")
    ask("%%gemini\nHow?")
    assert "authorization" not in shell.demo.requests[-1].headers
    assert "0123456" not in capsys.readouterr().out


KEY = "sk-secret-0123456789"
WITH_A_KEY = [
    f"%gemini_key {KEY}",
    "%gemini_key q7Rw2LkX9vTz",
    f"%gemini_key {KEY} --save",
    f"%%gemini --service {KEY}\nWhat?",
    "%%gemini --service 3q7Rw2LkX9vTz81Bn\nWhat?",
    f"%gemini --service={KEY} What?",
    f"%%gemini --effort {KEY}\nWhat?",
    f"%%gemini {KEY}\nWhat?",
    f"%%gemini fig.{KEY}\nWhat?",
    f"%%gemini --{KEY}\nWhat?",
    f"%config GeminiMagics.service = '{KEY}'",
]


@pytest.mark.parametrize("cell", WITH_A_KEY)
def test_what_may_be_a_key_is_never_repeated(shell, cell, capsys, caplog):
    said = ""
    try:
        shell.run(cell)
    except BadRequest as error:
        said = f"{error} {error._render_traceback_()}"
    printed = capsys.readouterr()
    assert not re.search("0123|secret|q7Rw", said + caplog.text + printed.out + printed.err)
    assert said or "no such service" in caplog.text


def test_who_needs_no_key_is_not_asked_for_one(shell, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda prompt: pytest.fail("asked"))
    with pytest.raises(BadRequest, match="The service demo needs no key: just ask"):
        shell.run("%gemini_key demo")
    shell.run("%gemini_key demo --forget")
    with pytest.raises(BadRequest, match=r"auto asks the service whose key is there\. To give a key, name its"):
        shell.run("%gemini_key auto")


def test_a_key_typed_behind_the_magic_is_refused_without_repeating_it(shell):
    with pytest.raises(BadRequest) as raised:
        shell.run("%gemini_key --service kie sk-secret-0123456789")
    assert "0123456" not in str(raised.value)


def test_a_question_that_holds_another_services_key_is_neither_sent_nor_recorded_nor_shown(
    ask, shell, monkeypatch, capsys
):
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-0123456789")
    shell.run("import os\n%gemini_record answers.jsonl")
    value = "$`os.environ['OPENROUTER_API_KEY']`"
    system = "You know sk-or-0123456789."
    cells = [f"%%gemini\nIs {value} it?", f"%gemini --dry-run {value}", f"%%gemini --system '{system}'\nWell?"]
    for cell in cells:
        with pytest.raises(BadRequest, match="holds the key in OPENROUTER_API_KEY"):
            shell.run(cell)
    assert not shell.demo.requests
    assert not Path("answers.jsonl").exists()
    assert "0123456" not in capsys.readouterr().out
    shell.run("%gemini_record off")


def test_the_last_answer_is_shown_again(ask, shell, capsys):
    ask("%%gemini\nHow?")
    capsys.readouterr()
    shell.run("%gemini_last")
    assert "Fine." in capsys.readouterr().out


def test_the_readme_has_the_options_as_they_are():
    import importlib.util
    from pathlib import Path

    path = Path(__file__).parents[2] / "docs" / "option_table.py"
    spec = importlib.util.spec_from_file_location("option_table", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.README.read_text("utf-8")
    assert module.with_table(text) == text
