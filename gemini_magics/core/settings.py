"""The settings of a question: each with its default, its option and its environment variable.

A setting is declared once, as a field of `Settings`. The options of `%%gemini`, the traits of
`%config GeminiMagics`, the arguments of `ask` and the table in the README are made from these fields.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from numbers import Integral, Real
from typing import Any

from .errors import BadRequest
from .text import count, did_you_mean, listed, quoted

_WRITTEN = re.compile(r"\s*(\d[\d,_]*(?:\.\d+)?)\s*(credit|token)s?\s*", re.ASCII | re.IGNORECASE)


_NUMBER = re.compile(r"\s*\d[\d,_]*(?:\.\d+)?\s*", re.ASCII)


@dataclass(frozen=True)
class Budget:
    """An amount of what services count.

    Attributes:
        unit: "credits" or "tokens".
    """

    amount: float
    unit: str

    @classmethod
    def read(cls, text: object) -> Budget | None:
        """Read "200 credits" or "50,000 tokens"; an empty text is None.

        Raises:
            BadRequest: it is neither.
        """
        if isinstance(text, Real) or _NUMBER.fullmatch(str(text)):
            amount = str(text).strip()
            raise BadRequest(f'A budget needs its unit: write "{amount} credits" or "{amount} tokens".')
        text = str(text)
        if not text.strip():
            return None
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise BadRequest(f'A budget is written "200 credits" or "50,000 tokens", not {quoted(text)}.')
        return cls(float(re.sub("[,_]", "", written[1])), f"{written[2].lower()}s")

    def __str__(self) -> str:
        return f"{count(self.amount)} {self.unit}"


def _setting(
    default: Any,
    what: str,
    *,
    flag: str = "",
    off: str = "",
    metavar: str = "",
    choices: tuple[str, ...] = (),
    env: str = "",
) -> Any:
    """Declare a setting: its default, and the text and names for options, traits and docs."""
    about = {"help": what, "flag": flag, "off": off, "metavar": metavar, "choices": choices, "env": env}
    return field(default=default, metadata=about)


# Both services that document a flex tier speak of up to 15 minutes:
# https://ai.google.dev/gemini-api/docs/flex-inference
TIER_WAIT_S = 900.0
LARGEST = 1_000_000_000  # bytes, pixels, rows or seconds; the clocks of systems take no more than some 10**9 s

# By the annotation of a setting. NumPy's numbers are Real, too.
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "bool": ((bool,), "True or False"),
    "int": ((Integral,), "a whole number"),
    "float": ((Real,), "a number"),
    "str": ((str,), "text"),
    "Mapping[str, Any]": ((Mapping,), "a dict"),
}


@dataclass(frozen=True)
class Settings:
    """The settings of one question. They are frozen, so an answer shows the settings it was asked with."""

    service: str = _setting(
        "kie",
        "which service answers: kie, google, openrouter, openai, demo, or auto for the one whose key is there",
        flag="--service", metavar="NAME", env="GEMINI_MAGICS_SERVICE",
    )  # fmt: skip
    model: str | None = _setting(
        None, "the model, by the service's name for it",
        flag="--model", metavar="NAME", env="GEMINI_MAGICS_MODEL",
    )  # fmt: skip
    base_url: str | None = _setting(
        None, "another address for the service; its key is GEMINI_MAGICS_API_KEY alone",
        env="GEMINI_MAGICS_BASE_URL",
    )  # fmt: skip
    effort: str | None = _setting(
        None, "how hard to think: low answers sooner and costs less; unless set, the service's usual one",
        flag="--effort", metavar="low|high", choices=("minimal", "low", "medium", "high"),
    )  # fmt: skip
    tier: str | None = _setting(
        None, "a cheaper tier, where the service has one: flex costs half and may take 15 minutes",
        flag="--tier", metavar="flex", choices=("flex",),
    )  # fmt: skip
    thoughts: bool = _setting(
        True, "ask for the model's thoughts, and show them", flag="--thoughts", off="--no-thoughts"
    )
    search: bool = _setting(False, "let the model search with Google", flag="--search")
    point: bool = _setting(
        False, "let the answer point at places in the pictures, as answer.marks", flag="--point"
    )
    system: str = _setting("", "standing instructions for the model", flag="--system", metavar="TEXT")
    chat: str | None = _setting(
        None, "join a conversation; its name is main when none is given",
        flag="--chat", off="--no-chat", metavar="[NAME]",
    )  # fmt: skip
    drop_stale: bool = _setting(
        False, "leave out turns whose earlier questions were asked again since", flag="--drop-stale"
    )
    with_partial: bool = _setting(
        False, "send interrupted answers of the conversation along, too", flag="--with-partial"
    )
    stream: bool = _setting(
        True, "show the answer while it is written, or only at its end", flag="--stream", off="--no-stream"
    )
    extra: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={
            "help": "more fields for the request, as a JSON object",
            "flag": "--extra", "off": "", "metavar": "JSON", "choices": (), "env": "",
        },
    )  # fmt: skip

    recording: str | None = _setting(
        None, "the file whose answers are used again; %gemini_record sets it", env="GEMINI_MAGICS_RECORDING"
    )
    record_new: bool = _setting(True, "add new answers to the recording")
    strict: bool = _setting(False, "never ask: a question that is not in the recording is an error")
    fresh: bool = _setting(
        False, "ask again although the answer is recorded, and record the new one", flag="--fresh"
    )

    allow_outside: bool = _setting(False, "let paths lead out of the notebook's folder", flag="--allow-outside")
    as_image: bool = _setting(False, "send tables and grids of numbers as pictures", flag="--as-image")
    table_rows: int = _setting(
        60, "rows of a table that are sent; of more the middle is left out, 0 sends none"
    )
    image_side_px: int = _setting(3072, "pictures with a longer side are scaled down to this")
    image_bytes: int = _setting(7_000_000, "the most bytes one picture may have when it is sent")
    # Base64 adds a third, and a request may have 20 MB:
    # https://ai.google.dev/gemini-api/docs/image-understanding
    request_bytes: int = _setting(15_000_000, "the most bytes all attachments of a question may have")

    connect_timeout_s: float = _setting(10.0, "seconds to wait for a connection")
    write_timeout_s: float = _setting(60.0, "seconds to wait while the question is being sent")
    # A model may think for long without a word; bytes of any kind end the gap, those of a comment as well.
    gap_timeout_s: float = _setting(300.0, "seconds without a byte before an answer counts as broken off")
    # The usage follows the end of the words, and some gateways claim an end in each chunk, so words may follow:
    # https://github.com/BerriAI/litellm/issues/2195
    finish_timeout_s: float = _setting(5.0, "seconds to wait for the usage after the answer's end")
    retries: int = _setting(2, "how often to try again while nothing was answered and nothing charged")
    retry_wait_s: float = _setting(60.0, "the longest wait before another try, in seconds")

    tool_rounds: int = _setting(8, "how often an answer may call functions and be asked to go on")
    tool_timeout_s: float = _setting(60.0, "seconds that a call of a function may take")
    tool_result_bytes: int = _setting(100_000, "the most bytes of text that the result of a call may have")

    budget: str = _setting("", 'ask nothing more once this much is spent: "200 credits", "50,000 tokens"')
    dollars_per_credit: float | None = _setting(
        None, "what a credit costs you; with it, amounts are shown in dollars too, approximately"
    )

    display: str = _setting(
        "auto", "how answers are shown: live as a widget, paced as plain updates, once at the end, or as text",
        choices=("auto", "live", "paced", "once", "text"),
    )  # fmt: skip

    def __post_init__(self) -> None:
        for setting in fields(self):
            choices, value = setting.metadata["choices"], getattr(self, setting.name)
            if value is None and setting.default is None:
                continue
            if choices and isinstance(value, str) and value not in choices and value != setting.default:
                raise BadRequest(f"{setting.name} must be {listed(choices)}, not {quoted(value)}.")
            if setting.name == "budget" and isinstance(value, Real):
                Budget.read(value)
            if setting.name == "recording" and isinstance(value, os.PathLike):
                value = self._plain(setting.name, os.fspath(value))
            kinds, wanted = _KINDS[str(setting.type).removesuffix(" | None")]
            if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
                raise BadRequest(f"{setting.name} must be {wanted}, not of the type {type(value).__name__}.")
            if isinstance(value, Real) and (value < 0 or not value <= LARGEST):
                raise BadRequest(f"{setting.name} must be a number from 0 to {LARGEST:,}.")
            if isinstance(value, Real) and not isinstance(value, (int, float)):
                # httpx and the clocks take no numbers of NumPy and no fractions.
                self._plain(setting.name, int(value) if isinstance(value, Integral) else float(value))
            if setting.name in ("model", "base_url", "recording") and not str(value).isascii():
                try:
                    str(value).encode()
                except UnicodeEncodeError:
                    raise BadRequest(f"{setting.name} holds half a character: type it again.") from None
        _ = self.limit  # so that a mistake shows before the first question

    def _plain(self, name: str, value: Any) -> Any:
        """Keep the value of a setting as a plain type of Python, and return it."""
        object.__setattr__(self, name, value)
        return value

    @property
    def silence_s(self) -> float:
        """How long an answer may be silent: `gap_timeout_s`, and longer where a cheaper tier lets it wait."""
        return max(self.gap_timeout_s, TIER_WAIT_S) if self.tier else self.gap_timeout_s

    @cached_property
    def limit(self) -> Budget | None:
        """The budget as an amount; None where there is none."""
        return Budget.read(self.budget)


# Fields of OpenAI-style requests that people look for among the settings; each service says which it takes.
# https://platform.openai.com/docs/api-reference/chat/create
REQUEST_FIELDS = frozenset((
    "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "stop", "seed", "n", "logprobs",
    "top_logprobs", "presence_penalty", "frequency_penalty", "logit_bias", "response_format", "user",
    "metadata",
))  # fmt: skip
NAMES = tuple(setting.name for setting in fields(Settings))


# The choices of this session by their names; the loaded extension keeps those of %config GeminiMagics here.
session_defaults: dict[str, Any] = {}


def resolve(options: Mapping[str, Any]) -> Settings:
    """Decide every setting: by the question's options, the session, the environment, or its default.

    Raises:
        BadRequest: an option has no setting of its name (the nearest are named), or a value that it
            cannot have.
    """
    for name in options:
        if name == "headers":
            raise BadRequest(
                "Headers are secrets, and a cell is saved: set GEMINI_MAGICS_HEADERS in the environment, or "
                "type %gemini_key --header NAME."
            )
        if name not in NAMES:
            meant = did_you_mean(name, NAMES)
            if name in REQUEST_FIELDS:
                meant = f'It is a field of the request: extra={{"{name}": {quoted(options[name])}}}.'
            raise BadRequest(f"There is no setting {quoted(name)}. {meant}")
    environment = {
        setting.name: unquoted(os.environ[setting.metadata["env"]])
        for setting in fields(Settings)
        if os.environ.get(setting.metadata["env"])
    }
    return Settings(**{**environment, **session_defaults, **options})


QUOTES = "'\"`"


def unquoted(value: str) -> str:
    """Return a value of the environment without the quotes that %env NAME="value" keeps."""
    value = value.strip()
    return value[1:-1].strip() if len(value) > 1 and value[0] == value[-1] and value[0] in QUOTES else value
