"""Which tests a selector selects: spellings of one name, wildcards, and all keys together."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.test_results.aggregating.labels import labels_of_path
from ci_stat.test_results.gates.matching import Pattern, Subject, compiled, words_of
from ci_stat.test_results.gates.model import GateCase
from ci_stat.test_results.gates.policy import Selector
from tests.test_results.gates.support import case

PYTEST = case("tests.test_a.TestX.test_y", parameters="[a-1]", file="tests/test_a.py")
GO = case("example.com/store.TestSplit/merge")


def fits(selector: Selector, test: GateCase) -> bool:
    return compiled(selector)(Subject(test))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tests/test_a.py::TestX::test_y", True),
        ("tests/test_a.py::TestX::test_y[a-1]", True),
        ("tests.test_a.TestX.test_y", True),
        ("tests.test_a.TestX :: test_y[a-1]", True),
        ("test_y", True),
        ("test_y[a-1]", True),
        ("*.TestX.*", True),
        ("tests.test_a.*", True),
        ("*[a-?]", True),
        ("test_y[a-2]", False),
        ("test_", False),
        ("est_y", False),
        ("TestX", False),
        ("TESTS.*", False),
        ("*[a]", False),
    ],
)
def test_spellings_of_a_name(name: str, expected: bool) -> None:
    assert fits(Selector(case=name), PYTEST) is expected


def test_all_keys_must_fit_and_one_item_of_a_list() -> None:
    assert fits(Selector(case=("other", "test_y"), suite="s", file="tests/*"), PYTEST)
    assert not fits(Selector(case="test_y", suite="t"), PYTEST)
    assert not fits(Selector(case="test_y", labels={"db": "tidb"}), PYTEST)
    assert fits(Selector(case="TestSplit/*"), GO)


def matches(pattern: str, text: str) -> bool:
    """The plain meaning of wildcards."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return matches(pattern[1:], text) or (bool(text) and matches(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and matches(pattern[1:], text[1:])


@given(st.text("ab[*?.\n", max_size=7), st.text("ab[.\n", max_size=7))
def test_wildcards_are_what_they_plainly_mean(pattern: str, text: str) -> None:
    assert Pattern(pattern).fits([text]) is matches(pattern, text)


def test_many_wildcards_take_no_exponential_time() -> None:
    started = time.process_time()
    assert not Pattern("*a" * 30 + "b").fits(["a" * 2000])
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("out/db=tidb,spark=3.5.7/junit.xml", {"db": "tidb", "spark": "3.5.7"}),
        ("out/db=tidb/spark=3.5.7/junit.xml", {"db": "tidb", "spark": "3.5.7"}),
        ("db=tidb,spark=3.5.7.zip/junit.xml", {"db": "tidb", "spark": "3.5.7"}),
        ("out\\db=my%2Fsql\\junit.xml", {"db": "my/sql"}),
        ("out/db=tidb,other/junit.xml", {"db": "tidb,other"}),
        ("out/db=/a=b=c/=x/junit.xml", {"db": "", "a": "b=c"}),
        ("db=tidb.xml", {"db": "tidb"}),
        ("results-db=tidb-spark=3.5.7/junit.xml", {"db": "tidb", "spark": "3.5.7"}),
    ],
)
def test_labels_of_folders(path: str, labels: dict[str, str]) -> None:
    assert labels_of_path(path) == labels


def test_words_of_a_selector() -> None:
    selector = Selector(
        case=("a", "b"), marker="m", except_marker="n", labels={"db": "x"}, below={"workers": 10}
    )
    assert words_of(selector) == "case a or b, marker m, without marker n, db=x, workers below 10"
