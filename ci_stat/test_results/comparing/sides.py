"""Which runs a person means: `JOB#NUMBER`, a commit, a branch, or a window."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches

from sqlalchemy import Engine

from ci_stat.errors import CannotTell, UnknownName, UsageError
from ci_stat.escape import visible
from ci_stat.rendering.format import plural
from ci_stat.store.results.read import ResultsReader, StoredRun
from ci_stat.store.results.read import RunFilter as Filter
from ci_stat.store.results.run_lookup import RunLookup
from ci_stat.test_results.comparing.model import Side
from ci_stat.test_results.comparing.windows import parse_window

_NUMBERED = re.compile(r"(.+)#(\d{1,15})(?:\.(\d{1,5}))?")
_KINDS = ("run", "commit", "branch", "window")
_PREFIX = 4  # characters of a commit that are enough
_NEAR = 5
_FORMS = "Write JOB#NUMBER, a commit, a branch, or a window (7d, 14d..7d, 2026-11-03, 2026-W45)."


@dataclass(frozen=True, slots=True)
class Limits:
    """Which runs of a commit, branch or window count. `since`: how far back on a branch."""

    jobs: tuple[str, ...] = ()
    labels: Mapping[str, str] | None = None
    since: timedelta = timedelta(days=14)
    branches: tuple[str, ...] = ()

    def keep(self, runs: Sequence[StoredRun]) -> list[StoredRun]:
        labels = dict(self.labels or {})
        return [
            run
            for run in runs
            if (not self.jobs or run.info.job in self.jobs)
            and (not self.branches or run.info.branch in self.branches)
            and labels.items() <= run.info.labels.items()
        ]


class Sides:
    """Finds the runs of a side. Raises DatabaseError."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._lookup = RunLookup(engine)
        self._reader = ResultsReader(engine)
        self._limits = limits

    def side(self, text: str) -> Side:
        """Raises UnknownName, UsageError for a name with several meanings, CannotTell."""
        newest = self._lookup.newest_start()
        if newest is None:
            raise CannotTell(
                "The results database is empty.", "Import some: ci-stat tests import PATH"
            )
        kind, colon, rest = text.partition(":")
        if colon and kind in (*_KINDS, "id") and rest:
            sides = self._meanings(rest, newest, kind)
        else:
            sides = self._meanings(text, newest)
        if len(sides) > 1:
            words = " or ".join(f"{kind}:{visible(text, 100)}" for kind in sides)
            raise UsageError(f"{visible(text, 100)!r} has several meanings.", f"Write {words}.")
        if not sides:
            raise self._unknown(text)
        side = next(iter(sides.values()))
        runs = self._limits.keep(side.runs)
        if not runs:
            chosen = "of these jobs, branches and labels" if side.runs else ""
            raise UnknownName(f"No run {chosen} in {side.words}.".replace("  ", " "), _FORMS)
        return Side(side.words, tuple(runs))

    def _meanings(self, text: str, newest: datetime, only: str = "") -> dict[str, Side]:
        """The sides that the text may mean, by their kind."""
        of_kind = {
            "run": lambda: self._run(text),
            "id": lambda: self._id(text),
            "commit": lambda: self._commit(text),
            "branch": lambda: self._branch(text),
            "window": lambda: self._window(text, newest),
        }
        sides = {}
        for kind in [only] if only else _KINDS:
            side = of_kind[kind]()
            if side is not None:
                sides[kind] = side
        return sides

    def _run(self, text: str) -> Side | None:
        match = _NUMBERED.fullmatch(text)
        if match:
            runs = self._lookup.numbered(int(match[2]), match[1])
            attempt = int(match[3]) if match[3] else None
            return _numbered(f"{match[1]}#{match[2]}", runs, attempt)
        if not _is_number(text):
            return None
        runs = self._lookup.numbered(int(text))
        jobs = sorted({run.info.job for run in runs})
        if len(jobs) > 1:
            names = ", ".join(f"{visible(job, 100)}#{text}" for job in jobs[:_NEAR])
            raise UsageError(f"{plural(len(jobs), 'job')} have a run {text}.", f"Write {names}.")
        return _numbered(f"{jobs[0]}#{text}", runs, None) if runs else self._id(text)

    def _id(self, text: str) -> Side | None:
        runs = self._lookup.with_id(int(text)) if _is_number(text) else []
        return Side(f"run {text} of the database", tuple(runs)) if runs else None

    def _commit(self, text: str) -> Side | None:
        if not re.fullmatch(r"\w{2,64}", text, re.ASCII):
            return None
        runs = self._lookup.on_commit(text)
        if len(text) < _PREFIX:
            runs = [run for run in runs if run.info.commit == text]
        commits = sorted({run.info.commit for run in runs})
        if text in commits:
            runs = [run for run in runs if run.info.commit == text]
        elif len(commits) > 1:
            names = ", ".join(visible(commit, 20) for commit in commits[:_NEAR])
            raise UsageError(f"{plural(len(commits), 'commit')} begin with {text}.", names)
        return Side(f"commit {runs[0].info.commit[:12]}", tuple(runs)) if runs else None

    def _branch(self, text: str) -> Side | None:
        runs = self._lookup.on_branch(text)
        if not runs:
            return None
        begin = runs[-1].started - self._limits.since
        return Side(f"branch {text}", tuple(run for run in runs if run.started > begin))

    def _window(self, text: str, newest: datetime) -> Side | None:
        window = parse_window(text, newest)
        if window is None:
            return None
        begin, end = window
        runs = self._reader.runs_between(begin, end, Filter(jobs=self._limits.jobs))
        return Side(f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC", tuple(runs))

    def _unknown(self, text: str) -> UnknownName:
        """The error for a name without a meaning, with similar names."""
        newest = self._lookup.newest()
        names = [run.info.branch for run in newest] + [run.info.commit[:12] for run in newest]
        names += [f"{run.info.job}#{run.info.number}" for run in newest if run.info.number]
        known = list(dict.fromkeys(filter(None, reversed(names))))
        similar = get_close_matches(text, known, n=_NEAR, cutoff=0.5)
        hint = f"Similar: {', '.join(visible(name, 100) for name in similar)}. " if similar else ""
        return UnknownName(f"No run, commit or branch {visible(text, 200)!r}.", f"{hint}{_FORMS}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _numbered(words: str, runs: Sequence[StoredRun], attempt: int | None) -> Side | None:
    """The runs of one number: of the attempt, else of the last attempt for each set of labels."""
    if attempt is not None:
        chosen = [run for run in runs if run.info.attempt == attempt]
        return Side(f"{words}.{attempt}", tuple(chosen)) if chosen else None
    last: dict[str, StoredRun] = {}
    for run in sorted(runs, key=lambda run: run.info.attempt):
        last[f"{run.info.repo} {run.info.label_text}"] = run
    kept = {run.id for run in last.values()}
    return Side(words, tuple(run for run in runs if run.id in kept)) if kept else None
