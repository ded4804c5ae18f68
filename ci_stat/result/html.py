"""Small HTML tables with which notebooks show a Result, a Job or a PR.

All texts are escaped, and links lead to http(s) only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ci_stat.escape import visible
from ci_stat.html_templates import templates
from ci_stat.records import Run, Status

if TYPE_CHECKING:
    from ci_stat.result.models import PR, Job
    from ci_stat.result.result import Result

T = TypeVar("T")

_ROWS = 10
_COLORS = {Status.SUCCESS: "#1a7f37", Status.FAILURE: "#cf222e", Status.ABORTED: "#9a6700"}
_CELL = "text-align:left;padding:2px 10px 2px 0;vertical-align:top"


@dataclass(frozen=True, slots=True)
class _Rows(Generic[T]):
    """The rows of a table. `left_out`: the number of rows that are not shown."""

    shown: Sequence[T]
    left_out: int


def result_html(res: "Result") -> str:
    """The counts of the window over time, its failures, and the worst jobs and pull requests."""
    jobs = sorted(res.job_map.values(), key=attrgetter("rank"))
    prs = sorted(res.pr_map.values(), key=attrgetter("rank"))
    infos = list(res.fail_info_map.values())
    from ci_stat.result.runs_chart import runs_chart

    return _render(
        "result.html",
        res=res,
        jobs=_first(jobs, _ROWS),
        prs=_first(prs, _ROWS),
        infos=_first(infos, _ROWS),
        chart=runs_chart(res) if res.all_runs else "",
    )


def job_html(job: "Job") -> str:
    """The counts of the job, and its newest failed runs."""
    return _render("job.html", job=job, runs=_newest_failures(job.runs))


def pr_html(pr: "PR") -> str:
    """Title and counts of the pull request, and its newest failed runs."""
    return _render("pr.html", pr=pr, runs=_newest_failures(pr.runs))


def _first(rows: Sequence[T], most: int) -> _Rows[T]:
    return _Rows(rows[:most], max(0, len(rows) - most))


def _newest_failures(runs: Sequence[Run]) -> _Rows[Run]:
    """Failed runs, newest first; all runs if none failed."""
    failed = [run for run in runs if run.status == Status.FAILURE] or list(runs)
    return _first(failed[::-1], 2 * _ROWS)


def _failures(run: Run) -> str:
    return "; ".join(visible(name, 120) for name, _ in run.fail_info)


def _render(template: str, **values: Any) -> str:
    page = templates("ci_stat.result").get_template(template)
    return page.render(values, colors=_COLORS, cell_style=_CELL, failures=_failures)
