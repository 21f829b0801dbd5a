"""What a cell shows when something of ours fails in it: where, in the person's own code, and one line."""

import subprocess
import sys
import traceback
from pathlib import Path

import IPython
import pytest
from kernel import Kernel

from gemini_magics import BadRequest, GeminiError, ask
from gemini_magics.testing import Demo, stream

NUMBERED = int(IPython.__version__.split(".")[0]) >= 8  # before, IPython does not tell which cell failed
SECRET = "sk-Zq3v9XtB7nLw2Rk8"
CELLS = {
    "a line of several": (
        ["total = 0\nreply.json()"],
        ["In[2], line 2", "--> 2 reply.json()", "AnswerMismatch: The answer is not valid JSON"],
    ),
    "ask": (["ask('')"], ["In[2], line 1", "--> 1 ask('')", "BadRequest: There is nothing to ask"]),
    "a conversation": (
        ["conversations['main'].rename('two words')"],
        [
            "In[2], line 1",
            "--> 1 conversations['main'].rename('two words')",
            "BadRequest: 'two words' cannot name a conversation",
        ],
    ),
    "a function": (
        ["def data(reply):\n    # read it\n    return reply.json()", "data(reply)"],
        [
            "In[3], line 1",
            "--> 1 data(reply)",
            "In[2], line 3, in data",
            "--> 3     return reply.json()",
            "AnswerMismatch: The answer is not valid JSON",
        ],
    ),
    "a module": (
        ["import own", "own.data(reply)"],
        [
            "In[3], line 1",
            "--> 1 own.data(reply)",
            "own.py, line 2, in data",
            "--> 2     return reply.json()",
            "AnswerMismatch: The answer is not valid JSON",
        ],
    ),
    "another thread": (
        ["import asyncio\nawait asyncio.to_thread(ask, '')"],
        ["In[2], line 2", "--> 2 await asyncio.to_thread(ask, '')", "BadRequest: There is nothing to ask"],
    ),
    "a magic": (["%%gemini figg\nWhat?"], ["CannotAttach: There is no name and no file figg here."]),
    "a magic that Python calls": (
        ["x = 1\nget_ipython().run_line_magic('gemini_record', '--x')"],
        ["BadRequest: %gemini_record has no option --x."],
    ),
    "a key in the source": (
        [f"ask('My key is {SECRET}')"],
        [
            "In[2], line 1",
            "--> 1 ask('My key is •••')",
            "BadRequest: The question holds the key in KIE_API_KEY",
        ],
    ),
}


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, Demo(lambda _: stream("Fine.")) as demo:
        patch.chdir(tmp_path_factory.mktemp("own"))
        patch.setenv("KIE_API_KEY", SECRET)
        Path("own.py").write_text("def data(reply):\n    return reply.json()\n")
        setup = "from gemini_magics import ask, conversations\nreply = ask('Well?', chat='main')"
        with Kernel(demo, setup=[setup]) as kernel:
            yield kernel


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_a_failure_is_where_and_why_without_our_own_code(kernel, name):
    cells, expected = CELLS[name]
    newest = int(kernel.run("print(len(In) - 1)").stream)
    *before, last = cells
    for cell in before:
        kernel.run(cell)
    lines = "\n".join(kernel.run(last, fails=True).error["traceback"]).splitlines()
    for cell in (2, 3):
        name = f"In[{newest + cell - 1}]" if NUMBERED else "a cell"
        expected = [line.replace(f"In[{cell}]", name) for line in expected]
    assert len(lines) == len(expected), lines
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(start), lines


def test_another_error_that_ours_led_to_is_shown_as_ipython_does(kernel):
    cell = "try:\n    ask('')\nexcept Exception as error:\n    raise KeyError('x') from error"
    told = "".join(kernel.run(cell, fails=True).error["traceback"])
    assert "KeyError" in told
    assert "direct cause" in told


def test_in_a_script_a_traceback_is_pythons_own(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from gemini_magics import ask\nask('')\n")
    root = Path(sys.modules["gemini_magics"].__file__).parents[1]
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, env={"PYTHONPATH": str(root)}
    )
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert f'File "{script}", line 2, in <module>' in done.stderr
    assert "gemini_magics.core.errors.BadRequest: There is nothing to ask" in done.stderr
    with pytest.raises(BadRequest) as raised:
        ask("")
    assert "in user_message" in "".join(traceback.format_exception(raised.value))


def test_without_ipython_an_error_can_still_be_written_as_it_would_be_there():
    with pytest.raises(GeminiError) as raised:
        ask("")
    *_, code, line = raised.value._render_traceback_()
    assert code.endswith('ask("")')
    assert line.startswith("BadRequest: There is nothing to ask")
