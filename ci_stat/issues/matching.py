"""Which issues of a tracker are about a failure: ours by what they say of themselves, others by their titles."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ci_stat.issues.evidence import INCIDENT, Evidence, Failing
from ci_stat.issues.incidents import alike
from ci_stat.issues.marker_updates import is_of_jobs
from ci_stat.issues.model import Marker, Snapshot, TrackedIssue, is_masked, masked_name
from ci_stat.issues.titles import Named, named_in, names
from ci_stat.records import Ledger, Mute

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """The issues of one failure. `gone`: one of ours was deleted or moved, and none is left."""

    open: TrackedIssue | None = None
    closed: TrackedIssue | None = None
    gone: int = 0


class TrackerIndex:
    """The issues of a snapshot, to be found by failure."""

    def __init__(self, snapshot: Snapshot, ledger: Ledger) -> None:
        self._gone, self._created = set(snapshot.gone), ledger.created
        self._by_number = {each.issue.number: each for each in snapshot.issues}
        self._ours: dict[str, list[TrackedIssue]] = defaultdict(list)
        self._titled: dict[str, list[tuple[Named, TrackedIssue]]] = defaultdict(list)
        self._cut: list[tuple[Named, TrackedIssue]] = []
        self._incidents: list[TrackedIssue] = []
        for each in snapshot.issues:
            self._add(each)

    def _add(self, each: TrackedIssue) -> None:
        if each.marker is not None and each.marker.kind == INCIDENT:
            self._incidents.append(each)
        elif each.marker is not None:
            self._ours[each.marker.key].append(each)
        elif (named := named_in(each.issue.title)) is not None:
            if named.cut:
                self._cut.append((named, each))
            else:
                for handle in handles(named.case):
                    self._titled[handle].append((named, each))

    def of(self, failing: Failing) -> Found:
        found = list(self._about(failing))
        numbers = self._created.get(failing.key, ())
        found += [self._by_number[number] for number in numbers if number in self._by_number]
        still_open = [each for each in found if each.issue.open]
        closed = [each for each in found if not each.issue.open]
        gone = [number for number in numbers if number in self._gone]
        return Found(
            min(still_open, key=lambda each: (not each.ours, each.issue.number), default=None),
            max(closed, key=_closed_at, default=None),
            gone[-1] if gone and not found else 0,
        )

    def _about(self, failing: Failing) -> Iterable[TrackedIssue]:
        if failing.kind == INCIDENT:
            return [
                each
                for each in self._incidents
                if each.marker and _alike(each.marker.members, failing.members)
            ]
        said = failing.newest
        where = said.file or said.suite
        near = [*self._cut]
        for handle in handles(failing.name):
            near += self._titled.get(handle, ())
        own = self._ours.get(failing.key, []) + self._ours.get(masked_name(failing.key), [])
        return own + [each for named, each in near if names(named, failing.name, where)]


def _alike(told: Iterable[str], members: Iterable[str]) -> bool:
    """Also where names are masked in a marker, because they hold a secret or a private host."""
    keys, known = list(members), set(told)
    return alike(known, [masked if (masked := masked_name(key)) in known else key for key in keys])


def failing_of(marker: Marker, evidence: Evidence) -> Failing | None:
    """The failure that an issue of ours is about, if it is known to have failed: `of` the other way round."""
    if marker.kind == INCIDENT:
        known = [each for each in evidence.incidents if _alike(marker.members, each.members)]
        its = [each for each in known if is_of_jobs(marker, [each.hits[0].run.job])]
        return merged(its) if its else None
    failing = evidence.failing.get(marker.key) or _by_name(marker.key, evidence.failing)
    hits = [hit for hit in failing.hits if is_of_jobs(marker, [hit.run.job])] if failing else []
    return replace(failing, hits=tuple(hits)) if failing and hits else None


def mute_of(marker: Marker, failing: Failing | None, mutes: Mapping[str, Mute]) -> Mute | None:
    """What switches us off for an issue: said of its key, or of the one that its failure has by now."""
    by_failure = mutes.get(failing.key) if failing else None
    return by_failure or mutes.get(marker.key) or _by_name(marker.key, mutes)


def _by_name(key: str, known: Mapping[str, T]) -> T | None:
    """A marker's key may stand masked; in no log and no mute it does."""
    return (
        next((each for name, each in known.items() if masked_name(name) == key), None)
        if is_masked(key)
        else None
    )


def merged(incidents: Sequence[Failing]) -> Failing:
    """The incidents (at least one) that one issue is about: runs are grouped by the tests of their first one only."""
    hits = sorted((hit for each in incidents for hit in each.hits), key=lambda hit: hit.run.started)
    members = {key: name for each in incidents for key, name in each.members.items()}
    return replace(incidents[0], hits=tuple(hits), members=members)


def handles(case: str) -> set[str]:
    """By which bare names a case may be found: `TestX` for `suite.TestX/sub`, `file::TestX` and `TestX (Class)`."""
    return {
        re.split(r"::|[.#]", part)[-1].strip()
        for text in (case, case.split("/", 1)[0])
        for part in (text, text.split("(", 1)[0])
    }


def _closed_at(each: TrackedIssue) -> tuple[float, int]:
    closed = each.issue.closed_at
    return (closed.timestamp() if closed else 0.0, each.issue.number)
