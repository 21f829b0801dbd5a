"""The certificates that a connection trusts, as the environment names them.

httpx knows SSL_CERT_FILE and SSL_CERT_DIR; requests, and so the manuals of many companies, knows
REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE. All four are read here, the first that is set counts.
"""

from __future__ import annotations

import os
import re
import ssl
from functools import cache, lru_cache
from pathlib import Path

import certifi

from ..core.errors import BadRequest
from ..core.settings import unquoted

# https://www.python-httpx.org/environment_variables/ has the first two,
# https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification the others.
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
KEY_LOG = "SSLKEYLOGFILE"


def tls_context() -> ssl.SSLContext:
    """Return the TLS context that trusts what the environment names, or else certifi's certificates.

    It takes long to make and is kept, until a variable names something else or the file changes: a person
    sets SSL_CERT_FILE in the notebook, after the first error.

    Raises:
        BadRequest: the file that a variable names cannot be read, or the key log cannot be written; names it.
    """
    variable = next((name for name in VARIABLES if os.environ.get(name)), "")
    place = unquoted(os.environ[variable]) if variable else certifi.where()
    key_log = os.environ.get(KEY_LOG, "")
    _check_key_log(key_log)
    try:
        return _context(place, _version(place), key_log)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise BadRequest(
        f"The certificates that {variable or 'certifi'} names cannot be read ({reason}): set it again."
    )


@cache
def unused_tls() -> ssl.SSLContext:
    """Return the TLS context of clients that ask an http:// address: it trusts nothing, and is made once."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@lru_cache(maxsize=2)
def _context(place: str, version: tuple[int, ...], key_log: str) -> ssl.SSLContext:
    if Path(place).is_dir():
        # OpenSSL finds a certificate there by the hash in the name of its file:
        # https://docs.openssl.org/master/man1/openssl-rehash/
        return ssl.create_default_context(capath=place)
    if place == certifi.where():
        return _certifis_context()
    return ssl.create_default_context(cafile=place)


def _certifis_context() -> ssl.SSLContext:
    """Load certifi's certificates a few at a time: OpenSSL lets no other thread run meanwhile."""
    *whole, _ = re.split(r"(?<=-----END CERTIFICATE-----\n)", certifi.contents())
    context = ssl.create_default_context(cadata=whole[0])
    for start in range(1, len(whole), 10):
        context.load_verify_locations(cadata="".join(whole[start : start + 10]))
    return context


def _version(place: str) -> tuple[int, ...]:
    """Return what changes with a file: which one it is, its size and the time of its last change."""
    try:
        found = Path(place).stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _check_key_log(path: str) -> None:
    """See that Python can write the log of TLS keys: its error would look like one of the certificates.

    https://docs.python.org/3/library/ssl.html#ssl.SSLContext.keylog_filename
    """
    if not path:
        return
    try:
        with Path(path).open("ab"):
            return
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise BadRequest(f"{KEY_LOG} names a file that cannot be written ({reason}): correct it, or unset it.")
