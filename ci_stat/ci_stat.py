"""The public API: load the runs of a window, and print lists of them.

    import ci_stat.ci_stat as stat
    from datetime import datetime

    res = stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 21), [])
    stat.summary(res)
    stat.job_list(res.job_map)
    stat.pr_list(res.pr_map)

The import reads no file, uses no stream and opens no connection.
"""

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from ci_stat.config import Settings, warn_once
from ci_stat.records import CaseFailure, Run, RunFilter, Status, Tally, Window, names
from ci_stat.result import PR, Commit, FailInfo, Job, Result

if TYPE_CHECKING:
    pass

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


def __dir__() -> list[str]:
    """The published names: `stat.<tab>` shows nothing else."""
    return sorted(__all__)


def get_result(
    begin: datetime,
    end: datetime,
    job_name: Sequence[str] = (),
    *,
    repos: Sequence[str] = (),
    branches: Sequence[str] = (),
    settings: Settings | None = None,
    progress: bool | None = None,
    keep_descriptions: bool = False,
    logs: bool = True,
) -> Result:
    """Load the runs that started in [begin, end), from the CI database and from build logs.

    The Result has the runs, and their pull requests, jobs, commits and failures.

    - `begin`, `end`: naive times are in the database's time zone (setting `time_zone`).
    - `job_name`, `repos`, `branches`: exact names; an empty list selects all.
    - `settings`: by default `ci_stat.config.load()`: `env.json` at `STAT_ENV_PATH`, then
      `CI_STAT_<KEY>`.
    - `progress`: show a progress line on stderr; by default only if stderr is a terminal.
    - `keep_descriptions`: keep all build parameters in memory (2 KB a run). Otherwise
      `run.description` queries the database each time.
    - `logs`: read failures from the build logs of failed runs, if `log_dir` or `jenkins_url` is
      set. Each log is read once; our own state (`state_url`) stores the failures.

    Raises UsageError for an invalid window, SettingsError for invalid settings, and DatabaseError
    (ServerUnreachable, AccessDenied, SchemaMismatch, ...) if the database gives no answer.
    """
    from ci_stat.context import Context  # SQLAlchemy

    with Context(settings) as context:
        warn_once(context.settings, partial(log.warning, "%s"))
        source = context.source
        chosen_repos = names(repos, "repos")
        filter = RunFilter(
            source.window(begin, end),
            names(job_name, "job_name"),
            chosen_repos,
            names(branches, "branches"),
            nightly=source.nightly_jobs(chosen_repos),
        )
        if not (_is_terminal(sys.stderr) if progress is None else progress):
            return source.load(filter, keep_descriptions=keep_descriptions, logs=logs)

        from ci_stat.runs.progress_bar import loading  # rich: a fifth of the start

        with loading("Loading runs") as (advance, log_progress):
            return source.load(filter, advance, keep_descriptions, logs, log_progress)


def _is_terminal(stream: IO[str] | None) -> bool:
    return stream is not None and stream.isatty()


def summary(
    res: Result, *, color: bool | None = None, width: int | None = None, file: IO[str] | None = None
) -> None:
    """Print counts and rates of the window, for pull requests and nightly runs, over time.

    `color`: print ANSI codes, by default also to a file, unless NO_COLOR is set.
    `width`: columns of a line, by default those of the terminal, and no limit for a file.
    """
    from ci_stat.runs.views.printing import print_summary

    print_summary(res, file or sys.stdout, _colored(color), width)


def job_list(
    job_map: Mapping[str, Job],
    *,
    color: bool | None = None,
    width: int | None = None,
    file: IO[str] | None = None,
) -> None:
    """Print jobs, most failures first, with their failing pull requests and runs.

    The other arguments are those of `summary`.
    """
    from ci_stat.runs.views.printing import print_jobs

    print_jobs(job_map, file or sys.stdout, _colored(color), width)


def pr_list(
    pr_map: Mapping[Any, PR],
    *,
    color: bool | None = None,
    width: int | None = None,
    file: IO[str] | None = None,
) -> None:
    """Print pull requests, most failures first, with their commits and runs.

    The other arguments are those of `summary`.
    """
    from ci_stat.runs.views.printing import print_pulls

    print_pulls(pr_map, file or sys.stdout, _colored(color), width)


def _colored(color: bool | None) -> bool:
    return not os.environ.get("NO_COLOR") if color is None else color
