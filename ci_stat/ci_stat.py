"""The published door: load the runs of a window, and list them.

    import ci_stat.ci_stat as stat
    from datetime import datetime

    res = stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 21), [])
    stat.summary(res)
    stat.job_list(res.job_map)
    stat.pr_list(res.pr_map)

Importing it reads no file, touches no stream and opens no connection.
"""

import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from ci_stat.escape import visible
from ci_stat.records import CaseFailure, Run, RunFilter, Status, Tally, Window, names
from ci_stat.result import PR, Commit, FailInfo, Job, Result
from ci_stat.result.counting import count_window

if TYPE_CHECKING:
    from ci_stat.config import Settings
    from ci_stat.rendering.terminal.lines import Line

Fail_Info = FailInfo
log = logging.getLogger(__name__)

__all__ = [
    "PR",
    "CaseFailure",
    "Commit",
    "FailInfo",
    "Fail_Info",
    "Job",
    "Result",
    "Run",
    "Status",
    "Tally",
    "Window",
    "get_result",
    "job_list",
    "pr_list",
    "summary",
]


def get_result(
    begin: datetime,
    end: datetime,
    job_name: Sequence[str] = (),
    *,
    repos: Sequence[str] = (),
    branches: Sequence[str] = (),
    settings: "Settings | None" = None,
    progress: bool | None = None,
    keep_descriptions: bool = False,
    logs: bool = True,
) -> Result:
    """The runs that started in [begin, end), with the pull requests, jobs, commits and failures they add up to.

    - `begin`, `end`: naive times are in the database's zone (setting `time_zone`), aware ones are converted.
    - `job_name`, `repos`, `branches`: exact names to keep; empty keeps all.
    - `settings`: from `ci_stat.config.load()` if not given: `env.json` at `STAT_ENV_PATH`, then `CI_STAT_<KEY>`.
    - `progress`: a progress line on stderr; by default only where a person watches.
    - `logs`: failures from the build logs of the runs that failed, where the settings name a place (`log_dir`,
      `jenkins_url`). Each log is read once; what was found is kept in our own state (`state_url`).
    - `keep_descriptions`: keep all build parameters in memory (2 KB a run); otherwise `run.description` asks the
      database each time.

    Raises UsageError for a swapped window or a function passed for a time, SettingsError for settings that
    cannot be used, DatabaseError (ServerUnreachable, AccessDenied, SchemaMismatch, ...) for the rest.
    """
    from ci_stat.context import Context
    from ci_stat.runs.progress_bar import loading

    with Context(settings) as context:
        for warning in context.settings.warnings:
            log.warning("%s", visible(warning))
        source = context.source
        wanted = RunFilter(
            source.window(begin, end),
            names(job_name, "job_name"),
            names(repos, "repos"),
            names(branches, "branches"),
        )
        if progress is False or (progress is None and not _watched()):
            return source.load(wanted, keep_descriptions=keep_descriptions, logs=logs)
        with loading("Loading runs") as (advance, log_progress):
            return source.load(wanted, advance, keep_descriptions, logs, log_progress)


def _watched() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def summary(
    res: Result, *, color: bool | None = None, width: int | None = None, file: IO[str] | None = None
) -> None:
    """Print counts and rates of the window: pull request runs and nightly ones, over time, and their source.

    `color`: ANSI codes; by default yes, even into a file (that is what a dump is for), unless NO_COLOR is set.
    `width`: cells of a line; by default the terminal's, and no limit for a file.
    """
    from ci_stat.rendering.terminal import screen
    from ci_stat.runs.views import tables

    report = tables.summary(count_window(res), res.provenance)
    screen.show(report, file or sys.stdout, _colored(color), width)


def job_list(
    job_map: Mapping[str, Job],
    *,
    color: bool | None = None,
    width: int | None = None,
    file: IO[str] | None = None,
) -> None:
    """Print jobs, most failures first, each with its failing pull requests and their runs. Arguments as `summary`."""
    from ci_stat.runs.views.listings import job_lines

    _print(job_lines(job_map), color, width, file)


def pr_list(
    pr_map: Mapping[Any, PR],
    *,
    color: bool | None = None,
    width: int | None = None,
    file: IO[str] | None = None,
) -> None:
    """Print pull requests, most failures first, each with commits and runs. Arguments as `summary`."""
    from ci_stat.runs.views.listings import pr_lines

    _print(pr_lines(pr_map), color, width, file)


def _print(
    lines: "Iterable[Line]", color: bool | None, width: int | None, file: IO[str] | None
) -> None:
    from ci_stat.rendering.terminal import screen

    screen.write_lines(lines, file or sys.stdout, _colored(color), width)


def _colored(color: bool | None) -> bool:
    return not os.environ.get("NO_COLOR") if color is None else color
