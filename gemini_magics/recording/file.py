"""A recording: a file that answers a question it has seen before.

Lines that others have added are read before each question, so that two kernels, an editor and git may all
write to it. Of two records with the same question the later one counts.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from stat import S_ISREG
from typing import Literal

from ..core.errors import BadRequest
from ..core.folder import current_folder
from ..core.notices import notice
from ..core.storage import open_here, place_for, replace_file
from ..core.text import legible
from .contents import Contents
from .locks import lock
from .record import Asked, Record, read_line


class Recording:
    """The answers in one file, as this session sees them. Safe to use from any thread.

    Within a session a record answers one question only. So a figure that was drawn again is found
    under its old pixels, but the figures of a loop, which differ in their pixels alone, do not get each
    other's answers. A question is known by its key, or by its anchor: the cell that asks it and its place
    among that cell's questions.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._contents = Contents(path)
        # key of a record -> key and anchor of the question that it answers
        self._answers: dict[str, tuple[str, str]] = {}
        self._told: set[int] = set()

    @property
    def label(self) -> str:
        """The path as people would write it here, with nothing in it that a terminal obeys."""
        for folder, short in ((current_folder(), ""), (Path("~").expanduser(), "~/")):
            if folder and self.path.is_relative_to(folder):
                return legible(short + self.path.relative_to(folder).as_posix())
        return legible(str(self.path))

    def load(self) -> Contents:
        """Return the contents of the file; they are empty where there is no file yet.

        A notice tells once of a line that was cut off.

        Raises:
            BadRequest: it cannot be read, or holds lines that are not records.
        """
        with self._lock, self._read():
            return self._usable()

    def _usable(self) -> Contents:
        contents = self._checked(self._contents)
        if contents.cut and contents.last_at not in self._told:
            self._told.add(contents.last_at)
            notice(
                f"{self.label} breaks off in line {contents.cut}: its writer was stopped there. That "
                "one answer is lost; the next that is recorded takes its place."
            )
        return contents

    def look(self) -> Contents:
        """Return the contents of the file with every fault in it.

        Raises:
            BadRequest: it cannot be read.
        """
        with self._lock, self._read():
            return self._contents

    @contextmanager
    def _read(self) -> Iterator[FileIO | None]:
        """Open the file, if there is one, with what was added to it among the contents.

        Raises:
            BadRequest: it cannot be read, or was changed at a place that had been read.
        """
        contents = self._contents
        try:
            # One look, since another kernel may make the file between two.
            if not S_ISREG(self.path.stat().st_mode):
                raise BadRequest(
                    f"{self.label} is not a file: name one for the recording, such as answers.jsonl."
                )
            with FileIO(self.path) as file:
                contents.grow(file)
                if contents.cut:  # another kernel may be writing: read again when it has finished
                    lock(file)
                    contents.grow(file)
                yield file
        except FileNotFoundError:
            contents.clear()
            yield None
        except OSError as error:
            raise BadRequest(
                f"The recording {self.label} cannot be read ({error.strerror}): name a file that you may read."
            ) from None
        except ValueError:
            contents.clear()
            raise BadRequest(f"{self.label} was changed while it was read: run the cell again.") from None

    def _checked(self, contents: Contents) -> Contents:
        if contents.conflicts:
            # https://git-scm.com/docs/gitattributes#_built_in_merge_drivers
            lines = ", ".join(map(str, contents.conflicts))
            raise BadRequest(
                f"{self.label} has marks of a merge in line {lines}: delete those lines, keep the others in "
                f"any order. With '{self.path.name} merge=union' in .gitattributes git does it alone."
            )
        if contents.problems:
            line, problem = next(iter(contents.problems.items()))
            raise BadRequest(
                f"{self.label}, line {line} is not a record: {problem}. Mend it or delete the line; "
                f"python -m gemini_magics recording {self.label} --check lists them all."
            )
        return contents

    def exact(self, asked: Asked, anchor: str = "") -> Record | None:
        """Return the record of this very question."""
        with self._lock, self._read() as file:
            record = self._usable().exact(file, asked) if file else None
            if record:
                self._answers[asked.key] = asked.key, anchor
            return record

    def near(self, asked: Asked, cell: str, anchor: str = "") -> Record | None:
        """Return a record that differs from a question in the pixels of drawn pictures alone.

        The cell must be the same, where both are known. The record that this question had before goes
        first, then the one that its anchor had, then the first that answers no other question, since a
        loop that runs again asks in its old order.
        """
        with self._lock, self._read() as file:
            if not file:
                return None
            able = [
                (known, *self._answers.get(known.key, ("", "")))
                for known in self._usable().alike(file, asked)
                if not cell or not known.cell or cell == known.cell
            ]
            had = [known for known, key, _ in able if key == asked.key]
            had += [known for known, _, by in able if anchor and by == anchor]
            free = [known for known, key, _ in able if not key]
            best = next(iter([*had, *free]), None)
            if not best:
                return None
            self._answers[best.key] = asked.key, anchor
            return self._contents.record(file, best.place)

    def add(self, record: Record, anchor: str = "") -> None:
        """Write a record at the end of the file, and cut away the half line of a killed writer.

        A new file is its owner's alone, since it holds questions and answers.

        Raises:
            OSError: it could not be written, or is a link; the file is as it was.
            BadRequest: the last line is not a record, or this record could not be read again: an option holds
                NaN, or is nested too deeply.
        """
        line = record.as_line()
        try:
            read_line(line, 0)
        except ValueError as error:
            raise BadRequest(f"This answer cannot be recorded: {error}. Ask with other options.") from None
        with self._lock, self._locked("a+b") as file:
            contents = self._contents
            contents.grow(file)
            if contents.cut:
                end = file.truncate(contents.last_at)
            else:
                end = file.truncate(contents.end) if contents.padded else file.seek(0, os.SEEK_END)
                if end > contents.last_at:  # an editor left out the last newline
                    self._checked(contents)
                    line = b"\n" + line
            try:
                # An unbuffered file may take only a part:
                # https://docs.python.org/3/library/io.html#io.RawIOBase.write
                while line:
                    line = line[file.write(line) :]
            except BaseException:  # the disk is full, or Ctrl-C
                file.truncate(end)
                raise
            self._answers[record.asked.key] = record.asked.key, anchor

    def prune(self) -> int:
        """Take out the records that later ones replace; return how many there were.

        Raises:
            BadRequest: there are lines that are not records.
            OSError: the file cannot be replaced; it is as it was.
        """
        with self._lock, self._locked("r+b") as file:
            self._contents.grow(file)
            count = len(self._checked(self._contents))
            kept = {record.line for record in self._contents.current.values()}
            file.seek(0)
            lines = enumerate(file.read().split(b"\n"), 1)
            replace_file(
                self.path, b"".join(line.rstrip(b"\0") + b"\n" for number, line in lines if number in kept)
            )
            return count - len(kept)

    @contextmanager
    def _locked(self, mode: Literal["rb", "r+b", "a+b"]) -> Iterator[FileIO]:
        """Open the file while no other process writes to it. A process that is killed lets go."""
        while True:
            with FileIO(self.path, mode, opener=open_here) as file:
                lock(file)
                if self._is_at_its_path(file):
                    yield file
                    return
            # Another process replaced or deleted the file while this one waited.

    def _is_at_its_path(self, file: FileIO) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False


# One object for each file, since it knows which records have answered a question of this session.
@functools.cache
def _opened(path: Path) -> Recording:
    return Recording(path)


def recording_at(path: str | os.PathLike[str]) -> Recording:
    """Return this session's recording in a file, which need not be there yet.

    Raises:
        BadRequest: there is no folder for it, or a link leads elsewhere (see `place_for`).
    """
    try:
        whole = place_for(path)
    except (RuntimeError, TypeError, ValueError, OSError) as error:
        raise BadRequest(
            f"{str(path)!r} is not a path for a recording ({error}): name a file, such as answers.jsonl."
        ) from None
    if not whole.parent.is_dir():
        raise BadRequest(f"There is no folder {str(whole.parent)!r} for {whole.name}: make it first.")
    return _opened(whole)
