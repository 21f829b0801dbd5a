"""Ask the question of a cell as its line says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ..chat.conversation import replaced_by
from ..chat.run import View, answer_to
from ..core.errors import AnswerMismatch, BadRequest
from ..core.messages import Attachment
from ..core.notices import notice
from ..core.question import Question
from ..core.text import fenced, reveal
from ..render.answer import Answer
from .frontend import Frontend, namespace
from .masking import is_past
from .options import CellLine
from .views.choose import views_for

# What an option needs is loaded where it stands: a question without options goes out sooner.
if TYPE_CHECKING:
    from ..chat.jobs import BackgroundJob
    from ..chat.schema import Schema


def ask_in_cell(
    asked: CellLine, question: Question, shell: InteractiveShell, *, shown: Iterable[Attachment] | None = None
) -> Answer | BackgroundJob | None:
    """Ask as the line of a cell says, and return the answer, or its job; None where it was a dry run.

    Args:
        shown: the attachments whose text is shown before it goes; unless said, those of cells that ran.

    Raises:
        AnswerMismatch: the answer has not the form that the line asks for; it is the error's `answer`.
        GeminiError: as `answer_to` does.
    """
    schema = schema_named(asked)
    if asked.tool:
        from ..chat.tools import tools_of

        names = namespace()
        question = replace(question, tools=tools_of(map(names.value, asked.tool), names.names))
    # The schema and the functions are part of the request, so they are read before it is shown.
    if asked.dry_run:
        from .views.request import show_request

        show_request(replace(question, schema=schema.json) if schema else question)
        return None

    if question.settings.chat:
        _tell_replaced(question, shell)
    _show_text(filter(is_past, question.attachments) if shown is None else shown)

    if asked.background:
        from .background import ask_in_background

        return ask_in_background(asked, question, schema, shell)

    def keep(answer: Answer) -> None:
        if asked.to:
            # It is set when the answer begins, so that Ctrl-C leaves what has come in the variable.
            shell.user_ns[asked.to] = answer

    def again(misfit: AnswerMismatch) -> View:
        line = f"The answer does not fit {asked.schema}: {misfit.why}. Asking once more."
        notice(line)
        return watch()

    watch, consent = views_for(shell, question.settings, calls=bool(question.tools))
    if schema:
        from ..chat.schema import answer_in

        return answer_in(schema, question, watch=watch, again=again, started=keep, consent=consent)
    answer = answer_to(question, watch=watch, started=keep, consent=consent)
    if asked.code:
        from .code_cell import code_of, put_code

        code = code_of(answer)
        if not code:
            error = AnswerMismatch("The answer holds no block of code: ask for one, or leave --code out.")
            # The answer was paid for, and the error is the only thing that the caller gets.
            error.answer = answer
            raise error
        put_code(code, shell)
    return answer


def _show_text(attachments: Iterable[Attachment]) -> None:
    """Show what is sent as text, folded where it can be."""
    texts = {each.label: reveal(each.content) for each in attachments if isinstance(each.content, str)}
    if not texts:
        return
    # A question that shows nothing is sent before these are loaded.
    from ..render.markdown import render_blocks
    from ..render.style import styled

    told = "The text that is sent" if len(texts) == 1 else "The texts that are sent"  # chips name them
    inside = "".join("".join(render_blocks(fenced(text))) for text in texts.values())
    html = styled(f'<details class="gemini-thinking"><summary>{told}</summary>{inside}</details>')
    display({"text/html": html, "text/plain": "\n\n".join([f"{told}:", *texts.values()])}, raw=True)


def _tell_replaced(question: Question, shell: InteractiveShell) -> None:
    """Say which turn a question takes the place of, where nothing but its text tells that it is the same.

    In a notebook without identities another cell with the same text looks the same from the kernel.
    """
    earlier = replaced_by(question)
    frontend = Frontend.of(shell)
    if earlier and frontend.allows_input and not frontend.cell_id:
        said = (
            f"The same text as {earlier.place}: this takes the place of that turn in {question.settings.chat}. "
            "With another word it is a new one."
        )
        notice(reveal(said))


def schema_named(asked: CellLine) -> Schema | None:
    """Return the form that a line asks for; None where it asks for none.

    Raises:
        BadRequest: it is not a schema, or the line asks for code as well.
    """
    if not asked.schema:
        return None
    if asked.code:
        raise BadRequest("--schema asks for data and --code for code: take one of them.")
    from ..chat.schema import schema_of

    return schema_of(namespace().value(asked.schema), asked.schema)
