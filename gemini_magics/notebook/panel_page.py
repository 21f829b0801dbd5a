"""What the pages that show a panel know of it: everything when they are loaded, then what is new."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import anywidget
import traitlets
from IPython.display import DisplayHandle, display

from ..chat.ask import View
from ..chat.conversation import Exchange
from ..core.answer import Answer
from ..core.html import escape
from ..core.messages import Attachment, Event, Turn
from ..core.plain import clean
from ..core.twin import STYLE, bundle, chips_html, status_text, thinking_summary
from .live import FRAME_S, LARGEST_SHARE, Part
from .shelf import Thumb, small_picture

STATIC = Path(__file__).parent / "static"
BATCH_CHARS = 400_000  # of turns in one message: a server drops what exceeds a megabyte a second
NEVER = object()

Message = dict[str, Any]


class PanelWidget(anywidget.AnyWidget):
    """The widget of a panel. All that it shows is made here; a page only puts it in place."""

    _esm = "\n".join((STATIC / name).read_text("utf-8") for name in ("blocks.js", "turn.js", "panel.js"))
    _css = STYLE + (STATIC / "panel.css").read_text("utf-8")
    # Asked for by a page that opens the widget; nothing sets it, so it is never sent otherwise.
    said = traitlets.Any().tag(sync=True, to_json=lambda _, widget: widget.whole())

    def __init__(self, whole: Callable[[], Message]) -> None:
        self.whole = whole
        super().__init__()


class Page:
    """The panel as its pages have it. Safe to use from any thread.

    Attributes:
        name: a class that marks this panel's outputs in a page, since a page finds them by it.
        widget: what talks to the pages; None until something can be shown.
        lock: held while anything of it changes.
    """

    def __init__(self) -> None:
        self.name = f"gemini-panel-{uuid4().hex[:12]}"
        self.widget: PanelWidget | None = None
        self.lock = threading.RLock()
        self._number = 0
        self._facts: Message = {}
        self._thumbs: Mapping[str, Thumb] = {}
        self._rows: dict[str, _Row] = {}
        self._growing: Growing | None = None
        self._handle: DisplayHandle | None = None
        self._kept_by_page = False

    def open(self, hear: Callable[[Message, Sequence[memoryview]], None]) -> PanelWidget:
        """Return the widget; made when it is first asked for, and `hear` is called with what pages say."""
        if self.widget is None:
            self.widget = PanelWidget(self.whole)
            self.widget.on_msg(lambda _, message, buffers: hear(message, buffers))
        return self.widget

    def display(self) -> None:
        """Show the panel as the output of the cell that runs: the transcript, and the widget if it is open."""
        self._kept_by_page = False
        data, metadata = self._bundle()
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)

    def leave_twin(self) -> None:
        """Put the transcript into the output, where no page does that itself."""
        if self._handle is not None and not self._kept_by_page:
            data, metadata = self._bundle()
            self._handle.update(data, metadata=metadata, raw=True)

    def kept_by_page(self) -> None:
        """A page has said that it keeps the transcript in the notebook."""
        self._kept_by_page = True

    def close(self) -> None:
        """Leave the pages with the plain outputs."""
        if self.widget is not None:
            self.widget._esm = self.widget._css = ""  # nbclient keeps what a widget was
            self.widget.layout.close()
            self.widget.close()
            self.widget = None
        self.leave_twin()

    def know(self, **facts: Any) -> None:
        """Keep facts for pages that are loaded later."""
        with self.lock:
            self._facts |= facts

    def tell(self, **facts: Any) -> None:
        """Send the facts that have changed."""
        with self.lock:
            fresh = {name: fact for name, fact in facts.items() if self._facts.get(name, NEVER) != fact}
            self._facts |= fresh
            if fresh:
                self._send({"facts": fresh})

    def illustrate(self, thumbs: Mapping[str, Thumb]) -> None:
        """Send how the things on the shelf look, as far as that has changed."""
        with self.lock:
            fresh = {name: thumb for name, thumb in thumbs.items() if self._thumbs.get(name, "") != thumb}
            self._thumbs = thumbs
            if fresh:
                self._send({"thumbs": fresh})

    def say(self, **once: Any) -> None:
        """Send something that is not to be known later."""
        with self.lock:
            self._send(once)

    def show(self, exchanges: Iterable[Exchange], growing: Growing | None = None) -> None:
        """Send the turns that have changed, and their order if it has."""
        with self.lock:
            before, self._growing = self._rows, growing
            self._rows = {}
            for exchange in exchanges:
                old = before.get(exchange.anchor)
                same = old is not None and old.shows(exchange)
                self._rows[exchange.anchor] = old if same and old else _Row(exchange, old)
            turns = {key: self._turn(key) for key, row in self._rows.items() if before.get(key) is not row}
            order = {} if list(before) == list(self._rows) else {"order": list(self._rows)}
            if turns or order:
                self._send({"turns": turns, **order})

    def grow(self, growing: Growing, message: Message) -> None:
        """Send what is new of an answer."""
        with self.lock:
            if growing is self._growing and (message["changes"] or message["facts"]):
                self._send({"grow": growing.key, **message})

    def whole(self) -> Message:
        """All that a page needs to begin: of the turns the newest, and the others when it asks for them."""
        with self.lock:
            order, turns, room = list(self._rows), {}, BATCH_CHARS
            for key in reversed(order):
                turns[key] = self._turn(key)
                room -= len(turns[key].get("html", "")) + sum(map(len, turns[key]["pictures"]))
                if room < 0:
                    break
            frame = {"open": self._opening(), "close": CLOSING, "plain": self._plain_head()}
            return {
                "number": self._number, "name": self.name, "facts": self._facts, "thumbs": self._thumbs,
                "order": order, "turns": turns, "frame": frame, "whole": True,
            }  # fmt: skip

    def more(self, keys: Sequence[str]) -> None:
        """Send turns that a page has not yet, the newest first, as many as go into one message."""
        with self.lock:
            turns, room = {}, BATCH_CHARS
            for key in [key for key in reversed(keys) if key in self._rows]:
                turns[key] = self._turn(key)
                room -= len(turns[key].get("html", "")) + sum(map(len, turns[key]["pictures"]))
                if room < 0:
                    break
            self._send({"turns": turns})

    def twin(self) -> dict[str, str]:
        """Make the transcript, as an output that needs neither a kernel nor this package."""
        with self.lock:
            rows = [row for row in self._rows.values() if row.exchange.answer.ended is not None]
            html = self._opening() + "".join(row.html for row in rows) + CLOSING
            return {"text/html": html, "text/plain": self._plain_head() + "".join(row.plain for row in rows)}

    def _bundle(self) -> tuple[Message, Message]:
        data, metadata = (self.widget._repr_mimebundle_() or ({}, {})) if self.widget else ({}, {})
        return {**data, **self.twin()}, metadata

    def _turn(self, key: str) -> Message:
        row = self._rows[key]
        if self._growing and key == self._growing.key:
            return {"asked": row.asked, "pictures": row.pictures, "grown": self._growing.whole()}
        return {"html": row.html, "plain": row.plain, "stale": row.stale, "pictures": row.pictures}

    def _opening(self) -> str:
        return f'<div class="gemini-transcript {self.name}"><style>{LOOK}</style>'

    def _plain_head(self) -> str:
        return f"A conversation: {self._facts.get('chat', 'main')}\n"

    def _send(self, message: Message) -> None:
        self._number += 1
        if self.widget is not None:
            self.widget.send({"number": self._number, **message})


LOOK = re.sub(
    r"/\*.*?\*/|\s+",
    lambda found: " " * found[0].isspace(),
    STYLE
    + """
