"""Plotly and Altair: drawn by their own exporters, where these are installed."""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import Any

from ..core.errors import CannotAttach
from ..core.messages import Attachment
from ..core.settings import Settings
from .media import picture

SCALE = 2  # pixels for each of the chart's own


def plotly(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw a plotly figure with kaleido."""
    _need("kaleido", "kaleido", "plotly", name)
    return _chart(value.to_image(format="png", scale=SCALE), name, settings)


def altair(value: Any, name: str, settings: Settings) -> Attachment:
    """Draw an Altair chart with vl-convert."""
    _need("vl_convert", "vl-convert-python", "Altair", name)
    file = io.BytesIO()
    value.save(file, format="png", scale_factor=SCALE)
    return _chart(file.getvalue(), name, settings)


def _need(module: str, package: str, library: str, name: str) -> None:
    if find_spec(module) is None:
        raise CannotAttach(
            f"{name} is a chart of {library}, which draws it with {package}: %pip install {package}."
        )


def _chart(data: bytes, name: str, settings: Settings) -> Attachment:
    media, note = picture(data, name, settings)
    return Attachment(name, "chart", media, note)
