"""The conversation of a panel in a saved notebook: how an output describes it, and how it is read again.

The text/plain of the output holds the words. Its metadata say where in it each question and answer stands, so
that no word is saved twice. Only these words are read again, with the hashes and names of the attachments: no
path is opened because of them, no name is evaluated, and no service, setting or thought comes back.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from ...chat.conversation import NAME_CHARS as CHAT_CHARS
from ...core.answer import CUT, OURS, Turn
from ...core.json_fields import JsonFields, read_json
from ...core.messages import Attachment, Message, text_sha256
from ...core.storage import read_regular
from ...core.text import clean, one_line
from ...render.markdown import LONGEST_CHARS
from ...render.metadata import attachment_metadata
from ...render.static_output import text_place

VERSION = 1
MOST_TURNS = 1_000
MOST_ATTACHED = 100
NAME_CHARS = 80
KIND_CHARS = 20
# A file that is larger is left alone, since the cell that opens a panel waits while it is read.
FILE_BYTES = 100_000_000
_MARK = b"gemini-transcript"  # in each output of a panel
_QUOTE = "\n> "
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class SavedAttachment:
    """An attachment of a saved question: its name and kind for the reader, and the hash of what was sent."""

    name: str
    kind: str
    sha256: str


@dataclass(frozen=True)
class SavedTurn:
    """A question and its answer.

    Attributes:
        asker: the hash of the turn's anchor; the cell that asks again has the same one.
        ended: "stop", or one of "interrupted", "cut", "failed".
    """

    asker: str
    question: str
    answer: str
    ended: str
    stale: bool
    hidden: bool
    attached: tuple[SavedAttachment, ...]


@dataclass(frozen=True)
class SavedChat:
    """The conversation that an output holds, under the name that it had."""

    name: str
    turns: tuple[SavedTurn, ...]


# Writing.


def asked_words(message: Message) -> str:
    """Return a question as it was typed; attachments inside of it stand there by their labels."""
    return message.words.strip("\n")


def turn_text(turn: Turn, answer: str) -> tuple[str, dict[str, Any]]:
    """Return a turn as text, and the description of that text.

    Args:
        answer: the text/plain of its answer.
    """
    asked = clean(asked_words(turn.message)).replace("\n", _QUOTE)
    text = f"{_QUOTE}{asked}\n\n{answer}\n"
    begin, length = text_place(turn.answer)
    complete = len(turn.answer.text) <= LONGEST_CHARS
    return text, {
        "length": len(text),
        "question": len(asked),
        "answer": [len(_QUOTE) + len(asked) + 2 + begin, length],
        "ended": one_line(turn.answer.ended or "", NAME_CHARS) if complete else CUT,
        "stale": turn.stale,
        "hidden": turn.hidden,
        "asker": asker_of(turn.anchor),
        "attached": [_described(part) for part in turn.message.attachments if not part.inline],
    }


def _described(part: Attachment) -> dict[str, str]:
    sha256 = attachment_metadata(part)["sha256"]
    kind = one_line(part.kind, KIND_CHARS)
    return {"name": one_line(part.name, NAME_CHARS), "kind": kind, "sha256": sha256}


def asker_of(anchor: str) -> str:
    """Return the hash by which an anchor is saved. The anchor itself may hold the path of a notebook."""
    return text_sha256(anchor)


def output_metadata(name: str, head: str, turns: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the metadata of a panel's output.

    Args:
        head: the text before the first turn.
        turns: the descriptions of the turns.
    """
    about = {"version": VERSION, "name": name, "head": len(head), "turns": list(turns)}
    return {"gemini_magics": {"conversation": about}}


# Reading.


def read_output(text: object, metadata: object) -> SavedChat | None:
    """Read the conversation of an output; None where it holds none that can be read.

    Args:
        text: its text/plain, as one string or as a list of lines.
        metadata: the metadata of the output.
    """
    try:
        lines = [text] if isinstance(text, str) else text
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise ValueError("the text/plain of an output should be text")
        about = JsonFields(JsonFields(metadata, "the metadata").take("gemini_magics", dict), "the output")
        return _read_chat("".join(lines), JsonFields(about.take("conversation", dict), "the conversation"))
    except ValueError:
        return None


