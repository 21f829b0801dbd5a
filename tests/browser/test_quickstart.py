"""The quickstart, as a newcomer runs it in a real notebook."""

from __future__ import annotations

import shutil
from urllib.parse import urlsplit

import nbformat
from lab import REPOSITORY

QUICKSTART = REPOSITORY / "notebooks" / "quickstart.ipynb"
# In the letters of what has neither formula nor link, no mark-up comes and goes.
LETTERS = """() => ['.gemini-thoughts', '.gemini-text > p:first-of-type']
    .map(part => document.querySelector(part)?.textContent.replace(/\\W/g, '').length ?? 0)"""


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
    questions = [place for place in code if asks(content.cells[place].source)]
    for place in code:
        book.start(place)
        if place in questions:
            service.answer_itself(words_per_s=60 if place == questions[0] else 0)
        if place == questions[0]:
            seen = watch(book)
            assert seen == sorted(seen)
            assert len(set(seen)) > 5
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


def watch(book):
    """The letters of the thoughts and the first paragraph, at each look until the answer has ended."""
    seen = []
    book.page.wait_for_selector(".gemini-live", state="attached")
    while book.page.locator(".gemini-live").count():
        seen.append(sum(book.page.evaluate(LETTERS)))
        book.page.wait_for_timeout(100)
    return [length for length in seen if length]
