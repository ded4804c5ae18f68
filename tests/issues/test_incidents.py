"""Incidents: from how many failing tests on, which runs belong together, what is left of them."""

from collections.abc import Mapping, Sequence

import pytest

from ci_stat.issues.evidence import Cause, Evidence, RunRef
from ci_stat.issues.incidents import alike, broken_runs, freed
from ci_stat.records import CaseFailure, Run
from tests.support.issues import evidence, failure, moment, run

JOB = "nightly"


def ref(number: int, job: str = JOB) -> RunRef:
    return RunRef(job, number, moment(number / 100), "", "master", "", succeeded=False)


def names(n: int, suite: str = "s") -> list[str]:
    return [f"{suite}.Test{n:02}" for n in range(n)]


def broken(
    failed: Mapping[RunRef, int],
    green: int = 0,
    share: float = 2.0,
    known: int = 0,
    others: Sequence[RunRef] = (),
) -> list[int]:
    """Numbers of the broken runs.

    - `failed`: how many tests failed in each run.
    - `known`: tests that failed on their own.
    """
    tests = {run: frozenset(names(n)) for run, n in failed.items()}
    tests |= {ref(500 + n): frozenset({name}) for n, name in enumerate(names(known))}
    runs = [*tests, *(ref(900 + n) for n in range(green)), *others]
    return [run.number for run in broken_runs(tests, runs, 10, share) if run.number < 500]


@pytest.mark.parametrize(("failed", "numbers"), [(10, []), (11, [1])])
def test_more_than_ten_tests_in_one_run_are_an_incident(failed: int, numbers: list[int]) -> None:
    assert broken({ref(1): failed}) == numbers


@pytest.mark.parametrize(
    ("failed", "known", "numbers"),
    [(4, 0, []), (5, 0, [1]), (5, 20, [1]), (5, 21, []), (6, 24, [1]), (6, 25, [])],
)
def test_five_are_too_many_where_they_are_a_quarter_of_the_jobs_tests(
    failed: int, known: int, numbers: list[int]
) -> None:
    assert broken({ref(1): failed}, share=0.25, known=known) == numbers


@pytest.mark.parametrize(
    ("usual", "failed", "numbers"),
    [(6, 11, []), (6, 12, [1]), (6, 13, [1]), (7, 13, []), (0, 11, [1])],
)
def test_an_incident_needs_twice_the_median(usual: int, failed: int, numbers: list[int]) -> None:
    assert broken({ref(1): failed} | {ref(10 + n): usual for n in range(30)}) == numbers


@pytest.mark.parametrize(("green", "numbers"), [(0, list(range(19))), (1, [])])
def test_a_median_needs_twenty_runs(green: int, numbers: list[int]) -> None:
    assert broken({ref(n): 11 for n in range(19)}, green) == numbers