def _read_chat(text: str, about: JsonFields) -> SavedChat:
    name, described = about.take("name", str), about.take("turns", list)
    if about.take("version", int) != VERSION or len(name) > CHAT_CHARS or len(described) > MOST_TURNS:
        raise ValueError("the conversation has another form")
    turns, begin = [], about.whole("head") or 0
    for value in described:
        held = JsonFields(value, "a turn")
        end = begin + (held.whole("length") or 0)
        turns.append(_read_turn(text[begin:end], held))
        begin = end
    return SavedChat(name, tuple(turns))


def _read_turn(text: str, held: JsonFields) -> SavedTurn:
    asked_end = len(_QUOTE) + (held.whole("question") or 0)
    match held.take("answer", list):
        case [int(begin), int(length)] if asked_end <= begin <= begin + length <= len(text):
            pass
        case _:
            raise ValueError("an answer has no place in the text")
    if not text.startswith(_QUOTE):
        raise ValueError("the text is not the one that was described")
    attached = held.take("attached", list)
    if len(attached) > MOST_ATTACHED:
        raise ValueError("a question has too many attachments")
    ended = held.take("ended", str)
    return SavedTurn(
        _hash(held, "asker"),
        text[len(_QUOTE) : asked_end].replace(_QUOTE, "\n"),
        text[begin : begin + length],
        # The file may be a stranger's, so only our own words for the end come back.
        ended if ended in OURS else "stop",
        held.take("stale", bool),
        held.take("hidden", bool),
        tuple(_read_attachment(JsonFields(each, "an attachment")) for each in attached),
    )


def _read_attachment(held: JsonFields) -> SavedAttachment:
    name, kind = one_line(held.take("name", str), NAME_CHARS), one_line(held.take("kind", str), KIND_CHARS)
    return SavedAttachment(name, kind, _hash(held, "sha256"))


def _hash(held: JsonFields, name: str) -> str:
    digest: str = held.take(name, str)
    if not _HASH.fullmatch(digest):
        raise ValueError(f"{name} is not a hash")
    return digest


# Finding.


def find_saved(shell: InteractiveShell, cell_id: str, name: str) -> SavedChat | None:
    """Find the conversation that the file of this notebook holds for a cell which has just begun to run.

    JupyterLab clears the outputs of a cell when it runs, but not yet in the file.

    Args:
        cell_id: the identity of the cell, which is its id in the file.
        name: the conversation to take from another cell, where this one has no panel in the file.
    """
    path = _notebook(shell)
    cells = list(_cells(path)) if path else []
    own = [chat for found_id, chat in cells if found_id == cell_id]
    same = [chat for _, chat in cells if chat.name == name]
    # The newest output of a cell stands last in it.
    return next(iter([*own[-1:], *same[-1:]]), None)


def _notebook(shell: InteractiveShell) -> Path | None:
    """Return the path of the notebook's file, where the frontend tells it."""
    # The variable is set by jupyter_server for each kernel that it starts (`SessionManager.get_kernel_env`),
    # the name by VS Code's Jupyter extension, https://github.com/microsoft/vscode-jupyter.
    name = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__")
    path = Path(name) if isinstance(name, str) and "\0" not in name else Path()
    return path if path.is_absolute() and path.suffix == ".ipynb" else None


def _cells(path: Path) -> Iterator[tuple[str, SavedChat]]:
    """Yield the id and the conversation of each cell of a file that shows a panel."""
    try:
        data = read_regular(path, FILE_BYTES + 1)
        # Most notebooks hold no panel, and searching bytes costs far less than reading JSON.
        notebook = read_json(data) if _MARK in data and len(data) <= FILE_BYTES else None
    except (OSError, ValueError):
        return
    for cell in _dicts(notebook, "cells"):
        for output in _dicts(cell, "outputs"):
            shown = output.get("data")
            chat = (
                read_output(shown.get("text/plain"), output.get("metadata"))
                if isinstance(shown, dict)
                else None
            )
            if chat:
                yield str(cell.get("id")), chat


def _dicts(value: object, name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects in a list of an object; nothing where that is something else."""
    held = value.get(name) if isinstance(value, dict) else None
    yield from (each for each in held if isinstance(each, dict)) if isinstance(held, list) else ()
