"""Retries: whether a question may be asked once more, and after how many seconds.

It is repeated only where that cannot cost twice: it had not been sent in full, or the service answered
"not now" (429, 500, 502, 503, 529, 455) before anything else.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..core.errors import ConnectionFailed, GeminiError, RateLimitError, ServiceError
from ..core.messages import Event, Opened, Usage
from ..core.settings import Settings
from .refusals import GAVE_UP

# 429 is RFC 6585, section 4; 500, 502 and 503 are RFC 9110, section 15.6; 455 is kie's own, for maintenance;
# 529 means overloaded (https://docs.anthropic.com/en/api/errors).
AGAIN = (429, 500, 502, 503, 529, 455)
BACKOFF_S = 1.0  # before the second try; doubled before each further one
RATE_BACKOFF_S = 5.0  # the same after a 429 that does not say how long: kie counts over 10 s
CLOCK_S = 12 * 3600.0  # the end of a longer wait is told with its day
LEAST_WAIT_S = 1.0  # a service that says 0, or a date in the past, is not asked again at once


def has_begun(event: Event) -> bool:
    """Tell whether an answer was made, or charged: a finish_reason or a count of tokens is enough."""
    return any(vars(event).values()) if isinstance(event, Usage) else not isinstance(event, Opened)


def gave_up(error: GeminiError) -> bool:
    """Tell whether a gateway gave up on the question."""
    return isinstance(error, ServiceError) and not {error.status, error.code}.isdisjoint(GAVE_UP)


def next_wait_s(error: GeminiError, tried: int, settings: Settings) -> float | None:
    """Return how many seconds to wait before another try; None if there must not be one."""
    if isinstance(error, ServiceError):
        if error.lasts or _code(error) not in AGAIN:
            return None
        if error.retry_after_s is not None:
            return max(LEAST_WAIT_S, error.retry_after_s)
    elif not isinstance(error, ConnectionFailed):
        return None
    backoff_s = RATE_BACKOFF_S if isinstance(error, RateLimitError) else BACKOFF_S
    return min(backoff_s * 2.0**tried, settings.retry_wait_s)


def reason_in_words(error: GeminiError) -> str:
    """Say why there is another try."""
    return f"the service answered {_code(error)}" if isinstance(error, ServiceError) else "no connection"


def given_up(error: GeminiError, tried: int, wait_s: float) -> GeminiError:
    """Add to an error how often the question was sent, and when the service wants to be asked again."""
    said = str(error)
    if tried:
        said += f" It was tried {tried + 1} times."
    if isinstance(error, ServiceError) and error.retry_after_s:
        until = datetime.now().astimezone() + timedelta(seconds=wait_s)
        when = f"{until:%H:%M:%S}" if wait_s < CLOCK_S else f"{until:%Y-%m-%d %H:%M}"
        said += f" The service asks for a wait of {wait_s:.0f} s, until {when}."
    error.args = (said,)
    return error


def _code(error: ServiceError) -> int | None:
    return error.code if isinstance(error.code, int) else error.status
