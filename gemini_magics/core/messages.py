"""What goes to the model and what comes back: turns and their parts, and the events of an answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from .plain import reveal, shorten, size

NAME_CHARS = 80

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Media:
    """A picture, sound, film or document, as bytes or as a public https URL.

    Attributes:
        type: the media type, such as "image/png"; "" where only the far end of `url` knows it.
        data: the encoded file; empty when there is a `url`.
        url: an https URL that goes to the service as it is. It is never fetched from here.
        width: pixels from left to right, for pictures.
        height: pixels from top to bottom, for pictures.
    """

    type: str
    data: bytes = field(default=b"", repr=False)
    url: str | None = None
    width: int | None = None
    height: int | None = None

    @property
    def size_bytes(self) -> int:
        """The size of the encoded file; 0 for a URL."""
        return len(self.data)

    @cached_property
    def sha256(self) -> str:
        """The hex digest of what is sent: the encoded file, or the URL's characters."""
        return hashlib.sha256(self.data or (self.url or "").encode()).hexdigest()


@dataclass(frozen=True)
class Attachment:
    """Something of the notebook that goes with a question.

    Attributes:
        name: what the person called it: "fig", "axes[0]", "plots/photo.jpg".
        kind: what it turned out to be, in one word: figure, image, chart, table, PDF, audio, video,
            text, link.
        content: text, or media.
        note: what was done to it on the way, such as "scaled from 6000 x 4000" or "30 of 1,000 rows".
        inline: True where it stands inside the prompt rather than before it.
    """

    name: str
    kind: str
    content: str | Media
    note: str = ""
    inline: bool = False

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
        name = shorten(" ".join(reveal(self.name).split()), NAME_CHARS)
        weight = size(self.size_bytes) if self.size_bytes else ""
        return " · ".join(filter(None, (name, self.kind, pixels, weight, self.note)))


Part = str | Attachment


@dataclass(frozen=True)
class Turn:
    """One message of a conversation: who speaks, and its parts in order."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The attachments of this turn, in order."""
        return tuple(part for part in self.parts if isinstance(part, Attachment))


@dataclass(frozen=True)
class Opened:
    """The service began to answer. An empty field says nothing and changes nothing."""

    model: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Waiting:
    """Nothing was answered yet, and the question will be sent again: why, and after how many seconds."""

    reason: str
    seconds: float


@dataclass(frozen=True)
class Thinking:
    """A piece of the model's thoughts."""

    text: str


@dataclass(frozen=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class Citation:
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


@dataclass(frozen=True)
class Usage:
    """What a question took, as the service counts it. None where it says nothing.

    `completion_tokens` includes `reasoning_tokens`. Credits are the service's own unit.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    reasoning_tokens: int | None = None
    credits: float | None = None
    cost_usd: float | None = None

    @property
    def tokens(self) -> int | None:
        """All tokens of the question and its answer; None where the service counts none."""
        counted = [count for count in (self.prompt_tokens, self.completion_tokens) if count is not None]
        return self.total_tokens if self.total_tokens is not None or not counted else sum(counted)


@dataclass(frozen=True)
class Finished:
    """The model stopped. `reason` is an open set: stop, length, content_filter, ..."""

    reason: str


Event = Opened | Waiting | Thinking | Text | Citation | Usage | Finished
