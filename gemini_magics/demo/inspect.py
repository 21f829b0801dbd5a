"""The demo service opens the media and the tables that it receives, and describes them."""

from __future__ import annotations

import base64
import binascii
import colorsys
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from ..content.pdf import count_pages
from ..content.tokens import IMAGE_TOKENS, media_tokens, seconds
from ..core.errors import CannotAttach
from ..core.messages import Media
from ..core.pictures import FORMATS, check_notes, readable
from ..core.text import counted, shorten, size

DECODED_PX = 50_000_000  # 200 MB as RGBA, in the process of the notebook

# Where the colours of the wheel end, in degrees.
HUES = (
    (15, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (195, "cyan"),
    (255, "blue"), (290, "purple"), (345, "pink"), (360, "red"),
)  # fmt: skip

# The lines that the notebook writes above a table: "df: pandas DataFrame, ...", "Types: ...", an empty one.
HEADING = re.compile(r"(?P<name>.{1,1000}): (?P<about>(?:pandas|polars) .+)")
FENCED = re.compile(r"(?P<name>[^\n]{1,1000}):\n(?P<fence>`{3,})\n(?P<text>.*)\n(?P=fence)", re.DOTALL)
# `++` and `*+` take nothing back, so a long row is read once:
# https://docs.python.org/3/library/re.html#regular-expression-syntax
RULE = re.compile(r"\|(?:[ \t]*+:?-++:?[ \t]*+\|)++")


@dataclass(frozen=True)
class Seen:
    """One thing that was received.

    Attributes:
        kind: one word, such as "picture".
        said: a description in Markdown.
        tokens: an estimate of its tokens for the model, beside those of the text.
        name: its name in the text before it, or "".
        about: what a table's own line says of it: "pandas DataFrame, 3 rows × 2 columns".
        types: the types of a table's columns by their names, where they can be told.
    """

    kind: str
    said: str
    tokens: int = 0
    name: str = ""
    about: str = ""
    types: Mapping[str, str] = field(default_factory=dict)


def look_through(parts: list[dict[str, Any]]) -> tuple[str, list[Seen]]:
    """Look at the parts of a message; return the person's own text, and everything else.

    The notebook names things: a medium in a text part of its own before it ("fig:"), a table in the line
    above it ("df: pandas DataFrame, ..."), a text in the line above its fence. The last part is the person's.
    """
    texts, things, label = [], [], ""
    for place, part in enumerate(parts, 1):
        if part.get("type") == "image_url":
            things.append(replace(look(part["image_url"]["url"]), name=label.strip().removesuffix(":")))
            label = ""
            continue
        texts.append(label)
        label = ""
        if part.get("type") != "text":
            things.append(Seen("part", f"of type {part.get('type')}, which the service drops without a word"))
        elif found := tables(part["text"]):
            things += found
            texts.append("" if found[0].name else part["text"])
        elif re.fullmatch(r".+:\n?", part["text"]):
            label = part["text"]
        elif place < len(parts) and (fence := FENCED.fullmatch(part["text"])):
            n_chars, n_lines = len(fence["text"]), fence["text"].count("\n") + 1
            length = f"{counted(n_chars, 'character')}, {counted(n_lines, 'line')}"
            things.append(Seen("text", length, name=fence["name"]))
        else:
            texts.append(part["text"])
    return "\n\n".join(filter(None, (*texts, label))), things


def in_quotes(text: str, most_chars: int) -> str:
    """Quote the beginning of a text on one line, as Markdown that shows it as it is."""
    beginning = shorten(" ".join(text.split()), most_chars)
    # An opening bracket stays as it is: with a backslash it would open a formula.
    return "“" + re.sub(r"([\\`*_{}\]<>#|$~!&])", r"\\\1", beginning) + "”"


def look(url: str) -> Seen:
    """Look at one medium, sent as a data: URI or as a link.

    Raises:
        ValueError: the URI holds no base64.
    """
    if not url.startswith("data:"):
        return Seen("link", f"to {urlsplit(url).hostname}, which this stand-in does not open", IMAGE_TOKENS)
    head, _, encoded = url.partition(",")
    media_type = head.removeprefix("data:").partition(";")[0]
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    kind = media_type.partition("/")[0]
    media, weight = Media(media_type, data), size(len(data))
    tokens = media_tokens(media) or 0
    if kind == "image":
        return Seen("picture", f"{_picture(data)}, {weight}", tokens)
    if media_type == "application/pdf":
        return Seen("PDF", f"{counted(count_pages(data), 'page')}, {weight}", tokens)
    if kind in ("audio", "video"):
        lasts = f", {seconds(media):.1f} s" if tokens else ""
        return Seen(kind, f"{media_type}{lasts}, {weight}", tokens)
    return Seen("file", f"{media_type or 'of no stated type'}, {weight}", tokens)


def _picture(data: bytes) -> str:
    """Say format, pixels and mean colour of a picture."""
    from PIL import Image, ImageStat

    try:
        check_notes(data, "the picture")
        with readable("the picture"), Image.open(io.BytesIO(data), formats=FORMATS) as image:
            about = f"{image.format}, {image.width} × {image.height} pixels"
            if image.width * image.height > DECODED_PX:
                return f"{about}, too many to decode here"
            flat = Image.new("RGBA", image.size, "white")  # transparent places look white on a page
            flat.alpha_composite(image.convert("RGBA"))
    except CannotAttach:
        return "which Pillow cannot read"
    red, green, blue = (round(value) for value in ImageStat.Stat(flat.convert("RGB")).mean)
    return f"{about}, mean colour {colour_name(red, green, blue)} `#{red:02x}{green:02x}{blue:02x}`"


def colour_name(red: int, green: int, blue: int) -> str:
    """Name a colour of 0 to 255 the way people do: "dark blue", "light grey", "orange"."""
    hue, light, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    # Almost black and almost white can have the full saturation of HLS, and people call them grey.
    chroma = saturation * (1 - abs(2 * light - 1))
    if chroma < 0.08:
        greys = ((0.1, "black"), (0.35, "dark grey"), (0.65, "grey"), (0.97, "light grey"), (1.1, "white"))
        return next(name for limit, name in greys if light < limit)
    name = next(name for limit, name in HUES if hue * 360 <= limit)
    shade = "dark " if light < 0.3 else "light " if light > 0.75 else ""
    return shade + name


def tables(text: str) -> list[Seen]:
    """Find the tables in a text, and count their rows, without the head, and their columns."""
    found: list[Seen] = []
    lines = [line.strip(" \t") for line in text.split("\n")]
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and _is_row(lines[end]):
            end += 1
        if end - start > 1 and RULE.fullmatch(lines[start + 1]):
            found.append(_table(lines, start, end))
        start = max(end, start + 1)
    return found


def _is_row(line: str) -> bool:
    return len(line) > 1 and line[0] == line[-1] == "|"


def _table(lines: list[str], start: int, end: int) -> Seen:
    head = _cells(lines[start])
    shape = f"{counted(end - start - 2, 'row')} × {counted(len(head), 'column')}"
    above = lines[max(start - 3, 0) : start]
    headed = len(above) == 3 and above[1].startswith("Types: ") and not above[2]
    if headed and (heading := HEADING.fullmatch(above[0])):
        index = " with the index" if heading["about"].startswith("pandas") else ""
        about = heading["about"].removesuffix(" follow")
        types = _types(head, above[1].removeprefix("Types: "))
        return Seen(
            "table", f"{shape}{index}, of a {about}", name=heading["name"], about=heading["about"], types=types
        )
    return Seen("table", shape)


def _cells(row: str) -> list[str]:
    """Return the cells of a row, in which `|` is written with a backslash."""
    return [cell.strip(" \t").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def _types(head: list[str], line: str) -> dict[str, str]:
    """Read "time datetime64[ns], level m float64" by the names in the head; {} where they do not fit.

    The index comes first in the head, and has no type in the line.
    """
    for begin, first in enumerate(head):
        if line.startswith(f"{first} "):
            return _types_of(head[begin:], line)
    return {}


def _types_of(names: list[str], line: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        end = len(line) if following is None else line.find(f", {following} ")
        if end < 0 or not line.startswith(f"{name} ") or name in found:
            return {}
        found[name], line = line[len(name) + 1 : end], line[end + 2 :]
    return found
