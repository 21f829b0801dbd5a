"""What a recording holds: for each answer one line of JSON, to be read, compared and merged by people.

    {"recorded": "2026-11-22", "cell": "4f1c", "question": {...}, "answer": {...}}

Two questions are the same when their `question` objects are: nothing of them is kept besides, no key
that could disagree with them. The bytes of what was attached are not in it, only their SHA-256.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any, TypeVar

from ..core.answer import Answer
from ..core.messages import Attachment, Citation, Media, Part, Turn, Usage
from ..core.question import Question
from ..core.settings import Settings
from .services import SERVICES

HEAD = '{"recorded": '  # how each line begins
CHANGES_THE_ANSWER = ("effort", "thoughts", "search", "system", "extra")
DRAWN = ("figure", "chart", "table")  # kinds whose picture depends on who draws it

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Sent:
    """Something that went with a question, by what it was: its name, kind, media type, size and hash."""

    name: str
    kind: str
    type: str
    bytes: int
    sha256: str

    @property
    def drawn(self) -> bool:
        """True for a picture that was drawn in the notebook: another version draws other pixels."""
        return self.kind in DRAWN and self.type.startswith("image/")


@dataclass(frozen=True)
class Asked:
    """What a question means: all that can change its answer.

    How a service spells it is left out, and which service is asked. Of the model there is its name
    without the vendor before it and the "-preview" behind it, so the same model is the same everywhere.

    Attributes:
        prompt: the new turn, texts and attachments in order.
        options: those of the settings that change the answer; what is off or empty is left out.
        earlier: a digest of each turn before. Of pictures that were drawn it has the names only: what
            they showed stands in the answers.
    """

    prompt: tuple[str | Sent, ...]
    options: Mapping[str, Any]
    earlier: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """The same for two questions if they mean the same."""
        return _digest(self.as_json())

    @cached_property
    def near_key(self) -> str:
        """The same for two questions if they differ in nothing but the pixels of drawn pictures."""
        prompt = tuple(
            replace(part, bytes=0, sha256="") if isinstance(part, Sent) and part.drawn else part
            for part in self.prompt
        )
        return _digest(replace(self, prompt=prompt).as_json())

    @property
    def attached(self) -> tuple[Sent, ...]:
        """What goes with the new turn, in order."""
        return tuple(part for part in self.prompt if isinstance(part, Sent))

    @property
    def text(self) -> str:
        """The words of the new turn, with what stands between them by its name, as people type it."""
        return "".join(part if isinstance(part, str) else f"$`{part.name}`" for part in self.inline)

    @property
    def inline(self) -> tuple[str | Sent, ...]:
        """The prompt without the attachments that come before its first word."""
        start = next((place for place, part in enumerate(self.prompt) if isinstance(part, str)), 0)
        return self.prompt[start:]

    def as_json(self) -> dict[str, Any]:
        """Write it as the `question` of a line."""
        prompt = [part if isinstance(part, str) else asdict(part) for part in self.prompt]
        earlier = {"earlier": list(self.earlier)} if self.earlier else {}
        return {"prompt": prompt, **earlier, "options": dict(self.options)}


@dataclass(frozen=True)
class Record:
    """One answer of a recording.

    Attributes:
        day: when it was recorded, as 2026-11-22.
        cell: the identity of the cell that asked, "" where the frontend gave none.
        line: where it stands in the file, counted from 1; 0 before it is in one.
    """

    day: str
    cell: str
    asked: Asked
    service: str
    model: str
    text: str
    thinking: str = ""
    citations: tuple[Citation, ...] = ()
    usage: Usage = field(default_factory=Usage)
    ended: str | None = None
    first_text_s: float | None = None
    total_s: float = 0.0
    line: int = field(default=0, compare=False)

    def as_line(self) -> bytes:
        """Write the record as it stands in the file, with the newline."""
        answer = {
            "service": self.service,
            "model": self.model,
            "thinking": self.thinking,
            "text": self.text,
            "citations": [_given(citation) for citation in self.citations],
            "usage": _given(self.usage),
            "ended": self.ended,
            "first_text_s": self.first_text_s,
            "total_s": self.total_s,
        }
        whole = {"recorded": self.day, "cell": self.cell, "question": self.asked.as_json(), "answer": answer}
        # Half a surrogate pair has no UTF-8, but its escape is JSON.
        return json.dumps(whole, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def asked_by(question: Question) -> Asked:
    """Return what a question means."""
    *before, new = question.turns
    settings = question.settings
    options = {name: getattr(settings, name) for name in CHANGES_THE_ANSWER}
    options |= {"model": _model(settings), "schema": question.schema}
    return Asked(
        prompt=_joined(new.parts),
        options={name: value for name, value in options.items() if value},
        earlier=tuple(_turn_digest(turn) for turn in before),
    )


def cell_of(question: Question) -> str:
    """Return the identity of the asking cell. VS Code puts the path of the notebook before it, and a "#"."""
    return question.cell.rpartition("#")[2]


def record_of(question: Question, answer: Answer) -> Record:
    """Make the record of a finished answer."""
    return Record(
        day=date.today().isoformat(),
        cell=cell_of(question),
        asked=asked_by(question),
        service=answer.service,
        model=answer.model,
        text=answer.text,
        thinking=answer.thinking,
        citations=tuple(answer.citations),
        usage=answer.usage,
        ended=answer.ended,
        first_text_s=None if answer.first_text_s is None else round(answer.first_text_s, 3),
        total_s=round(answer.seconds, 3),
    )


def read_line(line: bytes, number: int) -> Record:
    """Read one line of a recording.

    Raises:
        ValueError: it is no record; the message says what is wrong with it.
    """
    try:
        whole = _Fields(json.loads(line), "the line")
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("no UTF-8") from None
    question = _Fields(whole.take("question", dict), "question")
    answer = _Fields(whole.take("answer", dict), "answer")
    day = whole.take("recorded", str)
    try:
        date.fromisoformat(day)
    except ValueError:
        raise ValueError(f"recorded should be a day, as 2026-11-22, not {day!r}") from None
    asked = Asked(
        prompt=tuple(part if isinstance(part, str) else _sent(part) for part in question.take("prompt", list)),
        options=question.take("options", dict),
        earlier=tuple(question.take("earlier", list, [])),
    )
    return Record(
        day=day,
        cell=whole.take("cell", str, ""),
        asked=asked,
        service=answer.take("service", str),
        model=answer.take("model", str),
        text=answer.take("text", str),
        thinking=answer.take("thinking", str, ""),
        citations=tuple(_citation(each) for each in answer.take("citations", list, [])),
        usage=_usage(answer.take("usage", dict, {})),
        ended=answer.take("ended", (str, type(None)), None),
        first_text_s=answer.number("first_text_s"),
        total_s=answer.number("total_s") or 0.0,
        line=number,
    )


class _Fields:
    """The fields of a JSON object, each checked as it is taken; fields that nobody takes are let be."""

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{what} should be an object")
        self._values, self._what = value, what

    def take(self, name: str, kind: Any, *default: Any) -> Any:
        if name not in self._values and default:
            return default[0]
        value = self._values.get(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{self._what} has no {name}, or not one that can be read")
        return value

    def number(self, name: str) -> Any:
        value = self.take(name, (int, float, type(None)), None)
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} should be a number from 0 up")
        return value


def _sent(value: object) -> Sent:
    part = _Fields(value, "a part of the prompt")
    return Sent(
        part.take("name", str), part.take("kind", str), part.take("type", str, ""),
        part.take("bytes", int, 0), part.take("sha256", str),
    )  # fmt: skip


def _citation(value: object) -> Citation:
    source, place = _Fields(value, "a citation"), (int, type(None))
    return Citation(
        source.take("url", str), source.take("title", str, ""),
        source.take("start", place, None), source.take("end", place, None),
    )  # fmt: skip


def _usage(value: dict[str, Any]) -> Usage:
    counted = _Fields(value, "usage")
    return Usage(**{each.name: counted.number(each.name) for each in fields(Usage)})


def _given(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that say something."""
    return {name: said for name, said in asdict(value).items() if said not in (None, "")}


def _joined(parts: tuple[Part, ...]) -> tuple[str | Sent, ...]:
    """Describe the parts of a turn; texts that follow each other are one text."""
    described: list[str | Sent] = []
    for part in parts:
        if isinstance(part, Attachment):
            described.append(_described(part))
        elif described and isinstance(described[-1], str):
            described[-1] += part
        elif part:
            described.append(part)
    return tuple(described)


def _described(attachment: Attachment) -> Sent:
    content = attachment.content
    if isinstance(content, Media):
        return Sent(attachment.name, attachment.kind, content.type, content.size_bytes, content.sha256)
    data = content.encode("utf-8", "surrogatepass")
    return Sent(attachment.name, attachment.kind, "text/plain", len(data), sha256(data).hexdigest())


def _model(settings: Settings) -> str:
    row = SERVICES.get(settings.service)
    name = settings.model or (row and row.model) or SERVICES[Settings.service].model
    return name.rpartition("/")[2].removesuffix("-preview")


def _turn_digest(turn: Turn) -> str:
    asked = Asked(_joined(turn.parts), {"role": turn.role})
    return f"{turn.role} {asked.near_key[:16]}"


def _digest(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
