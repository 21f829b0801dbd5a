"""The connection: a request goes out, events come back. The only file that imports httpx.

Each call has a client and a connection of its own; only the TLS context, which takes long to make, is
shared. A kept connection may turn out to be closed when it is used again, which cannot be told from a
question that was sent and may have been charged; so none is kept.

What is tried again is decided by money: a question that had not been sent in full, or to which the
service has said "not now" (429, 500, 502, 503, 455); and never once a thought or a word has come.
"""

from __future__ import annotations

import functools
import os
import socket
import ssl
import threading
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx

from ..core.cancel import Cancel
from ..core.errors import BadRequest, Cut, GeminiError, RateLimited, Refused, UnknownReply, Unreachable
from ..core.messages import Event, Text, Thinking, Waiting
from ..core.settings import Settings
from .keys import Key
from .line import Line
from .redact import Hiding, hidden_in_logs, redact
from .reply import Reader
from .services import LOOPBACK

AGAIN = (429, 500, 502, 503, 455)
GAVE_UP = (408, 504)
BACKOFF_S = 1.0  # before the second try; doubled before each further one
RATE_BACKOFF_S = 5.0  # the same after a 429 that does not say how long: kie counts over 10 s
PIECE_BYTES = 2**16
ANSWER_BYTES = 64 * 2**20  # the longest answer has 65,536 tokens; 1 kB for each
DOCUMENT_BYTES = 2**16

NOT_SENT = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError,
    httpx.WriteError, httpx.WriteTimeout, httpx.UnsupportedProtocol, httpx.LocalProtocolError,
)  # fmt: skip
CHARGED = "It may have been charged, so it was not sent again; run the cell to ask once more."
FREE = "It is free, so run the cell to ask once more."


@dataclass(frozen=True)
class Call:
    """One request and its terms.

    Attributes:
        url: where it goes.
        content: the JSON that is posted; None gets what is there.
        settings: timeouts, and how often and how long to try again.
        key: is sent as a bearer token, and taken out of all that comes back.
        cancel: ends the call without an error.
        transport: stands in for the network: an `httpx.MockTransport` whose responses have a `stream`.
    """

    url: str
    content: bytes | None
    settings: Settings
    key: Key | None = None
    cancel: Cancel = field(default_factory=Cancel)
    transport: httpx.BaseTransport | None = None
    away: threading.Event = field(default_factory=threading.Event)

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


def ask(call: Call) -> Iterator[Event]:
    """Send a question and yield the events of its answer.

    Raises:
        GeminiError: BadRequest, Unreachable, Refused, Cut or UnknownReply, as `core.errors` has them.
    """
    hiding = Hiding(call.key)
    tried, begun = 0, False
    while True:
        try:
            for event in _answer(call):
                begun = begun or isinstance(event, Thinking | Text)
                yield hiding.event(event)
            return
        except GeminiError as error:
            failure = hiding.error(error)
        if call.cancel.cancelled:
            return
        if not begun and isinstance(failure, Refused) and _code(failure) in GAVE_UP:
            raise Cut(f"The service took too long for this question ({_code(failure)}). {CHARGED}")
        wait_s = None if begun else _wait_s(failure, tried, call.settings)
        if wait_s is None:
            raise failure
        if tried == call.settings.retries or wait_s > call.settings.retry_wait_s:
            raise _given_up(failure, tried, wait_s)
        tried += 1
        yield Waiting(_reason(failure), wait_s)
        if call.cancel.wait(wait_s):
            return


def fetch(call: Call) -> Iterator[tuple[int, bytes]]:
    """Get a small document; yield its status and at most 64 KiB of it, unless the call is cancelled.

    Raises:
        GeminiError: as `ask`.
    """
    content = bytearray()
    try:
        with _exchange(call) as (response, _):
            for data in _body(response):
                content += data
                if len(content) >= DOCUMENT_BYTES:
                    break
        text = redact(content[:DOCUMENT_BYTES].decode(errors="replace"), call.key)
        yield response.status_code, text.encode()
    except GeminiError as error:
        failure = Hiding(call.key).error(error)
    else:
        return
    if not call.cancel.cancelled:
        raise failure


