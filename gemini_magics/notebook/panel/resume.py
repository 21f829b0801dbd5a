"""Turns that were read from a saved notebook become turns of a conversation again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from uuid import uuid4

from ...chat.conversation import conversations
from ...content.convert import converted
from ...core.answer import Turn, close, fold
from ...core.errors import GeminiError
from ...core.messages import Attachment, Message, Text
from ...core.settings import Settings
from ...render.answer import Answer
from ...render.metadata import attachment_metadata
from ..frontend import hidden, namespace
from .gallery import Thing, things
from .page import FROM_FILE
from .saved import SavedAttachment, SavedTurn


def turn_of(saved: SavedTurn, found: Mapping[str, Attachment] | None = None, anchor: str = "") -> Turn:
    """Make a turn of the words of a saved one; a line of the question names each attachment that is missing.

    Args:
        found: attachments of this session by their hashes, which take the places of equal ones.
        anchor: its identity; without it the turn gets a new one.
    """
    found = found or {}
    here = [found[each.sha256] for each in saved.attached if each.sha256 in found]
    missing = [f"[{each.name} · {each.kind}]" for each in saved.attached if each.sha256 not in found]
    words = "\n".join(filter(None, (*missing, saved.question)))
    message = Message("user", (*here, *([words] if words else [])))
    answer = Answer(attachments=message.attachments)
    fold(answer, Text(saved.answer))
    close(answer, saved.ended)
    answer.first_text_s = answer.total_s = None  # nobody knows how long it took
    return Turn(anchor or uuid4().hex, FROM_FILE, message, answer, saved.stale, saved.hidden)


def attachments_of_session(wanted: Iterable[SavedAttachment], settings: Settings) -> dict[str, Attachment]:
    """Find things of this session by the hashes of what would be sent of them.

    Equal names are tried first. They are compared with the names of things and are never evaluated.
    """
    missing = {each.sha256 for each in wanted}
    names = {each.name for each in wanted}
    found: dict[str, Attachment] = {}
    for attachment in _candidates(names, settings):
        digest = attachment_metadata(attachment)["sha256"]
        if digest in missing:
            missing.discard(digest)
            found[digest] = attachment
        if not missing:
            break
    return found


def _candidates(names: set[str], settings: Settings) -> Iterator[Attachment]:
    for conversation in conversations.values():
        for turn in conversation.turns:
            yield from (each for each in turn.message.attachments if not each.inline)
    offered = things(namespace().names, hidden())
    for thing in sorted(offered, key=lambda each: each.name not in names):
        # The exporter of charts takes seconds, so only those are drawn that have the name.
        if thing.kind != "chart" or thing.name in names:
            yield from _as_sent(thing, settings)


def _as_sent(thing: Thing, settings: Settings) -> Iterator[Attachment]:
    try:
        yield converted(thing.value, thing.name, settings)
    except GeminiError:
        return
