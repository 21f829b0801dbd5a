"""What the field's own packages hold (the extra `field-tests`): sent as a person sees it, never computed."""

import os
import re
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from pictures import BLUE, RED, colours_of, picture_of

from gemini_magics import BadRequest, batch
from gemini_magics.content.convert import attach
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.settings import Settings

SETTINGS = Settings()
PACKAGES = (
    "astropy", "bokeh", "dask", "graphviz", "great_tables", "h5py", "networkx", "pint", "pyarrow", "pymupdf",
    "sklearn", "statsmodels", "sympy", "wordcloud", "xarray", "zarr",
)  # fmt: skip
MISSING = sorted(name for name in PACKAGES if find_spec(name) is None)

# With FIELD_TESTS set nothing is skipped: then a package that is missing is a failure. .ci/run sets it.
pytestmark = [
    pytest.mark.skipif(
        bool(MISSING) and not os.environ.get("FIELD_TESTS"), reason=f"not installed: {', '.join(MISSING)}"
    ),
    pytest.mark.filterwarnings("default"),  # theirs are no concern of ours
]


def test_every_package_of_the_field_is_installed():
    assert MISSING == []


def content(value, name="x", settings=SETTINGS):
    return attach(value, name, settings).content


def test_a_quantity_of_pint_has_its_unit():
    import pint

    units = pint.UnitRegistry()
    assert "3 meter" in content(3 * units.m)
    assert "[1.0 2.0] meter" in content(np.array([1.0, 2.0]) * units.m)
    assert "kelvin" in content(np.ones((64, 64)) * units.K)


def test_a_quantity_of_astropy_has_its_unit():
    from astropy import units
    from astropy.table import QTable

    assert "[1. 2.] m" in content([1, 2] * units.m)
    assert "kg" in content(np.ones((64, 64)) * units.kg)
    assert attach(np.ones((64, 64)) * units.kg, "x", Settings(as_image=True)).kind == "image"
    table = attach(QTable({"mass": [1.0, 2.0] * units.kg, "name": ["a", "b"]}), "t", SETTINGS)
    assert {"mass", "kg", "float64", "2.0"} <= set(table.content.split())
    long = attach(QTable({"n": range(500)}), "t", SETTINGS)
    assert long.note == "60 of 500 rows"
    sent = [line.strip() for line in long.content.splitlines() if line.strip().isdigit() or "..." in line]
    assert sent == [*map(str, range(30)), "...", *map(str, range(470, 500))]


@pytest.mark.parametrize(("rows", "sent"), [(0, []), (1, ["900"]), (3, ["900", "901", "908"]), (9, "all")])
def test_table_rows_says_how_many_rows_of_astropy_are_sent(rows, sent):
    from astropy.table import Table

    numbers = [str(number) for number in range(900, 909)]
    attachment = attach(Table({"n": range(900, 909)}), "t", Settings(table_rows=rows))
    assert re.findall(r"\b90\d\b", attachment.content) == (numbers if sent == "all" else sent)
    assert attachment.note == ("" if sent == "all" else f"{rows} of 9 rows")


def test_an_xarray_says_its_name_dimensions_coordinates_and_units():
    import xarray

    array = xarray.DataArray(
        np.arange(600.0).reshape(20, 30),
        dims=["y", "x"],
        coords={"y": range(20)},
        name="temp",
        attrs={"units": "K"},
    )
    said = content(array)
    assert all(word in said for word in ("'temp'", "y: 20", "x: 30", "units:", "K", "Coordinates", "299."))
    assert "..." not in said
    assert "temp" in content(array.to_dataset())
    assert "299." in content(array.variable)


def test_an_xarray_that_is_a_picture_goes_as_one():
    import xarray

    photo = xarray.DataArray(np.ones((20, 30, 3), "uint8"))
    assert attach(photo, "photo", SETTINGS).kind == "image"
    field = xarray.DataArray(np.linspace(0, 1, 400).reshape(20, 20))
    assert attach(field, "field", SETTINGS).kind == "text"
    assert attach(field, "field", Settings(as_image=True)).kind == "image"


