"""Matches failures and issues: our issues by their marker, issues of others by their title."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from msgspec import UNSET

from ci_stat.issues.decisions.marker_updates import is_of_jobs
from ci_stat.issues.evidence import INCIDENT, Evidence, FailureHistory
from ci_stat.issues.incidents import alike
from ci_stat.issues.model import Marker, Snapshot, TrackedIssue, is_masked, masked_name
from ci_stat.issues.titles import NamedTest, is_about, named_in
from ci_stat.records import Ledger, Mute

T = TypeVar("T")
Titled = tuple[NamedTest, TrackedIssue]


@dataclass(frozen=True)
class IssueMatch:
    """The issues about one failure.

    `gone`: number of our issue that was deleted or moved, if no other issue is left; else 0.
    """

    open: TrackedIssue | None = None
    closed: TrackedIssue | None = None
    gone: int = 0


class TrackerIndex:
    """The issues of a snapshot, indexed by failure."""

    def __init__(self, snapshot: Snapshot, ledger: Ledger) -> None:
        self._gone = set(snapshot.gone)
        self._created = ledger.created
        self._by_number = {tracked.issue.number: tracked for tracked in snapshot.issues}
        self._ours: dict[str, list[TrackedIssue]] = defaultdict(list)
        self._incidents: list[tuple[Marker, TrackedIssue]] = []
        self._titled: dict[str, list[Titled]] = defaultdict(list)
        self._cut: list[Titled] = []
        for tracked in snapshot.issues:
            self._add(tracked)

    def _add(self, tracked: TrackedIssue) -> None:
        marker = tracked.marker
        if marker is None:
            self._add_by_title(tracked)
        elif marker.kind == INCIDENT:
            self._incidents.append((marker, tracked))
        else:
            self._ours[marker.key].append(tracked)

    def _add_by_title(self, tracked: TrackedIssue) -> None:
        named = named_in(tracked.issue.title)
        if named is None:
            return
        if named.cut:
            self._cut.append((named, tracked))
            return
        for name in bare_names(named.case):
            self._titled[name].append((named, tracked))

    def first_of(self, marker: Marker) -> TrackedIssue | None:
        """Our open issue with the lowest number for this failure of these jobs."""
        same = self._ours.get(marker.key, ()) if marker.kind != INCIDENT else ()
        open_ones = (
            tracked
            for tracked in same
            if tracked.issue.open and tracked.marker and is_of_jobs(marker, tracked.marker.jobs)
        )
        return min(open_ones, key=lambda tracked: tracked.issue.number, default=None)

    def match(self, history: FailureHistory) -> IssueMatch:
        """Find the open issue (ours first, then the oldest) and the one closed last."""
        numbers = self._created_for(history)
        created = [self._by_number[number] for number in numbers if number in self._by_number]
        issues = [*self._about(history), *created]

        still_open = [tracked for tracked in issues if tracked.issue.open]
        closed = [tracked for tracked in issues if not tracked.issue.open]
        gone = [number for number in numbers if number in self._gone]
        has_only_gone = bool(gone) and not issues
        return IssueMatch(
            min(still_open, key=_ours_then_oldest, default=None),
            max(closed, key=_closed_at, default=None),
            gone[-1] if has_only_gone else 0,
        )

    def _created_for(self, history: FailureHistory) -> list[int]:
        """Numbers of the issues that we created for the failure."""
        numbers: list[int] = []
        for key in history.keys:
            numbers += self._created.get(key, ())
        return numbers

    def _about(self, history: FailureHistory) -> list[TrackedIssue]:
        if history.kind == INCIDENT:
            return [
                tracked
                for marker, tracked in self._incidents
                if _is_alike(marker.members, history.members)
            ]

        keys = [spelling for key in history.keys for spelling in (key, masked_name(key))]
        own = [tracked for key in keys for tracked in self._ours.get(key, ())]
        return own + self._by_title(history)

    def _by_title(self, history: FailureHistory) -> list[TrackedIssue]:
        place = history.package or history.newest.file or history.newest.suite
        candidates = [*self._cut]
        for name in bare_names(history.name):
            candidates += self._titled.get(name, ())
        return [tracked for named, tracked in candidates if is_about(named, history.name, place)]


def unknown_closers(evidence: Evidence, snapshot: Snapshot, ledger: Ledger) -> set[int]:
    """The numbers of the issues closed as not planned about failures of the window.

    Lists of issues do not say who closed them, and a bot's close is no person's decision.
    """
    index = TrackerIndex(snapshot, ledger)
    failing = (
        history
        for history in (*evidence.histories.values(), *evidence.incidents)
        if evidence.in_window(history.occurrences)
    )
    closed = (index.match(history).closed for history in failing)
    issues = (tracked.issue for tracked in closed if tracked)
    return {
        issue.number
        for issue in issues
        if issue.state_reason == "not_planned" and issue.closed_by_bot is UNSET
    }


def _is_alike(marked: Iterable[str], members: Iterable[str]) -> bool:
    """Whether the members of a marker and of an incident are alike.

    A marker masks names that contain a secret or a private host.
    """
    known = set(marked)
    masks = {key: masked_name(key) for key in members}
    return alike(known, [mask if mask in known else key for key, mask in masks.items()])


def history_of(marker: Marker, evidence: Evidence) -> FailureHistory | None:
    """Return the history of the failure that an issue of ours is about, in the marker's jobs.

    None if the evidence has no occurrence of it.
    """
    if marker.kind == INCIDENT:
        incidents = [incident for incident in evidence.incidents if _is_same(marker, incident)]
        return merged(incidents) if incidents else None

    history = evidence.of_key(marker.key) or _by_masked_key(marker.key, evidence.histories)
    if history is None:
        return None

    occurrences = tuple(
        occurrence for occurrence in history.occurrences if is_of_jobs(marker, [occurrence.run.job])
    )
    return replace(history, occurrences=occurrences) if occurrences else None


def _is_same(marker: Marker, incident: FailureHistory) -> bool:
    """Whether a marker is about an incident: alike failures in a job of the marker."""
    job = incident.occurrences[0].run.job
    return is_of_jobs(marker, [job]) and _is_alike(marker.members, incident.members)


def is_of(marker: Marker, key: str) -> bool:
    """Whether the marker is about the failure with this key, which it may mask."""
    return marker.key in (key, masked_name(key))


def mute_of(
    marker: Marker, history: FailureHistory | None, mutes: Mapping[str, Mute]
) -> Mute | None:
    """Return the mute for an issue: by the current key of its failure, or by the marker's key."""
    keys = history.mute_keys if history else ()
    by_failure = next((mutes[key] for key in keys if key in mutes), None)
    return by_failure or mutes.get(marker.key) or _by_masked_key(marker.key, mutes)


