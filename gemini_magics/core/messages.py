"""Messages to the model and their parts, and the events of an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from .text import Brief, one_line, size

if TYPE_CHECKING:
    from .places import Ground

NAME_CHARS = 80
NOTE_CHARS = 500

# Notes of text that nobody has read before it is sent, so that it is masked:
FOR_MODELS = "the object's own words"  # how the note of an `_ai_repr_` begins
SOURCE = "its source"  # of a function
TRACED = "its class, message and traceback"  # of an exception

Role = Literal["system", "user", "assistant", "tool"]
CallStatus = Literal["ok", "failed", "refused", "stopped"]


@dataclass(frozen=True, repr=False)
class Media(Brief):
    """A picture, sound, film or document, as bytes or as a public https URL.

    Attributes:
        type: the media type, such as "image/png"; "" where only the far end of `url` knows it.
        data: the encoded file; empty when there is a `url`.
        url: an https URL that goes to the service as it is. It is never fetched from here.
        width: pixels from left to right, for pictures.
        height: pixels from top to bottom, for pictures.
        scaled_from: width and height before a picture was scaled down; None where it was not.
    """

    type: str
    data: bytes = field(default=b"", repr=False)
    url: str | None = None
    width: int | None = None
    height: int | None = None
    scaled_from: tuple[int, int] | None = field(default=None, compare=False, repr=False)

    @property
    def size_bytes(self) -> int:
        """The size of the encoded file; 0 for a URL."""
        return len(self.data)

    @cached_property
    def sha256(self) -> str:
        """The hex digest of the encoded file, or of the URL's characters."""
        return hashlib.sha256(self.data or (self.url or "").encode()).hexdigest()


@dataclass(frozen=True, repr=False)
class Attachment(Brief):
    """Something of the notebook that goes with a question.

    Attributes:
        name: the word by which a person attached it: "fig", "axes[0]", "plots/photo.jpg".
        kind: one word: figure, image, chart, table, PDF, audio, video, text or link.
        content: text, or media.
        note: a change on the way, such as "scaled from 6000 x 4000" or "30 of 1,000 rows".
        inline: True where it stands inside the prompt rather than before it.
        ground: the figure or document that a picture shows, for marks in it.
    """

    name: str
    kind: str
    content: str | Media
    note: str = ""
    inline: bool = False
    ground: Ground | None = field(default=None, compare=False, repr=False)

    @property
    def size_bytes(self) -> int:
        """The bytes that are sent, before any base64."""
        if isinstance(self.content, Media):
            return self.content.size_bytes
        return len(self.content.encode(errors="surrogatepass"))

    @property
    def label(self) -> str:
        """One line for people: "fig · figure · 640 × 480 px · 21 kB"."""
        media = self.content if isinstance(self.content, Media) else None
        pixels = f"{media.width} × {media.height} px" if media and media.width else ""
        # All three may stand in an imported chat.
        name, kind = one_line(self.name, NAME_CHARS), one_line(self.kind, NAME_CHARS)
        weight = size(self.size_bytes) if self.size_bytes else ""
        return " · ".join(filter(None, (name, kind, pixels, weight, one_line(self.note, NOTE_CHARS))))

    @property
    def can_be_marked(self) -> bool:
        """True for a picture, a PDF, and a link, which may lead to a picture."""
        return isinstance(self.content, Media) and (
            self.content.type.startswith("image/") or self.content.type in ("application/pdf", "")
        )


Part = str | Attachment


