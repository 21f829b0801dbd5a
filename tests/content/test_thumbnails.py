"""The small pictures that are kept with an answer."""

import io
from base64 import b64decode

import pytest
from PIL import Image, ImageDraw

from gemini_magics.content.convert import attach
from gemini_magics.content.thumbnails import thumbnails
from gemini_magics.core.messages import Attachment, Media
from gemini_magics.core.settings import Settings
from gemini_magics.notebook.views.updates import PacedView
from gemini_magics.render.answer import Answer


def drawing():
    image = Image.new("RGB", (640, 480), "white")
    ImageDraw.Draw(image).line([(0, 400), (300, 40), (640, 300)], "blue", 4)
    return image


PICTURES = {
    "a drawing": drawing(),
    "noise": Image.effect_noise((800, 600), 120),
    "one with transparency": Image.new("RGBA", (300, 200), (255, 0, 0, 90)),
    "a long one": Image.new("L", (3000, 10), 70),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_kept_small(name):
    [source] = thumbnails([attach(PICTURES[name], "picture", Settings())])
    assert source.startswith(("data:image/png;base64,", "data:image/jpeg;base64,"))
    assert len(source) < 4_096
    assert 1 <= max(Image.open(io.BytesIO(b64decode(source.partition(",")[2]))).size) <= 96


NONE = {
    "a text": Attachment("notes", "text", "some words"),
    "a link": Attachment("far", "image", Media("image/png", url="https://example.org/a.png")),
    "a document": Attachment("paper", "PDF", Media("application/pdf", b"%PDF-1.4 ...")),
    "a broken picture": Attachment("broken", "image", Media("image/png", b"\x89PNG\r\n\x1a\nno more")),
}


@pytest.mark.parametrize("name", NONE)
def test_what_has_no_picture_gets_none(name):
    assert thumbnails([NONE[name]]) == ("",)


def test_the_saved_output_holds_the_picture_with_its_name(shell):
    answer = Answer(attachments=(attach(drawing(), 'fig"><script>', Settings()), NONE["a text"]))
    PacedView().begin(answer)
    html = answer._repr_mimebundle_()[0]["text/html"]
    assert html.count("<img ") == 1
    assert '<img class="gemini-thumbnail" alt="fig&quot;&gt;&lt;script&gt;" src="data:image/' in html
    assert "<script>" not in html
