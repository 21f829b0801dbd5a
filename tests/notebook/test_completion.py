"""What Tab offers in a question, in any frontend: IPython is asked as frontends ask it."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from kernel import Kernel
from matplotlib.figure import Figure
from patience import PATIENCE_S
from PIL import Image

from gemini_magics.core.errors import CannotAttach
from gemini_magics.notebook.options import OPTIONS
from gemini_magics.notebook.suggestions import suggestions
from gemini_magics.service.services import SERVICES


class Loud:
    """Fails the test when any code of an object is run."""

    def __getattr__(self, name):
        raise AssertionError(f"asked for {name}")

    def __repr__(self):
        raise AssertionError("asked for its words")

    @property
    def shape(self):
        raise AssertionError("asked for its shape")


class LoudTable(pd.DataFrame):
    @property
    def shape(self):
        raise AssertionError("asked for its shape")


@pytest.fixture
def tab(shell):
    def tab(code):
        """What a frontend would show: the whole text that would stand there, and what is beside it."""
        with provisionalcompleter():
            found = list(shell.Completer.completions(code, len(code)))
        return {code[: each.start] + each.text: each.type.replace("\xa0", " ") for each in found}

    return tab


@pytest.fixture
def things(shell):
    shell.push(
        {
            "fig": Figure(figsize=(4, 3), dpi=100),
            "df": pd.DataFrame({"a": [1, 2], "b": [3, 4]}),
            "picture": Image.new("RGB", (30, 20)),
            "grid": np.zeros((5, 6)),
            "words": "abc",
            "loud": Loud(),
            "loud_table": LoudTable({"a": [1]}),
            "helper": lambda: None,
            "module": sys,
        }
    )


KINDS = {
    "fig": "figure 400 × 300",
    "df": "table 2 × 2",
    "picture": "image 30 × 20",
    "grid": "array 5 × 6",
    "words": "str 3 characters",
    "loud": "Loud",
    "loud_table": "table",
}


def beside(found, prefix):
    """What stands beside each completion; before IPython 8.6 nothing does."""
    return {text.removeprefix(prefix): about for text, about in found.items()}


@pytest.mark.parametrize("before", ["%%gemini ", "%%gm fig ", "%%gemini df fig "])
def test_the_first_line_offers_what_can_be_attached_with_its_kind_and_shape(tab, things, before):
    found = beside(tab(before), before)
    assert set(KINDS) <= set(found)
    assert not {"helper", "module", "get_ipython", "exit", "quit"} & set(found)
    if found["fig"] != "<unknown>":
        assert {name: found[name] for name in KINDS} == KINDS


def test_names_come_before_files_and_files_before_options(tab, things, tmp_path):
    (tmp_path / "a.csv").touch()
    found = list(tab("%%gemini "))
    assert (
        found.index("%%gemini words") < found.index("%%gemini a.csv") < found.index("%%gemini --allow-outside")
    )


def test_the_beginning_of_a_name_is_completed(tab, things):
    assert list(tab("%%gemini fi")) == ["%%gemini fig"]
    assert list(tab("%%gemini fig lou")) == ["%%gemini fig loud", "%%gemini fig loud_table"]


def test_a_value_in_the_question_is_completed_in_each_of_its_lines(tab, things):
    assert list(tab("%%gemini\nCompare $`d")) == ["%%gemini\nCompare $`df"]
    assert "%gemini What is $`words" in tab("%gemini What is $`wo")
    assert "%%gemini\nCompare $`df` with $`fig" in tab("%%gemini\nCompare $`df` with $`f")


def test_options_and_their_values_are_offered(tab):
    flags = set(beside(tab("%%gemini --"), "%%gemini "))
    assert {option.flag for option in OPTIONS} <= flags
    assert list(tab("%%gemini --eff")) == ["%%gemini --effort"]
    assert list(tab("%%gemini --effort l")) == ["%%gemini --effort low"]
    assert set(tab("%%gemini --service=")) == {f"%%gemini --service={name}" for name in SERVICES}
    assert set(tab("%%gemini --service ")) == {f"%%gemini --service {name}" for name in SERVICES}
    assert list(tab("%gemini --effort=h")) == ["%gemini --effort=high"]


def test_conversations_and_services_are_offered_where_a_name_of_one_is_due(shell, tab):
    from gemini_magics.chat.conversation import conversations, named

    named("peaks of a beam".replace(" ", "_"))
    try:
        assert list(tab("%%gemini --chat pe")) == ["%%gemini --chat peaks_of_a_beam"]
        assert list(tab("%gemini_chat pe")) == ["%gemini_chat peaks_of_a_beam"]
    finally:
        del conversations["peaks_of_a_beam"]
    assert list(tab("%gemini_key goo")) == ["%gemini_key google"]


def test_results_and_failures_are_offered_by_their_numbers(shell, tab):
    shell.run_cell("[1, 2, 3]", store_history=True)
    shell.run_cell("1 / 0", store_history=True)
    out, err = next(iter(shell.user_ns["Out"])), shell.execution_count - 1
    assert f"%%gemini Out[{out}]" in tab("%%gemini Out[")
    assert list(tab(f"%%gemini Err[{err}")) == [f"%%gemini Err[{err}]"]


def test_files_are_offered_but_none_that_hold_keys_or_lie_outside(tab, tmp_path):
    (tmp_path / "plots").mkdir()
    for name in ("plots/peak.png", "plot.csv", "plain text.txt", ".env", "plan.pem"):
        (tmp_path / name).write_bytes(b"x")
    for number in range(9):
        (tmp_path / f"place{number}").symlink_to("nowhere")
    assert list(tab("%%gemini pl")) == ['%%gemini "plain text.txt"', "%%gemini plot.csv", "%%gemini plots/"]
    assert list(tab("%%gemini plots/p")) == ["%%gemini plots/peak.png"]
    assert suggestions("%%gemini ../", {}, inside=True) == ("../", [])
    assert suggestions("%%gemini /etc/passw", {}, inside=True) == ("/etc/passw", [])
    assert list(tab('%%gemini "plain t')) == ['%%gemini "plain text.txt"']


BREAKS = ["\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("line", ["%%gemini ", "%gemini_record "])
def test_a_file_whose_name_would_begin_a_line_of_code_is_not_offered(tab, tmp_path, line):
    for place, character in enumerate(BREAKS):
        (tmp_path / f"z{place}{character}import os # $`1`.jsonl").touch()
    (tmp_path / "z turned\u202e.jsonl").touch()
    (tmp_path / "z\x1b[31m.jsonl").touch()
    (tmp_path / "z.jsonl").touch()
    assert list(tab(f"{line}z")) == [f"{line}z.jsonl"]


def test_a_name_that_tab_writes_is_a_path_also_once_the_file_is_gone(shell, tab, tmp_path):
    ran = shell.user_ns["ran"] = []
    quoted = ['"a(ran.append(1)).txt"', """'a" ran.append(2) "c.txt'""", """"a[3]' ran.append(4).txt\""""]
    names = [each[1:-1] for each in quoted]
    for name in (*names, "a\" ran.append(5) ' b.txt", "a"):
        (tmp_path / name).write_text("Words.")
    offered = set(tab('%%gemini "a'))
    assert offered == {"%%gemini a", *(f"%%gemini {each}" for each in quoted)}
    for name in (*names, "a"):
        (tmp_path / name).unlink()
    for cell in offered:
        with pytest.raises(CannotAttach):
            shell.run(f"{cell} --dry-run\nWhy?")
    assert ran == []


