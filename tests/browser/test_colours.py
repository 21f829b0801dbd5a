"""Questions look like prose: colours, wrapping and typing, from the built wheel."""

from __future__ import annotations

import pytest
from lab import expect

LONG = "Why is the second peak lower than the first for so long a time, and what is it not, if not a beat? " * 3
QUESTION = (
    f"%%gemini fig --effort low\n{LONG}\n\n```python\nfor peak in peaks: pass\n```\nIs it **surely** odd?"
)
LOOK = """([cell, word]) => {
    const lines = [...document.querySelectorAll('.jp-Notebook .jp-Cell')[cell].querySelectorAll('.cm-line')];
    for (const line of lines) {
        const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
            const at = walk.currentNode.data.search(new RegExp(`(^|\\\\W)${word}(\\\\W|$)`));
            if (at < 0) continue;
            const { color, fontWeight } = getComputedStyle(walk.currentNode.parentElement);
            return `${color} ${fontWeight}`;
        }
    }
}"""


def look(book, cell, word):
    """The colour and the weight of a word's first occurrence in a cell."""
    return book.page.evaluate(LOOK, [cell, word])


def wait_for_colours(book, cell, keyword, name):
    """Wait until the language of a cell has come, which the page loads when it is first needed."""
    book.page.wait_for_function(
        f"([cell, one, other]) => ({LOOK})([cell, one]) !== ({LOOK})([cell, other])", arg=[cell, keyword, name]
    )


def is_question(book, cell, *, true=True):
    book.page.wait_for_function(
        "([cell, yes]) => !!document.querySelectorAll('.jp-Notebook .jp-Cell')[cell]"
        ".querySelector('.jp-GeminiQuestion') === yes",
        arg=[cell, true],
    )


def test_a_question_looks_like_prose_and_wraps_until_its_magic_goes(open_installed):
    book = open_installed("for peak in peaks: pass", QUESTION, "%gemini What is odd?")
    is_question(book, 1)
    is_question(book, 2)
    wait_for_colours(book, 0, "for", "peak")
    wait_for_colours(book, 1, "pass", "odd")
    keyword, prose = look(book, 0, "for"), look(book, 1, "peak")
    assert keyword != prose
    assert [look(book, 1, word) for word in ("is", "for", "not", "if")] == [prose] * 4
    assert look(book, 1, "pass") == keyword  # in the fence
    assert look(book, 1, "surely").endswith("700")  # between asterisks
    assert len({look(book, 1, word) for word in ("%%gemini", "fig", "--effort", "low", "peak")}) == 5
    assert look(book, 2, "is") == prose
    line = book.cell(1).locator(".cm-line", has_text="second peak")
    assert (
        line.evaluate("line => line.getClientRects()[0].height / parseFloat(getComputedStyle(line).lineHeight)")
        > 2
    )
    assert book.cell(1).locator(".cm-scroller").evaluate("node => node.scrollWidth <= node.clientWidth")

    book.cell(1).locator(".cm-content").click()
    book.page.keyboard.press("Control+Home")
    book.page.keyboard.press("Delete")
    book.page.keyboard.press("Delete")
    is_question(book, 1, true=False)
    book.page.keyboard.type("%%")
    is_question(book, 1)
    assert "x-gemini" not in str(book.save())


def test_words_are_typed_as_they_are(open_installed):
    book = open_installed("%%gemini")
    is_question(book, 0)
    typed = '%%gemini\nWhat is it:\n(the "peak" [a\n    indented\n1. one\ntwo'
    book.cell().locator(".cm-content").click()
    for line in typed.split("\n")[1:]:
        book.page.keyboard.press("Enter")
        book.page.keyboard.press("Home")
        book.page.keyboard.type(line)
    assert book.save().cells[0].source == typed


def test_an_attachment_that_is_no_name_is_marked_until_it_is_one(open_installed):
    book = open_installed("%%gemini fig", "fig = 1")
    is_question(book, 0)
    book.cell(0).locator(".cm-content").click()
    book.page.keyboard.press("Control+End")
    book.page.keyboard.type(" data.csv")
    marks = book.cell(0).locator(".jp-GeminiUnknown")
    marks.nth(1).wait_for()
    expect(marks).to_have_text(["fig", "data.csv"])
    (book.path.parent / "data.csv").write_text("a,b\n1,2\n")
    book.run(1)
    marks.first.wait_for(state="detached")
    (book.path.parent / "data.csv").unlink()


@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_two_notebooks_at_once_each_have_their_own_marks(open_installed):
    one, other = open_installed("fig = 1", "%%gemini fig"), open_installed("x = 1", "%%gemini fig")
    one.run(0)
    other.run(0)
    other.cell(1).locator(".jp-GeminiUnknown").wait_for()
    expect(one.cell(1).locator(".jp-GeminiUnknown")).to_have_count(0)
