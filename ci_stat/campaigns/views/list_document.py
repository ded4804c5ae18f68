"""Campaigns as a list, and one campaign with what it shows so far."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from ci_stat.campaigns.counting import tally_of
from ci_stat.campaigns.model import Campaign, CampaignState, JobState
from ci_stat.campaigns.verdict_model import OVERALL, Verdict
from ci_stat.campaigns.views.progress import progress_document
from ci_stat.campaigns.views.times import local, zone_name
from ci_stat.campaigns.views.verdict_data import Row, verdict_data
from ci_stat.campaigns.views.verdict_document import PROBE
from ci_stat.campaigns.views.words import rate_words, share_words, target_words
from ci_stat.rendering.document import (
    Document,
    Paragraph,
    Span,
    Table,
    Text,
    Tone,
    cut,
    cut_name,
    text,
)
from ci_stat.rendering.format import plural

_COLUMNS: tuple[str, ...] = ("campaign", "passed", "state", "started", "infra", "other")
_TONES = {
    CampaignState.RUNNING: Tone.PLAIN,
    CampaignState.CANCELLING: Tone.WARN,
    CampaignState.CANCELLED: Tone.WARN,
    CampaignState.DONE: Tone.GOOD,
}


def status_document(campaign: Campaign, judged: Verdict, now: datetime, zone: tzinfo) -> Document:
    """The progress of a campaign, and what it shows so far."""
    progress = progress_document(campaign, now, zone)
    proof = judged.overall.proof
    sentences = (rate_words(proof, PROBE), target_words(proof, judged.target, PROBE))
    shown = Paragraph(tuple(text(words) for words in sentences if words))
    return replace(progress, blocks=(*progress.blocks, shown))


def list_document(campaigns: Sequence[Campaign], zone: tzinfo, limit: int = 50) -> Document:
    """The newest campaigns first. `limit`: rows; the rest is counted."""
    newest = sorted(campaigns, key=lambda campaign: campaign.started, reverse=True)
    open_count = sum(campaign.ended is None for campaign in newest)
    title = f"{plural(len(newest), 'campaign')}, {open_count:,} open"
    nothing = Paragraph((text("No campaign has been started."),))
    return Document(
        title=title,
        subtitle=_subtitle(newest, zone),
        tone=Tone.PLAIN,
        summary=title,
        blocks=(_table(newest, zone, limit) if newest else nothing,),
    )


def _subtitle(newest: Sequence[Campaign], zone: tzinfo) -> str:
    """The branch, if there is only one, and the zone of times."""
    if not newest:
        return ""
    place = f"{_place(newest[0])} · " if len(_places(newest)) == 1 else ""
    return f"{place}times in {zone_name(newest[0].started, zone)}"


def _places(campaigns: Sequence[Campaign]) -> set[str]:
    return {_place(campaign) for campaign in campaigns}


def _place(campaign: Campaign) -> str:
    return f"{cut_name(campaign.spec.repo, 60)} {cut_name(campaign.spec.branch, 60)}"


def _table(newest: Sequence[Campaign], zone: tzinfo, limit: int) -> Table:
    rows = [_row(campaign, zone) for campaign in newest[:limit]]
    columns = _COLUMNS
    if len(_places(newest)) > 1:
        columns = (columns[0], "branch", *columns[1:])
        pairs = zip(rows, newest, strict=False)
        rows = [(row[0], text(_place(campaign)), *row[1:]) for row, campaign in pairs]
    more = max(0, len(newest) - limit)
    return Table("", columns, tuple(rows), more=more, what="more campaign", essential=True)


def _row(campaign: Campaign, zone: tzinfo) -> tuple[Text, ...]:
    tally = tally_of(campaign, OVERALL)
    infra = tally.of(JobState.INFRA)
    other = tally.total - tally.runs - infra
    tone = Tone.BAD if tally.failed else Tone.GOOD if tally.passed else Tone.PLAIN
    return (
        text(cut(campaign.id, 40)),
        text(Span(share_words(tally.passed, tally.runs), tone)),
        text(Span(str(campaign.state), _TONES[campaign.state])),
        text(local(campaign.started, zone)),
        text(Span(f"{infra:,}", Tone.WARN if infra else Tone.FAINT)),
        text(Span(f"{other:,}", Tone.FAINT)),
    )


def list_data(campaigns: Sequence[Campaign]) -> list[Row]:
    """All campaigns as data for JSON, the newest first."""
    newest = sorted(campaigns, key=lambda campaign: campaign.started, reverse=True)
    return [_data(campaign) for campaign in newest]


def status_data(campaign: Campaign, judged: Verdict) -> dict[str, Any]:
    """A campaign with its probes and its verdict so far, as data for JSON."""
    return {**_data(campaign), "probes": _probes(campaign), "verdict": verdict_data(judged)}


def _data(campaign: Campaign) -> Row:
    tally = tally_of(campaign, OVERALL)
    return {
        "campaign": campaign.id,
        "repo": campaign.spec.repo,
        "branch": campaign.spec.branch,
        "state": str(campaign.state),
        "reason": campaign.reason or None,
        "moved": {move.repo: move.name for move in campaign.moves},
        "started": _time(campaign.started),
        "ended": _time(campaign.ended),
        "planned": campaign.spec.count,
        "opened": sum(probe.number > 0 for probe in campaign.probes),
        "passed": tally.passed,
        "failed": tally.failed,
        "states": {str(state): count for state, count in sorted(tally.states.items())},
    }


def _probes(campaign: Campaign) -> list[Row]:
    return [
        {
            "position": probe.position,
            "pull_request": probe.number or None,
            "url": probe.url or None,
            "branch": probe.branch or None,
            "state": str(probe.state),
            "reason": probe.reason or None,
            "due": _time(probe.due),
            "triggered": _time(probe.triggered),
            "ended": _time(probe.ended),
            "base_sha": probe.base_sha or None,
            "head_sha": probe.head_sha or None,
            "jobs": {job.context: str(job.state) for job in probe.jobs},
        }
        for probe in campaign.probes
    ]


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
