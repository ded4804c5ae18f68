"""What an issue says of itself, brought up to date by new evidence: counts only grow, and nothing is counted twice."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256

from msgspec.structs import replace

from ci_stat.issues.evidence import Evidence, Failing, Hit
from ci_stat.issues.model import Marker, masked_name
from ci_stat.issues.rules import Change
from ci_stat.issues.silence import DAY, longest_gap

MOST_TOLD = 30  # different messages of one case that are worth a comment each
SHOWN_MEMBERS = 10
MOST_MEMBERS = 40  # that a marker holds: of a larger incident nobody can say which are new


def stamp(*parts: object) -> str:
    """A short name for a call: the same for the same parts, whoever plans it again."""
    said = "\0".join(map(str, parts))
    return sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def first_marker(
    failing: Failing, hits: Sequence[Hit], evidence: Evidence, create: str, why: str
) -> Marker:
    """Of a new issue: everything that is known by now is in its text, so it is told."""
    moments = [hit.run.started for hit in hits]
    return Marker(
        key=failing.key, kind=failing.kind, create=create, first=moments[0], last=moments[-1],
        fingerprints=_fingerprints(failing, hits), branches=_branches(hits), jobs=_jobs(hits),
        days=_days(hits, evidence),
        longest=longest_gap(moments) / DAY, members=tuple(failing.members), why=why,
    )  # fmt: skip


def grown(
    marker: Marker, failing: Failing | None, hits: Sequence[Hit], evidence: Evidence
) -> Marker:
    """With all failures that are known now. What was told stays as it is."""
    new = [hit.run.started for hit in hits if hit.run.started > marker.last]
    days = _days(hits, evidence)
    oldest = min(marker.days, default="")  # days before it are in `older`
    merged = {day: max(n, days.get(day, 0)) for day, n in marker.days.items()}
    merged |= {day: n for day, n in days.items() if day not in marker.days and day >= oldest}
    if not new and merged == marker.days:
        return marker
    members = _with(marker.members, tuple(failing.members) if failing else (), MOST_MEMBERS)
    return replace(
        marker, days=dict(sorted(merged.items())), last=max([marker.last, *new]), members=members,
        longest=max(marker.longest, longest_gap([marker.last, *new]) / DAY),
    )  # fmt: skip


def told(marker: Marker, failing: Failing, hits: Sequence[Hit]) -> Marker:
    """After a comment that says what is new."""
    return replace(
        marker,
        fingerprints=_with(marker.fingerprints, _fingerprints(failing, hits), MOST_TOLD),
        branches=_with(marker.branches, _branches(hits), MOST_MEMBERS),
    )


def _with(known: tuple[str, ...], new: tuple[str, ...], most: int) -> tuple[str, ...]:
    """No more than a marker holds: what does not fit would be new for ever."""
    added = [name for name in new if not _is_in(name, known)]
    return known if len(known) >= most else tuple(dict.fromkeys((*known, *added)))[:most]


def changes(
    marker: Marker, failing: Failing, hits: Sequence[Hit], back: timedelta
) -> tuple[Change, ...]:
    """What is worth a comment: new messages, branches or members, and that it is back after a silence."""
    found: list[Change] = []
    new = [hit for hit in hits if hit.run.started > marker.last]
    if new and new[0].run.started - marker.last >= back:
        found.append(Change("back", str((new[0].run.started - marker.last).days)))
    found += _new_members(marker, failing) if failing.members else _new_messages(marker, hits)
    # One that had no branch known before gets no comment for having one now.
    branches = [
        branch
        for branch in _branches(hits)
        if marker.branches and not _is_in(branch, marker.branches)
    ]
    return (*found, *(Change("branch", branch) for branch in branches))


def _new_members(marker: Marker, failing: Failing) -> Iterator[Change]:
    known = set(marker.members) if len(marker.members) < MOST_MEMBERS else set(failing.members)
    more = [name for key, name in failing.members.items() if not _is_in(key, known)]
    if more:
        yield Change("members", ", ".join(more[:SHOWN_MEMBERS]))


def _new_messages(marker: Marker, hits: Sequence[Hit]) -> Iterator[Change]:
    seen = set(marker.fingerprints)
    for hit in hits:
        print_ = hit.said.fingerprint
        if print_ and print_ not in seen and len(seen) < MOST_TOLD:
            seen.add(print_)
            yield Change("message", hit.said.message or hit.said.name, hit.said.excerpt)


def is_of_jobs(marker: Marker, jobs: Iterable[str]) -> bool:
    """Whether one of these jobs failed so; issues of older versions do not say in which."""
    return not marker.jobs or any(_is_in(job, marker.jobs) for job in jobs)


def _is_in(name: str, told: Container[str]) -> bool:
    """Names that hold a secret stand masked in a marker."""
    return name in told or masked_name(name) in told


def _fingerprints(failing: Failing, hits: Sequence[Hit]) -> tuple[str, ...]:
    if failing.members:
        return ()
    return tuple(dict.fromkeys(hit.said.fingerprint for hit in hits if hit.said.fingerprint))


def _branches(hits: Sequence[Hit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit.run.branch for hit in hits if hit.run.branch))


def _jobs(hits: Sequence[Hit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit.run.job for hit in hits))


def _days(hits: Sequence[Hit], evidence: Evidence) -> dict[str, int]:
    """Failed runs by day."""
    runs = {(hit.run.job, hit.run.number): evidence.day(hit.run.started) for hit in hits}
    return dict(sorted(Counter(runs.values()).items()))
