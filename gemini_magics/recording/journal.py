"""The journal of an answer under way: the events that have come, beside the recording that it is going to join.

A process that is killed loses its memory, and the page may not have saved what it showed. So the events of an
answer that will be recorded are written down as they come, one line for each batch:

    {"journal": "2026-11-28 17:20", "question": "What is ...", "service": "kie", ...}
    {"s": 1.2, "thinking": "**Looking**"}
    {"s": 4.8, "text": "The curve "}

The file is its owner's alone. Its writer holds a lock on it, which ends with the writer, and deletes it once
the answer has ended. A journal that nobody holds belongs to an answer whose process died.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from io import FileIO
from pathlib import Path
from stat import S_ISREG

from ..core.answer import CUT, close, fold
from ..core.errors import BadRequest
from ..core.folder import notebook_folder
from ..core.json_fields import JsonFields, read_json
from ..core.messages import Event, Text, Thinking
from ..core.notices import notice
from ..core.question import Question
from ..core.settings import Settings
from ..core.storage import open_here
from ..core.text import one_line, shorten
from ..render.answer import Answer
from .file import recording_at
from .locks import lock, try_lock
from .record import asked_by

MOST_BYTES = 4_000_000  # an answer has 65,536 tokens at most, and as many thoughts
MOST_JOURNALS = 100  # in a folder; more are not looked at
QUESTION_CHARS = 200
NAME_CHARS = 300  # the name of a file has 255 at most
SUFFIX = ".partial"

_NAME = re.compile(r"\..{1,200}\.[0-9a-f]{8}\.partial", re.DOTALL)


@contextmanager
def journalled(question: Question, answer: Answer) -> Iterator[Callable[[list[Event]], None]]:
    """Keep a journal while an answer arrives that will be recorded; it takes the events as they come."""
    settings = question.settings
    if not settings.recording or not settings.record_new or answer.recorded:
        yield lambda events: None
        return
    journal = Journal(question, answer)
    try:
        yield lambda events: journal.add(answer, events)
    finally:
        # A person who restarts the kernel interrupts it first. ipykernel's flush waits until what is shown is
        # on its way, and only then may the file be deleted. Without a console there is no stdout.
        with suppress(AttributeError, OSError, ValueError):
            sys.stdout.flush()
        journal.end()


class Journal:
    """Writes down what comes of one answer; the answer itself goes on where that fails."""

    def __init__(self, question: Question, answer: Answer) -> None:
        recording = recording_at(question.settings.recording or "").path
        # Several answers may arrive at once, in one kernel or in two that record in the same file.
        self.path: Path = recording.with_name(f".{recording.name}.{secrets.token_hex(4)}{SUFFIX}")
        self._left_bytes = MOST_BYTES
        self._file: FileIO | None = None
        try:
            # "x": whatever has that name already, a link too, is not this journal.
            self._file = FileIO(self.path, "xb", opener=open_here)
            lock(self._file)
        except OSError as error:
            self._give_up(error)
        asked = asked_by(question)
        self._write(
            {
                "journal": datetime.now().astimezone().isoformat(" ", "minutes")[:16],
                "question": shorten(asked.text, QUESTION_CHARS),
                "key": asked.key,
                "service": answer.service,
                "model": answer.model,
                "effort": answer.effort,
            }
        )

    def add(self, answer: Answer, events: Iterable[Event]) -> None:
        """Write the words of some events."""
        for kind, name in ((Thinking, "thinking"), (Text, "text")):
            words = "".join(event.text for event in events if isinstance(event, kind))
            if words:
                self._write({"s": round(answer.seconds, 2), name: words})

    def end(self) -> None:
        """Delete it: the answer has ended, and the recording or the person's notebook holds it."""
        if self._file:
            with suppress(OSError):
                if os.name == "nt":
                    self._file.close()  # Windows deletes no open file
                self.path.unlink()
            self._file.close()
            self._file = None

    def _write(self, line: dict[str, object]) -> None:
        if not self._file:
            return
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            return
        try:
            self._file.write(data)  # not buffered: a process that is killed writes nothing more
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        notice(
            f"The answer is not kept in a file while it comes ({error.strerror}): if this kernel dies, the "
            "notebook alone has it."
        )
        self.end()


