"""SVG drawings of strangers: drawn as they are meant, within limits of time and memory, and ended by Stop."""

import base64
import signal
import subprocess
import sys

import pytest
from pictures import encoded, picture_of
from PIL import Image

from gemini_magics.content import svg
from gemini_magics.content.convert import attach
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.settings import Settings

SETTINGS = Settings()
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="60" height="40"'
)


def drawing(inside, more=""):
    return f"{HEAD} {more}>{inside}</svg>".encode()


def test_a_half_transparent_colour_is_that_colour_on_white():
    attachment = attach(drawing('<rect width="60" height="40" fill="#ff8000" opacity="0.5"/>'), "x", SETTINGS)
    assert picture_of(attachment).getpixel((700, 500)) == pytest.approx((255, 191, 127), abs=2)


COVERED = {
    "no viewBox": "",
    "a viewBox of another shape": 'viewBox="-500 -500 10 900"',
    "a style for everything": 'viewBox="0 0 60 40" class="a"',
}


@pytest.mark.parametrize("kind", COVERED)
def test_the_ground_reaches_to_every_corner(kind):
    style = "<style>* {fill: red; stroke: red}</style>" if "style" in kind else ""
    inside = f'<?xml-stylesheet type="text/css"?>{style}<path d="M9 9h9M-497 -400v500" stroke="black"/>'
    image = picture_of(attach(drawing(inside, COVERED[kind]), "x", SETTINGS))
    corners = {image.getpixel((x, y)) for x in (1, image.width - 2) for y in (1, image.height - 2)}
    assert corners == {(255, 255, 255)}


