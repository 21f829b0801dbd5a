"""The calls of functions in a cell: a row for each, the question whether it may run, and rounds around them."""

from __future__ import annotations

from collections.abc import Callable

from IPython.display import DisplayHandle, display

from ...chat.consent import Choice, by_input
from ...chat.run import View
from ...core.answer import close, fold
from ...core.messages import Calling, Event, FunctionCall
from ...render.answer import Answer
from ...render.calls import call_html, call_text, called, calling_html
from ...render.style import styled
from .terminal import say


class CallRows:
    """The rows of a question's calls; each is an output of its own, which folds.

    Args:
        as_text: print a line for each call instead.
        with_buttons: ask with buttons, where the page shows them.
    """

    def __init__(self, *, as_text: bool = False, with_buttons: bool = False) -> None:
        self._as_text, self._with_buttons = as_text, with_buttons
        self._handle: DisplayHandle | None = None

    def begin(self, calling: Calling) -> None:
        """Show that a call runs."""
        if not self._as_text:
            self._handle = display(_running(calling), raw=True, display_id=True)

    def ask(self, calling: Calling) -> Choice:
        """Ask whether a call may run: with buttons in its row where a page answers, else with `input`."""
        if self._handle is None or not self._with_buttons:
            return by_input(calling)
        from .consent import by_buttons  # anywidget alone takes longer than loading the extension

        choice = by_buttons(calling, self._handle)
        self._handle.update(_running(calling), raw=True)
        return by_input(calling) if choice is None else choice

    def end(self, call: FunctionCall) -> None:
        """Show the result of the call."""
        if self._handle is None:
            say(f"{call_text(call)}\n")
        else:
            self._handle.update({"text/html": styled(call_html(call)), "text/plain": call_text(call)}, raw=True)
        self._handle = None


class RoundsView:
    """Shows an answer that calls functions: the words of each round in an output of their own.

    So what a function prints and plots stands between the words before its call and those after it.
    """

    def __init__(self, make: Callable[[], View], rows: CallRows) -> None:
        self._make, self._rows = make, rows
        self._view: View | None = make()
        self._part = Answer()
        self.tick_s: float | None = self._view.tick_s

    def begin(self, answer: Answer) -> None:
        """Open the first round, with the attachments of the question."""
        self._part = _part_of(answer)
        self._part.attachments = answer.attachments
        if self._view is not None:
            self._view.begin(self._part)

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Show the words of a round as its own view does, and the calls in their rows."""
        words: list[Event] = []
        for event in events:
            match event:
                case Calling():
                    self._settle()
                    self._rows.begin(event)
                case FunctionCall():
                    self._rows.end(event)
                case _:
                    fold(self._part, event)
                    words.append(event)
        # Words behind a call begin an output of their own, below what the function has shown.
        if self._view is None and not any(isinstance(each, (Calling, FunctionCall)) for each in events):
            self._part, self._view = _part_of(answer), self._make()
            for event in words:
                fold(self._part, event)
            self._view.begin(self._part)
        if self._view is not None:
            self._view.update(self._part, words)

    def end(self, answer: Answer) -> None:
        """Show how the answer ended, with the cost of all rounds."""
        if self._view is None:
            self._part, self._view = _part_of(answer), self._make()
        part = self._part
        part.ended, part.problem, part.called = answer.ended, answer.problem, answer.called
        part.usage, part.total_s, part.thoughts_hidden = answer.usage, answer.total_s, answer.thoughts_hidden
        self._view.end(part)

    def _settle(self) -> None:
        """Close the round whose words have come; calls follow them."""
        if self._view is None:
            return
        # An answer that goes on has no footer yet: its cost is told once, at the end.
        self._part.goes_on = True
        close(self._part, "tool_calls")
        self._view.end(self._part)
        self._view = None


def _part_of(answer: Answer) -> Answer:
    """Return the answer of one round."""
    return Answer(
        service=answer.service,
        model=answer.model,
        effort=answer.effort,
        prompt_sha256=answer.prompt_sha256,
        tools_offered=answer.tools_offered,
        recorded=answer.recorded,
        clock=answer.clock,
    )


def _running(calling: Calling) -> dict[str, str]:
    html = styled(calling_html(calling))
    return {"text/html": html, "text/plain": f"[{called(calling)} · running…]"}
