"""How a question is asked: every setting, its default, its option and its place in the environment.

A setting is declared once, as a field of `Settings`. The options of `%%gemini`, the traits of
`%config GeminiMagics`, the arguments of `ask` and the table in the README are made from these fields.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import SequenceMatcher
from heapq import nlargest
from typing import Any

from .budget import Budget
from .errors import BadRequest


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
    """Declare a setting: its default and what the options, the traits and the docs say of it."""
    about = {"help": what, "flag": flag, "off": off, "metavar": metavar, "choices": choices, "env": env}
    return field(default=default, metadata=about)


@dataclass(frozen=True)
class Settings:
    """The settings of one question. Frozen: what is shown is what was asked with."""

    service: str = _setting(
        "kie", "which service answers: kie, google, openrouter, openai or demo",
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
    effort: str = _setting(
        "high", "how hard to think: low answers sooner and costs less",
        flag="--effort", metavar="low|high", choices=("minimal", "low", "medium", "high"),
    )  # fmt: skip
    thoughts: bool = _setting(
        True, "ask for the model's thoughts, and show them", flag="--thoughts", off="--no-thoughts"
    )
    search: bool = _setting(False, "let the model search with Google", flag="--search")
    system: str = _setting("", "standing instructions for the model", flag="--system", metavar="TEXT")
    chat: str | None = _setting(
        None, "join a conversation; its name is main when none is given",
        flag="--chat", off="--no-chat", metavar="[NAME]",
    )  # fmt: skip
    drop_stale: bool = _setting(
        False, "leave out turns of the conversation that answer what was asked anew since", flag="--drop-stale"
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
    as_image: bool = _setting(False, "send tables as pictures instead of text", flag="--as-image")
    table_rows: int = _setting(60, "rows of a table that are sent; more are cut from its middle")
    image_side_px: int = _setting(3072, "pictures with a longer side are scaled down to this")
    image_bytes: int = _setting(7_000_000, "the most bytes one picture may have when it is sent")
    request_bytes: int = _setting(15_000_000, "the most bytes all attachments of a question may have")

    connect_timeout_s: float = _setting(10.0, "seconds to wait for a connection")
    write_timeout_s: float = _setting(60.0, "seconds to wait while the question is being sent")
    gap_timeout_s: float = _setting(300.0, "seconds without a byte before an answer counts as broken off")
    finish_timeout_s: float = _setting(5.0, "seconds to wait for the usage after the answer's end")
    retries: int = _setting(2, "how often to try again while nothing was answered and nothing charged")
    retry_wait_s: float = _setting(60.0, "the longest wait before another try, in seconds")

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
            if choices and value not in choices:
                raise BadRequest(f"{setting.name} must be {_either(choices)}, not {value!r}.")
        Budget.read(self.budget)  # so that a mistake shows before the first question


NAMES = tuple(setting.name for setting in fields(Settings))

_ALIKE, _VERY_ALIKE = 0.6, 0.8  # as difflib measures it; "fgi" and "fig" have 0.67, "figg" and "fig" 0.86

# The session's own defaults; the loaded extension puts the values of %config GeminiMagics here.
_session: Callable[[], Mapping[str, Any]] = dict


def use_session_defaults(values: Callable[[], Mapping[str, Any]] = dict) -> None:
    """Take defaults from `values()` at each question from now on; without an argument, from nowhere."""
    global _session
    _session = values


def resolve(options: Mapping[str, Any]) -> Settings:
    """Settle every setting: the question's own options, then the session's, the environment's, the default.

    Raises:
        BadRequest: an option has no setting of its name (the nearest are named), or a value that it
            cannot have.
    """
    for name in options:
        if name not in NAMES:
            raise BadRequest(f"There is no setting {name!r}. {did_you_mean(name, NAMES)}")
    environment = {
        setting.name: os.environ[setting.metadata["env"]]
        for setting in fields(Settings)
        if os.environ.get(setting.metadata["env"])
    }
    session = {name: value for name, value in _session().items() if value is not None}
    return Settings(**{**environment, **session, **options})


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence with the known words nearest to a mistyped one, or with all of them if none is near."""
    known = list(known)
    meant = near(word, known)
    return suggest(meant) if meant else f"There is {_either(known, 'and')}."


def suggest(meant: Iterable[str]) -> str:
    """A sentence that offers words which may have been meant."""
    return f"Did you mean {_either(meant)}?"


def near(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the known words that may have been meant, the likeliest first.

    Few people miss the first letter, so a word with another one must be very alike: "nope" is no "open".
    The hyphens of an option are no letters.
    """
    typed = word.casefold().lstrip("-")
    matcher = SequenceMatcher(b=typed)
    found = []
    for name in known:
        folded = name.casefold().lstrip("-")
        matcher.set_seq1(folded)
        least = _ALIKE if folded[:1] == typed[:1] else _VERY_ALIKE
        if matcher.real_quick_ratio() >= least <= matcher.quick_ratio() and matcher.ratio() >= least:
            found.append((matcher.ratio(), name))
    return [name for _, name in nlargest(most, found)]


def _either(words: Iterable[str], last: str = "or") -> str:
    *most, final = words
    return f"{', '.join(most)} {last} {final}" if most else final
