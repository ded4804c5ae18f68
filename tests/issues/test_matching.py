"""Matching: which of several issues is about a failure."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from ci_stat.issues.decisions.matching import TrackerIndex, bare_names
from ci_stat.issues.evidence import FailureHistory, Occurrence, RunRef
from ci_stat.issues.model import Snapshot, TrackedIssue, masked_name
from ci_stat.records import Ledger
from tests.support.issues import failure, marker, moment, ours, theirs

CASE = "suite.TestFlaky"
KEY = f"case:{CASE}"
TITLE = f"unstable test `{CASE}`"


def failure_history(
    name: str = CASE, members: Sequence[str] = (), file: str = "", suite: str = ""
) -> FailureHistory:
    ref = RunRef("job", 1, moment(9), "", "", "", succeeded=False)
    said = replace(failure(name, file=file), suite=suite)
    if members:
        return FailureHistory(
            "incident:0",
            "incident",
            name,
            (Occurrence(ref, said),),
            {key: key for key in members},
        )
    return FailureHistory(f"case:{name}", "case", name, (Occurrence(ref, said),))


def matched(
    issues: Sequence[TrackedIssue],
    subject: FailureHistory | None = None,
    created: Sequence[int] = (),
    gone: Sequence[int] = (),
) -> tuple[int, int, int]:
    """Numbers of the open, the closed and the deleted issue; 0 for none."""
    snapshot = Snapshot("o/r", moment(10), "ci-bot", tuple(issues), gone=tuple(gone))
    asked = subject or failure_history()
    known = TrackerIndex(
        snapshot, Ledger(created={asked.key: tuple(created)} if created else {})
    ).match(asked)
    return (
        known.open.issue.number if known.open else 0,
        known.closed.issue.number if known.closed else 0,
        known.gone,
    )


def without_marker(number: int, closed: float | None = None) -> TrackedIssue:
    """An issue of ours whose text and title people replaced."""
    made = ours(number, marker(CASE, [8]), closed)
    return replace(made, marker=None, issue=replace(made.issue, title="something else"))


MINE = marker(CASE, [8])


@pytest.mark.parametrize(
    ("issues", "numbers"),
    [
        ([], (0, 0, 0)),
        ([theirs(5, TITLE), ours(9, MINE), theirs(6, TITLE)], (9, 0, 0)),
        ([ours(9, MINE), ours(4, MINE), theirs(2, TITLE)], (4, 0, 0)),
        ([theirs(6, TITLE), theirs(5, TITLE)], (5, 0, 0)),
        ([theirs(5, TITLE, 3), ours(4, MINE, 2), theirs(6, TITLE)], (6, 5, 0)),
        ([theirs(5, TITLE, 3), theirs(7, TITLE, 3), theirs(6, TITLE, 3)], (0, 7, 0)),
        (
            [theirs(5, TITLE, 3, closed_at=None), theirs(4, TITLE, 3)],
            (0, 4, 0),
        ),  # it does not say when
        ([theirs(4, TITLE, -19_000), theirs(5, TITLE, 3, closed_at=None)], (0, 5, 0)),
        (
            [ours(9, marker("suite.TestOther", [8])), theirs(5, "unstable test `suite.TestOther`")],
            (0, 0, 0),
        ),
        ([ours(9, replace(MINE, key=masked_name(KEY)))], (9, 0, 0)),
    ],
)
def test_which_of_several_issues_counts(
    issues: list[TrackedIssue], numbers: tuple[int, int, int]
) -> None:
    assert matched(issues) == numbers


@pytest.mark.parametrize(
    ("issues", "created", "gone", "numbers"),
    [
        ([], [7], [], (0, 0, 0)),
        ([], [7], [7], (0, 0, 7)),
        ([], [7, 8, 9], [8, 7], (0, 0, 8)),  # the last that we wrote of those
        ([], [], [7], (0, 0, 0)),
        ([], [8], [7], (0, 0, 0)),
        ([theirs(5, TITLE)], [7], [7], (5, 0, 0)),
        ([theirs(5, TITLE, 3)], [7], [7], (0, 5, 0)),
        ([without_marker(7)], [7], [], (7, 0, 0)),
        ([without_marker(7)], [8], [], (0, 0, 0)),
        ([without_marker(7, 3)], [7], [], (0, 7, 0)),
        ([without_marker(8)], [7, 8], [7], (8, 0, 0)),
    ],
)
def test_what_we_wrote_is_known_by_its_number(
    issues: list[TrackedIssue], created: list[int], gone: list[int], numbers: tuple[int, int, int]
) -> None:
    assert matched(issues, None, created, gone) == numbers


LONG = "suite.TestWithAVeryLongNameThatNoTitleHolds"


@pytest.mark.parametrize(
    ("title", "subject", "known"),
    [
        ("flaky test: TestFlaky", failure_history(), True),
        ("flaky test: TestFlaky/sub", failure_history(), True),
        ("flaky test: TestFlaky in pkg/y", failure_history(file="pkg/y/x_test.go"), True),
        ("flaky test: TestFlaky in pkg/y", failure_history(file="executor/x_test.go"), False),
        ("flaky test: TestFlaky in pkg/y", failure_history(suite="github.com/o/r/executor"), False),
        (
            "flaky test: TestFlaky in pkg/y",
            failure_history(file="pkg/y/x_test.go", suite="executor"),
            True,
        ),  # a file says more
        ("flaky test test_area", failure_history("tests/test_shapes.py::test_area"), True),
        ("flaky test test_load", failure_history("test_load (tests.test_io.LoadTest)"), True),
        (f"Case failure: {LONG[:30]}...", failure_history(LONG), True),
        (f"Case failure: {LONG[:30]}...", failure_history(LONG[:29]), False),
        (f"Case failure: {LONG[:30]}...", failure_history(), False),
        ("planner: join reorder failed", failure_history("planner.TestX"), False),
    ],
)
def test_an_issue_of_another_author_is_matched_by_its_title(
    title: str, subject: FailureHistory, known: bool
) -> None:
    assert matched([theirs(5, title)], subject) == (5 if known else 0, 0, 0)


@pytest.mark.parametrize(
    ("marked", "now", "known"),
    [
        ("abcdef", "abcdef", True),
        ("abcdef", "defghi", True),  # half of them
        ("abcdef", "efghij", False),
        ("abcdef", "ABCDEF", False),
        ("", "abcdef", False),
    ],
)
def test_an_incident_is_known_by_its_tests(marked: str, now: str, known: bool) -> None:
    keys = tuple(f"case:{name}" for name in marked)
    issue = ours(5, marker(CASE, [8], key="incident:1", kind="incident", members=keys))
    subject = failure_history("together", [f"case:{name}" for name in now])
    assert matched([issue], subject) == (5 if known else 0, 0, 0)
    masked = (
        ours(5, replace(issue.marker, members=tuple(map(masked_name, keys))))
        if issue.marker
        else issue
    )
    assert matched([masked], subject) == (5 if known else 0, 0, 0)


def test_cases_and_incidents_do_not_match_each_other() -> None:
    incident = ours(5, marker(CASE, [8], kind="incident", members=(KEY,)))
    case = ours(6, MINE)
    assert matched([incident, case]) == (6, 0, 0)
    assert matched([incident, case], failure_history("together", [KEY])) == (5, 0, 0)


@pytest.mark.parametrize(
    ("case", "bare"),
    [
        ("TestX", {"TestX"}),
        ("suite.TestX", {"TestX"}),
        ("suite.TestX/sub", {"TestX/sub", "TestX"}),
        ("suite.TestX/a.b", {"b", "TestX"}),
        ("tests/test_io.py::TestLoad::test_missing", {"test_missing", "tests"}),
        ("Class#method", {"method"}),
        ("TestX (tests.test_io.Class)", {"Class)", "TestX"}),
        ("a.TestX(arg/b)", {"TestX(arg", "TestX(arg/b)", "TestX"}),
    ],
)
def test_bare_names_of_a_case(case: str, bare: set[str]) -> None:
    assert bare_names(case) == bare
