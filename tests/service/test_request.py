import json
from dataclasses import fields

import pytest

from gemini_magics import ask
from gemini_magics.core.errors import BadRequest, CannotAttach
from gemini_magics.core.messages import Attachment, Media, Message
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings
from gemini_magics.notebook.options import BATCH_ONLY, FLAGS
from gemini_magics.service import request, services
from gemini_magics.testing import Demo, stream
from gemini_magics.testing import body as reply

PNG = Media("image/png", b"\x89PNG\r\n\x1a\n", width=1, height=1)
PDF = Media("application/pdf", b"%PDF-1.7")
WAV = Media("audio/x-wav", b"RIFF")
MP3 = Media("audio/mpeg", b"ID3")
MP4 = Media("video/mp4", b"ftyp")
LINK = Media("", url="https://example.org/a.png")


def body(*parts, turns=(), service="kie", **settings):
    chosen = Settings(service=service, **settings)
    return request.body(Question((*turns, Message("user", parts or ("hi",))), chosen), services.find(chosen))


def content(*parts, **settings):
    return body(*parts, **settings)["messages"][-1]["content"]


def text(words):
    return {"type": "text", "text": words}


def image(url):
    return {"type": "image_url", "image_url": {"url": url}}


PLAIN = {
    "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    "stream": True,
    "reasoning_effort": "high",
    "include_thoughts": True,
}
CHANGES = {  # settings -> what the request to kie has that it has not without them
    ("effort", "low"): {"reasoning_effort": "low"},
    ("thoughts", False): {"include_thoughts": False},
    ("search", True): {"tools": [{"type": "function", "function": {"name": "googleSearch"}}]},
    ("stream", False): {"stream": False},
    ("system", "Be brief."): {
        "messages": [{"role": "system", "content": [{"type": "text", "text": "Be brief."}]}, *PLAIN["messages"]]
    },
    ("extra", (("temperature", 0.5),)): {"temperature": 0.5},
}


def test_kie_gets_exactly_the_documented_fields():
    assert body() == PLAIN
    assert set(body(search=True)) == {"messages", "stream", "tools", "include_thoughts", "reasoning_effort"}


@pytest.mark.parametrize(("option", "change"), CHANGES.items(), ids=[name for name, _ in CHANGES])
def test_an_option_changes_exactly_its_own_field(option, change):
    name, value = option
    assert body(**{name: dict(value) if name == "extra" else value}) == PLAIN | change


TYPED = {  # what is typed -> what the request has that it has not without it
    "": {},
    "--effort low": CHANGES["effort", "low"],
    "--effort=high": {},
    "--no-thoughts": CHANGES["thoughts", False],
    "--thoughts": {},
    "--search": CHANGES["search", True],
    "--no-stream": CHANGES["stream", False],
    "--stream": {},
    '--system "Be brief."': CHANGES["system", "Be brief."],
    '--extra {"temperature":0.5}': CHANGES["extra", (("temperature", 0.5),)],
    "--service kie": {},
    "--model gemini-x": {},
    "--to reply": {},
    "--drop-stale": {},
    "--with-partial": {},
    "--fresh": {},
    "--allow-outside": {},
    "--as-image": {},
}


@pytest.mark.parametrize("cell", ["%%gemini {}\nhi", "%gemini {} hi"], ids=["cell", "line"])
@pytest.mark.parametrize("line", TYPED)
def test_an_option_that_is_typed_changes_exactly_its_own_field(shell, kie, cell, line):
    shell.run(cell.format(line))
    [request] = kie.requests
    assert request.json == PLAIN | TYPED[line]
    model = "gemini-x" if line.startswith("--model") else "gemini-3.1-pro"
    assert request.path == f"/{model}/v1/chat/completions"


