"""A verdict: what fails a gate, what leaves it open, and what an entry excuses."""

from datetime import UTC, datetime

import pytest

from ci_stat.records.case_results import ReadState
from ci_stat.test_results.gates.decide import decide
from ci_stat.test_results.gates.model import Decision, Level
from ci_stat.test_results.gates.policy import STRICT
from ci_stat.test_results.gates.policy_file import parse_policy
from tests.test_results.gates.support import (
    NOW,
    OWNED,
    case,
    cases,
    may_fail,
    results,
    rules,
    verdict,
)


@pytest.mark.parametrize(
    ("text", "code"),
    [("a:P", 0), ("a:P b:F", 11), ("a:E", 11), ("a:P b:S", 0), ("a:P b:R", 0), ("a:S", 11)],
)
def test_without_a_policy_every_test_must_pass(text: str, code: int) -> None:
    assert verdict("", text).exit_code == code


def test_no_results_at_all_leave_it_open() -> None:
    answer = decide(STRICT, results(), NOW)
    assert (answer.decision, rules(answer)) == (Decision.CANNOT_TELL, ["no results"])


@pytest.mark.parametrize("state", [state for state in ReadState if state is not ReadState.COMPLETE])
def test_a_file_that_is_not_whole_is_never_green(state: ReadState) -> None:
    read = results(*cases("a:P"), states=[ReadState.COMPLETE, state])
    answer = decide(STRICT, read, NOW)
    assert answer.exit_code == 12
    assert answer.reasons[0].names == (f"r1.xml: {state}: why",)

    failed = decide(STRICT, results(*cases("a:F"), states=[state]), NOW)
    assert failed.exit_code == 11
    assert rules(failed) == ["file not whole", "failed tests"]


def test_all_reasons_are_named() -> None:
    policy = (
        '[rules]\nmin_tests = 9\nflaky = "fail"\nskipped = "fail"\nmax_duration = "1s"\n'
        + may_fail("C.gone")
        + '[[required]]\nlabels = { db = "tidb" }\n'
    )
    read = results(case("C.a", "F", seconds=5.0), *cases("b:R c:S"))
    answer = decide(parse_policy(policy), read, NOW)
    assert rules(answer) == [
        "missing matrix entry",
        "failed tests",
        "flaky tests",
        "skipped tests",
        "entry without a test",
        "too few tests",
        "too slow",
    ]
    assert answer.exit_code == 11


@pytest.mark.parametrize("table", ["may_fail", "quarantine"])
def test_an_entry_excuses_its_tests_only(table: str) -> None:
    policy = may_fail("C.a", table=table)
    assert verdict(policy, "a:F b:P").exit_code == 0
    assert verdict(policy, "a:F b:F").exit_code == 11
    answer = verdict(policy, "a:F b:F")
    assert [one.name for one in answer.failed] == ["b"]
    assert [one.name for one in answer.excused] == ["a"]


def test_a_policy_that_excuses_everything_is_noted() -> None:
    note = "No test must pass: the policy excuses a failure of each of them."
    assert note in verdict(may_fail("*"), "a:F b:F").notes
    assert note not in verdict(may_fail("C.a"), "a:F b:P").notes


def test_a_new_test_must_pass_at_once() -> None:
    policy = may_fail("C.a")
    assert verdict(policy, "a:F new:F", "a:F", "a:F").exit_code == 11


def test_an_unexpected_pass_is_told_and_of_quarantine_not() -> None:
    answer = verdict(may_fail("C.a") + may_fail("C.q", table="quarantine"), "a:P q:P b:P")
    assert answer.exit_code == 0
    assert [one.name for one in answer.unexpected] == ["a"]


@pytest.mark.parametrize(("day", "code"), [((2026, 12, 31, 23, 59), 0), ((2027, 1, 1, 0, 0), 11)])
def test_an_entry_holds_to_the_end_of_its_last_day(day: tuple[int, ...], code: int) -> None:
    now = datetime(*day, tzinfo=UTC)  # type: ignore[misc,arg-type]
    answer = verdict(may_fail("C.a"), "a:F", now=now)
    assert answer.exit_code == code
    assert rules(answer) == ([] if code == 0 else ["failed tests", "expired"])


def test_an_expired_entry_fails_the_gate_even_if_all_tests_pass() -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    assert rules(verdict(may_fail("C.a"), "a:P", now=now)) == ["expired"]


def test_an_entry_without_a_test_is_an_error_unless_it_is_only_reported() -> None:
    assert rules(verdict(may_fail("C.typo"), "a:P")) == ["entry without a test"]
    reported = verdict('[rules]\nunmatched = "report"\n' + may_fail("C.typo"), "a:P")
    assert reported.exit_code == 0
    assert "may_fail #1 (case C.typo) fits no test." in reported.notes


def test_nothing_is_said_of_entries_while_results_are_missing() -> None:
    read = results(*cases("a:P"), states=[ReadState.CUT])
    answer = decide(parse_policy(may_fail("C.typo")), read, NOW)
    assert rules(answer) == ["file not whole"]


