"""The answers of a batch as a table, of the kind that its rows came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..core.errors import BadRequest, GeminiError, needed
from ..core.text import error_line
from ..render.answer import Answer
from ..render.status import notices
from .rows import Rows
from .schema import Schema
from .tally import RowResult

if TYPE_CHECKING:
    from pandas import DataFrame

OWN = ("answer", "ended", "error", "tokens", "credits", "seconds", "note")
WHOLE = ""  # stands for the whole data, where a schema names no fields
VALUE = "value"  # its column
TWICE = "maybe asked twice"
# Without these a column of whole numbers becomes floats where one is missing:
# https://pandas.pydata.org/docs/user_guide/integer_na.html
_PANDAS = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "string": "string"}

# What polars raises for values of Python: a UUID, a model beside None, a number that is too large.
_NO_SERIES = (TypeError, ValueError, OverflowError, AttributeError, RuntimeError)


class BatchRows(list[dict[str, Any]]):
    """The answers to a list of rows, a dict for each."""

    def frame(self) -> DataFrame:
        """Return them as a pandas DataFrame.

        Raises:
            BadRequest: pandas is not installed.
        """
        with needed("pandas", "frame() makes a pandas DataFrame"):
            from pandas import DataFrame

        return DataFrame(list(self))


def table_of(rows: Rows, results: Sequence[RowResult | None], schema: Schema | None, why_not: str) -> Any:
    """Make the table: the answers, their data, how each ended, its error, and its cost.

    Args:
        why_not: why rows were not asked, for their errors.
    """
    fields = fields_of(schema.json) if schema else {}
    records = [
        (place, record)
        for place, result in enumerate(results)
        for record in _records(result, fields, _holds_many(schema), why_not)
    ]
    notes = any(record["note"] for _, record in records)
    # The note is the last of OWN, and a column only where a row has one.
    names = ["answer", *(named(name) for name in fields), *OWN[1:][: None if notes else -1]]
    if rows.kind == "pandas":
        return _pandas(rows, records, names, fields)
    if rows.kind == "polars":
        return _polars(records, names, fields, many=_holds_many(schema))
    return BatchRows({name: record[name] for name in names} for _, record in records)


def _records(
    result: RowResult | None, fields: Mapping[str, str], many: bool, why_not: str
) -> Iterator[dict[str, Any]]:
    """Yield the records of a row: one, or one for each item of its data."""
    result = result or RowResult(error=BadRequest(why_not))
    answer, error = result.answer, result.error
    notes = [*(notices(answer, raised=True) if answer else ()), *([TWICE] if result.maybe_twice else ())]
    about = {
        "answer": answer,
        "ended": (answer and answer.ended) or "",
        "error": error_line(error) if error else "",
        "tokens": answer.usage.tokens if answer else None,
        "credits": answer.usage.credits if answer else None,
        "seconds": round(answer.seconds, 3) if answer else None,
        "note": "; ".join(notes),
    }
    data = _bare(answer.data) if answer else None
    for value in [*(data or ())] or [None] if many else [data]:
        yield about | {named(name): field_of(value, name) for name in fields}


def field_of(value: Any, name: str) -> Any:
    """Return a field of an answer's data by its name in JSON; of an enum its value, which JSON has for it."""
    value = _bare(value)
    if value is None or name == WHOLE:
        return value
    if isinstance(value, Mapping):
        return _bare(value.get(name))
    return _bare(getattr(value, _attribute(value, name), None))


def _bare(value: Any) -> Any:
    """Return what an enum or a RootModel of pydantic wraps, or else the value itself."""
    if isinstance(value, Enum):
        return value.value
    # https://docs.pydantic.dev/latest/concepts/models/#rootmodel-and-custom-root-types
    return value.root if getattr(value, "__pydantic_root_model__", False) else value


def _attribute(value: Any, name: str) -> str:
    """Return the attribute for a field, which has another name where pydantic knows it by an alias."""
    # https://docs.pydantic.dev/latest/concepts/alias/
    for attribute, field in getattr(type(value), "__pydantic_fields__", {}).items():
        if name in getattr(field.validation_alias, "choices", [field.validation_alias]):
            return str(attribute)
    return name


def named(field: str) -> str:
    """Return the column of a field; one that has the name of another column is called data_answer."""
    return VALUE if field == WHOLE else f"data_{field}" if field in OWN else field


