"""The shell around plans for issues: a window to a plan, and a plan to the tracker."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

from ci_stat import __version__
from ci_stat.config.features import Issues
from ci_stat.errors import Refused, SettingsError
from ci_stat.issues.apply import Applied, apply
from ci_stat.issues.collect import History, elsewhere
from ci_stat.issues.commits import commits_around
from ci_stat.issues.evidence import Evidence, FailureHistory, key_of_case
from ci_stat.issues.model import DEFAULT_ISSUE_JOB, IssuePlan, Planned, Snapshot
from ci_stat.issues.planner import decide
from ci_stat.issues.replay import Scorecard, replay
from ci_stat.issues.rules import Decision, Decisions, Rules
from ci_stat.issues.text.draft import About, Owners, issue_draft, owners
from ci_stat.issues.tracker import Tracker, fingerprint, state_of
from ci_stat.issues.views.explanation import Explanation
from ci_stat.records import IssueAction, Ledger, RunFilter, Status, Window
from ci_stat.runs.database import Source
from ci_stat.runs.progress import ProgressDisplay
from ci_stat.store.state.case_notes import Notes

log = logging.getLogger(__name__)

MISSPELT = {"tide-unit-test-nightly": DEFAULT_ISSUE_JOB}
_DAY = timedelta(days=1)
_LONGEST = 366 * _DAY
_CALLS = 50  # of the ledger's, that an explanation shows
OLDEST_PLAN = _DAY
_NEW_PLAN = "Make a new plan, look at it, and apply that."
WITHOUT_TRACKER = "gh_token is not set: planned as if the tracker held nothing"


@dataclass(frozen=True)
class Made:
    """A plan, and what it was made from. `about`: what its texts are written by."""

    plan: IssuePlan
    evidence: Evidence
    decisions: Decisions
    snapshot: Snapshot
    ledger: Ledger


@dataclass(frozen=True)
class Filer:
    """Plans issues for one CI database and one tracker. `tracker`: None where no token is set; `now`: aware.

    `notes`: what people said, in our own state, which needs no tracker.
    """

    source: Source
    tracker: Tracker | None
    rules: Rules
    memory: timedelta
    now: Callable[[], datetime]
    repo: str
    tracker_url: str
    labels: tuple[str, ...] = ()
    owners: Owners | None = None
    hosts: tuple[str, ...] = ()
    reproduce: str = ""
    notes: Notes | None = None
    watched: ProgressDisplay = field(default_factory=ProgressDisplay)

    def plan(self, window: Window, jobs: Sequence[str]) -> Made:
        """What would be done. Nothing is written anywhere. Raises SourceError, DatabaseError."""
        return self._made(window, tuple(jobs), self._snapshot())

    def post(self, window: Window, jobs: Sequence[str]) -> tuple[Made, Applied]:
        """Plan, and do it. Raises Refused when another filer is at work."""
        with self._locked() as tracker:
            made = self._made(window, tuple(jobs), self._settled(tracker))
            stopped = made.plan.stopped
            return made, Applied(stopped=stopped) if stopped else apply(made.plan, tracker)

    def apply(self, plan: IssuePlan) -> Applied:
        """Do what a saved plan says. Raises Refused if the tracker has moved on since."""
        self._check_age(plan)
        require_same_tracker(plan, self.repo, self.tracker_url)
        with self._locked() as tracker:
            snapshot = self._settled(tracker)
            if fingerprint(snapshot, tracker.ledger().mutes.values()) != plan.tracker:
                raise Refused(
                    "The tracker has moved on since the plan was made: issues were opened, changed or closed.",
                    _NEW_PLAN,
                )
            return apply(plan, tracker)

    def _check_age(self, plan: IssuePlan) -> None:
        """A plan is of its day: what was quiet then may fail now. And one that was stopped stays so."""
        if plan.stopped:
            hint = "Make a new plan. One with too many new issues has to be accepted before: ci-stat issues accept PLAN"
            raise Refused(f"The plan was stopped when it was made: {plan.stopped}", hint)
        if not plan.tracker_read:
            raise Refused(
                "The plan was made without gh_token, so without a look at the tracker.", _NEW_PLAN
            )
        if not timedelta(0) <= self.now() - plan.made_at <= OLDEST_PLAN:
            raise Refused(
                f"The plan is of {plan.made_at:%Y-%m-%d %H:%M} UTC, and holds for a day.", _NEW_PLAN
            )

    def replay(self, window: Window, jobs: Sequence[str]) -> Scorecard:
        """The rules run over the days of the window, at an empty tracker in memory. Nothing is touched."""
        steps = list(_days(window))
        since = Window.of(self._since(window, None), window.end, window.zone)
        history = self.history(since, tuple(jobs))
        self.watched.step("Replaying")
        return replay(history.evidence, steps, self.memory, self.rules)

    def explain(self, case: str, window: Window, jobs: Sequence[str]) -> Explanation:
        """Everything that is known of one case, and what is decided about it."""
        made, key = self.plan(window, jobs), key_of_case(case)
        decision = next((each for each in made.decisions.all if _is_about(each, key)), None)
        calls = self.tracker.issues.list(_CALLS, key) if self.tracker else []
        near = get_close_matches(
            case, [each.name for each in made.evidence.histories.values()], n=3, cutoff=0.6
        )
        incident = next((each for each in made.evidence.incidents if each.key == key), None)
        failing = made.evidence.histories.get(key) or incident
        return Explanation(
            case, key, made.evidence, failing, decision, tuple(calls), made.ledger.mutes.get(key),
            () if failing else tuple(near), made.plan.stopped,
        )  # fmt: skip

    def evidence(
        self, window: Window, jobs: tuple[str, ...], oldest: datetime | None = None
    ) -> Evidence:
        """What speaks for issues. `oldest`: where the history must begin at the latest, aware."""
        since, until = self._since(window, oldest), max(window.end.astimezone(UTC), self.now())
        history = self.history(Window.of(since, until, window.zone), jobs)
        self.watched.step("Looking for the same failures in other jobs")
        failed = RunFilter(window, statuses=(Status.FAILURE.value,))
        others = self.source.load(
            failed, self.watched.rows, log_progress=self.watched.logs
        ).all_runs
        return history.evidence(
            window.begin.astimezone(UTC),
            window.end.astimezone(UTC),
            since,
            elsewhere(others, jobs),
            until,
        )

    def history(self, window: Window, jobs: tuple[str, ...]) -> History:
        self.watched.step(f"Loading runs since {window.begin:%Y-%m-%d}")
        found = self.source.load(
            RunFilter(window, jobs=jobs), self.watched.rows, log_progress=self.watched.logs
        )
        return History(found.all_runs, jobs, window.zone, self.rules.together, self.rules.share)

    def _since(self, window: Window, oldest: datetime | None) -> datetime:
        begin = window.begin.astimezone(UTC)
        wanted = begin - self.memory if oldest is None else min(begin - self.memory, oldest)
        return max(wanted, begin - _LONGEST)

    def _snapshot(self) -> Snapshot:
        if self.tracker is None:
            return Snapshot(self.repo, self.now(), "")
        self.watched.step(f"Reading the issues of {self.repo}")
        return self.tracker.snapshot(self.watched.rows)

    def _settled(self, tracker: Tracker) -> Snapshot:
        """The tracker as it is, with what became of earlier calls found out."""
        tracker.wait_for_unsettled()
        pending = tracker.issues.unsettled()
        snapshot = self._snapshot()
        if not snapshot.problem:
            tracker.settle(snapshot, pending)
        return snapshot

    @contextmanager
    def _locked(self) -> Iterator[Tracker]:
        if self.tracker is None:
            raise SettingsError(
                "gh_token is not set, so nothing can be filed.", "Set it in env.json (README)."
            )
        claim = self.tracker.lock.take()
        if not claim.granted:
            raise Refused(
                f"Another filer is at work on {self.repo}: {claim.reason}.",
                "It does what is to be done.",
            )
        try:
            self._forget_old_calls(self.tracker)
            yield self.tracker
        finally:
            self.tracker.lock.release()

    def _forget_old_calls(self, tracker: Tracker) -> None:
        forgotten = tracker.issues.prune()
        if forgotten:
            log.info("Forgot %s comments and changes of more than a year ago", f"{forgotten:,}")

    def _made(self, window: Window, jobs: tuple[str, ...], snapshot: Snapshot) -> Made:
        oldest = [each.marker.first for each in snapshot.issues if each.marker and each.issue.open]
        evidence = self.evidence(window, jobs, min(oldest, default=None))
        self.watched.step("Planning")
        ledger = self.tracker.ledger(evidence.histories) if self.tracker else self._notes_alone()
        decisions = decide(evidence, snapshot, ledger, self.rules, self.now())
        plan = self._planned(decisions, evidence.at_end, snapshot, ledger)
        return Made(plan, evidence.at_end, decisions, snapshot, ledger)

    def _notes_alone(self) -> Ledger:
        if self.notes is None:
            return Ledger()
        return Ledger(
            mutes=self.notes.mutes.all(self.now()), accepted=self.notes.accepted.all(self.now())
        )

    def _planned(
        self, decisions: Decisions, evidence: Evidence, snapshot: Snapshot, ledger: Ledger
    ) -> IssuePlan:
        missing = [label for label in self.labels if self.tracker and label not in snapshot.labels]
        notes = [f"the repository has no label {label}: it is left out" for label in missing]
        notes += [WITHOUT_TRACKER] if self.tracker is None else []
        about = self.about(
            decisions, evidence, tuple(label for label in self.labels if label not in missing)
        )
        entries = tuple(_entry(each, evidence, about) for each in decisions.all)
        unowned = sum(
            each.action is IssueAction.FILE and not self._owner(each) for each in decisions.all
        )
        notes += (
            [f"{unowned} new without an owner in issue_owners"] if unowned and self.owners else []
        )
        return IssuePlan(
            repo=self.repo, tracker_url=self.tracker_url, window=(evidence.begin, evidence.end), jobs=evidence.jobs,
            made_at=self.now().astimezone(UTC), looked_at=snapshot.taken_at.astimezone(UTC),
            tracker=fingerprint(snapshot, ledger.mutes.values()),
            entries=entries, stopped=decisions.stopped, hint=decisions.hint, notes=tuple(notes), zone=evidence.zone.key,
            version=__version__, tracker_read=self.tracker is not None,
        )  # fmt: skip

    def _owner(self, decision: Decision) -> str:
        if self.owners is None or decision.history is None:
            return ""
        return self.owners.of(decision.name, decision.history.newest.suite, self.repo) or ""

    def about(self, decisions: Decisions, evidence: Evidence, labels: tuple[str, ...]) -> About:
        new = [
            each.history
            for each in decisions.acting
            if each.action is IssueAction.FILE and each.history
        ]
        return About(
            repo=self.repo, rules=self.rules, owners=self.owners, labels=labels, hosts=self.hosts,
            reproduce=self.reproduce, version=__version__, commits=self._commits(new, evidence), now=self.now(),
        )  # fmt: skip

    def _commits(
        self, failing: Sequence[FailureHistory], evidence: Evidence
    ) -> Mapping[str, tuple[str, str]]:
        return commits_around(failing, evidence, self.source.logs())


def require_same_tracker(plan: IssuePlan, repo: str, url: str) -> None:
    """Raises Refused for a plan for another repository than the settings'."""
    if (plan.repo.casefold(), plan.tracker_url) != (repo.casefold(), url):
        raise Refused(
            f"The plan is for {plan.repo} at {plan.tracker_url}, the settings are for {repo} at {url}.",
            "Make a new plan, or set github_repo and github_url.",
        )


