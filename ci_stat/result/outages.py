"""Find outages: one cause, such as a machine or a service, that breaks many pull requests."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_stat.records import CaseFailure, FailureKind, Run, Status
from ci_stat.result.causes import names_a_cause
from ci_stat.result.fail_key import failure_key

SPAN = timedelta(hours=2)  # in which enough pull requests fail
AUTHORS = 3  # one author's pull requests can share a defect of their own
PRS_OF_ENV = 3
PRS_OF_ONE_CAUSE = 5  # any flaky case of a busy project hits three pull requests in two hours
RUNS = 5
SHARE = 0.4  # of the failed runs of that time: a busy project has machine failures in each hour

_MACHINES = frozenset({FailureKind.ENV, FailureKind.SETUP})
_ENV_CAUSE = (FailureKind.ENV.value, "")


@dataclass(frozen=True, slots=True)
class Outage:
    """Runs that failed of one cause, oldest first.

    `typical`: the failure with the most frequent name; `newest`: the last run that has it.
    """

    typical: CaseFailure
    newest: Run
    runs: tuple[Run, ...]

    @property
    def machines(self) -> bool:
        """Whether machines or services failed, and not the code."""
        return self.typical.kind in _MACHINES

    @property
    def mixed(self) -> bool:
        """Whether some of its runs have a failure of another name."""
        return any(run.failures[0].name != self.typical.name for run in self.runs)

    @property
    def prs(self) -> int:
        """Number of pull requests."""
        return len(set(map(_pr, self.runs)))

    @property
    def authors(self) -> int:
        """Number of authors."""
        return len(set(map(_author, self.runs)))


def outages(runs: Iterable[Run]) -> list[Outage]:
    """Outages among the failed runs of pull requests, most runs first. No run is in two of them."""
    failed = sorted(filter(_is_failed_pr_run, runs), key=_time)
    times = list(map(_time, failed))
    by_cause: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in failed:
        if run.failures and _is_shared(run.failures[0]):
            by_cause[_cause(run.failures[0])].append(run)

    dense = (stretch for cause, own in by_cause.items() for stretch in _dense(own, _least(cause)))
    large = (stretch for stretch in dense if _is_large(stretch, times))
    return sorted(map(_outage, large), key=lambda outage: (-len(outage.runs), outage.typical.name))


def _is_failed_pr_run(run: Run) -> bool:
    return run.is_pr and run.time is not None and run.status == Status.FAILURE


def _is_large(stretch: Sequence[Run], times: Sequence[datetime]) -> bool:
    """Whether it has enough of the runs that failed in its time. `times`: of all failed runs."""
    first, last = _time(stretch[0]), _time(stretch[-1])
    failed_between = bisect_right(times, last) - bisect_left(times, first)
    return len(stretch) >= max(RUNS, SHARE * failed_between)


def _is_shared(failure: CaseFailure) -> bool:
    """Whether equal failures have one cause."""
    return failure.kind in _MACHINES or names_a_cause(failure)


def _cause(failure: CaseFailure) -> tuple[str, str]:
    """One key for all machine failures, whose messages differ; else the key of the failure."""
    return _ENV_CAUSE if failure.kind in _MACHINES else failure_key(failure)


def _least(cause: tuple[str, str]) -> int:
    """The number of pull requests that make an outage of this cause."""
    return PRS_OF_ENV if cause == _ENV_CAUSE else PRS_OF_ONE_CAUSE


def _pr(run: Run) -> tuple[str | None, int]:
    return run.repo, run.pr_number


def _author(run: Run) -> object:
    """The author; a pull request without one counts as an author of its own."""
    return run.author or _pr(run)


def _time(run: Run) -> datetime:
    return run.time or datetime.min  # noqa: DTZ901 - runs without a time were left out


def _dense(runs: Sequence[Run], prs: int) -> Iterator[list[Run]]:
    """Stretches of runs in which `prs` pull requests of enough authors failed within `SPAN`.

    One pass, because an outage of a busy project has thousands of runs.
    """
    window = _SlidingWindow()
    stretch: list[Run] = []
    oldest = taken = 0  # the oldest run within SPAN; the first run that is in no stretch yet
    for place, run in enumerate(runs):
        window.add(run)
        while _time(run) - _time(runs[oldest]) > SPAN:
            window.remove(runs[oldest])
            oldest += 1
        if window.prs < prs or window.authors < AUTHORS:
            continue

        if stretch and oldest >= taken:
            yield stretch
            stretch = []
        stretch.extend(runs[max(oldest, taken) : place + 1])
        taken = place + 1
    if stretch:
        yield stretch


class _SlidingWindow:
    """Counts the pull requests and authors of the runs that it holds."""

    def __init__(self) -> None:
        self._prs: Counter[object] = Counter()
        self._authors: Counter[object] = Counter()

    def add(self, run: Run) -> None:
        self._prs[_pr(run)] += 1
        self._authors[_author(run)] += 1

    def remove(self, run: Run) -> None:
        _subtract(self._prs, _pr(run))
        _subtract(self._authors, _author(run))

    @property
    def prs(self) -> int:
        return len(self._prs)

    @property
    def authors(self) -> int:
        return len(self._authors)


def _subtract(counts: Counter[object], key: object) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]


def _outage(runs: list[Run]) -> Outage:
    names = Counter(run.failures[0].name for run in runs)
    typical_name, _ = names.most_common(1)[0]
    newest = next(run for run in reversed(runs) if run.failures[0].name == typical_name)
    return Outage(newest.failures[0], newest, tuple(runs))