def test_median_and_known_tests_are_counted_by_job() -> None:
    elsewhere = [ref(10 + n, "other") for n in range(40)]
    always = {ref(1): 11} | {ref(10 + n, "other"): 20 for n in range(19)}
    assert broken(always)[:1] == [1]
    usual = {ref(n): 11 for n in range(20)}
    assert broken(usual, others=elsewhere) == []
    assert broken({ref(1): 5, ref(2, "other"): 40}, share=0.25) == [1, 2]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("abcd", "cdef", True),  # half of them
        ("abcd", "defg", False),
        ("abcd", "ab", True),  # of the smaller one
        ("ab", "abcd", True),
        ("ab", "bcdefg", True),
        ("abc", "cdefg", False),
        ("", "", False),
        ("", "ab", False),
        ("ab", "", False),
    ],
)
def test_half_of_the_smaller_set_makes_two_incidents_one(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is same


def _of(runs: Sequence[Run]) -> Evidence:
    return evidence(runs, 9)


def test_runs_of_two_jobs_are_two_incidents() -> None:
    cases = names(12)
    window = _of([run(9.1, *cases), run(9.2, *cases, job="other"), run(9.3, *cases)])
    assert [(incident.name, len(incident.occurrences)) for incident in window.incidents] == [
        ("tidb-unit-test-nightly: 12 tests fail together", 2),
        ("other: 12 tests fail together", 1),
    ]


def test_an_incident_has_the_tests_of_all_its_runs_the_loudest_first() -> None:
    loud, late = "z.TestLoud", "a.TestLate"
    cases = names(11)
    runs = [run(9.1, loud), run(9.2, *cases), run(9.3, *reversed(cases), late, loud)]
    (incident,) = _of(runs).incidents
    assert list(incident.members.values()) == [*cases, loud, late]
    assert list(incident.members) == [f"case:{name}" for name in (*cases, loud, late)]
    assert (incident.key.partition(":")[0], incident.kind) == ("incident", "incident")


def test_a_run_of_an_incident_has_the_message_of_its_loudest_test_or_its_first() -> None:
    loud = "z.TestLoud"
    cases = names(11)
    runs = [
        run(9.1, *reversed(cases)),
        run(9.2, *cases, loud),
        *(run(8 + n / 20, loud) for n in range(4)),
    ]
    (incident,) = _of(runs).incidents
    assert [occurrence.failure.name for occurrence in incident.occurrences] == [cases[0], loud]


def test_the_key_of_an_incident_is_that_of_its_first_run() -> None:
    first, later, another = run(9.1, *names(12)), run(9.5, *names(12)), run(9.1, *names(12))
    (alone,) = _of([first]).incidents
    assert [incident.key for incident in _of([later, first]).incidents] == [alone.key]
    assert [incident.key for incident in _of([another]).incidents] != [alone.key]
    assert len(alone.key) == len("incident:") + 16


@pytest.mark.parametrize(
    "said", [failure("it broke", "case", guess=True), failure("it broke", "compile")]
)
def test_failures_that_are_not_of_tests_do_not_make_an_incident(said: CaseFailure) -> None:
    assert _of([run(9.5, *names(4), said)]).incidents == ()
    assert len(_of([run(9.5, *names(5), said)]).incidents[0].members) == 5


def test_a_run_that_the_infrastructure_broke_is_not_an_incident() -> None:
    cases, cause = names(12), failure("disk full", "env")
    assert _of([run(9.5, cause, *cases)]).incidents == ()
    assert len(_of([run(9.5, *cases, cause)]).incidents) == 1


@pytest.mark.parametrize(("taken", "left"), [(0, 12), (7, 5), (8, None), (12, None)])
def test_an_incident_with_fewer_than_five_tests_left_is_dropped(
    taken: int, left: int | None
) -> None:
    cases = names(12)
    window = freed(_of([run(9.5, *cases)]), [f"case:{name}" for name in cases[:taken]])
    if left is None:
        assert window.incidents == ()
    else:
        (incident,) = window.incidents
        assert list(incident.members.values()) == cases[taken:]
        assert incident.name == f"tidb-unit-test-nightly: {left} tests fail together"


def test_what_is_taken_out_of_an_incident_counts_there_but_not_where_machines_were_to_blame() -> (
    None
):
    cases = names(12)
    whole = _of(
        [run(9.2, *cases), run(9.4, failure("disk full", "env"), *cases), run(9.6, *cases[:2])]
    )
    window = freed(whole, [f"case:{cases[0]}", "case:away"])
    causes = {
        name: [occurrence.cause for occurrence in window.histories[f"case:{name}"].occurrences]
        for name in cases[:3]
    }
    assert causes == {
        cases[0]: [None, Cause.MACHINES, None],
        cases[1]: [Cause.INCIDENT, Cause.MACHINES, None],
        cases[2]: [Cause.INCIDENT, Cause.MACHINES],
    }
    assert [len(window.histories[f"case:{name}"].own) for name in cases[:3]] == [2, 1, 0]
