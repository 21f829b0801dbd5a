"""A failed cell as text for somebody who knows the libraries: one's own code in full, theirs in a line."""

from __future__ import annotations

import linecache
import os
import re
import sysconfig
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..core.folder import current_folder
from ..core.messages import Attachment
from ..core.text import clean, fenced, shorten

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

CAUSES = 5
STEPS = 10
LINES_BEFORE = 12
LINES_AFTER = 8
MESSAGE_CHARS = 4_000

_HOME = str(Path(__file__).parents[2]) + os.sep
_OURS = str(Path(__file__).parents[1]) + os.sep
# Backwards, so that site-packages comes before the folder of the standard library, which may hold it.
_LIBRARIES = tuple(
    sorted({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})
)[::-1]


@dataclass(frozen=True, repr=False, kw_only=True)
class Failure(Attachment):
    """A failed cell, ready to be attached to a question.

    Attributes:
        count: the number of the cell: 3 for In[3].
        cell: its source, without secrets.
        traceback: its traceback, without secrets.
    """

    count: int
    cell: str
    traceback: str

    @classmethod
    def of(cls, count: int, cell: str, traceback: str) -> Failure:
        """Make a failure and the text that is sent for it."""
        text = f"In[{count}]:\n\n{fenced(cell, 'python')}\n\nIt failed:\n\n{fenced(traceback, 'text')}"
        return cls(f"Err[{count}]", "text", text, count=count, cell=cell, traceback=traceback)

    def __repr__(self) -> str:
        return clean(str(self.content))


def traceback_text(error: BaseException, shell: InteractiveShell | None) -> str:
    """Write the traceback of an error and of those that led to it."""
    links = [_one(each, shell) for each in _chain(error)]
    return "\n\nWhile that was handled, or because of it:\n\n".join(links)


def own_steps(error: BaseException, shell: InteractiveShell | None) -> Iterator[str]:
    """Yield where one's own code stood when an error came out of it, each place with the line that ran."""
    own = [each for each in _frames(error) if not _library(each[0])]
    yield from _steps(own[-STEPS:], shell, around=False)


def variables_of(error: BaseException, shell: InteractiveShell) -> Mapping[str, Any]:
    """Return the variables of the function that failed, the innermost one outside of libraries."""
    own = [frame for frame, _ in _frames(error) if not _library(frame)]
    return dict(own[-1].f_locals) if own and own[-1].f_locals is not shell.user_ns else {}


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error after those that led to it."""
    chain = [error]
    while len(chain) < CAUSES:
        newest = chain[-1]
        # As Python shows it: https://docs.python.org/3/library/exceptions.html#exception-context
        earlier = newest.__cause__ or (None if newest.__suppress_context__ else newest.__context__)
        # A chain can be a circle.
        if earlier is None or earlier in chain:
            break
        chain.append(earlier)
    return chain[::-1]


def _one(error: BaseException, shell: InteractiveShell | None) -> str:
    steps = list(_steps(_frames(error), shell))
    if len(steps) > 2 * STEPS:
        steps[STEPS:-STEPS] = [f"… ({len(steps) - 2 * STEPS} more)"]
    if isinstance(error, BaseExceptionGroup):
        steps += [_one(inner, shell) for inner in error.exceptions[:CAUSES]]
    return "\n".join([*steps, _message(error, shell)])


def _frames(error: BaseException) -> list[tuple[FrameType, int]]:
    """Return the frames of an error from the first outside of libraries: IPython's lead to the cell."""
    frames = list(traceback.walk_tb(error.__traceback__))
    while frames and _library(frames[0][0]):
        del frames[0]
    return frames


def _steps(
    frames: Sequence[tuple[FrameType, int]], shell: InteractiveShell | None, *, around: bool = True
) -> Iterator[str]:
    """Yield where each call stood; of neighbours in libraries, and of the same call again, the last alone."""
    for own, neighbours in groupby(
        frames, key=lambda each: None if _library(each[0]) else (each[0].f_code, each[1])
    ):
        *passed, (frame, line) = neighbours
        if passed:
            yield f"… ({len(passed)} more {'of the same' if own else 'in libraries'})"
        function = frame.f_code.co_qualname
        within = "" if function == "<module>" else f", in {function}"
        where = f"{_file(frame.f_code.co_filename, shell)}, line {line}{within}"
        yield "\n".join([where, *_code(frame, line, around)])


def _code(frame: FrameType, line: int, around: bool) -> Iterator[str]:
    """Yield the line that ran, and of a function of one's own, if wanted, those around it."""
    first, last, code = line, line, frame.f_code
    if around and not _library(frame) and code.co_name != "<module>":
        first = max(line - LINES_BEFORE, code.co_firstlineno)
        # Some instructions belong to no line:
        # https://docs.python.org/3/reference/datamodel.html#codeobject.co_lines
        last = min(line + LINES_AFTER, max(number or 0 for *_, number in code.co_lines()))
    for number in range(first, last + 1):
        source = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).rstrip()
        if source:
            yield f"{'-->' if number == line else '   '} {number} {source}"


def _message(error: BaseException, shell: InteractiveShell | None) -> str:
    message = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError) and error.filename:
        message = message.replace(f'File "{error.filename}"', _file(error.filename, shell))
    return shorten(re.sub("\x1b\\[[0-9;]*m", "", message), MESSAGE_CHARS)


def _library(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    if name.startswith("<"):
        return name.startswith(("<frozen", "<string>"))  # a cell's may be "<ipython-input-3-...>"
    path = Path(name)
    # Cython's names are relative.
    return name.startswith((*_LIBRARIES, _OURS)) or "site-packages" in path.parts or not path.is_absolute()


def _file(name: str, shell: InteractiveShell | None) -> str:
    """Name a file for people: "In[3]" for a cell, a library's from its package on, others from here."""
    # IPython 7 does not say which cell a file is; its name then holds a number that is another in each session.
    code_name = getattr(shell and shell.compile, "format_code_name", None)
    if code_name and (cell := code_name(name)):
        return str(cell[1])
    if name.startswith(_OURS):
        return name.removeprefix(_HOME)
    if name.startswith("<ipython-input-") or Path(name).parent.name.startswith("ipykernel_"):
        return "a cell"
    here = current_folder()
    for folder in (*_LIBRARIES, *([f"{here}{os.sep}"] if here else ())):
        if name.startswith(folder):
            return name.removeprefix(folder)
    return name
