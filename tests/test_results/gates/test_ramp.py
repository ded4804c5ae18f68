"""The ramp: steps by calendar, judged by the interval of the pass rate; ratchet and waiver."""

from datetime import UTC, datetime, timedelta

import pytest

from ci_stat.test_results.gates.decide import decide
from ci_stat.test_results.gates.levels import Classifier, past_run
from ci_stat.test_results.gates.model import GateCase, RampState, Verdict
from ci_stat.test_results.gates.policy_file import parse_policy
from tests.test_results.gates.support import NOW, case, results, rules

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
CATEGORIES = """
[[category]]
name = "smoke"
marker = "smoke"
[[category]]
name = "transaction"
marker = "transaction"
[[category]]
name = "concurrency"
marker = "concurrent"
below = { workers = 10 }
[[category]]
name = "resource"
marker = "resource"
[[category]]
name = "rest"
except_marker = "destructive"
"""
STEPS = """
[[ramp.step]]
rate = "30%"
categories = ["smoke"]
[[ramp.step]]
rate = "50%"
categories = ["transaction"]
[[ramp.step]]
rate = "70%"
categories = ["concurrency"]
[[ramp.step]]
rate = "85%"
categories = ["resource"]
[[ramp.step]]
rate = "95%"
categories = ["rest"]
"""


def policy(more: str = "") -> str:
    return f"{CATEGORIES}[ramp]\nstart = 2026-11-02\n{more}\n{STEPS}"


def marked(marker: str, passed: int, failed: int, workers: str = "1") -> list[GateCase]:
    properties = (("marker", marker), ("workers", workers))
    letters = "P" * passed + "F" * failed
    return [
        case(f"{marker}.t{at}", letter, properties=properties) for at, letter in enumerate(letters)
    ]


def judged(week: int, *cases: GateCase, more: str = "", past: tuple[int, ...] = ()) -> Verdict:
    """The verdict so many weeks after the start.

    `past`: of earlier runs, the oldest first, how many of 100 smoke tests passed.
    """
    rules = parse_policy(policy(more))
    now = START + timedelta(weeks=week)
    classifier = Classifier(rules)
    runs = [past_run(classifier, marked("smoke", n, 100 - n), NOW) for n in past]
    return decide(rules, results(*cases), now, tuple(reversed(runs)))


def state(verdict: Verdict) -> RampState:
    assert verdict.ramp is not None
    return verdict.ramp


@pytest.mark.parametrize(
    ("week", "step", "rate"),
    [
        (0, 1, 0.3),
        (1, 1, 0.3),
        (2, 2, 0.5),
        (4, 3, 0.7),
        (6, 4, 0.85),
        (8, 5, 0.95),
        (9, 5, 0.95),
        (500, 5, 0.95),
    ],
)
def test_steps_follow_the_calendar(week: int, step: int, rate: float) -> None:
    ramp = state(judged(week, *marked("smoke", 100, 0)))
    assert (ramp.by_calendar, ramp.judged, ramp.rate) == (step, step, rate)


def test_before_the_start_nothing_is_judged() -> None:
    answer = judged(-1, *marked("smoke", 0, 100))
    assert (answer.exit_code, state(answer).judged) == (0, 0)
    assert "The ramp starts on 2026-11-02." in answer.notes


@pytest.mark.parametrize(
    ("week", "passed", "code"),
    [(0, 22, 0), (0, 20, 11), (2, 41, 0), (2, 40, 11), (8, 91, 0), (8, 88, 11)],
)
def test_the_upper_end_of_the_interval_decides(week: int, passed: int, code: int) -> None:
    answer = judged(week, *marked("smoke", passed, 100 - passed))
    assert answer.exit_code == code
    assert (state(answer).high < state(answer).rate) == (code == 11)


