"""`ci-stat campaign start`, `resume` and `cancel`."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from ci_stat.campaigns.model import Campaign, CampaignState
from ci_stat.campaigns.service import Campaigns
from ci_stat.campaigns.verdict import verdict
from ci_stat.campaigns.views.verdict_data import verdict_data
from ci_stat.campaigns.views.verdict_document import verdict_document
from ci_stat.cli.work import opening, output
from ci_stat.cli.work.campaign.asking import plan
from ci_stat.cli.work.campaign.demonstration import demonstrated
from ci_stat.cli.work.campaign.display import watching
from ci_stat.cli.work.campaign.files import Options, described, zone_of
from ci_stat.cli.work.campaign.places import opened_campaigns
from ci_stat.context import real_time
from ci_stat.errors import CannotTell, DidNotPass
from ci_stat.rendering.as_terminal import on_terminal


def start(
    file: Path | None,
    demo: bool,
    dry_run: bool,
    continues: bool,
    as_json: bool,
    color: str,
    **options: Any,
) -> None:
    if demo:
        with demonstrated() as (service, campaign, zone):
            _print(service, campaign, zone, as_json, color)
        return
    if dry_run:
        plan(file, as_json, color, **options)
        return
    wanted = described(file, Options(**options))
    zone = zone_of(wanted)
    setup = opening.opened().campaigns(wanted.spec.repo)
    service = setup.service(wanted.spec.fork)
    with watching(zone, real_time) as watch:
        known = service.ledger.open_on(wanted.spec.branch) if continues else None
        if known is None:
            campaign = service.start(wanted.spec, watch)
        else:
            campaign = service.resume(known.id, watch)
    _print(service, campaign, zone, as_json, color)
    _require_passed(service, campaign)


def resume(id: str, repo: str | None, as_json: bool, color: str) -> None:
    setup, fork, zone = opened_campaigns(repo)
    service = setup.service(fork)
    with watching(zone, real_time) as watch:
        campaign = service.resume(id, watch)
    _print(service, campaign, zone, as_json, color)
    _require_passed(service, campaign)


def cancel(id: str, repo: str | None, as_json: bool, color: str) -> None:
    setup, fork, zone = opened_campaigns(repo)
    service = setup.service(fork)
    with watching(zone, real_time) as watch:
        campaign = service.cancel(id, watch)
    if campaign.state is CampaignState.CANCELLING:
        click.echo("ci-stat: The process that drives the campaign cancels it now.", err=True)
    _print(service, campaign, zone, as_json, color)


def _print(
    service: Campaigns, campaign: Campaign, zone: ZoneInfo, as_json: bool, color: str
) -> None:
    judged = verdict(campaign, service.clocks.now(), service.ledger.all())
    document = verdict_document(judged, zone)
    output.print_either(verdict_data(judged), on_terminal(document), as_json, color)


def _require_passed(service: Campaigns, campaign: Campaign) -> None:
    """Raise DidNotPass if pull requests failed, and CannotTell if none has a result."""
    tally = verdict(campaign, service.clocks.now()).overall.tally
    if tally.failed:
        raise DidNotPass(f"{tally.failed} of {tally.passed + tally.failed} pull requests failed.")
    if not tally.passed:
        raise CannotTell("No job has a result.", "ci-stat campaign status says why.")
