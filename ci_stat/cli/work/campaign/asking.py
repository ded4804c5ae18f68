"""`ci-stat campaign plan`, `status`, `report` and `list`: nothing is changed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ci_stat.campaigns.learning import learn
from ci_stat.campaigns.model import Spec
from ci_stat.campaigns.outlook import outlook
from ci_stat.campaigns.planning import check
from ci_stat.campaigns.rights import problems_of
from ci_stat.campaigns.setup import CampaignsSetup
from ci_stat.campaigns.verdict import verdict
from ci_stat.campaigns.views.list_document import (
    list_data,
    list_document,
    status_data,
    status_document,
)
from ci_stat.campaigns.views.plan_document import plan_data, plan_document
from ci_stat.campaigns.views.verdict_chat import verdict_markdown
from ci_stat.campaigns.views.verdict_data import verdict_data
from ci_stat.campaigns.views.verdict_document import verdict_document
from ci_stat.cli.work import opening, output
from ci_stat.cli.work.campaign.expecting import forge_to_learn
from ci_stat.cli.work.campaign.files import Options, described, zone_of
from ci_stat.cli.work.campaign.places import opened_campaigns
from ci_stat.cli.work.campaign.posting import (
    Sending,
    post_data,
    require_delivered,
    sent_or_drafted,
)
from ci_stat.cli.work.campaign.proving import proven
from ci_stat.context import real_time
from ci_stat.errors import CiStatError, UsageError
from ci_stat.rendering.as_terminal import on_terminal


def plan(file: Path | None, as_json: bool, color: str, **options: Any) -> None:
    wanted = described(file, Options(**options))
    setup = opening.opened().campaigns(wanted.spec.repo)
    spec, learnt = wanted.spec, None
    if not spec.contexts:
        learnt = learn(spec, forge_to_learn(setup, spec))
        spec = replace(spec, contexts=learnt.contexts)
    problems = _problems(setup, spec)
    seen = outlook(spec, real_time())
    document = plan_document(spec, seen, zone_of(wanted), problems, learnt)
    data = plan_data(spec, seen, problems, learnt)
    output.print_either(data, on_terminal(document), as_json, color)


def _problems(setup: CampaignsSetup, spec: Spec) -> list[str]:
    """Why the campaign cannot start. Raises UsageError for what no forge needs to be asked."""
    if spec.contexts:
        check(spec)
    try:
        return problems_of(spec, setup.forge(spec.fork))
    except CiStatError as error:
        return [f"Not checked: {error.message} {error.hint}".strip()]


def status(id: str, repo: str | None, as_json: bool, color: str) -> None:
    place = opened_campaigns(repo)
    campaign, now = place.setup.ledger.get(id), real_time()
    judged = verdict(campaign, now)
    document = status_document(campaign, judged, now, place.zone)
    output.print_either(status_data(campaign, judged), on_terminal(document), as_json, color)


def report(
    id: str,
    repo: str | None,
    markdown: bool,
    post: bool,
    channels: Sequence[str],
    dry_run: bool,
    force: bool,
    as_json: bool,
    color: str,
) -> None:
    if not post and (channels or dry_run or force):
        raise UsageError("--channel, --dry-run and --force need --post.", "Add --post.")
    place = opened_campaigns(repo)
    ledger = place.setup.ledger
    judged = proven(place.context, ledger, ledger.get(id))
    wanted = Sending(channels or place.channels, dry_run, force)
    results = sent_or_drafted(place, judged, wanted) if post else []
    if markdown and not as_json:
        click.echo(verdict_markdown(judged, place.zone).rstrip("\n"))
    else:
        data = verdict_data(judged) | ({"deliveries": post_data(results)} if post else {})
        document = verdict_document(judged, place.zone)
        output.print_either(data, on_terminal(document), as_json, color)
    require_delivered(results, judged.campaign)


def list_(repo: str | None, limit: int, as_json: bool, color: str) -> None:
    place = opened_campaigns(repo)
    campaigns = place.setup.ledger.all()
    document = list_document(campaigns, place.zone, limit)
    output.print_either(list_data(campaigns[:limit]), on_terminal(document), as_json, color)
