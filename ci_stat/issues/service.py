"""The service of issues: gathers facts, decides and plans by pure calls, and applies plans."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ci_stat.errors import Refused, SettingsError
from ci_stat.issues.apply import ApplyResult, apply
from ci_stat.issues.collect import History, elsewhere
from ci_stat.issues.commits import commits_around
from ci_stat.issues.decisions.matching import unknown_closers
from ci_stat.issues.decisions.planner import decide
from ci_stat.issues.decisions.replay import Scorecard, replay
from ci_stat.issues.digests import tracker_digest
from ci_stat.issues.evidence import Evidence, key_of_case
from ci_stat.issues.explain import explain
from ci_stat.issues.inputs import FilingSettings, PlanInputs
from ci_stat.issues.model import IssuePlan, Snapshot
from ci_stat.issues.plan import PlanResult, make_plan, new_failures
from ci_stat.issues.plan_checks import require_same_tracker, require_unchanged, require_usable
from ci_stat.issues.test_runs import RunEvidence, joined
from ci_stat.issues.tracker import Tracker
from ci_stat.issues.views.explanation import Explanation
from ci_stat.issues.windows import days_of, history_begin
from ci_stat.records import Ledger, Run, RunFilter, Status, Window
from ci_stat.runs.database import Source
from ci_stat.runs.progress import ProgressDisplay
from ci_stat.store.state.case_notes import Notes

log = logging.getLogger(__name__)

_EXPLAINED_CALLS = 50


@dataclass(frozen=True)
class Filer:
    """Plans and files issues for the failures of one CI database, at one tracker.

    - `tracker`: None without a token; then plans ignore existing issues.
    - `notes`: what people said about failures; they are in our state and need no tracker.
    - `now`: returns the present, aware.
    - `tests`: test results, or campaigns, as evidence; None without. `with_logs`: also, or only,
      the CI database.
    """

    source: Source
    tracker: Tracker | None
    notes: Notes
    settings: FilingSettings
    now: Callable[[], datetime]
    progress: ProgressDisplay = field(default_factory=ProgressDisplay)
    tests: RunEvidence | None = None
    with_logs: bool = True

    def plan(self, window: Window, jobs: Sequence[str]) -> PlanResult:
        """Plan, and write nothing. Raises SourceError, DatabaseError."""
        return self._plan(window, tuple(jobs), self._read_tracker(self.tracker))

    def post(self, window: Window, jobs: Sequence[str]) -> tuple[PlanResult, ApplyResult]:
        """Plan, and apply the plan. Raises Refused if another process is filing issues."""
        with self._locked() as tracker:
            result = self._plan(window, tuple(jobs), self._settle(tracker))
            if result.plan.stopped:
                return result, ApplyResult(stopped=result.plan.stopped)
            return result, apply(result.plan, tracker)

    def apply(self, plan: IssuePlan) -> ApplyResult:
        """Apply a saved plan. Raises Refused if it is not valid any more."""
        require_usable(plan, self.now())
        require_same_tracker(plan, self.settings.repo, self.settings.tracker_url)
        with self._locked() as tracker:
            snapshot = self._settle(tracker)
            mutes = tracker.ledger().mutes.values()
            require_unchanged(plan, tracker_digest(snapshot, mutes))
            return apply(plan, tracker)

    def replay(self, window: Window, jobs: Sequence[str]) -> Scorecard:
        """Run the rules over the days of the window, with an empty tracker in memory."""
        memory, rules = self.settings.memory, self.settings.rules
        since = history_begin(window, memory, None)
        history = self._history(Window.of(since, window.end, window.zone), tuple(jobs))
        self.progress.step("Replaying")
        return replay(history.evidence, days_of(window), memory, rules)

    def explain(self, case: str, window: Window, jobs: Sequence[str]) -> Explanation:
        """Collect what is known and decided about one case."""
        result = self.plan(window, jobs)
        tracker = self.tracker
        calls = tracker.issues.list(_EXPLAINED_CALLS, key_of_case(case)) if tracker else []
        return explain(case, result, calls)

    def _plan(self, window: Window, jobs: tuple[str, ...], snapshot: Snapshot) -> PlanResult:
        """Gather, decide, look up the commits that texts name, and write the plan."""
        inputs = self._gather(window, jobs, snapshot)
        evidence, rules = inputs.evidence, self.settings.rules
        decisions = decide(evidence, inputs.snapshot, inputs.ledger, rules, inputs.now)
        logs = self.source.logs() if self.with_logs else None
        commits = commits_around(new_failures(decisions), evidence.at_end, logs)
        plan = make_plan(inputs, decisions, commits, self.settings)
        return PlanResult(plan, decisions, inputs)

    # What decisions are made from

    def _gather(self, window: Window, jobs: tuple[str, ...], snapshot: Snapshot) -> PlanInputs:
        first_failures = [
            tracked.marker.first
            for tracked in snapshot.issues
            if tracked.marker and tracked.issue.open
        ]
        evidence = self._evidence(window, jobs, min(first_failures, default=None))
        self.progress.step("Planning")
        ledger = self._ledger(evidence)
        if self.tracker is not None:
            closers = unknown_closers(evidence, snapshot, ledger)
            snapshot = self.tracker.with_closers(snapshot, closers)
        return PlanInputs(evidence, snapshot, ledger, self.now(), self.tracker is not None)

    def _evidence(
        self, window: Window, jobs: tuple[str, ...], first_failure: datetime | None
    ) -> Evidence:
        """Load the failures of the window and their history. `first_failure`: of open issues."""
        begin, end = window.begin.astimezone(UTC), window.end.astimezone(UTC)
        since = history_begin(window, self.settings.memory, first_failure)
        until = max(end, self.now())
        history = self._history(Window.of(since, until, window.zone), jobs)
        self.progress.step("Looking for the same failures in other jobs")
        failed_runs = self._load(RunFilter(window, statuses=(Status.FAILURE.value,)))
        others = elsewhere(failed_runs, jobs, history.ambiguous)
        return history.evidence(begin, end, since, others, until)

    def _history(self, window: Window, jobs: tuple[str, ...]) -> History:
        self.progress.step(f"Loading runs since {window.begin:%Y-%m-%d}")
        runs, rules = self._load(RunFilter(window, jobs=jobs)), self.settings.rules
        # Entries of a matrix are jobs of their own.
        entries = [run.job_name for run in runs] if self.tests else []
        names = tuple(dict.fromkeys((*jobs, *entries)))
        return History(runs, names, window.zone, rules.together, rules.share)

    def _load(self, wanted: RunFilter) -> list[Run]:
        """The runs of the CI database, of the test results, or of both."""
        tests = self.tests.load(wanted) if self.tests else []
        if not self.with_logs:
            return tests
        progress = self.progress
        runs = self.source.load(wanted, progress.rows, log_progress=progress.logs).all_runs
        return joined(runs, tests) if self.tests else runs

    def has_runs(self, window: Window, jobs: Sequence[str]) -> bool:
        """Whether the test results have a run of the jobs in the window. Raises DatabaseError."""
        return bool(self.tests and self.tests.load(RunFilter(window, jobs=tuple(jobs))))

    def _ledger(self, evidence: Evidence) -> Ledger:
        """Our earlier calls and the notes of people; without a tracker only the notes."""
        if self.tracker is not None:
            return self.tracker.ledger(evidence.histories)
        now, notes = self.now(), self.notes
        return Ledger(mutes=notes.mutes.all(now), accepted=notes.accepted.all(now))

    def _read_tracker(self, tracker: Tracker | None) -> Snapshot:
        repo = self.settings.repo
        if tracker is None:
            return Snapshot(repo, self.now(), "")
        self.progress.step(f"Reading the issues of {repo}")
        return tracker.snapshot(self.progress.rows)

    # Before anything is written

    @contextmanager
    def _locked(self) -> Iterator[Tracker]:
        """Hold the tracker's lock. Raises SettingsError without a tracker, and Refused."""
        tracker = self.tracker
        if tracker is None:
            raise SettingsError(
                "gh_token is not set, so no issue can be filed.",
                "Set it in env.json (see docs/settings.md).",
            )
        claim = tracker.lock.take()
        if not claim.granted:
            raise Refused(
                "Another ci-stat process is already filing issues "
                f"for {self.settings.repo}: {claim.reason}.",
                "No action is needed.",
            )
        try:
            _prune(tracker)
            yield tracker
        finally:
            tracker.lock.release()

    def _settle(self, tracker: Tracker) -> Snapshot:
        """Read the tracker, and settle earlier calls that got no answer."""
        tracker.wait_for_unsettled()
        pending = tracker.issues.unsettled()
        snapshot = self._read_tracker(tracker)
        if not snapshot.problem:
            tracker.settle(snapshot, pending)
        return snapshot


def _prune(tracker: Tracker) -> None:
    pruned = tracker.issues.prune()
    if pruned:
        log.info("Removed %s comments and edits older than 400 days from the ledger", f"{pruned:,}")
