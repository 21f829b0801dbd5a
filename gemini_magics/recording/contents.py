"""The contents of a recording: where its records stand, read once and then only as far as the file grows."""

from __future__ import annotations

import os
import re
from array import array
from codecs import BOM_UTF8
from collections.abc import Iterator
from io import BufferedReader, FileIO
from pathlib import Path
from typing import NamedTuple

from .record import HEAD, Asked, AttachmentDigest, Record, read_line, read_prompt

# The marks of git in a file that it could not merge, with those of the style diff3:
# https://git-scm.com/docs/git-merge#_how_conflicts_are_presented
_CONFLICT = re.compile(rb"(<{7}|>{7}|\|{7}) |={7}\r?$")
# Where an editor or git has changed lines that were read, the bytes before the last line mostly differ.
# Comparing these costs far less than reading the whole file before each question.
_COMPARED_BYTES = 1024
_BUFFER_BYTES = 2**20


class Known(NamedTuple):
    """The place, the digests and the cell of a record that was looked at."""

    place: int
    key: str
    near_key: str
    cell: str


class Contents:
    """The places of the records in a file, and its faults.

    The records themselves are read where they are needed: 100,000 answers would fill the memory.

    Attributes:
        problems: the numbers of lines that are not records, with the reason for each.
        conflicts: the numbers of lines that git left where it could not merge.
        cut: the number of the last line, if it breaks off because its writer was killed; else 0.
        last_at: the offset of the last line in bytes; the end, if a newline ends the file.
        end: the offset behind the last character.
        padded: True where NUL bytes follow it, as a power loss may leave them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clear()

    def clear(self) -> None:
        """Forget what was read, so that the next `grow` reads the whole file."""
        self.problems: dict[int, str] = {}
        self.conflicts: list[int] = []
        self.cut: int = 0
        self.last_at: int = 0
        self.end: int = 0
        self.padded: bool = False
        self._seen: tuple[int, int, int, int] | None = None
        self._before = b""  # bytes before last_at
        self._lines = 0  # complete lines
        self._open_record = False  # the last record has no newline yet
        # An array takes 8 bytes for each number, a list some 40: https://docs.python.org/3/library/array.html
        self._starts, self._lengths, self._numbers = array("Q"), array("Q"), array("Q")
        # Of all records, and once more of those with drawn pictures.
        self._alike, self._exact = _Chains(), _Chains()
        self._known: dict[int, Known] = {}

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def records(self) -> tuple[Record, ...]:
        """All records in the order of the file, also those that a later one replaces."""
        return self.newest(len(self))

    @property
    def current(self) -> dict[str, Record]:
        """The records that count, by their keys: of two with the same question the later one."""
        return {record.asked.key: record for record in self.records}

    def newest(self, count: int) -> tuple[Record, ...]:
        """Return at most this many of the last records, in the order of the file."""
        if not len(self):
            return ()
        with FileIO(self.path) as file:
            return tuple(self.record(file, place) for place in range(max(0, len(self) - count), len(self)))

    def grow(self, file: FileIO) -> None:
        """Read what was added since the last time; all of it, where the file or its last lines are others."""
        status = os.fstat(file.fileno())
        # The inode, because `prune`, git and editors put a new file in the place of the old one.
        seen = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
        if seen == self._seen:
            return
        if not self._was_added_to(file, seen):
            self.clear()
        self._forget_last_line()
        file.seek(self.last_at)
        reader = BufferedReader(file, _BUFFER_BYTES)
        try:
            for line in reader:
                self._take(line)
                if not line.endswith(b"\n"):  # what another kernel adds meanwhile is the rest of this line
                    break
        finally:
            # Else the reader closes the file when it is freed, and the caller still needs it:
            # https://docs.python.org/3/library/io.html#io.BufferedIOBase.detach
            reader.detach()
        start = max(0, self.last_at - _COMPARED_BYTES)
        file.seek(start)
        self._before = file.read(self.last_at - start)
        self._seen, self.padded = seen, status.st_size > self.end

    def _was_added_to(self, file: FileIO, seen: tuple[int, int, int, int]) -> bool:
        if not self._seen or seen[:2] != self._seen[:2] or seen[2] <= self._seen[2]:
            return False
        file.seek(self.last_at - len(self._before))
        return file.read(len(self._before)) == self._before

    def _forget_last_line(self) -> None:
        """Take back the last line, which may have been continued since."""
        self.problems.pop(self._lines + 1, None)
        self.cut = 0
        self.end = self.last_at
        if self._open_record:
            for values in (self._starts, self._lengths, self._numbers):
                values.pop()
            for chains in (self._exact, self._alike):
                chains.forget(len(self))
            self._known.pop(len(self), None)
            self._open_record = False

    def _take(self, line: bytes) -> None:
        number, start = self._lines + 1, self.last_at
        # Editors on Windows put a mark before UTF-8, which a reader may ignore (RFC 8259, section 8.1).
        if number == 1 and line.startswith(BOM_UTF8):
            start, line = start + len(BOM_UTF8), line[len(BOM_UTF8) :]
        if line.endswith(b"\n"):
            self._read(line, start, number)
            self._lines = number
            self.last_at = self.end = start + len(line)
            return
        # A power loss can leave the new length of a file without its new data: https://xfs.org/index.php/XFS_FAQ
        text = line.rstrip(b"\0")
        self.end = start + len(text)
        self._open_record = self._read(text, start, number)
        # A record without a newline was being written. Other text may be somebody's notes, so it stays.
        if not text or (number in self.problems and _begins_a_record(text)):
            self.problems.pop(number, None)
            self.cut = number

    def _read(self, line: bytes, start: int, number: int) -> bool:
        """Note the place of the record in a line, or its fault; return whether it is a record."""
        try:
            prompt = read_prompt(line)
        except ValueError as error:
            if _CONFLICT.match(line):
                self.conflicts.append(number)
            elif line and not line.isspace():
                self.problems[number] = str(error)
            return False
        exact, alike = _hashes(prompt)
        if exact != alike:
            self._exact.add(exact, len(self))
        self._alike.add(alike, len(self))
        self._starts.append(start)
        self._lengths.append(len(line))
        self._numbers.append(number)
        return True

    def record(self, file: FileIO, place: int) -> Record:
        """Read one record again.

        Raises:
            ValueError: the file was changed at this place since it was read.
        """
        file.seek(self._starts[place])
        return read_line(file.read(self._lengths[place]), self._numbers[place])

    def exact(self, file: FileIO, asked: Asked) -> Record | None:
        """Return the last record of this very question."""
        exact, alike = _hashes(asked.prompt)
        chains = self._alike if exact == alike else self._exact
        for place in chains.places(exact):
            if self._look(file, place).key == asked.key:
                return self.record(file, place)
        return None

    def alike(self, file: FileIO, asked: Asked) -> list[Known]:
        """Return the records that count and differ at most in the pixels of drawn pictures, in their order."""
        found: dict[str, Known] = {}
        for place in reversed(list(self._alike.places(_hashes(asked.prompt)[1]))):
            known = self._look(file, place)
            if known.near_key == asked.near_key:
                found[known.key] = known
        return list(found.values())

    def _look(self, file: FileIO, place: int) -> Known:
        if place not in self._known:
            record = self.record(file, place)
            self._known[place] = Known(place, record.asked.key, record.asked.near_key, record.cell)
        return self._known[place]


class _Chains:
    """For each record the one before it that has the same hash: a table of lists in little memory."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}  # hash -> the number of its last link
        self._previous, self._hashes, self._places = array("q"), array("q"), array("Q")

    def add(self, value: int, place: int) -> None:
        self._previous.append(self._last.get(value, -1))
        self._hashes.append(value)
        self._last[value] = len(self._places)
        self._places.append(place)

    def forget(self, place: int) -> None:
        """Take back the last record, if it is the one at this place."""
        if not self._places or self._places[-1] != place:
            return
        self._places.pop()
        value, previous = self._hashes.pop(), self._previous.pop()
        if previous < 0:
            del self._last[value]
        else:
            self._last[value] = previous

    def places(self, value: int) -> Iterator[int]:
        """Yield the places of the records with this hash, the last one first."""
        link = self._last.get(value, -1)
        while link >= 0:
            yield self._places[link]
            link = self._previous[link]


def _hashes(prompt: tuple[str | AttachmentDigest, ...]) -> tuple[int, int]:
    """Return a hash of the prompt, and one without the pixels of drawn pictures, the same if there are none."""
    # Python salts the hashes of texts in each process, so these stay in memory:
    # https://docs.python.org/3/reference/datamodel.html#object.__hash__
    exact = hash(prompt)
    if not [part for part in prompt if not isinstance(part, str) and part.drawn]:
        return exact, exact
    alike = [part if isinstance(part, str) or not part.drawn else part.name for part in prompt]
    return exact, hash(tuple(alike))


def _begins_a_record(line: bytes) -> bool:
    head = HEAD.encode()
    return line.startswith(head) or head.startswith(line)
