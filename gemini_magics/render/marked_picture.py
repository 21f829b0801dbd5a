"""The marks of an answer as a reader sees them: painted into small pictures, with a numbered list beside.

A saved notebook keeps pixels and text. JupyterLab's sanitizer and GitHub's keep no `svg`, and labels are
words of a model, so only numbers are painted.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape as escaped
from typing import TYPE_CHECKING

from ..core.errors import CannotAttach
from ..core.marks import Mark, Marks
from ..core.messages import NAME_CHARS, Attachment, Media
from ..core.pictures import open_picture
from ..core.text import one_line
from .html import escape

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SIDE_PX = 640
LIGHT_BYTES = 60_000  # a PNG with more becomes a JPEG
COLOURS = 128
JPEG_QUALITY = 80
FORMATS = ("PNG", "JPEG", "WEBP")  # that are sent as they are
INK, PAPER = "#d6004f", "#ffffff"
RING_PX, BADGE_PX, LINE_PX, TEXT_PX = 7, 9, 2, 13


def marks_html(marks: Marks) -> str:
    """Return the pictures with their marks, and the list of them; "" where there are none.

    The pictures are painted once for the same marks.
    """
    if marks and not marks.html:
        pictures = "".join(_picture_html(attachment, group) for attachment, group in by_picture(marks))
        items = "".join(map(_item, marks))
        marks.html = f'<div class="gemini-marks">{pictures}<ul>{items}</ul></div>\n'
    return marks.html


def _item(mark: Mark) -> str:
    words = escape(words_of(mark))
    return f'<li tabindex="0"><b class="gemini-mark">{mark.number}</b> <bdi>{words}</bdi></li>'


def marks_text(marks: Marks) -> str:
    """Return one line for each mark; "" where there are none."""
    return "\n".join(f"({mark.number}) {words_of(mark)}" for mark in marks)


def by_picture(marks: Iterable[Mark]) -> list[tuple[Attachment, list[Mark]]]:
    """Return the marks by their pictures, in the order of the first mark of each."""
    groups: dict[int, tuple[Attachment, list[Mark]]] = {}
    for mark in marks:
        groups.setdefault(id(mark.attachment), (mark.attachment, []))[1].append(mark)
    return list(groups.values())


def painted(attachment: Attachment, marks: Sequence[Mark]) -> Media | None:
    """Return a small copy of an attached picture with numbered marks; None where it cannot be opened here."""
    content = attachment.content
    if not isinstance(content, Media) or not content.data or not content.type.startswith("image/"):
        return None
    try:
        image = open_picture(content.data, attachment.name, FORMATS)
    except CannotAttach:  # HEIC, which Pillow does not read, or a broken picture of an imported chat
        return None
    image = image.convert("RGB")
    image.thumbnail((SIDE_PX, SIDE_PX))
    _paint(image, marks)
    return _encoded(image)


def words_of(mark: Mark) -> str:
    """Return the label of a mark and where it is."""
    return ": ".join(filter(None, (mark.label, mark.place)))


def _picture_html(attachment: Attachment, marks: Sequence[Mark]) -> str:
    picture = painted(attachment, marks)
    if picture is None:
        return ""
    numbers = ", ".join(str(mark.number) for mark in marks)
    alt = escaped(f"{one_line(attachment.name, NAME_CHARS)} with mark{'s' * (len(marks) > 1)} {numbers}")
    data = b64encode(picture.data).decode()
    return f'<img alt="{alt}" width="{picture.width}" src="data:{picture.type};base64,{data}">'


def _paint(image: Image, marks: Sequence[Mark]) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    for mark in marks:
        left, top, right, bottom = (edge * side for edge, side in zip(mark.box, image.size * 2, strict=True))
        if mark.is_box:
            outline = draw.rectangle
        else:
            outline = draw.ellipse
            left, top, right, bottom = left - RING_PX, top - RING_PX, right + RING_PX, bottom + RING_PX
        outline((left - 1, top - 1, right + 1, bottom + 1), outline=PAPER, width=LINE_PX + 2)
        outline((left, top, right, bottom), outline=INK, width=LINE_PX)
        _badge(draw, image.size, (right, top), str(mark.number))


def _badge(draw: ImageDraw, size: tuple[int, int], at: tuple[float, float], number: str) -> None:
    """Write a number on a disc at a corner of its mark, within the picture."""
    from PIL import ImageFont

    wide = BADGE_PX + 3 * (len(number) - 1)
    x = min(max(at[0] + wide / 2, wide), size[0] - wide)
    y = min(max(at[1] - BADGE_PX / 2, BADGE_PX), size[1] - BADGE_PX)
    draw.rounded_rectangle(
        (x - wide, y - BADGE_PX, x + wide, y + BADGE_PX), radius=BADGE_PX, fill=INK, outline=PAPER
    )
    draw.text((x, y), number, fill=PAPER, anchor="mm", font=ImageFont.load_default(TEXT_PX))


def _encoded(image: Image) -> Media:
    file = io.BytesIO()
    image.quantize(COLOURS).save(file, "PNG", optimize=True)
    kind = "image/png"
    if file.tell() > LIGHT_BYTES:
        file, kind = io.BytesIO(), "image/jpeg"
        image.save(file, "JPEG", quality=JPEG_QUALITY)
    return Media(kind, file.getvalue(), width=image.width, height=image.height)
