"""When the service says no: what it said, what that means, and what to do next.

A no comes as `{"error": {...}}`, as kie's envelope `{"code", "msg", "data"}`, or as whatever a gateway on
the way writes. kie sends its envelope with HTTP status 200, so the status alone says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from math import isfinite
from typing import Any

from ..core.errors import KeyRejected, OutOfCredit, RateLimited, Refused
from ..core.plain import shorten

SAID_CHARS = 300
PAGE_CHARS = 64 * 1024
_REQUEST_IDS = ("x-request-id", "request-id", "x-generation-id", "x-litellm-call-id")
_WORDS = ("message", "msg", "detail", "error_description", "error")

_KINDS = {401: KeyRejected, 402: OutOfCredit, 429: RateLimited}
_ADDRESS = "Check the model's name and the address of the service."
_LOOK = "Look at the request with --dry-run, then change the question or its options."
_LATER = "Ask again in a moment, or choose another --service."
_NEXT = {
    401: "Set the key again with %gemini_key.",
    402: "Add credit to the account, then ask again.",
    403: "Look up what the key and its account may use.",
    404: _ADDRESS,
    408: "Ask again; with --effort low the answer comes sooner.",
    413: "Attach less, or something smaller.",
    429: "Wait a little, then ask again.",
    455: "The service is under maintenance: ask again later, or choose another --service.",
    504: "It may have been charged all the same; ask again only if that is all right.",
    505: "The service has switched this off: leave it out, or choose another --service.",
}


def refusal(payload: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Refused | None:
    """Read what the service sent as a no; return None if it is none.

    Args:
        payload: the parsed JSON, or the text where it is no JSON.
        status: the HTTP status.
        headers: the HTTP headers, their names in lower case.

    Returns:
        The error to raise. Its `code` is an int where the body gives one that reads like an HTTP status:
        then that decides what the refusal means, and else `status` does.
    """
    payload = payload[0] if isinstance(payload, list) and payload else payload  # Google's come in an array
    found = _found(payload)
    if found is None and status < 300:
        return None
    code, said = found or (None, _words(payload))
    said = " ".join(said.split())
    if "does not exist" in said.lower():
        code = 404  # kie says it with 422 or 500; asking again is of no use
    elif "api key not valid" in said.lower():
        code = 401  # Google says it with 400
    decisive = next((n for n in (code, status) if isinstance(n, int) and n >= 300), None)
    headers = headers or {}
    error = _KINDS.get(decisive or 0, Refused)(
        f"The service answered {decisive or code or 'with an error'}{_quoted(said)} {_next(decisive)}",
        status=status,
        code=code,
        request_id=request_id(headers, payload) or None,
    )
    error.retry_after = _seconds(headers.get("retry-after", ""))
    return error


def request_id(headers: Mapping[str, str], payload: Any) -> str:
    """Return the service's name for a request, from the headers or the body; "" if there is none."""
    named = next((headers[name] for name in _REQUEST_IDS if headers.get(name)), "")
    inside = payload.get("id") if isinstance(payload, dict) else None
    return named or (inside if isinstance(inside, str) else "")


def number(value: Any) -> float | None:
    """Return a number of JSON, even one that is written as a string; None for all else."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if isfinite(found) and not isinstance(value, bool) else None


def written(payload: Any) -> str:
    """Return JSON as text that can be quoted."""
    try:
        return json.dumps(payload)
    except RecursionError:  # just less deep than what cannot be parsed
        return "…"


def page_text(page: str) -> str:
    """Return the words of a page of HTML, without its markup, scripts and styles."""
    # Every pattern may also end with the page, so that no opening is looked at twice.
    markup = r"(?is)<(script|style)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)|<[^>]*(>|\Z)"
    return " ".join(unescape(re.sub(markup, " ", page[:PAGE_CHARS])).split())


def _found(payload: Any) -> tuple[int | str | None, str] | None:
    """Find the code and the words of a refusal in JSON; None if it holds none."""
    if not isinstance(payload, dict):
        return None
    error = payload.get("error")
    if isinstance(error, dict) and error:
        return _code(error.get("code") or error.get("type") or error.get("status")), _words(error)
    if error or payload.get("object") == "error":  # the second is vLLM's
        return _code(payload.get("code") or payload.get("status")), _words(payload)
    if "msg" in payload and not payload.get("choices"):
        code = _code(payload.get("code"))
        return (code, _words(payload)) if code is not None and code != 200 else None
    return None


def _code(value: Any) -> int | str | None:
    """Return a code as an int if it reads like an HTTP status, else as a string."""
    found = number(value)
    if found is not None and 100 <= found < 600:
        return int(found)
    return shorten(str(value), 40) if isinstance(value, str | int | float) and value != "" else None


def _words(payload: Any) -> str:
    """Return what is said in JSON of no known shape, or in text that is no JSON."""
    if isinstance(payload, str):
        return page_text(payload) if payload.lstrip().startswith("<") else payload[:PAGE_CHARS]
    if isinstance(payload, dict):
        for name in _WORDS:
            if isinstance(payload.get(name), str):
                return str(payload[name])
    return written(payload) if payload else ""


def _quoted(said: str) -> str:
    if not said:
        return " without a word."
    said = shorten(said, SAID_CHARS)
    return f": {said}" if said.endswith((".", "!", "?", "…")) else f": {said}."


def _next(code: int | None) -> str:
    if code is None or code >= 500:
        return _NEXT.get(code or 0, _LATER)
    return _NEXT.get(code, _LOOK if code >= 400 else _ADDRESS)


def _seconds(retry_after: str) -> float | None:
    """Read a Retry-After header (RFC 9110, 10.2.3): seconds, or the date when it is over."""
    seconds = number(retry_after)
    if seconds is None:
        try:
            over = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        seconds = (over.replace(tzinfo=over.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds)