def _days(window: Window) -> Iterator[tuple[datetime, datetime]]:
    """The days of the window by its zone's clock, in UTC, from its end back: the last one is whole."""
    begin, end = window.wall()
    days = int((end - begin) / _DAY) or 1
    bounds = [
        (end - _DAY * back).replace(tzinfo=window.zone).astimezone(UTC)
        for back in range(days, -1, -1)
    ]
    yield from pairwise(bounds)


def _is_about(decision: Decision, key: str) -> bool:
    return decision.key == key or bool(
        decision.issue and decision.issue.marker and decision.issue.marker.key == key
    )


def _entry(decision: Decision, evidence: Evidence, about: About) -> Planned:
    tracked = decision.issue or decision.before
    acting = decision.action is not IssueAction.SKIP
    return Planned(
        key=decision.key, kind=decision.kind, name=decision.name, action=decision.action, why=decision.why,
        reason=decision.reason or "", runs=decision.runs, last=decision.last,
        number=tracked.issue.number if tracked and decision.action is not IssueAction.FILE else 0,
        url=tracked.issue.url if tracked else "", seen=state_of(tracked.issue) if tracked else "",
        draft=issue_draft(decision, evidence, about) if acting else None,
    )  # fmt: skip


def rules_of(issues: Issues) -> Rules:
    """The thresholds of the settings."""
    return Rules(
        failures=issues.failures,
        windows=issues.windows,
        together=issues.together,
        new=issues.new,
        changes=issues.changes,
        implausible=issues.implausible,
        mute_label=issues.mute_label,
        refile_label=issues.refile_label,
    )


def owners_of(file: Path | None) -> Owners | None:
    """The owners of the file. Raises SettingsError for one that cannot be used."""
    if file is None:
        return None
    try:
        return owners(file.expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError) as error:
        raise SettingsError(
            f"issue_owners: {str(file)[:300]} cannot be used: {getattr(error, 'strerror', None) or error}."
        ) from None


def jobs_of(names: Sequence[str]) -> tuple[str, ...]:
    """The jobs that are meant: the nightly one by default; its old misspelling is put right, with a warning."""
    found = []
    for name in names or (DEFAULT_ISSUE_JOB,):
        if name in MISSPELT:
            log.warning("%s is misspelt in older texts: %s is meant.", name, MISSPELT[name])
        found.append(MISSPELT.get(name, name))
    return tuple(dict.fromkeys(found))
