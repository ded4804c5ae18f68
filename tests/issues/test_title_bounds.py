"""Titles at the bounds of what is read of them: how far, how near, how much of a name, and in which place."""

import pytest

from ci_stat.issues.titles import Named, named_in, names, title_name

LONG = "suite.TestWithAVeryLongNameThatNoTitleHolds"


# --- how much is read


@pytest.mark.parametrize(
    ("length", "case"), [(999, "TestXY"), (1_000, "TestXY"), (1_001, "TestX"), (1_002, "Test")]
)
def test_a_thousand_characters_of_a_title_are_read(length: int, case: str) -> None:
    title = f"{'flaky'.ljust(length - 7, '.')} TestXY"
    assert len(title) == length
    found = named_in(title)
    assert found == (Named(case) if case != "Test" else None)


@pytest.mark.parametrize(("length", "cut"), [(229, False), (230, False), (231, True), (500, True)])
def test_a_title_of_ours_holds_230_characters_of_a_name(length: int, cut: bool) -> None:
    name = "s.Test".ljust(length, "x")
    assert title_name(name) == (f"{name[:227]}..." if cut else name)
    assert title_name(name, 40) == f"{name[:37]}..."


@pytest.mark.parametrize(
    ("case", "shown"),
    [
        ("FAIL: a_test.go:7: s.TestX", "s.TestX"),
        ("s.Test`X`", "s.Test'X'"),
        ("two  words\nhere", "two words\\nhere"),
    ],
)
def test_a_name_in_a_title_is_one_line_without_backticks(case: str, shown: str) -> None:
    assert title_name(case) == shown


# --- where a word speaks of a test


@pytest.mark.parametrize(
    ("title", "case"),
    [
        ("failing TestX", "TestX"),
        ("failing in TestX", "TestX"),
        ("failing in the TestX", None),  # a weak word is looked for in the two before
        ("it keeps failing in TestX", "TestX"),
        ("TestX failed", "TestX"),
        ("TestX a b c failed", "TestX"),
        ("TestX a b c d failed", None),  # and in the four after
        ("planner: TestX a b c failed", "TestX"),
        ("planner: TestX a b c d failed", None),
        ("planner: a TestX of the four failed", "TestX"),
        ("TestX in a world that is very unstable", "TestX"),  # a strong one stands anywhere
        ("unstable in many ways for years: TestX", "TestX"),
        ("x_test.go:7: of a suite failed", "x_test.go:7: of a suite"),
        ("the x_test.go:7: failed", None),  # a place is no name
        ("failing TestX and TestY", "TestX"),
        ("flaky word, then s.TestY", "s.TestY"),
    ],
)
def test_words_that_speak_of_the_test_beside_them(title: str, case: str | None) -> None:
    found = named_in(title)
    assert (found.case if found else None) == case


@pytest.mark.parametrize(
    ("word", "case"),
    [
        ("TestX,", "TestX"),
        ("'TestX'?", "TestX"),
        ("(TestX)", "TestX"),
        ("[TestX]", "TestX"),
        ("TestX)", "TestX"),
        ("TestX(a)", "TestX(a)"),
        ("TestX.", "TestX"),
        ("s.(*Suite).TestX", "s.(*Suite).TestX"),
        ("(TestX]", "(TestX]"),
        ("`(TestX)`", "(TestX)"),
        ("``TestX``", "TestX"),
    ],
)
def test_punctuation_around_a_name_is_none_of_it(word: str, case: str) -> None:
    assert named_in(f"this is flaky: {word}") == Named(case)


@pytest.mark.parametrize(
    ("word", "cut"),
    [
        ("TestXyz..", False),
        ("TestXyz...", True),
        ("TestXyz....", True),
        ("TestXyz…", True),
        ("TestXyz", False),
    ],
)
def test_three_dots_say_that_a_name_was_cut(word: str, cut: bool) -> None:
    found = named_in(f"flaky test {word}")
    assert found is not None
    assert found.cut is cut
    assert found.case == ("TestXyz" if cut else word)


@pytest.mark.parametrize(
    ("title", "package"),
    [
        ("flaky test `TestX` in pkg/y", "pkg/y"),
        ("flaky test `TestX` in `y`", "y"),
        ("flaky test `TestX` in the y package", "y"),
        ("flaky test TestX in the y package", "y"),
        ("TestX in package y. is flaky", "y"),
        ("TestX in pkg ./y/ is flaky", "y"),
        ("in pkg/z we have a flaky TestX", ""),  # what stands before the name is another sentence
        ("flaky `TestX` in CI", ""),
        ("Case failure: TestX in pkg/y", ""),  # a name, whatever it looks like
    ],
)
def test_the_package_stands_after_the_name(title: str, package: str) -> None:
    found = named_in(title)
    assert found is not None
    assert found.package == package