def test_a_grid_of_xarray_is_its_figure():
    import matplotlib as mpl
    import xarray

    mpl.use("agg")
    grid = xarray.DataArray(np.random.default_rng(1).random((2, 5, 6)), dims=["k", "y", "x"]).plot(col="k")
    assert attach(grid, "grid", SETTINGS).kind == "figure"
    mpl.pyplot.close("all")


def test_a_table_of_pyarrow_is_a_table_and_its_arrays_are_columns():
    import pyarrow as pa

    table = pa.table({"day": ["mon", "tue"], "n": [1, None]})
    for value in (table, table.to_batches()[0]):
        attachment = attach(value, "t", SETTINGS)
        assert attachment.kind == "table"
        assert re.match(r"t: pyarrow \w+, 2 rows × 2 columns\nTypes: day string, n int64\n", attachment.content)
        assert attachment.content.endswith("| day | n |\n| --- | --- |\n| mon | 1 |\n| tue | None |")
    assert attach(pa.table({"n": range(1000)}), "t", SETTINGS).note == "60 of 1,000 rows"
    assert "| 1 |\n| 2 |" in content(pa.array([1, 2]))
    assert "Types: values list<" in content(pa.chunked_array([[[1]], [[2, 3]]]))
    assert content(pa.table({})).startswith("x: pyarrow Table, 0 rows × 0 columns")
    assert attach(pa.table({"pay": [1234]}), "x", Settings(table_rows=0)).content.endswith("| pay |\n| --- |")


def lazy_things(folder):
    import dask
    import dask.array
    import dask.bag
    import dask.dataframe
    import h5py
    import pyarrow as pa
    import pyarrow.dataset
    import xarray
    import zarr

    file = h5py.File(folder / "x.h5", "w")
    file.create_dataset("a", data=np.ones((64, 64)))
    table = pa.table({"a": [1]})
    frame = dask.dataframe.from_pandas(pd.DataFrame({"a": [1, 2]}), npartitions=1)
    return {
        "x[:100].compute()": dask.array.ones((64, 64)),
        "x.head()": frame,
        "x.head() ": frame.a,
        "x.size().compute()": frame.groupby("a"),
        "x.take(10)": dask.bag.from_sequence([1, 2]),
        "x.compute()": dask.delayed(len)("ab"),
        "x[:100]": file["a"],
        "one of them, such as x['a'][:100]": file,
        "x[:100] ": zarr.ones((64, 64)),
        'one of them, such as x["..."][:100]': zarr.group(),
        "x.head(100)": pyarrow.dataset.dataset(table),
        "x.head(100) ": pyarrow.dataset.dataset(table).scanner(),
        "x.read_all()": table.to_reader(),
    }, xarray.DataArray(dask.array.ones((64, 64)), name="planned")


def test_what_holds_no_numbers_yet_is_refused_with_the_line_to_write(tmp_path, monkeypatch):
    import dask

    things, planned = lazy_things(tmp_path)

    def computed(*_, **__):
        raise AssertionError("computed")

    with dask.config.set(scheduler=computed):
        for line, thing in things.items():
            with pytest.raises(CannotAttach, match=re.escape(f": name {line.strip()}.") + "$"):
                attach(thing, "x", SETTINGS)
        assert "planned" in content(planned)
        assert attach(planned, "x", SETTINGS).note == (
            "without its numbers, which are not computed yet: x.compute() has them"
        )
        total = dask.array.ones((64, 64)).sum()
        with pytest.raises(CannotAttach, match=re.escape("name total.compute().")):
            attach(total, "total", SETTINGS)
    things["x[:100]"].file.close()


def test_a_graph_is_its_nodes_and_edges():
    import networkx

    graph = networkx.DiGraph()
    graph.add_node("lonely", kind="island")
    graph.add_edge("a", "b", weight=2)
    said = content(graph)
    assert "networkx DiGraph with 3 nodes and 1 edges" in said
    assert "'lonely' {'kind': 'island'}" in said
    assert "'a' -> 'b' {'weight': 2}" in said
    assert "0 -- 1" in content(networkx.path_graph(3))
    assert attach(networkx.complete_graph(400), "x", SETTINGS).note == "cut to 100,000 characters"


