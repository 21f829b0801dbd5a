"""The live view: an answer grows in a small widget, which its static output replaces at the end."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any, ClassVar
from uuid import uuid4

import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle, display

from ...content.images import thumbnail
from ...content.thumbnails import thumbnails
from ...core.answer import INTERRUPTED, AnswerState, close
from ...core.messages import Event, Media
from ...core.text import legible
from ...render.answer import Answer
from ...render.metadata import metadata
from ...render.static_output import bundle, chips_html, footer_html, notices_html, shown_text, sources_html
from ...render.status import status_text
from ...render.style import STYLE
from ..frontend import Frontend
from ..javascript import STATIC, join_modules
from ..widget import Widget
from .stream import FRAME_S, Facts, Stream, facts_of

# A page that was closed lets no widget go, so the oldest ones are closed for it. An open page may be behind by
# all that one cell asks in a loop, and fails on a widget that is closed before it has drawn it.
OPEN_WIDGETS = 100
UNCLAIMED_S = 10.0  # a page that was loaded again needs about a second until it asks for the widget
SHOWN_AS_SENT_BYTES = 400_000  # scale larger pictures down for the page
SHOWN_SIDE_PX = 800
# Every browser shows these: https://developer.mozilla.org/docs/Web/Media/Guides/Formats/Image_types
SHOWN_TYPES = ("image/png", "image/jpeg", "image/webp")


class LiveView:
    """Shows an answer while it arrives, without moving or closing anything that the reader uses.

    Args:
        stop: stops the answer where its cell has ended, and fails no more; else the page interrupts the kernel.

    Attributes:
        handle: the display, once there is one.
        mark: the classes by which the page finds the output.
    """

    tick_s = FRAME_S

    def __init__(self, stop: Callable[[], object] | None = None) -> None:
        self._stop = stop
        self._raised = stop is None  # an exception in the cell says what went wrong
        self._stream = Stream(self._facts)
        self._number = 0
        self.handle: DisplayHandle | None = None
        self._previous_sigterm: Any = None

    def begin(self, answer: Answer) -> None:
        """Display the widget with the attachments and the status."""
        answer.thumbnails = thumbnails(answer.attachments)
        name = f"gemini-{uuid4().hex[:12]}"
        shell = get_ipython()
        self.mark: str = f"gemini-kept {name}"
        self._stream.facts = {
            "id": name, "head": chips_html(answer), "pictures": _picture_uris(answer), **self._facts(answer),
            "background": self._stop is not None, "session": Frontend.of(shell).session if shell else "",
        }  # fmt: skip
        self._widget = AnswerWidget(name, lambda heard: self._snapshot(answer, heard), self._stop)
        if self._stop:  # other cells run meanwhile
            self._widget.hear_while_cells_run()
        data, about = self._widget._repr_mimebundle_() or ({}, {})
        data["text/plain"] = status_text(answer)
        self.handle = display(data, metadata=about, raw=True, display_id=True)
        # Only the main thread may set a handler, and one that Python has not set (None) could not be put back:
        # https://docs.python.org/3/library/signal.html#signal.getsignal
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGTERM) is not None:
            self._previous_sigterm = signal.signal(signal.SIGTERM, lambda *_: self._terminate(answer))

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Send the changes, at the pace of `Stream`."""
        self._stream.pace(answer, events, self._send)

    def end(self, answer: Answer) -> None:
        """Replace the widget by the static output, which needs no kernel."""
        if self._previous_sigterm is not None:
            signal.signal(signal.SIGTERM, self._previous_sigterm)
            self._previous_sigterm = None
        if self.handle is None:  # interrupted before `begin`
            display(bundle(answer, raised=self._raised), raw=True, metadata=metadata(answer))
            return
        shown = {"text/plain": legible(answer.text)}  # even after an error a dead widget must not stay
        try:
            self._send(answer)
            shown = self._bundle(answer, **self._stream.finished_blocks)
        finally:
            self.handle.update(shown, raw=True, metadata=metadata(answer))
            self._widget.discard_unclaimed()

    def _send(self, answer: AnswerState) -> None:
        """Send the page its next message, if anything has changed."""
        if message := self._stream.next_message(answer):
            self._number += 1
            self._widget.send({"number": self._number, **message})

    def _snapshot(self, answer: Answer, heard: object = None) -> Facts:
        """Return one message with all that was sent, for a page that was loaded since.

        Args:
            heard: the number of the last message that the page has heard; one that lacks nothing
                gets the number alone.
        """
        if heard == self._number and answer.ended is None:
            return {"number": self._number}
        more: Facts = {"seconds": answer.seconds}
        if answer.ended is not None:
            more["output"] = {"data": self._bundle(answer), "metadata": metadata(answer)}
        return {"number": self._number, "whole": True, **self._stream.whole_message(more)}

    def _bundle(self, answer: Answer, **blocks: Any) -> dict[str, str]:
        return bundle(answer, mark=self.mark, raised=self._raised, **blocks)

    def _facts(self, answer: AnswerState) -> Facts:
        facts = facts_of(answer)
        if answer.ended is None:
            return {**facts, "foot": "", "markdown": ""}
        foot = (
            sources_html(answer)
            + notices_html(answer, raised=self._raised)
            + footer_html(answer, raised=self._raised)
        )
        return {**facts, "foot": foot, "markdown": shown_text(answer)}

    def _terminate(self, answer: Answer) -> None:
        """Store the partial answer as an output, then end the kernel as SIGTERM asks."""
        # A kernel that does not end by itself gets SIGTERM, and SIGKILL soon after:
        # https://github.com/jupyter/jupyter_client/blob/v8.6.0/jupyter_client/manager.py, `shutdown_wait_time`
        close(answer, INTERRUPTED)
        self._raised = False
        self.end(answer)
        sys.stdout.flush()  # ipykernel's flush waits until its messages are handed to ZeroMQ
        # ZeroMQ sends them in a thread of its own, and a process that ends does not wait for it. ipykernel
        # waits where it closes its sockets at a usual end (ipykernel/kernelapp.py, `close`).
        app = getattr(getattr(get_ipython(), "kernel", None), "parent", None)
        if app is not None:
            app.close()
        signal.raise_signal(signal.SIGTERM)


