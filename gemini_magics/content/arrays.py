"""Numpy arrays: a picture where the shape is a picture's, numbers as text where it is not."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from ..core.errors import CannotAttach
from ..core.messages import Attachment
from ..core.pictures import PIXELS, check_pixels
from ..core.settings import Settings
from .files import text
from .images import picture, stretch_note

if TYPE_CHECKING:
    from numpy import ndarray

SMALLEST_SIDE = 16  # a grid with a shorter side is read better as numbers
NUMBERS_SIDE = 50  # up to 50 × 50, a grid of other numbers than bytes is, too: correlations, counts
NUMBERS = NUMBERS_SIDE**2  # the most that are written out in full
LINE_CHARS = 112
ROW_CHARS = 2000  # a row of a matrix stands on one line, as long as it is bearable

_CHANNELS = (1, 3, 4)


def array(value: Any, name: str, settings: Settings) -> Attachment:
    """Return an array as a picture or as text.

    A picture has shape (height, width), or (height, width, 1, 3 or 4), or channels first; numbers or bools.
    With two dimensions, it goes as numbers where a side is under 16, and up to 50 × 50 where it does not hold
    bytes (uint8); `as_image` makes a picture of it all the same.

    Bytes, floats from 0 to 1 and colours of integers from 0 to 255 keep their brightness. Others are
    stretched from the least to the greatest, which the note says; so is a grey scale of other integers than
    bytes, since counts and labels would be dark. Opacity is never stretched, and masked pixels are black.
    Other arrays become text, the middle of long ones left out.

    Raises:
        CannotAttach: it has three dimensions or more, many numbers, and the shape of no picture. Its
            shape is looked at before anything is computed.
    """
    import numpy

    shape = tuple(value.shape)
    if not isinstance(value, numpy.ndarray):  # it may compute its numbers only when it is asked for them
        _check(shape, value, name)
    numbers: Any = numpy.ma.asarray(value) if isinstance(value, numpy.ma.MaskedArray) else numpy.asarray(value)
    layout = _layout(shape) if numbers.dtype.kind in "buif" and numbers.size else ""
    if layout == "grey" and not settings.as_image and _is_matrix(numbers):
        layout = ""
    if not layout:
        return _as_text(numbers, name, settings)
    height, width = _channels_last(numbers, layout).shape[:2]
    check_pixels(width, height, name)
    from PIL import Image

    mask = numpy.ma.getmask(numbers)
    is_masked = bool(numpy.any(mask))
    # Values under the mask must not decide between which values the others are stretched.
    filled = numbers.filled(numbers.min() if mask.sum() < mask.size else 0) if is_masked else numbers
    bright, stretch = _eight_bits(_channels_last(numpy.asarray(filled), layout))
    if is_masked:
        bright[_channels_last(mask, layout)] = 0
    media, change = picture(Image.fromarray(bright), name, settings)
    moved = "channels moved last" if layout == "first" else ""
    notes = (moved, stretch, "black where it is masked" if is_masked else "", change)
    return Attachment(name, "image", media, ", ".join(filter(None, notes)))


def looks_like_a_picture(value: Any) -> bool:
    """Tell by its shape and its type that something is a picture beyond doubt: bytes in rows of pixels."""
    return str(getattr(value, "dtype", "")) == "uint8" and bool(_layout(tuple(getattr(value, "shape", ()))))


def _layout(shape: tuple[int, ...]) -> str:
    """Tell how a picture lies in an array of a shape: grey, channels "last" or "first", or "" for none."""
    if len(shape) == 2:
        return "grey"
    if len(shape) != 3:
        return ""
    if shape[2] in _CHANNELS:
        return "last"
    return "first" if shape[0] in _CHANNELS and min(shape[1:]) >= SMALLEST_SIDE else ""


def _is_matrix(numbers: ndarray) -> bool:
    """Tell whether a grid of numbers is read better as numbers than as a picture."""
    is_small = max(numbers.shape) <= NUMBERS_SIDE and numbers.dtype != "uint8"
    return is_small or min(numbers.shape) < SMALLEST_SIDE


def _channels_last(numbers: ndarray, layout: str) -> ndarray:
    """Return an array as (height, width) or (height, width, 3 or 4)."""
    if layout == "first":
        numbers = numbers.transpose(1, 2, 0)
    return numbers[:, :, 0] if numbers.ndim == 3 and numbers.shape[2] == 1 else numbers


def _eight_bits(pixels: ndarray) -> tuple[ndarray, str]:
    """Copy pixels as 8 bits each, and say so where their brightness changes by it."""
    import numpy

    if pixels.dtype == numpy.uint8:
        # A copy, because masked pixels are painted black in it and the person's array stays as it is.
        return pixels.copy(order="C"), ""
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
    _check(numbers.shape, numbers, name)
    edge = max(settings.table_rows, 2) // 2
    cut = numbers.size > NUMBERS and max(numbers.shape) > 2 * edge
    about = f"array of shape {numbers.shape}, {numbers.dtype}"
    return text(f"{about}\n{written(numbers, edge)}", name, "the middle left out" if cut else "")


def written(numbers: Any, edge: int) -> str:
    """Write an array out, of long ones `edge` items from both ends of each dimension; "--" is masked."""
    import numpy

    formatter: Any = None
    if isinstance(numbers, numpy.ma.MaskedArray):  # whose own text leaves out the middle without a sign
        fields = numbers.dtype.names
        objects: Any = [(field, object) for field in fields] if fields else object
        numbers = numpy.ma.asarray(numbers, dtype=objects).filled("--")
        formatter = {"object": lambda each: f"{each:.8g}" if isinstance(each, float) else str(each)}
    return numpy.array2string(
        numbers,
        max_line_width=ROW_CHARS if numbers.ndim > 1 else LINE_CHARS,
        threshold=NUMBERS,
        edgeitems=edge,
        separator=" ",
        formatter=formatter,
    )


def _check(shape: tuple[int, ...], value: Any, name: str) -> None:
    """Refuse by its shape what would be neither a picture nor a bearable number of numbers."""
    dtype = str(getattr(value, "dtype", type(value).__name__))
    is_picture = _layout(shape) and dtype != "object"
    if len(shape) > 2 and not is_picture and prod(shape) > NUMBERS:
        raise CannotAttach(
            f"{name} is an array of shape {shape}, {dtype}, and a picture has the shape (height, width) or "
            f"(height, width, 3 or 4): name one slice of it, such as {name}[{_slice(shape)}]."
        )
    if prod(shape) > PIXELS and type(value).__module__.partition(".")[0] != "numpy":
        raise CannotAttach(f"{name} has {prod(shape):,} numbers: name a slice of it, such as {name}[:1000].")


def _slice(shape: tuple[int, ...]) -> str:
    """Write the place of a slice that is a picture, or at least has two dimensions: "0" or ":, :, 0"."""
    places = ["0"] * (len(shape) - 3)
    volume = shape[-3:]
    if not _layout(volume):
        places += [":"] * volume.index(min(volume)) + ["0"]
    return ", ".join(places)
