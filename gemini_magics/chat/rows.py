"""A row becomes a question: its values take the places of columns in the prompt, and its media are attached.

A value is put in once and never read again, so that a cell of a table can name nothing. A path among the
values leads to a file of the notebook's folder, whatever `allow_outside` says.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from ..content.class_names import is_a
from ..content.containers import attach_each
from ..content.files import URL, link
from ..content.prompt import Expression, joined, parts_of, split_body
from ..core.errors import BadRequest, CannotAttach
from ..core.messages import Attachment, Message, Part
from ..core.settings import Settings
from ..core.text import did_you_mean, error_line, one_line, quoted
from .conversation import IN_PYTHON, user_message

ITEM = "item"  # the column of rows that are not dicts
LABEL_CHARS = 40
PATH_CHARS = 300
_OTHER_TABLES = ("__dask_graph__", "__dataframe__", "collect")

Values = Mapping[str, Any]
Kind = Literal["pandas", "polars", "list"]


@dataclass(frozen=True)
class Rows:
    """The rows of a batch.

    Attributes:
        kind: what they came as, and their answers are given back as.
        columns: the names of their values.
        values: the values of each row.
        index: the label of each row; for pandas its Index.
    """

    kind: Kind
    columns: tuple[str, ...]
    values: Sequence[Values]
    index: Any

    def label(self, place: int) -> str:
        """Return what a person calls a row: its label in the index."""
        return one_line(str(self.index[place]), LABEL_CHARS)

    def named(self, name: str) -> str | None:
        """Return the column of a name; None where there is none.

        Blanks around a name cannot be typed in a prompt. CSV files with a blank behind each comma bring them.
        """
        if name in self.columns:
            return name
        bare = [column for column in self.columns if column.strip() == name]
        return bare[0] if len(bare) == 1 else None

    @property
    def tells_columns(self) -> bool:
        """False for an empty list: it has no columns, and may come from rows that had them."""
        return bool(self.columns or self.values)


def read_rows(rows: Any, most: int | None = None) -> Rows:
    """Read a DataFrame of pandas or polars, or a list of dicts, figures, files or texts.

    Args:
        most: read so many first rows alone; the others may be millions, or come without an end.

    Raises:
        BadRequest: it is something else, or two columns have one name.
    """
    if is_a(rows, "pandas.Series"):
        rows = rows.to_frame(rows.name if rows.name is not None else ITEM)
    if is_a(rows, "polars.Series"):
        rows = rows.to_frame(rows.name or ITEM)
    if is_a(rows, "pandas.DataFrame"):
        rows = rows.iloc[:most]
        columns = _names(rows.columns)
        # By columns, because `iterrows` makes one type of a row, so that 1 becomes 1.0; by place, because a
        # label may be a number or a tuple:
        # https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.iterrows.html
        items = (rows.iloc[:, place].tolist() for place in range(len(columns)))
        return Rows("pandas", columns, _records(columns, [*items], len(rows)), rows.index)
    if is_a(rows, "polars.DataFrame"):
        rows = rows.slice(0, most)
        columns = _names(rows.columns)
        lists = [rows[name].to_list() for name in rows.columns]
        return Rows("polars", columns, _records(columns, lists, len(rows)), range(len(rows)))
    # `list` would take a text apart into characters, a dict into its keys, a table of another library into
    # columns: https://data-apis.org/dataframe-protocol/latest/API.html
    if isinstance(rows, (str, bytes, Mapping)) or any(hasattr(rows, sign) for sign in _OTHER_TABLES):
        raise BadRequest(f"The rows are a DataFrame or a list, not {type(rows).__name__}: {_instead(rows)}")
    try:
        items = iter(rows)
    except TypeError:
        raise BadRequest(
            f"The rows are a DataFrame or a list, not {type(rows).__name__}: {_instead(rows)}"
        ) from None
    listed = _listed(islice(items, most))
    values = [
        {str(name): value for name, value in each.items()} if isinstance(each, Mapping) else {ITEM: each}
        for each in listed
    ]
    columns = tuple(dict.fromkeys(name for each in values for name in each))
    return Rows("list", columns, values, range(len(values)))


def _listed(items: Iterator[Any]) -> list[Any]:
    """Take the rows out of an iterator, which may be a generator of the person's."""
    try:
        return list(items)
    except Exception as error:  # it may raise anything
        raise BadRequest(
            f"Reading the rows fails with {error_line(error)}. Try list() of them in a cell of its own."
        ) from error


