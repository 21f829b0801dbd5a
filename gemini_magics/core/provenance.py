"""Where an answer is from: what the metadata of an output say of it, and never say."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

from .answer import Answer
from .messages import Attachment, Media, Turn
from .plain import reveal, shorten

NAME_CHARS = 200


def prompt_sha256(turn: Turn) -> str:
    """Return the hex digest of what a person wrote in a turn: its text as UTF-8, without attachments."""
    return _sha256("".join(part for part in turn.parts if isinstance(part, str)))


def metadata(answer: Answer) -> dict[str, Any]:
    """Return the metadata of an answer's output: who answered what, by hashes, at which cost.

    The key, the prompt and the answer are not in it. Hashes are SHA-256, of what was sent: for media the
    encoded file or the URL, for text its UTF-8.
    """
    told = {name: value for name, value in asdict(answer.usage).items() if value is not None}
    about = {
        "service": answer.service,
        "model": shorten(reveal(answer.model), NAME_CHARS),
        "effort": answer.effort,
        "source": f"recorded {answer.recorded}" if answer.recorded else "live",
        "prompt_sha256": answer.prompt_sha256,
        "attachments": [_about(attachment) for attachment in answer.attachments],
        "usage": told,
        "seconds": round(answer.seconds, 3),
        "ended": None if answer.ended is None else shorten(reveal(answer.ended), NAME_CHARS),
    }
    return {"gemini_magics": about}


def _about(attachment: Attachment) -> dict[str, Any]:
    content = attachment.content
    kind, digest = (
        (content.type, content.sha256) if isinstance(content, Media) else ("text/plain", _sha256(content))
    )
    return {"kind": attachment.kind, "type": kind, "bytes": attachment.size_bytes, "sha256": digest}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
