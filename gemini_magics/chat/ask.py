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
from ..core.cancel import Cancel
from ..core.errors import BadRequest, Cut, GeminiError
from ..core.messages import Attachment, Event, Part, Turn
from ..core.provenance import prompt_sha256
from ..core.question import Question
from ..core.settings import Settings, resolve
from ..service.delivery import Delivery
from ..service.replay import record, replay
from .conversation import Conversation, keep, next_question, remember
from .ledger import book, check_budget

KEPT_ANSWERS = 20
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
    if isinstance(settings.get("chat"), Conversation):
        settings["chat"] = keep(settings["chat"])
    chosen = resolve(settings)
    named = [_attach_argument(value, place, chosen) for place, value in enumerate(attachments, 1)]
    question = next_question(user_turn([*named, prompt]), chosen)
    if schema is None:
        return answer_to(question, cancel=cancel)
    from .schema import answer_in, schema_of

    return answer_in(schema_of(schema), question, cancel=cancel)


def user_turn(parts: list[Part]) -> Turn:
    """Make the turn of a person from attachments and text.

    Raises:
        BadRequest: it asks nothing.
    """
    if not any(isinstance(part, Attachment) or part.strip() for part in parts):
        raise BadRequest("There is nothing to ask: write the question below the %%gemini line.")
    return Turn("user", tuple(parts))


def answer_to(
    question: Question,
    *,
    watch: Callable[[], View] = Nobody,
    cancel: Cancel | None = None,
    started: Callable[[Answer], object] | None = None,
) -> Answer:
    """Send a question and fold what comes back into an answer, while a view looks on.

    Args:
        watch: makes the view, once the question is on its way: what it loads costs no time then.
        started: is given the answer once the question is on its way; the answer grows from then on.

    Raises:
        GeminiError: as `ask` does, with `error.answer` set.
        KeyboardInterrupt: the reader stopped it; the answer is kept, and `last()` returns it.
    """
    cancel = cancel or Cancel()
    check_request(question.attachments, question.settings)
    replayed = replay(question, cancel)
    if not replayed:
        check_budget(question.settings)
    delivery = replayed or Delivery(question, cancel)
    answer = Answer(
        service=delivery.service.name,
        model=delivery.service.model,
        effort=question.settings.effort,
        prompt_sha256=prompt_sha256(question.turn),
        attachments=question.attachments,
        **(replayed.marks if replayed else {}),
    )
    _answers.append(answer)
    if started:
        started(answer)
    view: View = Nobody()
    try:
        view = watch()
        view.begin(answer)
        for events in delivery.batches(view.tick_s):
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
        cancel.cancel()
        remember(question, answer)
        book(question, answer)
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
