"""The published door to issues: a plan of what would be filed for the failed cases of a job, and what was done.

    from ci_stat.bug_report import bug_report

    report = bug_report(begin, end, ["tidb-unit-test-nightly"])
    print(report)

Importing it reads no file and opens no connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ci_stat.issues.model import IssuePlan
from ci_stat.records import names

if TYPE_CHECKING:
    from ci_stat.config import Settings
    from ci_stat.issues.apply import ApplyResult

__all__ = ["BugReport", "bug_report"]


@dataclass(frozen=True)
class BugReport:
    """What would be done (`plan`), and what was (`applied`, None for a dry run). `str()` says both."""

    plan: IssuePlan
    applied: "ApplyResult | None" = None

    def __str__(self) -> str:
        from ci_stat.issues.views.plan import plan_text

        return plan_text(self.plan, self.applied)


def bug_report(
    begin: datetime,
    end: datetime,
    jobs: Sequence[str],
    post: bool = False,
    *,
    settings: "Settings | None" = None,
    now: datetime | None = None,
) -> BugReport:
    """Plan issues for the cases that failed in the runs of `jobs` that started in [begin, end); file them if `post`.

    An empty list means the nightly job. `now`: aware, by default the present. Raises SettingsError, DatabaseError,
    SourceError, and Refused where nothing may be done.
    """
    from ci_stat.context import Context, real_time
    from ci_stat.issues.setup import issue_jobs

    with Context(settings) as context:
        filer = context.filer(real_time if now is None else lambda: now)
        window, wanted = context.source.window(begin, end), issue_jobs(names(jobs, "jobs"))
        if not post:
            return BugReport(filer.plan(window, wanted).plan)
        result, applied = filer.post(window, wanted)
        return BugReport(result.plan, applied)