HIDDEN = {
    "half opaque": "<style>polygon {fill-opacity: 0.5}</style>",
    "not shown": "<style>polygon {display: none}</style>",
    "invisible": "<style>* {visibility: hidden} path {visibility: visible}</style>",
    "masked": '<style>polygon {mask: url(#m)}</style><mask id="m"/>',
    "in a section of text": "<![CDATA[ ]]>",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_a_drawing_does_not_hide_the_ground_that_tells_its_opacity(how):
    attachment = attach(drawing(f'{HIDDEN[how]}<path d="M9 9h9" stroke="red"/>'), "x", SETTINGS)
    assert picture_of(attachment).getpixel((1, 1)) == (255, 255, 255)
    assert "transparent parts on white" in attachment.note


@pytest.mark.parametrize("box", ["0 0 inf inf", "0 0 nan nan", "nan 0 9 9", "1e300 0 9 9", "0 0 1e400 1e400"])
def test_a_box_of_no_numbers_is_left_out(box):
    source = f'<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40" viewBox="{box}"><path d="M9 9h9" stroke="red"/></svg>'
    image = picture_of(attach(source.encode(), "x", SETTINGS))
    assert image.getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize(
    "size", ['viewBox="0 0 ٦٠ ٤٠"', 'width="1e999" height="1e999"', 'viewBox="0 0 inf inf"']
)
def test_a_drawing_with_a_size_of_no_numbers_goes_as_its_source(size):
    attachment = attach(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><path d="M9 9h9" stroke="red"/></svg>'.encode(),
        "x",
        SETTINGS,
    )
    assert attachment.note == "SVG as source, since it tells no size"


def test_a_drawing_with_an_unknown_entity_says_so():
    source = '<!DOCTYPE svg SYSTEM "svg.dtd">' + drawing("<text>a&nbsp;b</text>").decode()
    with pytest.raises(CannotAttach, match=r"cannot be drawn \(undefined entity"):
        attach(source.encode(), "x", SETTINGS)


FONTS = {
    "none": "",
    "one that is not there": 'font-family="No Such Font"',
    "two that are not there": "font-family=\"'No Such Font', Nor This\"",
    "in its style": """style="font-family: 'No Such Font'; fill: black\"""",
    "in its style, with a size": 'style="font: bold 30px No Such Font"',
    "in a style sheet": 'class="label"',
    "that of its group": 'style="font-family: inherit"',
}
SHEET = '<style>.label, .other {font-family: "No Such Font" !important; font-size: 30px}</style>'


@pytest.mark.slow
@pytest.mark.parametrize("font", FONTS)
def test_a_text_whose_font_is_missing_here_is_written_in_another(font):
    text = f'{SHEET}<g font-size="30" font-family="Nor This"><text y="30" {FONTS[font]}>MMM</text></g>'
    text = text if font != "none" else '<text y="30" font-size="30">MMM</text>'
    image = picture_of(attach(drawing(f'{text}<path d="M0 39h60" stroke="red"/>'), "x", SETTINGS))
    assert image.convert("L").getextrema()[0] < 30


def test_html_in_a_drawing_which_a_browser_alone_shows_is_said_to_be_left_out():
    label = (
        '<foreignObject width="9" height="9"><p xmlns="http://www.w3.org/1999/xhtml">Start</p></foreignObject>'
    )
    attachment = attach(drawing(f'<rect width="9" height="9"/>{label}'), "x", SETTINGS)
    assert "without the HTML inside it, which a browser alone draws" in attachment.note


def png(width, height):
    return "data:image/png;base64," + base64.b64encode(encoded(Image.new("1", (width, height)))).decode()


TOO_MUCH = {
    "more than 256 groups inside each other": "<g>" * 12_000 + "</g>" * 12_000,
    "more than 100 steps of filters": '<filter id="f">' + "<feFlood/>" * 101 + "</filter>",
    "more than 250,000 elements": "<g/>" * 250_001,
    "pixels, and 80 million are the most": f'<image width="9" height="9" xlink:href="{png(9_000, 9_000)}"/>',
    "more than 80,000,000 pixels in the pictures": f'<image href="{png(7_000, 6_000)}"/>' * 2,
}


@pytest.mark.parametrize("said", TOO_MUCH)
def test_what_no_process_should_draw_is_refused_before(said, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", None)
    with pytest.raises(CannotAttach, match=said):
        attach(drawing(TOO_MUCH[said]), "x", SETTINGS)


def turbulence(octaves=10**6):
    return drawing(
        f'<filter id="f"><feTurbulence baseFrequency="0.5" numOctaves="{octaves}"/></filter>'
        '<rect width="60" height="40" filter="url(#f)"/>'
    )


def test_a_length_is_read_as_the_renderer_reads_it():
    data = drawing("<path d='M9 9h9' stroke='red'/>", 'viewBox="0 0 100 100"')
    data = data.replace(b'width="60" height="40"', b'width="+1.e+3" height="+1.e+3"')
    assert picture_of(attach(data, "x", SETTINGS)).size == (1536, 1536)


def test_a_drawing_that_comes_out_larger_than_it_said_is_refused(monkeypatch):
    huge = encoded(Image.new("1", (10_000, 9_000)))
    monkeypatch.setattr(svg, "_in_a_process", lambda orders, scale, name: [huge, huge])
    with pytest.raises(CannotAttach, match="80 million are the most"):
        attach(drawing("<g/>"), "x", SETTINGS)


def test_a_drawing_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(svg, "SECONDS", 1)
    with pytest.raises(CannotAttach, match="takes more than 1 seconds or 2 GB to draw: save it as PNG"):
        attach(turbulence(), "x", SETTINGS)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_drawing_that_takes_too_much_memory_is_ended(monkeypatch):
    monkeypatch.setattr(svg, "MEMORY_BYTES", 150_000_000)
    blurred = '<filter id="f"><feGaussianBlur stdDeviation="3"/></filter><g filter="url(#f)">' * 20
    with pytest.raises(CannotAttach, match=r"takes more than 20 seconds or 0\.15 GB to draw"):
        attach(drawing(blurred + '<rect width="60" height="40"/>' + "</g>" * 20), "x", SETTINGS)


def test_parts_that_use_parts_that_use_parts_end_their_own_process_at_most(monkeypatch):
    monkeypatch.setattr(svg, "SECONDS", 1)
    uses = "".join(f'<g id="g{n}">' + f'<use href="#g{n + 1}"/>' * 10 + "</g>" for n in range(12))
    with pytest.raises(CannotAttach, match="x is an SVG drawing that"):
        attach(
            drawing(f'<defs>{uses}<rect id="g12" width="9" height="9"/></defs><use href="#g0"/>'), "x", SETTINGS
        )


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timer that interrupts")
def test_stop_ends_the_drawing_and_leaves_no_process(monkeypatch):
    started = []

    class Watched(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr("subprocess.Popen", Watched)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            attach(turbulence(), "x", SETTINGS)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert all(process.returncode is not None for process in started)


def test_an_empty_drawing_is_refused():
    with pytest.raises(CannotAttach, match="nothing in it"):
        attach(f"{HEAD}/>".encode(), "x", SETTINGS)