def fields_of(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns that a JSON schema gives, each with the name of its JSON type, "" for others."""
    form = _resolved(schema, schema)
    if _is_list(form):
        form = _resolved(form.get("items") or {}, schema)
    properties = form.get("properties")
    if not isinstance(properties, Mapping):
        return {WHOLE: _type(form, schema)}
    return {name: _type(inner, schema) for name, inner in properties.items()}


def _holds_many(schema: Schema | None) -> bool:
    return schema is not None and _is_list(_resolved(schema.json, schema.json))


def _is_list(form: Mapping[str, Any]) -> bool:
    """Tell whether a form has any number of items alike; a tuple is one value."""
    # https://json-schema.org/understanding-json-schema/reference/array#tupleValidation
    return form.get("type") == "array" and "prefixItems" not in form and not isinstance(form.get("items"), list)


def _resolved(form: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = form.get("$ref", "") if isinstance(form, Mapping) else ""
    # Named forms stand there, until draft 7 under the second name:
    # https://json-schema.org/understanding-json-schema/structuring#defs
    for named_forms in ("$defs", "definitions"):
        if isinstance(reference, str) and reference.startswith(f"#/{named_forms}/"):
            form = root.get(named_forms, {}).get(reference.removeprefix(f"#/{named_forms}/"), {})
    return form if isinstance(form, Mapping) else {}


def _type(form: Any, root: Mapping[str, Any]) -> str:
    form = _resolved(form, root)
    choices = [_resolved(each, root).get("type") for each in form.get("anyOf", ())]  # `int | None` is anyOf
    own = form.get("type")
    # Written by hand it is rather ["integer", "null"].
    kinds = [
        kind for kind in [*(own if isinstance(own, list) else [own]), *choices] if kind not in (None, "null")
    ]
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], str) else ""


def _pandas(
    rows: Rows, records: Sequence[tuple[int, dict[str, Any]]], names: Sequence[str], fields: Mapping[str, str]
) -> DataFrame:
    import pandas as pd

    kinds = {"tokens": "Int64", "credits": "Float64", "seconds": "Float64"}
    kinds |= {named(name): _PANDAS.get(kind, "object") for name, kind in fields.items()}
    index = rows.index.take([place for place, _ in records])
    columns = {
        name: _series([record[name] for _, record in records], index, kinds.get(name, "object"))
        for name in names
    }
    return pd.DataFrame(columns, index=index)


def _series(values: list[Any], index: Any, kind: str) -> Any:
    import pandas as pd

    # JSON has dates as texts, and pandas would make texts of them again.
    if kind == "string" and not all(value is None or isinstance(value, str) for value in values):
        return pd.Series(values, index=index)
    try:
        return pd.Series(values, index=index, dtype=kind)
    except (TypeError, ValueError, OverflowError):  # a validator may have made something else of it
        return pd.Series(values, index=index, dtype="object")


def _polars(
    records: Sequence[tuple[int, dict[str, Any]]],
    names: Sequence[str],
    fields: Mapping[str, str],
    *,
    many: bool,
) -> Any:
    import polars as pl

    own = {"answer": pl.Object, "ended": pl.String, "error": pl.String, "note": pl.String}
    own |= {"tokens": pl.Int64, "credits": pl.Float64, "seconds": pl.Float64}
    known = {"integer": pl.Int64, "number": pl.Float64, "boolean": pl.Boolean, "string": pl.String}
    kinds = own | {named(name): known.get(kind) for name, kind in fields.items()}
    # polars has no index (https://docs.pola.rs/user-guide/migration/pandas/), so a column tells the row.
    place_name = "input_row" if "row" in names else "row"
    columns = [pl.Series(place_name, [place for place, _ in records], dtype=pl.UInt32)] if many else []
    for name in names:
        columns.append(_polars_series(name, [record[name] for _, record in records], kinds[name]))
    return pl.DataFrame(columns)


def _polars_series(name: str, values: list[Any], kind: Any) -> Any:
    import polars as pl

    # A validator may have made something else of it, such as a date of a text.
    for each in (kind, None):
        with suppress(*_NO_SERIES, pl.exceptions.PolarsError):
            series = pl.Series(name, values, dtype=each)
            # A column has one zone, or none, and the fields of one class: other values would be changed or cut.
            changed = series.dtype.is_temporal() and series.to_list() != values
            mixed = len({type(value) for value in values if value is not None}) > 1
            if changed or (mixed and series.dtype == pl.Struct):
                continue
            holds_objects = any(isinstance(value, dict | list) for value in values)
            if each is not None or not holds_objects or series.to_list() == values:
                return series
            # A Series has the fields of the first object, and drops those of others.
            return pl.from_dicts([{name: value} for value in values], infer_schema_length=None)[name]
    return pl.Series(name, values, dtype=pl.Object)


def failure_of(results: Sequence[RowResult | None], reason: GeminiError | None) -> GeminiError | None:
    """Return the error that a batch is to raise: the reason for its end, where no row has an answer."""
    if reason is None or any(result and answered(result.answer) for result in results):
        return None
    return reason


def answered(answer: Answer | None) -> bool:
    """Tell whether anything came."""
    return answer is not None and bool(answer.text or answer.thinking)