def _answer(call: Call) -> Iterator[Event]:
    """Try once."""
    last_call: threading.Timer | None = None
    n_bytes = 0
    try:
        with _exchange(call) as (response, line):
            reader = Reader(response.status_code, dict(response.headers))
            try:
                for data in _body(response):
                    yield from reader.feed(data)
                    if reader.done or call.cancel.cancelled:
                        return
                    n_bytes += len(data)
                    if n_bytes > ANSWER_BYTES:
                        raise Cut("The answer was cut off at 64 MiB. Ask for a shorter one.")
                    if reader.finished and not last_call:
                        last_call = threading.Timer(call.settings.finish_timeout_s, line.shut)
                        last_call.daemon = True
                        last_call.start()
            except httpx.TransportError:
                if not reader.finished:
                    with suppress(GeminiError):
                        yield from reader.close()  # the last event, if only its empty line was lost
                    raise
            else:
                yield from reader.close()
    finally:
        if last_call:
            last_call.cancel()


@contextmanager
def _exchange(call: Call) -> Iterator[tuple[httpx.Response, Line]]:
    """Send a request on a line that `cancel` can shut, and tell what goes wrong in our own words."""
    line = Line(call.away)
    call.cancel.on_cancel(line.shut)
    headers = {"User-Agent": "gemini_magics", "Accept-Encoding": "identity"}
    if call.content is not None:
        headers["Content-Type"] = "application/json"
    try:
        with (
            hidden_in_logs(call.key),
            _client(call) as client,
            client.stream(
                "GET" if call.content is None else "POST",
                call.url,
                content=call.content,
                headers=headers,
                auth=_Bearer(call.key) if call.key else None,
                extensions={"trace": line.trace},
            ) as response,
        ):
            yield response, line
    except httpx.InvalidURL as error:
        failure: GeminiError = BadRequest(f"The address {call.url!r} is none: {error}. Correct it.")
    except httpx.TransportError as error:
        failure = _in_words(error, call, line)
    else:
        return
    finally:
        call.away.set()
        line.close()
    raise failure


def _client(call: Call) -> httpx.Client:
    """Make a client for one call: no redirects, no cookies from before, no proxy on the way to this machine."""
    parts, settings = urlsplit(call.url), call.settings
    try:
        return httpx.Client(
            verify=_tls() if parts.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            timeout=httpx.Timeout(
                connect=settings.connect_timeout_s,
                write=settings.write_timeout_s,
                read=settings.gap_timeout_s,
                pool=None,
            ),
            trust_env=parts.hostname not in LOOPBACK,
            transport=call.transport,
        )
    except (ImportError, ValueError) as error:
        reason = str(error)
    raise BadRequest(
        f"The proxy of the environment cannot be used: {reason} Set HTTPS_PROXY or ALL_PROXY anew."
    )


@functools.cache
def _tls() -> ssl.SSLContext:
    """The trusted roots: certifi's, or those that SSL_CERT_FILE or SSL_CERT_DIR names."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file or folder:  # httpx 0.27 would pass over a file that is missing
            return ssl.create_default_context(cafile=file, capath=folder)
        return httpx.create_ssl_context()
    except OSError as error:
        reason = error.strerror or str(error)
    raise BadRequest(f"The certificates of SSL_CERT_FILE cannot be read ({reason}). Set it anew.")


class _Bearer(httpx.Auth):
    """Puts the key into the request, so that no variable of ours holds it."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        yield request


def _body(response: httpx.Response) -> Iterator[bytes]:
    """Return the body as it comes; a compression that nobody asked for is undone.

    Raises:
        UnknownReply: it is compressed in another way, or wrongly.
    """
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        return response.iter_raw()
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _inflated(response.iter_raw())
    raise UnknownReply(f"The service compressed its answer unasked ({encoding}). Choose another --service.")


