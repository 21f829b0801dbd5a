from __future__ import annotations

import json

from ports import PORTS

ATTACK = """\
from IPython.display import HTML
HTML("<script>window.hacked = 1; alert('hello'); console.error('oh')</script><img src='https://evil.example/x.png'>")"""


def test_a_notebook_runs_and_is_saved_and_asks_nobody_but_its_server(open_notebook):
    book = open_notebook("print(6 * 7)")
    assert book.run().inner_text().strip() == "42"
    assert book.save().cells[0].outputs[0].text == "42\n"
    assert book.errors == []
    assert book.hosts == {book.server.url.removeprefix("http://")}


def test_what_a_script_does_is_noticed(open_notebook):
    book = open_notebook(ATTACK)
    book.run()
    book.page.wait_for_function("window.hacked")
    assert book.dialogs == ["hello"]
    assert "evil.example" in book.hosts
    assert any(error.startswith("oh") for error in book.errors)
    book.errors.clear()


def test_kernels_listen_at_ports_that_nobody_else_is_given_while_they_start(open_notebook):
    book = open_notebook("import ipykernel, json\nprint(open(ipykernel.get_connection_file()).read())")
    told = json.loads(book.run().inner_text())
    assert {told[f"{channel}_port"] for channel in ("shell", "iopub", "stdin", "control", "hb")} < {*PORTS}