def test_an_entry_of_another_matrix_entry_is_not_missed() -> None:
    policy = parse_policy(f'[[may_fail]]\ncase = "C.a"\nlabels = {{ db = "tidb" }}\n{OWNED}')
    here = results(case("C.a", labels=(("db", "mysql"),)))
    assert decide(policy, here, NOW).exit_code == 0
    there = results(case("C.b", labels=(("db", "tidb"),)))
    assert rules(decide(policy, there, NOW)) == ["entry without a test"]


def test_a_name_without_its_place_must_be_unique() -> None:
    read = results(case("C.a", "F"), case("D.a"), case("D.b"))
    assert rules(decide(parse_policy(may_fail("a")), read, NOW)) == ["ambiguous entry"]
    assert decide(parse_policy(may_fail("*.a")), read, NOW).exit_code == 0
    assert decide(parse_policy(may_fail("C.a")), read, NOW).exit_code == 0
    twice = results(case("C.a", "F", parameters="[1]"), case("C.a", parameters="[2]"))
    assert decide(parse_policy(may_fail("a")), twice, NOW).exit_code == 0


@pytest.mark.parametrize(
    ("cap", "earlier", "code"),
    [
        ("cap = 1", ["a:P"], 0),
        ("cap = 1", ["a:F"], 11),
        ("cap = 3", ["a:F", "a:F"], 0),
        ("cap = 3", ["a:F", "a:F", "a:F"], 11),
        ("cap = 3", ["a:F", "a:F", "a:P", "a:F", "a:F"], 0),
        ("cap = 3", ["a:F", "a:F", "a:S", "a:F"], 11),
        ('cap = "30%"', ["a:F"] * 8, 0),
        ('cap = "30%"', ["a:F"] * 9, 11),
        ('cap = "30%"', ["a:P", "a:P", "a:F"] * 10, 0),
        ('cap = "30%"', ["a:P", "a:F", "a:F"] * 10, 11),
    ],
)
def test_a_cap_limits_how_often_a_test_may_fail(cap: str, earlier: list[str], code: int) -> None:
    answer = verdict(may_fail("C.a", cap), "a:F", *earlier)
    assert answer.exit_code == code
    assert rules(answer) == (["cap exceeded"] if code else [])


def test_removal_is_proposed_after_clean_passes_in_a_row() -> None:
    policy = "[rules]\npropose_after = 3\n" + may_fail("C.*")

    def proposes(text: str, *earlier: str) -> bool:
        (use,) = verdict(policy, text, *earlier).entries
        return use.proposes_removal

    assert proposes("a:P", "a:P", "a:P")
    assert proposes("a:P b:P", "a:F b:F", "a:P b:P", "a:S b:P", "a:P b:P", "a:P b:P")
    assert not proposes("a:P", "a:P")
    assert not proposes("a:P", "a:P", "a:R")
    assert not proposes("a:P b:P", "a:P b:P", "a:P b:F")
    assert not proposes("a:R", "a:P", "a:P")


def test_minimum_of_a_suite() -> None:
    policy = parse_policy('[[minimum]]\nsuite = "integration"\ntests = 2\n')
    enough = [case(f"C.{name}", suite="integration") for name in "ab"]
    assert decide(policy, results(*enough), NOW).exit_code == 0
    too_few = results(enough[0], case("C.b", "S", suite="integration"), case("C.c"))
    answer = decide(policy, too_few, NOW)
    assert rules(answer) == ["too few tests"]
    assert answer.reasons[0].text == (
        "1 test of minimum #1 (suite integration) ran, at least 2 must run"
    )


def test_a_required_entry_needs_a_test_that_finished() -> None:
    policy = parse_policy('[[required]]\nlabels = { db = "tidb" }\n')
    labels = (("db", "tidb"), ("spark", "3.5"))
    assert decide(policy, results(case("C.a", labels=labels)), NOW).exit_code == 0
    answer = decide(policy, results(case("C.a", "S", labels=labels), case("C.b")), NOW)
    assert (answer.exit_code, answer.reasons[0].names) == (12, ("db=tidb",))


def test_markers_properties_and_levels() -> None:
    policy = parse_policy(
        '[[category]]\nname = "chaos"\nmarker = "chaos"\nexcept_marker = "slow"\n'
        f'[[may_fail]]\ncategory = "chaos"\nbelow = {{ workers = 10 }}\n{OWNED}'
    )

    def level(markers: str, workers: str) -> Level:
        properties = (("markers", markers), ("workers", workers))
        answer = decide(policy, results(case("C.a", properties=properties)), NOW)
        return answer.counts[0].level

    assert level("chaos", "9") is Level.MAY_FAIL
    assert level("@chaos, other", "9.5") is Level.MAY_FAIL
    assert level("chaos", "10") is Level.MUST_PASS
    assert level("chaos", "many") is Level.MUST_PASS
    assert level("chaos slow", "9") is Level.MUST_PASS
    assert level("chaotic", "9") is Level.MUST_PASS
