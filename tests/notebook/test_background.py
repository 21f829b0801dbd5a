"""--background: the cell ends, and its answer grows in its own output while other cells run."""

import re

import pytest
from kernel import Kernel
from patience import PATIENCE_S

from gemini_magics.testing import Demo, Head, chunk, ending, envelope, took

LOOKUP = "def lookup(number: int) -> int:\n    return number"


class Page:
    """All displays of a notebook by their ids, as its page has them, whichever cell runs."""

    def __init__(self, kernel):
        self.kernel, self.displays = kernel, {}

    def run(self, code, cell, *, fails=False):
        """Run a cell; return its error's text, or the ids of the displays that it made."""
        sent = self.kernel.send(code, cell)
        made, error = [], ""
        while True:
            message = self.kernel.client.get_iopub_msg(timeout=PATIENCE_S)
            kind, content = message["msg_type"], message["content"]
            mine = message["parent_header"].get("msg_id") == sent.request
            display_id = content.get("transient", {}).get("display_id")
            if kind in ("display_data", "update_display_data", "execute_result"):
                if kind != "update_display_data":
                    assert mine, "a display landed in another cell"
                    display_id = display_id or f"{sent.request} {len(made)}"
                    made.append(display_id)
                self.displays[display_id] = content["data"]
            elif kind == "error" and mine:
                error = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and mine and content["execution_state"] == "idle":
                break
        assert bool(error) is fails, error
        return error or made

    def text(self, code):
        """The text that a cell shows."""
        return "\n".join(self.displays[name]["text/plain"] for name in self.run(code, "looks"))


class Service:
    """A server whose answers to a question go on once the test says so, by the last word of the question."""

    def __init__(self):
        self.open, self.asked = set(), []

    def __call__(self, request):
        word = request.json["messages"][0]["content"][0]["text"].split()[-1]
        self.asked.append(word)
        if word == "refused":
            yield from envelope(422, "The model is not supported")
            return
        yield Head()
        yield chunk(content=f"Begun {word}. ")
        while not {word, "all"} & self.open:
            yield 0.01
        if word == "breaks":
            return
        yield chunk(content=f"Ended {word}.")
        yield from ending("stop", took(1, 2))


@pytest.fixture(scope="module")
def kernel():
    service = Service()
    with Demo(service) as demo, Kernel(demo, display="auto", setup=[LOOKUP]) as kernel:
        kernel.service = service
        yield kernel


@pytest.fixture
def page(kernel):
    kernel.service.open.clear()
    return Page(kernel)


def test_the_cell_ends_at_once_and_its_output_has_the_whole_answer_later(kernel, page):
    [shown] = page.run("%%gemini --background --to job\nSay one", "a")
    assert "application/vnd.jupyter.widget-view+json" in page.displays[shown]
    listed = page.text("job")
    count = int(page.text("len(In) - 1"))  # of this third cell; In[0] is empty
    assert re.fullmatch(rf"<Job \d+, In \[{count - 2}\]: running>", listed)
    kernel.service.open.add("one")
    assert page.text("job.result().text") == "'Begun one. Ended one.'"
    page.run("pass", "c")
    assert set(page.displays[shown]) == {"text/html", "text/plain"}
    assert "Begun one. Ended one." in page.displays[shown]["text/plain"]
    assert page.text("job.state, job.done, job.error") == "('done', True, None)"


def test_sixteen_at_once_each_grow_in_their_own_output(kernel, page):
    shown = {}
    for number in range(16):
        code = f"%%gemini --background --to job{number}\nSay n{number}"
        [shown[number]] = page.run(code, f"cell{number}")
    assert page.text("sum(job.state == 'running' for job in [job0, job7, job15])") == "3"
    kernel.service.open.add("all")
    page.run("for job in [job0, *map(globals().get, [f'job{n}' for n in range(16)])]: job.result()", "b")
    for number, name in shown.items():
        assert f"Ended n{number}." in page.displays[name]["text/plain"]


