"""Conversations: questions that build on the answers before them, each anchored to the cell that asked."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..core.answer import AnswerState, Turn, images_of, media_of, sent_messages
from ..core.errors import BadRequest
from ..core.messages import Attachment, Media, Message, Part
from ..core.question import Question
from ..core.settings import Settings
from ..core.text import counted, did_you_mean, quoted, reveal, size
from ..service.auto import decided
from .usage import follow_rename

IN_A_CELL = "write the question below the %%gemini line, or behind %gemini"
IN_PYTHON = 'write a question, as in ask("What is a fixed point?")'
NAME_CHARS = 80
VERBS = ("reset", "rename", "branch", "export", "import")
_NAME = re.compile(r"[^\s-]\S*")


class Conversation:
    """A named row of turns.

    `ask(..., chat=conversation)` asks in it, as `%%gemini --chat NAME` does in cells. A cell that runs
    again replaces its own turn, and the turns after it are stale, since they answer another conversation.

    Attributes:
        turns: the questions and answers, in the order in which they were first asked.
        made_by: the cell whose command made it, by branching, renaming or importing; else "".
        made_with: the turns that it had then.
    """

    def __init__(self, name: str = "main") -> None:
        self._name = _checked(name)
        self.turns: list[Turn] = []
        self.made_by = ""
        self.made_with: tuple[Turn, ...] = ()

    @property
    def name(self) -> str:
        """The name: one word."""
        return self._name

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Conversation:
        """Read a conversation that was exported as JSON.

        Raises:
            BadRequest: the file is not there, or holds no conversation.
        """
        from .archive import read

        name, turns = read(Path(path))
        conversation = cls(name)
        conversation.turns = turns
        return conversation

    def messages_before(
        self, anchor: str = "", *, drop_stale: bool = False, with_partial: bool = False
    ) -> tuple[Message, ...]:
        """Return the messages that go before the next question of a cell: all turns, or those before its own.

        Args:
            drop_stale: leave stale turns out.
            with_partial: send the turns along whose answer was interrupted or broke off, as far as they
                have words.
        """
        before = self.turns[: self._find(anchor)]
        return sent_messages(before, drop_stale=drop_stale, with_partial=with_partial)

    def put(self, anchor: str, message: Message, answer: AnswerState, place: str = "") -> None:
        """Keep a turn: in the place of the same cell's earlier one, or at the end.

        The turns after a replaced one are stale, unless its question and its answer are the same as
        before. A medium that is already here is not kept twice.
        """
        fresh = Turn(anchor, place, self._shared(message), answer)
        answer.attachments = fresh.message.attachments
        at = self._find(anchor)
        if at is None:
            self.turns.append(fresh)
            return
        old, self.turns[at] = self.turns[at], fresh
        if (old.message, old.answer.text) != (fresh.message, answer.text):
            for later in self.turns[at + 1 :]:
                later.stale = True

    def reset(self) -> None:
        """Forget all turns."""
        self.turns.clear()

    def rename(self, name: str) -> None:
        """Take another name.

        Raises:
            BadRequest: it cannot be a name, or another conversation has it.
        """
        _free(name)
        if conversations.get(self.name) is self:
            del conversations[self.name]
            conversations[name] = self
            follow_rename(self.name, name)
        self._name = name

    def branch(self, name: str) -> Conversation:
        """Begin another conversation of this session with the turns so far, and return it.

        Raises:
            BadRequest: it cannot be a name, or another conversation has it.
        """
        _free(name)
        branch = Conversation(name)
        # Copies, because `stale` and `hidden` belong to one conversation; messages and answers are shared.
        branch.turns = [replace(turn) for turn in self.turns]
        conversations[name] = branch
        return branch

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the conversation to a file: `.md` for readers, `.json` to load it again, media included.

        Raises:
            BadRequest: the ending is another, the file is something else, or it cannot be written.
        """
        from .archive import write

        write(self.name, self.turns, Path(path))

    @property
    def grown(self) -> bool:
        """True where more was said in it than it was made with."""
        # A turn equals itself alone (eq=False), so one that was asked again counts as more.
        return not set(self.turns) <= set(self.made_with)

    @property
    def media(self) -> dict[str, Media]:
        """The media of all questions, each once, by their SHA-256."""
        return media_of(self.turns)

    @property
    def images(self) -> list[Media]:
        """The pictures among them; a URL counts as one."""
        return images_of(self.turns)

    @property
    def tokens(self) -> int:
        """The tokens that the services counted for these turns, questions and answers."""
        return sum(turn.answer.usage.tokens or 0 for turn in self.turns)

    def __repr__(self) -> str:
        stale = sum(turn.stale for turn in self.turns)
        return f"<Conversation {self.name!r}, {counted(len(self.turns), 'turn')}, {stale} stale>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from .transcript import bundle  # the Markdown parser is loaded when something is shown

        return bundle(self.name, self.turns)

    def _find(self, anchor: str) -> int | None:
        """Return the place of a cell's turn; None where it has none."""
        return next((at for at, turn in enumerate(self.turns) if turn.anchor == anchor), None)

    def _shared(self, message: Message) -> Message:
        """Return a message in which media that are already here stand in the place of their equals."""
        kept = self.media

        def shared(part: Attachment) -> Attachment:
            content = part.content
            return (
                replace(part, content=kept.get(content.sha256, content)) if isinstance(content, Media) else part
            )

        return replace(
            message, parts=tuple(shared(p) if isinstance(p, Attachment) else p for p in message.parts)
        )


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
        raise BadRequest(
            f"There is no conversation {quoted(name)}, nor any other: begin one with %%gemini --chat."
        )
    raise BadRequest(f"There is no conversation {quoted(name)}. {did_you_mean(name, conversations)}")


