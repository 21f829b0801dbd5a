"""Choose how an answer is shown, and show answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ...chat.consent import Consent, by_input
from ...chat.run import View
from ...core.browser import check_threads
from ...core.settings import Settings
from ...render.answer import Answer
from ..frontend import Frontend, inside_output_widget


def show(answer: Answer) -> None:
    """Show a complete answer: in a notebook as its static output, in a terminal as text."""
    display(answer)


def view_for(shell: InteractiveShell, settings: Settings) -> View:
    """Return the view of the `display` setting, or the best one that the frontend can show."""
    # Each view is imported when it is chosen: anywidget alone takes longer than loading the extension.
    match display_of(shell, settings):
        case "live":
            check_threads("The live view", '%config GeminiMagics.display = "auto" chooses another one')
            from .live import LiveView

            return LiveView()
        case "paced":
            from .updates import PacedView

            return PacedView()
        case "once":
            from .updates import OnceView

            return OnceView()
        case _:
            return _text_view()


def _text_view() -> View:
    from .terminal import TerminalView

    return TerminalView()


def display_of(shell: InteractiveShell, settings: Settings) -> str:
    """Return the `display` setting, or the best one that the frontend can show."""
    return settings.display if settings.display != "auto" else _best_display(shell)


def views_for(
    shell: InteractiveShell | None, settings: Settings, *, calls: bool = False
) -> tuple[Callable[[], View], Consent]:
    """Return what makes the views of a question, and who asks the person whether a function may be called.

    Args:
        shell: None in a script.
        calls: whether functions were offered; then each round has a view of its own, with the calls between.
    """
    make: Callable[[], View] = partial(view_for, shell, settings) if shell else _text_view
    if not calls:
        return make, by_input
    from .calls import CallRows, RoundsView

    shown = display_of(shell, settings) if shell else "text"
    # Where a program runs the notebook, nobody presses a button, and `by_input` sees so at once.
    with_buttons = shell is not None and shown == "live" and Frontend.of(shell).allows_input
    rows = CallRows(as_text=shown in ("text", "once"), with_buttons=with_buttons)
    return partial(RoundsView, make, rows), rows.ask


def _best_display(shell: InteractiveShell) -> str:
    if inside_output_widget(shell):
        return "once"
    return {"terminal": "text", "console": "text", "notebook": "live", "updates": "paced"}[
        Frontend.of(shell).kind
    ]
