"""The limiter and the waits between tries, with a clock that only sleeping moves on."""

import threading
import time
from collections.abc import Iterable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.connectors.http.retry import Pace, RetryPolicy, shared_pace
from ci_stat.connectors.outcome import AttemptOutcome, Reaction, once, send_with_retries
from ci_stat.records import DeliveryState
from tests.support.connectors import FakeTime


def most_within(times: list[float], span: float) -> int:
    """The largest number of times in any half-open window of that length."""
    return max(sum(first <= each < first + span for each in times) for first in times)


@given(st.lists(st.sampled_from([0.0, 0.05, 0.2, 1.0, 7.0]), min_size=1, max_size=250))
def test_no_window_ever_holds_more_than_its_limit(pauses: list[float]) -> None:
    fake, left = FakeTime(0.0), []
    pace = Pace(((5, 1.0), (100, 60.0)), fake.clock, fake.sleep)
    for pause in pauses:
        fake.now += pause
        pace.wait()
        left.append(round(fake.now, 6))
    assert most_within(left, 0.999999) <= 5
    assert most_within(left, 59.999999) <= 100


def test_who_is_slow_never_waits() -> None:
    fake = FakeTime()
    pace = Pace(clock=fake.clock, sleep=fake.sleep)
    for _ in range(200):
        pace.wait()
        fake.now += 0.7
    assert fake.waits == []


def test_the_sixth_waits_for_the_first_to_be_a_second_old() -> None:
    fake = FakeTime(10.0)
    pace = Pace(clock=fake.clock, sleep=fake.sleep)
    for _ in range(6):
        pace.wait()
    assert fake.waits == [1.0]


def test_threads_share_the_limit() -> None:
    left: list[float] = []
    pace = Pace(((4, 0.2),))

    def work() -> None:
        pace.wait()
        left.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(13)]
    begun = time.monotonic()
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert len(left) == 13
    assert 0.6 <= max(left) - begun < 5


def test_one_pace_for_each_far_end_of_the_process() -> None:
    assert shared_pace("test://one") is shared_pace("test://one")
    assert shared_pace("test://one") is not shared_pace("test://two")


def test_waits_double_and_tries_end() -> None:
    fake = FakeTime()
    attempts = RetryPolicy(**fake.options).begin()
    assert [attempts.again() for _ in range(6)] == [True] * 4 + [False] * 2
    assert fake.waits == [1, 2, 4, 8]
    assert attempts.made == 5


def test_half_of_a_wait_is_left_to_chance() -> None:
    fake = FakeTime()
    attempts = RetryPolicy(clock=fake.clock, sleep=fake.sleep, jitter=lambda: 0.0).begin()
    assert attempts.again()
    assert attempts.again()
    assert fake.waits == [0.5, 1.0]


def test_what_the_far_end_asks_for_is_obeyed_within_the_budget() -> None:
    fake = FakeTime()
    attempts = RetryPolicy(**fake.options).begin()
    assert attempts.again(17.0)
    assert attempts.again(0.0)
    assert not attempts.again(42.0)  # 19 s are gone
    assert attempts.again(41.0)
    assert fake.waits == [17.0, 2.0, 41.0]


def test_time_spent_otherwise_counts() -> None:
    fake = FakeTime()
    attempts = RetryPolicy(**fake.options).begin()
    fake.now += 59.5
    assert not attempts.again()
    assert fake.waits == []


# What is made of the verdicts of several tries

DONE, RETRY, GIVE_UP, UNKNOWN = Reaction.DONE, Reaction.RETRY, Reaction.GIVE_UP, Reaction.UNKNOWN
REJECT, FOREIGN, REFRESH = Reaction.REJECT, Reaction.FOREIGN, Reaction.REFRESH
SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN


@pytest.mark.parametrize(
    ("reactions", "repeatable", "state", "tries"),
    [
        ([DONE], False, SENT, 1),
        ([RETRY, DONE], False, SENT, 2),
        ([RETRY] * 5, False, FAILED, 5),
        ([GIVE_UP], False, FAILED, 1),
        ([REJECT], False, FAILED, 1),
        ([REFRESH], False, FAILED, 1),
        ([UNKNOWN], False, UNCERTAIN, 1),
        ([RETRY, UNKNOWN], False, UNCERTAIN, 2),
        ([UNKNOWN, DONE], True, SENT, 2),
        ([UNKNOWN] * 5, True, UNCERTAIN, 5),
        # Whatever came after it: the first try may have arrived.
        ([UNKNOWN] + [RETRY] * 4, True, UNCERTAIN, 5),
        ([UNKNOWN, GIVE_UP], True, UNCERTAIN, 2),
        ([UNKNOWN, REFRESH], True, UNCERTAIN, 2),
        # But this holds for the first try too.
        ([UNKNOWN, REJECT], True, FAILED, 2),
        ([UNKNOWN, FOREIGN], True, FAILED, 2),
    ],
)
def test_the_outcome_of_several_tries(
    reactions: Iterable[Reaction], repeatable: bool, state: DeliveryState, tries: int
) -> None:
    verdicts = iter([AttemptOutcome(each, f"It is {each}.", "Do it.", 7) for each in reactions])
    attempts = RetryPolicy(**FakeTime().options).begin()
    outcome = send_with_retries(lambda: next(verdicts), attempts, repeatable)
    assert (outcome.state, attempts.made, next(verdicts, None)) == (state, tries, None)
    assert outcome.code == 7
    assert ("may have arrived" in outcome.hint) == (state is UNCERTAIN)
    assert (f"tried {tries} times" in outcome.reason) == (tries > 1 and state is not SENT)


def test_flags_say_why_a_content_was_refused() -> None:
    flags = {}
    for reaction in (REJECT, FOREIGN, GIVE_UP):
        outcome = send_with_retries(partial(AttemptOutcome, reaction), RetryPolicy().begin())
        flags[reaction] = (outcome.rejected, outcome.foreign)
    assert flags == {REJECT: (True, False), FOREIGN: (False, True), GIVE_UP: (False, False)}


def test_a_wait_that_is_too_long_is_told() -> None:
    fake = FakeTime()
    outcome = send_with_retries(
        lambda: AttemptOutcome(RETRY, "Too many.", wait=3_600), RetryPolicy(**fake.options).begin()
    )
    assert outcome.reason == "Too many (the server asks to wait 3,600 s)"
    assert fake.waits == []


def test_values_of_answers_are_in_no_repr() -> None:
    assert "t-secret" not in repr(AttemptOutcome(DONE, value={"tenant_access_token": "t-secret"}))


def test_once_is_once_even_if_it_fails() -> None:
    calls: list[int] = []
    guarded = once(lambda: calls.append(1))
    guarded()
    guarded()
    assert calls == [1]
