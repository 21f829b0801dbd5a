"""What services say of used-up quotas, of waits and of what lasts: a body of each, on a real socket.

None of the bodies was captured by this project. Each was written after a shape that others document or
report; the comment before it names the source.
"""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from gemini_magics.core.errors import GeminiError, QuotaExceeded, RateLimitError, ServiceError
from gemini_magics.core.messages import Message, Text, Waiting
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings
from gemini_magics.service import hints, retries
from gemini_magics.service.delivery import Delivery
from gemini_magics.service.services import find
from gemini_magics.testing import Demo, Head, body, envelope, event, stream


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(retries, "BACKOFF_S", 0.01)
    monkeypatch.setattr(retries, "RATE_BACKOFF_S", 0.02)
    monkeypatch.setattr(retries, "LEAST_WAIT_S", 0.03)


def asked(*replies, **settings):
    """Ask a scripted service; return the text, the error, the waits and the number of requests."""
    text, error, waits = "", None, []
    with Demo([*replies]) as demo:
        chosen = Settings(service="demo", base_url=demo.base_url, **settings)
        try:
            for batch in Delivery(Question((Message("user", ("Well?",)),), chosen), find(chosen)).batches():
                text += "".join(each.text for each in batch if isinstance(each, Text))
                waits += [each.seconds for each in batch if isinstance(each, Waiting)]
        except GeminiError as failure:
            error = failure
        return text, error, waits, len(demo.requests)


def error(message, **more):
    return {"error": {"message": message, **more}}


def google(
    *quotas, delay="33s", message="You exceeded your current quota, please check your plan and billing."
):
    """Google's error, in a list as its compatible endpoint sends it."""
    violations = [{"quotaMetric": "generativelanguage.googleapis.com/requests", "quotaId": q} for q in quotas]
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]
    return [error(message, code=429, status="RESOURCE_EXHAUSTED", details=details)]


PER_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
PER_MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
OPENAI = error(
    "You exceeded your current quota, please check your plan and billing details.",
    type="insufficient_quota",
    param=None,
    code="insufficient_quota",
)

USED_UP = {  # name: (status, body, what the error says of where to look)
    # docs.kie.ai, the list of codes
    "kie": (200, {"code": 402, "msg": "Credits insufficient", "data": None}, "Add credit to the account"),
    "kie, with a fault's code": (
        200,
        {"code": 500, "msg": "Your credits are insufficient. Please top up.", "data": None},
        "billing page",
    ),
    # google-gemini/gemini-cli#8437: violations of a minute and of a day at once, with a retryDelay
    "google, per day": (429, google(PER_DAY), "ai.dev/rate-limit"),
    "google, per day and minute": (429, google(PER_MINUTE, PER_DAY), "Google project"),
    "google, no list": (429, google(PER_DAY)[0], "Google project"),
    # continuedev/continue#9570: the body in a string, and a model that the free tier does not have
    "google, in a string": (429, error(str(google(PER_DAY)).replace("'", '"')), "Google project"),
    "google, limit 0": (
        429,
        google(PER_MINUTE, message="Quota exceeded for metric: requests, limit: 0. Please retry in 45.5s."),
        "Google project",
    ),
    "google, prepaid": (
        429,
        error("Your prepayment credits are depleted.", code=429, status="RESOURCE_EXHAUSTED"),
        "Google project",
    ),
    "google, a cap": (
        429,
        error("The project has exceeded its monthly spending cap.", status="RESOURCE_EXHAUSTED"),
        "Google project",
    ),
    # openrouter.ai/docs/api-reference/limits
    "openrouter, credits": (402, error("Insufficient credits", code=402), "Add credit to the account"),
    "openrouter, free": (
        429,
        error(
            "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free requests",
            code=429,
            metadata={"headers": {"X-RateLimit-Reset": "1741305600000"}},
        ),
        "openrouter.ai/settings/credits",
    ),
    # platform.openai.com/docs/guides/error-codes
    "openai": (429, OPENAI, "platform.openai.com/settings/organization/billing"),
    "openai, in mid-stream": (200, OPENAI, "billing"),
    "openai, a limit": (
        400,
        error("Billing hard limit has been reached", code="billing_hard_limit_reached"),
        "billing page",
    ),
    # BerriAI/litellm#14144, #4208, #37000: statuses 400 and 429, a type or none
    "litellm": (
        400,
        error(
            "Budget has been exceeded! Current cost: 0.01, Max budget: 0.0", type="budget_exceeded", code="400"
        ),
        "ask whoever runs the gateway",
    ),
    "litellm, 429": (
        429,
        error("LiteLLM User: engineer-1, exceeded budget for model=m", type="budget_exceeded", code="429"),
        "The budget of this key, its user or its team",
    ),
    "litellm, no type": (
        429,
        error("ExceededBudget: End User=ishaan3 over budget. Spend=0.0008, Budget=0.0001", type="None"),
        "gateway",
    ),
    "litellm, around openai": (
        429,
        error(
            "litellm.RateLimitError: OpenAIException - You exceeded your current quota, please check your plan"
        ),
        "billing page",
    ),
    "litellm, a deployment": (429, error("No deployments available - crossed budget: x >= 1d"), "gateway"),
    # the words of one-api and new-api
    "new-api": (
        403,
        error("用户额度不足", type="new_api_error", code="insufficient_user_quota"),
        "billing page",
    ),
    "openrouter, a key": (403, error("Key limit exceeded (total limit). Manage it", code=403), "billing page"),
    "a code in words": (429, "insufficient_quota: add money", "billing page"),
    "litellm, tokens": (400, error("ExceededTokenBudget: Current spend for token: 7.2e-05"), "gateway"),
    "google, a quota limit": (
        429,
        error(
            "Quota exceeded",
            status="RESOURCE_EXHAUSTED",
            details=[
                {"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit": "RequestsPerDayPerProject"}}
            ],
        ),
        "Google project",
    ),
    "words alone": (429, "Your credit balance is too low to access the API.", "billing page"),
}


