from __future__ import annotations

import json

from lab import expect

QUESTION = "%%gemini\nWhat is odd about the second peak?"
ANSWER = (
    "## Second\n\nIt is **wide**, as $x^2$ is.\n\n```python\nprint(1)\n```\n\n" + "And so on, and so on. " * 100
)


def answered(open_notebook, service):
    book = open_notebook(QUESTION)
    book.start()
    service.think("**Looking**\n\nIt is wide.")
    service.say(ANSWER)
    service.finish()
    book.wait_until_run()
    book.output().get_by_role("button", name="Stop").wait_for(state="detached")
    return book


def test_the_saved_file_holds_the_plain_output_and_no_widget(open_notebook, service):
    saved = answered(open_notebook, service).save()
    [output] = saved.cells[0].outputs
    assert sorted(output.data) == ["text/html", "text/plain"]
    assert "widgets" not in saved.metadata
    assert "<script" not in output.data["text/html"]
    assert len(json.dumps(output)) < 3 * len(ANSWER) + 8000


def test_an_answer_is_complete_with_a_fresh_kernel_and_with_none(open_notebook, service):
    book = answered(open_notebook, service)
    book.save()
    book.restart()
    book.reload()
    assert_complete(book)
    book.wait_for_kernel()
    book.shut_down()
    book.reload()
    assert_complete(book)


def assert_complete(book):
    book.output().get_by_text("It is wide, as").wait_for()
    expect(book.output().get_by_text("Looking")).to_be_hidden()
    book.output().locator("summary").click()
    expect(book.output().get_by_text("Looking")).to_be_visible()
    assert book.errors == []


def test_an_answer_is_complete_in_a_notebook_from_elsewhere(open_notebook, service):
    saved = answered(open_notebook, service).save()
    saved.cells[0].source += " "  # so the signature of this user is not that of the file
    book = open_notebook(content=saved, kernel=False)
    assert not book.trusted
    assert_complete(book)
