"""`ci-stat campaign schedule`: a crontab line and systemd units, or a process that stays."""

import shlex
import sys
import time
from datetime import time as TimeOfDay
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ci_stat.campaigns.model import Spec
from ci_stat.campaigns.planning import check
from ci_stat.campaigns.presets import CampaignFile, Schedule
from ci_stat.campaigns.schedule import crontab_text, next_start, service_text, timer_text
from ci_stat.campaigns.setup import CampaignsSetup
from ci_stat.campaigns.spec_checks import time_of, zone_of
from ci_stat.cli.work import opening
from ci_stat.cli.work.campaign.files import DEFAULT, Options, described
from ci_stat.context import real_time
from ci_stat.errors import CiStatError, UsageError
from ci_stat.escape import visible_lines
from ci_stat.formats.strict_toml import InvalidValue


def schedule(
    file: Path | None, preset: str | None, at: str | None, zone: str | None, foreground: bool
) -> None:
    campaign = described(file, Options(preset=preset))
    check(campaign.spec)  # nobody confirms learnt jobs at that time of day
    daily = _schedule(campaign, at, zone)
    arguments = ["--preset", preset] if preset else [str((file or DEFAULT).resolve())]
    if foreground:
        _stay(campaign, daily)
        return
    command = shlex.join([sys.executable, "-m", "jobs.stability_campaign", *arguments])
    click.echo(crontab_text(daily, command))
    click.echo(timer_text(daily))
    click.echo(service_text(command))


def _schedule(campaign: CampaignFile, at: str | None, zone: str | None) -> Schedule:
    known = campaign.schedule
    try:
        moment: TimeOfDay | None = time_of(at) if at else None
        named: ZoneInfo | None = zone_of(zone) if zone else None
    except InvalidValue as problem:
        raise UsageError(f"Invalid schedule: {problem.reason}.", problem.hint) from None
    if moment is None and known is None:
        raise UsageError(
            "No time of day is set.", "Use --at 12:00, or add a [schedule] table to the file."
        )
    default_zone = known.zone if known else ZoneInfo("UTC")
    chosen = moment or (known.at if known else TimeOfDay())
    return Schedule(chosen, named or default_zone)


def _start_or_resume(setup: CampaignsSetup, spec: Spec) -> None:
    """Run a campaign. First end one that a failure left open: it would bar each later one."""
    known = setup.ledger.open_on(spec.branch)
    if known is not None:
        setup.service(known.spec.fork).resume(known.id)
    setup.service(spec.fork).start(spec)


def _stay(campaign: CampaignFile, daily: Schedule) -> None:
    """Start a campaign each day. A failure is printed; the next day is tried again."""
    setup = opening.opened().campaigns(campaign.spec.repo)
    while True:
        begin = next_start(daily, real_time())
        click.echo(f"Next campaign: {begin:%Y-%m-%d %H:%M} {daily.zone.key}", err=True)
        while (left := (begin - real_time()).total_seconds()) > 0:
            time.sleep(min(left, 60))
        try:
            _start_or_resume(setup, campaign.spec)
        except CiStatError as error:
            click.echo(f"ci-stat: {visible_lines(error)}", err=True)
