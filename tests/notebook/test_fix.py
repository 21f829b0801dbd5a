"""When a cell failed: what is kept of it, what is masked, and asking about it."""

import gc
import weakref
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from kernel import Kernel
from PIL import Image

from gemini_magics import AnswerMismatch, BadRequest, CannotAttach
from gemini_magics.content.tracebacks import traceback_text
from gemini_magics.notebook.callbacks import Callbacks
from gemini_magics.notebook.failures import KEPT_CHARS, KEPT_FAILURES
from gemini_magics.notebook.panel.panel import Panel
from gemini_magics.service.masking import masked
from gemini_magics.testing import Demo, stream

FIXED = "The name is wrong.\n\n```python\nmean = sum(values) / len(values)\n```"


@pytest.fixture
def demo():
    with Demo([stream(FIXED)]) as demo:
        yield demo


@pytest.fixture
def cells(shell, demo):
    """Run cells as a person does, each with its number; return what they raise."""
    shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
    shell.run('%config GeminiMagics.service = "demo"')
    shell.run('%config GeminiMagics.display = "once"')

    def run(*sources):
        for source in sources:
            result = shell.run_cell(source, store_history=True)
        return result.error_before_exec or result.error_in_exec

    shell.execution_count = 1
    shell.rl_next_input = None
    yield run
    shell.rl_next_input = None


@pytest.fixture
def err(shell):
    return shell.user_ns["Err"]


def test_failures_go_by_the_number_of_their_cell_and_backwards(cells, err):
    cells("1 / 0", "x = 1", "[][1]")
    assert (err[1].cell, err[1].traceback.splitlines()[-1]) == ("1 / 0", "ZeroDivisionError: division by zero")
    assert err[-1] is err[3]
    assert err[-2] is err[1]
    assert len(err) == 2
    with pytest.raises(BadRequest, match=r"Err\[2\] does not exist: the cells that failed are 1, 3"):
        err[2]
    assert repr(err).splitlines() == [
        "Err[1]  ZeroDivisionError: division by zero",
        "Err[3]  IndexError: list index out of range",
    ]


def test_before_anything_failed_it_says_so(cells, err):
    with pytest.raises(BadRequest, match="No cell has failed"):
        err[-1]
    assert repr(err) == "No cell has failed."


@pytest.mark.slow
def test_the_newest_twenty_are_kept(cells, err):
    cells(*["1 / 0"] * (KEPT_FAILURES + 3))
    assert len(err) == KEPT_FAILURES
    assert err[-KEPT_FAILURES] is err[4]


def test_a_failure_holds_no_object_of_the_cell_but_the_newest_variables(cells, err, shell):
    cells("class Big: pass", "def f():\n    big = Big(); keep(big)\n    1 / 0")
    seen = []
    shell.user_ns["keep"] = lambda big: seen.append(weakref.ref(big))
    cells("f()")
    assert seen[0]() is err.variables["big"]
    cells("1 / 0")
    gc.collect()
    assert seen[0]() is None


def test_a_long_cell_and_a_long_message_are_kept_in_part(cells, err):
    cells(f"x = 1 #{'a' * 100_000}\nraise ValueError('b' * 1_000_000)")
    assert len(err[1].cell) <= KEPT_CHARS
    assert len(err[1].traceback) <= KEPT_CHARS
    assert err[1].cell.endswith("raise ValueError('b' * 1_000_000)")


def test_a_mistake_of_ours_and_a_stop_are_no_failures(cells, err):
    cells("1 / 0", "%%gemini nothing\nWhat?", "%gemini_fix nonsense", "raise KeyboardInterrupt")
    assert err[-1].count == 1


def test_an_error_of_ours_out_of_ones_own_python_is_a_failure_like_others(cells, err, demo):
    cells("1 / 0", "%%gemini --to reply\nWhat?", "data = reply.json()")
    assert err[-1].count == 3
    assert "In[3], line 1\n--> 1 data = reply.json()\n… (" in err[-1].traceback  # as into a library
    assert "AnswerMismatch: The answer is not valid JSON" in err[-1].traceback
    assert cells("%gemini_fix") is None
    assert "data = reply.json()" in sent(demo)[0]


