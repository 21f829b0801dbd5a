"""Refusals: what the service said, which error that is, and what the reader can do next.

A refusal is `{"error": {...}}`, kie's envelope `{"code", "msg", "data"}`, or anything that a gateway
writes. kie sends its envelope with HTTP status 200, so the status alone decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from ..core.errors import AuthenticationError, QuotaExceeded, RateLimitError, ServiceError
from ..core.text import shorten
from .fields import error_in, number, words_in, written

SAID_CHARS = 300
MODEL_CHARS = 80
PAGE_CHARS = 64 * 1024
_REQUEST_IDS = ("x-request-id", "request-id", "x-generation-id", "x-litellm-call-id")

# A gateway waited in vain while the service behind it may still be working and charging. Cloudflare's own
# are 520 to 527: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/
GAVE_UP = (408, 504, *range(520, 528))
# RFC 9110, 9.2.2: a client repeats a POST only where it knows that the first one was not applied.
CHARGED = "It may have been charged, so it was not sent again; run the cell to ask once more."

_NO_CODES = ("error", "fail", "failed", "failure", "exception", "true")

_LIMITS = (402, 403, 429)  # the statuses that speak of what an account may use
_KINDS = {401: AuthenticationError, 402: QuotaExceeded, 429: RateLimitError}
# kie says it with 422 or 500, LM Studio with 200 where the address has no /v1.
_NOT_FOUND = ("does not exist", "unexpected endpoint")
_ADDRESS = "Check the model's name and the address of the service."
_LOOK = "Look at the request with --dry-run, then change the question or its options."
_LATER = "Ask again in a moment, or choose another --service."
_NEXT = {
    401: "Set the key again with %gemini_key.",
    402: "Add credit to the account, then ask again.",
    403: "Look up what the key and its account may use.",
    404: _ADDRESS,
    413: "Attach less, or something smaller.",
    429: "Wait a little, then ask again.",
    455: "The service is under maintenance: ask again later, or choose another --service.",
    505: "The service has switched this off: leave it out, or choose another --service.",
    **dict.fromkeys(GAVE_UP, "It took too long for this question, or lost it."),
}
_NEXT_LASTING = dict.fromkeys(
    (429, 455), "To ask again does not help: choose another --model or another --service."
)
# Words of a refusal -> whose quota is used up, and where the reader looks. Sources:
# https://docs.litellm.ai/docs/proxy/users, https://openrouter.ai/docs/api-reference/limits,
# https://ai.google.dev/gemini-api/docs/rate-limits, https://platform.openai.com/docs/guides/error-codes
_OWNERS = (
    (
        r"budget",
        "The budget of this key, its user or its team is used up: ask whoever runs the gateway to raise it.",
    ),
    (
        r"free-models-per|openrouter",
        "The OpenRouter account has used up its credits or its free questions: see "
        "openrouter.ai/settings/credits.",
    ),
    (
        r"RESOURCE_EXHAUSTED|googleapis|ai\.google\.dev|ai\.dev/|QuotaFailure",
        "The Google project behind the key has used up its quota: see ai.dev/rate-limit. Google counts days in "
        "Pacific time; or choose another --service.",
    ),
    (
        r"insufficient_quota|platform\.openai",
        "The account behind the key has used up its quota: see the billing page of the service, at OpenAI "
        "platform.openai.com/settings/organization/billing.",
    ),
)
_OWNER = "The account behind the key has used up its quota: see the billing page of the service."


def refusal(
    payload: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, free: bool = False
) -> ServiceError | None:
    """Return the error that a response stands for, or None if it is not a refusal.

    Args:
        payload: the parsed JSON, or the text where it is not JSON.
        status: the HTTP status.
        headers: the HTTP headers, their names in lower case.
        free: what was asked costs nothing.

    Returns:
        The error to raise. Where the body holds a code that reads like an HTTP status, `code` is that
        int and decides the kind of the error; otherwise `status` decides. `lasts` is True where the same
        request must not be sent again.
    """
    if isinstance(payload, list) and payload:  # Google wraps its errors in a list
        payload = payload[0]
    found = _found(payload)
    if found is None and status < 300:
        return None
    from . import hints  # its many patterns are compiled where a service says no

    code, said = found or (None, _words(payload))
    said = " ".join(said.split())
    if any(words in said.lower() for words in _NOT_FOUND):
        code = 404  # asking again is of no use
    elif "api key not valid" in said.lower():
        code = 401  # Google says it with 400
    codes = [n for n in (code, status) if isinstance(n, int) and n >= 300]
    decisive = next((n for n in codes if n in GAVE_UP), codes[0] if codes else None)
    headers = headers or {}
    wait_s = hints.wait_s(payload, said, headers, is_rate=decisive == 429)
    kind, next_step = _KINDS.get(decisive or 0, ServiceError), _next(decisive)
    used_up = hints.is_used_up(payload, said, told_wait_s=wait_s, is_limit=decisive in _LIMITS)
    lasting = hints.is_lasting(payload, said, headers)
    if used_up and decisive != 401:
        kind, next_step = QuotaExceeded, _owner(payload, _NEXT[402] if decisive == 402 else _OWNER)
    elif hints.is_about_effort(payload, said) and (decisive in (400, 422) or lasting):
        next_step = _fitting(said)
    elif lasting:
        next_step = _NEXT_LASTING.get(decisive or 0, next_step if decisive in _NEXT else _LOOK)
    if models := hints.fallbacks(payload):
        named = " or ".join(shorten(model, MODEL_CHARS) for model in models)
        next_step = f"The service names {named} instead: ask with --model."
    if charged := not free and (decisive in GAVE_UP or hints.may_have_cost(payload)):
        next_step = f"{next_step} {CHARGED}"
    error = kind(
        f"The service answered {decisive or code or 'with an error'}{_quoted(said)} {next_step}",
        status=status,
        code=code,
        request_id=request_id(headers, payload) or None,
    )
    error.retry_after_s = wait_s
    error.lasts = used_up or lasting or charged
    return error


def request_id(headers: Mapping[str, str], payload: Any) -> str:
    """Return the service's name for a request, from the headers or the body; "" if there is none."""
    named = next((headers[name] for name in _REQUEST_IDS if headers.get(name)), "")
    inside = payload.get("id") if isinstance(payload, dict) else None
    return named or (inside if isinstance(inside, str) else "")


