"""The long lists: job > pull request > run > failure, and pull request > commit > run > failure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ci_stat.records import CaseFailure, Provenance, Run, Status, Tally
from ci_stat.rendering.format import clock, duration, percent, plural, staleness
from ci_stat.rendering.terminal.lines import Line, line, status_style, whole_line
from ci_stat.result import PR, Commit, Job
from ci_stat.result.rankings import worst_first

Part = tuple[object, str] | str
_LABEL = "dim"
_EXCERPT = 3  # lines of the log below the message of a failure


def job_lines(job_map: Mapping[str, Job]) -> Iterator[Line]:
    """Yield the lines of jobs, most failures first.

    Below each job are its failing pull requests with their runs, then its failed nightly runs.
    """
    for job in worst_first(job_map.values()):
        yield line(0, (job.job_name, "bold"), " ", *counts(job.tally), *_reruns(job.rerun_cnt))
        for pr in worst_first(job.local_prs.values()):
            if pr.fail_cnt:
                yield _pr_head(pr, 1)
                yield from _run_list(pr.runs, with_job=False)
        yield from _nightly_failures(job)
    yield from _footer(job_map)


def pr_lines(pr_map: Mapping[Any, PR]) -> Iterator[Line]:
    """Yield the lines of pull requests, most failures first, with their commits and runs."""
    for pr in worst_first(pr_map.values()):
        yield _pr_head(pr, 0)
        for commit in pr.commits:
            yield _commit_head(commit)
            yield from _run_list(commit.runs, with_job=True)
        yield from _failure_summary(pr)
    yield from _footer(pr_map)


def _failure_summary(pr: PR) -> Iterator[Line]:
    """Yield the failures of a pull request, each with the runs it broke."""
    infos = list(pr.fail_info_map.values())
    if infos:
        yield line(1, ("failures ", _LABEL), f"{len(infos):,}")
    for info in infos:
        runs = ", ".join(f"{run.job_name} #{run.build}" for run in info.run_list)
        yield line(
            2, (info.info, "red"), " ", plural(info.fail_cnt(), "run"), (f": {runs}", _LABEL)
        )


def _nightly_failures(job: Job) -> Iterator[Line]:
    failed = [run for run in job.special_runs if run.status == Status.FAILURE]
    if not failed:
        return
    number = f"{plural(len(failed), 'failed run')} outside pull requests"
    yield line(1, ("nightly", "bold cyan"), " ", number)
    yield from _run_list(failed, with_job=False)


def _run_list(runs: Iterable[Run], with_job: bool) -> Iterator[Line]:
    for run in runs:
        yield from run_lines(run, 2, with_job)


def run_lines(run: Run, depth: int, with_job: bool) -> Iterator[Line]:
    """Yield the line of a run, and below it its failures.

    `with_job`: show the job; otherwise the commit.
    """
    job: list[Part] = [(run.job_name, "cyan"), " "]
    yield line(
        depth,
        *(job if with_job else []),
        f"#{run.build} ",
        (run.status, status_style(run.status)),
        f" {clock(run.time)} ",
        (duration(run.duration), _LABEL),
        *([] if with_job else _commit(run)),
        f" {run.branch or ''}".rstrip(),
        *_comment(run),
        *_link(run),
    )
    for failure in run.failures:
        yield from _failure_lines(failure, depth + 1)
    if run.status == Status.FAILURE and not run.failures:
        yield line(depth + 1, ("no error message found", "yellow"))


def _failure_lines(failure: CaseFailure, depth: int) -> Iterator[Line]:
    yield whole_line(depth, (f"{failure.kind}: ", _LABEL), (failure.name, "red"))
    for text in failure.message.splitlines():
        yield whole_line(depth + 1, text)
    for text in _excerpt(failure):
        yield line(depth + 1, (text, _LABEL))
    place = _place(failure)
    if place:
        yield line(depth + 1, (place, _LABEL))


def _excerpt(failure: CaseFailure) -> list[str]:
    """The first lines of the log that say more than the failure's name and message."""
    said = tuple(filter(None, (failure.message, failure.name)))
    lines = (text.strip() for text in failure.excerpt.splitlines())
    new = [text for text in lines if text and not text.endswith(said)]
    return new[:_EXCERPT]


def _place(failure: CaseFailure) -> str:
    """The file, line and page that an import gave; a log's own lines are its message."""
    if not failure.link:
        return ""
    code = f"{failure.file}:{failure.line}" if failure.line else failure.file
    return f"{code} {failure.link}".strip()


def _commit(run: Run) -> list[Part]:
    return [" ", (run.commit[:10], "blue")] if run.commit else []


def _comment(run: Run) -> list[Part]:
    has_comment = run.comment and run.comment != "null"
    return [" ", (run.comment, _LABEL)] if has_comment else []


def _link(run: Run) -> list[Part]:
    return [" ", (run.link, "dim")] if run.link else []


def _pr_head(pr: PR, depth: int) -> Line:
    author, branch = pr.author or "unknown", pr.branch or "unknown branch"
    return line(
        depth,
        (f"{pr.repo}#{pr.number}", "bold cyan"),
        " ",
        (pr.title or "(no title)", ""),
        " ",
        (f"by {author} → {branch}", _LABEL),
        " ",
        *counts(pr.tally),
        *_reruns(pr.total_rerun_cnt),
    )


def _commit_head(commit: Commit) -> Line:
    name = (commit.hash or "unknown", "blue")
    return line(1, ("commit ", _LABEL), name, " ", *counts(commit.tally))


def counts(tally: Tally) -> list[Part]:
    """Return `20 runs: 12 success, 6 failure (33.3%), 2 aborted`, without zeroes."""
    outcomes = (
        (tally.success, "success", "green"),
        (tally.failure, f"failure ({percent(tally.fail_rate)})", "red"),
        (tally.aborted, "aborted", "yellow"),
        (tally.other, "other", "magenta"),
    )
    parts: list[Part] = [plural(tally.total, "run")]
    separator = ": "
    for number, outcome, style in outcomes:
        if number:
            parts += [separator, (f"{number:,} {outcome}", style)]
            separator = ", "
    return parts


def _reruns(number: int) -> list[Part]:
    return [", ", plural(number, "rerun")] if number else []


def _footer(results: Mapping[Any, Any]) -> Iterator[Line]:
    """Yield the source of the numbers. A plain dict, made by the caller, has none."""
    source: Provenance | None = getattr(results, "provenance", None)
    if source is not None:
        yield from source_lines(source)


def source_lines(source: Provenance) -> Iterator[Line]:
    """Yield the source of the numbers: warnings, window, rows, database, query, logs."""
    note = staleness(source)
    if note:
        yield line(0, (note, "bold yellow"))
    for text, number in source.warnings:
        yield line(0, (f"Warning: {plural(number, 'row')}: {text}", "yellow"))
    rows, newest = plural(source.rows, "row"), clock(source.newest)
    yield line(0, (f"{source.window} · {rows} of {source.database} · newest row {newest}", _LABEL))
    yield line(0, (f"query: {source.query}", _LABEL))
    if source.logs:
        states = ", ".join(f"{number:,} {state}" for state, number in source.logs)
        yield line(0, (f"logs: {states} · rules {source.rule_set}", _LABEL))
