"""Plans and handles, which hold no numbers yet: refused at once, with the line that gets the numbers.

To read or compute them here could take hours and all memory, only to find that they are too many.
"""

from __future__ import annotations

from typing import Any

from ..core.errors import CannotAttach
from ..core.messages import Attachment
from ..core.settings import Settings

_PLAN = "is a plan for {}, with no {} yet"
_TABLE, _ARRAY = _PLAN.format("a table", "rows"), _PLAN.format("an array", "numbers")
_GROUPS = "holds groups of rows, with no result yet"
_STORED = "is stored in a file and not read yet"
_FOLDER = "is a group of arrays in a file"

LAZY = {  # "package.Class" -> what it is, and the line that gets the numbers
    "polars.LazyFrame": (_TABLE, "{name}.collect()"),
    "polars.GroupBy": (_GROUPS, "{name}.len()"),
    "polars.DynamicGroupBy": (_GROUPS, "{name}.agg(polars.len())"),
    "polars.RollingGroupBy": (_GROUPS, "{name}.agg(polars.len())"),
    "polars.LazyGroupBy": (_GROUPS, "{name}.len().collect()"),
    "pandas.BaseGroupBy": (_GROUPS, "{name}.size()"),
    "pandas.BaseWindow": ("holds windows of rows, with no result yet", "{name}.mean()"),
    "dask.Array": (_ARRAY, "{name}[:100].compute()"),
    "dask.DataFrame": (_TABLE, "{name}.head()"),
    "dask.Series": (_TABLE, "{name}.head()"),
    "dask.GroupBy": (_GROUPS, "{name}.size().compute()"),
    "dask.FrameBase": (_TABLE, "{name}.compute()"),
    "dask_expr.FrameBase": (_TABLE, "{name}.head()"),
    "dask.Bag": (_PLAN.format("a collection", "items"), "{name}.take(10)"),
    "dask.Delayed": (_PLAN.format("a value", "result"), "{name}.compute()"),
    "gemini_magics.BackgroundJob": ("is a question in the background", "{name}.result()"),
    "concurrent.Future": (_PLAN.format("a value", "result"), "{name}.result()"),
    "distributed.Future": (_PLAN.format("a value", "result"), "{name}.result()"),
    "h5py.Dataset": (_STORED, "{name}[:100]"),
    "h5py.Group": (_FOLDER, "one of them, such as {name}[{first!r}][:100]"),
    "zarr.Array": (_STORED, "{name}[:100]"),
    "zarr.Group": (_FOLDER, 'one of them, such as {name}["..."][:100]'),
    "netCDF4.Variable": (_STORED, "{name}[:100]"),
    "netCDF4.Dataset": (_FOLDER, 'one of them, such as {name}["..."][:100]'),
    "tables.Leaf": (_STORED, "{name}[:100]"),
    "tensorstore.TensorStore": (_STORED, "{name}[:100].read().result()"),
    "pyarrow.Dataset": (_TABLE, "{name}.head(100)"),
    "pyarrow.Scanner": (_TABLE, "{name}.head(100)"),
    "pyarrow.RecordBatchReader": (_TABLE, "{name}.read_all()"),
    "duckdb.DuckDBPyRelation": (_TABLE, "{name}.limit(100).df()"),
    "_duckdb.DuckDBPyRelation": (_TABLE, "{name}.limit(100).df()"),
    "ibis.Expr": (_TABLE, "{name}.limit(100).execute()"),
    "pyspark.DataFrame": (_TABLE, "{name}.limit(100).toPandas()"),
    "pyspark.RDD": (_PLAN.format("a collection", "items"), "{name}.take(10)"),
    "snowflake.DataFrame": (_TABLE, "{name}.limit(100).to_pandas()"),
    "vaex.DataFrame": (_TABLE, "{name}.head(100).to_pandas_df()"),
    "datasets.IterableDataset": (_TABLE, "list({name}.take(10))"),
    "tensorflow.DatasetV2": (_PLAN.format("a collection", "items"), "list({name}.take(10))"),
    "sqlalchemy.Select": (_TABLE, "pandas.read_sql({name}, engine)"),
    "torch.DataLoader": (_PLAN.format("batches", "numbers"), "next(iter({name}))"),
}


def refused(value: Any, name: str, settings: Settings) -> Attachment:
    """Refuse a thing of the table above.

    Raises:
        CannotAttach: always; it holds the line to write.
    """
    from .class_names import class_names

    what, line = next(LAZY[known] for known in class_names(value) if known in LAZY)
    first = next(iter(value), "...") if "{first" in line else ""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and not shape:  # a single number, such as a sum, has no first hundred
        line = line.replace("[:100]", "[()]" if line == "{name}[:100]" else "")
    raise CannotAttach(f"{name} {what}: name {line.format(name=name, first=first)}.")


def check(value: object, name: str) -> None:
    """Refuse what follows the protocols of lazy arrays, whatever library it is from: dask's graph, and chunks.

    Raises:
        CannotAttach: nothing of it is computed; names a slice.
    """
    graph = getattr(type(value), "__dask_graph__", None)
    # Things of xarray always have the method: https://github.com/dask/dask/pull/10676
    if graph is not None and graph(value) is not None:  # None: it could hold a plan, and holds numbers
        raise CannotAttach(f"{name} {_PLAN.format('a result', 'numbers')}: name {name}.compute().")
    if getattr(type(value), "chunks", None) is not None and hasattr(type(value), "__array__"):
        raise CannotAttach(f"{name} {_STORED}: name a slice of it, such as {name}[:100].")
