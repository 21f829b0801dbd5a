"""The one assembler of a question, for cells, lines, the panel and %gemini_fix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from IPython.core.interactiveshell import InteractiveShell

from ..chat.conversation import next_question, user_message
from ..content.namespace import Namespace
from ..content.prompt import literal_name, read_body
from ..core.errors import CannotAttach
from ..core.messages import Attachment, Part
from ..core.question import Question
from ..core.settings import Settings, resolve
from .cell_identity import Anchors, Asker
from .frontend import Frontend, namespace
from .masking import masked_parts
from .options import ASK_BELOW, CellLine

_FILE = re.compile(r"\w\.\w{2,5}$")


def assemble(parts: Iterable[Part], settings: Settings, names: Namespace, asker: Asker) -> Question:
    """Make a question of attachments and text.

    Keys, passwords and the home folder are masked in text of earlier cells.

    Raises:
        BadRequest: the question is empty, or cannot go with the earlier turns of its conversation.
    """
    message = user_message(masked_parts(parts, names.names))
    return next_question(message, settings, asker.cell, asker.anchor, asker.place)


def question_of(
    asked: CellLine,
    body: str | None,
    shell: InteractiveShell,
    anchors: Anchors,
    local: Mapping[str, object] | None = None,
) -> tuple[Question, str]:
    """Make the question of a `%%gemini` cell, or of a `%gemini` line where there is no body.

    Args:
        local: the variables of the function that holds the line, if one does.

    Returns:
        The question; and a `{df}` or `$df` that is sent as typed although it names a variable, or "".

    Raises:
        BadRequest: something named is not there or cannot be sent, or nothing is asked.
    """
    names, frontend = namespace(local), Frontend.of(shell)
    settings = resolve(asked.settings)
    # IPython ends the text of each cell with a newline that nobody has typed.
    prompt = asked.question if body is None else body.removesuffix("\n")
    try:
        attached = _attached(asked.words, names, settings)
    except CannotAttach as error:
        if prompt.strip() or not any(word.isidentifier() and word not in names for word in asked.words):
            raise
        raise CannotAttach(f"{error} {ASK_BELOW}") from None  # its words may be the question
    parts = [*attached, *read_body(prompt, names, settings)]
    literal = literal_name(prompt, names)
    return assemble(parts, settings, names, anchors.asker(prompt, frontend)), literal


def _attached(words: Sequence[str], names: Namespace, settings: Settings) -> list[Attachment]:
    if not words:
        return []
    from ..content.words import read_words  # it loads what attaches things

    return read_words(words, names, settings)


def unattached_word(question: str, local: Mapping[str, object] | None = None) -> str:
    """Return a sentence where a line begins with a figure, a table or a file, which goes as a word; else ""."""
    from ..content.convert import shows_something
    from ..content.words import names_file

    word = next(iter(question.split(maxsplit=1)), "").rstrip(",:;")
    names = namespace(local)
    if word.isidentifier() and word in names:
        if shows_something(names.value(word)):
            return f"{word} is sent as a word. To attach it, write $`{word}`, or name it behind %%gemini."
    elif _FILE.search(word) and names_file(word):
        return f"{word} is sent as a word. To attach the file, name it behind %%gemini in a cell of its own."
    return ""