def _by_masked_key(key: str, values: Mapping[str, T]) -> T | None:
    """Look up a marker's key that may be masked; logs and mutes hold the plain key."""
    if not is_masked(key):
        return None
    return next((value for plain, value in values.items() if masked_name(plain) == key), None)


def merged(incidents: Sequence[FailureHistory]) -> FailureHistory:
    """Merge the incidents (at least one) of one issue; the first one gives key and name."""
    occurrences = [occurrence for incident in incidents for occurrence in incident.occurrences]
    occurrences.sort(key=lambda occurrence: occurrence.run.started)

    members: dict[str, str] = {}
    for incident in incidents:
        members |= incident.members
    return replace(incidents[0], occurrences=tuple(occurrences), members=members)


def bare_names(case: str) -> set[str]:
    """The bare names of a case, as a title may spell it.

    `TestX` for `suite.TestX/sub`, `file::TestX` and `TestX (Class)`.
    """
    spellings = (case, case.split("/", 1)[0])
    parts = [part for text in spellings for part in (text, text.split("(", 1)[0])]
    return {re.split(r"::|[.#]", part)[-1].strip() for part in parts}


def _ours_then_oldest(tracked: TrackedIssue) -> tuple[bool, int]:
    return not tracked.ours, tracked.issue.number


def _closed_at(tracked: TrackedIssue) -> tuple[float, int]:
    closed = tracked.issue.closed_at
    return (closed.timestamp() if closed else 0.0, tracked.issue.number)
