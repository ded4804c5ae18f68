"""Reads the history of all tests, and finds what regressed."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

import msgspec
from sqlalchemy import Engine

from ci_stat.errors import CannotTell, UnknownName
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import ResultsReader, RunFilter, StoredRun
from ci_stat.store.results.whole import incomplete_runs
from ci_stat.store.results.window_facts import branch_counts
from ci_stat.test_results.flakiness.branches import default_branch
from ci_stat.test_results.regressions.counted_runs import counted_runs
from ci_stat.test_results.regressions.finding import RunHistory, find_regressions, report_of
from ci_stat.test_results.regressions.model import RegressionReport
from ci_stat.test_results.regressions.series import choose_runs
from ci_stat.test_results.regressions.window_counts import Periods


class Regressions:
    """The question: which tests fail more often, or take longer, than in the weeks before?"""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = ResultsReader(engine)

    def report(self, periods: Periods, filter: RunFilter, default: str = "") -> RegressionReport:
        """Return what regressed in the window, against its baseline.

        `filter.branches`: without names, the default branch of each repository. `default`: its
        name in the settings.
        Raises CannotTell if no run of the window counts, UnknownName, DatabaseError.
        """
        history = self._history(periods, filter, default)
        if not history.window_runs:
            raise _no_runs(history)
        findings = find_regressions(history)
        return report_of(history, findings, self._reader.cases(findings.cases))

    def _history(self, periods: Periods, filter: RunFilter, default: str) -> RunHistory:
        """Read the window and two baselines before it: the replay of the last days needs them."""
        require_jobs(filter.jobs, self._reader)
        begin = periods.replayed()[0].baseline_begin
        of_any_branch = msgspec.structs.replace(filter, branches=())
        stored = self._reader.runs_between(begin, periods.end, of_any_branch)
        counts = branch_counts(self._engine, begin, periods.end)
        branch = default_branch(counts, filter.branches, default)
        chosen = choose_runs(stored, branch)
        _require_branches(filter.branches, stored, chosen.runs)

        ends = read_ends(self._engine, chosen.runs)
        incomplete = incomplete_runs(self._engine, [run.id for run in chosen.runs])
        counted, left_out = counted_runs(chosen.runs, ends, incomplete)
        left_out = replace(
            left_out,
            pulls=chosen.pulls,
            other_branches=chosen.other_branches,
            repeated=chosen.repeated,
        )
        return RunHistory(periods, branch, chosen.runs, ends, counted, left_out)


def require_jobs(jobs: Sequence[str], reader: ResultsReader) -> None:
    """Raises CannotTell if the database is empty, UnknownName if it lacks one of the jobs."""
    known = reader.jobs()
    if not known:
        raise CannotTell("The results database is empty.", "Import some: ci-stat tests import PATH")
    for job in jobs:
        if job not in known:
            raise UnknownName(f"No results of the job {job!r}.", _near("Jobs", job, known))


def _require_branches(
    branches: Sequence[str], stored: Sequence[StoredRun], chosen: Sequence[StoredRun]
) -> None:
    known = sorted({run.info.branch for run in stored if run.info.pull is None})
    for branch in branches:
        if stored and not any(run.info.branch == branch for run in chosen):
            message = f"No run of the branch {branch!r} in this time, outside of pull requests."
            raise UnknownName(message, _near("Branches", branch, known))


def _near(kind: str, name: str, known: Sequence[str]) -> str:
    names = get_close_matches(name, known, n=5, cutoff=0.5) or list(known[:5])
    return f"{kind} with results: {', '.join(names)}"


def _no_runs(history: RunHistory) -> CannotTell:
    """The error for a window in which no run counts. It says what was left out."""
    left_out = history.left_out
    parts = {
        "of pull requests": left_out.pulls,
        "of other branches": left_out.other_branches,
        "repeated": left_out.repeated,
        "not whole": left_out.incomplete + left_out.partial,
        "with mass failures or in outages": left_out.mass_failures + left_out.outages,
    }
    counts = ", ".join(f"{number:,} {words}" for words, number in parts.items() if number)
    newest = max((run.started for run in history.runs), default=None)
    hint = (
        f"The newest run that could count is from {newest:%Y-%m-%d %H:%M} UTC. " if newest else ""
    )
    left = f"Left out with its baseline: {counts}. " if counts else ""
    return CannotTell(
        "No run counts in this window, so nothing can be compared.",
        f"{hint}{left}Choose another window or branch: --since 4w, --branch NAME.",
    )