def test_a_fitted_model_is_its_summary():
    import statsmodels.api as sm

    x = np.arange(20.0)
    result = sm.OLS(x * 2 + np.sin(x), sm.add_constant(x)).fit()
    assert "OLS Regression Results" in content(result)
    assert "R-squared" in content(result.summary())


@pytest.mark.parametrize("plot", [False, True])
def test_a_display_of_scikit_learn_is_its_figure_once_it_is_drawn(plot):
    import matplotlib as mpl
    from sklearn.metrics import ConfusionMatrixDisplay

    mpl.use("agg")
    display = ConfusionMatrixDisplay(np.array([[5, 1], [2, 8]]))
    if plot:
        assert attach(display.plot(), "d", SETTINGS).kind == "figure"
        mpl.pyplot.close("all")
        return
    with pytest.raises(CannotAttach, match=r"d is not drawn yet: write d\.plot\(\) first"):
        attach(display, "d", SETTINGS)


def test_a_cloud_of_words_is_its_picture():
    from wordcloud import WordCloud

    cloud = WordCloud(width=200, height=100).generate("one two three two")
    assert picture_of(attach(cloud, "cloud", SETTINGS)).size == (200, 100)


def test_a_plot_of_sympy_is_drawn_and_a_formula_is_text():
    import matplotlib as mpl
    import sympy

    mpl.use("agg")
    x = sympy.symbols("x")
    plot = sympy.plot(x**2, show=False, line_color="red")
    assert attach(plot, "plot", SETTINGS).kind == "figure"
    assert RED in {
        tuple(255 * (c > 128) for c in colour) for colour in colours_of(attach(plot, "plot", SETTINGS))
    }
    assert "x**2" in content(x**2)
    assert "Matrix([[1, x]])" in content(sympy.Matrix([[1, x]]))
    mpl.pyplot.close("all")


def test_pixels_pages_and_documents_of_pymupdf_go_as_they_look():
    import pymupdf

    document = pymupdf.open()
    page = document.new_page(width=200, height=100)
    page.draw_rect((0, 0, 200, 100), color=(0, 0, 1), fill=(0, 0, 1))
    assert BLUE in colours_of(attach(page, "page", SETTINGS))
    assert BLUE in colours_of(attach(page.get_pixmap(), "pixels", SETTINGS))
    assert attach(document, "document", SETTINGS).kind == "PDF"


def test_a_great_table_is_its_text_as_it_shows_it():
    from great_tables import GT

    table = (
        GT(pd.DataFrame({"a": [1.0, 2.5], "b": ["x", "<y>"]})).tab_header("Title").fmt_number("a", decimals=2)
    )
    lines = content(table).splitlines()
    assert [line for line in lines if line.strip("`")][1:] == [
        "Title |",
        "a | b |",
        "1.00 | x |",
        "2.50 | <y> |",
    ]


def test_a_graph_of_graphviz_is_drawn_or_says_what_is_missing(monkeypatch):
    import graphviz

    monkeypatch.setenv("PATH", "")
    graph = graphviz.Digraph()
    graph.edge("a", "b")
    for value in (graph, graphviz.Source("digraph {a -> b}")):
        attachment = attach(value, "g", SETTINGS)
        assert "a -> b" in attachment.content
        assert attachment.note == "as source; install the program Graphviz to send its picture"


def test_a_chart_of_bokeh_without_a_browser_says_what_to_install(monkeypatch):
    from bokeh.plotting import figure

    monkeypatch.setattr("gemini_magics.content.charts.find_spec", lambda name: None)
    with pytest.raises(CannotAttach, match=r"draws it with selenium: %pip install selenium"):
        attach(figure(), "chart", SETTINGS)


def test_the_rows_of_a_batch_are_no_columns_of_another_librarys_table():
    import pyarrow
    import xarray

    table, data_set = pyarrow.table({"x": [1, 2]}), xarray.Dataset({"x": ("n", [1, 2])})
    for rows, way in ((table, "to_pandas"), (data_set, "to_dataframe"), (data_set.x, "to_dataframe")):
        with pytest.raises(BadRequest, match=rf"rows\.{way}\(\) makes one"):
            batch(rows, "What is $`item`?")
        assert len(getattr(rows, way)()) == 2
