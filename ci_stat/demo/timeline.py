"""Simulate the demo's CI in chronological order.

Events are pushes, comments, reruns, merges and scripted events. Pure.

`outcomes` decides how a run ends, `pulls` who writes what. Keeps the open pull requests and the
events to come but not the past, so memory does not grow with the number of rows.
"""

import heapq
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random

from ci_stat.demo.descriptions import escaped, nightly_description
from ci_stat.demo.outcomes import BatchContext, OutcomeSampler, compile_defect
from ci_stat.demo.pulls import Pool, PullFactory, PullRequest
from ci_stat.demo.stories import (
    BROKEN_NUMBER,
    HOSTILE_TITLES,
    STUBBORN_NUMBER,
    TWIN_NUMBERS,
    Stories,
)
from ci_stat.demo.world import BOT, LOGINS, NIGHTLY, REPO_OF, UNIT_TEST, Job
from ci_stat.records import RunRow

PUSH = "null"  # the comment of a run that was not started by a comment (ci-data A1)
ALL = "/run-all-tests"
MERGE = "/merge"
SUPERSEDED_RATE = 0.22  # share of pushes that are followed by another push within minutes
RERUN_RATE = 0.6  # share of events with a failed run that are followed by a rerun
MERGE_RATE = 0.15  # share of events without a failed run that are followed by a merge
_WORDS_BEFORE = ("PTAL, thanks!\r\n", 'rerun "once" more\n', "")  # before a command in a comment


@dataclass(frozen=True, slots=True, eq=False)
class BuildEvent:
    """An event that starts runs of `jobs` of one pull request.

    - `scripted`: part of a story, without random consequences.
    - `broken`: the new commit does not compile. `stubborn`: the runs fail again and again.
    - `twin`: the pull request whose head commit this one shares.
    """

    pull: PullRequest
    comment: str
    jobs: tuple[Job, ...]
    scripted: bool = False
    broken: bool = False
    stubborn: bool = False
    twin: PullRequest | None = None


def _push(pull: PullRequest) -> BuildEvent:
    return BuildEvent(pull, PUSH, pull.repo.jobs)


def _scripted_push(pull: PullRequest) -> BuildEvent:
    return replace(_push(pull), scripted=True)


