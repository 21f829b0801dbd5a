"""The pages of the site that are made from the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from gemini_magics.notebook.extension import ALL_MAGICS
from gemini_magics.notebook.options import OPTIONS

ROOT = Path(__file__).parent.parent
NEED_A_PERSON = {"gemini_key", "gemini_credits"}  # a key is typed, an account is asked


@pytest.fixture(scope="module")
def pages():
    about = importlib.util.spec_from_file_location("generated_pages", ROOT / "docs" / "generated_pages.py")
    module = importlib.util.module_from_spec(about)
    about.loader.exec_module(module)
    return module


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)
def test_each_option_has_a_cell_that_the_site_runs(pages, option):
    cells = [pages.EXAMPLES[flag] for flag in (option.flag, option.off) if flag in pages.EXAMPLES]
    assert any(option.flag in cell or (option.off and option.off in cell) for cell in cells)


def test_each_magic_has_a_cell_that_the_site_runs(pages):
    names = {name for magics in ALL_MAGICS for each in magics.magics.values() for name in each}
    assert names - {"gm"} - NEED_A_PERSON == set(pages.MAGIC_EXAMPLES)
