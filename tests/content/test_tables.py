"""Tables of pandas and polars, as text and as pictures."""

import re
from datetime import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pictures import picture_of

from gemini_magics.content.convert import attach
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.settings import Settings

SETTINGS = Settings()
ROUNDED = "numbers rounded to 6 digits or 2 decimals"


def rows_of(attachment):
    """Read a table as a reader would: its rows of cells, without head and rule."""
    lines = [line for line in attachment.content.splitlines() if line.startswith("|")]
    return [re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |")) for line in lines]


TABLE = {
    "day": pd.to_datetime(["2026-01-01", "2026-01-02"]),
    "n": [1, 2],
    "mean": [0.1 + 0.2, 1234567.891],
    "what": ["a|b", "two\nlines"],
}


def test_a_pandas_table_has_its_name_shape_types_index_and_values():
    frame = pd.DataFrame(TABLE, index=pd.Index(["p", "q"], name="id"))
    attachment = attach(frame, "df", SETTINGS)
    assert (attachment.kind, attachment.note) == ("table", ROUNDED)
    about, types, blank, *_ = attachment.content.splitlines()
    assert about == f"df: pandas DataFrame, 2 rows × 4 columns; {ROUNDED}"
    assert re.fullmatch(r"Types: day datetime64\[\w+\], n int64, mean float64, what (str|object)", types)
    assert blank == ""
    assert rows_of(attachment) == [
        ["id", "day", "n", "mean", "what"],
        ["---", "---", "---", "---", "---"],
        ["p", "2026-01-01", "1", "0.3", r"a\|b"],
        ["q", "2026-01-02", "2", "1234567.89", r"two\nlines"],
    ]


def test_a_polars_table_has_its_name_shape_types_and_values():
    frame = pl.DataFrame({**TABLE, "day": [datetime(2026, 1, 1), datetime(2026, 1, 2)], "list": [[1], None]})
    attachment = attach(frame, "df", SETTINGS)
    about, types, *_ = attachment.content.splitlines()
    assert about == f"df: polars DataFrame, 2 rows × 5 columns; {ROUNDED}"
    assert types.startswith("Types: day Datetime(")
    assert types.endswith("), n Int64, mean Float64, what String, list List(Int64)")
    assert rows_of(attachment)[2:] == [
        ["2026-01-01", "1", "0.3", r"a\|b", "[1]"],
        ["2026-01-02", "2", "1234567.89", r"two\nlines", "None"],
    ]


def test_a_series_is_a_table_of_one_column():
    for series in (pd.Series([1, 2], name="n"), pl.Series("n", [1, 2])):
        attachment = attach(series, "s", SETTINGS)
        assert attachment.content.startswith(
            f"s: {type(series).__module__.split('.')[0]} Series, 2 rows\nTypes: n "
        )
        assert [row[-1] for row in rows_of(attachment)] == ["n", "---", "1", "2"]


def test_several_levels_of_index_and_columns_are_written_out():
    frame = pd.DataFrame(
        [[1, 2]],
        index=pd.MultiIndex.from_tuples([("a", 7)]),
        columns=pd.MultiIndex.from_tuples([("x", "p"), ("x", "q")]),
    )
    assert rows_of(attach(frame, "df", SETTINGS)) == [
        ["", "", "x / p", "x / q"],
        ["---"] * 4,
        ["a", "7", "1", "2"],
    ]


@pytest.mark.parametrize("library", [pd, pl])
def test_a_long_table_loses_its_middle_and_says_so(library):
    attachment = attach(library.DataFrame({"n": range(1000)}), "df", SETTINGS)
    numbers = [int(row[-1]) for row in rows_of(attachment)[2:]]
    assert numbers == [*range(30), *range(970, 1000)]
    assert attachment.note == "60 of 1,000 rows"
    assert "1,000 rows × 1 column; rows 1 to 30 and 971 to 1,000 follow" in attachment.content


@pytest.mark.parametrize(("rows", "kept"), [(0, []), (1, [0]), (3, [0, 1, 9]), (10, list(range(10)))])
def test_table_rows_says_how_many_rows_are_sent(rows, kept):
    attachment = attach(pd.DataFrame({"n": range(10)}), "df", Settings(table_rows=rows))
    assert [int(row[-1]) for row in rows_of(attachment)[2:]] == kept


@pytest.mark.parametrize("library", [pd, pl])
def test_a_table_without_its_rows_is_its_columns_and_their_types(library):
    value = library.DataFrame({"pay": [1234, 5678], "who": ["Ann", "Bob"]})
    content = attach(value, "df", Settings(table_rows=0)).content
    assert "2 rows × 2 columns; no rows follow\n" in content and "pay int64" in content.lower()
    assert not any(cell in content for cell in ("1234", "5678", "Ann", "Bob"))


@pytest.mark.parametrize("pays", [[1234], [1234, 5678]])
def test_a_styler_without_its_rows_is_its_columns(pays):
    styled = pd.DataFrame({"pay": pays}).style.format("{:.1f}")
    attachment = attach(styled, "df", Settings(table_rows=0))
    assert "pay" in attachment.content and attachment.note == "no rows"
    assert "1234" not in attachment.content and "5678" not in attachment.content


def test_one_row_that_is_kept_is_named():
    attachment = attach(pd.DataFrame({"n": range(10)}), "df", Settings(table_rows=1))
    assert "10 rows × 1 column; row 1 follows\n" in attachment.content


def test_a_wide_table_loses_columns_in_its_middle_and_says_so():
    attachment = attach(pd.DataFrame([list(range(100))]), "df", SETTINGS)
    assert rows_of(attachment)[0] == ["", *map(str, [*range(20), *range(80, 100)])]
    assert rows_of(attachment)[2] == ["0", *map(str, [*range(20), *range(80, 100)])]
    assert attachment.note == "40 of 100 columns"
    assert "columns 1 to 20 and 81 to 100 follow" in attachment.content


def test_a_table_with_long_cells_stays_bearable():
    frame = pd.DataFrame({str(n): ["x" * 5000] * 60 for n in range(40)})
    attachment = attach(frame, "df", SETTINGS)
    assert len(attachment.content) <= 60_000
    assert re.fullmatch(r"\d+ of 60 rows, cells cut to 200 characters", attachment.note)
    assert "; cells cut to 200 characters; rows 1 to " in attachment.content.partition("\n")[0]
    assert "xxx…xxx" in attachment.content


LOST = {  # a table of one column -> what is said of it
    "few digits": ({"x": [0.1 + 0.2, 1234.5, 1e-7, 1e20, np.nan, np.inf]}, ""),
    "many digits": ({"x": [1.0, 2 / 3]}, ROUNDED),
    "many decimals": ({"x": [123456.789]}, ROUNDED),
    "integers": ({"x": [123456789]}, ""),
    "a long cell": ({"x": ["a" * 201]}, "cells cut to 200 characters"),
    "a cell as long as may be": ({"x": ["a" * 200]}, ""),
    "a long name": ({"x" * 201: [1]}, "cells cut to 200 characters"),
    "both": ({"x": ["a" * 201], "y": [2 / 3]}, f"cells cut to 200 characters, {ROUNDED}"),
}


@pytest.mark.parametrize("library", [pd, pl])
@pytest.mark.parametrize("kind", LOST)
def test_what_of_a_cell_is_lost_is_said_in_the_head_and_in_the_chip(kind, library):
    columns, lost = LOST[kind]
    attachment = attach(library.DataFrame(columns), "df", SETTINGS)
    assert attachment.note == lost
    about = attachment.content.partition("\n")[0]
    assert about.partition("; ")[2] == lost.replace(", ", "; ")


@pytest.mark.parametrize("library", [pd, pl])
def test_an_empty_table_still_tells_its_columns(library):
    attachment = attach(library.DataFrame({"a": [], "b": []}), "df", SETTINGS)
    assert "0 rows × 2 columns" in attachment.content
    assert rows_of(attachment)[0][-2:] == ["a", "b"]


def test_odd_values_are_written_as_they_print():
    frame = pd.DataFrame(
        {"x": [np.nan, None, pd.NaT, np.inf, 1e-7, Decimal("1.10"), 20260101.0, "é\ud800"]}, dtype=object
    )
    written = [row[-1] for row in rows_of(attach(frame, "df", SETTINGS))[2:]]
    assert written == ["nan", "None", "NaT", "inf", "1e-07", "1.10", "20260101", "é\ud800"]


STAFF = pd.DataFrame(
    {"ssn": ["123-45", "678-90"], "pay": [1234.56, 0.256], "note": ["a|b", "two\nlines\nmore"]},
    index=pd.Index(["Ann", "Bob"], name="who"),
)


def test_a_style_is_its_table_as_it_shows_it():
    style = STAFF.style.hide(["ssn"], axis=1).format({"pay": "{:.1f} EUR"}).set_caption("Pay")
    attachment = attach(style, "style", SETTINGS)
    assert (attachment.kind, attachment.note) == ("table", "")
    assert attachment.content.startswith(
        "style: pandas Styler, as it shows its table; Pay\nTypes: as they are shown\n"
    )
    assert rows_of(attachment) == [
        ["", "pay", "note"],
        ["---"] * 3,
        ["who", "", ""],
        ["Ann", "1234.6 EUR", r"a\|b"],
        ["Bob", "0.3 EUR", r"two\nlines\nmore"],
    ]
    assert "123-45" not in attachment.content


def test_hidden_rows_and_a_hidden_index_of_a_style_stay_out():
    style = STAFF.style.hide(["Ann"], axis=0).hide(axis=0, names=True)
    assert "Ann" not in attach(style, "style", SETTINGS).content
    bare = attach(STAFF[["ssn"]].style.hide(axis=0), "style", SETTINGS)
    assert rows_of(bare) == [["ssn"], ["---"], ["123-45"], ["678-90"]]


def test_a_long_and_wide_style_says_that_its_beginning_goes():
    style = pd.DataFrame([list(range(60))] * 100).style
    attachment = attach(style, "style", SETTINGS)
    assert attachment.note == "the first rows alone, the first columns alone"
    assert [len(row) for row in rows_of(attachment)] == [41] * 62
    assert attach(style, "style", Settings(as_image=True)).content.type == "image/png"


EXTENSIONS = {
    "Index": (pd.Index([1, 2], name="n"), ["1", "2"]),
    "MultiIndex": (pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), ["1", "2"]),
    "Categorical": (pd.Categorical(["x", "y"]), ["x", "y"]),
    "nullable integers": (pd.array([1, None], dtype="Int64"), ["1", "<NA>"]),
    "dates with a zone": (pd.DatetimeIndex(["2026-01-01"], tz="UTC").array, ["2026-01-01 00:00:00+00:00"]),
    "periods": (pd.period_range("2026-01", periods=2, freq="M"), ["2026-01", "2026-02"]),
}


