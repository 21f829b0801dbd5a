"""A batch in a notebook: one output with its bar, its numbers and its newest answers, updated in place."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import DisplayHandle, display

from ...chat.progress import BatchView, LineView, Progress
from ...core.text import reveal
from ...render.html import escape
from ...render.style import note_html, styled
from ...render.table import BAR_CHARS, bar
from ..frontend import Frontend, inside_output_widget

# Each update replaces the whole output on the page, which costs it more than a frame of the live view.
FRAME_S = 0.25


class ProgressView:
    """Shows a batch as a display that is updated a few times a second."""

    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None
        self._due = 0.0

    def begin(self, progress: Progress) -> None:
        """Display the output."""
        self._handle = display(bundle(progress), raw=True, display_id=True)
        self._due = progress.clock() + FRAME_S

    def update(self, progress: Progress) -> None:
        """Update it once the pause is over."""
        if self._handle is not None and progress.clock() >= self._due:
            self._handle.update(bundle(progress), raw=True)
            self._due = progress.clock() + FRAME_S

    def end(self, progress: Progress) -> None:
        """Show the last state."""
        if self._handle is None:  # interrupted before `begin`
            display(bundle(progress), raw=True)
        else:
            self._handle.update(bundle(progress), raw=True)


class FinalView:
    """Shows the last state alone, where a display cannot be updated."""

    def begin(self, progress: Progress) -> None:
        """Show nothing yet."""

    def update(self, progress: Progress) -> None:
        """Show nothing yet."""

    def end(self, progress: Progress) -> None:
        """Show the last state."""
        display(bundle(progress), raw=True)


def progress_view_for(shell: InteractiveShell) -> BatchView:
    """Return the view of a batch that the frontend can show."""
    if inside_output_widget(shell):
        return FinalView()
    return LineView() if Frontend.of(shell).kind in ("terminal", "console") else ProgressView()


def bundle(progress: Progress) -> dict[str, str]:
    """Return the state of a batch as text/html and text/plain."""
    drawn = bar(progress.done / progress.total if progress.total else 1.0).ljust(BAR_CHARS, "░")
    newest = [f"{label}: {said}" for label, said in progress.newest]
    notes = progress.notes()
    html = (
        f"<div><code>{drawn}</code> {escape(progress.line())}</div>"
        + "".join(f"<div><small>{escape(reveal(line))}</small></div>" for line in newest)
        + "".join(note_html(reveal(note)) for note in notes)
    )
    text = "\n".join([f"{drawn} {progress.line()}", *map(reveal, (*newest, *notes))])
    return {"text/html": styled(html), "text/plain": text}