@pytest.mark.parametrize("case", USED_UP.values(), ids=USED_UP)
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_a_quota_that_is_used_up_is_asked_once_and_says_whose_it_is(case, streamed):
    status, payload, where = case
    text, failure, waits, n_requests = asked(body(payload, status), stream("Again"), stream=streamed)
    assert (type(failure), text, waits, n_requests) == (QuotaExceeded, "", [], 1)
    assert where in str(failure) and "Wait a little" not in str(failure)


def test_a_quota_that_is_used_up_is_told_as_that_in_an_event_too():
    for payload in (OPENAI, google(PER_DAY)[0], error("No", type="budget_exceeded")):
        _, failure, waits, n_requests = asked([Head(), event(payload)], stream("Again"))
        assert (type(failure), waits, n_requests) == (QuotaExceeded, [], 1)


WAITS = {  # name: (status, body, headers, the wait in seconds)
    "google": (429, google(PER_MINUTE, delay="2s"), {}, 2),
    "google, a fraction": (429, google(PER_MINUTE, delay="1.5s"), {}, 1.5),
    "google, 0.5": (429, google(PER_MINUTE, delay="500ms"), {}, 0.5),
    "google, an object": (429, google(PER_MINUTE, delay={"seconds": 2, "nanos": 1}), {}, 2),
    "google, minutes": (503, [error("Busy", details=[{"retryDelay": "PT1M5S"}])], {}, 65),
    "openrouter": (429, error("Slow", availability={"retryable": True, "retry_after": 3}), {}, 3),
    "openrouter, beside": (503, {**error("Slow"), "availability": {"retry_after": "3s"}}, {}, 3),
    "a number": (429, {"message": "You are being rate limited.", "retry_after": 0.3}, {}, 0.3),
    "another name": (429, error("Slow", retryAfter="4"), {}, 4),
    "milliseconds": (429, error("Slow", retry_after_ms=1500), {}, 1.5),
    "openai's words": (429, error("Rate limit reached for m. Please try again in 1.2s. Visit x."), {}, 1.2),
    "groq's words": (429, error("Rate limit reached. Please try again in 1m12.5s."), {}, 72.5),
    "azure's words": (429, error("Please retry after 20 seconds."), {}, 20),
    "ms in words": (429, error("Please try again in 250ms."), {}, 0.25),
    "google's words": (
        429,
        error("Quota exceeded for requests per minute. Please retry in 45.578569677s."),
        {},
        45.578569677,
    ),
    "a header": (429, error("Slow"), {"Retry-After": "7"}, 7),
    "a header in ms": (429, error("Slow"), {"retry-after-ms": "1500"}, 1.5),
    "a duration as header": (503, error("Busy"), {"Retry-After": "1m30s"}, 90),
    "the longer of two": (429, google(PER_MINUTE, delay="2s"), {"Retry-After": "0"}, 2),
    "a header nobody can read": (429, google(PER_MINUTE, delay="2s"), {"Retry-After": "soon"}, 2),
    "two headers": (429, error("Slow"), {"Retry-After": "7, 5"}, 7),
    "a reset": (429, error("Slow"), {"X-RateLimit-Reset": "9"}, 9),
    "kie": (200, {"code": 429, "msg": "Too fast", "data": {"retry_after": 2}}, {}, 2),
    "a list in a string": (429, error('[{"error": {"details": [{"retryDelay": "2s"}]}}]'), {}, 2),
}