def test_an_error_of_ours_in_another_ones_magic_is_a_failure_too(cells, err):
    assert isinstance(cells("%%gemini --to reply\nWhat?", "%timeit -n 1 -r 1 reply.json()"), AnswerMismatch)
    assert err[-1].count == 2


TRACEBACKS = {
    "what ran, with the lines before it": (
        ["def f(n):\n    m = n\n    return m / 0", "x = 1\nf(x)"],
        [
            "In[2], line 2",
            "--> 2 f(x)",
            "In[1], line 3, in f",
            "    1 def f(n):",
            "    2     m = n",
            "--> 3     return m / 0",
            "ZeroDivisionError: division by zero",
        ],
    ),
    "of a library its last call": (
        ["import json\njson.loads('{')"],
        [
            "In[1], line 2",
            "--> 2 json.loads('{')",
            "… (2 more in libraries)",
            "json/decoder.py, line ",
            "json.decoder.JSONDecodeError: Expecting property name",
        ],
    ),
    "code that is not Python": (
        ["x = 1\ndef f(:\n    pass"],
        ["In[1], line 2", "    def f(:", "          ^", "SyntaxError: invalid syntax"],
    ),
    "what led to it": (
        ["try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('no a') from error"],
        ["KeyError: 'a'", "While that was handled, or because of it:", "ValueError: no a"],
    ),
    "a call that calls itself": (
        # IPython's own traceback of a thousand calls takes a minute where many modules are loaded.
        ["def f(n):\n    if n > 99: raise RecursionError('too deep')\n    return f(n + 1)\nf(0)"],
        ["--> 4 f(0)", "more of the same)", "RecursionError: too deep"],
    ),
    "several at once": (
        ["raise ExceptionGroup('both', [ValueError('a'), TypeError('b')])"],
        ["ValueError: a", "TypeError: b", "ExceptionGroup: both (2 sub-exceptions)"],
    ),
    "colours of a terminal": (["raise ValueError('\\x1b[31mred\\x1b[0m')"], ["ValueError: red"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TRACEBACKS)
def test_a_traceback_tells(cells, err, name):
    sources, traceback_text = TRACEBACKS[name]
    cells(*sources)
    text = err[-1].traceback
    place = 0
    for line in traceback_text:
        assert line in text[place:], text
        place = text.index(line, place)
    assert len(text) < 1500
    assert "interactiveshell" not in text


@pytest.mark.parametrize("file", ["<ipython-input-3-0123abc>", "/tmp/ipykernel_7/12.py"])
def test_where_ipython_does_not_number_its_files_a_cell_is_just_a_cell(file):
    with pytest.raises(ZeroDivisionError) as raised:
        exec(compile("1 / 0", file, "exec"), {})
    text = traceback_text(raised.value, SimpleNamespace(compile=None, user_ns={}))
    assert "a cell, line 1" in text
    assert f"{file}, line" not in text


SECRETS = {
    'client = Client(api_key="dGVzdC1rZXk")': 'client = Client(api_key="•••")',
    "os.environ['HF_TOKEN'] = 'abcdefgh'": "os.environ['HF_TOKEN'] = '•••'",
    'connect(password="a b", user="ada")': 'connect(password="•••", user="ada")',
    '{"client_secret": "xyzxyzxyz"}': '{"client_secret": "•••"}',
    "key = sk-or-v1-0123456789abcdef0123456789abcdef": "key = •••",
    "AIzaSyA0123456789abcdefghijklmnopqrstuvw": "•••",
    "ghp_0123456789abcdefghijklmnopqrstuvwxyz": "•••",
    "Authorization: Bearer abc.def-123/456=": "Authorization: Bearer •••",
    "postgres://ada:pw@host/db": "postgres://•••@host/db",
    "0123456789abcdef0123456789ABCDEF": "•••",
    "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ": "•••",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nx": "•••\nx",
    "the value is my-own-value-1": "the value is •••",
    "/home/ada/data.csv": "~/data.csv",
    "open('/home/ada')": "open('~')",
    "/mnt/home/ada/x /home/adam/x": "/mnt/home/ada/x /home/adam/x",
    "max_tokens=100, tokens = text.split()": "max_tokens=100, tokens = text.split()",
    "token = 'the'": "token = 'the'",
    "tokenizer = 'bert-base-uncased'": "tokenizer = 'bert-base-uncased'",
    "f(token='engine-1843')\nIt is engine-1843": "f(token='•••')\nIt is •••",
    "monkey = 'banana split'": "monkey = 'banana split'",
    "DB_PASS = 'tiger'": "DB_PASS = '•••'",
    'f(db_pass="tiger", pgpass="lion", MYSQL_PWD="puma")': 'f(db_pass="•••", pgpass="•••", MYSQL_PWD="•••")',
    "COMPASS = 'north-east'; bypass = 'the long way'": "COMPASS = 'north-east'; bypass = 'the long way'",
    "first_pass = 'a first draft'": "first_pass = 'a first draft'",
    "/run/secrets/key.json": "/run/secrets/key.json",
}


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_secret_is_masked_and_nothing_else(monkeypatch, text):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("MY_SERVICE_TOKEN", "my-own-value-1")
    monkeypatch.setenv("GOOGLE_CREDENTIALS", "/run/secrets/key.json")
    assert masked(text) == SECRETS[text]


@pytest.mark.parametrize("name", ["DB_PASS", "PGPASS", "MYSQL_PWD", "SMTP_PASSPHRASE", "db_pass", "mysql_pwd"])
def test_a_variable_that_is_named_like_a_password_holds_a_secret(monkeypatch, name):
    monkeypatch.setenv(name, "tiger-of-1843")
    assert masked("It is tiger-of-1843.") == "It is •••."
    monkeypatch.delenv(name)
    assert masked("It is tiger-of-1843.", {name: "tiger-of-1843"}) == "It is •••."


@pytest.mark.parametrize(
    "name", ["COMPASS", "BYPASS", "PWD", "OLDPWD", "first_pass", "high_pass", "PASSENGER", "pw"]
)
def test_a_variable_that_only_ends_like_a_password_holds_none(monkeypatch, name):
    monkeypatch.setenv(name, "north-north-east")
    assert masked("It is north-north-east.", {name: "north-north-east"}) == "It is north-north-east."


def test_a_secret_is_masked_wherever_the_cell_and_its_traceback_quote_it(cells, err):
    cells(
        "api_key = 'engine-' + str(1843)\ndef ask(url, secret): raise ValueError(url + secret)",
        "ask(\n    'x' + api_key,\n    secret='nightingale-' 'x1'\n)",
    )
    assert "ValueError: x•••nightingale-x1" not in err[-1].traceback
    assert "ValueError: x••••••" in err[-1].traceback
    assert err.variables["secret"] == "nightingale-x1"


def test_our_own_keys_are_masked_wherever_they_are_kept(monkeypatch, shell):
    monkeypatch.setenv("OPENROUTER_API_KEY", "environment-key-1")
    monkeypatch.setattr("getpass.getpass", lambda prompt: "remembered-key-2\n")
    shell.run("%gemini_key kie")
    try:
        assert masked("a environment-key-1 b remembered-key c") == "a ••• b ••• c"
    finally:
        shell.run("%gemini_key kie --forget")


@pytest.mark.parametrize("home", ["/", ""])
def test_where_home_is_the_root_folder_paths_stay(monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    assert masked("/etc/hosts") == "/etc/hosts"


def sent(demo):
    return [part["text"] for part in demo.requests[-1].json["messages"][-1]["content"]]


def test_fix_sends_the_cell_and_its_traceback_and_puts_the_corrected_cell_next(cells, demo, shell, capsys):
    cells("values = [1, 2]", "mean = sum(values) / len(value)")
    capsys.readouterr()
    assert cells("%gemini_fix") is None
    failure, prompt = sent(demo)
    assert "In[2]:\n\n```python\nmean = sum(values) / len(value)\n```" in failure
    assert "NameError: name 'value' is not defined" in failure
    assert "corrected" in prompt
    assert shell.rl_next_input == "mean = sum(values) / len(values)"
    shown = capsys.readouterr().out
    assert shown.index(failure) < shown.index("The name is wrong.")


def test_what_fix_shows_and_sends_holds_no_secret(cells, demo, capsys, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    cells("api_key = 'abcdef123456'\nopen('/home/ada/none.csv')", "%gemini_fix")
    assert "'~/none.csv'" in sent(demo)[0]
    out = capsys.readouterr().out
    for text in (demo.requests[-1].body.decode(), out[out.index("The text that is sent") :]):
        assert "abcdef123456" not in text
        assert "/home/ada" not in text


def test_locals_are_sent_when_they_are_named_and_only_then(cells, demo, shell):
    cells(
        "import pandas as pd\nscale = 2",
        "def mean(frame, name):\n    secret = 'token=abc'\n    return frame[name].mean() * scale",
        "mean(pd.DataFrame({'a': [1, 2]}), 'b')",
        "%gemini_fix --effort low",
    )
    assert len(sent(demo)) == 2
    cells("%gemini_fix --locals frame name scale --effort low")
    _, frame, name, scale, _ = sent(demo)
    assert "| 1 |" in frame.replace("  ", " ")
    assert name == "name = 'b'"
    assert scale == "scale = 2"
    assert demo.requests[-1].json["reasoning_effort"] == "low"
    assert "abc" not in demo.requests[-1].body.decode()


def test_nothing_is_a_value_like_another(cells, demo):
    cells("def f(x):\n    return x + 1", "f(None)", "%gemini_fix --locals x")
    assert sent(demo)[1] == "x = None"


def test_a_value_that_cannot_be_written_says_so(cells, demo):
    cells("class Odd:\n    def __repr__(self): raise ValueError('no')", "odd = [Odd()]", "1 / 0")
    assert isinstance(cells("%gemini_fix --locals odd"), CannotAttach)
    assert not demo.requests


def test_the_text_of_locals_is_masked(cells, demo):
    cells("note = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz'", "1 / 0", "%gemini_fix --locals note")
    assert "0123456789" not in demo.requests[-1].body.decode()


FIX_MISTAKES = {
    "%gemini_fix": (BadRequest, "No cell has failed"),
    "%gemini_fix frame": (BadRequest, "it writes the question itself"),
    "%gemini_fix --locals": (BadRequest, "it writes the question itself"),
    "%gemini_fix --locals --effort low": (BadRequest, "it writes the question itself"),
    "%gemini_fix --schema dict": (BadRequest, "%gemini_fix takes no --schema: leave it out."),
    "%gemini_fix --over rows": (BadRequest, "%gemini_fix takes no --over: leave it out."),
    "%gemini_fix --compare effort=low,high": (BadRequest, "%gemini_fix takes no --compare: leave it out."),
    "%gemini_fix --effort low --limit 3": (BadRequest, "%gemini_fix takes no --limit: leave it out."),
    "%gemini_fix --efort low": (BadRequest, "--effort"),
    "%gemini_fix --locals valuess": (CannotAttach, "values"),
}


@pytest.mark.parametrize("line", FIX_MISTAKES)
def test_a_mistake_says_so_and_sends_nothing(cells, demo, line):
    if line != "%gemini_fix":
        cells("values = 1", "1 / 0")
    error, said = FIX_MISTAKES[line]
    raised = cells(line)
    assert isinstance(raised, error)
    assert said in str(raised)
    assert len(raised._render_traceback_()) == 1
    assert not demo.requests


def test_a_fix_that_failed_can_be_asked_for_again(cells, demo):
    cells("1 / 0", '%config GeminiMagics.service = "kie"', '%config GeminiMagics.base_url = ""')
    assert "key" in str(cells("%gemini_fix"))
    cells('%config GeminiMagics.service = "demo"', f'%config GeminiMagics.base_url = "{demo.base_url}"')
    assert cells("%gemini_fix") is None
    assert "ZeroDivisionError" in sent(demo)[0]


def test_a_dry_run_sends_nothing_and_puts_nothing_anywhere(cells, demo, shell, capsys):
    cells("1 / 0")
    capsys.readouterr()
    cells("%gemini_fix --dry-run")
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert not demo.requests
    assert shell.rl_next_input is None


def test_cells_their_outputs_and_failures_can_be_attached_and_are_shown_first(cells, demo, capsys):
    cells("%precision 3\napi_key = 'abcdef123456'", "21 * 2", "1 / 0")
    capsys.readouterr()
    assert cells("%%gemini In[1] Out[2] Err[-1]\nWhat went wrong?") is None
    source, value, failure, question = sent(demo)
    assert "%precision 3\napi_key = '•••'" in source
    assert "42" in value
    assert "ZeroDivisionError" in failure
    assert question == "What went wrong?"
    shown = capsys.readouterr().out
    assert "api_key = '•••'" in shown
    assert "abcdef123456" not in demo.requests[-1].body.decode()


PAST = ["Out[1]", "str(Out[1])", "Out", "In[1]", "Err[2]", "_", "_1", "_i", "_i1"]


@pytest.mark.parametrize("name", PAST)
@pytest.mark.parametrize("cell", ["%%gemini\nWhat is $`{}`?", "%gemini What is $`{}`?", "%%gemini {}\nWhat?"])
def test_text_of_cells_that_ran_is_masked_and_shown_first(cells, demo, capsys, monkeypatch, cell, name):
    monkeypatch.setenv("HOME", "/home/ada")
    note = "'ghp_0123456789abcdefghijklmnopqrstuvwxyz /home/ada/data'"
    cells(note, f"{note} + 1")
    capsys.readouterr()
    assert cells(cell.format(name)) is None
    before, _, _ = capsys.readouterr().out.partition("The name is wrong.")
    for text in ("".join(sent(demo)), before):
        assert "••• ~/data" in text
        assert "0123456789" not in text
        assert "/home/ada" not in text
    assert "The text that is sent:" in before


def test_a_figure_of_a_cell_that_ran_stays_a_figure(cells, demo, shell, capsys):
    cells("from PIL import Image\nImage.new('RGB', (4, 3), 'red')")
    capsys.readouterr()
    assert cells("%%gemini _1\nIs $`_1` like $`Out[1]`?") is None
    kinds = [part["type"] for part in demo.requests[-1].json["messages"][-1]["content"]]
    assert kinds == ["text", "image_url", "text", "image_url", "text", "image_url", "text"]
    assert "Sent with" not in capsys.readouterr().out


def test_a_file_whose_name_is_like_that_of_the_outputs_goes_as_it_is(cells, demo, capsys):
    Path("Out.md").write_text("api_key = 'abcdef123456'")
    assert cells("%%gemini Out.md\nWhat is it?") is None
    assert "abcdef123456" in sent(demo)[0]
    assert "Sent with" not in capsys.readouterr().out


NOT_THERE = {
    "In[99]": "There is no In[99]: the cells so far are In[1] to In[3].",
    "In[-99]": "There is no In[-99]: the cells so far are In[1] to In[3].",
    "Out[99]": "There is no Out[99]: the cells with a value are 2.",
    "Out[-1]": "There is no Out[-1]: the cells with a value are 2.",
    "Out[99].head()": "There is no Out[99]: the cells with a value are 2.",
}


@pytest.mark.parametrize("name", NOT_THERE)
@pytest.mark.parametrize("cell", ["%%gemini {}\nWhat?", "%%gemini\nWhat is $`{}`?"])
def test_a_cell_or_a_value_that_is_not_there_says_which_are(cells, shell, demo, cell, name):
    shell.history_manager.reset()
    assert str(cells("x = 1", "21 * 2", cell.format(name))) == NOT_THERE[name]
    assert not demo.requests


def test_before_any_cell_has_shown_a_value_it_says_so(cells, shell):
    assert "There is no Out[1]: no cell has shown a value yet." in str(cells("%%gemini Out[1]\nWhat?"))


def test_another_index_that_fails_is_not_taken_for_one_of_these(cells):
    assert "[1][2] fails with IndexError" in str(cells("%%gemini\nWhat is $`[1][2]`?"))
    assert "Out[2][7] fails with IndexError" in str(cells("[1]", "%%gemini\nWhat is $`Out[2][7]`?"))


def test_a_failure_that_is_not_there_says_which_are(cells, demo):
    cells("1 / 0")
    assert "the cells that failed are 1" in str(cells("%%gemini Err[7]\nWhy?"))
    assert not demo.requests


def test_a_name_of_the_persons_own_is_left_to_them(shell):
    shell.extension_manager.unload_extension("gemini_magics")
    shell.user_ns["Err"] = "mine"
    shell.extension_manager.load_extension("gemini_magics")
    shell.run_cell("1 / 0")
    assert shell.user_ns["Err"] == "mine"
    shell.extension_manager.reload_extension("gemini_magics")
    assert shell.user_ns["Err"] == "mine"


def test_the_name_comes_back_after_a_reset_and_goes_when_the_extension_is_unloaded(cells, shell):
    cells("1 / 0", "%reset -f", "1 / 0")
    assert len(shell.user_ns["Err"]) >= 1
    assert "Err" in shell.user_ns_hidden
    shell.extension_manager.unload_extension("gemini_magics")
    assert "Err" not in shell.user_ns
    shell.extension_manager.load_extension("gemini_magics")


@pytest.mark.slow
def test_in_a_real_kernel_a_failed_cell_is_explained_and_its_correction_stands_below(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Demo([stream(FIXED)]) as demo, Kernel(demo) as kernel:
        kernel.run("values = [1, 2]\nvalue", cell="A", fails=True)
        shown = kernel.run("%gemini_fix --locals values", cell="B")
        assert "In[2], line 2" in sent(demo)[0]
        assert "The texts that are sent:" in shown.text
        assert shown.text.count("Err[2] · text") == 1
        assert "The name is wrong." in shown.text
        assert "The code is in the next cell. It was not run." in shown.text
        kernel.run("%%gemini Err[2] In[2]\nWhy?", cell="C")
        assert "NameError" in sent(demo)[0]
        kernel.run("'ghp_0123456789abcdefghijklmnopqrstuvwxyz'", cell="D")
        shown = kernel.run("%%gemini\nWhat is $`_`, or $`In[5]`?", cell="E")
        assert sent(demo) == ["What is ", "•••", ", or ", "'•••'", "?"]
        assert "The texts that are sent:" in shown.text
        assert shown.text.count("In[5] · text · 11 B") == 1


# --- what IPython calls ---


@pytest.fixture
def callbacks(shell):
    """All functions of ours that IPython calls, by their event, a panel's among them."""
    opened = Panel("callbacks")
    opened._callbacks = Callbacks(shell, post_run_cell=opened._after_cell)
    opened._callbacks.register()
    yield {
        event: [each for each in shell.events.callbacks[event] if each.__module__.startswith("gemini_magics")]
        for event in ("pre_run_cell", "post_run_cell")
    }
    opened.close()


def test_no_callback_raises_whatever_it_is_called_with(shell, callbacks):
    assert {event: len(ours) for event, ours in callbacks.items()} == {"pre_run_cell": 1, "post_run_cell": 4}
    for ours in callbacks.values():
        for hook in ours:
            for about in (None, object(), shell.run_cell("None"), SimpleNamespace(error_in_exec=ValueError())):
                hook(about)


def test_a_cell_that_is_interrupted_before_it_runs_shows_nothing_of_ours(shell, callbacks, capsys):
    def interrupt(lines):
        raise KeyboardInterrupt

    shell.input_transformers_cleanup.append(interrupt)
    try:
        with suppress(KeyboardInterrupt):
            shell.run_cell("1 + 1")
    finally:
        shell.input_transformers_cleanup.remove(interrupt)
    said = capsys.readouterr()
    assert "gemini_magics" not in said.out + said.err and "Error in callback" not in said.out + said.err


class Unspeakable(Exception):
    def __str__(self):
        raise KeyboardInterrupt

    __repr__ = __str__


def test_a_fault_of_a_callback_is_a_line_and_no_traceback(shell, capsys, monkeypatch):
    monkeypatch.setattr("gemini_magics.content.tracebacks.traceback_text", lambda *_: 1 / 0)
    shell.run_cell("raise ValueError('mine')")
    said = "".join(capsys.readouterr())
    assert "ZeroDivisionError" in said and "Please report this line." in said
    assert "Error in callback" not in said and "Traceback" not in said.partition("mine")[2]


def test_an_error_that_cannot_be_written_is_no_trouble(shell, callbacks, capsys):
    shell.push({"Unspeakable": Unspeakable})
    for hook in callbacks["post_run_cell"]:
        result = shell.run_cell("None")
        result.error_in_exec = Unspeakable()
        hook(result)
    assert "Error in callback" not in "".join(capsys.readouterr())


def test_pointing_without_a_picture_is_refused_and_with_one_among_the_variables_it_points(cells, demo, shell):
    shell.user_ns["photo"] = Image.new("RGB", (40, 40), "red")
    error = cells("1 / 0", "%gemini_fix --point")
    assert str(error).startswith("There is nothing to point at: --point needs a figure, a picture or a PDF")
    assert not demo.requests
    assert cells("%gemini_fix --point --locals photo") is None
    assert "The pictures:\n1. photo" in demo.requests[0].json["messages"][-1]["content"][-1]["text"]
