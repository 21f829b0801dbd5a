"""A recording: a file that answers a question it has seen before.

It is read again whenever it has changed, so that two kernels, an editor and git may all write to it.
Of two records with the same question the later one counts.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
import threading
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

from ..core.errors import BadRequest
from ..core.notice import notice
from .records import HEAD, Asked, Record, read_line

if sys.platform == "win32":
    import msvcrt

    # Windows keeps others from reading what is locked, so a byte far behind the end is.
    _LOCKED_BYTE = 2**40

    def _lock(file: FileIO) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        file.seek(0)

else:
    import fcntl

    def _lock(file: FileIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)


_CONFLICT = re.compile(rb"(<{7}|>{7}|\|{7}) |={7}\r?$")


@dataclass(frozen=True)
class Contents:
    """What was read from a recording.

    Attributes:
        records: all of them in the order of the file, also those that a later one replaces.
        problems: lines that are no records, and what is wrong with each.
        conflicts: lines that git left where it could not merge.
        cut: the last line, where it breaks off because its writer was killed; 0 where it does not.
        last_at: where the last line begins, in bytes; the end, if a newline ends the file.
    """

    records: tuple[Record, ...] = ()
    problems: dict[int, str] = field(default_factory=dict)
    conflicts: tuple[int, ...] = ()
    cut: int = 0
    last_at: int = 0

    @property
    def current(self) -> dict[str, Record]:
        """The records that count, by their keys."""
        return {record.asked.key: record for record in self.records}


def read(data: bytes) -> Contents:
    """Read the bytes of a recording; whatever is wrong with them is in the result."""
    records: list[Record] = []
    problems: dict[int, str] = {}
    conflicts: list[int] = []
    *lines, last = data.removeprefix(BOM_UTF8).split(b"\n")
    for number, line in enumerate([*lines, last], 1):
        if _CONFLICT.match(line):
            conflicts.append(number)
        elif line.strip():
            try:
                records.append(read_line(line, number))
            except ValueError as error:
                problems[number] = str(error)
    # A line of ours that has no newline yet was being written; anything else is not ours to mend.
    cut = len(lines) + 1 if len(lines) + 1 in problems and _begins_a_record(last) else 0
    problems.pop(cut, None)
    return Contents(tuple(records), problems, tuple(conflicts), cut, len(data) - len(last))


def _begins_a_record(line: bytes) -> bool:
    head = HEAD.encode()
    return line.startswith(head) or head.startswith(line)


class Recording:
    """The answers in one file, as this session sees them. Safe to use from any thread.

    Within a session a record answers one question only. So a figure that was drawn anew is found
    under its old pixels, but the figures of a loop, which have everything but the pixels in common,
    do not get each other's answers. A question is known by what it means, or by the cell that asks it
    and its place among that cell's questions: its anchor.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._seen: tuple[int, ...] | None = None
        self._contents = Contents()
        self._current: dict[str, Record] = {}
        # key of a record -> key and anchor of the question that it answers
        self._answers: dict[str, tuple[str, str]] = {}
        self._told: set[int] = set()

    @property
    def label(self) -> str:
        """The path as people would write it here."""
        for folder, short in ((Path.cwd(), ""), (Path("~").expanduser(), "~/")):
            if self.path.is_relative_to(folder):
                return short + self.path.relative_to(folder).as_posix()
        return str(self.path)

    def load(self) -> Contents:
        """Return what the file holds now; nothing where there is none yet.

        A line that was cut off is told of, once.

        Raises:
            BadRequest: it cannot be read, or holds lines that are no records.
        """
        with self._lock:
            contents = self._checked(self.look())
            if contents.cut and contents.last_at not in self._told:
                self._told.add(contents.last_at)
                notice(
                    f"{self.label} breaks off in line {contents.cut}: its writer was stopped there. That "
                    "one answer is lost; the next that is recorded takes its place."
                )
            return contents

    def look(self) -> Contents:
        """Return what the file holds now, with all that is wrong with it.

        Raises:
            BadRequest: it cannot be read.
        """
        with self._lock:
            try:
                status = self.path.stat()
                seen = (status.st_mtime_ns, status.st_size, status.st_ino)
                if seen != self._seen:
                    self._contents, self._seen = self._read(), seen
                    self._current = self._contents.current
            except FileNotFoundError:
                self._contents, self._current, self._seen = Contents(), {}, None
            except OSError as error:
                raise BadRequest(f"The recording {self.label} cannot be read: {error.strerror}.") from None
            return self._contents

    def _read(self) -> Contents:
        if not self.path.is_file():
            raise BadRequest(f"{self.label} is no file: name one for the recording, such as answers.jsonl.")
        contents = read(self.path.read_bytes())
        if contents.cut:  # or another kernel was just writing: look again when it has done
            with self._locked("rb") as file:
                contents = read(file.read())
        return contents

    def _checked(self, contents: Contents) -> Contents:
        if contents.conflicts:
            lines = ", ".join(map(str, contents.conflicts))
            raise BadRequest(
                f"{self.label} has marks of a merge in line {lines}: delete those lines, keep the others in "
                f"any order. With '{self.path.name} merge=union' in .gitattributes git does it alone."
            )
        if contents.problems:
            line, problem = next(iter(contents.problems.items()))
            raise BadRequest(
                f"{self.label}, line {line} is no record: {problem}. Mend it or delete the line; "
                f"python -m gemini_magics recording {self.label} --check lists them all."
            )
        return contents

    def exact(self, asked: Asked, anchor: str = "") -> Record | None:
        """Return the record of this very question."""
        with self._lock:
            self.load()
            if record := self._current.get(asked.key):
                self._answers[asked.key] = asked.key, anchor
            return record

    def near(self, asked: Asked, cell: str, anchor: str = "") -> Record | None:
        """Return a record that differs from a question in the pixels of drawn pictures alone.

        The cell must be the same, where both are known. Of several the one is taken that this question
        had before, then the one that its anchor had, then the first that answers no other: a loop that
        is run again asks in its old order.
        """
        with self._lock:
            self.load()
            able = [
                (record, *self._answers.get(record.asked.key, ("", "")))
                for record in self._current.values()
                if record.asked.near_key == asked.near_key
                and (not cell or not record.cell or cell == record.cell)
            ]
            had = [record for record, key, _ in able if key == asked.key]
            had += [record for record, _, by in able if anchor and by == anchor]
            free = [record for record, key, _ in able if not key]
            record = next(iter([*had, *free]), None)
            if record:
                self._answers[record.asked.key] = asked.key, anchor
            return record

    def add(self, record: Record, anchor: str = "") -> None:
        """Write a record at the end of the file, and cut away what a killed writer left there.

        Raises:
            OSError: it could not be written; the file is as it was.
            BadRequest: the file ends in something that is no record.
        """
        with self._lock, self._locked("a+b") as file:
            contents = read(self.path.read_bytes())
            end = file.seek(0, os.SEEK_END)
            line = record.as_line()
            if contents.cut:
                end = file.truncate(contents.last_at)
            elif end > contents.last_at:  # an editor left out the last newline
                self._checked(contents)
                line = b"\n" + line
            try:
                while line:
                    line = line[file.write(line) :]
            except BaseException:  # the disk is full, or Ctrl-C
                file.truncate(end)
                raise
            self._answers[record.asked.key] = record.asked.key, anchor

    def prune(self) -> int:
        """Take out the records that later ones replace; return how many there were.

        Raises:
            BadRequest: there are lines that are no records.
            OSError: the file cannot be replaced; it is as it was.
        """
        with self._lock, self._locked("r+b") as file:
            data = file.read()
            contents = self._checked(read(data))
            kept = {record.line for record in contents.current.values()}
            new = NamedTemporaryFile(dir=self.path.parent, prefix=f".{self.path.name}.", delete=False)  # noqa: SIM115
            try:
                with new:
                    new.writelines(
                        line + b"\n" for number, line in enumerate(data.split(b"\n"), 1) if number in kept
                    )
                    new.flush()
                    os.fsync(new.fileno())
                shutil.copymode(self.path, new.name)
                Path(new.name).replace(self.path)
            finally:
                Path(new.name).unlink(missing_ok=True)
            return len(contents.records) - len(kept)

    @contextmanager
    def _locked(self, mode: Literal["rb", "r+b", "a+b"]) -> Iterator[FileIO]:
        """Open the file while no other process writes to it. A process that is killed lets go."""
        while True:
            with self.path.open(mode, buffering=0) as file:
                _lock(file)
                if os.path.samestat(os.fstat(file.fileno()), self.path.stat()):
                    yield file
                    return
            # Another process replaced the file while this one waited.


@functools.cache
def _opened(path: Path) -> Recording:
    return Recording(path)


def recording_at(path: str | os.PathLike[str]) -> Recording:
    """Return this session's recording in a file, which need not be there yet.

    Raises:
        BadRequest: there is no folder for it.
    """
    try:
        whole = Path(path).expanduser().resolve()
    except (RuntimeError, TypeError, ValueError, OSError) as error:
        raise BadRequest(f"{str(path)!r} is no path for a recording ({error}).") from None
    if not whole.parent.is_dir():
        raise BadRequest(f"There is no folder {str(whole.parent)!r} for {whole.name}: make it first.")
    return _opened(whole)
