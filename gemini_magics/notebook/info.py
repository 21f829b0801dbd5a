"""Facts for a bug report: versions, services, where keys are, proxies, the frontend.

It shows no key, user, password, query or header, and writes the home folder as ~.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from IPython.core.getipython import get_ipython

from ..core.errors import GeminiError
from ..core.settings import Settings, resolve, session_defaults, unquoted
from ..core.text import listed, one_line
from ..service.auto import decided
from ..service.certificates import KEY_LOG, VARIABLES
from ..service.keys import look_for_key
from ..service.proxies import proxy_for
from ..service.services import AUTO, CHOICES, SERVICES, Service, checked_url, origin_of
from .frontend import Frontend

# Beside the package's own requirements, what frontends and problems depend on.
_BESIDE = ("ipykernel", "jupyterlab", "notebook", "jupyter_client", "matplotlib", "pandas", "numpy", "keyring")
_VALUE_CHARS = 120
_PLAIN = ("GEMINI_MAGICS_SERVICE", "GEMINI_MAGICS_DEMO_WORDS_PER_S")  # variables whose values are not secret
_PLAIN_CHARS = 12  # a longer value may be a key in the wrong place
_FLOOR = re.compile(r"([\w.-]+)\s*([^;]*)")


def report() -> str:
    """Return the lines, for people and for a bug report."""
    parts = (_versions, _frontend, _services, _environment, _network, _demo)
    return "\n\n".join("\n".join(part()) for part in parts)


def _versions() -> Iterator[str]:
    python = f"Python {platform.python_version()}, {platform.platform()}"
    yield f"gemini_magics {_version('gemini_magics')}, {python}"
    for requirement in _requirements():
        name, floor = _FLOOR.match(requirement).groups()  # type: ignore[union-attr]  # a requirement has a name
        yield f"  {name} {_version(name)}" + (f" (needs {floor.strip()})" if floor.strip() else "")
    for name in _BESIDE:
        yield f"  {name} {_version(name)}"


def _requirements() -> list[str]:
    try:
        # What only an extra needs may well be missing.
        return sorted(each for each in requires("gemini_magics") or [] if "extra ==" not in each)
    except PackageNotFoundError:  # it is run from a folder, and installed nowhere
        return []


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "is not installed"


def _frontend() -> Iterator[str]:
    shell = get_ipython()
    if shell is None:
        yield "frontend: none, this is not a notebook; there, %gemini_info tells it"
        return
    here = Frontend.of(shell)
    able = {
        "names its cells": bool(here.cell_id),
        "has an input field": here.allows_input,
        "shows widgets": here.shows_widgets,
    }
    told = ", ".join(f"{what}: {'yes' if yes else 'no'}" for what, yes in able.items())
    yield f"frontend: {here.kind}; {told}"


def _services() -> Iterator[str]:
    settings = resolve({})
    known = settings.service if settings.service in CHOICES else "an unknown one"  # it may be a key
    yield f"service: {known}, chosen by {_chooser()}"
    try:
        if settings.service == AUTO:
            yield f"  auto asks {decided(settings).service}"
        if settings.base_url:
            yield f"  at the address {origin_of(checked_url(settings.base_url))}"
    except GeminiError as error:
        yield f"  {one_line(str(error), _VALUE_CHARS)}"
    for row in _rows(settings):
        yield f"  {row.name}: {_key_of(row)}"


def _chooser() -> str:
    if session_defaults.get("service"):
        return "this session"
    return "GEMINI_MAGICS_SERVICE" if os.environ.get("GEMINI_MAGICS_SERVICE") else "nobody: it is the default"


def _rows(settings: Settings) -> Iterator[Service]:
    """Yield the services; the one in use with the address that the person gave it."""
    for row in SERVICES.values():
        own = settings.base_url if row.name == settings.service else None
        if own:
            try:
                row = replace(row, base_url=checked_url(own), key_variable="GEMINI_MAGICS_API_KEY", custom=True)
            except GeminiError:  # the line of the address tells it
                continue
        yield row


def _key_of(row: Service) -> str:
    if not row.key_variable:
        return "needs no key"
    if not row.base_url:
        return f"has no address; its key is {row.key_variable}"
    try:
        found, looked_in = look_for_key(row)
    except GeminiError as error:
        return one_line(str(error), _VALUE_CHARS)
    return f"there is a key in {found}" if found else f"no key in {listed(looked_in)}"


def _environment() -> Iterator[str]:
    """Tell which variables of ours are set; the values of those alone that are words of our own lists."""
    names = [name for name in sorted(os.environ) if name.startswith("GEMINI_MAGICS_")]
    yield "environment:" if names else "environment: no variable of gemini_magics is set"
    for name in names:
        plain = name in _PLAIN and len(os.environ[name]) < _PLAIN_CHARS
        yield f"  {name}" + (f" = {one_line(os.environ[name], _VALUE_CHARS)}" if plain else " is set")


def _network() -> Iterator[str]:
    yield "network:"
    for row in SERVICES.values():
        if row.base_url:
            yield f"  {row.name}: {_proxy_to(row.base_url)}"
    trusted = next((name for name in VARIABLES if os.environ.get(name)), "")
    place = f"{_at_home(unquoted(os.environ[trusted]))}, by {trusted}" if trusted else "those of certifi"
    yield f"  certificates: {place}"
    if os.environ.get(KEY_LOG):
        yield f"  {KEY_LOG} is set: it writes the keys of connections to a file"


def _proxy_to(url: str) -> str:
    try:
        proxy = proxy_for(url)
    except GeminiError as error:
        return one_line(str(error), _VALUE_CHARS)
    if proxy is None:
        return "no proxy"
    login = " with a login" if proxy.auth else ""
    return f"proxy {proxy.url}{login}, by {proxy.variable}"


def _at_home(path: str) -> str:
    try:
        home = str(Path.home())
    except RuntimeError:
        # There is no home: https://docs.python.org/3/library/pathlib.html#pathlib.Path.home
        return one_line(path, _VALUE_CHARS)
    # In some containers the home is "/", and then each path would be inside of it.
    inside = home != "/" and (path == home or path.startswith(home.rstrip("/") + "/"))
    return one_line("~" + path[len(home.rstrip("/")) :] if inside else path, _VALUE_CHARS)


def _demo() -> Iterator[str]:
    """Ask the demo of this session for its balance, a question that leaves nothing in the session."""
    from ..chat.run import service_of
    from ..service.delivery import credits_left

    settings = Settings(service="demo")
    try:
        credits_left(service_of(settings), settings)
        yield "demo: answers"
    except GeminiError as error:
        yield f"demo: {one_line(str(error), _VALUE_CHARS)}"
