"""The settings that a panel shows, with the choices that the service in use has."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ...core.errors import BadRequest
from ...core.settings import Settings
from ...core.text import whole_characters
from ...service.auto import decided
from ...service.services import CHOICES, SERVICES, effort_of

SHOWN = ("service", "model", "effort", "thoughts", "search", "point", "system")


def settings_for_page(settings: Settings) -> dict[str, Any]:
    """Return the values of the settings that a page shows, and what may be chosen for them."""
    asked = settings
    with suppress(BadRequest):  # there are keys of several services, and the next question says so
        asked = decided(settings)
    row, effort = SERVICES.get(asked.service), effort_of(asked) or ""
    return {
        **{name: whole_characters(getattr(settings, name) or "") for name in ("service", "model", "system")},
        "effort": effort,
        "thoughts": settings.thoughts,
        "search": settings.search,
        "point": settings.point,
        "services": list(CHOICES),
        "efforts": [*([] if effort else [""]), *(row.efforts if row else [effort])],
        "searches": bool(row and row.search),
        "usual_model": row.model if row else "",
    }
