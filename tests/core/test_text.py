"""Text that is shown: what a reader must see, and secrets that are found in one pass."""

import unicodedata
from time import thread_time

import pytest

from gemini_magics.core.invisible import DEFAULT_IGNORABLE
from gemini_magics.core.text import REMOVED, SECRET, reveal

TABLE = {chr(code) for first, last in DEFAULT_IGNORABLE for code in range(first, last + 1)}


@pytest.mark.parametrize("first, last", DEFAULT_IGNORABLE, ids=lambda code: f"{code:X}")
def test_every_invisible_code_point_is_written_out(first, last):
    for code in (first, (first + last) // 2, last):
        assert reveal(f"safe{chr(code)}") == f"safe⟨U+{code:04X}⟩"


def test_two_names_that_look_the_same_are_shown_differently():
    twins = [f"safe{mark}" for mark in ("", "\ufe00", "\ufe0f", "\u180b", "\u180f", "\U000e0100")]
    assert all(name.isidentifier() for name in twins)
    assert len({reveal(name) for name in twins}) == len(twins)


def test_the_table_has_every_format_character_but_those_that_can_be_seen():
    # Unicode's derivation (DerivedCoreProperties.txt): Cf without interlinear annotation, Egyptian format
    # controls and the prepended marks, which are drawn.
    seen = {
        *map(chr, [*range(0xFFF9, 0xFFFC), *range(0x13430, 0x13440), 0x6DD, 0x70F, 0x8E2, 0x110BD, 0x110CD])
    }
    seen |= {*map(chr, [*range(0x600, 0x606), 0x890, 0x891])}
    formats = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"}
    assert formats - seen <= TABLE


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize("before", ["", "Bearer ", "x=", "token-", "https://example.org/?t=", "-eyJ-"])
def test_a_json_web_token_is_found_whole(before):
    shown = SECRET.sub(REMOVED, f"{before}{JWT} and words")
    assert shown.endswith(f"{REMOVED} and words")
    assert "dozjgNryP4J3" not in shown


@pytest.mark.parametrize("piece", ["-eyJ", "eyJ", "-eyJaaaaaaaa", "eyJaaaaaaaa.", "a-", "-----BEGIN ", "://a:"])
def test_secrets_are_looked_for_in_linear_time(piece):
    took = []
    for n in (75_000, 300_000):
        began = thread_time()
        SECRET.sub(REMOVED, piece * (n // len(piece)))
        took.append(thread_time() - began)
    # Four times the text: four times the work, not 16 times. The least of a run is a clock's tick.
    assert took[1] < 9 * max(took[0], 0.01)
