"""SVG drawings: rendered to PNG where a renderer is installed, sent as their source where none is."""

from __future__ import annotations

import re
from importlib.util import find_spec
from xml.etree import ElementTree

from ..core.errors import CannotAttach
from ..core.messages import Attachment
from ..core.settings import Settings
from .media import picture

SIDE_PX = 1536  # the long side of a drawing, which has no pixels of its own
SOURCE_CHARS = 200_000

_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e[0-9]+)?)\s*(px|pt|pc|mm|cm|in|em|ex)?\s*", re.IGNORECASE)
_PX = {
    "": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0,
    "em": 16.0, "ex": 8.0,
}  # fmt: skip
_RATIO = 100  # a drawing that is a hundred times longer than wide is a mistake

# The renderer would fetch what a drawing refers to. Only its own parts and pictures inside it are safe;
# entities and default attributes could spell anything else.
_REFERS = re.compile(
    r"<!(?:ENTITY|ATTLIST)|@import|url\(\s*+[\"']?+(?!#|data:)"
    r"|href\s*+=\s*+(?![\"'](?:#|data:image/(?:png|jpeg|gif|webp);))",
    re.IGNORECASE,
)


def drawing(source: str, name: str, settings: Settings) -> Attachment:
    """Return an SVG drawing as a picture, its long side 1,536 pixels.

    Its source is sent as text, and the note says so, where vl-convert-python (which altair uses, too) is
    not installed; where the drawing refers to other files, since nothing is fetched from here; and where
    it tells no size.

    Raises:
        CannotAttach: it cannot be rendered, or is too long to go as text.
    """
    if find_spec("vl_convert") is None:
        return _as_text(source, name, "as source; pip install vl-convert-python to send its picture")
    if _REFERS.search(source):
        return _as_text(source, name, "as source, since it refers to other files")
    long_side = _long_side(source, name)
    if long_side is None:
        return _as_text(source, name, "as source, since it tells no size")
    import vl_convert

    try:
        data = vl_convert.svg_to_png(source, scale=SIDE_PX / long_side)
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise CannotAttach(f"{name} is an SVG drawing that cannot be rendered: {reason}.") from None
    media, note = picture(data, name, settings)
    return Attachment(name, "image", media, ", ".join(filter(None, ("SVG as PNG", note))))


def _as_text(source: str, name: str, note: str) -> Attachment:
    if len(source) > SOURCE_CHARS:
        raise CannotAttach(
            f"{name} is an SVG drawing of {len(source):,} characters, too long to go as text: save it as PNG."
        )
    return Attachment(name, "text", source, f"SVG {note}")


def _long_side(source: str, name: str) -> float | None:
    """Return the longer of width and height in CSS pixels, of the viewBox where a drawing gives none.

    Asked before rendering, since a few characters can order more pixels than there is memory.
    """
    try:
        root = ElementTree.fromstring(source)  # noqa: S314 - one with entities does not come here
    except ElementTree.ParseError as error:
        raise CannotAttach(f"{name} is an SVG drawing that is cut off or broken: {error}.") from None
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    box_sides = box[2:] if len(box) == 4 else ("", "")
    width = _px(root.get("width", "")) or _px(box_sides[0])
    height = _px(root.get("height", "")) or _px(box_sides[1])
    if not (width and height):
        return None
    if max(width, height) > _RATIO * min(width, height):
        raise CannotAttach(f"{name} is an SVG drawing of {width:g} × {height:g} pixels: give it another shape.")
    return max(width, height)


def _px(length: str) -> float | None:
    found = _LENGTH.fullmatch(length)
    return float(found[1]) * _PX[(found[2] or "").lower()] or None if found else None
