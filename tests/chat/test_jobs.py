"""The list of the questions that are answered in the background."""

from concurrent.futures import Future

import pytest

from gemini_magics import CannotAttach
from gemini_magics.chat import jobs
from gemini_magics.content.convert import attach
from gemini_magics.core.messages import Message
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Settings
from gemini_magics.render.answer import Answer


@pytest.mark.parametrize("waiting", ["a question in the background", "a plan for a value"])
def test_what_waits_for_its_result_is_not_sent_as_if_it_were_one(waiting, monkeypatch):
    monkeypatch.setattr(jobs, "_jobs", [])
    question = Question((Message("user", ("How?",)),), Settings(service="demo"))
    later = Future() if "plan" in waiting else jobs.new_job(question)
    with pytest.raises(CannotAttach, match=rf"later is {waiting}.*: name later\.result\(\)"):
        attach(later, "later", question.settings)


def test_a_job_that_runs_stays_in_the_list_however_many_came_after_it(monkeypatch):
    monkeypatch.setattr(jobs, "_jobs", [])
    monkeypatch.setattr(jobs, "END_S", 0.01)  # the job below has no thread that could end it
    question = Question((Message("user", ("How?",)),), Settings(service="demo"))
    running = jobs.new_job(question)
    for _ in range(2 * jobs.KEPT_JOBS):
        jobs.new_job(question).run(Answer)
    newest = jobs.new_job(question)
    listed = jobs.jobs()
    assert len(listed) == jobs.KEPT_JOBS
    assert (listed[0], listed[-1]) == (running, newest)
    jobs.end_all()
    assert running.switch.cancelled
