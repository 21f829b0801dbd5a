"""The event stream: bytes in, events out, and nothing else.

The rules are those of the HTML standard, section 9.2.6 "Interpreting an event stream"
(https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation). Services need
three exceptions, all of them for whole JSON and [DONE] only: events that no blank line separates, a last
event that no blank line ends, and a line of JSON without `data:`.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from ..core.errors import UnexpectedResponse

EVENT_BYTES = 32 * 2**20
_BOM = b"\xef\xbb\xbf"
DONE_CHARS = 20
_DONE = re.compile(r"""(["']?)\[?\s*done\s*\]?\1""", re.IGNORECASE)


class StreamEvent(NamedTuple):
    """One event: its type, its data, and the last id that the stream has named."""

    event: str
    data: str
    id: str


class Decoder:
    """Turns the bytes of an event stream into events, however the network has cut them.

    UTF-8 is decoded line by line. No byte of a longer character looks like the end of a line (RFC 3629,
    section 3), so a line is never cut inside a character, and a broken character ends with its line.
    """

    def __init__(self) -> None:
        self._line = bytearray()  # the line that has not ended yet
        self._first = True
        self._after_cr = False
        self._data: list[bytes] = []
        self._bare: list[bytes] = []  # lines that may be JSON without `data:`
        self._size = 0  # of both, in bytes
        self._prose = False  # the data of this event is known to be no JSON
        self._type = ""
        self._id = ""

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Take the next bytes in and return the events that they complete.

        Raises:
            UnexpectedResponse: one event has more than 32 MiB.
        """
        if self._after_cr and data:  # the CR has ended its line already; an LF belongs to the same CRLF
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = data.split(b"\n")
        rest = lines.pop()
        events: list[StreamEvent] = []
        if lines:
            if self._line:
                lines[0] = bytes(self._line) + lines[0]
                self._line = bytearray()
            if self._first:  # stream = [ bom ] *event: section 9.2.5 of the standard
                lines[0] = lines[0].removeprefix(_BOM)
                self._first = False
            for line in lines:
                self._take(line, events)
        self._line += rest
        self._check_size()
        return events

    def close(self) -> list[StreamEvent]:
        """End the stream and return the event that was left, if its data is whole.

        The standard discards an event that no blank line has ended, because it may have been cut. An event
        that parses was not cut, and services do end streams without a blank line.
        """
        events: list[StreamEvent] = []
        if self._line:
            line = bytes(self._line)
            self._take(line.removeprefix(_BOM) if self._first else line, events)
        self._dispatch_whole(events)
        self._dispatch_bare(events)
        return events

    def _take(self, line: bytes, events: list[StreamEvent]) -> None:
        """Take one line in, without its end."""
        if line.startswith(b"data: "):
            self._add(line[6:], events)
        elif not line:
            self._dispatch(events)
        else:
            name, _, value = line.partition(b":")  # a comment is a field without a name
            value = value.removeprefix(b" ")
            if name == b"data":
                self._add(value, events)
            elif name == b"event":
                self._type = value.decode(errors="replace")
            elif name == b"id" and b"\0" not in value:
                self._id = value.decode(errors="replace")
            elif self._bare or line.lstrip().startswith((b"{", b"[")):
                self._add_bare(line, events)

    def _add(self, value: bytes, events: list[StreamEvent]) -> None:
        """Add one line of data; if the lines before it are whole, they become an event first."""
        self._dispatch_bare(events)
        if self._data and not self._prose and _cannot_go_on(self._data[-1], value):
            self._dispatch_whole(events)
            self._prose = bool(self._data)
        self._data.append(value)
        self._size += len(value)
        self._check_size()

    def _add_bare(self, line: bytes, events: list[StreamEvent]) -> None:
        """Add a line that the standard ignores: gateways break off with an error on a line by itself."""
        self._bare.append(line)
        self._size += len(line)
        self._check_size()
        if len(self._bare) == 1 and _is_whole(_joined(self._bare)):
            self._dispatch_bare(events)

    def _dispatch(self, events: list[StreamEvent]) -> None:
        """End an event: at a blank line."""
        self._dispatch_bare(events)
        if self._data:
            events.append(StreamEvent(self._type or "message", _joined(self._data), self._id))
            self._data = []
            self._size = 0
            self._prose = False
        self._type = ""

    def _dispatch_whole(self, events: list[StreamEvent]) -> None:
        """End an event that no blank line ends, if its data is whole."""
        if self._data and _is_whole(_joined(self._data)):
            self._dispatch(events)

    def _dispatch_bare(self, events: list[StreamEvent]) -> None:
        """Make an event of lines without `data:`, if they are whole JSON; else ignore them."""
        lines, self._bare = self._bare, []
        self._size -= sum(map(len, lines))
        if lines and _is_whole(text := _joined(lines)):
            self._dispatch_whole(events)
            events.append(StreamEvent("message", text, self._id))

    def _check_size(self) -> None:
        if self._size + len(self._line) > EVENT_BYTES:
            raise UnexpectedResponse(
                f"The service sent one event of more than {EVENT_BYTES // 2**20} MiB. Ask for a shorter answer."
            )


def is_done(data: str) -> bool:
    """Return whether data says that the stream is over: [DONE], or as gateways spell it: DONE, "[done]"."""
    return len(data) < DONE_CHARS and bool(_DONE.fullmatch(data.strip()))


def _joined(lines: list[bytes]) -> str:
    data = lines[0] if len(lines) == 1 else b"\n".join(lines)
    return data.decode(errors="replace")


def _cannot_go_on(last: bytes, line: bytes) -> bool:
    """Return whether JSON that ends with the line `last` cannot go on with `line`.

    After a closing bracket, JSON goes on with a comma or another closing bracket (RFC 8259, section 2). This
    finds whole values without parsing the lines of a long one again and again.
    """
    return last.rstrip().endswith((b"}", b"]")) and line.strip()[:1] not in (b"", b",", b"}", b"]")


def _is_whole(data: str) -> bool:
    """Return whether data is a JSON object, a JSON array or [DONE], none of which can go on in a next line."""
    data = data.strip()
    if is_done(data):
        return True
    try:
        return data.startswith(("{", "[")) and json.loads(data) is not None
    except (ValueError, RecursionError):
        return False
