"""What each entry of a policy excuses, whether its cap is exceeded, and whether it can go."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ci_stat.records.case_results import Outcome
from ci_stat.statistics.intervals import lower_bound
from ci_stat.test_results.gates.levels import Classifier, CompiledEntry, case_key
from ci_stat.test_results.gates.matching import is_bare_name, words_of
from ci_stat.test_results.gates.model import (
    CaseKey,
    EntryUse,
    GateCase,
    History,
    Level,
    Reason,
    Rule,
)
from ci_stat.test_results.gates.policy import is_expired

_MIN_RUNS = 10  # finished runs before a share is judged


def entry_use(
    entry: CompiledEntry,
    cases: Sequence[GateCase],
    history: History,
    propose_after: int,
) -> EntryUse:
    """Say what the entry was good for. `cases`: all tests that it fits."""
    finished = [case for case in cases if case.is_finished]
    failed = tuple(case.shown for case in finished if case.is_failed)
    clean = 0
    if finished and not failed and not any(case.is_flaky for case in finished):
        clean = 1 + _clean_runs({case_key(case) for case in finished}, history)
    return EntryUse(
        key=entry.key,
        selects=words_of(entry.entry),
        reason=entry.entry.reason,
        owner=entry.entry.owner,
        issue=entry.entry.issue,
        expires=entry.entry.expires.isoformat(),
        matched=len(cases),
        failed=failed,
        passed=tuple(case.shown for case in finished if not case.is_failed),
        clean_runs=clean,
        proposes_removal=clean >= propose_after,
    )


def _clean_runs(keys: set[CaseKey], history: History) -> int:
    """Return for how many runs in a row each of the tests passed cleanly, the newest first.

    Each test has its own row, for runs that skipped it do not count; the shortest row is returned.
    """
    rows = []
    for key in keys:
        count = 0
        for run in history:
            if key in run.clean:
                count += 1
            elif key in run.ends:
                break
        rows.append(count)
    return min(rows, default=0)


def entry_reasons(
    entry: CompiledEntry, cases: Sequence[GateCase], history: History, now: datetime
) -> Iterator[Reason]:
    """Yield what is wrong with an entry that fits `cases`."""
    selects = words_of(entry.entry)
    if is_expired(entry.entry.expires, now):
        day, owner = entry.entry.expires.isoformat(), entry.entry.owner
        text = f"{entry.key} ({selects}) expired on {day}: its owner is {owner}"
        yield Reason(Rule.EXPIRED, text, tuple(case.shown for case in cases))
    places = {case.dotted_name for case in cases if is_bare_name(entry.entry, case)}
    if len(places) > 1:
        text = f"{entry.key} ({selects}) fits {len(places)} tests of this name: write a full name"
        yield Reason(Rule.AMBIGUOUS, text, tuple(sorted(places)))
    over = [case for case in cases if case.is_failed and _is_over_cap(entry, case, history)]
    if over:
        text = f"{entry.key} ({selects}) may fail {_cap_words(entry)}, and failed more often"
        yield Reason(Rule.CAP, text, tuple(case.shown for case in over))


def _cap_words(entry: CompiledEntry) -> str:
    runs = entry.entry.cap_runs
    if runs is None:
        return f"in {entry.entry.cap} of the runs"
    return f"{runs} runs in a row" if runs > 1 else "1 run in a row"


def _is_over_cap(entry: CompiledEntry, case: GateCase, history: History) -> bool:
    """Whether a test that failed in this run has failed more often than its entry allows."""
    key = case_key(case)
    ends = [run.ends[key] for run in history if key in run.ends]
    if entry.entry.cap_runs is not None:
        return _row(ends) + 1 > entry.entry.cap_runs
    share = entry.entry.cap_share
    if share is None or len(ends) + 1 < _MIN_RUNS:
        return False
    failures = 1 + sum(end is not Outcome.PASSED for end in ends)
    return lower_bound(failures, len(ends) + 1) > share


def _row(ends: Sequence[Outcome]) -> int:
    """Return how many of the newest ends in a row are failures."""
    for place, end in enumerate(ends):
        if end is Outcome.PASSED:
            return place
    return len(ends)


def level_of(entries: Sequence[CompiledEntry], now: datetime) -> Level | None:
    """Return the level that the first entry gives that has not expired; None without one."""
    for entry in entries:
        if not is_expired(entry.entry.expires, now):
            return entry.level
    return None


def unmatched_entries(
    classifier: Classifier, cases: Sequence[GateCase], by_entry: Mapping[str, Sequence[GateCase]]
) -> list[CompiledEntry]:
    """Return entries that fit no test, although their matrix entry has results."""
    present = [dict(labels).items() for labels in {case.labels for case in cases}]
    return [
        entry
        for entry in classifier.entries
        if not by_entry.get(entry.key)
        and any(entry.entry.labels.items() <= labels for labels in present)
    ]


def unexpected_passes(
    classifier: Classifier, by_entry: Mapping[str, Sequence[GateCase]]
) -> Iterator[GateCase]:
    """Yield tests that may fail and passed. Of quarantined ones a pass says nothing."""
    for entry in classifier.entries:
        if entry.level is Level.MAY_FAIL:
            yield from (
                case
                for case in by_entry.get(entry.key, ())
                if case.is_finished and not case.is_failed and not case.is_flaky
            )
