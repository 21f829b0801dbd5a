"""How long the panel keeps the page's main thread for each streamed update, in short and long conversations.

    python benchmarks/panel.py

An answer streams into a panel in JupyterLab, in Chromium, at 20 updates a second, below 0, 50 and 200 turns
of 1,000 words. It needs what the browser tests need.
"""

from __future__ import annotations

from stage import SPENT, spent, spy_on, stage  # puts the tests' harness on the path

from lab import notebook, with_cells  # isort: skip
from prompter import Prompter  # isort: skip

TURNS = (0, 50, 200)
WORDS = 400
WORDS_PER_S = 40

FILL = """
import gemini_magics
from gemini_magics.core.messages import Text, Finished, Turn
chat = gemini_magics.Conversation("long")
paragraph = "word " * 60 + "with `code`, **strength** and a list:\\n\\n- one\\n- two\\n\\n"
for number in range({turns}):
    answer = gemini_magics.Answer(service="demo", model="gemini-3.1-pro", effort="high")
    for event in (Text(paragraph * 16), Finished("stop")):
        answer.add(event)
    answer.end()
    chat.put(str(number), Turn("user", (f"Question {{number}}",)), answer)
p = gemini_magics.panel(chat)
p
"""


def measure(book, service: Prompter, turns: int) -> dict[str, float]:
    """Stream an answer below so many turns; return milliseconds for each update."""
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
    page.wait_for_timeout(1000 * WORDS / WORDS_PER_S)  # looking for the end would itself keep the page busy
    after = spent(spy)
    panel.get_by_text(f"word{WORDS - 1}").wait_for(timeout=60_000)
    updates = 20 * WORDS / WORDS_PER_S
    service.finish()
    page.wait_for_selector(".gemini-panel:not(.gemini-panel-busy)", timeout=60_000)
    return {name: (after[name] - before[name]) / updates for name in SPENT}


def main() -> None:
    """Print a row for each length of a conversation."""
    with stage() as on:
        print(
            f"{'turns':>6}  "
            + "  ".join(f"{name:>20}" for name in SPENT)
            + "   ms of the main thread an update"
        )
        for turns in TURNS:
            on.service.forget()
            cells = with_cells(FILL.format(turns=turns))
            with notebook(on.session, on.server, "lab", cells, name=f"panel-{turns}") as book:
                found = measure(book, on.service, turns)
            print(f"{turns:>6}  " + "  ".join(f"{found[name]:>20.2f}" for name in SPENT))


if __name__ == "__main__":
    main()
