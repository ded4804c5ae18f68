"""The table of failures as a rich renderable, with what it is based on."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from ci_stat.escape import shortened, visible
from ci_stat.records import LogState, Run, Status
from ci_stat.rendering.format import minute, plural
from ci_stat.rendering.terminal.columns import Column, Fitted, Role
from ci_stat.result import FailInfo, Result
from ci_stat.runs.views.cells import Cell, foot, heading, omitted

SHOWN_RUNS = 4  # newest runs of a failure


def failures(res: Result, limit: int | None = None, filtered: str = "") -> RenderableType:
    """Show a row for each failure, most runs first: its message, and the newest runs it broke."""
    source, infos = res.provenance, list(res.fail_info_map.values())
    shown = infos[:limit]
    title = heading("Failures", source, filtered)
    more = omitted(len(shown), len(infos), "failure")
    return Group(title, failure_table(shown), *more, *_completeness(res), *foot(source))


def failure_table(infos: Sequence[FailInfo]) -> Fitted:
    """A row for each failure, in the given order."""
    columns = [
        Column("failure", Role.IDENTITY),
        Column("kind", Role.WORD, spare=3),
        Column("runs"),
        Column("PRs"),
        Column("first seen", spare=2),
        Column("last seen", spare=6),
        Column("message", Role.TEXT, spare=4, floor=24),
        Column("broke, newest first", Role.TEXT, spare=8, floor=28),
    ]
    return Fitted(columns, [_failure_row(info) for info in infos])


def _failure_row(info: FailInfo) -> list[Cell]:
    return [
        Text(shortened(info.info, 300), "red"),
        info.kind,
        f"{info.fail_cnt():,}",
        f"{len(info.prs):,}",
        minute(info.run_list[0].time),
        minute(info.run_list[-1].time),
        Text(visible(info.message, 300), "dim"),
        Text(_newest_runs(info.run_list)),
    ]


def _newest_runs(runs: Sequence[Run]) -> str:
    """Return `job #12 #11, other #3 +5`: the newest runs by job, and the number of others."""
    newest = runs[: -SHOWN_RUNS - 1 : -1]
    numbers: dict[str, list[str]] = {}
    for run in newest:
        numbers.setdefault(run.job_name, []).append(f"#{run.build}")
    shown = ", ".join(f"{shortened(job, 80)} {' '.join(numbers[job])}" for job in numbers)
    others = len(runs) - len(newest)
    return f"{shown} +{others:,}" if others else shown


def _completeness(res: Result) -> Iterator[Text]:
    """Yield what the failures are based on, logs or the table, and what is unknown."""
    if res.log_states:
        yield _log_counts(res)

    failed = [run for run in res.all_runs if run.status == Status.FAILURE]
    if res.provenance.rows and not failed:
        runs = plural(res.provenance.rows, "run")
        yield Text(f"Of {runs} in this window, none failed.", "green")

    from_table = [run for run in failed if _is_from_table(run)]
    if from_table:
        runs = plural(len(from_table), "failed run")
        text = f"{runs} with failures of the table only{_with_one(from_table)}: a lower bound"
        yield Text(text, "dim")

    if res.miss_cnt:
        reason = "" if res.log_states else "; no log was read"
        runs = plural(res.miss_cnt, "failed run")
        yield Text(f"{runs} without a known failure{reason}", "yellow")


def _log_counts(res: Result) -> Text:
    counts = [f"{plural(res.log_states[LogState.READ], 'log')} read"]
    for state, count in res.log_states.most_common():
        if state != LogState.READ:
            counts.append(f"{plural(count, 'log')} {state}")
    return Text("; ".join(counts), "yellow" if len(counts) > 1 else "dim")


def _with_one(runs: Sequence[Run]) -> str:
    """Say how many runs have exactly one failure: the table may lack their others."""
    count = sum(len(run.failures) == 1 for run in runs)
    if count == len(runs):
        return ", one for each run"
    return f", one for each of {plural(count, 'run')}" if count > 1 else ""


def _is_from_table(run: Run) -> bool:
    sources = {failure.source for failure in run.failures}
    return bool(sources) and "log" not in sources
