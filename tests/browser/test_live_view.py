from __future__ import annotations

import os
import re
import signal

import pytest
from lab import expect

from gemini_magics.testing import chunk, event

QUESTION = "%%gemini\nWhat is odd about the second peak?"
THOUGHTS = "**Looking at the plot**\n\n" + "The second peak is lower than the first, and wider. " * 20
PARAGRAPHS = "\n\n".join(f"Paragraph {n} tells of *peaks*, of $x^{n}$ and of `code`. " * 4 for n in range(1, 9))


@pytest.fixture
def asked(open_notebook, service):
    """A notebook in which a question has just been asked, and the thoughts have begun."""
    book = open_notebook(QUESTION)
    book.start()
    service.think(THOUGHTS)
    book.output().get_by_text("Looking at the plot").wait_for()
    return book


def section(book):
    return book.output().locator("details")


def is_open(book):
    return section(book).evaluate("details => details.open")


def finish(book, service):
    service.finish()
    book.wait_until_run()
    book.output().get_by_role("button", name="Stop").wait_for(state="detached")


def test_thoughts_and_answer_grow_while_they_are_written(asked, service):
    live = asked.output()
    assert is_open(asked)
    service.think("\n\nA third peak hides")
    live.get_by_text("A third peak hides").wait_for()
    service.say("It is")
    live.get_by_text("It is").wait_for()
    service.say(" a **mirror** of")
    service.say(" the first.")
    live.get_by_text("It is a mirror of the first.").wait_for()
    expect(live.get_by_role("status")).to_have_text("Answering…")
    finish(asked, service)
    expect(live.get_by_text("It is a mirror of the first.")).to_be_visible()
    assert asked.errors == []


def test_a_screen_reader_hears_how_it_goes_and_how_it_ended(asked, service):
    heard = asked.output().get_by_role("status")
    expect(heard).to_have_text("Thinking…")
    service.say("It is a mirror.")
    asked.output().get_by_text("It is a mirror.").wait_for()
    expect(heard).to_have_text("Answering…")
    finish(asked, service)
    asked.page.get_by_role("status").filter(has_text="Answered in").wait_for()


def test_the_reader_sees_the_seconds_pass_and_why_nothing_comes(open_notebook, service):
    book = open_notebook(QUESTION)
    service.send(event({"error": {"code": 429, "message": "Slow down"}}))
    service.break_off()
    book.start()
    status = book.output().get_by_role("status")
    status.filter(has_text="Trying again in 5 s: the service answered 429").wait_for()
    seconds = status.locator("+ span").inner_text()
    book.page.wait_for_function(
        "([clock, seconds]) => parseInt(clock.textContent) > seconds",
        arg=[status.locator("+ span").element_handle(), int(seconds.split()[0])],
    )
    service.say("Here it is.")
    book.output().get_by_text("Here it is.").wait_for()
    status.filter(has_text="Answering…").wait_for()
    service.finish()
    book.wait_until_run()


def test_the_thinking_folds_when_the_answer_begins(asked, service):
    service.say("The answer.")
    asked.output().get_by_text("The answer.").wait_for()
    assert not is_open(asked)
    finish(asked, service)
    assert not is_open(asked)


def test_the_thinking_is_folded_when_all_comes_at_once(open_notebook, service):
    book = open_notebook(QUESTION)
    service.think(THOUGHTS)
    service.say("The answer.")
    service.finish()
    book.run()
    book.output().locator(".gemini-live").wait_for(state="detached")
    assert not is_open(book)


@pytest.mark.parametrize("clicks", [1, 2])
def test_the_thinking_stays_as_its_reader_left_it(asked, service, clicks):
    for _ in range(clicks):
        section(asked).locator("summary").click()
    left = is_open(asked)
    service.say(PARAGRAPHS)
    asked.output().get_by_text("Paragraph 8").first.wait_for()
    assert is_open(asked) is left
    finish(asked, service)
    asked.page.wait_for_function("left => document.querySelector('details').open === left", arg=left)


def test_what_is_selected_and_scrolled_stays_while_the_answer_grows(asked, service):
    page, live = asked.page, asked.output()
    service.say(PARAGRAPHS + "\n\n- the last block, which goes on")
    live.get_by_text("the last block").wait_for()
    asked.wait_for_formulas()
    page.locator(".jp-WindowedPanel-outer").evaluate(
        "notebook => (notebook.scrollTop = (notebook.scrollHeight - notebook.clientHeight) / 2)"
    )
    _select(live, "Paragraph 7", "which goes on")
    before = page.evaluate(LOOK)
    service.say(" and on, more and more. " * 30 + "\n" + "- another\n" * 40 + "\n\nEnd.", words_per_s=40)
    live.get_by_text("End.").wait_for()
    assert page.evaluate(LOOK) == before
    assert "Paragraph 7" in before["selection"]
    assert before["scrolled"] > 0
    finish(asked, service)
    assert page.evaluate(LOOK)["scrolled"] == before["scrolled"]


