from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from hostile import HOST, TEXTS

from gemini_magics.core.answer import close, fold
from gemini_magics.core.messages import (
    Attachment,
    Calling,
    Citation,
    Finished,
    FunctionCall,
    Media,
    Opened,
    Text,
    Thinking,
    Waiting,
)  # fmt: skip
from gemini_magics.render.answer import Answer
from gemini_magics.render.calls import call_html, call_text, calling_html
from gemini_magics.render.html import anchor
from gemini_magics.render.markdown import Blocks, render
from gemini_magics.render.static_output import bundle
from gemini_magics.render.style import STYLE

pytestmark = pytest.mark.thorough

# Everything that an answer's HTML may hold. A text of any origin adds to it nothing but characters.
CLASS = r"(gemini-[a-z]+|jp-toc-ignore)"
REST = r"[^\s\"<>\\]*"
LINK = rf"(https?://[\w.-]+(:\d+)?([/?#]{REST})?|mailto:[\w.+-]+@[\w.-]+(\?{REST})?)"
ALLOWED = {
    "a": {"href": LINK, "target": "_blank", "rel": "noopener noreferrer"},
    "div": {"class": CLASS, "tabindex": "0", "style": "overflow:auto", "dir": "auto"},
    "details": {"class": CLASS, "open": ""},
    "ol": {"start": r"\d{1,9}"},
    "pre": {"class": CLASS, "tabindex": "0"},
    "li": {"class": CLASS},
    "img": {"alt": "", "src": r"data:image/png;base64,[A-Za-z0-9+/]+=*"},
    **{tag: {"style": "text-align:(left|right|center)"} for tag in ("td", "th")},
    **{tag: {"class": CLASS} for tag in ("p", "span", "sup", "h2", "h3", "h4", "h5", "h6")},
    **{
        tag: {}
        for tag in (
            "style", "summary", "bdi", "small", "table", "thead", "tbody", "tr", "ul", "blockquote",
            "code", "strong", "em", "s", "hr", "br", "sub",
        )
    },
}  # fmt: skip
EMPTY = {"hr", "br", "img"}
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u206f\U000e0000-\U000e007f\ud800-\udfff]")
FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a]{5}\U000e007f")
DOES_MORE_THAN_DRAW = re.compile(
    r"\\(href|url|style|class|cssId|data|bbox|mmlToken|require|unicode|include|def|gdef|let|new|renew|set|html)"
)


