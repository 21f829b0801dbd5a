"""How a question differs from the nearest one that was recorded, in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

from ..core.plain import shorten, size
from .recording import Recording
from .records import Asked, Record, Sent

COMPARED_CHARS = 4000
COMPARED_WORDS = 400
CONTEXT_WORDS = 6  # words and the spaces between them
DIFF_CHARS = 400
SHORT_CHARS = 80
OTHER_DIFFERENCE = 0.2  # weighs as much as a fifth of the prompt


def missing(recording: Recording, asked: Asked, cell: str) -> str:
    """Say that a question is not in a recording, and what is other in the nearest one."""
    name, records = recording.label, list(recording.load().current.values())
    if not records:
        return f"{name} holds no answer yet: record some with %gemini_record {name}."
    record = max(records, key=lambda record: _likeness(record.asked, asked))
    told = "; ".join(_differences(record, asked, cell)) or "the order of its parts"
    return (
        f"{name} has no answer to this question. In the nearest one, line {record.line}, "
        f"[-recorded-]{{+asked+}}: {told}. To ask it: %gemini_record {name}."
    )


def _likeness(recorded: Asked, asked: Asked) -> float:
    words = SequenceMatcher(None, recorded.text[:COMPARED_CHARS], asked.text[:COMPARED_CHARS]).quick_ratio()
    return words - OTHER_DIFFERENCE * len([*_attached(recorded, asked), *_options(recorded, asked)])


def _differences(record: Record, asked: Asked, cell: str) -> Iterator[str]:
    recorded = record.asked
    if recorded.text != asked.text:
        yield f"prompt “{word_diff(recorded.text, asked.text)}”"
    yield from _attached(recorded, asked)
    yield from _options(recorded, asked)
    if recorded.earlier != asked.earlier:
        yield f"the conversation before it {_change(_turns(recorded), _turns(asked))}"
    if recorded.near_key == asked.near_key and cell and record.cell and cell != record.cell:
        yield f"cell {_change(record.cell, cell)}"


def _attached(recorded: Asked, asked: Asked) -> Iterator[str]:
    """Yield each attachment that is only on one side, or not the same on both, and a change of order."""
    then, now = ({sent.name: sent for sent in side.attached} for side in (recorded, asked))
    for name in [*then, *(name for name in now if name not in then)]:
        old, new = then.get(name), now.get(name)
        if not (old and new):
            yield f"attached {_change(name if old else None, name if new else None)}"
        elif (old.kind, old.type) != (new.kind, new.type):
            yield f"{name} is {_change(f'{old.kind} {old.type}', f'{new.kind} {new.type}')}"
        elif old.sha256 != new.sha256:
            yield f"{name} has {_other(old, new)}"
    if list(then) != list(now) and sorted(then) == sorted(now):
        yield f"order {_change(', '.join(then), ', '.join(now))}"


def _other(old: Sent, new: Sent) -> str:
    what = "another address" if not new.bytes else "other pixels" if new.drawn else "other content"
    return what if old.bytes == new.bytes else f"{what} {_change(size(old.bytes), size(new.bytes))}"


def _options(recorded: Asked, asked: Asked) -> Iterator[str]:
    for name in dict.fromkeys([*recorded.options, *asked.options]):
        old, new = recorded.options.get(name), asked.options.get(name)
        if old != new and isinstance(old, str) and isinstance(new, str) and len(old + new) > SHORT_CHARS:
            yield f"{name} {word_diff(old, new)}"
        elif old != new:
            yield f"{name} {_change(_written(old), _written(new))}"


def _written(value: Any) -> str:
    """Write the value of an option; what is off or empty is not in a recording."""
    if value in (None, True):
        return "on" if value else "off"
    return shorten(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), SHORT_CHARS)


def _turns(asked: Asked) -> str:
    return f"{len(asked.earlier)} turns"


def _change(old: str | None, new: str | None) -> str:
    if old == new:
        return "differs"
    return (f"[-{old}-]" if old else "") + (f"{{+{new}+}}" if new else "")


def word_diff(old: str, new: str) -> str:
    """Write the words that differ as git does, [-old-]{+new+}, with a few words around them."""
    before, after = (re.findall(r"\w+|\s|[^\w\s]", text) for text in (old, new))
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    skipped = max(0, same - CONTEXT_WORDS)
    before, after = (words[skipped : skipped + COMPARED_WORDS] for words in (before, after))
    shown = ""
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT_WORDS):
        shown += "…" if skipped or group[0][1] else ""
        for kind, i, j, k, m in group:
            was, is_now = "".join(before[i:j]), "".join(after[k:m])
            shown += was if kind == "equal" else _change(was, is_now)
    shown += "…" if group[-1][2] < len(before) else ""
    return shorten(shown.replace("\n", "⏎"), DIFF_CHARS)
