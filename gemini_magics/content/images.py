"""Pictures that fit: formats that the model takes go as they are, all others are encoded again.

The model takes PNG, JPEG, WebP and HEIC, and an image costs the same whatever its pixels. Every picture
comes through `picture`, and every thumbnail through `thumbnail`.
"""

from __future__ import annotations

import io
from math import inf
from typing import TYPE_CHECKING

from ..core.errors import CannotAttach
from ..core.messages import Media
from ..core.pictures import checked, open_picture, readable
from ..core.settings import Settings
from ..core.text import next_round, size
from .file_types import sniff
from .ground import is_invisible, on_ground, rgba

if TYPE_CHECKING:
    from PIL.Image import Image

JPEG_QUALITY = 92

_AS_THEY_ARE = {"image/png", "image/jpeg", "image/webp"}
_PLAIN_MODES = {"1", "L", "LA", "P", "RGB", "RGBA"}
_DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_ORIENTATION, _GPS = 0x0112, 0x8825  # EXIF tags
_WHOLE_FILE_PLUGINS = ("PNG", "MPO")  # their further frames do not belong to the picture
MOST_PAGES = 1_000  # of a TIFF that are counted: Pillow compares the place of each with those of all before


def picture(source: bytes | Image, name: str, settings: Settings) -> tuple[Media, str]:
    """Make a picture fit, and say in a note what was done to it; the note is "" where nothing was.

    An opaque PNG, JPEG or WebP file within the limits stays as it is, byte for byte, unless it must be
    turned upright or tells the place where it was taken. A transparent picture is put on a ground on which
    it can be read (`ground.on_ground`). Of several frames or pages the first is taken. 16-bit and float
    pixels are stretched to 8 bits. An encoded picture becomes PNG; JPEG stays JPEG, and a PNG over
    `image_bytes` becomes JPEG. The note says, too, where all pixels have one colour.

    Args:
        source: an encoded file, or a Pillow image, which is left as it is.
        name: what the person called it, for messages.
        settings: `image_side_px` and `image_bytes` are the limits.

    Raises:
        CannotAttach: it is cut off or broken, wholly transparent, holds more than 80 million pixels, or
            stays too large.
    """
    with readable(name):
        return _fitting(source, name, settings)


def _fitting(source: bytes | Image, name: str, settings: Settings) -> tuple[Media, str]:
    if not isinstance(source, bytes):
        image = _seen(checked(source, name), name)
        turned = ["turned upright"] if image.getexif().get(_ORIENTATION, 1) != 1 else []
        return _encoded(_upright(image), name, settings, turned)
    media_type = sniff(source)
    if media_type == "image/heic":  # the model reads it, Pillow does not
        return _within(Media(media_type, source), name, settings), ""
    image = _seen(open_picture(source, name), name)
    todo = _changes(image)
    if (
        not todo
        and media_type in _AS_THEY_ARE
        and image.mode in _PLAIN_MODES
        and max(image.size) <= settings.image_side_px
        and len(source) <= settings.image_bytes
        and not on_ground(image)[1]
    ):
        return Media(media_type, source, width=image.width, height=image.height), _one_colour(image)
    if media_type not in _AS_THEY_ARE:
        todo.append(f"{image.format} as PNG")
    return _encoded(_upright(image), name, settings, todo, photograph=media_type == "image/jpeg")


def thumbnail(media: Media, side_px: int = 160) -> Media | None:
    """Draw a picture small, as PNG.

    Returns:
        None for everything but pictures, for links and HEIC, and for what `picture` would refuse: a broken or
        huge picture of an imported chat has no thumbnail.
    """
    if not media.data or sniff(media.data) not in _AS_THEY_ARE:
        return None
    try:
        with readable(""):
            image = open_picture(media.data, "")
            image.thumbnail((side_px, side_px))
            small, _ = on_ground(_plain(_bare(image)))
    except CannotAttach:
        return None
    return Media("image/png", _png(small), width=small.width, height=small.height)


def pixels_of(data: bytes, name: str) -> int:
    """Count the pixels that an encoded picture announces in its header; nothing is decoded.

    Raises:
        CannotAttach: they are more than 80 million, or it is broken.
    """
    image = open_picture(data, name, decode=False)
    return image.width * image.height


def _seen(image: Image, name: str) -> Image:
    if is_invisible(image):
        raise CannotAttach(
            f"{name} is a picture that is wholly transparent, so nothing is seen in it: draw it on a ground, "
            'or leave its opacity out with .convert("RGB").'
        )
    return image


def _one_colour(image: Image) -> str:
    """Say that all pixels of a picture have the same colour, or "": it may be there by mistake."""
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return "all of one colour" if all(low == high for low, high in bands) else ""


def _changes(image: Image) -> list[str]:
    """Say what has to be done to an encoded picture besides making it fit."""
    exif, frames, todo = image.getexif(), _frames(image), []
    if frames != "1" and image.format not in _WHOLE_FILE_PLUGINS:
        todo.append(f"first of {frames} {'pages' if image.format == 'TIFF' else 'frames'}")
    if exif.get(_ORIENTATION, 1) != 1:
        todo.append("turned upright")
    if exif.get_ifd(_GPS):
        todo.append("without the place where it was taken")
    return todo


