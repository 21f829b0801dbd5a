"""Numpy arrays: a picture where the shape is a picture's, numbers as text where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import CannotAttach
from ..core.messages import Attachment
from ..core.settings import Settings
from .files import text
from .media import picture, stretch_note

if TYPE_CHECKING:
    from numpy import ndarray

SMALLEST_SIDE = 16  # a grid with a shorter side is read better as numbers
NUMBERS = 2000  # the most that are written out in full

_CHANNELS = (1, 3, 4)


def array(value: Any, name: str, settings: Settings) -> Attachment:
    """Return an array as a picture or as text.

    A picture has shape (height, width), both at least 16, or (height, width, 1, 3 or 4), or channels first;
    numbers or bools. Bytes, floats from 0 to 1 and colours of integers from 0 to 255 keep their brightness.
    Others are stretched from the least to the greatest, which the note says; so is a grey scale of other
    integers than bytes, since counts and labels would be dark. Opacity is never stretched. Other arrays
    become text, the middle of long ones left out.

    Raises:
        CannotAttach: it has three dimensions or more, many numbers, and is no picture.
    """
    import numpy

    numbers = numpy.asarray(value)
    pixels, note = _channels_last(numbers)
    if pixels is None:
        return _as_text(numbers, name, settings)
    from PIL import Image

    bright, stretch = _eight_bits(pixels)
    media, change = picture(Image.fromarray(bright), name, settings)
    return Attachment(name, "image", media, ", ".join(filter(None, (note, stretch, change))))


def _channels_last(numbers: ndarray) -> tuple[ndarray | None, str]:
    """Return the array as (height, width) or (height, width, 3 or 4), or None if it is no picture."""
    if numbers.dtype.kind not in "buif" or not numbers.size:
        return None, ""
    if numbers.ndim == 2:
        return (numbers, "") if min(numbers.shape) >= SMALLEST_SIDE else (None, "")
    if numbers.ndim != 3:
        return None, ""
    note = ""
    if (
        numbers.shape[2] not in _CHANNELS
        and numbers.shape[0] in _CHANNELS
        and min(numbers.shape[1:]) >= SMALLEST_SIDE
    ):
        numbers, note = numbers.transpose(1, 2, 0), "channels moved last"
    if numbers.shape[2] not in _CHANNELS:
        return None, ""
    return (numbers[:, :, 0] if numbers.shape[2] == 1 else numbers), note


def _eight_bits(pixels: ndarray) -> tuple[ndarray, str]:
    """Bring pixels to 8 bits, and say so where their brightness changes by it."""
    import numpy

    if pixels.dtype == numpy.uint8:
        return numpy.ascontiguousarray(pixels), ""
    if pixels.dtype == bool:
        return pixels.astype(numpy.uint8) * 255, ""
    floats, is_float = pixels.astype(numpy.float64), pixels.dtype.kind == "f"
    colours = floats[:, :, :3] if floats.ndim == 3 else floats  # a view
    finite = numpy.isfinite(colours)
    low, high = (colours[finite].min(), colours[finite].max()) if finite.any() else (0.0, 0.0)
    notes = []
    if is_float and low >= 0 and high <= 1:
        colours *= 255
    elif is_float or pixels.ndim == 2 or low < 0 or high > 255:
        colours[...] = (colours - low) * (255 / (high - low) if high > low else 0)
        notes.append(stretch_note(low, high))
    if not finite.all():
        colours[~finite] = 0
        notes.append("black where there is no number")
    if floats.ndim == 3 and floats.shape[2] == 4:
        opacity = numpy.nan_to_num(floats[:, :, 3], nan=1)
        floats[:, :, 3] = opacity.clip(0, 1) * 255 if is_float else opacity.clip(0, 255)
    return floats.round().astype(numpy.uint8), ", ".join(notes)


def _as_text(numbers: ndarray, name: str, settings: Settings) -> Attachment:
    import numpy

    if numbers.ndim > 2 and numbers.size > NUMBERS:
        raise CannotAttach(
            f"{name} is an array of shape {numbers.shape}, {numbers.dtype}, and a picture has the shape "
            "(height, width) or (height, width, 3 or 4): name one slice of it, such as "
            f"{name}[{_slice(numbers)}]."
        )
    edge = max(settings.table_rows, 2) // 2
    written = numpy.array2string(numbers, max_line_width=112, threshold=NUMBERS, edgeitems=edge, separator=" ")
    note = "the middle left out" if numbers.size > NUMBERS and max(numbers.shape) > 2 * edge else ""
    return text(f"array of shape {numbers.shape}, {numbers.dtype}\n{written}", name, note)


def _slice(numbers: ndarray) -> str:
    """Write the place of a slice that is a picture, or at least has two dimensions: "0" or ":, :, 0"."""
    places = ["0"] * (numbers.ndim - 3)
    volume = numbers[(0,) * len(places)]
    if _channels_last(volume)[0] is None:
        places += [":"] * volume.shape.index(min(volume.shape)) + ["0"]
    return ", ".join(places)