def test_categories_join_step_by_step() -> None:
    cases = [
        *marked("smoke", 10, 0),
        *marked("transaction", 0, 10),
        *marked("concurrent", 0, 10),
        *marked("resource", 0, 10),
        *marked("other", 0, 10),
    ]
    finished = [state(judged(2 * step, *cases)).finished for step in range(5)]
    assert finished == [10, 20, 30, 40, 50]
    many_workers = marked("concurrent", 0, 10, workers="16")
    assert state(judged(4, *marked("smoke", 10, 0), *many_workers)).finished == 10


def test_tests_of_no_category_must_pass() -> None:
    cases = [*marked("smoke", 10, 0), *marked("destructive", 0, 1)]
    answer = judged(0, *cases)
    assert rules(answer) == ["failed tests"]
    assert answer.failed[0].class_name == "destructive"


def test_a_ramp_without_results_cannot_tell() -> None:
    answer = judged(0, *marked("transaction", 5, 0))
    assert (answer.exit_code, rules(answer)) == (12, ["no results for the ramp"])


def test_few_results_are_not_judged() -> None:
    assert judged(8, *marked("smoke", 0, 9)).exit_code == 0
    assert judged(8, *marked("smoke", 0, 10)).exit_code == 11


def test_the_lower_end_proves_a_step() -> None:
    answer = judged(0, *marked("smoke", 80, 20))
    assert state(answer).newly_proven == 3  # 70 %, for the interval begins at 71 %
    proven = judged(0, *marked("smoke", 80, 20), more='proven = "70%"')
    assert (state(proven).newly_proven, state(proven).judged) == (0, 3)


def test_the_ratchet_never_falls() -> None:
    assert judged(0, *marked("smoke", 50, 50)).exit_code == 0
    fallen = judged(0, *marked("smoke", 50, 50), more='proven = "70%"')
    assert (fallen.exit_code, state(fallen).judged) == (11, 3)
    by_history = judged(0, *marked("smoke", 0, 100), more="runs = 1", past=(95, 95, 60))
    assert (state(by_history).proven, state(by_history).judged) == (4, 4)
    assert by_history.exit_code == 11


WAIVER = """
[[ramp.waiver]]
rate = "30%"
reason = "new runners"
owner = "infra"
expires = 2026-11-10
"""


def test_a_waiver_lowers_the_ratchet_until_it_expires() -> None:
    more = 'proven = "70%"'
    text = policy(more) + WAIVER
    cases = results(*marked("smoke", 50, 50))
    waived = decide(parse_policy(text), cases, START)
    assert (waived.exit_code, state(waived).judged, state(waived).waived) == (0, 1, True)
    expired = decide(parse_policy(text), cases, datetime(2026, 11, 11, tzinfo=UTC))
    assert rules(expired) == ["expired", "pass rate too low"]


def test_a_waiver_does_not_stop_the_calendar() -> None:
    text = policy('proven = "70%"') + WAIVER.replace("2026-11-10", "2026-12-31")
    later = decide(
        parse_policy(text), results(*marked("smoke", 50, 50)), START + timedelta(weeks=2)
    )
    assert state(later).judged == 2


def test_runs_are_judged_together() -> None:
    alone = judged(2, *marked("smoke", 38, 62))
    together = judged(2, *marked("smoke", 38, 62), past=(60, 62, 58))
    assert (alone.exit_code, together.exit_code) == (11, 0)
    assert (state(together).runs, state(together).finished) == (4, 400)
    only_newest = judged(2, *marked("smoke", 38, 62), more="runs = 1", past=(60, 62, 58))
    assert (only_newest.exit_code, state(only_newest).runs) == (11, 1)


def test_quarantined_tests_do_not_count() -> None:
    text = policy() + '[[quarantine]]\ncase = "bad.*"\nreason = "r"\nowner = "o"\n'
    text += "expires = 2026-12-31\n"
    smoke = (("marker", "smoke"),)
    bad = [case(f"bad.t{at}", "F", properties=smoke) for at in range(50)]
    answer = decide(parse_policy(text), results(*marked("smoke", 10, 0), *bad), START)
    assert (answer.exit_code, state(answer).finished) == (0, 10)
