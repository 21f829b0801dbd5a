"""The demo service: it really opens what it is sent, refuses what the real one refuses, and says what it is."""

import io
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import wave
from base64 import b64encode
from pathlib import Path

import httpx
import pandas as pd
import polars as pl
import pytest
from matplotlib.figure import Figure
from patience import PATIENCE_S
from PIL import Image, ImageFile

from gemini_magics.chat.run import service_of
from gemini_magics.content.convert import attach
from gemini_magics.core.answer import fold
from gemini_magics.core.errors import BadRequest
from gemini_magics.core.messages import Message
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings
from gemini_magics.demo import answers
from gemini_magics.demo.inspect import colour_name, count_pages, tables
from gemini_magics.demo.server import address
from gemini_magics.render.answer import Answer
from gemini_magics.service.delivery import Delivery, credits_left
from gemini_magics.service.services import find
from gemini_magics.testing import Act, Demo, Head, stream


@pytest.fixture(scope="module")
def demo():
    with Demo(words_per_s=0) as running:
        yield running


def post(demo, *parts, **fields):
    """Post the parts of one message as they are."""
    content = [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]
    fields = {"messages": [{"role": "user", "content": content}], "stream": False, **fields}
    url = demo.base_url.format(model="gemini-3.1-pro") + "/chat/completions"
    return httpx.post(url, json=fields, timeout=PATIENCE_S)


def image_url(url):
    return {"type": "image_url", "image_url": {"url": url}}


def data_uri(media_type, data):
    return image_url(f"data:{media_type};base64,{b64encode(data).decode()}")


def said(response):
    return response.json()["choices"][0]["message"]["content"]


def ask(demo, *things, prompt="What is this?", messages=(), **settings):
    """Ask the way a cell does; return the folded answer."""
    chosen = Settings(service="demo", base_url=demo.base_url, **settings)
    parts = (*(attach(value, name, chosen) for name, value in things), prompt)
    answer = Answer()
    for batch in Delivery(Question((*messages, Message("user", parts)), chosen), find(chosen)).batches():
        for event in batch:
            fold(answer, event)
    return answer


def png(mode="RGB", size=(4, 3), colour="red"):
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return file.getvalue()


# What it says --------------------------------------------------------------------------------------


def test_every_answer_says_that_it_is_a_stand_in(demo):
    for settings in ({}, {"effort": "low"}, {"thoughts": False}, {"stream": False}, {"search": True}):
        answer = ask(demo, **settings)
        assert answer.text.startswith("**This is the stand-in, not Gemini.**")
        assert (answer.ended, answer.model) == ("stop", "gemini-3.1-pro")


def test_streamed_or_whole_the_answer_is_the_same(demo):
    streamed, whole = ask(demo, prompt="A formula, please"), ask(demo, prompt="A formula, please", stream=False)
    assert (streamed.text, streamed.thinking, streamed.usage) == (whole.text, whole.thinking, whole.usage)
    assert streamed.text and streamed.thinking


def test_thoughts_come_with_titles_fewer_at_low_effort_and_none_when_not_asked_for(demo):
    titles = re.compile(r"^\*\*.+\*\*$", re.MULTILINE)
    assert len(titles.findall(ask(demo).thinking)) == 3
    assert len(titles.findall(ask(demo, effort="low").thinking)) == 1
    assert ask(demo, thoughts=False).thinking == ""


def test_a_search_brings_sources_that_are_said_to_be_none(demo):
    answer = ask(demo, search=True)
    assert [source.url for source in answer.citations] == [
        "https://example.org/stand-in",
        "https://example.com/another-stand-in",
    ]
    [place] = {(source.start, source.end) for source in answer.citations}
    assert "stand-in cannot search" in answer.text[slice(*place)]
    assert ask(demo).citations == []


@pytest.mark.parametrize(
    "wish, sign", {"a formula": "$$", "some Python code": "```python", "a table": "|---|"}.items()
)
def test_a_wish_is_met_with_something_to_look_at(demo, wish, sign):
    thing = ("image", Image.new("RGB", (4, 3)))
    assert sign in ask(demo, thing, prompt=f"Give {wish}.").text
    assert sign not in ask(demo, thing, prompt="Well?").text


def test_it_counts_the_question_and_what_came_before(demo):
    messages = (Message("user", ("One?",)), Message("assistant", ("Two.",)))
    text = ask(demo, prompt="Is this so?", messages=messages, system="Be brief.").text
    for line in (
        "“Is this so?”: 11 characters, 3 words",
        "standing instructions: 9 characters",
        "conversation: 2 messages",
    ):
        assert line in text


def test_a_question_is_quoted_and_not_read_as_markdown(demo):
    assert "“\\*\\*bold\\*\\* [x\\](y) \\<b\\>”" in ask(demo, prompt="**bold** [x](y) <b>").text


