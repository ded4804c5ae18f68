"""The decision: whether a failure comes from a pull request."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from ci_stat.records import Run, RunRow
from ci_stat.result import Result
from ci_stat.result.answers.model import Judgement, OtherRuns, OutageOfRun, OwnRuns, Reason, Verdict
from ci_stat.result.answers.verdict import judge, overall
from tests.support.results import result
from tests.support.rows import row

CASE = {"case": ["file_test.go:Suite.TestX"]}
PERIOD = (datetime(2021, 6, 12), datetime(2021, 6, 26))
OUTAGE = OutageOfRun(datetime(2021, 6, 19, 14), datetime(2021, 6, 19, 16), 30, 12, "no space left")


def runs(rows: Sequence[RunRow]) -> tuple[Run, ...]:
    loaded: Result = result(rows)
    return tuple(loaded.all_runs)


def own(failed: int, passed: int = 0, flaky: bool = False) -> OwnRuns:
    rows = [row(status="FAILURE", pr=7, analysis_res=CASE) for _ in range(failed)]
    return OwnRuns(runs(rows), passed, None, "c7", True, flaky, True)


def other(
    passed: int,
    prs: int = 0,
    nightly: int = 0,
    job_failed: int = 0,
    author: str = "somebody",
    unread: int = 0,
) -> OtherRuns:
    described = {"ghprbPullAuthorLogin": author}
    rows = [row(status="FAILURE", pr=100 + n) for n in range(prs)]
    for failed in rows:
        assert isinstance(failed.description, dict)
        failed.description |= described
    rows += [row("nightly", status="FAILURE") for _ in range(nightly)]
    return OtherRuns(*PERIOD, passed, runs(rows), max(job_failed, unread), unread)


def verdict_of(judgement: Judgement) -> tuple[str, str]:
    return judgement.verdict.value, judgement.reason.value


@pytest.mark.parametrize(
    ("here", "there", "kind", "wanted"),
    [
        # It fails here and nowhere else, and passes elsewhere often enough to tell.
        (own(1), other(19), "case", (Verdict.YOURS, Reason.ONLY_HERE)),
        (own(2), other(5), "case", (Verdict.YOURS, Reason.ONLY_HERE)),
        # 1 of 1 here and 0 of 18 elsewhere happens by chance in 1 of 19 cases.
        (own(1), other(18), "case", (Verdict.UNKNOWN, Reason.FEW_RUNS)),
        # It never ran elsewhere: nothing proves that it passes without the change.
        (own(9), other(0), "case", (Verdict.UNKNOWN, Reason.NO_RUNS)),
        # Others have it.
        (own(1), other(400, prs=1), "case", (Verdict.NOT_YOURS, Reason.ELSEWHERE)),
        (own(1), other(400, nightly=1), "case", (Verdict.NOT_YOURS, Reason.ELSEWHERE)),
        (own(1, 1, flaky=True), other(9, prs=2), "case", (Verdict.NOT_YOURS, Reason.FLAKY)),
        # A rare failure elsewhere is no excuse for a certain one here.
        (own(5), other(400, prs=1), "case", (Verdict.UNKNOWN, Reason.OFTENER_HERE)),
        # Other pull requests of the author may contain the same change.
        (own(1), other(400, prs=2, author="author"), "case", (Verdict.UNKNOWN, Reason.SAME_AUTHOR)),
        # It passed on the same commit, and nobody else has it.
        (own(1, 1, flaky=True), other(400), "case", (Verdict.UNKNOWN, Reason.FLAKY_ONLY_HERE)),
        (own(9, 3, flaky=True), other(400), "case", (Verdict.YOURS, Reason.FLAKY_ONLY_HERE)),
        # A name with many causes says nothing, whoever has it: the job decides.
        (own(3), other(400, prs=2), "", (Verdict.YOURS, Reason.ONLY_HERE)),
        (own(3), other(400, prs=2, author="author"), "", (Verdict.YOURS, Reason.ONLY_HERE)),
        (own(3), other(2, prs=2), "", (Verdict.UNKNOWN, Reason.FEW_RUNS)),
        # Machines.
        (own(1), other(400), "env", (Verdict.NOT_YOURS, Reason.MACHINES)),
        (own(3), other(400), "env", (Verdict.UNKNOWN, Reason.MACHINES_HERE)),
        (own(3), other(400, prs=2), "env", (Verdict.UNKNOWN, Reason.OFTENER_HERE)),
        # Others failed, and nobody knows of what.
        (own(2), other(25, unread=60), "case", (Verdict.UNKNOWN, Reason.UNREAD)),
        (own(3), other(9000, unread=160), "case", (Verdict.UNKNOWN, Reason.UNREAD)),
        (own(1), other(19, unread=1), "case", (Verdict.UNKNOWN, Reason.UNREAD)),
        (own(1, 1, flaky=True), other(9, unread=9), "case", (Verdict.UNKNOWN, Reason.UNREAD)),
        (own(72, 10), other(59, unread=40), "case", (Verdict.UNKNOWN, Reason.UNREAD)),
        (own(9), other(0, unread=9), "case", (Verdict.UNKNOWN, Reason.UNREAD)),
        (own(1), other(9, prs=1, unread=60), "case", (Verdict.NOT_YOURS, Reason.ELSEWHERE)),
        # They are so few that it does not matter.
        (own(2), other(40, unread=1), "case", (Verdict.YOURS, Reason.ONLY_HERE)),
        (own(1), other(400, job_failed=60, unread=3), "case", (Verdict.YOURS, Reason.ONLY_HERE)),
        # No failure is known.
        (own(3), other(400), "", (Verdict.YOURS, Reason.ONLY_HERE)),
        (own(3), other(400, job_failed=9), "", (Verdict.UNKNOWN, Reason.UNNAMED)),
        (own(3), other(10, job_failed=90), "", (Verdict.NOT_YOURS, Reason.JOB_FAILS)),
    ],
)
def test_verdicts(
    here: OwnRuns, there: OtherRuns, kind: str, wanted: tuple[Verdict, Reason]
) -> None:
    assert verdict_of(judge(kind, here, there, "author")) == wanted


def test_an_outage_excuses_every_failure() -> None:
    judgement = judge("case", own(9), other(400), "author", OUTAGE)
    assert verdict_of(judgement) == ("not yours", "outage")


@pytest.mark.parametrize("failed", [1, 2, 5])
def test_what_is_missing_would_be_enough(failed: int) -> None:
    judgement = judge("case", own(failed), other(1), "author")
    assert judgement.reason == Reason.FEW_RUNS
    enough = judge("case", own(failed), other(judgement.needed), "author")
    one_less = judge("case", own(failed), other(judgement.needed - 1), "author")
    assert (enough.verdict, one_less.verdict) == (Verdict.YOURS, Verdict.UNKNOWN)


def test_no_verdict_is_yours_without_a_pass_elsewhere() -> None:
    for kind in ("case", "compile", "env", ""):
        for failed in range(1, 12):
            for passed in range(3):
                for flaky in (False, True):
                    judgement = judge(kind, own(failed, passed, flaky), other(0), "author")
                    assert judgement.verdict != Verdict.YOURS


@pytest.mark.parametrize(
    ("verdicts", "wanted"),
    [
        ([], "nothing fails"),
        ([Verdict.NOT_YOURS], "not yours"),
        ([Verdict.NOT_YOURS, Verdict.UNKNOWN], "cannot tell"),
        ([Verdict.UNKNOWN, Verdict.YOURS, Verdict.NOT_YOURS], "yours"),
    ],
)
def test_one_own_failure_decides(verdicts: list[Verdict], wanted: str) -> None:
    assert overall(verdicts) == wanted
