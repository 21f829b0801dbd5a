"""The same questions in several ways, side by side: prompts, efforts, services and models."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from ..core.browser import check_threads
from ..core.cancel import Cancel, linked
from ..core.errors import BadRequest, GeminiError, unexpected
from ..core.settings import Settings, resolve
from ..core.text import did_you_mean, quoted
from ..service.auto import decided
from .batch import How, check_alone, driver_for, whole_number
from .batch_file import batch_file
from .calls import Caller
from .comparison import Column, Comparison
from .consent import nobody
from .driver import Driver, Plan
from .estimate import check_price
from .foreground import Foreground, check_marked
from .progress import BatchView, NoView, Progress, progress_view
from .results import fields_of
from .rows import Asking, Attach, Rows, asking, pieces_of, read_rows
from .schema import Schema, schema_of
from .tools import tools_of

LOOK_S = 0.1  # the progress moves as often; on Windows Ctrl-C waits for such a look (cpython issue 80116)
ALONE = Rows("list", (), [{}], range(1))  # the one row of a comparison without rows
COMPARED = ("effort", "service", "model")


def compare(
    prompts: str | Sequence[str] | Mapping[str, str],
    over: Any = None,
    *,
    effort: str | Sequence[str] | None = None,
    service: str | Sequence[str] | None = None,
    model: str | Sequence[str] | None = None,
    attach: Attach = None,
    schema: object = None,
    tools: Sequence[Callable[..., Any]] = (),
    expect: str | None = None,
    concurrency: int | None = None,
    executor: object = None,
    record: bool | str | os.PathLike[str] = True,
    limit: int | None = None,
    retry_failed: bool = False,
    confirm: bool = True,
    cancel: Cancel | None = None,
    watch: Callable[[], BatchView] = progress_view,
    **settings: Any,
) -> Comparison:
    """Ask in each combination of prompts, efforts, services and models, and set the answers side by side.

    A combination is a column; one that fails does not stop the others. The columns run at the same time.

    Args:
        prompts: one prompt, several, or several with their names.
        over: rows, as for `batch`; without them each column is one question.
        effort: one or several; `service` and `model` likewise.
        expect: the column of the rows that holds the right answers; each column then has its score.
        concurrency: the most questions under way at once, in all columns together.
        settings: as for `ask`; the other arguments are those of `batch`.

    Raises:
        BadRequest: it cannot be asked as it stands; nothing was sent.
        GeminiError: no column has an answer; the reason is the first one's.
    """
    rows = ALONE if over is None else read_rows(over, whole_number("limit", limit))
    named = prompts_of(prompts)
    ways = [*ways_of(named, settings, effort=effort, service=service, model=model)]
    plans = {name: asking(rows, pieces_of(prompt, rows), attach) for name, prompt in named.items()}
    form = None if schema is None else schema_of(schema)
    how = How(whole_number("concurrency", concurrency), executor, record, confirm, watch, cancel)
    plan = Plan(resolve(settings), form, retry_failed, tools=tools_of(tools))
    return compare_ways(ways, plans, plan, how, expect)


@dataclass(frozen=True)
class Way:
    """One combination: the name of its column, the name of its prompt, and its settings."""

    name: str
    prompt: str
    settings: Mapping[str, Any]


def prompts_of(prompts: str | Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Return prompts by their names; unnamed ones are counted.

    Raises:
        BadRequest: there is none.
    """
    if isinstance(prompts, str):
        return {"": prompts}
    if isinstance(prompts, Mapping):
        found = {str(name): prompt for name, prompt in prompts.items()}
    elif not isinstance(prompts, Iterable):
        raise BadRequest(
            f"The prompts are texts, not {type(prompts).__name__}: write one, or several in a list."
        )
    else:
        found = {f"prompt {number}": prompt for number, prompt in enumerate(prompts, 1)}
    if not found:
        raise BadRequest("There is no prompt to compare: write one, or several in a list.")
    return found


def ways_of(
    prompts: Mapping[str, str], settings: Mapping[str, Any], **several: str | Sequence[str] | None
) -> Iterator[Way]:
    """Yield each combination of prompts and of the settings that have several values.

    Raises:
        BadRequest: a setting has no value at all, or one that is not text.
    """
    lists = {name: _list(name, value) for name, value in several.items() if value is not None}
    if empty := next((name for name, values in lists.items() if not values), None):
        raise BadRequest(f"{empty} has no value to compare: write one, or leave {empty} out.")
    for prompt, *values in product(prompts, *lists.values()):
        chosen = dict(zip(lists, values, strict=True))
        differs = [f"{name}={value}" for name, value in chosen.items() if len(lists[name]) > 1]
        name = " · ".join(filter(None, [prompt if len(prompts) > 1 else "", *differs]))
        yield Way(name or prompt or "answer", prompt, {**settings, **chosen})


def _list(name: str, value: str | Sequence[str]) -> list[str]:
    if not isinstance(value, Iterable):
        raise BadRequest(
            f"The values of {name} are texts, not {type(value).__name__}: write one, or several in a list."
        )
    return [value] if isinstance(value, str) else list(dict.fromkeys(value))


