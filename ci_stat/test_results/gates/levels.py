"""The level of each test: whether it must pass, may fail, or is judged by a pass rate."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ci_stat.records.case_results import Outcome
from ci_stat.test_results.gates.matching import Subject, Test, compiled, exact_names
from ci_stat.test_results.gates.model import CaseKey, GateCase, Level, PastRun, Tally
from ci_stat.test_results.gates.policy import Entry, Policy


class CompiledEntry(NamedTuple):
    """An entry of `may_fail` or `quarantine`. `key`: its table and place in the file."""

    key: str
    entry: Entry
    level: Level
    fits: Test


class Judged(NamedTuple):
    """A test with its entries (those that fit it) and the step at which it joins the ramp, or 0."""

    case: GateCase
    entries: tuple[CompiledEntry, ...]
    step: int


class Classifier:
    """The selectors of a policy, compiled once. `entries`: in the order in which they apply."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.entries = tuple(_entries(policy))
        self.step_count = len(policy.ramp.step) if policy.ramp else 0
        self._steps = _steps(policy)
        self._by_name = _by_name(self.entries)
        self._others = [at for at, one in enumerate(self.entries) if not exact_names(one.entry)]

    def judged(self, cases: Iterable[GateCase]) -> Iterator[Judged]:
        """Yield each case with its entries and step."""
        if not self.entries and not self._steps:
            yield from (Judged(case, (), 0) for case in cases)
            return
        steps = self._steps
        for case in cases:
            subject = Subject(case)
            step = next((number for number, fits in steps if fits(subject)), 0)
            yield Judged(case, tuple(self._fitting(subject)), step)

    def concerns(self, case: GateCase) -> bool:
        """Whether an entry or the ramp is about the test."""
        ((_, entries, step),) = self.judged([case])
        return bool(entries or step)

    def _fitting(self, subject: Subject) -> Iterator[CompiledEntry]:
        """Yield the entries that fit. Those with names are looked up, the others tried."""
        places = self._others
        if self._by_name:
            named = [at for name in subject.names for at in self._by_name.get(name, ())]
            places = sorted({*named, *places}) if named else places
        for at in places:
            entry = self.entries[at]
            if entry.fits(subject):
                yield entry


def _by_name(entries: Sequence[CompiledEntry]) -> dict[str, list[int]]:
    """The places of entries by the names that a test must have for them."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(entries):
        for name in exact_names(one.entry):
            places[name].append(at)
    return dict(places)


def _entries(policy: Policy) -> Iterator[CompiledEntry]:
    tables: tuple[tuple[str, Sequence[Entry], Level], ...] = (
        ("quarantine", policy.quarantine, Level.QUARANTINED),
        ("may_fail", policy.may_fail, Level.MAY_FAIL),
    )
    for table, entries, level in tables:
        for place, entry in enumerate(entries):
            fits = compiled(entry, policy.category)
            yield CompiledEntry(f"{table} #{place + 1}", entry, level, fits)


def _steps(policy: Policy) -> list[tuple[int, Test]]:
    """For each category that joins the ramp its step, from 1, and its test; in order of steps."""
    if policy.ramp is None:
        return []
    by_name = {category.name: category for category in policy.category}
    return [
        (number, compiled(by_name[name]))
        for number, step in enumerate(policy.ramp.step, 1)
        for name in step.categories
    ]


def case_key(case: GateCase) -> CaseKey:
    return case.identity, case.labels


def tallies_of(judged: Iterable[Judged], steps: int) -> tuple[Tally, ...]:
    """Count for each step of the ramp the tests that join with it. Tests with an entry are left
    out."""
    passed, finished = [0] * steps, [0] * steps
    for case, entries, step in judged:
        if step and not entries and case.is_finished:
            finished[step - 1] += 1
            passed[step - 1] += not case.is_failed
    return tuple(Tally(*pair) for pair in zip(passed, finished, strict=True))


def past_run(classifier: Classifier, cases: Iterable[GateCase], started: datetime) -> PastRun:
    """Return what later verdicts need to know of a run."""
    judged = list(classifier.judged(cases))
    ends: dict[CaseKey, Outcome] = {}
    clean = set()
    for case, entries, _ in judged:
        if not entries or not case.is_finished:
            continue
        key = case_key(case)
        ends[key] = case.outcome
        if not case.is_failed and not case.is_flaky:
            clean.add(key)
    return PastRun(started, ends, frozenset(clean), tallies_of(judged, classifier.step_count))
