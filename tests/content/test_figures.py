"""Figures and charts: whatever a plotting call returns is drawn, and left as it was."""

import io
import pickle

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from pictures import BLUE, RED, colours_of, picture_of
from PIL import Image

from gemini_magics.content.convert import attach
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.settings import Settings

mpl.use("agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

SETTINGS = Settings()


@pytest.fixture(autouse=True)
def no_figure_stays():
    yield
    plt.close("all")


def bars(colour="red", axes=None):
    """Axes filled with a bar of one colour."""
    axes = axes or plt.subplots()[1]
    axes.bar([0], [1], width=5, color=colour)
    return axes


def test_a_figure_is_drawn_sharply_and_whole():
    figure = bars().figure
    attachment = attach(figure, "fig", SETTINGS)
    assert (attachment.name, attachment.kind, attachment.note) == ("fig", "figure", "")
    image = picture_of(attachment)
    assert 700 < image.width <= 6.4 * 144
    assert 500 < image.height <= 4.8 * 144
    assert RED in colours_of(attachment)


@pytest.mark.parametrize("of_pyplot", [True, False])
def test_a_figure_is_left_exactly_as_it_was(of_pyplot):
    figure = plt.figure(facecolor="yellow") if of_pyplot else Figure(facecolor="yellow")
    bars(axes=figure.subplots())
    other = plt.figure()
    redraws = []
    figure.savefig(io.BytesIO())  # what is worked out when a figure is first drawn is worked out
    figure.stale_callback = lambda *about: redraws.append(about)

    def state():
        return (
            figure.dpi, tuple(figure.get_size_inches()), figure.canvas, figure.get_facecolor(), figure.stale,
            figure.stale_callback, figure.axes[0].get_position(original=True).bounds, figure.axes[0].get_xlim(),
            plt.get_fignums(), plt.gcf(), dict(mpl.rcParams),
        )  # fmt: skip

    for figure.stale in (False, True):
        redraws.clear()
        before = state()
        attach(figure, "fig", SETTINGS)
        attach(figure.axes[0], "axes", SETTINGS)
        assert state() == before
        assert redraws == []
    assert plt.gcf() is other


def test_the_same_figure_is_the_same_bytes():
    figure = bars().figure
    assert attach(figure, "fig", SETTINGS).content.sha256 == attach(figure, "fig", SETTINGS).content.sha256


def test_a_closed_figure_is_still_drawn():
    figure = bars().figure
    plt.close(figure)
    assert RED in colours_of(attach(figure, "fig", SETTINGS))


def test_a_figure_that_pyplot_never_knew_is_drawn():
    figure = pickle.loads(pickle.dumps(Figure()))
    bars("blue", figure.subplots())
    assert BLUE in colours_of(attach(figure, "fig", SETTINGS))
    assert plt.get_fignums() == []


def test_a_figure_in_which_nothing_is_drawn_is_refused():
    plt.plot([1, 2])
    plt.close("all")  # what the inline backend does at plt.show()
    for figure in (plt.gcf(), Figure(), plt.figure().subfigures(1, 2)[0].figure):
        with pytest.raises(
            CannotAttach, match=r"fig is a figure in which nothing is drawn\. plt\.show\(\) closes"
        ):
            attach(figure, "fig", SETTINGS)


def test_empty_axes_are_said_to_be_empty():
    figure, axes = plt.subplots(1, 2)
    assert attach(figure, "fig", SETTINGS).note == "its Axes are empty"
    axes[0].plot([1, 2])
    assert attach(figure, "fig", SETTINGS).note == ""
    assert attach(axes[1], "axes", SETTINGS).note == "1 of 2 Axes, its Axes are empty"


def test_a_figure_of_text_alone_is_drawn():
    figure = Figure()
    figure.text(0.5, 0.5, "Hello")
    assert attach(figure, "fig", SETTINGS).note == ""


def test_a_transparent_figure_stands_on_white():
    figure = plt.figure(facecolor="none")
    bars(axes=figure.subplots()).patch.set_alpha(0)
    assert picture_of(attach(figure, "fig", SETTINGS)).getpixel((2, 2)) == (255, 255, 255)


@pytest.mark.parametrize(("width", "dpi"), [(40, "76.8"), (200, "15.4")])
def test_a_large_figure_is_drawn_within_the_limit_and_says_so(width, dpi):
    figure = plt.figure(figsize=(width, 10))
    bars(axes=figure.subplots())
    attachment = attach(figure, "fig", SETTINGS)
    assert attachment.content.width <= SETTINGS.image_side_px
    assert attachment.note == f"scaled to {dpi} dots per inch, since it is {width} × 10 inches"


FAR = {
    "right and up": lambda axes: (axes.plot([0, 1]), axes.text(20, 20, "far label")),
    "far left of dates": lambda axes: (axes.plot(np.array(["2026-01-01", "2026-02-01"], "M8[D]"), [1, 2]), axes.text(1, 1, "far label")),
    "very far": lambda axes: (axes.plot([0, 1]), axes.text(1e12, 1, "far label")),
    "an annotation": lambda axes: (axes.plot([0, 1]), axes.annotate("far label", (0.5, 0.5), (300, 0.5), arrowprops={"arrowstyle": "->"})),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAR)
def test_what_lies_far_outside_of_the_axes_is_left_out_and_named(kind):
    figure, axes = plt.subplots()
    FAR[kind](axes)
    attachment = attach(figure, "fig", SETTINGS)
    assert max(attachment.content.width, attachment.content.height) < 2.2 * 6.4 * 144
    assert attachment.note == "without what lies far outside: 'far label'"
    assert attach(axes, "axes", SETTINGS).note == "without what lies far outside: 'far label'"


def test_of_several_axes_the_one_that_is_named_is_bounded_too():
    _, axes = subplots()
    for place in (30, 40):
        axes[0].text(place, place, f"label at {place}")
    attachment = attach(axes[0], "axes[0]", SETTINGS)
    assert attachment.note == "1 of 2 Axes, without what lies far outside: 'label at 30' and 1 more"
    assert attachment.content.width < 2.2 * 6.4 * 144


@pytest.mark.slow
@pytest.mark.parametrize("where", ["set_title", "set_xlabel", "set_ylabel"])
def test_a_label_of_thousands_of_characters_does_not_make_the_plot_a_line(where):
    axes = bars()
    getattr(axes, where)("word " * 600)
    attachment = attach(axes.figure, "fig", SETTINGS)
    assert max(attachment.content.width, attachment.content.height) < 2.2 * 6.4 * 144
    assert attachment.note.startswith("without what lies far outside: 'word word")


def test_a_legend_beside_the_axes_is_drawn_whole():
    axes = bars()
    axes.legend(
        ["a long name " * 3], loc="upper left", bbox_to_anchor=(1.02, 1), facecolor="lime", framealpha=1
    )
    assert (0, 255, 0) in colours_of(attach(axes.figure, "fig", SETTINGS))
    assert attach(axes.figure, "fig", SETTINGS).note == ""


@pytest.mark.parametrize("thing", ["figure", "axes"])
@pytest.mark.parametrize("figsize", [(500, 3), (3, 500)], ids=["wide", "tall"])
def test_a_figure_of_many_inches_is_drawn_with_no_more_dots_than_are_sent(figsize, thing, monkeypatch):
    figure = plt.figure(figsize=figsize)
    left, _ = figure.subplots(1, 2)
    drawn_px, savefig = [], figure.savefig

    def save_and_measure(file, **options):
        savefig(file, **options)
        with Image.open(io.BytesIO(file.getvalue())) as image:
            drawn_px.extend(image.size)

    monkeypatch.setattr(figure, "savefig", save_and_measure)
    attach(figure if thing == "figure" else left, "fig", SETTINGS)
    assert 0 < max(drawn_px) <= 1.1 * SETTINGS.image_side_px  # a margin is added


def test_a_figure_of_many_inches_is_measured_with_no_more_dots_than_it_is_drawn_with(monkeypatch):
    figure = plt.figure(figsize=(300, 300))
    figure.subplots().plot([0, 1])
    resolutions, measure = [], figure.draw_without_rendering
    monkeypatch.setattr(figure, "draw_without_rendering", lambda: (resolutions.append(figure.dpi), measure()))
    attach(figure, "fig", SETTINGS)
    assert resolutions == [SETTINGS.image_side_px / 300]
    assert figure.dpi == 100
    assert figure.canvas.manager is not None


def test_a_plot_inside_of_axes_counts_as_their_content():
    figure, axes = plt.subplots()
    axes.inset_axes([0.5, 0.5, 0.4, 0.4]).plot([0, 1])
    assert attach(figure, "fig", SETTINGS).note == ""


def test_a_subfigure_in_which_nothing_is_drawn_is_refused():
    left, right = plt.figure().subfigures(1, 2)
    left.subplots().plot([0, 1])
    with pytest.raises(CannotAttach, match="right is a figure in which nothing is drawn"):
        attach(right, "right", SETTINGS)


def test_labels_that_stick_out_are_not_cut_off():
    axes = bars()
    axes.text(1.3, 0.5, "far out", transform=axes.transAxes, backgroundcolor="lime")
    assert (0, 255, 0) in colours_of(attach(axes, "axes", SETTINGS))


def test_a_figure_that_cannot_be_drawn_says_why():
    axes = bars()
    axes.set_title("$\\frac{1$")
    with pytest.raises(
        CannotAttach, match=r"^fig cannot be shown by its own means: ValueError: .*frac"
    ) as caught:
        attach(axes.figure, "fig", SETTINGS)
    assert "\n" not in str(caught.value)


def subplots():
    figure, axes = plt.subplots(1, 2)
    bars("red", axes[0])
    bars("blue", axes[1])
    return figure, axes


def test_of_several_axes_the_one_that_is_named_goes():
    _, axes = subplots()
    attachment = attach(axes[1], "axes[1]", SETTINGS)
    assert BLUE in colours_of(attachment)
    assert RED not in colours_of(attachment)
    assert attachment.note == "1 of 2 Axes"


def test_all_axes_of_a_figure_are_the_figure():
    figure, axes = subplots()
    for value in (axes, list(axes), (figure, axes), {"left": axes[0], "right": axes[1]}, pd.Series(axes)):
        attachment = attach(value, "axes", SETTINGS)
        assert {RED, BLUE} <= colours_of(attachment)
        assert (attachment.kind, attachment.note) == ("figure", "")


def test_axes_take_their_colour_bar_and_their_twin_along():
    figure, axes = plt.subplots(1, 2, layout="constrained")
    image = axes[0].imshow([[0, 1]], cmap="gray")
    figure.colorbar(image, ax=axes[0])
    axes[0].twinx().set_ylabel("right", backgroundcolor="lime")
    bars("blue", axes[1])
    attachment = attach(axes[0], "axes[0]", SETTINGS)
    assert attachment.note == "3 of 4 Axes"
    assert (0, 255, 0) in colours_of(attachment)
    assert BLUE not in colours_of(attachment)


def test_axes_of_a_subfigure_are_drawn():
    figure = plt.figure()
    left, right = figure.subfigures(1, 2)
    bars("red", left.subplots())
    bars("blue", right.subplots())
    assert colours_of(attach(left.axes[0], "axes", SETTINGS)) >= {RED}
    assert BLUE not in colours_of(attach(left.axes[0], "axes", SETTINGS))
    assert {RED, BLUE} <= colours_of(attach(figure, "fig", SETTINGS))


def test_a_subfigure_is_sent_alone():
    left, right = plt.figure().subfigures(1, 2)
    bars("red", left.subplots())
    bars("blue", right.subplots())
    attachment = attach(right, "right", SETTINGS)
    assert colours_of(attachment) & {RED, BLUE} == {BLUE}
    assert attachment.note == ""


SHARED = {
    "by room": lambda figure, axes, images: figure.colorbar(images[1], ax=axes),
    "by norm": lambda figure, axes, images: figure.colorbar(
        mpl.cm.ScalarMappable(images[0].norm, "gray"), cax=figure.add_axes((0.92, 0.1, 0.02, 0.8))
    ),
}


@pytest.mark.parametrize("way", SHARED)
def test_axes_keep_the_colour_bar_that_they_share(way):
    figure, axes = plt.subplots(1, 3)
    norm = mpl.colors.Normalize(0, 1)
    images = [each.imshow([[0, 1]], cmap="gray", norm=norm) for each in axes]
    SHARED[way](figure, axes, images).ax.set_ylabel("shared", backgroundcolor="lime")
    attachment = attach(axes[0], "axes[0]", SETTINGS)
    assert attachment.note == "2 of 4 Axes"
    assert (0, 255, 0) in colours_of(attachment)


PLOTS = {
    "plot": lambda axes: axes.plot([1, 2], color="red", linewidth=200),
    "bar": lambda axes: axes.bar([0], [1], width=5, color="red"),
    "hist": lambda axes: axes.hist([1, 1, 1], bins=1, color="red"),
    "imshow": lambda axes: axes.imshow([[1.0]], cmap="bwr", vmin=0, vmax=1),
    "pie": lambda axes: axes.pie([1], colors=["red"]),
    "boxplot": lambda axes: axes.boxplot([1, 2, 9], widths=5, patch_artist=True, boxprops={"facecolor": "red"}),
    "streamplot": lambda axes: axes.streamplot([0, 1], [0, 1], *np.ones((2, 2, 2)), color="red", linewidth=50),
    "contourf": lambda axes: axes.contourf([[0, 0], [1, 1]], colors=["red"]),
}


@pytest.mark.parametrize("plot", PLOTS)
def test_what_a_plotting_call_returns_is_its_axes(plot):
    attachment = attach(PLOTS[plot](plt.subplots()[1]), plot, SETTINGS)
    assert attachment.kind == "figure"
    assert RED in colours_of(attachment)


def test_axes_that_were_removed_say_so():
    axes = bars()
    axes.remove()
    with pytest.raises(CannotAttach, match="axes belongs to no figure any more: plot it again"):
        attach(axes, "axes", SETTINGS)


def test_several_figures_ask_for_one():
    with pytest.raises(
        CannotAttach, match=r"figs holds 2 figures: name each of them, as in figs\[0\] figs\[1\]"
    ):
        attach([bars().figure, bars().figure], "figs", SETTINGS)


FRAME = pd.DataFrame({"a": [1, 2, 2, 3], "b": [4.0, 4.5, 4.5, 5.0], "kind": ["x", "y", "x", "y"]})

PANDAS_PLOTS = {
    "plot": lambda: FRAME.plot(),
    "series.plot": lambda: FRAME.a.plot(),
    "subplots": lambda: FRAME.plot(subplots=True),
    "plot.scatter": lambda: FRAME.plot.scatter("a", "b"),
    "secondary_y": lambda: FRAME.plot(secondary_y="b"),
    "hist": lambda: FRAME.hist(),
    "series.hist": lambda: FRAME.a.hist(),
    "hist by": lambda: FRAME.hist("a", by="kind"),
    "boxplot": lambda: FRAME.boxplot(),
    "boxplot by": lambda: FRAME.boxplot(by="kind", return_type="axes"),
    "boxplot both": lambda: FRAME.boxplot(return_type="both"),
    "boxplot dict": lambda: FRAME.boxplot(return_type="dict"),
    "groupby.boxplot": lambda: FRAME.groupby("kind").boxplot(),
    "scatter_matrix": lambda: pd.plotting.scatter_matrix(FRAME),
}


@pytest.mark.slow
@pytest.mark.parametrize("plot", PANDAS_PLOTS)
def test_what_pandas_plots_return_is_the_whole_figure(plot):
    attachment = attach(PANDAS_PLOTS[plot](), "df.plot()", SETTINGS)
    assert (attachment.kind, attachment.note) == ("figure", "")
    assert len(picture_of(attachment).getcolors(10**6)) > 20


@pytest.fixture(scope="module")
def seaborn():
    import seaborn

    return seaborn


SEABORN_PLOTS = {
    "scatterplot": lambda sns: sns.scatterplot(FRAME, x="a", y="b"),
    "heatmap": lambda sns: sns.heatmap([[1.0, 2.0]]),
    "relplot": lambda sns: sns.relplot(FRAME, x="a", y="b"),
    "pairplot": lambda sns: sns.pairplot(FRAME),
    "jointplot": lambda sns: sns.jointplot(FRAME, x="a", y="b"),
    "objects": lambda sns: __import__("seaborn.objects").objects.Plot(FRAME, x="a", y="b"),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The copy keyword")  # seaborn's own, with pandas 3
@pytest.mark.parametrize("plot", SEABORN_PLOTS)
def test_what_seaborn_returns_is_the_whole_figure(plot, seaborn):
    attachment = attach(SEABORN_PLOTS[plot](seaborn), "grid", SETTINGS)
    assert attachment.kind == ("image" if plot == "objects" else "figure")
    assert attachment.note == ""
    assert len(picture_of(attachment).getcolors(10**7)) > 20


@pytest.mark.browser
def test_a_plotly_figure_is_drawn_by_kaleido(chromium):
    import plotly.graph_objects as go

    figure = go.Figure(go.Bar(y=[1], marker_color="red"), layout={"width": 300, "height": 200})
    attachment = attach(figure, "chart", SETTINGS)
    assert attachment.kind == "chart"
    assert picture_of(attachment).size == (600, 400)
    assert RED in colours_of(attachment)


def test_a_plotly_figure_without_a_browser_says_what_to_run(monkeypatch):
    import plotly.graph_objects as go

    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chrome")  # where kaleido looks first
    with pytest.raises(
        CannotAttach, match=r"^chart is a chart of plotly, .*: run plotly_get_chrome in a terminal\.$"
    ):
        attach(go.Figure(), "chart", SETTINGS)


def test_an_altair_chart_is_drawn_by_vl_convert():
    import altair

    chart = altair.Chart(pd.DataFrame({"x": ["a"], "y": [1]}), width=100, height=100)
    layers = chart.mark_bar(color="red").encode(x="x", y="y") + chart.mark_bar(color="blue").encode(x="x")
    attachment = attach(layers, "chart", SETTINGS)
    assert attachment.kind == "chart"
    assert colours_of(attachment) & {RED, BLUE}


@pytest.mark.parametrize(
    ("package", "exporter", "install"),
    [("plotly", "kaleido", "kaleido"), ("altair", "vl_convert", "vl-convert-python")],
)
def test_a_chart_without_its_exporter_says_what_to_install(package, exporter, install, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("gemini_magics.content.charts.find_spec", lambda name: None)
    kind = {"plotly": "BaseFigure", "altair": "TopLevelMixin"}[package]
    chart = type(kind, (), {"__module__": f"{package}.somewhere"})()
    with pytest.raises(CannotAttach, match=rf"^chart is a chart of \w+, .*: %pip install {install}\.$"):
        attach(chart, "chart", SETTINGS)
