"""An answer as a file: Markdown or HTML for readers, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..core.answer import AnswerState
from ..core.errors import BadRequest
from ..core.messages import Attachment, Media, text_sha256
from ..core.storage import place_for, read_regular, replace_file
from ..core.text import legible
from .html import escape
from .inert import inert, literal
from .static_output import bundle
from .status import footer_text, notices

FORMAT = "gemini_magics answer"
_START_BYTES = 400  # of a file, among which the format stands
_PAGE = """<!doctype html>
<!-- {format} -->
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<div style="white-space: pre-wrap; overflow-wrap: break-word; font-weight: bold">{question}</div>
{answer}
"""


def as_dict(answer: AnswerState) -> dict[str, Any]:
    """Return an answer as plain values."""
    return {
        "format": FORMAT,
        "question": answer.question,
        "attachments": [_described(each) for each in answer.attachments],
        "text": answer.text,
        "thinking": answer.thinking,
        "citations": [asdict(each) for each in answer.citations],
        "service": answer.service,
        "model": answer.model,
        "effort": answer.effort,
        "ended": answer.ended,
        "problem": answer.problem,
        "usage": asdict(answer.usage),
        "seconds": answer.seconds,
        "recorded": answer.recorded,
        "request_id": answer.request_id,
        "prompt_sha256": answer.prompt_sha256,
    }


def _described(attachment: Attachment) -> dict[str, Any]:
    content = attachment.content
    about = {"name": attachment.name, "kind": attachment.kind, "note": attachment.note}
    if isinstance(content, Media):
        place = {"url": content.url} if content.url else {"sha256": content.sha256}
        return {**about, "type": content.type, "bytes": content.size_bytes, **place}
    return {**about, "type": "text/plain", "bytes": attachment.size_bytes, "sha256": text_sha256(content)}


def write(answer: AnswerState, path: Path) -> None:
    """Write an answer to a file, whole or not at all. Its owner alone can read a new file.

    Raises:
        BadRequest: the ending is another, the file is there and is something else, or it cannot be written.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise BadRequest(f"{path.name} has another ending: end it in .md, .html or .json.")
    data = writer(answer).encode("utf-8", "backslashreplace")
    try:
        place = place_for(path)
        if place.exists() and FORMAT.encode() not in read_regular(place, _START_BYTES):
            raise BadRequest(f"{path.name} is there and is not a saved answer: choose another name.")
        replace_file(place, data)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadRequest(f"{path.name} cannot be written ({reason}): choose another place.") from None


def _json(answer: AnswerState) -> str:
    return json.dumps(as_dict(answer), ensure_ascii=False, indent=2) + "\n"


def _markdown(answer: AnswerState) -> str:
    attached = "\n".join(f"- {literal(each.label)}" for each in answer.attachments if not each.inline)
    sources = "\n".join(
        f"{n}. {literal(each.title)} {literal(each.url)}" for n, each in enumerate(answer.citations, 1)
    )
    pieces = [
        f"<!-- {FORMAT} -->", attached, inert(answer.question), "---", inert(answer.text), sources,
        *map(literal, notices(answer)), f"*{literal(footer_text(answer))}*",
    ]  # fmt: skip
    return "\n\n".join(filter(None, (piece.strip("\n") for piece in pieces))) + "\n"


def _html(answer: AnswerState) -> str:
    asked = legible(answer.question)
    return _PAGE.format(
        format=FORMAT, title=escape(" ".join(asked.split())[:80]), question=escape(asked),
        answer=bundle(answer)["text/html"],
    )  # fmt: skip


_WRITERS: dict[str, Callable[[AnswerState], str]] = {".md": _markdown, ".json": _json, ".html": _html}
