"""The keyring of the system, which keeps a key for later sessions: Keychain, Credential Locker, Secret Service.

https://keyring.readthedocs.io tells which systems have one, and how another backend is chosen.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from ..core.errors import BadRequest
from .secret import Key

KEYRING = "gemini_magics"
_SESSION_ONLY = "The key is kept for this session only"


def installed() -> bool:
    """Tell whether the package `keyring` is there; it is not imported for that."""
    return find_spec("keyring") is not None


def keyring_here() -> Any:
    """Return the backend of the system's keyring that a key would be saved in.

    Raises:
        BadRequest: there is none that keeps anything.
    """
    if not installed():
        raise BadRequest(f"{_SESSION_ONLY}: for --save, pip install 'gemini_magics[keyring]'.")
    reason, backend = "", None
    try:
        import keyring
        from keyring.backends import fail, null

        backend = keyring.get_keyring()
        backend = next(iter(getattr(backend, "backends", ())), backend)  # of a chain the first one saves
        if isinstance(backend, (fail.Keyring, null.Keyring)):
            reason = f"{backend_name(backend)} keeps nothing"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a backend that is configured wrongly raises anything
        reason = type(error).__name__
    if reason:
        raise BadRequest(
            f"{_SESSION_ONLY}: this system's keyring takes none ({reason}). `keyring diagnose` says why."
        )
    return backend


def backend_name(backend: Any) -> str:
    """Return the name of a keyring's backend, as `keyring --list-backends` spells it."""
    return f"{type(backend).__module__}.{type(backend).__name__}"


def plain_text_warning() -> str:
    """Return a sentence for the person if the keyring here is a plain file; else ""."""
    try:
        backend = keyring_here()
    except BadRequest:  # `put` says so, once the key is in memory
        return ""
    if not any("plaintext" in each.__name__.lower() for each in type(backend).__mro__):
        return ""
    return (
        f"{backend_name(backend)} would keep the key as plain text, in a file that others may read. "
        "To keep it for this session only, interrupt now and type %gemini_key without --save."
    )


def get(origin: str) -> Any:
    """Return the key for an origin as text, or None. The backend may raise anything."""
    import keyring

    return keyring.get_password(KEYRING, origin)


def put(origin: str, key: Key) -> str:
    """Keep a key, bound to an origin.

    Returns:
        The name of the backend that took it.

    Raises:
        BadRequest: there is no keyring that takes it.
    """
    backend, stopped = keyring_here(), False
    try:
        backend.set_password(KEYRING, origin, key.reveal())
    except KeyboardInterrupt:  # while the system asks for the keyring's own password
        stopped = True
    except BaseException as error:  # noqa: BLE001 - D-Bus, files and pyo3's PanicException all raise their own
        reason = type(error).__name__
    else:
        return backend_name(backend)
    # Raised outside of the handlers: the frames of the backend hold the key, and %xmode Verbose shows them.
    if stopped:
        raise KeyboardInterrupt
    raise BadRequest(
        f"{_SESSION_ONLY}: {backend_name(backend)} did not take it ({reason}). `keyring diagnose` says why."
    )


def drop(origin: str) -> None:
    """Remove the key of an origin, if there is one.

    Raises:
        BadRequest: the keyring is locked or broken, and may still hold the key.
    """
    if not installed():
        return
    import keyring
    from keyring.errors import NoKeyringError, PasswordDeleteError

    reason = ""
    try:
        keyring.delete_password(KEYRING, origin)
    except (NoKeyringError, PasswordDeleteError):  # there is no keyring, or no key in it
        return
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - as in `put`
        reason = type(error).__name__
    if reason:
        raise BadRequest(
            f"The key is forgotten in this session, but the keyring may still hold it ({reason}): unlock the "
            "keyring and repeat %gemini_key --forget."
        )
