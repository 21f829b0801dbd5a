"""The question of a cell is asked: what goes out is shown, and the answer goes where the cell wants it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ..chat.ask import View, answer_to
from ..chat.conversation import replaced_by
from ..chat.schema import Schema, answer_in, schema_of
from ..content.expression import value_of
from ..core.answer import Answer
from ..core.errors import BadRequest, Unfit
from ..core.extract import fenced
from ..core.messages import Attachment
from ..core.notice import notice
from ..core.plain import reveal
from ..core.question import Question
from .code_cell import put_code
from .frontend import allows_input, cell_id
from .masked import is_past
from .options import Line
from .show import show_request, view_for


def ask_in_cell(
    asked: Line, question: Question, shell: InteractiveShell, *, shown: Iterable[Attachment] | None = None
) -> Answer | None:
    """Ask as the line of a cell says, and return the answer; None where it was a dry run.

    Args:
        shown: the attachments whose text is shown before it goes; unless said, those of cells that ran.

    Raises:
        Unfit: the answer has not the form that the line asks for; it is the error's `answer`.
        GeminiError: as `answer_to` does.
    """
    schema = _schema(asked, shell)
    if asked.dry_run:
        show_request(replace(question, schema=schema.json) if schema else question)
        return None

    _tell_replaced(question, shell)
    _show_text(filter(is_past, question.attachments) if shown is None else shown)

    def keep(answer: Answer) -> None:
        if asked.to:
            shell.user_ns[asked.to] = answer

    def again(misfit: Unfit) -> View:
        line = f"The answer does not fit {asked.schema}: {misfit.why}. Asking once more."
        notice(line)
        return view_for(shell, question.settings)

    watch = partial(view_for, shell, question.settings)
    if schema:
        return answer_in(schema, question, watch=watch, again=again, started=keep)
    answer = answer_to(question, watch=watch, started=keep)
    if asked.code:
        if not answer.code:
            error = Unfit("The answer holds no block of code: ask for one, or leave --code out.")
            error.answer = answer
            raise error
        put_code(answer.code, shell)
    return answer


def _show_text(attachments: Iterable[Attachment]) -> None:
    """Show what is sent as text, folded where it can be."""
    texts = {each.label: reveal(each.content) for each in attachments if isinstance(each.content, str)}
    if not texts:
        return
    # A question that shows nothing is sent before these are loaded.
    from ..core.html import escape
    from ..core.markdown import rendered
    from ..core.twin import styled

    told = f"Sent with the question: {'; '.join(texts)}"
    inside = "".join("".join(rendered(fenced(text))) for text in texts.values())
    html = styled(f"<details><summary>{escape(told)}</summary>{inside}</details>")
    display({"text/html": html, "text/plain": "\n\n".join([told, *texts.values()])}, raw=True)


def _tell_replaced(question: Question, shell: InteractiveShell) -> None:
    """Say which turn a question takes the place of, where nothing but its text tells that it is the same.

    In a notebook without identities another cell with the same text looks the same from the kernel.
    """
    if cell_id(shell) or not allows_input(shell):
        return
    earlier = replaced_by(question)
    if earlier:
        said = (
            f"The same text as {earlier.place}: this takes the place of that turn in {question.settings.chat}. "
            "With another word it is a new one."
        )
        notice(reveal(said))


def _schema(asked: Line, shell: InteractiveShell) -> Schema | None:
    if not asked.schema:
        return None
    if asked.code:
        raise BadRequest("--schema asks for data and --code for code: take one of them.")

    def value(expression: str) -> object:
        return eval(expression, shell.user_global_ns, shell.user_ns)  # noqa: S307 - the person's own code

    return schema_of(value_of(asked.schema, value, shell.user_ns), asked.schema)
