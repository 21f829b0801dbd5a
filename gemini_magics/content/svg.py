"""SVG drawings: looked through before they are drawn, and drawn in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64decode
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from xml.parsers import expat

from ..core.browser import IN_BROWSER
from ..core.errors import CannotAttach
from ..core.messages import Attachment
from ..core.pictures import PIXELS, open_picture
from ..core.settings import Settings
from .images import picture, pixels_of

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE_PX = 1536  # the long side of a drawing, which has no pixels of its own
SOURCE_CHARS = 200_000

# A drawing may hold so much. Editors nest some 30 groups; 84 kB of nested groups end a process that draws them.
DEPTH = 256
ELEMENTS = 250_000
FILTERS = 100
SECONDS = 20  # that one drawing may take, as the processor counts; twice as much by the clock
MEMORY_BYTES = 2_000_000_000

# As the renderer reads it, with signs; no step is taken back, so that a long one is read once.
_LENGTH = re.compile(
    r"\s*+([+-]?+(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:e[+-]?+[0-9]++)?+)\s*+(px|pt|pc|mm|cm|in|em|ex)?+\s*+",
    re.IGNORECASE,
)
_PX = {
    "": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0,
    "em": 16.0, "ex": 8.0,
}  # fmt: skip
_FARTHEST = 1e30  # the renderer counts in floats of 32 bits, which end at 3e38
_RATIO = 100  # a drawing that is a hundred times longer than wide is a mistake

# The renderer would fetch what a drawing refers to. Only its own parts and pictures inside it are safe;
# entities and default attributes could spell anything else.
_REFERS = re.compile(
    r"<!(?:ENTITY|ATTLIST)|@import|url\(\s*+[\"']?+(?!#|data:)"
    r"|href\s*+=\s*+(?![\"'](?:#|data:image/(?:png|jpeg|gif|webp);base64,))",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"data:image/[a-z]+;base64,", re.IGNORECASE)


def svg(source: str, name: str, settings: Settings) -> Attachment:
    """Return an SVG drawing as a picture, its long side 1,536 pixels.

    Its source is sent as text, and the note says so, where vl-convert-python (which altair uses, too) is
    not installed; where the drawing refers to other files, since nothing is fetched from here; and where
    it tells no size.

    Raises:
        CannotAttach: it cannot be drawn, takes too long or too much memory, or is too long to go as text.
    """
    if find_spec("vl_convert") is None:
        return _as_text(source, name, "as source; pip install vl-convert-python to send its picture")
    if _REFERS.search(source):
        return _as_text(source, name, "as source, since it refers to other files")
    inside = _looked_through(source, name)
    long_side = _long_side(inside, name)
    if long_side is None:
        return _as_text(source, name, "as source, since it tells no size")
    media, note = picture(_drawn(source, inside, SIDE_PX / long_side, name), name, settings)
    html = "without the HTML inside it, which a browser alone draws" if inside.html else ""
    return Attachment(name, "image", media, ", ".join(filter(None, ("SVG as PNG", html, note))))


def chart(source: str, scale: float, name: str) -> Image:
    """Draw the SVG of a chart, with its transparent parts."""
    return _drawn(source, _looked_through(source, name), scale, name)


def _as_text(source: str, name: str, note: str) -> Attachment:
    if len(source) > SOURCE_CHARS:
        raise CannotAttach(
            f"{name} is an SVG drawing of {len(source):,} characters, too long to go as text: save it as PNG."
        )
    return Attachment(name, "text", source, f"SVG {note}")


@dataclass
class _Inside:
    """The contents of a drawing, as far as its limits depend on them.

    Attributes:
        root: the attributes of its outermost element.
        content_at: where in its UTF-8 bytes the content of that element begins.
    """

    root: dict[str, str] = field(default_factory=dict)
    content_at: int = 0
    depth: int = 0
    elements: int = 0
    filters: int = 0
    pixels: int = 0
    html: bool = False


def _looked_through(source: str, name: str) -> _Inside:
    """Read a drawing without building it, and refuse what no process should be asked to draw."""
    inside = _Inside()
    # The text is decoded already, so an encoding that it names counts no longer.
    # With a separator prefixes are resolved, so that svg:g counts as g does:
    # https://docs.python.org/3/library/pyexpat.html#xml.parsers.expat.ParserCreate
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")

    def anything(*_: object) -> None:
        if inside.elements and not inside.content_at:
            inside.content_at = parser.CurrentByteIndex

    def start(tag: str, attributes: dict[str, str]) -> None:
        anything()
        inside.root = inside.root or dict(attributes)
        inside.elements += 1
        inside.depth += 1
        local = tag.rpartition(" ")[2]
        inside.html |= local == "foreignObject"
        inside.filters += local.startswith("fe") and local[2:3].isupper()
        for value in attributes.values():
            if _INSIDE.match(value):
                inside.pixels += _pixels(value, name)
        for amount, most, what in (
            (inside.depth, DEPTH, "groups inside each other"),
            (inside.elements, ELEMENTS, "elements"),
            (inside.filters, FILTERS, "steps of filters"),
            (inside.pixels, PIXELS, "pixels in the pictures inside it"),
        ):
            if amount > most:
                raise CannotAttach(
                    f"{name} is an SVG drawing with more than {most:,} {what}: save it as PNG, and name that."
                )

    def end(tag: str) -> None:
        anything(tag)
        inside.depth -= 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = parser.CommentHandler = parser.ProcessingInstructionHandler = anything
    parser.StartCdataSectionHandler = anything
    try:
        parser.Parse(source.encode(errors="replace"), True)
    except expat.ExpatError as error:
        raise CannotAttach(
            f"{name} is an SVG drawing that is cut off or broken ({error}): save it again."
        ) from None
    return inside


def _pixels(uri: str, name: str) -> int:
    """Count the pixels that the header of an embedded picture announces."""
    try:
        data = b64decode(_INSIDE.sub("", uri, count=1))
    except ValueError:
        return 0  # the renderer leaves it out, too
    return pixels_of(data, f"A picture inside {name}")


def _long_side(inside: _Inside, name: str) -> float | None:
    """Return the longer of width and height in CSS pixels, of the viewBox where a drawing gives none.

    Asked before it is drawn, since a few characters can order more pixels than there is memory.
    """
    box = _view_box(inside)
    width = _px(inside.root.get("width", "")) or (box[2] if box else None)
    height = _px(inside.root.get("height", "")) or (box[3] if box else None)
    if not (width and height):
        return None
    if max(width, height) > _RATIO * min(width, height):
        raise CannotAttach(f"{name} is an SVG drawing of {width:g} × {height:g} pixels: give it another shape.")
    return max(width, height)


def _view_box(inside: _Inside) -> tuple[float, ...] | None:
    """Return left, top, width and height; None for a box that the renderer leaves out, too."""
    written = re.split(r"[\s,]++", inside.root.get("viewBox", "").strip())
    # float() alone takes words such as "inf", underscores, and the digits of all scripts.
    found = [_LENGTH.fullmatch(number) for number in written]
    box = tuple(float(each[1]) for each in found if each and not each[2])
    usable = len(box) == len(written) == 4 and min(box[2:]) > 0 and max(map(abs, box)) < _FARTHEST
    return box if usable else None


def _px(length: str) -> float | None:
    found = _LENGTH.fullmatch(length)
    pixels = float(found[1]) * _PX[(found[2] or "").lower()] if found else 0.0
    return pixels if 0 < pixels < _FARTHEST else None


def _drawn(source: str, inside: _Inside, scale: float, name: str) -> Image:
    """Draw on white and on black; how the two differ is the opacity.

    The renderer's own transparent pictures are wrong where they are half transparent: vl-convert 1.9 lets no
    colour be brighter than its opacity, so that half an orange becomes half a yellow.
    """
    from PIL import ImageChops
    from PIL.Image import merge

    if inside.elements < 2:
        raise CannotAttach(f"{name} is an SVG drawing with nothing in it: draw something first.")
    orders = [_with_ground(source, inside, colour) for colour in ("white", "black")]
    white, black = (open_picture(data, name).convert("RGB") for data in _in_a_process(orders, scale, name))
    opacity = ImageChops.invert(ImageChops.subtract(white, black)).getchannel("G")
    return merge("RGBa", (*black.split(), opacity)).convert("RGBA")


def _with_ground(source: str, inside: _Inside, colour: str) -> str:
    """Put a ground behind everything, so large that no `preserveAspectRatio` leaves a part uncovered."""
    left, top, width, height = _view_box(inside) or (0.0, 0.0, SIDE_PX, SIDE_PX)
    west, north = left - _RATIO * width, top - _RATIO * height
    east, south = left + (_RATIO + 1) * width, top + (_RATIO + 1) * height
    ground = (
        # The drawing may give its elements a prefix, and its style sheet may colour or hide every polygon.
        f'<polygon xmlns="http://www.w3.org/2000/svg" style="fill:{colour} !important;{_SEEN}" '
        f'points="{west:f},{north:f} {east:f},{north:f} {east:f},{south:f} {west:f},{south:f}"/>'
    )
    data = source.encode(errors="replace")
    return (data[: inside.content_at] + ground.encode() + data[inside.content_at :]).decode()


_SEEN = "".join(
    f"{name}:{value} !important;"
    for name, value in {
        "stroke": "none", "opacity": "1", "fill-opacity": "1", "display": "inline", "visibility": "visible",
        "mask": "none", "clip-path": "none", "filter": "none", "transform": "none",
    }.items()
)  # fmt: skip


def _in_a_process(sources: list[str], scale: float, name: str) -> list[bytes]:
    """Let a process of its own draw; Stop ends it, as its limits do."""
    if IN_BROWSER:
        raise CannotAttach(
            f"{name} is an SVG drawing, which a process of its own draws, and a browser has none: name a PNG."
        )
    script = Path(__file__).with_name("draw_svg.py")
    renderer = find_spec("vl_convert")
    folder = Path(renderer.origin).parents[1] if renderer and renderer.origin else script.parent
    limits = (str(SECONDS), str(MEMORY_BYTES), str(folder))
    with subprocess.Popen(  # noqa: S603 - what was written by strangers goes to its stdin alone
        # Isolated: no module of the notebook's folder is imported in the place of a library's.
        # https://docs.python.org/3/using/cmdline.html#cmdoption-I
        [sys.executable, "-I", str(script), *limits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            order = json.dumps({"scale": scale, "sources": sources}).encode()
            written, _ = process.communicate(order, timeout=2 * SECONDS)
        except subprocess.TimeoutExpired:
            written = b""
        finally:
            process.kill()
            process.wait()  # a `with` does not wait after Ctrl-C
    if process.returncode or not written:
        raise CannotAttach(
            f"{name} is an SVG drawing that takes more than {SECONDS} seconds or {MEMORY_BYTES / 1e9:g} GB to "
            "draw: save it as PNG, and name that."
        )
    answer = json.loads(written)
    if "error" in answer:
        reason = str(answer["error"]).partition("\n")[0]
        raise CannotAttach(f"{name} is an SVG drawing that cannot be drawn ({reason}): save it as PNG.")
    return [b64decode(data) for data in answer["pictures"]]
