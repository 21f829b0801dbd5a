"""Keys and headers: where they are found, and which origin they may be sent to. Nothing shows them.

A key is bound to the origin it was given for. It is looked up in this session's memory (`%gemini_key`),
the environment variable of the service, Colab's and Kaggle's secrets under the same name, and the
system's keyring, in this order. Headers that a gateway wants are bound in the same way; they come from
memory (`%gemini_key --header NAME`) and from GEMINI_MAGICS_HEADERS, as a cell would save them. Nothing is
read from files of the working directory (CVE-2026-21852).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import BadRequest, MissingKey
from ..core.settings import unquoted
from . import keyrings
from .secret import HeaderValue, Key
from .services import LOOPBACK, SERVICES, Service, checked_url, origin_of

HEADERS_VARIABLE = "GEMINI_MAGICS_HEADERS"
# Headers that frame the message or belong to one connection (RFC 9110, 7.6.1 and 8), or that carry a secret
# with rules of its own (keys, cookies).
_OWN_HEADERS = re.compile(
    r"host|content-.*|cookie2?|set-cookie2?|authorization|proxy-.*|connection|keep-alive|te|trailer"
    r"|transfer-encoding|upgrade|expect|accept-encoding",
    re.IGNORECASE,
)


# The keys and headers of this session, by the origin that each may go to.
_memory: dict[str, Key] = {}
_headers: dict[str, dict[str, HeaderValue]] = {}


def remember(service: Service, text: str) -> None:
    """Keep a key for the service's origin, in memory, until the session ends.

    Raises:
        BadRequest: it cannot be a key, or the service needs none.
    """
    try:
        check_takes_key(service)
        _memory[service.origin] = Key(text)
    finally:
        text = ""  # a traceback of a refused key may show this frame's variables


def check_takes_key(service: Service) -> None:
    """Check that a service takes a key, before a person is asked for one.

    Raises:
        BadRequest: it needs none.
    """
    if not service.key_variable:
        raise BadRequest(f"The service {service.name} needs no key: just ask.")


def save(service: Service, text: str) -> str:
    """Keep a key in memory and in the system's keyring, both bound to the service's origin.

    Returns:
        The name of the backend that took it.

    Raises:
        BadRequest: it cannot be a key, or there is no keyring that takes it.
    """
    try:
        remember(service, text)
    finally:
        text = ""
    return keyrings.put(service.origin, _memory[service.origin])


def forget(service: Service) -> None:
    """Drop the service's key and headers from memory, and its key from the keyring.

    Raises:
        BadRequest: the keyring is locked or broken, and may still hold the key.
    """
    _memory.pop(service.origin, None)
    _headers.pop(service.origin, None)
    keyrings.drop(service.origin)


def find_key(service: Service) -> Key | None:
    """Return the key for a service, or None where it may need none.

    That is the demo, an address on this machine, or a gateway that has headers of its own.

    Call it from the thread that runs the cell: Colab's secrets are asked through the frontend.

    Raises:
        MissingKey: there is none; the message lists each place that was looked in.
        BadRequest: the text that was found cannot be a key.
    """
    if not service.key_variable:
        return None
    looked_in = []
    local = urlsplit(service.base_url).hostname in LOOPBACK
    for place, find in _places(service, local):
        if key := find():
            return key
        looked_in.append(place)
    if local or find_headers(service):
        return None
    raise MissingKey(
        f"There is no key for {service.name} ({service.origin}); looked in {', '.join(looked_in)}. "
        f"Set {service.key_variable}, type %gemini_key {service.name}, "
        'or try without a key: %config GeminiMagics.service = "demo".',
        service=service.name,
    )


def at_hand(service: Service) -> bool:
    """Tell whether the memory of this session or the environment holds a key of a service.

    Raises:
        BadRequest: the environment holds a text that cannot be a key.
    """
    if not service.key_variable:
        return False
    return bool(_memory.get(service.origin) or _key_or_none(os.environ.get(service.key_variable)))


def look_for_key(service: Service) -> tuple[str, list[str]]:
    """Return the first place that has a key for a service, or "", and the places that were looked in.

    Raises:
        BadRequest: a place holds a text that cannot be a key.
    """
    looked_in = []
    for place, find in _places(service, urlsplit(service.base_url).hostname in LOOPBACK):
        looked_in.append(place)
        if find():
            return place, looked_in
    return "", looked_in


def check_header_name(name: str) -> None:
    """Check that a person may set a header.

    Raises:
        BadRequest: it is not a name (RFC 9110, 5.6.2), or one that only this package sets.
    """
    if not re.fullmatch(r"[!#$%&'*+.^`|~\w-]+", name, re.ASCII):
        raise BadRequest("The name of a header has letters, digits and hyphens only, as in x-portkey-provider.")
    if _OWN_HEADERS.fullmatch(name.replace("_", "-")):  # some servers take the two for one (RFC 3875, 4.1.18)
        raise BadRequest(
            f"The header {name.lower()} cannot be set: gemini_magics or HTTP sets it. A key goes into "
            "%gemini_key."
        )


def remember_header(service: Service, name: str, text: str) -> None:
    """Keep a header for the service's origin, in memory, until the session ends.

    Raises:
        BadRequest: the name or the value cannot be used, or the service has no address yet.
    """
    try:
        check_header_name(name)
        if not service.base_url:
            raise BadRequest(f"The service {service.name} takes no header: just ask.")
        _headers.setdefault(service.origin, {})[name.lower()] = HeaderValue(text)
    finally:
        text = ""  # as in `remember`


def find_headers(service: Service) -> Mapping[str, Key]:
    """Return the headers for a service, by name: those of the environment, then those of this session.

    GEMINI_MAGICS_HEADERS belongs to GEMINI_MAGICS_BASE_URL where that is set, else to the address that the
    person gave. No built-in service gets it, as none gets GEMINI_MAGICS_API_KEY.

    Raises:
        BadRequest: the variable is not a JSON object of texts, or holds what cannot be used.
    """
    meant = os.environ.get("GEMINI_MAGICS_BASE_URL", "")
    fits = service.custom and (not meant.strip() or origin_of(checked_url(meant)) == service.origin)
    return {**(_from_environment() if fits else {}), **_headers.get(service.origin, {})}


def _from_environment() -> dict[str, HeaderValue]:
    """Read GEMINI_MAGICS_HEADERS. Its errors name headers, and never hold a value."""
    if not os.environ.get(HEADERS_VARIABLE):
        return {}
    try:
        given = json.loads(unquoted(os.environ[HEADERS_VARIABLE]) or "{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        given = None
        raise BadRequest(
            f'{HEADERS_VARIABLE} must be a JSON object of texts, as in {{"x-portkey-provider": "openai"}}.'
        )
    headers: dict[str, HeaderValue] = {}
    value = ""
    try:
        for name, value in given.items():
            check_header_name(name)
            headers[name.lower()] = HeaderValue(value)
        return headers
    finally:
        given, value = None, ""  # as in `remember`


def known() -> Iterator[tuple[str, Key]]:
    """Yield the keys and header values at hand, those of this session and those in the environment.

    Each comes after whose it is: "the key of kie", "the key in OPENROUTER_API_KEY". Words that a local
    server takes as a key may stand in any text, and are left out.
    """
    rows = {row.origin: row.name for row in SERVICES.values() if row.base_url}
    for origin, key in list(_memory.items()):
        if origin in rows or not key.is_words:
            yield f"the key of {rows.get(origin, origin)}", key
    for row in SERVICES.values():
        with suppress(BadRequest):  # a text that cannot be a key is not sent as one
            key_or_none = _key_or_none(os.environ.get(row.key_variable)) if row.key_variable else None
            if key_or_none and (row.base_url or not key_or_none.is_words):
                yield f"the key in {row.key_variable}", key_or_none
    in_environment: dict[str, HeaderValue] = {}
    with suppress(BadRequest):
        in_environment = _from_environment()
    for headers in (in_environment, *list(_headers.values())):
        for name, value in headers.items():
            if not value.is_words:
                yield f"the value of the header {name}", value


def _places(service: Service, local: bool) -> Iterator[tuple[str, Callable[[], Key | None]]]:
    """Yield the places where a service's key can be, each with the function that looks there."""
    name = service.key_variable
    yield "this session (%gemini_key)", lambda: _memory.get(service.origin)
    yield f"the environment ({name})", lambda: _key_or_none(os.environ.get(name))
    if local:
        return
    if "google.colab" in sys.modules:
        yield f"Colab's secrets ({name}, with notebook access)", lambda: _from_store(_colab, name)
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        yield f"Kaggle's secrets ({name})", lambda: _from_store(_kaggle, name)
    if keyrings.installed():
        yield "the keyring", lambda: _from_store(keyrings.get, service.origin)


def in_keyring(services: Iterable[Service]) -> list[Service]:
    """Return those services whose keys the system's keyring holds."""
    if not keyrings.installed():
        return []
    return [each for each in services if each.key_variable and _is_kept(each.origin)]


def _is_kept(origin: str) -> bool:
    try:
        return _from_store(keyrings.get, origin) is not None
    except BadRequest:  # another program has put a text there that cannot be a key
        return True


def _key_or_none(text: str | None) -> Key | None:
    try:
        return Key(text) if text and text.strip() else None
    finally:
        text = None


def _from_store(store: Callable[[str], Any], name: str) -> Key | None:
    try:
        return _key_or_none(store(name))
    except (BadRequest, KeyboardInterrupt):
        raise
    except BaseException:  # noqa: BLE001 - a store that is locked, refuses or is broken is one without our key
        return None


def _colab(name: str) -> Any:
    from google.colab import userdata

    return userdata.get(name)


def _kaggle(name: str) -> Any:
    from kaggle_secrets import UserSecretsClient

    return UserSecretsClient().get_secret(name)
