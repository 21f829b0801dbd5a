"""The ground of a picture: whatever is transparent is sent opaque, and what is drawn can be told from it."""

import io

import matplotlib as mpl
import numpy as np
import pytest
from IPython import display
from pictures import encoded, picture_of
from PIL import Image, ImageDraw

from gemini_magics.content.convert import attach
from gemini_magics.content.images import picture, thumbnail
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.messages import Media
from gemini_magics.core.settings import Settings

mpl.use("agg")
import matplotlib.pyplot as plt

SETTINGS = Settings()
WHITE, DARK, GREY = (255, 255, 255), (18, 18, 18), (128, 128, 128)


def lines(*colours, opacity=0, size=(200, 100)):
    """Frames of some colours on a black ground of little opacity."""
    image = Image.new("RGBA", size, (0, 0, 0, opacity))
    for place, colour in enumerate(colours):
        ImageDraw.Draw(image).rectangle((20 + 60 * place, 20, 60 + 60 * place, 80), outline=colour, width=3)
    return image


GROUNDS = {  # what is drawn -> the ground that it is sent on
    "black": (lines("black"), WHITE),
    "red and blue": (lines("red", "blue"), WHITE),
    "light grey": (lines("#dddddd"), WHITE),
    "black and some white": (lines("black", "red", "white"), GREY),
    "white": (lines("white"), DARK),
    "white and colours": (lines("#f2f5fa", "#636efa", "#ef553b"), DARK),
    "white and yellow": (lines("white", "yellow"), DARK),
    "white and black": (lines("white", "black"), GREY),
}


@pytest.mark.parametrize("kind", GROUNDS)
def test_a_transparent_picture_stands_on_a_ground_on_which_its_lines_can_be_told(kind):
    image, ground = GROUNDS[kind]
    attachment = attach(image, "x", SETTINGS)
    assert picture_of(attachment).getpixel((2, 2)) == ground
    assert attachment.note.startswith("transparent parts on")


def test_a_ground_that_is_nearly_transparent_is_one():
    attachment = attach(lines("white", opacity=20), "x", SETTINGS)
    assert max(picture_of(attachment).getpixel((2, 2))) < 40
    assert "dark ground" in attachment.note


def of_palette():
    image = lines("black").convert("P")
    image.info["transparency"] = image.getpixel((2, 2))
    return image


def of_one_colour_left_out():
    image = Image.new("RGB", (60, 40), "lime")
    ImageDraw.Draw(image).rectangle((10, 10, 50, 30), outline="black", width=2)
    return encoded(image, transparency=(0, 255, 0))


SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><path d="M9 9H50" stroke="{}" stroke-width="4"/></svg>'


class Shows:
    def _repr_png_(self):
        return encoded(lines("black"))


