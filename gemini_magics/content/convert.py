"""From things of the notebook to attachments: each object by its class.

docs/what_is_sent.md lists what is sent for each kind of thing.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from ..core.errors import CannotAttach, GeminiError
from ..core.messages import Attachment, Media
from ..core.settings import Settings
from ..core.text import counted, error_line, fenced
from . import charts, figures, lazy, models, tables
from .arrays import array, looks_like_a_picture
from .class_names import class_names, is_a
from .files import from_bytes, from_file, from_path, link, text
from .images import picture
from .own_words import TAKEN, for_models, measured, of_html, said, shown_by
from .svg import svg

__all__ = ["CONVERTERS", "TAKEN", "attach", "converted"]

Converter = Callable[[Any, str, Settings], Attachment]

_ASTROPY_HEAD = 4  # lines: the name, the unit, the type and a rule
_LOOKED_AT = 20  # items of a collection, to see whether it holds pictures


def attach(value: object, name: str, settings: Settings, *, inline: bool = False) -> Attachment:
    """Return a thing of the notebook as an attachment; the thing itself stays as it is.

    Args:
        name: what the person called it. Text tells its name to the model in its first line.
        inline: it stands inside the prompt, where text needs no name.

    Raises:
        CannotAttach: nothing that can be sent is in it; says what is taken.
    """
    if isinstance(value, Attachment):
        return replace(value, inline=True) if inline else value
    attachment = for_models(value, name, settings) if hasattr(type(value), "_ai_repr_") else None
    attachment = attachment or converted(value, name, settings)
    if inline:
        return replace(attachment, inline=True)
    if attachment.kind != "text" or not isinstance(attachment.content, str):
        return attachment
    return replace(attachment, content=f"{name}:\n{fenced(attachment.content)}")


def shows_something(value: object) -> bool:
    """Tell by its class alone whether a thing is a figure, a picture, a table or the like."""
    known = next((known for known in class_names(value) if known in CONVERTERS), "builtins.")
    return not known.startswith(("builtins.", "functools.", "pathlib.", "_io."))


def converted(value: object, name: str, settings: Settings) -> Attachment:
    """Return what a thing shows or says to people, without asking it for its words for a model.

    Raises:
        CannotAttach: nothing that can be sent is in it; says what is taken.
    """
    converter = next((CONVERTERS[known] for known in class_names(value) if known in CONVERTERS), _other)
    try:
        return converter(value, name, settings)
    except GeminiError:
        raise
    except ModuleNotFoundError as error:
        package = {"PIL": "pillow"}.get(error.name or "", error.name)
        raise CannotAttach(
            f"{name} cannot be sent without the package {package}: %pip install {package}"
        ) from error
    except Exception as error:  # objects show themselves with code of their own
        said = error_line(error).rstrip(".")
        raise CannotAttach(
            f"{name} cannot be shown by its own means: {said}. Show it in a cell of its own first."
        ) from error


def _encoded(value: bytes | bytearray | memoryview, name: str, settings: Settings) -> Attachment:
    return from_bytes(bytes(value), name, settings)


def _image(value: Any, name: str, settings: Settings) -> Attachment:
    media, note = picture(value, name, settings)
    return Attachment(name, "image", media, note)


def _media(value: Media, name: str, settings: Settings) -> Attachment:
    return link(value.url, name) if value.url else from_bytes(value.data, name, settings)


def _displayed(value: Any, name: str, settings: Settings) -> Attachment:
    """Send what an object of IPython.display holds: its data, or else its file, or else its URL."""
    if isinstance(value.data, bytes):
        return from_bytes(value.data, name, settings)
    if value.data is not None:
        return text(str(value.data), name)
    if value.filename:
        return from_path(Path(value.filename), name, settings)
    return link(str(value.url), name)


def _collection(value: Any, name: str, settings: Settings) -> Attachment:
    """Send what a plotting call returned as its figure, and anything else as what it is by itself."""
    if artists := figures.artists_in(value):
        return figures.plotted(artists, name, settings)
    items = value.values() if isinstance(value, Mapping) else value
    if any(_PICTURES.intersection(class_names(item)) for item in islice(items, _LOOKED_AT)):
        raise CannotAttach(f"{name} holds several pictures: name each of them, as in {name}[0] {name}[1].")
    return said(value, name, settings)


def _array(value: Any, name: str, settings: Settings) -> Attachment:
    """Send an array as its numbers; one of a class of its own means more, unless it is a picture."""
    if value.dtype == object:
        return _collection(value, name, settings)
    is_plain = class_names(value)[0] in _PLAIN_ARRAYS or settings.as_image
    return (array if is_plain or looks_like_a_picture(value) else measured)(value, name, settings)


def _series(value: Any, name: str, settings: Settings) -> Attachment:
    artists = figures.artists_in(value)
    return figures.plotted(artists, name, settings) if artists else tables.table(value, name, settings)


def _other(value: Any, name: str, settings: Settings) -> Attachment:
    """Send what is plotted, or the picture that an object shows in a notebook, or its numbers, or its text."""
    if type(value) in (int, float, bool):
        return said(value, name, settings)
    lazy.check(value, name)
    if class_names(value)[0].startswith("sklearn.") and type(value).__name__.endswith("Display"):
        return charts.sklearn(value, name, settings)
    if artists := figures.artists_in(value):
        return figures.plotted(artists, name, settings)
    shown = _own_picture(value)
    if isinstance(shown, str):
        return svg(shown, name, settings)
    if shown:
        return from_bytes(shown, name, settings)
    if hasattr(type(value), "__array__") and isinstance(getattr(value, "shape", None), tuple) and value.shape:
        return _array_like(value, name, settings)
    markdown = shown_by(value, "_repr_markdown_")
    return text(markdown, name) if isinstance(markdown, str) else said(value, name, settings)


def _array_like(value: Any, name: str, settings: Settings) -> Attachment:
    """Send a tensor as its numbers, and what else can become an array as it says it, if it says anything."""
    if settings.as_image or looks_like_a_picture(value) or _TENSORS.intersection(class_names(value)):
        # Only a tensor that lies in main memory and records no gradient becomes an array:
        # https://docs.pytorch.org/docs/stable/generated/torch.Tensor.numpy.html
        return array(value.detach().cpu() if is_a(value, "torch.Tensor") else value, name, settings)
    own: Any = type(value)
    if own.__str__ is object.__str__ and own.__repr__ is object.__repr__:  # it says nothing of itself
        return array(value, name, settings)
    return measured(value, name, settings)


def _own_picture(value: object) -> bytes | str | None:
    """Ask an object for its PNG, its JPEG or its SVG, the last as str, as IPython would."""
    bundle = shown_by(value, "_repr_mimebundle_", include=None, exclude=None)
    for media_type, method in (("image/png", "_repr_png_"), ("image/jpeg", "_repr_jpeg_")):
        if data := (bundle or {}).get(media_type) or shown_by(value, method):
            return b64decode(data) if isinstance(data, str) else bytes(data)
    drawing = (bundle or {}).get("image/svg+xml") or shown_by(value, "_repr_svg_")
    return drawing.decode() if isinstance(drawing, bytes) else drawing


def _of_widget(value: Any, name: str, settings: Settings) -> Attachment:
    """Send what a widget plays or shows: its bytes, or its URL."""
    data = bytes(value.value)
    return link(data.decode(), name) if value.format == "url" else from_bytes(data, name, settings)


def _astropy(value: Any, name: str, settings: Settings) -> Attachment:
    """Send a table of astropy with its units and types; of a long one the middle is left out."""
    first, *last = tables.ends(len(value), settings.table_rows)
    kept = [*first, *(place for part in last for place in part)]
    lines = value[kept].pformat(max_lines=-1, max_width=-1, show_unit=True, show_dtype=True, show_name=True)
    note = ""
    if last:
        lines.insert(_ASTROPY_HEAD + len(first), "...")
        note = f"{len(kept):,} of {len(value):,} rows"
    shape = f"{counted(len(value), 'row')} × {counted(len(value.columns), 'column')}"
    about = f"astropy {type(value).__name__}, {shape}"
    return text("\n".join([about, *lines]), name, note)


def _labelled(value: Any, name: str, settings: Settings) -> Attachment:
    """Send data of xarray as it says it, and a picture as one: of bytes, or where that is asked for."""
    dask = getattr(value, "__dask_graph__", None)
    if dask is not None and dask() is not None:
        attachment = said(value, name, settings)
        without = f"without its numbers, which are not computed yet: {name}.compute() has them"
        return replace(attachment, note=", ".join(filter(None, (without, attachment.note))))
    if hasattr(value, "dtype") and ((settings.as_image and value.ndim > 1) or looks_like_a_picture(value)):
        return array(value, name, settings)
    return said(value, name, settings)


CONVERTERS: dict[str, Converter] = {
    **dict.fromkeys(lazy.LAZY, lazy.refused),
    "builtins.str": lambda value, name, settings: text(value, name),
    "builtins.bytes": _encoded,
    "builtins.bytearray": _encoded,
    "builtins.memoryview": _encoded,
    "builtins.BaseException": models.error,
    "builtins.function": models.function,
    "functools._lru_cache_wrapper": models.function,
    "_io._IOBase": from_file,
    "tempfile._TemporaryFileWrapper": from_file,
    "pathlib.PurePath": lambda value, name, settings: from_path(Path(value), name, settings),
    "builtins.list": _collection,
    "builtins.tuple": _collection,
    "builtins.dict": _collection,
    "gemini_magics.Answer": lambda value, name, settings: text(value.text, name),
    "gemini_magics.Media": _media,
    "matplotlib.Figure": figures.figure,
    "matplotlib.SubFigure": figures.subfigure,
    "matplotlib.Artist": figures.artist,
    "seaborn.Grid": figures.grid,
    "seaborn.JointGrid": figures.grid,
    "xarray.FacetGrid": lambda value, name, settings: figures.figure(value.fig, name, settings),
    "ipympl.Canvas": lambda value, name, settings: figures.figure(value.figure, name, settings),
    "plotly.BaseFigure": charts.plotly,
    "altair.TopLevelMixin": charts.altair,
    "altair.JupyterChart": lambda value, name, settings: charts.altair(value.chart, name, settings),
    "bokeh.Model": charts.bokeh,
    "holoviews.Dimensioned": charts.holoviews,
    "folium.Map": charts.folium,
    "sympy.Plot": charts.sympy,
    "graphviz.BaseGraph": charts.graphviz,
    "graphviz.Source": charts.graphviz,
    "pymupdf.Pixmap": charts.pixmap,
    "pymupdf.Page": charts.pixmap,
    "pymupdf.Document": lambda value, name, settings: from_bytes(value.tobytes(), name, settings),
    "wordcloud.WordCloud": lambda value, name, settings: _image(value.to_image(), name, settings),
    "great_tables.GT": of_html,
    "networkx.Graph": models.graph,
    "statsmodels.ResultsWrapper": models.summary,
    "statsmodels.Results": models.summary,
    "PIL.Image": _image,
    "numpy.ndarray": _array,
    "pandas.DataFrame": tables.table,
    "pandas.Series": _series,
    "pandas.Index": tables.table,
    "pandas.ExtensionArray": tables.values,
    "pandas.Styler": tables.style,
    "polars.DataFrame": tables.table,
    "polars.Series": tables.table,
    "pyarrow._Tabular": tables.table,
    "pyarrow.Array": tables.column,
    "pyarrow.ChunkedArray": tables.column,
    "astropy.Table": _astropy,
    "xarray.DataArray": _labelled,
    "xarray.Dataset": _labelled,
    "xarray.Variable": _labelled,
    "IPython.SVG": lambda value, name, settings: svg(value.data, name, settings),
    "IPython.DisplayObject": _displayed,
    "ipywidgets.Image": _of_widget,
    "ipywidgets.Audio": _of_widget,
    "ipywidgets.Video": _of_widget,
}  # by "package.Class", as `class_names` returns them; a class comes before those that it inherits from

_PICTURES = frozenset(
    (
        "plotly.BaseFigure",
        "altair.TopLevelMixin",
        "PIL.Image",
        "IPython.Image",
        "seaborn.Grid",
        "seaborn.JointGrid",
    )
)
_PLAIN_ARRAYS = frozenset(
    ("numpy.ndarray", "numpy.MaskedArray", "numpy.memmap", "numpy.matrix", "numpy.recarray")
)
_TENSORS = frozenset(
    ("torch.Tensor", "tensorflow.EagerTensor", "tensorflow.Tensor", "jaxlib.ArrayImpl", "mlx.array")
)  # whose text adds nothing to their numbers
