"""The state of a panel for its pages: all of it when a page is loaded, then the changes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import traitlets
from IPython.display import DisplayHandle, display

from ...chat.run import View
from ...content.thumbnails import thumbnails
from ...core.answer import AnswerState, Turn
from ...core.messages import Calling, Event, FunctionCall, Message
from ...core.text import clean, one_line
from ...render.answer import Answer
from ...render.calls import NAME_CHARS, call_html, calling_html
from ...render.html import escape
from ...render.static_output import bundle, chips_html
from ...render.style import STYLE, note_html
from ..javascript import STATIC, join_modules
from ..views.stream import FRAME_S, Stream, facts_of
from ..widget import Widget
from .gallery import Thumb, small_picture
from .own_words import in_own_words
from .saved import asked_words, output_metadata, turn_text

# Of turns in one message: a server drops messages beyond a megabyte a second (iopub_data_rate_limit,
# https://jupyter-server.readthedocs.io/en/latest/other/full-config.html).
BATCH_CHARS = 400_000
# None is the value of some facts, so it cannot say that there is none yet.
NEVER = object()
FROM_FILE = "the file"  # the place of a turn that was read from a saved notebook
HIDDEN_CHARS = 80

PageMessage = dict[str, Any]


class PanelWidget(Widget):
    """The widget of a panel. The kernel makes all HTML; a page only puts it in place."""

    _esm = join_modules(STATIC / "panel.js")
    _css = STYLE + "".join((STATIC / name).read_text("utf-8") for name in ("panel.css", "marks.css"))
    # Asked for by a page that opens the widget; nothing sets it, so it is never sent otherwise.
    said: traitlets.Any = traitlets.Any().tag(sync=True, to_json=lambda _, widget: widget.whole())

    def __init__(self, whole: Callable[[], PageMessage]) -> None:
        self.whole = whole
        super().__init__()


class Page:
    """The state of a panel that its pages have. Safe to use from any thread.

    Attributes:
        name: a class that marks this panel's outputs in a page, since a page finds them by it.
        widget: the connection to the pages; None until something can be shown.
        closing: the HTML after the last turn, which says how to go on.
        lock: held while anything of it changes.
    """

    def __init__(self) -> None:
        self.name: str = f"gemini-panel-{uuid4().hex[:12]}"
        self.widget: PanelWidget | None = None
        self.closing: str = CLOSING
        self.lock: threading.RLock = threading.RLock()
        self._number = 0
        self._facts: PageMessage = {}
        # Apart from the facts, since one picture that changes would send all of them again.
        self._thumbs: Mapping[str, Thumb] = {}
        self._rows: dict[str, _Row] = {}
        self._growing: Growing | None = None
        self._handle: DisplayHandle | None = None
        self._kept_by_page = False

    def open(self, hear: Callable[[PageMessage, Sequence[memoryview]], None]) -> PanelWidget:
        """Return the widget, and make it at the first call; `hear` gets the messages of its pages."""
        if self.widget is None:
            self.widget = PanelWidget(self.whole)
            self.widget.hear_while_cells_run()
            self.widget.on_msg(lambda _, message, buffers: hear(message, buffers))
        return self.widget

    def display(self) -> None:
        """Show the panel as the output of the cell that runs: the transcript, and the widget if it is open."""
        self._kept_by_page = False
        data, metadata = self._bundle()
        self._handle = display(data, metadata=metadata, raw=True, display_id=True)

    def leave_twin(self) -> None:
        """Put the transcript into the output, unless a page does that itself."""
        if self._handle is not None and not self._kept_by_page:
            data, metadata = self._bundle()
            self._handle.update(data, metadata=metadata, raw=True)

    def kept_by_page(self) -> None:
        """Note that a page keeps the transcript in the notebook."""
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
                self._send({"facts": fresh, **({"frame": self._frame()} if "chat" in fresh else {})})

    def illustrate(self, thumbs: Mapping[str, Thumb]) -> None:
        """Send how the things on the shelf look, as far as that has changed."""
        with self.lock:
            fresh = {name: thumb for name, thumb in thumbs.items() if self._thumbs.get(name, "") != thumb}
            self._thumbs = thumbs
            if fresh:
                self._send({"thumbs": fresh})

    def say(self, **once: Any) -> None:
        """Send something that a page which is loaded later does not need."""
        with self.lock:
            self._send(once)

    def check(self, number: int) -> None:
        """Send everything to a page that has missed a message; it names the last one that it has heard."""
        with self.lock:
            if number != self._number:
                self._send(self.whole())

    def show(self, turns: Iterable[Turn], growing: Growing | None = None) -> None:
        """Send the turns that have changed, and their order if it has."""
        with self.lock:
            before, self._growing = self._rows, growing
            self._rows = {}
            for turn in turns:
                old = before.get(turn.anchor)
                same = old is not None and old.shows(turn)
                self._rows[turn.anchor] = old if same and old else _Row(turn, old)
            changed = {key: self._turn(key) for key, row in self._rows.items() if before.get(key) is not row}
            order = {} if list(before) == list(self._rows) else {"order": list(self._rows)}
            if changed or order:
                self._send({"turns": changed, **order})

    def grow(self, growing: Growing, message: PageMessage) -> None:
        """Send the news of an answer."""
        with self.lock:
            if growing is self._growing and (message["changes"] or message["facts"]):
                self._send({"grow": growing.key, **message})

    def whole(self) -> PageMessage:
        """Return the state for a new page, with the newest turns; it asks for the others."""
        with self.lock:
            order, turns, room = list(self._rows), {}, BATCH_CHARS
            for key in reversed(order):
                turns[key] = self._turn(key)
                room -= len(turns[key].get("html", "")) + sum(map(len, turns[key]["pictures"]))
                if room < 0:
                    break
            return {
                "number": self._number, "name": self.name, "facts": self._facts, "thumbs": self._thumbs,
                "order": order, "turns": turns, "frame": self._frame(), "whole": True,
            }  # fmt: skip

    def more(self, keys: Sequence[str]) -> None:
        """Send turns that a page lacks, the newest first, as many as one message may hold."""
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
            rows = self._ended_rows()
            html = self._opening() + "".join(row.html for row in rows) + self.closing
            return {"text/html": html, "text/plain": self._plain_head() + "".join(row.plain for row in rows)}

    def _bundle(self) -> tuple[PageMessage, PageMessage]:
        with self.lock:
            data, metadata = (self.widget._repr_mimebundle_() or ({}, {})) if self.widget else ({}, {})
            saved = output_metadata(self._chat, self._plain_head(), (row.saved for row in self._ended_rows()))
            return {**data, **self.twin()}, {**metadata, **saved}

    def _ended_rows(self) -> list[_Row]:
        return [row for row in self._rows.values() if row.turn.answer.ended is not None]

    @property
    def _chat(self) -> str:
        return str(self._facts.get("chat", "main"))

    def _turn(self, key: str) -> PageMessage:
        row = self._rows[key]
        if self._growing and key == self._growing.key:
            return {"asked": row.asked, "pictures": row.pictures, "grown": self._growing.whole()}
        return {
            "html": row.html, "plain": row.plain, "saved": row.saved, "stale": row.stale, "hidden": row.hidden,
            "pictures": row.pictures,
        }  # fmt: skip

    def _frame(self) -> PageMessage:
        """Return what stands around the turns in the transcript, for a page to put it together."""
        head = self._plain_head()
        return {
            "open": self._opening(), "close": self.closing, "plain": head,
            "metadata": output_metadata(self._chat, head, ()),
        }  # fmt: skip

    def _opening(self) -> str:
        return f'<div class="gemini-transcript {self.name}"><style>{LOOK}</style>'

    def _plain_head(self) -> str:
        return f"A conversation: {self._chat}\n"

    def _send(self, message: PageMessage) -> None:
        self._number += 1
        if self.widget is not None:
            self.widget.send({**message, "number": self._number})


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
.gemini-hidden > summary { cursor: pointer; opacity: .7; }
""",
    flags=re.DOTALL,
)
CLOSING = (
    '<p class="gemini-note"><small>Run this cell to go on. The conversation comes back, marked “from the '
    "file”, and nothing is sent before you press Continue. After a restart of the kernel, run <code>%load_ext "
    "gemini_magics</code> first.</small></p></div>"
)


