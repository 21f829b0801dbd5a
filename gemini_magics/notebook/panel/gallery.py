"""The shelf of a panel: figures, images, tables and the last outputs, to be attached with a click."""

from __future__ import annotations

import re
import threading
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

from ...content.class_names import class_names, is_a
from ...content.convert import converted
from ...content.figures import artists_in
from ...content.images import thumbnail
from ...content.tables import corner
from ...core.errors import GeminiError
from ...core.messages import Attachment, Media
from ...core.settings import Settings
from ...core.text import counted, reveal, shorten
from ..frontend import source_of

MOST = 24
OUTPUTS = 4
THUMB_PX = 160
DRAWN_PX = 480  # the longer side of a picture that is drawn only to be made small
NAME_CHARS = 40
COLUMNS = 4
CORNER_ROWS, CORNER_COLUMNS, CELL_CHARS = 4, 3, 12
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
_PICTURES = ("figure", "chart", "image")

Thumb = str | list[list[str]]  # a picture as a data: URI, or the texts of a table's corner; "" if it has none


@dataclass(frozen=True)
class Thing:
    """Something on the shelf.

    Attributes:
        name: the name in the notebook: "fig", "Out[3]".
        kind: figure, chart, image, table, or text for other outputs.
    """

    name: str
    kind: str
    value: Any

    @property
    def detail(self) -> str:
        """A short description: pixels, or rows and columns."""
        shape = getattr(self.value, "shape", None) or getattr(self.value, "size", None)
        if self.kind == "table":
            columns = [str(column) for column in list(getattr(self.value, "columns", ()))[:COLUMNS]]
            rows = counted(len(self.value), "row")
            return reveal(shorten(": ".join(filter(None, (rows, ", ".join(columns)))), NAME_CHARS))
        if self.kind == "image" and isinstance(shape, tuple):
            height, width = shape[:2] if is_a(self.value, "numpy.ndarray") else shape[::-1]
            return f"{width} × {height} px"
        return ""

    @property
    def is_picture(self) -> bool:
        """True if it is sent as a picture."""
        return self.kind in _PICTURES


def things(namespace: Mapping[str, Any], hidden: Mapping[str, Any]) -> list[Thing]:
    """Return the things that can be attached, the newest names first, then the last outputs; draw nothing.

    Args:
        hidden: names that are the shell's own.
    """
    found: list[Thing] = []
    seen: set[int] = set()
    names = [
        name for name in namespace if name.isidentifier() and not name.startswith("_") and name not in hidden
    ]
    named = [Thing(name, kind, namespace[name]) for name in reversed(names) if (kind := _kind(namespace[name]))]
    # A figure stands for the Axes in it.
    for thing in sorted(named, key=lambda each: is_a(each.value, "matplotlib.Axes")):
        if not seen & _ids(thing.value):
            seen |= _ids(thing.value)
            found.append(thing)
    order = {name: place for place, name in enumerate(reversed(names))}
    found.sort(key=lambda each: order[each.name])
    return [*found[:MOST], *_outputs(namespace, seen)]


def thumb(thing: Thing, settings: Settings) -> Thumb:
    """Draw a thing small; "" where it cannot be drawn.

    Nobody has asked about it yet, so its `_ai_repr_` is not called.
    """
    if thing.kind == "table":
        return _small_table(thing.value)
    try:
        small = replace(settings, image_side_px=DRAWN_PX)
        return small_picture(converted(thing.value, thing.name, small))
    except GeminiError:
        return ""


def _small_table(value: object) -> Thumb:
    try:
        cells = corner(value, CORNER_ROWS, CORNER_COLUMNS, CELL_CHARS)
    except Exception:  # noqa: BLE001 - tables hold objects, which show themselves with code of their own
        return ""
    return [[shorten(reveal(cell), CELL_CHARS) for cell in row] for row in cells] if cells[0] else ""


def small_picture(attachment: Attachment, side_px: int = THUMB_PX) -> str:
    """Return the picture of an attachment, small, as a data: URI; "" for other attachments."""
    media = attachment.content
    small = thumbnail(media, side_px) if isinstance(media, Media) else None
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
    # Other arrays with three axes are data more often than pictures.
    return array.ndim == 3 and array.shape[2] in (3, 4) and str(array.dtype) == "uint8"


def _ids(value: Any) -> set[int]:
    """Return the identity of a thing: its own, or that of the figure that it stands in."""
    figure = value.figure if is_a(value, "matplotlib.Artist") or is_a(value, "seaborn.Grid") else None
    return {id(value) if figure is None else id(figure)}


