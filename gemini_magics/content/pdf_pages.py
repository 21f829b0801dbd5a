"""The pages of a PDF and their sizes, for marks in a page; nothing but the page tree is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from heapq import merge
from itertools import islice
from math import isfinite
from typing import Any, NamedTuple

from ..core.places import Box, Spot
from .pdf import MOST_PAGES, object_streams
from .places import GRID, rounded

_OBJECT_BYTES = 2**18  # a longer object is not a page
_WORK_BYTES = 2**23  # of all objects that are looked at
MOST_OBJECTS = 500_000  # a file of 1,000 pages has some hundred for each
_HEAD_BYTES = 1_000  # of an object stream, before its contents

INHERITED = ("MediaBox", "CropBox", "Rotate")

_NEXT = re.compile(rb"obj\b|(?<!end)stream\r?\n")
_NUMBERED = re.compile(rb"(?<!\d)(\d{1,9})\s{1,3}\d{1,5}\s{1,3}\Z")
_ROOT = re.compile(rb"/Root\s++(\d{1,9})\s++\d{1,5}\s++R\b")
_TOKEN = re.compile(
    rb"(?P<open><<|\[)|(?P<close>>>|\])|(?P<reference>R)(?![A-Za-z])|/(?P<name>[^\s()<>\[\]{}/%]*)"
    rb"|(?P<number>[-+]?(?:\d{1,12}(?:\.\d{0,12})?|\.\d{1,12}))"
    rb"|(?P<other>[a-z]+|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.){0,500}+\)){0,500}+\)|<[0-9A-Fa-f\s]*+>|%[^\r\n]*+)",
    re.DOTALL,
)


class Reference(NamedTuple):
    """Where another object is named."""

    number: int


class PageArea(NamedTuple):
    """The part of a page that is shown, in points of 1/72 inch; y counts upwards.

    Attributes:
        turned: by how many degrees a reader turns it, clockwise.
    """

    left: float
    bottom: float
    right: float
    top: float
    turned: int

    def at(self, across: float, down: float) -> tuple[float, float]:
        """Return the point at a place of the page as it is shown, in parts of its width and height."""
        # ISO 32000-1, 7.7.3.3, Rotate: what was up is on the right after a quarter turn.
        across, down = {
            0: (across, down),
            90: (down, 1 - across),
            180: (1 - across, 1 - down),
            270: (1 - down, across),
        }[self.turned]
        return self.left + across * (self.right - self.left), self.top - down * (self.top - self.bottom)


class PdfPages:
    """The pages of a PDF: the `Ground` of a document. They are read when a mark first needs them."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def pages(self) -> int:
        """How many pages it has; 0 where that cannot be read."""
        return len(self._pages)

    def spot(self, box: Box, page: int | None) -> Spot:
        """Return the points of a part of a page, in the coordinates of the page itself."""
        shown = self._pages[page - 1] if page and page <= len(self._pages) else None
        if shown is None:
            across, down = (round(GRID * part) for part in box.centre)
            return Spot(text=f"x = {across}, y = {down} of {GRID}", note="the size of the page cannot be read")
        x, y = shown.at(*box.centre)
        corners = [shown.at(box.left, box.top), shown.at(box.right, box.bottom)]
        x_range, y_range = (tuple(sorted(ends)) for ends in zip(*corners, strict=True))
        is_box = box.left < box.right or box.top < box.bottom
        width, height = shown.right - shown.left, shown.top - shown.bottom
        words = f"x = {_ends(x_range, width)}, y = {_ends(y_range, height)} of {width:g} × {height:g} pt"
        return Spot(
            x=x,
            y=y,
            x_range=x_range if is_box else None,
            y_range=y_range if is_box else None,
            text=words,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return PdfPages, (self._data,)

    @cached_property
    def _pages(self) -> list[PageArea | None]:
        return _Objects(self._data).pages()


def _ends(ends: tuple[float, ...], span: float) -> str:
    return " to ".join(dict.fromkeys(rounded(end, span / GRID) for end in ends))


class _Objects:
    """The objects of a PDF, each read when it is asked for; of one that was replaced the newest."""

    def __init__(self, data: bytes) -> None:
        roots = [int(found[1]) for found in _ROOT.finditer(data)]
        self._root = Reference(roots[-1]) if roots else None
        self._left = _WORK_BYTES
        # Both come in the order of the file.
        every = merge(_plain(data), _packed(data), key=lambda each: each[0])
        found = [*islice(every, MOST_OBJECTS + 1)]
        if len(found) > MOST_OBJECTS:  # those that are left out may replace the others
            found = []
        self._places = {number: (source, start) for _, number, source, start in found}

    def pages(self) -> list[PageArea | None]:
        """Return the pages in order, None for one whose size cannot be read; [] where some are not found."""
        catalog = self._read(self._root)
        top = catalog.get("Pages") if isinstance(catalog, dict) else None
        waiting: list[tuple[Any, dict[str, Any]]] = [(top, {})]
        seen: set[Reference] = set()
        pages: list[PageArea | None] = []
        while waiting and len(pages) < MOST_PAGES:
            reference, inherited = waiting.pop()
            if not isinstance(reference, Reference) or reference in seen:  # a tree has no circles
                continue
            seen.add(reference)
            node = self._read(reference)
            if not isinstance(node, dict):  # encrypted, or cut
                return []
            node = inherited | node
            kids = self._read(node.pop("Kids", None))
            if isinstance(kids, list):
                # ISO 32000-1, 7.7.3.4: these hold for all pages below, until one says otherwise.
                passed = {name: value for name, value in node.items() if name in INHERITED}
                waiting += [(kid, passed) for kid in reversed(kids)]
            else:
                pages.append(self._page(node))
        return pages

    def _page(self, node: dict[str, Any]) -> PageArea | None:
        box, unit = self._box(node.get("MediaBox")), self._read(node.get("UserUnit"))
        if box is None:
            return None
        if crop := self._box(node.get("CropBox")):
            # What lies outside of the medium does not exist: ISO 32000-1, 14.11.2.1.
            cut = (*map(max, box[:2], crop[:2]), *map(min, box[2:], crop[2:]))
            box = cut if cut[0] < cut[2] and cut[1] < cut[3] else box
        # A page may count in larger units, for maps beyond 200 inches (ISO 32000-1, 7.7.3.3, UserUnit).
        points = unit if isinstance(unit, float) and unit > 0 else 1.0
        turned = self._read(node.get("Rotate"))
        turned = int(turned) % 360 if isinstance(turned, float) else 0
        left, bottom, right, top = (edge * points for edge in box)
        return PageArea(left, bottom, right, top, turned if turned % 90 == 0 else 0)

    def _box(self, value: Any) -> tuple[float, ...] | None:
        value = self._read(value)
        edges = [self._read(each) for each in value] if isinstance(value, list) else []
        if len(edges) != 4 or not all(isinstance(each, float) and isfinite(each) for each in edges):
            return None
        # A rectangle names any two opposite corners: ISO 32000-1, 7.9.5.
        (left, right), (bottom, top) = sorted(edges[::2]), sorted(edges[1::2])
        return (left, bottom, right, top) if left < right and bottom < top else None

    def _read(self, value: Any) -> Any:
        """Return the object to which a reference leads; other values as they are."""
        if not isinstance(value, Reference):
            return value
        source, start = self._places.get(value.number, (b"", 0))
        read, end = _parsed(source, start, min(_OBJECT_BYTES, self._left))
        self._left -= end - start
        return read


def _plain(data: bytes) -> Iterator[tuple[int, int, bytes, int]]:
    """Yield where each object of a file stands, with its number; what looks like one in a stream is skipped."""
    at = 0
    while found := _NEXT.search(data, at):
        at = found.end()
        if found[0] != b"obj":
            at = data.find(b"endstream", at)
            if at < 0:
                return
        elif numbered := _NUMBERED.search(data, max(found.start() - 20, 0), found.start()):
            yield at, int(numbered[1]), data, at


def _packed(data: bytes) -> Iterator[tuple[int, int, bytes, int]]:
    """Yield where each object of an object stream stands in its contents (ISO 32000-1, 7.5.7)."""
    for place, content in object_streams(data):
        head = data[max(place - _HEAD_BYTES, 0) : place]
        head = head[head.rfind(b"obj") :]
        first, count = (re.search(rb"/%s\s++(\d{1,9})" % name, head) for name in (b"First", b"N"))
        if first and count:
            numbers = (found[0] for found in re.finditer(rb"\S+", content[: int(first[1])]))
            for number, offset in islice(zip(numbers, numbers, strict=False), int(count[1])):
                if re.fullmatch(rb"\d{1,9}", number) and re.fullmatch(rb"\d{1,9}", offset):
                    yield place, int(number), content, int(first[1]) + int(offset)


def _parsed(source: bytes, start: int, most: int) -> tuple[Any, int]:
    """Parse the object at a place: dictionaries, lists, names, numbers and references; None for the rest.

    Returns:
        The object, None where it has no end; and where the reading has ended.
    """
    open_ones: list[list[Any]] = [[]]
    token = None
    for token in _TOKEN.finditer(source, start, start + most):
        kind, text = token.lastgroup, token[0]
        values = open_ones[-1]
        if kind == "open":
            open_ones.append([])
            continue
        if kind == "close":
            if len(open_ones) == 1:
                break
            open_ones.pop()
            open_ones[-1].append(_dictionary(values) if text == b">>" else values)
        elif kind == "name":
            values.append(token["name"].decode("latin-1"))
        elif kind == "number":
            values.append(float(text))
        elif kind == "reference" and len(values) > 1 and isinstance(values[-2], float):
            values[-2:] = [Reference(int(values[-2]))]
        elif not text.startswith(b"%"):
            if len(open_ones) == 1:  # endobj
                break
            values.append(None)
        if len(open_ones) == 1 and open_ones[0] and isinstance(open_ones[0][-1], (dict, list)):
            break
    (value, *_) = [*open_ones[0], None]
    return value, token.end() if token else start


def _dictionary(values: list[Any]) -> dict[str, Any]:
    pairs = zip(values[::2], values[1::2], strict=False)
    return {name: value for name, value in pairs if isinstance(name, str)}
