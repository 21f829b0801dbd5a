"""Headers that a gateway wants: they go to one origin, and nothing shows their values."""

import json
import logging
import pickle
import sys
import traceback

import pytest
from IPython.core.ultratb import VerboseTB

import gemini_magics
from gemini_magics import AuthenticationError, BadRequest, GeminiError, MissingKey
from gemini_magics.core.messages import Message, Text
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings, resolve
from gemini_magics.service import keys
from gemini_magics.service.delivery import Delivery, credits_left
from gemini_magics.service.keys import find_headers, find_key, remember_header
from gemini_magics.service.redact import REMOVED, redact
from gemini_magics.service.secret import HeaderValue
from gemini_magics.service.services import find
from gemini_magics.testing import Demo, Head, body, chunk, envelope, stream

SECRET = "pk-Zq3v9XtB7nLw2Rk8"
PIECES = {SECRET[start : start + 8] for start in range(len(SECRET) - 7)}
VARIABLE = "GEMINI_MAGICS_HEADERS"


def shows(told: object) -> bool:
    return any(piece in str(told) for piece in PIECES)


@pytest.fixture(autouse=True)
def no_other_secrets(monkeypatch):
    monkeypatch.setattr(keys, "_memory", {})
    monkeypatch.setattr(keys, "_headers", {})


@pytest.fixture
def set_headers(monkeypatch):
    return lambda **headers: monkeypatch.setenv(
        VARIABLE, json.dumps({name.replace("_", "-"): value for name, value in headers.items()})
    )


def custom(address, **more):
    return find(Settings(service="openai", base_url=address, model="m", **more))


def deliver(demo, *parts, **settings):
    chosen = Settings(service="demo", base_url=demo.base_url, **settings)
    return Delivery(Question((Message("user", parts or ("Well?",)),), chosen), find(chosen))


# Where they go -------------------------------------------------------------------------------------


@pytest.mark.parametrize("streamed", [True, False])
def test_the_headers_of_the_environment_go_with_each_question_to_the_persons_address(set_headers, streamed):
    set_headers(X_Portkey_Api_Key=SECRET, x_portkey_config='{"retry": {"attempts": 2}}', X_Title="My notebook")
    with Demo([stream("Fine.")]) as demo:
        list(deliver(demo, stream=streamed).batches())
        sent = demo.requests[0].headers
    assert sent["x-portkey-api-key"] == SECRET
    assert sent["x-portkey-config"] == '{"retry": {"attempts": 2}}'
    assert sent["x-title"] == "My notebook"
    assert "authorization" not in sent


def test_they_go_with_the_balance_too(set_headers):
    set_headers(x_key=SECRET)
    with Demo([body({"code": 200, "msg": "success", "data": 1})]) as demo:
        settings = Settings(service="kie", base_url=demo.base_url)
        credits_left(find(settings), settings)
        assert demo.requests[0].headers["x-key"] == SECRET


def test_no_service_of_the_table_gets_the_headers_of_the_environment(set_headers):
    set_headers(x_key=SECRET)
    for name in ("kie", "google", "openrouter", "demo"):
        assert find_headers(find(Settings(service=name))) == {}
    assert list(find_headers(custom("https://a.example/v1"))) == ["x-key"]


def test_headers_belong_to_the_address_of_the_environment_where_there_is_one(set_headers, monkeypatch):
    set_headers(x_key=SECRET)
    monkeypatch.setenv("GEMINI_MAGICS_BASE_URL", '"https://A.example/v1/"')
    assert list(find_headers(custom("https://a.example/other"))) == ["x-key"]
    for other in ("https://b.example/v1", "https://a.example:8443/v1", "http://localhost/v1"):
        assert find_headers(custom(other)) == {}