class Inspector(HTMLParser):
    """Reads HTML and objects to whatever is not on the list."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.text: list[str] = []
        self.hosts: list[str] = []

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED, tag
        assert len(dict(attributes)) == len(attributes), attributes
        for name, value in attributes:
            assert re.fullmatch(ALLOWED[tag].get(name, "(?!)"), value or ""), (tag, name, value)
            if name == "href":
                self.hosts.append(value)
        if tag == "a":
            assert set(dict(attributes)) == {"href", "target", "rel"}
            assert "a" not in self.inside
        if tag not in EMPTY:
            self.open.append((tag, dict(attributes).get("class", "")))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        assert not UNSEEN.search(FLAG.sub("", data))
        classes = {name for _, name in self.open}
        if "style" in self.inside:
            assert HOST not in data
            assert set(re.findall(r"\{(.*?)\}", data)) <= OUR_DECLARATIONS
        elif "gemini-math" in classes:
            assert not DOES_MORE_THAN_DRAW.search(data)
        elif not self.inside & {"code", "pre"}:  # where MathJax does not look either
            assert data in "$\\" or not re.search(r"[$\\]", data), data
        self.text.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment

    @property
    def inside(self):
        return {tag for tag, _ in self.open}


def squeezed(css):
    return re.sub(r"\s*([;:,{}])\s*", r"\1", css).replace(";}", "}")


OUR_DECLARATIONS = set(re.findall(r"\{(.*?)\}", squeezed(STYLE)))


def inspect(html):
    html.encode()  # it goes into a file of UTF-8
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    assert inspector.open == []
    return inspector


def answered(**about):
    answer = Answer(service="kie", model="gemini-3.1-pro", effort="high", **about)
    fold(answer, Text("Yes."))
    return answer


def ended(answer, **how):
    close(answer, **how)
    return answer


def thinking(text):
    answer = Answer()
    fold(answer, Thinking(text))
    fold(answer, Text("Yes."))
    return ended(answer, ended="stop")


def waiting(text):
    answer = Answer()
    fold(answer, Waiting(text, 8))
    return answer


def named_by_the_service(text):
    answer = answered()
    fold(answer, Opened(text, text))
    return ended(answer, ended="stop")


def finished(text):
    answer = answered()
    fold(answer, Finished(text))
    return ended(answer)


def text_of(text):
    answer = Answer()
    fold(answer, Text(text))
    return ended(answer, ended="stop")


def cited(text):
    answer = answered()
    for citation in (Citation(text, text, 0, 3), Citation(f"https://{HOST}/{text}", text, 0, 4)):
        fold(answer, citation)
    return ended(answer, ended="stop")


def attached(text):
    table = Attachment(text, text, "a,b", note=text)
    return ended(answered(attachments=(table,)), ended="stop")


PLACES = {
    "the text": text_of,
    "the thoughts": thinking,
    "the growing text": lambda text: answer_so_far(Text(text)),
    "the growing thoughts": lambda text: answer_so_far(Thinking(text)),
    "an error": lambda text: ended(answered(), ended="failed", problem=text),
    "why it waits": waiting,
    "the model's name": named_by_the_service,
    "why it ended": finished,
    "a source": cited,
    "an attachment": attached,
    "a recording": lambda text: ended(answered(recorded=text, redrawn=(text,)), ended="stop"),
    "the settings": lambda text: ended(Answer(service=text, effort=text), ended="stop"),
}


def answer_so_far(event):
    answer = Answer()
    fold(answer, event)
    return answer


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_only_characters_wherever_it_stands(name, place):
    shown = bundle(PLACES[place](TEXTS[name]))
    inspect(shown["text/html"])
    assert not UNSEEN.search(shown["text/plain"])
    assert set(shown) == {"text/html", "text/plain"}


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_only_characters_while_it_grows(name):
    blocks, text = Blocks(), TEXTS[name][:3_000]
    for start in range(0, len(text), 300):
        blocks.add(text[start : start + 300])
        for _, html in blocks.changes():
            inspect(html)


@pytest.mark.parametrize("name", [name for name in TEXTS if name.startswith("link: javascript")])
def test_no_link_is_made_of_a_script(name):
    assert inspect(render(TEXTS[name])).hosts == []
    assert inspect(anchor(TEXTS[name][4:-1], "x")).hosts == []


def test_a_link_shows_where_it_leads():
    shown = "".join(
        inspect(render(f"[https://good.example](https://{HOST}/x) [good.example](http://{HOST})")).text
    )
    assert shown.split() == ["https://good.example", f"({HOST})", "good.example", f"({HOST})"]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "JAVASCRIPT:x",
        "data:text/html,x",
        "//evil.example", "/api", "#x", "", "https://", "https:evil.example", "http:/x", "https://a@b.example/",
        "https://a\\@b/", "ftp://a.example/", "mailto:", "mailto:x", "https://a b/",
    ],
)  # fmt: skip
def test_an_odd_address_is_no_link(url):
    assert "<a" not in anchor(url, "words")


def test_pictures_are_links_that_say_that_they_were_not_loaded():
    shown = inspect(render(f"![a *plot*](https://{HOST}/p.png)"))
    assert shown.hosts == [f"https://{HOST}/p.png"]
    assert "".join(shown.text).strip() == f"[image: a plot] ({HOST}, not loaded)"


def test_the_thoughts_cannot_be_left_from_inside():
    html = bundle(thinking(TEXTS["markup: end of the thoughts"]))["text/html"]
    assert html.count("<details") == html.count("</details>") == 1
    assert html.index("window.hacked") < html.index("</details>")


@pytest.mark.parametrize(
    "hidden, seen",
    [
        ("user\u202e\u2066// admin", "user⟨U+202E⟩⟨U+2066⟩// admin"),
        ("`a\u200bb`", "a⟨U+200B⟩b"),
        ("```\nif a\u2028b\u200f:\n```", "if a⟨U+2028⟩b⟨U+200F⟩:"),
        ("\x1b[31mred", "␛[31mred"),
        ("hi\U000e0048\U000e0049", "hi⟨U+E0048⟩⟨U+E0049⟩"),
        ("\U0001f600\U000e0100\U000e0101", "\U0001f600⟨U+E0100⟩⟨U+E0101⟩"),
        ("a\ud800b\x85c", "a\ufffdb\\x85c"),
    ],
)
def test_what_hides_is_seen(hidden, seen):
    assert "".join(inspect(render(hidden)).text).strip() == seen


@pytest.mark.parametrize(
    "text",
    ["👩\u200d👩\u200d👧 ❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می\u200cخواهم", "עברית (abc)\u200f!", "क्\u200dष", "co\u00adoperate"],
)
def test_what_writing_needs_stays(text):
    assert "".join(inspect(render(text)).text).strip() == text


@pytest.mark.parametrize(
    "text", ["> " * 40 + "deep", "- " * 40 + "deep", "**a *b " * 40 + "deep" + "*  **" * 40]
)
def test_what_is_nested_too_deeply_is_not_lost(text):
    assert "deep" in "".join(inspect(render(text)).text)


PIXEL = Media("image/png", b"\x89PNG")
CALL_PLACES = {
    "the name": lambda text: FunctionCall(text, "{}", "ok", "3"),
    "the arguments": lambda text: FunctionCall("f", json.dumps({text: [text]}), "ok", "3"),
    "arguments that are not JSON": lambda text: FunctionCall("f", text, "failed", "No."),
    "the result": lambda text: FunctionCall("f", "{}", "ok", text, pictures=(PIXEL,)),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_call_adds_nothing_but_characters_to_its_row(text):
    for place in CALL_PLACES.values():
        call = place(text)
        inspect(call_html(call))
        inspect(calling_html(Calling(call.name, call.arguments)))
        assert not UNSEEN.search(FLAG.sub("", call_text(call)))


def test_an_answer_with_hostile_calls_shows_them_in_their_places():
    answer = Answer()
    for text in list(TEXTS.values())[:10]:
        for event in (Thinking(text), Text(text), *(place(text) for place in CALL_PLACES.values())):
            fold(answer, event)
    inspect(bundle(ended(answer, ended="stop"))["text/html"])


def test_a_picture_that_is_not_png_or_too_large_stays_out_of_a_row():
    for media in (Media("image/svg+xml", b"<svg/>"), Media("image/png", bytes(500_000))):
        assert "<img" not in call_html(FunctionCall("f", "{}", "ok", "3", pictures=(media,)))
