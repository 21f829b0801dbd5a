"""Candidates to choose from: names, results, files, options and their values, conversations, services.

Nothing is evaluated: names are read, and of their values the class.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from types import FunctionType
from typing import Any

from ..core.folder import notebook_folder
from ..core.settings import Settings
from ..core.text import counted, legible, shorten, size
from ..service.services import SERVICES
from .options import FLAGS, OPTIONS, Option

MOST = 200
# A person waits for Tab, and a folder may hold a million files.
MOST_FILES = 2_000  # looked at in a folder
ABOUT_CHARS = 60
_TABLES = ("table", "series", "list", "tuple", "dict")
_COMPARED = ("effort", "model", "service", "system", "tier", "search")
_PREVIOUS = re.compile("_{1,3}")  # the last results
# Their classes are known by the name of their package, so that Tab imports neither.
_CLIENTS = ("distributed", "ipyparallel")


@dataclass(frozen=True)
class Suggestion:
    """A text to type, and what it is."""

    text: str
    about: str


def options() -> Iterator[Suggestion]:
    """Yield the options of a question."""
    for option in OPTIONS:
        yield Suggestion(option.flag, f"option {option.metavar}".strip())
        if option.off:
            yield Suggestion(option.off, "option")


def values(flag: str, names: Mapping[str, Any]) -> list[Suggestion]:
    """Return the values of an option, as far as they are known."""
    option = FLAGS.get(flag)
    return setting_values(option.name, names) or _written(option) if option else []


def setting_values(name: str, names: Mapping[str, Any]) -> list[Suggestion]:
    """Return the values of a setting or of an option of one cell, as far as they are known."""
    if known := _KNOWN.get(name):
        return list(known(names))
    choices = {setting.name: setting.metadata["choices"] for setting in fields(Settings)}.get(name)
    return [Suggestion(text, name) for text in choices or ()]


def _written(option: Option) -> list[Suggestion]:
    """Return the values that the help of an option names: "flex", but not "NAME"."""
    found = re.fullmatch(r"[a-z|]+", option.metavar)
    return [Suggestion(text, option.name) for text in option.metavar.split("|")] if found else []


def services(_: Mapping[str, Any] | None = None) -> Iterator[Suggestion]:
    """Yield the services with their models."""
    for name, row in SERVICES.items():
        yield Suggestion(name, f"service {row.model}".strip())


def conversations(_: Mapping[str, Any] | None = None) -> Iterator[Suggestion]:
    """Yield the conversations with their lengths."""
    from ..chat.conversation import conversations

    for name, conversation in conversations.items():
        yield Suggestion(name, f"conversation {counted(len(conversation.turns), 'turn')}")


def attachable(names: Mapping[str, Any], *, previous: bool = False) -> Iterator[Suggestion]:
    """Yield the names whose values can be attached, with kind and shape; where asked for, _ and __ as well."""
    from ..content.outline import outline

    # A thread may define a name meanwhile, and a dict that grows cannot be iterated:
    # https://docs.python.org/3/library/stdtypes.html#dictionary-view-objects
    for name, value in list(names.items()):
        private = name.startswith("_") and not (previous and _PREVIOUS.fullmatch(name))
        if (
            name.isidentifier()
            and not private
            and name not in ("In", "Out", "Err")
            and (about := outline(value))
        ):
            yield Suggestion(name, about)


def has_keys(value: Any) -> bool:
    """Tell whether IPython knows what stands in brackets behind a value: keys of a dict, columns of a table."""
    from ..content.outline import outline

    return outline(value).split(" ")[0] in ("dict", "table")


def numbered(names: Mapping[str, Any]) -> Iterator[Suggestion]:
    """Yield the results and the failures of cells by their numbers: Out[3], Err[5]."""
    from ..content.outline import outline
    from .failures import Failures

    out, err = names.get("Out"), names.get("Err")
    # A subclass has code of its own, and nothing is evaluated here.
    if type(out) is dict:
        for number in list(out)[-MOST:]:
            if about := outline(out[number]):
                yield Suggestion(f"Out[{number}]", about)
    if isinstance(err, Failures):
        for name, line in err.last_lines():
            yield Suggestion(name, shorten(line, ABOUT_CHARS))


def files(typed: str, ending: str = "") -> Iterator[Suggestion]:
    """Yield the files of the notebook's folder that a path may mean, but none that hold keys.

    Tab writes a name into a cell. One with a line break would begin a line of code there, so it is not offered,
    nor is one that could not be told from an expression.
    """
    from ..content.files import named_for_keys

    folder, _, beginning = typed.lstrip("'\"").rpartition("/")
    # A path with a NUL is a ValueError. What cannot be listed has no candidates.
    with suppress(OSError, ValueError):
        within = Path(folder or ".").resolve()
        # No file outside of it is attached without --allow-outside, so none is offered.
        if not within.is_relative_to(notebook_folder()):
            return
        with os.scandir(within) as entries:
            for entry in islice(entries, MOST_FILES):
                name = entry.name
                # These are never sent, so Tab must not lead to them.
                hidden = name.startswith(".") or named_for_keys(name)
                wanted = name.lower().startswith(beginning.lower()) and (
                    name.endswith(ending) or entry.is_dir()
                )
                # IPython breaks a cell where `splitlines` does, at U+2028 too.
                if wanted and not hidden and name.splitlines() == [legible(name)]:
                    with suppress(OSError):  # a link that leads nowhere, or a file that was just deleted
                        yield from _file(f"{folder}/{name}" if folder else name, entry)


def recordings(_: Mapping[str, Any] | None = None) -> Iterator[Suggestion]:
    """Yield the files of the notebook's folder that can be recordings."""
    return (each for each in files("", ".jsonl") if each.about != "folder")


