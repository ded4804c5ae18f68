"""No policy and no file makes a gate green while a must-pass test failed or a file is not whole.

The oracle below knows nothing of the code: it reads what was drawn.
"""

from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ci_stat.errors import SettingsError
from ci_stat.test_results.gates.decide import decide
from ci_stat.test_results.gates.from_files import read_results
from ci_stat.test_results.gates.model import Decision
from ci_stat.test_results.gates.policy import STRICT
from ci_stat.test_results.gates.policy_file import parse_policy
from ci_stat.test_results.inputs import Input
from tests.test_results.gates.support import NOW

NAMES = ("a", "b", "a[1]", "a.b", "*", "long name", "é")
CLASSES = ("C", "D", "pkg.C")
BODIES = {"P": "", "F": '<failure message="m"/>', "E": "<error/>", "S": "<skipped/>"}
ATTEMPTS = st.lists(st.sampled_from("PFES"), min_size=1, max_size=3).map("".join)
TESTS = st.dictionaries(
    st.tuples(st.sampled_from(CLASSES), st.sampled_from(NAMES)), ATTEMPTS, min_size=1, max_size=6
)
Tests = dict[tuple[str, str], str]


def document(tests: Tests) -> bytes:
    cases = [
        f'<testcase classname="{place}" name="{name}">{BODIES[letter]}</testcase>'
        for (place, name), letters in tests.items()
        for letter in letters
    ]
    return f'<testsuite name="s">{"".join(cases)}</testsuite>'.encode()


def as_input(content: bytes, name: str = "r.xml") -> Input:
    return Input(name, lambda: iter([content]), True)


def has_failed(letters: str) -> bool:
    """The last attempt that was not skipped failed."""
    return letters.replace("S", "").endswith(("F", "E"))


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "table": draw(st.sampled_from(["may_fail", "quarantine"])),
        "place": draw(st.sampled_from(CLASSES)),
        "name": draw(st.sampled_from(NAMES)),
        "days": draw(st.sampled_from([-1, 0, 30])),
        "cap": draw(st.sampled_from(["", "cap = 1\n", 'cap = "5%"\n'])),
    }


def toml(drawn: list[dict[str, Any]], rules: str) -> str:
    text = f"[rules]\n{rules}\n"
    for entry in drawn:
        expires = NOW.date() + timedelta(days=entry["days"])
        name = f"{entry['place']}.{entry['name']}"
        text += f'[[{entry["table"]}]]\ncase = "{name}"\nreason = "r"\nowner = "o"\n'
        text += f"expires = {expires}\n{entry['cap']}\n"
    return text


def is_excused(test: tuple[str, str], drawn: list[dict[str, Any]]) -> bool:
    """Whether an entry that has not expired names the test. Only the name `*` is a wildcard."""
    for entry in drawn:
        is_same = entry["name"] in (test[1], test[1].partition("[")[0])
        fits = entry["place"] == test[0] and (is_same or entry["name"] == "*")
        if fits and entry["days"] >= 0:
            return True
    return False


RULES = st.sampled_from(["", 'unmatched = "report"', "min_tests = 2", 'flaky = "fail"'])


@given(TESTS, st.lists(entries(), max_size=4), RULES)
@example({("C", "a"): "F"}, [], "")
@example({("C", "a"): "FS"}, [], "")
def test_a_failed_must_pass_test_is_never_green(
    tests: Tests, drawn: list[dict[str, Any]], rules: str
) -> None:
    try:
        policy = parse_policy(toml(drawn, rules))
    except SettingsError:  # two equal entries
        return
    verdict = decide(policy, read_results([as_input(document(tests))]), NOW)
    must_not_pass = [
        test
        for test, letters in tests.items()
        if has_failed(letters) and not is_excused(test, drawn)
    ]
    if must_not_pass:
        assert verdict.decision is Decision.FAIL
        assert len(verdict.failed) == len(must_not_pass)
    if verdict.decision is Decision.PASS:
        assert not any(entry["days"] < 0 for entry in drawn)


@given(TESTS, st.integers(0, 10**6), st.sampled_from(["cut", "flip", "drop"]))
def test_a_damaged_file_is_never_better_than_the_whole_one(
    tests: Tests, seed: int, damage: str
) -> None:
    """A cut file is never green; one with a flipped or lost byte is green only if it is valid."""
    whole = document(tests)
    place = Random(seed).randrange(len(whole))
    content = {
        "cut": whole[:place],
        "flip": whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :],
        "drop": whole[:place] + whole[place + 1 :],
    }[damage]
    results = read_results([as_input(content)])
    verdict = decide(STRICT, results, NOW)
    if damage == "cut":
        assert verdict.decision is not Decision.PASS
    if verdict.decision is Decision.PASS:
        assert not results.problems
        assert all(file.attempts for file in results.files)


@given(st.binary(max_size=200))
@example(b"")
@example(b"<testsuite></testsuite>")
@example(b"{}")
def test_bytes_of_any_kind_are_never_green_without_a_passed_test(content: bytes) -> None:
    results = read_results([as_input(content)])
    verdict = decide(STRICT, results, NOW)
    if verdict.decision is Decision.PASS:
        assert any(case.is_finished and not case.is_failed for case in results.cases)


@given(TESTS, TESTS)
def test_one_more_file_never_makes_a_red_gate_green(first: Tests, second: Tests) -> None:
    one = decide(STRICT, read_results([as_input(document(first))]), NOW)
    inputs = [as_input(document(first)), as_input(document(second), "r2.xml")]
    both = decide(STRICT, read_results(inputs), NOW)
    if one.decision is Decision.FAIL and one.failed:
        assert both.decision is Decision.FAIL


@given(st.text(max_size=200))
@example("[[may_fail]]\ncase = '*'")
@example("[ramp]")
def test_any_text_is_a_policy_or_an_error(text: str) -> None:
    try:
        policy = parse_policy(text)
    except SettingsError:
        return
    failed = read_results([as_input(document({("C", "a"): "F"}))])
    assert not policy.may_fail
    assert decide(policy, failed, NOW).exit_code == 11
