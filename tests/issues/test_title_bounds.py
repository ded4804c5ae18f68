"""Parsing of titles at its bounds: length, distance of words, truncated names, packages."""

import pytest

from ci_stat.issues.titles import NamedTest, is_about, named_in, title_name

LONG = "suite.TestWithAVeryLongNameThatNoTitleHolds"


# --- how much is read


@pytest.mark.parametrize(
    ("length", "case"), [(999, "TestXY"), (1_000, "TestXY"), (1_001, "TestX"), (1_002, "Test")]
)
def test_a_thousand_characters_of_a_title_are_read(length: int, case: str) -> None:
    title = f"{'flaky'.ljust(length - 7, '.')} TestXY"
    assert len(title) == length
    named = named_in(title)
    assert named == (NamedTest(case) if case != "Test" else None)


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
        ("the x_test.go:7: failed", None),  # a position is not a name
        ("failing TestX and TestY", "TestX"),
        ("flaky word, then s.TestY", "s.TestY"),
    ],
)
def test_words_that_speak_of_the_test_beside_them(title: str, case: str | None) -> None:
    named = named_in(title)
    assert (named.case if named else None) == case


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
def test_punctuation_around_a_name_is_not_part_of_it(word: str, case: str) -> None:
    assert named_in(f"this is flaky: {word}") == NamedTest(case)


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
    named = named_in(f"flaky test {word}")
    assert named is not None
    assert named.cut is cut
    assert named.case == ("TestXyz" if cut else word)


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
        ("Case failure: TestX in pkg/y", ""),  # any text is a name here
    ],
)
def test_the_package_stands_after_the_name(title: str, package: str) -> None:
    named = named_in(title)
    assert named is not None
    assert named.package == package


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
    named = named_in(title)
    assert (named.case if named else None) == case


# --- whether it is this case


@pytest.mark.parametrize(
    ("named", "case", "same"),
    [
        (NamedTest(LONG[:20], cut=True), LONG, True),
        (NamedTest(LONG[:19], cut=True), LONG, False),  # too short to tell
        (NamedTest(LONG[:19], cut=True), LONG[:19], True),
        (NamedTest(LONG[:19], cut=True), f"{LONG[:19]}...", True),  # the name itself ends so
        (NamedTest(LONG[:19], cut=True), f"x_test.go:{LONG[:19]}", True),
        (NamedTest(LONG[:20], cut=True), f"x_test.go:7: {LONG}", True),
        (
            NamedTest("x_test.go: of a suite that", cut=True),
            "x_test.go: of a suite that fails",
            True,
        ),
        (
            NamedTest("of a suite that is long", cut=True),
            "x_test.go: of a suite that is long, it fails",
            True,
        ),
        (
            NamedTest("of a suite that is long", cut=True),
            "FAIL: x_test.go:7: of a suite that is long, it fails",
            True,
        ),
        (NamedTest(LONG[3:30], cut=True), LONG, False),
        (NamedTest(LONG[:20]), LONG, False),
    ],
)
def test_a_name_that_was_cut_is_how_it_begins(named: NamedTest, case: str, same: bool) -> None:
    assert is_about(named, case) is same


@pytest.mark.parametrize(
    ("named", "case", "same"),
    [
        (NamedTest("TestX"), "TestX", True),
        (NamedTest("TestX"), "a.b.TestX", True),
        (NamedTest("TestX"), "TestX.b", False),
        (NamedTest("b"), "TestX.b", False),  # a bare name is that of a test
        (NamedTest("testMethod"), "Class#testMethod", True),
        (NamedTest("TestX"), "TestX(Class)", True),
        (NamedTest("TestX"), "Other(TestX)", False),
        (NamedTest("a.TestX"), "b.TestX", False),
        (NamedTest("pkg/y.TestX"), "pkg/y.TestX/sub", True),
        (NamedTest("pkg/y.TestX/one"), "y.TestX", True),
        (NamedTest("pkg/y.TestX/one"), "y.TestY", False),
        (NamedTest("pkg/y.TestX/one"), "TestX/two", True),
        (NamedTest("pkg/y.TestX"), "z/y.TestX", False),
        (NamedTest("pkg/y.TestX"), "o/r/pkg/y.TestX", True),
        (NamedTest("two words"), "s.two words", False),
    ],
)
def test_a_bare_test_name_stands_for_it_in_any_suite(
    named: NamedTest, case: str, same: bool
) -> None:
    assert is_about(named, case) is same


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
        ("y", "testSuite", True),  # a suite is not a place
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
    assert is_about(NamedTest("TestX", package), "TestX", place) is same


def test_the_package_in_a_name_counts_more_than_the_place() -> None:
    assert is_about(NamedTest("pkg/y.TestX"), "pkg/y.TestX", "executor")
    assert not is_about(NamedTest("pkg/y.TestX", "executor"), "pkg/y.TestX", "pkg/y")
    assert not is_about(NamedTest("pkg/y.TestX"), "TestX", "executor")
    assert is_about(NamedTest("pkg/y.TestX"), "TestX", "pkg/y")
