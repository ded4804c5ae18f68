"""What the runs of a pull request, and those of others, say about its failures. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ci_stat.failures import case_key
from ci_stat.records import (
    CaseFailure,
    FailureKey,
    FailureKind,
    LogState,
    Provenance,
    Run,
    Status,
    Tally,
)
from ci_stat.result.answers.failed_others import FailedOthers
from ci_stat.result.answers.model import (
    PR,
    OtherRuns,
    OutageOfRun,
    OwnRuns,
    PRAnswer,
    PRFailure,
    Verdict,
)
from ci_stat.result.answers.places import Place, place_of
from ci_stat.result.answers.verdict import in_focus, judge, overall
from ci_stat.result.causes import names_a_cause
from ci_stat.result.fail_key import failure_key
from ci_stat.result.packages import FailureKeys, named_in, package_of

AROUND = timedelta(days=7)  # before the first and after the last failure
LONGEST = timedelta(days=28)  # of a period

Trace = Callable[[Run], OutageOfRun | None]
_ORDER = (Verdict.YOURS, Verdict.UNKNOWN, Verdict.NOT_YOURS)


def no_outage(run: Run) -> OutageOfRun | None:  # noqa: ARG001
    """For runs whose outages were not looked for."""
    return None


@dataclass(frozen=True)
class Surroundings:
    """The runs in the period [begin, end) around the failures of a pull request.

    - `failed`: failed runs that may have the same failures, its own included or not.
    - `counts`: runs of its failing jobs by place, its own included.
    - `unread`: failed runs of these jobs without a known failure, its own included or not.
    - `outage`: returns the outage that a failed run belongs to.
    """

    begin: datetime
    end: datetime
    failed: Sequence[Run] = ()
    counts: Mapping[Place, Tally] = field(default_factory=dict)
    unread: Sequence[Run] = ()
    outage: Trace = no_outage


@dataclass(frozen=True)
class OwnFailure:
    """One failure and the runs of the pull request that have it, oldest first.

    `key`: with the package of a test if its name alone is ambiguous.
    """

    key: FailureKey
    newest: CaseFailure | None
    runs: tuple[Run, ...]

    @property
    def name_key(self) -> FailureKey:
        """Its key in any package."""
        return self.key if self.newest is None else failure_key(self.newest)


def own_failures(runs: Iterable[Run]) -> list[OwnFailure]:
    """The failures of a pull request by key, in order of their first run. `runs`: oldest first."""
    failed = [run for run in runs if run.status == Status.FAILURE]
    keys = FailureKeys(failure for run in failed for failure in run.failures)
    by_key: dict[FailureKey, list[tuple[Run, CaseFailure | None]]] = defaultdict(list)
    for run in failed:
        for key, failure in _failures(run, keys).items():
            by_key[key].append((run, failure))
    return [
        OwnFailure(key, seen[-1][1], tuple(run for run, _ in seen)) for key, seen in by_key.items()
    ]


def _failures(run: Run, keys: FailureKeys) -> dict[FailureKey, CaseFailure | None]:
    """The failures of a failed run by key. If machines failed, the others are effects."""
    if not run.failures:
        return {("", run.job_name): None}
    causes = run.failures[:1] if run.failures[0].kind == FailureKind.ENV else run.failures
    first: dict[FailureKey, CaseFailure | None] = {}
    for failure in causes:
        first.setdefault(keys.key(failure), failure)
    return first


def period(failures: Iterable[OwnFailure], first: datetime, end: datetime) -> Sequence[datetime]:
    """The period in which other runs are looked at, within [first, end) of the window."""
    times = [run.time for failure in failures for run in failure.runs if run.time]
    if not times:
        return end, end
    until = min(end, max(times) + AROUND)
    return max(first, min(times) - AROUND, until - LONGEST), until


def answer(
    key: PR,
    runs: Sequence[Run],
    around: Surroundings,
    source: Provenance,
    notes: Sequence[str] = (),
) -> PRAnswer:
    """The answer about one pull request. `runs`: all of its own, oldest first; not empty."""
    others = FailedOthers(key, runs, around.failed, around.unread)
    failures = [_judged(failure, runs, around, others) for failure in own_failures(runs)]
    newest = next((run.commit for run in reversed(runs) if run.commit), "")
    focused = in_focus([failure.own for failure in failures], newest)
    focus = [failure for failure, is_in in zip(failures, focused, strict=True) if is_in]
    rest = [failure for failure, is_in in zip(failures, focused, strict=True) if not is_in]
    return PRAnswer(
        repo=key[0],
        number=key[1],
        verdict=overall(failure.judgement.verdict for failure in focus),
        runs=tuple(runs),
        failures=(*sorted(focus, key=_rank), *sorted(rest, key=_rank)),
        focus=len(focus),
        begin=around.begin,
        end=around.end,
        source=source,
        notes=tuple(notes),
    )


def _rank(failure: PRFailure) -> tuple[int, int, FailureKey]:
    return _ORDER.index(failure.judgement.verdict), -len(failure.own.failed), failure.key


def _judged(
    failure: OwnFailure, runs: Sequence[Run], around: Surroundings, others: FailedOthers
) -> PRFailure:
    own = own_runs(failure, runs)
    other = _other_runs(failure, runs, around, others)
    outage = _outage(failure, around.outage)
    kind, name = _kind_and_name(failure)
    is_named = failure.newest is not None and names_a_cause(failure.newest)
    author = runs[-1].author
    return PRFailure(
        key=failure.key,
        name=name,
        kind=kind or FailureKind.UNKNOWN.value,
        newest=failure.newest,
        jobs=tuple(dict.fromkeys(run.job_name for run in failure.runs)),
        own=own,
        other=other,
        judgement=judge(kind if is_named else "", own, other, author, outage),
        outage=outage,
    )


def _outage(failure: OwnFailure, trace: Trace) -> OutageOfRun | None:
    """The outage that explains the failure in all runs that have it, that of the newest run."""
    outages = [trace(run) for run in failure.runs]
    explained = all(outage and outage.explains(failure.name_key) for outage in outages)
    return outages[-1] if explained else None


def _kind_and_name(failure: OwnFailure) -> tuple[str, str]:
    if failure.newest is None:
        return "", ""
    kind, name = failure.newest.kind, case_key(failure.newest.name)
    is_ambiguous = failure.key != failure.name_key
    return kind, named_in(name, package_of(failure.newest)) if is_ambiguous else name


def is_unread(run: Run) -> bool:
    """Whether a failed run can have any failure: none that tells is named, and no log was read.

    `check error` or `exit code 124` in its row says nothing about which failure it was.
    """
    is_named = any(names_a_cause(failure) for failure in run.failures)
    return not is_named and run.log != LogState.READ


def own_runs(failure: OwnFailure, runs: Sequence[Run]) -> OwnRuns:
    """What the pull request's runs of the failing jobs did. `runs`: oldest first."""
    first = failure.runs[0]
    jobs = {run.job_name for run in failure.runs}
    passes = [run for run in runs if _is_pass_of(run, jobs)]

    since = [run for run in passes if not _is_before(run, first)]
    earlier = [run for run in passes if _is_before(run, first)]
    before = [run for run in earlier if run.commit != first.commit]
    return OwnRuns(
        failed=failure.runs,
        passed=len(since),
        passed_before=before[-1] if before else None,
        commit=first.commit or "",
        is_first_commit=first.commit == runs[0].commit,
        flaky=_has_passed_on_its_commits(failure, passes),
        is_open=_is_open(failure, runs, jobs),
    )