@dataclass(frozen=True, repr=False)
class ToolCall(Brief):
    """A call that the model asks for, as the service wrote it.

    Attributes:
        id: the service's name for the call; its result goes back under this name.
        arguments: the arguments, which should be a JSON object.
        extra: fields of the call that go back with it unchanged, such as Gemini's thought signature.
    """

    id: str
    name: str
    arguments: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class ToolCalls(Brief):
    """The calls with which an answer of the model ends.

    Attributes:
        extra: fields of the message that go back with the calls unchanged, such as OpenRouter's
            `reasoning_details`.
    """

    calls: tuple[ToolCall, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Message(Brief):
    """One message of a conversation: who speaks, and its parts in order.

    Attributes:
        asks: the calls that an assistant's message ends with, or None.
        answers: the id of the call whose result a tool's message brings; else "".
    """

    role: Role
    parts: tuple[Part, ...]
    asks: ToolCalls | None = None
    answers: str = ""

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """The attachments of this message, in order."""
        return tuple(part for part in self.parts if isinstance(part, Attachment))

    @property
    def words(self) -> str:
        """The words of the message; attachments among them stand there by their labels."""
        return "".join(
            part if isinstance(part, str) else f"[{part.label}]"
            for part in self.parts
            if isinstance(part, str) or part.inline
        )

    @property
    def prompt_sha256(self) -> str:
        """The SHA-256 of the text of the message, as hex digits; attachments do not count."""
        return text_sha256("".join(part for part in self.parts if isinstance(part, str)))


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text, as hex digits."""
    # JSON of a page may hold half of a surrogate pair, which strict UTF-8 refuses:
    # https://docs.python.org/3/library/codecs.html#error-handlers
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, repr=False)
class Opened(Brief):
    """The service began to answer. An empty field says nothing and changes nothing."""

    model: str = ""
    request_id: str = ""
    tier: str = ""


@dataclass(frozen=True, repr=False)
class Waiting(Brief):
    """Nothing was answered yet, and the question will be sent again: why, and after how many seconds."""

    reason: str
    seconds: float


@dataclass(frozen=True, repr=False)
class Thinking(Brief):
    """A piece of the model's thoughts."""

    text: str


@dataclass(frozen=True, repr=False)
class Text(Brief):
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, repr=False)
class Citation(Brief):
    """A source that the service gives for its answer.

    Attributes:
        url: where the source is.
        title: what the service calls it; may be empty.
        start: first character of the answer that it supports, or None where the service does not say.
        end: one past the last such character.
    """

    url: str
    title: str = ""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, repr=False)
class Usage(Brief):
    """The cost of a question, as the service counts it. None where it says nothing.

    `completion_tokens` includes `reasoning_tokens`. Credits are the service's own unit.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    reasoning_tokens: int | None = None
    credits: float | None = None
    cost_usd: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """Return the cost of both together; a number that only one of them has is that one's."""
        sums: dict[str, Any] = {}
        for each in fields(self):
            counted = [n for n in (getattr(self, each.name), getattr(other, each.name)) if n is not None]
            sums[each.name] = sum(counted) if counted else None
        return Usage(**sums)

    @property
    def tokens(self) -> int | None:
        """All tokens of the question and its answer; None where the service counts none."""
        counted = [count for count in (self.prompt_tokens, self.completion_tokens) if count is not None]
        return self.total_tokens if self.total_tokens is not None or not counted else sum(counted)


# The finish reasons of an answer that a filter has cut, of OpenAI-style services and Google's own, which some
# services pass on in lower case:
# https://platform.openai.com/docs/api-reference/chat/object
# https://ai.google.dev/api/generate-content#FinishReason
BLOCKED = ("content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "image_safety")


@dataclass(frozen=True, repr=False)
class Finished(Brief):
    """The answer has ended.

    Attributes:
        reason: the service's finish_reason, which is an open set: stop, length, content_filter, ...
        called: the names of the tools that the model called.
    """

    reason: str
    called: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class FunctionCall(Brief):
    """A call of one of the person's functions: what the model asked for, and what came of it.

    Attributes:
        name: the function, as the model names it.
        arguments: the arguments as JSON; text that is not JSON where the model wrote such.
        status: "ok", "failed" (the function raised, or the call was wrong), "refused" (by the person, or
            because nobody could be asked) or "stopped" (by Ctrl-C).
        result: what the model was told.
        seconds: how long it ran.
        size_bytes: the size of all that was sent back, pictures included.
        pictures: the pictures of the result, small, as PNG.
        after_thinking: how many characters of thoughts came before it.
        after_text: how many characters of text came before it.
    """

    name: str
    arguments: str
    status: CallStatus = "ok"
    result: str = ""
    seconds: float = 0.0
    size_bytes: int = 0
    pictures: tuple[Media, ...] = ()
    after_thinking: int = 0
    after_text: int = 0


@dataclass(frozen=True, repr=False)
class Calling(Brief):
    """A function is about to be called, or the person to be asked whether it may be."""

    name: str
    arguments: str


Event = Opened | Waiting | Thinking | Text | Citation | Usage | ToolCalls | Calling | FunctionCall | Finished
