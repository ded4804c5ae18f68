"""One cause that breaks many pull requests at once: the machines, a service, or what was merged an hour ago."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_stat.records import CaseFailure, FailureKind, Run, Status
from ci_stat.result import failure_key

SPAN = timedelta(hours=2)  # how close together the failures are
AUTHORS = 3  # different ones: one person's pull requests can share a fault of their own
PRS_OF_ENV = 3
PRS_OF_ONE_CAUSE = 5  # any flaky case of a busy project hits three pull requests in two hours
RUNS = 5
SHARE = (
    0.4  # of the failed runs in between: a busy project has some failures of machines in every hour
)
_MACHINES = frozenset({FailureKind.ENV, FailureKind.SETUP})
# What has a name of its own. `build error` and `exit code 124` are said of a hundred different failures.
_NAMED = frozenset(
    {FailureKind.CASE, FailureKind.PANIC, FailureKind.RACE, FailureKind.LEAK, FailureKind.CRASH}
)
_NAMED_IN_LOGS = frozenset({FailureKind.COMPILE, FailureKind.CHECK})


@dataclass(frozen=True, slots=True)
class Outage:
    """`runs`, oldest first, failed of one cause. `typical` is what most of them said, `newest` the last that did."""

    typical: CaseFailure
    newest: Run
    runs: tuple[Run, ...]

    @property
    def machines(self) -> bool:
        """Whether it is trouble of the machines."""
        return self.typical.kind in _MACHINES

    @property
    def mixed(self) -> bool:
        """Whether some of its runs said something else."""
        return any(run.failures[0].name != self.typical.name for run in self.runs)

    @property
    def prs(self) -> int:
        return len(set(map(_pr, self.runs)))

    @property
    def authors(self) -> int:
        return len(set(map(_author, self.runs)))


def outages(runs: Iterable[Run]) -> list[Outage]:
    """Outages among the failed runs of pull requests, most runs first. A run belongs to one at most."""
    failed = sorted(
        (run for run in runs if run.is_pr and run.time and run.status == Status.FAILURE), key=_time
    )
    times = [_time(run) for run in failed]
    by_cause: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in failed:
        if run.failures and _tells(run.failures[0]):
            by_cause[_cause(run.failures[0])].append(run)
    found = [
        _outage(hit)
        for key, its in by_cause.items()
        if len(set(map(_pr, its))) >= _least(key)
        for hit in _stretches(its, _least(key))
        if len(hit) >= max(RUNS, SHARE * _between(times, hit))
    ]
    return sorted(found, key=lambda outage: (-len(outage.runs), outage.typical.name))


def _between(times: Sequence[datetime], hit: Sequence[Run]) -> int:
    """How many runs failed from the first of these to the last."""
    return bisect_right(times, _time(hit[-1])) - bisect_left(times, _time(hit[0]))


def _tells(failure: CaseFailure) -> bool:
    """Whether equal failures mean one cause."""
    in_log = failure.kind in _NAMED_IN_LOGS and failure.source == "log"
    return failure.kind in _MACHINES or (not failure.guess and (failure.kind in _NAMED or in_log))


def _cause(failure: CaseFailure) -> tuple[str, str]:
    """Trouble of the machines has many texts and one cause; anything else is what it says."""
    return (FailureKind.ENV.value, "") if failure.kind in _MACHINES else failure_key(failure)


def _least(cause: tuple[str, str]) -> int:
    return PRS_OF_ENV if cause[0] == FailureKind.ENV else PRS_OF_ONE_CAUSE


def _pr(run: Run) -> tuple[str | None, int]:
    return run.repo, run.pr_number


def _author(run: Run) -> object:
    """Who wrote it; a pull request without a known author counts as an author of its own."""
    return run.author or _pr(run)


def _time(run: Run) -> datetime:
    return run.time or datetime.min  # noqa: DTZ901 - runs without a time were left out


def _stretches(runs: Sequence[Run], prs: int) -> Iterator[list[Run]]:
    """The stretches in which enough pull requests of enough authors were hit within `SPAN`. One pass: an outage of a
    busy project has thousands of runs."""
    near = _Near()
    hit: list[Run] = []
    first = kept = 0  # the oldest run within SPAN, and the first one that is in no stretch yet
    for at, run in enumerate(runs):
        near.add(run, 1)
        while _time(run) - _time(runs[first]) > SPAN:
            near.add(runs[first], -1)
            first += 1
        if near.prs < prs or near.authors < AUTHORS:
            continue
        if hit and first >= kept:
            yield hit
            hit = []
        hit.extend(runs[max(first, kept) : at + 1])
        kept = at + 1
    if hit:
        yield hit


class _Near:
    """How many pull requests and authors a sliding stretch of runs has."""

    def __init__(self) -> None:
        self._prs: Counter[object] = Counter()
        self._authors: Counter[object] = Counter()

    def add(self, run: Run, times: int) -> None:
        for counted, key in ((self._prs, _pr(run)), (self._authors, _author(run))):
            counted[key] += times
            if not counted[key]:
                del counted[key]

    @property
    def prs(self) -> int:
        return len(self._prs)

    @property
    def authors(self) -> int:
        return len(self._authors)


def _outage(runs: list[Run]) -> Outage:
    name, _ = Counter(run.failures[0].name for run in runs).most_common(1)[0]
    newest = next(run for run in reversed(runs) if run.failures[0].name == name)
    return Outage(newest.failures[0], newest, tuple(runs))
