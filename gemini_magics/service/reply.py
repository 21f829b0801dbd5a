"""The answer on the wire: the bytes of a response in, the events of an answer out.

Streamed or not, from whichever service: one reader takes them all. Status and first byte decide what a
response is; its Content-Type does not, since kie leaves it out or gets it wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..core.errors import Cut, GeminiError, UnknownReply
from ..core.messages import Citation, Event, Finished, Opened, Text, Thinking, Usage
from ..core.plain import shorten
from .pieces import Tags, whole
from .refusal import SAID_CHARS, number, page_text, refusal, request_id, written
from .sse import DONE, EVENT_BYTES, Decoder

# What can only be an error is read no further than this: enough to parse it, far more than is quoted. An
# answer that is not streamed is one long event, and has the room of one.
ERROR_BYTES = 2**20
HEAD_BYTES = 2000
_BOM = b"\xef\xbb\xbf"
_STREAM = (b":", b"data", b"event", b"id", b"retry")
_AGAIN = "Ask again, or choose another --service."


class Reader:
    """Turns the bytes of one response into the events of an answer.

    Attributes:
        done: the service has said that nothing more comes.
        finished: the model has given its reason to stop; at most its usage is still to come.
    """

    def __init__(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.done = False
        self.finished = False
        self._status = status
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._head = b""  # how the response begins, until it is known to be an answer
        self._decoder: Decoder | None = None
        self._body: bytearray | None = None
        self._opened = self._thought = self._wrote = self._called = False
        self._usage = Usage()
        self._tags = Tags()
        self._half: tuple[type[Thinking | Text], str] | None = None  # the first half of a surrogate pair
        self._events: list[Event] = []  # read, and not yielded yet

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield what the next bytes say; what came before an error is yielded before it is raised.

        Raises:
            Refused: the service says no, at once or in the middle of the answer.
            UnknownReply: the bytes follow no documented format, or the service says that this was all and
                there is no answer in it.
        """
        return self._said(self._take, data)

    def close(self) -> Iterator[Event]:
        """End the response and yield what was held back: all of an answer that is not streamed.

        Raises:
            Refused: as `feed`.
            Cut: the response ended before the answer did.
            UnknownReply: as `feed`.
        """
        return self._said(self._take_end)

    def _said(self, take: Callable[..., None], *data: bytes) -> Iterator[Event]:
        """Yield the events of a step, those before an error before it is raised."""
        failure = None
        try:
            take(*data)
        except GeminiError as error:
            failure = error
        events, self._events = self._events, []
        yield from events
        if failure:
            raise failure

    def _take(self, data: bytes) -> None:
        if self._decoder is None and self._body is None:
            data = self._begin(data)
        if self._decoder is not None:
            if not self._opened:
                self._head += data[: HEAD_BYTES - len(self._head)]
            for event in self._decoder.feed(data):
                self._read(event.data)
        elif self._body is not None:
            self._keep(self._body, data)

    def _take_end(self) -> None:
        if self._decoder is not None:
            for event in self._decoder.close():
                self._read(event.data)
        elif not self.done:
            self._read_body()
        if not self.done:
            self._end()

    def _begin(self, data: bytes) -> bytes:
        """Decide what the response is by its first byte that is not blank; return the data from there on."""
        head = self._head + data
        if self._status < 300:
            if len(head) < len(_BOM) and _BOM.startswith(head):
                self._head = head
                return b""
            head = head.removeprefix(_BOM).lstrip()
        self._head = b""
        if self._status >= 300 or head.startswith((b"{", b"[", b"<")):
            self._body = bytearray()
        elif head:
            self._decoder = Decoder()
        return head

    def _keep(self, body: bytearray, data: bytes) -> None:
        body += data
        if self._status >= 300 or body.startswith(b"<"):
            del body[ERROR_BYTES:]
        elif len(body) > EVENT_BYTES:
            raise UnknownReply(f"The answer has more than {EVENT_BYTES // 2**20} MiB. Ask for a shorter one.")

    def _read(self, data: str) -> None:
        """Read the data of one event."""
        if self.done or data.isspace() or not data:
            return
        if data.strip() == DONE:
            self.done = True
            self._end()
        else:
            self._chunk(_parsed(data))

    def _read_body(self) -> None:
        """Read a response that is no stream: an answer, a refusal, or a page of HTML."""
        text = bytes(self._body or b"").removeprefix(_BOM).decode(errors="replace").strip()
        payload = _parsed(text)
        if no := refusal(payload, status=self._status, headers=self._headers):
            raise no
        if text.startswith("<"):
            said = shorten(page_text(text), SAID_CHARS)
            raise UnknownReply(
                f"The service sent a web page instead of an answer: “{said}”. Check its address.", excerpt=text
            )
        if isinstance(payload, str) and text:
            if text.endswith(("}", "]")):
                raise _unknown(text)
            raise Cut("The answer broke off before its end. Ask again to have it; it may have been charged.")
        self._head = text[:HEAD_BYTES].encode()
        for chunk in payload if isinstance(payload, list) else [payload]:
            if chunk:
                self._chunk(chunk)
        self.done = True
        self._end()

    def _chunk(self, chunk: Any) -> None:
        """Read one object of the service: a piece of an answer, or all of it."""
        chunk = _object(chunk)
        choices = _list(chunk.get("choices"))
        if (chunk.get("error") or not choices) and (no := refusal(chunk, headers=self._headers)):
            raise no
        if not self._opened:
            self._opened = True
            model = chunk.get("model")
            model = whole(model) if isinstance(model, str) else ""
            self._events.append(Opened(model, whole(request_id(self._headers, chunk))))
        for choice in choices:
            choice = _object(choice)
            if choice.get("index") in (None, 0):  # only --extra can ask for more than one answer
                self._choice(choice)
        if chunk.get("usage") is not None or chunk.get("credits_consumed") is not None:
            usage = _usage(chunk)
            if usage not in (self._usage, Usage()):
                self._usage = usage
                self._events.append(usage)

    def _choice(self, choice: dict[str, Any]) -> None:
        part = choice.get("delta")
        part = _object(choice.get("message") if part is None else part)
        # Of these spellings the first that is there counts: OpenRouter sends the same thoughts in two.
        thoughts = _text(part.get("reasoning_content")) or _text(part.get("reasoning"))
        thoughts = thoughts or _text(part.get("reasoning_details"))
        content = _text(part.get("content"))
        flagged = bool(content) and _is_flagged(part.get("extra_content"))
        if thoughts:
            self._tags.expect_none()
            self._say(Thinking, thoughts)
        if content and not (flagged and thoughts):
            inside, text = self._tags.split(content, flagged=flagged)
            self._say(Thinking, inside)
            self._say(Text, text)
        if part.get("annotations"):
            self._events += _citations(part["annotations"])
        self._called = self._called or bool(part.get("tool_calls"))
        if choice.get("error") and (no := refusal(choice, headers=self._headers)):
            raise no
        if reason := choice.get("finish_reason"):
            if not isinstance(reason, str):
                raise _unknown(choice)
            self._held_back()
            self._events.append(self._finish(whole(reason)))

    def _say(self, kind: type[Thinking | Text], text: str) -> None:
        if not text:
            return
        if self._half or not text.isascii():
            if self._half and self._half[0] is kind:
                text = self._half[1] + text
            elif self._half:
                self._events.append(self._half[0]("\ufffd"))
            self._half = (kind, text[-1]) if "\ud800" <= text[-1] <= "\udbff" else None
            text = whole(text[:-1] if self._half else text)
        if kind is Text:
            self._wrote = self._wrote or not text.isspace()
        else:
            self._thought = True
        if text:
            self._events.append(kind(text))

    def _held_back(self) -> None:
        """Let out what looked like the beginning of a tag or of a character and was none."""
        thoughts, text = self._tags.close()
        self._say(Thinking, thoughts)
        self._say(Text, text)
        if self._half:
            self._events.append(self._half[0]("\ufffd"))
            self._half = None

    def _end(self) -> None:
        """Close the answer, now that nothing more comes."""
        self._held_back()
        if not (self._thought or self._wrote or self._called or self.finished):
            self._raise_nothing()
        if not (self.done or self.finished):
            raise Cut("The answer broke off before its end. Ask again to have all of it; it is charged anew.")
        if not self.finished:
            self._events.append(self._finish("unknown"))

    def _finish(self, reason: str) -> Finished:
        """Say why the model stopped. A call of a tool that nobody offered ends an answer without words."""
        self.finished = True
        return Finished("tool_calls" if self._called and not self._wrote else reason)

    def _raise_nothing(self) -> None:
        if not self.done and (self._opened or self._head.startswith(_STREAM)):
            raise Cut("The answer broke off before its first word. Ask again; it may have been charged.")
        text = self._head.decode(errors="replace").strip()
        said = f" but “{shorten(' '.join(text.split()), SAID_CHARS)}”" if text else ""
        raise UnknownReply(f"The service sent no answer{said}. {_AGAIN}", excerpt=text)


