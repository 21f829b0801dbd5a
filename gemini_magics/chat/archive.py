"""Conversations as files: JSON that can be loaded again. `transcript` writes the Markdown.

A file may come from a stranger, so everything in it is data. Its texts are literal: an expression
`` $`...` `` in a question of a file is text wherever it is shown, edited or sent again (see
`notebook.panel.wording`), and a name is only a label.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..content.files import link
from ..content.pdf_pages import PdfPages
from ..core.answer import AnswerState, Turn, fold, media_of
from ..core.errors import BadRequest, CannotAttach
from ..core.json_fields import JsonFields, read_json
from ..core.messages import Attachment, Citation, Media, Message, Part, Text, Thinking, Usage
from ..core.storage import place_for, read_regular, replace_file
from ..core.text import size
from ..recording.calls import call_as_json, read_call, redrawn
from ..render.answer import Answer
from .transcript import FORMAT, markdown

VERSION = 1
ANCHOR_CHARS = 2_000  # VS Code's identity of a cell holds the path of its notebook
FILE_BYTES = 1_000_000_000  # reading JSON takes several times as much memory
_MARK_BYTES = 100  # FORMAT stands at the start of both kinds of file
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}|", re.ASCII)  # "" is that of a URL without an ending
_PLAIN = ("service", "model", "effort", "prompt_sha256", "problem", "request_id", "recorded")
_SECONDS = ("first_text_s", "total_s")


def write(name: str, turns: Sequence[Turn], path: Path) -> None:
    """Write a conversation to a file, whole or not at all. Its owner alone can read a new file.

    Raises:
        BadRequest: the ending is neither .md nor .json, the file is there and is something else, a link
            leads out of the folder, or the file cannot be written.
    """
    if path.suffix.lower() not in (".md", ".json"):
        raise BadRequest(f"{path.name} has another ending: end it in .md to read it, or in .json to import it.")
    text = markdown(name, turns) if path.suffix.lower() == ".md" else as_json(name, turns)
    # Half a surrogate pair has no UTF-8; written as its escape it is right in JSON, and Markdown has none.
    data = text.encode("utf-8", "backslashreplace")
    try:
        place = place_for(path)
        if place.exists() and FORMAT.encode() not in read_regular(place, _MARK_BYTES):
            raise BadRequest(f"{path.name} is there and is not an exported conversation: choose another name.")
        replace_file(place, data)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadRequest(f"{path} cannot be written ({reason}): choose another place.") from None


def read(path: Path) -> tuple[str, list[Turn]]:
    """Read the name and the turns of a conversation from its JSON.

    Raises:
        BadRequest: the file cannot be read, is too large, or is not a conversation; the message names the line
            or the turn.
    """
    try:
        data = read_regular(path, FILE_BYTES + 1)
        if len(data) > FILE_BYTES:
            raise BadRequest(f"{path.name} has more than {size(FILE_BYTES)}: import a smaller conversation.")
        return from_json(data)
    except OSError as error:
        raise BadRequest(f"{path} cannot be read ({error.strerror}): name an exported .json file.") from None
    except ValueError as error:
        raise BadRequest(
            f"{path.name} holds no conversation ({error}): import what %gemini_chat export NAME X.json wrote."
        ) from None


def as_json(name: str, turns: Sequence[Turn]) -> str:
    """Write a conversation as JSON. Each medium stands in it once, by its SHA-256, in base64."""
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "name": name,
        "exchanges": [_turn(turn) for turn in turns],
        "media": {digest: _medium(medium) for digest, medium in media_of(turns).items()},
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def from_json(text: str | bytes) -> tuple[str, list[Turn]]:
    """Return the name and the turns that `as_json` wrote.

    Raises:
        ValueError: it is something else; the message says in which turn.
    """
    whole = JsonFields(read_json(text), "the file")
    if whole.take("format", str) != FORMAT or whole.take("version", int) != VERSION:
        raise ValueError(f"it is not of the format {FORMAT!r}, version {VERSION}")
    try:
        media = {digest: _read_medium(value, digest) for digest, value in whole.take("media", dict).items()}
    except CannotAttach as error:
        raise ValueError(f"a medium is not a public https URL: {error}") from None
    turns: dict[str, Turn] = {}
    for number, value in enumerate(whole.take("exchanges", list), 1):
        try:
            turn = _read_turn(value, media)
        except ValueError as error:
            raise ValueError(f"turn {number}: {error}") from None
        # A page shows turns by their anchors, so one with that of another would be sent and not be seen; and
        # "" is the anchor of a question that has none yet.
        if not turn.anchor or turn.anchor in turns:
            turn.anchor = uuid4().hex
        turns[turn.anchor] = turn
    return whole.take("name", str), list(turns.values())


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "anchor": turn.anchor,
        "place": turn.place,
        "stale": turn.stale,
        **({"hidden": True} if turn.hidden else {}),
        "question": [_part(part) for part in turn.message.parts],
        "answer": _answer(turn.answer),
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


def _answer(answer: AnswerState) -> dict[str, Any]:
    return {
        **{name: getattr(answer, name) for name in _PLAIN},
        "thinking": answer.thinking,
        "text": answer.text,
        "citations": [asdict(citation) for citation in answer.citations],
        "usage": asdict(answer.usage),
        "ended": answer.ended,
        **({"called": list(answer.called)} if answer.called else {}),
        **({"calls": list(map(call_as_json, answer.calls))} if answer.calls else {}),
        **{name: getattr(answer, name) for name in _SECONDS},
    }


def _read_medium(value: object, digest: str) -> Media:
    held = JsonFields(value, "a medium")
    media_type, url = held.take("type", str), held.take("url", str) if "url" in held else None
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise ValueError("a medium has no media type")
    if url is not None:
        link(url, url)  # the service opens it, as one that is named in a cell
    medium = Media(
        media_type,
        # Without `validate` characters outside of the alphabet are dropped in silence:
        # https://docs.python.org/3/library/base64.html#base64.b64decode
        b64decode(held.take("base64", str), validate=True) if "base64" in held else b"",
        url,
        held.whole("width"),
        held.whole("height"),
    )
    if medium.sha256 != digest:
        raise ValueError(f"the medium {digest[:12]} was changed")
    return medium


def _read_turn(value: object, media: Mapping[str, Media]) -> Turn:
    held = JsonFields(value, "a turn")
    message = Message("user", tuple(_read_part(part, media) for part in held.take("question", list)))
    answer = _read_answer(held.take("answer", dict))
    answer.attachments = message.attachments
    anchor = held.take("anchor", str)
    if len(anchor) > ANCHOR_CHARS:
        raise ValueError(f"an anchor has more than {ANCHOR_CHARS} characters")
    if re.search("[\ud800-\udfff]", anchor):  # no message to a page can carry it
        raise ValueError("an anchor holds half a character")
    stale, hidden = held.take("stale", bool), held.take("hidden", bool, False)
    return Turn(anchor, held.take("place", str), message, answer, stale, hidden)


def _read_part(value: object, media: Mapping[str, Media]) -> Part:
    if isinstance(value, str):
        return value
    held = JsonFields(value, "an attachment")
    if "text" not in held and held.take("media", str) not in media:
        raise ValueError("an attachment has lost its medium")
    content = held.take("text", str) if "text" in held else media[held.take("media", str)]
    ground = None
    if isinstance(content, Media) and content.type == "application/pdf":
        ground = PdfPages(content.data)
    return Attachment(
        held.take("name", str),
        held.take("kind", str),
        content,
        held.take("note", str),
        held.take("inline", bool),
        ground,
    )


def _read_answer(value: object) -> Answer:
    held = JsonFields(value, "an answer")
    answer = Answer(**{name: held.take(name, str) for name in _PLAIN})
    # The text last, as in an answer that came live: `fold` remembers which of both came last.
    for event in (Thinking(held.take("thinking", str)), Text(held.take("text", str))):
        if event.text:
            fold(answer, event)
    for source in (JsonFields(citation, "a citation") for citation in held.take("citations", list)):
        place = source.whole("start"), source.whole("end")
        fold(answer, Citation(source.take("url", str), source.take("title", str), *place))
    usage = JsonFields(held.take("usage", dict), "the usage")
    fold(answer, Usage(**{each.name: usage.number(each.name) for each in fields(Usage)}))
    answer.ended = held.take("ended", (str, type(None)), None)
    # The first exported files had neither of these two fields, and they still open.
    answer.called = tuple(map(str, held.take("called", list))) if "called" in held else ()
    answer.calls = [redrawn(read_call(each)) for each in held.take("calls", list, [])]
    answer.first_text_s, answer.total_s = (held.number(name) for name in _SECONDS)
    return answer
