"""Conversations: questions that build on the answers before them, each anchored to the cell that asked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..core.answer import CUT, FAILED, INTERRUPTED, Answer
from ..core.errors import BadRequest
from ..core.messages import Attachment, Media, Turn
from ..core.plain import size
from ..core.question import Question
from ..core.settings import Settings, did_you_mean

VERBS = ("reset", "rename", "branch", "export", "import")
_NAME = re.compile(r"[^\s-]\S*")


@dataclass(eq=False)
class Exchange:
    """A question and its answer.

    Attributes:
        anchor: the identity of the cell that asked, or of a call from Python, which is never the same.
        place: what people call that cell, as it ran last: "In [5]".
        turn: the question, with what was attached.
        stale: True once an exchange before it was asked anew and answered otherwise.
    """

    anchor: str
    place: str
    turn: Turn
    answer: Answer
    stale: bool = False

    @property
    def partial(self) -> bool:
        """True where the answer was interrupted, broke off or has no words."""
        return self.answer.ended in (INTERRUPTED, CUT, FAILED) or not self.answer.text.strip()

    @property
    def turns(self) -> tuple[Turn, Turn]:
        """The question and its answer as they are sent: the answer's words, never its thoughts."""
        return self.turn, Turn("assistant", (self.answer.text,))


class Conversation:
    """A named row of exchanges.

    `ask(..., chat=conversation)` asks in it, as `%%gemini --chat NAME` does in cells. A cell that runs
    again replaces its own exchange, and those after it are stale: they answer what is no longer there.

    Attributes:
        exchanges: the questions and answers, in the order in which they were first asked.
        made_by: the cell whose command made it, by branching, renaming or importing; else "".
        made_with: the exchanges that it had then.
    """

    def __init__(self, name: str = "main") -> None:
        self._name = _checked(name)
        self.exchanges: list[Exchange] = []
        self.made_by = ""
        self.made_with: tuple[Exchange, ...] = ()

    @property
    def name(self) -> str:
        """What it is called: one word."""
        return self._name

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Conversation:
        """Read a conversation that was exported as JSON.

        Raises:
            BadRequest: the file is not there, or holds no conversation.
        """
        from .archive import read

        return read(Path(path))

    def turns_before(
        self, anchor: str = "", *, drop_stale: bool = False, with_partial: bool = False
    ) -> tuple[Turn, ...]:
        """Return what is sent before the next question of a cell: all turns, or those before its own.

        Args:
            drop_stale: leave stale exchanges out.
            with_partial: take the exchanges along whose answer was interrupted or broke off, as far as
                they have words.
        """
        return tuple(
            turn
            for exchange in self.exchanges[: self._find(anchor)]
            if not (drop_stale and exchange.stale)
            if not exchange.partial or (with_partial and exchange.answer.text.strip())
            for turn in exchange.turns
        )

    def put(self, anchor: str, turn: Turn, answer: Answer, place: str = "") -> None:
        """Keep an exchange: in the place of the same cell's earlier one, or at the end.

        What comes after a replaced exchange is stale, unless the question and the answer are the same
        as before. A medium that is already here is not kept twice.
        """
        fresh = Exchange(anchor, place, self._shared(turn), answer)
        answer.attachments = fresh.turn.attachments
        at = self._find(anchor)
        if at is None:
            self.exchanges.append(fresh)
            return
        old, self.exchanges[at] = self.exchanges[at], fresh
        if (old.turn, old.answer.text) != (fresh.turn, answer.text):
            for later in self.exchanges[at + 1 :]:
                later.stale = True

    def reset(self) -> None:
        """Forget all exchanges."""
        self.exchanges.clear()

    def rename(self, name: str) -> None:
        """Take another name.

        Raises:
            BadRequest: it cannot be a name, or another conversation has it.
        """
        _free(name)
        if conversations.get(self.name) is self:
            del conversations[self.name]
            conversations[name] = self
        self._name = name

    def branch(self, name: str) -> Conversation:
        """Begin another conversation of this session with what was said so far, and return it.

        Raises:
            BadRequest: it cannot be a name, or another conversation has it.
        """
        _free(name)
        branch = Conversation(name)
        branch.exchanges = [replace(exchange) for exchange in self.exchanges]
        conversations[name] = branch
        return branch

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the conversation to a file: `.md` to be read, `.json` to be loaded again, media included.

        Raises:
            BadRequest: the ending is another, the file is something else, or it cannot be written.
        """
        from .archive import write

        write(self, Path(path))

    @property
    def grown(self) -> bool:
        """True where more was said in it than it was made with."""
        return not set(self.exchanges) <= set(self.made_with)

    @property
    def media(self) -> dict[str, Media]:
        """The media of all questions, each once, by their SHA-256."""
        return {
            part.content.sha256: part.content
            for exchange in self.exchanges
            for part in exchange.turn.attachments
            if isinstance(part.content, Media)
        }

    @property
    def images(self) -> list[Media]:
        """The pictures among them; what a URL leads to counts as one."""
        return [medium for medium in self.media.values() if medium.type.startswith("image/") or not medium.type]

    @property
    def tokens(self) -> int:
        """The tokens that the services counted for these exchanges, questions and answers."""
        return sum(exchange.answer.usage.tokens or 0 for exchange in self.exchanges)

    def __repr__(self) -> str:
        stale = sum(exchange.stale for exchange in self.exchanges)
        return f"<Conversation {self.name!r}, {len(self.exchanges)} turns, {stale} stale>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from .transcript import bundle  # the Markdown parser is loaded when something is shown

        return bundle(self)

    def _find(self, anchor: str) -> int | None:
        """Return where a cell's exchange is; None where it has none."""
        return next((at for at, exchange in enumerate(self.exchanges) if exchange.anchor == anchor), None)

    def _shared(self, turn: Turn) -> Turn:
        """Return the turn with the media that are already here in the place of their equals."""
        kept = self.media

        def shared(part: Attachment) -> Attachment:
            content = part.content
            return (
                replace(part, content=kept.get(content.sha256, content)) if isinstance(content, Media) else part
            )

        return replace(turn, parts=tuple(shared(p) if isinstance(p, Attachment) else p for p in turn.parts))


