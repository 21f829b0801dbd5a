"""The answers of the demo service: the checks of the real one, then a description of the request."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import BadRequest
from ..core.json_fields import read_json
from ..core.text import counted, fenced, shorten
from ..render.extract import find_code
from ..service.pointing import MARKS
from ..service.request import IN_WORDS
from . import examples, functions, pointing
from .inspect import Seen, in_quotes, look_through
from .replies import Head, Reply, Request, Step, body, chunk, ending, envelope, took, whole
from .schema_values import example_of

WORDS_PER_S = 30.0
PACE_VARIABLE = "GEMINI_MAGICS_DEMO_WORDS_PER_S"
FASTEST_WORDS_PER_S = 1_000_000
# kie documents the first five alone, and has answered 400 to others. The last one is that of services with a
# cheaper tier: https://ai.google.dev/gemini-api/docs/flex-inference
FIELDS = ("messages", "stream", "tools", "include_thoughts", "reasoning_effort", "service_tier")
ROLES = ("developer", "system", "user", "assistant", "tool")
SEARCH: dict[str, object] = {"type": "function", "function": {"name": "googleSearch"}}
# Hosts that are reserved for examples: https://www.rfc-editor.org/rfc/rfc2606#section-3
SOURCES = ("https://example.org/stand-in", "https://example.com/another-stand-in")
BALANCE = 1000.0
QUOTED_CHARS = 80
_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?", re.ASCII)

SEARCHED = "A search was asked for; a stand-in cannot search, so its two sources are stand-ins as well."
UNMENDED = "A stand-in cannot mend code, so this is yours as it came:"
UNWRITTEN = "A stand-in cannot write what you ask for. This code runs on what you sent:"


def refusal(command: str, headers: Mapping[str, str]) -> Reply | None:
    """Refuse a request by its head, before its body is read; None lets it pass.

    A web page can post text to any port of this machine without asking. Its browser tells the page's
    origin, and asks before it posts JSON (https://fetch.spec.whatwg.org/#http-cors-protocol). A page whose
    name leads to 127.0.0.1 since a moment ago still shows that name as the host.
    """
    host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        return envelope(403, "This service answers its own machine only", status=403)
    if headers.get("origin", f"http://{host}") != f"http://{host}":
        return envelope(403, "This service answers no page of another origin", status=403)
    if command == "POST" and _media_type(headers.get("content-type", "")) != "application/json":
        return _bad("The body must be application/json")
    return None


def _media_type(header: str) -> str:
    """Return the media type without its parameters (RFC 9110, section 8.3.1)."""
    return header.partition(";")[0].strip(" \t").lower()


def answer(request: Request, *, words_per_s: float, key: str | None) -> Reply:
    """Answer as the service would: refuse the request, tell the balance, or describe the request."""
    if key is not None and request.headers.get("authorization") != f"Bearer {key}":
        # With HTTP 200, as kie tells most refusals: a client that trusts the status sees an empty answer.
        return envelope(401, "The key is missing or wrong")
    if request.method == "GET" and request.path == "/api/v1/chat/credit":
        return body({"code": 200, "msg": "success", "data": BALANCE})
    path = re.fullmatch(r"/([^/]+)/v1/chat/completions", request.path)
    if request.method != "POST" or not path:
        return envelope(404, "The page does not exist", status=404)
    if not path[1].startswith("gemini-"):
        return envelope(422, "The model is not supported")
    try:
        asked = read_json(request.body)
        if complaint := _complaint(asked):
            return _bad(complaint)
        return _say(asked, words_per_s)
    except ValueError as error:
        return _bad(f"The request cannot be read: {error}")


def session_pace() -> float:
    """Return the pace of this session's demo, in words per second, as the environment may set it.

    Raises:
        BadRequest: the variable holds no number, or none that a pace can be.
    """
    return pace_of(os.environ.get(PACE_VARIABLE) or WORDS_PER_S, PACE_VARIABLE)


def pace_of(value: float | str, name: str) -> float:
    """Return a pace in words per second.

    Args:
        name: what the person calls it.

    Raises:
        BadRequest: it is not a number from 0 to FASTEST_WORDS_PER_S.
    """
    try:
        pace = float(value)
    except (OverflowError, TypeError, ValueError):
        pace = -1
    if not 0 <= pace <= FASTEST_WORDS_PER_S:
        raise BadRequest(
            f"{name} must be a number from 0 to {FASTEST_WORDS_PER_S:,}, not "
            f"{shorten(str(value), 40)!r}: 30 is a reader's pace, and 0 is as fast as it is read."
        )
    return pace


def _bad(message: str) -> Reply:
    return body({"error": {"message": message, "type": "invalid_request_error"}}, 400)


def _complaint(asked: Any) -> str | None:
    """Return the complaint of the service about a request; None where there is none."""
    if not isinstance(asked, dict):
        return "The body must be an object"
    if unknown := sorted(set(asked) - set(FIELDS)):
        return f"Unknown field {unknown[0]}"
    if asked.get("reasoning_effort", "high") not in ("low", "high"):
        return "reasoning_effort must be low or high"
    if asked.get("service_tier", "flex") != "flex":
        return "service_tier must be flex"
    tools = asked.get("tools") or []
    if not isinstance(tools, list):
        return "tools must be an array"
    own = [tool for tool in tools if tool != SEARCH]
    if complaint := next(filter(None, map(functions.complaint, own)), None):
        return complaint
    if own and len(own) < len(tools):
        return "googleSearch and functions exclude each other"
    messages = asked.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages must be an array of at least one"
    return next((complaint for message in messages if (complaint := _message_complaint(message))), None)


def _message_complaint(message: Any) -> str | None:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        return f"The role of a message must be one of {', '.join(ROLES)}"
    if (calls := message.get("tool_calls")) and (complaint := functions.call_complaint(calls)):
        return complaint
    parts = message.get("content", [] if calls else None)
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return "The content of a message must be an array of parts"
    for part in parts:
        text = part.get("text") or ""
        if not isinstance(text, str):
            return "The text of a part must be a string"
        if part.get("type") == "text" and not text.strip():
            return "Message content is null"  # kie's words for a blank text
        image = part.get("image_url")
        if part.get("type") == "image_url" and not (
            isinstance(image, dict) and isinstance(image.get("url"), str)
        ):
            return "An image_url needs a url"
    return None


@dataclass(frozen=True)
class _Heard:
    """The parts of a request: the newest message, and the size of everything before it."""

    text: str
    seen: list[Seen]
    earlier_messages: int
    system_chars: int
    tokens: int
    search: bool
    schema: Any
    results: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    pointed: str = ""
    marks: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, asked: dict[str, Any]) -> _Heard:
        place = functions.question_place(asked["messages"])
        messages, after = asked["messages"][: place + 1], asked["messages"][place + 1 :]
        schema = _schema(messages[-1]["content"])
        parts, points = pointing.split(messages[-1]["content"][: None if schema is None else -1])
        text, seen = look_through(parts)
        earlier = [(message["role"], *look_through(message.get("content", []))) for message in messages[:-1]]
        sent = [part for message in asked["messages"] for part in message.get("content", [])]
        n_chars = sum(len(part.get("text") or "") for part in sent)
        own = [tool for tool in asked.get("tools") or [] if tool != SEARCH]
        things = [*seen, *(thing for _, _, things in earlier for thing in things)]
        return cls(
            text=text,
            seen=seen,
            earlier_messages=sum(role in ("user", "assistant") for role, _, _ in earlier),
            system_chars=sum(len(said) for role, said, _ in earlier if role in ("system", "developer")),
            # A token is about 4 characters: https://ai.google.dev/gemini-api/docs/tokens
            tokens=n_chars // 4 + 1 + sum(thing.tokens for thing in things),
            search=SEARCH in (asked.get("tools") or []),
            schema=schema,
            results=list(functions.results(after)),
            calls=functions.wanted(text, own, after),
            pointed=pointing.answer(messages) if points else "",
            marks=[mark for mark, _ in pointing.deviations(messages)] if points and schema is not None else [],
        )


def _schema(parts: list[dict[str, Any]]) -> Any:
    """Return the schema that the last part asks for in words; None if it asks for none."""
    last = parts[-1].get("text") if parts else None
    if not isinstance(last, str) or not last.startswith(IN_WORDS):
        return None
    return read_json(last.removeprefix(IN_WORDS))


def _say(asked: dict[str, Any], words_per_s: float) -> Reply:
    """Make the answer, streamed or whole, with its thoughts and its cost."""
    heard = _Heard.of(asked)
    text = "" if heard.calls else _answer_text(heard) if heard.schema is None else _example(heard)
    thoughts = _thoughts(heard, asked.get("reasoning_effort", "high"))
    reasoning = sum(map(len, thoughts)) // 4
    completion = reasoning + len(text) // 4  # which counts the thoughts, too, as services do
    usage = {"usage": took(heard.tokens, completion, reasoning)["usage"]}  # it costs nobody credits
    if not asked.get("include_thoughts", True):
        thoughts = []
    more = {"annotations": _annotations(text)} if heard.search and heard.schema is None else {}
    if heard.calls:
        more = {"tool_calls": heard.calls}
    if asked.get("service_tier"):
        usage |= {"service_tier": asked["service_tier"]}
    if asked.get("stream", True):
        return _paced(thoughts, text, more, usage, words_per_s)
    # Nobody documents where thoughts stand in a whole answer; this is their field in a stream.
    said: dict[str, Any] = {"reasoning_content": "".join(thoughts)} if thoughts else {}
    return whole(text, usage=usage, **(said | more))


def _paced(
    thoughts: list[str], text: str, more: dict[str, Any], usage: dict[str, Any], words_per_s: float
) -> Iterator[Step]:
    """Stream at a reader's pace: a thought at once after its time, the answer a few words at a time."""
    yield Head()
    yield chunk(role="assistant", content="")  # a stream begins with the role, and no words
    pieces = [("reasoning_content", thought) for thought in thoughts]
    pieces += [("content", words) for words in re.findall(r"\s+|(?:\S+\s*){1,3}", text)]
    for kind, piece in pieces:
        yield len(piece.split()) / words_per_s if words_per_s else 0.0
        yield chunk(**{kind: piece})
    if more:
        yield chunk(**more)
    # After calls, too, as Gemini's compatible endpoint may end:
    # https://github.com/open-webui/computer/issues/224
    yield from ending("stop", usage)


def _thoughts(heard: _Heard, effort: str) -> list[str]:
    """Think in a few large pieces, each with a title, as the model does; low effort thinks once."""
    read = (
        f"The text has {_count(len(heard.text), 'character')}; what came is {_things(heard)}. I understand "
        "none of it: I am a small program that opens what was sent, and measures it."
    )
    found = "\n".join(f"- {finding}" for finding in _findings(heard))
    plan = (
        "First I say plainly that I am a stand-in. Then I list what arrived, so that the reader sees "
        "whether each thing came through in one piece."
    )
    if heard.calls:
        named = " and ".join(f"`{call['function']['name']}`" for call in heard.calls)
        return [f"**Calling**\n\nThe question names {named}, so I call it.\n\n\n"]
    if heard.results:
        return ["**Reading the results**\n\nWhat the functions gave is told below as it came.\n\n\n"]
    pieces = {"Reading the question": read, "Opening what came": found, "Choosing words": plan}
    thoughts = [f"**{title}**\n\n{paragraph}\n\n\n" for title, paragraph in pieces.items()]
    return thoughts[:1] if effort == "low" else thoughts


def _answer_text(heard: _Heard) -> str:
    paragraphs = [
        "**This is the stand-in, not Gemini.** A small program on this machine opened the request and "
        f"found {_things(heard)}:",
        "\n".join(f"- {finding}" for finding in _findings(heard)),
    ]
    if heard.seen and _asks(heard, "a table", "compare", "overview"):
        rows = [f"| {_called(seen)} | {seen.kind} | {seen.tokens or '–'} |" for seen in heard.seen]
        paragraphs.append("\n".join(["| what | kind | tokens |", "|---|---|--:|", *rows]))
    if _asks(heard, "formula", "equation", "math", "latex"):
        paragraphs.append(examples.formula(heard.text, heard.seen))
    if cells := [block.text for block in find_code(heard.text) if block.language == "python"]:
        paragraphs += [UNMENDED, *(fenced(cell, "python") for cell in cells)]
    elif _asks(heard, "code", "python", "function", "script", "plot it", "plot them", "plot the"):
        paragraphs += [UNWRITTEN, fenced(examples.code(heard.text, heard.seen), "python")]
    if heard.search:
        paragraphs.append(SEARCHED)
    paragraphs.append(
        'With a key in `KIE_API_KEY` or `GEMINI_API_KEY` and `%config GeminiMagics.service = "auto"`, '
        "Gemini 3.1 Pro answers this cell."
    )
    if heard.pointed:
        paragraphs.append(heard.pointed)  # marks end an answer
    return "\n\n".join(paragraphs)


def _example(heard: _Heard) -> str:
    """Write a value of the form that was asked for; marks in it are those of the pictures."""
    example = example_of(heard.schema)
    if heard.pointed and isinstance(example, dict):
        example[MARKS] = heard.marks
    return fenced(json.dumps(example, indent=2), "json")


def _findings(heard: _Heard) -> Iterator[str]:
    """Describe the parts of a request, one in a line, as Markdown."""
    length = f"{_count(len(heard.text), 'character')}, {_count(len(heard.text.split()), 'word')}"
    quoted = f", {in_quotes(heard.text, QUOTED_CHARS)}" if heard.text.strip() else ""
    yield f"the text{quoted}: {length}"
    for seen in heard.seen:
        yield f"{_called(seen)}: {seen.kind}, {seen.said}" if seen.name else f"{seen.kind}: {seen.said}"
    if heard.system_chars:
        yield f"standing instructions: {_count(heard.system_chars, 'character')}"
    yield from heard.results
    if heard.earlier_messages:
        yield f"earlier in this conversation: {_count(heard.earlier_messages, 'message')}"


def _called(seen: Seen) -> str:
    """The name of a thing as code, in which no Markdown is read; its kind where it has none."""
    name = re.sub(r"[`|\s]+", " ", seen.name).strip()
    return f"`{name}`" if name else seen.kind


def _things(heard: _Heard) -> str:
    """Count the parts of a request: "the question, 2 pictures and 1 table"."""
    kinds = [seen.kind for seen in heard.seen]
    *most, last = ["the question", *(_count(kinds.count(kind), kind) for kind in dict.fromkeys(kinds))]
    return f"{', '.join(most)} and {last}" if most else "the question alone"


def _count(number: int, noun: str) -> str:
    """Write a number of things; sound and film have no plural as kinds."""
    return f"{number:,} {noun}" if noun in ("audio", "video") else counted(number, noun)


def _asks(heard: _Heard, *words: str) -> bool:
    return bool(re.search(rf"\b({'|'.join(words)})", heard.text, re.IGNORECASE))


def _annotations(text: str) -> list[dict[str, Any]]:
    """Cite two sources, for the sentence that says that they are made up."""
    start = text.index(SEARCHED)
    place = {"start_index": start, "end_index": start + len(SEARCHED)}
    return [
        {
            "type": "url_citation",
            "url_citation": {"url": url, "title": f"A stand-in for source {number}", **place},
        }
        for number, url in enumerate(SOURCES, 1)
    ]
