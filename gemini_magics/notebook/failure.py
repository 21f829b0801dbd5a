"""A cell that failed, in the words that are sent."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.extract import fenced
from ..core.messages import Attachment


@dataclass(frozen=True, repr=False, kw_only=True)
class Failure(Attachment):
    """A cell that failed, ready to go with a question about it.

    Attributes:
        count: the number of the cell: 3 for In[3].
        cell: its source, without secrets.
        traceback: what was raised and on what way, without secrets.
    """

    count: int
    cell: str
    traceback: str

    @classmethod
    def of(cls, count: int, cell: str, traceback: str) -> Failure:
        """Put what is known of a failure into the words that are sent."""
        told = f"In[{count}]:\n\n{fenced(cell, 'python')}\n\nIt failed:\n\n{fenced(traceback, 'text')}"
        return cls(f"Err[{count}]", "text", told, count=count, cell=cell, traceback=traceback)

    def __repr__(self) -> str:
        return str(self.content)
