"""A question becomes an answer: the one path that cells, scripts and panels share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from ..core.answer import CUT, FAILED, INTERRUPTED, close, fold
from ..core.browser import IN_BROWSER
from ..core.cancel import Cancel, uninterrupted
from ..core.errors import GeminiError, IncompleteAnswer
from ..core.messages import Event, Message, Thinking
from ..core.question import Question
from ..core.settings import Settings
from ..render.answer import Answer
from ..service.delivery import Delivery
from ..service.services import Service, effort_of, find
from .consent import Consent, by_input
from .conversation import remember
from .rounds import explain, rounds, tell_undocumented
from .usage import admit, book, release

if TYPE_CHECKING:
    from ..recording.replay import Replay

KEPT_ANSWERS = 20
_answers: deque[Answer] = deque(maxlen=KEPT_ANSWERS)


class View(Protocol):
    """An object that watches an answer grow.

    `begin` is called once the question is on its way, `update` after each batch of events and at least
    every `tick_s` seconds (None: only with events), `end` always, whatever happened.
    """

    @property
    def tick_s(self) -> float | None:
        """The pause after which `update` is called without events, in seconds."""

    def begin(self, answer: Answer) -> None:
        """Open."""

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Take new events in."""

    def end(self, answer: Answer) -> None:
        """Show the answer in its last state."""


