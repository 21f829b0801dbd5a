"""What the demo service answers: the checks of the real one, and an answer made of what it received."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..core.extract import fenced, find_code
from ..core.plain import shorten
from .demo import Head, Reply, Request, Step, body, chunk, ending, envelope, took, whole
from .example import example_of
from .received import Seen, look_through
from .wire import IN_WORDS

FIELDS = ("messages", "stream", "tools", "include_thoughts", "reasoning_effort")
ROLES = ("developer", "system", "user", "assistant", "tool")
SEARCH = {"type": "function", "function": {"name": "googleSearch"}}
SOURCES = ("https://example.org/stand-in", "https://example.com/another-stand-in")
BALANCE = 1000.0
USD_A_PROMPT_TOKEN, USD_A_COMPLETION_TOKEN, USD_A_CREDIT = 2e-6, 12e-6, 0.005
QUOTED_CHARS = 80

FORMULA = r"""The mean colour of a picture with $n$ pixels $p_i$ is

$$\bar p = \frac{1}{n} \sum_{i=1}^{n} p_i .$$"""
SEARCHED = "A search was asked for; a stand-in cannot search, so its two sources are stand-ins as well."
UNMENDED = "A stand-in cannot mend code, so this is yours as it came:"
CODE = """This is how it measured:

```python
from PIL import Image, ImageStat

with Image.open("picture.png") as image:
    print(image.size, ImageStat.Stat(image.convert("RGB")).mean)
```"""


def answer(request: Request, *, words_per_s: float, key: str | None) -> Reply:
    """Answer as the service would: refuse the request, tell the balance, or say what came with it."""
    if urlsplit(f"//{request.headers.get('host', '')}").hostname not in ("127.0.0.1", "localhost"):
        return envelope(403, "This service answers its own machine only", status=403)
    if key is not None and request.headers.get("authorization") != f"Bearer {key}":
        return envelope(401, "The key is missing or wrong")
    if request.method == "GET" and request.path == "/api/v1/chat/credit":
        return body({"code": 200, "msg": "success", "data": BALANCE})
    path = re.fullmatch(r"/([^/]+)/v1/chat/completions", request.path)
    if request.method != "POST" or not path:
        return envelope(404, "The page does not exist", status=404)
    if not path[1].startswith("gemini-"):
        return envelope(422, "The model is not supported")
    # A web page can post text to any port of this machine without asking, but not JSON.
    if "application/json" not in request.headers.get("content-type", ""):
        return _bad("The body must be application/json")
    try:
        asked = json.loads(request.body)
        if complaint := _complaint(asked):
            return _bad(complaint)
        return _say(asked, words_per_s)
    except (ValueError, RecursionError) as error:
        return _bad(f"The request cannot be read: {error}")


def _bad(message: str) -> Reply:
    return body({"error": {"message": message, "type": "invalid_request_error"}}, 400)


def _complaint(asked: Any) -> str | None:
    """Say what the service would refuse in a request."""
    if not isinstance(asked, dict):
        return "The body must be an object"
    if unknown := sorted(set(asked) - set(FIELDS)):
        return f"Unknown field {unknown[0]}"
    if asked.get("reasoning_effort", "high") not in ("low", "high"):
        return "reasoning_effort must be low or high"
    if any(tool != SEARCH for tool in asked.get("tools") or ()):
        return "The only tool is googleSearch"
    messages = asked.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages must be an array of at least one"
    return next((complaint for message in messages if (complaint := _message_complaint(message))), None)


def _message_complaint(message: Any) -> str | None:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        return f"The role of a message must be one of {', '.join(ROLES)}"
    parts = message.get("content")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return "The content of a message must be an array of parts"
    for part in parts:
        if part.get("type") == "text" and not str(part.get("text") or "").strip():
            return "Message content is null"
        if part.get("type") == "image_url" and not isinstance((part.get("image_url") or {}).get("url"), str):
            return "An image_url needs a url"
    return None


@dataclass(frozen=True)
class _Heard:
    """A request, looked at: the newest turn, and how much came before it."""

    text: str
    seen: list[Seen]
    earlier_turns: int
    system_chars: int
    tokens: int
    search: bool
    schema: Any

    @classmethod
    def of(cls, asked: dict[str, Any]) -> _Heard:
        messages = asked["messages"]
        schema = _schema(messages[-1]["content"])
        parts = messages[-1]["content"][: None if schema is None else -1]
        text, seen = look_through(parts)
        earlier = [(message["role"], *look_through(message["content"])) for message in messages[:-1]]
        n_chars = sum(len(part.get("text") or "") for message in messages for part in message["content"])
        things = [*seen, *(thing for _, _, things in earlier for thing in things)]
        return cls(
            text=text,
            seen=seen,
            earlier_turns=sum(role in ("user", "assistant") for role, _, _ in earlier),
            system_chars=sum(len(said) for role, said, _ in earlier if role in ("system", "developer")),
            tokens=n_chars // 4 + 1 + sum(thing.tokens for thing in things),
            search=bool(asked.get("tools")),
            schema=schema,
        )


def _schema(parts: list[dict[str, Any]]) -> Any:
    """Return the schema that the last part asks for in words; None if it asks for none."""
    last = parts[-1].get("text") if parts else None
    if not isinstance(last, str) or not last.startswith(IN_WORDS):
        return None
    return json.loads(last.removeprefix(IN_WORDS))


def _say(asked: dict[str, Any], words_per_s: float) -> Reply:
    """Make the answer, streamed or whole, with its thoughts and what it took."""
    heard = _Heard.of(asked)
    text = _answer_text(heard) if heard.schema is None else _example(heard.schema)
    thoughts = _thoughts(heard, asked.get("reasoning_effort", "high"))
    reasoning = sum(map(len, thoughts)) // 4
    completion = reasoning + len(text) // 4
    usd = heard.tokens * USD_A_PROMPT_TOKEN + completion * USD_A_COMPLETION_TOKEN
    usage = took(heard.tokens, completion, reasoning, round(usd / USD_A_CREDIT, 2))
    if not asked.get("include_thoughts", True):
        thoughts = []
    citations = {"annotations": _annotations(text)} if heard.search and heard.schema is None else {}
    if asked.get("stream", True):
        return _paced(thoughts, text, citations, usage, words_per_s)
    said: dict[str, Any] = {"reasoning_content": "".join(thoughts)} if thoughts else {}
    return whole(text, usage=usage, **(said | citations))


def _paced(
    thoughts: list[str], text: str, citations: dict[str, Any], usage: dict[str, Any], words_per_s: float
) -> Iterator[Step]:
    """Stream at a pace that can be read: a thought at once after its time, the answer in a few words each."""
    yield Head()
    yield chunk(role="assistant", content="")
    pieces = [("reasoning_content", thought) for thought in thoughts]
    pieces += [("content", words) for words in re.findall(r"(?:\s*\S+){1,3}\s*", text)]
    for field, piece in pieces:
        yield len(piece.split()) / words_per_s if words_per_s else 0.0
        yield chunk(**{field: piece})
    if citations:
        yield chunk(**citations)
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
    pieces = {"Reading the question": read, "Opening what came": found, "Choosing words": plan}
    thoughts = [f"**{title}**\n\n{paragraph}\n\n\n" for title, paragraph in pieces.items()]
    return thoughts[:1] if effort == "low" else thoughts


def _answer_text(heard: _Heard) -> str:
    paragraphs = [
        "**This is the stand-in, not Gemini.** A small program on this machine opened the request and "
        f"found {_things(heard)}:",
        "\n".join(f"- {finding}" for finding in _findings(heard)),
    ]
    if heard.seen and _asks(heard, "table", "compare", "overview"):
        rows = [f"| {_called(seen)} | {seen.kind} | {seen.tokens or '–'} |" for seen in heard.seen]
        paragraphs.append("\n".join(["| what | kind | tokens |", "|---|---|--:|", *rows]))
    if _asks(heard, "formula", "equation", "math", "latex"):
        paragraphs.append(FORMULA)
    if cells := [block.text for block in find_code(heard.text) if block.language == "python"]:
        paragraphs += [UNMENDED, *(fenced(cell, "python") for cell in cells)]
    elif _asks(heard, "code", "python", "function", "script"):
        paragraphs.append(CODE)
    if heard.search:
        paragraphs.append(SEARCHED)
    paragraphs.append("With a key in `KIE_API_KEY` and the service `kie`, Gemini 3.1 Pro answers this cell.")
    return "\n\n".join(paragraphs)


def _example(schema: Any) -> str:
    return fenced(json.dumps(example_of(schema), indent=2), "json")


def _findings(heard: _Heard) -> Iterator[str]:
    """Say what came, one thing a line, as Markdown."""
    length = f"{_count(len(heard.text), 'character')}, {_count(len(heard.text.split()), 'word')}"
    beginning = shorten(" ".join(heard.text.split()), QUOTED_CHARS)
    # An opening bracket stays as it is: with a backslash it would open a formula.
    literally = re.sub(r"([\\`*_{}\]<>#|$~!&])", r"\\\1", beginning)
    yield f"the text, “{literally}”: {length}" if literally else f"the text: {length}"
    for seen in heard.seen:
        yield f"{_called(seen)}: {seen.kind}, {seen.said}" if seen.name else f"{seen.kind}: {seen.said}"
    if heard.system_chars:
        yield f"standing instructions: {_count(heard.system_chars, 'character')}"
    if heard.earlier_turns:
        yield f"earlier in this conversation: {_count(heard.earlier_turns, 'turn')}"


def _called(seen: Seen) -> str:
    """The name of a thing as code, in which no Markdown is read; its kind where it has none."""
    name = re.sub(r"[`|\s]+", " ", seen.name).strip()
    return f"`{name}`" if name else seen.kind


def _things(heard: _Heard) -> str:
    """Count what came: "the question, 2 pictures and 1 table"."""
    kinds = [seen.kind for seen in heard.seen]
    *most, last = ["the question", *(_count(kinds.count(kind), kind) for kind in dict.fromkeys(kinds))]
    return f"{', '.join(most)} and {last}" if most else "the question alone"


def _count(number: int, noun: str) -> str:
    plural = noun if number == 1 or noun in ("audio", "video") else f"{noun}s"
    return f"{number:,} {plural}"


def _asks(heard: _Heard, *words: str) -> bool:
    return bool(re.search(rf"\b({'|'.join(words)})", heard.text, re.IGNORECASE))


def _annotations(text: str) -> list[dict[str, Any]]:
    """Cite two sources, for the sentence that says that they are none."""
    start = text.index(SEARCHED)
    place = {"start_index": start, "end_index": start + len(SEARCHED)}
    return [
        {
            "type": "url_citation",
            "url_citation": {"url": url, "title": f"A stand-in for source {number}", **place},
        }
        for number, url in enumerate(SOURCES, 1)
    ]
