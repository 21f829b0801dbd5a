"""One call of a function: the consent, the call within its limits, and what the model is told of it."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ..content.class_names import class_names
from ..content.containers import attach_each
from ..content.convert import CONVERTERS
from ..content.images import thumbnail
from ..core.errors import CannotAttach
from ..core.messages import Attachment, Calling, CallStatus, FunctionCall, Media, ToolCall
from ..core.notices import notice
from ..core.settings import Settings
from ..core.text import counted, error_line, one_line, size
from ..core.tool import Tool
from ..service.masking import masked
from .consent import Consent
from .tools import NAME_CHARS, unknown_name

ARGUMENTS_CHARS = 100_000  # a person is to read them before they say yes
MOST_ITEMS = 100_000  # of an iterator, which may have no end
THUMBNAIL_PX = 320
_MARK_IT = "mark a function that may run without being asked: @gemini_magics.tool(run=True)."


@dataclass(frozen=True)
class CallResult:
    """A call that is over, and the pictures that go back to the model beside its text."""

    call: FunctionCall
    pictures: tuple[Attachment, ...] = ()


@dataclass
class Caller:
    """Calls the functions of one question, one after the other, in the thread that asks.

    Attributes:
        allowed: the functions that the person has allowed for the whole question.
        interrupt: Ctrl-C, where it came in mid-call; the call is told as stopped before it goes on.
    """

    tools: Sequence[Tool]
    settings: Settings
    consent: Consent
    allowed: set[str] = field(default_factory=set)
    interrupt: KeyboardInterrupt | None = None

    def run(self, asked: ToolCall) -> CallResult:
        """Run a call, or say why it does not run."""
        tool = next((each for each in self.tools if each.name == asked.name), None)
        if tool is None:
            return self._over(asked, "failed", unknown_name(asked.name, self.tools))
        if len(asked.arguments) > ARGUMENTS_CHARS:
            return self._over(asked, "failed", f"The arguments have more than {ARGUMENTS_CHARS:,} characters.")
        try:
            values = tool.read(asked.arguments)
        except ValueError as error:
            return self._over(asked, "failed", f"The arguments do not fit: {error}.")
        try:
            if refusal := self._refusal(tool, asked):
                return self._over(asked, "refused", refusal)
            return self._called(tool, asked, values)
        except KeyboardInterrupt as interrupt:
            self.interrupt = interrupt
            return self._over(asked, "stopped", "The person stopped the call.")

    def _refusal(self, tool: Tool, asked: ToolCall) -> str:
        """Ask the person, unless that is not needed; return what the model is told where they say no."""
        if not tool.asks or tool.name in self.allowed:
            return ""
        choice = self.consent(Calling(asked.name, asked.arguments))
        if choice == "always":
            self.allowed.add(tool.name)
        elif not choice:
            notice(f"{tool.name} was not called, because nobody could be asked: {_MARK_IT}")
            return f"Nobody could be asked whether {tool.name} may be called, so it was not."
        return "The person did not allow this call." if choice == "no" else ""

    def _called(self, tool: Tool, asked: ToolCall, values: Any) -> CallResult:
        began = time.monotonic()
        try:
            with _time_limit(self.settings.tool_timeout_s) as is_kept:
                parts = _told(tool.call(values), tool.name, self.settings)
        except _OutOfTime:
            told = f"The call was stopped after {self.settings.tool_timeout_s:g} s, which is its time limit."
            return self._over(asked, "failed", told, time.monotonic() - began)
        except KeyboardInterrupt:
            raise
        # SystemExit, too: exit() in a function ends its call, and not the session.
        except BaseException as error:  # noqa: BLE001 - a function may raise anything
            told = masked(error_line(error), tool.names)
            return self._over(asked, "failed", told, time.monotonic() - began)
        seconds = round(time.monotonic() - began, 3)
        if not is_kept and seconds > self.settings.tool_timeout_s:
            notice(f"{tool.name} took {seconds:.0f} s, longer than its limit, and could not be stopped here.")
        return self._result(tool, asked, parts, seconds)

    def _result(self, tool: Tool, asked: ToolCall, parts: list[Attachment | str], seconds: float) -> CallResult:
        texts = [part if isinstance(part, str) else part.content for part in parts]
        words = [text for text in texts if isinstance(text, str)]
        pictures = tuple(
            part for part in parts if isinstance(part, Attachment) and isinstance(part.content, Media)
        )
        n_bytes, most = _size("\n\n".join(words)), self.settings.tool_result_bytes
        if n_bytes > most:
            told = f"The result has {size(n_bytes)} of text, and {size(most)} may be sent: ask for less of it."
            return self._over(asked, "failed", told, seconds)
        # A result goes to a service, and may hold a secret of the notebook.
        said = [masked(text, tool.names) for text in words]
        if pictures:
            said.append(f"{counted(len(pictures), 'picture')}: see the next message.")
        text = "\n\n".join(said)
        n_bytes = _size(text) + sum(each.size_bytes for each in pictures)
        if n_bytes > self.settings.request_bytes:
            told = (
                f"The result has {size(n_bytes)}, and a question may have {size(self.settings.request_bytes)}."
            )
            return self._over(asked, "failed", told, seconds)
        small = tuple(filter(None, (_small(each.content) for each in pictures)))
        whole = FunctionCall(asked.name, asked.arguments, "ok", text, seconds, n_bytes, small)
        return CallResult(whole, pictures)

    @staticmethod
    def _over(asked: ToolCall, status: CallStatus, told: str, seconds: float = 0.0) -> CallResult:
        name = one_line(asked.name, NAME_CHARS)
        arguments = asked.arguments[:ARGUMENTS_CHARS]
        return CallResult(FunctionCall(name, arguments, status, told, seconds, _size(told)))


def _told(value: Any, name: str, settings: Settings) -> list[Attachment | str]:
    """Return a result as the model gets it: as JSON where it is data, else as it would be attached."""
    if value is None:
        return ["The function returned nothing."]
    if isinstance(value, str):
        return [value if value.strip() else "The function returned an empty text."]
    if isinstance(value, Iterator):
        value = list(islice(value, MOST_ITEMS + 1))
        if len(value) > MOST_ITEMS:
            raise CannotAttach(f"The result has more than {MOST_ITEMS:,} items: return fewer.")
    if not _is_thing(value):
        from pydantic_core import to_jsonable_python

        # A value that JSON has no form for, such as a table in a list, is attached. Objects write themselves,
        # with code that may raise anything.
        with suppress(Exception):
            return [json.dumps(to_jsonable_python(value), ensure_ascii=False)]
    try:
        return list(attach_each(value, name, settings))
    except CannotAttach as error:
        raise CannotAttach(f"The result cannot be sent. {error}") from None


def _is_thing(value: object) -> bool:
    """Tell whether a value has a form of its own in a question; pydantic would write some as JSON, too."""
    known = (name for name in class_names(value) if name in CONVERTERS)
    return any(not name.startswith(("builtins.", "pathlib.")) for name in known)


def _small(content: Media | str) -> Media | None:
    return thumbnail(content, THUMBNAIL_PX) if isinstance(content, Media) else None


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


class _OutOfTime(BaseException):
    """The time limit of a call. A function that catches every Exception does not catch it."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[bool]:
    """Raise _OutOfTime after some seconds; yield whether that is possible here.

    Python runs signal handlers in the main thread only, and Windows has no such signal
    (https://docs.python.org/3/library/signal.html#signals-and-threads).
    """
    # A process has one SIGALRM: a handler of the person's, or of a test runner, keeps it.
    able = threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGALRM")
    if not able or not seconds or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        yield False
        return

    def ring(*_: object) -> None:
        raise _OutOfTime

    # The handler stands before the timer runs, and until it is off: by default SIGALRM ends the process
    # (https://man7.org/linux/man-pages/man7/signal.7.html).
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
