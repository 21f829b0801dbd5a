"""The services that a question can go to: a table with one row for each.

A row holds the service's address, the variable of its key, and how it spells the few things in which the
dialects of the protocol differ. Only `request` knows what a spelling looks like in JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from ..core.errors import BadRequest
from ..core.settings import Settings, unquoted
from ..core.text import did_you_mean, quoted, url_without_secrets


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL (RFC 6454)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Service:
    """One row of the table.

    Attributes:
        name: what people type after `--service`.
        base_url: the address before "/chat/completions"; "{model}" stands where the model goes.
        model: the model that is asked unless another is named; "" where the person must name one.
        key_variable: the environment variable that holds its key; "" where none is needed.
        efforts: the efforts it knows.
        usual_effort: the effort that Gemini is asked with there unless one is chosen; "" sends none.
        effort: how an effort is spelled: "flat" or "nested".
        thoughts: how thoughts are asked for: "flag", "google", "exclude" or "" (not at all).
        built_in: the tools that the service runs itself, by the setting that asks for them, as they stand in
            `tools`.
        functions: True where its documentation says that a person's own functions may stand in `tools`.
        search_with_functions: True where both may stand in one request.
        content: how the result of a function is sent: as a "text", or in "parts" where each content must be
            an array.
        tiers: the price tiers that it documents beside its usual one.
        media: how a medium that is not a picture is sent: "image_url" for all alike, "audio" where sounds
            are apart, or "typed" where sounds, films and documents are.
        schema: True where a request can carry a JSON schema for the answer; elsewhere it is put in words.
        usage_on_request: True where a stream tells its usage only when asked.
        model_in_body: False where the address alone says which model answers.
        starts: how many questions may begin within `window_s`; 0 where nobody says.
        window_s: the length of that sliding window, in seconds.
        custom: True for an address that the person gave.
        asked_effort: the effort that a question is sent with, which `find` decides; "" sends none.
        origin: scheme, host and port: a key is bound to them.
    """

    name: str
    base_url: str
    model: str
    key_variable: str
    efforts: tuple[str, ...] = ("low", "high")
    usual_effort: str = "high"
    effort: str = "flat"
    thoughts: str = ""
    built_in: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    functions: bool = True
    search_with_functions: bool = False
    content: str = "text"
    tiers: tuple[str, ...] = ()
    media: str = "image_url"
    schema: bool = False
    usage_on_request: bool = False
    model_in_body: bool = True
    starts: int = 0
    window_s: float = 0.0
    custom: bool = False
    asked_effort: str = ""
    origin: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", origin_of(self.base_url))

    @property
    def search(self) -> bool:
        """True where it offers a web search."""
        return "search" in self.built_in


_GOOGLE_SEARCH = {"search": {"type": "function", "function": {"name": "googleSearch"}}}
# https://openrouter.ai/docs/guides/features/server-tools: they stand beside a person's own functions.
_OPENROUTER_SEARCH = {"search": {"type": "openrouter:web_search"}}

SERVICES = {
    row.name: row
    for row in (
        Service(
            "kie", "https://api.kie.ai/{model}/v1", "gemini-3.1-pro", "KIE_API_KEY",
            thoughts="flag", built_in=_GOOGLE_SEARCH, functions=False, content="parts", model_in_body=False,
            starts=20, window_s=10.0,
        ),
        Service(
            "google", "https://generativelanguage.googleapis.com/v1beta/openai",
            "gemini-3.1-pro-preview", "GEMINI_API_KEY",
            efforts=("minimal", "low", "medium", "high"),
            tiers=("flex",), thoughts="google", media="audio", schema=True, usage_on_request=True,
        ),
        Service(
            "openrouter", "https://openrouter.ai/api/v1", "google/gemini-3.1-pro-preview", "OPENROUTER_API_KEY",
            efforts=("minimal", "low", "medium", "high"),
            effort="nested", tiers=("flex",), thoughts="exclude", media="typed", schema=True,
            built_in=_OPENROUTER_SEARCH, search_with_functions=True,
        ),
        Service(
            "openai", "", "", "GEMINI_MAGICS_API_KEY",
            efforts=("minimal", "low", "medium", "high"), usual_effort="", schema=True, usage_on_request=True,
        ),
        Service(
            "demo", "", "gemini-3.1-pro", "",
            tiers=("flex",), thoughts="flag", built_in=_GOOGLE_SEARCH, content="parts", model_in_body=False,
        ),
    )
}  # fmt: skip
AUTO = "auto"  # `decided` puts the name of a row in its place
CHOICES = (*SERVICES, AUTO)
SHORTEST_KEY = 16  # characters; the longest name of a service has 10
_TAKES_EFFORT = re.compile(r"gemini-(?![12]\b)", re.IGNORECASE)
_LABEL = re.compile("[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")  # RFC 1035, 2.3.1; Docker's names have "_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def find(settings: Settings, *, demo_address: str = "") -> Service:
    """Return the row for a question, with the address, the model and the effort that it is asked with.

    A `base_url` replaces the row's own address and keeps its spelling; its key is then
    GEMINI_MAGICS_API_KEY alone, so that no service's key reaches another host.

    Args:
        demo_address: where the demo listens, which has no address in the table.

    Raises:
        BadRequest: there is no such service; the address is not one that a key may be sent to; no model
            is known; or the service does not know the effort, the search or the tier that is asked for.
    """
    name = settings.service
    if name not in SERVICES:
        raise no_service(name)
    row = SERVICES[name]
    asked: dict[str, Any] = {"model": settings.model or row.model, "asked_effort": effort_of(settings) or ""}
    if settings.base_url:
        asked |= {
            "base_url": checked_url(settings.base_url),
            "key_variable": "GEMINI_MAGICS_API_KEY",
            "custom": True,
            "functions": True,  # the documentation is another's
        }
    elif not row.base_url and name == "demo":
        asked["base_url"] = demo_address
    elif not row.base_url:
        raise BadRequest(
            f"The service {name} needs an address: set GEMINI_MAGICS_BASE_URL or %config GeminiMagics.base_url."
        )
    row = replace(row, **asked)
    if not row.model:
        raise BadRequest(f"The service {name} needs the name of a model: add --model NAME.")
    if row.model.strip() in (".", ".."):  # in a path they name a folder (RFC 3986, 3.3)
        raise BadRequest(f"{quoted(row.model)} is not the name of a model: correct --model.")
    if settings.effort and settings.effort not in row.efforts:
        raise BadRequest(
            f"The service {name} has no effort {quoted(settings.effort)}; it takes {', '.join(row.efforts)}."
        )
    if settings.search and not row.search:
        able = ", ".join(other.name for other in SERVICES.values() if other.search)
        raise BadRequest(f"The service {name} offers no search; leave --search out, or ask {able}.")
    if settings.tier and settings.tier not in row.tiers:
        able = ", ".join(other.name for other in SERVICES.values() if settings.tier in other.tiers)
        raise BadRequest(
            f"The service {name} documents no tier {settings.tier}; leave --tier out, or ask {able}. To try it "
            f'all the same: --extra \'{{"service_tier": "{settings.tier}"}}\'.'
        )
    return row


def no_service(name: str) -> BadRequest:
    """Make the error for an unknown service. A long name is not repeated: it may be a key."""
    named = f"service {name!r}" if len(name) < SHORTEST_KEY else "such service"
    return BadRequest(f"There is no {named}. {did_you_mean(name, CHOICES)}")


def effort_of(settings: Settings) -> str | None:
    """Return the effort that a question is sent with: the chosen one, or the usual one of the service.

    Efforts belong to the model, and a model without them answers 400. So where nobody chose one, it is sent
    only to a model that is known to take it, which is Gemini from 3 on
    (https://ai.google.dev/gemini-api/docs/thinking#thinking-levels). kie documents the field for itself.
    """
    row = SERVICES.get(settings.service)
    if settings.effort or row is None:
        return settings.effort
    model = settings.model or row.model
    known = not row.model_in_body or model == row.model or _TAKES_EFFORT.search(model)
    return row.usual_effort or None if known else None


@lru_cache(maxsize=8)  # each row of a batch asks
def checked_url(base_url: str) -> str:
    """Return the address of a service as it is used: the host in lower case, no closing slash.

    Raises:
        BadRequest: a key may not be sent to it, or a request to it would ask for another path.
    """
    base_url = unquoted(base_url)
    if wrong := _wrong_characters(base_url):
        raise BadRequest(f"The address of the service {wrong}: correct base_url.")
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port  # reading the port checks it
    except ValueError:
        raise BadRequest(
            "The address of the service is not a valid URL: its host or its port, from 1 to 65535, is wrong. "
            "Correct base_url."
        ) from None
    if parts.username is not None:
        raise BadRequest(
            "The address of the service must not hold a name and password: the key is GEMINI_MAGICS_API_KEY."
        )
    local = parts.scheme == "http" and host in LOOPBACK
    if not (parts.scheme == "https" or local) or not host:
        raise BadRequest(
            f"The address {quoted(url_without_secrets(base_url))} must begin with https://; http:// is for "
            "127.0.0.1 and localhost only."
        )
    if {"?", "#"} & set(base_url):
        raise BadRequest(
            "The address of the service must end with its path: /chat/completions follows it, so no ? or # may "
            "stand in it. Correct base_url."
        )
    if wrong := _wrong_parts(parts, host, port):
        raise BadRequest(f"The address of the service {wrong}: correct base_url.")
    host = f"[{host}]" if ":" in host else host
    netloc = f"{host}:{port}" if port is not None else host
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return f"{parts.scheme}://{netloc}{path}"


def _wrong_characters(url: str) -> str:
    """Name a character that a URL cannot hold. urlsplit drops tabs and newlines instead (bpo-43882)."""
    if re.search("%(?![0-9A-Fa-f]{2})", url):
        return "holds a % without the two hexadecimal digits of a character"
    for character in url.replace("{model}", ""):
        if character.isspace() or not character.isprintable():
            return "holds white space or a control character"
        if not character.isascii():
            return f"holds U+{ord(character):04X}: write a host as xn--..., and a path with %XX"
        if character in '\\"<>^`|{}':
            return f"holds {character}"
    return ""


def _wrong_parts(parts: SplitResult, host: str, port: int | None) -> str:
    if any(unquote(segment) in (".", "..") for segment in parts.path.split("/")):
        return "must not hold . or .. as a part of its path"
    if port == 0:
        return "has the port 0"
    if "[" in parts.netloc:
        return "" if _is_ipv6(host) else "has a host that is not a valid IPv6 address"
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        return "has a host that is not valid: its parts have 1 to 63 letters, digits and hyphens"
    return ""


def _is_ipv6(host: str) -> bool:
    try:
        return not IPv6Address(host).scope_id
    except ValueError:
        return False
