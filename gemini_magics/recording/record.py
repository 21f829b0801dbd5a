"""A recording holds one line of JSON for each answer, which people can read, compare and merge.

    {"recorded": "2026-11-22", "cell": "4f1c", "question": {...}, "answer": {...}}

Two questions are the same when their `question` objects are equal. A line holds no other key, which could
disagree with them, and of an attachment only its SHA-256.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any

from ..core.json_fields import LARGEST, JsonFields, read_json
from ..core.messages import Attachment, Citation, FunctionCall, Media, Message, Part, Usage, text_sha256
from ..core.question import Question
from ..core.settings import Settings
from ..core.text import Brief, quoted
from ..core.tool import Tool
from ..render.answer import Answer
from ..service.services import SERVICES
from ..service.tool_calls import declaration
from .calls import call_as_json, read_call

HEAD = '{"recorded": '  # how each line begins
CHANGES_THE_ANSWER = ("effort", "thoughts", "search", "point", "system", "extra", "tier")
DRAWN = ("figure", "chart", "table")  # kinds whose picture depends on who draws it


@dataclass(frozen=True, repr=False)
class AttachmentDigest(Brief):
    """An attachment of a recorded question: its name, kind, media type, size and hash."""

    name: str
    kind: str
    type: str
    bytes: int
    sha256: str

    @property
    def drawn(self) -> bool:
        """True for a picture that was drawn in the notebook: another matplotlib draws other pixels."""
        return self.kind in DRAWN and self.type.startswith("image/")


@dataclass(frozen=True, repr=False)
class Asked(Brief):
    """The parts of a question that can change its answer.

    The service and its spelling of the question are left out. The model stands without its vendor and
    without "-preview", so that the same model has the same name everywhere.

    Attributes:
        prompt: the new message, texts and attachments in order.
        options: the settings that change the answer, without those that are off or empty.
        earlier: a digest of each message before. A digest counts pictures that were drawn by their names
            alone, since the answers tell what they showed.
    """

    prompt: tuple[str | AttachmentDigest, ...]
    options: Mapping[str, Any]
    earlier: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """A digest that two questions share if they mean the same."""
        return _digest(self.as_json())

    @cached_property
    def near_key(self) -> str:
        """A digest that two questions share if they differ in the pixels of drawn pictures alone."""
        prompt = tuple(
            replace(part, bytes=0, sha256="") if isinstance(part, AttachmentDigest) and part.drawn else part
            for part in self.prompt
        )
        return _digest(replace(self, prompt=prompt).as_json())

    @property
    def attached(self) -> tuple[AttachmentDigest, ...]:
        """The attachments of the new message, in order."""
        return tuple(part for part in self.prompt if isinstance(part, AttachmentDigest))

    @property
    def text(self) -> str:
        """The words of the new message, with the names of the attachments among them, as people type it."""
        return "".join(part if isinstance(part, str) else f"$`{part.name}`" for part in self.inline)

    @property
    def inline(self) -> tuple[str | AttachmentDigest, ...]:
        """The prompt without the attachments that come before its first word."""
        start = next((place for place, part in enumerate(self.prompt) if isinstance(part, str)), 0)
        return self.prompt[start:]

    def as_json(self) -> dict[str, Any]:
        """Write it as the `question` of a line."""
        prompt = [part if isinstance(part, str) else asdict(part) for part in self.prompt]
        earlier = {"earlier": list(self.earlier)} if self.earlier else {}
        return {"prompt": prompt, **earlier, "options": dict(self.options)}


@dataclass(frozen=True, repr=False)
class Record(Brief):
    """One answer of a recording.

    Attributes:
        day: when it was recorded, as 2026-11-22.
        cell: the identity of the cell that asked, "" where the frontend gave none.
        problem: why it broke off; only batches keep such answers.
        line: its line in the file, counted from 1; 0 before it is in one.
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
    called: tuple[str, ...] = ()
    calls: tuple[FunctionCall, ...] = ()
    tier: str = ""
    first_text_s: float | None = None
    total_s: float = 0.0
    problem: str = ""
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
            **({"called": list(self.called)} if self.called else {}),
            **({"calls": list(map(call_as_json, self.calls))} if self.calls else {}),
            **({"tier": self.tier} if self.tier else {}),
            "first_text_s": self.first_text_s,
            "total_s": self.total_s,
            **({"problem": self.problem} if self.problem else {}),
        }
        whole = {"recorded": self.day, "cell": self.cell, "question": self.asked.as_json(), "answer": answer}
        # Half a surrogate pair has no UTF-8, but its escape is JSON.
        return json.dumps(whole, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def asked_by(question: Question) -> Asked:
    """Return the parts of a question that can change its answer."""
    *before, new = question.messages
    settings = question.settings
    options = {name: getattr(settings, name) for name in CHANGES_THE_ANSWER}
    options |= {"model": _model(settings), "schema": question.schema}
    options["tools"] = [_tool_digest(tool) for tool in question.tools]
    # "high" was the default before an effort could be left open: old recordings hold it, and still match.
    options["effort"] = settings.effort or "high"
    return Asked(
        prompt=_joined(new.parts),
        # What is off is left out, so a setting that is added later changes no key of an older recording.
        options={name: value for name, value in options.items() if value},
        earlier=tuple(_message_digest(message) for message in before),
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
        called=answer.called,
        calls=tuple(answer.calls),
        tier=answer.tier,
        first_text_s=None if answer.first_text_s is None else round(answer.first_text_s, 3),
        total_s=round(answer.seconds, 3),
    )


def read_line(line: bytes, number: int) -> Record:
    """Read one line of a recording.

    Raises:
        ValueError: it is not a record; the message says what is wrong with it.
    """
    checked = _fields(_parsed(line))
    asked, usage = Asked(**checked.pop("asked")), Usage(**checked.pop("usage"))
    return Record(**checked, asked=asked, usage=usage, line=number)


def read_prompt(line: bytes) -> tuple[str | AttachmentDigest, ...]:
    """Read the prompt of a record, and check whatever `read_line` checks.

    A recording of 100,000 lines is opened for their prompts, so a line as most are is checked at once.

    Raises:
        ValueError: it is not a record; the message says what is wrong with it.
    """
    whole = _parsed(line)
    if _is_usual(whole):
        return _prompt(whole["question"]["prompt"])
    prompt: tuple[str | AttachmentDigest, ...] = _fields(whole)["asked"]["prompt"]
    return prompt


def _parsed(line: bytes) -> Any:
    try:
        return read_json(line.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        raise ValueError("no UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg} at character {error.pos + 1}") from None


# The fields of most lines and their types: an answer without sources and calls that came to its end.
_LINE = {"recorded": str, "cell": str, "question": dict, "answer": dict}
_QUESTION = {"prompt": list, "options": dict}
_ANSWER = {
    "service": str, "model": str, "thinking": str, "text": str, "citations": list, "usage": dict, "ended": str,
    "first_text_s": float, "total_s": float,
}  # fmt: skip


def _is_usual(whole: Any) -> bool:
    """Return whether this is a record of the usual fields; if not, it may be one, or be wrong."""
    if type(whole) is not dict or _types(whole) != _LINE:
        return False
    question, answer = whole["question"], whole["answer"]
    if _types(question) != _QUESTION or _types(answer) != _ANSWER or answer["citations"]:
        return False
    for number in (answer["first_text_s"], answer["total_s"], *answer["usage"].values()):
        if type(number) not in (int, float) or not 0 <= number <= LARGEST:
            return False
    return _is_day(whole["recorded"])


def _types(values: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in values.items()}


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _fields(value: Any) -> dict[str, Any]:
    """Check the fields of a Record; its `asked` and its usage are dicts of their fields."""
    whole = JsonFields(value, "the line")
    question = JsonFields(whole.take("question", dict), "question")
    answer = JsonFields(whole.take("answer", dict), "answer")
    day = whole.take("recorded", str)
    if not _is_day(day):
        raise ValueError(f"recorded should be a day, as 2026-11-22, not {quoted(day)}")
    return {
        "day": day,
        "cell": whole.take("cell", str, ""),
        "asked": {
            "prompt": _prompt(question.take("prompt", list)),
            "options": question.take("options", dict),
            "earlier": question.texts("earlier"),
        },
        "service": answer.take("service", str),
        "model": answer.take("model", str),
        "text": answer.take("text", str),
        "thinking": answer.take("thinking", str, ""),
        "citations": tuple([_citation(each) for each in answer.take("citations", list, [])]),
        "usage": _usage(answer.take("usage", dict, {})),
        "ended": answer.take("ended", str, None),
        "called": tuple(map(str, answer.take("called", list, []))),
        "calls": tuple(map(read_call, answer.take("calls", list, []))),
        "tier": answer.take("tier", str, ""),
        "first_text_s": answer.number("first_text_s"),
        "total_s": answer.number("total_s") or 0.0,
        "problem": answer.take("problem", str, ""),
    }


def _prompt(parts: list[Any]) -> tuple[str | AttachmentDigest, ...]:
    return tuple([part if isinstance(part, str) else _sent(part) for part in parts])


def _sent(value: object) -> AttachmentDigest:
    part = JsonFields(value, "a part of the prompt")
    return AttachmentDigest(
        part.take("name", str), part.take("kind", str), part.take("type", str, ""),
        part.whole("bytes") or 0, part.take("sha256", str),
    )  # fmt: skip


def _citation(value: object) -> Citation:
    source = JsonFields(value, "a citation")
    return Citation(
        source.take("url", str), source.take("title", str, ""), source.whole("start"), source.whole("end")
    )


_COUNTED = frozenset(each.name for each in fields(Usage))


def _usage(value: dict[str, Any]) -> dict[str, Any]:
    counted = JsonFields(value, "usage")
    return {name: counted.number(name) for name in value if name in _COUNTED}


def _given(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that are neither None nor empty."""
    return {name: said for name, said in asdict(value).items() if said not in (None, "")}


def _joined(parts: tuple[Part, ...]) -> tuple[str | AttachmentDigest, ...]:
    """Describe the parts of a message; texts that follow each other are one text."""
    described: list[str | AttachmentDigest] = []
    for part in parts:
        if isinstance(part, Attachment):
            described.append(_described(part))
        elif described and isinstance(described[-1], str):
            described[-1] += part
        elif part:
            described.append(part)
    return tuple(described)


def _described(attachment: Attachment) -> AttachmentDigest:
    content = attachment.content
    if isinstance(content, Media):
        return AttachmentDigest(
            attachment.name, attachment.kind, content.type, content.size_bytes, content.sha256
        )
    return AttachmentDigest(
        attachment.name, attachment.kind, "text/plain", attachment.size_bytes, text_sha256(content)
    )


def _model(settings: Settings) -> str:
    row = SERVICES.get(settings.service)
    name = settings.model or (row and row.model) or SERVICES[Settings.service].model
    return name.rpartition("/")[2].removesuffix("-preview")


def _message_digest(message: Message) -> str:
    asked = Asked(_joined(message.parts), {"role": message.role})
    return f"{message.role} {asked.near_key[:16]}"


def _tool_digest(tool: Tool) -> str:
    """Name a function, with a digest of all that the model is told of it."""
    return f"{tool.name} {_digest(declaration(tool))[:16]}"


def _digest(value: Any) -> str:
    # Sorted, since a file that was edited or written by another version may have its fields in another order.
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
