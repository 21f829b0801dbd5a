"""From things of the notebook to attachments: objects by their class, words by what they name."""

from __future__ import annotations

import builtins
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from ..core.errors import CannotAttach, GeminiError
from ..core.extract import fenced
from ..core.messages import Attachment, Media
from ..core.plain import shorten
from ..core.secret import SECRET
from ..core.settings import Settings, near, suggest
from . import charts, figures, svg, tables
from .arrays import array
from .expression import in_one_line, value_of
from .files import expanded, from_bytes, from_path, text, where_paths_begin
from .kinds import class_names
from .links import link
from .media import picture

Converter = Callable[[Any, str, Settings], Attachment]

TAKEN = "Figures, images, charts, tables, arrays, text, files and https URLs can be attached."
REPR_CHARS = 100_000  # of what other objects say of themselves
NEAR_FILES = 2000  # looked at in a folder to find the file that was meant

_LOOKED_AT = 20  # items of a collection, to see whether it holds pictures
_LEFTMOST_NAME = re.compile(r"[-~+(\[{]*([^\W\d]\w*)")
_QUOTED = re.compile(r"""(["'])(.+)\1""", re.DOTALL)
_VALUE = re.compile(r"([^\W\d]\w*)(?:$|[\[(])")  # fig, axes[0]; fig.png is rather a path
_PATH = re.compile(r"[/\\]|\.\w{1,5}$")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_EMPTY_REPR = re.compile(r"<.*\bat 0x[0-9a-fA-F]+>", re.DOTALL)


def _no_namespace(expression: str) -> object:
    raise NameError(name=expression)


def attach(value: object, name: str, settings: Settings) -> Attachment:
    """Return a thing of the notebook as an attachment; the thing itself stays as it is.

    Args:
        name: what the person called it. Text tells its name to the model in its first line.

    Raises:
        CannotAttach: nothing that can be sent is in it; says what is taken.
    """
    if isinstance(value, Attachment):
        return value
    attachment = convert(value, name, settings)
    if attachment.kind != "text" or not isinstance(attachment.content, str):
        return attachment
    return replace(attachment, content=f"{name}:\n{fenced(attachment.content)}")


def attach_word(
    word: str,
    evaluate: Callable[[str], object] = _no_namespace,
    names: Collection[str] = (),
    settings: Settings | None = None,
) -> Attachment:
    """Return what a word of the `%%gemini` line names: a URL, a file, or a value of the namespace.

    A word in quotes is a path. A plain name that is defined is that; any other word that leads to a file is
    the file; what is left is an expression, if it begins with a name that is defined.

    Args:
        word: as it was typed, quotes included.
        evaluate: gives the value of an expression in the person's namespace; without it there is none.
        names: the names that are defined there.
        settings: the question's; without them, the defaults.

    Raises:
        CannotAttach: it names nothing that can be sent; says what was meant, where that can be guessed.
    """
    settings = settings or Settings()
    quoted = _QUOTED.fullmatch(word)
    inner = quoted[2] if quoted else word
    if _URL.match(inner):
        return link(inner, inner)
    if quoted or not (word.isidentifier() and word in names):
        if names_file(inner):
            return attach(Path(inner), inner, settings)
        begins = None if quoted else _LEFTMOST_NAME.match(word)
        unknown = begins[1] if begins else inner
        if unknown == inner or not (unknown in names or hasattr(builtins, unknown)):
            raise _nothing_there(word, unknown, names)
    return attach(value_of(word, evaluate, names, failure=CannotAttach), word, settings)


def convert(value: object, name: str, settings: Settings) -> Attachment:
    """Like `attach`, with text as it is: nothing tells its name."""
    converter = next((CONVERTERS[known] for known in class_names(value) if known in CONVERTERS), _other)
    try:
        return converter(value, name, settings)
    except GeminiError:
        raise
    except Exception as error:  # objects show themselves with code of their own
        raise CannotAttach(f"{name} cannot be shown by its own means: {in_one_line(error)}") from error


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
    return _said(value, name, settings)


def _array(value: Any, name: str, settings: Settings) -> Attachment:
    return (_collection if value.dtype == object else array)(value, name, settings)


def _series(value: Any, name: str, settings: Settings) -> Attachment:
    artists = figures.artists_in(value)
    return figures.plotted(artists, name, settings) if artists else tables.table(value, name, settings)


def _lazy(value: object, name: str, settings: Settings) -> Attachment:
    raise CannotAttach(f"{name} is a plan for a table, with no rows yet: name {name}.collect().")


def _other(value: Any, name: str, settings: Settings) -> Attachment:
    """Send what is plotted, or the picture that an object shows in a notebook, or its numbers, or its text."""
    if artists := figures.artists_in(value):
        return figures.plotted(artists, name, settings)
    shown = _own_picture(value)
    if isinstance(shown, str):
        return svg.drawing(shown, name, settings)
    if shown:
        return from_bytes(shown, name, settings)
    if hasattr(type(value), "__array__") and getattr(value, "shape", None):
        return array(value, name, settings)
    markdown = _call(value, "_repr_markdown_")
    return text(markdown, name) if isinstance(markdown, str) else _said(value, name, settings)


