"""The quickstart, as a newcomer runs it in a real notebook."""

from __future__ import annotations

import shutil
import threading
from urllib.parse import urlsplit

import nbformat
from lab import REPOSITORY

QUICKSTART = REPOSITORY / "notebooks" / "01_quickstart.ipynb"
PIECES = 7  # three thoughts, then the beginning of the first paragraph
# In the letters of what has neither formula nor link, no mark-up comes and goes.
WATCH = """() => {
    // The live view stands beside the text so far, which the page keeps in the output.
    const length = node => node.textContent.replace(/\\W/g, '').length;
    const letters = part => Math.max(0, ...[...document.querySelectorAll(part)].map(length));
    window.seen = [0];
    window.watching = new MutationObserver(() => {
        window.seen.push(letters('.gemini-thoughts') + letters('.gemini-text > p:first-of-type'));
    });
    window.watching.observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def clean():
    """The quickstart without its outputs, and the places of its code cells."""
    content = nbformat.read(QUICKSTART, as_version=4)
    code = [place for place, cell in enumerate(content.cells) if cell.cell_type == "code"]
    for place in code:
        content.cells[place].outputs, content.cells[place].execution_count = [], None
    return content, code


def asks(source):
    return source.startswith("%%gemini") and "--dry-run" not in source and "figg" not in source


def test_the_quickstart_is_answered_while_one_reads_and_stays(open_notebook, service, server):
    shutil.copytree(QUICKSTART.parent / "files", server.root / "files", dirs_exist_ok=True)
    content, code = clean()
    book = open_notebook(content=content)
    # The kernel's environment has chosen the scripted demo; `auto` would ask its address as another service.
    code = [place for place in code if "service =" not in content.cells[place].source]
    questions = [place for place in code if asks(content.cells[place].source)]
    for place in code:
        if place == questions[0]:
            see_it_grow(book, service, place)
            continue
        book.start(place)
        if place in questions:
            service.answer_itself()
        book.wait_until_run(place)
    assert "There is no name and no file figg here. Did you mean fig?" in text(book, code[-1])
    assert "512 × 600" in text(book, questions[3])
    assert "stand-in, not Gemini" in text(book, questions[0])

    section = book.output(questions[0]).locator("details")
    assert not section.evaluate("details => details.open")
    section.locator("summary").click()
    assert section.evaluate("details => details.open")

    saved = book.save()
    assert all(sorted(saved.cells[place].outputs[0].data) == ["text/html", "text/plain"] for place in questions)
    book.shut_down()
    book.reload()
    assert all("stand-in, not Gemini" in text(book, place) for place in questions)
    assert book.hosts == {urlsplit(server.url).netloc}
    assert book.errors == []


def text(book, place):
    """The words of an output; what is far from the window is not laid out, and has none."""
    book.cell(place).scroll_into_view_if_needed()
    book.page.wait_for_function("output => output.innerText", arg=book.output(place).element_handle())
    return book.output(place).inner_text()


def see_it_grow(book, service, place):
    """Ask a question; see each of the first pieces before the next one comes, and no letter go."""
    gate = threading.Semaphore(0)
    book.start(place)
    book.page.evaluate(WATCH)
    service.answer_itself(gate=gate)
    for _ in range(PIECES):
        before = book.page.evaluate("Math.max(...seen)")
        gate.release()
        book.page.wait_for_function("before => Math.max(...seen) > before", arg=before)
    growing = book.page.evaluate("watching.disconnect(), seen")
    gate.release(1000)
    book.wait_until_run(place)
    assert growing == sorted(growing)
