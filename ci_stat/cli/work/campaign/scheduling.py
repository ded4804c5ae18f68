"""`ci-stat campaign schedule`: a crontab line and systemd units, or a process that stays."""

import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from datetime import time as TimeOfDay
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ci_stat.campaigns.model import Spec
from ci_stat.campaigns.planning import check
from ci_stat.campaigns.presets import CampaignFile, Schedule
from ci_stat.campaigns.schedule import crontab_text, next_start, service_text, timer_text
from ci_stat.campaigns.spec_checks import time_of, zone_of
from ci_stat.cli.work import opening
from ci_stat.cli.work.campaign.files import DEFAULT, Options, described
from ci_stat.cli.work.campaign.places import CampaignPlace, place_of
from ci_stat.cli.work.campaign.running import continued, end, recipients_of, started
from ci_stat.context import real_time
from ci_stat.errors import CiStatError, UsageError
from ci_stat.escape import visible_lines
from ci_stat.formats.strict_toml import InvalidValue
from ci_stat.reports.recipients import Recipient


def schedule(
    file: Path | None, preset: str | None, at: str | None, zone: str | None, foreground: bool
) -> None:
    campaign = described(file, Options(preset=preset))
    check(campaign.spec)  # nobody confirms learnt jobs at that time of day
    daily = _schedule(campaign, at, zone)
    arguments = ["--preset", preset] if preset else [str((file or DEFAULT).resolve())]
    if foreground:
        stay(place_of(opening.opened(), campaign), campaign.spec, daily)
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


def stay(
    place: CampaignPlace,
    spec: Spec,
    daily: Schedule,
    now: Callable[[], datetime] = real_time,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Start a campaign each day. A failure is printed; the next day is tried again.

    Raises SettingsError before it waits, without a token or a channel.
    """
    place.setup.service(spec.fork)
    recipients = recipients_of(place)
    while True:
        begin = next_start(daily, now())
        click.echo(f"Next campaign: {begin:%Y-%m-%d %H:%M} {daily.zone.key}", err=True)
        while (left := (begin - now()).total_seconds()) > 0:
            sleep(min(left, 60))
        _run(place, spec, recipients)


def _run(place: CampaignPlace, spec: Spec, recipients: Sequence[Recipient]) -> None:
    """Run a campaign. First end one that a failure left open: it would bar each later one."""
    with _printed():
        known = place.setup.ledger.open_on(spec.branch)
        if known is not None:
            with _printed():
                end(place, continued(place, known), recipients)
        end(place, started(place, spec), recipients)


@contextmanager
def _printed() -> Iterator[None]:
    """Print an error of the block, and go on."""
    try:
        yield
    except CiStatError as error:
        click.echo(f"ci-stat: {visible_lines(error)}", err=True)
