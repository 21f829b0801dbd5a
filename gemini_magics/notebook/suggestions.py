"""Suggestions for the next word of a question, and of the lines of the other magics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from ..core.settings import Settings
from .candidates import (
    MOST,
    Suggestion,
    attachable,
    conversations,
    files,
    has_keys,
    numbered,
    options,
    recordings,
    services,
    setting_values,
    values,
)
from .options import FLAGS, words_of

_CELL = re.compile(r"%%(?:gemini|gm)[ \t]+")
_LINE = re.compile(r"[^%]*%(?:gemini|gm)[ \t]+")
_OTHER = re.compile(r"[ \t]*%(gemini_\w+)[ \t]+(.*)$")
_CONFIG = re.compile(r"[ \t]*%config[ \t]+GeminiMagics\.(\w+)[ \t]*=[ \t]*([\"']?[\w./-]*)$")
_VALUE = re.compile(r"\$`([^`\n]*)$")
_MEMBER = re.compile(r"[\w)\]'\"]\s*\.\w*$|\w\[\s*['\"][^'\"]*$")  # df.describe, df["x
_KEYED = re.compile(r"\b(?!Out\b)([^\W\d]\w*)\[$")
_NAME = re.compile(r"((?:\b(?:Out|Err)\[-?\d*)|\b[^\W\d]\w*|(?<![\w)\]'\"]))$")
_EXPRESSION = re.compile(r"[-+~]*[(\[{]|[-+~]*([^\W\d]\w*)\s*[.\[(]")
_SYMBOL = re.compile(r"\\\w*$")  # IPython makes α of \alpha
_ADDRESS = re.compile(r"\w+://")
_FILES_FIRST = ("gemini_record", "gemini_replay")
_SERVICES_FIRST = ("gemini_key", "gemini_credits")
_CHATS = ("gemini_chat", "gemini_panel")

Found = tuple[str, Iterable[Suggestion]]
NOTHING: Found = ("", ())


def suggestions(
    line: str, names: Mapping[str, Any], *, inside: bool, help_of: Callable[[str], str] = lambda _: ""
) -> tuple[str, list[Suggestion]] | None:
    """Return what can stand at the end of a line, and the beginning of it that is typed already.

    Args:
        line: up to the cursor.
        names: the names of the notebook.
        inside: the line may belong to a question although it is not the first one.
        help_of: gives the help of another magic, which names its options and its first words.

    Returns:
        None where IPython knows better: the line is no question's, or it ends in a member or a key of a value.
        The list is empty where nothing can be suggested, for example in prose.
    """
    found = None if _SYMBOL.search(line) else _at_end(line, names, inside, help_of)
    if found is None:
        return None
    typed, those = found
    # A file may have the name of a variable: a list with both would show two equal words.
    chosen = sorted({each.text: each for each in those if _begins(each.text, typed)}.values(), key=_order)
    return typed, chosen[:MOST]


def _at_end(line: str, names: Mapping[str, Any], inside: bool, help_of: Callable[[str], str]) -> Found | None:
    cell, question = _CELL.match(line), _LINE.match(line)
    if (cell or question or inside) and (value := _VALUE.search(line)):
        return _in_expression(value[1], names)
    if cell:
        return _in_cell_line(*_split(line[cell.end() :]), names)
    if question:
        return _in_question_line(*_split(line[question.end() :]), names)
    if other := _OTHER.match(line):
        return _in_other_line(*_split(other[2]), other[1], help_of(other[1]))
    if config := _CONFIG.match(line):
        return config[2], _written(config[1], names)
    return NOTHING if inside and not line.lstrip().startswith("%") else None


def _split(rest: str) -> tuple[list[str], str]:
    """Return the complete words of a line, and the one that the cursor is at the end of."""
    words = list(words_of(rest))
    place = words[-1][0] if words and not rest[-1].isspace() else len(rest)
    # A quote that is still open holds spaces, too.
    if quoted := re.search(r"(?:^|[\s=])((['\"])(?:(?!\2).)*)$", rest):
        opened = quoted.start(1)
        if not any(begin < opened < begin + len(word) for begin, word in words):
            place = min(place, opened)
    return [word for begin, word in words if begin < place], rest[place:]


def _in_cell_line(before: Sequence[str], typed: str, names: Mapping[str, Any]) -> Found | None:
    if found := _option_or_value(before, typed, names):
        return found
    if any(word.startswith("--") for word in before):
        return typed, () if typed else options()
    typed = typed[_after_comma(typed) :]
    if _ADDRESS.match(typed):
        return typed, ()
    if typed.startswith(("'", '"')):
        return typed, files(typed)
    begin = _EXPRESSION.match(typed)
    if begin and (begin[1] is None or begin[1] in names):
        return _in_expression(typed, names)
    those = [*attachable(names, previous=typed.startswith("_")), *numbered(names), *files(typed)]
    return typed, those if typed else [*those, *options()]


def _in_question_line(before: Sequence[str], typed: str, names: Mapping[str, Any]) -> Found:
    """Options come first, each with its value; what follows is prose."""
    options_only = all(
        word.startswith("--") or (place > 0 and _takes_value(before[place - 1]))
        for place, word in enumerate(before)
    )
    if not options_only:
        return NOTHING
    return _option_or_value(before, typed, names) or (typed, () if typed else options())


def _option_or_value(before: Sequence[str], typed: str, names: Mapping[str, Any]) -> Found | None:
    if typed == "-" or typed.startswith("--"):
        flag, equals, value = typed.partition("=")
        return (value, values(flag, names)) if equals else (typed, options())
    if not before or not _takes_value(before[-1]):
        return None
    known = values(before[-1], names)
    may_be_left_out = FLAGS[before[-1]].metavar.startswith("[")
    return None if may_be_left_out and not known else (typed, known)


def _takes_value(word: str) -> bool:
    return word in FLAGS and bool(FLAGS[word].metavar) and word != FLAGS[word].off


def _in_expression(text: str, names: Mapping[str, Any]) -> Found | None:
    keyed = _KEYED.search(text)
    if _MEMBER.search(text) or (keyed and has_keys(names.get(keyed[1]))):
        return None
    if name := _NAME.search(text):
        return name[1], [*attachable(names, previous=name[1].startswith("_")), *numbered(names)]
    return NOTHING


def _after_comma(typed: str) -> int:
    """Return where the last of several attachments begins that commas separate."""
    begin = depth = 0
    for place, character in enumerate(typed):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth <= 0 and not typed.startswith(("'", '"')):
            begin = place + 1
    return begin


def _in_other_line(before: Sequence[str], typed: str, magic: str, about: str) -> Found:
    # The help of a magic is the one list of its options; a second one here would grow old.
    usage = "\n".join(line for line in about.splitlines() if line.lstrip().startswith("%"))
    if typed.startswith("-"):
        own = [Suggestion(flag, "option") for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]*", usage)]
        return typed, [*own, *options()] if "[OPTION" in usage or "any option" in usage else own
    if before and _takes_value(before[-1]):
        return typed, values(before[-1], {})
    words = [] if before else re.findall(rf"%{magic} ([a-z]+)(?!\S)", usage)
    those = [Suggestion(word, "action") for word in words]
    if magic in _CHATS:
        those += conversations()
    if magic in _SERVICES_FIRST and not before:
        those += services()
    if magic in _FILES_FIRST and not before:
        those += recordings()
    return typed, those


def _written(name: str, names: Mapping[str, Any]) -> list[Suggestion]:
    """Return the values of a setting as Python writes them."""
    default = {setting.name: setting.default for setting in fields(Settings)}.get(name)
    if isinstance(default, bool):
        return [Suggestion(str(value), name) for value in (True, False)]
    return [Suggestion(f'"{each.text}"', each.about) for each in setting_values(name, names)]


def _begins(text: str, typed: str) -> bool:
    return text.lower().lstrip("'\"").startswith(typed.lower().lstrip("'\""))


def _order(each: Suggestion) -> tuple[bool, bool, str]:
    """Names come first, then files, then options."""
    return each.text.startswith("--"), each.about.startswith(("file ", "folder")), each.text.lower()
