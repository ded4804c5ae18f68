"""Collects the history of some jobs: all runs with their failures, cut into evidence by window."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ci_stat.issues.evidence import (
    MACHINES,
    TESTS,
    Cause,
    Elsewhere,
    Evidence,
    FailureHistory,
    Occurrence,
    RunRef,
    issue_key,
    package_of,
)
from ci_stat.issues.incidents import broken_runs, incidents
from ci_stat.issues.packages import ambiguous_keys, with_aliases
from ci_stat.records import CaseFailure, Run, Status

_FINISHED = frozenset({Status.SUCCESS, Status.FAILURE})
_Failures = Mapping[str, CaseFailure]  # by key


@dataclass(frozen=True, slots=True)
class _FailedRun:
    """A failed run with its failures. `log`: what became of its log."""

    ref: RunRef
    failures: _Failures
    log: str


class History:
    """All finished runs of some jobs with their failures, oldest first."""

    def __init__(
        self, runs: Iterable[Run], jobs: Sequence[str], zone: ZoneInfo, together: int, share: float
    ) -> None:
        """`together`, `share`: tests, or share of a job's tests, that make a run an incident."""
        self._jobs = tuple(jobs)
        self._zone = zone
        self._together = together
        self._share = share

        finished = [run for run in runs if run.time and run.status in _FINISHED]
        finished.sort(key=_moment)
        self._refs = [_ref(run) for run in finished]
        self.ambiguous = ambiguous_keys(run.failures for run in finished)
        self._failed = [
            _FailedRun(ref, _by_key(run.failures, self.ambiguous), run.log)
            for ref, run in zip(self._refs, finished, strict=True)
            if run.status == Status.FAILURE
        ]

    def evidence(
        self,
        begin: datetime,
        end: datetime,
        since: datetime,
        others: Mapping[str, tuple[Elsewhere, ...]] | None = None,
        until: datetime | None = None,
    ) -> Evidence:
        """Return the evidence of the window [begin, end) with the runs from `since` to `until`.

        - `others`: failures in other jobs, by key.
        - `until`: not before the window's end, which is the default.
        """
        known = max(end, until or end)
        runs = [ref for ref in self._refs if since <= ref.started < known]
        failed = [run for run in self._failed if since <= run.ref.started < known]
        broken = self._broken(runs, failed)
        histories = with_aliases(_histories(failed, broken, others or {}))
        failures = {run.ref: run.failures for run in failed}

        return Evidence(
            begin=begin,
            end=end,
            since=since,
            zone=self._zone,
            jobs=self._jobs,
            histories=histories,
            incidents=tuple(incidents(failures, broken, histories)),
            runs=tuple(runs),
            unread=_unread(failed, begin, end),
            later=known,
        )

    def _broken(
        self, runs: Sequence[RunRef], failed: Iterable[_FailedRun]
    ) -> Mapping[RunRef, frozenset[str]]:
        tests = {run.ref: _tests(run.failures) for run in failed if not _of_machines(run.failures)}
        return broken_runs(tests, runs, self._together, self._share)


def _histories(
    failed: Iterable[_FailedRun],
    broken: Mapping[RunRef, frozenset[str]],
    others: Mapping[str, tuple[Elsewhere, ...]],
) -> dict[str, FailureHistory]:
    occurrences: dict[str, list[Occurrence]] = defaultdict(list)
    for run in failed:
        cause = _cause(run, broken)
        for key, failure in run.failures.items():
            occurrences[key].append(Occurrence(run.ref, failure, cause))

    return {key: _history(key, own, others.get(key, ())) for key, own in occurrences.items()}


def _history(
    key: str, occurrences: Sequence[Occurrence], others: tuple[Elsewhere, ...]
) -> FailureHistory:
    newest = occurrences[-1].failure
    name_key, name = issue_key(newest)
    package = package_of(newest) if key != name_key else ""
    return FailureHistory(
        key,
        newest.kind,
        name,
        tuple(occurrences),
        elsewhere=others,
        package=package,
        name_key=name_key,
    )


def _unread(
    failed: Iterable[_FailedRun], begin: datetime, end: datetime
) -> tuple[tuple[str, int], ...]:
    """Count the failed runs of the window without a known failure, by state of the log."""
    inside = (run for run in failed if begin <= run.ref.started < end)
    counts = Counter(run.log for run in inside if not run.failures)
    return tuple(sorted(counts.items()))


def elsewhere(
    runs: Iterable[Run], jobs: Iterable[str], ambiguous: Container[str] = frozenset()
) -> dict[str, tuple[Elsewhere, ...]]:
    """Find the failures in the failed runs of other jobs; by key, most runs first.

    `ambiguous`: as for `issue_key`.
    """
    own = set(jobs)
    counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    links: dict[tuple[str, tuple[str, str]], str] = {}

    for run in runs:
        if run.job_name in own or run.status != Status.FAILURE:
            continue
        failures = _by_key(run.failures, ambiguous)
        if _of_machines(failures):
            continue
        place = (run.job_name, run.branch or "")
        for key in failures:
            counts[key][place] += 1
            links[key, place] = run.link

    return {
        key: tuple(
            Elsewhere(job, branch, count, links[key, (job, branch)])
            for (job, branch), count in places.most_common()
        )
        for key, places in counts.items()
    }


def _by_key(
    failures: Sequence[CaseFailure], ambiguous: Container[str] = frozenset()
) -> dict[str, CaseFailure]:
    """Keep one failure for each key, in order: the first with a message, else the first."""
    chosen: dict[str, CaseFailure] = {}
    for failure in failures:
        key, _ = issue_key(failure, ambiguous)
        known = chosen.get(key)
        if known is None or (failure.message and not known.message):
            chosen[key] = failure
    return chosen


def _of_machines(failures: _Failures) -> bool:
    """Whether the infrastructure broke the run: the first failure is the cause of the others."""
    first = next(iter(failures.values()), None)
    return first is not None and first.kind in MACHINES


def _tests(failures: _Failures) -> frozenset[str]:
    """Keys of the failing tests, without guesses."""
    return frozenset(
        key for key, failure in failures.items() if failure.kind in TESTS and not failure.guess
    )


def _cause(run: _FailedRun, broken: Mapping[RunRef, frozenset[str]]) -> Cause | None:
    if _of_machines(run.failures):
        return Cause.MACHINES
    return Cause.INCIDENT if run.ref in broken else None


def _ref(run: Run) -> RunRef:
    failures = _by_key(run.failures)
    succeeded = run.status == Status.SUCCESS
    tests_failed = bool(_tests(failures)) and not _of_machines(failures)

    return RunRef(
        job=run.job_name,
        number=run.job_id,
        started=_moment(run),
        link=run.link,
        branch=run.branch or "",
        commit=run.commit or "",
        succeeded=succeeded,
        shows=succeeded or tests_failed,
    )


def _moment(run: Run) -> datetime:
    assert run.started is not None
    return run.started.astimezone(UTC)
