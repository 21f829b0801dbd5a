"""The live view: an answer grows in place in a small widget, and ends as a plain output."""

from __future__ import annotations

import signal
import sys
import threading
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import anywidget
import traitlets
from IPython.display import DisplayHandle, display

from ..content.media import thumbnail
from ..core.answer import INTERRUPTED, Answer
from ..core.markdown import Blocks
from ..core.messages import Event, Media
from ..core.plain import legible
from ..core.provenance import metadata
from ..core.twin import (
    STYLE,
    bundle,
    chips_html,
    footer_html,
    notices_html,
    sources_html,
    status_text,
    thinking_summary,
)

FRAME_S = 0.05
LARGEST_SHARE = 0.2  # of the kernel's time that frames may take
OPEN_WIDGETS = 20
SHOWN_AS_SENT_BYTES = 400_000  # a heavier picture is shown smaller
SHOWN_SIDE_PX = 800
SHOWN_TYPES = ("image/png", "image/jpeg", "image/webp")  # what every browser draws
STATIC = Path(__file__).parent / "static"

Change = tuple[str, int, int, str]
Message = dict[str, Any]


class LiveView:
    """Shows an answer while it is written, in a widget that grows without disturbing its reader.

    Only what is new is sent: of each block that has changed, what follows the part that the page has
    already. So what is sent grows with the answer's length, however slowly it comes.
    """

    tick_s = FRAME_S

    def __init__(self) -> None:
        self._parts = {"thinking": Part("thinking"), "text": Part("text")}
        self._facts: Message = {}
        self._number = 0
        self._behind = False
        self._due = 0.0
        self._handle: DisplayHandle | None = None
        self._on_terminate: Any = None  # what SIGTERM did before

    def begin(self, answer: Answer) -> None:
        """Open the output: what goes with the question, and how it stands."""
        name = uuid4().hex
        self._facts = {"id": name, "head": chips_html(answer), "pictures": _pictures(answer), **_facts(answer)}
        self._widget = AnswerWidget(name, lambda: self._whole(answer))
        data, about = self._widget._repr_mimebundle_() or ({}, {})
        data["text/plain"] = status_text(answer)
        self._handle = display(data, metadata=about, raw=True, display_id=True)
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGTERM) is not None:
            self._on_terminate = signal.signal(signal.SIGTERM, lambda *_: self._terminate(answer))

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Send what is new, about 20 times a second, and the first word of each part at once."""
        self._behind = self._behind or bool(events)
        now = time.monotonic()
        if self._behind and (now >= self._due or self._begins(answer)):
            self._send(answer)
            self._behind = False
            self._due = now + max(FRAME_S, (time.monotonic() - now) / LARGEST_SHARE)

    def end(self, answer: Answer) -> None:
        """Put the finished answer in the widget's place, as an output that needs no kernel."""
        if self._on_terminate is not None:
            signal.signal(signal.SIGTERM, self._on_terminate)
            self._on_terminate = None
        if self._handle is None:  # it was stopped before it was opened
            display(bundle(answer), raw=True, metadata=metadata(answer))
            return
        shown = {"text/plain": legible(answer.text)}  # whatever happens, no widget stays that nobody feeds
        try:
            self._send(answer)
            # What was rendered is not rendered again, unless a link may have come before its definition.
            blocks = {name: part.blocks for name, part in self._parts.items() if not part.blocks.references}
            shown = bundle(answer, **blocks)
        finally:
            self._handle.update(shown, raw=True, metadata=metadata(answer))

    def _begins(self, answer: Answer) -> bool:
        """Tell whether the first word of a part is waiting."""
        return any(getattr(answer, part.name) and not part.begun for part in self._parts.values())

    def _send(self, answer: Answer) -> None:
        """Send the page what it does not have yet."""
        changes = [change for part in self._parts.values() for change in part.take(answer)]
        facts = {name: fact for name, fact in _facts(answer).items() if fact != self._facts[name]}
        if changes or facts:
            self._number += 1
            self._facts |= facts
            self._widget.send({"changes": changes, **self._about(facts)})

    def _whole(self, answer: Answer) -> Message:
        """All that was sent up to now, for a page that was loaded since."""
        changes = [change for part in self._parts.values() for change in part.all()]
        facts = {**self._facts, "seconds": answer.seconds}
        if answer.ended is not None:
            facts["output"] = {"data": bundle(answer), "metadata": metadata(answer)}
        return {"changes": changes, **self._about(facts), "whole": True}

    def _about(self, facts: Message) -> Message:
        finished = {part.name: part.blocks.finished for part in self._parts.values()}
        return {"number": self._number, "finished": finished, "facts": facts}

    def _terminate(self, answer: Answer) -> None:
        """The kernel was told to go: leave the answer as an output first."""
        answer.end(INTERRUPTED)
        self.end(answer)
        sys.stdout.flush()  # ipykernel returns when all that was displayed is on its way
        signal.raise_signal(signal.SIGTERM)