def test_stop_keeps_the_partial_answer(asked, service):
    service.say("Half of the")
    asked.output().get_by_text("Half of the").wait_for()
    asked.output().get_by_role("button", name="Stop").click()
    asked.wait_until_run()
    expect(asked.output().get_by_text("Half of the")).to_be_visible()
    saved = asked.save().cells[0].outputs
    assert "Half of the" in saved[0].data["text/plain"]
    assert [output.get("ename") for output in saved[1:]] == ["KeyboardInterrupt"]


def test_stop_is_heard_although_the_answer_grows_while_it_is_pressed(asked, service):
    stop = asked.output().get_by_role("button", name="Stop")
    asked.press_slowly(stop, lambda: service.say("A line.\n\n" * 3))
    asked.wait_until_run()
    assert "A line." in asked.save().cells[0].outputs[0].data["text/plain"]


def test_a_page_loaded_again_in_mid_stream_gets_the_whole_answer(asked, service):
    service.say("It began before the page was loaded again, ")
    asked.output().get_by_text("It began").wait_for()
    asked.save()
    asked.reload()
    service.say("and ended after.")
    service.finish()
    asked.output().get_by_text("It began before the page was loaded again, and ended after.").wait_for()
    asked.output().locator(".gemini-live").wait_for(state="detached")
    section(asked).locator("summary").click()
    expect(asked.output().get_by_text("Looking at the plot")).to_be_visible()
    assert list(asked.save().cells[0].outputs[0].data) == ["text/html", "text/plain"]
    assert asked.errors == []


@pytest.mark.parametrize("call", ["sessionContext.shutdown()", "sessionContext.session.kernel.shutdown()"])
def test_a_kernel_that_is_shut_down_leaves_the_answer_behind(asked, service, call):
    service.say("Half of the")
    asked.output().get_by_text("Half of the").wait_for()
    asked.page.evaluate(f"jupyterapp.shell.currentWidget.{call}")
    asked.output().get_by_role("button", name="Stop").wait_for(state="detached")
    assert "Half of the" in asked.save().cells[0].outputs[0].data["text/html"]


def test_a_kernel_that_is_killed_leaves_what_had_come(open_notebook, service):
    book = open_notebook("import os, signal\nos.getpid()", QUESTION)
    pid = int(book.run(0).inner_text().split()[-1])
    book.start(1)
    service.say("Half of the")
    book.output(1).get_by_text("Half of the").wait_for()
    os.kill(pid, signal.SIGKILL)
    book.output(1).get_by_text("The kernel is gone").wait_for()
    book.output(1).locator(".gemini-live").wait_for(state="detached")
    expect(book.output(1).get_by_text("Half of the")).to_be_visible()
    saved = book.save().cells[1].outputs[0].data
    assert sorted(saved) == ["text/html", "text/plain"]
    assert "Half of the" in saved["text/plain"]


def test_a_burst_of_sixteen_thousand_tokens_arrives_whole(asked, service):
    words = [f"word{number}" for number in range(16_000)]
    service.say("\n\n".join(" ".join(words[at : at + 80]) for at in range(0, len(words), 80)))
    finish(asked, service)
    assert re.findall(r"word\d+", asked.output().inner_text()) == words
    assert asked.errors == []


def test_a_hundred_thousand_tiny_chunks_arrive_whole(asked, service):
    text = "".join(f"{number:05d} " for number in range(100_000 // 6))
    service.send(*(chunk(content=character) for character in text))
    finish(asked, service)
    assert "".join(text.split()) in "".join(asked.output().inner_text().split())
    assert asked.errors == []


LOOK = """() => ({
    selection: getSelection().toString(),
    scrolled: document.querySelector('.jp-WindowedPanel-outer').scrollTop,
})"""


def _select(within, first, last):
    within.evaluate(
        """(root, [first, last]) => {
            const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
            const range = document.createRange();
            for (let node; (node = texts.nextNode()); ) {
                if (node.data.startsWith(first)) range.setStart(node, 0);
                if (node.data.includes(last)) range.setEnd(node, node.data.indexOf(last) + last.length);
            }
            getSelection().removeAllRanges();
            getSelection().addRange(range);
        }""",
        [first, last],
    )
