"""The cost for the page of many answers at once, beside that of one.

    python benchmarks/background.py

One question with `--background`, then sixteen at once, each answered in 400 words at 20 a second. The bar: one
of the sixteen takes at most 1.5 times the bytes of the answer that comes alone, and each message at most 1.5
times the time of the page's main thread. Needs Chromium and the extra `browser`.
"""

from __future__ import annotations

from run import pieces, verdict
from stage import Stage, spent, spy_on, stage  # puts the tests' harness on the path

from lab import notebook, with_cells  # isort: skip

ANSWERS = 16
TOKENS, WORDS_PER_S = 400, 20
MOST = 1.5
DONE = """count => Array.from(jupyterapp.shell.currentWidget.content.model.cells).filter(
    cell => JSON.stringify(cell.outputs.toJSON()).includes('gemini-foot')).length === count"""


def measure(on: Stage, answers: int) -> tuple[float, float]:
    """Return the bytes of an answer, and the milliseconds of the main thread for each message."""
    on.service.forget()
    text = "".join(pieces(TOKENS))
    for _ in range(answers):
        on.service.answer_with(text, WORDS_PER_S)
    cells = with_cells(*(f"%%gemini --background\nQuestion {number}?" for number in range(answers)))
    with notebook(on.session, on.server, "lab", cells, name=f"background-{answers}") as book:
        spy, sizes = spy_on(book.page), book.heard()
        before = spent(spy)["TaskDuration"]
        book.command("notebook:run-all-cells")
        book.page.wait_for_function(DONE, arg=answers, timeout=120_000)
        book.page.wait_for_timeout(2000)
        return sum(sizes) / answers, (spent(spy)["TaskDuration"] - before) / len(sizes)


def main() -> None:
    """Print both rows, and how much more one of many takes."""
    rows = []
    with stage() as on:
        for answers in (1, ANSWERS):
            sent, spent_ms = measure(on, answers)
            rows.append((sent, spent_ms))
            print(f"{answers:>3} at once  {sent / 1000:>6.0f} kB an answer  {spent_ms:>6.2f} ms a message")
    for what, one, many in zip(("bytes of an answer", "the main thread"), *rows, strict=True):
        verdict(f"{what}, times", many / one, MOST, "{:.2f}".format)


if __name__ == "__main__":
    main()
