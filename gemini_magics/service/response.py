"""The answer on the wire: the bytes of a response in, the events of an answer out.

One reader takes every response, streamed or not, from every service. The status and the first byte decide
how a response is read. Its Content-Type does not, because kie leaves it out or gets it wrong. How single
fields are spelled is told in `fields`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..core.errors import GeminiError, IncompleteAnswer, ServiceError, UnexpectedResponse
from ..core.messages import BLOCKED, Event, Finished, Opened, Text, Thinking, Usage
from ..core.text import shorten, whole_characters
from . import fields
from .refusals import SAID_CHARS, page_text, refusal, request_id
from .sse import EVENT_BYTES, Decoder, StreamEvent, is_done
from .thoughts import Tags
from .tool_calls import THOUGHTS, CallPieces

# An error is read up to this size: enough to parse it, and far more than is quoted. An answer that is not
# streamed may be as long as one event of a stream.
ERROR_BYTES = 2**20
HEAD_BYTES = 2000
_BOM = b"\xef\xbb\xbf"
_WORDS_ALONE = {"role", "content", "reasoning_content", "reasoning"}
_STREAM = (b":", b"data", b"event", b"id", b"retry")
# A word in brackets, such as [ping], has no room for words of an answer: JSON writes them in quotes.
_MARK = re.compile(r"""\[[^][{}"]*\]|\{[^][{}"]*\}""")


class Reader:
    """Turns the bytes of one response into the events of an answer.

    A finish_reason is a claim and not the end: some gateways put "stop" on every chunk
    (https://github.com/BerriAI/litellm/issues/2195, https://github.com/su-kaka/gcli2api/issues/403). Words
    that follow take the claim back. `Finished` is therefore the last event, and comes when the end is known.

    Attributes:
        done: the service has said that nothing more comes.
        claims: how many finish_reasons have come, those that were taken back included.
    """

    def __init__(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.done: bool = False
        self.claims: int = 0
        self._status = status
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._head = b""  # how the response begins, until it is known to be an answer
        self._decoder: Decoder | None = None
        self._body: bytearray | None = None
        self._opened = self._thought = self._wrote = False
        self._reason = ""  # the latest finish_reason
        self._claimed = False  # no words have come since the latest finish_reason
        self._doubted = False  # words have followed a finish_reason that came after words
        self._called: list[str] = []  # the tools that the model calls
        self._calls = CallPieces()
        self._declined = ""  # the words in which the model declines to answer
        self._skipped: UnexpectedResponse | None = None  # a part that could not be read after a finish_reason
        self._remark: dict[str, Any] | None = None  # the latest object that has words and is not an answer
        self._in_deltas: set[str] = set()  # the kinds of words that a `delta` has brought
        self._messages: dict[
            str, str | None
        ] = {}  # the last whole `message` of a kind; None where they are pieces
        self._tier = ""
        self._usage: Usage | None = None
        self._tags = Tags()
        self._half: tuple[type[Thinking | Text], str] | None = None  # the first half of a surrogate pair
        self._events: list[Event] = []  # read, and not yielded yet

    @property
    def finished(self) -> bool:
        """True while a finish_reason stands that came after a word of the answer: only usage may follow."""
        return self._claimed and (self._wrote or bool(self._called))

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield the events of the next bytes. Events before an error are yielded before it is raised.

        Raises:
            ServiceError: the service says no, at once or in the middle of the answer.
            UnexpectedResponse: the bytes follow no documented format, or the service says that this was all and
                there is no answer in it.
        """
        return self._said(lambda: self._take(data))

    def close(self, *, broken: bool = False) -> Iterator[Event]:
        """End the response and yield what was held back: all of an answer that is not streamed.

        Args:
            broken: the body did not end by itself, so only a finish_reason that can be believed ends the
                answer.

        Raises:
            ServiceError: as `feed`.
            IncompleteAnswer: the response ended before the answer did.
            UnexpectedResponse: as `feed`.
        """
        return self._said(lambda: self._take_end(broken))

    def _said(self, take: Callable[[], None]) -> Iterator[Event]:
        """Yield the events of a step, and those before an error before it is raised."""
        failure = None
        try:
            take()
        except GeminiError as error:
            failure = error
            self._let_out()
            if self._claimed or self._called or self._declined:  # the caller learns that there was an answer
                self._events.append(self._finish())
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
                self._read(event)
        elif self._body is not None:
            self._keep(self._body, data)

    def _take_end(self, broken: bool) -> None:
        if self._decoder is not None:
            for event in self._decoder.close():
                self._read(event)
        elif not self.done:
            self._read_body()
        if not self.done:
            self._end(broken)

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
            raise UnexpectedResponse(
                f"The answer has more than {EVENT_BYTES // 2**20} MiB. Ask for a shorter one."
            )

    def _read(self, event: StreamEvent) -> None:
        """Read one event. Its data is an object of the service, or it says nothing about the answer."""
        data = event.data.strip()
        if self.done or not data:
            return
        if is_done(data):
            self.done = True
            self._end()
            return
        payload = fields.parsed(data)
        if isinstance(payload, str) and payload is not data:  # JSON that was written as JSON once more
            payload = fields.parsed(payload)
        is_message = event.event == "message"
        if not is_message and fields.is_error_name(event.event):
            raise self._refused(fields.error_in(payload) or payload)
        if payload is data and data.startswith(("{", "[")) and is_message and not _MARK.fullmatch(data):
            self._skip(fields.unreadable(data))
        for chunk in payload if isinstance(payload, list) else [payload]:
            if isinstance(chunk, dict):
                self._chunk(chunk)

    def _read_body(self) -> None:
        """Read a response that is not a stream: an answer, a refusal, or a page of HTML."""
        text = bytes(self._body or b"").removeprefix(_BOM).decode(errors="replace").strip()
        payload = fields.parsed(text)
        if payload is text and text.encode().startswith(_STREAM):  # a refusal, with its status, as an event
            events = [fields.parsed(event.data) for event in _events(text)]
            payload = next((each for each in events if isinstance(each, dict | list)), text)
        if no := refusal(payload, status=self._status, headers=self._headers):
            raise no
        if text.startswith("<"):
            said = shorten(page_text(text), SAID_CHARS)
            raise UnexpectedResponse(
                f"The service sent a web page instead of an answer: “{said}”. Check its address.", excerpt=text
            )
        self._head = text[:HEAD_BYTES].encode()
        if isinstance(payload, str) and text:
            self._read_lines(text)
            return
        for chunk in payload if isinstance(payload, list) else [payload]:
            if isinstance(chunk, dict) and chunk:
                self._chunk(chunk)
        self.done = True
        self._end()

    def _read_lines(self, text: str) -> None:
        """Read a body that is not JSON as a whole: lines of JSON, a stream that begins with one, or a part."""
        for event in _events(text):
            self._read(event)
        if not self._opened and text.endswith(("}", "]")):
            raise fields.unreadable(text)
        if not self._opened:
            raise IncompleteAnswer(
                "The answer broke off before its end. Ask again to have it; it may have been charged."
            )

    def _chunk(self, chunk: dict[str, Any]) -> None:
        """Read one object of the service: a piece of an answer, all of it, or an error."""
        if not self._opened:
            self._opened = True
            model = chunk.get("model")
            model = whole_characters(model) if isinstance(model, str) else ""
            self._events.append(Opened(model, whole_characters(request_id(self._headers, chunk))))
        if (tier := fields.tier_in(chunk)) and tier != self._tier:
            self._tier = tier
            self._events.append(Opened(tier=tier))
        try:
            for choice in map(fields.an_object, fields.a_list(chunk.get("choices"))):
                # Only --extra can ask for more than one answer; the first is read.
                if not choice.get("index") or not fields.number(choice["index"]):
                    self._choice(choice)
        except UnexpectedResponse as unreadable:
            self._skip(unreadable)
        usage = fields.usage_in(chunk)
        if usage and usage != self._usage:
            self._usage = usage
            self._events.append(usage)
        if error := fields.error_in(chunk):
            raise refusal(chunk, headers=self._headers) or self._refused(error)
        self._remark = fields.remark_in(chunk) or self._remark

    def _choice(self, choice: dict[str, Any]) -> None:
        for spelling in ("delta", "message"):
            if part := fields.an_object(choice.get(spelling)):
                self._part(part, spelling)
        if choice.get("text"):  # the older protocol, for completions
            self._part({"content": choice["text"]}, "text")
        if error := choice.get("error"):
            raise self._refused(error)
        if reason := fields.reason_in(choice):
            self._reason, self._claimed = reason, True
            self.claims += 1

    def _part(self, part: dict[str, Any], spelling: str) -> None:
        """Read a `delta`, a `message`, or the `text` of a completion."""
        thoughts = self._new("thoughts", fields.thoughts_in(part), spelling)
        content = self._new("content", fields.text_in(part.get("content")), spelling)
        if (thoughts + content).strip():
            self._go_on()
        if self._called and content.strip():
            self._called.clear()  # the service ran the tool itself
        flagged = bool(content) and fields.is_flagged(part)
        if thoughts:
            self._tags.expect_none()
            self._say(Thinking, thoughts)
        if content and not (flagged and thoughts):
            inside, text = self._tags.split(content, flagged=flagged)
            self._say(Thinking, inside)
            self._say(Text, text)
        self._declined += self._new("refusal", fields.refusal_in(part), spelling)
        if THOUGHTS in part:
            self._calls.take_thoughts(part[THOUGHTS], spelling)
        if part.keys() <= _WORDS_ALONE:  # as nearly all parts of a stream
            return
        self._events += fields.citations_in(part)
        self._called += fields.called_in(part)
        self._calls.add(part, spelling)
        if error := part.get("error"):
            raise self._refused(error)

    def _new(self, kind: str, words: str, spelling: str) -> str:
        """Return the words of a kind that did not come before. A delta is always new.

        Some streams end with a chunk whose `message` repeats what deltas have brought
        (https://github.com/abundantbeing/hermes-browser-extension/issues/11). Where each chunk has a `message`,
        the second one tells whether each is a piece or all that was said so far.
        """
        if spelling == "delta":
            if words and kind not in self._in_deltas and words.strip():
                self._in_deltas.add(kind)
            return words
        if kind in self._in_deltas:
            return ""
        said = self._messages.get(kind, "")
        if spelling == "message" and words and said is not None:
            repeats = words.startswith(said)
            self._messages[kind] = words if repeats else None
            return words[len(said) :] if repeats else words
        return words

    def _go_on(self) -> None:
        """Take a finish_reason back, because words follow it."""
        if self._claimed:
            self._claimed = False
            self._doubted = self._doubted or self._wrote
        self._remark = None
        if self._skipped:  # it was in the middle of the answer, and may have been a piece of it
            raise self._skipped

    def _skip(self, error: UnexpectedResponse) -> None:
        """Pass over what cannot be read after a finish_reason: it costs nobody a good answer."""
        if not self._claimed:
            raise error
        self._skipped = error

    def _say(self, kind: type[Thinking | Text], text: str) -> None:
        if not text:
            return
        if self._half or not text.isascii():
            if self._half and self._half[0] is kind:
                text = self._half[1] + text
            elif self._half:
                self._events.append(self._half[0]("\ufffd"))
            self._half = (kind, text[-1]) if "\ud800" <= text[-1] <= "\udbff" else None
            text = whole_characters(text[:-1] if self._half else text)
        if kind is Text:
            self._wrote = self._wrote or not text.isspace()
        else:
            self._thought = True
        if text:
            self._events.append(kind(text))

    def _let_out(self) -> None:
        """Let out what looked like the beginning of a tag or of a character, and was not."""
        thoughts, text = self._tags.close()
        self._say(Thinking, thoughts)
        self._say(Text, text)
        if self._half:
            self._events.append(self._half[0]("\ufffd"))
            self._half = None

    def _end(self, broken: bool = False) -> None:
        """Close the answer, now that nothing more comes."""
        self._let_out()
        if declined := " ".join(self._declined.split()):
            said = shorten(declined, SAID_CHARS)
            raise ServiceError(f"The model declined to answer: “{said}”. Change the question.", code="refusal")
        if not (self._thought or self._wrote or self._called or self._reason):
            self._raise_nothing()
        if not self._claimed and self._remark:
            raise self._refused(self._remark)
        if not (self.done or (self._claimed and (self._is_believed or not broken))):
            raise IncompleteAnswer(
                "The answer broke off before its end. Ask again to have all of it; it is charged again."
            )
        if calls := self._calls.all():
            self._events.append(calls)
        self._events.append(self._finish())
        self._claimed = False

    @property
    def _is_believed(self) -> bool:
        """True where a finish_reason may end the answer though the body did not end.

        It may not where the service has gone on after an earlier one, nor after thoughts alone.
        """
        return not self._doubted and (self._wrote or bool(self._called) or not self._thought)

    def _finish(self) -> Finished:
        """Say why the model stopped. Without words a call of a tool is the reason, unless a filter cut it."""
        reason = self._reason or "unknown"
        if self._called and not self._wrote and reason.lower() not in BLOCKED:
            reason = "tool_calls"
        return Finished(reason, tuple(dict.fromkeys(filter(None, self._called))))

    def _refused(self, error: Any) -> ServiceError:
        """Make a refusal of what is known to be an error, whatever its shape."""
        known = {"error": error if fields.error_in({"error": error}) else True}
        if isinstance(error, str | list):
            known |= {"message": fields.words_in(error)}
        refused = refusal(known, headers=self._headers)
        assert refused  # noqa: S101 - an `error` that is not empty is a refusal
        return refused

    def _raise_nothing(self) -> None:
        if self._remark:
            raise self._refused(self._remark)
        if not self.done and (self._opened or self._head.startswith(_STREAM)):
            raise IncompleteAnswer(
                "The answer broke off before its first word. Ask again; it may have been charged."
            )
        text = self._head.decode(errors="replace").strip()
        said = f" but “{shorten(' '.join(text.split()), SAID_CHARS)}”" if text else ""
        raise UnexpectedResponse(f"The service sent no answer{said}. {fields.AGAIN}", excerpt=text)


def _events(text: str) -> list[StreamEvent]:
    decoder = Decoder()
    return [*decoder.feed(text.encode()), *decoder.close()]


def balance(data: bytes, *, status: int = 200) -> float:
    """Read how many credits are left from kie's answer to `GET /api/v1/chat/credit`.

    Raises:
        ServiceError: the service says no.
        UnexpectedResponse: there is no number in the answer.
    """
    payload = fields.parsed(data[:ERROR_BYTES].decode(errors="replace"))
    if no := refusal(payload, status=status, free=True):
        raise no
    credits_left = fields.number(payload.get("data")) if isinstance(payload, dict) else None
    if credits_left is None:
        raise fields.unreadable(payload)
    return credits_left
