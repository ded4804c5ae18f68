"""A comparison as plain data, for --json: the numbers of the tables."""

from typing import Any

from ci_stat.rendering.values import Row, iso_time, limited, source_data, tally_data
from ci_stat.result.comparing import (
    Comparison,
    DurationChange,
    FailureChange,
    JobChange,
    SeenRun,
    Side,
)
from ci_stat.result.comparing.changes import Duration, Rate, RateChange
from ci_stat.result.comparing.rates import CHANCE
from ci_stat.statistics.intervals import Interval
from ci_stat.statistics.ranks import median_level


def comparison_data(comparison: Comparison, limit: int) -> Row:
    """Return a comparison. Each list has up to `limit` entries and the number of all."""
    source = comparison.now.provenance
    return {
        "now": _side(comparison.now),
        "before": _side(comparison.before),
        "expected_share_of_chance": CHANCE,
        "failures_from": "logs" if comparison.by_logs else "table",
        "known_failures_differ": comparison.uneven,
        "totals": [_job(total) for total in comparison.totals],
        "failures": limited(
            comparison.failures, limit, lambda failure: _failure(failure, comparison)
        ),
        "jobs": limited(comparison.jobs, limit, _job),
        "durations": limited(comparison.durations, limit, _duration_change),
        "note": source_data(source)["note"],
    }


def _side(side: Side) -> Row:
    names = {"jobs": side.names.jobs, "repos": side.names.repos, "branches": side.names.branches}
    return {
        "source": source_data(side.provenance),
        **{name: list(values) for name, values in names.items()},
        **tally_data(side.tally),
        "failed_runs_with_known_failure": side.with_logs.named,
        "logs_read": side.logs,
    }


def _failure(failure: FailureChange, comparison: Comparison) -> Row:
    return {
        "name": failure.name,
        "kind": failure.kind,
        "jobs": list(failure.jobs),
        **_rates(failure.rates),
        "newest_run": _run(failure.newest, comparison),
    }


def _run(run: SeenRun, comparison: Comparison) -> Row:
    time = iso_time(run.time, comparison.now.provenance)
    return {"job": run.job, "number": run.number, "build": run.build, "time": time}


def _job(job: JobChange) -> Row:
    return {"name": job.name, **_rates(job.rates)}


def _rates(rates: RateChange) -> Row:
    return {
        "change": str(rates.change),
        "may_be_chance": rates.by_chance,
        "enough_runs": rates.decidable,
        "now": _rate(rates.now),
        "before": _rate(rates.before),
        "difference": _rounded(rates.difference),
        "difference_interval": _interval(rates.interval),
        "p_value": _rounded(rates.p_value, 6),
        "q_value": _rounded(rates.q_value, 6),
    }


def _rate(rate: Rate) -> Row:
    row: dict[str, Any] = {
        "failed": rate.count,
        "runs": rate.runs,
        "rate": _rounded(rate.value),
        "interval": _interval(rate.interval),
    }
    if rate.prs is not None:
        row |= {"prs": rate.prs, "nightly_runs": rate.nightly}
    return row


def _duration_change(change: DurationChange) -> Row:
    return {
        "job": change.job,
        "change": str(change.change),
        "may_be_chance": change.by_chance,
        "now": _duration(change.now),
        "before": _duration(change.before),
        "change_of_median": _rounded(change.change_of_median),
        "change_interval": _interval(change.interval) if change.interval else None,
        "p_value": _rounded(change.p_value, 6),
        "q_value": _rounded(change.q_value, 6),
    }


def _duration(duration: Duration) -> Row:
    return {
        "runs": duration.runs,
        "median_ms": duration.median,
        "median_interval_ms": [int(duration.interval.low), int(duration.interval.high)],
        "median_interval_level": median_level(duration.runs),
    }


def _interval(interval: Interval) -> list[float]:
    return [round(interval.low, 4), round(interval.high, 4)]


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)
