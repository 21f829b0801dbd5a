"""The fields of a service's JSON, in each spelling that services use.

Every function here is a rule about one field and keeps no state. Two principles hold throughout: an empty
value of the wrong type means "nothing" (PHP writes an empty object as `[]`), and a value that may hold words
of the answer in an unknown form is an error, because dropping it would cut the answer without a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from ..core.errors import UnexpectedResponse
from ..core.messages import Citation, Usage
from ..core.text import shorten, whole_characters

AGAIN = "Ask again, or choose another --service."
NAME_CHARS = 80
DEEPEST = 6  # gateways wrap each other's errors; nobody nests them deeper than this

# Where errors without an `error` field say that they are errors, and the words that say the opposite.
_STATUSES = ("status", "statusCode", "status_code")
_KINDS = ("object", "type", "status", "event", "state", "result")
_SUCCESS = ("success", "ok", "succeeded")
_UNDER_WAY = ("processing", "pending", "queued", "running", "in_progress", "ping", "heartbeat")
# How Python's None, JSON's null and Protobuf's default are written where they became text.
_NO_REASONS = ("", "none", "null", "finish_reason_unspecified")
_IS_ERROR = re.compile(r"(?:^|[._-])(?:error|exception|fail|failed|failure)$", re.IGNORECASE)
_ERROR_WORDS = ("error_msg", "errmsg", "error_message", "errorMessage", "err", "exception", "failure")
_WORDS = (
    *(
        "message",
        "msg",
        "status_msg",
        "detail",
        "error_description",
        "reason",
        "title",
        "error",
        "errors",
        "data",
    ),
    *_ERROR_WORDS,
)


def parsed(text: str) -> Any:
    """Parse JSON. Text that is not JSON is returned unchanged."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def written(payload: Any) -> str:
    """Write JSON as text that can be quoted."""
    try:
        return json.dumps(payload)
    except RecursionError:  # json.loads goes a little deeper than json.dumps
        return "…"


def unreadable(what: Any) -> UnexpectedResponse:
    """Make the error for a value that follows no known form."""
    text = what if isinstance(what, str) else written(what)
    return UnexpectedResponse(
        f"The service sent something that cannot be read as an answer. {AGAIN}", excerpt=text
    )


def an_object(value: Any) -> dict[str, Any]:
    """Return a JSON object; every empty value counts as an empty object.

    Raises:
        UnexpectedResponse: the value is something else.
    """
    if not value:
        return {}
    if not isinstance(value, dict):
        raise unreadable(value)
    return value


def a_list(value: Any) -> list[Any]:
    """Return a JSON array; every empty value counts as an empty array.

    Raises:
        UnexpectedResponse: the value is something else.
    """
    if not value:
        return []
    if not isinstance(value, list):
        raise unreadable(value)
    return value


def number(value: Any) -> float | None:
    """Return a JSON number, also one that is written as a string; None for everything else."""
    # Protobuf's JSON, which Google speaks, writes 64-bit integers as strings:
    # https://protobuf.dev/programming-guides/json/
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if isfinite(found) and not isinstance(value, bool) else None


def text_in(value: Any) -> str:
    """Return text that comes as a string or in blocks: {"text"}, or {"summary"} for thoughts.

    Raises:
        UnexpectedResponse: the value is neither.
    """
    if not value:
        return ""
    if isinstance(value, str):
        return value
    value = [value] if isinstance(value, dict) else value
    blocks = [block if isinstance(block, str) else an_object(block) for block in a_list(value)]
    texts = [b if isinstance(b, str) else b.get("text") or b.get("summary") or "" for b in blocks]
    if not all(isinstance(text, str) for text in texts):
        raise unreadable(value)
    return "".join(texts)


def thoughts_in(part: Mapping[str, Any]) -> str:
    """Return the thoughts of a delta or message from the first field that holds any.

    OpenRouter sends the same thoughts in `reasoning` and in `reasoning_details`
    (https://openrouter.ai/docs/use-cases/reasoning-tokens), Mistral blocks of them in the content
    (https://docs.mistral.ai/capabilities/reasoning).
    """
    for name in ("reasoning_content", "reasoning", "reasoning_details"):
        if (value := part.get(name)) and (text := text_in(value)):
            return text
    return "".join(text_in(block.get("thinking")) for block in _blocks_in(part))


