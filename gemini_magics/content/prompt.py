"""The body of a cell: it is sent as typed, with values of the notebook where `` $`expr` `` stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath

from ..core.messages import SOURCE, Attachment, Media, Part
from ..core.settings import Settings
from .namespace import Namespace, is_past

# The first way is GitHub's spelling of mathematics, which stays as typed.
_VALUE = re.compile(r"\$`[^`\n]*`\$|\$`(?P<expression>[^`\n]*[^`\n$])`")
_OPENING = re.compile(r"\$`[^\S\n]*+[^`\s][^`\n]*+")
# {df}, {df.shape} and {df["a"]} as in an f-string, but not \frac{a}{b} or x_{i}; $df and ${df} as in a shell,
# but not the formula $x$.
_OTHER_SPELLINGS = re.compile(
    r"(?<![\w\\}{^_$])\$?\{(?P<braced>[^\W\d]\w*)(?P<more>[.\[(][^{}\n]{0,80})?(?:[!:][^{}\n]{0,40})?\}(?!\})"
    r"|(?<![\w\\$`])\$(?P<shell>[^\W\d]\w*)(?![\w$`(])(?![^$\n]*[^\s$]\$(?!\w))"
)


def read_body(body: str, namespace: Namespace, settings: Settings) -> tuple[Part, ...]:
    """Put values where `` $`expr` `` stands in a text; every other character passes as it is.

    An expression stands on one line and holds no backtick. It is evaluated once, in the order of the text,
    and its value is not read again. `` $`x`$ `` is mathematics, not a value; one that is empty or never
    closed is text. It is read inside code and fences, too.

    A picture becomes an attachment at that place, a table its compact text, an answer its words, a function
    its source, a list of such things all of them; anything else becomes what an f-string would make of it,
    also with `!r` or a format behind the expression. Text of cells that ran is an attachment, too, so that it
    can be told from what the person typed.

    Raises:
        BadRequest: an expression has no value; says why, and which name may have been meant.
        CannotAttach: its value is a function, or another thing that says nothing as text.
    """
    parts: list[Part] = []
    for piece in split_body(body):
        parts += _evaluated(piece, namespace, settings) if isinstance(piece, Expression) else [piece]
    return joined(parts)


def _evaluated(expression: Expression, namespace: Namespace, settings: Settings) -> Iterator[Part]:
    from .regions import with_region  # what attaches things is loaded where there is one

    value = with_region(expression.text, namespace).formatted(expression.text)
    yield from parts_of(value, expression.text, settings)


@dataclass(frozen=True)
class Expression:
    """An expression of a body, without the signs around it."""

    text: str


def split_body(body: str) -> Iterator[str | Expression]:
    """Split a body into its text and the expressions that `read_body` evaluates, in their order."""
    place = 0
    for found in _VALUE.finditer(body):
        expression = (found["expression"] or "").strip()
        if expression:
            yield body[place : found.start()]
            yield Expression(expression)
            place = found.end()
    yield body[place:]


def joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Join the texts that follow each other, and leave out empty ones."""
    whole: list[Part] = []
    text: list[str] = []
    for part in parts:
        if isinstance(part, str):
            text.append(part)
        else:
            whole += ["".join(text), part]
            text = []
    return tuple(part for part in (*whole, "".join(text)) if part)


def literal_name(body: str, namespace: Namespace) -> str:
    """Return the first `{df}` or `$df` of a text whose name is a variable of the notebook, else "".

    They are sent as they are typed; somebody who comes from f-strings or `!echo $df` may expect the value.
    """
    for found in _OTHER_SPELLINGS.finditer(body):
        name = found["braced"] or found["shell"]
        if name in namespace and not name.startswith("_"):
            return found[0]
    return ""


def expressions(body: str) -> frozenset[str]:
    """Return the expressions that `read_body` would evaluate, each as it is written: `` $`expr` ``."""
    return frozenset(
        found[0] for found in _VALUE.finditer(body) if found["expression"] and found["expression"].strip()
    )


def openings(body: str) -> frozenset[str]:
    """Return each beginning of an expression that is not closed yet, up to the next backtick or the line's end.

    Somebody who types a backtick behind `` $`run() # `` closes it, and deleting the last dollar makes an
    expression of `` $`run()`$ ``.
    """
    begun = frozenset(found[0].rstrip() for found in _OPENING.finditer(body))
    return begun - {each[:-1].rstrip() for each in expressions(body)}


def literally(body: str, which: Collection[str]) -> str:
    """Write a body that `read_body` turns into this text, with some of its expressions unread.

    The dollar before such an expression becomes the value of a constant, `` $`"$"` ``. Values are not read
    again, so the rest of the expression stays text.
    """
    return _VALUE.sub(lambda found: f'$`"$"`{found[0][1:]}' if found[0] in which else found[0], body)


def parts_of(value: object, expression: str, settings: Settings) -> Iterator[Part]:
    """Yield the parts of the message that a value becomes. A path is text here: a word names a file."""
    if value is None or isinstance(value, (str, PurePath)):
        attachments = [Attachment(expression, "text", str(value), inline=True)]
    else:
        from .containers import attach_each

        attachments = attach_each(value, expression, settings, inline=True)
    for attachment in attachments:
        if isinstance(attachment.content, Media):
            yield attachment
            continue
        words = f"\n{attachment.content}\n" if attachment.kind == "table" else attachment.content
        apart = is_past(expression) or attachment.note.startswith(SOURCE)
        yield replace(attachment, content=words) if apart else words
