"""The time of the page's main thread for each update of the live view, and the lag of its words.

    python benchmarks/page.py

An answer of 1,000, 5,000 or 20,000 tokens grows for ten more seconds, at 20 updates a second. The bar: neither
the time nor the lag grows by more than 2.5 times from the first row to the last. Needs Chromium and the extra
`browser`.
"""

from __future__ import annotations

import statistics
import time

from run import pieces, verdict
from stage import SPENT, Stage, spent, spy_on, stage  # puts the tests' harness on the path

from lab import notebook, with_cells  # isort: skip

TOKENS = (1_000, 5_000, 20_000)
WORDS, WORDS_PER_S = 200, 20
MARKS = 9
MOST_GROWTH = 2.5
SHOWS = "mark => document.querySelector('.gemini-text')?.lastElementChild?.textContent.includes(mark)"


def measure(on: Stage, tokens: int) -> tuple[dict[str, float], float]:
    """Return the milliseconds of an update by kind of work, and the median lag of a word in milliseconds."""
    service = on.service
    service.forget()
    with notebook(on.session, on.server, "lab", with_cells("%%gemini\nHow?"), name=f"page-{tokens}") as book:
        page = book.page
        book.start()
        service.say("".join(pieces(tokens)) + "\n\nbegun ")
        page.wait_for_function(SHOWS, arg="begun", timeout=60_000)
        page.wait_for_timeout(2000)
        spy = spy_on(page)
        before = spent(spy)
        service.say(" ".join(f"word{n}" + "\n\n" * (n % 40 == 0) for n in range(WORDS)), WORDS_PER_S)
        page.wait_for_timeout(1000 * WORDS / WORDS_PER_S)  # polling for the end would keep the page busy
        after = spent(spy)
        page.wait_for_function(SHOWS, arg=f"word{WORDS - 1}", timeout=60_000)
        lags = []
        for number in range(MARKS):
            began = time.monotonic()
            service.say(f"mark{number} ")
            page.wait_for_function(SHOWS, arg=f"mark{number}", timeout=60_000)
            lags.append(1000 * (time.monotonic() - began))
        service.finish()
        book.wait_until_run()
    return {name: (after[name] - before[name]) / WORDS for name in SPENT}, statistics.median(lags)


def main() -> None:
    """Print a row for each length, and the growth of an update and of the lag."""
    rows = []
    with stage() as on:
        print(f"{'tokens':>7}  {'lag':>8}  " + "  ".join(f"{name:>20}" for name in SPENT) + "   ms an update")
        for tokens in TOKENS:
            found, lag = measure(on, tokens)
            rows.append((found["TaskDuration"], lag))
            print(f"{tokens:>7}  {lag:>5.0f} ms  " + "  ".join(f"{found[name]:>20.2f}" for name in SPENT))
    for what, least, most in zip(("an update", "the lag"), rows[0], rows[-1], strict=True):
        growth = most / least
        verdict(f"{what} grows, times", growth, MOST_GROWTH, "{:.2f}".format)


if __name__ == "__main__":
    main()
