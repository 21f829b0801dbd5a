"""Charts and other things that draw themselves: each by its library's own exporter, where it is installed."""

from __future__ import annotations

import io
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..core.errors import CannotAttach
from ..core.messages import Attachment
from ..core.settings import Settings
from . import figures, svg
from .class_names import is_a
from .files import from_bytes, text
from .images import picture

if TYPE_CHECKING:
    from PIL.Image import Image

SCALE = 2  # pixels for each of the chart's own
PAGE_DPI = 144


def plotly(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw a plotly figure with kaleido."""
    _need("kaleido", "kaleido", "plotly", name)
    try:
        data = value.to_image(format="png", scale=SCALE)
    except RuntimeError as error:
        if "Chrome" not in str(error):
            raise
        raise CannotAttach(
            f"{name} is a chart of plotly, which kaleido draws in Chrome or Chromium; neither is here: run "
            "plotly_get_chrome in a terminal."
        ) from None
    return _chart(data, name, settings)


def altair(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw an Altair chart with vl-convert, through its SVG.

    Its PNG has wrong colours where it is half transparent (`svg.chart`).
    """
    _need("vl_convert", "vl-convert-python", "Altair", name)
    file = io.StringIO()
    value.save(file, format="svg")
    return _chart(svg.chart(file.getvalue(), SCALE, name), name, settings)


def bokeh(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw what bokeh shows with selenium and a browser."""
    _need("selenium", "selenium", "bokeh", name)
    from bokeh.io.export import get_screenshot_as_png

    return _chart(get_screenshot_as_png(value), name, settings)


def holoviews(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw what holoviews and hvplot show: with matplotlib where that is loaded, else with bokeh."""
    # The thing is of its class, so it is loaded.
    library = sys.modules["holoviews"]
    backend = "matplotlib" if "matplotlib" in library.Store.renderers else library.Store.current_backend
    drawn = library.render(value, backend=backend)
    if artists := figures.artists_in(drawn):  # a figure, or an animation of one
        return figures.plotted(artists, name, settings)
    return plotly(drawn, name, settings) if backend == "plotly" else bokeh(drawn, name, settings)


def folium(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw a map of folium with selenium and a browser."""
    _need("selenium", "selenium", "folium", name)
    return _chart(value._to_png(), name, settings)  # its `_repr_png_` asks for a flag first


def sympy(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw a plot of sympy, whether it was shown or not."""
    if not hasattr(value, "process_series"):
        raise CannotAttach(
            f"{name} is a plot of sympy without matplotlib: %pip install matplotlib, then plot it."
        )
    value.process_series()
    return figures.figure(value.fig, name, settings)


def sklearn(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw the figure of a display of scikit-learn."""
    if not is_a(getattr(value, "figure_", None), "matplotlib.FigureBase"):
        raise CannotAttach(f"{name} is not drawn yet: write {name}.plot() first.")
    return figures.plotted([value.figure_], name, settings)


def graphviz(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw a graph of graphviz, or send its source where the program is not there."""
    try:
        drawing = value.pipe(format="svg", encoding="utf-8")
    except sys.modules["graphviz"].ExecutableNotFound:
        return text(value.source, name, "as source; install the program Graphviz to send its picture")
    return svg.svg(drawing, name, settings)


def pixmap(value: Any, name: str, settings: Settings) -> Attachment:
    """Send the pixels of pymupdf, or draw its page."""
    pixels = value.get_pixmap(dpi=PAGE_DPI) if is_a(value, "pymupdf.Page") else value
    return from_bytes(pixels.tobytes("png"), name, settings)


def _need(module: str, package: str, library: str, name: str) -> None:
    if find_spec(module) is None:
        raise CannotAttach(
            f"{name} is a chart of {library}, which draws it with {package}: %pip install {package}."
        )


def _chart(data: bytes | Image, name: str, settings: Settings) -> Attachment:
    media, note = picture(data, name, settings)
    return Attachment(name, "chart", media, note)
