"""The history of a case or a job: how often, where, since when. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, PlaceDay, Provenance, Run, Tally
from ci_stat.result.answers.case_names import packages_note
from ci_stat.result.answers.history_model import (
    Day,
    History,
    Origin,
    Seen,
    Share,
    Since,
    Subject,
)
from ci_stat.result.answers.places import places_of

CHANCE = 0.05  # the highest probability that a failure is absent by chance


def case_history(
    seen: Sequence[tuple[Run, CaseFailure]],
    counts: Iterable[PlaceDay],
    since: Since,
    source: Provenance,
) -> History:
    """The history of a case. `seen`: oldest first, not empty; `counts`: at least of its places."""
    runs = [run for run, _ in seen]
    places = places_of(runs)
    own = [count for count in counts if (count.job, count.repo, count.branch) in places]
    newest, of_tally = seen[-1][1], _passed_or_failed
    return History(
        subject=Subject.CASE,
        name=case_key(newest.name),
        kind=newest.kind,
        total=_total(case_key(newest.name), runs, own, of_tally),
        days=_days(runs, own, of_tally),
        jobs=_shares(runs, own, lambda run: run.job_name, lambda count: count.job, of_tally),
        branches=_shares(runs, own, _branch, lambda count: count.branch, of_tally),
        prs=_pull_requests(runs),
        nightly=sum(not run.is_pr for run in runs),
        seen=_messages(seen),
        failed=tuple(runs),
        since=since,
        source=source,
        counts=tuple(own),
        notes=packages_note(seen),
    )


def job_history(
    name: str,
    failed: Sequence[Run],
    counts: Sequence[PlaceDay],
    since: Since | None,
    source: Provenance,
    median: int | None,
) -> History:
    """The history of a job. `failed`: its failed runs, oldest first; `counts`: of the job."""
    return History(
        subject=Subject.JOB,
        name=name,
        kind="",
        total=_total(name, failed, counts, _finished),
        days=_days(failed, counts, _finished),
        jobs=(),
        branches=_shares(failed, counts, _branch, lambda count: count.branch, _finished),
        prs=_pull_requests(failed),
        nightly=sum(not run.is_pr for run in failed),
        seen=_failures(failed),
        failed=tuple(failed),
        since=since,
        source=source,
        tally=sum((count.tally for count in counts), Tally()),
        median=median,
    )


def since_of(
    failed: Sequence[Run],
    counts: Iterable[PlaceDay],
    oldest: datetime | None,
    begin: datetime,
    passed: tuple[Run | None, Run | None],
) -> Since:
    """When a failure began.

    - `failed`: oldest first, not empty; `counts`: of the places where it failed.
    - `oldest`: the time of the oldest row of the table; `begin`: of the window.
    - `passed`: the last success before the first failure, and the first one after the last.
    """
    first_day = f"{failed[0].time:%Y-%m-%d}" if failed[0].time else ""
    before, after = 0, 0
    for count in counts:
        runs = _passed_or_failed(count.tally)
        before += runs if count.day < first_day else 0
        after += runs if count.day >= first_day else 0
    rate = min(1.0, len(failed) / after) if after else 1.0
    if (1 - rate) ** before <= CHANCE:
        origin = Origin.BEGAN
    elif before or passed[0] is not None:
        origin = Origin.OLDER
    else:
        origin = _without_pass(oldest, begin)
    return Since(failed[0], failed[-1], origin, before, *passed)


def streak_of(
    failed: Sequence[Run],
    oldest: datetime | None,
    begin: datetime,
    passed: tuple[Run | None, Run | None],
) -> Since:
    """The newest failures of a job that follow each other without a success. As `since_of`."""
    before = passed[0]
    after_pass = [run for run in failed if _is_later(run, before)] or [failed[-1]]
    origin = Origin.BEGAN if before is not None else _without_pass(oldest, begin)
    return Since(after_pass[0], failed[-1], origin, 0, *passed)


def _is_later(run: Run, other: Run | None) -> bool:
    if other is None:
        return True
    return run.time is not None and other.time is not None and run.time > other.time


def _without_pass(oldest: datetime | None, begin: datetime) -> Origin:
    """Why no pass before the first failure is known."""
    return Origin.DATA if oldest is not None and oldest >= begin else Origin.WINDOW


def _passed_or_failed(tally: Tally) -> int:
    """The runs that show whether a case fails: an aborted one may have stopped before it."""
    return tally.success + tally.failure


def _finished(tally: Tally) -> int:
    """The runs of a job's rate, as in all rates of jobs."""
    return tally.finished


