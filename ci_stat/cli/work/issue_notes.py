"""`ci-stat issues mute` and `accept`: store what people decide about failures."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ci_stat.cli.work import opening, windows
from ci_stat.errors import UsageError
from ci_stat.escape import visible
from ci_stat.issues.address import repository, tracker_url
from ci_stat.issues.evidence import key_of_case
from ci_stat.issues.model import IssuePlan, PlanEntry
from ci_stat.issues.plan_checks import require_same_tracker
from ci_stat.issues.plan_files import read_plan
from ci_stat.records import Accepted, IssueAction, Mute
from ci_stat.rendering.format import plural

LAST_YEAR = 9999  # its last day has no UTC time in some zones
ACCEPTED_FOR = timedelta(days=90)  # enough for 270 issues, at three new ones a day


def mute(case: str, until: str | None, why: str, off: bool) -> None:
    context, clock = opening.opened_at(None)
    mutes = context.notes(clock).mutes
    key = key_of_case(case)
    reason = why.strip()
    if off:
        ended = mutes.end([key])
        click.echo(f"{visible(case)} is {'no longer muted' if ended else 'not muted'}.")
        return
    if not until or not reason:
        raise UsageError(
            "A mute requires an end and a reason.", 'Write --until 2021-07-01 --why "...".'
        )

    end = _end(until, context.source.origin.zone, clock())
    mutes.keep([Mute(key, case, end, reason, clock())])
    click.echo(f"{visible(case)} is muted until {end:%Y-%m-%d %H:%M}.")


def _end(until: str, zone: ZoneInfo, now: datetime) -> datetime:
    end = windows.parse_time(until, "--until", zone)
    if end <= now:
        raise UsageError(f"--until {until} is in the past.", "Use a later day; --off ends a mute.")
    if end.year >= LAST_YEAR:
        raise UsageError(f"--until {until} is too late.", f"Use a day before the year {LAST_YEAR}.")
    return end


def accept(file: Path, why: str, off: bool) -> None:
    saved = read_plan(file)
    context, clock = opening.opened_at(None)
    github = context.settings.github
    require_same_tracker(saved, repository(github), tracker_url(github))
    new_issues = _new_issues(saved)
    accepted = context.notes(clock).accepted
    reason = why.strip()
    if off:
        ended = accepted.end(issue.key for issue in new_issues)
        click.echo(f"No longer accepted: {ended} of {len(new_issues)}.")
        return
    if not reason:
        raise UsageError("An acceptance requires a reason.", 'Write --why "...".')

    now = clock()
    until = now + ACCEPTED_FOR
    accepted.keep(Accepted(issue.key, issue.name, until, reason, now) for issue in new_issues)
    day = until.astimezone(context.source.origin.zone)
    click.echo(f"Accepted until {day:%Y-%m-%d}: {plural(len(new_issues), 'new issue')}.")
    click.echo("ci-stat: nothing is filed yet; make a new plan: ci-stat issues plan", err=True)


def _new_issues(plan: IssuePlan) -> list[PlanEntry]:
    """The issues that the plan files, each once. Raises UsageError if there are none."""
    new_issues = {entry.key: entry for entry in plan.entries if entry.action == IssueAction.FILE}
    if not new_issues:
        raise UsageError(
            "The plan files no new issue, so there is nothing to accept.",
            "`ci-stat issues show PLAN` prints the plan.",
        )
    return list(new_issues.values())