def partial_answers(settings: Settings) -> list[Answer]:
    """Return what is left of the answers whose kernels died, the oldest first.

    One that was asked again since, and is in its recording, is not offered any more.
    """
    answers: list[Answer] = []
    for path in left_behind(folders_of(settings)):
        answer, key = read(path)
        if answer and not _is_recorded(path, key):
            answers.append(answer)
    return answers


def _is_recorded(path: Path, key: str) -> bool:
    """Tell whether the recording beside a journal holds its answer; what stands there may be something else."""
    try:
        recording = recording_at(path.with_name(path.name[1:].removesuffix(SUFFIX).rpartition(".")[0]))
        return key in recording.look().current
    except (BadRequest, ValueError):
        return False


def folders_of(settings: Settings) -> list[Path]:
    """Return the folders in which journals are looked for: the notebook's, and that of the recording."""
    return [notebook_folder(), *([recording_at(settings.recording).path.parent] if settings.recording else [])]


def left_behind(folders: Iterable[Path]) -> list[Path]:
    """Return the journals in some folders whose writers are dead, the oldest first.

    A file that others may read or write is not one of ours: a folder may come from a stranger.
    """
    found: dict[Path, float] = {}
    for folder in dict.fromkeys(folders):
        for path in sorted(_journals_in(folder))[:MOST_JOURNALS]:
            with suppress(OSError), FileIO(path, "r+b", opener=open_here) as file:
                status = os.fstat(file.fileno())
                # One that is empty is just being begun: its writer makes it, and takes the lock a moment later.
                if S_ISREG(status.st_mode) and status.st_size and _is_own(status) and try_lock(file):
                    found[path] = status.st_mtime
    return sorted(found, key=lambda path: (found[path], path))


def _journals_in(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from (path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def _is_own(status: os.stat_result) -> bool:
    # Windows has neither owners nor modes in these fields.
    return os.name == "nt" or (status.st_uid == os.getuid() and not status.st_mode & 0o077)


def read(path: Path) -> tuple[Answer | None, str]:
    """Return the part of an answer in a journal, None where it holds no word, and the key of its question.

    It comes from a file, so it is data of a bounded size. What is not a journal is left out, and so is one that
    another kernel has deleted meanwhile.
    """
    try:
        with FileIO(path, "rb", opener=open_here) as file:
            head, *lines = file.read(MOST_BYTES).split(b"\n")
        began = JsonFields(read_json(head), "the first line")
        when, question = began.take("journal", str), began.take("question", str, "")
        key = began.take("key", str, "")
        about = {name: began.take(name, str, "") for name in ("service", "model", "effort")}
    except (OSError, ValueError):
        return None, ""
    seconds = [0.0]
    answer = Answer(**about, clock=lambda: seconds[-1])
    for line in lines:
        with suppress(ValueError):  # the last line may be half a line
            fields = JsonFields(read_json(line), "a line")
            seconds.append(fields.number("s") or seconds[-1])
            for kind, name in ((Thinking, "thinking"), (Text, "text")):
                if words := fields.take(name, str, ""):
                    fold(answer, kind(words))
    if not (answer.text or answer.thinking):
        return None, key
    asked, name = one_line(question, QUESTION_CHARS), one_line(path.name, NAME_CHARS)
    close(
        answer,
        CUT,
        f"Partial: its kernel died before the answer ended, {one_line(when, 20)}. The question “{asked}” was "
        f"not sent again. %gemini_forget {name} deletes the file that keeps this.",
    )
    return answer, key