def _inflated(compressed: Iterator[bytes]) -> Iterator[bytes]:
    """Undo gzip or zlib in pieces of bounded size."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)  # takes both
    try:
        for data in compressed:
            while data:
                yield inflater.decompress(data, PIECE_BYTES)
                data = inflater.unconsumed_tail
    except zlib.error as error:
        reason = str(error)
    else:
        return
    raise UnknownReply(f"The service compressed its answer wrongly ({reason}). Choose another --service.")


def _in_words(error: httpx.TransportError, call: Call, line: Line) -> GeminiError:
    """Say what happened to a connection, and whether the question had been sent."""
    if isinstance(error, NOT_SENT) or (line.connected and not line.sent):
        return Unreachable(f"{_why(error, call, line)} Nothing was sent in full, nothing was charged.")
    then = FREE if call.content is None else CHARGED
    if isinstance(error, httpx.TimeoutException):
        return Cut(f"Nothing came from {call.host} for {call.settings.gap_timeout_s:g} s. {then}")
    return Cut(f"The connection to {call.host} broke before the answer's end. {then}")


def _why(error: httpx.TransportError, call: Call, line: Line) -> str:
    host = call.host
    if not line.connected and line.host not in ("", httpx.URL(call.url).raw_host.decode()):
        reason = getattr(_origin(error), "strerror", None) or error
        return f"The proxy {line.host} on the way to {host} cannot be reached ({reason}): look at HTTPS_PROXY."
    match error:
        case httpx.ConnectTimeout():
            return f"No connection to {host} within {call.settings.connect_timeout_s:g} s: look at the network."
        case httpx.WriteTimeout():
            return f"{host} took nothing in for {call.settings.write_timeout_s:g} s: attach less, or ask again."
        case httpx.ProxyError():
            return f"The proxy on the way to {host} said {error}: look at HTTPS_PROXY."
    match _origin(error):
        case socket.gaierror():
            return f"The name {host} was not found: look at the network, and at the address."
        case ssl.SSLCertVerificationError(verify_message=reason):
            return (
                f"The certificate of {host} is not trusted ({reason}): "
                "if this network has certificates of its own, name their file in SSL_CERT_FILE."
            )
        case ssl.SSLError(reason=reason):
            return f"No secure connection to {host} ({reason}): look at the address, and at HTTPS_PROXY."
        case ConnectionRefusedError():
            return f"Nothing answers at {host}: look whether the service runs, and at the address."
        case OSError(strerror=str(reason)):
            return f"No connection to {host} ({reason}): look at the network."
    return f"No connection to {host} ({error}): look at the network."


def _origin(error: BaseException) -> BaseException:
    """Return what an error came from in the first place."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return error


def _code(error: Refused) -> int | None:
    return error.code if isinstance(error.code, int) else error.status


def _wait_s(error: GeminiError, tried: int, settings: Settings) -> float | None:
    """Return how long to wait before another try; None if there must not be one."""
    again = isinstance(error, Unreachable) or (isinstance(error, Refused) and _code(error) in AGAIN)
    if not again:
        return None
    if isinstance(error, Refused) and error.retry_after is not None:
        return error.retry_after
    backoff_s = RATE_BACKOFF_S if isinstance(error, RateLimited) else BACKOFF_S
    return min(backoff_s * 2.0**tried, settings.retry_wait_s)


def _reason(error: GeminiError) -> str:
    return f"the service answered {_code(error)}" if isinstance(error, Refused) else "no connection"


def _given_up(error: GeminiError, tried: int, wait_s: float) -> GeminiError:
    """Add to an error how often it was tried, and when the service wants to be asked again."""
    said = str(error)
    if tried:
        said += f" It was tried {tried + 1} times."
    if isinstance(error, Refused) and error.retry_after:
        until = datetime.now().astimezone() + timedelta(seconds=wait_s)
        said += f" The service wants {wait_s:.0f} s of patience, until {until:%H:%M:%S}."
    error.args = (said,)
    return error