class AnswerWidget(Widget):
    """The widget of one answer; it stays open until its page reports that the widget is gone."""

    _esm = join_modules(STATIC / "answer.js")
    _css = STYLE + "".join((STATIC / name).read_text("utf-8") for name in ("live.css", "marks.css"))
    # Only a page that opens the widget reads this trait. Nothing sets it, so ipywidgets never sends it alone:
    # https://ipywidgets.readthedocs.io/en/stable/examples/Widget%20Low%20Level.html
    said: traitlets.Any = traitlets.Any().tag(sync=True, to_json=lambda _, widget: widget.snapshot(None))
    open_widgets: ClassVar[deque[AnswerWidget]] = deque()
    heard_at: ClassVar[float] = -inf  # when a page has last said something, of `time.monotonic`

    def __init__(
        self, name: str, snapshot: Callable[[object], Facts], stop: Callable[[], object] | None = None
    ) -> None:
        self.snapshot: Callable[[object], Facts] = snapshot
        self._stop = stop
        super().__init__(name)
        self.on_msg(self._on_message)
        self.open_widgets.append(self)
        if len(self.open_widgets) > OPEN_WIDGETS:
            self.open_widgets[0].discard()

    def discard(self) -> None:
        """Close the widget, emptied first, because nbclient saves the last state of a closed widget."""
        # https://nbclient.readthedocs.io/en/latest/client.html#widget-state
        if self not in self.open_widgets:
            return
        self._esm = self._css = ""
        self.layout.close()
        self.close()
        self.open_widgets.remove(self)

    def discard_unclaimed(self) -> None:
        """Close the widget once its kernel and all pages have been quiet for a while and none has let it go."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a script, or a kernel that runs cells outside of its loop
            return
        due = monotonic() + UNCLAIMED_S
        loop.call_later(UNCLAIMED_S, lambda: self._discard_if_idle(due))

    def _discard_if_idle(self, due: float) -> None:
        # A loop that comes late was busy with a cell, and has yet to hear what pages said meanwhile. A page
        # that speaks is at work, and may come to this widget yet.
        now = monotonic()
        if now > due + 0.1 or now < AnswerWidget.heard_at + UNCLAIMED_S:
            self.discard_unclaimed()
        else:
            self.discard()

    def _on_message(self, _: object, message: object, __: object) -> None:
        AnswerWidget.heard_at = monotonic()
        match message:
            case "again":
                self.send(self.snapshot(None))
            case {"heard": number}:
                self.send(self.snapshot(number))
            case "stop" if self._stop:
                self._stop()
            case "gone":
                self.discard()


def _picture_uris(answer: Answer) -> list[str]:
    """Return the picture of each attachment as a data: URI, "" for one without a picture."""
    return [
        _data_uri(attachment.content) if isinstance(attachment.content, Media) else ""
        for attachment in answer.attachments
    ]


def _data_uri(media: Media) -> str:
    small_enough = media.type in SHOWN_TYPES and media.size_bytes <= SHOWN_AS_SENT_BYTES
    shown = media if small_enough else thumbnail(media, SHOWN_SIDE_PX)
    return f"data:{shown.type};base64,{b64encode(shown.data).decode()}" if shown and shown.data else ""