def _file(path: str, entry: os.DirEntry[str]) -> Iterator[Suggestion]:
    about = "folder" if entry.is_dir() else f"file {size(entry.stat().st_size)}"
    path = f"{path}/" if entry.is_dir() else path
    # A blank or a comma would end the word (see `words_of`), and in brackets a name may be a call. In quotes it
    # is a path and never an expression, also once the file is gone.
    quotes = [each for each in "\"'" if each not in path]
    if not re.search(r"[\s,()\[\]{}]", path):
        yield Suggestion(path, about)
    elif quotes:
        yield Suggestion(f"{quotes[0]}{path}{quotes[0]}", about)


def _models(_: Mapping[str, Any]) -> Iterator[Suggestion]:
    for name, row in SERVICES.items():
        if row.model:
            yield Suggestion(row.model, f"model of {name}")


def _classes(names: Mapping[str, Any]) -> Iterator[Suggestion]:
    """Yield the classes and the dicts of the notebook, which can be the form of an answer."""
    for name, value in _public(names):
        if isinstance(value, type) or type(value) is dict:
            yield Suggestion(name, "class" if isinstance(value, type) else "JSON schema")


def _functions(names: Mapping[str, Any]) -> Iterator[Suggestion]:
    return (Suggestion(name, "function") for name, value in _public(names) if type(value) is FunctionType)


def _clients(names: Mapping[str, Any]) -> Iterator[Suggestion]:
    for name, value in _public(names):
        if (library := type(value).__module__.partition(".")[0]) in _CLIENTS:
            yield Suggestion(name, f"{library} {type(value).__name__}")


def _public(names: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    own = [(name, value) for name, value in list(names.items()) if name not in ("In", "Out", "Err")]
    return [(name, value) for name, value in own if not name.startswith("_")]


def _of_kind(*kinds: str) -> Callable[[Mapping[str, Any]], Iterable[Suggestion]]:
    return lambda names: (each for each in attachable(names) if each.about.split(" ")[0] in kinds)


def _batch_files(_: Mapping[str, Any]) -> Iterable[Suggestion]:
    return [Suggestion("no", "no file"), *recordings()]


def _compared(_: Mapping[str, Any]) -> Iterable[Suggestion]:
    return [Suggestion(f"{name}=", "setting") for name in _COMPARED]


_KNOWN: dict[str, Callable[[Mapping[str, Any]], Iterable[Suggestion]]] = {
    "service": services,
    "model": _models,
    "chat": conversations,
    "schema": _classes,
    "tool": _functions,
    "over": _of_kind(*_TABLES),
    "to": _of_kind("answer"),
    "executor": _clients,
    "record": _batch_files,
    "compare": _compared,
}
