"""The proxy on the way to a service, as the environment names it.

httpx reads the same variables, but an entry of NO_PROXY that it cannot parse, such as fe80::/10, fails every
request (encode/httpx#3221), and its errors quote a part of a proxy's password. So they are read here.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from ..core.errors import BadRequest
from ..core.settings import unquoted
from .secret import HeaderValue, Key

# httpx lets the proxy look up names for socks5, too; httpx 0.27 does not know the other name.
SCHEMES = {"http": "http", "https": "https", "socks5": "socks5", "socks5h": "socks5"}
# A name has parts of 1 to 63 characters (RFC 1035, 2.3.1): with others, Python's resolver raises UnicodeError.
_ADDRESS = re.compile(
    r"(?P<host>(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)
_EXCEPTION = re.compile(r"(?:.*://)?(?P<host>\[[^]]*\]|[^:/]*)(?::(?P<port>[0-9]+))?(?:/.*)?")


@dataclass(frozen=True)
class Proxy:
    """A proxy: its address without name and password, those two, and the variable that names it."""

    url: str
    variable: str
    auth: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[Key, ...]:
        """The password, for the masks."""
        with suppress(BadRequest):  # what no header can carry is in no log of a header
            return (HeaderValue(self.auth[1]),) if self.auth else ()
        return ()


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy for a URL; None if the connection is direct, as it always is to this machine.

    Raises:
        BadRequest: the variable does not hold the address of a proxy; its value is not quoted.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_this_machine(host):
        return None
    named = getproxies()
    text = named.get(parts.scheme) or named.get("all")
    if not text or _is_excepted(host, parts.port, unquoted(named.get("no", ""))):
        return None
    if not getproxies_environment() and proxy_bypass(host):  # the exceptions of macOS and Windows
        return None
    return _read(unquoted(text), _variable(parts.scheme))


def _read(text: str, variable: str) -> Proxy:
    """Read the address of a proxy. A password may hold / ? # or @ as it is: a proxy's address has no path."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    user, at, place = rest.rpartition("@")
    address = _ADDRESS.fullmatch(re.split("[/?#]", place, maxsplit=1)[0])
    if scheme.lower() not in SCHEMES or not address or int(address["port"] or 1) not in range(1, 65536):
        raise BadRequest(
            f"{variable} does not hold the address of a proxy: write http://HOST:PORT. A name and a password "
            "go before the host, as NAME:PASSWORD@HOST:PORT."
        )
    port = f":{address['port']}" if address["port"] else ""
    name, _, password = user.partition(":")
    return Proxy(
        f"{SCHEMES[scheme.lower()]}://{address['host']}{port}",
        variable,
        (unquote(name), unquote(password)) if at else None,
    )


def _variable(scheme: str) -> str:
    # Small letters go first: https://docs.python.org/3/library/urllib.request.html#urllib.request.getproxies
    names = [name for lower in (f"{scheme}_proxy", "all_proxy") for name in (lower, lower.upper())]
    return next((name for name in names if os.environ.get(name)), "The system's setting")


def _is_this_machine(host: str) -> bool:
    # RFC 6761, section 6.3: the names under .localhost are this machine, too.
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_excepted(host: str, port: int | None, exceptions: str) -> bool:
    """Tell whether NO_PROXY names a host: by its name or the end of it, its address, or its network.

    An entry may have a port. One that nobody can parse names no host, as with curl:
    https://everything.curl.dev/usingcurl/proxies/env.html
    """
    host = host.rstrip(".").lower()
    # "<local>" is how Windows writes all names without a dot, as `proxy_bypass` of urllib.request knows it.
    for entry in re.split(r"[\s,;]+", exceptions):
        if entry == "*" or _names_network(entry, host) or (entry == "<local>" and "." not in host):
            return True
        named = _EXCEPTION.fullmatch(entry.lower())
        if not named or named["port"] not in (None, str(port or 443)):
            continue
        name = named["host"].removeprefix("*").strip(".[]")
        if name and (host == name or host.endswith(f".{name}") or fnmatchcase(host, name)):
            return True
    return False


def _names_network(entry: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
