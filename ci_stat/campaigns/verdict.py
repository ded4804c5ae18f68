"""Decides what a campaign proves: rates with exact bounds, comparisons, and failing tests."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ci_stat.campaigns.counting import jobs_of, outcomes_in_order, tally_of
from ci_stat.campaigns.failing_tests import failing_tests
from ci_stat.campaigns.model import Campaign, CampaignState, JobState
from ci_stat.campaigns.trend import comparable, counts_of, trend, with_same_jobs
from ci_stat.campaigns.verdict_model import (
    OVERALL,
    Baseline,
    Comparison,
    Decision,
    JobVerdict,
    Proof,
    Tally,
    Verdict,
)
from ci_stat.statistics.proportions import (
    LEVEL,
    chance_to_show,
    clopper_pearson,
    exact_lower,
    exact_upper,
    p_worse,
    required_passes,
    runs_to_rule_out,
)
from ci_stat.statistics.sequential import (
    always_interval,
    always_lower,
    always_upper,
    fewest_runs,
    first_answer,
)

FLAKE = 0.05
"""The failure rate whose chance to show is part of each verdict."""
_FINAL = frozenset({CampaignState.DONE, CampaignState.CANCELLED})


def verdict(
    campaign: Campaign,
    now: datetime,
    earlier: Iterable[Campaign] = (),
    baselines: Mapping[str, Baseline] | None = None,
) -> Verdict:
    """What the campaign proves so far.

    - `now`: aware.
    - `earlier`: campaigns of any branch; those of another branch do not count.
    - `baselines`: runs before the campaign by job, from the CI database or from results of tests;
      `OVERALL` for whole pull requests. Where they lack a job, earlier campaigns are its baseline.
    """
    before = comparable(campaign, earlier)
    whole = with_same_jobs(campaign, before)
    known = baselines or {}
    jobs = jobs_of(campaign)
    return Verdict(
        campaign=campaign.id,
        repo=campaign.spec.repo,
        branch=campaign.spec.branch,
        begin=campaign.started,
        until=campaign.ended or now,
        is_final=campaign.state in _FINAL,
        reason=campaign.reason,
        target=campaign.spec.target_rate,
        planned=campaign.spec.count,
        opened=sum(probe.number > 0 for probe in campaign.probes),
        overall=_judged(campaign, OVERALL, whole, known),
        jobs=tuple(_judged(campaign, job, before, known) for job in jobs),
        tests=failing_tests(campaign),
        unread=_unread(campaign),
        left_out=len(before) - len(whole),
    )


def decision(campaign: Campaign, job: str = OVERALL) -> Decision | None:
    """Whether the failure rate is below the target; None if the campaign does not ask.

    The campaign may end as soon as the answer for `OVERALL` is not UNDECIDED.
    """
    spec = campaign.spec
    if not (spec.until_decided and 0 < spec.target_rate < 1):
        return None
    answer, runs = first_answer(outcomes_in_order(campaign, job), spec.target_rate)
    return Decision(answer, runs)


def _judged(
    campaign: Campaign, job: str, earlier: Sequence[Campaign], known: Mapping[str, Baseline]
) -> JobVerdict:
    tally = tally_of(campaign, job)
    baseline = known.get(job) or counts_of(earlier, job)
    return JobVerdict(
        job=job,
        tally=tally,
        proof=_proof(tally, campaign.spec.target_rate, decision(campaign, job)),
        comparison=compare(tally, baseline),
        trend=trend(campaign, earlier, job),
    )


def _proof(tally: Tally, target: float, decided: Decision | None) -> Proof:
    failed, runs = tally.failed, tally.runs
    is_fixed = decided is None
    return Proof(
        failed=failed,
        runs=runs,
        interval=clopper_pearson(failed, runs) if is_fixed else always_interval(failed, runs),
        upper=exact_upper(failed, runs) if is_fixed else always_upper(failed, runs),
        lower=exact_lower(failed, runs) if is_fixed else always_lower(failed, runs),
        flake=FLAKE,
        flake_chance=chance_to_show(FLAKE, runs),
        needed=runs_needed(target, failed, not is_fixed),
        decision=decided,
    )


def runs_needed(target: float, failed: int, is_sequential: bool) -> int | None:
    """The runs after which a target is ruled out if only `failed` of them fail; None without one.

    `is_sequential`: if the result is looked at after each run.
    """
    if not 0 < target < 1:
        return None
    return fewest_runs(target, failed) if is_sequential else runs_to_rule_out(target, failed)


def compare(tally: Tally, baseline: Baseline) -> Comparison | None:
    """The counted runs against a baseline; None if one of them has no runs."""
    if not tally.runs or not baseline.runs:
        return None
    p_value = p_worse(tally.failed, tally.runs, baseline.failed, baseline.runs)
    required = required_passes(tally.runs, baseline.passed, baseline.runs)
    return Comparison(baseline, required, p_value, is_worse=p_value <= 1 - LEVEL)


def _unread(campaign: Campaign) -> dict[str, int]:
    """Failed runs without a known failure, by reason."""
    reasons = (
        job.log_state or "the log names no failure"
        for probe in campaign.probes
        for job in probe.jobs
        if job.state is JobState.FAILED and not job.failures
    )
    return dict(Counter(reasons))
