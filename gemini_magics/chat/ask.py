"""A question becomes an answer: the one path that cells, scripts and panels share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ..content.attach import attach
from ..content.links import link
from ..content.media import check_request
from ..core.answer import CUT, FAILED, INTERRUPTED, Answer
from ..core.cancel import Cancel, uninterrupted
from ..core.errors import BadRequest, Cut, GeminiError
from ..core.messages import Attachment, Event, Part, Thinking, Turn
from ..core.provenance import prompt_sha256
from ..core.question import Question
from ..core.settings import Settings, resolve
from ..service.delivery import Delivery
from ..service.replay import Replay, record, replay
from .conversation import Conversation, keep, next_question, remember
from .ledger import admit, book, release

KEPT_ANSWERS = 20
IN_A_CELL = "write the question below the %%gemini line, or behind %gemini"
IN_PYTHON = 'write a question, as in ask("What is a fixed point?")'
_answers: deque[Answer] = deque(maxlen=KEPT_ANSWERS)


class View(Protocol):
    """Somebody who watches an answer grow.

    `begin` is called once the question is on its way, `update` after each batch of events and at least
    every `tick_s` seconds (None: only with events), `end` always, whatever happened.
    """

    tick_s: float | None

    def begin(self, answer: Answer) -> None:
        """Open."""

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Take in what came."""

    def end(self, answer: Answer) -> None:
        """Show the answer as it stays."""


class Nobody(View):
    """The view of a script: nobody watches."""

    tick_s = None


def ask(
    prompt: str, *attachments: object, cancel: Cancel | None = None, schema: object = None, **settings: Any
) -> Answer:
    """Ask one question and wait for its answer.

    The prompt is sent as it is. Attachments go before it, in order: figures, tables, images, arrays,
    bytes, paths (a `Path`, or a string that is one), https URLs: whatever `%%gemini` takes by name.

    Args:
        cancel: stops the question from another thread; what had come is returned, marked interrupted.
        schema: a pydantic model, dataclass, TypedDict or JSON schema that the answer is to follow;
            `answer.data` is then the object. An answer that does not fit is asked for once more.
        settings: any of the settings of `%config GeminiMagics`, for this question: `effort="low"`. `chat`
            takes a Conversation, too.

    Raises:
        BadRequest: the question cannot be asked as it stands; nothing was sent.
        Unfit: the answer does not follow the schema, asked twice.
        GeminiError: the service could not be reached, refused, or broke off; `error.answer` holds what
            had come.
    """
    if not isinstance(prompt, str):
        raise BadRequest(
            f"The question is text, not {type(prompt).__name__}: write it first, then what to attach, as in "
            'ask("What is this?", fig).'
        )
    if isinstance(settings.get("chat"), Conversation):
        settings["chat"] = keep(settings["chat"])
    chosen = resolve(settings)
    named = [_attach_argument(value, place, chosen) for place, value in enumerate(attachments, 1)]
    question = next_question(user_turn([*named, prompt], IN_PYTHON), chosen)
    if schema is None:
        return answer_to(question, cancel=cancel)
    from .schema import answer_in, schema_of

    return answer_in(schema_of(schema), question, cancel=cancel)


def user_turn(parts: list[Part], how: str = IN_A_CELL) -> Turn:
    """Make the turn of a person from attachments and text.

    Args:
        how: says how a question is asked here, should there be none.

    Raises:
        BadRequest: it asks nothing.
    """
    if not any(isinstance(part, Attachment) or part.strip() for part in parts):
        raise BadRequest(f"There is nothing to ask: {how}.")
    return Turn("user", tuple(parts))


Sent = Delivery | Replay


def send(question: Question, cancel: Cancel, *, patient: bool = False) -> Sent:
    """Put a question on its way, unless a recording has its answer.

    Args:
        patient: wait for others that are under way, where they may take the rest of the budget.

    Raises:
        BadRequest: it cannot be asked as it stands; nothing was sent.
    """
    check_request(question.attachments, question.settings)
    replayed = replay(question, cancel)
    if replayed:
        return replayed
    admit(question, cancel, patient=patient)
    try:
        return Delivery(question, cancel)
    except BaseException:
        release(question)
        raise


def answer_to(
    question: Question,
    *,
    watch: Callable[[], View] = Nobody,
    cancel: Cancel | None = None,
    started: Callable[[Answer], object] | None = None,
    sent: Sent | None = None,
) -> Answer:
    """Send a question and fold what comes back into an answer, while a view looks on.

    Args:
        cancel: stops it, from any thread.
        sent: the question on its way, where it was sent before, with the same `cancel`.
        watch: makes the view, once the question is on its way: what it loads costs no time then.
        started: is given the answer once the question is on its way; the answer grows from then on.

    Raises:
        GeminiError: as `ask` does, with `error.answer` set.
        KeyboardInterrupt: the reader stopped it; the answer is kept, and `last()` returns it.
    """
    cancel = cancel or Cancel()
    sent = sent or send(question, cancel, patient=True)
    answer = Answer(
        service=sent.service.name,
        model=sent.service.model,
        effort=question.settings.effort,
        prompt_sha256=prompt_sha256(question.turn),
        attachments=question.attachments,
        **(sent.marks if isinstance(sent, Replay) else {}),
    )
    _answers.append(answer)
    view: View = Nobody()
    try:
        if started:
            started(answer)
        view = watch()
        view.begin(answer)
        for events in sent.batches(view.tick_s):
            if not question.settings.thoughts:  # some services send them all the same
                events = [event for event in events if not isinstance(event, Thinking)]
            for event in events:
                answer.add(event)
            view.update(answer, events)
        answer.end(INTERRUPTED if cancel.cancelled else None)
    except GeminiError as error:
        error.answer = answer
        answer.end(CUT if isinstance(error, Cut) else FAILED, str(error))
        raise
    except BaseException:
        answer.end(INTERRUPTED)
        raise
    finally:
        with uninterrupted():  # an impatient reader presses Ctrl-C twice
            cancel.cancel()
            try:
                remember(question, answer)
                book(question, answer)
            finally:
                view.end(answer)
    record(question, answer)
    return answer


def last() -> Answer | None:
    """Return the newest answer of this session, finished or not; None before the first question."""
    return _answers[-1] if _answers else None


def recent() -> tuple[Answer, ...]:
    """Return the last 20 answers of this session, the oldest first."""
    return tuple(_answers)


def _attach_argument(value: object, place: int, settings: Settings) -> Attachment:
    """Attach an argument of `ask`: a string is an https URL or a path."""
    if isinstance(value, str):
        return link(value, value) if "://" in value else attach(Path(value), value, settings)
    return attach(value, str(value) if isinstance(value, Path) else f"attachment {place}", settings)
