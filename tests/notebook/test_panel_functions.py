"""Functions in the panel: ticked by a page, allowed by a page, seen and kept in its conversation."""

from __future__ import annotations

import json
import threading

import pytest
from patience import PATIENCE_S, wait_until
from test_panel import Widget

from gemini_magics import conversations
from gemini_magics.notebook.panel import panel as module
from gemini_magics.notebook.panel.panel import panel
from gemini_magics.testing import Head, chunk, ending, stream, took

SETUP = """\
import gemini_magics

def plain(x: int) -> int:
    "Return a number."
    return x

@gemini_magics.tool(run=True)
def double(x: int) -> int:
    "Return twice a number."
    return 2 * x

def undescribed(x):
    return x

_hidden = plain
from textwrap import dedent
"""
HOSTILE = "<img src=x onerror=hacked()>\u202e"


def calls(*named):
    wanted = [
        {"id": f"c{n}", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for n, (name, arguments) in enumerate(named)
    ]
    return [Head(), chunk(tool_calls=wanted), *ending("tool_calls", took(10, 2))]


@pytest.fixture
def asking(replying, shell):
    shell.run(SETUP)
    return replying


@pytest.fixture
def page(asking):
    conversations.clear()
    module._panels.clear()
    opened = panel()
    opened._desk.reads_values = True  # as after a cell that a page has run
    opened._desk.show()
    page = Widget(opened)
    page.do("shelf", shown=False)  # it looks around
    return page


def offered(page):
    return [each["name"] for each in page.facts["functions"] if each["offered"]]


def start(page, text="Go."):
    """Send a question; return the number of the call about which the page asks."""
    page.do("send", text=text)
    wait_until(lambda: page.facts["asked"])
    return page.facts["asked"]["number"]


def end(page):
    page.wait()
    return page.panel._desk.turns()[-1].answer


def texts_of(value, keys=None):
    """Yield the texts in a message; with `keys`, those that a page takes for HTML."""
    if isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, str):
                yield from [each] if keys is None or key in keys else []
            else:
                yield from texts_of(each, keys)
    elif isinstance(value, list):
        for each in value:
            yield from texts_of(each, keys)


def test_a_page_offers_the_functions_of_the_notebook_the_newest_first(page):
    assert [each["name"] for each in page.facts["functions"]] == ["undescribed", "double", "plain"]
    page.do("offer", name="double", offered=True)
    page.do("offer", name="plain", offered=True)
    page.do("offer", name="double", offered=False)
    assert offered(page) == ["plain"]


def test_a_ticked_function_goes_with_the_question_and_a_marked_one_runs(page, asking):
    asking.replies[:] = [calls(("double", {"x": 4})), stream("It is 8.")]
    page.do("offer", name="double", offered=True)
    page.do("send", text="Twice 4?")
    answer = end(page)
    assert [each["function"]["name"] for each in asking.requests[0].json["tools"]] == ["double"]
    assert ([each.result for each in answer.calls], answer.text) == (["8"], "It is 8.")
    assert "double(x=4)" in page.turns[page.order[-1]]["html"]
    assert "double(x=4)" in page.turns[page.order[-1]]["plain"]
    assert conversations["main"].turns[0].answer.calls == answer.calls


@pytest.mark.parametrize(("choice", "statuses"), [("once", ["ok", "refused"]), ("always", ["ok", "ok"])])
def test_the_page_allows_each_call_or_all_of_the_question(page, asking, choice, statuses):
    asking.replies[:] = [calls(("plain", {"x": 4}), ("plain", {"x": 5})), stream("Done.")]
    page.do("offer", name="plain", offered=True)
    number = start(page)
    assert "x = 4" in page.facts["asked"]["html"]
    page.do("allow", number=number, choice=choice)
    if choice == "once":
        wait_until(lambda: page.facts["asked"] and page.facts["asked"]["number"] != number)
        page.do("allow", number=number, choice="once")  # a late click on the first call allows no second one
        page.do("allow", number=page.facts["asked"]["number"], choice="anything else")
    assert [each.status for each in end(page).calls] == statuses
    assert page.facts["asked"] is None