class Part:
    """One part of an answer, the thinking or the text: its blocks, and what the page has of them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.blocks = Blocks()
        self._taken_chars = 0
        self._sent: list[str] = []

    @property
    def begun(self) -> bool:
        """True once something of it was sent."""
        return self._taken_chars > 0

    def take(self, answer: Answer) -> list[Change]:
        """Take in what has been added to the answer, and return what that changes on the page."""
        text = getattr(answer, self.name)
        self.blocks.add(text[self._taken_chars :])
        self._taken_chars = len(text)
        return [self._change(place, html) for place, html in self.blocks.changes()]

    def all(self) -> list[Change]:
        """The changes that make what was sent from nothing."""
        return [(self.name, place, 0, html) for place, html in enumerate(self._sent)]

    def _change(self, place: int, html: str) -> Change:
        self._sent += [""] * (place + 1 - len(self._sent))
        before, self._sent[place] = self._sent[place], html
        kept = _common_chars(before, html)
        # The page counts as JavaScript does, in units of UTF-16.
        return (self.name, place, len(html[:kept].encode("utf-16-le")) // 2, html[kept:])


class AnswerWidget(anywidget.AnyWidget):
    """The widget of one answer, open until the page that shows it says that it no longer does."""

    _esm = "\n".join((STATIC / name).read_text("utf-8") for name in ("blocks.js", "answer.js"))
    _css = STYLE + (STATIC / "live.css").read_text("utf-8")
    # Asked for by a page that opens the widget; nothing sets it, so it is never sent otherwise.
    said = traitlets.Any().tag(sync=True, to_json=lambda _, widget: widget.whole())
    open_ones: ClassVar[deque[AnswerWidget]] = deque()

    def __init__(self, name: str, whole: Callable[[], Message]) -> None:
        self.whole = whole
        super().__init__(model_id=name)
        self.on_msg(self._hear)
        self.open_ones.append(self)
        if len(self.open_ones) > OPEN_WIDGETS:
            self.open_ones[0].leave()

    def leave(self) -> None:
        """Close for good; emptied first, because nbclient keeps what a widget was."""
        self._esm = self._css = ""
        self.layout.close()
        self.close()
        self.open_ones.remove(self)

    def _hear(self, _: object, message: str, __: object) -> None:
        if message == "again":
            self.send(self.whole())
        elif message == "gone":
            self.leave()


def _facts(answer: Answer) -> Message:
    ended = answer.ended is not None
    return {
        "status": status_text(answer),
        "summary": thinking_summary(answer),
        "ended": ended,
        "foot": sources_html(answer) + notices_html(answer) + footer_html(answer) if ended else "",
    }


def _pictures(answer: Answer) -> list[str]:
    """For each attachment its picture as a data: URI, "" where it has none."""
    return [
        _data_uri(attachment.content) if isinstance(attachment.content, Media) else ""
        for attachment in answer.attachments
    ]


def _data_uri(media: Media) -> str:
    light = media.type in SHOWN_TYPES and media.size_bytes <= SHOWN_AS_SENT_BYTES
    shown = media if light else thumbnail(media, SHOWN_SIDE_PX)
    return f"data:{shown.type};base64,{b64encode(shown.data).decode()}" if shown and shown.data else ""


def _common_chars(one: str, other: str) -> int:
    """Count the characters that two strings have in common at their start."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
