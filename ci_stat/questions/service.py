"""Answer questions: gather the runs, decide, and add what people need next."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ci_stat.errors import UnknownName, UsageError
from ci_stat.escape import visible
from ci_stat.failures import case_key
from ci_stat.questions import unknown
from ci_stat.questions.gather import WITH_LOGS, Gatherer, narrowed
from ci_stat.questions.knowledge import Knowledge
from ci_stat.questions.pull_runs import count_places, pull_runs
from ci_stat.questions.reference import PullReference, RunReference
from ci_stat.questions.run_days import SettledDays, settled_days
from ci_stat.records import PlaceDay, Provenance, Run, RunFilter, Window
from ci_stat.rendering.format import plural
from ci_stat.result.answers.case_names import name_part, with_any_name
from ci_stat.result.answers.history_model import History, RunAnswer, Since
from ci_stat.result.answers.model import PRAnswer
from ci_stat.result.answers.of_case import (
    case_history,
    job_history,
    since_of,
    streak_of,
)
from ci_stat.result.answers.of_pull import Surroundings, answer, own_failures, period
from ci_stat.result.answers.outages import traced
from ci_stat.result.answers.places import places_of

ON_COMMIT = timedelta(days=3)  # around a run, in which other runs on its commit are looked for


@dataclass(frozen=True)
class Questions:
    """Answers from one CI database.

    `knowledge`: opened when an answer needs it. In all answers, `since` is how far back runs are
    read, and `end` (naive) up to when, by default the newest row.
    """

    gatherer: Gatherer
    knowledge: Callable[[], Knowledge] = Knowledge

    def pr(self, wanted: PullReference, since: timedelta, end: datetime | None = None) -> PRAnswer:
        """The runs of a pull request, and whether its failures are its own.

        Raises UnknownName, UsageError if several repositories have the number, DatabaseError.
        """
        window = self.gatherer.window(end, since)
        settled = settled_days(self.gatherer, window)
        runs = self._own_runs(wanted, window, settled)
        key = (runs[-1].repo or "", runs[-1].pr_number)
        runs = self.gatherer.with_logs(runs)
        around = self._surroundings(runs, window, settled)
        source = self.gatherer.provenance(RunFilter(window, repos=(key[0],)), len(runs))
        judged = answer(key, runs, around, source)
        knowledge = self.knowledge() if judged.failures else Knowledge()
        known = tuple(knowledge.of_failure(failure, key[0]) for failure in judged.failures)
        return replace(judged, failures=known)

    def case(self, name: str, since: timedelta, end: datetime | None = None) -> History:
        """The history of a case, in any spelling, or of a failure by its name or fingerprint.

        Raises UnknownName, DatabaseError.
        """
        history = self.find_case([name], since, end)
        if history is None:
            raise self.unknown_case(name, since, end)
        return history

    def find_case(
        self, names: Sequence[str], since: timedelta, end: datetime | None = None
    ) -> History | None:
        """The history of the first of these names that a failure has; None without one.

        If no failure has one, the only failure whose name ends with one: `Suite.TestX` for `TestX`.
        Raises DatabaseError.
        """
        window = self.gatherer.window(end, since)
        keys = {key for name in names for key in (case_key(name), case_key(name_part(name)))}
        named = self.gatherer.failed_with(window, keys)
        seen = with_any_name(named, names)
        if not seen:
            return None
        runs = [run for run, _ in seen]
        places = places_of(runs)
        days = self.gatherer.count_days(window, {run.job_name for run in runs})
        counts = [day for day in days if (day.job, day.repo, day.branch) in places]
        source = self._provenance(RunFilter(window), counts)
        history = case_history(seen, counts, self._since(runs, counts, window), source)
        return self.knowledge().of_history(history, seen[-1][1], runs[-1].repo or "")

    def unknown_case(
        self,
        name: str,
        since: timedelta,
        end: datetime | None = None,
        others: Sequence[str] = (),
    ) -> UnknownName:
        """The error for a name that no failure has. `others`: similar names of other sources."""
        window = self.gatherer.window(end, since)
        named = self.gatherer.failed_with(window, [case_key(name)])
        return unknown.unknown_case(self.gatherer, name, window, named, others)

    def job(self, name: str, since: timedelta, end: datetime | None = None) -> History:
        """The history of a job. Raises UnknownName, DatabaseError."""
        window = self.gatherer.window(end, since)
        counts = self.gatherer.count_days(window, [name])
        if not counts:
            raise unknown.unknown_job(self.gatherer, name, window)
        failed = self.gatherer.failed_of(window, name)
        source = self._provenance(RunFilter(window, jobs=(name,)), counts)
        median = self.gatherer.median(window, name)
        history = job_history(name, failed, counts, self._streak(failed, window), source, median)
        if len(failed) <= WITH_LOGS:
            return history
        note = f"Logs are used for the newest {WITH_LOGS:,} of {len(failed):,} failed runs only."
        return replace(history, notes=(note,))

    def run(self, wanted: RunReference) -> RunAnswer:
        """One run, the runs around it, and the others on its commit.

        Raises UnknownName, DatabaseError.
        """
        gatherer = self.gatherer
        run = gatherer.with_commit(gatherer.with_logs([self._run(wanted)])[0])
        moment = run.time or datetime.now()  # noqa: DTZ005 - naive, as the table's times are
        window = gatherer.source.window(moment - ON_COMMIT, moment + ON_COMMIT)
        same_commit = gatherer.commit_runs(window, run)
        previous, after = gatherer.neighbours(run)
        source = gatherer.provenance(RunFilter(window), 1 + len(same_commit))
        return RunAnswer(run, previous, after, tuple(same_commit), source)

    def _own_runs(
        self, wanted: PullReference, window: Window, settled: SettledDays | None
    ) -> Sequence[Run]:
        runs = pull_runs(self.gatherer, window, wanted.number, settled)
        meant = [run for run in runs if run.is_pr and wanted.matches(run.repo or "")]
        repos = sorted({run.repo or "" for run in meant})
        if not repos:
            raise unknown.unknown_pull(self.gatherer, wanted, window, runs)
        if len(repos) > 1:
            names = [f"{visible(repo)}#{wanted.number}" for repo in repos]
            raise UsageError(
                f"{plural(len(repos), 'repository', 'repositories')} have a pull request"
                f" {wanted.number}: {', '.join(names)}.",
                f"Name one of them: ci-stat pr {names[0]}",
            )
        return meant

    def _run(self, wanted: RunReference) -> Run:
        jobs = self.gatherer.job_names()
        if not wanted.link and wanted.job not in jobs:
            raise unknown.unknown_job(self.gatherer, wanted.job)
        candidates = wanted.candidates(jobs)
        runs = (self.gatherer.run_at(job, number) for job, number in candidates)
        run = next((run for run in runs if run is not None and wanted.accepts(run)), None)
        if run is None:
            raise unknown.unknown_run(self.gatherer, wanted)
        return run

    def _since(self, failed: Sequence[Run], counts: Iterable[PlaceDay], window: Window) -> Since:
        first = self.gatherer.with_commit(failed[0])
        passed = self.gatherer.passed_around(window, first, failed[-1])
        oldest, begin = self.gatherer.source.oldest(), window.wall()[0]
        return since_of([first, *failed[1:]], counts, oldest, begin, passed)

    def _streak(self, failed: Sequence[Run], window: Window) -> Since | None:
        if not failed:
            return None
        passed = self.gatherer.passed_around(window, failed[-1], failed[-1])
        since = streak_of(failed, self.gatherer.source.oldest(), window.wall()[0], passed)
        return replace(since, first=self.gatherer.with_commit(since.first))

    def _provenance(self, names: RunFilter, counts: Iterable[PlaceDay]) -> Provenance:
        return self.gatherer.provenance(names, sum(count.tally.total for count in counts))

    def _surroundings(
        self, runs: Sequence[Run], window: Window, settled: SettledDays | None
    ) -> Surroundings:
        failures = own_failures(runs)
        begin, end = period(failures, *window.wall())
        if begin >= end:
            return Surroundings(begin, end)
        around = narrowed(window, begin, end)
        names = {name for kind, name in (failure.name_key for failure in failures) if kind}
        jobs = {run.job_name for failure in failures for run in failure.runs}
        own = {(run.job_name, run.job_id) for run in runs}
        gatherer = self.gatherer

        def failed_between(first: datetime, last: datetime) -> list[Run]:
            return gatherer.failed_runs(narrowed(around, first, last))

        # At once: each waits for the database.
        with ThreadPoolExecutor(3) as readers:
            failed = readers.submit(gatherer.failed_around, around, names, jobs, own)
            counts = readers.submit(count_places, gatherer, around, jobs, settled)
            outage = readers.submit(traced, [own.runs for own in failures], failed_between)
        others = failed.result()
        return Surroundings(
            begin, end, others.named, counts.result(), others.unread, outage.result()
        )