# What it sees --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "picture, seen",
    {
        png(): "PNG, 4 × 3 pixels, mean colour red `#ff0000`",
        png("RGBA", (10, 20), (0, 0, 255, 255)): "PNG, 10 × 20 pixels, mean colour blue `#0000ff`",
        png("RGBA", (10, 20), (0, 0, 255, 0)): "PNG, 10 × 20 pixels, mean colour white `#ffffff`",
        png("L", (5, 5), 128): "PNG, 5 × 5 pixels, mean colour grey `#808080`",
        png("1", (5, 5), 0): "PNG, 5 × 5 pixels, mean colour black `#000000`",
        png()[:40]: "which Pillow cannot read",
        b"": "which Pillow cannot read, 0 B",
    }.items(),
)
def test_a_picture_is_opened_and_measured(demo, picture, seen):
    assert f"picture: {seen}" in said(post(demo, "Well?", data_uri("image/png", picture)))


def test_the_mean_colour_is_a_mean(demo):
    halves = Image.new("RGB", (10, 10), "black")
    halves.paste("white", (0, 0, 5, 10))
    assert "mean colour grey `#808080`" in ask(demo, ("halves", halves)).text


def test_a_figure_is_called_by_its_name(demo):
    figure = Figure(figsize=(4, 3))
    figure.subplots().plot([1, 2, 1])
    assert re.search(r"- `fig`: picture, PNG, \d+ × \d+ pixels, mean colour", ask(demo, ("fig", figure)).text)


def test_a_bomb_of_a_picture_is_not_even_opened(demo):
    assert "cannot read" in said(post(demo, "Well?", data_uri("image/png", png("1", (20_000, 20_000), 0))))


def test_a_picture_of_too_many_pixels_is_not_decoded(demo, monkeypatch):
    huge = png("1", (9000, 9000), 0)

    def load(image):
        raise AssertionError(f"{image.size} was decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    text = said(post(demo, "Well?", data_uri("image/png", huge)))
    assert "9000 × 9000 pixels, too many to decode here" in text


def pdf(pages):
    file = io.BytesIO()
    first, *rest = [Image.new("RGB", (10, 10))] * pages
    first.save(file, "PDF", save_all=True, append_images=rest)
    return file.getvalue()


@pytest.mark.parametrize("pages", [1, 3])
def test_the_pages_of_a_pdf_are_counted(demo, pages):
    seen = f"PDF: {pages} page{'s' if pages > 1 else ''}, "
    assert seen in said(post(demo, "Well?", data_uri("application/pdf", pdf(pages))))


def test_pages_in_compressed_object_streams_are_counted_too():
    import zlib

    objects = zlib.compress(
        b"1 0 2 50 << /Type /Page /Parent 3 0 R >> << /Type/Page >> << /Type /Pages /Count 2 >>"
    )
    stream = b"<< /Type /ObjStm /N 3 /Filter /FlateDecode >>\nstream\r\n" + objects + b"\nendstream"
    assert count_pages(b"%PDF-1.5\n" + stream) == 2
    assert count_pages(b"<< /Type /ObjStm >> stream\nnot zlib") == 0


def test_sound_and_film_are_told_by_type_length_and_size(demo):
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16000 * 2))
    assert "audio: audio/wav, 2.0 s, 32.0 kB" in said(
        post(demo, "Well?", data_uri("audio/wav", file.getvalue()))
    )
    assert "video: video/mp4, 5 B" in said(post(demo, "Well?", data_uri("video/mp4", b"12345")))


def test_a_link_is_named_and_not_opened(demo):
    with Demo([stream("x")]) as elsewhere:
        assert "link: to 127.0.0.1, which" in said(post(demo, "Well?", image_url(elsewhere.origin + "/x.png")))
        assert not elsewhere.requests


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_the_rows_and_columns_of_a_table_are_counted(demo, library):
    text = ask(demo, ("df", library.DataFrame({"a|b": range(100), "c": range(100)}))).text
    columns = "3 columns with the index" if library is pd else "2 columns"
    assert f"`df`: table, 60 rows × {columns}, of a {library.__name__} DataFrame, 100 rows × 2 columns" in text
    assert "“What is this?”: 13 characters" in text


def test_a_table_in_the_question_is_found_and_stays_its_text(demo):
    prompt = "Sum this:\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n\nThanks"
    text = ask(demo, prompt=prompt).text
    assert "- table: 3 rows × 2 columns" in text and f"{len(prompt)} characters" in text


def test_what_looks_like_a_table_and_is_none_is_not_counted():
    assert (
        tables("| a |\n| b |\n") == []
        and tables("a | b\n---\n") == []
        and tables("|x|\n|-|\n")[0].said == "0 rows × 1 column"
    )


