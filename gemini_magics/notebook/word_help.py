"""The help of the word under the cursor in the first line of a question."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .options import FLAGS, help_text, words_of

_CELL = re.compile(r"%%(?:gemini|gm)(?!\w)")
_LINE = re.compile(r"[^%\n]*+%(?:gemini|gm)(?!\w)")
_NUMBERED = re.compile(r"(?:Out|Err)\[-?\d+\]")


def word_help(code: str, cursor: int, names: Mapping[str, Any]) -> str:
    """Return what stands at a place of a question, in plain words; "" in its prose and in other cells."""
    begin = code.rfind("\n", 0, cursor) + 1
    line = code[begin:].split("\n", 1)[0]
    at = cursor - begin
    # A cell magic is one only in the first line that is not empty.
    cell = None if code[:begin].strip() else _CELL.match(line)
    magic = cell or (None if _CELL.match(code.lstrip()) else _LINE.match(line))
    if magic is None:
        return ""
    if at <= magic.end():
        return help_text()
    option, value_due = "", False
    for place, word in words_of(line[magic.end() :]):
        if word.startswith("--"):
            option, equals, _ = word.partition("=")
            value_due = not equals and option in FLAGS and bool(FLAGS[option].metavar)
        elif not cell and not value_due:
            return ""  # the question begins
        else:
            value_due = False
        if place <= at - magic.end() <= place + len(word):
            return _option(option) if option else _attachment(word, names)
    return ""


def _option(flag: str) -> str:
    option = FLAGS.get(flag)
    if option is None:
        return f"There is no option {flag}."
    unless = f" Unless set: {option.default}." if option.default else ""
    return f"{option.usage}\n{option.help[0].upper()}{option.help[1:]}.{unless}"


def _attachment(word: str, names: Mapping[str, Any]) -> str:
    from ..content.outline import outline
    from ..content.words import names_file

    if word in names:
        return f"{word}: {outline(names[word]) or 'cannot be attached'}"
    if _NUMBERED.fullmatch(word):
        from .candidates import numbered

        about = {each.text: each.about for each in numbered(names)}
        return f"{word}: {about.get(word, 'not in this session')}"
    path = word.strip("'\"")
    if names_file(path):
        return f"{path}: {'a folder' if Path(path).is_dir() else 'a file'}"
    if re.match(r"https?://", path):
        return f"{path}: an address, whose file is attached"
    name = re.match(r"[^\W\d]\w*(?=[.\[(]|$)", word)
    if name and name[0] in names:
        return f"{name[0]}: {outline(names[name[0]])}" if outline(names[name[0]]) else ""
    return f"{word}: no name of this notebook and no file" if name or "." in word else ""
