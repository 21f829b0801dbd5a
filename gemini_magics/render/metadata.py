"""The metadata of an answer's output: service, model, usage and hashes, but neither prompt nor answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..core.answer import AnswerState
from ..core.messages import Attachment, Media, text_sha256
from ..core.text import one_line, reveal, shorten
from .status import NAME_CHARS

METADATA_NAME_CHARS = 200


def metadata(answer: AnswerState) -> dict[str, Any]:
    """Return the metadata of an answer's output: the service, the model, the usage and hashes.

    It holds neither the key nor the prompt nor the answer. Hashes are SHA-256 of the sent bytes: of media the
    encoded file or the URL, of text its UTF-8.
    """
    usage = {name: value for name, value in asdict(answer.usage).items() if value is not None}
    about = {
        "service": _shown(answer.service),
        "model": _shown(answer.model),
        "effort": _shown(answer.effort),
        "source": f"recorded {_shown(answer.recorded)}" if answer.recorded else "live",
        "prompt_sha256": _shown(answer.prompt_sha256),
        "attachments": [attachment_metadata(attachment) for attachment in answer.attachments],
        "usage": usage,
        **({"calls": [one_line(call.name, NAME_CHARS) for call in answer.calls]} if answer.calls else {}),
        "seconds": round(answer.seconds, 3),
        "ended": None if answer.ended is None else _shown(answer.ended),
    }
    return {"gemini_magics": about}


def attachment_metadata(attachment: Attachment) -> dict[str, Any]:
    """Return the kind, media type, size and SHA-256 of an attachment, and neither its name nor its content."""
    content = attachment.content
    kind, digest = (
        (content.type, content.sha256) if isinstance(content, Media) else ("text/plain", text_sha256(content))
    )
    return {"kind": _shown(attachment.kind), "type": kind, "bytes": attachment.size_bytes, "sha256": digest}


def _shown(words: str) -> str:
    """Return words of a service or a file; no message to a page can carry half a character, or megabytes."""
    return shorten(reveal(words), METADATA_NAME_CHARS)
