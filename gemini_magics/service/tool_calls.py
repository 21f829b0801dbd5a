"""Tools on the wire: how a function is offered, and the calls in an answer, whose pieces are joined.

OpenAI numbers the calls and cuts their arguments into pieces
(https://platform.openai.com/docs/guides/function-calling#streaming). Gemini's compatible endpoint leaves the
numbers out, and sends its thought signature with a call or in a delta of its own
(https://github.com/open-webui/computer/issues/224, https://github.com/microclaw/microclaw/pull/230).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..core.errors import UnexpectedResponse
from ..core.messages import ToolCall, ToolCalls
from ..core.text import whole_characters
from ..core.tool import Tool
from .fields import number, written

MOST_CALLS = 128
DEEPEST = 4  # objects of two pieces are joined down to here; Google nests its signature two deep
THOUGHTS = "reasoning_content"
_KNOWN = ("index", "id", "type", "function")
_SYNTAX = re.compile(r'\\.|["{}\[\]]', re.DOTALL)


def declaration(tool: Tool) -> dict[str, Any]:
    """Spell a function of the person as an entry of the request's `tools`."""
    about = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": {key: value for key, value in about.items() if value}}


class CallPieces:
    """The calls of one answer, as far as their pieces have come."""

    def __init__(self) -> None:
        self._calls: list[_Growing] = []
        self._in_deltas = False
        self._extra: dict[str, Any] = {}
        self._early: dict[str, Any] = {}  # a signature that came before its call
        self._thoughts: list[str] = []

    def add(self, part: Mapping[str, Any], spelling: str) -> None:
        """Take in a `delta` or a `message`; a message repeats what deltas have brought."""
        if spelling == "message" and self._in_deltas:
            return
        for piece in _pieces(part):
            self._in_deltas |= spelling == "delta"
            self._call_of(piece).add(piece)
        if isinstance(details := part.get("reasoning_details"), list):
            # https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks
            self._extra.setdefault("reasoning_details", []).extend(details)
        extra = part.get("extra_content")
        if isinstance(extra, dict) and _is_signed(extra):
            _join(self._calls[-1].extra if self._calls else self._early, {"extra_content": extra})

    def take_thoughts(self, thoughts: object, spelling: str) -> None:
        """Take in thoughts of the answer, in case that they must go back with its calls."""
        if isinstance(thoughts, str) and (spelling == "delta" or not self._thoughts):
            self._thoughts.append(thoughts)

    def all(self) -> ToolCalls | None:
        """Return the calls; None where there are none. One without a name is a mistake of the service's."""
        calls = [call for call in self._calls if call.name]
        if not calls:
            return None
        if not any("extra_content" in call.extra for call in calls):
            _join(calls[0].extra, self._early)
        if self._thoughts:
            self._extra[THOUGHTS] = whole_characters("".join(self._thoughts))
        return ToolCalls(
            tuple(call.whole(place) for place, call in enumerate(calls, 1)), _sendable(self._extra)
        )

    def _call_of(self, piece: Mapping[str, Any]) -> _Growing:
        """Return the call that a piece belongs to; a new one where it begins one."""
        place, named = number(piece.get("index")), _text(piece.get("id"))
        same = [call for call in self._calls if call.place == place] if place is not None else self._calls[-1:]
        if named and (known := [call for call in self._calls if call.id == named and call in same]):
            if not known[-1].is_followed_by(piece):
                return known[-1]
        elif same and not self._begins(piece, same[-1], named):
            return same[-1]
        if len(self._calls) == MOST_CALLS:
            raise UnexpectedResponse(
                f"The model calls functions over {MOST_CALLS} times at once. Ask for less in one question.",
                excerpt=written(piece),
            )
        self._calls.append(_Growing(place))
        return self._calls[-1]

    @staticmethod
    def _begins(piece: Mapping[str, Any], last: _Growing, named: str) -> bool:
        """Tell whether a piece begins a call: it brings another id, or a name although the last call has one.

        Some services give every call the index 0, and some repeat the name with each piece: then the last call
        must be complete.
        """
        if named:
            return bool(last.id) or last.complete
        return bool(_function(piece).get("name")) and bool(last.name) and last.complete


