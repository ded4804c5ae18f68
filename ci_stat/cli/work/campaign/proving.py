"""The verdict of a campaign with what our databases know of the time before it."""

from dataclasses import replace

from sqlalchemy import Engine

from ci_stat.campaigns.baselines import BaselineSources
from ci_stat.campaigns.ledger import Ledger
from ci_stat.campaigns.model import Campaign
from ci_stat.campaigns.verdict import verdict
from ci_stat.campaigns.verdict_model import Verdict
from ci_stat.context import Context, real_time
from ci_stat.runs.database import Source


def proven(context: Context, ledger: Ledger, campaign: Campaign) -> Verdict:
    """The verdict now. Raises DatabaseError of our state; other databases become notes."""
    sources = BaselineSources(lambda: _ci_data(context), lambda: _results(context))
    before = sources.before(campaign)
    judged = verdict(campaign, real_time(), ledger.all(), before.by_job)
    return replace(judged, notes=before.notes)


def _ci_data(context: Context) -> Source | None:
    return context.source if context.has_ci_data else None


def _results(context: Context) -> Engine | None:
    return context.results if context.results_setup.is_there else None
