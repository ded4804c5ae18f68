"""The long lists: job > pull request > run > failure, and pull request > commit > run > failure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ci_stat.records import Provenance, Run, Tally
from ci_stat.rendering.format import clock, duration, percent, plural, staleness
from ci_stat.rendering.terminal.lines import Line, line, status_style
from ci_stat.result import PR, Commit, Job
from ci_stat.result.rankings import worst_first

Part = tuple[object, str] | str
_LABEL = "dim"


def counts(tally: Tally) -> list[Part]:
    """`20 runs: 12 success, 6 failure (33.3%), 2 aborted`, zeroes left out."""
    parts: list[Part] = [plural(tally.total, "run")]
    named = (
        (tally.success, "success", "green"),
        (tally.failure, f"failure ({percent(tally.fail_rate)})", "red"),
        (tally.aborted, "aborted", "yellow"),
        (tally.other, "other", "magenta"),
    )
    for number, (n, word, style) in enumerate((n, w, s) for n, w, s in named if n):
        parts += [": " if number == 0 else ", ", (f"{n:,} {word}", style)]
    return parts


def run_lines(run: Run, depth: int, with_job: bool) -> Iterator[Line]:
    """One run, and below it what failed."""
    job: list[Part] = [(run.job_name, "cyan"), " "] if with_job else []
    commit: list[Part] = [] if with_job or not run.commit else [" ", (run.commit[:10], "blue")]
    comment: list[Part] = (
        [" ", (run.comment, _LABEL)] if run.comment and run.comment != "null" else []
    )
    yield line(
        depth, *job, f"#{run.job_id} ", (run.status, status_style(run.status)), f" {clock(run.time)} ",
        (duration(run.duration), _LABEL), *commit, f" {run.branch or ''}".rstrip(), *comment, " ", (run.link, "dim"),
    )  # fmt: skip
    for failure in run.failures:
        yield line(depth + 1, (f"{failure.kind}: ", _LABEL), (failure.name, "red"))
        for text in failure.message.splitlines():
            yield line(depth + 2, text)


def _pr_head(pr: PR, depth: int) -> Line:
    return line(
        depth, (f"{pr.repo}#{pr.number}", "bold cyan"), " ", (pr.title or "(no title)", ""), " ",
        (f"by {pr.author or 'unknown'} → {pr.branch or 'unknown branch'}", _LABEL), " ", *counts(pr.tally),
        *_reruns(pr.total_rerun_cnt),
    )  # fmt: skip


def _reruns(n: int) -> list[Part]:
    return [", ", plural(n, "rerun")] if n else []


def job_lines(job_map: Mapping[str, Job]) -> Iterator[Line]:
    """Jobs, most failures first, each with its failing pull requests and their runs of it, then nightly failures."""
    for job in worst_first(job_map.values()):
        yield line(0, (job.job_name, "bold"), " ", *counts(job.tally), *_reruns(job.rerun_cnt))
        for pr in worst_first(job.local_prs.values()):
            if pr.fail_cnt:
                yield _pr_head(pr, 1)
                yield from _runs(pr.runs, 2, with_job=False)
        nightly = [run for run in job.special_runs if run.status == "FAILURE"]
        if nightly:
            yield line(
                1,
                ("nightly", "bold cyan"),
                " ",
                f"{plural(len(nightly), 'failed run')} outside pull requests",
            )
            yield from _runs(nightly, 2, with_job=False)
    yield from _footer(getattr(job_map, "provenance", None))


def pr_lines(pr_map: Mapping[Any, PR]) -> Iterator[Line]:
    """Pull requests, most failures first, each with its commits and their runs."""
    for pr in worst_first(pr_map.values()):
        yield _pr_head(pr, 0)
        for commit in pr.commits:
            yield _commit_head(commit)
            yield from _runs(commit.runs, 2, with_job=True)
    yield from _footer(getattr(pr_map, "provenance", None))


def _commit_head(commit: Commit) -> Line:
    return line(
        1, ("commit ", _LABEL), (commit.hash or "unknown", "blue"), " ", *counts(commit.tally)
    )


def _runs(runs: Iterable[Run], depth: int, with_job: bool) -> Iterator[Line]:
    for run in runs:
        yield from run_lines(run, depth, with_job)


def _footer(source: Provenance | None) -> Iterator[Line]:
    if source is not None:
        yield from source_lines(source)


def source_lines(source: Provenance) -> Iterator[Line]:
    """Where the numbers come from: window, rows, newest row, database, query, and what was wrong."""
    note = staleness(source)
    if note:
        yield line(0, (note, "bold yellow"))
    for text, n in source.warnings:
        yield line(0, (f"Warning: {plural(n, 'row')}: {text}", "yellow"))
    rows, newest = plural(source.rows, "row"), clock(source.newest)
    yield line(0, (f"{source.window} · {rows} of {source.database} · newest row {newest}", _LABEL))
    yield line(0, (f"query: {source.query}", _LABEL))
    if source.logs:
        states = ", ".join(f"{n:,} {state}" for state, n in source.logs)
        yield line(0, (f"logs: {states} · rules {source.rule_set}", _LABEL))