def _own_picture(value: object) -> bytes | str | None:
    """Ask an object for its PNG, its JPEG or its SVG, the last as str, as IPython would."""
    bundle = _call(value, "_repr_mimebundle_", include=None, exclude=None)
    for media_type, method in (("image/png", "_repr_png_"), ("image/jpeg", "_repr_jpeg_")):
        if data := (bundle or {}).get(media_type) or _call(value, method):
            return b64decode(data) if isinstance(data, str) else data
    drawing = (bundle or {}).get("image/svg+xml") or _call(value, "_repr_svg_")
    return drawing.decode() if isinstance(drawing, bytes) else drawing


def _call(value: object, method: str, **arguments: object) -> Any:
    """Call a method by which objects show themselves; None where the class has none, metadata left out."""
    if not hasattr(type(value), method):
        return None
    shown = getattr(value, method)(**arguments)
    return shown[0] if isinstance(shown, tuple) else shown


def _said(value: object, name: str, settings: Settings) -> Attachment:
    """Send what an object says of itself, if that is anything."""
    said = str(value)
    if reason := _says_nothing(value, said, name):
        raise CannotAttach(f"{name} is {reason}. {TAKEN}")
    note = f"cut to {REPR_CHARS:,} characters" if len(said) > REPR_CHARS else ""
    return text(shorten(said, REPR_CHARS), name, note)


def _says_nothing(value: object, said: str, name: str) -> str:
    """Say why the text of an object is of no use, or ""."""
    if value is None:
        return "None: there is nothing in it"
    if isinstance(value, type):
        return "a class"
    if isinstance(value, ModuleType):
        return "a module"
    if isinstance(value, Awaitable):
        return f"not there yet: name await {name}"
    if isinstance(value, Iterator):
        return f"an iterator: name list({name})"
    if callable(value) and said.startswith("<"):
        return f"a function: call it, as in {name}(), and name what it returns"
    if _EMPTY_REPR.fullmatch(said):
        return f"of type {type(value).__name__}, which shows neither a picture nor a table nor text of itself"
    return ""


def names_file(word: str) -> bool:
    """Tell whether a word is the path of anything."""
    try:
        return expanded(Path(word)).exists()
    except (OSError, ValueError, RuntimeError):  # too long, with a NUL, or "~" without a home
        return False


def _nothing_there(typed: str, unknown: str, names: Collection[str]) -> CannotAttach:
    """Say that a word names nothing, and what to write instead."""
    quoted = _QUOTED.fullmatch(typed)
    word = quoted[2] if quoted else typed
    if SECRET.fullmatch(word):
        return CannotAttach(
            "A word of this line looks like a key: delete it, since notebooks keep their cells. "
            "%gemini_key asks for a key, and hides what is typed."
        )
    what = "file" if quoted or not names else "name and no file"
    meant = [*near(unknown, () if quoted else names, 2), *near(word, _files_beside(word))]
    value = _VALUE.match(word)
    if quoted and value and value[1] in names:
        hint = f"For the value, write {shorten(word, 80)} without quotes."
    elif meant:
        hint = suggest(meant[:3])
    elif what == "file" or _PATH.search(word):
        hint = where_paths_begin()
    else:
        hint = TAKEN
    return CannotAttach(f"There is no {what} {shorten(word, 80)} here. {hint}")


def _files_beside(word: str) -> list[str]:
    """List the files of the folder in which a path was looked for, each as it would be typed."""
    with suppress(OSError, ValueError, RuntimeError):
        return [str(file) for file in islice(expanded(Path(word)).parent.iterdir(), NEAR_FILES)]
    return []


CONVERTERS: dict[str, Converter] = {
    "builtins.str": lambda value, name, settings: text(value, name),
    "builtins.bytes": _encoded,
    "builtins.bytearray": _encoded,
    "builtins.memoryview": _encoded,
    "_io.BytesIO": lambda value, name, settings: from_bytes(value.getvalue(), name, settings),
    "pathlib.PurePath": lambda value, name, settings: from_path(Path(value), name, settings),
    "builtins.list": _collection,
    "builtins.tuple": _collection,
    "builtins.dict": _collection,
    "gemini_magics.Answer": lambda value, name, settings: text(value.text, name),
    "gemini_magics.Media": _media,
    "matplotlib.Figure": figures.figure,
    "matplotlib.Artist": figures.artist,
    "seaborn.Grid": figures.grid,
    "seaborn.JointGrid": figures.grid,
    "plotly.BaseFigure": charts.plotly,
    "altair.TopLevelMixin": charts.altair,
    "PIL.Image": _image,
    "numpy.ndarray": _array,
    "pandas.DataFrame": tables.table,
    "pandas.Series": _series,
    "pandas.Styler": lambda value, name, settings: tables.table(value.data, name, settings),
    "polars.DataFrame": tables.table,
    "polars.Series": tables.table,
    "polars.LazyFrame": _lazy,
    "IPython.SVG": lambda value, name, settings: svg.drawing(value.data, name, settings),
    "IPython.DisplayObject": _displayed,
    "ipywidgets.Image": lambda value, name, settings: from_bytes(bytes(value.value), name, settings),
}  # by "package.Class", as `class_names` yields them; a class comes before those that it inherits from

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
