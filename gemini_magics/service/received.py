"""What the demo service received: media and tables, really looked at."""

from __future__ import annotations

import base64
import binascii
import colorsys
import io
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from ..content.estimate import IMAGE_TOKENS, count_pages, media_tokens, seconds
from ..core.messages import Media
from ..core.plain import size

DECODED_PX = 50_000_000

# Where the colours of the wheel end, in degrees.
HUES = (
    (15, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (195, "cyan"),
    (255, "blue"), (290, "purple"), (345, "pink"), (360, "red"),
)  # fmt: skip

# How the notebook heads a table that it writes.
HEADING = re.compile(r"^(?P<name>.+): (?P<about>(?:pandas|polars) .+)\nTypes: .*\n\n\Z", re.MULTILINE)


@dataclass(frozen=True)
class Seen:
    """One thing that was received.

    Attributes:
        kind: what it is, in a word.
        said: what can be said of it, as Markdown.
        tokens: about how many it is for the model, beside the tokens of the text.
        name: what the text before it calls it, or "".
    """

    kind: str
    said: str
    tokens: int = 0
    name: str = ""


def look_through(parts: list[dict[str, Any]]) -> tuple[str, list[Seen]]:
    """Look at the parts of a message: return the text that is the person's own, and all else.

    The notebook names things: a medium in a text part of its own before it ("fig:"), a table in the line
    above it ("df: pandas DataFrame, ...").
    """
    texts, things, label = [], [], ""
    for part in parts:
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
        else:
            texts.append(part["text"])
    return "\n\n".join(filter(None, (*texts, label))), things


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
        pages = count_pages(data)
        return Seen("PDF", f"{pages} {'page' if pages == 1 else 'pages'}, {weight}", tokens)
    if kind in ("audio", "video"):
        lasts = f", {seconds(media):.1f} s" if tokens else ""
        return Seen(kind, f"{media_type}{lasts}, {weight}", tokens)
    return Seen("file", f"{media_type or 'of no stated type'}, {weight}", tokens)


def _picture(data: bytes) -> str:
    """Say format, pixels and mean colour of a picture."""
    from PIL import Image, ImageStat, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            about = f"{image.format}, {image.width} × {image.height} pixels"
            if image.width * image.height > DECODED_PX:
                return f"{about}, too many to decode here"
            flat = Image.new("RGBA", image.size, "white")  # transparent places look white on a page
            flat.alpha_composite(image.convert("RGBA"))
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ):
        return "which Pillow cannot read"
    red, green, blue = (round(value) for value in ImageStat.Stat(flat.convert("RGB")).mean)
    return f"{about}, mean colour {colour_name(red, green, blue)} `#{red:02x}{green:02x}{blue:02x}`"


def colour_name(red: int, green: int, blue: int) -> str:
    """Name a colour of 0 to 255 the way people do: "dark blue", "light grey", "orange"."""
    hue, light, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    chroma = saturation * (1 - abs(2 * light - 1))
    if chroma < 0.08:
        greys = ((0.1, "black"), (0.35, "dark grey"), (0.65, "grey"), (0.97, "light grey"), (1.1, "white"))
        return next(name for limit, name in greys if light < limit)
    name = next(name for limit, name in HUES if hue * 360 <= limit)
    shade = "dark " if light < 0.3 else "light " if light > 0.75 else ""
    return shade + name


def tables(text: str) -> list[Seen]:
    """Find the tables in a text, and count the rows that came, without the head, and the columns."""
    found = []
    for match in re.finditer(r"(?:^[ \t]*\|.*\|[ \t]*$\n?){2,}", text, re.MULTILINE):
        head, rule, *rows = match[0].splitlines()
        if not re.fullmatch(r"\s*\|(?:\s*:?-+:?\s*\|)+\s*", rule):
            continue
        columns = len(re.findall(r"(?<!\\)\|", head)) - 1
        shape = f"{_count(len(rows), 'row')} × {_count(columns, 'column')}"
        if heading := HEADING.search(text[: match.start()]):
            index = " with the index" if heading["about"].startswith("pandas") else ""
            about = heading["about"].removesuffix(" follow")
            found.append(Seen("table", f"{shape}{index}, of a {about}", name=heading["name"]))
        else:
            found.append(Seen("table", shape))
    return found


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