def test_headers_of_the_session_go_to_the_origin_they_were_typed_for(set_headers):
    remember_header(find(Settings(service="openrouter")), "HTTP-Referer", "https://me.example")
    remember_header(custom("https://a.example/v1"), "x-key", SECRET)
    assert list(find_headers(find(Settings(service="openrouter")))) == ["http-referer"]
    assert list(find_headers(custom("https://a.example/v2"))) == ["x-key"]
    assert find_headers(custom("https://b.example/v1")) == find_headers(find(Settings())) == {}
    set_headers(x_key="another-one-1", x_more="more")
    found = find_headers(custom("https://a.example/v1"))
    assert {name: value.reveal() for name, value in found.items()} == {"x-key": SECRET, "x-more": "more"}
    keys.forget(custom("https://a.example/v1"))
    assert find_headers(custom("https://a.example/v1"))["x-key"].reveal() == "another-one-1"


def test_a_redirect_takes_no_header_along(set_headers):
    set_headers(x_key=SECRET)
    with Demo([stream("Stolen.")]) as thief, Demo([[Head(307, {"Location": thief.origin}), b""]]) as demo:
        with pytest.raises(GeminiError):
            list(deliver(demo).batches())
        assert not thief.requests


def test_a_gateway_with_headers_may_do_without_a_key(set_headers, monkeypatch):
    with pytest.raises(MissingKey):
        find_key(custom("https://a.example/v1"))
    set_headers(x_key=SECRET)
    assert find_key(custom("https://a.example/v1")) is None
    monkeypatch.setenv("GEMINI_MAGICS_API_KEY", "k-of-gateway")
    assert find_key(custom("https://a.example/v1")).reveal() == "k-of-gateway"
    with pytest.raises(MissingKey):
        find_key(find(Settings(service="kie")))


# What cannot be one --------------------------------------------------------------------------------

FORBIDDEN = [
    "Host", "content-type", "Content-Length", "Content-Encoding", "Cookie", "cookie2", "Authorization",
    "Proxy-Authorization", "proxy-connection", "Transfer-Encoding", "Connection", "Accept-Encoding", "TE",
    "Upgrade", "Expect", "Content_Length", "proxy_authorization", "", "a b", "a:b", "x\r\nHost", "x\n", "ä", "x-é",
]  # fmt: skip


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_header_that_is_not_the_persons_to_set_is_refused_before_anything_is_sent(name, monkeypatch):
    monkeypatch.setenv(VARIABLE, json.dumps({name: SECRET}))
    with Demo([stream("Fine.")]) as demo:
        with pytest.raises(BadRequest, match="header") as raised:
            deliver(demo)
        with pytest.raises(BadRequest, match="header") as typed:
            remember_header(custom("https://a.example/v1"), name, SECRET)
        assert not demo.requests
    for each in (raised.value, typed.value):
        assert not shows(told_by(each)) and "\n" not in str(each)


@pytest.mark.parametrize(
    "value", [f"{SECRET}\r\nHost: x", f"{SECRET}\nx", f"{SECRET}\x00", f"{SECRET}é", "", " \n"]
)
def test_a_value_that_no_header_can_carry_is_refused_without_being_shown(value, monkeypatch):
    monkeypatch.setenv(VARIABLE, json.dumps({"x-key": value}))
    with Demo([stream("Fine.")]) as demo:
        with pytest.raises(BadRequest, match="one line of ASCII") as raised:
            deliver(demo)
        with pytest.raises(BadRequest, match="one line of ASCII") as typed:
            remember_header(custom("https://a.example/v1"), "x-key", value)
        assert not demo.requests
    assert not shows(told_by(raised.value)) and not shows(told_by(typed.value))


@pytest.mark.parametrize(
    "text", [f'{{"x": "{SECRET}"', f'["{SECRET}"]', f'"{SECRET}"', f'{{"{SECRET}": 1}}', "[" * 10**5]
)
def test_a_variable_that_is_no_object_of_texts_says_what_it_must_be(text, monkeypatch):
    monkeypatch.setenv(VARIABLE, text)
    with Demo([stream("Fine.")]) as demo:
        with pytest.raises(BadRequest, match=f"{VARIABLE} must be a JSON object of texts") as raised:
            deliver(demo)
        assert not demo.requests
    assert not shows(told_by(raised.value))