def test_a_name_with_quotes_in_it_is_completed_so_that_it_is_found(tab, shell, tmp_path):
    (tmp_path / 'the "new" one.txt').write_text("Words.")
    assert list(tab("%%gemini the")) == ["""%%gemini 'the "new" one.txt'"""]
    shell.run("""%%gemini 'the "new" one.txt' --dry-run\nWhy?""")


def test_other_cells_and_prose_are_completed_as_before(tab, things):
    assert "%%gemini" in tab("%%gemin")
    assert "words.upper" in tab("words.upp")
    assert not any("--effort" in text for text in tab("%%gemini\nWhat --eff"))
    assert not any("--effort" in text for text in tab("%%bash\nls --eff"))


def test_after_an_unload_nothing_is_completed_here(shell, tab, things):
    shell.run("%unload_ext gemini_magics")
    assert "%%gemini --effort" not in tab("%%gemini --eff")
    shell.run("%load_ext gemini_magics")
    assert "%%gemini --effort" in tab("%%gemini --eff")
    shell.run("%reload_ext gemini_magics")
    assert list(tab("%%gemini --eff")) == ["%%gemini --effort"]


def test_every_setting_with_choices_has_them_offered(tab):
    assert set(tab("%%gemini --effort ")) == {
        f"%%gemini --effort {each}" for each in ("minimal", "low", "medium", "high")
    }


