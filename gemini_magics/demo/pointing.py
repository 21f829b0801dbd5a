"""The demo service points: it finds the largest deviation in each picture that it was sent.

A curve is what has the most frequent colour of a picture. In each column its pixels are compared with the
median of the columns around; the farthest is the place. Where a picture has no such curve, it is cut into
blocks, and the block whose mean colour differs most from the median of all is the place.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from ..core.errors import CannotAttach
from ..core.pictures import open_picture
from ..core.text import fenced
from ..service.pointing import IN_FORM, IN_MARKS

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE_PX = 1000  # as fine as GRID: more pixels would change no answer
# Gemini counts in thousandths, and y before x: https://ai.google.dev/gemini-api/docs/image-understanding
GRID = 1000
BLOCKS = 12
MOST_PICTURES = 20
COLOURED, BRIGHT = 80, 50  # of 255: the least saturation and value of a curve's colour
HUE_WIDTH = 10  # of 255
COLUMNS_OF_CURVE = 0.4  # of all
THICK = 0.25  # of the height, in the usual column
AROUND = 10  # the columns around are this part of all
FORMATS = ("PNG", "JPEG", "WEBP")  # those of the model that Pillow reads by itself

Place = tuple[list[int], str]  # a point or a box in thousandths, and how it was found


def split(parts: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    """Return the parts of a message without the words that ask for marks, and whether they do."""
    own = [part for part in parts if not str(part.get("text") or "").startswith((IN_MARKS, IN_FORM))]
    return own, len(own) < len(parts)


def answer(messages: Sequence[dict[str, Any]]) -> str:
    """Point at the largest deviation of each picture of the newest message that has any, in words and marks."""
    found = [*deviations(messages)]
    if not found:
        return "There is no picture here that a stand-in could open and point at."
    sentences = [
        f"The largest deviation in picture {mark['picture']} is at [mark {mark['mark']}]: {how}."
        for mark, how in found
    ]
    return "\n\n".join([*sentences, fenced(json.dumps([mark for mark, _ in found]), "json")])


def deviations(messages: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield a mark for the largest deviation of each picture that can be opened, and how it was found."""
    marks = 0
    for number, url in enumerate(_pictures(messages), 1):
        if place := largest_deviation(url):
            marks += 1
            numbers, how = place
            shape = "point" if len(numbers) == 2 else "box_2d"
            yield {"mark": marks, "picture": number, "label": "largest deviation", shape: numbers}, how


def _pictures(messages: Sequence[dict[str, Any]]) -> list[str]:
    for message in reversed(messages):
        urls = [
            part["image_url"]["url"] for part in message.get("content", []) if part.get("type") == "image_url"
        ]
        if urls:
            return urls[:MOST_PICTURES]
    return []


def largest_deviation(url: str) -> Place | None:
    """Find the place in a picture that was sent as a data: URI; None where it cannot be opened."""
    head, _, encoded = url.partition(",")
    if not head.startswith("data:image/"):
        return None
    try:
        image = open_picture(base64.b64decode(encoded), "the picture", FORMATS).convert("RGB")
    except (CannotAttach, ValueError):
        return None
    image.thumbnail((SIDE_PX, SIDE_PX))
    return _of_curve(image) or _of_blocks(image)


def _of_curve(image: Image) -> Place | None:
    from PIL import ImageChops

    hue, saturation, value = image.convert("HSV").split()
    coloured = ImageChops.multiply(
        saturation.point(lambda each: 255 * (each > COLOURED)), value.point(lambda each: 255 * (each > BRIGHT))
    )
    counted = hue.histogram(coloured)
    usual = counted.index(max(counted))
    # Two hues have two distances, because hue is a circle in 256 steps:
    # https://pillow.readthedocs.io/en/stable/handbook/concepts.html#concept-modes
    curve = ImageChops.multiply(
        coloured, hue.point(lambda each: 255 * (min(abs(each - usual), 256 - abs(each - usual)) <= HUE_WIDTH))
    )
    columns = _columns(curve)
    if len(columns) < COLUMNS_OF_CURVE * image.width:
        return None
    if median(last - first for _, first, last in columns) > THICK * image.height:
        return None
    return _farthest(columns, image)


def _columns(curve: Image) -> list[tuple[int, int, int]]:
    """Return each column that holds pixels of a curve, with the first and the last of them."""
    from PIL.Image import Transpose

    height = curve.height
    pixels = curve.transpose(Transpose.TRANSPOSE).tobytes()  # so that a column is one piece
    lines = (pixels[start : start + height] for start in range(0, len(pixels), height))
    return [(x, line.find(b"\xff"), line.rfind(b"\xff")) for x, line in enumerate(lines) if b"\xff" in line]


def _farthest(columns: Sequence[tuple[int, int, int]], image: Image) -> Place:
    middles = [(first + last) / 2 for _, first, last in columns]
    around = max(len(columns) // AROUND, 3)
    best = (-1.0, 0, 0)
    for at, (x, first, last) in enumerate(columns):
        usual = median(middles[max(at - around, 0) : at + around + 1])  # a mean would move towards the peak
        best = max(best, (abs(first - usual), x, first), (abs(last - usual), x, last))
    away, x, y = best
    how = (
        "in each column I took the pixels of the most frequent colour and compared them with the median of the "
        f"columns around; here they are {away:.0f} of {image.height} pixels away"
    )
    return [round(GRID * (y + 0.5) / image.height), round(GRID * (x + 0.5) / image.width)], how


def _of_blocks(image: Image) -> Place:
    from PIL.Image import Resampling

    small = image.resize((BLOCKS, BLOCKS), Resampling.BOX)
    pixels = list(zip(*(iter(small.tobytes()),) * 3, strict=True))
    usual = [median(channel) for channel in zip(*pixels, strict=True)]
    away = [sum((a - b) ** 2 for a, b in zip(pixel, usual, strict=True)) for pixel in pixels]
    row, column = divmod(away.index(max(away)), BLOCKS)
    edges = (row, column, row + 1, column + 1)
    how = f"of {BLOCKS} × {BLOCKS} blocks its mean colour differs most from the median of all"
    return [round(GRID * edge / BLOCKS) for edge in edges], how
