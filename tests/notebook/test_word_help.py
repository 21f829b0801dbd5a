"""Shift-Tab on the first line of a question: the kernel is asked as notebooks ask it."""

from __future__ import annotations

import pytest
from kernel import Kernel
from patience import PATIENCE_S

from gemini_magics.notebook.options import OPTIONS
from gemini_magics.notebook.word_help import word_help


@pytest.fixture(scope="module")
def inspect():
    with Kernel(setup=["words = 'abc'"]) as kernel:

        def inspect(code, word):
            content = kernel.client.inspect(code, code.index(word) + len(word), reply=True, timeout=PATIENCE_S)[
                "content"
            ]
            return content["data"].get("text/plain", "")

        inspect.kernel = kernel
        yield inspect


def test_the_help_is_of_the_word_that_stands_there(inspect):
    cell = "%%gemini words --effort low\nWhat is words?"
    assert "Ask Gemini about what is in this notebook" in inspect(cell, "%%gemini")
    assert inspect(cell, "words").startswith("words: str 3 characters")
    assert inspect(cell, "--effort") == inspect(cell, "low")
    assert inspect(cell, "low").startswith("--effort low|high\nHow hard to think")


def test_results_failures_and_values_in_brackets_are_told_by_their_kind(inspect):
    number = inspect.kernel.run("[1, 2]").count
    assert inspect(f"%%gemini Out[{number}]", f"Out[{number}]").startswith(f"Out[{number}]: list 2 items")
    assert inspect("%%gemini Err[900]", "Err[900]").startswith("Err[900]: not in this session")
    assert inspect("%%gemini words[1:]", "words[1").startswith("words: str 3 characters")


def test_a_question_of_one_line_has_the_help_of_its_options_in_any_line(inspect):
    code = "x = 1\nanswer = %gemini --effort low What is low?"
    assert inspect(code, "--effort low").startswith("--effort low|high")
    assert "How hard" not in inspect(code, "What is low")


def test_elsewhere_the_help_is_ipythons_own(inspect):
    assert "Return the number of items" in inspect("len", "len")
    assert "str 3 characters" not in inspect("%%gemini\nwords", "words")
    assert "How hard" not in inspect("x = '--effort'", "--effort")


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)
def test_each_option_has_its_help(option):
    line = f"%%gemini {option.flag}"
    assert option.usage in word_help(line, len(line), {})


def test_a_file_is_told_from_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("a")
    assert word_help("%%gemini a.csv b.csv", 10, {}) == "a.csv: a file"
    assert word_help("%%gemini a.csv b.csv", 16, {}) == "b.csv: no name of this notebook and no file"
