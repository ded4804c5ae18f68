"""Which case a person means: any spelling, its end, its key; several are never merged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from ci_stat.errors import UsageError
from ci_stat.store.results.read import StoredCase
from ci_stat.test_results.cases.names import meant, similar, typed_name
from ci_stat.test_results.cases.service import Cases
from tests.support.drawn_results import case, draw

PYTHON = case("test_total", "tests.test_cart.TestCart", parameters="[3]")
JAVA = case("adds", "com.acme.AddTest")
GO = case("TestEvict", "github.com/me/app/cache")
SCRIPT = case("shows a cart", "", file="src/cart.test.js", suite="src/cart.test.js")
ALL = (PYTHON, JAVA, GO, SCRIPT)


SPELLINGS = {
    "tests/test_cart.py::TestCart::test_total[3]": PYTHON,
    "tests.test_cart.TestCart.test_total[3]": PYTHON,
    "tests.test_cart.TestCart :: test_total[3]": PYTHON,  # as ci-stat shows it
    "TestCart.test_total[3]": PYTHON,
    "TestCart::test_total": PYTHON,
    "test_total": PYTHON,
    "  test_total  ": PYTHON,
    "com.acme.AddTest#adds": JAVA,
    "AddTest.adds": JAVA,
    "FAIL: cache_test.go:606: TestEvict": GO,
    "github.com/me/app/cache.TestEvict": GO,
    "cache.TestEvict": GO,
    "src/cart.test.js :: shows a cart": SCRIPT,
    "shows a cart": SCRIPT,
}


def test_a_case_in_any_spelling(any_results: Engine) -> None:
    draw(any_results, dict.fromkeys(ALL, "P"))
    cases = Cases(any_results)
    found = {typed: cases.named(typed) for typed in SPELLINGS}
    names = {typed: [(one.class_name, one.name) for one in some] for typed, some in found.items()}
    assert names == {typed: [(one.class_name, one.name)] for typed, one in SPELLINGS.items()}


@pytest.mark.parametrize(
    "typed", ["otal", "cart.AddTest.adds", "test_total[4]", "", " ", "c1:", "%"]
)
def test_what_no_case_is_named(results: Engine, typed: str) -> None:
    draw(results, dict.fromkeys(ALL, "P"))
    assert Cases(results).find(typed) is None


def test_several_cases_of_one_name_are_listed_with_counts(results: Engine) -> None:
    one, other = case("adds", "com.a.AddTest"), case("adds", "com.b.AddTest")
    draw(results, {one: "P P P", other: "F P S"})
    cases = Cases(results)
    with pytest.raises(UsageError, match=r"2 tests are named 'AddTest\.adds'") as error:
        cases.find("AddTest.adds")
    lines = str(error.value).splitlines()
    assert "com.b.AddTest :: adds  1 of 2 results failed" in lines[1]
    assert "com.a.AddTest :: adds  0 of 3 results failed" in lines[2]
    key = lines[1].split()[0]
    found = cases.find(key)
    assert found is not None
    assert found.class_name == "com.b.AddTest"


def test_equal_names_in_two_suites_are_told_apart_by_suite_and_file(results: Engine) -> None:
    draw(results, {case("t", suite="linux"): "P", case("t", suite="windows"): "F"})
    with pytest.raises(UsageError, match=r"C :: t \(suite windows\)  1 of 1 result failed"):
        Cases(results).find("C::t")
    found = Cases(results).find("windows :: t")
    assert found is not None
    assert found.suite == "windows"


def test_parameters_are_cases_of_their_own(results: Engine) -> None:
    draw(results, {case("t", parameters=f"[{number}]"): "P" for number in range(30)})
    with pytest.raises(UsageError, match=r"30 tests are named 't'(?s:.*)… and 10 more tests"):
        Cases(results).find("t")
    found = Cases(results).find("t[7]")
    assert found is not None
    assert found.parameters == "[7]"


def test_an_unknown_name_shows_near_ones(results: Engine) -> None:
    draw(results, dict.fromkeys(ALL, "P"))
    error = Cases(results).unknown("tst_totl")
    assert "tests.test_cart.TestCart :: test_total[3]" in str(error)
    assert "\x1b" not in str(Cases(results).unknown("\x1b[31m"))


NAMES = st.text(st.sampled_from("ab.:/# [](){}%_\\\x1b\x00é"), max_size=12)


@given(NAMES, NAMES)
def test_each_case_is_found_by_the_name_that_is_shown(class_name: str, name: str) -> None:
    stored = StoredCase(1, "", class_name.strip(), f"t{name}".strip(), "", "")
    typed = typed_name(stored.full_name)
    assert typed.keys
    assert isinstance(meant([stored], typed), list)
    assert similar(stored.full_name, [stored.full_name]) == [stored.full_name]


def test_a_name_in_a_log_means_one_case_or_none(results: Engine) -> None:
    """`TestA` of a log is `pkg.TestA` of result files, unless another test has the name too."""
    one, other, bare = case("TestOne", "me/app"), case("TestA", "me/app"), case("TestA", "")
    draw(results, {one: "F", other: "F", bare: "F"})
    cases = Cases(results)
    names = {
        (stored.class_name, stored.name): cases.log_names(stored)
        for name in ("me/app.TestOne", "me/app.TestA", "TestA")
        for stored in cases.named(name)
    }
    assert names == {
        ("me/app", "TestOne"): ["me/app.TestOne", "app.TestOne", "TestOne"],
        ("me/app", "TestA"): ["me/app.TestA", "app.TestA"],
        ("", "TestA"): [],
    }
