"""The marks of an answer on a live figure of matplotlib."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import BadRequest
from ..core.marks import Mark, Marks
from ..core.notices import notice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ABOVE_ALL = 1_000  # zorder; what people plot has 1 to 5
COLOUR = "#d6004f"
LABEL_OFFSET = 14  # points
MOVED = 1e-6  # of an axis's span; a smaller change of limits is rounding


def draw(marks: Marks, ax: Axes | None) -> Marks:
    """Draw marks on their own Axes or on others, in place of those that were drawn before.

    Raises:
        BadRequest: none of them can be drawn; the message says why.
    """
    if not marks:
        raise BadRequest("This answer has no marks: ask with --point, or point=True, about a figure.")
    on = [(mark, ax if ax is not None else mark.axes) for mark in marks]
    able = [(mark, axes) for mark, axes in on if axes is not None and _drawable(mark, ax is not None)]
    if not able:
        raise BadRequest(_why_none(marks))
    marks.remove()
    for mark, axes in able:
        marks.drawn += _artists(mark, axes)
    if len(able) < len(marks):
        drawn = {mark.number for mark, _ in able}
        others = ", ".join(str(mark.number) for mark in marks if mark.number not in drawn)
        notice(f"Not drawn, because they have no place on the figure: mark {others}.")
    for line in _moved(able if ax is None else []):
        notice(line)
    return marks


def _drawable(mark: Mark, on_others: bool) -> bool:
    """Tell whether a mark has data, or at least a place in its own Axes."""
    return mark.spot.numbers is not None or (not on_others and mark.spot.inside is not None)


def _why_none(marks: Marks) -> str:
    if all(mark.spot.numbers is None and mark.spot.inside is None for mark in marks):
        return (
            "None of the marks lies in Axes of matplotlib: answer.marks holds their pixels, and the answer "
            "shows them."
        )
    return "The figure that was sent is gone: plot it again, and write answer.draw(ax=ax)."


def _artists(mark: Mark, axes: Any) -> list[Any]:
    """Draw one mark: a dot or a rectangle at its data, and its number with the label beside it."""
    numbers = mark.spot.numbers
    if numbers is None:  # 3-D or polar: where it lies in the Axes is all that is known
        at, system = mark.spot.inside or (0.5, 0.5), "axes fraction"
    else:
        at, system = ((numbers[0] + numbers[2]) / 2, (numbers[1] + numbers[3]) / 2), "data"
    shape: list[Any] = []
    if numbers is not None and mark.is_box:
        shape, at = [_rectangle(numbers, axes)], numbers[2:]
    text = axes.annotate(
        f"{mark.number} {mark.label}".strip(),
        xy=at,
        xycoords=system,
        xytext=(LABEL_OFFSET, LABEL_OFFSET),
        textcoords="offset points",
        color=COLOUR,
        zorder=ABOVE_ALL,
        # The label is the model's: a formula in it could raise, and TeX runs programs.
        parse_math=False,
        usetex=False,
        annotation_clip=False,
        bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": COLOUR, "alpha": 0.85},
        arrowprops={"arrowstyle": "-", "color": COLOUR},
    )
    text.set_in_layout(False)
    return [*(shape or [_dot(at, system, axes)]), text]


def _rectangle(numbers: tuple[float, float, float, float], axes: Any) -> Any:
    from matplotlib.patches import Rectangle

    x0, y0, x1, y1 = numbers
    box = Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=COLOUR, linewidth=1.5, zorder=ABOVE_ALL)
    # add_artist leaves the limits as they are; add_patch would move them.
    return axes.add_artist(box)


def _dot(at: tuple[float, float], system: str, axes: Any) -> Any:
    from matplotlib.lines import Line2D

    transform = axes.transData if system == "data" else axes.transAxes
    dot = Line2D(
        [at[0]], [at[1]], marker="o", markersize=9, markerfacecolor="none", markeredgecolor=COLOUR,
        markeredgewidth=1.8, linestyle="none", transform=transform, zorder=ABOVE_ALL,
    )  # fmt: skip
    return axes.add_artist(dot)


def _moved(drawn: Iterable[tuple[Mark, Any]]) -> list[str]:
    """Say of which Axes the limits have changed since the picture was sent."""
    lines = {}
    for mark, axes in drawn:
        if not mark.spot.limits:
            continue
        now = (*axes.get_xlim(), *axes.get_ylim())
        spans = [abs(now[1] - now[0])] * 2 + [abs(now[3] - now[2])] * 2
        pairs = zip(mark.spot.limits, now, spans, strict=True)
        if any(abs(then - at) > MOVED * span for then, at, span in pairs):
            name = "an inset" if mark.axes_index is None else f"Axes {mark.axes_index}"
            lines[name] = f"The limits of {name} have changed since it was sent: the marks stand at their data."
    return list(lines.values())
