"""The demo service calls functions: those that the question names, with the values that stand in it.

It sends its calls as Gemini's compatible endpoint does, without an index and with a signature on the first, and
it refuses a call that comes back without its signature, as Gemini does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.text import shorten
from .inspect import in_quotes, look_through
from .schema_values import example_of

# "stand-in" in base64; clients return a real one unread, in the same place:
# https://ai.google.dev/gemini-api/docs/thought-signatures#openai
SIGNATURE = {"google": {"thought_signature": "c3RhbmQtaW4="}}
RESULT_CHARS = 120
MOST_STEPS = 1_000  # of a question, each of which may name any function
# All lengths are bounded: a question may hold a book, and Python reads no endless number
# (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits).
_QUOTED = re.compile(r"`([^`\n]{1,200})`|\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”")
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,12}(?:\.\d{1,12})?(?!\w|\.\d)", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,63}", re.ASCII)

Messages = Sequence[Mapping[str, Any]]


def complaint(tool: Any) -> str | None:
    """Return what is wrong with an entry of `tools`; None where it is a function."""
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    if not isinstance(function, dict) or not isinstance(name := function.get("name"), str):
        return "A tool must be a function with a name"
    if not _NAME.fullmatch(name) or not _are_parameters(function.get("parameters", {})):
        return f"The function {shorten(name, 40)} has a wrong name or wrong parameters"
    return None


def _are_parameters(schema: Any) -> bool:
    if not isinstance(schema, dict) or not isinstance(schema.get("properties", {}), dict):
        return False
    needed = schema.get("required", [])
    return isinstance(needed, list) and all(isinstance(name, str) for name in needed)


def call_complaint(calls: Any) -> str | None:
    """Return what is wrong with the calls that come back in a message; None where nothing is."""
    if not isinstance(calls, list) or not all(map(_is_call, calls)):
        return "tool_calls must be an array of calls, each with an id and a function"
    # Of calls that are made together, the first alone is signed.
    if calls and calls[0].get("extra_content") != SIGNATURE:
        return "Function call is missing a thought_signature"
    return None


def _is_call(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    return isinstance(function, dict) and all(
        isinstance(each, str) for each in (call.get("id"), function.get("name"))
    )


def question_place(messages: Messages) -> int:
    """Return the place of the question; after it come calls, their results and their pictures."""
    place = len(messages) - 1
    while place > 0 and _follows_calls(messages, place):
        place -= 1
    return place


def _follows_calls(messages: Messages, place: int) -> bool:
    message = messages[place]
    if message["role"] == "user":
        return bool(messages[place - 1]["role"] == "tool")
    return message["role"] == "tool" or bool(message.get("tool_calls"))


def wanted(text: str, tools: Sequence[Any], after: Messages) -> list[dict[str, Any]]:
    """Return the next calls: the functions that a question names, up to the next "then", each once."""
    functions = {tool["function"]["name"]: tool["function"] for tool in tools}
    called = [call["function"]["name"] for message in after for call in message.get("tool_calls") or ()]
    words = _Words(text, functions)
    for step in re.split(r"\bthen\b", text, maxsplit=MOST_STEPS, flags=re.IGNORECASE):
        # Most names stand nowhere in a step, and `in` tells so much sooner than a pattern does.
        named = [name for name in functions if name in step and re.search(rf"\b{re.escape(name)}\b", step)]
        calls = [(name, words.call(functions[name])) for name in sorted(named, key=step.index)]
        if fresh := [(name, arguments) for name, arguments in calls if name not in called]:
            return [_call(len(called) + number, *each, number == 0) for number, each in enumerate(fresh)]
    return []


def _call(number: int, name: str, arguments: Any, is_first: bool) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    signed = {"extra_content": SIGNATURE} if is_first else {}
    return {"id": f"call-{number}", "type": "function", "function": function, **signed}


class _Words:
    """The values that stand in a question, each for one argument."""

    def __init__(self, text: str, functions: Mapping[str, Any]) -> None:
        quoted = ("".join(found) for found in _QUOTED.findall(text))
        self._text = text
        self._quoted = [word for word in quoted if word not in functions]
        self._numbers = [
            float(found) if "." in found else int(found)  # JSON has no 007
            for found in _NUMBER.findall(text)
        ]

    def call(self, function: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments for a function: values of the question, and stand-ins for what must be there."""
        parameters = function.get("parameters", {})
        properties, needed = parameters.get("properties", {}), parameters.get("required", [])
        found = {name: self._value(schema) for name, schema in properties.items()}
        kept = {name: value for name, value in found.items() if value is not None}
        missing = [name for name in needed if name in properties and name not in kept]
        return kept | {name: example_of(properties[name]) for name in missing}

    def _value(self, schema: Any) -> Any:
        match schema:
            case {"enum": [*values]}:
                return next(
                    (each for each in values if re.search(rf"\b{re.escape(str(each))}\b", self._text)), None
                )
            # pydantic writes `int | None` so, with null at the end.
            case {"anyOf": [first, *_]}:
                return self._value(first)
            case {"type": "string"} if self._quoted:
                return self._quoted.pop(0)
            case {"type": "integer"} if self._numbers and isinstance(self._numbers[0], int):
                return self._numbers.pop(0)
            case {"type": "number"} if self._numbers:
                return self._numbers.pop(0)
        return None


def results(after: Messages) -> Iterator[str]:
    """Describe the results of calls, one in a line, as Markdown."""
    names = {
        call["id"]: call["function"]["name"] for message in after for call in message.get("tool_calls") or ()
    }
    for message in after:
        if message["role"] == "tool":
            text, things = look_through(message["content"])
            name = names.get(message.get("tool_call_id"), "a call")
            said = ", ".join(f"a {thing.kind} of {thing.said}" for thing in things)
            yield f"`{name}` gave {said or in_quotes(text, RESULT_CHARS)}"
        elif message["role"] == "user":
            yield from (f"{thing.kind}: {thing.said}" for thing in look_through(message["content"])[1])
