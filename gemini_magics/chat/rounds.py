"""The rounds of an answer that calls functions: the model asks for calls, gets their results, and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ..core.cancel import Cancel
from ..core.errors import GeminiError, ServiceError
from ..core.messages import BLOCKED, Attachment, Calling, Event, Finished, Message, Text, ToolCalls
from ..core.notices import notice
from ..core.question import Question
from ..core.settings import Settings
from ..core.text import listed
from ..service.services import SERVICES, Service
from .consent import Consent

if TYPE_CHECKING:
    from .calls import CallResult

REFUSED = (400, 422, 500, 501, 505)  # the codes with which a field is refused; kie's own are among them


class Sent(Protocol):
    """A question on its way."""

    def batches(self, tick_s: float | None = None) -> Iterator[list[Event]]:
        """Yield its events as they come."""


@dataclass
class Round:
    """One request of an answer that may call functions, as far as the next request needs it.

    Attributes:
        asked: the calls with which it ends, or None.
    """

    asked: ToolCalls | None = None
    _words: list[str] = field(default_factory=list)

    def take(self, events: Iterable[Event], *, offered: bool) -> list[Event]:
        """Take events in; return those that are the answer's own, without the end of a round.

        Args:
            offered: whether functions were offered; calls that nobody offered are left to the answer.
        """
        own: list[Event] = []
        for event in events:
            if isinstance(event, Text):
                self._words.append(event.text)
            if isinstance(event, ToolCalls):
                self.asked = event if offered else None
            elif isinstance(event, Finished) and event.reason.lower() in BLOCKED:
                self.asked = None  # a filter may have cut the calls, too
                own.append(event)
            elif not (self.asked and isinstance(event, Finished)):
                own.append(event)
        return own

    def messages(self, outcomes: Iterable[CallResult]) -> Iterator[Message]:
        """Yield the messages of the round: the model's own with its calls, the results, and their pictures."""
        if self.asked is None:
            return
        yield Message("assistant", ("".join(self._words),), asks=self.asked)
        pictures: list[Attachment | str] = []
        for call, outcome in zip(self.asked.calls, outcomes, strict=True):
            # A tool's message has no field for a failure, and no room for pictures:
            # https://platform.openai.com/docs/api-reference/chat/create
            told = outcome.call.result if outcome.call.status == "ok" else f"Error: {outcome.call.result}"
            yield Message("tool", (told,), answers=call.id)
            pictures += outcome.pictures
        if pictures:
            yield Message("user", tuple(pictures))


def rounds(
    question: Question,
    sent: Sent,
    *,
    again: Callable[[tuple[Message, ...]], Sent],
    over: Callable[[], object],
    consent: Consent,
    cancel: Cancel,
    tick_s: float | None,
) -> Iterator[list[Event]]:
    """Yield the events of an answer, those of the service and those of the calls.

    The calls of a round run in order, in the thread that iterates: what they print and plot lands in its cell.
    A replay yields the recorded calls itself, and nothing runs.

    Args:
        again: asks the model to go on after these messages.
        over: is called once a round has ended with calls, before they run.

    Raises:
        GeminiError: the model goes on calling functions after `tool_rounds` rounds.
    """
    if not question.tools:
        yield from (Round().take(events, offered=False) for events in sent.batches(tick_s))
        return
    from .calls import Caller  # it loads all that a function may return

    caller = Caller(question.tools, question.settings, consent)
    messages, n_rounds = question.messages, 0
    while True:
        this = Round()
        for events in sent.batches(tick_s):
            yield this.take(events, offered=True)
        if this.asked is None or cancel.cancelled:
            return
        # Booked before anything can fail: this request is answered and charged.
        over()
        check_rounds(n_rounds, question.settings)
        n_rounds += 1
        outcomes: list[CallResult] = []
        for call in this.asked.calls:
            yield [Calling(call.name, call.arguments)]
            outcomes.append(caller.run(call))
            yield [outcomes[-1].call]
            if caller.interrupt:
                raise caller.interrupt
            if cancel.cancelled:
                return
        messages = (*messages, *this.messages(outcomes))
        sent = again(messages)


def check_rounds(n_rounds: int, settings: Settings) -> None:
    """Let the model call functions in one more round, unless it did so in as many as it may.

    Raises:
        GeminiError: it did.
    """
    if n_rounds == settings.tool_rounds:
        raise GeminiError(
            f"The model called functions in {n_rounds} rounds and wants to go on: ask for less, or raise "
            f"the limit with %config GeminiMagics.tool_rounds = {2 * n_rounds or 8}."
        )


def tell_undocumented(service: Service) -> None:
    """Say that functions are tried at a service whose documentation does not name them."""
    if not service.functions:
        notice(f"{service.name} does not document functions of your own; this question tries them.")


def explain(error: GeminiError, service: Service) -> None:
    """Add to a refusal that functions may be its reason, where the service does not document them."""
    if isinstance(error, ServiceError) and not service.functions and (error.code or error.status) in REFUSED:
        able = listed(row.name for row in SERVICES.values() if row.functions)
        error.args = (f"{error} The service documents no functions: leave --tool out, or ask {able}.",)