VALUES = {  # what is offered where the value of an option is due
    "--over ": {"df", "loud_table"},
    "--tool ": {"helper"},
    "--record=": {"no", "kept.jsonl"},
    "--compare ": {"effort=", "model=", "service=", "system=", "tier=", "search="},
    "--tier ": {"flex"},
}


@pytest.mark.parametrize("due", VALUES)
def test_where_a_value_is_due_its_kind_is_offered_and_nothing_else(tab, things, tmp_path, due):
    (tmp_path / "kept.jsonl").touch()
    assert set(beside(tab(f"%%gemini {due}"), f"%%gemini {due}")) == VALUES[due]


def test_an_option_is_completed_from_its_first_hyphen_and_in_questions_of_one_line_with_its_value(tab):
    assert "%%gemini --effort" in tab("%%gemini -")
    assert list(tab("%gemini --effort l")) == ["%gemini --effort low"]
    assert "%gemini --effort low --search" in tab("%gemini --effort low --se")
    assert {text for text in tab("%gemini ") if not text.startswith("%gemini --")} == set()


@pytest.mark.slow
def test_members_and_keys_of_a_value_are_ipythons(tab, things):
    assert "%%gemini\nIs $`df.describe" in tab("%%gemini\nIs $`df.desc")
    assert "%%gemini df.describe" in tab("%%gemini df.desc")
    assert "%%gemini\nIs $`fig" not in tab("%%gemini\nIs $`df.f")
    assert any(text.endswith("a") for text in tab("%%gemini df['"))


def test_names_are_completed_in_brackets_and_behind_a_comma(tab, things):
    assert list(tab("%%gemini grid[wor")) == ["%%gemini grid[words"]
    assert list(tab("%%gemini fig,pic")) == ["%%gemini fig,picture"]
    assert list(tab("%%gemini\nIs $`len(wor")) == ["%%gemini\nIs $`len(words"]


def test_other_magics_offer_what_their_help_says(tab, tmp_path):
    (tmp_path / "kept.jsonl").touch()
    assert set(tab("%gemini_record ")) == {"%gemini_record off", "%gemini_record kept.jsonl"}
    assert list(tab("%gemini_replay kept.jsonl --")) == ["%gemini_replay kept.jsonl --strict"]
    assert set(tab("%gemini_key kie --")) == {
        f"%gemini_key kie --{word}" for word in ("save", "forget", "header")
    }
    assert "%gemini_chat branch" in tab("%gemini_chat br")
    assert "%gemini_fix --locals" in tab("%gemini_fix --lo")


def test_a_default_of_the_session_is_offered_as_python_writes_it(tab):
    before = "%config GeminiMagics.effort = "
    assert f'{before}"low"' in tab(before)
    assert list(tab("%config GeminiMagics.search = T")) == ["%config GeminiMagics.search = True"]


@pytest.fixture(scope="module")
def matches():
    with Kernel(setup=["words = 'abc'"]) as kernel:

        def matches(code):
            return kernel.client.complete(code, reply=True, timeout=PATIENCE_S)["content"]["matches"]

        matches.run = kernel.run
        yield matches


PROSE = (
    "%%gemini\nIs it lo",
    "%%gemini --effort low\nWhy ",
    "%gemini What is wor",
    "%%gemini --system ",
    "%%gemini words[0]",
    "%%gemini https://",
)


@pytest.mark.parametrize("code", PROSE)
def test_a_frontend_gets_nothing_where_nothing_can_be_suggested(matches, code):
    assert matches(code) == []


def test_code_and_symbols_in_a_question_are_completed_as_elsewhere(matches):
    assert "words" in matches("%%gemini\nIs this right?\n```python\nlen(wor")
    assert matches("%%gemini\nIs it \\alph") == ["\\alpha"]
    assert "words" in matches("x = wor")


def test_after_an_unload_a_frontend_gets_what_ipython_offers(matches):
    matches.run("%unload_ext gemini_magics")
    assert "words" in matches("%gemini What is wor")
    matches.run("%load_ext gemini_magics")
    assert matches("%gemini What is wor") == []
