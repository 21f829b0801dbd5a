"""What goes with a question: pictures, arrays, text, and objects that show themselves."""

import base64
import io
import json
import re
import subprocess
import sys
import wave
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from IPython import display
from pictures import BLUE, RED, SVG, colours_of, encoded, picture_of, red, wav
from PIL import Image

import gemini_magics
from gemini_magics.content.convert import attach
from gemini_magics.core.answer import fold
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.messages import Attachment, Media, Text
from gemini_magics.core.settings import Settings
from gemini_magics.render.answer import Answer

HOME = Path(gemini_magics.__file__).parents[1]
SETTINGS = Settings()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The notebook's folder, empty."""
    monkeypatch.chdir(tmp_path)


def test_a_pillow_image_goes_as_png():
    attachment = attach(red(), "image", SETTINGS)
    assert (attachment.kind, picture_of(attachment).size) == ("image", (40, 30))
    assert colours_of(attachment) == {RED}


RAMP = np.tile(np.linspace(0, 1, 64), (16, 1))
GREY = (RAMP * 255).round().astype(np.uint8)

ARRAYS = {  # what is attached -> (its pixel at the left, at the right, the note)
    "uint8 grey": (GREY, 0, 255, ""),
    "uint8 RGB": (np.dstack([GREY] * 3), 0, 255, ""),
    "uint8 RGBA": (np.dstack([GREY] * 3 + [np.full_like(GREY, 255)]), 0, 255, ""),
    "one channel": (GREY[:, :, None], 0, 255, ""),
    "float grey": (RAMP, 0, 255, ""),
    "float32 RGB": (np.dstack([RAMP] * 3).astype(np.float32), 0, 255, ""),
    "half bright": (RAMP / 2, 0, 128, ""),
    "bool": (RAMP > 0.5, 0, 255, ""),
    "float -2..6": (RAMP * 8 - 2, 0, 255, "values -2 to 6 as black to white"),
    "int16": ((RAMP * 4000).astype(np.int16), 0, 255, "values 0 to 4000 as black to white"),
    "int64 grey": ((RAMP * 200).astype(int), 0, 255, "values 0 to 200 as black to white"),
    "int64 RGB": (np.dstack([(RAMP * 200).astype(int)] * 3), 0, 200, ""),
    "NaN": (np.where(RAMP == 0, np.nan, RAMP), 0, 255, "black where there is no number"),
    "all alike": (RAMP * 0 + 7, 0, 0, "values 7 to 7 as black to white, all of one colour"),
    "channels first": (np.stack([GREY] * 3), 0, 255, "channels moved last"),
    "not contiguous": (np.repeat(RAMP, 2, axis=1)[::-1, ::2], 0, 255, ""),
    "big endian": (RAMP.astype(">f8"), 0, 255, ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_that_is_a_picture_becomes_one(kind):
    array, left, right, note = ARRAYS[kind]
    before = array.copy()
    attachment = attach(array, "image", SETTINGS)
    image = picture_of(attachment)
    assert (attachment.kind, image.size) == ("image", (64, 16))
    assert (image.getpixel((0, 8)), image.getpixel((63, 8))) == ((left,) * 3, (right,) * 3)
    assert attachment.note == note
    np.testing.assert_array_equal(array, before)


RGBA = {  # colours, opacity -> the pixel at the right as it stands on white, the note
    "bright floats": (RAMP * 3, 1.0, 255, "values 0 to 3 as black to white"),
    "floats, half seen": (1 - RAMP, 0.5, 127, "transparent parts on white"),
    "floats, opacity to 255": (RAMP * 255, 255.0, 255, "values 0 to 255 as black to white"),
    "dark floats": (RAMP / 2, 1.0, 128, ""),
    "floats, opacity unknown": (RAMP, np.nan, 255, ""),
    "deep integers": ((RAMP * 4000).astype(int), 204, 255, "values 0 to 4000 as black to white, transparent parts on white"),
    "integers": ((RAMP * 200).astype(int), 300, 200, ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", RGBA)
def test_colours_are_stretched_and_opacity_is_not(kind):
    colours, opacity, right, note = RGBA[kind]
    array = np.dstack([colours] * 3 + [np.full_like(colours, opacity)])
    before = array.copy()
    attachment = attach(array, "image", SETTINGS)
    assert picture_of(attachment).getpixel((63, 8)) == pytest.approx((right,) * 3, abs=1)
    assert attachment.note == note
    np.testing.assert_array_equal(array, before)


def test_negative_opacity_is_none():
    array = np.dstack([np.full((16, 64), 200)] * 3 + [np.full((16, 64), -1)])
    with pytest.raises(CannotAttach, match="wholly transparent"):
        attach(array, "image", SETTINGS)


def test_rows_and_columns_of_an_array_stay_rows_and_columns():
    array = np.zeros((20, 30, 3), np.uint8)
    array[2, 25] = RED
    assert picture_of(attach(array, "image", SETTINGS)).getpixel((25, 2)) == RED


def test_an_object_with_the_array_protocol_is_an_array():
    class Tensor:
        shape = (16, 64)

        def __array__(self, dtype=None, copy=None):
            return RAMP

    assert picture_of(attach(Tensor(), "tensor", SETTINGS)).getpixel((63, 8)) == (255, 255, 255)


NUMBERS = {
    "1-D": (np.array([1.5, 2.0, 3.25]), "array of shape (3,), float64\n[1.5  2.   3.25]"),
    "masked": (np.ma.masked_greater([1.0, 2.5, 999.0], 900), "array of shape (3,), float64\n[1 2.5 --]"),
    "masked fields": (
        np.ma.array([(1, 2.5), (3, 999.0)], mask=[(0, 0), (0, 1)], dtype=[("n", "i4"), ("x", "f8")]),
        "array of shape (2,), [('n', '<i4'), ('x', '<f8')]\n[(1, 2.5) (3, --)]",
    ),
    "small 2-D": (np.eye(2, dtype=int), "array of shape (2, 2), int64\n[[1 0]\n [0 1]]"),
    "small 3-D": (np.zeros((1, 1, 2), int), "array of shape (1, 1, 2), int64\n[[[0 0]]]"),
    "words": (np.array(["a", "b"]), "array of shape (2,), <U1\n['a' 'b']"),
    "none": (np.zeros((0, 3)), "array of shape (0, 3), float64\n[]"),
    "0-D": (np.array(3), "array of shape (), int64\n3"),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_an_array_that_is_no_picture_is_written_out(kind):
    array, text = NUMBERS[kind]
    assert attach(array, "x", SETTINGS).content == f"x:\n```\n{text}\n```"


MATRICES = [np.corrcoef(np.random.default_rng(1).random((20, 9))), np.eye(50), np.arange(900).reshape(30, 30),
            np.eye(20, dtype=bool)]  # fmt: skip


@pytest.mark.parametrize("matrix", MATRICES, ids=lambda each: f"{each.shape} {each.dtype}")
def test_a_small_matrix_goes_as_numbers_a_row_on_each_line_and_as_a_picture_if_asked(matrix):
    attachment = attach(matrix, "corr", SETTINGS)
    assert (attachment.kind, attachment.note) == ("text", "")
    assert sum(line.count("]") > 0 for line in attachment.content.splitlines()) == len(matrix)
    assert attach(matrix, "corr", Settings(as_image=True)).kind == "image"


@pytest.mark.parametrize("picture", [np.eye(28, dtype=np.uint8), np.eye(51), np.zeros((20, 20, 3))])
def test_bytes_colours_and_larger_grids_are_pictures(picture):
    assert attach(picture, "image", SETTINGS).kind == "image"


def test_what_is_under_a_mask_is_neither_sent_nor_decides_how_bright_the_rest_is():
    long = np.ma.masked_greater(np.arange(3000.0), 1500)
    assert "2999" not in attach(long, "x", SETTINGS).content
    assert attach(long, "x", SETTINGS).note == "the middle left out"
    image = np.ma.masked_greater(np.where(RAMP > 0.9, 999, RAMP * 2), 900)
    attachment = attach(image, "x", SETTINGS)
    assert picture_of(attachment).getpixel((63, 8)) == (0, 0, 0)
    assert re.fullmatch("values 0 to 1.[78].* as black to white, black where it is masked", attachment.note)


class Lazy:
    """An array whose numbers are computed when they are asked for."""

    dtype = "float64"

    def __init__(self, *shape):
        self.shape = shape

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("computed")


@pytest.mark.parametrize("shape", [(200, 1000, 1000), (10, 64, 64, 3), (10**9,), (10**5, 10**5)], ids=str)
def test_what_is_too_much_by_its_shape_is_refused_before_it_is_computed(shape):
    with pytest.raises(CannotAttach, match=r"name (one|a) slice of it, such as x\["):
        attach(Lazy(*shape), "x", SETTINGS)


def test_an_array_of_too_many_pixels_is_refused_before_it_is_computed():
    huge = np.broadcast_to(np.float64(0.5), (10_000, 1_000_000))  # 80 GB, if it were copied
    with pytest.raises(CannotAttach, match="80 million are the most"):
        attach(huge, "huge", SETTINGS)


def test_a_list_of_things_that_only_say_where_they_stand_in_memory_is_refused():
    with pytest.raises(CannotAttach, match="things is of type list, which shows neither"):
        attach([object(), object()], "things", SETTINGS)
    assert "[]" in attach([], "nothing", SETTINGS).content


def test_a_long_array_loses_its_middle_and_says_so():
    attachment = attach(np.arange(10_000), "x", SETTINGS)
    numbers = re.findall(r"\d+", attachment.content.partition("int64")[2])
    assert len(numbers) == 60
    assert (numbers[0], numbers[-1]) == ("0", "9999")
    assert attachment.note == "the middle left out"


SLICES = {
    (64, 64, 30): ":, :, 0",
    (10, 64, 64, 3): "0",
    (64, 64, 2): ":, :, 0",
    (30, 64, 64): "0",
    (64, 2, 64): ":, 0",
    (2, 64, 64, 30): "0, :, :, 0",
    (2, 5, 64, 64, 3): "0, 0",
}


@pytest.mark.parametrize(("shape", "place"), SLICES.items(), ids=str)
def test_a_volume_says_its_shape_and_what_a_picture_has(shape, place):
    with pytest.raises(CannotAttach) as caught:
        attach(np.zeros(shape), "volume", SETTINGS)
    assert str(caught.value) == (
        f"volume is an array of shape {shape}, float64, and a picture has the shape (height, width) or "
        f"(height, width, 3 or 4): name one slice of it, such as volume[{place}]."
    )
    assert attach(eval(f"volume[{place}]", {"volume": np.zeros(shape)}), "slice", SETTINGS).kind == "image"


@pytest.mark.parametrize(
    "images", [[red(), red()], (red(),), {"a": red()}, np.array([red(), None], dtype=object)]
)
def test_a_collection_of_pictures_asks_for_one(images):
    with pytest.raises(CannotAttach, match="images holds several pictures: name each of them"):
        attach(images, "images", SETTINGS)


def test_displayed_images_go_as_their_data():
    Path("red.png").write_bytes(encoded(red()))
    for image in (display.Image(encoded(red())), display.Image(filename="red.png"), display.Image("red.png")):
        attachment = attach(image, "image", SETTINGS)
        assert attachment.content.data == encoded(red())
        assert attachment.kind == "image"


def test_displayed_gifs_become_png():
    assert colours_of(attach(display.Image(encoded(red(), "GIF"), format="gif"), "image", SETTINGS)) == {RED}


def test_a_displayed_url_goes_as_a_link():
    attachment = attach(display.Image(url="https://example.org/a.png"), "image", SETTINGS)
    assert (attachment.kind, attachment.content.url) == ("link", "https://example.org/a.png")


def test_displayed_sound_goes_as_wav():
    attachment = attach(display.Audio(np.sin(np.arange(800)), rate=8000), "sound", SETTINGS)
    assert (attachment.kind, attachment.content.type) == ("audio", "audio/wav")
    with wave.open(io.BytesIO(attachment.content.data)) as sound:
        assert (sound.getnframes(), sound.getframerate()) == (800, 8000)


def test_a_displayed_video_goes_as_its_file():
    film = b"\0\0\0\x14ftypisom\0\0\0\0isom" + bytes(50)
    Path("film.mp4").write_bytes(film)
    for video in (display.Video("film.mp4"), display.Video(film, embed=True, mimetype="video/mp4")):
        attachment = attach(video, "film", SETTINGS)
        assert (attachment.kind, attachment.content.type, attachment.content.data) == (
            "video",
            "video/mp4",
            film,
        )


def test_displayed_text_goes_as_text():
    for shown in (display.Markdown("**odd**"), display.HTML("**odd**"), display.Latex("**odd**")):
        assert attach(shown, "note", SETTINGS).content == "note:\n```\n**odd**\n```"


class Shows:
    """An object that shows itself by one of Jupyter's methods."""

    def __init__(self, method, result):
        self.result = result
        self.__class__ = type("Shows", (Shows,), {method: lambda self, **_: self.result, "__module__": "lib"})


PNG64 = base64.b64encode(encoded(red())).decode()

SHOWN = {
    "png": Shows("_repr_png_", encoded(red())),
    "png, text": Shows("_repr_png_", PNG64),
    "png with metadata": Shows("_repr_png_", (encoded(red()), {"width": 20})),
    "png, bytearray": Shows("_repr_png_", bytearray(encoded(red()))),
    "png, memoryview": Shows("_repr_png_", memoryview(encoded(red()))),
    "jpeg": Shows("_repr_jpeg_", encoded(Image.new("RGB", (8, 8), (254, 0, 0)), "JPEG")),
    "bundle": Shows("_repr_mimebundle_", {"text/plain": "x", "image/png": PNG64}),
    "bundle with metadata": Shows("_repr_mimebundle_", ({"image/png": encoded(red())}, {})),
    "svg": Shows("_repr_svg_", SVG.replace("0000ff", "ff0000")),
    "svg in a bundle": Shows("_repr_mimebundle_", {"image/svg+xml": SVG.replace("0000ff", "ff0000")}),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_an_object_that_shows_a_picture_is_that_picture(kind):
    assert any(
        colour[0] > 250 and colour[1:] == (0, 0)
        for colour in colours_of(attach(SHOWN[kind], "thing", SETTINGS))
    )


def test_an_object_that_shows_markdown_is_that_text():
    assert attach(Shows("_repr_markdown_", "**odd**"), "thing", SETTINGS).content == "thing:\n```\n**odd**\n```"


class Pretty:
    def _repr_pretty_(self, printer, cycle):
        printer.text("odd, in a word")


RICH = """<pre style="white-space:pre"><span>┃ odd,   ┃</span>\n<span>│ in a word │</span>\n</pre>"""
SHOWN_WORDS = {  # rich, and others that write no __str__, show themselves in these ways alone
    "html in a bundle": (Shows("_repr_mimebundle_", {"text/html": RICH}), "┃ odd,   ┃\n│ in a word │"),
    "html with metadata": (Shows("_repr_html_", ("<p>odd</p>", {})), "odd"),
    "text in a bundle": (Shows("_repr_mimebundle_", {"text/plain": "\x1b[1modd\x1b[0m\n"}), "odd"),
    "markdown in a bundle": (Shows("_repr_mimebundle_", ({"text/markdown": "**odd**"}, {})), "**odd**"),
    "latex": (Shows("_repr_latex_", "$x^2$"), "$x^2$"),
    "latex in a bundle": (
        Shows("_repr_mimebundle_", {"text/plain": "<X at 0x7f>", "text/latex": "$x$"}),
        "$x$",
    ),
    "pretty": (Pretty(), "odd, in a word"),
}


@pytest.mark.parametrize("kind", SHOWN_WORDS)
def test_an_object_that_shows_words_only_in_a_notebook_is_these_words(kind):
    shown, words = SHOWN_WORDS[kind]
    assert attach(shown, "thing", SETTINGS).content == f"thing:\n```\n{words}\n```"


def test_an_object_that_fails_to_show_itself_says_so_in_one_line():
    class Broken:
        def _repr_png_(self):
            raise LookupError("no\nsuch thing")

    with pytest.raises(CannotAttach) as caught:
        attach(Broken(), "thing", SETTINGS)
    assert str(caught.value) == (
        "thing cannot be shown by its own means: LookupError: no such thing. Show it in a cell of its own first."
    )


def test_an_object_that_answers_to_every_name_is_no_picture():
    class Proxy:
        def __getattr__(self, name):
            return lambda *args, **kwargs: self

        def __str__(self):
            return "a proxy"

    assert "a proxy" in attach(Proxy(), "proxy", SETTINGS).content


def test_a_drawing_is_rendered_large_enough_to_read():
    attachment = attach(display.SVG(SVG), "drawing", SETTINGS)
    assert picture_of(attachment).size == (1536, 768)
    assert colours_of(attachment) == {BLUE}
    assert attachment.note == "SVG as PNG, all of one colour"


REFERRING = [
    '<image href="https://example.org/a.png" width="9" height="9"/>',
    '<image xlink:href = "a.png" width="9" height="9"/>',
    "<image href='data:image/svg+xml;base64,AAAA'/>",
    "<image href='data:image/png;a=b;base64,AAAA'/>",
    "<image href='data:image/png;,%89PNG'/>",
    "<style>@import url(https://example.org/a.css);</style>",
    "<style>@font-face{src: url( 'https://example.org/a.woff')}</style>",
    '<rect fill="url(other.svg#a)"/>',
]


@pytest.mark.parametrize("inside", REFERRING)
def test_a_drawing_that_refers_to_other_files_goes_as_source(inside):
    source = SVG.replace("</svg>", f"{inside}</svg>")
    attachment = attach(source.encode(), "drawing", SETTINGS)
    assert attachment.kind == "text"
    assert source in attachment.content
    assert attachment.note == "SVG as source, since it refers to other files"


def test_an_entity_may_refer_to_a_file_too():
    source = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{SVG}'
    assert attach(source.encode(), "drawing", SETTINGS).kind == "text"


@pytest.mark.parametrize(
    "inside", ['<use href="#a"/>', '<rect fill="url( #a)"/>', f"<image href='data:image/png;base64,{PNG64}'/>"]
)
def test_a_drawing_that_refers_to_its_own_parts_is_rendered(inside):
    assert attach(SVG.replace("</svg>", f"{inside}</svg>").encode(), "drawing", SETTINGS).kind == "image"


def test_a_drawing_of_a_million_pixels_is_rendered_small():
    source = SVG.replace('width="40" height="20"', 'width="1000000" height="500000"')
    assert picture_of(attach(source.encode(), "drawing", SETTINGS)).size == (1536, 768)


DRAWINGS = {
    "as source, since it tells no size": '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9e9"/></svg>',
    "give it another shape": '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1000"/>',
    "cut off or broken": SVG[:80],
}


@pytest.mark.parametrize("said", DRAWINGS)
def test_a_drawing_that_cannot_be_rendered_says_why(said):
    try:
        found = attach(DRAWINGS[said].encode(), "drawing", SETTINGS).note
    except CannotAttach as error:
        found = str(error)
    assert said in found


def test_without_a_renderer_a_drawing_goes_as_source_and_says_what_to_install(monkeypatch):
    monkeypatch.setattr("gemini_magics.content.svg.find_spec", lambda name: None)
    attachment = attach(SVG.encode(), "drawing", SETTINGS)
    assert SVG in attachment.content
    assert "pip install vl-convert-python" in attachment.note


def test_text_goes_under_its_name_in_a_fence_of_its_own():
    attachment = attach("a ```` b", "note", SETTINGS)
    assert (attachment.kind, attachment.content) == ("text", "note:\n`````\na ```` b\n`````")


def test_an_answer_goes_as_its_words():
    answer = Answer()
    fold(answer, Text("It is **odd**."))
    assert "It is **odd**." in attach(answer, "answer", SETTINGS).content


@pytest.mark.parametrize("value", [3, 2.5, True, [1, "a"], {"a": [1]}, {1, 2}, (1,), range(3), Decimal("1.1")])
def test_plain_values_go_as_they_print(value):
    assert f"\n{value}\n" in attach(value, "x", SETTINGS).content


def test_a_long_value_is_cut_and_says_so():
    attachment = attach(list(range(10**6)), "x", SETTINGS)
    assert attachment.note == "cut to 100,000 characters"
    assert len(attachment.content) < 100_100


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, io.BytesIO])
def test_bytes_are_what_their_magic_numbers_say(wrap):
    assert colours_of(attach(wrap(encoded(red())), "data", SETTINGS)) == {RED}
    assert attach(wrap(wav()), "data", SETTINGS).content == Media("audio/wav", wav())


def test_media_and_attachments_go_as_they_are():
    ready = Attachment("ready", "text", "x")
    assert attach(ready, "other", SETTINGS) is ready
    assert attach(Media("image/png", encoded(red())), "m", SETTINGS).content.width == 40
    assert attach(Media("", url="https://example.org/a"), "m", SETTINGS).kind == "link"
    with pytest.raises(CannotAttach, match="private"):
        attach(Media("", url="https://localhost/a"), "m", SETTINGS)


async def later():
    return 1


class Silent:
    pass


REFUSED = {
    "None: there is nothing in it": None,
    "a class": Silent,
    "a module": json,
    "a function: call it, as in x(), and name what it returns": len,
    "a function: call it, as in x(), and name what it returns ": pd.DataFrame({"a": [1]}).describe,
    "a function: call it, as in x(), and name what it returns  ": np.sin,
    "an iterator: name list(x)": (n for n in ()),
    "of type Silent, which shows neither a picture nor a table nor text of itself": Silent(),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_says_nothing_is_refused_with_the_reason_and_what_is_taken(reason):
    with pytest.raises(CannotAttach) as caught:
        attach(REFUSED[reason], "x", SETTINGS)
    assert str(caught.value) == (
        f"x is {reason.strip()}. "
        "Figures, images, charts, tables, arrays, text, files and https URLs can be attached."
    )


def test_an_element_of_html_that_can_be_called_is_its_text():
    class Tag:  # as Beautiful Soup has it
        def __call__(self, *names):
            return []

        def __str__(self):
            return "<p>odd</p>"

    assert "<p>odd</p>" in attach(Tag(), "soup", SETTINGS).content


def test_a_coroutine_says_to_await_it():
    coroutine = later()
    with pytest.raises(CannotAttach, match="name await x"):
        attach(coroutine, "x", SETTINGS)
    coroutine.close()


EMPTY = [
    ("", "is empty"),
    (" \n", "is empty"),
    (Answer(), "is empty"),
    ("x" * 4_000_001, "has 4,000,001 characters"),
    (b"what", "holds 4 B of no kind"),
]


@pytest.mark.parametrize(("value", "said"), EMPTY, ids=[said for _, said in EMPTY])
def test_empty_endless_and_unknown_things_are_refused(value, said):
    with pytest.raises(CannotAttach, match=f"^x {said}"):
        attach(value, "x", SETTINGS)


def test_nothing_heavy_is_imported_to_find_out_that_a_thing_is_none():
    code = (
        "import sys\n"
        "from gemini_magics.content.convert import attach\n"
        "from gemini_magics.core.settings import Settings\n"
        "attach([1, {'a': 2}], 'x', Settings())\n"
        "print(*{'matplotlib', 'pandas', 'PIL', 'numpy', 'polars', 'IPython'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME)
    assert done.stdout == "\n"
