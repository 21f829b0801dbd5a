"""Conversations as files: JSON that is loaded again; the Markdown is written by `transcript`."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from ..core.answer import Answer
from ..core.errors import BadRequest
from ..core.messages import Attachment, Citation, Media, Part, Text, Thinking, Turn, Usage
from .conversation import Conversation, Exchange

FORMAT = "gemini_magics conversation"
VERSION = 1
_MARK_BYTES = 100
_PLAIN = ("service", "model", "effort", "prompt_sha256", "problem", "request_id", "recorded")
_SECONDS = ("first_text_s", "total_s")


def write(conversation: Conversation, path: Path) -> None:
    """Write a conversation to a file, whole or not at all.

    Raises:
        BadRequest: the ending is neither .md nor .json, the file is there and is something else, or it
            cannot be written.
    """
    if path.suffix.lower() not in (".md", ".json"):
        raise BadRequest(
            f"{path.name} names no kind of file: end it in .md to be read, or .json to be imported."
        )
    if path.suffix.lower() == ".md":
        from .transcript import markdown  # the Markdown parser is loaded when something is written

        text = markdown(conversation)
    else:
        text = as_json(conversation)
    # Half a surrogate pair has no UTF-8; written as its escape it is right in JSON, and Markdown has none.
    data = text.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and FORMAT.encode() not in _start(path):
            raise BadRequest(f"{path.name} is there and is no exported conversation: choose another name.")
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            whole = Path(file.name)
            try:
                file.write(data)
                file.close()  # Windows replaces no open file
                whole.replace(path)
            finally:
                whole.unlink(missing_ok=True)
    except OSError as error:
        raise BadRequest(f"{path} cannot be written ({error.strerror}): choose another place.") from None


def read(path: Path) -> Conversation:
    """Read a conversation from its JSON.

    Raises:
        BadRequest: the file cannot be read, or is no conversation; says what is wrong with it.
    """
    try:
        return from_json(path.read_text("utf-8"))
    except OSError as error:
        raise BadRequest(f"{path} cannot be read ({error.strerror}): name an exported .json file.") from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise BadRequest(
            f"{path.name} holds no conversation ({reason}): import what %gemini_chat export NAME X.json wrote."
        ) from None


def as_json(conversation: Conversation) -> str:
    """Write a conversation as JSON, with its media in base64, each once, by their SHA-256."""
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "name": conversation.name,
        "exchanges": [_exchange(exchange) for exchange in conversation.exchanges],
        "media": {digest: _medium(medium) for digest, medium in conversation.media.items()},
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def from_json(text: str) -> Conversation:
    """Make the conversation that `as_json` wrote.

    Raises:
        ValueError: it is something else; the message says what.
    """
    whole = _Fields(json.loads(text), "the file")
    if whole.take("format", str) != FORMAT or whole.take("version", int) != VERSION:
        raise ValueError(f"it is not of the format {FORMAT!r}, version {VERSION}")
    media = {digest: _read_medium(value, digest) for digest, value in whole.take("media", dict).items()}
    conversation = Conversation(whole.take("name", str))
    conversation.exchanges = [_read_exchange(value, media) for value in whole.take("exchanges", list)]
    return conversation


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MARK_BYTES)


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "anchor": exchange.anchor,
        "place": exchange.place,
        "stale": exchange.stale,
        "question": [_part(part) for part in exchange.turn.parts],
        "answer": _answer(exchange.answer),
    }


def _part(part: Part) -> str | dict[str, Any]:
    if isinstance(part, str):
        return part
    content = part.content
    held = {"media": content.sha256} if isinstance(content, Media) else {"text": content}
    return {"name": part.name, "kind": part.kind, "note": part.note, "inline": part.inline, **held}


def _medium(medium: Media) -> dict[str, Any]:
    held = {"url": medium.url} if medium.url else {"base64": b64encode(medium.data).decode()}
    return {"type": medium.type, "width": medium.width, "height": medium.height, **held}


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        **{name: getattr(answer, name) for name in _PLAIN},
        "thinking": answer.thinking,
        "text": answer.text,
        "citations": [asdict(citation) for citation in answer.citations],
        "usage": asdict(answer.usage),
        "ended": answer.ended,
        **{name: getattr(answer, name) for name in _SECONDS},
    }


class _Fields:
    """The fields of a JSON object, each checked as it is taken."""

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{what} is no JSON object")
        self._values: Mapping[str, Any] = value
        self._what = what

    def take(self, name: str, *kinds: type) -> Any:
        value = self._values.get(name)
        if not isinstance(value, kinds):
            raise ValueError(f"{self._what} has no {name} that can be read")
        return value

    def __contains__(self, name: str) -> bool:
        return name in self._values


def _read_medium(value: object, digest: str) -> Media:
    held = _Fields(value, "a medium")
    side = (int, type(None))
    medium = Media(
        held.take("type", str),
        b64decode(held.take("base64", str), validate=True) if "base64" in held else b"",
        held.take("url", str) if "url" in held else None,
        held.take("width", *side),
        held.take("height", *side),
    )
    if medium.sha256 != digest:
        raise ValueError(f"the medium {digest[:12]} was changed")
    return medium


def _read_exchange(value: object, media: Mapping[str, Media]) -> Exchange:
    held = _Fields(value, "an exchange")
    turn = Turn("user", tuple(_read_part(part, media) for part in held.take("question", list)))
    answer = _read_answer(held.take("answer", dict))
    answer.attachments = turn.attachments
    return Exchange(held.take("anchor", str), held.take("place", str), turn, answer, held.take("stale", bool))


def _read_part(value: object, media: Mapping[str, Media]) -> Part:
    if isinstance(value, str):
        return value
    held = _Fields(value, "an attachment")
    if "text" not in held and held.take("media", str) not in media:
        raise ValueError("an attachment has lost its medium")
    return Attachment(
        held.take("name", str),
        held.take("kind", str),
        held.take("text", str) if "text" in held else media[held.take("media", str)],
        held.take("note", str),
        held.take("inline", bool),
    )


def _read_answer(value: object) -> Answer:
    held, number = _Fields(value, "an answer"), (int, float, type(None))
    answer = Answer(**{name: held.take(name, str) for name in _PLAIN})
    for event in (Thinking(held.take("thinking", str)), Text(held.take("text", str))):
        if event.text:
            answer.add(event)
    for source in (_Fields(citation, "a citation") for citation in held.take("citations", list)):
        at = (source.take(name, int, type(None)) for name in ("start", "end"))
        answer.add(Citation(source.take("url", str), source.take("title", str), *at))
    usage = _Fields(held.take("usage", dict), "the usage")
    answer.add(Usage(**{each.name: usage.take(each.name, *number) for each in fields(Usage)}))
    answer.ended = held.take("ended", str, type(None))
    answer.first_text_s, answer.total_s = (held.take(name, *number) for name in _SECONDS)
    return answer
