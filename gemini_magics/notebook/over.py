"""A cell that asks many questions: one for each row of a table, or item of a list."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ..chat.batch import How, ask_rows, check_alone
from ..chat.compare import ALONE, COMPARED, compare_ways, ways_of
from ..chat.driver import Plan
from ..chat.estimate import estimate
from ..chat.progress import progress_view
from ..chat.rows import Asking, Piece, Rows, RowValue, asking, column, read_rows
from ..chat.tools import tools_of
from ..content.namespace import Namespace, without_format
from ..content.prompt import Expression, parts_of, split_body
from ..content.words import bare_word, names_file, read_words, split_at_commas
from ..core.errors import BadRequest
from ..core.messages import Part
from ..core.settings import Settings, resolve
from ..core.text import did_you_mean, listed, near, quoted
from ..service.auto import decided
from .cell import schema_named
from .cell_identity import Anchors
from .frontend import Frontend, namespace
from .masking import masked_parts
from .options import CellLine


def ask_over(
    asked: CellLine,
    body: str | None,
    shell: InteractiveShell,
    anchors: Anchors,
    local: Mapping[str, object] | None = None,
) -> Any:
    """Ask the question of a cell for each row of `--over`, in each way of `--compare`; return the table.

    A name that is a column is the row's value, also where the notebook has a variable of that name. Every other
    expression is evaluated once, before the first row.

    Raises:
        BadRequest: the cell cannot be asked as it stands; nothing was sent.
        GeminiError: no row could be answered.
    """
    names, settings = namespace(local), decided(resolve(asked.settings))
    check_alone(settings)
    if asked.background:
        raise BadRequest("--background is for one answer: leave it out, or ask one question.")
    if asked.code:
        raise BadRequest("--code is for one answer: leave it out, or ask one question.")
    prompt = asked.question if body is None else body.removesuffix("\n")
    # The rows are cut before anything is read of them, so that --limit spares the files of the others.
    rows = read_rows(table_named(asked.over, names), number("--limit", asked.limit)) if asked.over else ALONE
    planned = planned_rows(asked.words, prompt, rows, names, settings)
    ways = [*ways_of({"": prompt}, asked.settings, **compared(asked.compare))]
    asker = anchors.asker(prompt, Frontend.of(shell))
    # The estimate needs the rows as they would be sent, so they are read first.
    if asked.dry_run:
        display({"text/plain": str(estimate(planned, settings, len(ways)))}, raw=True)
        return None
    schema = schema_named(asked)
    most = number("--stop-after", asked.stop_after)
    tools = tools_of(map(names.value, asked.tool), names.names)
    plan = Plan(
        settings,
        schema,
        asked.retry_failed,
        most,
        cell=asker.cell,
        anchor=asker.anchor,
        place=asker.place,
        tools=tools,
    )
    how = how_of(asked, names)
    if asked.compare:
        found: Any = compare_ways(ways, {"": planned}, plan, how, asked.expect or None)
    else:
        found = ask_rows(planned, plan, how)
    if not asked.to:
        return found
    shell.user_ns[asked.to] = found
    if asked.compare:
        # A cell shows its last value, and with --to it has none.
        display(found)
    return None


def table_named(word: str, names: Namespace) -> Any:
    """Return what `--over` names.

    Raises:
        BadRequest: the notebook has no such thing, as where it is a file.
    """
    try:
        return names.value(word)
    except BadRequest:
        if not (names_file(word) and Path(word).is_file()):
            raise
        raise BadRequest(
            f"{word} is a file, and --over takes the rows of a table: read it first, as in --over "
            f"pd.read_csv({bare_word(word)!r})."
        ) from None


def compared(text: str) -> dict[str, list[str]]:
    """Read what is compared: "effort=low,high service=kie,google".

    Raises:
        BadRequest: it is written otherwise, or names another setting.
    """
    several: dict[str, list[str]] = {}
    for word in text.split():
        name, equals, values = word.partition("=")
        if name not in COMPARED or not equals or not values.strip(","):
            raise BadRequest(
                f"--compare is written effort=low,high, with {listed(COMPARED)}, not {quoted(word)}; "
                'several stand in quotes: --compare "effort=low,high model=A,B".'
            )
        several[name] = [value for value in values.split(",") if value]
    return several


def how_of(asked: CellLine, names: Namespace) -> How:
    """Read the options that say how a batch is carried out."""
    return How(
        concurrency=number("--concurrency", asked.concurrency),
        executor=names.value(asked.executor) if asked.executor else None,
        record=asked.record not in ("no", "none", "off") and (asked.record or True),
        confirm=not asked.no_confirm,
        watch=progress_view,
    )


def number(flag: str, text: str) -> int | None:
    """Read the value of an option that counts something.

    Raises:
        BadRequest: it is not a whole number above 0.
    """
    if not text:
        return None
    digits = text.replace(",", "").replace("_", "")
    # Other scripts have decimals, too: https://docs.python.org/3/library/stdtypes.html#str.isdecimal
    if not (digits.isascii() and digits.isdecimal() and int(digits)):
        raise BadRequest(f"{flag} takes a whole number from 1, not {quoted(text)}.")
    return int(digits)


def planned_rows(words: Sequence[str], prompt: str, rows: Rows, names: Namespace, settings: Settings) -> Asking:
    """Read a cell for its rows: a word that is a column attaches each row's medium, others go with every row.

    Raises:
        BadRequest: a name is neither a column nor in the notebook, or a row has no such value.
    """
    named = [*_named(words, rows)]
    attach = [column for column, _ in named if column is not None]
    before = read_words([word for column, word in named if column is None], names, settings)
    constant = masked_parts(before, names.names)
    pieces = [*_pieces(prompt, rows, names, settings)]
    return asking(rows, pieces, attach or None, [part for part in constant if not isinstance(part, str)])


def _named(words: Sequence[str], rows: Rows) -> Iterator[tuple[str | None, str]]:
    """Yield each word with the column that it names, or None; a comma separates as it does elsewhere."""
    for word in words:
        parts = [part for part in split_at_commas(word) if part]
        # The commas between other words are read where their files are.
        separated = not names_file(word) and any(_column(part, rows) is not None for part in parts)
        for known, alike in groupby(parts if separated else [word], lambda part: _column(part, rows)):
            yield from ((known, part) for part in ([",".join(alike)] if known is None else alike))


def _column(word: str, rows: Rows) -> str | None:
    """Return the column that a word names, also in quotes; None where there is none."""
    known = rows.named(word) or rows.named(bare_word(word))
    return known if known is not None or rows.tells_columns else word


def _pieces(prompt: str, rows: Rows, names: Namespace, settings: Settings) -> Iterator[Piece]:
    for piece in split_body(prompt):
        if not isinstance(piece, Expression):
            yield piece
        elif (known := rows.named(piece.text)) is not None or not rows.tells_columns:
            yield column(known or piece.text)
        elif _names_in(piece.text).intersection(rows.columns):
            yield _of_each_row(piece.text, names)
        else:
            yield from _once(piece.text, rows, names, settings)


def _once(expression: str, rows: Rows, names: Namespace, settings: Settings) -> Iterator[Part]:
    """Yield what an expression of the notebook stands for in every row."""
    if expression.isidentifier() and expression not in names and not hasattr(builtins, expression):
        raise BadRequest(
            f"There is neither a column nor a variable {expression}. "
            f"{did_you_mean(expression, [*rows.columns, *near(expression, names.names)])}"
        )
    parts: list[Part] = [*parts_of(names.formatted(expression), expression, settings)]
    yield from masked_parts(parts, names.names)


def _of_each_row(expression: str, names: Namespace) -> RowValue:
    """Return the place of an expression that reads a row: the person wrote it, the row gives values alone."""
    return RowValue(expression, lambda values: names.with_locals(values).formatted(expression))


def _names_in(expression: str) -> set[str]:
    try:
        parsed = ast.parse(without_format(expression).strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # Evaluating it will say what is wrong with it. Text that is nested deeply can end in any of these:
        # https://docs.python.org/3/library/ast.html#ast.parse
        return set()
    return {node.id for node in ast.walk(parsed) if isinstance(node, ast.Name)}
