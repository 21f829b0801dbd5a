"""The connection: a request goes out, events come back. Only this file imports httpx.

Each call has its own connection; only the TLS context, which takes long to make, is shared. If a kept
connection turns out to be closed, nobody can tell whether the question was received and charged (RFC 9110,
9.2.2: a POST must not be repeated then), so no connection is kept.

What an `httpx.Client` adds to its transport is of no use here: cookies, redirects, the environment's settings
and a pool. So the transport is called as a client would call it
(https://www.python-httpx.org/advanced/transports/).
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from ..core.cancel import Cancel
from ..core.errors import (
    BadRequest,
    ConnectionFailed,
    GeminiError,
    IncompleteAnswer,
    UnexpectedResponse,
)
from ..core.messages import Event, Waiting
from ..core.settings import Settings
from .certificates import tls_context, unused_tls
from .connection import Connection, LastCall
from .encoding import Undecodable, decoded
from .proxies import Proxy, proxy_for
from .redact import Hiding, hidden_in_logs, redact
from .refusals import CHARGED
from .response import Reader
from .retries import gave_up, given_up, has_begun, next_wait_s, reason_in_words
from .secret import Key

REFUSAL_WAIT_S = 5.0  # how long the words of a refusal are waited for, whose status has come
REFUSAL_BYTES = 2**20
ANSWER_BYTES = 64 * 2**20  # the longest answer has 65,536 tokens: 1 kB for each
DOCUMENT_BYTES = 2**16

NOT_SENT = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError,
    httpx.WriteError, httpx.WriteTimeout, httpx.UnsupportedProtocol, httpx.LocalProtocolError,
)  # fmt: skip
MAY_COST = "It may have been charged."
FREE = "It is free, so run the cell to ask once more."


@dataclass(frozen=True)
class Call:
    """One request and its terms.

    Attributes:
        url: where it goes.
        content: the JSON to post; None makes it a GET.
        settings: timeouts, and how often and how long to try again.
        key: is sent as a bearer token, and masked in everything that comes back.
        headers: more headers by name, masked like the key.
        cancel: ends the call without an error.
        transport: replaces the network: an `httpx.MockTransport` whose responses have a `stream`.
        away: is set once the request is sent, or has failed.
    """

    url: str
    content: bytes | None
    settings: Settings
    key: Key | None = None
    headers: Mapping[str, Key] = field(default_factory=dict)
    cancel: Cancel = field(default_factory=Cancel)
    transport: httpx.BaseTransport | None = None
    away: threading.Event = field(default_factory=threading.Event)

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def secrets(self) -> tuple[Key, ...]:
        """The key and the values of the headers."""
        return (*([self.key] if self.key else []), *self.headers.values())


def ask(call: Call) -> Iterator[Event]:
    """Send a question and yield the events of its answer.

    Raises:
        GeminiError: BadRequest, ConnectionFailed, ServiceError, IncompleteAnswer or UnexpectedResponse.
    """
    hiding = Hiding(*call.secrets)
    tried, begun = 0, False
    while True:
        try:
            for event in _answer(call):
                begun = begun or has_begun(event)
                yield hiding.event(event)
            return
        except GeminiError as error:
            failure = hiding.error(error)
        if call.cancel.cancelled:
            return
        if not begun and gave_up(failure):
            raise IncompleteAnswer(str(failure))
        wait_s = next_wait_s(failure, tried, call.settings)
        if begun and wait_s is not None:
            failure.args = (f"{failure} {CHARGED}",)
        if begun or wait_s is None:
            raise failure
        if tried == call.settings.retries or wait_s > call.settings.retry_wait_s:
            failure.again_after_s = wait_s
            raise given_up(failure, tried, wait_s)
        tried += 1
        yield Waiting(reason_in_words(failure), wait_s)
        if call.cancel.wait(wait_s):
            return


def fetch(call: Call) -> Iterator[tuple[int, bytes]]:
    """Get a small document: yield its status and at most 64 KiB of it, or nothing if it is cancelled.

    Raises:
        GeminiError: as `ask`.
    """
    content = bytearray()
    try:
        with _exchange(call) as (response, line):
            for data in _readable(response, line):
                content += data
                if len(content) >= DOCUMENT_BYTES:
                    break
        text = redact(content[:DOCUMENT_BYTES].decode(errors="replace"), *call.secrets)
        yield response.status_code, text.encode()
    except GeminiError as error:
        failure = Hiding(*call.secrets).error(error)
    else:
        return
    if not call.cancel.cancelled:
        raise failure


def _answer(call: Call) -> Iterator[Event]:
    """Try once."""
    n_bytes, claims = 0, 0
    broken: httpx.TransportError | Undecodable | None = None
    with _exchange(call) as (response, line), LastCall(call.settings.finish_timeout_s, line) as last_call:
        reader = Reader(response.status_code, dict(response.headers))
        try:
            for data in _readable(response, line):
                yield from reader.feed(data)
                if reader.done or call.cancel.cancelled:
                    return
                n_bytes += len(data)
                if n_bytes > ANSWER_BYTES:
                    raise IncompleteAnswer("The answer was cut off at 64 MiB. Ask for a shorter one.")
                if not reader.finished:
                    last_call.revoke()
                elif reader.claims > claims:
                    last_call.begin()
                claims = reader.claims
        except (httpx.TransportError, Undecodable) as error:
            broken = error
        try:
            yield from reader.close(broken=broken is not None or last_call.over)
        except (IncompleteAnswer, UnexpectedResponse):
            if broken is None or last_call.over:
                raise
            raise broken from None  # `_exchange` tells what happened to the connection


@contextmanager
def _exchange(call: Call) -> Iterator[tuple[httpx.Response, Connection]]:
    """Send a request on a line that `cancel` can shut; raise failures in our own words."""
    line = Connection(call.away)
    proxy: Proxy | None = None
    call.cancel.on_cancel(line.shut)
    try:
        proxy = None if call.transport else proxy_for(call.url)
        with (
            hidden_in_logs(*call.secrets, *(proxy.secrets if proxy else ())),
            call.transport or _transport(call, proxy) as transport,
            closing(transport.handle_request(_request(call, line))) as response,
        ):
            yield response, line
    except httpx.InvalidURL:
        failure: GeminiError = BadRequest(f"The address of {call.host} is not a valid URL: correct base_url.")
    except Undecodable as error:
        failure = UnexpectedResponse(
            f"{error} {FREE if call.content is None else MAY_COST} Choose another --service."
        )
    except httpx.TransportError as error:
        failure = _in_words(error, call, line, proxy)
    else:
        return
    finally:
        call.away.set()
        line.close()
    raise failure


def _request(call: Call, line: Connection) -> httpx.Request:
    """Write the request. Its secrets go from where they are kept into its headers; no variable holds them."""
    settings = call.settings
    request = httpx.Request(
        "GET" if call.content is None else "POST",
        call.url,
        content=call.content,
        headers={
            "Accept": "*/*",
            # A gateway's compressor can hold back the last words of a stream (RFC 9110, 12.5.3).
            "Accept-Encoding": "identity",
            "Connection": "keep-alive",
            "User-Agent": "gemini_magics",
            **({} if call.content is None else {"Content-Type": "application/json"}),
        },
        extensions={
            "trace": line.trace,
            # `read` is the longest gap between two pieces and not the time of the whole answer:
            # https://www.python-httpx.org/advanced/timeouts/
            "timeout": {
                "connect": settings.connect_timeout_s,
                "write": settings.write_timeout_s,
                "read": settings.silence_s,
                "pool": None,
            },
        },
    )
    for name, value in call.headers.items():
        request.headers[name] = value.reveal()
    if call.key:
        request.headers["Authorization"] = f"Bearer {call.key.reveal()}"
    return request


def _transport(call: Call, proxy: Proxy | None) -> httpx.HTTPTransport:
    """Make the transport of one call, which reads no environment."""
    secure_proxy = proxy is not None and proxy.url.startswith("https:")
    # Without a context httpx loads its own certificates, for http:// as well.
    tls = tls_context() if secure_proxy or urlsplit(call.url).scheme == "https" else unused_tls()
    proxy_tls = tls if secure_proxy else None  # httpcore refuses one for http://
    try:
        return httpx.HTTPTransport(
            verify=tls,
            trust_env=False,
            proxy=httpx.Proxy(proxy.url, auth=proxy.auth, ssl_context=proxy_tls) if proxy else None,
        )
    except ImportError:
        named = proxy.variable if proxy else "the proxy"
    raise BadRequest(f"{named} names a SOCKS proxy, which needs a package: pip install 'httpx[socks]'.")


def _readable(response: httpx.Response, line: Connection) -> Iterator[bytes]:
    """Yield the body. A refusal ends where its body hangs, breaks or cannot be unpacked: its status counts."""
    if response.status_code < 300:
        yield from _body(response)
        return
    patience = threading.Timer(REFUSAL_WAIT_S, line.shut)
    patience.daemon = True
    patience.start()
    n_bytes = 0
    try:
        for data in _body(response):
            yield data
            n_bytes += len(data)
            if n_bytes > REFUSAL_BYTES:
                return
    except (httpx.TransportError, Undecodable):
        return
    finally:
        patience.cancel()


def _body(response: httpx.Response) -> Iterator[bytes]:
    """Return the body as it comes, without a compression that nobody asked for.

    Raises:
        Undecodable: the body is compressed in an unknown way, or wrongly.
    """
    return decoded(response.iter_raw(), response.headers.get("content-encoding", ""))


def _in_words(error: httpx.TransportError, call: Call, line: Connection, proxy: Proxy | None) -> GeminiError:
    """Say what happened to a connection, and whether the question had been sent."""
    if isinstance(error, NOT_SENT) or (line.connected and not line.sent):
        return ConnectionFailed(
            f"{_why(error, call, line, proxy)} Nothing was sent in full, nothing was charged."
        )
    then = FREE if call.content is None else CHARGED
    if isinstance(error, httpx.TimeoutException):
        return IncompleteAnswer(f"Nothing came from {call.host} for {call.settings.silence_s:g} s. {then}")
    return IncompleteAnswer(f"The connection to {call.host} broke before the answer's end. {then}")


def _why(error: httpx.TransportError, call: Call, line: Connection, proxy: Proxy | None) -> str:
    """Say why there was no connection. httpx's own words are not quoted: they may hold a proxy's password."""
    host, origin = call.host, _origin(error)
    if proxy and not line.connected and line.host:
        return (
            f"The proxy {line.host} on the way to {host} cannot be reached ({_reason_of(origin)}): "
            f"look at {proxy.variable}."
        )
    match error:
        case httpx.ConnectTimeout():
            return f"No connection to {host} within {call.settings.connect_timeout_s:g} s: look at the network."
        case httpx.WriteTimeout():
            return f"{host} took nothing in for {call.settings.write_timeout_s:g} s: attach less, or ask again."
        case httpx.ProxyError():
            return _refused_by_proxy(error, host, proxy.variable if proxy else "HTTPS_PROXY")
    match origin:
        case socket.gaierror():
            return f"The name {host} was not found: look at the network, and at the address."
        case ssl.SSLCertVerificationError(verify_message=reason):
            return (
                f"The certificate of {host} is not trusted ({reason}): if this network has certificates of its "
                "own, name their file in SSL_CERT_FILE and ask again."
            )
        case ssl.SSLError(reason=reason):
            return f"No secure connection to {host} ({reason}): look at the address, and at HTTPS_PROXY."
        case ConnectionRefusedError():
            return f"Nothing answers at {host}: look whether the service runs, and at the address."
    return f"No connection to {host} ({_reason_of(origin)}): look at the network."


def _refused_by_proxy(error: httpx.ProxyError, host: str, variable: str) -> str:
    """Say which status a proxy answered with; httpcore puts it before the proxy's own words."""
    status = str(error)[:3]
    if status == "407":
        return f"The proxy on the way to {host} wants a name and a password (407): put them into {variable}."
    said = f" answered {status}" if status.isdecimal() else " refused the connection"
    return f"The proxy on the way to {host}{said}: look at {variable}."


def _reason_of(origin: BaseException) -> str:
    """Return the system's words for an error of the network, or else the name of its kind."""
    if isinstance(origin, OSError) and isinstance(origin.strerror, str):
        return origin.strerror
    return type(origin).__name__


def _origin(error: BaseException) -> BaseException:
    """Return the error at the beginning of a chain."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return error