def compare_ways(
    ways: Sequence[Way], plans: Mapping[str, Asking], plan: Plan, how: How, expect: str | None
) -> Comparison:
    """Ask in each way, all at the same time.

    Args:
        plans: for each prompt the rows with it.

    Raises:
        BadRequest: it cannot be asked as it stands; nothing was sent.
        GeminiError: no column has an answer.
    """
    check_threads("A comparison", "ask in one way after the other with ask()")
    first = next(iter(plans.values()))
    _check_expected(expect, first.rows, plan.schema)
    check_alone(plan.settings)
    check_marked(plan.tools)
    if how.confirm:
        check_price(first, plan.settings, len(ways))
    form = plan.schema.json if plan.schema else None
    identity = ["compare", [each.template for each in plans.values()], form]
    cancel = linked(how.cancel)
    each = how.concurrency and max(1, how.concurrency // len(ways))
    how_each = replace(how, concurrency=each, watch=NoView, cancel=cancel)
    calls = Foreground(Caller(plan.tools, plan.settings, nobody), cancel)
    made = [_driver(way, plans[way.prompt], plan, how_each, identity, calls) for way in ways]
    drivers = {way.name: each for way, each in zip(ways, made, strict=True) if isinstance(each, Driver)}
    _run(drivers, how.watch(), cancel, calls)
    columns = [_column(way, found) for way, found in zip(ways, made, strict=True)]
    if (failure := columns[0].error) and not any(column.answers for column in columns):
        raise failure
    return Comparison(first.rows, columns, form, expect)


def _driver(
    way: Way, planned: Asking, plan: Plan, how: How, identity: object, calls: Foreground
) -> Driver | GeminiError:
    """Make the driver of a column, or the error that fails this column alone."""
    try:
        settings: Settings = decided(resolve(way.settings))
        file = batch_file(how.record, settings, identity, of_one_service=True)
        return driver_for(planned, replace(plan, settings=settings), how, file, calls.run)
    except GeminiError as error:
        return error


def _column(way: Way, found: Driver | GeminiError) -> Column:
    if isinstance(found, GeminiError):
        return Column(way.name, (), found)
    return Column(way.name, tuple(found.tally.results), found.tally.reason, found.tally.progress.stopped)


def _run(named: Mapping[str, Driver], view: BatchView, cancel: Cancel, calls: Foreground) -> None:
    """Run all drivers, each in a thread, and their functions in this one; Ctrl-C stops them all."""
    drivers = [*named.values()]
    files = dict.fromkeys(each.tally.progress.file for each in drivers if each.tally.progress.file)
    progress = Progress(sum(each.tally.progress.total for each in drivers), file=" and ".join(files))
    with ThreadPoolExecutor(max(len(drivers), 1), "gemini_magics column") as pool:
        running: list[Future[None]] = [pool.submit(driver.run) for driver in drivers]
        try:
            view.begin(progress)
            for column in running:
                # Otherwise the end of the last column is seen one look too late.
                column.add_done_callback(lambda _: calls.wake())
            while wait(running, timeout=0).not_done:
                calls.serve(LOOK_S)
                _add_up(progress, named)
                view.update(progress)
        except KeyboardInterrupt:
            # The pool waits for its threads at the end of the block, so they are told to stop in it.
            cancel.cancel()
    _add_up(progress, named)
    stopped = dict.fromkeys(each.tally.progress.stopped for each in drivers if each.tally.progress.stopped)
    progress.stopped = " ".join(stopped)
    progress.keeps = any(each.tally.progress.keeps for each in drivers)
    progress.end()
    view.end(progress)
    for done in running:
        if error := done.exception():
            raise error if isinstance(error, GeminiError) else unexpected(RuntimeError(str(error))) from error


SUMMED = ("asked", "kept", "same", "failed", "running", "maybe_twice", "credits", "tokens")


def _add_up(progress: Progress, named: Mapping[str, Driver]) -> None:
    """Write the sums of all columns into one progress, and the newest answer of some."""
    drivers = named.values()
    for name in SUMMED:
        setattr(progress, name, sum(getattr(each.tally.progress, name) for each in drivers))
    for each in drivers:
        progress.days |= each.tally.progress.days
        progress.paused = each.tally.progress.paused or progress.paused
    progress.newest.clear()
    progress.newest.extend(
        (name, each.tally.progress.newest[-1][1]) for name, each in named.items() if each.tally.progress.newest
    )
    if not any(each.tally.progress.paused for each in drivers):
        progress.paused = ""


def _check_expected(expect: str | None, rows: Rows, schema: Schema | None) -> None:
    """See that the right answers are there, and that one field of the schema is compared with them.

    Raises:
        BadRequest: they are not, or it is not clear which field.
    """
    if expect is None:
        return
    if not isinstance(expect, str):
        raise BadRequest(
            f"expect names the column with the right answers as text, not {type(expect).__name__}."
        )
    if expect not in rows.columns:
        known = did_you_mean(expect, rows.columns) if rows.columns else "Name the rows with over=."
        raise BadRequest(f"expect names {quoted(expect)}, which is not a column. {known}")
    fields = fields_of(schema.json) if schema else {}
    if len(fields) > 1 and expect not in fields:
        raise BadRequest(
            f"The schema has several fields, and none is called {expect}: give the field and the column of the "
            "right answers the same name."
        )