class _Row:
    """A question and its answer, as a piece of the transcript; made when it is first needed.

    Args:
        before: the row that stood in its place; equal parts are not made again.
    """

    def __init__(self, turn: Turn, before: _Row | None = None) -> None:
        self.turn, self.stale, self.hidden = turn, turn.stale, turn.hidden
        self.asked = asked_html(turn.message)
        same = before is not None and before.turn.message is turn.message
        self._pictures: list[str] | None = before._pictures if before and same else None
        self._ended = turn.answer.ended
        self._shown: dict[str, str] | None = None
        self._text: tuple[str, dict[str, Any]] | None = None

    def shows(self, turn: Turn) -> bool:
        old = self.turn
        return (old.message, old.answer, self.stale, self.hidden, self._ended) == (
            turn.message, turn.answer, turn.stale, turn.hidden, turn.answer.ended,
        )  # fmt: skip

    @property
    def pictures(self) -> list[str]:
        """The attached pictures, small, for the pages alone; "" for other attachments."""
        if self._pictures is None:
            self._pictures = [small_picture(each) for each in self.turn.answer.attachments]
        return self._pictures

    @property
    def html(self) -> str:
        notes = [
            *(["From the file"] if self.turn.place == FROM_FILE else []),
            *(["An earlier question was asked again since."] if self.stale else []),
        ]
        said = "".join(note_html(note) for note in notes)
        answer = f'<div class="gemini-answered">{said}{self._bundle["text/html"]}</div>'
        if self.hidden:
            asked = escape(one_line(asked_words(self.turn.message), HIDDEN_CHARS))
            summary = f"<summary>Hidden: {asked}</summary>"
            return f'<details class="gemini-turn gemini-hidden">{summary}{self.asked}{answer}</details>'
        stale = " gemini-stale" if self.stale else ""
        return f'<div class="gemini-turn{stale}">{self.asked}{answer}</div>'

    @property
    def plain(self) -> str:
        """The turn as text."""
        return self._described[0]

    @property
    def saved(self) -> dict[str, Any]:
        """The description of the text, for the metadata of the output."""
        return self._described[1]

    @property
    def _described(self) -> tuple[str, dict[str, Any]]:
        if self._text is None:
            self._text = turn_text(self.turn, self._bundle["text/plain"])
        return self._text

    @property
    def _bundle(self) -> dict[str, str]:
        if self._shown is None:
            self._shown = bundle(self.turn.answer, words=in_own_words)
            # The transcript holds the style once. Each answer has one of its own where it stands alone.
            self._shown["text/html"] = re.sub("<style>.*?</style>", "", self._shown["text/html"], count=1)
        return self._shown


