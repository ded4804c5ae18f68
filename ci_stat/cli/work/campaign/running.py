"""`ci-stat campaign start`, `resume` and `cancel`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ci_stat.campaigns.model import Campaign, CampaignState, Spec
from ci_stat.campaigns.verdict import verdict
from ci_stat.campaigns.verdict_model import Verdict
from ci_stat.campaigns.views.verdict_data import verdict_data
from ci_stat.campaigns.views.verdict_document import verdict_document
from ci_stat.cli.work import opening, output
from ci_stat.cli.work.campaign.asking import plan
from ci_stat.cli.work.campaign.demonstration import demonstrated
from ci_stat.cli.work.campaign.display import resumable, watching
from ci_stat.cli.work.campaign.expecting import confirmed
from ci_stat.cli.work.campaign.files import Options, described
from ci_stat.cli.work.campaign.places import CampaignPlace, opened_campaigns, place_of
from ci_stat.cli.work.campaign.posting import require_delivered, sent
from ci_stat.cli.work.campaign.proving import proven
from ci_stat.context import real_time
from ci_stat.errors import CannotTell, DidNotPass
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.reports.recipients import Recipient


def start(
    file: Path | None,
    demo: bool,
    dry_run: bool,
    continues: bool,
    yes: bool,
    as_json: bool,
    color: str,
    **options: Any,
) -> None:
    if demo:
        _demo(as_json, color)
        return
    if dry_run:
        plan(file, as_json, color, **options)
        return
    wanted = described(file, Options(**options))
    place = place_of(opening.opened(), wanted)
    recipients = recipients_of(place)
    known = place.setup.ledger.open_on(wanted.spec.branch)
    if known and continues:
        campaign = continued(place, known)
    else:
        # A token is needed before anybody is asked. While one is open, another is refused.
        place.setup.service(wanted.spec.fork)
        spec = wanted.spec if known else confirmed(place.setup, wanted.spec, yes)
        campaign = started(place, spec)
    end(place, campaign, recipients, as_json, color)


def resume(id: str, repo: str | None, as_json: bool, color: str) -> None:
    place = opened_campaigns(repo)
    recipients = recipients_of(place)
    campaign = continued(place, place.setup.ledger.open_one(id))
    end(place, campaign, recipients, as_json, color)


def cancel(id: str, repo: str | None, as_json: bool, color: str) -> None:
    place = opened_campaigns(repo)
    known = place.setup.ledger.open_one(id)
    service = place.setup.service(known.spec.fork)
    with resumable(), watching(place.zone, real_time) as watch:
        campaign = service.cancel(known.id, watch)
    if campaign.state is CampaignState.CANCELLING:
        click.echo("ci-stat: The process that drives the campaign cancels it now.", err=True)
    _print(place, proven(place.context, service.ledger, campaign), as_json, color)


def _demo(as_json: bool, color: str) -> None:
    with demonstrated() as (service, campaign, zone):
        judged = verdict(campaign, service.clocks.now(), service.ledger.all())
        document = verdict_document(judged, zone)
        output.print_either(verdict_data(judged), on_terminal(document), as_json, color)


def started(place: CampaignPlace, spec: Spec) -> Campaign:
    """Run a new campaign to its end. Raises as `Campaigns.start`."""
    service = place.setup.service(spec.fork)
    with resumable(), watching(place.zone, real_time) as watch:
        return service.start(spec, watch)


def continued(place: CampaignPlace, known: Campaign) -> Campaign:
    """Continue a campaign to its end, in its own fork, whatever campaign.toml says now."""
    service = place.setup.service(known.spec.fork)
    with resumable(), watching(place.zone, real_time) as watch:
        return service.resume(known.id, watch)


def recipients_of(place: CampaignPlace) -> list[Recipient]:
    """The recipients that campaign.toml asks for. Raises SettingsError before hours of waiting."""
    return place.context.recipients(place.channels) if place.channels else []


def end(
    place: CampaignPlace,
    campaign: Campaign,
    recipients: Sequence[Recipient],
    as_json: bool = False,
    color: str = "auto",
) -> None:
    """Print the verdict, send it, and raise what the exit code says."""
    judged = proven(place.context, place.setup.ledger, campaign)
    _print(place, judged, as_json, color)
    results = sent(place, judged, recipients) if recipients and judged.is_final else []
    require_delivered(results, judged.campaign)
    _require_passed(judged)


def _print(place: CampaignPlace, judged: Verdict, as_json: bool, color: str) -> None:
    document = verdict_document(judged, place.zone)
    output.print_either(verdict_data(judged), on_terminal(document), as_json, color)


def _require_passed(judged: Verdict) -> None:
    """Raise DidNotPass if pull requests failed, and CannotTell if none has a result."""
    tally = judged.overall.tally
    if tally.failed:
        raise DidNotPass(f"{tally.failed} of {tally.passed + tally.failed} pull requests failed.")
    if not tally.passed:
        raise CannotTell("No pull request passed or failed.", "ci-stat campaign status says why.")