@pytest.mark.parametrize(
    ("title", "case"),
    [
        ("Case failure: `s.TestX` and more", "s.TestX and more"),
        ("add the Case failure: s.TestX", None),
        ("add s.TestX: flaky", None),
        ("planner: support a flaky s.TestX", None),
        ("make s.TestX fail soon, flaky", None),
        ('Revert "x": flaky s.TestX', None),
        ("do not add: s.TestX is flaky", "s.TestX"),
    ],
)
def test_titles_of_changes_name_no_failure(title: str, case: str | None) -> None:
    found = named_in(title)
    assert (found.case if found else None) == case


# --- whether it is this case


@pytest.mark.parametrize(
    ("named", "case", "same"),
    [
        (Named(LONG[:20], cut=True), LONG, True),
        (Named(LONG[:19], cut=True), LONG, False),  # too short to tell
        (Named(LONG[:19], cut=True), LONG[:19], True),
        (Named(LONG[:19], cut=True), f"{LONG[:19]}...", True),  # the name itself ends so
        (Named(LONG[:19], cut=True), f"x_test.go:{LONG[:19]}", True),
        (Named(LONG[:20], cut=True), f"x_test.go:7: {LONG}", True),
        (Named("x_test.go: of a suite that", cut=True), "x_test.go: of a suite that fails", True),
        (
            Named("of a suite that is long", cut=True),
            "x_test.go: of a suite that is long, it fails",
            True,
        ),
        (
            Named("of a suite that is long", cut=True),
            "FAIL: x_test.go:7: of a suite that is long, it fails",
            True,
        ),
        (Named(LONG[3:30], cut=True), LONG, False),
        (Named(LONG[:20]), LONG, False),
    ],
)
def test_a_name_that_was_cut_is_how_it_begins(named: Named, case: str, same: bool) -> None:
    assert names(named, case) is same


@pytest.mark.parametrize(
    ("named", "case", "same"),
    [
        (Named("TestX"), "TestX", True),
        (Named("TestX"), "a.b.TestX", True),
        (Named("TestX"), "TestX.b", False),
        (Named("b"), "TestX.b", False),  # a bare name is that of a test
        (Named("testMethod"), "Class#testMethod", True),
        (Named("TestX"), "TestX(Class)", True),
        (Named("TestX"), "Other(TestX)", False),
        (Named("a.TestX"), "b.TestX", False),
        (Named("pkg/y.TestX"), "pkg/y.TestX/sub", True),
        (Named("pkg/y.TestX/one"), "y.TestX", True),
        (Named("pkg/y.TestX/one"), "y.TestY", False),
        (Named("pkg/y.TestX/one"), "TestX/two", True),
        (Named("pkg/y.TestX"), "z/y.TestX", False),
        (Named("pkg/y.TestX"), "o/r/pkg/y.TestX", True),
        (Named("two words"), "s.two words", False),
    ],
)
def test_a_bare_test_name_stands_for_it_in_any_suite(named: Named, case: str, same: bool) -> None:
    assert names(named, case) is same


@pytest.mark.parametrize(
    ("package", "place", "same"),
    [
        ("", "anywhere/x_test.go", True),
        ("y", "", True),
        ("y", "y", True),
        ("y", "pkg/y", True),
        ("pkg/y", "y", True),
        ("pkg/y", "z", False),
        ("pkg/y", "pkg/z", False),
        ("pkg/y", "z/y", False),
        ("a/pkg/y", "b/pkg/y", False),
        ("pkg/y", "o/r/pkg/y", True),
        ("y", "pkg/y/x_test.go", True),
        ("x_test", "pkg/y/x_test.go", False),
        ("y", "x_test.go", True),  # a file without a folder says nothing
        ("y", "testSuite", True),  # a suite is no place
        ("y", "größe", True),
        ("y", "z/Suite", False),
        ("y", "//pkg/y:y_test", True),
        ("y", "//pkg/z:y", False),
        ("y", " pkg/y/ ", True),
        ("y", "pkg/y.v2", False),  # a file by its dot: of the folder pkg
        ("pkg", "pkg/y.v2", True),
    ],
)
def test_another_package_is_another_test(package: str, place: str, same: bool) -> None:
    assert names(Named("TestX", package), "TestX", place) is same


def test_the_package_in_a_name_counts_more_than_the_place() -> None:
    assert names(Named("pkg/y.TestX"), "pkg/y.TestX", "executor")
    assert not names(Named("pkg/y.TestX", "executor"), "pkg/y.TestX", "pkg/y")
    assert not names(Named("pkg/y.TestX"), "TestX", "executor")
    assert names(Named("pkg/y.TestX"), "TestX", "pkg/y")
