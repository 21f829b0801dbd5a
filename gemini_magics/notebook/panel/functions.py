"""The functions of the notebook that a panel offers to the model, and the question whether one may run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from itertools import count
from types import FunctionType
from typing import Any

from ...chat.consent import CHOICES, Choice
from ...chat.tools import is_marked, tools_of
from ...core.cancel import Cancel
from ...core.errors import BadRequest
from ...core.messages import Calling
from ...core.text import one_line
from ...core.tool import Tool
from ...render.calls import calling_html

MOST = 60
NAME_CHARS = 80
LOOK_S = 0.1
NOTEBOOK = "__main__"


class Functions:
    """The functions that could be offered, those that are, and the call that waits for the person.

    A page names functions that stand in the notebook, and nothing else; it brings no code.
    """

    def __init__(self) -> None:
        self._there: dict[str, Any] = {}
        self._offered: dict[str, None] = {}
        self._waiting: _Waiting | None = None
        self._numbers = count(1)

    @property
    def offered(self) -> list[str]:
        """The names of the functions that the next question offers."""
        return [name for name in self._offered if name in self._there]

    def look(self, names: Mapping[str, Any], hidden: Iterable[str]) -> None:
        """Look for functions: those that the notebook defines, and those that `@tool` marks."""
        own = {name: each for name, each in names.items() if _is_offerable(name, each)}
        newest = [name for name in reversed(own) if name not in hidden][:MOST]
        self._there = {name: own[name] for name in newest}

    def offer(self, name: str, offered: bool) -> None:
        """Offer a function from now on, or no more.

        Raises:
            BadRequest: there is no such function.
        """
        if name not in self._there:
            raise BadRequest(
                f"There is no function {one_line(name, NAME_CHARS)}: run the cell that defines it."
            )
        self._offered.pop(name, None)
        if offered:
            self._offered[name] = None

    def tools(self, names: Mapping[str, Any]) -> tuple[Tool, ...]:
        """Return the offered functions as tools.

        Raises:
            BadRequest: one of them cannot be described to the model.
        """
        return tools_of([self._there[name] for name in self.offered], names)

    def facts(self) -> list[dict[str, Any]]:
        """Return the functions as a page shows them."""
        return [{"name": name, "offered": name in self._offered} for name in self._there]

    # Consent.

    @property
    def asked(self) -> dict[str, Any] | None:
        """The call that waits for the person, as a page shows it; None where none does."""
        waiting = self._waiting
        if waiting is None:
            return None
        return {"number": waiting.number, "html": calling_html(waiting.calling, "may it run?")}

    def may_call(self, calling: Calling, *, cancel: Cancel, tell: Callable[[], object]) -> Choice:
        """Ask the person about a call and wait; a question that is stopped calls nothing.

        Args:
            tell: tells the pages what has changed.
        """
        waiting = self._waiting = _Waiting(next(self._numbers), calling)
        tell()
        # One wait cannot watch two things, and Stop sets another one.
        while not waiting.chosen.wait(LOOK_S) and not cancel.cancelled:
            pass
        self._waiting = None
        tell()
        return waiting.choice

    def choose(self, number: int, choice: str) -> None:
        """Take the choice of a page, if it is for the call that waits: a late click allows no other one."""
        waiting = self._waiting
        if waiting and waiting.number == number and not waiting.chosen.is_set():
            waiting.choice = next((each for each in CHOICES if each == choice), "no")
            waiting.chosen.set()


def stoppable(tools: Iterable[Tool], cancel: Cancel) -> tuple[Tool, ...]:
    """Return functions that Stop need not wait for: no signal reaches the thread of a panel."""
    return tuple(replace(each, call=partial(_apart, each.call, cancel)) for each in tools)


def _apart(call: Callable[[Mapping[str, Any]], Any], cancel: Cancel, values: Mapping[str, Any]) -> Any:
    """Call a function in a thread of its own; after a stop it goes on there, and nobody waits for it.

    Raises:
        KeyboardInterrupt: the question was stopped.
    """
    given: Future[Any] = Future()

    def run() -> None:
        try:
            given.set_result(call(values))
        except BaseException as error:  # noqa: BLE001 - it is raised again where the function was called
            given.set_exception(error)

    # The context tells ipykernel which cell prints.
    threading.Thread(target=copy_context().run, args=(run,), name="gemini_magics call", daemon=True).start()
    while not given.done() and not cancel.cancelled:
        wait([given], LOOK_S)
    if not given.done():
        raise KeyboardInterrupt
    return given.result()


class _Waiting:
    """A call about which the person is asked."""

    def __init__(self, number: int, calling: Calling) -> None:
        self.number, self.calling = number, calling
        self.choice: Choice = "no"
        self.chosen = threading.Event()


def _is_offerable(name: str, value: object) -> bool:
    if not name.isidentifier() or name.startswith("_") or not isinstance(value, FunctionType):
        return False
    return value.__module__ == NOTEBOOK or is_marked(value)