def balance(data: bytes, *, status: int = 200) -> float:
    """Read how many credits are left from kie's answer to `GET /api/v1/chat/credit`.

    Raises:
        Refused: the service says no.
        UnknownReply: there is no number in the answer.
    """
    payload = _parsed(data[:ERROR_BYTES].decode(errors="replace"))
    if no := refusal(payload, status=status):
        raise no
    credits_left = number(payload.get("data")) if isinstance(payload, dict) else None
    if credits_left is None:
        raise _unknown(payload)
    return credits_left


def _parsed(text: str) -> Any:
    """Parse JSON; text that is none stays as it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _unknown(what: Any) -> UnknownReply:
    text = what if isinstance(what, str) else written(what)
    return UnknownReply(f"The service sent something that is no answer. {_AGAIN}", excerpt=text)


def _object(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _unknown(value)
    return value


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _unknown(value)
    return value


def _text(value: Any) -> str:
    """Return text that comes as a string, or in a list of blocks: {"text"}, or {"summary"} of thoughts."""
    if not value:
        return ""
    if isinstance(value, str):
        return value
    blocks = [block if isinstance(block, str) else _object(block) for block in _list(value)]
    texts = [b if isinstance(b, str) else b.get("text") or b.get("summary") or "" for b in blocks]
    if not all(isinstance(text, str) for text in texts):
        raise _unknown(value)
    return "".join(texts)


def _is_flagged(extra: Any) -> bool:
    """Tell whether Google marks the content as thoughts."""
    google = extra.get("google") if isinstance(extra, dict) else None
    return isinstance(google, dict) and google.get("thought") is True


def _citations(annotations: Any) -> Iterator[Citation]:
    """Read the sources of an answer. One that is not understood is left out: the answer matters more."""
    for note in annotations if isinstance(annotations, list) else []:
        if not isinstance(note, dict):
            continue
        source = note.get("url_citation")
        source = source if isinstance(source, dict) else note
        url, title = source.get("url"), source.get("title")
        if isinstance(url, str) and url:
            start, end = _count(source.get("start_index")), _count(source.get("end_index"))
            placed = start is not None and end is not None and start < end
            span = (start, end) if placed else (None, None)
            yield Citation(whole(url), whole(title) if isinstance(title, str) else "", *span)


def _usage(chunk: dict[str, Any]) -> Usage:
    usage = chunk.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("completion_tokens_details")
    return Usage(
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        total_tokens=_count(usage.get("total_tokens")),
        reasoning_tokens=_count(details.get("reasoning_tokens")) if isinstance(details, dict) else None,
        credits=number(chunk.get("credits_consumed")),
        cost_usd=number(usage.get("cost")),
    )


def _count(value: Any) -> int | None:
    found = number(value)
    return None if found is None else int(found)
