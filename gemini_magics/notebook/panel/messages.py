"""Messages of a page: the verbs and their fields, as data.

A kernel cannot know who wrote a page's message: where only widget messages pass, as in Voila, it is anybody
who has the page open. So a message is a known verb with exactly its fields, each of its type and size.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...chat.archive import ANCHOR_CHARS
from ...chat.conversation import NAME_CHARS as CHAT_CHARS
from ...core.text import reveal, shorten
from ...service.services import CHOICES

SENT_CHARS = 10_000_000  # servers pass no longer message, so no page is left without an answer
TEXT_CHARS = 4_000_000  # about the million tokens that the model takes in
KEY_CHARS = ANCHOR_CHARS
LINE_CHARS = 200  # of a model's name
WORD_CHARS = 1_000  # of a name or a path
PIECE_BYTES = 16_000_000  # of a file; servers pass 10 MB at most
MOST_KEYS = 10_000

_LOG = logging.getLogger(__name__)
_LOG.addHandler(logging.NullHandler())  # without a handler, Python prints into the cell that runs

Check = Callable[[Any], bool]


def _text(most: int) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= most


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    # A bool is an int: https://docs.python.org/3/library/stdtypes.html#boolean-type-bool
    return isinstance(value, int) and not isinstance(value, bool)


def _is_step(value: Any) -> bool:
    return _is_whole(value) and abs(value) <= MOST_KEYS


def _is_box(value: Any) -> bool:
    """Tell whether a value is a part of a picture: left, top, right and bottom in parts of its sides."""
    if not isinstance(value, list) or len(value) != 4:
        return False
    if not all(isinstance(edge, (int, float)) and not isinstance(edge, bool) for edge in value):
        return False
    left, top, right, bottom = value
    # NaN, which the JSON of Python can hold, fails each of these comparisons.
    return bool(0 <= left < right <= 1 and 0 <= top < bottom <= 1)


def _are_keys(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MOST_KEYS and all(map(_text(KEY_CHARS), value))


_KEY, _WORD = _text(KEY_CHARS), _text(WORD_CHARS)

SETTINGS: dict[str, Check] = {
    "service": lambda value: value == "" or (isinstance(value, str) and value in CHOICES),
    "model": _text(LINE_CHARS),
    "effort": _text(LINE_CHARS),
    "thoughts": _is_bool,
    "search": _is_bool,
    "point": _is_bool,
    "system": _text(100_000),
}

VERBS: dict[str, dict[str, Check]] = {
    "send": {"text": _text(SENT_CHARS)},
    "stop": {},
    "retry": {"key": _KEY},
    "edit": {"key": _KEY},
    "unedit": {},
    "draft": {"text": _text(TEXT_CHARS)},
    "hide": {"key": _KEY, "hidden": _is_bool},
    "found": {"text": _text(SENT_CHARS), "metadata": lambda value: isinstance(value, dict)},
    "continue": {},
    "branch": {"key": _KEY},
    "clear": {},
    "chat": {"chat": _text(CHAT_CHARS)},
    "cell": {"key": _KEY},
    "set": {"name": lambda name: isinstance(name, str) and name in SETTINGS, "value": lambda _: True},
    "attach": {"word": _WORD},
    "upload": {"name": _WORD, "key": _KEY, "last": _is_bool},
    "offer": {"name": _WORD, "offered": _is_bool},
    "allow": {"number": _is_whole, "choice": _text(LINE_CHARS)},
    "drop": {"key": _KEY},
    "move": {"key": _KEY, "by": _is_step},
    "region": {"key": _KEY, "box": _is_box},
    "shelf": {"shown": _is_bool},
    "thumb": {"name": _WORD},
    "more": {"keys": _are_keys},
    "again": {},
    "check": {"number": _is_whole},
    "kept": {},
}
WITH_BYTES = ("upload",)


def read_message(message: object, buffers: Sequence[Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the verb and the fields of a message; None if it breaks the rules, and a log line says how."""
    fault = _fault(message, buffers)
    if fault or not isinstance(message, Mapping):
        _LOG.warning("A message to the panel was ignored: %s", fault)
        return None
    fields = {name: value for name, value in message.items() if name != "do"}
    if buffers:
        fields["data"] = bytes(buffers[0])
    return message["do"], fields


def _fault(message: object, buffers: Sequence[Any]) -> str:
    """Return the fault of a message; "" for a message that keeps the rules."""
    if not isinstance(message, Mapping):
        return f"it is a {type(message).__name__}"
    verb = message.get("do")
    if not isinstance(verb, str) or verb not in VERBS:
        return f"it has no verb {_quoted(verb)}"
    fields = VERBS[verb]
    if odd := sorted(map(str, {*message} ^ {"do", *fields})):
        return f"{verb} has too few or too many fields: {_quoted(odd)}"
    if wrong := [name for name, check in fields.items() if not check(message[name])]:
        return f"{verb} has a wrong {wrong[0]}: {_quoted(message[wrong[0]])}"
    if verb == "set" and not SETTINGS[message["name"]](message["value"]):
        return f"{message['name']} cannot be {_quoted(message['value'])}"
    if len(buffers) > (verb in WITH_BYTES) or any(memoryview(each).nbytes > PIECE_BYTES for each in buffers):
        return f"{verb} has {len(buffers)} buffers, or too large ones"
    return ""


def _quoted(value: object) -> str:
    try:
        return shorten(reveal(repr(value)), 80)
    except RecursionError:
        return f"a {type(value).__name__} that is nested too deeply"
