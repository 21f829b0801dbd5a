"""The session's defaults: a trait for every setting, so that %config and ipython_config.py reach them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from traitlets import Bool, Dict, Enum, Float, Integer, TraitError, TraitType, Unicode, validate
from traitlets.config import Configurable

from ..core.budget import Budget
from ..core.errors import BadRequest
from ..core.settings import Settings
from ..service.services import SERVICES, no_service

_TRAITS = {
    "bool": Bool, "int": Integer, "float": Float, "str": Unicode,
    "float | None": Float, "str | None": Unicode,
}  # fmt: skip


def _trait(setting: Field[Any]) -> TraitType[Any, Any]:
    """Make the trait of a setting. None is every trait's default: "not chosen in this session"."""
    about = setting.metadata
    default = {} if setting.default is MISSING else setting.default
    text = f"{about['help'][0].upper()}{about['help'][1:]}. Unless set: {default!r}."
    if about["choices"]:
        return Enum(about["choices"], None, allow_none=True, help=text).tag(config=True)
    trait = _TRAITS.get(str(setting.type), Dict)
    return trait(default_value=None, allow_none=True, help=text).tag(config=True)


class _Defaults(Configurable):
    def values(self) -> Mapping[str, Any]:
        """Return what was chosen for this session; None for what was not."""
        return {setting.name: getattr(self, setting.name) for setting in fields(Settings)}

    @validate("service")
    def _is_a_service(self, proposal: Mapping[str, Any]) -> str | None:
        if proposal["value"] not in (None, *SERVICES):
            raise TraitError(str(no_service(proposal["value"])))
        return proposal["value"]

    @validate("budget")
    def _is_a_budget(self, proposal: Mapping[str, Any]) -> str | None:
        try:
            Budget.read(proposal["value"] or "")
        except BadRequest as error:
            raise TraitError(str(error)) from None  # traitlets then keeps the value from before
        return proposal["value"]


SessionDefaults = type(Configurable)(
    "SessionDefaults", (_Defaults,), {setting.name: _trait(setting) for setting in fields(Settings)}
)
