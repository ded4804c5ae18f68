"""What a policy would have said about earlier runs, before it is switched on."""

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from ci_stat.test_results.gates.decide import decide_with
from ci_stat.test_results.gates.levels import Classifier, past_run
from ci_stat.test_results.gates.matching import words_of
from ci_stat.test_results.gates.model import Decision, GateResults, PastRun, Rule
from ci_stat.test_results.gates.policy import Policy


class ReplayInput(msgspec.Struct, frozen=True):
    """A run of the past. `feeds_history`: whether later runs are compared with it."""

    job: str
    started: datetime
    results: GateResults
    feeds_history: bool = True


class ReplayRun(msgspec.Struct, frozen=True):
    """What the policy says about a run. `failed`: names of must-pass tests that failed."""

    job: str
    name: str
    started: datetime
    decision: Decision
    rules: tuple[Rule, ...]
    reasons: tuple[str, ...]
    tests: int
    failed: tuple[str, ...]
    excused: int


class EntryReplay(msgspec.Struct, frozen=True):
    """In how many runs an entry fitted a test, and in how many it excused a failure."""

    key: str
    selects: str
    matched_runs: int
    excused_runs: int

    @property
    def is_needed(self) -> bool:
        return self.excused_runs > 0


class Replay(msgspec.Struct, frozen=True):
    """The runs, the oldest first, and what the entries were good for in them."""

    runs: tuple[ReplayRun, ...]
    entries: tuple[EntryReplay, ...]

    def count(self, decision: Decision) -> int:
        return sum(run.decision is decision for run in self.runs)

    @property
    def by_rule(self) -> dict[Rule, int]:
        """In how many runs each rule gave a reason, the most frequent first."""
        counts: dict[Rule, int] = defaultdict(int)
        for run in self.runs:
            for rule in set(run.rules):
                counts[rule] += 1
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def by_test(self) -> list[tuple[str, int]]:
        """Must-pass tests that would have failed a gate, with the number of runs."""
        counts: dict[str, int] = defaultdict(int)
        for run in self.runs:
            for name in run.failed:
                counts[name] += 1
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

    @property
    def by_day(self) -> dict[date, dict[Decision, int]]:
        """Counts of decisions by day in UTC."""
        days: dict[date, dict[Decision, int]] = {}
        for run in self.runs:
            counts = days.setdefault(run.started.date(), dict.fromkeys(Decision, 0))
            counts[run.decision] += 1
        return days


def replay(policy: Policy, inputs: Iterable[ReplayInput], begin: datetime, limit: int) -> Replay:
    """Judge each run as of its start, with the runs of its job before it as history.

    `inputs`: the oldest first. Those before `begin` are history only. `limit`: of the history.
    """
    classifier = Classifier(policy)
    histories: dict[str, deque[PastRun]] = defaultdict(lambda: deque(maxlen=limit))
    runs = []
    matched, excused = defaultdict[str, int](int), defaultdict[str, int](int)
    for run in inputs:
        history = histories[run.job]
        if run.started >= begin:
            verdict = decide_with(classifier, run.results, run.started, tuple(history))
            for use in verdict.entries:
                matched[use.key] += use.matched > 0
                excused[use.key] += bool(use.failed)
            runs.append(
                ReplayRun(
                    job=run.job,
                    name=run.results.name,
                    started=run.started,
                    decision=verdict.decision,
                    rules=tuple(reason.rule for reason in verdict.reasons),
                    reasons=tuple(reason.text for reason in verdict.reasons),
                    tests=verdict.tests,
                    failed=tuple(case.shown for case in verdict.failed),
                    excused=len(verdict.excused),
                )
            )
        if run.feeds_history:
            history.appendleft(past_run(classifier, run.results.cases, run.started))
    entries = tuple(
        EntryReplay(one.key, words_of(one.entry), matched[one.key], excused[one.key])
        for one in classifier.entries
    )
    return Replay(tuple(runs), entries)
