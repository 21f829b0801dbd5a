"""The public `Answer`: the state of an answer, the data in its text, and its display in a notebook."""

from __future__ import annotations

import os
import time
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.answer import AnswerState

# What reads the text of an answer is loaded when it is read: a question goes out sooner.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from ..core.marks import Marks
    from .extract import Code


class Answer(AnswerState):
    """An answer, complete or still growing.

    `str(answer)` is the text. A notebook displays the answer as safe HTML, in any frontend. The attributes
    are those of `AnswerState`.
    """

    @property
    def code(self) -> tuple[Code, ...]:
        """The fenced blocks of code in the text, in order; each has a `language` and a `text`."""
        from .extract import find_code

        return find_code(self.text)

    def json(self, n: int | None = None) -> Any:
        """Parse the JSON in the text, with or without a fence around it.

        Args:
            n: chooses one of several blocks, counted from 0.

        Raises:
            AnswerMismatch: the text holds no JSON, several blocks and no `n`, or malformed JSON; the message
                says where.
        """
        from .extract import read_json

        return read_json(self.text, n)

    def table(self, n: int | None = None) -> DataFrame:
        """Return the table in the text as a pandas DataFrame.

        Args:
            n: chooses one of several tables, counted from 0.

        Raises:
            AnswerMismatch: the text holds no table, several tables and no `n`, no table with this number, or a
                table with a row that is longer than its head.
            BadRequest: pandas is not installed.
        """
        from .extract import read_table

        return read_table(self.text, n)

    @property
    def marks(self) -> Marks:
        """The places in pictures at which the answer points; none where it was not asked to (`--point`).

        It is a list of `Mark`, each with `attachment`, `label`, `x`, `y`, `axes` and `pixels`.
        """
        from .marks import marks_of

        return marks_of(self)

    def draw(self, ax: Axes | None = None) -> Marks:
        """Draw the marks on the live figure; `answer.marks.remove()` takes them off again.

        Each mark is an annotation at its data, a box a rectangle. A notice says which marks cannot be drawn,
        and where the limits of Axes have changed since they were sent.

        Args:
            ax: draws all marks on these Axes instead of their own.

        Raises:
            BadRequest: there are no marks, or none can be drawn: the figure is gone, or pixels alone are known.
        """
        from .drawing import draw

        return draw(self.marks, ax)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain values, ready for JSON: the question, the words, the sources, the costs.

        Attachments are described by their names, kinds, sizes and hashes; their bytes are left out.
        """
        from .saving import as_dict

        return as_dict(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the question and the answer to a file: `.md` or `.html` for readers, `.json` for programs.

        A saved answer of the same name is replaced; nothing in the file loads or runs anything.

        Raises:
            BadRequest: the ending is another, the file is something else, or it cannot be written.
        """
        from .saving import write

        write(self, Path(path))

    def __getstate__(self) -> dict[str, Any]:
        """Let a copy grow by itself, and take the marks along, which no figure behind a copy could give."""
        from .marks import FoundMarks, marks_of

        state = {
            name: copy(value) if isinstance(value, (list, set)) else value for name, value in vars(self).items()
        }
        # The clock of a replay belongs to this session, and cannot be pickled.
        state |= {"clock": time.monotonic, "_asked_at": time.monotonic() - self.seconds}
        return {**state, "marks_read": FoundMarks(marks_of(self)) if self.pictures else None}

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        # https://ipython.readthedocs.io/en/stable/config/integrating.html#rich-display
        from .metadata import metadata
        from .static_output import bundle

        return bundle(self), metadata(self)

    def _mime_(self) -> tuple[str, str]:
        # marimo asks for this: https://docs.marimo.io/guides/integrating_with_marimo/displaying_objects/
        from .marimo import with_typeset_formulas
        from .static_output import bundle

        return "text/html", with_typeset_formulas(bundle(self)["text/html"])
