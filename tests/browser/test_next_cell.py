"""Code of an answer becomes a cell of its own, in the notebooks that add cells."""

from __future__ import annotations

from lab import expect

FIXED = "A list has no mean.\n\n```python\nmean = sum(values) / len(values)\n```\n"


def say(service, text):
    service.say(text)
    service.finish()


def test_code_becomes_the_cell_below_and_is_not_run(open_notebook, service):
    book = open_notebook("%%gemini --code\nHow?")
    book.start()
    say(service, FIXED)
    book.wait_until_run()
    book.cell(1).get_by_text("mean = sum(values)").wait_for()
    asked, code = book.save().cells
    assert code.source == "mean = sum(values) / len(values)"
    assert code.execution_count is None
    assert "It was not run." in asked.outputs[-1].data["text/plain"]
    assert book.errors == []


def test_a_failed_cell_is_explained_with_what_was_sent_folded_above(open_notebook, service):
    book = open_notebook("values = [1, 2]\nvalues.mean()", "%gemini_fix")
    book.run(0)
    book.start(1)
    say(service, FIXED)
    book.wait_until_run(1)
    output = book.output(1)
    output.get_by_text("A list has no mean.").wait_for()
    sent = output.locator("details").first
    expect(sent.get_by_text("AttributeError")).to_be_hidden()
    sent.locator("summary").click()
    expect(sent.get_by_text("AttributeError")).to_be_visible()
    book.cell(2).get_by_text("mean = sum(values)").wait_for()
    assert book.errors == []
