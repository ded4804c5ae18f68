"""What a person should know about a policy although it does not change the verdict."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ci_stat.rendering.format import plural
from ci_stat.test_results.gates.entries import unmatched_entries
from ci_stat.test_results.gates.levels import Classifier
from ci_stat.test_results.gates.matching import words_of
from ci_stat.test_results.gates.model import GateCase, History, Level

_SOON = 7  # days before an entry expires


def excuse_notes(levels: Sequence[Level]) -> Iterator[str]:
    """Yield a note if the policy excuses whatever fails. `levels`: of all tests."""
    if levels and Level.MUST_PASS not in levels and Level.RAMP not in levels:
        yield "No test must pass: the policy excuses a failure of each of them."


def notes(
    classifier: Classifier,
    by_entry: Mapping[str, Sequence[GateCase]],
    cases: Sequence[GateCase],
    now: datetime,
    history: History,
) -> Iterator[str]:
    """Yield the notes, each one sentence."""
    policy = classifier.policy
    if policy.rules.unmatched == "report":
        for entry in unmatched_entries(classifier, cases, by_entry):
            yield f"{entry.key} ({words_of(entry.entry)}) fits no test."
    for entry in classifier.entries:
        days = (entry.entry.expires - now.date()).days
        if 0 <= days <= _SOON:
            when = f"in {plural(days, 'day')}" if days else "today"
            yield f"{entry.key} ({words_of(entry.entry)}) expires {when}."
    if not history and any(entry.entry.cap is not None for entry in classifier.entries):
        yield "Caps are checked against this run only: there is no history."
    if policy.ramp is not None and not history:
        yield "The ramp is judged by this run only: there is no history."
    if policy.ramp is not None and now.date() < policy.ramp.start:
        yield f"The ramp starts on {policy.ramp.start}."
