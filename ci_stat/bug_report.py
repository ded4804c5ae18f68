"""The public API for issues: plan issues for failed cases, and file them with `post=True`.

    from ci_stat.bug_report import bug_report

    report = bug_report(begin, end, ["tidb-unit-test-nightly"])
    print(report)

The import reads no file and opens no connection.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from ci_stat.config import Settings, warn_once
from ci_stat.issues.job_names import issue_jobs
from ci_stat.issues.model import IssuePlan
from ci_stat.records import names

if TYPE_CHECKING:
    from ci_stat.issues.apply import ApplyResult

log = logging.getLogger(__name__)

__all__ = ["BugReport", "bug_report"]


@dataclass(frozen=True)
class BugReport:
    """A plan, and the results of its actions (None for a dry run). `str()` shows both."""

    plan: IssuePlan
    applied: "ApplyResult | None" = None

    def __str__(self) -> str:
        from ci_stat.issues.views.plan import plan_text  # rich

        return plan_text(self.plan, self.applied)


def bug_report(
    begin: datetime,
    end: datetime,
    jobs: Sequence[str],
    post: bool = False,
    *,
    settings: Settings | None = None,
    now: datetime | None = None,
) -> BugReport:
    """Plan issues for the cases that failed in runs that started in [begin, end).

    - `jobs`: exact names; an empty list means those of the setting `issue_jobs`.
    - `post`: apply the plan. Without it, nothing is changed.
    - `settings`: by default `ci_stat.config.load()`.
    - `now`: aware, by default the current time.

    Raises UsageError for an invalid window, SettingsError, DatabaseError, SourceError if GitHub
    sends no valid response, and Refused if the plan must not be applied.
    """
    from ci_stat.context import Context, real_time  # SQLAlchemy

    with Context(settings) as context:
        warn_once(context.settings, partial(log.warning, "%s"))
        filer = context.filer(real_time if now is None else lambda: now)
        window = context.source.window(begin, end)
        job_names = issue_jobs(names(jobs, "jobs"), context.settings.issues)
        if not post:
            return BugReport(filer.plan(window, job_names).plan)
        made, applied = filer.post(window, job_names)
        return BugReport(made.plan, applied)
