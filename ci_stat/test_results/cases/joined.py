"""Joins what test results and what runs with their logs know of one case. Pure.

No run counts twice: a run of which both know is counted by its test result. On a day on which a job
has test results, its other runs are added; on all other days, the runs count alone.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ci_stat.records import Run
from ci_stat.result.answers.history_model import Day, History, Share
from ci_stat.test_results.cases.history import branch_name, day_of, filled, job_name
from ci_stat.test_results.cases.model import CaseHistory

RunKey = tuple[str, int | None, int]


@dataclass(frozen=True, slots=True)
class Totals:
    """The numbers of a case from all that is known.

    `in_both`: failed runs that both sources know; `only_in_runs`: failed runs without test results,
    oldest first.
    """

    total: Share
    days: tuple[Day, ...]
    jobs: tuple[Share, ...]
    branches: tuple[Share, ...]
    in_both: int = 0
    only_in_runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What is known of a case beside its test results.

    `runs`: its failures in runs of the CI database; `notes`: why something is missing.
    """

    runs: History | None = None
    issue: str = ""
    muted: str = ""
    reproduce: tuple[str, str] = ("", "")
    notes: tuple[str, ...] = ()


NOTHING_ELSE = CaseFacts()


@dataclass(frozen=True, slots=True)
class _Count:
    """Runs of one job, branch and day."""

    job: str
    branch: str
    day: str
    failed: int
    runs: int


def totals_of(history: CaseHistory, runs: History | None = None) -> Totals:
    """The numbers of the test results, together with those of `runs` if given."""
    counts = list(_of_results(history))
    only: tuple[Run, ...] = ()
    in_both = 0
    if runs is not None:
        known = _keys(history)
        only = tuple(run for run in runs.failed if not _keys_of_run(run) & known)
        in_both = len(runs.failed) - len(only)
        counts += _of_runs(history, runs, only)
    return Totals(
        total=Share(history.name, *_sums(counts)),
        days=_days(counts),
        jobs=_shares(counts, lambda count: count.job),
        branches=_shares(counts, lambda count: count.branch),
        in_both=in_both,
        only_in_runs=only,
    )


def _of_results(history: CaseHistory) -> Iterator[_Count]:
    for run in history.runs:
        if run.is_finished:
            yield _Count(
                job_name(run), branch_name(run), day_of(run, history), int(run.is_failed), 1
            )


def _keys(history: CaseHistory) -> set[RunKey | str]:
    """Names of the runs that have test results: job, number and attempt; and the page."""
    keys: set[RunKey | str] = set()
    for run in history.runs:
        info = run.run.info
        keys |= {(info.job, info.number, info.attempt)} if info.number is not None else set()
        keys |= {info.url} if info.url else set()
    return keys


def _keys_of_run(run: Run) -> set[RunKey | str]:
    keys: set[RunKey | str] = {(run.job_name, run.number, run.attempt)}
    return keys | ({run.link} if run.link else set())


def _of_runs(history: CaseHistory, runs: History, only: Iterable[Run]) -> Iterator[_Count]:
    """What the runs add to the test results."""
    failed = Counter((run.job_name, run.branch or "", f"{run.time:%Y-%m-%d}" if run.time else "")
                     for run in only)  # fmt: skip
    with_results = _runs_with_results(history)
    cells: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for count in runs.counts:
        branches = cells[count.job, count.day]
        tally = count.tally
        branches[count.branch] = branches.get(count.branch, 0) + tally.success + tally.failure
    for (job, day), branches in cells.items():
        counted = with_results[job, day]
        for branch, total in branches.items():
            broken = failed.pop((job, branch, day), 0)
            others = max(broken, total - counted)
            counted = max(0, counted - (total - broken))
            if others:
                yield _Count(job, branch, day, broken, others)
    for (job, branch, day), broken in failed.items():
        yield _Count(job, branch, day, broken, broken)


def _runs_with_results(history: CaseHistory) -> Counter[tuple[str, str]]:
    """By job and day, how many runs have a result of the case; labels of one run count once."""
    runs = {
        (run.run.info.job, day_of(run, history), run.run.info.number or run.run.id)
        for run in history.runs
        if run.is_finished
    }
    return Counter((job, day) for job, day, _ in runs)


def _sums(counts: Iterable[_Count]) -> tuple[int, int]:
    listed = list(counts)
    return sum(count.failed for count in listed), sum(count.runs for count in listed)


def _days(counts: Iterable[_Count]) -> tuple[Day, ...]:
    by_day: dict[str, list[_Count]] = defaultdict(list)
    for count in counts:
        if count.day:
            by_day[count.day].append(count)
    return filled({day: _sums(some) for day, some in by_day.items()})


def _shares(counts: Iterable[_Count], name_of: Callable[[_Count], str]) -> tuple[Share, ...]:
    groups: dict[str, list[_Count]] = defaultdict(list)
    for count in counts:
        groups[name_of(count)].append(count)
    shares = (Share(name, *_sums(some)) for name, some in groups.items())
    return tuple(sorted(shares, key=lambda share: (-share.failed, -share.runs, share.name)))