class Timeline:
    """The events in order of time. Each call continues where the last one stopped."""

    def __init__(
        self, rng: Random, sampler: OutcomeSampler, factory: PullFactory, pool: Pool, last: datetime
    ) -> None:
        self._rng = rng
        self._sampler = sampler
        self._factory = factory
        self._pool = pool
        self._last = last  # no run starts after it
        self._queue: list[tuple[datetime, int, BuildEvent]] = []
        self._order = count()  # events of the same time keep the order in which they were scheduled

    def add_stories(self, stories: Stories) -> None:
        """Schedule the stories that belong to certain pull requests of pingcap/tidb."""
        self._add_broken(stories)
        self._add_stubborn(stories)
        self._add_twins(stories)
        for when, number in stories.hostile_pushes():
            self._schedule(when, _scripted_push(self._open(number, HOSTILE_TITLES[number])))

    def _add_broken(self, stories: Stories) -> None:
        pull = self._open(BROKEN_NUMBER, "executor: split the hash join builder")
        push = _scripted_push(pull)
        first, repaired = stories.broken
        self._schedule(first, replace(push, broken=True))
        self._schedule(first + timedelta(minutes=65), replace(push, comment=ALL))
        self._schedule(repaired, push)

    def _add_stubborn(self, stories: Stories) -> None:
        pull = self._open(STUBBORN_NUMBER, "planner: replay the memo across schemas")
        push = replace(_scripted_push(pull), stubborn=True)
        self._schedule(stories.stubborn[0], push)

        rerun = replace(push, comment=UNIT_TEST.command, jobs=(UNIT_TEST,))
        for when in stories.stubborn_reruns():
            self._schedule(when, rerun)

    def _add_twins(self, stories: Stories) -> None:
        title = "store: keep the lease over restarts"
        one = self._open(TWIN_NUMBERS[0], title)
        other = self._open(TWIN_NUMBERS[1], f"{title} (5.1)", "release-5.1")
        second_push = replace(_scripted_push(other), twin=one)
        self._schedule(stories.twins_at, _scripted_push(one))
        self._schedule(stories.twins_at + timedelta(minutes=4), second_push)

    def _open(self, number: int, title: str, branch: str = "master") -> PullRequest:
        return self._factory.open_as(REPO_OF["pingcap/tidb"], number, branch, title)

    def until(self, begin: datetime, end: datetime, due: int, limit: int) -> list[RunRow]:
        """Return the pull request runs of events in [begin, end).

        Scheduled events come first, then random events until there are `due` rows; `limit` rows
        are the maximum.
        """
        rows: list[RunRow] = []
        seconds = int((end - begin).total_seconds())
        while len(rows) < limit:
            if self._queue and self._queue[0][0] < end:
                when, _, event = heapq.heappop(self._queue)
            elif len(rows) < due:
                when = begin + timedelta(seconds=self._rng.randrange(seconds))
                event = self._random_event()
            else:
                break
            rows += self._process(event, max(when, begin), limit - len(rows))
        return rows

    def nightly(self, begin: datetime, end: datetime, number: int) -> list[RunRow]:
        """Return `number` nightly runs that start in [begin, end)."""
        seconds = int((end - begin).total_seconds())
        rows = []
        for _ in range(number):
            when = begin + timedelta(seconds=self._rng.randrange(seconds))
            status, duration, analysis = self._sampler.nightly(when)
            row = RunRow(NIGHTLY.name, 0, status, when, duration, branch="master")
            row.description, row.analysis_res = nightly_description("master"), analysis
            rows.append(row)
        return rows

    def _schedule(self, when: datetime, event: BuildEvent) -> None:
        if when <= self._last:
            heapq.heappush(self._queue, (when, next(self._order), event))

    def _random_event(self) -> BuildEvent:
        """Draw an event of a random pull request."""
        rng = self._rng
        pull = self._pool.pick()
        if not pull.commit:
            return _push(pull)
        if pull.life <= 0:
            return BuildEvent(pull, MERGE, pull.repo.jobs)
        roll = rng.random()
        if roll < 0.5:
            return _push(pull)
        if roll < 0.75:
            return BuildEvent(pull, ALL, pull.repo.jobs)
        job = rng.choice(pull.repo.jobs)
        return BuildEvent(pull, job.command, (job,))

    def _process(self, event: BuildEvent, when: datetime, limit: int) -> list[RunRow]:
        """Return the runs that an event starts, up to `limit`, and schedule its consequences."""
        pull = event.pull
        superseded = None
        if event.comment == PUSH:
            self._new_commit(event)
            superseded = None if event.scripted else self._supersede(pull, when)
        batch = BatchContext(pull.branch, pull.defect, superseded, event.stubborn)
        rows = self._runs(event, when, batch, limit)
        if not event.scripted and superseded is None:
            self._follow_up(event, when, rows)
        return rows

    def _new_commit(self, event: BuildEvent) -> None:
        pull = event.pull
        if event.twin is not None:
            pull.push(event.twin.commit, None)
        elif event.scripted:
            pull.push(self._factory.commit(), compile_defect(pull.repo) if event.broken else None)
        else:
            pull.push(
                self._factory.commit(), self._sampler.defect(pull.repo), self._factory.mergeable()
            )

    def _supersede(self, pull: PullRequest, when: datetime) -> int | None:
        """Draw whether a newer push follows; return after how many milliseconds."""
        if self._rng.random() >= SUPERSEDED_RATE:
            return None
        seconds = self._rng.randrange(90, 1_200)
        self._schedule(when + timedelta(seconds=seconds), _push(pull))
        return seconds * 1_000

    def _runs(
        self, event: BuildEvent, when: datetime, batch: BatchContext, limit: int
    ) -> list[RunRow]:
        rng, sampler, pull = self._rng, self._sampler, event.pull
        description = pull.description(self._trigger(event))
        comment = self._comment(event)
        rows = []
        for job in event.jobs[:limit]:
            start = min(when + timedelta(seconds=rng.randrange(2, 150)), self._last)
            if job.name in pull.passed and not event.stubborn and sampler.been_tested():
                outcome = sampler.short_success()
            else:
                outcome = sampler.pull_run(job, start, batch)
            if outcome.status == "SUCCESS":
                pull.passed.add(job.name)
            parameters = {**job.defaults, **description} if job.defaults else description
            row = RunRow(job.name, 0, outcome.status, start, outcome.duration)
            row.repo, row.branch, row.commit = pull.repo.name, pull.branch, pull.commit
            row.comment, row.description, row.analysis_res = comment, parameters, outcome.analysis
            rows.append(row)
        return rows

    def _trigger(self, event: BuildEvent) -> str:
        """Return who wrote the comment: the author or a reviewer; "" for a push."""
        if event.comment == PUSH:
            return ""
        if event.comment == MERGE:
            return BOT
        return event.pull.author if self._rng.random() < 0.75 else self._rng.choice(LOGINS)

    def _comment(self, event: BuildEvent) -> str:
        """Return the comment as stored; the plugin escapes free text before the command."""
        if event.comment == PUSH or self._rng.random() < 0.93:
            return event.comment
        return escaped(self._rng.choice(_WORDS_BEFORE) + event.comment)

    def _follow_up(self, event: BuildEvent, when: datetime, rows: list[RunRow]) -> None:
        """Schedule a rerun of failed jobs on the same commit, or a merge of what passed."""
        rng, pull = self._rng, event.pull
        failed = {row.job for row in rows if row.status == "FAILURE"}
        later = when + timedelta(minutes=rng.randrange(25, 150))
        if failed and rng.random() < RERUN_RATE:
            jobs = tuple(job for job in pull.repo.jobs if job.name in failed)
            is_single = len(jobs) == 1 and rng.random() < 0.7
            rerun = BuildEvent(pull, ALL, pull.repo.jobs)
            if is_single:
                rerun = BuildEvent(pull, jobs[0].command, jobs)
            self._schedule(later, rerun)
        elif rows and not failed and event.comment != MERGE and rng.random() < MERGE_RATE:
            self._schedule(later, BuildEvent(pull, MERGE, pull.repo.jobs))
