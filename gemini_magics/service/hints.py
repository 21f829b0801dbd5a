"""Hints that a refusal gives beside its status: how long to wait, and whether asking again can help.

Services say it in headers, in fields of the body and in words, under many names, and gateways wrap the
body of the service behind them in lists and strings. So fields are looked up by name, at any depth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any

from .fields import number

MOST_FACTS = 1000
DEEPEST = 12
JSON_CHARS = 2**16
WORDS_CHARS = 4000
TIME_CHARS = 100
LONGEST_WAIT_S = 366 * 86_400.0  # a longer wait means "never", and its end may be after the last date
# Numbers this large are moments since 1970: as a wait, 1e9 s are 31 years.
EPOCH_S = 1e9
_EPOCH_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (float("inf"), 1e9))  # s, ms, µs and ns below these
EFFORTS = ("minimal", "low", "medium", "high")

_WAITS = {  # names of fields, without case and punctuation; the value is in this unit unless it names one
    "retryafter": 1.0, "retryafters": 1.0, "retryafterseconds": 1.0, "retryaftersecs": 1.0,
    "retrydelay": 1.0, "retrydelayseconds": 1.0, "retryin": 1.0, "retryinseconds": 1.0,
    "retryafterms": 1e-3, "xmsretryafterms": 1e-3, "retrydelayms": 1e-3, "retryinms": 1e-3,
}  # fmt: skip
_COSTS = ("creditsconsumed", "prompttokens", "completiontokens", "totaltokens", "cost")
_QUOTAS = ("quotaid", "quotametric", "quotalimit")
_RESETS = ("ratelimitreset", "xratelimitreset", "resetat", "resetsat")
_UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_LONG_UNITS_S = {"millisecond": 1e-3, "milli": 1e-3, "second": 1.0, "sec": 1.0, "minute": 60.0, "min": 60.0,
                 "hour": 3600.0, "hr": 3600.0, "day": 86_400.0}  # fmt: skip
_PIECE = re.compile(r"[\s,]*(?:and\s+)?(\d+(?:\.\d+)?)\s*([a-zµ]+)", re.IGNORECASE)
_WAIT_IN_WORDS = re.compile(r"\b(?:try again|retry|wait)\s+(?:(?:in|after|for|at least|about)\s+)*(?=\d)", re.I)

# Each service says it in other words; tests/test_quotas.py has a body of each, with its source.
_USED_UP_CODES = re.compile(
    r"insufficient_?(?:user_?)?(?:quota|credits?|balance|funds)|budget_?exceeded|exceeded_?(?:token_?)?budget"
    r"|billing_(?:hard_limit|not_active)|(?:quota|credits?)_?exhausted|out_of_credits?|payment_required",
    re.IGNORECASE,
)
_USED_UP_WORDS = re.compile(
    r"insufficient[\w ]{0,20} (?:quota|credits?|balance|funds)"
    r"|(?:credits?|balance|quota)(?: are| is)? (?:insufficient|exhausted|depleted|used up|too low|not enough)"
    r"|(?:not enough|out of|no) credits?\b|budget has been exceeded|exceeded[ _]?(?:token[ _]?)?budget"
    r"|(?:exceeded|over|crossed)(?: \w+)? budget|spending (?:cap|limit)|\bkey limit exceeded"
    r"|额度不足|余额不足",  # the words of one-api and new-api, which many gateways run
    re.IGNORECASE,
)
_QUOTA_WORDS = re.compile(r"exceeded your current quota", re.IGNORECASE)
# "limit: 0" is what Google says of a model that the free tier does not have (continuedev/continue#9570).
_LONG_LIMIT = re.compile(
    r"per[-_ ]?(?:day|week|month)|\b(?:daily|weekly|monthly)\b|\blimit: 0\b", re.IGNORECASE
)
_LASTING_CODES = re.compile(
    r"invalid_?(?:request|argument|image|prompt|api)|bad_?request|un_?supported|not_supported|model_not_found"
    r"|exceed_context|context_(?:length|size|window)|content_(?:policy|filter)|authentication",
    re.IGNORECASE,
)
_LASTING_WORDS = re.compile(
    r"\bnot supported|unsupported|(?:does not|doesn't|do not|cannot) support|not multimodal|\bmmproj\b"
    r"|context (?:size|length|window)|request too large"
    r"|invalid (?:request|argument|parameter|image|model|api key)"
    r"|no available channel|unknown model|model\b.{0,80}\bnot found"
    r"|failed to (?:parse|decode|load) (?:message|image)"
    r"|content policy|prohibited content",
    re.IGNORECASE,
)
_EFFORT = re.compile(r"reasoning[_. ]?effort|thinking[_. ]?level|(?<!best[ -])\beffort\b", re.IGNORECASE)
_FITS = re.compile(
    r"(?:(?<!un)supported (?:values?|levels?|efforts?)|(?<!in)valid values?|(?<!not )allowed|one of|must be"
    r"|should be|expected|available|choose)\b(?P<listed>.*?)(?:\b(?:got|but|received|not|instead)\b|\Z)",
    re.IGNORECASE | re.DOTALL,
)


def facts(payload: Any) -> Iterator[tuple[str, Any]]:
    """Yield the named values of JSON at any depth, names as "retryafter"; at most 1,000 of them."""
    return islice(_facts(payload, 0), MOST_FACTS)


def _facts(value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEEPEST:
        return
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")) and len(value) <= JSON_CHARS:
        # Gateways put the body of the service behind them into a string (continuedev/continue#9570).
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield re.sub(r"[^a-z]", "", name.lower()), inner
            yield from _facts(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _facts(inner, depth + 1)


def wait_s(payload: Any, said: str, headers: Mapping[str, str], *, is_rate: bool) -> float | None:
    """Return how many seconds a refusal asks to wait; None where it does not say.

    Of several hints the longest counts: a gateway's `Retry-After: 0` stands beside the `retryDelay` of the
    service behind it.

    Args:
        is_rate: the status is 429; others bear the reset of a limit that they do not speak of.
    """
    told = [*facts(dict(headers)), *facts(payload)]
    waits = [seconds(value, _WAITS[name]) for name, value in told if name in _WAITS]
    if named := [found for found in waits if found is not None]:
        return max(named)
    if start := _WAIT_IN_WORDS.search(said[:WORDS_CHARS]):
        return _duration(said[start.end() : start.end() + TIME_CHARS], whole=False)
    resets = [seconds(value) for name, value in told if name in _RESETS] if is_rate else []
    return max((found for found in resets if found is not None), default=None)


def seconds(value: Any, unit_s: float = 1.0) -> float | None:
    """Read a wait: a number, a duration such as "1.5s" or "7m12s", or the moment when it is over.

    RFC 9110, 10.2.3 has seconds and dates in Retry-After. Seen besides: milliseconds, times since 1970, ISO
    8601, google.protobuf.Duration ("2s", or {"seconds": 2}).

    Returns:
        Seconds from now, from 0 up to a year; None for what cannot be read.
    """
    if isinstance(value, dict):
        value = value.get("seconds")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = _number_of_seconds(value, unit_s)
    if found is None and isinstance(value, str):
        text = value.strip()[:TIME_CHARS]
        found = _duration(text, whole=True)
        if found is None:
            found = _until(text)
        if found is None and "," in text:  # two headers of one name are joined so (RFC 9110, 5.3)
            found = max((each for part in text.split(",") if (each := seconds(part)) is not None), default=None)
    return None if found is None else min(max(0.0, found), LONGEST_WAIT_S)


def _number_of_seconds(value: str | float, unit_s: float) -> float | None:
    found = number(value)
    if found is None or found < EPOCH_S:
        return None if found is None else found * unit_s
    per_s = next(per_s for below, per_s in _EPOCH_UNITS if found < below)
    return found / per_s - datetime.now(UTC).timestamp()


def _duration(text: str, *, whole: bool) -> float | None:
    """Add up "7m12.5s", "1 minute and 5 seconds" or ISO 8601's "PT1M5S"; None if there is no duration."""
    if text[:1] in ("P", "p"):
        text = text[1:].upper().replace("T", "")
    total_s, place = None, 0
    while piece := _PIECE.match(text, place):
        word = piece[2].lower()
        unit_s = _UNITS_S.get(word) or _LONG_UNITS_S.get(word.removesuffix("s"))
        if unit_s is None:
            break
        total_s, place = (total_s or 0.0) + float(piece[1]) * unit_s, piece.end()
    return None if whole and text[place:].strip() else total_s


