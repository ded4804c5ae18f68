"""What is flaky as plain data, for --json: the numbers of the tables."""

from dataclasses import asdict
from functools import partial

from ci_stat.rendering.values import Row, iso_time, limited, source_data
from ci_stat.result.flakiness import Flakiness, FlakyCase, FlakyJob
from ci_stat.statistics.repeats import Repeats


def flaky_data(flakiness: Flakiness, limit: int) -> Row:
    """Return what is flaky. Each list has up to `limit` entries and the number of all."""
    return {
        "source": source_data(flakiness.provenance),
        "commits": _commits(flakiness.commits),
        "failed_runs_on_them": {"total": flakiness.lost.total, **asdict(flakiness.lost)},
        "logs_read": flakiness.logs,
        "runs_without_commit": flakiness.without_commit,
        "jobs_without_commits": list(flakiness.jobs_without_commits),
        "jobs": limited(flakiness.jobs, limit, _job),
        "cases": limited(flakiness.cases, limit, partial(_case, flakiness)),
        "machines": limited(flakiness.machines, limit, partial(_case, flakiness)),
    }


def _commits(commits: Repeats) -> Row:
    return {
        "commits": commits.keys,
        "run_again": commits.repeated,
        "flaky": commits.mixed,
        "flaky_share": None if commits.share is None else round(commits.share, 4),
        "interval": [round(commits.interval.low, 4), round(commits.interval.high, 4)],
        "runs": commits.tries,
    }


def _job(job: FlakyJob) -> Row:
    return {
        "job": job.name,
        **_commits(job.commits),
        "runs_without_commit": job.without_commit,
        "failed_runs_on_flaky_commits": {"total": job.lost.total, **asdict(job.lost)},
    }


def _case(flakiness: Flakiness, case: FlakyCase) -> Row:
    return {
        "name": case.name,
        "kind": case.kind,
        "jobs": list(case.jobs),
        "flaky": case.commits,
        "commits": case.of,
        "flaky_share": round(case.commits / case.of, 4) if case.of else None,
        "interval": [round(case.interval.low, 4), round(case.interval.high, 4)],
        "runs": case.runs,
        "prs": case.prs,
        "in_outages": case.in_outages,
        "first_seen": iso_time(case.first_seen, flakiness.provenance),
        "newest_run": {
            "job": case.newest.job,
            "number": case.newest.number,
            "build": case.newest.build,
            "time": iso_time(case.newest.time, flakiness.provenance),
        },
    }
