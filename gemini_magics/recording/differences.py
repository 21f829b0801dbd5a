"""How a question differs from the nearest one of a recording, in two lines for a person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

from ..core.text import counted, shorten, size
from .file import Recording
from .record import Asked, AttachmentDigest, Record

COMPARED_RECORDS = 1000
COMPARED_CHARS = 4000
# `SequenceMatcher` can take quadratic time: https://docs.python.org/3/library/difflib.html
COMPARED_WORDS = 400
CONTEXT_WORDS = 6  # words and the spaces between them
SIDE_CHARS = 160  # of a text that is shown with its differences
PIECE_CHARS = 60  # of one difference
LINE_CHARS = 400
HASH_DIGITS = 4
OTHER_DIFFERENCE = 0.2  # weighs as much as a fifth of the prompt

Sides = tuple[str, str]  # what was recorded, and what is asked


def missing(recording: Recording, asked: Asked, cell: str) -> str:
    """Tell that a question is not in a recording, and how the nearest one differs."""
    name, records = recording.label, recording.load().newest(COMPARED_RECORDS)
    if not records:
        return f"{name} holds no answer yet: record some with %gemini_record {name}."
    record = max(records, key=lambda record: _likeness(record.asked, asked))
    sides = list(_differences(record, asked, cell)) or [("its parts in «another order»",) * 2]
    recorded, now = (shorten(", ".join(side), LINE_CHARS) for side in zip(*sides, strict=True))
    return (
        f"{name} has no answer to this question; the nearest, in line {record.line}, differs in «».\n"
        f"  recorded: {recorded}\n"
        f"  asked:    {now}\n"
        f"To ask it: %gemini_record {name}."
    )


def _likeness(recorded: Asked, asked: Asked) -> float:
    # `quick_ratio` counts letters and takes linear time, for up to 1,000 records.
    words = SequenceMatcher(None, recorded.text[:COMPARED_CHARS], asked.text[:COMPARED_CHARS]).quick_ratio()
    return words - OTHER_DIFFERENCE * len([*_attached(recorded, asked), *_other_options(recorded, asked)])


def _differences(record: Record, asked: Asked, cell: str) -> Iterator[Sides]:
    recorded = record.asked
    if recorded.text != asked.text:
        then, now = marked(recorded.text, asked.text)
        yield f"“{then}”", f"“{now}”"
    yield from _attached(recorded, asked)
    yield from _options(recorded, asked)
    if recorded.earlier != asked.earlier:
        yield _turns(recorded), _turns(asked)
    if recorded.near_key == asked.near_key and cell and record.cell and cell != record.cell:
        yield f"in cell «{record.cell}»", f"in cell «{cell}»"


def _attached(recorded: Asked, asked: Asked) -> Iterator[Sides]:
    """Yield each attachment that is only on one side, or not the same on both, and a change of order."""
    then, now = ({sent.name: sent for sent in side.attached} for side in (recorded, asked))
    for name in [*then, *(name for name in now if name not in then)]:
        old, new = then.get(name), now.get(name)
        if not old or not new:
            yield f"with «{name if old else 'nothing'}»", f"with «{name if new else 'nothing'}»"
        elif (old.kind, old.type) != (new.kind, new.type):
            yield f"{name} as «{old.kind} {old.type}»", f"{name} as «{new.kind} {new.type}»"
        elif old.sha256 != new.sha256:
            yield _content(old), _content(new)
    if list(then) != list(now) and sorted(then) == sorted(now):
        yield f"order «{', '.join(then)}»", f"order «{', '.join(now)}»"


def _content(sent: AttachmentDigest) -> str:
    """Describe the content of an attachment by its hash and size: two that differ look different."""
    digits = sent.sha256[:HASH_DIGITS]
    if not sent.bytes:
        return f"{sent.name} with «address {digits}»"
    return f"{sent.name} with «{'pixels' if sent.drawn else 'content'} {digits}, {size(sent.bytes)}»"


def _options(recorded: Asked, asked: Asked) -> Iterator[Sides]:
    for name in _other_options(recorded, asked):
        old, new = recorded.options.get(name), asked.options.get(name)
        if isinstance(old, str) and isinstance(new, str) and len(old + new) > PIECE_CHARS:
            then, now = marked(old, new)
            yield f"{name} “{then}”", f"{name} “{now}”"
        else:
            yield f"{name} «{_written(old)}»", f"{name} «{_written(new)}»"


def _other_options(recorded: Asked, asked: Asked) -> list[str]:
    """Return the names of the options that differ; their words are compared for the nearest record alone."""
    names = dict.fromkeys([*recorded.options, *asked.options])
    return [name for name in names if recorded.options.get(name) != asked.options.get(name)]


def _written(value: Any) -> str:
    """Write the value of an option; a recording has none that is off or empty."""
    if value in (None, True):
        return "on" if value else "off"
    return shorten(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), PIECE_CHARS)


def _turns(asked: Asked) -> str:
    digits = f", {asked.earlier[-1].rpartition(' ')[2][:HASH_DIGITS]}" if asked.earlier else ""
    return f"after «{counted(len(asked.earlier), 'message')}{digits}»"


def marked(old: str, new: str) -> Sides:
    """Return both texts with «» around the words that differ, and a few words around these."""
    before, after = (re.findall(r"\w+|\s|[^\w\s]", text) for text in (old, new))
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    skipped = max(0, same - CONTEXT_WORDS)
    before, after = (words[skipped : skipped + COMPARED_WORDS] for words in (before, after))
    then = now = "…" if skipped else ""
    done = 0  # words of `before` that are shown or left out
    # With autojunk a word that is frequent, such as a blank, would count as no word from 200 words on.
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT_WORDS):
        for kind, i, j, k, m in group:
            if max(len(then), len(now)) > SIDE_CHARS:
                break
            gap = "…" if i > done else ""
            was, is_now = "".join(before[i:j]), "".join(after[k:m])
            then += gap + (was if kind == "equal" else f"«{shorten(was, PIECE_CHARS)}»")
            now += gap + (is_now if kind == "equal" else f"«{shorten(is_now, PIECE_CHARS)}»")
            done = j
    end = "…" if done < len(before) else ""
    return (then + end).replace("\n", "⏎"), (now + end).replace("\n", "⏎")
