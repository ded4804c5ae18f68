"""What people say of failures: `ci-stat issues mute` and `ci-stat issues accept`."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ci_stat.cli.work import opening, windows
from ci_stat.errors import UsageError
from ci_stat.escape import visible
from ci_stat.issues.address import tracker_url
from ci_stat.issues.evidence import key_of_case
from ci_stat.issues.model import IssuePlan, Planned
from ci_stat.issues.plan_checks import require_same_tracker
from ci_stat.issues.plan_files import read_plan
from ci_stat.records import Accepted, IssueAction, Mute

LAST_YEAR = 9999  # whose last day has no UTC in some zones
HOLDS = timedelta(days=90)  # three new issues a day: 270 of them


def mute(case: str, until: str | None, why: str, off: bool) -> None:
    """`ci-stat issues mute`: switch us off for a case until a day."""
    context, moment = opening.opened_at(None)
    source = context.source
    known, key = context.notes(moment).mutes, key_of_case(case)
    if off:
        ended = known.end([key])
        click.echo(f"{visible(case)} is {'no longer muted' if ended else 'not muted'}.")
        return
    if not until or not why.strip():
        raise UsageError(
            "A mute needs an end and a reason.", 'Write --until 2021-07-01 --why "...".'
        )
    end = _end(until, source.origin.zone, moment())
    known.keep([Mute(key, case, end, why.strip(), moment())])
    click.echo(f"{visible(case)} is muted until {end:%Y-%m-%d %H:%M}.")


def _end(until: str, zone: ZoneInfo, now: datetime) -> datetime:
    end = windows.parse_time(until, "--until", zone)
    end = end.replace(tzinfo=zone) if end.tzinfo is None else end
    if end <= now:
        raise UsageError(
            f"--until {until} is in the past.", "Name a day to come; --off ends a mute."
        )
    if end.year >= LAST_YEAR:
        raise UsageError(
            f"--until {until} is too far away.", f"Name a day before the year {LAST_YEAR}."
        )
    return end


def accept(file: Path, why: str, off: bool) -> None:
    """`ci-stat issues accept`: say that the new issues of a saved plan are right."""
    saved = read_plan(file)
    context, moment = opening.opened_at(None)
    source = context.source
    github = context.settings.github
    require_same_tracker(saved, github.repo, tracker_url(github))
    new, known = _new(saved), context.notes(moment).accepted
    if off:
        ended = known.end(each.key for each in new)
        click.echo(f"No longer accepted: {ended} of {len(new)}.")
        return
    if not why.strip():
        raise UsageError("It needs a reason.", 'Write --why "...".')

    until = moment() + HOLDS
    known.keep([Accepted(each.key, each.name, until, why.strip(), moment()) for each in new])
    many = "new issue is" if len(new) == 1 else "new issues are"
    click.echo(f"{len(new)} {many} accepted until {until.astimezone(source.origin.zone):%Y-%m-%d}.")
    click.echo("ci-stat: nothing is filed yet; make a new plan: ci-stat issues plan", err=True)


def _new(plan: IssuePlan) -> list[Planned]:
    new = list(
        {each.key: each for each in plan.entries if each.action == IssueAction.FILE}.values()
    )
    if not new:
        raise UsageError(
            "The plan files no new issue, so there is nothing to accept.",
            "ci-stat issues show PLAN",
        )
    return new
