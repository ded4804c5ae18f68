"""What is flaky as a rich renderable: the sum, the cases, the machines, and the jobs."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.rendering.format import clock, percent, plural, times
from ci_stat.rendering.terminal.columns import Column, FirstFitting, Fitted, Role
from ci_stat.result.flakiness import Flakiness, FlakyCase, FlakyJob, LostRuns
from ci_stat.runs.views.cells import Cell, foot, heading, omitted
from ci_stat.statistics.intervals import Interval

_NAME = 90  # characters of a name that a table must have room for
_JOBS = 5  # named jobs without commits


def flaky_table(flakiness: Flakiness, limit: int, filtered: str = "") -> RenderableType:
    """Show what is flaky; each list has up to `limit` rows and the number of the others."""
    title = heading("Flaky", flakiness.provenance, filtered)
    cases, machines = flakiness.cases[:limit], flakiness.machines[:limit]
    jobs = flakiness.jobs[:limit]
    parts: list[RenderableType] = [title, *_sum(flakiness)]
    if cases:
        parts += [_case_table("failure", cases)]
        parts += omitted(len(cases), len(flakiness.cases), "failure")
    if machines:
        parts += [Text("Machines and services, no flaky tests:", "bold")]
        parts += [_case_table("problem", machines)]
        parts += omitted(len(machines), len(flakiness.machines), "problem")
    if jobs:
        parts += [_job_table(jobs), *omitted(len(jobs), len(flakiness.jobs), "job")]
    return Group(*parts, *_unproven(flakiness), *foot(flakiness.provenance))


def _sum(flakiness: Flakiness) -> Iterator[Text]:
    commits, lost = flakiness.commits, flakiness.lost
    if not commits.mixed:
        return
    share = f"{percent(commits.share)}, {_interval(commits.interval)}"
    yield Text(
        f"A job passed and failed on one commit {times(commits.mixed)}, "
        f"of {plural(commits.keys, 'pair')} of job and commit ({share})."
    )
    yield Text(f"{plural(lost.total, 'failed run')} there: {_lost(lost)}.")


def _lost(lost: LostRuns) -> str:
    causes = {
        "of tests, builds and checks": lost.cases,
        "of machines and services": lost.machines,
        "in outages": lost.outages,
        "without a known failure": lost.unknown,
    }
    return ", ".join(f"{runs:,} {cause}" for cause, runs in causes.items() if runs)


def _case_table(title: str, cases: Sequence[FlakyCase]) -> FirstFitting:
    columns = [
        Column(title, Role.IDENTITY, floor=_NAME),
        Column("kind", Role.WORD, spare=3),
        Column("flaky"),
        Column("share"),
        Column("95 %", spare=1),
        Column("failed runs", spare=4),
        Column("PRs", spare=5),
        Column("newest run", Role.WORD, spare=6),
        Column("last seen", spare=2),
    ]
    narrow = [Column(title, Role.IDENTITY, floor=_NAME), Column("", Role.SENTENCE)]
    return FirstFitting(
        Fitted(columns, [_case_row(case) for case in cases]),
        Fitted(narrow, [_narrow_row(case) for case in cases]),
    )


def _case_row(case: FlakyCase) -> list[Cell]:
    return [
        Text(visible(case.name), "bold"),
        case.kind,
        f"{case.commits:,} of {case.of:,}",
        percent(case.commits / case.of if case.of else None),
        _interval(case.interval),
        f"{case.runs:,}",
        f"{case.prs:,}",
        visible(f"{case.newest.job} #{case.newest.build}"),
        clock(case.newest.time),
    ]


def _narrow_row(case: FlakyCase) -> list[Cell]:
    share = percent(case.commits / case.of if case.of else None)
    commits = (
        f"{case.commits:,} of {plural(case.of, 'commit')} ({share}, {_interval(case.interval)})"
    )
    runs = f"{plural(case.runs, 'failed run')} in {plural(case.prs, 'PR')}"
    return [Text(visible(case.name), "bold"), f"{commits}, {runs}"]


def _job_table(jobs: Sequence[FlakyJob]) -> Fitted:
    columns = [
        Column("job", Role.IDENTITY, floor=40),
        Column("flaky"),
        Column("share"),
        Column("95 %", spare=1),
        Column("run again", spare=2),
        Column("failed runs", spare=3),
        Column("of machines", spare=4),
        Column("in outages", spare=5),
    ]
    return Fitted(columns, [_job_row(job) for job in jobs])


def _job_row(job: FlakyJob) -> list[Cell]:
    commits = job.commits
    return [
        Text(visible(job.name), "bold"),
        f"{commits.mixed:,} of {commits.keys:,}",
        percent(commits.share),
        _interval(commits.interval),
        f"{commits.repeated:,}",
        f"{job.lost.total:,}",
        f"{job.lost.machines:,}",
        f"{job.lost.outages:,}",
    ]


def _interval(interval: Interval) -> str:
    return f"{100 * interval.low:.1f}–{percent(interval.high)}"


def _unproven(flakiness: Flakiness) -> Iterator[Text]:
    """Yield what these numbers cannot say."""
    commits = flakiness.commits
    if flakiness.is_unknown:
        yield Text("No job ran twice on one commit, so flakiness is unknown.", "yellow")
    elif not commits.mixed:
        again = f"A job ran again on a commit {times(commits.repeated)}"
        yield Text(f"{again}, always with the same outcome.", "green")
    else:
        once = commits.keys - commits.repeated
        yield Text(
            f"A lower bound: {once:,} of these pairs ran once, which proves nothing.",
            "dim",
        )
    if flakiness.without_commit:
        yield Text(
            f"{plural(flakiness.without_commit, 'run')} without a commit "
            f"prove nothing either{_named(flakiness.jobs_without_commits)}.",
            "yellow",
        )
    if flakiness.lost.total:
        logs = f"{flakiness.logs:,} of {plural(flakiness.lost.total, 'failed run')}"
        yield Text(f"Failures are from the logs of {logs}, else from the table.", "dim")


def _named(jobs: Sequence[str]) -> str:
    if not jobs:
        return ""
    shown = ", ".join(visible(job) for job in jobs[:_JOBS])
    more = f" and {len(jobs) - _JOBS:,} more" if len(jobs) > _JOBS else ""
    return f"; {shown}{more} {'has' if len(jobs) == 1 else 'have'} no other runs"
