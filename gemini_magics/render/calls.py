"""Calls of functions as a reader sees them: a row for each, which opens to its arguments and its result."""

from __future__ import annotations

import json
from base64 import b64encode

from ..core.messages import Calling, FunctionCall
from ..core.text import one_line, reveal, shorten, size
from .html import escape

NAME_CHARS = 80
ARGUMENTS_CHARS = 120  # in the row; inside they stand whole
RESULT_CHARS = 10_000
PICTURE_BYTES = 400_000
_ENDS = {"ok": "", "failed": "failed", "refused": "not called", "stopped": "stopped"}


def call_html(call: FunctionCall) -> str:
    """Return a call as a row of HTML that opens and folds."""
    result = reveal(shorten(call.result, RESULT_CHARS))
    pictures = "".join(
        f'<img alt="" src="data:image/png;base64,{b64encode(each.data).decode()}">'
        for each in call.pictures
        if each.type == "image/png" and each.size_bytes <= PICTURE_BYTES
    )
    return (
        f'<details class="gemini-call"><summary>{_head(call)} · {escape(_end(call))}</summary>'
        f"{_block(written(call.arguments))}{_block(result)}{pictures}</details>\n"
    )


def calling_html(calling: Calling, state: str = "running…") -> str:
    """Return a call that runs, or that the person is asked about, with its arguments whole."""
    return (
        f'<details class="gemini-call" open><summary>{_head(calling)} · {escape(state)}</summary>'
        f"{_block(written(calling.arguments))}</details>\n"
    )


def call_text(call: FunctionCall) -> str:
    """Return a call as one line of text, with the beginning of its result."""
    return f"[{called(call)} · {_end(call)}: {one_line(call.result, ARGUMENTS_CHARS)}]"


def called(call: FunctionCall | Calling) -> str:
    """Write a call as Python does, on one line: load_prices(symbol="ACME", days=30)."""
    return one_line(f"{call.name}({_arguments(call.arguments)})", NAME_CHARS + ARGUMENTS_CHARS)


def written(arguments: str) -> str:
    """Write arguments whole, one on a line, with every character visible; text that is not JSON as it is."""
    value = _parsed(arguments)
    if not isinstance(value, dict):
        return reveal(arguments)
    return "\n".join(f"{reveal(name)} = {_value(each)}" for name, each in value.items()) or "no arguments"


def _head(call: FunctionCall | Calling) -> str:
    name = one_line(call.name, NAME_CHARS)
    inside = one_line(_arguments(call.arguments), ARGUMENTS_CHARS)
    return f"<code><bdi>{escape(name)}({escape(inside)})</bdi></code>"


def _end(call: FunctionCall) -> str:
    """Write how a call ended: "0.3 s · 1.2 kB", "failed · 0.3 s", "not called"."""
    if call.status == "refused":
        return _ENDS[call.status]
    return " · ".join(filter(None, (_ENDS[call.status], f"{call.seconds:.1f} s", size(call.size_bytes))))


def _arguments(text: str) -> str:
    value = _parsed(text)
    if not isinstance(value, dict):
        return text
    return ", ".join(f"{name}={_value(each)}" for name, each in value.items())


def _value(value: object) -> str:
    return reveal(json.dumps(value, ensure_ascii=False))


def _parsed(text: str) -> object:
    try:
        value = json.loads(text)
        json.dumps(value)
    except (ValueError, RecursionError):
        return None
    return value


def _block(text: str) -> str:
    return f'<pre class="gemini-told" tabindex="0">{escape(text)}</pre>' if text else ""
