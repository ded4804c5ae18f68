"""Answer questions: gather the runs, decide, and add what people need next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ci_stat.errors import UnknownName, UsageError
from ci_stat.escape import visible
from ci_stat.issues.evidence import key_of_case
from ci_stat.issues.text.commands import command
from ci_stat.questions.gather import NEAR, Gatherer, narrowed
from ci_stat.questions.outages import traced
from ci_stat.questions.reference import PullReference
from ci_stat.records import FailureKind, Mute, Run, RunFilter, Window
from ci_stat.rendering.format import plural
from ci_stat.result.answers.model import PRAnswer, PRFailure
from ci_stat.result.answers.of_pull import Surroundings, answer, own_failures, period


@dataclass(frozen=True)
class Knowledge:
    """What is known about failures beside the runs.

    - `links`: links to issues, by the name of the case; `mutes`: by key.
    - `template`: the command that runs a test, from the settings.
    """

    links: Mapping[str, str] = field(default_factory=dict)
    mutes: Mapping[str, Mute] = field(default_factory=dict)
    template: str = ""


@dataclass(frozen=True)
class Questions:
    """Answers from one CI database. `knowledge`: opened when an answer needs it."""

    gatherer: Gatherer
    knowledge: Callable[[], Knowledge] = Knowledge

    def pr(self, wanted: PullReference, since: timedelta, end: datetime | None = None) -> PRAnswer:
        """The runs of a pull request, and whether its failures are its own.

        - `since`: how far back; `end`: naive, by default the newest row.

        Raises UnknownName, UsageError if several repositories have the number, DatabaseError.
        """
        window = self.gatherer.window(end, since)
        runs = self._own_runs(wanted, window)
        key = (runs[-1].repo or "", runs[-1].pr_number)
        runs = self.gatherer.with_logs(runs)
        around = self._surroundings(runs, window)
        names = RunFilter(window, repos=(key[0],))
        source = self.gatherer.provenance(names, len(runs))
        found = answer(key, runs, around, source)
        knowledge = self.knowledge() if found.failures else Knowledge()
        failures = tuple(_known(failure, key[0], knowledge) for failure in found.failures)
        return replace(found, failures=failures)

    def _own_runs(self, wanted: PullReference, window: Window) -> Sequence[Run]:
        runs = self.gatherer.pull_runs(window, wanted.number)
        meant = [run for run in runs if run.is_pr and wanted.matches(run.repo or "")]
        repos = sorted({run.repo or "" for run in meant})
        if not repos:
            raise self._unknown_pull(wanted, window, runs)
        if len(repos) > 1:
            names = [f"{visible(repo)}#{wanted.number}" for repo in repos]
            raise UsageError(
                f"{plural(len(repos), 'repository', 'repositories')} have a pull request"
                f" {wanted.number}: {', '.join(names)}.",
                f"Name one of them: ci-stat pr {names[0]}",
            )
        return meant

    def _unknown_pull(
        self, wanted: PullReference, window: Window, same_number: Sequence[Run]
    ) -> UnknownName:
        begin, end = window.wall()
        others = sorted({f"{run.repo}#{run.pr_number}" for run in same_number if run.is_pr})
        known = others or self.gatherer.similar_pulls(wanted.number, window)
        similar = f"Similar: {', '.join(map(visible, known[:NEAR]))}. " if known else ""
        return UnknownName(
            f"The pull request {visible(wanted)} has no run"
            f" from {begin:%Y-%m-%d} to {end:%Y-%m-%d}.",
            f"{similar}Use --since to look further back.",
        )

    def _surroundings(self, runs: Sequence[Run], window: Window) -> Surroundings:
        failures = own_failures(runs)
        begin, end = period(failures, *window.wall())
        if begin >= end:
            return Surroundings(begin, end)
        around = narrowed(window, begin, end)
        names = {name for failure in failures if (name := _search_name(failure.key))}
        jobs = {run.job_name for failure in failures for run in failure.runs}
        return Surroundings(
            begin=begin,
            end=end,
            failed=self.gatherer.failed_with(around, names),
            counts=self.gatherer.count_places(around, jobs),
            outage=traced([failure.runs[-1] for failure in failures], self.gatherer, around),
        )


def _search_name(key: tuple[str, str]) -> str:
    kind, name = key
    return name if kind else ""


def _known(failure: PRFailure, repo: str, knowledge: Knowledge) -> PRFailure:
    """The failure with its issue, its mute, and the command that runs it."""
    if failure.newest is None or failure.kind != FailureKind.CASE:
        return failure
    mute = knowledge.mutes.get(key_of_case(failure.name))
    return replace(
        failure,
        issue=knowledge.links.get(failure.name, ""),
        muted=mute.why if mute else "",
        reproduce=command(failure.name, failure.newest, repo, knowledge.template),
    )
