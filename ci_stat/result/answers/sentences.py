"""A verdict in words: what decided it, since when, and what is missing."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, Run
from ci_stat.rendering.format import plural
from ci_stat.result.answers.model import Judgement, OtherRuns, OwnRuns, PRFailure, Reason, Verdict
from ci_stat.result.fail_key import is_case

SHOWN_PRS = 5
SHOWN_JOBS = 3


def reasons(failure: PRFailure, branch: str) -> Iterator[str]:
    """Yield what decided the verdict; then when the failure began, unless others have it."""
    judgement = failure.judgement
    yield _DECIDED[judgement.reason](failure, branch)
    if judgement.verdict == Verdict.NOT_YOURS:
        return
    yield _began(failure.own)
    if failure.own.flaky and judgement.reason != Reason.FLAKY_ONLY_HERE:
        yield "It also passed on the same commit: it is flaky."


def minute(run: Run) -> str:
    """The start of a run as `2021-06-16 14:00`; "an unknown time" without one."""
    return f"{run.time:%Y-%m-%d %H:%M}" if run.time else "an unknown time"


def shown_name(failure: CaseFailure) -> str:
    """The name of a failure; that of a case without the place in the code."""
    return case_key(failure.name) if is_case(failure) else failure.name


def short(commit: str | None) -> str:
    """The first characters of a commit, as git shows them."""
    return (commit or "")[:10]


def _outage(failure: PRFailure, _branch: str) -> str:
    outage = failure.outage
    assert outage is not None
    runs, prs = plural(outage.runs, "run"), plural(outage.prs, "pull request")
    return (
        f"It is part of an outage: {runs} of {prs} failed from"
        f" {outage.begin:%Y-%m-%d %H:%M} to {outage.end:%H:%M}, most with {outage.name}."
    )


def _elsewhere(failure: PRFailure, _branch: str) -> str:
    return f"{_others_with_it(failure.other)}."


def _flaky(failure: PRFailure, _branch: str) -> str:
    return f"It is flaky: it passed on the same commit. {_others_with_it(failure.other)}."


def _others_with_it(other: OtherRuns) -> str:
    """`5 other pull requests and 3 nightly runs have it too, from ... to ...: a#1, a#2`."""
    prs, nightly = other.prs, other.nightly
    parts = [plural(len(prs), "other pull request")] if prs else []
    parts += [plural(len(nightly), "nightly run")] if nightly else []
    total = len(prs) + len(nightly)
    have = "has" if total == 1 else "have"
    first, last = other.failed[0], other.failed[-1]
    is_once = minute(first) == minute(last)
    since = f"on {minute(first)}" if is_once else f"from {minute(first)} to {minute(last)}"
    names = [f"{repo}#{number}" for repo, number in prs[-SHOWN_PRS:][::-1]]
    names += [f"and {len(prs) - SHOWN_PRS:,} more"] if len(prs) > SHOWN_PRS else []
    listed = f" ({', '.join(names)})" if names else ""
    return f"{' and '.join(parts)} {have} it too, {since}{listed}"


def _machines(_failure: PRFailure, _branch: str) -> str:
    return "Infrastructure failed: a machine, the network or a service (kind env)."


def _machines_here(failure: PRFailure, _branch: str) -> str:
    count = plural(len(failure.own.failed), "run")
    return f"Infrastructure failed in {count} (kind env), and only here: your change may cause it."


def _job_fails(failure: PRFailure, branch: str) -> str:
    other = failure.other
    runs = plural(other.job_failed + other.passed, "other run")
    share = f"{_job(failure)} failed in {other.job_failed:,} of {runs} on {branch}"
    return f"{_why_unnamed(failure)} {share}."


def _unnamed(failure: PRFailure, branch: str) -> str:
    other = failure.other
    runs = plural(other.job_failed + other.passed, "other run")
    share = f"{_job(failure)} failed in {other.job_failed:,} of {runs} on {branch}"
    return f"{_why_unnamed(failure)} {share}, perhaps for other reasons."


def _why_unnamed(failure: PRFailure) -> str:
    if failure.newest is None:
        return "No failure is known: neither the table nor a log names one."
    return "This name has many causes, so equal names prove nothing."


def _only_here(failure: PRFailure, branch: str) -> str:
    own = failure.own
    return f"It fails only here: in {_share(own)}, and {_none_elsewhere(failure, branch)}."


def _flaky_only_here(failure: PRFailure, branch: str) -> str:
    own = failure.own
    failed = f"It failed in {_share(own)} here, and {_none_elsewhere(failure, branch)}."
    if failure.judgement.verdict == Verdict.YOURS:
        return (
            f"{failed} It also passed on the same commit: it is flaky, but only with this change."
        )
    return (
        f"It is flaky: it passed on the same commit. {failed} This change may have made it flaky:"
        " more reruns tell."
    )


def _oftener(failure: PRFailure, _branch: str) -> str:
    failed = f"It failed in {_share(failure.own)} here, far more often than elsewhere."
    return f"{failed} {_others_with_it(failure.other)}."


def _same_author(failure: PRFailure, _branch: str) -> str:
    return f"Only pull requests of the same author have it. {_others_with_it(failure.other)}."


def _no_runs(failure: PRFailure, branch: str) -> str:
    return f"Missing: no other run of {_job(failure)} passed on {branch} {_in_period(failure)}."


def _few_runs(failure: PRFailure, branch: str) -> str:
    own, judgement = failure.own, failure.judgement
    return (
        f"It failed in {_share(own)} here and nowhere else, but that may be chance"
        f" ({percent(judgement)}). Missing: {plural(failure.other.passed, 'other run')} of"
        f" {_job(failure)} passed on {branch}; {judgement.needed:,} would tell."
    )


def _unread(failure: PRFailure, branch: str) -> str:
    """What `ci-stat failures` can read, which stores the failures for the next answer."""
    other = failure.other
    runs = plural(other.unread, "other failed run")
    its = "its log" if other.unread == 1 else "their logs"
    return (
        f"It failed in {_share(failure.own)} here, and in no other run whose cause is known."
        f" Missing: the cause of {runs} of {_job(failure)} on {branch} is not known; it may be this"
        f" failure. To read {its}: ci-stat failures --begin {other.begin:%Y-%m-%d} --end"
        f" {_day_after(other.end):%Y-%m-%d}"
    )


def _day_after(moment: datetime) -> datetime:
    return moment + timedelta(days=1)


def _none_elsewhere(failure: PRFailure, branch: str) -> str:
    passed = plural(failure.other.passed, "other run")
    return f"{passed} of {_job(failure)} on {branch} passed {_in_period(failure)}"


def _in_period(failure: PRFailure) -> str:
    other = failure.other
    return f"from {other.begin:%Y-%m-%d} to {other.end:%Y-%m-%d}"


def _share(own: OwnRuns) -> str:
    return f"{len(own.failed):,} of {plural(own.runs, 'run')}"


def _job(failure: PRFailure) -> str:
    more = len(failure.jobs) - SHOWN_JOBS
    shown = ", ".join(failure.jobs[:SHOWN_JOBS])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _began(own: OwnRuns) -> str:
    first, before = own.failed[0], own.passed_before
    began = f"It began on {minute(first)}"
    if own.commit:
        commit = short(own.commit)
        which = f"first tested commit ({commit})" if own.is_first_commit else f"commit {commit}"
        began = f"{began} with the {which}"
    if before is None:
        return f"{began}." if own.is_first_commit else f"{began}; no earlier commit passed."
    on = f" on {short(before.commit)}" if before.commit else ""
    return f"{began}. Before it, {before.job_name} #{before.build}{on} passed."


def percent(judgement: Judgement) -> str:
    """The chance of a judgement, e.g. `12 %` or `below 0.1 %`."""
    chance = judgement.chance or 0.0
    return f"{chance:.0%}" if chance >= 0.01 else ("1%" if chance >= 0.005 else "below 0.5%")


_DECIDED = {
    Reason.OUTAGE: _outage,
    Reason.ELSEWHERE: _elsewhere,
    Reason.FLAKY: _flaky,
    Reason.MACHINES: _machines,
    Reason.MACHINES_HERE: _machines_here,
    Reason.JOB_FAILS: _job_fails,
    Reason.UNNAMED: _unnamed,
    Reason.ONLY_HERE: _only_here,
    Reason.FLAKY_ONLY_HERE: _flaky_only_here,
    Reason.OFTENER_HERE: _oftener,
    Reason.SAME_AUTHOR: _same_author,
    Reason.NO_RUNS: _no_runs,
    Reason.FEW_RUNS: _few_runs,
    Reason.UNREAD: _unread,
}
