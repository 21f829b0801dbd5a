"""The time of the page's main thread for each update of the panel, and the time of a stop.

    python benchmarks/panel.py           both, about two minutes
    python benchmarks/panel.py updates   one part: updates, stop

An answer streams into a panel in JupyterLab, in Chromium, at 20 updates a second, below 0, 50 and 200 turns
of 1,000 words. The bar: an update below 200 turns takes at most 1.5 times as long as below none.

Then answers are stopped, in JupyterLab and Notebook 7, while nothing arrives, while text streams, and while a
cell runs: the slowest of five, from the click until the panel is no longer busy, by the page's own clock. The
bar: 0.3 s. Needs Chromium and the extra `browser`.
"""

from __future__ import annotations

import argparse

from run import ms, verdict
from stage import SPENT, Stage, spent, spy_on, stage  # puts the tests' harness on the path

from lab import Notebook, notebook, with_cells  # isort: skip
from panel_in_page import Panel  # isort: skip
from prompter import Prompter  # isort: skip

MOST_GROWTH = 1.5
MOST_STOP_S = 0.3
STOPS = 5
WHILE = ("nothing arrives", "text streams", "a cell runs")
OPEN = "import gemini_magics\ngemini_magics.panel()"
CELL = "while True:\n    sum(range(1000))"

TURNS = (0, 50, 200)
WORDS = 400
WORDS_PER_S = 40

FILL = """
from gemini_magics.core.answer import close, fold
import gemini_magics
from gemini_magics.core.messages import Text, Finished, Message
chat = gemini_magics.Conversation("long")
paragraph = "word " * 60 + "with `code`, **strength** and a list:\\n\\n- one\\n- two\\n\\n"
for number in range({turns}):
    answer = gemini_magics.Answer(service="demo", model="gemini-3.1-pro", effort="high")
    for event in (Text(paragraph * 16), Finished("stop")):
        fold(answer, event)
    close(answer)
    chat.put(str(number), Message("user", (f"Question {{number}}",)), answer)
p = gemini_magics.panel(chat)
p
"""


def updates(on: Stage) -> None:
    """Print a row for each length of a conversation."""
    print(f"{'turns':>6}  " + "  ".join(f"{name:>20}" for name in SPENT) + "   ms of the main thread an update")
    spent_ms = []
    for turns in TURNS:
        on.service.forget()
        cells = with_cells(FILL.format(turns=turns))
        with notebook(on.session, on.server, "lab", cells, name=f"panel-{turns}") as book:
            found = update(book, on.service, turns)
        spent_ms.append(found["TaskDuration"])
        print(f"{turns:>6}  " + "  ".join(f"{found[name]:>20.2f}" for name in SPENT))
    verdict("an update grows, times", spent_ms[-1] / spent_ms[0], MOST_GROWTH, "{:.2f}".format)


def update(book, service: Prompter, turns: int) -> dict[str, float]:
    """Stream an answer below this many turns; return the milliseconds of an update by kind of work."""
    page = book.page
    book.run(0)
    panel = book.output(0).locator(".gemini-panel")
    panel.wait_for()
    page.wait_for_function(
        f"document.querySelectorAll('.gemini-panel .gemini-foot').length === {turns}", timeout=60_000
    )
    page.wait_for_timeout(2000)
    panel.get_by_label("Question", exact=True).fill("Why?")
    page.keyboard.press("Control+Enter")
    service.say("Well, ")
    panel.locator(".gemini-text", has_text="Well,").last.wait_for()
    page.wait_for_timeout(1000)
    spy = spy_on(page)
    before = spent(spy)
    service.say(" ".join(f"word{number}" + "\n\n" * (number % 40 == 0) for number in range(WORDS)), WORDS_PER_S)
    page.wait_for_timeout(1000 * WORDS / WORDS_PER_S)  # polling for the end would keep the page busy
    after = spent(spy)
    panel.get_by_text(f"word{WORDS - 1}").wait_for(timeout=60_000)
    updates = 20 * WORDS / WORDS_PER_S
    service.finish()
    page.wait_for_selector(".gemini-panel:not(.gemini-panel-busy)", timeout=60_000)
    return {name: (after[name] - before[name]) / updates for name in SPENT}


def stop(on: Stage) -> None:
    """Print the slowest stop of an answer in each application and case."""
    for app in ("lab", "notebook"):
        with notebook(on.session, on.server, app, with_cells(OPEN, CELL), name=f"stop-{app}") as book:
            book.run(0)
            panel = Panel(book, on.service)
            for case in WHILE:
                slowest_ms = max(stopped(book, panel, case) for _ in range(STOPS))
                verdict(f"stop in {app} while {case}", slowest_ms / 1000, MOST_STOP_S, ms)


def stopped(book: Notebook, panel: Panel, case: str) -> float:
    """Ask, stop in the middle, and return the milliseconds of the stop."""
    panel.service.forget()
    if case == "a cell runs":
        book.start(1)
    panel.ask("Why?")
    if case == "text streams":
        panel.service.say("word " * 10_000, WORDS_PER_S)
        panel.turns.last.get_by_text("word word").wait_for()
    book.page.wait_for_timeout(500)
    found = panel.stop_ms()
    panel.ended()
    if case == "a cell runs":
        book.command("notebook:interrupt-kernel")
        book.wait_until_run(1)
    return found


PARTS = {part.__name__: part for part in (updates, stop)}


def main() -> None:
    """Run the chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=PARTS, help="one part; without it, all")
    chosen = parser.parse_args().part
    with stage() as on:
        for name in [chosen] if chosen else PARTS:
            PARTS[name](on)


if __name__ == "__main__":
    main()
