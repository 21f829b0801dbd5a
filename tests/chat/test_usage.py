"""What a session spends, its budget, and how both are shown."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from patience import PATIENCE_S

from gemini_magics import Answer, BadRequest, Cancel, GeminiError, MissingKey, ask
from gemini_magics.chat.conversation import Conversation, conversations
from gemini_magics.chat.run import send
from gemini_magics.chat.usage import _changed, book, check_budget, ledger, spent, usage_table
from gemini_magics.core.answer import FAILED, INTERRUPTED, close, fold
from gemini_magics.core.messages import Message, Text, Usage
from gemini_magics.core.question import Question
from gemini_magics.core.settings import Budget, Settings
from gemini_magics.render.table import Table, bar
from gemini_magics.testing import Act, Demo, Head, chunk, envelope, stream


@pytest.fixture(autouse=True)
def nothing_spent():
    ledger.clear()
    yield
    ledger.clear()


def spend(
    *, tokens=(10, 5), cost_credits=0.5, cell="4f1c", place="In [1]", chat="", service="kie", ended="stop",
    recorded="", text="Yes.",
):  # fmt: skip
    answer = Answer(service=service, recorded=recorded)
    if text:
        fold(answer, Text(text))
    prompt, completion = tokens or (None, None)
    fold(answer, Usage(prompt, completion, credits=cost_credits))
    close(answer, ended)
    book(Question((Message("user", ("?",)),), Settings(chat=chat), cell, cell, place), answer)


WRITTEN = {
    "200 credits": Budget(200, "credits"),
    "1 credit": Budget(1, "credits"),
    "0.5 Credits": Budget(0.5, "credits"),
    " 50,000 tokens ": Budget(50000, "tokens"),
    "50_000tokens": Budget(50000, "tokens"),
    "0 tokens": Budget(0, "tokens"),
    "": None,
    "  ": None,
}


@pytest.mark.parametrize(("text", "budget"), WRITTEN.items())
def test_a_budget_is_read_as_people_write_it(text, budget):
    assert Budget.read(text) == budget


@pytest.mark.parametrize(
    "text", ["200", "credits", "-5 credits", "2 dollars", "1e3 tokens", "5 credits a day", "ten tokens"]
)
def test_what_is_no_budget_is_refused_with_an_example(text):
    with pytest.raises(BadRequest, match='"200 credits"'):
        Settings(budget=text)


def check(budget, service="kie"):
    check_budget(Settings(budget=budget, service=service))


@pytest.mark.parametrize(("enough", "spent_up"), [("1.51 credits", "1.50 credits"), ("46 tokens", "45 tokens")])
def test_a_question_that_would_start_beyond_the_budget_is_stopped(enough, spent_up):
    for _ in range(3):
        spend()
    check(enough)
    with pytest.raises(BadRequest, match=r"The budget is spent: .* of .*GeminiMagics.budget = ") as raised:
        check(spent_up)
    assert spent_up in str(raised.value)


def test_a_budget_of_nothing_stops_the_first_question():
    with pytest.raises(BadRequest, match="0 of 0 credits"):
        check("0 credits")
    check("")


def test_ten_times_a_tenth_is_one():
    for _ in range(10):
        spend(cost_credits=0.1)
    with pytest.raises(BadRequest, match="spent: 1 of 1 credits"):
        check("1 credit")


def test_replays_are_free():
    spend(recorded="2026-11-22", cost_credits=99)
    assert (spent("credits"), spent("tokens")) == (0, 0)
    check("1 credits")


def test_a_budget_is_checked_without_a_look_at_each_answer_of_the_session(monkeypatch):
    for _ in range(10):
        spend(cost_credits=0.1)
    monkeypatch.setattr(type(ledger), "__iter__", None)  # ten thousand rows would be looked at for each row
    assert spent("credits") == 1.0
    check("1.01 credits")
    with pytest.raises(BadRequest, match="budget is spent"):
        check("1 credit")


def test_a_refused_question_is_not_entered_and_an_interrupted_one_is():
    spend(ended=FAILED, tokens=None, cost_credits=None, text="")
    assert len(ledger) == 0
    spend(ended=INTERRUPTED, tokens=None, cost_credits=None)
    assert len(ledger) == 1


def test_a_budget_that_the_service_does_not_count_is_said_to_hold_nothing():
    check("5 credits", "google")
    spend(service="google", cost_credits=None)
    with pytest.raises(BadRequest, match=r"google does not count credits.*in tokens"):
        check("5 credits", "google")
    check("50 tokens", "google")
    check("5 credits", "kie")


def test_one_interrupted_answer_does_not_make_a_service_one_that_counts_nothing():
    spend(ended=INTERRUPTED, tokens=None, cost_credits=None)
    check("5 credits")


def asked_at_once(demo, n, budget):
    """Ask so many questions in as many threads; return how many were answered, and what the rest was told."""

    def one(number):
        return ask(f"Q{number}", service="demo", base_url=demo.base_url, budget=budget).text

    with ThreadPoolExecutor(n) as pool:
        asked = [pool.submit(one, number) for number in range(n)]
    told = [str(error) for each in asked if (error := each.exception())]
    return n - len(told), told


@pytest.mark.parametrize(("budget", "sent"), [("0.01 credits", 1), ("0.03 credits", 3), ("7 tokens", 4)])
def test_questions_at_once_stay_within_the_budget_too(budget, sent):
    with Demo(lambda request: stream("Yes.", pause_s=0.05)) as demo:
        answered, told = asked_at_once(demo, 8, budget)
        assert (answered, len(demo.requests)) == (sent, sent)
    assert len(told) == 8 - sent
    assert all("The budget is spent" in each for each in told)


def test_questions_at_once_are_all_asked_where_the_budget_has_room_for_them():
    together = threading.Barrier(7, timeout=PATIENCE_S)

    def reply(request):
        if len(demo.requests) > 1:  # the first goes alone: what a question costs is not known before
            together.wait()
        return stream("Yes.")

    with Demo(reply) as demo:
        assert asked_at_once(demo, 8, "1 credit") == (8, [])


def test_a_question_that_failed_makes_room_for_the_next_one():
    replies = [envelope(401, "no"), [Head(), chunk(content="So"), Act.CLOSE], stream("Yes.")]
    with Demo(replies) as demo:
        for _ in replies:
            with suppress(GeminiError):
                ask("?", service="demo", base_url=demo.base_url, budget="1 credit")
        assert len(demo.requests) == 3
    with pytest.raises(MissingKey):
        ask("?", service="kie", budget="1 credit")
    spend()
    with Demo([stream("Yes.")]) as demo:
        assert ask("?", service="demo", base_url=demo.base_url, budget="1 credit").text == "Yes."


@pytest.fixture
def one_under_way():
    """A question that is not answered for a long time, while no cost is known yet."""
    cancel, hangs = Cancel(), threading.Event()

    def reply(request):
        hangs.set()
        return [Head(), chunk(content="So"), Act.HANG]

    with Demo(reply) as demo:
        settings = {"service": "demo", "base_url": demo.base_url, "budget": "1 credit"}
        thread = threading.Thread(target=ask, args=("First?",), kwargs={**settings, "cancel": cancel})
        thread.start()
        assert hangs.wait(PATIENCE_S)
        yield demo, settings
        cancel.cancel()
        thread.join()


def test_a_question_that_waits_for_others_can_be_stopped_and_is_not_sent(one_under_way, monkeypatch):
    demo, settings = one_under_way
    cancel = Cancel()
    wait = _changed.wait

    def wait_and_stop(timeout):
        cancel.cancel()
        return wait(timeout)

    monkeypatch.setattr(_changed, "wait", wait_and_stop)
    answer = ask("Second?", cancel=cancel, **settings)
    assert (answer.ended, answer.text, len(demo.requests)) == (INTERRUPTED, "", 1)


def test_who_cannot_wait_for_others_is_told_so(one_under_way):
    demo, settings = one_under_way
    second = Question((Message("user", ("Second?",)),), Settings(**settings))
    with pytest.raises(BadRequest, match="under way may take what is left of 1 credits: ask again once"):
        send(second, Cancel())
    assert len(demo.requests) == 1


def rows(**settings):
    table = usage_table(Settings(**settings))
    return [[cell for cell in row if cell] for row in table.rows]


def test_a_session_is_summed_up_by_cell_chat_and_service():
    spend(cell="a", place="In [3]", chat="main", tokens=(1200, 4), cost_credits=3)
    spend(cell="a (2)", place="In [3]", chat="main", tokens=(1, 1), cost_credits=0)
    spend(cell="b", place="In [7]", service="google", tokens=(10, 5), cost_credits=1)
    spend(cell="a", place="In [9]", chat="main", recorded="2026-11-22")
    spend(cell="d41d", place="", tokens=None, cost_credits=None)
    spend(cell="d41e", place="", tokens=None, cost_credits=None)
    assert rows() == [
        ["cell", "In [9]", "3", "1", "1,201", "5", "3", "75%"],
        ["In [7]", "1", "10", "5", "1", "25%"],
        ["Python", "2", "–", "–", "–", "0%"],
        ["chat", "main", "3", "1", "1,201", "5", "3", "75%"],
        ["no conversation", "3", "10", "5", "1", "25%"],
        ["service", "kie", "5", "1", "1,201", "5", "3", "75%"],
        ["google", "1", "10", "5", "1", "25%"],
        ["all", "6", "1", "1,211", "10", "4"],
    ]  # fmt: skip
    assert "Of 2 answers the service did not say what it took" in usage_table(Settings()).text()


def test_dollars_are_shown_at_the_rate_of_the_person_alone():
    spend(cost_credits=2)
    assert "$" not in usage_table(Settings()).text()
    table = usage_table(Settings(dollars_per_credit=0.005, budget="8 credits"))
    assert "about $" in table.head
    assert rows(dollars_per_credit=0.005)[-1] == ["all", "1", "10", "5", "2", "0.0100"]
    assert "Dollars are approximate: 0.005 for a credit, as you set it." in table.notes
    assert "Budget: 2 of 8 credits spent." in table.notes


def test_a_session_that_spent_nothing_has_a_table_too():
    assert rows() == [["all", "0", "–", "–", "–"]]


def test_shares_are_of_tokens_where_nobody_counts_credits():
    spend(cost_credits=None, cell="a", place="In [1]")
    spend(cost_credits=None, cell="b", place="In [2]")
    assert usage_table(Settings()).head[-1] == "share of tokens"
    assert rows()[0][-1] == rows()[1][-1] == "50%"


def test_the_costs_of_a_conversation_follow_its_new_name():
    spend(chat="main")
    conversation = Conversation("main")
    conversations["main"] = conversation
    try:
        conversation.rename("trends")
        assert [entry.chat for entry in ledger] == ["trends"]
    finally:
        conversations.clear()


@pytest.mark.parametrize(
    ("share", "drawn"), [(0, ""), (1, "█" * 16), (0.5, "█" * 8), (1 / 128, "▏"), (1e-9, "▏")]
)
def test_a_bar_shows_a_share_and_what_is_not_nothing_is_seen(share, drawn):
    assert bar(share) == drawn


def test_a_table_is_inert_in_html_and_in_text():
    table = Table(("name", "n"), [("<img src=x>\u202e\x1b[2J", "1")], frozenset({1}), ["<b>note</b>"])
    html, text = table.html(), table.text()
    assert "<img" not in html
    assert "<b>" not in html
    assert "⟨U+202E⟩" in html
    assert "\x1b" not in html + text
    assert "⟨U+202E⟩␛[2J" in text


def test_the_columns_of_a_table_line_up_in_text():
    assert Table(("name", "n"), [("a", "1"), ("long", "1,000")], frozenset({1})).text() == (
        "name      n\na         1\nlong  1,000"
    )
