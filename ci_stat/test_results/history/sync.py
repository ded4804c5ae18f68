"""Brings the local database up to date from a branch, and pushes to it what it lacks."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine

from ci_stat.connectors.git.branch import Branch, Change
from ci_stat.errors import SourceError
from ci_stat.escape import visible
from ci_stat.store.results.segments import SegmentStore
from ci_stat.store.results.write import ResultsWriter
from ci_stat.test_results.history.applying import apply
from ci_stat.test_results.history.collecting import collect
from ci_stat.test_results.history.segment import (
    Segment,
    day_of,
    decode,
    encode,
    is_segment,
    pack,
    pack_path,
    path_of,
    unpacked_days,
)

log = logging.getLogger(__name__)

PUSH_SECONDS = 300  # how long a push is repeated while others push first
_READ_AT_ONCE = 50  # files of the branch
_DAYS_AT_ONCE = 31  # days that one push packs

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What an update read.

    `older`: files of the branch from before the first day. `problems`: why files were not read.
    `lost_days`: days of which the branch lost all files; the next push adds them again.
    """

    files: int = 0
    runs: int = 0
    older: int = 0
    problems: tuple[str, ...] = ()
    lost_days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push added: segments, and days that it packed."""

    segments: int = 0
    days: int = 0


class BranchHistory:
    """The history on a branch, and the local database that is read from it.

    `days`: how far back the local database reaches. Each method raises SourceError or
    DatabaseError. Each can be killed at any point and called again.
    """

    def __init__(
        self, branch: Branch, engine: Engine, now: Callable[[], datetime], days: int
    ) -> None:
        self._branch = branch
        self._engine = engine
        self._now = now
        self._days = days
        self._store = SegmentStore(engine)

    @property
    def branch(self) -> str:
        """The name of the branch."""
        return self._branch.name

    def update(self, advance: Advance = lambda _: None) -> UpdateReport:
        """Read the segments that the local database lacks, oldest first."""
        on_branch = self._branch.fetch()
        first = self._now().date() - timedelta(days=self._days)
        wanted = _of_days(on_branch, first)
        applied = self._store.applied()
        lost_days = _lost_days(on_branch, applied)
        self._store.forget(_begins(lost_days), [p for p in applied if day_of(p) in lost_days])
        known_packs = _contained_packs(wanted, applied)
        self._store.mark(known_packs, ())

        missing = sorted(wanted - applied - known_packs)
        runs = 0
        problems = []
        for place in range(0, len(missing), _READ_AT_ONCE):
            paths = missing[place : place + _READ_AT_ONCE]
            contents = self._branch.read([on_branch[path] for path in paths])
            for path, content in zip(paths, contents, strict=True):
                try:
                    runs += self._apply(path, decode(path, content))
                except SourceError as error:
                    problems.append(str(error))
                advance(1)
        dated = sum(day_of(path) is not None for path in on_branch)
        older = dated - len(wanted)
        return UpdateReport(len(missing), runs, older, tuple(problems), tuple(sorted(lost_days)))

    def push(self) -> PushReport:
        """Push the files that the branch lacks, and pack finished days on the way."""
        collected = [self._collected(run_id) for run_id in self._store.unsent_runs()]
        segments = {path: content for path, content, _ in collected}
        packed: list[date] = []

        def change(on_branch: Mapping[str, str]) -> Change:
            added = {path: text for path, text in segments.items() if path not in on_branch}
            packs = self._packs(on_branch)
            packed[:] = packs
            for path, content, _ in packs.values():
                added[path] = content
            old = [path for _, _, paths in packs.values() for path in paths]
            return Change(added, [path for path in old if path not in added])

        self._branch.append(change, _message(segments), PUSH_SECONDS)
        sent = [file for _, _, files in collected for file in files]
        self._store.mark(segments, sent)
        return PushReport(len(segments), len(packed))

    def _apply(self, path: str, segments: Sequence[Segment]) -> int:
        """Store the segments of one file of the branch. Return their number."""
        writer = ResultsWriter(self._engine, self._now)
        sent = [file for segment in segments for file in apply(writer, segment)]
        self._store.mark({path, *map(path_of, segments)}, sent)
        return len(segments)

    def _collected(self, run_id: int) -> tuple[str, bytes, list[tuple[int, str]]]:
        segment, digests = collect(self._store, run_id)
        path, content = encode(segment)
        return path, content, [(run_id, digest) for digest in digests]

    def _packs(self, on_branch: Mapping[str, str]) -> dict[date, tuple[str, bytes, Sequence[str]]]:
        """Day packs to add: path, content, and the files that each replaces."""
        days = unpacked_days(on_branch, self._now().date())
        packs: dict[date, tuple[str, bytes, Sequence[str]]] = {}
        for day, paths in sorted(days.items())[:_DAYS_AT_ONCE]:
            contents = self._branch.read_now([on_branch[path] for path in paths])
            try:
                packs[day] = (*_packed(day, paths, contents), paths)
            except SourceError as error:  # a damaged file stays, for somebody to look at
                log.warning("The day %s is not packed: %s", day, visible(error, 500))
        return packs


def _packed(day: date, paths: Sequence[str], contents: Sequence[bytes]) -> tuple[str, bytes]:
    segments: list[Segment] = []
    for path, content in zip(paths, contents, strict=True):
        segments += decode(path, content)
    return pack(day, segments)


def _of_days(paths: Iterable[str], first: date) -> set[str]:
    """Segments and packs from `first` on."""
    days = {path: day_of(path) for path in paths}
    return {path for path, day in days.items() if day is not None and day >= first}


def _lost_days(on_branch: Iterable[str], applied: Iterable[str]) -> set[date]:
    """Days that the database has from the branch, of which nothing is left there.

    Somebody deleted the branch, or pushed an older state over it.
    """
    present = {day_of(path) for path in on_branch}
    return {day for path in applied if (day := day_of(path)) is not None and day not in present}


def _begins(days: Iterable[date]) -> list[datetime]:
    return [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]


def _contained_packs(paths: Iterable[str], applied: Iterable[str]) -> set[str]:
    """Day packs of segments that the database has one by one."""
    by_day: dict[date, list[str]] = {}
    for path in applied:
        day = day_of(path)
        if day is not None and is_segment(path):
            by_day.setdefault(day, []).append(path)
    packs = {pack_path(day, segments) for day, segments in by_day.items()}
    return packs & set(paths)


def _message(segments: Mapping[str, bytes]) -> str:
    count = len(segments)
    return f"Add the results of {count} upload{'' if count == 1 else 's'}"