def asked_html(message: Message) -> str:
    """Write a question as it was typed, as HTML in which nothing of it is markup."""
    # A line break that needs no style sheet, for where a page takes styles away.
    text = escape(clean(asked_words(message))).replace("\n", "<br>")
    return f'<div class="gemini-asked">{text}</div>'


class Growing(View):
    """Watches the answer to a question of the panel, and sends the news to the pages.

    Args:
        key: the anchor of the question.
        begun: is called once the question is on its way.
    """

    tick_s = FRAME_S

    def __init__(self, page: Page, key: str, begun: Callable[[Answer], object]) -> None:
        self.key = key
        self._page, self._begun = page, begun
        self._stream = Stream(self._facts)
        self._answer: Answer | None = None
        self._calling: Calling | None = None

    def begin(self, answer: Answer) -> None:
        """Show the question, and that it waits for its answer."""
        self._answer = answer
        answer.thumbnails = thumbnails(answer.attachments)
        self._stream.facts = {"head": chips_html(answer), **facts_of(answer)}
        self._begun(answer)

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Send the news, at the pace of `Stream`, and each call at once: nothing more comes while it runs."""
        for event in events:
            if isinstance(event, Calling | FunctionCall):
                self._calling = event if isinstance(event, Calling) else None
                self._send(answer)
        self._stream.pace(answer, events, self._send)

    def end(self, answer: Answer) -> None:
        """Send the rest."""
        self._send(answer)

    def _facts(self, answer: AnswerState) -> dict[str, Any]:
        rows = [call_html(replace(each, pictures=())) for each in answer.calls]  # they come with the end
        if calling := self._calling:
            rows.append(calling_html(calling))
            status = {"status": f"Calling {one_line(calling.name, NAME_CHARS)}…"}
        else:
            status = {}
        return {**facts_of(answer), "calls": "".join(rows), **status}

    def whole(self) -> PageMessage:
        """Return the whole answer so far, for a page that was loaded since."""
        return self._stream.whole_message({"seconds": self._answer.seconds if self._answer else 0})

    def _send(self, answer: AnswerState) -> None:
        with self._page.lock:
            if news := self._stream.next_message(answer):
                self._page.grow(self, news)
