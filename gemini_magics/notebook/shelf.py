"""What of the notebook can be attached with a click: its figures, images and tables, and the last outputs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..content.attach import convert
from ..content.figures import artists_in
from ..content.kinds import class_names, is_a
from ..content.media import thumbnail
from ..core.errors import GeminiError
from ..core.messages import Attachment, Media
from ..core.plain import reveal, shorten
from ..core.settings import Settings

MOST = 24
OUTPUTS = 4
THUMB_PX = 160
DRAWN_PX = 480  # the longer side of a picture that is drawn only to be made small
NAME_CHARS = 40
COLUMNS = 4
DEPTH = 2  # of collections in collections: what `hist` returns has its bars in a tuple

_KINDS = {
    "matplotlib.Figure": "figure",
    "matplotlib.Axes": "figure",
    "seaborn.Grid": "figure",
    "plotly.BaseFigure": "chart",
    "altair.TopLevelMixin": "chart",
    "PIL.Image": "image",
    "IPython.Image": "image",
    "pandas.DataFrame": "table",
    "pandas.Series": "table",
    "polars.DataFrame": "table",
    "polars.Series": "table",
}
_TEXTS = dict.fromkeys(("str", "int", "float", "complex", "list", "tuple", "dict", "set", "Answer"), "text")
_DRAWN = ("figure", "image")  # a chart takes its exporter seconds


@dataclass(frozen=True)
class Thing:
    """Something on the shelf.

    Attributes:
        name: what it is attached by: "fig", "Out[3]".
        kind: figure, chart, image, table, or for other outputs the name of their type.
    """

    name: str
    kind: str
    value: Any

    @property
    def detail(self) -> str:
        """What tells it from others at a glance: pixels, or rows and columns."""
        shape = getattr(self.value, "shape", None) or getattr(self.value, "size", None)
        if self.kind == "table":
            columns = [str(column) for column in list(getattr(self.value, "columns", ()))[:COLUMNS]]
            rows = f"{len(self.value):,} rows"
            return reveal(shorten(": ".join(filter(None, (rows, ", ".join(columns)))), NAME_CHARS))
        if self.kind == "image" and isinstance(shape, tuple):
            height, width = shape[:2] if is_a(self.value, "numpy.ndarray") else shape[::-1]
            return f"{width} × {height} px"
        return ""

    @property
    def drawn(self) -> bool:
        """True where it can be shown small."""
        return self.kind in _DRAWN


def things(namespace: Mapping[str, Any], hidden: Mapping[str, Any]) -> list[Thing]:
    """Return what can be attached, the newest names first, then the last outputs; nothing is drawn.

    Args:
        hidden: names that are the shell's own.
    """
    found: list[Thing] = []
    seen: set[int] = set()
    names = [name for name in namespace if not name.startswith("_") and name not in hidden]
    named = [Thing(name, kind, namespace[name]) for name in reversed(names) if (kind := _kind(namespace[name]))]
    # A figure stands for the Axes in it.
    for thing in sorted(named, key=lambda each: is_a(each.value, "matplotlib.Axes")):
        if not seen & _ids(thing.value):
            seen |= _ids(thing.value)
            found.append(thing)
    order = {name: place for place, name in enumerate(reversed(names))}
    found.sort(key=lambda each: order[each.name])
    return [*found[:MOST], *_outputs(namespace, seen)]


def thumb(thing: Thing, settings: Settings) -> str:
    """Draw a thing small, as a data: URI; "" where it cannot be drawn."""
    try:
        small = replace(settings, image_side_px=DRAWN_PX)
        return small_picture(convert(thing.value, thing.name, small))
    except GeminiError:
        return ""


def small_picture(attachment: Attachment) -> str:
    """Return the picture of an attachment, small, as a data: URI; "" where it is none."""
    media = attachment.content
    small = thumbnail(media, THUMB_PX) if isinstance(media, Media) else None
    return f"data:image/png;base64,{b64encode(small.data).decode()}" if small else ""


def _outputs(namespace: Mapping[str, Any], seen: set[int]) -> Iterator[Thing]:
    outputs = namespace.get("Out")
    if not isinstance(outputs, dict):
        return
    for number in list(outputs)[: -OUTPUTS - 1 : -1]:
        value = outputs[number]
        drawn = {id(artist.figure) for artist in artists_in(value, DEPTH)}
        kind = _kind(value) or ("figure" if drawn else _TEXTS.get(type(value).__name__, ""))
        if kind and not seen & (drawn or _ids(value)):
            yield Thing(f"Out[{number}]", kind, value)


def _kind(value: object) -> str:
    for name in class_names(value):
        if name in _KINDS:
            return _KINDS[name]
    return "image" if is_a(value, "numpy.ndarray") and _pixels(value) else ""


def _pixels(array: Any) -> bool:
    """Tell whether an array is a picture beyond doubt: three or four bytes a pixel."""
    return array.ndim == 3 and array.shape[2] in (3, 4) and str(array.dtype) == "uint8"


def _ids(value: Any) -> set[int]:
    """Return what a thing is known again by: itself, or the figure that it stands in."""
    figure = value.figure if is_a(value, "matplotlib.Artist") or is_a(value, "seaborn.Grid") else None
    return {id(value) if figure is None else id(figure)}


class Shelf:
    """The things of a namespace as a page shows them; their pictures are drawn when a page asks for them.

    Attributes:
        open: False where the reader has folded it away; then nothing is looked for.
    """

    def __init__(self) -> None:
        self.open = True
        self._things: list[Thing] = []
        self._pictures: dict[str, tuple[tuple[int, int], str]] = {}
        self._looks = 0

    def look(self, namespace: Mapping[str, Any], hidden: Mapping[str, Any]) -> None:
        """See what is there now."""
        self._looks += 1
        self._things = things(namespace, hidden) if self.open else []

    def draw(self, name: str, settings: Settings) -> None:
        """Draw one thing small, unless it is known how it looks."""
        for thing in self._things:
            if thing.name == name and self._picture(thing) is None:
                self._pictures[name] = self._state(thing), thumb(thing, settings)

    def told(self) -> list[dict[str, Any]]:
        """What a page shows; a `thumb` of None has yet to be drawn, and "" is none."""
        return [
            {"name": each.name, "kind": each.kind, "detail": each.detail, "thumb": self._picture(each)}
            for each in self._things
        ]

    def _picture(self, thing: Thing) -> str | None:
        if not thing.drawn:
            return ""
        state, picture = self._pictures.get(thing.name, (None, ""))
        return picture if state == self._state(thing) else None

    def _state(self, thing: Thing) -> tuple[int, int]:
        """What a picture is good for: the thing, and where a figure may have changed, until the next look."""
        return id(thing.value), self._looks if getattr(thing.value, "stale", False) else 0
