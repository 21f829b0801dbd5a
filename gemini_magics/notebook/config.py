"""The defaults of the session: a trait for each setting, for %config and ipython_config.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from traitlets import Bool, Dict, Enum, Float, Integer, TraitError, TraitType, Unicode, validate
from traitlets.config import Configurable

from ..core.errors import BadRequest
from ..core.settings import Budget, Settings, session_defaults
from ..service.services import CHOICES, no_service

# By the text of the annotation: https://peps.python.org/pep-0563/ leaves it unevaluated.
_TRAITS = {
    "bool": Bool, "int": Integer, "float": Float, "str": Unicode,
    "float | None": Float, "str | None": Unicode,
}  # fmt: skip


class _Amount(Unicode):  # type: ignore[type-arg] # traitlets 5.7 has no Unicode[...]
    """A text; the error for a number says which text is meant."""

    def validate(self, obj: Any, value: Any) -> Any:
        if isinstance(value, (int, float)):
            try:
                Budget.read(value)
            except BadRequest as error:
                raise TraitError(str(error)) from None
        return super().validate(obj, value)


def _trait(setting: Field[Any]) -> TraitType[Any, Any]:
    """Make the trait of a setting; its default is None, which means "not set in this session"."""
    # https://traitlets.readthedocs.io/en/stable/config.html
    about = setting.metadata
    default = {} if setting.default is MISSING else setting.default
    text = f"{about['help'][0].upper()}{about['help'][1:]}."
    if default is not None:
        text += f" Unless set: {default!r}."
    if about["choices"]:
        trait: TraitType[Any, Any] = Enum(about["choices"], None, allow_none=True, help=text)
    elif setting.name == "budget":
        trait = _Amount(default_value=None, allow_none=True, help=text)
    else:
        trait = _TRAITS.get(str(setting.type), Dict)(default_value=None, allow_none=True, help=text)
    trait.tag(config=True)
    return trait


class SessionDefaults(Configurable):
    """The settings of this session: one trait for each setting."""

    # traitlets sets traits up when the class is made, so they must stand in its body, whose names this changes:
    # https://docs.python.org/3/library/functions.html#locals
    locals().update({setting.name: _trait(setting) for setting in fields(Settings)})

    def values(self) -> dict[str, Any]:
        """Return the settings that were set in this session, by name."""
        chosen = {setting.name: getattr(self, setting.name) for setting in fields(Settings)}
        return {name: value for name, value in chosen.items() if value is not None}

    def apply(self) -> None:
        """Make the settings of this session the defaults of each question, now and when they change."""
        session_defaults.clear()
        session_defaults.update(self.values())
        self.observe(self._keep, [setting.name for setting in fields(Settings)])

    def withdraw(self) -> None:
        """Undo `apply`: the defaults come from the environment and the package again."""
        self.unobserve(self._keep, [setting.name for setting in fields(Settings)])
        session_defaults.clear()

    def _keep(self, change: Mapping[str, Any]) -> None:
        # Absent, and not None, where it is not set: then the environment decides.
        session_defaults.pop(change["name"], None)
        if change["new"] is not None:
            session_defaults[change["name"]] = change["new"]

    @validate("service")
    def _check_service(self, proposal: Mapping[str, Any]) -> str | None:
        service: str | None = proposal["value"]
        if service is not None and service not in CHOICES:
            raise TraitError(str(no_service(service)))
        return service

    @validate("budget")
    def _check_budget(self, proposal: Mapping[str, Any]) -> str | None:
        budget: str | None = proposal["value"]
        try:
            Budget.read(budget or "")
        except BadRequest as error:
            # traitlets then keeps the previous value:
            # https://traitlets.readthedocs.io/en/stable/using_traitlets.html#custom-cross-validation
            raise TraitError(str(error)) from None
        return budget
