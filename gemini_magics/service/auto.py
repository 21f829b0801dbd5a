"""`auto`: the one service whose key is at hand, or else the demo."""

from __future__ import annotations

from dataclasses import replace

from ..core.errors import BadRequest
from ..core.settings import Settings
from ..core.text import listed
from .keys import at_hand
from .services import AUTO, SERVICES


def decided(settings: Settings) -> Settings:
    """Return settings that name a service where they say `auto`; other settings as they are.

    An address of one's own is asked as an OpenAI-style server. Else the key of a service chooses it, in the
    memory of this session or in the environment; without a key it is the demo. Nothing else is looked at, so
    no question goes to a company that nobody named and whose key nobody gave.

    Raises:
        BadRequest: there are keys of several services.
    """
    if settings.service != AUTO:
        return settings
    found = ["openai"] if settings.base_url else [row.name for row in SERVICES.values() if at_hand(row)]
    if len(found) > 1:
        raise BadRequest(
            f"There are keys of {listed(found, 'and')}, and auto chooses none of them: name the service, as in "
            f'%config GeminiMagics.service = "{found[0]}" or --service {found[0]}.'
        )
    return replace(settings, service=found[0] if found else "demo")