WAYS = {
    "Pillow": lines("black"),
    "Pillow LA": lines("black").convert("LA"),
    "Pillow La": lines("black").convert("LA").convert("La"),
    "PNG": encoded(lines("black")),
    "PNG of a palette": encoded(of_palette()),
    "PNG with a transparent colour": of_one_colour_left_out(),
    "WebP": encoded(lines("black"), "WEBP", lossless=True),
    "GIF": encoded(lines("black"), "GIF"),
    "array": np.asarray(lines("black")),
    "float array": np.asarray(lines("black")) / 255,
    "SVG": SVG.format("black").encode(),
    "displayed SVG": display.SVG(SVG.format("black")),
    "an object's own PNG": Shows(),
    "Media": Media("image/png", encoded(lines("black"))),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_a_picture_leads_to_an_opaque_one(way):
    attachment = attach(WAYS[way], "x", SETTINGS)
    with Image.open(io.BytesIO(attachment.content.data)) as image:
        assert not image.has_transparency_data
    assert picture_of(attachment).getpixel((2, 2)) == WHITE
    assert picture_of(attachment).convert("L").getextrema()[0] < 30
    assert "transparent parts on white" in attachment.note


def test_a_white_drawing_gets_a_dark_ground():
    attachment = attach(SVG.format("white").encode(), "x", SETTINGS)
    assert picture_of(attachment).convert("L").getextrema() == (18, 255)


def test_a_dark_figure_without_a_ground_of_its_own_can_be_read():
    with mpl.rc_context(), plt.style.context("dark_background"):
        mpl.rcParams.update({"figure.facecolor": "none", "axes.facecolor": "none"})
        figure, axes = plt.subplots()
        axes.set_title("TITLE")
        axes.plot([1, 2], color="white")
        attachment = attach(figure, "fig", SETTINGS)
    plt.close(figure)
    assert picture_of(attachment).getpixel((2, 2)) == DARK
    assert "dark ground" in attachment.note


def test_labels_of_dark_axes_on_a_transparent_figure_can_be_read():
    with mpl.rc_context(), plt.style.context("dark_background"):
        figure, axes = plt.subplots(facecolor="none")
        axes.plot([1, 2])
        attachment = attach(figure, "fig", SETTINGS)
    plt.close(figure)
    assert picture_of(attachment).getpixel((2, 2)) == DARK


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning")  # kaleido's own
@pytest.mark.parametrize(
    ("template", "ground"), [("plotly_dark", DARK), ("plotly_white", WHITE), ("seaborn", WHITE)]
)
def test_a_transparent_chart_of_plotly_is_put_on_the_ground_that_it_was_made_for(template, ground):
    import plotly.graph_objects as go

    chart = go.Figure(go.Bar(x=["a", "b"], y=[1, 2]), layout={"template": template, "title": "Title"})
    chart.update_layout(paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)")
    assert picture_of(attach(chart, "chart", SETTINGS)).getpixel((2, 2)) == ground


@pytest.mark.parametrize("style", ["default", "seaborn-v0_8-whitegrid", "bmh", "ggplot"])
def test_a_transparent_figure_for_white_paper_stands_on_white(style):
    with mpl.rc_context(), plt.style.context(style):
        figure, axes = plt.subplots(facecolor="none")
        axes.patch.set_alpha(0)
        axes.hist(np.random.default_rng(1).normal(size=200), edgecolor="white")
        axes.set_title("Title")
        attachment = attach(figure, "fig", SETTINGS)
    plt.close(figure)
    assert picture_of(attachment).getpixel((2, 2)) == WHITE


def test_a_chart_with_a_transparent_ground_is_put_on_one():
    import altair

    chart = (
        altair.Chart({"values": [{"x": 1, "y": 2}]}, width=80, height=80).mark_point().encode(x="x:Q", y="y:Q")
    )
    attachment = attach(chart.configure(background="transparent"), "chart", SETTINGS)
    assert picture_of(attachment).getpixel((1, 1)) == WHITE
    assert attachment.note == "transparent parts on white"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_file_whose_every_pixel_is_opaque_stays_byte_for_byte(kind):
    data = encoded(lines("white", opacity=255), kind)
    media, note = picture(data, "x", SETTINGS)
    assert (media.data, note) == (data, "")


def test_a_picture_that_is_wholly_transparent_is_refused():
    with pytest.raises(CannotAttach, match=r"x is a picture that is wholly transparent.*convert"):
        attach(Image.new("RGBA", (40, 30)), "x", SETTINGS)


@pytest.mark.parametrize("image", [Image.new("RGB", (9, 9), "white"), Image.new("L", (9, 9)), Image.new("P", (9, 9)),
                                   Image.new("RGBA", (9, 9), (9, 9, 9, 90))])  # fmt: skip
def test_a_picture_of_one_colour_says_so(image):
    assert attach(image, "x", SETTINGS).note.endswith("all of one colour")
    assert attach(encoded(image), "x", SETTINGS).note.endswith("all of one colour")


def test_a_thumbnail_stands_on_a_ground_too():
    with Image.open(io.BytesIO(thumbnail(Media("image/png", encoded(lines("black")))).data)) as small:
        assert small.getpixel((1, 1)) == WHITE


def test_no_thumbnail_is_made_of_a_picture_that_is_broken_or_huge():
    whole = encoded(lines("black"))
    assert thumbnail(Media("image/png", whole[:200])) is None
    huge = Image.new("1", (12_000, 12_000))
    assert thumbnail(Media("image/png", encoded(huge))) is None