def _instead(rows: Any) -> str:
    # xarray has the first, pyarrow the second, dask the third and polars the last.
    ways = [way for way in ("to_dataframe", "to_pandas", "compute", "collect") if hasattr(rows, way)]
    return f"rows.{ways[0]}() makes one." if ways else "put one thing into a list of its own."


def _names(columns: Iterable[Any]) -> tuple[str, ...]:
    names = tuple(map(str, columns))
    # Counted once: a file of strangers may have a hundred thousand columns.
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise BadRequest(f"Two columns have the name {quoted(twice)}: rename one of them.")
    return names


def _records(columns: Sequence[str], lists: Sequence[Sequence[Any]], length: int) -> list[Values]:
    return [
        {name: column[place] for name, column in zip(columns, lists, strict=True)} for place in range(length)
    ]


@dataclass(frozen=True)
class RowValue:
    """A place in the prompt that takes a value of each row.

    Attributes:
        name: as it was typed.
        of: returns the value in a row.
    """

    name: str
    of: Callable[[Values], Any]


Piece = Part | RowValue
Attach = str | Callable[[Any], Any] | Sequence[str] | None


def column(name: str) -> RowValue:
    """Return the place that takes a column's value."""
    return RowValue(name, lambda values: values[name])


def pieces_of(prompt: str, rows: Rows) -> tuple[Piece, ...]:
    """Split a prompt of Python into its text and the columns that it names: `` $`column` ``.

    Raises:
        BadRequest: it names a column that there is not.
    """
    if not isinstance(prompt, str):
        raise BadRequest(f"The prompt is text, not {type(prompt).__name__}: write the rows first.")
    return tuple(
        _known(piece.text, rows) if isinstance(piece, Expression) else piece for piece in split_body(prompt)
    )


def _known(name: str, rows: Rows) -> RowValue:
    known = rows.named(name)
    if known is None and rows.tells_columns:
        raise BadRequest(f"The rows have no column {quoted(name)}. {_columns(name, rows.columns)}")
    return column(known or name)


def _columns(name: str, columns: Sequence[str]) -> str:
    return did_you_mean(name, columns) if columns else "They have no columns at all."


@dataclass(frozen=True)
class Asking:
    """How each row is asked.

    Attributes:
        rows: the rows.
        pieces: the prompt.
        before: the attachments that go with every question.
        media: returns the things to attach of each row, each with its name.
        filled: for each row the values of its places in the prompt.
    """

    rows: Rows
    pieces: tuple[Piece, ...]
    before: tuple[Attachment, ...]
    media: Callable[[int], Iterable[tuple[str, Any]]]
    filled: Sequence[tuple[Any, ...]]

    def messages(self, settings: Settings) -> Callable[[int], Message]:
        """Return a function that makes the message of a row, whose media are encoded then.

        It raises CannotAttach where a value cannot be sent. Paths in data obey the folder rule always.
        """
        return partial(self._message, settings=replace(settings, allow_outside=False))

    def _message(self, place: int, settings: Settings) -> Message:
        attached = [part for name, value in self.media(place) for part in _attached(value, name, settings)]
        values = iter(self.filled[place])
        parts: list[Part] = []
        for piece in self.pieces:
            parts += parts_of(next(values), piece.name, settings) if isinstance(piece, RowValue) else [piece]
        return user_message([*self.before, *attached, *joined(parts)], IN_PYTHON)

    @property
    def template(self) -> str:
        """The prompt as text, the same for all rows."""
        return "".join(
            piece if isinstance(piece, str) else f"$`{piece.name}`" for piece in (*self.before, *self.pieces)
        )

    def paths(self, most: int) -> Iterator[str]:
        """Yield the paths among the media of the first rows."""
        for place in range(min(most, len(self.rows.values))):
            for _, value in self.media(place):
                if isinstance(value, (str, Path)):
                    yield one_line(str(value), PATH_CHARS)


