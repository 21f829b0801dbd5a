"""Jobs: questions that are answered while other cells run, each in a thread of its own."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.answer import INTERRUPTED, OURS
from ..core.browser import check_threads
from ..core.cancel import Cancel
from ..core.errors import BadRequest, GeminiError, unexpected
from ..core.question import Question
from ..core.text import clean, shorten
from ..render.answer import Answer

if TYPE_CHECKING:
    from ..render.table import Table

KEPT_JOBS = 50
QUESTION_CHARS = 60
END_S = 2.0  # in which stopped jobs store what has come, when the kernel ends


class BackgroundJob:
    """A question that is being answered. `--background --to NAME` keeps it in a variable.

    Attributes:
        number: its number in `%gemini_jobs`.
        place: the cell that asked, such as "In [5]".
        prompt: the text of the question.
        answer: the answer, which grows; None before the question is on its way.
        error: why it failed; None where it did not, or has not ended.
    """

    def __init__(self, question: Question, number: int) -> None:
        self.number = number
        self.place: str = question.place
        self.prompt: str = "".join(part for part in question.message.parts if isinstance(part, str))
        self.answer: Answer | None = None
        self.error: GeminiError | None = None
        self.switch: Cancel = Cancel()
        self._ended = threading.Event()

    @property
    def done(self) -> bool:
        """True once the answer has ended, well or not."""
        return self._ended.is_set()

    @property
    def state(self) -> str:
        """One word: running, done, stopped or failed."""
        if not self.done:
            return "running"
        if self.error:
            return "failed"
        return "stopped" if self.answer and self.answer.ended == INTERRUPTED else "done"

    def result(self, timeout_s: float | None = None) -> Answer:
        """Wait for the end and return the answer; a stopped one has what had come.

        Args:
            timeout_s: seconds to wait at most; None waits until the end.

        Raises:
            GeminiError: the question failed, as `ask` fails.
            TimeoutError: it has not ended in time; it goes on.
        """
        if not self._ended.wait(timeout_s):
            raise TimeoutError(f"Job {self.number} has not ended after {timeout_s:g} s, and goes on.")
        if self.error:
            raise self.error
        assert self.answer is not None  # noqa: S101 - a question without an error has an answer
        return self.answer

    def cancel(self) -> None:
        """Stop it, and keep what has come."""
        self.switch.cancel()

    def run(self, ask: Callable[[], Answer]) -> None:
        """Ask in this thread, and keep the answer or the error."""
        try:
            self.answer = ask()
        except GeminiError as error:
            self.error = error
            self.answer = error.answer if isinstance(error.answer, Answer) else self.answer
        except Exception as error:  # noqa: BLE001 - a thread has no caller: `result` raises it
            self.error = unexpected(error)
        finally:
            self._ended.set()

    def __repr__(self) -> str:
        return f"<Job {self.number}, {self.place or 'Python'}: {self.state}>"


_jobs: list[BackgroundJob] = []
_count = 0


def new_job(question: Question) -> BackgroundJob:
    """Make the job of a question and keep it in the list."""
    global _count
    if not _count:
        atexit.register(end_all)
    _count += 1
    job = BackgroundJob(question, _count)
    _jobs.append(job)
    for old in [each for each in _jobs if each.done][: max(len(_jobs) - KEPT_JOBS, 0)]:
        _jobs.remove(old)
    return job


def start(job: BackgroundJob, ask: Callable[[], Answer]) -> None:
    """Ask in a thread of its own."""
    check_threads("A question in the background", "leave --background out")
    # Python joins other threads before it calls what `atexit` holds, so only a daemon lets `end_all` run:
    # https://docs.python.org/3/library/threading.html#thread-objects
    threading.Thread(target=job.run, args=(ask,), name=f"gemini_magics job {job.number}", daemon=True).start()


def jobs() -> tuple[BackgroundJob, ...]:
    """Return the jobs of this session, the oldest first: those that run, and the last others, 50 in all."""
    return tuple(_jobs)


def job_numbered(number: int) -> BackgroundJob:
    """Return a job by its number.

    Raises:
        BadRequest: there is none; names those that run.
    """
    for job in _jobs:
        if job.number == number:
            return job
    running = ", ".join(str(job.number) for job in _jobs if not job.done)
    raise BadRequest(
        f"There is no job {number}. " + (f"Running: {running}." if running else "None is running.")
    )


def end_all() -> None:
    """Stop all jobs, and give them a moment to store what has come."""
    running = [job for job in _jobs if not job.done]
    for job in running:
        job.cancel()
    for job in running:
        job._ended.wait(END_S)


def jobs_table() -> Table:
    """Return the jobs as a table."""
    from ..render.table import Table  # loads the Markdown parser

    rows = [
        (
            str(job.number),
            job.place,
            job.state,
            f"{job.answer.seconds:.0f} s" if job.answer else "",
            shorten(" ".join(clean(job.prompt).split()), QUESTION_CHARS),
            _why(job),
        )
        for job in _jobs
    ]
    return Table(("job", "cell", "state", "time", "question", ""), rows, frozenset({0, 3}), ())


def _why(job: BackgroundJob) -> str:
    if job.error:
        return shorten(clean(str(job.error)), 2 * QUESTION_CHARS)
    ended = job.answer.ended if job.answer and job.done else None
    return ended if ended and ended not in (*OURS, "stop") else ""