def _until(text: str) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return (moment - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue  # some zones that a header can name are beyond what datetime takes
    return None


def is_used_up(payload: Any, said: str, *, told_wait_s: float | None, is_limit: bool) -> bool:
    """Tell whether a refusal means a quota or budget that no wait of a minute brings back.

    Args:
        is_limit: the status speaks of a limit (402, 403, 429), so "per day" is how long it lasts.
    """
    if any(_USED_UP_CODES.search(code) for code in (said, *_codes(payload))) or _USED_UP_WORDS.search(said):
        return True
    if not is_limit:
        return False
    limits = [said, *(str(value) for name, value in facts(payload) if name in _QUOTAS)]
    if any(_LONG_LIMIT.search(limit) for limit in limits):
        return True
    # Google says it of a minute's quota too, but then says how long to wait.
    return told_wait_s is None and bool(_QUOTA_WORDS.search(said))


def is_lasting(payload: Any, said: str, headers: Mapping[str, str]) -> bool:
    """Tell whether the same request would be refused again, whatever status the service chose."""
    # OpenAI's and Anthropic's own clients obey this header.
    if headers.get("x-should-retry", "").strip().lower() == "false" or _retryable(payload) is False:
        return True
    if any(_LASTING_CODES.search(code) for code in _codes(payload)):
        return True
    return bool(_LASTING_WORDS.search(said))


def may_have_cost(payload: Any) -> bool:
    """Tell whether a refusal comes with a charge or with the end of an answer."""
    for name, value in facts(payload):
        if name in _COSTS and (number(value) or 0) > 0:
            return True
        if name == "finishreason" and isinstance(value, str) and value:
            return True
    return False


def fallbacks(payload: Any) -> list[str]:
    """Return the models that the service names instead of one that is not available, at most three."""
    found: list[str] = []
    for name, value in facts(payload):
        if name in ("fallbackmodel", "fallbackmodels"):
            found += [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
    return list(dict.fromkeys(found))[:3]


def is_about_effort(payload: Any, said: str) -> bool:
    """Tell whether a refusal is about how hard the model was told to think."""
    return bool(_EFFORT.search(said)) or any(
        name == "param" and isinstance(value, str) and _EFFORT.search(value) for name, value in facts(payload)
    )


def fitting_efforts(said: str) -> tuple[str, ...]:
    """Return the efforts that fit, as far as a refusal tells: those it lists, or all but those it names.

    None is left where it refuses the effort as a whole.
    """
    for found in _FITS.finditer(said[:WORDS_CHARS]):
        if fits := _efforts_in(found["listed"]):
            return fits
    refused = _efforts_in(said)
    return tuple(effort for effort in EFFORTS if effort not in refused) if refused else ()


def _efforts_in(text: str) -> tuple[str, ...]:
    # Google writes THINKING_LEVEL_MINIMAL, where "_" is no end of a word.
    return tuple(e for e in EFFORTS if re.search(rf"(?<![a-z]){e}(?![a-z])", text, re.IGNORECASE))


def _codes(payload: Any) -> Iterator[str]:
    names = ("code", "type", "reason", "status", "errorcode", "errortype", "error")
    return (value[:TIME_CHARS] for name, value in facts(payload) if name in names and isinstance(value, str))


def _retryable(payload: Any) -> bool | None:
    for name, value in facts(payload):
        if name in ("retryable", "isretryable") and str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
    return None