def keep(conversation: Conversation) -> str:
    """Put a conversation among those of this session; return its name.

    Raises:
        BadRequest: another conversation has that name.
    """
    if conversations.setdefault(conversation.name, conversation) is not conversation:
        _free(conversation.name)
        conversations[conversation.name] = conversation
    return conversation.name


def user_message(parts: list[Part], how: str = IN_A_CELL) -> Message:
    """Make the message of a person from attachments and text.

    Args:
        how: says how a question is asked here, should there be none.

    Raises:
        BadRequest: it asks nothing.
    """
    if not any(isinstance(part, Attachment) or part.strip() for part in parts):
        raise BadRequest(f"There is nothing to ask: {how}.")
    return Message("user", tuple(parts))


def next_question(
    message: Message, settings: Settings, cell: str = "", anchor: str = "", place: str = ""
) -> Question:
    """Make a question of a message: alone, or after the turns of its conversation.

    Args:
        anchor: what the conversation knows the asking cell by; without one the question is a new one.

    Raises:
        BadRequest: `auto` finds keys of several services, or the conversation is too large to be sent.
    """
    before: tuple[Message, ...] = ()
    if not settings.strict:  # a strict replay asks no service
        settings = decided(settings)
    if settings.chat and _checked(settings.chat) in conversations:
        before = conversations[settings.chat].messages_before(
            anchor, drop_stale=settings.drop_stale, with_partial=settings.with_partial
        )
        _check_size(before, message, settings)
    # A call from Python has no cell, and must never take the place of an earlier call's turn.
    return Question((*before, message), settings, cell, anchor or uuid4().hex, place)


def replaced_by(question: Question) -> Turn | None:
    """Return the turn whose place a question will take; None where it will be a new turn."""
    chat = question.settings.chat
    turns = conversations[chat].turns if chat in conversations else []
    return next((turn for turn in turns if turn.anchor == question.anchor), None)


def remember(question: Question, answer: AnswerState) -> None:
    """Put an ended answer into the conversation of its question, if there is one and anything came."""
    if question.settings.chat and (answer.text or answer.thinking):
        named(question.settings.chat).put(question.anchor, question.message, answer, question.place)


def _check_size(before: tuple[Message, ...], message: Message, settings: Settings) -> None:
    """Raise BadRequest if a question alone fits into a request, but not after the turns before it."""
    earlier, own = (
        sum(a.size_bytes for t in messages for a in t.attachments) for messages in (before, (message,))
    )
    if own <= settings.request_bytes < earlier + own:
        raise BadRequest(
            f"The conversation {settings.chat} has {size(earlier)} of attachments, too much for a request of "
            f"{size(settings.request_bytes)} with this question: begin another with --chat NAME, or forget it "
            f"with %gemini_chat reset {settings.chat}."
        )


def _checked(name: str) -> str:
    # A name may come from a file or a page: pages hear all names with each change, and cells hold them.
    good = isinstance(name, str) and len(name) <= NAME_CHARS and _NAME.fullmatch(name) and name not in VERBS
    if not good or reveal(name) != name:
        raise BadRequest(
            f"{quoted(name)} cannot name a conversation: take one word, such as main, of at "
            f"most {NAME_CHARS} characters that is not a command of %gemini_chat."
        )
    return name


def _free(name: str) -> None:
    """Raise BadRequest unless a name is good and no conversation with turns has it."""
    if _checked(name) in conversations and conversations[name].turns:
        raise BadRequest(
            f"There is already a conversation {name}: choose another name, or rename that one first with "
            f"%gemini_chat rename {name} NAME."
        )
