"""A cell becomes a question: what it names is looked up in the notebook."""

from __future__ import annotations

from collections import ChainMap

from IPython.core.interactiveshell import InteractiveShell

from ..chat.ask import user_turn
from ..chat.conversation import next_question
from ..content.attach import attach_word
from ..content.prompt import read
from ..core.errors import CannotAttach
from ..core.question import Question
from ..core.settings import resolve
from .anchor import Anchors
from .frontend import cell_id
from .masked import masked_parts
from .options import ASK_BELOW, Line


def question_of(asked: Line, body: str | None, shell: InteractiveShell, anchors: Anchors) -> Question:
    """Make the question of a `%%gemini` cell, or of a `%gemini` line where there is no body.

    Raises:
        BadRequest: something named is not there or cannot be sent, or nothing is asked.
    """
    names = ChainMap(_as_typed(shell), shell.user_ns)

    def value(expression: str) -> object:
        return eval(expression, shell.user_global_ns, names)  # noqa: S307 - the person's own code

    settings = resolve(asked.settings)
    prompt = asked.question if body is None else body.removesuffix("\n")
    try:
        named = [attach_word(word, value, shell.user_ns, settings) for word in asked.words]
    except CannotAttach as error:
        if prompt.strip() or not any(word.isidentifier() and word not in names for word in asked.words):
            raise
        raise CannotAttach(f"{error} {ASK_BELOW}") from None  # its words may be the question
    parts = [*named, *read(prompt, value, settings, shell.user_ns)]
    turn = user_turn(masked_parts(parts, shell.user_ns))
    return next_question(turn, settings, cell_id(shell), anchors.next(prompt), anchors.place)


def _as_typed(shell: InteractiveShell) -> dict[str, object]:
    """Return `In` with the cells as they were typed; IPython's own holds what it made of them."""
    history = shell.history_manager
    ours = shell.user_ns.get("In") is history.input_hist_parsed
    return {"In": history.input_hist_raw} if ours else {}