class Nobody:
    """The view of a script: nobody watches."""

    tick_s = None

    def begin(self, answer: Answer) -> None:
        """Show nothing."""

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Show nothing."""

    def end(self, answer: Answer) -> None:
        """Show nothing."""


def service_of(settings: Settings) -> Service:
    """Return the service that settings name. The demo is started, since it has no address before.

    Raises:
        BadRequest: as `services.find`; also for `auto`, which `decided` must have replaced.
    """
    if settings.service != "demo" or settings.base_url:
        return find(settings)
    return find(settings, demo_address=_demo_address())


def _demo_address() -> str:
    # The demo, and HTTP servers above all, are loaded by those who ask it.
    if IN_BROWSER:
        from ..demo.in_process import BASE_URL

        return BASE_URL
    from ..demo.server import address

    return address()


class InFlight(Protocol):
    """A question on its way: a `Delivery`, or what stands in its place."""

    @property
    def service(self) -> Service:
        """The service that is asked."""

    @property
    def cancel(self) -> Cancel:
        """The switch that stops it."""

    def batches(self, tick_s: float | None = None) -> Iterator[list[Event]]:
        """Yield its events as they come."""


def send(question: Question, cancel: Cancel | None = None, *, patient: bool = False) -> InFlight:
    """Put a question on its way, unless a recording has its answer.

    Args:
        patient: wait for others that are under way, where they may take the rest of the budget.

    Raises:
        BadRequest: it cannot be asked as it stands; nothing was sent.
    """
    cancel = cancel or Cancel()
    return _replay(question, cancel) or _deliver(question, cancel, patient=patient)


def _replay(question: Question, cancel: Cancel) -> Replay | None:
    # What reads and writes recordings is loaded where there is one.
    if not (question.settings.recording or question.settings.strict):
        return None
    from ..recording.replay import replay

    return replay(question, cancel)


def _deliver(question: Question, cancel: Cancel, *, patient: bool) -> InFlight:
    service = service_of(question.settings)
    admit(question, cancel, patient=patient)
    try:
        if IN_BROWSER and service.name == "demo" and not service.custom:
            from ..demo.in_process import InProcess

            return InProcess(question, service, cancel)
        return Delivery(question, service, cancel)
    except BaseException:
        # Otherwise it counts as under way while anybody holds it, such as the traceback of this error.
        release(question)
        raise


def answer_to(
    question: Question,
    *,
    watch: Callable[[], View] = Nobody,
    cancel: Cancel | None = None,
    started: Callable[[Answer], object] | None = None,
    sent: InFlight | None = None,
    consent: Consent = by_input,
) -> Answer:
    """Send a question and fold its events into an answer, while a view watches.

    Where the question has tools, the calls of the model run in between, in this thread.

    Args:
        cancel: stops it, from any thread.
        sent: the question on its way, where it was sent before; its own `cancel` stops it.
        watch: makes the view, once the question is on its way; the modules that it loads cost no time then.
        started: is given the answer once the question is on its way; the answer grows from then on.
        consent: asks the person whether a function may be called.

    Raises:
        GeminiError: as `ask` does, with `error.answer` set.
        KeyboardInterrupt: the reader stopped it; the answer is kept, and `last()` returns it.
    """
    sent = sent or send(question, cancel, patient=True)
    replayed = getattr(sent, "about", {})  # of a Replay
    answer = answer_for(question, sent.service, attachments=question.attachments, **replayed)
    # Before its end, so that `last()` has what came of a question that fails or is stopped.
    _answers.append(answer)
    with _recorded(question, answer) as write:
        _watch(question, answer, sent, watch, started, consent, write)
    return answer


@contextmanager
def _recorded(question: Question, answer: Answer) -> Iterator[Callable[[list[Event]], None]]:
    """Keep a journal of the events that it gets, and add the whole answer to the recording, if there is one."""
    if not question.settings.recording:
        yield lambda events: None
        return
    from ..recording.journal import journalled
    from ..recording.replay import record

    with journalled(question, answer) as write:
        yield write
        record(question, answer)


def _watch(
    question: Question,
    answer: Answer,
    sent: InFlight,
    watch: Callable[[], View],
    started: Callable[[Answer], object] | None,
    consent: Consent,
    write: Callable[[list[Event]], None],
) -> None:
    """Fold the events of a question into its answer; `write` gets them before the view shows them."""
    view: View = Nobody()
    cancel = sent.cancel
    under_way: Question | None = question

    def over() -> None:
        nonlocal under_way
        book(question, answer, request=under_way)
        under_way = None

    def again(messages: tuple[Message, ...]) -> InFlight:
        nonlocal under_way
        under_way = replace(question, messages=messages, original=question.message)
        return _deliver(under_way, cancel, patient=True)

    try:
        if question.tools:
            tell_undocumented(sent.service)
        if started:
            started(answer)
        view = watch()
        view.begin(answer)
        heard = rounds(
            question, sent, again=again, over=over, consent=consent, cancel=cancel, tick_s=view.tick_s
        )
        for events in heard:
            fresh = take(answer, events, question.settings)
            write(fresh)
            view.update(answer, fresh)
        close(answer, INTERRUPTED if cancel.cancelled else None)
    except GeminiError as error:
        error.answer = answer
        if question.tools:
            explain(error, sent.service)
        close(answer, CUT if isinstance(error, IncompleteAnswer) else FAILED, str(error))
        raise
    except BaseException:
        close(answer, INTERRUPTED)
        raise
    finally:
        with uninterrupted():  # an impatient reader presses Ctrl-C twice
            cancel.cancel()  # ends the thread that reads, where this loop was left before the answer's end
            try:
                remember(question, answer)
                if under_way is not None:
                    book(question, answer, request=under_way)
            finally:
                view.end(answer)


def answer_for(question: Question, service: Service, **more: Any) -> Answer:
    """Make the empty answer of a question that a service is asked; `more` are further fields."""
    return Answer(
        service=service.name,
        model=service.model,
        effort=effort_of(question.settings) or "",
        asked_tier=question.settings.tier or "",
        question=question.message.words,
        prompt_sha256=question.message.prompt_sha256,
        pictures=question.pictures if question.settings.point else (),
        tools_offered=bool(question.settings.search or question.settings.extra.get("tools") or question.tools),
        **more,
    )


def take(answer: Answer, events: list[Event], settings: Settings) -> list[Event]:
    """Fold events into an answer; return those that were wanted."""
    wanted = events
    if not settings.thoughts:  # some services send them all the same
        wanted = [event for event in events if not isinstance(event, Thinking)]
        answer.thoughts_hidden |= len(wanted) < len(events)
    for event in wanted:
        fold(answer, event)
    return wanted


def last() -> Answer | None:
    """Return the newest answer of this session, finished or not; None before the first question."""
    return _answers[-1] if _answers else None


def recent() -> tuple[Answer, ...]:
    """Return the last 20 answers of this session, the oldest first."""
    return tuple(_answers)
