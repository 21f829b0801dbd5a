"""Ask one question from Python: in a notebook, a script or a test."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, Unpack

from ..content.containers import attach_each, opens
from ..content.convert import attach
from ..content.files import URL, link
from ..content.words import names_file
from ..core.browser import check_threads
from ..core.cancel import Cancel, linked
from ..core.errors import BadRequest, CannotAttach
from ..core.folder import where_paths_begin
from ..core.messages import Attachment
from ..core.question import Question
from ..core.settings import Settings, resolve
from ..core.text import one_line
from ..core.views import views_here
from ..render.answer import Answer
from .ask_settings import AskSettings
from .consent import Consent, by_input
from .conversation import IN_PYTHON, Conversation, keep, next_question, user_message
from .run import Nobody, View, answer_to
from .schema import answer_in, schema_of
from .tools import tools_of

PATH_CHARS = 300


def ask(
    prompt: str,
    *attachments: object,
    cancel: Cancel | None = None,
    schema: object = None,
    tools: Sequence[Callable[..., Any]] = (),
    show: bool = False,
    **settings: Unpack[AskSettings],
) -> Answer:
    """Ask one question and wait for its answer.

    The prompt is sent as it is. Attachments go before it, in order: figures, tables, images, arrays,
    bytes, paths (a `Path`, or a string that is one), https URLs, as `%%gemini` takes them by name. Each has
    the name of the caller's variable that holds it, where there is one; a dict gives names of its own:
    `ask("What changed?", {"before": fig1, "after": fig2})`.

    Many questions can be asked at once from threads. Ctrl-C reaches the main thread only, so the questions of
    the others would run on and be charged. A `Cancel` stops them. Name it after the pool, because the pool
    waits for its threads when its own block ends:

        with ThreadPoolExecutor(8) as pool, Cancel() as cancel:
            answers = list(pool.map(lambda question: ask(question, cancel=cancel), questions))

    Args:
        cancel: stops the question from another thread; the part that has come is returned, marked
            interrupted. One `Cancel` may stop many questions.
        schema: a pydantic model, dataclass, TypedDict or JSON schema that the answer is to follow;
            `answer.data` is then the object. An answer that does not fit is asked for once more.
        tools: functions that the model may call. The person is asked before each call, and where nobody can
            be asked, only those run that `@gemini_magics.tool(run=True)` marks. `answer.calls` holds the calls.
        show: show the answer while it arrives, as a cell does: in the output of the cell that runs, in the
            terminal, or on stdout of a script. In a loop each answer has an output of its own. Ask so from the
            main thread, since the outputs of other threads may land in another cell; and give the answer a
            name, since a cell shows its last value again.
        settings: any of the settings of `%config GeminiMagics`, for this question: `effort="low"`. `chat`
            takes a Conversation, too.

    Raises:
        BadRequest: the question cannot be asked as it stands; nothing was sent.
        AnswerMismatch: the answer does not follow the schema, asked twice.
        GeminiError: the service could not be reached, refused, or broke off; `error.answer` holds the part
            that has come.
    """
    question = _question(prompt, attachments, tools, dict(settings), sys._getframe(1))
    return _answer(question, schema, cancel, show=show)


async def aask(
    prompt: str,
    *attachments: object,
    cancel: Cancel | None = None,
    schema: object = None,
    tools: Sequence[Callable[..., Any]] = (),
    **settings: Unpack[AskSettings],
) -> Answer:
    """Ask as `ask` does, and let other tasks run meanwhile; `asyncio.gather` asks several questions at once.

    A task that is cancelled stops its question.
    """
    check_threads("aask()", "write ask() without await")
    question = _question(prompt, attachments, tools, dict(settings), sys._getframe(1))
    own = linked(cancel)
    try:
        return await asyncio.to_thread(_answer, question, schema, own)
    except asyncio.CancelledError:
        # A thread cannot be cancelled: it would ask on, and the answer would be paid for.
        own.cancel()
        raise


def _question(
    prompt: str,
    attachments: Sequence[object],
    tools: Sequence[Callable[..., Any]],
    settings: dict[str, Any],
    caller: FrameType,
) -> Question:
    if not isinstance(prompt, str):
        raise BadRequest(
            f"The question is text, not {type(prompt).__name__}: write it first, then what to attach, as in "
            'ask("What is this?", fig).'
        )
    if isinstance(settings.get("chat"), Conversation):
        settings["chat"] = keep(settings["chat"])
    chosen = resolve(settings)
    named = [
        each
        for place, value in enumerate(attachments, 1)
        for each in _attach_argument(value, _variable(value, caller), place, chosen)
    ]
    question = next_question(user_message([*named, prompt], IN_PYTHON), chosen)
    return replace(question, tools=tools_of(tools)) if tools else question


def _answer(question: Question, schema: object, cancel: Cancel | None, *, show: bool = False) -> Answer:
    watch: Callable[[], View] = Nobody
    consent: Consent = by_input
    if show:
        watch, consent = views_here(question.settings, calls=bool(question.tools))
    if schema is None:
        return answer_to(question, watch=watch, cancel=linked(cancel), consent=consent)
    form = schema_of(schema)
    return answer_in(form, question, watch=watch, again=lambda _: watch(), cancel=cancel, consent=consent)


def _variable(value: object, caller: FrameType) -> str:
    """Return the name of the caller's variable that holds a thing; "" where it has none, or several."""
    for names in (caller.f_locals, caller.f_globals):
        # A copy, because another thread may make a variable meanwhile. Names with _ hold what cells have shown:
        # https://ipython.readthedocs.io/en/stable/interactive/reference.html#output-caching-system
        found = [name for name, known in list(names.items()) if known is value and not name.startswith("_")]
        if found:
            return found[0] if len(found) == 1 else ""
    return ""


def _attach_argument(value: object, variable: str, place: int, settings: Settings) -> list[Attachment]:
    """Attach an argument of `ask`: a string is an https URL or a path, a list stands for its items."""
    if isinstance(value, str) and URL.match(value):
        return [link(value, value)]
    if isinstance(value, str):
        if not names_file(value):
            named = one_line(value, 80) or "''"
            raise CannotAttach(
                f"There is no file {named} here. {where_paths_begin()} Text goes into the question itself, as "
                'in ask(f"Shorten this: {text}").'
            )
        return [attach(Path(value), value, settings)]
    # A dict with a name is one thing of the notebook; one that is written into the call gives names.
    if not variable and isinstance(value, dict) and opens(value) and all(isinstance(key, str) for key in value):
        return [
            each
            for key, item in value.items()
            for each in attach_each(item, one_line(key, PATH_CHARS), settings)
        ]
    name = one_line(str(value), PATH_CHARS) if isinstance(value, Path) else variable or f"attachment {place}"
    return attach_each(value, name, settings)
