"""Keys: where they are found, whom they may be sent to, and that nobody reads them anywhere.

A key is bound to the origin it was given for. The places, in this order: this session's memory
(`%gemini_key`), the environment variable of the service, Colab's and Kaggle's secrets under the same
name, the system's keyring. Nothing is read from files of the working directory.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import BadRequest, NoKey
from .services import LOOPBACK, SERVICES, Service

KEYRING = "gemini_magics"
SECRET_CHARS = 8  # a shorter key, such as a local server's "none", may stand in any text


class Key:
    """A key that shows itself to nobody but the client, which calls `reveal`.

    Raises:
        BadRequest: it is empty, or holds what no header can carry: white space, a character beyond ASCII.
    """

    __slots__ = ("reveal",)
    reveal: Callable[[], str]

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not re.fullmatch("[!-~]+", text):
            # Whoever shows the local variables of this frame must not see what was typed.
            text = _complaint(text)
            raise BadRequest(text)
        # A function's closure is in no repr, no vars() and no pickle.
        self.reveal = lambda: text

    def __repr__(self) -> str:
        return "Key(•••)"

    def is_in(self, data: bytes) -> bool:
        """True if the key stands in these bytes. A word of less than 8 characters is no secret."""
        return len(self.reveal()) >= SECRET_CHARS and self.reveal().encode() in data

    def is_in_json(self, data: bytes) -> bool:
        """True if the key stands in a text of this JSON."""
        return len(self.reveal()) >= SECRET_CHARS and json.dumps(self.reveal())[1:-1].encode() in data

    @property
    def is_words(self) -> bool:
        """True for what servers of one's own are told for a key: lm-studio, sk-no-key-required."""
        return bool(re.fullmatch("[a-z]+([-_][a-z]+)*", self.reveal()))


def _complaint(text: str) -> str:
    if not text:
        return "The key is empty: copy it again from the service's page."
    strange = next(character for character in text if not "!" <= character <= "~")
    what = "white space" if strange.isspace() else f"a character that keys do not have (U+{ord(strange):04X})"
    return f"The key holds {what}: copy it again, the key alone, without quotes or a word before it."


# The keys of this session, by the origin that each may go to.
_memory: dict[str, Key] = {}


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
    """See that a service takes a key, before a person is asked for one.

    Raises:
        BadRequest: it needs none.
    """
    if not service.key_variable:
        raise BadRequest(f"The service {service.name} needs no key: just ask.")


def save(service: Service, text: str) -> None:
    """Keep a key in memory and in the system's keyring, both bound to the service's origin.

    Raises:
        BadRequest: it cannot be a key, or there is no keyring that takes it.
    """
    try:
        remember(service, text)
    finally:
        text = ""
    if not find_spec("keyring"):
        raise BadRequest(
            "The key is kept for this session only: for --save, pip install 'gemini_magics[keyring]'."
        )
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(KEYRING, service.origin, _memory[service.origin].reveal())
    except KeyringError as error:
        reason = type(error).__name__
    else:
        return
    raise BadRequest(
        f"The key is kept for this session only: this system's keyring did not take it ({reason})."
    )


def forget(service: Service) -> None:
    """Drop the service's key from memory and from the keyring."""
    _memory.pop(service.origin, None)
    if find_spec("keyring"):
        import keyring
        from keyring.errors import KeyringError

        with suppress(KeyringError):  # there was none, or there is no keyring to keep one
            keyring.delete_password(KEYRING, service.origin)


def find_key(service: Service) -> Key | None:
    """Return the key for a service, or None where it needs none: the demo, or an address on this machine.

    Call it from the thread that runs the cell: Colab's secrets are asked through the frontend.

    Raises:
        NoKey: there is none; the message lists each place that was looked in.
        BadRequest: what was found cannot be a key.
    """
    if not service.key_variable:
        return None
    looked_in = []
    local = urlsplit(service.base_url).hostname in LOOPBACK
    for place, find in _places(service, local):
        if key := find():
            return key
        looked_in.append(place)
    if local:
        return None
    raise NoKey(
        f"There is no key for {service.name} ({service.origin}); looked in {', '.join(looked_in)}. "
        f"Set {service.key_variable}, type %gemini_key, "
        'or try without a key: %config GeminiMagics.service = "demo".'
    )


def known() -> Iterator[tuple[str, Key]]:
    """Yield the keys that are at hand, those of this session and those in the environment.

    Before each stands whose it is: "the key of kie", "the key in OPENROUTER_API_KEY". Words that a server
    of one's own is told for a key may stand in any text, and are left out.
    """
    rows = {row.origin: row.name for row in SERVICES.values() if row.base_url}
    for origin, key in list(_memory.items()):
        if origin in rows or not key.is_words:
            yield f"the key of {rows.get(origin, origin)}", key
    for row in SERVICES.values():
        with suppress(BadRequest):  # what cannot be a key is none
            key_or_none = _key_or_none(os.environ.get(row.key_variable)) if row.key_variable else None
            if key_or_none and (row.base_url or not key_or_none.is_words):
                yield f"the key in {row.key_variable}", key_or_none


def _places(service: Service, local: bool) -> Iterator[tuple[str, Callable[[], Key | None]]]:
    """The places that a service's key can be in, each with how to look there."""
    name = service.key_variable
    yield "this session (%gemini_key)", lambda: _memory.get(service.origin)
    yield f"the environment ({name})", lambda: _key_or_none(os.environ.get(name))
    if local:
        return
    if "google.colab" in sys.modules:
        yield f"Colab's secrets ({name}, with notebook access)", lambda: _from_store(_colab, name)
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        yield f"Kaggle's secrets ({name})", lambda: _from_store(_kaggle, name)
    if find_spec("keyring"):
        yield "the keyring", lambda: _from_store(_keyring, service.origin)


def _key_or_none(text: str | None) -> Key | None:
    try:
        return Key(text) if text and text.strip() else None
    finally:
        text = None


def _from_store(store: Callable[[str], Any], name: str) -> Key | None:
    try:
        return _key_or_none(store(name))
    except BadRequest:
        raise
    except Exception:  # noqa: BLE001 - a store that is locked, refuses or is broken is a store without our key
        return None


def _colab(name: str) -> Any:
    from google.colab import userdata  # type: ignore[import-not-found]

    return userdata.get(name)


def _kaggle(name: str) -> Any:
    from kaggle_secrets import UserSecretsClient  # type: ignore[import-not-found]

    return UserSecretsClient().get_secret(name)


def _keyring(origin: str) -> Any:
    import keyring

    return keyring.get_password(KEYRING, origin)
