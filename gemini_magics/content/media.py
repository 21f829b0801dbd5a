"""Pictures that fit: what the model takes goes as it is, everything else is encoded anew.

The model takes PNG, JPEG, WebP and HEIC, and an image costs the same whatever its pixels.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..core.errors import CannotAttach
from ..core.messages import Attachment, Media
from ..core.plain import size
from ..core.settings import Settings
from .sniff import sniff

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS = 80_000_000  # the most that are decoded; a 17 kB file can hold 144 million
JPEG_QUALITY = 92

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_AS_THEY_ARE = {"image/png", "image/jpeg", "image/webp"}
_PLAIN_MODES = {"1", "L", "LA", "P", "RGB", "RGBA"}
_DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_ORIENTATION, _GPS = 0x0112, 0x8825  # EXIF tags
_WHOLE_FILE_PLUGINS = ("PNG", "MPO")  # their further frames are no part of the picture


def picture(source: bytes | Image, name: str, settings: Settings) -> tuple[Media, str]:
    """Make a picture fit, and say in a note what was done to it; the note is "" where nothing was.

    A PNG, JPEG or WebP file within the limits stays as it is, byte for byte, unless it must be turned
    upright or tells the place where it was taken. Of several frames or pages the first is taken. 16-bit
    and float pixels are stretched to 8 bits. What is encoded becomes PNG; JPEG stays JPEG, and is what a
    PNG over `image_bytes` becomes.

    Args:
        source: an encoded file, or a Pillow image, which is left as it is.
        name: what the person called it, for messages.
        settings: `image_side_px` and `image_bytes` are the limits.

    Raises:
        CannotAttach: it is cut off or broken, holds more than 80 million pixels, or stays too large.
    """
    if not isinstance(source, bytes):
        return _encoded(_checked(source, name), name, settings, [])
    media_type = sniff(source)
    if media_type == "image/heic":  # the model reads it, Pillow does not
        return _within(Media(media_type, source), name, settings), ""
    image = _opened(source, name)
    todo = _changes(image)
    if (
        not todo
        and media_type in _AS_THEY_ARE
        and image.mode in _PLAIN_MODES
        and max(image.size) <= settings.image_side_px
        and len(source) <= settings.image_bytes
    ):
        return Media(media_type, source, width=image.width, height=image.height), ""
    if media_type not in _AS_THEY_ARE:
        todo.append(f"{image.format} as PNG")
    return _encoded(_upright(image), name, settings, todo, photograph=media_type == "image/jpeg")


def thumbnail(media: Media, side_px: int = 160) -> Media | None:
    """Draw a picture small, as PNG; None for what is no picture, and for links and HEIC."""
    from PIL import Image

    if not media.data or sniff(media.data) not in _AS_THEY_ARE:
        return None
    with Image.open(io.BytesIO(media.data), formats=_FORMATS) as image:
        image.thumbnail((side_px, side_px))
        small = _plain(image)
        return Media("image/png", _png(small), width=small.width, height=small.height)


def check_request(attachments: Iterable[Attachment], settings: Settings) -> None:
    """See that all attachments of a question together are within `request_bytes`.

    Raises:
        CannotAttach: they are not; names the largest, and how to raise the limit.
    """
    attached = tuple(attachments)
    total = sum(attachment.size_bytes for attachment in attached)
    if total > settings.request_bytes:
        largest = max(attached, key=lambda attachment: attachment.size_bytes)
        raise CannotAttach(
            f"The attachments have {size(total)}, and a question may have {size(settings.request_bytes)}: "
            f"leave out the largest, {largest.name} ({size(largest.size_bytes)}), or raise the limit with "
            f"%config GeminiMagics.request_bytes = {_above(total)}."
        )


def _opened(data: bytes, name: str) -> Image:
    """Decode the first frame of an encoded picture, once its header has told a bearable size."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
        _checked(image, name)
        image.load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _too_many_pixels(name, "more than 89 million") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise CannotAttach(
            f"{name} is a picture that is cut off or broken ({error}): save or load it again."
        ) from None
    return image


def _checked(image: Image, name: str) -> Image:
    if not image.width * image.height:
        raise CannotAttach(f"{name} is a picture without pixels ({image.width} × {image.height}).")
    if image.width * image.height > PIXELS:
        raise _too_many_pixels(name, f"{image.width} × {image.height}")
    return image


