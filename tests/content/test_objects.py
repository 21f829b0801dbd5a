"""Objects that mean more than their numbers, and those that describe themselves for a model."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import ipywidgets
import numpy as np
import pytest
from pictures import RED, colours_of, encoded, red, wav
from PIL import Image

from gemini_magics import ask
from gemini_magics.content import own_words
from gemini_magics.content.convert import attach
from gemini_magics.core.errors import CannotAttach
from gemini_magics.core.messages import Attachment, Media
from gemini_magics.core.settings import Settings
from gemini_magics.testing import Demo, stream

SETTINGS = Settings()
KEY = "sk-" + "a1" * 12


def raised():
    try:
        try:
            {}["price"]
        except KeyError as error:
            raise ValueError(f"no such column, {KEY}") from error
    except ValueError as error:
        return error


def test_an_exception_goes_with_its_class_its_message_and_its_traceback():
    attachment = attach(raised(), "err", SETTINGS)
    lines = attachment.content.splitlines()
    assert "ValueError: no such column, •••" in lines
    assert "KeyError: 'price'" in lines
    assert any(line.endswith("""{}["price"]""") for line in lines)
    assert attachment.note == "its class, message and traceback"


def test_an_exception_that_was_never_raised_has_its_class():
    assert "KeyError: 'price'" in attach(KeyError("price"), "err", SETTINGS).content


class Own:
    def __init__(self, said):
        self.said = said

    def _ai_repr_(self, **hints):
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


class Later(Own):
    async def _ai_repr_(self, **hints):
        await asyncio.sleep(0)
        return self.said


@pytest.mark.parametrize("kind", [Own, Later])
@pytest.mark.parametrize("said", ["a tree of 3", {"text/plain": "a tree of 3"}, {"text/html": "<p>a tree <b>of 3</b></p>"},
                                  {"image/png": encoded(red()), "text/markdown": "a tree of 3"}])  # fmt: skip
def test_what_an_object_says_for_a_model_comes_first(kind, said):
    attachment = attach(kind(said), "tree", SETTINGS)
    assert attachment.content == "tree:\n```\na tree of 3\n```"
    assert attachment.note == "the object's own words, 11 characters"


def test_it_is_asked_where_a_loop_is_running():
    async def cell():
        return attach(Later("a tree"), "tree", SETTINGS).note

    with ThreadPoolExecutor(1) as thread:  # Playwright keeps a loop running in the main thread of a whole run
        note = thread.submit(asyncio.run, cell()).result()
    assert note == "the object's own words, 6 characters"


def test_a_picture_for_a_model_is_sent_where_there_are_no_words():
    attachment = attach(Own({"image/png": encoded(red())}), "tree", SETTINGS)
    assert colours_of(attachment) == {RED}


def test_the_words_are_masked_and_capped():
    assert KEY not in attach(Own(f"key {KEY}"), "tree", SETTINGS).content
    attachment = attach(Own("x " * 10**6), "tree", SETTINGS)
    assert attachment.note == "the object's own words, 2,000,000 characters, cut to 100,000"
    assert len(attachment.content) < 100_100


@pytest.mark.parametrize("nothing", [None, {}, "", {"application/x-odd": "?"}])
def test_an_object_that_says_nothing_for_a_model_is_what_it_is_else(nothing):
    class Markdown(Own):
        def _repr_markdown_(self):
            return "**odd**"

    assert "**odd**" in attach(Markdown(nothing), "x", SETTINGS).content


def test_an_object_that_fails_to_describe_itself_says_so():
    with pytest.raises(
        CannotAttach, match=r"its _ai_repr_ fails with LookupError: gone\. Name str\(x\) instead"
    ):
        attach(Own(LookupError("gone")), "x", SETTINGS)


@pytest.mark.parametrize("picture", ["odd", ["no bytes"]])
def test_a_picture_for_a_model_that_is_none_is_told_in_one_line(picture):
    with pytest.raises(CannotAttach, match=r"its _ai_repr_ fails with .*\. Name str\(x\) instead"):
        attach(Own({"image/png": picture}), "x", SETTINGS)


def test_an_object_that_is_cancelled_while_it_describes_itself_did_not_take_too_long():
    class Cancelled:
        async def _ai_repr_(self):
            raise asyncio.CancelledError

    with pytest.raises(CannotAttach, match=r"its _ai_repr_ fails with CancelledError\. Name str\(x\) instead"):
        attach(Cancelled(), "x", SETTINGS)


def test_an_object_that_never_stops_describing_itself_is_left_behind(monkeypatch):
    monkeypatch.setattr(own_words, "SECONDS", 0.05)
    end = threading.Event()

    class Endless:
        def _ai_repr_(self):
            end.wait()

    with pytest.raises(CannotAttach, match=r"takes more than 0\.05 seconds to describe itself"):
        attach(Endless(), "x", SETTINGS)
    end.set()


def test_the_chip_of_an_answer_shows_that_the_words_are_the_objects_own():
    with Demo(lambda request: stream("Fine.")) as demo:
        answer = ask("What?", Own("a tree of 3"), service="demo", base_url=demo.base_url)
    assert "the object's own words, 11 characters" in answer._repr_mimebundle_()[0]["text/html"].replace(
        "&#x27;", "'"
    )


class Quantity(np.ndarray):
    """A subclass of an array whose text says more than its numbers."""

    def __str__(self):
        return f"{np.asarray(self)} kg"


def test_an_array_of_a_class_of_its_own_is_sent_as_it_says_it():
    attachment = attach(np.arange(3.0).view(Quantity), "mass", SETTINGS)
    assert "[0. 1. 2.] kg" in attachment.content
    long = attach(np.arange(9999).view(Quantity), "mass", SETTINGS)
    assert ("9998" in long.content, long.note) == (True, "the middle left out")


def test_a_picture_in_an_array_of_a_class_of_its_own_is_one():
    pixels = np.zeros((20, 30, 3), np.uint8).view(Quantity)
    assert attach(pixels, "frame", SETTINGS).kind == "image"


def test_an_object_that_shows_only_html_is_sent_as_its_text():
    class Table:
        def _repr_html_(self):
            return "<style>td {}</style><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>x &lt; y</td></tr></table>"

    assert attach(Table(), "t", SETTINGS).content == "t:\n```\na | b |\n1 | x < y |\n```"


def test_widgets_that_play_go_as_media():
    assert attach(ipywidgets.Audio(value=wav(), format="wav"), "w", SETTINGS).content.type == "audio/wav"
    film = b"\0\0\0\x14ftypisom\0\0\0\0isom" + bytes(50)
    assert attach(ipywidgets.Video(value=film), "w", SETTINGS).kind == "video"
    link = ipywidgets.Video.from_url("https://example.org/a.mp4")
    assert attach(link, "w", SETTINGS).content.url == "https://example.org/a.mp4"


def test_a_chart_of_a_widget_is_drawn():
    import altair

    chart = altair.Chart({"values": [{"x": 1}]}).mark_bar(color="red").encode(x="x:Q")
    assert attach(altair.JupyterChart(chart), "chart", SETTINGS).kind == "chart"


def test_what_follows_the_protocols_of_lazy_arrays_is_refused_at_once():
    class Graph:
        def __dask_graph__(self):
            return {"x": (sum, [1, 2])}

    class Stored:
        shape, dtype, chunks = (4, 4), "float64", (2, 2)

        def __array__(self, dtype=None, copy=None):
            raise AssertionError("read")

    with pytest.raises(CannotAttach, match=r"name x\.compute\(\)"):
        attach(Graph(), "x", SETTINGS)
    with pytest.raises(CannotAttach, match=r"name a slice of it, such as x\[:100\]"):
        attach(Stored(), "x", SETTINGS)


def test_a_thumbnail_does_not_ask_an_object_for_its_words():
    from gemini_magics.notebook.panel import gallery

    class Chart(Own):
        def _repr_png_(self):
            return encoded(red())

    thing = gallery.Thing("chart", "chart", Chart(AssertionError("asked")))
    assert gallery.thumb(thing, SETTINGS).startswith("data:image/png;base64,")


def test_a_broken_or_huge_picture_of_an_imported_chat_has_no_thumbnail():
    from gemini_magics.notebook.panel import gallery

    whole = encoded(red())
    huge = encoded(Image.new("1", (12_000, 12_000)))
    for data in (whole[:60], huge):
        assert gallery.small_picture(Attachment("x", "image", Media("image/png", data))) == ""


def test_what_an_object_says_and_a_traceback_are_masked_as_what_ran_is():
    from gemini_magics.notebook.masking import masked_past

    for value in (Own("the word is hunter2222"), ValueError("hunter2222")):
        attachment = masked_past(attach(value, "x", SETTINGS), {"DB_PASSWORD": "hunter2222"})
        assert "hunter2222" not in attachment.content
