"""The driver of a batch: it alone decides which row is asked, when, again or no more. Workers only ask.

All state is here, in one thread: the window and the pause of the service (`pace`), tries, the budget, the
order, the progress and the file. A worker gets rows and returns values (`workers`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from queue import Empty, SimpleQueue
from uuid import uuid4

from ..core.answer import CUT, FAILED, INTERRUPTED, close, fold
from ..core.cancel import Cancel, uninterrupted
from ..core.errors import (
    AnswerMismatch,
    AuthenticationError,
    BadRequest,
    ConnectionFailed,
    GeminiError,
    MissingKey,
    QuotaExceeded,
    ServiceError,
    unexpected,
)
from ..core.messages import Message, ToolCall
from ..core.question import Question
from ..core.settings import Settings
from ..core.text import counted, error_line
from ..core.tool import Tool
from ..recording.record import asked_by
from ..render.answer import Answer
from .batch_file import BatchFile
from .calls import CallResult
from .pace import Pace, Start
from .pools import Pool
from .progress import BatchView
from .rounds import check_rounds
from .rows import Asking
from .schema import Schema, corrected
from .tally import RowResult, Tally
from .usage import admit_if_room, book, release
from .workers import Outcome, Row

LOOK_S = 0.1  # between two looks at the clock, and on Windows at Ctrl-C
STOP_S = 0.8  # how long a stop waits for what was under way
MOST_TRIES = 10  # of one row; where the service is away, MOST_PAUSES ends the whole batch sooner
MOST_LOSSES = 3  # workers that a row may lose: it may be what ends them
# Other rows would get the same answer now: a limit (RFC 6585, section 4), kie's maintenance (455), and a
# service that is away (https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4).
CONCERN_ALL = (429, 455, 503)
LASTING = (AuthenticationError, MissingKey, QuotaExceeded)  # each further row would fail with the same
# https://distributed.dask.org/en/stable/killed.html
LOST = ("EngineError", "KilledWorker")  # of ipyparallel, and of Dask when it has run a task often enough


@dataclass
class Job:
    """A row that is being asked, with the rows that are equal to it.

    Attributes:
        after: the messages after the question: calls of functions and their results, in so many `rounds`.
        answer: the answer up to those calls, or None before any.
    """

    place: int
    question: Question
    tries: int = 0
    losses: int = 0
    not_before: float = 0.0
    corrects: bool = False
    same: list[int] = field(default_factory=list)
    after: tuple[Message, ...] = ()
    answer: Answer | None = None
    rounds: int = 0


@dataclass(frozen=True)
class Plan:
    """The terms of a batch.

    Attributes:
        retry_failed: ask rows again that broke off and may have been charged.
        stop_after: begin no more rows after so many failures; None after 20 with no answer between them.
        per_task: the most rows of one task.
    """

    settings: Settings
    schema: Schema | None = None
    retry_failed: bool = False
    stop_after: int | None = None
    per_task: int = 1
    cell: str = ""
    anchor: str = ""
    place: str = ""
    tools: tuple[Tool, ...] = ()


class Driver:
    """Asks the rows of one batch, from `run` to its end.

    Args:
        call: calls a function that a row asks for.
    """

    def __init__(
        self,
        asking: Asking,
        plan: Plan,
        pace: Pace,
        pool: Pool,
        file: BatchFile,
        view: BatchView,
        cancel: Cancel,
        call: Callable[[ToolCall], CallResult],
    ) -> None:
        self._call = call
        self._message_of = asking.messages(plan.settings)
        # Only the driver repeats rows and holds the budget: workers know neither the pause nor the ledger.
        self._workers_settings = replace(plan.settings, retries=0, budget="")
        self._plan, self._pace, self._pool = plan, pace, pool
        self._file, self._view, self._cancel = file, view, cancel
        self.tally: Tally = Tally(asking.rows, plan.stop_after, file.label)
        self._progress = self.tally.progress
        self._at = 0  # the first row that has had no turn yet
        self._by_key: dict[str, int] = {}
        self._under_way: dict[int, Job] = {}
        self._again: deque[Job] = deque()
        self._tasks: dict[str, list[tuple[Job, Start]]] = {}
        self._rows_of: dict[str, list[int]] = {}
        self._came: SimpleQueue[tuple[str, Future[list[Outcome]]]] = SimpleQueue()

    def run(self) -> None:
        """Ask all rows; Ctrl-C, `cancel` and what concerns all rows end it early, and keep what is done."""
        try:
            self._view.begin(self._progress)
            while not self._cancel.cancelled:
                self._begin_rows()
                if not self._tasks and (self.tally.stopped or not self._has_more):
                    break
                self._collect(min(self._pace.wait_s() or LOOK_S, LOOK_S))
                self._tell()
        except KeyboardInterrupt:
            self._cancel.cancel()
        # An impatient person presses Ctrl-C twice, and no answer may be lost by it.
        with uninterrupted():
            if self._cancel.cancelled:
                self._interrupt()
            self._pool.close()
            self._keep_begun()
            self._mark_repeated()
            self.tally.show_last_rows()
            self._progress.keeps = self._file.keeps
            self._progress.running, self._progress.paused = 0, ""
            self._progress.end()
            self._view.end(self._progress)

    @property
    def _has_more(self) -> bool:
        return bool(self._again) or self._at < self._progress.total

    def _begin_rows(self) -> None:
        """Send rows to free workers, as many as may begin now."""
        while not self.tally.stopped and (free := self._pool.slots - len(self._tasks)) > 0:
            room = min(self._pace.allowed, self._pace.most) - self._progress.running
            # The room is shared by the free workers, or the first one would get all rows and the others none.
            jobs = [*self._jobs(min(self._plan.per_task, ceil(room / free)))]
            if not jobs:
                return
            task = uuid4().hex
            self._tasks[task] = jobs
            self._rows_of[task] = [job.place for job, _ in jobs]
            self._progress.running += len(jobs)
            rows = [Row((*job.question.messages, *job.after), job.answer) for job, _ in jobs]
            schema = self._plan.schema.json if self._plan.schema else None
            try:
                future = self._pool.submit(
                    task, rows, self._workers_settings, schema, self._cancel, self._plan.tools
                )
            except (BrokenExecutor, RuntimeError) as error:  # it is broken, or was shut down
                future = Future()
                future.set_exception(error)
            # It is called in a thread of the engine, so it only puts into a queue, which threads may share:
            # https://docs.python.org/3/library/concurrent.futures.html#future-objects
            future.add_done_callback(partial(self._came_back, task))

    def _came_back(self, task: str, future: Future[list[Outcome]]) -> None:
        self._came.put((task, future))

    def _jobs(self, most: int) -> Iterator[tuple[Job, Start]]:
        """Yield rows that may begin now, counted as begun."""
        for _ in range(most):
            if self._pace.wait_s() > 0:
                return
            job = self._next()
            if job is None:
                return
            yield job, self._pace.begin()

    def _next(self) -> Job | None:
        """Return the next row to ask, admitted by the budget; None where there is none now."""
        now = time.monotonic()
        job = next((job for job in self._again if job.not_before <= now), None)
        if job:
            self._again.remove(job)
        job = job or self._next_new()
        if job is None:
            return None
        try:
            if admit_if_room(job.question):
                return job
        except BadRequest as error:  # the budget is spent
            self.tally.stop(error)
        self._again.appendleft(job)
        return None

    def _next_new(self) -> Job | None:
        """Return the next row that nobody answered yet; rows on the way that need no question are finished."""
        while self._at < self._progress.total and not self.tally.stopped:
            place, self._at = self._at, self._at + 1
            try:
                job = self._job(place)
                if job and not self._answered_by_file(job):
                    return job
            except Exception as error:  # noqa: BLE001 - the things of a row run code of their own
                failure = error if isinstance(error, GeminiError) else unexpected(error)
                self.tally.finish(place, RowResult(error=failure))
                if self._plan.settings.strict:
                    self.tally.stop(failure)
            self._tell()
        return None

    def _job(self, place: int) -> Job | None:
        """Make the question of a row; None where an equal row has it."""
        plan = self._plan
        message = self._message_of(place)
        schema = plan.schema.json if plan.schema else None
        question = Question((message,), plan.settings, plan.cell, plan.anchor, plan.place, schema, plan.tools)
        first = self._by_key.setdefault(asked_by(question).key, place)
        if first == place:
            job = self._under_way[place] = Job(place, question)
            return job
        if first in self._under_way:
            self._under_way[first].same.append(place)
        else:
            self.tally.copy(place, self.tally.results[first])
        return None

    def _answered_by_file(self, job: Job) -> bool:
        """Finish a row by the answers that were kept; a first one that does not fit may have a second."""
        while found := self._file.find(job.question, retry_failed=self._plan.retry_failed):
            answer, error = found
            self._progress.days.add(answer.recorded)
            book(job.question, answer)
            if error:
                self._end(job, answer, error)
            else:
                self._whole(job, answer)
            if job not in self._again:
                return True
            self._again.remove(job)
        return False

    def _collect(self, patience_s: float) -> None:
        """Take in what came back; wait so long for the first."""
        try:
            task, future = self._came.get(timeout=patience_s)
            while True:
                self._take(task, future)
                task, future = self._came.get_nowait()
        except Empty:
            return

    def _take(self, task: str, future: Future[list[Outcome]]) -> None:
        jobs = self._tasks.pop(task, [])
        self._progress.running -= len(jobs)
        try:
            outcomes = future.result()
        except Exception as error:  # noqa: BLE001 - engines raise errors of their own
            for job, _ in jobs:
                release(job.question)
                self._lost(job, error)
            return
        for (job, start), outcome in zip(jobs, outcomes, strict=True):
            self._pace.ended(start, outcome.since_sent_s)
            book(job.question, outcome.answer)
            self.tally.count(outcome.answer)
            self._judge(job, start, outcome)

    def _judge(self, job: Job, start: Start, outcome: Outcome) -> None:
        answer, error = outcome.answer, outcome.error
        if error is None and answer.ended == INTERRUPTED:
            self.tally.results[job.place] = RowResult(answer)
        elif error is None and outcome.round.asked:
            self._pace.answered()
            self._go_on(job, outcome)
        elif error is None:
            self._pace.answered()
            self._file.keep(job.question, answer)
            self._whole(job, answer)
        elif isinstance(error, MissingKey) and not self._pool.here:
            self._end(job, answer, MissingKey(f"{error} Workers look for the key where they run."))
        elif outcome.wait_s is None or not self._plan.settings.retries:
            # It may have been charged: kept, it is asked again only when the person says so.
            if answer.ended == CUT:
                self._file.keep(job.question, answer)
            self._end(job, answer, error)
        else:
            self._repeat(job, start, outcome, error)

    def _go_on(self, job: Job, outcome: Outcome) -> None:
        """Call the functions that a row asks for, in this thread, and ask on with their results."""
        answer, calls = outcome.answer, outcome.round.asked.calls if outcome.round.asked else ()
        try:
            check_rounds(job.rounds, self._plan.settings)
        except GeminiError as error:
            close(answer, FAILED, str(error))
            self._end(job, answer, error)
            return
        results: list[CallResult] = []
        for call in calls:
            if self._cancel.cancelled:
                break
            results.append(self._call(call))
            fold(answer, results[-1].call)
            answer.total_s = (answer.total_s or 0.0) + results[-1].call.seconds
            if results[-1].call.status == "stopped":
                self._cancel.cancel()
        job.answer, job.rounds = answer, job.rounds + 1
        # Services answer 400 to a message whose calls have not each a result, so none goes without them.
        if len(results) == len(calls):
            job.after = (*job.after, *outcome.round.messages(results))
        self._again.appendleft(job)

    def _keep_begun(self) -> None:
        """Keep the answers of rows that wait for their next request, as far as they came."""
        for job in self._again:
            if job.answer:
                reason = None if self._cancel.cancelled else self.tally.reason
                close(job.answer, FAILED if reason else INTERRUPTED, str(reason or ""))
                self.tally.results[job.place] = RowResult(job.answer, reason)

    def _repeat(self, job: Job, start: Start, outcome: Outcome, error: GeminiError) -> None:
        """Ask a row again that cost nothing: after a pause for all, or after one of its own."""
        job.tries += 1
        wait_s, told_s = outcome.wait_s or 0.0, getattr(error, "retry_after_s", None) or 0.0
        longest = self._plan.settings.retry_wait_s
        if isinstance(error, ConnectionFailed) or _code(error) in CONCERN_ALL:
            goes_on = told_s <= longest and self._pace.pause(start, wait_s)
            if goes_on and job.tries < MOST_TRIES:
                self._again.appendleft(job)
            else:
                self._end(job, outcome.answer, error)
            if not goes_on:
                self.tally.stop(error)
        elif job.tries <= self._plan.settings.retries and told_s <= longest:
            # A fault such as 500 concerns this row alone, so the others go on meanwhile.
            job.not_before = time.monotonic() + max(told_s, wait_s * 2.0 ** (job.tries - 1))
            self._again.append(job)
        else:
            self._end(job, outcome.answer, error)

    def _whole(self, job: Job, answer: Answer) -> None:
        """Read the data of a whole answer; one that does not fit is asked for once more."""
        schema = self._plan.schema
        try:
            if schema:
                answer.data = schema.read(answer.text, beside_marks=bool(answer.pictures))
        except AnswerMismatch as misfit:
            if job.corrects:
                self._end(job, answer, misfit)
                return
            job.question, job.corrects = corrected(job.question, answer, misfit), True
            job.after, job.answer, job.rounds = (), None, 0
            self._again.appendleft(job)
        except GeminiError as error:
            self._end(job, answer, error)
        else:
            self._end(job, answer)

    def _lost(self, job: Job, error: BaseException) -> None:
        """Ask a row again whose worker was lost; it may have been asked there."""
        kind = getattr(error, "ename", type(error).__name__)  # ipyparallel wraps errors, and names them
        # ipyparallel tells that an engine died, and repeats nothing. Dask repeats by itself until KilledWorker:
        # https://distributed.dask.org/en/stable/resilience.html
        if kind == "EngineError" and job.losses < MOST_LOSSES:
            job.losses += 1
            self._again.append(job)
            return
        lost = kind in LOST or isinstance(error, BrokenExecutor)
        failure = GeminiError(
            "The worker of this row was lost, and the question may have been charged: look at its log."
            if lost
            else f"The workers cannot ask ({error_line(error)}): see that gemini_magics is installed there."
        )
        self._end(job, None, failure)
        # A broken pool, or workers without this package, would fail each further row.
        if kind not in LOST:
            self.tally.stop(failure)

    def _end(self, job: Job, answer: Answer | None, error: GeminiError | None = None) -> None:
        del self._under_way[job.place]
        if error:
            error.answer = answer
        result = RowResult(answer, error, maybe_twice=job.losses > 0)
        self.tally.finish(job.place, result)
        for place in job.same:
            self.tally.copy(place, result)
        if isinstance(error, LASTING):
            self.tally.stop(error)

    def _interrupt(self) -> None:
        """Keep what is under way as far as it came, and say what still runs elsewhere."""
        until = time.monotonic() + STOP_S
        # The switch reaches threads of this session alone; questions elsewhere run on, and are told below.
        while self._pool.here and self._tasks and time.monotonic() < until:
            self._collect(LOOK_S)
        left = [job for jobs in self._tasks.values() for job, _ in jobs]
        for job in left:
            release(job.question)
        said = f"Stopped after {self._progress.done:,} of {self._progress.total:,} rows."
        if left and not self._pool.here:
            said += f" {counted(len(left), 'question')} may still run on the workers, and must be paid."
        self._progress.stopped = said

    def _mark_repeated(self) -> None:
        """Mark the rows of tasks that the engine ran more than once, after it had lost a worker."""
        repeated = [task for task, times in self._pool.starts().items() if times > 1]
        self.tally.mark_twice(place for task in repeated for place in self._rows_of.get(task, ()))

    def _tell(self) -> None:
        paused = self._pace.paused_s()
        self._progress.paused = f"the service asks for a pause, {paused:.0f} s" if paused else ""
        self._view.update(self._progress)


def _code(error: GeminiError) -> int | None:
    if not isinstance(error, ServiceError):
        return None
    return error.code if isinstance(error.code, int) else error.status
