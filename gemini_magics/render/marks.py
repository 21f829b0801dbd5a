"""Marks out of the text of an answer, in the forms in which models write them.

Gemini answers points as `[y, x]` and boxes as `[ymin, xmin, ymax, xmax]`, in thousandths of the picture's
height and width: https://ai.google.dev/gemini-api/docs/image-understanding
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import Any

from ..core.answer import AnswerState
from ..core.marks import LABEL_CHARS, Mark, Marks
from ..core.messages import Attachment, Media
from ..core.places import Box, Spot
from ..core.text import Brief, counted, one_line, quoted
from .extract import without_comments

GRID = 1000
MOST_MARKS = 200
MOST_DROPPED = 5  # that are named one by one
OBJECT_CHARS = 2_000  # a longer object is not a mark
BEGUN_CHARS = 40  # of what begins at the end of a text: blanks and a fence, or a key and the blanks behind it
PAGE_DIGITS = 6
LARGEST = 1e9  # isfinite() fails for an integer of 400 digits, which no float can hold

LABELS = ("label", "name", "title", "description")
PICTURES = ("picture", "image", "attachment", "figure")
LANGUAGES = frozenset(("", "json", "jsonc", "json5", "marks", "text", "txt", "plaintext"))
NUMBER = r"[-+]?\d{1,9}(?:\.\d{0,9})?"


class Misread(Exception):
    """A mark cannot be used; the message says why."""


@dataclass(frozen=True, repr=False)
class Pointed(Brief):
    """One mark as a model wrote it: `places` has two or four numbers for each place that it names.

    A mark that cannot be read has no places.
    """

    places: tuple[Sequence[Any], ...]
    label: str
    picture: Any = None
    page: Any = None
    number: Any = None


class MarkReader:
    """Reads the marks of a text that grows; nothing but its last line is read twice.

    A last line that is long is read again only once it has grown by half.
    """

    def __init__(self) -> None:
        self.found: list[Pointed] = []
        self._at = 0
        self._enough = 0  # characters with which it is worth to read on
        self._fence = ""  # the characters that close the block of code in which the reader is
        self._begun: list[_Object] = []

    def read(self, text: str, *, whole: bool) -> list[Pointed]:
        """Return the marks so far.

        Args:
            text: the whole text, which begins as it did before.
            whole: nothing will follow.
        """
        if len(text) < self._enough and not whole:
            return self.found
        while self._at < len(text) and len(self.found) <= MOST_MARKS:
            moved = self._step(text, whole)
            if moved is None:
                break
            self._at = moved
        return self.found

    def _step(self, text: str, whole: bool) -> int | None:
        """Read one token; return where the next begins, or None where more of the text is needed first."""
        if self._fence:
            return self._skip_code(text, whole)
        token = (_INSIDE if self._begun else _OUTSIDE).search(text, self._at)
        if token is None:
            self._wait(text, len(text) - BEGUN_CHARS)
            return None
        kind, end = token.lastgroup, token.end()
        if not whole and kind not in ("open", "close") and not _SOLID.search(text, end):
            # `"point"` may be followed by a colon, and a fence by the name of a language
            self._wait(text, token.start())
            return None
        match kind:
            case "fence":
                if token["language"].strip().lower() not in LANGUAGES:
                    self._fence = token["ticks"]
                self._begun.clear()
            case "open":
                self._begun.append(_Object(token.start()))
            case "key":
                self._begun[-1].points = True
            case "close":
                self._close(text, end)
        return end

    def _skip_code(self, text: str, whole: bool) -> int | None:
        closing = re.compile(rf"^ {{0,3}}{re.escape(self._fence)}{self._fence[0]}*[ \t]*$", re.MULTILINE)
        found = closing.search(text, self._at)
        if found is None:
            self._wait(text, len(text) - len(self._fence) - BEGUN_CHARS)
            return None
        if not whole and found.end() == len(text):
            self._wait(text, found.start())
            return None
        self._fence = ""
        return found.end()

    def _wait(self, text: str, begun: int) -> None:
        """Keep what may begin at a place for the next time, when more of the text is there."""
        self._at = max(self._at, begun)
        waiting = len(text) - self._at
        self._enough = len(text) + waiting // 2 if waiting > OBJECT_CHARS else 0

    def _close(self, text: str, end: int) -> None:
        begun = self._begun.pop()
        if not begun.points:
            return
        if self._begun:
            self._begun[-1].points = False  # an object around a mark is not a mark itself
        if end - begun.start <= OBJECT_CHARS:
            self.found += _pointed(text[begun.start : end])


@dataclass
class _Object:
    """An object that is open: where it starts, and whether it has said where it points."""

    start: int
    points: bool = False


_FENCE = r"^ {0,3}(?P<ticks>`{3,}|~{3,})(?P<language>[^`\n]*)(?:\n|\Z)(?P<fence>)"
_KEY = r"""["']?\b(?:box_2d|points?)["']?\s{0,20}:(?P<key>)"""
_SOLID = re.compile(r"\S")
_OUTSIDE = re.compile(rf"{_FENCE}|(?P<open>\{{)", re.MULTILINE)
# A string ends in its line; a quotation mark without a partner is a character like others.
_INSIDE = re.compile(
    rf'{_FENCE}|{_KEY}|(?P<string>"(?:[^"\\\n]|\\.)*+(?:"|\\?\Z))|(?P<open>\{{)|(?P<close>\}})', re.MULTILINE
)


def marks_of(answer: AnswerState) -> Marks:
    """Return the marks of an answer; none where it was not asked to point.

    The same object is returned until a mark comes, so that what was drawn by it can be removed by it.
    """
    if not answer.pictures:
        return Marks()
    if answer.marks_read is None:
        answer.marks_read = _Reading()
    read: Marks = answer.marks_read.marks(answer)
    return read


@dataclass
class FoundMarks:
    """The marks of an answer that was copied or put into a file."""

    found: Marks

    def marks(self, answer: AnswerState) -> Marks:
        """Return them."""
        return self.found


class _Reading:
    """The marks of one answer, as far as they have been read."""

    def __init__(self) -> None:
        self._reader = MarkReader()
        self._seen: tuple[int, bool] = (-1, False)
        self._marks = Marks()

    def marks(self, answer: AnswerState) -> Marks:
        whole = answer.ended is not None
        found = self._reader.read(answer.text, whole=whole)
        if self._seen != (len(found), whole):
            self._seen = len(found), whole
            self._marks = located(found or (_in_prose(answer.text) if whole else []), answer.pictures)
        return self._marks


def located(found: Sequence[Pointed], pictures: Sequence[Attachment]) -> Marks:
    """Find the picture that each mark names, and its place there; marks without one are dropped, and said."""
    marks: list[Mark] = []
    dropped: list[str] = []
    seen: set[tuple[object, ...]] = set()
    for order, pointed in enumerate(_singly(found), 1):
        number = _small(pointed.number) or order
        label = one_line(pointed.label, LABEL_CHARS)
        if len(marks) == MOST_MARKS:
            dropped.append(f"Only the first {MOST_MARKS} marks are read.")
            break
        try:
            mark = _mark(pointed, number, label, pictures)
        except Misread as error:
            dropped.append(f"Mark {number}{f' ({label})' if label else ''} is left out: {error}.")
            continue
        if (same := (id(mark.attachment), mark.page, mark.box, label)) not in seen:
            seen.add(same)
            marks.append(mark)
    if len(dropped) > MOST_DROPPED:
        dropped[MOST_DROPPED:] = [f"{len(dropped) - MOST_DROPPED} more marks are left out."]
    return Marks(marks, dropped)


def _singly(found: Sequence[Pointed]) -> Iterator[Pointed]:
    """Yield one mark for each place; `points` names several."""
    for each in found:
        alone = len(each.places) <= 1
        for place in each.places[: MOST_MARKS + 1] or ((),):
            yield Pointed((place,), each.label, each.picture, each.page, each.number if alone else None)


def _mark(pointed: Pointed, number: int, label: str, pictures: Sequence[Attachment]) -> Mark:
    box = _box(pointed.places[0])
    attachment = _picture(pointed.picture, pictures)
    content = attachment.content
    page = _page(pointed.page, attachment)
    pixels = None
    is_box = len(pointed.places[0]) == 4
    if isinstance(content, Media) and content.width and content.height:
        scaled = [edge * side for edge, side in zip(box, (content.width, content.height) * 2, strict=True)]
        pixels = tuple(scaled if is_box else scaled[:2])
    return Mark(number, attachment, label, box, is_box, page, pixels, _spot(attachment, box, page))


def _box(numbers: Sequence[Any]) -> Box:
    """Return the numbers of a point or a box as a part of the picture."""
    if not numbers:
        raise Misread("its coordinates cannot be read")
    if len(numbers) not in (2, 4):
        raise Misread(f"a point has 2 numbers and a box 4, not {len(numbers)}")
    values = [_number(each) for each in numbers]
    if not all(0 <= each <= GRID for each in values):
        raise Misread(f"{_listed(values)} is not within 0 to {GRID}")
    if max(values) <= 1 and any(value % 1 for value in values):
        raise Misread(f"{_listed(values)} counts from 0 to 1, not to {GRID}")
    top, left, bottom, right = values if len(values) == 4 else values * 2
    if top > bottom or left > right:
        raise Misread(f"the minimum of the box {_listed(values)} is above its maximum")
    return Box(left / GRID, top / GRID, right / GRID, bottom / GRID)


def _number(value: Any) -> float:
    if isinstance(value, str) and re.fullmatch(rf"\s*{NUMBER}\s*", value):
        value = float(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or abs(value) > LARGEST or not isfinite(value):
        raise Misread(f"{quoted(value)} is not a place")
    return float(value)


def _listed(values: Sequence[float]) -> str:
    return f"[{', '.join(f'{each:g}' for each in values)}]"


def _picture(said: Any, pictures: Sequence[Attachment]) -> Attachment:
    """Return the picture that a mark names, by number or by name."""
    if said is None or said == "":
        if len(pictures) == 1:
            return pictures[0]
        raise Misread(f"it names none of the {len(pictures)} pictures")
    name = str(said)[:OBJECT_CHARS].strip().removesuffix(":")
    for same in (str, str.casefold):
        named = [each for each in pictures if same(each.name) == same(name)]
        if named:
            return named[0]
    number = _COUNTED.match(name)
    if number and 1 <= int(number[1]) <= len(pictures):
        return pictures[int(number[1]) - 1]
    if len(pictures) == 1 and not number:
        return pictures[0]
    raise Misread(f"there is no picture {quoted(name)}")


_COUNTED = re.compile(
    r"(?:picture|image|figure|attachment|no\.?)?\s{0,3}#?\s{0,3}(\d{1,4})(?![\w.])", re.IGNORECASE
)


def _page(said: Any, attachment: Attachment) -> int | None:
    content = attachment.content
    if not isinstance(content, Media) or content.type != "application/pdf":
        return None
    pages = attachment.ground.pages if attachment.ground else 0
    page = _small(re.sub(r"\D", "", str(said)[:OBJECT_CHARS])) if said is not None else None
    if not page and pages == 1:
        return 1
    if not page:
        raise Misread("it names no page")
    if 0 < pages < page:
        raise Misread(f"there is no page {page}, only {counted(pages, 'page')}")
    return page


def _small(value: Any) -> int | None:
    """Return a whole number from 1 on that a model wrote; None for everything else."""
    written = str(value).strip() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(written) or None if re.fullmatch(rf"[0-9]{{1,{PAGE_DIGITS}}}", written) else None


def _spot(attachment: Attachment, box: Box, page: int | None) -> Spot:
    """Return where a box lies in the figure, the document or the original picture."""
    if attachment.ground is not None:
        return attachment.ground.spot(box, page)
    content = attachment.content
    if attachment.kind == "image" and isinstance(content, Media) and content.width and content.height:
        return _in_original(content.scaled_from or (content.width, content.height), box)
    note = {
        "figure": "the figure behind this picture is not known any more: pixels only",
        "chart": "only figures of matplotlib tell their data: pixels only",
        "table": "the picture of a table: pixels only",
    }.get(attachment.kind, "the size of the picture is not known here")
    return Spot(note=note)


def _in_original(size: tuple[int, int], box: Box) -> Spot:
    """Return the pixels of the picture as it was before it was scaled."""
    width, height = size
    across, down = box.centre
    x, y = across * width, down * height
    is_box = box.left < box.right or box.top < box.bottom
    return Spot(
        x=x,
        y=y,
        x_range=(box.left * width, box.right * width) if is_box else None,
        y_range=(box.top * height, box.bottom * height) if is_box else None,
        text=f"x = {x:.0f}, y = {y:.0f} of {width} × {height} pixels",
        row=min(int(y), height - 1),
        column=min(int(x), width - 1),
    )


def _pointed(source: str) -> list[Pointed]:
    """Return the mark that an object is; [] where it points nowhere after all."""
    value = _loaded(source)
    if value is None:
        return [Pointed((), "")]
    if not isinstance(value, Mapping) or not (places := _places(value)):
        return []
    label = next((value[name] for name in LABELS if value.get(name)), "")
    picture = next((value[name] for name in PICTURES if name in value), None)
    label = label if isinstance(label, str) else json.dumps(label, default=str)
    number = value.get("mark", value.get("number"))
    return [Pointed(tuple(places), label, picture, value.get("page"), number)]


def _places(value: Mapping[str, Any]) -> list[Sequence[Any]]:
    """Return the numbers of each place that an object names: those of its box, else those of its points."""
    box = value.get("box_2d")
    if isinstance(box, list):
        return box if box and all(isinstance(each, list) for each in box) else [box]
    point = value.get("point", value.get("points"))
    if isinstance(point, Mapping) and {"x", "y"} <= set(point):
        return [[point["y"], point["x"]]]
    if isinstance(point, list):
        return point if point and all(isinstance(each, list) for each in point) else [point]
    return []


def _loaded(source: str) -> Any:
    """Parse an object of JSON, or one that is written as Python or JavaScript writes it."""
    plain = without_comments(source)
    for read in (_json, ast.literal_eval, _javascript):
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            return read(plain)
    return None


def _json(source: str) -> Any:
    return json.loads(source, strict=False)


def _javascript(source: str) -> Any:
    return _json(re.sub(r"([{,]\s*)([A-Za-z_]\w*)(\s*:)", r'\1"\2"\3', source))


_PROSE = re.compile(
    rf"\b(?:box_2d|point)\b[\"'`*)]{{0,4}}[ \t]{{0,4}}[:=]?[ \t]{{0,4}}[\"'`*]{{0,4}}"
    rf"\[(?P<numbers>[ \t]{{0,4}}{NUMBER}(?:[ \t]{{0,4}},[ \t]{{0,4}}{NUMBER}){{1,3}}[ \t]{{0,4}})\]"
)
_NO_WORDS = " \t-*+•:`'\"()[]{}–—=,.#"


def _in_prose(text: str) -> list[Pointed]:
    """Read marks that stand in sentences: **Peak**: point [120, 330]. The words before it are the label."""
    found = []
    for place in _PROSE.finditer(text):
        begin = max(text.rfind("\n", 0, place.start()) + 1, place.start() - LABEL_CHARS)
        label = text[begin : place.start()].strip(_NO_WORDS)
        found.append(Pointed((place["numbers"].split(","),), label))
        if len(found) > MOST_MARKS:
            break
    return found
