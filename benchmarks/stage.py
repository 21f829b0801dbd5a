"""A notebook in Chromium with a scripted service, and the processor time of its page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / each) for each in ("browser", "")]

from lab import Server, launch  # noqa: E402
from prompter import Prompter  # noqa: E402

SPENT = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


class Stage(NamedTuple):
    """The service, the browser and the Jupyter server of a benchmark."""

    service: Prompter
    session: BrowserContext
    server: Server


@contextmanager
def stage() -> Iterator[Stage]:
    """Start the service, the Jupyter server and the browser; end them afterwards."""
    with (
        closing(Prompter()) as service,
        TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        launch(playwright) as browser,
        Server(Path(folder), service.environment) as server,
    ):
        yield Stage(service, browser.new_context(), server)


def spy_on(page: Page) -> CDPSession:
    """Make Chromium count the work of the page's main thread."""
    # https://chromedevtools.github.io/devtools-protocol/tot/Performance/
    spy = page.context.new_cdp_session(page)
    spy.send("Performance.enable")
    return spy


def spent(spy: CDPSession) -> dict[str, float]:
    """Return the milliseconds of the main thread so far, by kind of work."""
    metrics = {each["name"]: each["value"] for each in spy.send("Performance.getMetrics")["metrics"]}
    return {name: 1000 * metrics[name] for name in SPENT}
