"""`Err`: the failed cells of the session as masked text, short enough to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

from ..core.errors import BadRequest, GeminiError
from ..core.text import clean, shorten
from .callbacks import Callbacks
from .frontend import source_of

if TYPE_CHECKING:
    from ..content.tracebacks import Failure

NAME = "Err"
KEPT_FAILURES = 20
KEPT_CHARS = 20_000


class Failures:
    """The failed cells of this session by their number: `Err[3]`; `Err[-1]` is the newest.

    Only the newest 20 remain. Exceptions are not kept, since they would keep every variable of their frames
    alive; only the variables of the newest failure remain, for `%gemini_fix --locals`.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._callbacks = Callbacks(shell, post_run_cell=self._keep_failure)
        self._failures: dict[int, Failure] = {}
        self.variables: Mapping[str, Any] = {}

    def register(self) -> None:
        """Watch the cells that run, and define `Err` in the notebook unless the name is in use."""
        self._callbacks.register()
        self._define_name()

    def unregister(self) -> None:
        """Stop watching, and remove `Err`."""
        self._callbacks.unregister()
        # It spares a name that the person has set to something else:
        # https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.interactiveshell.html
        self._shell.drop_by_id({NAME: self})

    def _keep_failure(self, result: ExecutionResult | None) -> None:
        """Keep the failure of the cell that has just run, unless a magic of this package refused its line.

        Args:
            result: None where the cell was interrupted before it ran.
        """
        if result is None:
            return
        # A mistake in the syntax is in the first, an error of the code that ran in the second.
        error = result.error_before_exec or result.error_in_exec
        # Neither Ctrl-C nor exit() is a failure:
        # https://docs.python.org/3/library/exceptions.html#exception-hierarchy
        if not isinstance(error, Exception) or (isinstance(error, GeminiError) and error.by_magic):
            return
        from ..content.tracebacks import Failure, traceback_text, variables_of
        from ..service.masking import masked

        self._define_name()  # again, because %reset deletes every name
        count = result.execution_count or self._shell.execution_count
        self.variables = variables_of(error, self._shell)
        # Masked together: the traceback may quote a secret that only the cell names.
        # No source holds a NUL: https://docs.python.org/3/library/functions.html#compile refuses one.
        both = f"{source_of(result).rstrip()}\0{traceback_text(error, self._shell)}"
        both = masked(both, {**self._shell.user_ns, **self.variables})
        cell, traceback = (shorten(text, KEPT_CHARS) for text in both.split("\0", 1))
        # A cell without history may have the number of an earlier one, and a dict keeps the place of a key that
        # is set again; but Err[-1] is the newest.
        self._failures.pop(count, None)
        self._failures[count] = Failure.of(count, cell, traceback)
        if len(self._failures) > KEPT_FAILURES:
            del self._failures[next(iter(self._failures))]

    def _define_name(self) -> None:
        if NAME not in self._shell.user_ns:
            self._shell.push({NAME: self}, interactive=False)  # %whos lists interactive names only

    def __getitem__(self, n: int) -> Failure:
        if not self._failures:
            raise BadRequest("No cell has failed since the extension was loaded: run the failing cell first.")
        if n not in self._failures and -len(self._failures) <= n < 0:
            n = list(self._failures)[n]
        if n not in self._failures:
            raise BadRequest(
                f"Err[{n}] does not exist: the cells that failed are {', '.join(map(str, self._failures))}."
            )
        return self._failures[n]

    def __len__(self) -> int:
        return len(self._failures)

    def last_lines(self) -> list[tuple[str, str]]:
        """Return each failure with the last line of its traceback: ("Err[3]", "ValueError: ...")."""
        return [
            (f"Err[{n}]", clean(failure.traceback.splitlines()[-1])) for n, failure in self._failures.items()
        ]

    def __repr__(self) -> str:
        return "\n".join(f"{name}  {line}" for name, line in self.last_lines()) or "No cell has failed."