def told_by(error):
    """The message, and all local variables of the frames that are not this test's own."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return f"{error} {[frame.locals for frame in told.stack if frame.filename != __file__]}"


def test_nothing_is_read_from_files_of_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f'{VARIABLE}={{"x-key": "{SECRET}"}}')
    assert find_headers(custom("https://a.example/v1")) == {}


# Who sees them -------------------------------------------------------------------------------------

ECHOES = {
    "text": stream(f"You sent {SECRET}", "."),
    "text in pieces": stream(*SECRET, "-", *SECRET),
    "thoughts": stream("So.", thoughts=[SECRET[:9], SECRET[9:]]),
    "an envelope": envelope(401, f"Wrong header {SECRET}"),
    "an error": body({"error": {"message": f"x-key: {SECRET}", "type": SECRET}}, 400, X_Request_Id=SECRET),
    "headers": [Head(headers={"X-Request-Id": SECRET, "X-Echo": SECRET}), *stream("Hm")[1:]],
    "no HTTP": [f"{SECRET} {SECRET}\r\n\r\n".encode()],
    "a broken stream": [Head(), f'data: {{"x": "{SECRET}'.encode()],
}


def heard(delivery):
    """The events of a delivery, and all that two kinds of tracebacks with local variables tell of its error."""
    events = []
    try:
        for batch in delivery.batches():
            events += batch
    except GeminiError as error:
        plain = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        return events, "".join([*plain, VerboseTB("nocolor").text(*sys.exc_info()), str(vars(error))])
    return events, ""


@pytest.mark.parametrize("script", ECHOES.values(), ids=ECHOES)
def test_a_value_that_the_service_repeats_is_shown_nowhere(script, set_headers, caplog, capfd):
    set_headers(x_key=SECRET)
    caplog.set_level(logging.DEBUG)
    with Demo([script]) as demo:
        delivery = deliver(demo)
        events, told = heard(delivery)
        assert demo.requests[0].headers["x-key"] == SECRET
    assert events or told
    assert len(caplog.records) > 5  # the libraries did log
    for shown in (events, told, caplog.text, vars(delivery), *capfd.readouterr()):
        assert not shows(shown)
    assert not shows("".join(event.text for event in events if isinstance(event, Text)))


def test_a_value_has_no_repr_and_no_pickle(set_headers):
    set_headers(x_key=SECRET)
    headers = find_headers(custom("https://a.example/v1"))
    assert repr(headers) == "{'x-key': HeaderValue(•••)}"
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(headers)


def test_settings_answers_and_records_know_nothing_of_headers(set_headers, shell, tmp_path, capsys):
    set_headers(x_key=SECRET)
    with Demo([stream("Fine.")]) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"\n%config GeminiMagics.service = "demo"')
        shell.run("%config GeminiMagics.display = 'paced'\n%gemini_record answers.jsonl\n%config GeminiMagics")
        shell.run("%%gemini --chat\nHow?")
        assert demo.requests[0].headers["x-key"] == SECRET
    answer = gemini_magics.last()
    seen = [resolve({}), vars(answer), answer._repr_mimebundle_(), (tmp_path / "answers.jsonl").read_text()]
    for shown in (*seen, pickle.dumps(resolve({})), *capsys.readouterr()):
        assert not shows(shown)


def test_a_dry_run_names_the_headers_and_masks_them(set_headers, shell, capsys):
    set_headers(x_key=SECRET, x_provider="openai")
    with Demo([stream("Fine.")]) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"')
        shell.run("%%gemini --service demo --dry-run\nHow?")
        assert not demo.requests
    shown = capsys.readouterr().out
    assert f"x-key: {REMOVED}" in shown and f"x-provider: {REMOVED}" in shown
    assert not shows(shown) and "openai" not in shown


def test_a_question_that_holds_a_value_is_not_sent(set_headers):
    set_headers(x_key=SECRET, x_provider="vertex-ai", HTTP_Referer="https://me.example/notebooks")
    with Demo([stream("Fine.")]) as demo:
        with pytest.raises(BadRequest, match="holds the value of the header x-key"):
            deliver(demo, f"Is {SECRET} right?")
        assert not demo.requests
        list(deliver(demo, "Does vertex-ai read https://me.example/notebooks?").batches())
        assert demo.requests


def test_a_word_or_an_address_is_masked_whole_only():
    word, address = HeaderValue("production"), HeaderValue("https://me.example/notes")
    assert redact("The introduction of production", word) == f"The introduction of {REMOVED}"
    said = redact("https://other.example and https://me.example/notes", address)
    assert said == f"https://other.example and {REMOVED}"


def test_a_refused_header_is_told_as_a_refused_key(set_headers):
    set_headers(x_key=SECRET)
    with Demo([envelope(401, "No such key", status=401)]) as demo, pytest.raises(AuthenticationError):
        list(deliver(demo).batches())


# How they are typed --------------------------------------------------------------------------------


def test_a_header_is_asked_for_in_a_hidden_field_and_forgotten_on_demand(shell, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("getpass.getpass", lambda prompt: (asked.append(prompt), SECRET)[1])
    with Demo([stream("Fine.")]) as demo:
        shell.run(f'%config GeminiMagics.base_url = "{demo.base_url}"\n%config GeminiMagics.service = "demo"')
        shell.run("%gemini_key --header X-Portkey-Api-Key")
        shell.run("%gemini How?")
        shell.run("%gemini_key --forget")
        shell.run("%gemini Why?")
        first, second = demo.requests
    assert asked == ["X-Portkey-Api-Key for demo: "]
    assert first.headers["x-portkey-api-key"] == SECRET and "x-portkey-api-key" not in second.headers
    assert not shows(capsys.readouterr().out)


MISTAKES = {
    "%gemini_key --header": "--header NAME",
    "%gemini_key --header a --save": "--header NAME",
    "%gemini_key --header a --forget": "--header NAME",
    "%gemini_key --header a --header b": "--header NAME",
    "%gemini_key kie --header Authorization": "cannot be set",
    "%gemini_key kie --header Content-Type": "cannot be set",
    f"%gemini_key kie --header x-key:{SECRET}": "letters, digits",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_header_that_is_typed_wrong_asks_for_nothing(shell, monkeypatch, line):
    monkeypatch.setattr("getpass.getpass", lambda prompt: pytest.fail("it asked"))
    with pytest.raises(BadRequest, match=MISTAKES[line]) as raised:
        shell.run(line)
    assert not shows(raised.value)


def test_a_service_without_an_address_takes_no_header(shell, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda prompt: SECRET)
    with pytest.raises(BadRequest, match="takes no header"):
        shell.run("%gemini_key demo --header x-key")


def test_a_script_cannot_write_headers_into_its_own_source():
    with Demo([stream("Fine.")]) as demo:
        with pytest.raises(BadRequest, match=VARIABLE) as raised:
            gemini_magics.ask("How?", service="demo", base_url=demo.base_url, headers={"x-key": SECRET})
        assert not demo.requests
    assert not shows(raised.value)


def test_chunks_are_masked_as_they_come(set_headers):
    set_headers(x_key=SECRET, x_team="my-secret-team")
    script = [
        Head(),
        chunk(content="my-secret"),
        chunk(content="-team"),
        chunk(content="."),
        chunk(finish="stop"),
    ]
    with Demo([script]) as demo:
        events = [event for batch in deliver(demo, finish_timeout_s=0.1).batches() for event in batch]
    assert "my-secret-team" not in "".join(event.text for event in events if isinstance(event, Text))
