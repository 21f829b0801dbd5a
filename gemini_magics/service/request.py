"""The request: a question as the JSON that each service takes.

kie documents five fields and answers others with an error or not at all, so a field is sent only if the row of
the service has it or the person asks for it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ..core.errors import BadRequest, CannotAttach
from ..core.messages import Attachment, Media, Message, Part, ToolCall
from ..core.question import Question
from ..core.settings import Settings
from ..core.text import next_round, size, whole_characters
from .pointing import with_marks, words_for
from .services import Service
from .tool_calls import THOUGHTS, declaration

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
        BadRequest: the question has neither words nor anything attached, or nothing to point at.
    """
    settings = question.settings
    fields: dict[str, Any] = {}
    if "{model}" not in service.base_url and (service.model_in_body or settings.model):
        fields["model"] = service.model
    fields["messages"] = _messages(question, service)
    fields["stream"] = settings.stream
    if settings.stream and service.usage_on_request:
        fields["stream_options"] = {"include_usage": True}
    if tools := _tools(question, service):
        fields["tools"] = tools
    if settings.tier:
        fields["service_tier"] = settings.tier
    fields |= _thinking(settings, service)
    form = _form(question, service)
    if form is not None and _has_field(form, service):
        fields["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": form}}
    return _merged(fields, settings.extra)


def content(question: Question, service: Service) -> bytes:
    """Write the request of a question as JSON.

    Raises:
        CannotAttach: its attachments are larger than `request_bytes`.
        BadRequest: as `body` does; or --extra holds what JSON cannot.
    """
    check_size(question.attachments, question.settings)
    return as_json(body(question, service)).encode()


def as_json(fields: Any, **how: Any) -> str:
    """Write the fields of a request as JSON.

    Args:
        how: the arguments of `json.dumps`.

    Raises:
        BadRequest: --extra holds what JSON cannot.
    """
    try:
        return json.dumps(fields, allow_nan=False, **how)
    except (TypeError, ValueError) as error:
        reason = str(error)
    raise BadRequest(f"The request cannot be written as JSON ({reason}): look at --extra.")


def _tools(question: Question, service: Service) -> list[Mapping[str, Any]]:
    """Spell the tools of a question: those that the service runs, and the functions of the person.

    Raises:
        BadRequest: the service takes one kind or the other; or --extra would replace the functions.
    """
    settings = question.settings
    built_in = [tool for name, tool in service.built_in.items() if getattr(settings, name)]
    if built_in and question.tools and not service.search_with_functions:
        raise BadRequest(
            f"The service {service.name} takes a search or functions, and not both in one question: leave "
            "--search or --tool out."
        )
    if question.tools and "tools" in settings.extra:
        raise BadRequest('"tools" in --extra would replace the functions: leave it or --tool out.')
    return [*built_in, *map(declaration, question.tools)]


def points_in_form(question: Question, service: Service) -> bool:
    """Tell whether a question without a schema asks for words and marks in the field that schemas have.

    Sources are told by their places in the words, and calls come without words, so neither goes with it.
    """
    settings = question.settings
    taken = settings.search or question.tools or "response_format" in settings.extra
    return settings.point and question.schema is None and service.schema and not taken


def _form(question: Question, service: Service) -> Mapping[str, Any] | None:
    """Return the JSON schema that the answer is to follow; None where it may have any form."""
    if points_in_form(question, service):
        return with_marks({"type": "string"})
    if question.schema is not None and question.settings.point:
        return with_marks(question.schema)
    return question.schema


def check_size(attachments: Sequence[Attachment], settings: Settings) -> None:
    """See that all attachments of a question together are within `request_bytes`.

    Raises:
        CannotAttach: they are not; names the largest, and how to raise the limit.
    """
    total = sum(attachment.size_bytes for attachment in attachments)
    if total > settings.request_bytes:
        largest = max(attachments, key=lambda attachment: attachment.size_bytes)
        raise CannotAttach(
            f"The attachments have {size(total)}, and a question may have {size(settings.request_bytes)}: "
            f"leave out the largest, {largest.name} ({size(largest.size_bytes)}), or raise the limit with "
            f"%config GeminiMagics.request_bytes = {next_round(total)}."
        )