@pytest.mark.parametrize("case", WAITS.values(), ids=WAITS)
def test_a_wait_that_is_told_anywhere_is_read(case):
    status, payload, headers, wait_s = case
    _, failure, waits, n_requests = asked(body(payload, status, **headers), retry_wait_s=0.001)
    assert (failure.retry_after_s, waits, n_requests) == (pytest.approx(wait_s), [], 1)
    assert f"a wait of {wait_s:.0f} s" in str(failure) and not isinstance(failure, QuotaExceeded)


def test_a_wait_that_is_told_in_the_body_is_waited_for():
    text, failure, waits, n_requests = asked(body(google(PER_MINUTE, delay="50ms"), 429), stream("Now."))
    assert (text, failure, waits, n_requests) == ("Now.", None, [0.05], 2)


def test_a_limit_of_other_requests_is_no_wait_for_a_fault():
    _, failure, waits, n_requests = asked(body(error("Oops"), 500, X_RateLimit_Reset="3600"), retries=1)
    assert (failure.retry_after_s, len(waits), n_requests) == (None, 1, 2)


MOMENTS = {  # how a moment is written
    "an HTTP date": lambda moment: format_datetime(moment, usegmt=True),
    "RFC 850": lambda moment: moment.strftime("%A, %d-%b-%y %H:%M:%S GMT"),
    "a zone": lambda moment: format_datetime(moment.astimezone(timezone(timedelta(hours=9)))),
    "no zone": lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S"),
    "ISO 8601": lambda moment: moment.isoformat(),
    "ISO 8601, Z": lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "s since 1970": lambda moment: str(int(moment.timestamp())),
    "ms since 1970": lambda moment: str(int(moment.timestamp() * 1000)),
    "a number": lambda moment: moment.timestamp(),
    "µs since 1970": lambda moment: str(int(moment.timestamp() * 1e6)),
    "ns since 1970": lambda moment: int(moment.timestamp() * 1e9),
}


@pytest.mark.parametrize("written", MOMENTS.values(), ids=MOMENTS)
def test_a_moment_is_a_wait_until_then(written):
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    wait_s = hints.seconds(written(tomorrow))
    # An hour is far more than the test takes, and less than a zone that is read wrong.
    assert 86_400 - 3600 < wait_s <= 86_401


NO_WAIT = [
    "",
    "soon",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "0x10",
    "None",
    "{}",
    "1 fortnight",
    "s",
    "T",
    "P",
    "P1Y",
    "12 12",
    "Wed, 21 Oct 2026 07:28:00 +9999",
    "Wed, 99 Oct 2026 07:28:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "0001-01-01T00:00:00+23:59",
    "2026-13-01",
    "9" * 5000,
    "\x00",
    "١٢ ساعة",
    None,
    True,
    [],
    {},
    {"seconds": []},
    float("nan"),
    float("inf"),
]


@pytest.mark.parametrize("value", NO_WAIT, ids=lambda value: repr(value)[:30])
def test_what_is_no_wait_breaks_nothing(value):
    assert hints.seconds(value) in (None, 0.0, hints.LONGEST_WAIT_S)


@pytest.mark.parametrize("value", [value for value in NO_WAIT if isinstance(value, str) and value.isascii()])
def test_a_header_that_is_no_wait_is_passed_over(value):
    header = value.replace("\x00", "")[:1000]
    text, failure, _, n_requests = asked(envelope(429, "Slow", status=429, Retry_After=header), stream("Now."))
    if n_requests == 1:  # it was a wait too long
        assert isinstance(failure, RateLimitError) and "until" in str(failure)
    else:
        assert (text, failure, n_requests) == ("Now.", None, 2)


LASTING = {  # name: (status, body, what the error says)
    # ggml-org/llama.cpp#15377, #12947
    "llama.cpp, no images": (
        500,
        error(
            "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
            code=500,
            type="server_error",
        ),
        "--dry-run",
    ),
    "llama.cpp, a part": (
        500,
        error('Failed to parse messages: Unsupported content part type: "image_url"', code=500),
        "--dry-run",
    ),
    "llama.cpp, too long": (
        500,
        error("the request exceeds the available context size", type="exceed_context_size_error"),
        "--dry-run",
    ),
    "a type": (500, error("No", type="invalid_request_error"), "--dry-run"),
    "google": (503, [error("No", code=503, status="INVALID_ARGUMENT")], "--dry-run"),
    # the words of new-api
    "no channel": (
        503,
        error("No available channel for model m under group default", code="model_not_found"),
        "model",
    ),
    "kie": (200, {"code": 500, "msg": "The model is not supported", "data": None}, "--dry-run"),
    "a policy": (500, error("Blocked by the content policy"), "--dry-run"),
    # openrouter.ai/docs, error.availability
    "openrouter": (
        429,
        error(
            "No capacity",
            code=429,
            availability={
                "retryable": False,
                "code": "no_capacity",
                "fallback_models": ["google/gemini-3-flash", "x/y"],
            },
        ),
        "google/gemini-3-flash or x/y instead: ask with --model",
    ),
    "openrouter, in text": (503, error("Gone", availability={"retryable": "False"}), "--dry-run"),
    "openrouter, no fallback": (503, error("Gone", availability={"retryable": False}), "--dry-run"),
    # https://platform.openai.com/docs/guides/rate-limits: more tokens than a minute may have
    "openai, too large": (
        429,
        error(
            "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000. The input or "
            "output tokens must be reduced in order to run successfully.",
            type="tokens",
            code="rate_limit_exceeded",
        ),
        "does not help",
    ),
    "openrouter, 429": (429, error("Gone", availability={"retryable": False}), "does not help"),
}