def page_text(page: str) -> str:
    """Return the words of a page of HTML, without its markup, scripts and styles."""
    # Each pattern may also end at the end of the page: this keeps the search linear for unclosed tags.
    markup = r"(?is)<(script|style)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)|<[^>]*(>|\Z)"
    return " ".join(unescape(re.sub(markup, " ", page[:PAGE_CHARS])).split())


def _found(payload: Any) -> tuple[int | str | None, str] | None:
    """Find the code and the words of a refusal in JSON; None if it holds none."""
    error = error_in(payload)
    if error is None:
        return None
    around = payload if isinstance(payload, dict) else {}
    told = [each.get(name) for each in (error, around) for name in ("code", "type", "status", "statusCode")]
    named = [_code(each) for each in told if each and str(each).casefold() not in _NO_CODES]
    statuses = (code for code in named if isinstance(code, int) and code >= 300)
    return next(statuses, named[0] if named else None), _words(error)


def _code(value: Any) -> int | str | None:
    """Return a code as an int if it reads like an HTTP status, else as a string."""
    found = number(value)
    if found is not None and 100 <= found < 600:
        return int(found)
    return shorten(str(value), 40) if isinstance(value, str | int | float) and value != "" else None


def _words(payload: Any) -> str:
    """Return what is said in JSON, or in text that is not JSON."""
    said = words_in(payload)
    if said.lstrip().startswith("<"):
        return page_text(said)
    return said[:PAGE_CHARS] or (written(payload) if payload else "")


def _quoted(said: str) -> str:
    if not said:
        return " without a word."
    said = shorten(said, SAID_CHARS)
    return f": {said}" if said.endswith((".", "!", "?", "…")) else f": {said}."


def _owner(payload: Any, otherwise: str) -> str:
    told = payload if isinstance(payload, str) else written(payload)
    return next((step for words, step in _OWNERS if re.search(words, told, re.IGNORECASE)), otherwise)


def _fitting(said: str) -> str:
    from . import hints

    fits = hints.fitting_efforts(said)
    if not fits:
        return "The model takes no effort: leave --effort out, and set %config GeminiMagics.effort = None."
    *most, last = fits
    either = f"{', '.join(most)} or {last}" if most else last
    return f"The model does not take this effort: choose --effort {either}."


def _next(code: int | None) -> str:
    if code is None or code >= 500:
        return _NEXT.get(code or 0, _LATER)
    return _NEXT.get(code, _LOOK if code >= 400 else _ADDRESS)
