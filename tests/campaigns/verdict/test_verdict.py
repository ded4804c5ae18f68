"""What a campaign proves: counts, bounds, comparisons, decisions and failing tests."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.campaigns.counting import tally_of
from ci_stat.campaigns.model import CampaignState, Failure, JobState, ProbeState
from ci_stat.campaigns.verdict import decision, verdict
from ci_stat.campaigns.verdict_model import OVERALL, Baseline
from ci_stat.campaigns.views.words import (
    comparison_words,
    flake_words,
    rate_words,
    target_words,
    trend_words,
    uncounted_words,
)
from ci_stat.statistics.sequential import Answer
from tests.campaigns.verdict.drawn import JOBS, LETTERS, SPEC, STARTED, campaign, with_target

NOW = STARTED + timedelta(hours=8)
ONE = replace(SPEC, contexts=JOBS[:1])


def test_ten_of_ten() -> None:
    overall = verdict(campaign("pp " * 10, with_target(0.05)), NOW).overall
    assert rate_words(overall.proof) == "10 of 10 passed: the failure rate is below 25.9% (95%)."
    assert flake_words(0.05, overall.proof.flake_chance, 10) == (
        "10 runs show a flake of 5% with a probability of 40%."
    )
    assert target_words(overall.proof, 0.05) == (
        "To show that it is below 5%, 59 runs must pass (49 more) and none may fail."
    )


@pytest.mark.parametrize(
    ("drawing", "words"),
    [
        ("- -", "No run passed or failed: nothing is known about the failure rate."),
        ("ii ii", "No run passed or failed: nothing is known about the failure rate."),
        ("pp", "1 of 1 passed: the failure rate is below 95.0% (95%)."),
        ("fp", "0 of 1 passed: the failure rate is above 5.0% (95%)."),
        (
            "pp pf pp pp pp pp pp pp pp pp",
            "9 of 10 passed: the failure rate is between 0.3% and 44.5% (95%).",
        ),
    ],
)
def test_words_for_few_runs(drawing: str, words: str) -> None:
    assert rate_words(verdict(campaign(drawing), NOW).overall.proof) == words


def test_a_pull_request_passes_if_all_expected_jobs_passed() -> None:
    tally = tally_of(campaign("pp pf fi pi po pt p. rp -"), OVERALL)
    assert (tally.passed, tally.failed, tally.absent) == (1, 2, 1)
    others = {state: count for state, count in tally.states.items() if count}
    assert others == {
        JobState.PASSED: 1,
        JobState.FAILED: 2,
        JobState.INFRA: 1,
        JobState.OVERRIDDEN: 1,
        JobState.TIMED_OUT: 1,
        JobState.NOT_TRIGGERED: 1,
        JobState.RUNNING: 1,
    }
    assert tally.total == 9


def test_infrastructure_counts_for_neither_side_and_is_shown() -> None:
    judged = verdict(campaign("pi pp pp"), NOW)
    kafka = judged.jobs[1]
    assert (kafka.tally.passed, kafka.tally.failed) == (2, 0)
    assert uncounted_words(kafka.tally) == "Not counted as passed or failed: infra 1."


def test_a_job_of_a_closed_probe_that_never_ended_is_aborted() -> None:
    running = campaign("pr")
    (probe,) = running.probes
    cancelled = replace(running, probes=(replace(probe, state=ProbeState.CANCELLED),))
    assert tally_of(cancelled, JOBS[1]).of(JobState.ABORTED) == 1


def test_against_history() -> None:
    nine = campaign("p p p p p p p p p f", ONE)
    history = {JOBS[0]: Baseline(240, 10, "ci_data, 30 days")}
    (job,) = verdict(nine, NOW, baselines=history).jobs
    assert job.comparison
    assert job.comparison.required == 8
    assert comparison_words(job.comparison, 9, 10) == (
        "240 of 250 passed before (ci_data, 30 days), so at least 8 of 10 must pass; 9 did:"
        " not significantly worse (p = 0.36)."
    )
    (job,) = verdict(campaign("p p p p p p p f f f", ONE), NOW, baselines=history).jobs
    assert job.comparison
    assert job.comparison.is_worse


def test_required_passes_and_significance_agree() -> None:
    history = {JOBS[0]: Baseline(230, 20)}
    for passed in range(11):
        drawing = "p " * passed + "f " * (10 - passed)
        comparison = verdict(campaign(drawing, ONE), NOW, baselines=history).jobs[0].comparison
        assert comparison
        assert comparison.is_worse == (passed < comparison.required)


def days_of_campaigns(days: range, failed: int) -> list[str]:
    drawing = ["p"] * (10 * len(days) - failed) + ["f"] * failed
    return [" ".join(drawing[10 * at : 10 * at + 10]) for at in range(len(days))]


def test_trend_over_campaigns() -> None:
    recent = days_of_campaigns(range(7), 9)
    before = days_of_campaigns(range(7, 14), 4)
    campaigns = [
        campaign(drawing, ONE, STARTED - timedelta(days=day), id=f"{day:012x}")
        for day, drawing in enumerate([*recent, *before])
    ]
    judged = verdict(campaigns[0], NOW, earlier=campaigns)
    assert judged.overall.trend
    assert trend_words(judged.overall.trend) == (
        "The last 7 days: 61 of 70 passed, the 7 days before: 66 of 70, p = 0.16:"
        " no significant change."
    )


def test_other_branches_and_later_campaigns_are_no_history() -> None:
    other = campaign("f " * 10, replace(ONE, branch="release-8.5"), STARTED - timedelta(days=1))
    later = campaign("f " * 10, ONE, STARTED + timedelta(days=1), id="b" * 12)
    judged = verdict(campaign("p " * 10, ONE), NOW, earlier=[other, later])
    assert judged.overall.comparison is None


def test_campaigns_with_other_jobs_are_compared_by_job_only() -> None:
    earlier = campaign("p " * 10, ONE, STARTED - timedelta(days=1), id="b" * 12)
    judged = verdict(campaign("pp " * 10), NOW, earlier=[earlier])
    assert judged.left_out == 1
    assert judged.overall.comparison is None
    assert [job.comparison is not None for job in judged.jobs] == [True, False]


def test_failing_tests_and_what_is_known() -> None:
    first, second = (1, JOBS[0]), (2, JOBS[1])
    failures = {
        first: (Failure("TestA", "boom token=ghp_" + "a1B2" * 9, "flaky"), Failure("TestB")),
        second: (Failure("TestA", "", "issue", "https://github.com/o/r/issues/7"),),
    }
    judged = verdict(campaign("fp pf pi ii f.", failures=failures), NOW)
    test_a, test_b = judged.tests
    assert (test_a.name, test_a.probes, test_a.of, test_a.known) == ("TestA", 2, 4, "issue")
    assert test_a.url == "https://github.com/o/r/issues/7"
    assert test_a.jobs == tuple(sorted(JOBS))
    assert "ghp_" not in test_a.message
    assert (test_b.probes, test_b.of, test_b.known) == (1, 4, "")
    assert judged.unread == {"the log names no failure": 1}


def test_decisions_count_in_the_order_of_probes() -> None:
    """The failures of later probes, which end sooner, do not decide before earlier ones end."""
    spec = with_target(0.05, until_decided=True, spec=ONE)
    waiting = campaign("r f f f f", spec, state=CampaignState.RUNNING)
    decided = decision(waiting)
    assert decided
    assert (decided.answer, decided.runs) == (Answer.UNDECIDED, 0)
    assert tally_of(waiting, OVERALL).failed == 4

    decided = decision(campaign("p f f f f", spec))
    assert decided
    assert (decided.answer, decided.runs) == (Answer.ABOVE, 3)
    assert decision(campaign("p", ONE)) is None


def test_decisions_wait_for_probes_that_are_not_opened_yet() -> None:
    spec = with_target(0.05, until_decided=True, spec=ONE)
    planned = campaign("- f f f", spec, state=CampaignState.RUNNING)
    decided = decision(planned)
    assert decided
    assert (decided.answer, decided.runs) == (Answer.UNDECIDED, 0)

    blocked = replace(planned.probes[0], state=ProbeState.BLOCKED)
    decided = decision(replace(planned, probes=(blocked, *planned.probes[1:])))
    assert decided
    assert (decided.answer, decided.runs) == (Answer.ABOVE, 2)


def test_below_the_target_after_74_runs() -> None:
    spec = with_target(0.05, until_decided=True, spec=ONE)
    decided = decision(campaign("p " * 80, spec))
    assert decided
    assert (decided.answer, decided.runs) == (Answer.BELOW, 74)
    judged = verdict(campaign("p " * 74, spec), NOW).overall
    assert judged.proof.upper < 0.05
    assert target_words(judged.proof, 0.05) == (
        "Decided after 74 runs: the failure rate is below the target of 5%."
    )


@pytest.mark.property
@given(st.lists(st.text(alphabet="".join(LETTERS), min_size=2, max_size=2), max_size=12))
def test_every_run_is_counted_once(words: list[str]) -> None:
    judged = verdict(campaign(" ".join(words)), NOW)
    for job in (judged.overall, *judged.jobs):
        assert job.tally.total == len(words)
        interval = job.proof.interval
        assert 0 <= interval.low <= interval.high <= 1
        assert job.proof.runs == job.tally.passed + job.tally.failed
    assert judged.overall.tally.passed <= min((j.tally.passed for j in judged.jobs), default=0)
