"""The ground of a picture: it is sent opaque, and its reader sees all that is drawn on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

LOOKED_AT_PX = 800  # the longer side at which a picture is judged
CONTRAST = 24  # of 255 levels of grey; a light grey grid (#ddd) on white has 34, pale yellow on white 3
LOST = 0.25  # the share of the details that may vanish on white before another ground is looked for

_SMALLEST_STEP = 32  # of opacity; a smaller one is a shade, not the outline of what is drawn


class _Ground(NamedTuple):
    grey: int
    note: str


_WHITE = _Ground(255, "transparent parts on white")
_OTHERS = (
    _Ground(18, "transparent parts on a dark ground, since what is drawn is light"),
    _Ground(128, "transparent parts on grey, since what is drawn is light and dark"),
)


def on_ground(image: Image) -> tuple[Image, str]:
    """Return a picture without transparency, and say in a note on which ground it stands.

    A reader of a notebook sees a transparent picture on white. Where much of what is drawn would vanish
    there, as the white labels of a figure for a dark notebook do, the picture gets a dark ground, or a grey
    one if it holds light and dark. Only the details count that stand on the ground itself.

    Args:
        image: of any mode. An opaque one is returned as it is, with the note "".
    """
    if not image.has_transparency_data or image.mode.startswith("I"):
        return image, ""
    image = rgba(image)
    if image.getchannel("A").getextrema()[0] == 255:
        return image.convert("RGB"), ""
    ground = _ground(image)
    return _on(image, ground.grey).convert("RGB"), ground.note


def is_invisible(image: Image) -> bool:
    """Tell whether every pixel of a picture is wholly transparent."""
    if not image.has_transparency_data or image.mode.startswith("I"):
        return False
    return rgba(image).getchannel("A").getextrema()[1] == 0


def rgba(image: Image) -> Image:
    """Return a picture with its opacity; Pillow knows no direct way from grey with premultiplied opacity."""
    return (image.convert("LA") if image.mode == "La" else image).convert("RGBA")


def _ground(image: Image) -> _Ground:
    """Choose white, unless details are lost there and less than a third as many on another ground."""
    from PIL import Image, ImageChops

    small = image.copy()
    small.thumbnail((LOOKED_AT_PX, LOOKED_AT_PX), Image.Resampling.BOX)
    steps = _steps(small.getchannel("A"))
    details = _details(small.getchannel("A"))
    counted = details.histogram()[255]

    def lost(ground: _Ground) -> float:
        # A thin line that was made smaller is as faint as its opacity: the contrast is judged against it.
        wanted = steps.point(lambda step: step * CONTRAST // 255)
        faint = ImageChops.subtract(wanted, _steps(_on(small, ground.grey).convert("L")))
        vanished = ImageChops.darker(faint.point(lambda missing: 255 * (missing > 0)), details)
        return vanished.histogram()[255] / counted

    if not counted or (on_white := lost(_WHITE)) <= LOST:
        return _WHITE
    return next((each for each in _OTHERS if lost(each) < on_white / 3), _WHITE)


def _details(opacity: Image) -> Image:
    """Mark where what is drawn ends both sideways and up or down: letters, curves, corners.

    Straight lines and edges count only where there is nothing else. The grid of a chart is faint on the
    ground that it was made for, and has more outlines than all the letters that must be read.
    """
    from PIL import ImageChops, ImageFilter

    sideways = ImageChops.difference(opacity, ImageChops.offset(opacity, 1, 0))
    upwards = ImageChops.difference(opacity, ImageChops.offset(opacity, 0, 1))
    both = ImageChops.darker(sideways, upwards).filter(ImageFilter.MaxFilter(3))
    found = both.point(lambda step: 255 * (step >= _SMALLEST_STEP))
    return found if found.getbbox() else _steps(opacity).point(lambda step: 255 * (step >= _SMALLEST_STEP))


def _steps(image: Image) -> Image:
    """Return for each pixel how much the brightest and the darkest around it differ."""
    from PIL import ImageChops, ImageFilter

    return ImageChops.subtract(image.filter(ImageFilter.MaxFilter(3)), image.filter(ImageFilter.MinFilter(3)))


def _on(image: Image, grey: int) -> Image:
    from PIL import Image

    return Image.alpha_composite(Image.new("RGBA", image.size, (grey, grey, grey, 255)), image)
