"""One key for each case, however it is spelled; different keys for different cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.failures.case_identity import identity_key, name_key

SAME_NAMES = [
    [
        ("test_y", "tests.test_a.TestX"),
        ("tests/test_a.py::TestX::test_y", ""),
        ("TestX::test_y", "tests.test_a"),
    ],
    [("adds", "com.acme.AddTest"), ("com.acme.AddTest#adds", ""), ("com.acme.AddTest.adds", "")],
    [("com.acme.AddTest.adds", "com.acme.AddTest"), ("adds", "com.acme.AddTest")],
    [("FAIL: x_test.go:12: Suite.Test", ""), ("x_test.go:Suite.Test", ""), ("Test", "Suite")],
    [("TestA/sub_case", "example/pkg"), ("TestA/sub_case", "example/pkg ")],
    [("a  b", "c"), (" a b ", "c")],
    [("mod::inner::works", ""), ("works", "mod::inner")],
]


@pytest.mark.parametrize("spellings", SAME_NAMES)
def test_spellings_of_one_case_have_one_key(spellings: list[tuple[str, str]]) -> None:
    assert len({name_key(*spelling) for spelling in spellings}) == 1
    keys = {identity_key("s", class_name, name) for name, class_name in spellings}
    assert len(keys) == 1


@given(st.from_regex(r"\w{1,12}", fullmatch=True), st.sampled_from(["", "a.B", "a/b.py", "x"]))
def test_plain_words_have_the_key_of_any_other_spelling(name: str, place: str) -> None:
    """They are not searched for labels and places."""
    assert identity_key("s", place, name) == identity_key("s", place, f" {name}")


@pytest.mark.parametrize("suite", ["pytest", "", "tests.test_a", "tests/test_a.py", "jest tests"])
def test_suites_that_say_nothing_do_not_count(suite: str) -> None:
    assert identity_key(suite, "tests.test_a.TestX", "test_y") == identity_key(
        "", "tests.test_a.TestX", "test_y"
    )


def test_a_time_in_a_suite_does_not_count() -> None:
    keys = {
        identity_key(suite, "TestAcme", "test_a")
        for suite in ("TestAcme-20251114214921", "TestAcme-20260102030405")
    }
    assert len(keys) == 1
    assert identity_key("unit 2026-01-02T03:04:05", "C", "a") == identity_key(
        "unit 2026-11-30 23:59:59", "C", "a"
    )


def test_what_makes_cases_different() -> None:
    cases = [
        ("s", "C", "a", "", ""),
        ("t", "C", "a", "", ""),
        ("s", "D", "a", "", ""),
        ("s", "C", "b", "", ""),
        ("s", "C", "a", "[1]", ""),
        ("s", "C", "a", "[2]", ""),
        ("s", "", "a", "", "x.spec.ts"),
        ("s", "", "a", "", "y.spec.ts"),
        ("s", "", "a", "", ""),
        ("t", "", "a", "", ""),
        ("s", "C", "A", "", ""),
    ]
    assert len({identity_key(*case) for case in cases}) == len(cases)


def test_a_file_counts_only_without_a_class() -> None:
    """Some producers name the file only of a case that failed."""
    assert identity_key("s", "C", "a", "", "a.go") == identity_key("s", "C", "a", "", "")


@given(*[st.text(max_size=8)] * 3)
def test_keys_are_stable_text(suite: str, place: str, name: str) -> None:
    key = identity_key(suite, place, name)
    assert key == identity_key(suite, place, name)
    assert (len(key), key[:3]) == (35, "c1:")
