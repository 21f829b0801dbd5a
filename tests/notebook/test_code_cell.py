"""--code: the code of an answer becomes the next cell, in plain sight, and is not run."""

import re
from html import unescape

import pytest
from kernel import Kernel
from PIL import Image

from gemini_magics import AnswerMismatch
from gemini_magics.testing import Demo, stream

ANSWER = """Two steps:

```python
ran = True
```

```bash
touch ran.txt
```

and then

```py
print("x")
```
"""
HOSTILE = "```python\n'''<img src=x onerror=alert(1)>'''\nx = 1 \u202e} #\u2066\x1b]0;t\x07\n```"


@pytest.fixture
def demo():
    with Demo(lambda request: stream(demo.answer)) as demo:
        demo.answer = ANSWER
        yield demo


@pytest.fixture
def ask(shell, demo):
    shell.rl_next_input = None
    shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
    shell.run('%config GeminiMagics.service = "demo"')
    yield shell.run
    shell.rl_next_input = None


def test_in_a_terminal_the_python_of_the_answer_is_the_next_input(ask, shell):
    ask("%%gemini --code\nHow?")
    assert shell.rl_next_input == 'ran = True\n\nprint("x")'


def test_in_a_terminal_two_answers_of_one_cell_are_both_in_the_next_input(ask, shell, demo):
    demo.answer = "```python\nx = 1\n```"
    ask("%gemini --code How?\n%gemini --code How else?")
    assert shell.rl_next_input == "x = 1\n\nx = 1"


def test_without_the_option_nothing_is_put_anywhere(ask, shell):
    ask("%%gemini\nHow?")
    assert shell.rl_next_input is None


def test_the_code_is_not_run(ask, shell, tmp_path):
    ask("%%gemini --code\nHow?")
    assert "ran" not in shell.user_ns
    assert not list(tmp_path.iterdir())


def test_code_in_another_language_goes_there_when_there_is_no_python(ask, shell, demo):
    demo.answer = "```sql\nSELECT 1\n```"
    ask("%%gemini --code\nHow?")
    assert shell.rl_next_input == "SELECT 1"


PYTHON_ALONE = {
    "```{python}\nx = 1\n```\n```bash\nls\n```": "x = 1",
    "```python3.11\nx = 1\n```\n```text\nout\n```": "x = 1",
    "```python\nx = 1\n```\nIt prints:\n```\n1\n```": "x = 1",
    "```pycon\n>>> x = 1\n>>> x\n1\n```": "x = 1\nx",
    "```\nx = 1\n```": "x = 1",
    "```python\n%%time\nx = 1\n```": "%%time\nx = 1",
    "```python\n\n```\n```python\nx = 1\n```": "x = 1",
}


@pytest.mark.parametrize("answer", PYTHON_ALONE)
def test_the_next_cell_holds_python_and_no_output(ask, shell, demo, answer):
    demo.answer = answer
    ask("%%gemini --code\nHow?")
    assert shell.rl_next_input == PYTHON_ALONE[answer]


def test_a_block_with_a_cell_magic_is_not_joined_with_others(ask, shell, demo, capsys):
    demo.answer = "```python\n%%writefile a.py\ny = 2\n```\n\n```python\nimport a\n```"
    ask("%%gemini --code\nHow?")
    assert shell.rl_next_input == "import a"
    shown = capsys.readouterr().out
    assert "which must begin with its magic. It was not run. Careful: %%writefile a.py is not Python" in shown
    assert "\n\n%%writefile a.py\ny = 2" in shown


def test_an_answer_with_an_empty_block_alone_holds_no_code(ask, shell, demo):
    demo.answer = "Here is the code:\n\n```python\n\n```"
    with pytest.raises(AnswerMismatch, match="holds no block of code"):
        ask("%%gemini --code\nHow?")
    assert shell.rl_next_input is None


def test_what_cannot_be_seen_is_written_out(ask, shell, demo):
    demo.answer = HOSTILE
    ask("%%gemini --code\nHow?")
    assert shell.rl_next_input.splitlines()[1] == "x = 1 ⟨U+202E⟩} #⟨U+2066⟩␛]0;t␇"


def test_names_that_a_variation_selector_tells_apart_are_shown_apart(ask, shell, demo):
    demo.answer = "```python\nsafe = 1\nsafe\ufe0f = 2\nsafe\u180b = 3\n```"
    ask("%%gemini --code\nHow?")
    assert shell.rl_next_input == "safe = 1\nsafe⟨U+FE0F⟩ = 2\nsafe⟨U+180B⟩ = 3"