conversations: dict[str, Conversation] = {}


def named(name: str) -> Conversation:
    """Return the conversation of this session that has a name; it begins when it is first named."""
    if name not in conversations:
        conversations[_checked(name)] = Conversation(name)
    return conversations[name]


def known(name: str) -> Conversation:
    """Return the conversation that has a name.

    Raises:
        BadRequest: there is none; the nearest names are said.
    """
    if name in conversations:
        return conversations[name]
    if not conversations:
        raise BadRequest(f"There is no conversation {name!r}, nor any other: begin one with %%gemini --chat.")
    raise BadRequest(f"There is no conversation {name!r}. {did_you_mean(name, conversations)}")


def keep(conversation: Conversation) -> str:
    """Put a conversation among those of this session; return its name.

    Raises:
        BadRequest: another conversation has that name.
    """
    if conversations.setdefault(conversation.name, conversation) is not conversation:
        _free(conversation.name)
        conversations[conversation.name] = conversation
    return conversation.name


def next_question(
    turn: Turn, settings: Settings, cell: str = "", anchor: str = "", place: str = ""
) -> Question:
    """Make the question of a turn: alone, or after what its conversation holds before it.

    Args:
        anchor: what the conversation knows the asking cell by; without one the question is a new one.
    """
    before: tuple[Turn, ...] = ()
    if settings.chat and _checked(settings.chat) in conversations:
        before = conversations[settings.chat].turns_before(
            anchor, drop_stale=settings.drop_stale, with_partial=settings.with_partial
        )
        _check_size(before, turn, settings)
    return Question((*before, turn), settings, cell, anchor or uuid4().hex, place)


def replaced_by(question: Question) -> Exchange | None:
    """Return the exchange whose place a question will take; None where it will be a new turn."""
    chat = question.settings.chat
    exchanges = conversations[chat].exchanges if chat in conversations else []
    return next((exchange for exchange in exchanges if exchange.anchor == question.anchor), None)


def remember(question: Question, answer: Answer) -> None:
    """Put an ended answer into the conversation of its question, if there is one and anything came."""
    if question.settings.chat and (answer.text or answer.thinking):
        named(question.settings.chat).put(question.anchor, question.turn, answer, question.place)


def _check_size(before: tuple[Turn, ...], turn: Turn, settings: Settings) -> None:
    """Raise BadRequest if a question has its place in a request, but not behind what was said before it."""
    earlier, own = (sum(a.size_bytes for t in turns for a in t.attachments) for turns in (before, (turn,)))
    if own <= settings.request_bytes < earlier + own:
        raise BadRequest(
            f"The conversation {settings.chat} has {size(earlier)} of attachments, too much for a request of "
            f"{size(settings.request_bytes)} with this question: begin another with --chat NAME, or forget it "
            f"with %gemini_chat reset {settings.chat}."
        )


def _checked(name: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in VERBS:
        raise BadRequest(
            f"{name!r} cannot name a conversation: take one word, such as main, that is no command of "
            "%gemini_chat."
        )
    return name


def _free(name: str) -> None:
    """Raise BadRequest unless a name is good and no conversation has it that anything was said in."""
    if _checked(name) in conversations and conversations[name].exchanges:
        raise BadRequest(
            f"There is already a conversation {name}: choose another name, or rename that one first with "
            f"%gemini_chat rename {name} NAME."
        )
