"""The messages of a growing answer to its page: their content and their pace, for cells and the panel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...core.answer import AnswerState
from ...core.messages import Event
from ...render.markdown import Blocks
from ...render.marked_picture import words_of
from ...render.marks import marks_of
from ...render.status import status_text, thinking_summary

# 20 a second look fluent, and a server drops what goes over 1,000 messages a second (iopub_msg_rate_limit,
# https://jupyter-server.readthedocs.io/en/latest/other/full-config.html).
FRAME_S = 0.05
LARGEST_SHARE = 0.2  # the most of the kernel's time that frames may use

Change = tuple[str, int, int, str]
Facts = dict[str, Any]


def facts_of(answer: AnswerState) -> Facts:
    """Return the facts that a page shows beside the text: status, summary of the thoughts, end, marks."""
    return {
        "status": status_text(answer),
        "summary": thinking_summary(answer),
        "ended": answer.ended is not None,
        **({"marks": _marks(answer)} if answer.pictures else {}),
    }


def _marks(answer: AnswerState) -> list[Facts]:
    """Return the marks so far, each with the place of its picture among the attachments."""
    sent = list(answer.attachments)
    return [
        {
            "number": mark.number,
            "words": words_of(mark),
            # A conversation keeps equal attachments, not these themselves.
            "picture": sent.index(mark.attachment) if mark.attachment in sent else -1,
            "box": list(mark.box),
        }
        for mark in marks_of(answer)
    ]


class Stream:
    """The state of one answer on its page.

    A message holds the changed blocks only, and of each one only the part after the first difference. So the
    bytes sent grow with the length of the answer and not with the number of messages.

    Args:
        facts_of: returns the facts of an answer; a message holds those that have changed.

    Attributes:
        facts: the facts that the page has.
    """

    def __init__(self, facts_of: Callable[[AnswerState], Facts] = facts_of) -> None:
        self.facts: Facts = {}
        self._facts_of = facts_of
        self._segments = (Segment("thinking"), Segment("text"))
        self._has_unsent = False
        self._due = 0.0

    def pace(self, answer: AnswerState, events: Iterable[Event], send: Callable[[AnswerState], object]) -> None:
        """Call `send` about 20 times a second while events arrive, at once for the first word of a segment."""
        self._has_unsent = self._has_unsent or bool(events)
        now = time.monotonic()
        # The reader waits for the first word, so it waits for no timer.
        begins = any(getattr(answer, segment.name) and not segment.has_begun for segment in self._segments)
        if self._has_unsent and (now >= self._due or begins):
            send(answer)
            self._has_unsent = False
            # A slow kernel draws fewer frames instead of falling behind the service.
            self._due = now + max(FRAME_S, (time.monotonic() - now) / LARGEST_SHARE)

    def next_message(self, answer: AnswerState) -> Facts:
        """Return the message with the changes since the last one; {} where nothing has changed."""
        changes = [change for segment in self._segments for change in segment.changes(answer)]
        facts = {name: fact for name, fact in self._facts_of(answer).items() if fact != self.facts.get(name)}
        self.facts |= facts
        return self._message(changes, facts) if changes or facts else {}

    def whole_message(self, more: Mapping[str, Any]) -> Facts:
        """Return the message with all blocks and facts, for a page that was loaded since.

        Args:
            more: facts that only this message has, such as the seconds so far.
        """
        changes = [change for segment in self._segments for change in segment.all_changes()]
        return self._message(changes, {**self.facts, **more})

    @property
    def finished_blocks(self) -> dict[str, Any]:
        """The blocks of each segment for `static_output.bundle`, which then does not render them again.

        Segments with definitions are left out, because a link or a mark may stand before its definition.
        """
        # https://spec.commonmark.org/0.31.2/#link-reference-definitions
        return {segment.name: segment.blocks for segment in self._segments if not segment.blocks.definitions}

    def _message(self, changes: list[Change], facts: Facts) -> Facts:
        finished = {segment.name: segment.blocks.finished for segment in self._segments}
        return {"changes": changes, "finished": finished, "facts": facts}


class Segment:
    """The thinking or the text of an answer: its blocks, and the HTML of them that the page has."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.blocks: Blocks = Blocks()
        self._read_chars = 0
        self._sent: list[str] = []

    @property
    def has_begun(self) -> bool:
        """True once a part of it was sent."""
        return self._read_chars > 0

    def changes(self, answer: AnswerState) -> list[Change]:
        """Parse the new part of the answer and return the changes of the page."""
        text = getattr(answer, self.name)
        self.blocks.add(text[self._read_chars :])
        self._read_chars = len(text)
        return [self._change(index, html) for index, html in self.blocks.changes()]

    def all_changes(self) -> list[Change]:
        """Return the changes that build everything sent so far on an empty page."""
        return [(self.name, index, 0, html) for index, html in enumerate(self._sent)]

    def _change(self, index: int, html: str) -> Change:
        self._sent += [""] * (index + 1 - len(self._sent))
        before, self._sent[index] = self._sent[index], html
        kept = _common_chars(before, html)
        # A JavaScript string is a sequence of UTF-16 code units:
        # https://tc39.es/ecma262/#sec-ecmascript-language-types-string-type
        return (self.name, index, len(html[:kept].encode("utf-16-le")) // 2, html[kept:])


def _common_chars(one: str, other: str) -> int:
    """Return the length of the common start of two strings."""
    # Comparing slices runs in C; a loop over characters would be the slowest part of a frame.
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