def _branch(run: Run) -> str:
    return run.branch or ""


def _total(
    name: str,
    failed: Sequence[Run],
    counts: Iterable[PlaceDay],
    of_tally: Callable[[Tally], int],
) -> Share:
    runs = sum(of_tally(count.tally) for count in counts)
    return Share(name, len(failed), max(runs, len(failed)))


def _days(
    failed: Sequence[Run], counts: Iterable[PlaceDay], of_tally: Callable[[Tally], int]
) -> tuple[Day, ...]:
    """Each day from the first to the last run, also those without runs."""
    failures = Counter(f"{run.time:%Y-%m-%d}" for run in failed if run.time)
    runs: Counter[str] = Counter()
    for count in counts:
        runs[count.day] += of_tally(count.tally)
    dates = sorted(day for day in {*runs, *failures} if _is_date(day))
    if not dates:
        return ()
    first, last = map(datetime.fromisoformat, (dates[0], dates[-1]))
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return tuple(
        Day(label, failures[label], max(runs[label], failures[label]))
        for label in (f"{day:%Y-%m-%d}" for day in every)
    )


def _is_date(text: str) -> bool:
    """Whether the database knew the time (MySQL has 2021-06-00)."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _shares(
    runs: Iterable[Run],
    counts: Iterable[PlaceDay],
    of_run: Callable[[Run], str],
    of_count: Callable[[PlaceDay], str],
    of_tally: Callable[[Tally], int],
) -> tuple[Share, ...]:
    failed = Counter(map(of_run, runs))
    every: Counter[str] = Counter()
    for count in counts:
        every[of_count(count)] += of_tally(count.tally)
    shares = (
        Share(name, failed[name], max(every[name], failed[name])) for name in {*failed, *every}
    )
    return tuple(sorted(shares, key=lambda share: (-share.failed, -share.runs, share.name)))


def _pull_requests(runs: Iterable[Run]) -> tuple[Share, ...]:
    numbers = Counter(f"{run.repo}#{run.pr_number}" for run in runs if run.is_pr)
    return tuple(Share(name, count, 0) for name, count in numbers.most_common())


def _messages(seen: Sequence[tuple[Run, CaseFailure]]) -> tuple[Seen, ...]:
    """The failures by fingerprint; those without one by their message."""
    groups: dict[str, list[tuple[Run, CaseFailure]]] = defaultdict(list)
    for run, failure in seen:
        groups[failure.fingerprint or failure.message].append((run, failure))
    return _most_first(groups)


def _failures(failed: Iterable[Run]) -> tuple[Seen, ...]:
    groups: dict[str, list[tuple[Run, CaseFailure]]] = defaultdict(list)
    for run in failed:
        for failure in {case_key(failure.name): failure for failure in run.failures}.values():
            groups[case_key(failure.name)].append((run, failure))
    return _most_first(groups)


def _most_first(groups: Mapping[str, Sequence[tuple[Run, CaseFailure]]]) -> tuple[Seen, ...]:
    messages = [
        Seen(group[-1][1], len(group), group[0][0], group[-1][0]) for group in groups.values()
    ]
    return tuple(sorted(messages, key=lambda seen: (-seen.runs, seen.failure.name)))