def _frames(image: Image) -> str:
    """Write how many frames or pages an image has."""
    if image.format != "TIFF":
        return str(getattr(image, "n_frames", 1))
    pages = 1
    try:
        while pages < MOST_PAGES:
            image.seek(pages)
            pages += 1
    except EOFError:
        return str(pages)
    finally:
        image.seek(0)
    return f"more than {MOST_PAGES:,}"


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
    scaled_from = None
    if max(image.size) > settings.image_side_px:
        scaled_from = image.size
        done = [*done, f"scaled from {image.width} × {image.height}"]
        factor = settings.image_side_px / max(image.size)
        width, height = (max(1, round(side * factor)) for side in image.size)
        image = _without_palette(image).resize((width, height), Image.Resampling.LANCZOS)
    image, ground = on_ground(image)
    done = [*done, *filter(None, (ground, _one_colour(image)))]
    data, media_type = (_jpeg(image), "image/jpeg") if photograph else (_png(image), "image/png")
    if len(data) > settings.image_bytes and not photograph:
        data, media_type = _jpeg(image), "image/jpeg"
        done = [*done, "as JPEG"]
    media = Media(media_type, data, width=image.width, height=image.height, scaled_from=scaled_from)
    return _within(media, name, settings), ", ".join(done)


def _bare(image: Image) -> Image:
    """Copy an image without its comments, dates and places, which Pillow would write into the new file."""
    bare = image.copy()
    # A profile fits one colour space, and these modes are written in another:
    # https://www.w3.org/TR/png-3/#11iCCP
    kept = {"transparency"} if image.mode in ("CMYK", "LA", "LAB", "PA") else {"transparency", "icc_profile"}
    bare.info = {name: value for name, value in image.info.items() if name in kept}
    return bare


def _within(media: Media, name: str, settings: Settings) -> Media:
    if media.size_bytes > settings.image_bytes:
        limit = f"%config GeminiMagics.image_bytes = {next_round(media.size_bytes)}"
        raise CannotAttach(
            f"{name} has {size(media.size_bytes)}, and a picture may have {size(settings.image_bytes)}: make "
            f"it smaller, or raise the limit with {limit}."
        )
    return media


def _stretched(image: Image) -> tuple[Image, str]:
    """Bring 16-bit, 32-bit and float pixels to 8 bits, from the least value to the greatest.

    Pixels that are not finite decide nothing: maps have them where nothing was measured.
    """
    floats = (image.convert("I") if image.mode.startswith("I;") else image).convert("F")
    gaps = _not_finite(floats) if image.mode == "F" else None
    low = _extreme(floats, gaps, inf)[0]
    high = _extreme(floats, gaps, -inf)[1]
    if low > high:  # nothing is finite
        low = high = 0.0
    scale = 255 / (high - low) if high > low else 0
    offset = -low * scale
    grey = _filled(floats, gaps, low).point(lambda value: value * scale + offset).convert("L")
    missing = "black where there is no number" if gaps else ""
    return grey, ", ".join(filter(None, (stretch_note(low, high), missing)))


def _not_finite(floats: Image) -> Image | None:
    """Return a mask of the pixels that are infinite or no number; None where all are finite."""
    from PIL import ImageMath

    # Of these alone the difference to itself is not 0: https://en.wikipedia.org/wiki/NaN#Operations_generating_NaN
    found: Image = ImageMath.lambda_eval(lambda given: (given["x"] - given["x"]) != 0, x=floats)
    mask = found.convert("L").point([0] + [255] * 255, "1")
    return mask if mask.getbbox() else None


def _extreme(floats: Image, gaps: Image | None, instead: float) -> tuple[float, float]:
    low, high = _filled(floats, gaps, instead).getextrema()  # one channel has two numbers
    return float(low), float(high)  # type: ignore[arg-type]


def _filled(floats: Image, gaps: Image | None, value: float) -> Image:
    """Put a value into the gaps. Without gaps nothing is copied: 80 megapixels take 320 MB as floats."""
    if gaps is None:
        return floats
    filled = floats.copy()
    filled.paste(value, mask=gaps)
    return filled


def stretch_note(low: float, high: float) -> str:
    """Say between which values a grey scale was stretched."""
    return f"values {low:g} to {high:g} as black to white"


def _plain(image: Image) -> Image:
    """Return an image in a mode that every decoder of PNG knows."""
    if image.has_transparency_data:
        return rgba(image)
    return image if image.mode in ("1", "L", "P", "RGB") else image.convert("RGB")


def _without_palette(image: Image) -> Image:
    return image.convert({"1": "L", "P": "RGB"}.get(image.mode, image.mode))


def _png(image: Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _jpeg(image: Image) -> bytes:
    file = io.BytesIO()
    # Without subsampling (4:4:4), which would blur coloured lines and letters:
    # https://pillow.readthedocs.io/en/stable/reference/JpegPresets.html
    image.convert("L" if image.mode in ("1", "L") else "RGB").save(
        file, "JPEG", quality=JPEG_QUALITY, subsampling=0
    )
    return file.getvalue()
