"""The words for states, rates and proofs of a campaign."""

from collections.abc import Iterator

from ci_stat.campaigns.model import COUNTED_STATES, JobState
from ci_stat.campaigns.verdict_model import Comparison, Decision, Proof, Tally, Trend
from ci_stat.rendering.document import Tone, cut
from ci_stat.rendering.format import percent, plural
from ci_stat.statistics.sequential import Answer

STATES = {
    JobState.WAITING: "waiting",
    JobState.RUNNING: "running",
    JobState.PASSED: "passed",
    JobState.FAILED: "failed",
    JobState.INFRA: "infra",
    JobState.ABORTED: "aborted",
    JobState.OVERRIDDEN: "overridden",
    JobState.NOT_TRIGGERED: "not triggered",
    JobState.TIMED_OUT: "timed out",
    JobState.SUPERSEDED: "superseded",
}
TONES = {
    JobState.PASSED: Tone.GOOD,
    JobState.FAILED: Tone.BAD,
    JobState.WAITING: Tone.FAINT,
    JobState.RUNNING: Tone.FAINT,
}
"""States that are not here have `Tone.WARN`."""
CONFIDENCE = "95%"
_SOURCE = 80  # characters of the source of a baseline


def rate(share: float) -> str:
    """A rate that somebody named: `5%`, `0.1%`."""
    return percent(share).replace(".0%", "%")


def p_words(p_value: float) -> str:
    """`p = 0.16`; small ones as `p < 0.001`."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def share_words(passed: int, runs: int) -> str:
    return f"{passed:,} of {runs:,}"


def rate_words(proof: Proof, what: str = "run") -> str:
    """What the counted runs say about the failure rate. `what`: one of them."""
    runs, passed = proof.runs, proof.runs - proof.failed
    if not runs:
        return f"No {what} passed or failed: nothing is known about the failure rate."
    return f"{share_words(passed, runs)} passed: {bounds_words(proof)}."


def bounds_words(proof: Proof) -> str:
    """`the failure rate is below 25.9% (95%)`."""
    if not proof.failed:
        return f"the failure rate is below {percent(proof.upper)} ({CONFIDENCE})"
    if proof.failed == proof.runs:
        return f"the failure rate is above {percent(proof.lower)} ({CONFIDENCE})"
    low, high = percent(proof.interval.low), percent(proof.interval.high)
    return f"the failure rate is between {low} and {high} ({CONFIDENCE})"


def interval_words(proof: Proof) -> str:
    """The bounds as a cell of a table."""
    if not proof.runs:
        return "unknown"
    if not proof.failed:
        return f"below {percent(proof.upper)}"
    if proof.failed == proof.runs:
        return f"above {percent(proof.lower)}"
    return f"{percent(proof.interval.low)} to {percent(proof.interval.high)}"


def chance_words(chance: float) -> str:
    """`40%`; what is close to certain as `over 99%`."""
    return "over 99%" if 0.995 <= chance < 1 else f"{chance:.0%}"


def flake_words(flake: float, chance: float, runs: int, what: str = "run") -> str:
    """The chance that so many runs show a flake at least once."""
    shows = "shows" if runs == 1 else "show"
    subject = f"{plural(runs, what)} {shows}"
    return f"{subject} a flake of {rate(flake)} with a probability of {chance_words(chance)}."


def target_words(proof: Proof, target: float, what: str = "run") -> str:
    """Whether the target is ruled out, or what it takes; "" without a target."""
    if proof.needed is None:
        return ""
    if proof.decision:
        return _decision_words(proof, proof.decision, target, what)
    if proof.runs and proof.upper <= target:
        return f"That is below the target of {rate(target)}."
    if proof.lower > target:
        return f"That is above the target of {rate(target)}."
    return needed_words(target, proof.needed, proof.runs, proof.failed, what)


def _decision_words(proof: Proof, decision: Decision, target: float, what: str) -> str:
    after = f"after {plural(decision.runs, what)}"
    if decision.answer is Answer.BELOW:
        return f"Decided {after}: the failure rate is below the target of {rate(target)}."
    if decision.answer is Answer.ABOVE:
        return f"Decided {after}: the failure rate is not below the target of {rate(target)}."
    needed = needed_words(target, proof.needed or 0, proof.runs, proof.failed, what)
    return f"Not decided {after}. {needed}"


def needed_words(target: float, needed: int, runs: int, failed: int, what: str = "run") -> str:
    """How many runs it takes to show that the rate is below the target."""
    goal = f"To show that it is below {rate(target)}"
    more = f" ({needed - runs:,} more)" if runs else ""
    if not failed:
        return f"{goal}, {plural(needed, what)} must pass{more} and none may fail."
    failures = "1 failure" if failed == 1 else f"{failed:,} failures"
    return f"{goal} in spite of {failures}, it takes {plural(needed, what)}{more} without another."


def comparison_words(comparison: Comparison, passed: int, runs: int, source: str = "") -> str:
    """The runs against the baseline, with the number that had to pass.

    `source`: that of the baseline, if it is escaped.
    """
    base = comparison.baseline
    source = source or cut(base.source, _SOURCE)
    before = f"{share_words(base.passed, base.runs)} passed before ({source})"
    answer = "significantly worse" if comparison.is_worse else "not significantly worse"
    required = f"at least {comparison.required:,} of {runs:,} must pass"
    return f"{before}, so {required}; {passed:,} did: {answer} ({p_words(comparison.p_value)})."


def trend_words(trend: Trend) -> str:
    """`The last 7 days: 61 of 70 passed, the 7 days before: 66 of 70, p = 0.16: ...`."""
    recent = share_words(trend.recent.passed, trend.recent.runs)
    before = share_words(trend.before.passed, trend.before.runs)
    words = f"The last {trend.days} days: {recent} passed, the {trend.days} days before: {before}"
    return f"{words}, {p_words(trend.p_value)}: {_change(trend)}."


def _change(trend: Trend) -> str:
    if not trend.is_significant:
        return "no significant change"
    recent = trend.recent.failed / trend.recent.runs
    before = trend.before.failed / trend.before.runs
    return "less stable" if recent > before else "more stable"


def uncounted(tally: Tally) -> Iterator[tuple[str, int]]:
    """The states that count for neither side, with their counts."""
    for state, words in STATES.items():
        if tally.of(state) and state not in COUNTED_STATES:
            yield words, tally.of(state)
    if tally.absent:
        yield "without a run", tally.absent


def uncounted_words(tally: Tally) -> str:
    """`Not counted: infra 1, timed out 2.`; "" if all count."""
    listed = ", ".join(f"{words} {count:,}" for words, count in uncounted(tally))
    return f"Not counted as passed or failed: {listed}." if listed else ""


def moved_words(before: str, now: str) -> str:
    """That a repository has another name now, under which a campaign goes on."""
    return f"{before} has moved to {now}: use the new name from the next campaign on."