@pytest.mark.parametrize("kind", EXTENSIONS)
def test_indexes_and_arrays_of_pandas_are_tables_with_their_types(kind):
    value, last = EXTENSIONS[kind]
    attachment = attach(value, "x", SETTINGS)
    assert attachment.kind == "table"
    assert [row[-1] for row in rows_of(attachment)[2:]] == last


def test_an_index_is_named_as_what_it_is():
    months = attach(pd.period_range("2026-01", periods=2, freq="M", name="month"), "x", SETTINGS)
    assert months.content.startswith("x: pandas PeriodIndex, 2 rows\nTypes: month period[M]\n")
    both = attach(pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), "x", SETTINGS)
    assert both.content.startswith("x: pandas MultiIndex, 2 rows\n")


PLANS = {
    "x holds groups of rows, with no result yet: name x.size().": STAFF.groupby("ssn"),
    "x holds windows of rows, with no result yet: name x.mean().": STAFF.pay.rolling(2),
    "x holds groups of rows, with no result yet: name x.len().": pl.DataFrame({"a": [1]}).group_by("a"),
    "x holds groups of rows, with no result yet: name x.len().collect().": pl.LazyFrame({"a": [1]}).group_by(
        "a"
    ),
    "x holds groups of rows, with no result yet: name x.agg(polars.len()).": pl.DataFrame({"a": [1]}).rolling(
        "a", period="1i"
    ),
}


