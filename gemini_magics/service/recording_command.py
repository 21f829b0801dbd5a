"""python -m gemini_magics recording FILE: see what a recording holds, check it, prune it."""

from __future__ import annotations

import sys

from ..core.errors import BadRequest
from ..core.plain import shorten, size
from ..core.table import Table
from .recording import Contents, Recording, recording_at

ASKED_CHARS = 60


def run(file: str, *, check: bool = False, prune: bool = False) -> int:
    """List a recording, or check it, or take out what later answers replaced.

    Returns:
        The exit status: 1 where the file holds something that is no record.

    Raises:
        BadRequest: there is no such file, or it cannot be read or replaced.
    """
    recording = recording_at(file)
    if not recording.path.exists():
        raise BadRequest(f"There is no recording {file}: %gemini_record {file} in a notebook begins one.")
    if prune:
        cut = recording.look().cut
        gone = _pruned(recording)
        if cut:
            _say(f"{file}, line {cut}: broke off, its writer was stopped there; taken out")
        _say(f"{file}: {gone} replaced {_answers(gone)} taken out, {len(recording.load().current)} left")
        return 0
    contents = recording.look()
    problems = [f"line {line}: {problem}" for line, problem in sorted(_problems(contents).items())]
    if check:
        _say("\n".join(f"{file}, {problem}" for problem in problems) or f"{file}: nothing wrong")
    else:
        _say(_listing(recording, contents, problems).text())
    return 1 if problems else 0


def _pruned(recording: Recording) -> int:
    try:
        return recording.prune()
    except OSError as error:
        raise BadRequest(f"{recording.label} cannot be replaced ({error.strerror}); it is as it was.") from None


def _problems(contents: Contents) -> dict[int, str]:
    cut = {contents.cut: "breaks off, its writer was stopped there"} if contents.cut else {}
    return contents.problems | dict.fromkeys(contents.conflicts, "mark of a merge") | cut


def _listing(recording: Recording, contents: Contents, problems: list[str]) -> Table:
    current = contents.current
    rows = []
    for record in contents.records:
        counts = current[record.asked.key]
        attached = ", ".join(sent.name for sent in record.asked.attached)
        asked = shorten(" ".join(record.asked.text.split()), ASKED_CHARS)
        replaced = "" if counts is record else f"replaced by line {counts.line}"
        by = f"{record.service} {record.model}"
        rows.append((str(record.line), record.day, by, attached, asked, replaced))
    total = size(recording.path.stat().st_size)
    notes = [f"{len(current)} {_answers(len(current))}, {total}", *problems]
    return Table(("line", "recorded", "answered by", "attached", "asked", ""), rows, frozenset({0}), notes)


def _answers(count: int) -> str:
    return "answer" if count == 1 else "answers"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