COMMANDS = {
    "%%bash\nrm -rf ~": "%%bash is not Python but a command",
    "x = 1\n!rm -rf ~": "!rm -rf ~ is not Python but a command",
    "files = !ls": "files = !ls is not Python",
    "if True:\n    %run x.py\n    !ls": "%run x.py and 1 more are not Python but commands",
    "a, b[0] = %sx ls": "a, b[0] = %sx ls is not Python",
    'd["a=#\\""] = !ls': "= !ls is not Python",
    "if True: x: list = !ls": "if True: x: list = !ls is not Python",
    "(a) = %sx ls": "(a) = %sx ls is not Python",
    f"{'a' * 100} = !ls": "= !ls is not Python",
}


@pytest.mark.parametrize("code", COMMANDS)
def test_a_block_with_commands_says_that_it_is_no_python(kernel, code):
    kernel.answer = f"```python\n{code}\n```"
    for cell in ("A", ""):
        assert COMMANDS[code] in kernel.run("%%gemini --code\nHow?", cell).text


def test_in_a_terminal_commands_are_named_too(ask, shell, demo, capsys):
    demo.answer = "```\n!ls\n```"
    ask("%%gemini --code\nHow?")
    assert "!ls is not Python but a command" in capsys.readouterr().out


def test_another_language_is_named_and_python_is_not(kernel):
    kernel.answer = "```bash\nls\n```"
    assert "It is bash, not Python." in kernel.run("%%gemini --code\nHow?", "A").text
    kernel.answer = "```python\na = 5 % 3\nb = a != 2\nc = 'x!'\nprint(f'{a=!r}', 'b=%s' % b)  # = !\n```"
    shown = kernel.run("%%gemini --code\nHow?", "A").text
    assert "not Python" not in shown


def test_an_answer_without_code_fails_the_cell_and_is_kept(ask, shell, demo):
    demo.answer = "Call `f()`."
    with pytest.raises(AnswerMismatch, match="holds no block of code") as raised:
        ask("%%gemini --code --to reply\nHow?")
    assert raised.value.answer is shell.user_ns["reply"]
    assert shell.rl_next_input is None


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with Demo(lambda request: stream(kernel.answer)) as demo, pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        with Kernel(demo) as kernel:
            yield kernel


def test_a_frontend_that_names_its_cells_gets_a_new_one_below(kernel):
    kernel.answer = ANSWER
    shown = kernel.run("%%gemini --code\nHow?", cell="A")
    text = 'ran = True\n\nprint("x")'
    assert shown.payload == [{"source": "set_next_input", "text": text, "replace": False}]
    assert "The code is in the next cell, without the bash. It was not run." in shown.text
    assert kernel.run("'ran' in globals()").text == "False"


@pytest.mark.parametrize("cell", ["A", ""], ids=["new cell", "to be copied"])
def test_the_code_of_two_answers_of_one_cell_is_in_the_next_cell_together(kernel, cell):
    kernel.answer = "```python\nx = 1\n```"
    twice = "for word in ('How?', 'How else?'):\n    get_ipython().run_line_magic('gemini', f'--code {word}')"
    for _ in range(2):  # what the cell before put there does not come again
        shown = kernel.run(twice, cell)
        text = "x = 1\n\nx = 1"
        assert shown.payload == [{"source": "set_next_input", "text": text, "replace": False}]
    assert shown.text.count("It was not run") == 2


def test_any_other_frontend_shows_the_code_to_be_copied(kernel):
    kernel.answer = HOSTILE
    block = kernel.run("%%gemini --code\nHow?").outputs[-1]["data"]
    assert set(block) == {"text/html", "text/plain"}
    assert "<img" not in block["text/html"]
    read = unescape(re.sub("<style>.*?</style>|<[^>]+>", "", block["text/html"]))
    for text in (read, block["text/plain"]):
        assert "x = 1 ⟨U+202E⟩} #⟨U+2066⟩␛]0;t␇" in text
        assert "<img src=x onerror=alert(1)>" in text


def test_the_list_of_marks_is_no_code_of_an_answer_that_points(ask, shell, demo):
    shell.user_ns["photo"] = Image.new("RGB", (40, 40), "red")
    marks = '\n```json\n[{"mark": 1, "label": "spot", "point": [500, 250]}]\n```\n'
    demo.answer = f"See [mark 1].\n\n```sql\nselect 1\n```\n{marks}"
    ask("%%gemini photo --point --code\nHow?")
    assert shell.rl_next_input == "select 1"
    demo.answer = f"See [mark 1].\n{marks}"
    with pytest.raises(AnswerMismatch, match="holds no block of code"):
        ask("%%gemini photo --point --code\nHow?")
