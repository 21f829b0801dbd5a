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
from .received import Seen, look, tables
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


def _text(message: dict[str, Any]) -> str:
    return "\n\n".join(part["text"] for part in message["content"] if part.get("type") == "text")


def _media(message: dict[str, Any]) -> list[Seen]:
    return [look(part["image_url"]["url"]) for part in message["content"] if part.get("type") == "image_url"]


@dataclass(frozen=True)
class _Heard:
    """A request, looked at: the newest turn, and how much came before it."""

    text: str
    question: str
    seen: list[Seen]
    dropped: list[str]
    earlier_turns: int
    system_chars: int
    tokens: int
    search: bool
    schema: Any

    @classmethod
    def of(cls, asked: dict[str, Any]) -> _Heard:
        *before, last = asked["messages"]
        media = _media(last)
        words = [part["text"] for part in last["content"] if part.get("type") == "text"]
        in_schema = bool(words) and words[-1].startswith(IN_WORDS)
        schema = json.loads(words.pop().removeprefix(IN_WORDS)) if in_schema else None
        shapes = [Seen("table", f"{rows} rows × {columns} columns") for rows, columns in tables(_text(last))]
        return cls(
            text=_text(last),
            question=words[-1] if words else "",
            seen=media + shapes,
            dropped=[p["type"] for p in last["content"] if p.get("type") not in ("text", "image_url")],
            earlier_turns=sum(message["role"] in ("user", "assistant") for message in before),
            system_chars=sum(len(_text(m)) for m in before if m["role"] in ("system", "developer")),
            tokens=sum(len(_text(message)) // 4 + 1 for message in asked["messages"])
            + sum(seen.tokens for message in before for seen in _media(message))
            + sum(seen.tokens for seen in media),
            search=bool(asked.get("tools")),
            schema=schema,
        )


def _say(asked: dict[str, Any], words_per_s: float) -> Reply:
    """Make the answer, streamed or whole, with its thoughts and what it took."""
    heard = _Heard.of(asked)
    text = _answer_text(heard) if heard.schema is None else json.dumps(example_of(heard.schema), indent=2)
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
    said = {"reasoning_content": "".join(thoughts)} if thoughts else {}
    return whole(text, usage=usage, **said, **citations)


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
        f"The text has {_count(len(heard.text), 'character')} and comes with {_things(heard)}. I understand "
        "none of it: I am a small program that opens what was sent, and measures it."
    )
    found = [f"The {seen.kind}: {seen.said}." for seen in heard.seen] or ["No picture, no file, no table."]
    plan = (
        "First I say plainly that I am a stand-in. Then I list what arrived, so that the reader sees "
        "whether each thing came through in one piece."
    )
    pieces = {"Reading the question": read, "Opening what came": " ".join(found), "Choosing words": plan}
    thoughts = [f"**{title}**\n\n{paragraph}\n\n\n" for title, paragraph in pieces.items()]
    return thoughts[:1] if effort == "low" else thoughts


def _answer_text(heard: _Heard) -> str:
    paragraphs = [
        "**This is the stand-in, not Gemini.** A small program on this machine read the request, "
        f"opened what came with it, and found {_things(heard)}.",
        "\n".join(f"- {line}" for line in _findings(heard)),
    ]
    if heard.seen and _asks(heard, "table", "compare", "overview"):
        rows = [f"| {seen.kind} | {seen.said} | {seen.tokens or '–'} |" for seen in heard.seen]
        paragraphs.append("\n".join(["| what | found | tokens |", "|---|---|--:|", *rows]))
    if _asks(heard, "formula", "equation", "math", "latex"):
        paragraphs.append(FORMULA)
    if cells := [block.text for block in find_code(heard.text) if block.language == "python"]:
        paragraphs += [UNMENDED, *(fenced(cell, "python") for cell in cells)]
    elif _asks(heard, "code", "python", "function", "script"):
        paragraphs.append(CODE)
    if heard.search:
        paragraphs.append(SEARCHED)
    paragraphs.append("Set `KIE_API_KEY` and choose the service `kie`, and Gemini 3.1 Pro answers this cell.")
    return "\n\n".join(paragraphs)


def _findings(heard: _Heard) -> Iterator[str]:
    first_line = shorten(heard.question.strip().partition("\n")[0], QUOTED_CHARS)
    literally = re.sub(r"([\\`*_{}\[\]<>()#|$~!&])", r"\\\1", first_line)
    words = _count(len(heard.text.split()), "word")
    yield f"the text: {_count(len(heard.text), 'character')}, {words}" + (
        f": “{literally}”" if literally else ""
    )
    for place, seen in enumerate(heard.seen, 1):
        yield f"{seen.kind} {place}: {seen.said}"
    for kind in heard.dropped:
        yield f"a part of type {kind}, which the service drops without a word"
    if heard.system_chars:
        yield f"standing instructions: {_count(heard.system_chars, 'character')}"
    if heard.earlier_turns:
        yield f"earlier in this conversation: {_count(heard.earlier_turns, 'turn')}"


def _things(heard: _Heard) -> str:
    """Count what came with the text: "2 pictures and 1 table"."""
    kinds = [seen.kind for seen in heard.seen]
    counted = [_count(kinds.count(kind), kind) for kind in dict.fromkeys(kinds)]
    *most, last = counted or ["nothing beside it"]
    return f"{', '.join(most)} and {last}" if most else last


def _count(number: int, noun: str) -> str:
    plural = noun if number == 1 or noun in ("audio", "video") else f"{noun}s"
    return f"{number:,} {plural}"


def _asks(heard: _Heard, *words: str) -> bool:
    return bool(re.search(rf"\b({'|'.join(words)})", heard.question, re.IGNORECASE))


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