@pytest.mark.parametrize("case", LASTING.values(), ids=LASTING)
def test_a_refusal_that_lasts_is_not_asked_again_whatever_its_status(case):
    status, payload, says = case
    _, failure, waits, n_requests = asked(body(payload, status), stream("Again"))
    assert (isinstance(failure, ServiceError), waits, n_requests) == (True, [], 1)
    assert says in str(failure) and "in a moment" not in str(failure)


def test_a_header_that_forbids_to_try_again_is_obeyed():
    _, _, waits, n_requests = asked(body(error("Oops"), 500, X_Should_Retry="false"), stream("Again"))
    assert (waits, n_requests) == ([], 1)


PASSING = {
    "overloaded": (
        503,
        error("The model is overloaded. Please try again later.", code=503, status="UNAVAILABLE"),
    ),
    "exhausted": (429, [error("Resource has been exhausted (e.g. check quota).", status="RESOURCE_EXHAUSTED")]),
    "a rate": (429, error("Rate limit exceeded: free-models-per-min", code=429)),
    "tokens per minute": (
        429,
        error("Rate limit reached on tokens per min (TPM)", type="tokens", code="rate_limit_exceeded"),
    ),
    "google, per minute": (429, google(PER_MINUTE, delay="10ms")),
    "a fault of the upstream": (502, error("Upstream sent an invalid response", type="bad_gateway")),
    "maintenance": (503, error("Down for the daily maintenance")),
    "kie": (200, {"code": 500, "msg": "Server exception, please try again later", "data": None}),
}


@pytest.mark.parametrize("case", PASSING.values(), ids=PASSING)
def test_a_refusal_that_passes_is_asked_again(case):
    status, payload = case
    text, failure, waits, n_requests = asked(body(payload, status), stream("Now."))
    assert (text, failure, len(waits), n_requests) == ("Now.", None, 1, 2)


EFFORTS = {  # name: (the words, what the error says)
    # agentjido/req_llm#971, can1357/oh-my-pi#10543, RooCodeInc/Roo-Code#10700
    "google": (
        "Thinking level MINIMAL is not supported for this model. Please retry with other thinking level.",
        "choose --effort low, medium or high.",
    ),
    "vertex": ("Thinking level is unsupported: THINKING_LEVEL_MINIMAL", "choose --effort low, medium or high."),
    "google, none": ("Thinking level is not supported for this model.", "leave --effort out"),
    "openai": (
        "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. "
        "Supported values are: 'low', 'medium', and 'high'.",
        "choose --effort low, medium or high.",
    ),
    "openai, none": ("Unrecognized request argument supplied: reasoning_effort", "leave --effort out"),
    "kie": ("reasoning_effort must be low or high", "choose --effort low or high."),
    "pydantic": (
        "body.reasoning_effort: Input should be 'low' or 'medium' but got 'high'",
        "choose --effort low or medium.",
    ),
    "one": ('reasoning.effort: must be one of ["high"], not low', "choose --effort high."),
}


@pytest.mark.parametrize("case", EFFORTS.values(), ids=EFFORTS)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_of_the_effort_names_those_that_fit(case, status):
    words, says = case
    _, failure, _, n_requests = asked(body(error(words), status))
    assert says in str(failure) and n_requests == 1


def test_other_refusals_do_not_speak_of_efforts():
    for words in ("This is a best-effort service; messages must not be empty", "max_tokens is too low"):
        assert "--effort" not in str(asked(body(error(words), 400))[1])


def test_a_body_of_any_size_and_depth_is_searched_in_bounded_steps():
    deep = error("x", details=[])
    for _ in range(200):
        deep = {"a": deep}
    wide = error("x", details=[{"a": n, "type": "t"} for n in range(100_000)])
    assert sum(1 for _ in hints.facts(deep)) < 100
    assert sum(1 for _ in hints.facts(wide)) == hints.MOST_FACTS