class Shelf:
    """The things of a namespace as a page shows them; each is drawn when a page asks for it.

    A small picture holds until the thing may have changed. A table may change with every cell, a figure tells
    so itself, and a chart changes only when its name gets another one.

    Attributes:
        open: False if the reader has folded it away; then nothing is looked for.
        shown: pictures that have no name.
    """

    def __init__(self) -> None:
        self.open = True
        self.shown: Shown = Shown()
        self._things: list[Thing] = []
        self._drawn: dict[str, tuple[tuple[int, int], Thumb]] = {}
        self._looks = 0
        self._exporting = threading.Lock()

    def look(
        self, namespace: Mapping[str, Any], hidden: Mapping[str, Any], ran: ExecutionResult | None = None
    ) -> None:
        """Look for the things that are there now.

        Args:
            ran: the cell that has just run, if one has.
        """
        self._looks += 1
        before = {id(thing.value) for thing in self._things}
        found = things(namespace, hidden) if self.open else []
        if ran is not None:
            words = set(re.findall(r"\w+", source_of(ran)))
            pictures = [thing for thing in found if thing.is_picture]
            named = any(id(thing.value) not in before or thing.name in words for thing in pictures)
            self.shown.cell_has_run(ran.execution_count, named=named or not self.open)
        if self.open:
            found += [Thing(name, "image", media) for name, media in self.shown.pictures.items()]
        self._things = found
        self._drawn = {thing.name: self._drawn[thing.name] for thing in found if thing.name in self._drawn}

    def find(self, name: str) -> Thing | None:
        """Return the thing of a name, if it is there."""
        return next((thing for thing in self._things if thing.name == name), None)

    def draw(self, name: str, settings: Settings, drawn: Callable[[], object]) -> None:
        """Draw one thing small, unless its picture is known, and call `drawn` once it is there.

        A chart is drawn in a thread of its own, one after the other: its exporter takes seconds.
        """
        thing = self.find(name)
        if thing is None or not self._is_due(thing):
            return
        state = self._state(thing)
        if thing.kind != "chart":
            self._drawn[name] = state, thumb(thing, settings)
            drawn()
            return

        def export() -> None:
            with self._exporting:
                picture = thumb(thing, settings)
            # The name may have got another chart while this one was exported.
            if self._drawn.get(name, ("", ""))[0] == state:
                self._drawn[name] = state, picture
                drawn()

        self._drawn[name] = state, ""
        threading.Thread(target=export, name="gemini_magics shelf", daemon=True).start()

    def facts(self) -> list[dict[str, Any]]:
        """Return the facts that a page shows; it asks for each thing that is `due` to be drawn."""
        return [
            {"name": each.name, "kind": each.kind, "detail": each.detail, "due": self._is_due(each)}
            for each in self._things
        ]

    @property
    def thumbs(self) -> dict[str, Thumb]:
        """The small pictures, as far as they were drawn; one that is due may be an older one."""
        thumbs: dict[str, Thumb] = {}
        for thing in self._things:
            (value, _), picture = self._drawn.get(thing.name, ((0, 0), ""))
            thumbs[thing.name] = picture if value == id(thing.value) else ""
        return thumbs

    def _is_due(self, thing: Thing) -> bool:
        drawn = self._drawn.get(thing.name)
        return thing.kind in (*_PICTURES, "table") and (drawn is None or drawn[0] != self._state(thing))

    def _state(self, thing: Thing) -> tuple[int, int]:
        """Return the state that a picture shows: the thing, and its look if it may have changed since."""
        changes = thing.kind == "table" or getattr(thing.value, "stale", False)
        return id(thing.value), self._looks if changes else 0


MOST_KEPT = 4
TYPES = ("image/png", "image/jpeg")


class Shown:
    """Keeps the pictures that a kernel shows. A terminal shows no pictures and cannot be watched.

    Attributes:
        pictures: the pictures of the last cells by their names, the newest first.
    """

    def __init__(self) -> None:
        self.pictures: dict[str, Media] = {}
        self._cell: deque[tuple[str, bytes | str]] = deque(maxlen=MOST_KEPT)
        self._watches = False

    def watch(self, shell: InteractiveShell) -> None:
        """Watch the outputs of the calling thread from now on."""
        if not self._watches and hasattr(shell.display_pub, "register_hook"):
            shell.display_pub.register_hook(self._see)
            self._watches = True

    def leave(self, shell: InteractiveShell) -> None:
        """Stop watching."""
        if self._watches:
            publisher: Any = shell.display_pub  # the kernel's own, which has hooks
            publisher.unregister_hook(self._see)
            self._watches = False

    def cell_has_run(self, number: int | None, *, named: bool) -> None:
        """Keep the pictures of a cell, unless they have a name, or the cell has no number."""
        shown = [] if named or number is None else [_picture(*each) for each in self._cell]
        self._cell.clear()
        names = [f"picture of In[{number}]", *(f"picture {n} of In[{number}]" for n in range(2, MOST_KEPT + 1))]
        fresh = dict(zip(names, filter(None, shown), strict=False))
        self.pictures = dict(list((dict(reversed(fresh.items())) | self.pictures).items())[:MOST_KEPT])

    def _see(self, message: dict[str, Any]) -> dict[str, Any]:
        if message["msg_type"] == "clear_output":
            self._cell.clear()
        if message["msg_type"] == "display_data":
            data = message["content"]["data"]
            self._cell.extend([(name, data[name]) for name in TYPES if name in data][:1])
        return message


def _picture(media_type: str, data: bytes | str) -> Media | None:
    """Make a picture of an output: the bytes of a file, or their base64."""
    try:
        return Media(media_type, b64decode(data) if isinstance(data, str) else bytes(data))
    except ValueError:  # it was not base64
        return None