.gemini-transcript { max-width: 60em; }
.gemini-turn { margin-bottom: 1.5em; }
.gemini-asked {
  width: fit-content; max-width: 85%; margin: 0 0 .7em auto; padding: .4em 1em; border: 1px solid #8886;
  border-radius: 1em; white-space: pre-wrap; overflow-wrap: break-word;
}
.gemini-again { opacity: .7; }
""",
    flags=re.DOTALL,
)
CLOSING = '<p class="gemini-again">Run this cell to go on.</p></div>'


class _Row:
    """A question and its answer, as a piece of the transcript; made when it is first needed.

    Args:
        before: what stood in its place; what is the same is not made again.
    """

    def __init__(self, exchange: Exchange, before: _Row | None = None) -> None:
        self.exchange, self.stale = exchange, exchange.stale
        self.asked = asked_html(exchange.turn)
        same = before is not None and before.exchange.turn is exchange.turn
        self._pictures: list[str] | None = before._pictures if before and same else None
        self._ended = exchange.answer.ended
        self._shown: dict[str, str] | None = None

    def shows(self, exchange: Exchange) -> bool:
        old = self.exchange
        return (old.turn, old.answer, self.stale, self._ended) == (
            exchange.turn, exchange.answer, exchange.stale, exchange.answer.ended,
        )  # fmt: skip

    @property
    def pictures(self) -> list[str]:
        """What was sent, small, for the pages alone; "" for what is no picture."""
        if self._pictures is None:
            self._pictures = [small_picture(each) for each in self.exchange.answer.attachments]
        return self._pictures

    @property
    def html(self) -> str:
        stale = " gemini-stale" if self.stale else ""
        note = '<p class="gemini-stale-note">What came before was asked anew since.</p>' if self.stale else ""
        answer = f'<div class="gemini-answered">{note}{self._bundle["text/html"]}</div>'
        return f'<div class="gemini-turn{stale}">{self.asked}{answer}</div>'

    @property
    def plain(self) -> str:
        asked = "".join(part for part in self.exchange.turn.parts if isinstance(part, str))
        return f"\n> {clean(asked).replace(chr(10), chr(10) + '> ')}\n\n{self._bundle['text/plain']}\n"

    @property
    def _bundle(self) -> dict[str, str]:
        if self._shown is None:
            self._shown = bundle(self.exchange.answer)
            self._shown["text/html"] = re.sub("<style>.*?</style>", "", self._shown["text/html"], count=1)
        return self._shown


def asked_html(turn: Turn) -> str:
    """Write a question as it was typed, as HTML in which nothing of it is markup."""
    words = "".join(
        part if isinstance(part, str) else f"[{part.label}]" for part in turn.parts if _stands(part)
    )
    # A line break that needs no style sheet, for where a page takes styles away.
    text = escape(clean(words.strip("\n"))).replace("\n", "<br>")
    return f'<div class="gemini-asked">{text}</div>'


def _stands(part: str | Attachment) -> bool:
    return isinstance(part, str) or part.inline


class Growing(View):
    """Watches the answer to a question of the panel, and tells the pages what is new.

    Args:
        key: the anchor of the question.
        begun: is called once the question is on its way.
    """

    tick_s = FRAME_S

    def __init__(self, page: Page, key: str, begun: Callable[[Answer], object]) -> None:
        self.key = key
        self._page, self._begun = page, begun
        self._parts = {"thinking": Part("thinking"), "text": Part("text")}
        self._facts: Message = {}
        self._due = 0.0
        self._behind = False
        self._answer: Answer | None = None

    def begin(self, answer: Answer) -> None:
        """Show the question, and that it waits for its answer."""
        self._answer = answer
        self._facts = {"head": chips_html(answer), **_facts(answer)}
        self._begun(answer)

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Send what is new, about 20 times a second, and the first word of each part at once."""
        self._behind = self._behind or bool(events)
        now = time.monotonic()
        begins = any(getattr(answer, part.name) and not part.begun for part in self._parts.values())
        if self._behind and (now >= self._due or begins):
            self._send(answer)
            self._behind = False
            self._due = now + max(FRAME_S, (time.monotonic() - now) / LARGEST_SHARE)

    def end(self, answer: Answer) -> None:
        """Send the rest."""
        self._send(answer)

    def whole(self) -> Message:
        """All that was sent of the answer, for a page that was loaded since."""
        changes = [change for part in self._parts.values() for change in part.all()]
        seconds = self._answer.seconds if self._answer else 0
        return {"changes": changes, **self._about({**self._facts, "seconds": seconds})}

    def _send(self, answer: Answer) -> None:
        with self._page.lock:
            changes = [change for part in self._parts.values() for change in part.take(answer)]
            facts = {name: fact for name, fact in _facts(answer).items() if fact != self._facts.get(name)}
            self._facts |= facts
            self._page.grow(self, {"changes": changes, **self._about(facts)})

    def _about(self, facts: Mapping[str, Any]) -> Message:
        return {"finished": {part.name: part.blocks.finished for part in self._parts.values()}, "facts": facts}


def _facts(answer: Answer) -> Message:
    return {
        "status": status_text(answer),
        "summary": thinking_summary(answer),
        "ended": answer.ended is not None,
    }
