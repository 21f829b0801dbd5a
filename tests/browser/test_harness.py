from __future__ import annotations


def test_a_notebook_runs_and_is_saved(open_notebook):
    book = open_notebook("print(6 * 7)")
    assert book.run().inner_text().strip() == "42"
    saved = book.save()
    assert saved.cells[0].outputs[0].text == "42\n"
    assert book.errors == []
    assert book.hosts == {book.server.url.removeprefix("http://")}