def test_a_job_is_listed_and_stopped_by_its_number_and_what_came_is_kept(kernel, page):
    [shown] = page.run("%%gemini --background --to job\nSay stopped", "a")
    listed = page.text("%gemini_jobs")
    assert "running" in listed and "Say stopped" in listed
    number = page.text("job.number")
    assert page.text(f"%gemini_jobs cancel {number}") == f"Stopped {number}."
    assert page.text("job.result().ended, job.state") == "('interrupted', 'stopped')"
    page.run("pass", "b")
    assert "Begun stopped." in page.displays[shown]["text/plain"]
    assert page.text(f"%gemini_jobs cancel {number}") == f"Stopped no job: {number} is stopped already."
    assert page.text("%gemini_jobs cancel all") == "Stopped no job: none is running."
    assert page.run("%gemini_jobs cancel 999", "c", fails=True) == (
        "BadRequest: There is no job 999. None is running."
    )
    assert page.run("%gemini_jobs stop it", "c", fails=True).startswith("BadRequest: Write %gemini_jobs,")


def test_a_failure_is_red_in_its_output_and_raised_by_its_result(kernel, page):
    [shown] = page.run("%%gemini --background --to job\nSay breaks", "a")
    kernel.service.open.add("breaks")
    error = page.run("job.result()", "b", fails=True)
    assert error.startswith("IncompleteAnswer: ")
    page.run("pass", "c")
    output = page.displays[shown]
    assert "Begun breaks." in output["text/plain"]
    for text in output.values():
        assert text.count(error.partition(": ")[2][:40]) == 1
        assert error in text
    assert '<p class="gemini-failure"><small>' in output["text/html"]
    assert "failed" in page.text("%gemini_jobs")


def test_a_refusal_is_shown_in_the_output_of_its_cell(kernel, page):
    [shown] = page.run("%%gemini --background --to job\nSay refused", "a")
    error = page.run("job.result()", "b", fails=True)
    page.run("pass", "c")
    assert error.startswith("ServiceError: ")
    assert error in page.displays[shown]["text/plain"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("nothing", "CannotAttach"),
        ("--code", "BadRequest: --code needs the cell itself"),
        ("--tool lookup", "BadRequest: --tool needs the cell itself"),
        ("--tool lookup --code", "BadRequest: --code and --tool need the cell itself"),
        ("--over [1]", "BadRequest: --background is for one answer"),
        ("--service nowhere", "BadRequest: There is no"),
    ],
)
def test_what_cannot_be_asked_fails_in_the_cell(kernel, page, line, error):
    before = len(kernel.service.asked)
    assert page.run(f"%%gemini {line}{' ' if line else ''}--background\nSay it", "a", fails=True).startswith(
        error
    )
    assert len(kernel.service.asked) == before


def test_where_no_page_is_the_cell_waits_and_a_failure_fails_it(kernel, page):
    kernel.service.open.update(("waited", "breaks"))
    [shown] = page.run("%%gemini --background --to job\nSay waited", "")
    assert "Ended waited." in page.displays[shown]["text/plain"]
    assert page.text("job.done, job.result().ended") == "(True, 'stop')"
    assert page.run("%%gemini --background\nSay breaks", "", fails=True).startswith("IncompleteAnswer")


@pytest.mark.slow
def test_a_second_answer_in_a_form_stands_in_the_same_output(kernel, page):
    kernel.service.open.add("form")
    page.run("form = {'type': 'integer'}", "a")
    [shown] = page.run("%%gemini --background --schema form --to job\nSay form", "b")
    error = page.run("job.result()", "c", fails=True)
    assert error.startswith("AnswerMismatch")
    page.run("pass", "d")
    assert "AnswerMismatch" in page.displays[shown]["text/plain"]


@pytest.mark.slow
def test_a_kernel_that_ends_stops_its_jobs(kernel):
    service = Service()
    with Demo(service) as demo, Kernel(demo, display="auto") as ending:
        Page(ending).run("%%gemini --background\nSay ends", "a")
        ending.client.shutdown()
        assert demo.requests[-1].left.wait(PATIENCE_S)
