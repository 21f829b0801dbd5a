"""The cost of this session: an entry for each answer, and a budget that stops before the next question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import fsum, inf
from threading import Condition
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from ..core.answer import CUT, FAILED, INTERRUPTED
from ..core.cancel import Cancel
from ..core.errors import BadRequest
from ..core.messages import Usage
from ..core.question import Question
from ..core.settings import Settings
from ..core.text import count, counted
from ..render.answer import Answer

if TYPE_CHECKING:
    from ..render.table import Table

UNITS = ("credits", "tokens")
# https://github.com/python/cpython/issues/80116
LOOK_S = 0.1  # on Windows nothing but the end of a wait lets Ctrl-C through


@dataclass(frozen=True)
class Entry:
    """The cost of one answer, or of one of its requests where it calls functions.

    Attributes:
        anchor: what its conversation knows the asking cell by.
        place: what people call the cell that asked, as it ran then: "In [5]"; "" where none did.
        recorded: the day of the recording that it was replayed from, which is free; "" where it is live.
        further: True for a request after the first one of an answer that calls functions.
    """

    anchor: str
    place: str
    chat: str
    service: str
    usage: Usage
    ended: str | None
    recorded: str
    further: bool = False

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
        """True if the service told no cost."""
        return not self.free and self.amount("credits") is None and self.amount("tokens") is None

    @property
    def whole(self) -> bool:
        """True if the answer came to its end, so that a service which tells costs has told this one."""
        return self.ended not in (INTERRUPTED, CUT, FAILED)

    def amount(self, unit: str) -> float | None:
        """Return the cost in "credits" or "tokens"; None where the service does not tell it."""
        if self.free:
            return 0
        return self.usage.credits if unit == "credits" else self.usage.tokens


class Ledger:
    """The entries of a session, with sums that are kept: a budget asks for them before each question.

    Attributes:
        whole: how many whole answers each service gave.
        uncounted: how many of them had no cost in a unit, by service and unit.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all entries."""
        self._entries: list[Entry] = []
        self._sums = dict.fromkeys(UNITS, Fraction())  # exact: ten times 0.1 is 1
        self._costliest: dict[str, float] = {}
        self.whole: Counter[str] = Counter()
        self.uncounted: Counter[tuple[str, str]] = Counter()

    def append(self, entry: Entry) -> None:
        """Add an entry."""
        self._entries.append(entry)
        if entry.free:
            return
        self.whole[entry.service] += entry.whole
        for unit in UNITS:
            amount = entry.amount(unit)
            if amount is not None:
                self._sums[unit] += Fraction(amount)
                self._costliest[unit] = max(self._costliest.get(unit, amount), amount)
            elif entry.whole:
                self.uncounted[entry.service, unit] += 1

    def rename(self, old: str, new: str) -> None:
        """Move the entries of a conversation to its new name."""
        self._entries = [replace(each, chat=new) if each.chat == old else each for each in self._entries]

    def spent(self, unit: str, more: int = 0) -> float:
        """Return the sum, with so many more entries that each cost as much as the costliest."""
        if more and unit not in self._costliest:
            return inf
        return float(self._sums[unit] + more * Fraction(self._costliest.get(unit, 0)))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


ledger: Ledger = Ledger()
# By id, because a question holds dicts and has no hash. No other object has its id while it lives.
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
    budget = question.settings.limit
    # Room is looked for and taken under one lock, or two questions at once would both find the same room.
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


def admit_if_room(question: Question) -> bool:
    """Count a question as under way, as `admit` does; return False where it has to wait for others to end.

    Raises:
        BadRequest: as `check_budget` does.
    """
    budget = question.settings.limit
    with _changed:
        check_budget(question.settings)
        if budget and _under_way and _at_most(budget.unit) >= budget.amount:
            return False
        _under_way[id(question)] = question
        return True


def book(question: Question, answer: Answer, request: Question | None = None) -> None:
    """Enter an ended answer; one that the service refused before it said anything costs nothing.

    Args:
        request: the request under way, where it is another than the question: a later round of functions.
    """
    came = answer.text or answer.thinking or answer.thoughts_hidden
    usage = answer.latest_usage if answer.calls and not answer.recorded else answer.usage
    refused = answer.ended == FAILED and usage == Usage() and not came
    asked = question.anchor, question.place, question.settings.chat or ""
    further = bool(answer.calls) and not answer.recorded
    with _changed:
        if not refused:
            ledger.append(Entry(*asked, answer.service, usage, answer.ended, answer.recorded, further))
        release(request or question)


def follow_rename(old: str, new: str) -> None:
    """Enter the costs of a conversation under its new name."""
    with _changed:
        ledger.rename(old, new)


def release(question: Question) -> None:
    """Count a question as under way no more."""
    with _changed:
        _under_way.pop(id(question), None)
        _changed.notify_all()


def _at_most(unit: str) -> float:
    """Return the cost once all questions under way have ended, each as costly as the costliest so far."""
    return ledger.spent(unit, len(_under_way))


def spent(unit: str) -> float:
    """Return the cost of this session so far, in "credits" or "tokens", as far as services told it."""
    return ledger.spent(unit)


def check_budget(settings: Settings) -> None:
    """Let a question pass unless the budget is spent.

    Raises:
        BadRequest: it is; or the service does not count what the budget is written in.
    """
    budget = settings.limit
    if budget is None:
        return
    so_far = spent(budget.unit)
    if so_far >= budget.amount:
        raise BadRequest(
            f"The budget is spent: {count(so_far)} of {budget} in this session. Nothing was sent; to go on, "
            f'%config GeminiMagics.budget = "{count(2 * max(so_far, 1))} {budget.unit}".'
        )
    # A service may leave the cost out of one answer; one that never tells it cannot be held to a budget.
    asked = ledger.whole[settings.service]
    if asked and ledger.uncounted[settings.service, budget.unit] == asked:
        other = "tokens" if budget.unit == "credits" else "credits"
        raise BadRequest(
            f"The service {settings.service} does not count {budget.unit}, so a budget of {budget} cannot hold "
            f'there: set one in {other}, or none with %config GeminiMagics.budget = "".'
        )


def usage_table(settings: Settings) -> Table:
    """Sum this session up, by cell, chat and service.

    Dollars are shown where the person set what a credit costs; nobody else's rate is used.
    """
    from ..render.table import Table  # loads the Markdown parser

    unit = "credits" if spent("credits") else "tokens"
    rows: list[tuple[str, ...]] = []
    for kind, label in _kinds().items():
        groups: dict[str, list[Entry]] = {}
        for entry in ledger:
            groups.setdefault(label(entry), []).append(entry)
        for number, (name, entries) in enumerate(groups.items()):
            share = f"{_sum(entries, unit) / (spent(unit) or 1):.0%}" if len(groups) > 1 else ""
            rows.append(("" if number else kind, name, *_cells(entries, settings), share))
    rows.append(("all", "", *_cells([*ledger], settings), ""))
    rate = settings.dollars_per_credit
    dollars = [] if rate is None else ["about $"]
    head = ("", "", "questions", "replayed", "tokens in", "tokens out", "credits", *dollars, f"share of {unit}")
    told = [place for place in range(len(head)) if place < 2 or any(row[place] for row in rows)]
    return Table(
        [head[place] for place in told],
        [[row[place] for place in told] for row in rows],
        frozenset(range(2, len(told))),
        tuple(_notes(settings)),
    )


def _kinds() -> dict[str, Callable[[Entry], str]]:
    """Return the name of the group of each entry. A cell goes by its newest run."""
    newest = {entry.cell: entry.place for entry in ledger}
    return {
        "cell": lambda entry: newest[entry.cell] or "Python",
        "chat": lambda entry: entry.chat or "no conversation",
        "service": lambda entry: entry.service,
    }


def _cells(entries: list[Entry], settings: Settings) -> Iterable[str]:
    """Write the numbers of a row, with a dash for a number that no service told."""
    live = [entry for entry in entries if not entry.free]
    yield count(sum(not entry.further for entry in entries))
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
    budget = settings.limit
    if budget:
        yield f"Budget: {count(spent(budget.unit))} of {budget} spent."
    if settings.dollars_per_credit is not None:
        yield f"Dollars are approximate: {settings.dollars_per_credit:g} for a credit, as you set it."
    uncounted = sum(entry.uncounted for entry in ledger)
    if uncounted:
        answers = counted(uncounted, "answer")
        yield f"Of {answers} the service did not say what it took, as when it is interrupted: not counted here."