def test_a_part_that_the_service_would_drop_is_named(demo):
    assert "of type video_url, which the service drops" in said(post(demo, "Well?", {"type": "video_url"}))


@pytest.mark.parametrize(
    "colour, name",
    {
        "#000000": "black", "#ffffff": "white", "#888888": "grey", "#dddddd": "light grey",
        "#333333": "dark grey", "#ff0000": "red", "#ff8800": "orange", "#ffee00": "yellow",
        "#00aa00": "green", "#00ffff": "cyan", "#0000ff": "blue", "#000066": "dark blue",
        "#aaccff": "light blue", "#9900ff": "purple", "#ff00aa": "pink",
    }.items(),
)  # fmt: skip
def test_colours_have_the_names_that_people_give_them(colour, name):
    assert colour_name(*bytes.fromhex(colour[1:])) == name


def test_tokens_are_sane_and_nothing_is_charged(demo):
    bare, pictured = ask(demo).usage, ask(demo, ("image", Image.new("RGB", (400, 300)))).usage
    assert 1120 <= pictured.prompt_tokens - bare.prompt_tokens <= 1130
    assert 0 < bare.reasoning_tokens < bare.completion_tokens
    assert bare.total_tokens == bare.prompt_tokens + bare.completion_tokens
    assert pictured.credits is bare.credits is None  # a stand-in costs nothing


# What it refuses -----------------------------------------------------------------------------------

REFUSED = {
    "a blank text": ([" \n"], {}, "Message content is null"),
    "no text": ([{"type": "text", "text": None}], {}, "Message content is null"),
    "no url": ([{"type": "image_url", "image_url": {}}], {}, "needs a url"),
    "no base64": ([image_url("data:image/png;base64,@@")], {}, "cannot be read"),
    "no messages": ([], {"messages": []}, "at least one"),
    "a text for parts": ([], {"messages": [{"role": "user", "content": "Hi"}]}, "array of parts"),
    "a wrong role": ([], {"messages": [{"role": "me", "content": []}]}, "role"),
    "an unknown field": (["Hi"], {"model": "x"}, "Unknown field model"),
    "an unknown effort": (["Hi"], {"reasoning_effort": "medium"}, "low or high"),
    "an unknown tool": (["Hi"], {"tools": [{"type": "function"}]}, "a function with a name"),
}


@pytest.mark.parametrize("parts, fields, words", REFUSED.values(), ids=REFUSED)
def test_it_refuses_what_the_service_refuses(demo, parts, fields, words):
    response = post(demo, *parts, **fields)
    assert response.status_code == 400 and words in response.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_refused(demo, body):
    url = demo.base_url.format(model="gemini-3.1-pro") + "/chat/completions"
    response = httpx.post(url, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400


def test_paths_and_models_that_do_not_exist_are_refused(demo):
    assert httpx.get(demo.origin + "/nothing").json()["code"] == 404
    assert httpx.post(demo.origin + "/gpt-1/v1/chat/completions", json={}).json()["code"] == 422
    assert httpx.put(demo.origin + "/").status_code == 501


def test_a_demo_with_a_key_takes_that_one_only():
    with Demo(words_per_s=0, key="right") as demo:
        assert post(demo, "Hi").json()["code"] == 401
        url = demo.base_url.format(model="gemini-3.1-pro") + "/chat/completions"
        fine = httpx.post(url, json={"messages": []}, headers={"Authorization": "Bearer right"})
        assert fine.status_code == 400  # it got as far as the messages


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Content-Type": "text/plain"}], ids=["another name", "a form"]
)
def test_a_web_page_cannot_use_it(demo, headers):
    url = demo.base_url.format(model="gemini-3.1-pro") + "/chat/completions"
    asked = json.dumps({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]})
    headers = {"Content-Type": "application/json", **headers}
    assert httpx.post(url, content=asked, headers=headers).status_code in (400, 403)
    assert httpx.options(url).status_code == 501


@pytest.mark.parametrize("length", ["99999999999", "-1", "much"])
def test_a_body_without_a_sane_length_is_not_waited_for(demo, length):
    with socket.create_connection(("127.0.0.1", int(demo.origin.rpartition(":")[2]))) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n".encode())
        assert b" 413 " in connection.recv(100)


# The server ----------------------------------------------------------------------------------------


def test_it_listens_on_this_machine_alone(demo):
    assert demo._server.server_address[0] == "127.0.0.1"


