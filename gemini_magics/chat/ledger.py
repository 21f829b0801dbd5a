"""What this session spent: an entry for each answer, and a budget that stops before the next question."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import repeat
from math import fsum, inf
from threading import Condition
from weakref import WeakValueDictionary

from ..core.answer import CUT, FAILED, INTERRUPTED, Answer
from ..core.budget import Budget, count
from ..core.cancel import Cancel
from ..core.errors import BadRequest
from ..core.messages import Usage
from ..core.question import Question
from ..core.settings import Settings
from ..core.table import Table, bar

LOOK_S = 0.1  # on Windows nothing but the end of a wait lets Ctrl-C through


@dataclass(frozen=True)
class Entry:
    """What one answer took.

    Attributes:
        anchor: what its conversation knows the asking cell by.
        place: what people call the cell that asked, as it ran then: "In [5]"; "" where none did.
        recorded: the day of the recording that it was replayed from, which is free; "" where it is live.
    """

    anchor: str
    place: str
    chat: str
    service: str
    usage: Usage
    ended: str | None
    recorded: str

    @property
    def cell(self) -> str:
        """The identity of the cell, the same for all of its questions."""
        return self.anchor.partition(" ")[0]

    @property
    def free(self) -> bool:
        """True where nobody was asked."""
        return bool(self.recorded)

    @property
    def uncounted(self) -> bool:
        """True where the service did not say what it took."""
        return not self.free and self.amount("credits") is None and self.amount("tokens") is None

    @property
    def whole(self) -> bool:
        """True where the answer came to its end, so that what it took would have been said."""
        return self.ended not in (INTERRUPTED, CUT, FAILED)

    def amount(self, unit: str) -> float | None:
        """Return what was spent in "credits" or "tokens"; None where the service does not say."""
        if self.free:
            return 0
        return self.usage.credits if unit == "credits" else self.usage.tokens


ledger: list[Entry] = []
_under_way: WeakValueDictionary[int, Question] = WeakValueDictionary()  # one that is lost costs nothing more
_changed = Condition()


def admit(question: Question, cancel: Cancel, *, patient: bool = True) -> None:
    """Count a question as under way, from now until `book` or `release`, unless the budget is spent.

    A question under way is taken to cost as much as the costliest answer so far. Where those under way
    would then spend the rest of the budget, the next one waits for one of them to end, and looks again.
    While no cost is known, that is one at a time. A question that costs more than any before it can
    still go beyond the budget, as the last one can.

    Args:
        cancel: ends the wait; a question that is stopped is not sent.
        patient: wait; or else refuse the question, where it is asked from a thread that must not block.

    Raises:
        BadRequest: as `check_budget` does.
    """
    budget = Budget.read(question.settings.budget)
    with _changed:
        check_budget(question.settings)
        while budget and _under_way and _at_most(budget.unit) >= budget.amount and not cancel.cancelled:
            if not patient:
                raise BadRequest(
                    f"Questions under way may take what is left of {budget}: ask again once they have ended."
                )
            _changed.wait(LOOK_S)
            check_budget(question.settings)
        _under_way[id(question)] = question


def book(question: Question, answer: Answer) -> None:
    """Enter an ended answer; one that the service refused before it said anything costs nothing."""
    refused = answer.ended == FAILED and answer.usage == Usage() and not (answer.text or answer.thinking)
    asked = question.anchor, question.place, question.settings.chat or ""
    with _changed:
        if not refused:
            ledger.append(Entry(*asked, answer.service, answer.usage, answer.ended, answer.recorded))
        release(question)


def release(question: Question) -> None:
    """Count a question as under way no more."""
    with _changed:
        _under_way.pop(id(question), None)
        _changed.notify_all()


def _at_most(unit: str) -> float:
    """Return what is spent once all that is under way has ended, each as costly as the costliest so far."""
    told = [amount for entry in ledger if not entry.free and (amount := entry.amount(unit)) is not None]
    return fsum([*told, *repeat(max(told, default=inf), len(_under_way))])


def spent(unit: str) -> float:
    """Return what this session spent so far, in "credits" or "tokens", as far as services said it."""
    return _sum(ledger, unit)


def check_budget(settings: Settings) -> None:
    """Let a question pass unless the budget is spent.

    Raises:
        BadRequest: it is; or the service does not count what the budget is written in.
    """
    budget = Budget.read(settings.budget)
    if budget is None:
        return
    so_far = spent(budget.unit)
    if so_far >= budget.amount:
        raise BadRequest(
            f"The budget is spent: {count(so_far)} of {budget} in this session. Nothing was sent; to go on, "
            f'%config GeminiMagics.budget = "{count(2 * max(so_far, 1))} {budget.unit}".'
        )
    asked = [entry for entry in ledger if entry.service == settings.service and entry.whole and not entry.free]
    if asked and all(entry.amount(budget.unit) is None for entry in asked):
        other = "tokens" if budget.unit == "credits" else "credits"
        raise BadRequest(
            f"The service {settings.service} does not count {budget.unit}, so a budget of {budget} cannot hold "
            f'there: set one in {other}, or none with %config GeminiMagics.budget = "".'
        )


def usage_table(settings: Settings) -> Table:
    """Sum this session up, by cell, chat and service.

    Dollars are shown where the person set what a credit costs; nobody else's rate is used.
    """
    unit = "credits" if spent("credits") else "tokens"
    rows: list[tuple[str, ...]] = []
    for kind, label in _kinds().items():
        groups: dict[str, list[Entry]] = {}
        for entry in ledger:
            groups.setdefault(label(entry), []).append(entry)
        for number, (name, entries) in enumerate(groups.items()):
            drawn = bar(_sum(entries, unit) / (spent(unit) or 1)) if len(groups) > 1 else ""
            rows.append(("" if number else kind, name, *_cells(entries, settings), drawn))
    rows.append(("all", "", *_cells(ledger, settings), ""))
    rate = settings.dollars_per_credit
    dollars = [] if rate is None else ["about $"]
    head = ("", "", "questions", "replayed", "tokens in", "tokens out", "credits", *dollars, f"share of {unit}")
    return Table(head, rows, frozenset(range(2, len(head) - 1)), tuple(_notes(settings)))


def _kinds() -> dict[str, Callable[[Entry], str]]:
    """Return how entries are grouped: by what they are called then. A cell goes by its newest run."""
    newest = {entry.cell: entry.place for entry in ledger}
    return {
        "cell": lambda entry: newest[entry.cell] or "Python",
        "chat": lambda entry: entry.chat or "no conversation",
        "service": lambda entry: entry.service,
    }


def _cells(entries: list[Entry], settings: Settings) -> Iterable[str]:
    """Write the numbers of a row; what no service said is a dash."""
    live = [entry for entry in entries if not entry.free]
    yield count(len(entries))
    yield count(len(entries) - len(live)) if len(live) < len(entries) else ""
    yield _written([entry.usage.prompt_tokens for entry in live])
    yield _written([entry.usage.completion_tokens for entry in live])
    yield _written([entry.usage.credits for entry in live])
    if settings.dollars_per_credit is not None:
        yield f"{_sum(entries, 'credits') * settings.dollars_per_credit:,.4f}"


def _written(amounts: list[int | None] | list[float | None]) -> str:
    told = [amount for amount in amounts if amount is not None]
    return count(sum(told)) if told else "–"


def _sum(entries: Iterable[Entry], unit: str) -> float:
    return fsum(entry.amount(unit) or 0 for entry in entries)  # ten times 0.1 is 1


def _notes(settings: Settings) -> Iterable[str]:
    budget = Budget.read(settings.budget)
    if budget:
        yield f"Budget: {count(spent(budget.unit))} of {budget} spent."
    if settings.dollars_per_credit is not None:
        yield f"Dollars are approximate: {settings.dollars_per_credit:g} for a credit, as you set it."
    uncounted = sum(entry.uncounted for entry in ledger)
    if uncounted:
        answers = "1 answer" if uncounted == 1 else f"{uncounted} answers"
        yield f"Of {answers} the service did not say what it took, as when it is interrupted: not counted here."
