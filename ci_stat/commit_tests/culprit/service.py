"""Runs a search: starts runs as decided, stores each observation, until there is a conclusion.

Runs that are open when the answer is reached are awaited, and the answer is asked again: a run that
fails often ends sooner than one that passes, so leaving the slow ones out would be wrong.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_stat.commit_tests.culprit.conclusions import conclude
from ci_stat.commit_tests.culprit.decisions import (
    Assessment,
    Search,
    assess,
    next_trials,
    reason_to_end,
)
from ci_stat.commit_tests.culprit.evidence import Evidence
from ci_stat.commit_tests.culprit.ledger import SearchFile
from ci_stat.commit_tests.culprit.model import (
    Conclusion,
    End,
    Observation,
    Ran,
    RunCommit,
    Trial,
)


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """How far a search is. `open_trials`: the runs that have not ended."""

    search: Search
    assessment: Assessment
    open_trials: Sequence[Trial]


Show = Callable[[Progress], None]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Open:
    """A run that has not ended. `number`: of its observation."""

    trial: Trial
    number: int


class Searcher:
    """Runs one search after the other with the same file: within a merge, the search goes on."""

    def __init__(self, file: SearchFile, run_commit: RunCommit, clock: Clock, show: Show) -> None:
        self._file = file
        self._run_commit = run_commit
        self._clock = clock
        self._show = show

    async def search(self, search: Search) -> Conclusion:
        """Search until there is a reason to end. Raises WriteError.

        If the task is cancelled, so are the runs; the observations stay.
        """
        open_runs: dict[asyncio.Task[Ran], _Open] = {}
        try:
            while True:
                assessment = self._assess(search)
                end = reason_to_end(search, assessment)
                if end is None:
                    self._start(search, assessment, open_runs)
                trials = [run.trial for run in open_runs.values()]
                self._show(Progress(search, assessment, trials))
                if not open_runs:
                    return conclude(search, assessment, end or End.NOTHING_TO_RUN)
                await asyncio.wait(open_runs, return_when=asyncio.FIRST_COMPLETED)
                self._store_ended(search, open_runs)
        finally:
            await _cancel(open_runs)

    def _assess(self, search: Search) -> Assessment:
        places = search.commits.places()
        return assess(search, Evidence.of(self._file.observations, places))

    def _start(
        self, search: Search, assessment: Assessment, open_runs: dict[asyncio.Task[Ran], _Open]
    ) -> None:
        """Fill the free slots, within the budget."""
        free = search.rules.parallel - len(open_runs)
        left = search.rules.budget - assessment.evidence.own_runs - len(open_runs)
        count = min(free, left)
        if count <= 0:
            return
        trials = [run.trial for run in open_runs.values()]
        for trial in next_trials(search, assessment, count, trials):
            sha = search.commits.at(trial.place).sha
            task = asyncio.ensure_future(self._run_commit(sha))
            open_runs[task] = _Open(trial, self._file.new_number())

    def _store_ended(self, search: Search, open_runs: dict[asyncio.Task[Ran], _Open]) -> None:
        """Store what ended, in the order in which it began."""
        ended = [task for task in open_runs if task.done()]
        for task in ended:
            run = open_runs.pop(task)
            ran = task.result()
            self._file.observe(
                Observation(
                    number=run.number,
                    commit=search.commits.at(run.trial.place).sha,
                    answer=ran.answer,
                    at=self._clock(),
                    seconds=ran.seconds,
                    confirms=run.trial.confirms,
                    reference=ran.reference,
                    detail=ran.detail,
                )
            )


async def _cancel(open_runs: dict[asyncio.Task[Ran], _Open]) -> None:
    """End the open runs, and wait until they have cleaned up."""
    for task in open_runs:
        task.cancel()
    if open_runs:
        await asyncio.gather(*open_runs, return_exceptions=True)
