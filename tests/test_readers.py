"""No reader of strangers' text is slower than linear."""

import os
import re

import pytest
from readers import READERS, SEEDS, adversarial, growth

from gemini_magics.chat.rows import _names
from gemini_magics.service.masking import masked

pytestmark = pytest.mark.thorough

SMALL, LARGE = 75_000, 300_000
# Reading Markdown costs microseconds a character, so that its readers take half an hour at full size. They are
# read at a fifteenth of it, unless FULL_SIZE is set.
OF_MARKDOWN = (
    "code in",
    "JSON in",
    "tables in",
    "CSV in",
    "colours",
    "Markdown",
    "citations",
    "answers of",
    "the line",
)
# Four times the text is four times the work. A quadratic reader does 16 times as much.
MOST = 8


def test_there_are_170_strings():
    assert len(list(adversarial(1000))) == 170
    assert len(set(SEEDS)) == len(SEEDS)


@pytest.mark.parametrize("name", READERS)
def test_a_reader_takes_four_times_as_long_for_four_times_the_text(name):
    slow, part = {}, 15 if name.startswith(OF_MARKDOWN) and not os.environ.get("FULL_SIZE") else 1
    for small, large in zip(adversarial(SMALL // part), adversarial(LARGE // part), strict=True):
        # A second and a third look tell a slow reader from a collection of garbage.
        found = [growth(READERS[name], small, large)]
        while found[-1] > MOST and len(found) < 3:
            found.append(growth(READERS[name], small, large))
        if min(found) > MOST:
            slow[large[:60]] = found
    assert not slow


def test_a_text_with_thousands_of_named_secrets_is_masked_in_linear_time():
    small, large = ("".join(f"token='aaaaaaaa{at:08d}'\n" for at in range(n)) for n in (3_000, 12_000))
    assert growth(masked, small, large) < MOST
    assert "aaaaaaaa" not in masked(large)


def test_the_names_of_thousands_of_columns_are_read_in_linear_time():
    small, large = ([f"c{at}" for at in range(n)] for n in (3_000, 12_000))
    assert growth(_names, small, large) < MOST


def test_a_quadratic_reader_is_found():
    pattern = re.compile(r"\beyJ[\w-]{8,}\.")  # as the rule of web tokens was once written
    small, large = ("-eyJ" * (n // 4) for n in (6_000, 24_000))
    assert growth(pattern.findall, small, large) > MOST