def _too_many_pixels(name: str, count: str) -> CannotAttach:
    return CannotAttach(
        f"{name} has {count} pixels, and {PIXELS // 10**6} million are the most: scale it down first."
    )


def _changes(image: Image) -> list[str]:
    """Say what has to be done to an encoded picture besides making it fit."""
    exif, frames, todo = image.getexif(), getattr(image, "n_frames", 1), []
    if frames > 1 and image.format not in _WHOLE_FILE_PLUGINS:
        todo.append(f"first of {frames} {'pages' if image.format == 'TIFF' else 'frames'}")
    if exif.get(_ORIENTATION, 1) != 1:
        todo.append("turned upright")
    if exif.get_ifd(_GPS):
        todo.append("without the place where it was taken")
    return todo


def _upright(image: Image) -> Image:
    from PIL import ImageOps

    return ImageOps.exif_transpose(image) or image


def _encoded(
    image: Image, name: str, settings: Settings, done: list[str], *, photograph: bool = False
) -> tuple[Media, str]:
    """Encode a picture within the limits; `done` are the notes so far."""
    from PIL import Image

    image = _bare(image)
    if image.mode in _DEEP_MODES:
        image, note = _stretched(image)
        done = [*done, note]
    image = _plain(image)
    if max(image.size) > settings.image_side_px:
        done = [*done, f"scaled from {image.width} × {image.height}"]
        factor = settings.image_side_px / max(image.size)
        width, height = (max(1, round(side * factor)) for side in image.size)
        image = _without_palette(image).resize((width, height), Image.Resampling.LANCZOS)
    data, media_type = (_jpeg(image), "image/jpeg") if photograph else (_png(image), "image/png")
    if len(data) > settings.image_bytes and not photograph:
        data, media_type = _jpeg(image), "image/jpeg"
        done = [*done, "as JPEG"]
    media = Media(media_type, data, width=image.width, height=image.height)
    return _within(media, name, settings), ", ".join(done)


def _bare(image: Image) -> Image:
    """Copy an image without its comments, dates and places, which Pillow would write into the new file."""
    bare = image.copy()
    kept = {"transparency"} if image.mode in ("CMYK", "LA", "LAB", "PA") else {"transparency", "icc_profile"}
    bare.info = {name: value for name, value in image.info.items() if name in kept}
    return bare


def _within(media: Media, name: str, settings: Settings) -> Media:
    if media.size_bytes > settings.image_bytes:
        raise CannotAttach(
            f"{name} has {size(media.size_bytes)}, and a picture may have {size(settings.image_bytes)}: scale "
            f"it down, or raise the limit with %config GeminiMagics.image_bytes = {_above(media.size_bytes)}."
        )
    return media


def _stretched(image: Image) -> tuple[Image, str]:
    """Bring 16-bit, 32-bit and float pixels to 8 bits, from the least value to the greatest."""
    floats = (image.convert("I") if image.mode.startswith("I;") else image).convert("F")
    low, high = (float(value) for value in floats.getextrema())  # type: ignore[arg-type]  # of one channel
    scale = 255 / (high - low) if high > low else 0
    offset = -low * scale
    return floats.point(lambda value: value * scale + offset).convert("L"), stretch_note(low, high)


def stretch_note(low: float, high: float) -> str:
    """Say between which values a grey scale was stretched."""
    return f"values {low:g} to {high:g} as black to white"


def _plain(image: Image) -> Image:
    """Return an image in a mode that every decoder of PNG knows."""
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("1", "L", "P", "RGB", "RGBA"):
        return image
    return image.convert("RGBA" if image.mode in ("LA", "La", "PA", "RGBa") else "RGB")


def _without_palette(image: Image) -> Image:
    return image.convert({"1": "L", "P": "RGB"}.get(image.mode, image.mode))


def _png(image: Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _jpeg(image: Image) -> bytes:
    """Encode as JPEG; what is transparent stands on white."""
    from PIL import Image

    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    file = io.BytesIO()
    image.convert("L" if image.mode in ("1", "L") else "RGB").save(
        file, "JPEG", quality=JPEG_QUALITY, subsampling=0
    )
    return file.getvalue()


def _above(n_bytes: int) -> str:
    """Write the next round number above, the way Python takes it: 20_000_000."""
    step = 10 ** max(len(str(n_bytes)) - 2, 0)
    return f"{(n_bytes // step + 1) * step:_}"
