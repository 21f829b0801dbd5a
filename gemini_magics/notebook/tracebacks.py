"""Errors of this package in a cell: one line, the steps in the person's own code, and lines to copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ..core.errors import GeminiError, MissingKey
from .frontend import Frontend


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Let errors of this package fail the cell with one line; other errors keep their traceback."""
    try:
        yield
    except GeminiError as error:
        error.by_magic = True
        raise
    except KeyboardInterrupt as stop:
        # https://ipython.readthedocs.io/en/stable/config/integrating.html#custom-exception-tracebacks
        line = "KeyboardInterrupt: stopped by you. The partial answer is kept; gemini_magics.last() returns it."
        stop._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]  # IPython calls it
        raise


@contextmanager
def ways_offered(shell: InteractiveShell) -> Iterator[None]:
    """Show both ways on where a question has no key; the error itself goes on.

    The error names them, too. A terminal shows it alone, since there a line is not copied with one click.
    """
    try:
        yield
    except MissingKey as error:
        if Frontend.of(shell).kind in ("notebook", "updates"):
            _show_ways({
                "Enter a key, in a field that hides it:": f"%gemini_key {error.service}",
                "Or try the stand-in on this machine, without a key:": '%config GeminiMagics.service = "demo"',
            })  # fmt: skip
        raise


def traceback_lines(error: GeminiError) -> list[str]:
    """Return the lines that IPython shows for an error of this package: the person's own steps, then the error.

    An error of a magic is one line, since the mistake is in the cell that the person looks at.
    """
    line = f"{type(error).__name__}: {error}"
    if error.by_magic:
        return [line]
    from ..content.tracebacks import own_steps
    from ..service.masking import masked

    shell = get_ipython()
    return [*(masked(step, shell.user_ns if shell else None) for step in own_steps(error, shell)), line]


def _show_ways(ways: dict[str, str]) -> None:
    from ..render.html import escape
    from ..render.style import styled

    # One click selects such a line whole: https://developer.mozilla.org/en-US/docs/Web/CSS/user-select
    html = "".join(
        f'<p>{escape(said)}</p><pre style="user-select:all"><code>{escape(line)}</code></pre>'
        for said, line in ways.items()
    )
    text = "\n".join(f"{said} {line}" for said, line in ways.items())
    display({"text/html": styled(html), "text/plain": text}, raw=True)
