"""Updates markers from new evidence, and finds the news in it. Counts only grow, never twice."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256

from msgspec.structs import replace

from ci_stat.failures.fingerprint import aliases
from ci_stat.issues.decisions.rules import Change
from ci_stat.issues.decisions.silence import DAY, longest_gap
from ci_stat.issues.evidence import Evidence, FailureHistory, Occurrence
from ci_stat.issues.model import Marker, masked_name
from ci_stat.records import CaseFailure

MOST_ANNOUNCED = 30  # messages of one case that are worth a comment each
SHOWN_MEMBERS = 10
MOST_MEMBERS = 40  # that a marker holds; of a larger incident, new members are not reported


def stamp(*parts: object) -> str:
    """Return a short id, equal for equal parts: planning the same call again gives the same id."""
    text = "\0".join(map(str, parts))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def first_marker(
    history: FailureHistory,
    occurrences: Sequence[Occurrence],
    evidence: Evidence,
    create: str,
    why: str,
) -> Marker:
    """The marker of a new issue, whose text announces everything that is known."""
    moments = [occurrence.run.started for occurrence in occurrences]
    return Marker(
        key=history.key,
        kind=history.kind,
        create=create,
        first=moments[0],
        last=moments[-1],
        fingerprints=_fingerprints(history, occurrences),
        branches=_branches(occurrences),
        jobs=_jobs(occurrences),
        days=_days(occurrences, evidence),
        longest=longest_gap(moments) / DAY,
        members=tuple(history.members),
        why=why,
    )


def grown(
    marker: Marker,
    history: FailureHistory | None,
    occurrences: Sequence[Occurrence],
    evidence: Evidence,
) -> Marker:
    """Add occurrences to the marker. What it has announced does not change."""
    new = [occurrence.run.started for occurrence in _since(marker, occurrences)]
    days = _merged_days(marker, _days(occurrences, evidence))
    if not new and days == marker.days:
        return marker

    members = tuple(history.members) if history else ()
    moments = [marker.last, *new]
    return replace(
        marker,
        days=days,
        last=max(moments),
        longest=max(marker.longest, longest_gap(moments) / DAY),
        members=_extended(marker.members, members, MOST_MEMBERS),
    )


def _since(marker: Marker, occurrences: Iterable[Occurrence]) -> list[Occurrence]:
    """The occurrences after the last one that the marker knows."""
    return [occurrence for occurrence in occurrences if occurrence.run.started > marker.last]


def _merged_days(marker: Marker, days: dict[str, int]) -> dict[str, int]:
    """The higher count for each day; days before the marker's oldest are in its `older`."""
    oldest = min(marker.days, default="")
    recent = {day: count for day, count in days.items() if day >= oldest}
    merged = {
        day: max(marker.days.get(day, 0), recent.get(day, 0)) for day in {*marker.days, *recent}
    }
    return dict(sorted(merged.items()))


def mark_announced(
    marker: Marker, history: FailureHistory, occurrences: Sequence[Occurrence]
) -> Marker:
    """The marker after a comment that announces the new messages and branches."""
    fingerprints = _fingerprints(history, occurrences)
    return replace(
        marker,
        fingerprints=_extended(marker.fingerprints, fingerprints, MOST_ANNOUNCED),
        branches=_extended(marker.branches, _branches(occurrences), MOST_MEMBERS),
    )


def _extended(known: tuple[str, ...], new: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """Add new names up to the limit of a marker: names beyond it would stay new forever."""
    if len(known) >= limit:
        return known
    added = [name for name in new if not _is_in(name, known)]
    return tuple(dict.fromkeys((*known, *added)))[:limit]


def changes(
    marker: Marker, history: FailureHistory, occurrences: Sequence[Occurrence], back: timedelta
) -> tuple[Change, ...]:
    """The news that are worth a comment: messages, branches, members, and a return after silence.

    `back`: the quiet period from which a return is news.
    """
    news = [*_return(marker, occurrences, back)]
    if history.members:
        news += _new_members(marker, history)
    else:
        news += _new_messages(marker, occurrences)
    return (*news, *_new_branches(marker, occurrences))


def _return(marker: Marker, occurrences: Iterable[Occurrence], back: timedelta) -> Iterator[Change]:
    new = _since(marker, occurrences)
    quiet = new[0].run.started - marker.last if new else timedelta(0)
    if new and quiet >= back:
        yield Change("back", str(quiet.days))


def _new_branches(marker: Marker, occurrences: Iterable[Occurrence]) -> Iterator[Change]:
    """New branches; the first known branch of an issue is not news."""
    if not marker.branches:
        return
    for branch in _branches(occurrences):
        if not _is_in(branch, marker.branches):
            yield Change("branch", branch)


def _new_members(marker: Marker, history: FailureHistory) -> Iterator[Change]:
    if len(marker.members) >= MOST_MEMBERS:
        return
    new = [name for key, name in history.members.items() if not _is_in(key, marker.members)]
    if new:
        yield Change("members", ", ".join(new[:SHOWN_MEMBERS]))


def _new_messages(marker: Marker, occurrences: Iterable[Occurrence]) -> Iterator[Change]:
    known = set(marker.fingerprints)
    for occurrence in occurrences:
        failure = occurrence.failure
        is_new = failure.fingerprint and not _is_announced(failure, known)
        if is_new and len(known) < MOST_ANNOUNCED:
            known.add(failure.fingerprint)
            yield Change("message", failure.message or failure.name, failure.excerpt)


def _is_announced(failure: CaseFailure, known: Container[str]) -> bool:
    """Whether the message was announced, also under a fingerprint that it had before."""
    earlier = aliases(failure.kind, failure.name, failure.message)
    return any(fingerprint in known for fingerprint in (failure.fingerprint, *earlier))


def is_of_jobs(marker: Marker, jobs: Iterable[str]) -> bool:
    """Whether the failure belongs to one of the jobs; markers of older versions name no jobs."""
    return not marker.jobs or any(_is_in(job, marker.jobs) for job in jobs)


def _is_in(name: str, marked: Container[str]) -> bool:
    """Whether a marker contains the name, plain or masked."""
    return name in marked or masked_name(name) in marked


def _fingerprints(history: FailureHistory, occurrences: Iterable[Occurrence]) -> tuple[str, ...]:
    """The fingerprints of a case; an incident has none."""
    if history.members:
        return ()
    prints = (occurrence.failure.fingerprint for occurrence in occurrences)
    return tuple(dict.fromkeys(filter(None, prints)))


def _branches(occurrences: Iterable[Occurrence]) -> tuple[str, ...]:
    branches = (occurrence.run.branch for occurrence in occurrences)
    return tuple(dict.fromkeys(filter(None, branches)))


def _jobs(occurrences: Iterable[Occurrence]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(occurrence.run.job for occurrence in occurrences))


def _days(occurrences: Iterable[Occurrence], evidence: Evidence) -> dict[str, int]:
    """Count the failed runs by day."""
    runs = {(occurrence.run.job, occurrence.run.number): occurrence for occurrence in occurrences}
    counts = Counter(evidence.day(occurrence.run.started) for occurrence in runs.values())
    return dict(sorted(counts.items()))
