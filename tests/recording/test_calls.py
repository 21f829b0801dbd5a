"""Calls of functions as a file keeps them."""

from pictures import encoded, red
from PIL import Image

from gemini_magics.core.messages import FunctionCall, Media
from gemini_magics.recording.calls import call_as_json, read_call, redrawn


def test_of_the_pictures_of_a_file_those_alone_are_decoded_that_a_call_can_have():
    pages = encoded(Image.new("1", (4_000, 4_000)))  # 2 kB, and a file may have thousands of them
    pictures = (encoded(red()), pages, b"no picture", encoded(red(320, 320)))
    kept = FunctionCall(
        "plot", "{}", "ok", "Drawn.", pictures=tuple(Media("image/png", data) for data in pictures)
    )
    shown = redrawn(read_call(call_as_json(kept))).pictures
    assert [(each.width, each.height) for each in shown] == [(40, 30), (320, 320)]