def _is_pass_of(run: Run, jobs: set[str]) -> bool:
    return run.job_name in jobs and run.status == Status.SUCCESS


def _has_passed_on_its_commits(failure: OwnFailure, passes: Sequence[Run]) -> bool:
    """Whether a job passed on a commit on which it has the failure."""
    failed_on = {(run.job_name, run.commit) for run in failure.runs if run.commit}
    return any((run.job_name, run.commit) in failed_on for run in passes)


def _is_open(failure: OwnFailure, runs: Sequence[Run], jobs: set[str]) -> bool:
    ended = (Status.SUCCESS, Status.FAILURE)
    newest = {run.job_name: run for run in runs if run.job_name in jobs and run.status in ended}
    return any(run in failure.runs for run in newest.values())


def _is_before(run: Run, other: Run) -> bool:
    return run.time is not None and other.time is not None and run.time < other.time


def _other_runs(
    failure: OwnFailure, runs: Sequence[Run], around: Surroundings, others: FailedOthers
) -> OtherRuns:
    jobs = {run.job_name for run in failure.runs}
    places = {place_of(run) for run in failure.runs}
    totals = sum((around.counts.get(place, Tally()) for place in places), Tally())
    own = [
        run
        for run in runs
        if run.job_name in jobs
        and place_of(run) in places
        and run.time is not None
        and around.begin <= run.time < around.end
    ]
    return OtherRuns(
        begin=around.begin,
        end=around.end,
        passed=max(0, totals.success - _count(own, Status.SUCCESS)),
        failed=others.failed_with(failure.newest),
        job_failed=max(0, totals.failure - _count(own, Status.FAILURE)),
        unread=sum(others.unread[place] for place in places),
    )


def _count(runs: Iterable[Run], status: Status) -> int:
    return sum(run.status == status for run in runs)