def test_the_demo_of_the_session_starts_once_and_answers():
    found = []
    threads = [threading.Thread(target=lambda: found.append(address())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    settings = Settings(service="demo")
    assert credits_left(service_of(settings), settings) == 1000.0


def test_its_pace_can_be_read():
    with Demo(words_per_s=2000) as demo:
        n_words = len(ask(demo, effort="low", thoughts=False).text.split())
        reply = answers.answer(demo.requests[0], words_per_s=100, key=None)
        pauses_s = [step for step in reply if isinstance(step, float)]
    assert sum(pauses_s) == pytest.approx(n_words / 100, rel=0.2)
    assert max(pauses_s) < 0.2  # none of them is long


def test_requests_are_kept_as_they_came():
    with Demo([stream("One"), stream("Two")], keep=2) as demo:
        for n in range(3):
            post(demo, f"Question {n}")
        assert [r.json["messages"][0]["content"][0]["text"] for r in demo.requests] == [
            "Question 1",
            "Question 2",
        ]
        assert demo.requests[0].headers["content-type"] == "application/json"
        assert said_in_stream(post(demo, "More")) == "Two"


def said_in_stream(response):
    return "".join(re.findall(r'"content": "(.*?)"', response.text))


def test_a_script_can_answer_what_was_asked():
    with Demo(lambda request: stream(request.path, request.method)) as demo:
        assert said_in_stream(post(demo, "Hi")) == "/gemini-3.1-pro/v1/chat/completionsPOST"


def test_an_empty_step_of_a_script_does_not_end_its_reply():
    beginning, *rest = stream("One")
    with Demo([[beginning, b"", *rest]]) as demo:
        assert said_in_stream(post(demo, "Hi")) == "One"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (stream("Hello"), "A reply is a list of steps, not Head"),  # the brackets of the list are forgotten
        (["Hello"], "A reply is a list of steps, not str"),
        ([b"Hello"], "A reply is a list of steps, not bytes"),
        ([stream("Hello"), None], "A reply is a list of steps, not NoneType"),
        ("Hello", "A script is a list of replies or a function that returns one, not str"),
        ({"Hi": stream("Hello")}, "A script is a list of replies or a function that returns one, not dict"),
    ],
)
def test_a_script_that_no_server_can_play_is_refused_where_it_is_written(script, words):
    with pytest.raises(BadRequest) as raised:
        Demo(script)
    assert str(raised.value) == f'{words}: write Demo([stream("Hello")]).'


@pytest.mark.parametrize("pace", [float("nan"), -1, "fast", 10**400])
def test_a_pace_that_no_answer_can_have_is_refused_where_it_is_written(pace):
    with pytest.raises(BadRequest, match="words_per_s must be a number from 0 to 1,000,000, not"):
        Demo(words_per_s=pace)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ([Head(), "Hello"], "'Hello' is not a step of a reply: a step is a Head, bytes, a number of seconds"),
        ("Hello", "A reply is a list of steps, not str"),
    ],
)
def test_a_wrong_step_of_a_function_is_named_on_stderr(reply, words, capfd):
    with Demo(lambda request: reply) as demo, pytest.raises(httpx.RemoteProtocolError):
        post(demo, "Hi")
    assert words in capfd.readouterr().err


def test_closing_lets_go_of_those_who_wait():
    def reply(request):
        yield Head()
        threading.Thread(target=demo.close).start()
        yield Act.HANG

    demo = Demo(reply)
    with pytest.raises(httpx.RemoteProtocolError):
        post(demo, "Hi")
    with pytest.raises(httpx.ConnectError):
        post(demo, "Hi")


# By hand -------------------------------------------------------------------------------------------


def run(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "gemini_magics", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        preexec_fn=_hear_ctrl_c, **options,
    )  # fmt: skip


def _hear_ctrl_c():
    # A shell lets the programs that it starts in the background ignore it, and so all that they start.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_by_hand_it_says_where_it_is_answers_and_ends_with_ctrl_c():
    with run("demo", "--words-per-s", "0") as process:
        first = process.stdout.readline()
        origin = re.search(r"http://127\.0\.0\.1:\d+", first)[0]
        assert httpx.get(origin + "/api/v1/chat/credit").json()["data"] == 1000.0
        process.send_signal(signal.SIGINT)
        out, err = process.stdout.read(), process.stderr.read()
    assert (process.returncode, err) == (0, "")
    assert f'%config GeminiMagics.base_url = "{origin}/{{model}}/v1"' in out


def test_by_hand_a_port_that_is_taken_is_named_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with run("demo", "--port", port) as process:
            _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert err.count("\n") == 1 and f"Port {port} cannot be used" in err


def test_by_hand_a_pace_that_is_no_number_from_0_is_refused_in_one_line():
    with run("demo", "--words-per-s", "nan") as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (1, "")
    assert err.count("\n") == 1 and "must be a number from 0" in err


def test_by_hand_help_tells_what_it_does():
    with run("demo", "--help") as process:
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "--port" in out and "--words-per-s" in out and "not Gemini" in out
