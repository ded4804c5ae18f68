"""Decides whether results pass a gate. Pure: the same values give the same verdict."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import filterfalse
from typing import NamedTuple

from ci_stat.rendering.format import plural
from ci_stat.test_results.gates.entries import (
    entry_reasons,
    entry_use,
    level_of,
    unexpected_passes,
    unmatched_entries,
)
from ci_stat.test_results.gates.levels import Classifier, Judged, tallies_of
from ci_stat.test_results.gates.matching import words_of
from ci_stat.test_results.gates.model import (
    Decision,
    GateCase,
    GateResults,
    History,
    Level,
    LevelCounts,
    RampState,
    Reason,
    Rule,
    Verdict,
)
from ci_stat.test_results.gates.notes import excuse_notes, notes
from ci_stat.test_results.gates.policy import Policy
from ci_stat.test_results.gates.ramp import ramp_reasons, ramp_state
from ci_stat.test_results.gates.requirements import (
    completeness_reasons,
    duration_reasons,
    minimum_reasons,
)


class _Placed(NamedTuple):
    case: GateCase
    level: Level


def decide(policy: Policy, results: GateResults, now: datetime, history: History = ()) -> Verdict:
    """Judge the results. `now`: aware. `history`: earlier runs of the job, the newest first."""
    return decide_with(Classifier(policy), results, now, history)


def decide_with(
    classifier: Classifier, results: GateResults, now: datetime, history: History = ()
) -> Verdict:
    """As `decide`, with a policy that is compiled already."""
    policy = classifier.policy
    judged = list(classifier.judged(results.cases))
    ramp = None
    if policy.ramp is not None:
        tallies = tallies_of(judged, len(policy.ramp.step))
        ramp = ramp_state(policy.ramp, tallies, now, history)
    placed = [_Placed(one.case, _level(one, ramp, now)) for one in judged]
    by_entry = _by_entry(judged)

    reasons = [*completeness_reasons(policy, results)]
    reasons += _failure_reasons(policy, placed)
    for entry in classifier.entries:
        reasons += entry_reasons(entry, by_entry[entry.key], history, now)
    reasons += _unmatched(classifier, results, by_entry)
    reasons += minimum_reasons(policy, results.cases)
    reasons += duration_reasons(policy, results.cases)
    if policy.ramp is not None and ramp is not None:
        reasons += ramp_reasons(policy.ramp, ramp, now)

    uses = tuple(
        entry_use(entry, by_entry[entry.key], history, policy.rules.propose_after)
        for entry in classifier.entries
    )
    return Verdict(
        decision=_decision(reasons),
        reasons=tuple(reasons),
        counts=tuple(_counts(placed)),
        failed=tuple(one.case for one in placed if _fails(one)),
        excused=tuple(one.case for one in placed if one.case.is_failed and not _fails(one)),
        unexpected=tuple(unexpected_passes(classifier, by_entry)),
        entries=uses,
        ramp=ramp,
        notes=(
            *excuse_notes([one.level for one in placed]),
            *notes(classifier, by_entry, results.cases, now, history),
        ),
        seconds=sum(case.seconds for case in results.cases),
        name=results.name,
        files=results.files,
        left_out=results.left_out,
    )


def _decision(reasons: Sequence[Reason]) -> Decision:
    """A rule that is broken is a no, even if not all results are known."""
    decisions = {reason.decision for reason in reasons}
    for decision in (Decision.FAIL, Decision.CANNOT_TELL):
        if decision in decisions:
            return decision
    return Decision.PASS


def _level(one: Judged, ramp: RampState | None, now: datetime) -> Level:
    level = level_of(one.entries, now)
    if level is not None:
        return level
    if ramp is None or not one.step:
        return Level.MUST_PASS
    return Level.RAMP if one.step <= ramp.judged else Level.LATER


def _fails(one: _Placed) -> bool:
    return one.case.is_failed and one.level is Level.MUST_PASS


def _by_entry(judged: Iterable[Judged]) -> dict[str, list[GateCase]]:
    cases: dict[str, list[GateCase]] = defaultdict(list)
    for one in judged:
        for entry in one.entries:
            cases[entry.key].append(one.case)
    return cases


def _failure_reasons(policy: Policy, placed: Sequence[_Placed]) -> Iterator[Reason]:
    """Yield a reason for each way in which must-pass tests did not pass."""
    must_pass = [one.case for one in placed if one.level is Level.MUST_PASS]

    failed = _names(filter(_is_failed, must_pass))
    if failed:
        text = f"{plural(len(failed), 'must-pass test')} failed"
        yield Reason(Rule.FAILED, text, failed)

    flaky = _names(filter(_passed_at_a_retry, must_pass))
    if flaky and policy.rules.flaky == "fail":
        text = f"{plural(len(flaky), 'must-pass test')} passed only at a retry"
        yield Reason(Rule.FLAKY, text, flaky)

    skipped = _names(filterfalse(_is_finished, must_pass))
    if skipped and policy.rules.skipped == "fail":
        verb = "was" if len(skipped) == 1 else "were"
        text = f"{plural(len(skipped), 'must-pass test')} {verb} skipped"
        yield Reason(Rule.SKIPPED, text, skipped)


def _names(cases: Iterable[GateCase]) -> tuple[str, ...]:
    return tuple(case.shown for case in cases)


def _is_failed(case: GateCase) -> bool:
    return case.is_failed


def _passed_at_a_retry(case: GateCase) -> bool:
    return case.is_flaky and not case.is_failed


def _is_finished(case: GateCase) -> bool:
    return case.is_finished


def _unmatched(
    classifier: Classifier, results: GateResults, by_entry: dict[str, list[GateCase]]
) -> Iterator[Reason]:
    """Yield entries that fit no test. Without all results nothing is known about them."""
    is_known = results.cases and not results.problems
    if classifier.policy.rules.unmatched != "fail" or not is_known:
        return
    for entry in unmatched_entries(classifier, results.cases, by_entry):
        selects = words_of(entry.entry)
        yield Reason(Rule.UNMATCHED, f"{entry.key} ({selects}) fits no test: remove or correct it")


def _counts(placed: Iterable[_Placed]) -> Iterator[LevelCounts]:
    """Yield the counts of each level that has tests."""
    by_level: dict[Level, list[GateCase]] = defaultdict(list)
    for one in placed:
        by_level[one.level].append(one.case)
    for level in Level:
        cases = by_level.get(level, [])
        failed = sum(case.is_failed for case in cases)
        skipped = sum(not case.is_finished for case in cases)
        if cases:
            yield LevelCounts(
                level=level,
                tests=len(cases),
                passed=len(cases) - failed - skipped,
                failed=failed,
                skipped=skipped,
                flaky=sum(case.is_flaky and not case.is_failed for case in cases),
            )
