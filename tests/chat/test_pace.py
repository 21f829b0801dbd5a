"""When the next question of a batch may start, on a clock that the tests move."""

import pytest

from gemini_magics.chat import pace
from gemini_magics.chat.pace import Pace, Window
from gemini_magics.service.services import SERVICES, Service


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def begin_all(pacing, most=1000):
    """Begin as many questions as may begin now; return their starts."""
    starts = []
    while not pacing.wait_s() and len(starts) < most:
        starts.append(pacing.begin())
    return starts


def test_no_window_ever_holds_more_starts_than_the_service_takes(clock):
    pacing, at = Pace(Window(20, 10.0), 50, clock), []
    while len(at) < 100:
        at += [clock.now for _ in begin_all(pacing)]
        clock.now += pacing.wait_s()
    assert all(sum(start <= other < start + 10.0 for other in at) <= 20 for start in at)
    assert clock.now - 100.0 == pytest.approx(50.0)


def test_a_start_counts_from_when_the_question_was_sent(clock):
    pacing = Pace(Window(1, 10.0), 5, clock)
    start = pacing.begin()
    clock.now += 8.0
    pacing.ended(start, 5.0)  # its worker began three seconds late
    assert pacing.wait_s() == pytest.approx(5.0)


def test_the_window_of_a_service_is_shared_by_all_batches_of_a_session():
    assert pace.window_of(SERVICES["kie"]) is pace.window_of(SERVICES["kie"])
    assert (SERVICES["kie"].starts, SERVICES["kie"].window_s) == (20, 10.0)


def test_an_unknown_limit_starts_with_few_and_doubles(clock):
    pacing = Pace(Window(0, 0.0), None, clock)
    grown = [pacing.allowed]
    for _ in range(200):
        pacing.answered()
        grown += [pacing.allowed] if pacing.allowed != grown[-1] else []
    assert grown == [8, 16, 32, 64]


@pytest.mark.parametrize("window", [Window(0, 0.0), Window(20, 10.0)])
def test_a_named_concurrency_is_there_at_once_and_never_exceeded(clock, window):
    pacing = Pace(window, 50, clock)
    assert pacing.allowed == 50
    for _ in range(500):
        pacing.answered()
    assert pacing.allowed == 50


def test_a_refusal_holds_all_and_halves_what_may_run(clock):
    pacing = Pace(Window(0, 0.0), 40, clock)
    starts = [pacing.begin() for _ in range(40)]
    clock.now += 1
    assert all(pacing.pause(start, 3.0) for start in starts)  # one wave of refusals is one pause
    assert (pacing.pauses, pacing.allowed, pacing.wait_s()) == (1, 20, 3.0)
    clock.now += 3.0
    assert pacing.wait_s() == 0
    for _ in range(20):
        pacing.answered()
    assert (pacing.pauses, pacing.allowed) == (0, 21)


def test_pauses_grow_until_the_service_was_away_too_long(clock):
    pacing, waits = Pace(Window(0, 0.0), 8, clock), []
    while pacing.pause(pacing.begin(), 1.0):
        waits.append(pacing.wait_s())
        clock.now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60]


def test_each_wait_that_the_service_asks_for_is_kept(clock):
    pacing, waits = Pace(Window(0, 0.0), 8, clock), []
    for asked_s in (30.0, 30.0, 3.0):
        assert pacing.pause(pacing.begin(), asked_s)
        waits.append(pacing.wait_s())
        clock.now += waits[-1]
    assert waits == [30, 30, 4]


def test_a_service_without_a_limit_has_no_window():
    assert pace.window_of(Service("other", "http://127.0.0.1:1/v1", "m", "")).wait_s(0.0) == 0
