"""Tests with one name in two packages: an issue each; what is known by the name alone stays."""

import io

import pytest
from msgspec import structs

from ci_stat.failures.extract import extract
from ci_stat.issues.decisions.replay import MemoryTracker
from ci_stat.issues.text.draft import issue_draft
from ci_stat.issues.titles import named_in
from ci_stat.records import CaseFailure, IssueAction, Ledger, Mute
from tests.support.issue_texts import about
from tests.support.issues import evidence, failure, marker, moment, ours, plan, run

EXECUTOR, PLANNER = "github.com/pingcap/tidb/executor", "github.com/pingcap/tidb/planner"
NAME = "testSuite.TestX"
KEY = f"case:{NAME}"

LOG = """+ go test ./...
--- FAIL: TestX (0.03s)
    apply_test.go:17: got 1, want 2
FAIL
FAIL\tgithub.com/pingcap/tidb/executor\t0.412s
ok  \tgithub.com/pingcap/tidb/util\t0.1s
--- FAIL: TestX (0.01s)
    apply_test.go:17: got 1, want 2
FAIL
FAIL\tgithub.com/pingcap/tidb/planner\t0.2s

----------------------------------------------------------------------
FAIL: ddl_test.go:40: testSuite.TestX

ddl_test.go:41:
    c.Assert(err, IsNil)
... value boom

OOPS: 3 passed, 1 FAILED
FAIL
FAIL\tgithub.com/pingcap/tidb/ddl\t0.412s
make: *** [test] Error 1
"""


def test_the_log_says_in_which_package_a_test_failed() -> None:
    """Also if the messages are equal."""
    found = extract(io.BytesIO(LOG.encode())).failures
    assert [(one.name, one.package.rpartition("/")[2]) for one in found] == [
        ("TestX", "executor"),
        ("TestX", "planner"),
        ("ddl_test.go:40: testSuite.TestX", "ddl"),
    ]


def test_a_test_whose_log_ends_early_has_no_package() -> None:
    (found,) = extract(io.BytesIO(LOG.partition("FAIL\tgithub")[0].encode())).failures
    assert found.package == ""


def fails(package: str, message: str = "") -> CaseFailure:
    return structs.replace(failure(NAME, message=message or f"boom of {package}"), package=package)


ONE, OTHER = fails(EXECUTOR), fails(PLANNER)
BOTH = [run(9.2, ONE, OTHER), run(9.6, ONE, OTHER)]


def test_each_package_gets_an_issue_with_its_own_message() -> None:
    decisions = plan(BOTH, 9).acting
    assert [decision.action for decision in decisions] == [IssueAction.FILE] * 2
    drafts = [issue_draft(decision, evidence(BOTH, 9), about()) for decision in decisions]
    for package, other, draft in zip((EXECUTOR, PLANNER), (PLANNER, EXECUTOR), drafts, strict=True):
        assert draft.title == f"unstable test `{NAME}` in `{package}`"
        assert f"boom of {package}" in (draft.body or "")
        assert other not in (draft.body or "")
        named = named_in(draft.title)
        assert named is not None
        assert (named.case, named.package) == (NAME, package)


def test_one_package_keeps_the_key_of_the_name() -> None:
    """As it was before packages were read; a subtest and a run without a package are the same."""
    runs = [run(9.2, ONE), run(9.4, NAME), run(9.6, fails(EXECUTOR))]
    (decision,) = plan(runs, 9).acting
    assert (decision.key, decision.runs) == (KEY, 3)


def test_an_issue_of_the_name_belongs_to_the_package_that_failed_first() -> None:
    old = ours(7, marker(NAME, [8]))
    runs = [run(8.5, ONE), *BOTH]
    by_package = {decision.key: decision for decision in plan(runs, 9, old).all}
    first, second = by_package[f"{KEY} in {EXECUTOR}"], by_package[f"{KEY} in {PLANNER}"]
    assert first.issue == old
    assert first.action in (IssueAction.UPDATE, IssueAction.COMMENT)
    assert second.action is IssueAction.FILE


def test_an_issue_of_a_package_is_kept_when_the_other_one_is_quiet() -> None:
    tracker = MemoryTracker()
    for decision in plan(BOTH, 9).acting:
        tracker.apply(decision, moment(10))
    later = plan([run(60.2, ONE), run(60.6, ONE)], 60, *tracker.issues.values(), memory=3)
    (decision,) = [one for one in later.all if one.history]
    assert decision.key == KEY
    assert decision.issue is not None
    assert decision.issue.marker is not None
    assert decision.issue.marker.key == f"{KEY} in {EXECUTOR}"


@pytest.mark.parametrize(
    ("key", "muted"), [(KEY, [EXECUTOR, PLANNER]), (f"{KEY} in {PLANNER}", [PLANNER])]
)
def test_a_mute_of_a_name_holds_in_each_package(key: str, muted: list[str]) -> None:
    note = Mute(key, NAME, moment(99), "known", moment(1))
    decisions = plan(BOTH, 9, ledger=Ledger(mutes={key: note})).all
    packages = [one.history.package for one in decisions if one.mute and one.history]
    assert sorted(packages) == muted


def test_our_ledger_knows_the_issue_of_the_name() -> None:
    """Also one whose text a person took over."""
    taken = structs.replace(ours(7, marker(NAME, [8])), marker=None)
    ledger = Ledger(created={KEY: (7,)})
    runs = [run(8.5, ONE), *BOTH]
    reasons = {one.key: one.reason for one in plan(runs, 9, taken, ledger=ledger).all}
    assert reasons[f"{KEY} in {EXECUTOR}"] == "text taken over by a person"
