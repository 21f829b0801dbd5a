"""Opens encoded pictures: the checks against those that are too large or broken stand here alone."""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import CannotAttach, GeminiError
from .text import one_line

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS = 80_000_000  # the most that are decoded; a 17 kB file can hold 144 million
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
# How a file begins, and for each of what Pillow copies all that came before: of the blocks of a camera's data,
# which it joins, and of comments among written numbers, which it cuts out. So many are bearable.
_COPIED = ((b"\xff\xd8", b"Exif\0\0", 100), *((b"P%d" % kind, b"#", 10_000) for kind in (1, 2, 3)))
_REASON_CHARS = 120
_WHERE_IN_MEMORY = re.compile(r" <_io\.BytesIO object at 0x[0-9a-fA-F]+>")  # in words of Pillow
# The filters of warnings are the process's, and the columns of a comparison open pictures in threads:
# https://docs.python.org/3/library/warnings.html#warnings.catch_warnings
_FILTERS = threading.Lock()


def open_picture(data: bytes, name: str, formats: tuple[str, ...] = FORMATS, *, decode: bool = True) -> Image:
    """Decode the first frame of an encoded picture, once its header has told a bearable size.

    Args:
        formats: what Pillow calls the formats that it may be in.
        decode: False reads the header alone.

    Raises:
        CannotAttach: it is broken, Pillow cannot read it here, it has no pixels or more than 80 million, or
            too many notes.
    """
    from PIL import Image

    check_notes(data, name)
    what = "that is cut off or broken" if formats == FORMATS else f"({formats[0]}) that Pillow cannot read here"
    with readable(name, what), _FILTERS, warnings.catch_warnings():
        # An icon holds whole pictures, whose own headers are read as they are decoded.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = Image.open(io.BytesIO(data), formats=formats)
        checked(image, name)
        if decode:
            image.load()
    return image


@contextmanager
def readable(name: str, what: str = "that is cut off or broken") -> Iterator[None]:
    """Tell what goes wrong in reading a picture, which Pillow does bit by bit, also as it is written again.

    Raises:
        CannotAttach: the picture is broken, or has too many pixels.
    """
    from PIL import Image

    try:
        yield
    except GeminiError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        # Pillow's own limit, MAX_IMAGE_PIXELS: https://pillow.readthedocs.io/en/stable/reference/Image.html
        raise _too_many_pixels(name, "more than 89 million") from None
    except Exception as error:  # noqa: BLE001 - its readers raise TypeError, struct.error, IndexError and others
        said = _WHERE_IN_MEMORY.sub("", str(error))
        reason = one_line(said or type(error).__name__, _REASON_CHARS)
        raise CannotAttach(f"{name} is a picture {what} ({reason}): save it again, as PNG.") from None


def check_notes(data: bytes, name: str) -> None:
    """Refuse an encoded picture with so many notes beside its pixels that reading them would take hours.

    Raises:
        CannotAttach: it has more than anybody writes.
    """
    for beginning, note, most in _COPIED:
        if data.startswith(beginning) and data.count(note) > most:
            raise CannotAttach(
                f"{name} is a picture with more than {most:,} notes beside its pixels: save it again, as PNG."
            )


def check_pixels(width: int, height: int, name: str) -> None:
    """Refuse a picture of this size if it has no pixels or too many, before anything is computed.

    Raises:
        CannotAttach: it has none, or more than 80 million.
    """
    if not width * height:
        raise CannotAttach(f"{name} is a picture without pixels ({width} × {height}): name one that has some.")
    if width * height > PIXELS:
        raise _too_many_pixels(name, f"{width} × {height}")


def checked(image: Image, name: str) -> Image:
    """Return a picture whose size is bearable.

    Raises:
        CannotAttach: as `check_pixels`.
    """
    check_pixels(image.width, image.height, name)
    return image


def _too_many_pixels(name: str, count: str) -> CannotAttach:
    return CannotAttach(
        f"{name} has {count} pixels, and {PIXELS // 10**6} million are the most: scale it down first."
    )