@pytest.fixture
def kie(shell):
    """A service that takes what kie takes, and answers as it is asked to: in events, or at once."""

    def answer(request):
        if request.json["stream"]:
            return stream("Fine.")
        message = {"role": "assistant", "content": "Fine."}
        return reply({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    with Demo(answer) as demo:
        shell.run(f"%config GeminiMagics.base_url = {demo.base_url!r}")
        yield demo


def test_every_option_but_those_with_tests_of_their_own_is_in_the_table_of_what_is_typed():
    flags = {line.replace("=", " ").split()[0] for line in TYPED if line}
    elsewhere = {
        "--chat",
        "--no-chat",
        "--point",
        "--schema",
        "--code",
        "--dry-run",
        "--tier",
        "--over",
        "--compare",
        "--tool",
        "--background",
    }
    elsewhere |= {f"--{name.replace('_', '-')}" for name in BATCH_ONLY}
    assert flags | elsewhere == set(FLAGS)


def test_an_option_that_is_not_in_the_table_changes_nothing_in_the_request():
    options = {field.name for field in fields(Settings) if field.metadata["flag"]}
    in_the_table = {name for name, _ in CHANGES}
    assert in_the_table <= options
    for name in options - in_the_table - {"service", "tier", "point"}:  # which have tables below
        assert body(**{name: _another(name)}) == PLAIN, name


def _another(name):
    """A value of a setting that is not its default."""
    setting = next(field for field in fields(Settings) if field.name == name)
    if setting.metadata["choices"]:
        return next(choice for choice in setting.metadata["choices"] if choice != setting.default)
    match setting.default:
        case bool() as default:
            return not default
        case int() | float() as default:
            return default + 1
        case _:
            return "another"


def test_the_model_is_in_the_address_or_in_the_body_as_the_service_has_it():
    def asked(**settings):
        service = services.find(Settings(**settings))
        return request.url(service), body(**settings).get("model")

    local = "http://127.0.0.1:8080"
    assert asked() == ("https://api.kie.ai/gemini-3.1-pro/v1/chat/completions", None)
    assert asked(model="a b/c") == ("https://api.kie.ai/a%20b%2Fc/v1/chat/completions", None)
    assert asked(base_url=local + "/v1/") == (local + "/v1/chat/completions", None)
    assert asked(base_url=local, model="m") == (local + "/chat/completions", "m")
    assert asked(base_url=local + "/{model}/v1", model="m") == (local + "/m/v1/chat/completions", None)
    assert asked(service="demo", base_url=local) == (local + "/chat/completions", None)
    assert asked(service="google")[1] == "gemini-3.1-pro-preview"
    assert asked(service="openrouter", model="x/y") == ("https://openrouter.ai/api/v1/chat/completions", "x/y")
    assert asked(service="openai", base_url=local, model="m") == (local + "/chat/completions", "m")


SPELLINGS = {  # service, settings -> everything that is sent beside model and messages
    ("google", ()): {
        "stream": True,
        "stream_options": {"include_usage": True},
        "extra_body": {"google": {"thinking_config": {"include_thoughts": True, "thinking_level": "high"}}},
    },
    ("google", (("thoughts", False), ("effort", "minimal"), ("stream", False))): {
        "stream": False,
        "reasoning_effort": "minimal",
    },
    ("openrouter", ()): {"stream": True, "reasoning": {"effort": "high"}},
    ("openrouter", (("thoughts", False), ("effort", "low"), ("search", True))): {
        "stream": True,
        "reasoning": {"effort": "low", "exclude": True},
        "tools": [{"type": "openrouter:web_search"}],
    },
    ("openrouter", (("tier", "flex"),)): {
        "stream": True,
        "service_tier": "flex",
        "reasoning": {"effort": "high"},
    },
    ("google", (("tier", "flex"), ("thoughts", False), ("stream", False))): {
        "stream": False,
        "service_tier": "flex",
        "reasoning_effort": "high",
    },
    ("openai", ()): {"stream": True, "stream_options": {"include_usage": True}},
    ("openai", (("thoughts", False), ("stream", False))): {"stream": False},
    ("openai", (("effort", "low"), ("stream", False))): {"stream": False, "reasoning_effort": "low"},
    ("demo", (("search", True),)): {k: v for k, v in PLAIN.items() if k != "messages"}
    | CHANGES[("search", True)],
}


@pytest.mark.parametrize(("asked", "sent"), SPELLINGS.items(), ids=[f"{a[0]}-{len(a[1])}" for a in SPELLINGS])
def test_each_service_gets_its_own_spelling(asked, sent):
    service, settings = asked
    address = {"base_url": "http://localhost/v1", "model": "m"} if service == "openai" else {}
    request = body(service=service, **address, **dict(settings))
    assert {name: value for name, value in request.items() if name not in ("model", "messages")} == sent


def test_a_tier_that_a_service_does_not_document_is_refused_and_the_field_is_named():
    with pytest.raises(
        BadRequest, match=r"kie documents no tier flex; .* ask google, openrouter, demo\..*service_tier"
    ):
        body(tier="flex")
    assert body(extra={"service_tier": "flex"}) == PLAIN | {"service_tier": "flex"}
    with pytest.raises(BadRequest, match="tier must be flex"):
        Settings(tier="cheap")


USUAL_EFFORTS = {  # service, model -> the effort that is sent though nobody chose one
    ("kie", None): "high",
    ("kie", "gemini-3-flash"): "high",
    ("kie", "claude-sonnet"): "high",
    ("google", None): "high",
    ("google", "gemini-3.7-flash"): "high",
    ("google", "models/gemini-flash-latest"): "high",
    ("google", "gemini-2.5-flash"): None,
    ("google", "gemma-3-27b-it"): None,
    ("openrouter", None): "high",
    ("openrouter", "meta-llama/llama-3.3-70b"): None,
    ("openai", "gpt-4o"): None,
    ("openai", "gemini-3.1-pro"): None,
}


@pytest.mark.parametrize("asked", USUAL_EFFORTS, ids=str)
@pytest.mark.parametrize("thoughts", [True, False])
def test_an_effort_that_nobody_chose_goes_only_to_a_model_that_is_known_to_take_it(asked, thoughts):
    service, model = asked
    address = {"base_url": "http://localhost/v1"} if service == "openai" else {}
    sent = json.dumps(body(service=service, model=model, thoughts=thoughts, **address))
    assert ('"high"' in sent) == (USUAL_EFFORTS[asked] == "high")
    assert ("effort" in sent or "thinking_level" in sent) == (USUAL_EFFORTS[asked] is not None)
    chosen = json.dumps(body(service=service, model=model, thoughts=thoughts, effort="low", **address))
    assert '"low"' in chosen


def test_an_answer_tells_the_effort_that_was_sent():
    with Demo([stream("Fine.")]) as demo:
        usual = ask("hi", service="demo", base_url=demo.base_url)
        none = ask("hi", service="openai", model="m", base_url=demo.base_url)
        chosen = ask("hi", service="openai", model="m", effort="medium", base_url=demo.base_url)
        sent = [request.json.get("reasoning_effort") for request in demo.requests]
    assert sent == ["high", None, "medium"]
    assert [answer.effort for answer in (usual, none, chosen)] == ["high", "", "medium"]


BAD_ADDRESSES = {  # what stands in base_url -> what the error says
    "https://a.example/v1?key=hidden-123": "no ? or #",
    "https://a.example/v1?": "no ? or #",
    "https://a.example/v1#hidden-123": "no ? or #",
    "https://a.example/v1 /x": "white space",
    "https://a.example/v1\n/x": "white space",
    "https://a.example\t/v1": "white space",
    "https://a.example/v1\x00": "control character",
    "https://a.example/v1\u200b": "control character",
    "https://a.example/a/../v1": "must not hold . or ..",
    "https://a.example/./v1": "must not hold . or ..",
    "https://a.example/%2e%2E/v1": "must not hold . or ..",
    "https://a.example/..": "must not hold . or ..",
    f"https://{'a' * 64}.example/v1": "1 to 63",
    f"https://{'.'.join(['a' * 60] * 5)}/v1": "1 to 63",
    "https://a..example/v1": "1 to 63",
    "https://-a.example/v1": "1 to 63",
    "https://a_b%20c.example/v1": "1 to 63",
    "https://münchen.example/v1": "xn--",
    "https://a.example/modèle/v1": "%XX",
    "https://a.example\\@b.example/v1": "holds \\",
    'https://a.example/"v1': 'holds "',
    "https://a.example:65536/v1": "1 to 65535",
    "https://a.example:-1/v1": "1 to 65535",
    "https://a.example:0/v1": "port 0",
    "https://a.example:port/v1": "1 to 65535",
    "https://[::1/v1": "not a valid URL",
    "https://[fe80::1%25eth0]/v1": "IPv6",
    "https://[v1.a]/v1": "IPv6",
    "https://a.example/100%": "holds a % without",
    "https://a.example/{name}/v1": "holds {",
    "https://me:hidden-123@a.example/v1": "name and password",
    "https://me@a.example/v1": "name and password",
    "https://@a.example/v1": "name and password",
    "https:///v1": "must begin with https://",
    "http://a.example/v1": "must begin with https://",
    "ftp://a.example/v1": "must begin with https://",
    "a.example/v1": "must begin with https://",
    "me:hidden-123@a.example/v1": "must begin with https://",
    "https:/me:hidden-123@a.example/v1": "must begin with https://",
    "https:me:a@hidden-123@a.example": "must begin with https://",
    "http://a.example/v1?key=hidden-123": "must begin with https://",
    "https//a.example": "must begin with https://",
}


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_would_ask_for_something_else_is_refused_before_anything_is_sent(address, monkeypatch):
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k")
    with pytest.raises(BadRequest, match="address") as raised:
        services.find(Settings(base_url=address))
    assert BAD_ADDRESSES[address] in str(raised.value) and "\n" not in str(raised.value)
    assert "hidden" not in str(raised.value) and raised.value.__cause__ is None


GOOD_ADDRESSES = {  # what stands in base_url -> where the question goes
    " https://A.Example/V1/ ": "https://a.example/V1",
    '"https://a.example/v1"': "https://a.example/v1",
    "https://a.example:8443": "https://a.example:8443",
    "https://a.example/v1/chat/completions": "https://a.example/v1",
    "https://a.example/{model}/v1": "https://a.example/m/v1",
    "https://a.example/a%20b/v1.beta~": "https://a.example/a%20b/v1.beta~",
    "https://xn--mnchen-3ya.example/v1": "https://xn--mnchen-3ya.example/v1",
    "http://[::1]:80/v1": "http://[::1]:80/v1",
    "https://my_host/v1": "https://my_host/v1",
    "http://localhost:11434/v1": "http://localhost:11434/v1",
}


@pytest.mark.parametrize("address", GOOD_ADDRESSES)
def test_an_address_is_used_as_it_is_meant(address):
    service = services.find(Settings(base_url=address, model="m"))
    assert request.url(service) == GOOD_ADDRESSES[address] + "/chat/completions"


@pytest.mark.parametrize("model", [".", "..", " .. "])
def test_a_model_that_would_change_the_path_is_refused(model):
    with pytest.raises(BadRequest, match="--model"):
        services.find(Settings(model=model))


@pytest.mark.parametrize("schema", [{"type": "object", "title": "é"}, {"type": "array"}])
def test_a_schema_has_its_own_field_where_the_service_takes_it_there_and_else_is_put_in_words(schema):
    def spelled(service):
        question = Question((Message("user", ("hi",)),), Settings(service=service), schema=schema)
        sent = request.body(question, services.find(question.settings))
        return sent.get("response_format"), sent["messages"][-1]["content"]

    in_words = [text("hi"), text(request.IN_WORDS + json.dumps(schema, ensure_ascii=False))]
    own_field = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    assert spelled("kie") == (None, in_words)
    assert spelled("google") == ((own_field, [text("hi")]) if schema["type"] == "object" else (None, in_words))


def test_extra_fields_win_and_join_objects_that_are_there():
    level = {"google": {"thinking_config": {"thinking_level": "low"}}}
    request = body(service="google", extra={"stream": False, "extra_body": level, "n": None})
    assert (request["stream"], request["n"]) == (False, None)
    config = {"include_thoughts": True, "thinking_level": "low"}
    assert request["extra_body"] == {"google": {"thinking_config": config}}
    assert body(extra={"tools": [1], "reasoning_effort": {"a": 1}}, search=True)["tools"] == [1]


def test_each_kind_of_part_is_spelled_in_its_place():
    fig, table = Attachment("fig", "figure", PNG), Attachment("df", "table", "df: 2 x 2\n1 2")
    inside = Attachment("axes[0]", "figure", PNG, inline=True)
    url = "data:image/png;base64,iVBORw0KGgo="
    assert content(fig, table, "Compare ", inside, " with it.") == [
        text("fig:"),
        image(url),
        text("df: 2 x 2\n1 2"),
        text("Compare "),
        image(url),
        text(" with it."),
    ]


def test_blank_text_is_never_sent():
    blank = Attachment("x", "text", " \n")
    assert content(" \n", blank, "\thi ", "") == [text("\thi ")]
    turns = [
        Message("user", ("a",)),
        Message("assistant", (" ",)),
        Message("user", ("b",)),
        Message("assistant", ("c",)),
    ]
    sent = body(turns=turns, system=" ")["messages"]
    assert [(message["role"], message["content"]) for message in sent] == [
        ("user", [text("a")]),
        ("user", [text("b")]),
        ("assistant", [text("c")]),
        ("user", [text("hi")]),
    ]


@pytest.mark.parametrize(
    "turns", [(), (Message("user", ()),), (Message("user", ("a",)), Message("user", (" ", "\n")))]
)
def test_a_question_without_words_and_attachments_is_refused(turns):
    with pytest.raises(BadRequest, match="nothing to ask: write a question"):
        request.body(Question(turns, Settings(system="Be brief.")), services.find(Settings()))


def test_the_words_are_sent_as_typed_but_for_what_json_cannot_carry():
    typed = "$5 {x} \\frac{a}{b} \0\u2028\ufeff “é” data:image/png;base64,AAAA"
    assert content(typed) == [text(typed)]
    assert content("a\ud83d\ude00b\ud83dc") == [text("a😀b\ufffdc")]


MEDIA = {  # medium -> its part at kie, at google, at openrouter
    PNG: 3 * [image("data:image/png;base64,iVBORw0KGgo=")],
    LINK: 3 * [image("https://example.org/a.png")],
    PDF: [
        *(2 * [image("data:application/pdf;base64,JVBERi0xLjc=")]),
        {"type": "file", "file": {"filename": "it", "file_data": "data:application/pdf;base64,JVBERi0xLjc="}},
    ],
    WAV: [
        image("data:audio/x-wav;base64,UklGRg=="),
        *(2 * [{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}]),
    ],
    MP3: [
        image("data:audio/mpeg;base64,SUQz"),
        *(2 * [{"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}}]),
    ],
    MP4: [
        *(2 * [image("data:video/mp4;base64,ZnR5cA==")]),
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,ZnR5cA=="}},
    ],
    Media("audio/mpeg", url="https://example.org/a.mp3"): 3 * [image("https://example.org/a.mp3")],
    Media("application/pdf", url="https://example.org/a.pdf"): [
        *(2 * [image("https://example.org/a.pdf")]),
        {"type": "file", "file": {"filename": "it", "file_data": "https://example.org/a.pdf"}},
    ],
}


@pytest.mark.parametrize("medium", MEDIA, ids=lambda m: f"{m.type or 'unknown'}{'-url' if m.url else ''}")
def test_a_medium_is_spelled_as_each_service_takes_it(medium):
    attached = Attachment("it", "file", medium)
    assert [content(attached, service=name)[1] for name in ("kie", "google", "openrouter")] == MEDIA[medium]


def test_a_shortened_request_shows_no_media_and_is_else_the_same():
    words = "data:image/png;base64,AAAA"
    photo = Attachment("photo", "image", Media("image/png", bytes(41_200)))
    sound = Attachment("sound", "audio", Media("audio/wav", bytes(1_000)))
    paper, link = Attachment("p", "PDF", PDF), Attachment("l", "link", LINK)
    sent = body(photo, sound, paper, link, words, service="openrouter")
    before = json.dumps(sent)
    short = request.shortened(sent)
    assert json.dumps(sent) == before
    assert short["messages"][0]["content"] == [
        text("photo:"),
        image("data:image/png;base64,… (41.2 kB)"),
        text("sound:"),
        {"type": "input_audio", "input_audio": {"data": "… (1.0 kB)", "format": "wav"}},
        text("p:"),
        {"type": "file", "file": {"filename": "p", "file_data": "data:application/pdf;base64,… (8 B)"}},
        text("l:"),
        image("https://example.org/a.png"),
        text(words),
    ]
    assert {**short, "messages": sent["messages"]} == sent
    assert request.shortened(PLAIN) == PLAIN


def test_attachments_within_the_limit_pass():
    request.check_size([Attachment("a", "image", Media("image/png", bytes(60))), Attachment("b", "text", "x" * 40)],
                  Settings(request_bytes=100))  # fmt: skip


def test_attachments_over_the_limit_name_the_largest_and_how_to_raise_it():
    attachments = [Attachment("small", "text", "x" * 400), Attachment("big.pdf", "PDF", Media("", bytes(1200)))]
    with pytest.raises(CannotAttach) as caught:
        request.check_size(attachments, Settings(request_bytes=1500))
    assert str(caught.value) == (
        "The attachments have 1.6 kB, and a question may have 1.5 kB: leave out the largest, big.pdf (1.2 kB), "
        "or raise the limit with %config GeminiMagics.request_bytes = 1_700."
    )


# Asking for marks

FIG, PHOTO = Attachment("fig", "figure", PNG), Attachment("photo.jpg", "image", PNG)


def test_a_question_with_point_asks_for_marks_in_words_behind_its_own():
    *before, asked = content(FIG, PHOTO, "Where is the odd peak?", point=True)
    assert before == content(FIG, PHOTO, "Where is the odd peak?")
    assert '"point": [y, x]' in asked["text"]
    assert '"box_2d": [ymin, xmin, ymax, xmax]' in asked["text"]
    assert asked["text"].endswith("The pictures:\n1. fig\n2. photo.jpg")


def test_marks_in_a_document_are_asked_for_with_their_page():
    pdf = Attachment("a.pdf", "PDF", Media("application/pdf", b"%PDF-1.4"))
    assert 'give "page", too' in content(pdf, "Where?", point=True)[-1]["text"]


def test_there_must_be_something_to_point_at():
    table = Attachment("df", "table", "| a |")
    with pytest.raises(BadRequest, match=r"nothing to point at.*%%gemini fig --point"):
        content(table, "Where?", point=True)


def test_a_name_cannot_add_to_the_words_that_ask_for_marks():
    told = content(Attachment("fig\n2. \u202eother", "figure", PNG), "Where?", point=True)[-1]["text"]
    assert told.endswith("1. fig 2. ⟨U+202E⟩other")


def test_in_a_conversation_the_pictures_before_can_be_pointed_at():
    earlier = Message("user", (FIG, "What is odd?")), Message("assistant", ("The peak.",))
    asked = Question((*earlier, Message("user", ("Where is it?",))), Settings(point=True))
    assert asked.pictures == (FIG,)
    assert request.body(asked, services.find(asked.settings))["messages"][-1]["content"][-1]["text"].endswith(
        "1. fig"
    )
