"""The cells that failed, kept as text: short enough to be sent, and without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

from ..core.errors import BadRequest, GeminiError
from ..core.plain import shorten

if TYPE_CHECKING:
    from .failure import Failure

NAME = "Err"
KEPT_FAILURES = 20
KEPT_CHARS = 20_000


class Failures:
    """The cells of this session that failed, by their number: `Err[3]`; `Err[-1]` is the newest.

    The newest 20 are kept. No exception is held, and no variables but those of the newest, which
    `%gemini_fix --locals` reads.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._kept: dict[int, Failure] = {}
        self.variables: Mapping[str, Any] = {}

    def register(self) -> None:
        """Follow what the shell runs, and be `Err` in the notebook, unless something else is."""
        self._shell.events.register("post_run_cell", self.take)
        self._be_named()

    def unregister(self) -> None:
        """Follow no more."""
        self._shell.events.unregister("post_run_cell", self.take)
        self._shell.drop_by_id({NAME: self})

    def take(self, result: ExecutionResult) -> None:
        """Keep what failed in the cell that has just run; what a magic of ours says of its own line is none."""
        error = result.error_before_exec or result.error_in_exec
        if not isinstance(error, Exception) or (isinstance(error, GeminiError) and error.by_magic):
            return
        from .failure import Failure  # loaded by the first failure: loading the extension stays free
        from .masked import masked
        from .told import told, variables_of

        self._be_named()  # %reset takes all names away
        count = result.execution_count or self._shell.execution_count
        self.variables = variables_of(error, self._shell)
        # Both at once: a secret that is given in the one may be quoted in the other.
        both = f"{result.info.raw_cell.rstrip()}\0{told(error, self._shell)}"
        both = masked(both, {**self._shell.user_ns, **self.variables})
        cell, traceback = (shorten(text, KEPT_CHARS) for text in both.split("\0", 1))
        self._kept.pop(count, None)
        self._kept[count] = Failure.of(count, cell, traceback)
        if len(self._kept) > KEPT_FAILURES:
            del self._kept[next(iter(self._kept))]

    def _be_named(self) -> None:
        if NAME not in self._shell.user_ns:
            self._shell.push({NAME: self}, interactive=False)  # not a variable of the person's for %whos

    def __getitem__(self, n: int) -> Failure:
        if not self._kept:
            raise BadRequest("No cell has failed since the extension was loaded: run the one that does first.")
        if n not in self._kept and -len(self._kept) <= n < 0:
            n = list(self._kept)[n]
        if n not in self._kept:
            raise BadRequest(
                f"There is no Err[{n}]: the cells that failed are {', '.join(map(str, self._kept))}."
            )
        return self._kept[n]

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        lines = (f"Err[{n}]  {failure.traceback.splitlines()[-1]}" for n, failure in self._kept.items())
        return "\n".join(lines) or "No cell has failed."