@pytest.mark.parametrize("said", PLANS)
def test_groups_and_windows_say_what_is_missing(said):
    with pytest.raises(CannotAttach) as caught:
        attach(PLANS[said], "x", SETTINGS)
    assert str(caught.value) == said


def test_a_lazy_frame_says_how_to_collect_it():
    with pytest.raises(
        CannotAttach, match=r"lazy is a plan for a table, with no rows yet: name lazy\.collect\(\)"
    ):
        attach(pl.LazyFrame({"a": [1]}), "lazy", SETTINGS)


@pytest.mark.parametrize("with_matplotlib", [True, False])
def test_with_as_image_a_table_is_a_picture(with_matplotlib, monkeypatch):
    if not with_matplotlib:
        monkeypatch.setattr("gemini_magics.content.tables.find_spec", lambda name: None)
    small, long = (pd.DataFrame({"number": range(n), "word": "äé"}) for n in (3, 200))
    attachment = attach(long, "df", Settings(as_image=True))
    assert (attachment.kind, attachment.note) == ("table", "60 of 200 rows")
    image, smaller = picture_of(attachment), picture_of(attach(small, "df", Settings(as_image=True)))
    assert image.height - smaller.height == 57 * 34
    assert smaller.convert("L").getextrema() == (0, 255)


def test_the_picture_of_a_table_says_what_is_lost_in_it():
    frame = pd.DataFrame({"word": ["a" * 41]})
    assert attach(frame, "df", Settings(as_image=True)).note == "cells cut to 40 characters"
