"""What the notebook keeps of an answer while it grows, and in every copy of its cell."""

from __future__ import annotations

import pytest
from lab import expect

QUESTION = "%%gemini\nWhat is odd about the second peak?"
OTHER = "'another cell'"
KINDS = ["text/html", "text/plain"]


@pytest.fixture
def app():
    return "lab"


@pytest.fixture
def asked(open_notebook, service):
    """A notebook of three cells, in the second of which an answer has begun."""
    book = open_notebook(OTHER, QUESTION, OTHER)
    book.start(1)
    service.say("It began here, ")
    book.output(1).get_by_text("It began here").wait_for()
    return book


def kept(book):
    """What the page would save of every answer."""
    return book.page.evaluate(
        """[...jupyterapp.shell.currentWidget.content.model.cells].flatMap(cell => cell.outputs?.toJSON() ?? [])
            .filter(output => JSON.stringify(output).includes('It began here'))"""
    )


def wait_until_settled(book, copies=1):
    book.page.wait_for_function(
        """copies => [...jupyterapp.shell.currentWidget.content.model.cells]
            .flatMap(cell => cell.outputs?.toJSON() ?? []).filter(output => output.metadata?.gemini_magics)
            .length === copies""",
        arg=copies,
    )
    book.page.wait_for_function("!document.querySelector('.gemini-live')")


def move(book, service):
    book.command("notebook:move-cell-up")


def cut_and_undo(book, service):
    book.command("notebook:cut-cell")
    book.output(1).get_by_text("It began here").wait_for(state="detached")
    book.command("notebook:undo-cell-action")


def cut_and_undo_after_the_end(book, service):
    book.command("notebook:cut-cell")
    service.say("and ended there.")
    service.finish()
    book.wait_for_kernel()
    book.command("notebook:undo-cell-action")


def copy_and_paste(book, service):
    book.command("notebook:copy-cell")
    book.command("notebook:paste-cell-below")


def copy_and_paste_after_the_end(book, service):
    book.command("notebook:copy-cell")
    service.say("and ended there.")
    service.finish()
    book.wait_for_kernel()
    book.command("notebook:paste-cell-below")


MOVES = {
    move: 1,
    cut_and_undo: 1,
    cut_and_undo_after_the_end: 1,
    copy_and_paste: 2,
    copy_and_paste_after_the_end: 2,
}


@pytest.mark.parametrize("change", MOVES)
def test_a_cell_that_is_moved_cut_or_copied_while_it_answers_keeps_the_whole_answer(asked, service, change):
    change(asked, service)
    if "after" not in change.__name__:
        service.say("and ended there.")
        service.finish()
    wait_until_settled(asked, copies=MOVES[change])
    shown = asked.page.get_by_text("It began here, and ended there.")
    expect(shown).to_have_count(MOVES[change])
    outputs = [
        output for cell in asked.save().cells for output in cell.outputs if "It began here" in str(output)
    ]
    assert [sorted(output.data) for output in outputs] == [KINDS] * MOVES[change]
    assert all("and ended there." in output.data["text/html"] for output in outputs)
    assert asked.errors == []


def test_a_page_loaded_again_in_mid_stream_shows_what_had_come_and_then_the_rest(asked, service):
    service.say("went on, ")
    asked.wait_for_output("went on", 1)
    saved = asked.save().cells[1].outputs
    assert [sorted(output.data) for output in saved] == [KINDS]
    asked.reload()
    asked.output(1).get_by_text("It began here, went on").wait_for()
    asked.output(1).get_by_text("The answer was still growing").wait_for()
    expect(asked.page.get_by_text("Loading widget")).to_have_count(0)
    service.say("and ended there.")
    service.finish()
    wait_until_settled(asked)
    expect(asked.page.get_by_text("It began here, went on, and ended there.")).to_have_count(1)
    expect(asked.page.get_by_text("The answer was still growing")).to_have_count(0)
    assert asked.save().cells[1].outputs[0].metadata["gemini_magics"]["ended"] == "stop"
    assert asked.errors == []


def test_an_answer_that_was_saved_in_mid_stream_can_be_read_without_its_kernel(asked, service):
    asked.wait_for_output("It began here", 1)
    asked.save()
    asked.server.end_kernel(asked.path)
    asked.reload()
    asked.output(1).get_by_text("It began here").wait_for()
    asked.output(1).get_by_text("The answer was still growing").wait_for()


def test_what_is_selected_in_an_answer_stays_selected_when_it_ends(asked, service):
    text = asked.output(1).locator(".gemini-text")
    text.evaluate("text => getSelection().selectAllChildren(text.firstElementChild)")
    service.say("and ended there.\n\n$x^2$ and `code`.")
    service.finish()
    wait_until_settled(asked)
    asked.wait_for_formulas()
    assert asked.page.evaluate("getSelection().toString()").startswith("It began here")


def test_the_whole_answer_can_be_copied_as_markdown_and_each_block_of_code_by_itself(asked, service):
    service.say("*as* $x^2$:\n\n```python\nprint(1)\n```")
    service.finish()
    wait_until_settled(asked)
    asked.output(1).get_by_role("button", name="Copy the answer").click()
    asked.output(1).get_by_role("button", name="Copied").wait_for()
    assert clipboard(asked) == "It began here, *as* $x^2$:\n\n```python\nprint(1)\n```"
    asked.output(1).locator(".gemini-code").get_by_role("button", name="Copy").click()
    asked.page.wait_for_function("async () => await navigator.clipboard.readText() === 'print(1)'")
    assert "Copy" not in asked.save().cells[1].outputs[0].data["text/html"]


def clipboard(book):
    return book.page.evaluate("navigator.clipboard.readText()")


def test_a_page_that_hears_nothing_asks_and_gets_what_it_missed(asked, service):
    asked.page.evaluate(LOSE_MESSAGES)
    service.say("and ended there.")
    service.finish()
    asked.wait_until_run(1)
    wait_until_settled(asked)
    asked.page.get_by_text("It began here, and ended there.").wait_for()


# Until the page asks, nothing that the kernel says to its widgets arrives.
LOSE_MESSAGES = """() => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const { comms, send } = { comms: kernel._handleCommMsg, send: kernel.sendShellMessage };
    if (!comms || !send) throw new Error('JupyterLab has changed');
    kernel._handleCommMsg = async () => {};
    kernel.sendShellMessage = function (message, ...rest) {
        if (message.header.msg_type === 'comm_msg') kernel._handleCommMsg = comms;
        return send.call(this, message, ...rest);
    };
}"""


def test_a_reader_at_the_end_is_taken_along_and_one_who_scrolled_has_a_way_back(asked, service):
    from playwright.sync_api import expect

    page = asked.page
    back = page.get_by_role("button", name="Newest text")
    service.say("\n\n".join(f"Line {n}." for n in range(60)))
    asked.output(1).get_by_text("Line 59.").wait_for()
    expect(asked.output(1).get_by_role("status")).to_be_in_viewport()
    page.locator(".jp-WindowedPanel-outer").hover()
    page.mouse.wheel(0, -400)
    service.say("\n\nLine 60.")
    back.wait_for()
    expect(asked.output(1).get_by_role("status")).not_to_be_in_viewport()
    back.click()
    expect(asked.output(1).get_by_role("status")).to_be_in_viewport()
    back.wait_for(state="detached")
    service.finish()
    wait_until_settled(asked)
