"""Many questions at once: the same prompt for each row of a table or each item of a list."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from numbers import Integral
from typing import Any

from ..core.cancel import Cancel, linked
from ..core.errors import BadRequest
from ..core.messages import ToolCall
from ..core.settings import Settings, resolve
from ..core.text import quoted
from ..service.auto import decided
from .batch_file import BatchFile, batch_file
from .calls import Caller, CallResult
from .consent import nobody
from .driver import Driver, Plan
from .estimate import check_price, estimate
from .foreground import check_marked
from .pace import Pace, window_of
from .pools import pool_of
from .progress import BatchView, progress_view
from .results import failure_of, table_of
from .rows import Asking, Attach, asking, pieces_of, read_rows
from .run import service_of
from .schema import schema_of
from .tools import tools_of


def batch(
    rows: Any,
    prompt: str,
    *,
    attach: Attach = None,
    schema: object = None,
    tools: Sequence[Callable[..., Any]] = (),
    concurrency: int | None = None,
    executor: object = None,
    record: bool | str | os.PathLike[str] = True,
    limit: int | None = None,
    retry_failed: bool = False,
    stop_after: int | None = None,
    confirm: bool = True,
    dry_run: bool = False,
    cancel: Cancel | None = None,
    watch: Callable[[], BatchView] = progress_view,
    **settings: Any,
) -> Any:
    """Ask the same of many rows, several at once, and return a table of the answers.

    ``$`column``` in the prompt is the row's value, put in once and never read again. A row that fails is a
    value in its row: the others go on. Ctrl-C ends the batch within a second and returns what is done.

    Args:
        rows: a DataFrame of pandas or polars, or a list of dicts, figures, files or texts. An item that is no
            dict has one column, `item`, and is attached unless the prompt names it.
        attach: the column of each row's media, several columns, or a function of the row. Text there is a path
            in the notebook's folder, or an https URL.
        schema: as for `ask`: its fields become columns. `list[Row]` gives several rows for one.
        tools: functions that the model may call, each marked with `@gemini_magics.tool(run=True)`, since nobody
            is asked. They run here, one call after the other, also where workers ask the questions.
        concurrency: the most questions under way at once; unless named, 8 that grow as the service allows.
        executor: a Dask Client, an ipyparallel Client or a `concurrent.futures.Executor`; threads otherwise.
        record: the file that keeps the answers, so that running again asks only what is missing; True names
            one itself, False keeps none.
        limit: ask only so many first rows.
        retry_failed: ask rows again whose answer broke off, although they may have been charged.
        stop_after: begin no more rows after so many failures; 20 in a row without it.
        confirm: ask before more than 1,000 rows, or more than half of the budget.
        dry_run: send nothing, and return an estimate of the price.
        watch: makes the view that shows the progress.
        settings: as for `ask`.

    Returns:
        A table like the rows: a DataFrame with their index, or a list with `.frame()`. Its columns are `answer`
        (the Answer), those of the schema, `ended`, `error`, `tokens`, `credits` and `seconds`, and `note` where
        a reader must know more: an answer is cut short, blocked or without words, or was maybe asked twice.

    Raises:
        BadRequest: a row has no value that the prompt names, or the batch cannot be asked as it stands.
        GeminiError: no row could be answered; the reason is the first one's.
    """
    found = read_rows(rows, whole_number("limit", limit))
    chosen = decided(resolve(settings))
    planned = asking(found, pieces_of(prompt, found), attach)
    form = None if schema is None else schema_of(schema)
    plan = Plan(chosen, form, retry_failed, whole_number("stop_after", stop_after), tools=tools_of(tools))
    how = How(whole_number("concurrency", concurrency), executor, record, confirm, watch, cancel)
    return estimate(planned, chosen) if dry_run else ask_rows(planned, plan, how)


@dataclass(frozen=True)
class How:
    """How a batch is carried out: with which workers, kept where, watched by whom."""

    concurrency: int | None = None
    executor: object = None
    record: bool | str | os.PathLike[str] = True
    confirm: bool = True
    watch: Callable[[], BatchView] = progress_view
    cancel: Cancel | None = None


def ask_rows(planned: Asking, plan: Plan, how: How) -> Any:
    """Ask all rows of a batch; return the table of the answers.

    Raises:
        BadRequest: it cannot be asked as it stands; nothing was sent.
        GeminiError: no row could be answered.
    """
    check_alone(plan.settings)
    check_marked(plan.tools)
    if how.confirm:
        check_price(planned, plan.settings)
    schema = plan.schema
    identity = [planned.template, schema and schema.json]
    call = Caller(plan.tools, plan.settings, nobody).run
    driver = driver_for(planned, plan, how, batch_file(how.record, plan.settings, identity), call)
    driver.run()
    if failure := failure_of(driver.tally.results, driver.tally.reason):
        raise failure
    why_not = driver.tally.progress.stopped or "It was not asked."
    return table_of(planned.rows, driver.tally.results, schema, why_not)


def driver_for(
    planned: Asking, plan: Plan, how: How, file: BatchFile, call: Callable[[ToolCall], CallResult]
) -> Driver:
    """Make the driver of a batch, with its pace, its workers and its view.

    Args:
        call: calls the functions of the plan.

    Raises:
        BadRequest: there is no such service, or no such workers.
    """
    pace = Pace(window_of(service_of(plan.settings)), how.concurrency)
    pool = pool_of(how.executor, pace.most)
    # An engine runs one task at a time in each slot, and a question mostly waits. So a task has as many rows
    # as all slots together need for `pace.most` questions under way.
    plan = replace(plan, per_task=1 if pool.here else max(1, ceil(pace.most / pool.slots)))
    return Driver(planned, plan, pace, pool, file, how.watch(), linked(how.cancel), call)


def check_alone(settings: Settings) -> None:
    """See that no conversation is asked for.

    Raises:
        BadRequest: it is.
    """
    if settings.chat:
        raise BadRequest(
            "Each row is a question of its own, in no conversation: leave chat out, or write --no-chat."
        )


def whole_number(name: str, value: object) -> int | None:
    """Check a number that counts something.

    Raises:
        BadRequest: it is not a number, or not above 0.
    """
    if value is None:
        return None
    # A number of NumPy is one, too; bool is a subclass of int:
    # https://docs.python.org/3/library/stdtypes.html#boolean-type-bool
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise BadRequest(f"{name} is a whole number from 1, not {quoted(value)}.")
    return int(value)