def _blocks_in(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = part.get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def refusal_in(part: Mapping[str, Any]) -> str:
    """Return the words in which the model declines: in a field of their own, or in a block of the content."""
    # https://platform.openai.com/docs/guides/structured-outputs#refusals
    return "".join(text_in(each.get("refusal")) for each in (part, *_blocks_in(part)))


def is_flagged(part: Mapping[str, Any]) -> bool:
    """Return whether Google marks the content of a delta or message as thoughts."""
    # https://ai.google.dev/gemini-api/docs/openai#thinking
    extra = part.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    return isinstance(google, dict) and google.get("thought") is True


def called_in(part: Mapping[str, Any]) -> list[str]:
    """Return the names of the tools that a delta or message calls; "" for a call whose name comes elsewhere."""
    calls = part.get("tool_calls")
    calls = calls if isinstance(calls, list) else [calls] if calls else []
    # The older spelling: https://platform.openai.com/docs/api-reference/chat/object
    if part.get("function_call"):
        calls = [*calls, {"function": part["function_call"]}]
    functions = [call.get("function") for call in calls if isinstance(call, dict)]
    names = [function.get("name") if isinstance(function, dict) else None for function in functions]
    return [shorten(whole_characters(name), NAME_CHARS) if isinstance(name, str) else "" for name in names]


def reason_in(choice: Mapping[str, Any]) -> str:
    """Return why the model stopped, in the service's word; "" where the choice does not say.

    Google's endpoint has written the name in camel case (https://github.com/jakobdylanc/llmcord/issues/84).
    """
    reason = choice.get("finish_reason") or choice.get("finishReason") or ""
    if not isinstance(reason, str):
        return shorten(written(reason), NAME_CHARS)
    return "" if reason.strip().casefold() in _NO_REASONS else whole_characters(reason)


def citations_in(part: Mapping[str, Any]) -> Iterator[Citation]:
    """Yield the sources of an answer. One that cannot be read is left out: the answer matters more."""
    notes = part.get("annotations")
    for note in notes if isinstance(notes, list) else []:
        if not isinstance(note, dict):
            continue
        source = note.get("url_citation")
        source = source if isinstance(source, dict) else note
        url, title = source.get("url"), source.get("title")
        if isinstance(url, str) and url:
            start, end = _count(source.get("start_index")), _count(source.get("end_index"))
            placed = start is not None and end is not None and start < end
            span = (start, end) if placed else (None, None)
            named = whole_characters(title) if isinstance(title, str) else ""
            yield Citation(whole_characters(url), named, *span)


def tier_in(chunk: Mapping[str, Any]) -> str:
    """Return the price tier that serves an answer, "" where none is told.

    OpenAI and OpenRouter tell it beside the choices (https://openrouter.ai/docs/guides/features/service-tiers);
    Google's own protocol tells it in the usage.
    """
    usage = chunk.get("usage")
    for holder in (chunk, usage if isinstance(usage, dict) else {}):
        if isinstance(tier := holder.get("service_tier"), str) and tier.strip():
            return whole_characters(tier.strip())
    return ""


def usage_in(chunk: Mapping[str, Any]) -> Usage | None:
    """Return what the answer has taken so far; None where a chunk does not say.

    Moonshot tells it in the last choice (https://platform.moonshot.ai/docs/api/chat). Gateways before Anthropic
    leave its names, `input_tokens` and `output_tokens` (https://docs.anthropic.com/en/api/messages).
    """
    choices = chunk.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    usage = chunk.get("usage") or first.get("usage")
    if not usage and chunk.get("credits_consumed") is None:
        return None
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("completion_tokens_details")
    found = Usage(
        prompt_tokens=_count(usage.get("prompt_tokens", usage.get("input_tokens"))),
        completion_tokens=_count(usage.get("completion_tokens", usage.get("output_tokens"))),
        total_tokens=_count(usage.get("total_tokens")),
        reasoning_tokens=_count(details.get("reasoning_tokens")) if isinstance(details, dict) else None,
        credits=number(chunk.get("credits_consumed")),
        # https://openrouter.ai/docs/use-cases/usage-accounting
        cost_usd=number(usage.get("cost")),
    )
    return None if found == Usage() else found


def error_in(payload: Any) -> dict[str, Any] | None:
    """Return the object that tells of an error; None where the payload tells of none.

    These shapes are known, alone, in a list, or one inside another:

        {"error": {...}}, {"error": "words"}, {"errors": [...]}     OpenAI, Google, Ollama, JSON:API
        {"code": 500, "msg": "words"}, {"status": 500, "message"}   kie, Nest, RFC 9457
        {"error_msg": "words"}, {"errmsg"}, {"err"}, {"exception"}  Baidu, WeChat and others
        {"object": "error"}, {"type": "error"}, {"status": "failed"}    vLLM, Anthropic
        {"success": false}, {"ok": false}                           Cloudflare
        {"detail": "words"}, {"detail": [{"loc", "msg", "type"}]}   FastAPI
        {"base_resp": {"status_code": 1004, "status_msg": "words"}} MiniMax
        {"x_groq": {"error": "words"}}                              Groq

    Beside an answer's `choices` only the first row and Groq's count, because the other names may belong to
    the answer.
    """
    for _ in range(DEEPEST):
        if isinstance(payload, list) and payload:
            payload = payload[0]
        if not isinstance(payload, dict):
            return None
        inner = payload.get("error") or payload.get("errors")
        groq = payload.get("x_groq")  # https://console.groq.com/docs/api-reference#chat-create
        if not inner and isinstance(groq, dict) and isinstance(groq.get("error"), str):
            return {"message": groq["error"]}
        base = payload.get("base_resp")
        if not inner and isinstance(base, dict) and _tells_of_error(base):
            return base
        if not inner:
            return payload if not payload.get("choices") and _tells_of_error(payload) else None
        inner = inner[0] if isinstance(inner, list) else inner
        if not isinstance(inner, dict):
            return payload
        if not (inner.get("error") or inner.get("errors")) or isinstance(inner.get("message"), str):
            return inner
        payload = inner
    return inner


def remark_in(chunk: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a chunk that only has words to say, which are an error if the answer does not go on after them."""
    words = chunk.get("message") or chunk.get("msg")
    if chunk.get("choices") or not isinstance(words, str) or words.casefold() in _SUCCESS:
        return None
    return None if _is_well(chunk) else {"message": words}


def _is_well(chunk: Mapping[str, Any]) -> bool:
    """Return whether an object says of itself that all is well: {"code": 200}, {"status": "processing"}."""
    codes = [number(chunk[name]) for name in ("code", *_STATUSES) if name in chunk]
    kinds = [chunk[name].casefold() for name in _KINDS if isinstance(chunk.get(name), str)]
    return any(code == 0 or (code and 200 <= code < 300) for code in codes) or any(
        kind in (*_SUCCESS, *_UNDER_WAY) for kind in kinds
    )


def is_error_name(name: str) -> bool:
    """Return whether an event or object of this name is an error: "error", "response.failed"."""
    return bool(_IS_ERROR.search(name.strip()))


def words_in(payload: Any, depth: int = DEEPEST) -> str:
    """Return the words of a remark or an error; "" where it has none.

    FastAPI's list of {"loc", "msg", "type"} becomes "body.messages: Field required; ...". Gateways put the
    error of the service behind them into a string, and OpenRouter beside words of its own, as `metadata.raw`
    (https://openrouter.ai/docs/api-reference/errors).
    """
    if isinstance(payload, str):
        inner = parsed(payload) if depth and payload.lstrip().startswith(("{", "[")) else payload
        return payload if inner is payload else words_in(inner, depth - 1) or payload
    if not depth:
        return ""
    if isinstance(payload, list):
        return "; ".join(filter(None, (words_in(each, depth - 1) for each in payload[:3])))
    if not isinstance(payload, dict):
        return ""
    words = next(filter(None, (words_in(payload.get(name), depth - 1) for name in _WORDS)), "")
    about = payload.get("metadata")
    behind = words_in(about.get("raw"), depth - 1) if words and isinstance(about, dict) else ""
    if behind and not behind.lstrip().startswith("<"):
        words = f"{words}: {behind}"
    place = payload.get("loc")
    if words and isinstance(place, list) and all(isinstance(step, str | int) for step in place):
        return f"{'.'.join(map(str, place))}: {words}"
    return words


def _tells_of_error(payload: Mapping[str, Any]) -> bool:
    """Return whether an object without an `error` field is an error all the same."""
    if payload.get("success") is False or payload.get("ok") is False or payload.get("detail"):
        return True
    if any(isinstance(payload.get(name), str) and is_error_name(payload[name]) for name in _KINDS):
        return True
    told = [payload[name] for name in _ERROR_WORDS if payload.get(name)]
    if any(not isinstance(each, str) or each.casefold() not in _SUCCESS for each in told):
        return True
    words, code = words_in(payload), payload.get("code")
    if words.casefold() in _SUCCESS:
        return False
    if not (words or "msg" in payload):
        return 400 <= (number(code) or 0) < 600
    if isinstance(code, str) and number(code) is None:
        return bool(code) and code.casefold() not in _SUCCESS
    value = number(code)
    if value is not None and value != 0 and not 200 <= value < 300:
        return True
    return any((number(payload.get(name)) or 0) >= 300 for name in _STATUSES)


def _count(value: Any) -> int | None:
    found = number(value)
    return None if found is None or found < 0 else int(found)