class _Growing:
    """One call."""

    def __init__(self, place: float | None) -> None:
        self.place = place
        self.id = ""
        self.name = ""
        self.extra: dict[str, Any] = {}
        self._pieces: list[str] = []
        self._length = 0  # of all pieces
        self._depth = 0  # of the brackets that are open in the arguments
        self._quoted = False  # they end inside of a string

    def add(self, piece: Mapping[str, Any]) -> None:
        """Take in a piece of it."""
        function = _function(piece)
        self.id = self.id or _text(piece.get("id"))
        self.name = self.name or _text(function.get("name"))
        if given := _arguments(function):
            self._take(given)
        _join(self.extra, {name: value for name, value in piece.items() if name not in _KNOWN})
        if more := {name: value for name, value in function.items() if name not in ("name", "arguments")}:
            _join(self.extra, {"function": more})

    def is_followed_by(self, piece: Mapping[str, Any]) -> bool:
        """Tell whether a piece is another call, although it has the id of this one: some ids are mere names.

        It brings a name and new arguments, and those of this call are whole.
        """
        function = _function(piece)
        name, given = _text(function.get("name")), _arguments(function)
        if not (name and self.name and given.startswith("{") and self._pieces and self.complete):
            return False
        return name != self.name or not (self._is_said_again(given) or self._is_empty)

    def _is_said_again(self, given: str) -> bool:
        return len(given) == self._length and given == "".join(self._pieces)

    @property
    def _is_empty(self) -> bool:
        return self._length <= len("{ }") and "".join("".join(self._pieces).split()) == "{}"

    def _take(self, piece: str) -> None:
        if self._pieces and self.complete and piece.startswith("{"):
            if self._is_said_again(piece):
                return
            if self._is_empty:  # Anthropic begins a call with an empty object, and gateways pass it on
                self._pieces.clear()
                self._length = 0
        self._pieces.append(piece)
        self._length += len(piece)
        for found in _SYNTAX.findall(piece):
            if found == '"':
                self._quoted = not self._quoted
            elif not self._quoted and len(found) == 1:
                self._depth += 1 if found in "{[" else -1

    @property
    def complete(self) -> bool:
        """True where all brackets of its arguments are closed, or where it has none."""
        return self._depth <= 0 and not self._quoted

    def whole(self, place: int) -> ToolCall:
        """Return it as it stands; a call without an id gets one, because its result needs one."""
        arguments = whole_characters("".join(self._pieces)).strip()
        return ToolCall(self.id or f"call_{place}", self.name, arguments or "{}", _sendable(self.extra))


def _pieces(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    calls = part.get("tool_calls")
    for call in calls if isinstance(calls, list) else [calls]:
        if isinstance(call, dict) and call:
            yield call
    if isinstance(older := part.get("function_call"), dict) and older:
        yield {"function": older}


def _function(piece: Mapping[str, Any]) -> Mapping[str, Any]:
    function = piece.get("function")
    return function if isinstance(function, dict) else {}


def _arguments(function: Mapping[str, Any]) -> str:
    given = function.get("arguments")
    if given in (None, ""):
        return ""
    return given if isinstance(given, str) else written(given)


def _is_signed(extra: Mapping[str, Any]) -> bool:
    """Tell whether Google, or Vertex, signs a thought here; the mark of a thought's text is not a signature."""
    return any(isinstance(own, dict) and "thought_signature" in own for own in extra.values())


def _text(value: Any) -> str:
    return whole_characters(value) if isinstance(value, str) else ""


def _sendable(extra: dict[str, Any]) -> dict[str, Any]:
    """Return fields that can be written as JSON again; json.loads goes a little deeper than json.dumps."""
    try:
        json.dumps(extra)
    except RecursionError:
        return {}
    return extra


def _join(fields: dict[str, Any], more: Mapping[str, Any], depth: int = DEEPEST) -> None:
    """Put more fields into an object; an object in it joins the one that is there."""
    for name, value in more.items():
        old = fields.get(name)
        if depth and isinstance(old, dict) and isinstance(value, dict):
            _join(old, value, depth - 1)
        else:
            fields[name] = value
