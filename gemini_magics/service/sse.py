"""The event stream: bytes in, events out, and nothing else.

The rules are those of the HTML standard (https://html.spec.whatwg.org/multipage/server-sent-events.html,
"Interpreting an event stream"). Two leniences are ours, because services need them: events that no blank
line separates, and a last event that no blank line ends. Both are for JSON and [DONE] alone.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from ..core.errors import UnknownReply

DONE = "[DONE]"
EVENT_BYTES = 32 * 2**20
_BOM = b"\xef\xbb\xbf"


class StreamEvent(NamedTuple):
    """One event: its type, its data, and the last id that the stream has named."""

    event: str
    data: str
    id: str


class Decoder:
    """Turns the bytes of an event stream into events, however the network has cut them.

    UTF-8 is decoded line by line: no byte of a longer character looks like a line's end, so a line is
    never cut inside a character, and a broken character ends with its line.
    """

    def __init__(self) -> None:
        self._line = bytearray()  # the line that has not ended yet
        self._first = True
        self._after_cr = False
        self._data: list[bytes] = []
        self._size = 0
        self._prose = False  # the data of this event is known to be no JSON
        self._type = ""
        self._id = ""

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Take the next bytes in and return the events that they complete.

        Raises:
            UnknownReply: one event has more than 32 MiB.
        """
        if self._after_cr and data:  # the CR has ended its line already; this may be the rest of a CRLF
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
            if self._first:
                lines[0] = lines[0].removeprefix(_BOM)
                self._first = False
            for line in lines:
                self._take(line, events)
        self._line += rest
        self._check_size()
        return events

    def close(self) -> list[StreamEvent]:
        """End the stream and return the event that was left, if its data is whole.

        The standard drops what no blank line has ended. Services end a stream without one, and an event
        that parses has not been cut.
        """
        events: list[StreamEvent] = []
        if self._line:
            line = bytes(self._line)
            self._take(line.removeprefix(_BOM) if self._first else line, events)
        if self._data and _is_whole(self._text()):
            self._dispatch(events)
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

    def _add(self, value: bytes, events: list[StreamEvent]) -> None:
        """Add one line of data, after what the lines before it complete."""
        if self._data and not self._prose and _starts_anew(self._data[-1], value):
            if _is_whole(self._text()):
                self._dispatch(events)
            else:
                self._prose = True
        self._data.append(value)
        self._size += len(value)
        self._check_size()

    def _dispatch(self, events: list[StreamEvent]) -> None:
        if self._data:
            events.append(StreamEvent(self._type or "message", self._text(), self._id))
            self._data = []
            self._size = 0
            self._prose = False
        self._type = ""

    def _text(self) -> str:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        return data.decode(errors="replace")

    def _check_size(self) -> None:
        if self._size + len(self._line) > EVENT_BYTES:
            raise UnknownReply(
                f"The service sent one event of more than {EVENT_BYTES // 2**20} MiB. Ask for a shorter answer."
            )


def _starts_anew(last: bytes, line: bytes) -> bool:
    """Tell whether JSON that ends with the line `last` cannot go on with `line`.

    After a closing bracket JSON goes on with a comma or another closing bracket. So whole values are
    found without parsing the lines of a long one again and again.
    """
    return last.rstrip().endswith((b"}", b"]")) and line.strip()[:1] not in (b"", b",", b"}", b"]")


def _is_whole(data: str) -> bool:
    """Tell whether data is a JSON object, a JSON array or [DONE]: what cannot go on in a next line."""
    data = data.strip()
    if data == DONE:
        return True
    try:
        return data.startswith(("{", "[")) and json.loads(data) is not None
    except (ValueError, RecursionError):
        return False
