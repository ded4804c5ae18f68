"""Titles: those about a failing test are recognised for any author, others are not."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ci_stat.failures import case_key
from ci_stat.issues.titles import NamedTest, is_about, named_in, title_name
from tests.support import hostile

TITLES = [
    # Seen at pingcap/tidb.
    (
        "unstable test `point_get_plan_test.go:58: testPointGetSuite.TearDownSuite`",
        "testPointGetSuite.TearDownSuite",
        "",
    ),
    ("Unstable test `testUtilSuite.TearDownSuite`", "testUtilSuite.TearDownSuite", ""),
    (
        "unstable test FAIL: tidb_test.go:1024: tidbTestSuite.TestClientErrors",
        "tidbTestSuite.TestClientErrors",
        "",
    ),
    ("sort_test.go:testSerialSuite1.TestIssue16696 failed", "testSerialSuite1.TestIssue16696", ""),
    ("unstable test: TestTuner", "TestTuner", ""),
    ("Unstable test TestTTL", "TestTTL", ""),
    ("unstable test in the TestX", "TestX", ""),
    ("flaky test `TestX` in `pkg` pkg", "TestX", "pkg"),
    ("Flaky test: TestX in pkg/y", "TestX", "pkg/y"),
    ("Case failure: testSuite.TestA", "testSuite.TestA", ""),
    ("Stablized case failed: testSuite.TestA", "testSuite.TestA", ""),
    ("testSuite.TestA failed", "testSuite.TestA", ""),
    # Of the same family.
    ("UNSTABLE TEST `testSuite.TestA`", "testSuite.TestA", ""),
    ("unstable test testSuite.TestA.", "testSuite.TestA", ""),
    ("Stabilized case failed: x_test.go:testSuite.TestA", "testSuite.TestA", ""),
    (
        "Case failure: leaktest.go:Test TestT check-count 50 appears to have leaked: f",
        "leaktest.go:Test TestT check-count 50 appears to have leaked: f",
        "",
    ),
    ("Case failure: [window_functions]:SELECT 1;", "[window_functions]:SELECT 1;", ""),
    ("FAIL: x_test.go:9: testSuite.TestA", "testSuite.TestA", ""),
    ("PANIC: /abs/x_test.go:9: testSuite.TestA", "testSuite.TestA", ""),
    ("FAIL: TestX", "TestX", ""),
    ("--- FAIL: TestX (0.00s)", "TestX", ""),
    ("TestX is flaky", "TestX", ""),
    ("TestX is unstable.", "TestX", ""),
    ("`TestX` is flaky in `executor`", "TestX", "executor"),
    ("TestX sometimes fails in CI", "TestX", ""),
    ("TestX failed in the CI/CD build", "TestX", ""),
    ("TestX/sub_case failed", "TestX/sub_case", ""),
    ("failed test: TestX", "TestX", ""),
    ("[flaky] TestX", "TestX", ""),
    ("[Flaky Test] executor: TestX timed out", "TestX", ""),
    ("(flaky) TestX in package executor", "TestX", "executor"),
    ("executor: unstable test TestX", "TestX", ""),
    ("planner, executor: TestX is unstable", "TestX", ""),
    ("fix flaky test TestX", "TestX", ""),
    ("DATA RACE in TestX", "TestX", ""),
    ("DATA RACE: pkg/y.TestX", "pkg/y.TestX", ""),
    ("data race in testSuite.TestA", "testSuite.TestA", ""),
    ("unstable test `DATA RACE:executor.f`", "DATA RACE:executor.f", ""),
    (
        "flaky: tests/test_io.py::TestLoad::test_missing",
        "tests/test_io.py::TestLoad::test_missing",
        "",
    ),
    ("flaky test test_area_of_ring", "test_area_of_ring", ""),
    ("unstable test tree::tests::rotates_left", "tree::tests::rotates_left", ""),
    ("com.example.LeafTest.countsVeins is flaky", "com.example.LeafTest.countsVeins", ""),
    ("//pkg/kv:kv_test is flaky", "//pkg/kv:kv_test", ""),
    ("unstable test (TestX)", "TestX", ""),
    ('flaky test "TestX", again', "TestX", ""),
    ("make check fails: TestX failed", "TestX", ""),
    ("unstable test `revert`", "revert", ""),
    ("unstable test `window_functions`", "window_functions", ""),
]

OTHERS = [
    "executor: fix data race",
    "planner: join reorder failed",
    "add flaky test detection",
    "test failed",
    "build failed",
    "tests are flaky",
    "unstable test",
    "unstable tests: 9 cases fail together in `job`",
    "flaky network in CI",
    "unit tests fail on macOS",
    "Testing guide is out of date",
    "executor: add TestX for failed joins",
    "support flaky test TestX in the report",
    "TestX is slow",
    "improve the coverage of TestX",
    "data race",
    "panic: runtime error: index out of range",
    "information_schema.tables is wrong",
    "the latest.version is unstable",
    "Protest failed",
    "",
    "`",
    "unstable test ``",
    'Revert "executor: fix flaky test TestX"',
    'Revert "unstable test `TestX`" (#12)',
    "[revert] Case failure: TestX",
    "[Revert] flaky test TestX",
    "executor: make TestX fail faster",
    "make test TestX fail early",
]


@pytest.mark.parametrize(("title", "case", "package"), TITLES)
def test_titles_of_the_family(title: str, case: str, package: str) -> None:
    assert named_in(title) == NamedTest(case, package)
    assert named_in(f"  {title}\n") == NamedTest(case, package)


@pytest.mark.parametrize("title", OTHERS)
def test_ordinary_titles(title: str) -> None:
    assert named_in(title) is None


def test_there_are_many() -> None:
    assert len(TITLES) + len(OTHERS) >= 40


@pytest.mark.parametrize(
    ("title", "case", "place", "same"),
    [
        ("unstable test `s.TestA`", "s.TestA", "", True),
        ("unstable test `s.TestA`", "FAIL: x_test.go:9: s.TestA", "", True),
        ("unstable test `s.TestA`", "s.TestB", "", False),
        ("unstable test `s.TestA`", "t.TestA", "", False),
        ("unstable test: TestTuner", "tunerSuite.TestTuner", "", True),
        ("unstable test: TestTuner", "TestTuner", "", True),
        ("unstable test: TestTuner", "TestTunerMore", "", False),
        ("unstable test: TestTuner", "TestTuner/sub", "", True),
        ("TestX/sub failed", "TestX", "", True),
        ("TestX/sub failed", "s.TestX/other", "", True),
        ("flaky test test_area", "tests/test_shapes.py::test_area", "", True),
        ("flaky test test_load", "test_load (tests.test_io.LoadTest)", "", True),
        ("flaky test test_load", "tests/test_io.py::test_load_more", "", False),
        ("Flaky test: TestX in pkg/y", "TestX", "pkg/y/x_test.go", True),
        ("Flaky test: TestX in pkg/y", "TestX", "/go/src/tidb/pkg/y/x_test.go", True),
        ("Flaky test: TestX in pkg/y", "TestX", "github.com/pingcap/tidb/pkg/y", True),
        ("Flaky test: TestX in pkg/y", "TestX", "//pkg/y:y_test", True),
        ("Flaky test: TestX in pkg/y", "TestX", "y", True),
        ("Flaky test: TestX in pkg/y", "TestX", "executor/x_test.go", False),
        ("Flaky test: TestX in pkg/y", "TestX", "github.com/pingcap/tidb/executor", False),
        ("Flaky test: TestX in pkg/y", "TestX", "executor", False),
        ("Flaky test: TestX in pkg/y", "TestX", "x_test.go", True),
        ("Flaky test: TestX in pkg/y", "s.TestX", "testTunerSuite", True),
        ("Flaky test: TestX in pkg/y", "TestX", "", True),
        ("DATA RACE: pkg/y.TestX", "TestX", "pkg/y/x_test.go", True),
        ("DATA RACE: pkg/y.TestX", "TestX", "executor/x_test.go", False),
        ("DATA RACE: pkg/y.TestX", "pkg/z.TestX", "", False),
        (
            "Case failure: testVeryLongSuiteName.TestLong...",
            "testVeryLongSuiteName.TestLongerStill",
            "",
            True,
        ),
        (
            "testVeryLongSuiteName.TestLong... failed",
            "x_test.go:testVeryLongSuiteName.TestLongerStill",
            "",
            True,
        ),
        (
            "Case failure: testVeryLongSuiteName.TestLong...",
            "testVeryLongSuiteName.TestOther",
            "",
            False,
        ),
        ("Case failure: s.Test...", "s.TestLongerStill", "", False),
        ("unstable test `holds eggs...`", "holds eggs...", "", True),
    ],
)
def test_which_case_a_title_is_about(title: str, case: str, place: str, same: bool) -> None:
    named = named_in(title)
    assert named is not None
    assert is_about(named, case, place) is same


SIGNS = (
    *hostile.ATTACKS,
    "`",
    "``",
    "...",
    "…",
    "FAIL: ",
    "x_test.go:9: ",
    "a.go:",
    "Suite.TestA",
    "/sub",
    "TestX",
    " in pkg/y",
    " failed",
    "`` in `x` pkg",
    "pkg/y.",
    "(",
    ")",
    "\n",
    " ",
    "\u3000",
    "::",
    "x" * 300,
    "é" * 240,
)
NASTY = st.lists(
    st.one_of(st.text(max_size=6), st.sampled_from(SIGNS)), min_size=1, max_size=6
).map("".join)


@given(NASTY)
@example("`")
@example("x" * 5_000)
@example("\x1b" * 5_000)
@example(f"FAIL:{'x' * 300}\x1b")
def test_our_title_names_the_case_it_was_written_for(case: str) -> None:
    title = f"unstable test `{title_name(case)}`"
    assert len(title) <= 256
    assert not hostile.raw(title)
    assert "\n" not in title
    named = named_in(title)
    if title_name(case):
        assert named is not None, title
        assert is_about(named, case), (title, named)
        assert is_about(named, case, "executor/x_test.go") or case_key(case) != case or "/" in case


@given(NASTY, NASTY)
def test_any_text_is_parsed_without_an_error(title: str, case: str) -> None:
    for text in (title, f"flaky test {title}", f"Case failure: {title}", f"{title} failed"):
        named = named_in(text)
        if named is not None:
            is_about(named, case, title)  # must not raise


@pytest.mark.parametrize(
    "piece",
    [
        "`",
        "` ",
        "a",
        "TestX",
        "TestX ",
        "flaky ",
        "unstable test `",
        "x.go:",
        "FAIL: ",
        "a/",
        "Test/",
        "in `a` ",
        ".",
        "…",
        "(",
        "[flaky]",
        "Case failure: ",
        ": ",
        "*, ",
    ],
)
def test_hostile_titles_take_linear_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.process_time()
    for title in (
        text,
        f"unstable test `{text}`",
        f"Case failure: {text}",
        f"flaky {text}",
        f"{text} failed",
    ):
        named = named_in(title)
        if named is not None:
            is_about(named, text, text)
    is_about(NamedTest(text), text, text)
    is_about(NamedTest(text, cut=True), text, text)
    assert time.process_time() - started < 60  # what is quadratic takes many minutes
