"""Sentences of the report."""

from collections.abc import Iterator

from ci_stat.rendering.document import cut, cut_name
from ci_stat.rendering.format import percent, plural
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.labels_text import labels_words
from ci_stat.test_results.regressions.model import (
    Count,
    DurationChange,
    LeftOutRuns,
    Regression,
    Since,
)
from ci_stat.test_results.regressions.series import Lane

_NAME = 80


def lane_words(lane: Lane) -> str:
    """Where, e.g. `job unit (spark=3.5.7), branch main`."""
    labels = labels_words(lane.labels)
    job = f"job {cut_name(lane.job, _NAME)}{f' ({labels})' if labels else ''}"
    parts = [job, f"branch {cut_name(lane.branch, _NAME)}" if lane.branch else ""]
    parts.append(f"repository {cut_name(lane.repo, _NAME)}" if lane.repo else "")
    return ", ".join(filter(None, parts))


def count_words(count: Count) -> str:
    """`12 of 14 runs (85.7%)`."""
    return f"{count.failed:,} of {plural(count.runs, 'run')} ({percent(count.rate)})"


def rate_words(regression: Regression) -> str:
    """How often it fails, and by how much that is more."""
    now = count_words(regression.now)
    if not regression.now.runs:
        now = "did not run in this window"
    interval = regression.interval
    points = f"{interval.low * 100:.0f} to {interval.high * 100:.0f}"
    if not regression.now.runs:
        return f"{now}; it had regressed before"
    if regression.is_new:
        return f"new test, fails in {now}"
    before = count_words(regression.before)
    rise = f"{regression.rise * 100:+.0f} points"
    return f"fails in {now}, before in {before}: {rise} (95% interval {points})"


def change_words(regression: Regression) -> Iterator[str]:
    """Since when it fails; a line each."""
    change = regression.change
    if change is None:
        first = regression.first
        none = "no single change explains the failures"
        yield f"since: {f'its first run, {run_place(first)}' if first else none}"
        return
    again = "fixed before, and failing again " if change.is_again else ""
    yield f"{again}since: {since_words(change.since)}"
    before, after = percent(change.before), percent(change.after)
    yield f"failed in {before} of the runs before, and in {after} after"
    if change.ended:
        yield f"passes again since: {since_words(change.ended)}"


def since_words(since: Since) -> str:
    """`between run 7 (commit a) and run 9 (commit b)`."""
    between = f"between {run_place(since.last_before)} and {run_place(since.latest)}"
    if since.first.id == since.latest.id:
        return between
    return f"{between}, most likely in {run_place(since.first)}"


def run_place(run: StoredRun) -> str:
    """A run by its number, else by its time, with its commit."""
    number = f"run {run.info.number}" if run.info.number is not None else "the run"
    attempt = f".{run.info.attempt}" if run.info.attempt > 1 else ""
    commit = f", commit {cut(run.info.commit[:12], 12)}" if run.info.commit else ""
    return f"{number}{attempt} ({run.started:%Y-%m-%d %H:%M} UTC{commit})"


def duration_words(change: DurationChange) -> str:
    """`3.20 s, before 2.10 s: +1.10 s (+52%)`."""
    part = f"{change.seconds:+,.2f} s ({change.change:+.0%})"
    return f"{change.after:,.2f} s, before {change.before:,.2f} s: {part}"


def left_out_words(left_out: LeftOutRuns) -> str:
    """What does not count, by reason; "" if everything counts."""
    parts = {
        "of pull requests": left_out.pulls,
        "of other branches": left_out.other_branches,
        "repeated after a failure": left_out.repeated,
        "not whole": left_out.incomplete,
        "with far fewer tests than usual": left_out.partial,
        "in which many tests failed at once": left_out.mass_failures,
        "in outages": left_out.outages,
    }
    return ", ".join(f"{number:,} {words}" for words, number in parts.items() if number)