def shortened(body: dict[str, Any]) -> dict[str, Any]:
    """Return the same request without the bytes of its media, for people to read."""
    return {name: _shortened(value) for name, value in body.items()}


def _thinking(settings: Settings, service: Service) -> dict[str, Any]:
    """Spell how hard to think, and whether to tell the thoughts."""
    effort = service.asked_effort
    if service.thoughts == "google" and settings.thoughts:
        # Google refuses reasoning_effort beside a thinking_config ("Expected one of either ...; found
        # both"), so the effort moves into the config: https://ai.google.dev/gemini-api/docs/openai#thinking
        config = {"include_thoughts": True} | ({"thinking_level": effort} if effort else {})
        return {"extra_body": {"google": {"thinking_config": config}}}
    fields: dict[str, Any] = {}
    if effort:
        nested = service.effort == "nested"
        fields = {"reasoning": {"effort": effort}} if nested else {"reasoning_effort": effort}
    if service.thoughts == "flag":
        fields["include_thoughts"] = settings.thoughts
    elif service.thoughts == "exclude" and not settings.thoughts:
        fields = _merged(fields, {"reasoning": {"exclude": True}})
    return fields


def _messages(question: Question, service: Service) -> list[dict[str, Any]]:
    messages = (Message("system", (question.settings.system,)), *question.messages)
    spoken = [_message(message, service) for message in messages]
    if not question.messages or not spoken[-1].get("content"):
        raise BadRequest("There is nothing to ask: write a question, or name something to attach.")
    asked: dict[str, Any] = next((each for each in reversed(spoken) if each["role"] == "user"), {})
    form = _form(question, service)
    if question.settings.point:
        asked["content"].append(_text(words_for(question.pictures, in_form=form is not None)))
    if form is not None and not _has_field(form, service):
        asked["content"].append(_text(IN_WORDS + json.dumps(form, ensure_ascii=False)))
    return [each for each in spoken if each.get("content") or "tool_calls" in each]


def _message(message: Message, service: Service) -> dict[str, Any]:
    """Spell one message. The content of one that only calls functions is left out, as in Google's examples."""
    # https://ai.google.dev/gemini-api/docs/thought-signatures#openai
    content = [piece for part in message.parts for piece in _pieces(part, service)]
    spelled: dict[str, Any] = {"role": message.role, **({"content": content} if content else {})}
    if message.asks:
        spelled |= {"tool_calls": [_call(call) for call in message.asks.calls], **message.asks.extra}
        if not service.custom:
            # DeepSeek and its like refuse calls without the thoughts before them; kie documents no such field:
            # https://api-docs.deepseek.com/guides/thinking_mode#tool-calls
            spelled.pop(THOUGHTS, None)
    if message.answers:
        spelled["tool_call_id"] = message.answers
        if service.content == "text":
            spelled["content"] = "".join(piece["text"] for piece in content)
    return spelled


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return _merged({"id": call.id, "type": "function", "function": function}, call.extra)


def _has_field(schema: Mapping[str, Any], service: Service) -> bool:
    """Tell whether a schema goes in a field of its own: OpenAI takes objects there, and nothing else."""
    return service.schema and schema.get("type") == "object"


def _pieces(part: Part, service: Service) -> list[dict[str, Any]]:
    """Spell one part of a message. A blank text is left out: kie answers it "Message content is null"."""
    if isinstance(part, str):
        return [_text(part)] if part.strip() else []
    if isinstance(part.content, str):
        return [_text(part.content)] if part.content.strip() else []
    medium = _medium(part, part.content, service.media)
    return [medium] if part.inline else [_text(f"{part.name}:"), medium]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": whole_characters(text)}


def _medium(attachment: Attachment, media: Media, spelling: str) -> dict[str, Any]:
    """Spell a medium. A URL without a type is sent as a picture, which it most likely is."""
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
        case {"type": "text"}:  # a text that looks like a data: URI is a text all the same
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
