"""Print the counts and lists of a Result to a stream.

`width`: columns of a line; None for those of the terminal, and for no limit in a file.
"""

from collections.abc import Mapping
from typing import IO, Any

from ci_stat.rendering.terminal import screen
from ci_stat.result import PR, Job, Result
from ci_stat.result.counting import count_window
from ci_stat.runs.views import tables
from ci_stat.runs.views.listings import job_lines, pr_lines


def print_summary(res: Result, stream: IO[str], colored: bool, width: int | None) -> None:
    report = tables.summary(count_window(res), res.provenance)
    screen.show(report, stream, colored, width)


def print_jobs(
    job_map: Mapping[str, Job], stream: IO[str], colored: bool, width: int | None
) -> None:
    screen.write_lines(job_lines(job_map), stream, colored, width)


def print_pulls(
    pr_map: Mapping[Any, PR], stream: IO[str], colored: bool, width: int | None
) -> None:
    screen.write_lines(pr_lines(pr_map), stream, colored, width)
