"""Whether a failure comes from a pull request: one pure function of the evidence.

`yours` needs proof: the jobs passed elsewhere so often that failing only here is no chance. Where
the same failure is elsewhere, it is `not yours`. Everything else is `cannot tell`, with what is
missing.
"""

from collections.abc import Iterable, Sequence

from ci_stat.records import FailureKind
from ci_stat.result.answers.model import (
    Judgement,
    OtherRuns,
    OutageOfRun,
    OwnRuns,
    Reason,
    Verdict,
)
from ci_stat.statistics.intervals import lower_bound
from ci_stat.statistics.split import chance_all_here, runs_needed

LEVEL = 0.05  # the highest probability that failing only here is called no chance
FLAKY_LEVEL = 0.01  # the same for a failure that passes on reruns
FLAKY_FAILURES = 3  # a failure that passes on reruns needs so many to be called the code's
OFTENER_LEVEL = 0.001  # the same for a failure that is also elsewhere
OFTENER_FAILURES = 3
MOST = 0.5  # a job that fails in most runs elsewhere


def judge(
    kind: str, own: OwnRuns, other: OtherRuns, author: str | None, outage: OutageOfRun | None = None
) -> Judgement:
    """Decide about one failure.

    `kind`: a `FailureKind`; "" for failed runs without a known failure, and for failures whose name
    says nothing about their cause: then the job decides, not the name. `author`: of the pull
    request; failures in other pull requests of the same author are no proof that others have them.
    """
    if outage is not None:
        return Judgement(Verdict.NOT_YOURS, Reason.OUTAGE)
    if kind and (other.nightly or other.prs_of_others(author)):
        return _seen_elsewhere(own, other)
    if kind == FailureKind.ENV:
        return _machines(own)
    if not kind and other.job_failed:
        return _unnamed(other)
    if kind and other.prs:
        return Judgement(Verdict.UNKNOWN, Reason.SAME_AUTHOR)
    return _only_here(own, other)


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict about a pull request: one own failure suffices, and so does one doubt."""
    present = set(verdicts)
    order = (Verdict.YOURS, Verdict.UNKNOWN, Verdict.NOT_YOURS)
    return next((verdict for verdict in order if verdict in present), Verdict.PASSES)


def in_focus(owns: Sequence[OwnRuns], newest_commit: str) -> list[bool]:
    """Which failures the overall verdict is about: those of the newest commit, or still open.

    `newest_commit`: "" if no run has a commit; then only open failures are in focus.
    """
    return [
        own.is_open or any(run.commit and run.commit == newest_commit for run in own.failed)
        for own in owns
    ]


def _seen_elsewhere(own: OwnRuns, other: OtherRuns) -> Judgement:
    failed, runs = len(own.failed), own.runs
    failed_there = len(other.failed)
    chance = chance_all_here(failed, runs, failed_there, failed_there + other.passed)
    is_oftener = failed >= OFTENER_FAILURES and chance <= OFTENER_LEVEL
    if is_oftener:
        return Judgement(Verdict.UNKNOWN, Reason.OFTENER_HERE, chance)
    return Judgement(Verdict.NOT_YOURS, Reason.FLAKY if own.flaky else Reason.ELSEWHERE)


def _machines(own: OwnRuns) -> Judgement:
    if own.flaky or len(own.failed) == 1:
        return Judgement(Verdict.NOT_YOURS, Reason.MACHINES)
    return Judgement(Verdict.UNKNOWN, Reason.MACHINES_HERE)


def _unnamed(other: OtherRuns) -> Judgement:
    fails_mostly = lower_bound(other.job_failed, other.job_failed + other.passed) >= MOST
    if fails_mostly:
        return Judgement(Verdict.NOT_YOURS, Reason.JOB_FAILS)
    return Judgement(Verdict.UNKNOWN, Reason.UNNAMED)


def _only_here(own: OwnRuns, other: OtherRuns) -> Judgement:
    failed, runs = len(own.failed), own.runs
    if _may_hide_it(own, other):
        return Judgement(Verdict.UNKNOWN, Reason.UNREAD)
    if not other.passed:
        return Judgement(Verdict.UNKNOWN, Reason.NO_RUNS)

    chance = chance_all_here(failed, runs, 0, other.passed)
    if own.flaky:
        is_own = failed >= FLAKY_FAILURES and chance <= FLAKY_LEVEL
        verdict = Verdict.YOURS if is_own else Verdict.UNKNOWN
        return Judgement(verdict, Reason.FLAKY_ONLY_HERE, chance)
    if chance > LEVEL:
        needed = runs_needed(failed, runs, LEVEL)
        return Judgement(Verdict.UNKNOWN, Reason.FEW_RUNS, chance, needed)
    return Judgement(Verdict.YOURS, Reason.ONLY_HERE, chance)


def _may_hide_it(own: OwnRuns, other: OtherRuns) -> bool:
    """Whether others may have the failure in runs without a known one, which nobody has read.

    They are too few if a single such run would probably be among those that are known. Or if they
    are rare elsewhere and no more than the own failures, and so many here would be no chance even
    if all had it.
    """
    unread, failed = other.unread, len(own.failed)
    if not unread:
        return False
    known = max(0, other.job_failed - unread)
    if chance_all_here(1, unread, 0, known) <= LEVEL:
        return False
    level = FLAKY_LEVEL if own.flaky else LEVEL
    chance = chance_all_here(failed, own.runs, unread, unread + other.passed)
    is_rare = unread <= min(failed, LEVEL * (unread + other.passed))
    return not is_rare or chance > level
