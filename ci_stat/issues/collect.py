"""All runs of some jobs with their failures, from which the evidence of any window is cut."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ci_stat.issues.evidence import (
    MACHINES,
    TESTS,
    Cause,
    Elsewhere,
    Evidence,
    Failing,
    Hit,
    RunRef,
    issue_key,
)
from ci_stat.issues.incidents import broken_runs, incidents
from ci_stat.records import CaseFailure, Run, Status

_FINISHED = frozenset({Status.SUCCESS, Status.FAILURE})
_Failures = Mapping[str, CaseFailure]
_Failed = tuple[RunRef, _Failures, str]


class History:
    """All finished runs of some jobs with their failures, in order, from which the evidence of any window is cut."""

    def __init__(
        self, runs: Iterable[Run], jobs: Sequence[str], zone: ZoneInfo, together: int, share: float
    ) -> None:
        """`together`, `share`: how many tests, or which part of a job's tests, make an incident of a run."""
        self._jobs, self._zone = tuple(jobs), zone
        found = sorted((run for run in runs if run.time and run.status in _FINISHED), key=_moment)
        self._refs = [_ref(run) for run in found]
        self._failed = [
            (ref, _by_key(run.failures), run.log)
            for ref, run in zip(self._refs, found, strict=True)
            if run.status == Status.FAILURE
        ]
        self._together, self._share = together, share

    def evidence(
        self,
        begin: datetime,
        end: datetime,
        since: datetime,
        others: Mapping[str, tuple[Elsewhere, ...]] | None = None,
        until: datetime | None = None,
    ) -> Evidence:
        """Of the window, as it was known at `until`, or at its end. `others`: what failed in other jobs, by key."""
        known = max(end, until or end)
        failed = [each for each in self._failed if since <= each[0].started < known]
        runs = [ref for ref in self._refs if since <= ref.started < known]
        tests = {ref: _tests(failures) for ref, failures, _ in failed if not _of_machines(failures)}
        broken = broken_runs(tests, runs, self._together, self._share)
        hits: dict[str, list[Hit]] = defaultdict(list)
        for ref, failures, _ in failed:
            cause = _cause(ref, failures, broken)
            for key, said in failures.items():
                hits[key].append(Hit(ref, said, cause))
        failing = {
            key: _failing(key, its, (others or {}).get(key, ())) for key, its in hits.items()
        }
        unread = Counter(
            log for ref, failures, log in failed if not failures and begin <= ref.started < end
        )
        together = incidents({ref: failures for ref, failures, _ in failed}, broken, failing)
        return Evidence(
            begin, end, since, self._zone, self._jobs, failing, tuple(together),
            tuple(runs), tuple(sorted(unread.items())), known,
        )  # fmt: skip


def elsewhere(runs: Iterable[Run], jobs: Iterable[str]) -> dict[str, tuple[Elsewhere, ...]]:
    """Where else failures were seen, by key: in the failed runs of other jobs, most runs first."""
    own = set(jobs)
    found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    links: dict[tuple[str, tuple[str, str]], str] = {}
    for run in runs:
        if (
            run.job_name in own
            or run.status != Status.FAILURE
            or _of_machines(failures := _by_key(run.failures))
        ):
            continue
        place = (run.job_name, run.branch or "")
        for key in failures:
            found[key][place] += 1
            links[key, place] = run.link
    return {
        key: tuple(
            Elsewhere(job, branch, n, links[key, (job, branch)])
            for (job, branch), n in places.most_common()
        )
        for key, places in found.items()
    }


def _failing(key: str, hits: Sequence[Hit], others: tuple[Elsewhere, ...]) -> Failing:
    said = hits[-1].said
    return Failing(key, said.kind, issue_key(said)[1], tuple(hits), elsewhere=others)


def _by_key(failures: Sequence[CaseFailure]) -> dict[str, CaseFailure]:
    """Each failure of a run once, in order; of a test and its subtests the one that says most."""
    found: dict[str, CaseFailure] = {}
    for failure in failures:
        key, _ = issue_key(failure)
        if key not in found or (failure.message and not found[key].message):
            found[key] = failure
    return found


def _of_machines(failures: _Failures) -> bool:
    """Whether the machines broke the run: causes stand first."""
    return next((said.kind in MACHINES for said in failures.values()), False)


def _tests(failures: _Failures) -> frozenset[str]:
    return frozenset(key for key, said in failures.items() if said.kind in TESTS and not said.guess)


def _cause(
    ref: RunRef, failures: _Failures, broken: Mapping[RunRef, frozenset[str]]
) -> Cause | None:
    if _of_machines(failures):
        return Cause.MACHINES
    return Cause.INCIDENT if ref in broken else None


def _ref(run: Run) -> RunRef:
    succeeded = run.status == Status.SUCCESS
    failures = _by_key(run.failures)
    shows = succeeded or (bool(_tests(failures)) and not _of_machines(failures))
    return RunRef(
        run.job_name,
        run.job_id,
        _moment(run),
        run.link,
        run.branch or "",
        run.commit or "",
        succeeded,
        shows,
    )


def _moment(run: Run) -> datetime:
    assert run.started is not None
    return run.started.astimezone(UTC)