def test_a_stop_while_the_page_is_asked_calls_nothing(page, asking):
    asking.replies[:] = [calls(("plain", {"x": 4}))]
    page.do("offer", name="plain", offered=True)
    start(page)
    page.do("stop")
    answer = end(page)
    assert (answer.ended, [each.status for each in answer.calls]) == ("interrupted", ["refused"])
    assert page.facts["asked"] is None


def test_a_stop_does_not_wait_for_a_function_that_does_not_end(page, asking, shell):
    shell.user_ns["began"], shell.user_ns["may_end"] = began, may_end = threading.Event(), threading.Event()
    shell.run("@gemini_magics.tool(run=True)\ndef waits() -> None:\n    began.set()\n    may_end.wait()")
    asking.replies[:] = [calls(("waits", {})), stream("Fine.")]
    page.do("offer", name="waits", offered=True)
    page.do("send", text="Go.")
    assert began.wait(PATIENCE_S)
    page.do("stop")
    answer = end(page)
    assert (answer.ended, [each.status for each in answer.calls]) == ("interrupted", ["stopped"])
    page.ask("And now?")
    assert page.panel.answers[-1].text == "Fine."
    may_end.set()


def test_an_error_of_a_function_is_told_as_in_a_cell(page, asking, shell):
    shell.run("@gemini_magics.tool(run=True)\ndef fails() -> None:\n    raise TimeoutError('too slow')")
    asking.replies[:] = [calls(("fails", {})), stream("Sorry.")]
    page.do("offer", name="fails", offered=True)
    page.do("send", text="Go.")
    assert [each.result for each in end(page).calls] == ["TimeoutError: too slow"]


def test_a_page_that_is_loaded_again_is_asked_too_and_sees_the_call(page, asking):
    asking.replies[:] = [calls(("plain", {"x": 4})), stream("Done.")]
    page.do("offer", name="plain", offered=True)
    number = start(page)
    whole = page.panel._desk.page.whole()
    grown = whole["turns"][whole["order"][-1]]["grown"]["facts"]
    assert whole["facts"]["asked"]["number"] == number
    assert "plain(x=4)" in grown["calls"]
    assert grown["status"] == "Calling plain…"
    page.do("allow", number=number, choice="no")
    assert [each.status for each in end(page).calls] == ["refused"]


def test_what_the_model_writes_into_a_call_is_text(page, asking):
    asking.replies[:] = [calls((HOSTILE, {HOSTILE: HOSTILE}), ("plain", {"x": 1})), stream("Done.")]
    page.do("offer", name="plain", offered=True)
    number = start(page)
    page.do("allow", number=number, choice="once")
    end(page)
    told = [page.messages, page.panel._desk.page.twin()]
    html = [*texts_of(told, ("html", "calls", "asked", "text/html"))]
    assert any("onerror" in each for each in html)
    assert not [each for each in html if "<img src=x" in each]
    assert not [each for each in texts_of(told) if "\u202e" in each]


def test_a_page_that_could_run_no_cell_offers_nothing(page):
    page.panel._desk.reads_values = False
    page.do("offer", name="double", offered=True)
    page.do("shelf", shown=False)
    assert page.facts["functions"] == []
    assert "once this page has run a cell" in page.facts["notice"]


@pytest.mark.parametrize("name", ["dedent", "_hidden", "nothing", "__import__('os').getcwd", "exec"])
def test_a_page_offers_nothing_else_by_its_name(page, asking, name):
    page.do("offer", name=name, offered=True)
    assert offered(page) == []
    assert "There is no function" in page.facts["notice"]


def test_a_function_without_types_is_an_error_in_the_panel_and_nothing_is_sent(page, asking):
    page.do("offer", name="undescribed", offered=True)
    page.do("send", text="Go.")
    assert "the argument x has no type" in page.facts["notice"]
    assert not asking.requests


def test_a_cell_of_a_question_names_the_functions(page, asking):
    asking.replies[:] = [stream("Done.")]
    page.do("offer", name="double", offered=True)
    page.ask("Go.")
    page.do("cell", key=page.order[-1])
    [cell] = [each["cell"] for each in page.messages if "cell" in each]
    assert cell == "%%gemini --tool double\nGo."
