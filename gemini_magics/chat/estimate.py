"""The price of a batch before it is asked, and the yes that a large one needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..content.tokens import estimate_tokens, unmeasured
from ..core.errors import BadRequest, GeminiError
from ..core.messages import Message
from ..core.settings import Settings
from ..core.text import clean, count, counted
from .rows import Asking
from .usage import ledger

MOST_ROWS = 1000  # more need a yes
LOOKED_AT = 3  # rows whose questions are made for the estimate
PATHS = 5
PREVIEW_CHARS = 400


@dataclass(frozen=True)
class Estimate:
    """The expected cost of a batch, from its first rows; nothing was sent.

    Attributes:
        rows: how many questions there would be; equal rows are asked once, so it may be fewer.
        tokens: of all questions, estimated.
        answer_tokens: of all answers, at the mean of this session's; None where it had none.
        credits: at this session's rate; None where the service told none yet.
        paths: the first files that would be sent.
        first: the first question.
    """

    rows: int
    tokens: int
    answer_tokens: int | None
    credits: float | None
    unmeasured: tuple[str, ...]
    paths: tuple[str, ...]
    first: str

    @property
    def price(self) -> str:
        """The price in a few words."""
        answers = (
            f"{self.answer_tokens:,} for the answers"
            if self.answer_tokens is not None
            else "the answers come on top: nothing was asked yet that tells their length"
        )
        charge = f", about {count(self.credits)} credits" if self.credits is not None else ""
        uncounted = f", without {', '.join(self.unmeasured)}" if self.unmeasured else ""
        return f"{counted(self.rows, 'question')}, about {self.tokens:,} tokens{uncounted} ({answers}){charge}"

    def __str__(self) -> str:
        files = (
            [f"files: {', '.join(self.paths)}{', …' if self.rows > len(self.paths) else ''}"]
            if self.paths
            else []
        )
        return clean("\n".join([f"{self.price}; nothing was sent", *files, "", self.first]))

    __repr__ = __str__

    def at_most(self, unit: str) -> float | None:
        """Return the price in "credits" or "tokens"; None where it is not known."""
        return self.credits if unit == "credits" else self.tokens + (self.answer_tokens or 0)


def estimate(asking: Asking, settings: Settings, n_ways: int = 1) -> Estimate:
    """Estimate what a batch costs, from its first rows and from what this session's questions cost.

    Args:
        n_ways: in how many ways each row is asked.

    Raises:
        GeminiError: no question can be made of a first row.
    """
    n_rows = len(asking.rows.values)
    n_questions = n_rows * n_ways
    messages = [*map(asking.messages(settings), range(min(LOOKED_AT, n_rows)))]
    each = estimate_tokens(messages) / len(messages) if messages else 0.0
    per_answer, per_token = _rates(settings)
    answer_tokens = None if per_answer is None else round(per_answer * n_questions)
    tokens = round(each * n_questions)
    return Estimate(
        rows=n_questions,
        tokens=tokens,
        answer_tokens=answer_tokens,
        credits=None if per_token is None else per_token * (tokens + (answer_tokens or 0)),
        unmeasured=unmeasured(messages),
        paths=tuple(asking.paths(PATHS)),
        first=_preview(messages[0]) if messages else "",
    )


def _preview(message: Message) -> str:
    parts = [part if isinstance(part, str) else f"[{part.label}]\n" for part in message.parts]
    return "".join(parts)[:PREVIEW_CHARS]


def _rates(settings: Settings) -> tuple[float | None, float | None]:
    """Return the tokens of a usual answer and the credits of a token, as this session's questions cost."""
    # What services charged in this session is all there is: no price list of kie's gemini-3.1-pro is known.
    live = [entry for entry in ledger if entry.service == settings.service and not entry.free]
    answers = [entry.usage.completion_tokens for entry in live if entry.usage.completion_tokens is not None]
    priced = [
        (entry.usage.credits, entry.usage.tokens)
        for entry in live
        if entry.usage.credits is not None and entry.usage.tokens
    ]
    tokens = sum(tokens for _, tokens in priced)
    per_token = sum(charge for charge, _ in priced) / tokens if tokens else None
    return (sum(answers) / len(answers) if answers else None), per_token


def check_price(asking: Asking, settings: Settings, n_ways: int = 1) -> None:
    """Show the price of a large batch, and go on only with a yes.

    Args:
        n_ways: in how many ways each row is asked.

    Raises:
        BadRequest: there was no yes, or nobody can be asked.
    """
    budget, many = settings.limit, len(asking.rows.values) * n_ways > MOST_ROWS
    if not (budget or many):
        return
    try:
        found = estimate(asking, settings, n_ways)
    except GeminiError:  # the first rows fail, which is an error of theirs
        return
    price = found.at_most(budget.unit) if budget else None
    if not many and (budget is None or price is None or price <= budget.amount / 2):
        return
    if not _yes(f"{found.price}. Ask them all? [y/N] "):
        raise BadRequest("Nothing was sent. limit=10, or --limit 10, asks the first ten rows alone.")


def _yes(question: str) -> bool:
    try:
        # Programs that run notebooks send allow_stdin=False, and the kernel then raises an error:
        # https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute
        said: Any = input(question)
    # No terminal, a program that runs notebooks (NotImplementedError is a RuntimeError), or no stdin at all:
    # https://docs.python.org/3/library/sys.html#sys.__stdin__
    except (EOFError, OSError, RuntimeError):
        raise BadRequest(
            f"{question.removesuffix(' Ask them all? [y/N] ')} Nobody can be asked here whether to go on: "
            "confirm=False, or --no-confirm, says yes beforehand."
        ) from None
    return str(said).strip().casefold() in ("y", "yes")
