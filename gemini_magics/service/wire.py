"""The request on the wire: how a question is spelled for each service.

This file and its two sisters, `reply` and `refusal`, are the only ones that know the names of JSON
fields. kie documents five fields and answers others with an error or not at all, so nothing is sent
that a row of the table or the person does not ask for.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..core.errors import BadRequest
from ..core.messages import Attachment, Media, Part, Turn
from ..core.plain import size
from ..core.question import Question
from ..core.settings import Settings
from .pieces import whole
from .services import Service

_SEARCH_TOOLS = {
    "googleSearch": {"type": "function", "function": {"name": "googleSearch"}},
    "openrouter": {"type": "openrouter:web_search"},
}
IN_WORDS = (
    "Answer with one block of code in the language json that follows this JSON schema, and with nothing "
    "before or after it.\n\n"
)
# Where the format of a sound has another name than its media type (audio/mpeg is mp3).
_AUDIO_FORMATS = {"mpeg": "mp3", "mp4": "m4a"}


def url(service: Service) -> str:
    """Return the address that questions are posted to."""
    return service.base_url.replace("{model}", quote(service.model, safe="")) + "/chat/completions"


def body(question: Question, service: Service) -> dict[str, Any]:
    """Spell a question as the JSON that the service takes.

    `settings.extra` is put in last, at the top level, and wins; an object in it joins the object that is
    already there.

    Raises:
        BadRequest: the question has neither words nor anything attached.
    """
    settings = question.settings
    fields: dict[str, Any] = {}
    if "{model}" not in service.base_url and (service.model_in_body or settings.model):
        fields["model"] = service.model
    fields["messages"] = _messages(question, service)
    fields["stream"] = settings.stream
    if settings.stream and service.usage_on_request:
        fields["stream_options"] = {"include_usage": True}
    if settings.search and service.search:
        fields["tools"] = [_SEARCH_TOOLS[service.search]]
    fields |= _thinking(settings, service)
    if question.schema is not None and _has_field(question.schema, service):
        form = {"name": "answer", "schema": question.schema}
        fields["response_format"] = {"type": "json_schema", "json_schema": form}
    return _merged(fields, settings.extra)


def shortened(body: dict[str, Any]) -> dict[str, Any]:
    """Return the same request with the bytes of its media left out, for people to read."""
    return {name: _shortened(value) for name, value in body.items()}


def _thinking(settings: Settings, service: Service) -> dict[str, Any]:
    """Spell how hard to think, and whether to tell the thoughts."""
    if service.thoughts == "google" and settings.thoughts:
        # Google refuses reasoning_effort beside a thinking_config ("Expected one of either ...; found
        # both"), so the effort moves into the config.
        config = {"include_thoughts": True, "thinking_level": settings.effort}
        return {"extra_body": {"google": {"thinking_config": config}}}
    fields: dict[str, Any] = {"reasoning_effort": settings.effort}
    if service.effort == "nested":
        fields = {"reasoning": {"effort": settings.effort}}
    if service.thoughts == "flag":
        fields["include_thoughts"] = settings.thoughts
    elif service.thoughts == "exclude" and not settings.thoughts:
        fields = _merged(fields, {"reasoning": {"exclude": True}})
    return fields


def _messages(question: Question, service: Service) -> list[dict[str, Any]]:
    turns = (Turn("system", (question.settings.system,)), *question.turns)
    contents = [[piece for part in turn.parts for piece in _pieces(part, service)] for turn in turns]
    if not question.turns or not contents[-1]:
        raise BadRequest("There is nothing to ask: write a question, or name something to attach.")
    if question.schema is not None and not _has_field(question.schema, service):
        contents[-1].append(_text(IN_WORDS + json.dumps(question.schema, ensure_ascii=False)))
    spoken = zip(turns, contents, strict=True)
    return [{"role": turn.role, "content": content} for turn, content in spoken if content]


def _has_field(schema: Mapping[str, Any], service: Service) -> bool:
    """Tell whether a schema goes in a field of its own: OpenAI takes objects there, and nothing else."""
    return service.schema and schema.get("type") == "object"


def _pieces(part: Part, service: Service) -> list[dict[str, Any]]:
    """Spell one part of a turn. A blank text is left out: kie answers it "Message content is null"."""
    if isinstance(part, str):
        return [_text(part)] if part.strip() else []
    if isinstance(part.content, str):
        return [_text(part.content)] if part.content.strip() else []
    medium = _medium(part, part.content, service.media)
    return [medium] if part.inline else [_text(f"{part.name}:"), medium]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": whole(text)}


def _medium(attachment: Attachment, media: Media, spelling: str) -> dict[str, Any]:
    """Spell a medium; a URL always as the picture it most likely is, or as what its type says."""
    kind, _, subtype = media.type.partition("/")
    if media.data and kind == "audio" and spelling in ("audio", "typed"):
        sound = {
            "data": b64encode(media.data).decode(),
            "format": _AUDIO_FORMATS.get(subtype, subtype.removeprefix("x-")),
        }
        return {"type": "input_audio", "input_audio": sound}
    where = media.url or f"data:{media.type};base64,{b64encode(media.data).decode()}"
    if spelling == "typed" and media.type == "application/pdf":
        return {"type": "file", "file": {"filename": attachment.name, "file_data": where}}
    if spelling == "typed" and kind == "video":
        return {"type": "video_url", "video_url": {"url": where}}
    return {"type": "image_url", "image_url": {"url": where}}


def _merged(fields: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(fields)
    for name, value in extra.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _shortened(value: Any) -> Any:
    match value:
        case {"type": "text"}:  # words are shown as they are, even those that look like a data: URI
            return value
        case {"data": str(data), "format": _}:
            return {**value, "data": f"… ({_bytes(data)})"}
        case dict():
            return {name: _shortened(inner) for name, inner in value.items()}
        case list():
            return [_shortened(inner) for inner in value]
        case str() if value.startswith("data:") and ";base64," in value[:200]:
            head, _, data = value.partition(",")
            return f"{head},… ({_bytes(data)})"
    return value


def _bytes(base64: str) -> str:
    """Write how many bytes a base64 text stands for."""
    return size(len(base64) * 3 // 4 - base64[-2:].count("="))
