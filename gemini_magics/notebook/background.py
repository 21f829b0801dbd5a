"""`--background`: the cell ends at once, and its answer grows in its output while other cells run."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Literal

from IPython.core.interactiveshell import InteractiveShell

from ..chat.jobs import BackgroundJob, new_job, start
from ..chat.run import answer_to
from ..chat.schema import Schema, answer_in
from ..core.errors import AnswerMismatch, BadRequest, GeminiError
from ..core.messages import Event
from ..core.question import Question
from ..core.text import listed
from ..render.answer import Answer
from ..render.metadata import metadata
from ..render.static_output import bundle
from .frontend import Frontend
from .options import CellLine
from .views.choose import view_for

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

    from .views.live import LiveView
    from .views.updates import PacedView

_GROWING = ("auto", "live", "paced")
# Code goes to the next cell in the reply to the cell that asks, so that cell must still run:
# https://jupyter-client.readthedocs.io/en/stable/messaging.html#payloads-deprecated
_IN_FRONT = ("code", "tool")  # what runs in the main thread


def ask_in_background(
    asked: CellLine, question: Question, schema: Schema | None, shell: InteractiveShell
) -> BackgroundJob:
    """Put a question on its way and return once its output is there; its job goes on.

    Where no page shows the output as it grows, as in a terminal or in nbclient, the cell waits for the end.

    Raises:
        BadRequest: an option needs the cell itself.
        GeminiError: the question could not be asked; where the cell waits, also what `answer_to` raises.
    """
    if taken := [f"--{name}" for name in _IN_FRONT if getattr(asked, name)]:
        verb = "need" if taken[1:] else "needs"
        raise BadRequest(f"{listed(taken, 'and')} {verb} the cell itself: leave --background out.")
    job = new_job(question)
    if asked.to:
        shell.user_ns[asked.to] = job
    display = question.settings.display
    waits = Frontend.of(shell).kind != "notebook" or display not in _GROWING
    view = BackgroundView(job, "paced" if display == "paced" else "live")
    make = partial(view_for, shell, question.settings) if waits else view.opened

    def keep(answer: Answer) -> None:
        job.answer = answer

    def ask() -> Answer:
        if schema:
            # A second answer, to the question that asks once more for the form, must not open a second output.
            again = None if waits else view.again
            return answer_in(schema, question, watch=make, again=again, started=keep, cancel=job.switch)
        return answer_to(question, watch=make, started=keep, cancel=job.switch)

    def ask_apart() -> Answer:
        try:
            return ask()
        except GeminiError as error:
            view.fail(error)
            raise
        finally:
            # A question that fails before its output is there would leave the cell waiting for ever.
            view.shown.set()

    if waits:
        job.run(ask)
        job.result()
        return job
    start(job, ask_apart)
    try:
        view.shown.wait()
    except BaseException:
        # Ctrl-C is not an Exception: https://docs.python.org/3/library/exceptions.html#exception-hierarchy
        job.cancel()
        raise
    # There is no output in which the failure could be shown, so the cell fails.
    if job.error and job.answer is None:
        raise job.error
    return job


class BackgroundView:
    """A view whose output is made while its cell runs, and changed from a thread afterwards.

    ipykernel sends what a thread displays to the cell that runs at that moment, so the cell waits until
    `shown` is set. Later updates name their display.
    """

    # https://jupyter-client.readthedocs.io/en/stable/messaging.html#update-display-data

    def __init__(self, job: BackgroundJob, display: Literal["live", "paced"]) -> None:
        self.shown: threading.Event = threading.Event()
        self._job, self._display = job, display
        self._handle: DisplayHandle | None = None
        self._mark = ""
        self._view: LiveView | PacedView | None = None

    @property
    def tick_s(self) -> float | None:
        """The pause of the view that grows."""
        return self._view.tick_s if self._view else None

    def opened(self) -> BackgroundView:
        """Make the view in the thread that asks."""
        if self._display == "live":
            from .views.live import LiveView

            self._view = LiveView(stop=self._job.cancel)
        else:
            from .views.updates import PacedView

            # The cell has ended without a traceback, so the output itself has to say what went wrong.
            self._view = PacedView(raised=False)
        return self

    def again(self, misfit: AnswerMismatch) -> BackgroundView:
        """Go on in the same output with the second answer, which is shown at its end."""
        self._view = None
        return self

    def begin(self, answer: Answer) -> None:
        """Display the output, and let the cell end."""
        if self._view:
            self._view.begin(answer)
            self._handle, self._mark = self._view.handle, getattr(self._view, "mark", "")
        self.shown.set()

    def update(self, answer: Answer, events: list[Event]) -> None:
        """Take new events in."""
        if self._view:
            self._view.update(answer, events)

    def end(self, answer: Answer) -> None:
        """Show the answer in its last state."""
        if self._view:
            self._view.end(answer)
        elif self._handle:
            self._handle.update(bundle(answer, mark=self._mark), metadata=metadata(answer), raw=True)

    def fail(self, error: GeminiError) -> None:
        """Show in red why it failed, below what has come, since the cell has ended and has no traceback."""
        if self._handle and isinstance(error.answer, Answer):
            shown = bundle(error.answer, mark=self._mark, failure=f"{type(error).__name__}: {error}")
            self._handle.update(shown, metadata=metadata(error.answer), raw=True)