def asking(rows: Rows, pieces: Sequence[Piece], attach: Attach, before: Sequence[Attachment] = ()) -> Asking:
    """See that every row has what the prompt names, before any of them is asked.

    Raises:
        BadRequest: a row has no such value, or no row differs from another.
    """
    places = [piece for piece in pieces if isinstance(piece, RowValue)]
    media = _media_of(rows, attach)
    if media is None and not places:
        if rows.columns and set(rows.columns) != {ITEM}:
            raise BadRequest(
                "Each question would be the same: put a value of the row into it, as in $`column`. "
                f"{_columns('', rows.columns)}"
            )
        media = _media_of(rows, ITEM) if rows.columns else None
    filled = [tuple(_value(piece, rows, place) for piece in places) for place in range(len(rows.values))]
    return Asking(rows, tuple(pieces), tuple(before), media or (lambda place: ()), filled)


def _value(piece: RowValue, rows: Rows, place: int) -> Any:
    try:
        return piece.of(rows.values[place])
    except KeyError:
        raise BadRequest(
            f"Row {rows.label(place)} has no {quoted(piece.name)}: give it one, or leave it out."
        ) from None
    except BadRequest as error:
        raise BadRequest(f"Row {rows.label(place)}: {error}") from None


def _media_of(rows: Rows, attach: Attach) -> Callable[[int], Iterable[tuple[str, Any]]] | None:
    if attach is None:
        return None
    if callable(attach):
        by = attach
        return lambda place: [("attachment", _called(by, rows.values[place], rows.label(place)))]
    names = [attach] if isinstance(attach, str) else attach
    if not isinstance(names, (list, tuple)):
        raise BadRequest(
            f"attach is a column, a list of columns or a function of the row, not {type(attach).__name__}: "
            "lambda row: fig attaches the same to every row."
        )
    for name in names:
        if not isinstance(name, str):
            raise BadRequest(f"attach names columns as text, such as {quoted(str(name))}, not {quoted(name)}.")
        if rows.named(name) is None and rows.tells_columns:
            raise BadRequest(
                f"attach names {quoted(name)}, which is not a column. {_columns(name, rows.columns)}"
            )
    columns = [rows.named(name) or name for name in names]
    return lambda place: [(name, rows.values[place].get(name)) for name in columns]


def _called(by: Callable[[Any], Any], values: Values, label: str) -> Any:
    """Ask a person's function for what a row attaches."""
    try:
        return by(values[ITEM] if set(values) == {ITEM} else values)
    except Exception as error:  # it may raise anything
        said = error_line(error).rstrip(".")
        raise CannotAttach(
            f"attach fails for row {label} with {said}. Call it with that row in a cell of its own."
        ) from error


def _attached(value: Any, name: str, settings: Settings) -> list[Attachment]:
    """Attach a value of a row. Text is a path or an https URL, and nothing else."""
    if is_missing(value):
        raise CannotAttach(f"There is nothing in {name} to attach: give this row a file, or leave it out.")
    if isinstance(value, str) and URL.match(value):
        return [link(value, name)]
    if isinstance(value, (list, tuple)) and any(isinstance(each, str) for each in value):
        return [part for each in value for part in _attached(each, name, settings)]
    if isinstance(value, (str, Path)):
        return attach_each(Path(value), one_line(str(value), PATH_CHARS), settings)
    return attach_each(value, name, settings)


def is_missing(value: Any) -> bool:
    """Tell whether a cell of a table is empty: None, NaN, NA, NaT, or a text without characters."""
    if value is None or (isinstance(value, (str, bytes)) and not value):
        return True
    return (
        (isinstance(value, float) and math.isnan(value))
        or is_a(value, "pandas.NAType")
        or is_a(value, "pandas.NaTType")
    )
