"""What happens when: pushes, comments, reruns, merges, nightly timers, and the planted stories among them.

Knows the order of events. How a run ends comes from `outcomes`, who writes what from `pulls`. Holds the living pull
requests and what is due to follow, never the past: memory does not grow with the number of rows.
"""

import heapq
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random

from ci_stat.demo.descriptions import escaped, nightly_description
from ci_stat.demo.outcomes import Circumstances, Judge, compile_defect
from ci_stat.demo.pulls import Desk, Pool, PullRequest
from ci_stat.demo.stories import (
    BROKEN_NUMBER,
    HOSTILE_TITLES,
    STUBBORN_NUMBER,
    TWIN_NUMBERS,
    Stories,
)
from ci_stat.demo.world import BOT, LOGINS, NIGHTLY, REPO_OF, UNIT_TEST, Job
from ci_stat.records import RunRow

PUSH = "null"  # the comment of a run that no comment started (ci-data A1)
ALL = "/run-all-tests"
MERGE = "/merge"
SUPERSEDED_RATE = 0.22  # of pushes: somebody saw a mistake at once
RERUN_RATE = 0.6  # of batches with a failure
MERGE_RATE = 0.15  # of batches without
_WORDS_BEFORE = (
    "PTAL, thanks!\r\n",
    'rerun "once" more\n',
    "",
)  # free text round a command, as people write


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """Something that starts runs of `jobs` of one pull request. `twin`: takes the head commit of that one."""

    pull: PullRequest
    comment: str
    jobs: tuple[Job, ...]
    planted: bool = False
    broken: bool = False
    stubborn: bool = False
    twin: PullRequest | None = None


def _push(pull: PullRequest) -> Visit:
    return Visit(pull, PUSH, pull.repo.jobs)


class Timeline:
    """The demo's events in the order of time; each call draws on from where the last one stopped."""

    def __init__(self, rng: Random, judge: Judge, desk: Desk, pool: Pool, last: datetime) -> None:
        self._rng = rng
        self._judge = judge
        self._desk = desk
        self._pool = pool
        self._last = last  # no run starts after it
        self._agenda: list[tuple[datetime, int, Visit]] = []
        self._order = count()  # equal moments keep the order in which they were put on the agenda

    def plant(self, stories: Stories) -> None:
        """Put the stories that belong to certain pull requests on the agenda."""
        tidb = REPO_OF["pingcap/tidb"]
        broken = self._desk.open_as(
            tidb, BROKEN_NUMBER, "master", "executor: split the hash join builder"
        )
        push = replace(_push(broken), planted=True)
        first, repaired = stories.broken
        self._later(first, replace(push, broken=True))
        self._later(first + timedelta(minutes=65), replace(push, comment=ALL))
        self._later(repaired, push)

        stubborn = self._desk.open_as(
            tidb, STUBBORN_NUMBER, "master", "planner: replay the memo across schemas"
        )
        self._later(
            stories.stubborn[0], Visit(stubborn, PUSH, tidb.jobs, planted=True, stubborn=True)
        )
        again = Visit(stubborn, UNIT_TEST.command, (UNIT_TEST,), planted=True, stubborn=True)
        for when in stories.stubborn_reruns():
            self._later(when, again)

        one, other = (
            self._desk.open_as(tidb, number, branch, f"store: keep the lease over restarts{mark}")
            for number, branch, mark in zip(
                TWIN_NUMBERS, ("master", "release-5.1"), ("", " (5.1)"), strict=True
            )
        )
        self._later(stories.twins_at, replace(_push(one), planted=True))
        self._later(
            stories.twins_at + timedelta(minutes=4), replace(_push(other), planted=True, twin=one)
        )

        for when, number in stories.hostile_pushes():
            pull = self._desk.open_as(tidb, number, "master", HOSTILE_TITLES[number])
            self._later(when, replace(_push(pull), planted=True))

    def until(self, begin: datetime, end: datetime, wanted: int, at_most: int) -> list[RunRow]:
        """The pull request runs of [begin, end): what is due, then chance events up to `wanted` rows."""
        rows: list[RunRow] = []
        seconds = int((end - begin).total_seconds())
        while len(rows) < at_most:
            if self._agenda and self._agenda[0][0] < end:
                when, _, visit = heapq.heappop(self._agenda)
            elif len(rows) < wanted:
                when = begin + timedelta(seconds=self._rng.randrange(seconds))
                visit = self._chance()
            else:
                break
            rows += self._happen(visit, max(when, begin), at_most - len(rows))
        return rows

    def nightly(self, begin: datetime, end: datetime, wanted: int) -> list[RunRow]:
        """`wanted` nightly runs that start in [begin, end)."""
        seconds = int((end - begin).total_seconds())
        rows = []
        for _ in range(wanted):
            when = begin + timedelta(seconds=self._rng.randrange(seconds))
            status, duration, analysis = self._judge.nightly(when)
            description = nightly_description("master")
            rows.append(
                RunRow(
                    NIGHTLY.name,
                    0,
                    status,
                    when,
                    duration,
                    None,
                    "master",
                    None,
                    None,
                    description,
                    analysis,
                )
            )
        return rows

    def _later(self, when: datetime, visit: Visit) -> None:
        if when <= self._last:
            heapq.heappush(self._agenda, (when, next(self._order), visit))

    def _chance(self) -> Visit:
        """Something that happens to somebody's pull request."""
        rng = self._rng
        pull = self._pool.pick()
        if not pull.commit:
            return _push(pull)
        if pull.life <= 0:
            return Visit(pull, MERGE, pull.repo.jobs)
        roll = rng.random()
        if roll < 0.5:
            return _push(pull)
        if roll < 0.75:
            return Visit(pull, ALL, pull.repo.jobs)
        job = rng.choice(pull.repo.jobs)
        return Visit(pull, job.command, (job,))

    def _happen(self, visit: Visit, when: datetime, at_most: int) -> list[RunRow]:
        """The runs that `visit` starts at `when`, at most so many; and what will follow from it."""
        pull = visit.pull
        superseded = None
        if visit.comment == PUSH:
            self._new_commit(visit)
            superseded = None if visit.planted else self._supersede(pull, when)
        around = Circumstances(pull.branch, pull.defect, superseded, visit.stubborn)
        rows = self._runs(visit, when, around, at_most)
        if not visit.planted and superseded is None:
            self._follow_up(visit, when, rows)
        return rows

    def _new_commit(self, visit: Visit) -> None:
        pull = visit.pull
        if visit.twin is not None:
            pull.push(visit.twin.commit, None)
        elif visit.planted:
            pull.push(self._desk.commit(), compile_defect(pull.repo) if visit.broken else None)
        else:
            pull.push(self._desk.commit(), self._judge.defect(pull.repo), self._desk.mergeable())

    def _supersede(self, pull: PullRequest, when: datetime) -> int | None:
        """Whether a newer push will come soon: after how many milliseconds."""
        if self._rng.random() >= SUPERSEDED_RATE:
            return None
        seconds = self._rng.randrange(90, 1_200)
        self._later(when + timedelta(seconds=seconds), _push(pull))
        return seconds * 1_000

    def _runs(
        self, visit: Visit, when: datetime, around: Circumstances, at_most: int
    ) -> list[RunRow]:
        rng, judge, pull = self._rng, self._judge, visit.pull
        description = pull.description(self._trigger(visit))
        comment = self._comment(visit)
        rows = []
        for job in visit.jobs[:at_most]:
            start = min(when + timedelta(seconds=rng.randrange(2, 150)), self._last)
            if job.name in pull.passed and not visit.stubborn and judge.been_tested():
                outcome = judge.short_success()
            else:
                outcome = judge.pull_run(job, start, around)
            if outcome.status == "SUCCESS":
                pull.passed.add(job.name)
            parameters = {**job.defaults, **description} if job.defaults else description
            rows.append(
                RunRow(
                    job.name, 0, outcome.status, start, outcome.duration, pull.commit, pull.branch, comment,
                    pull.repo.name, parameters, outcome.analysis,
                )
            )  # fmt: skip
        return rows

    def _trigger(self, visit: Visit) -> str:
        """Who wrote the comment: mostly the author, else a reviewer; nobody for a push."""
        if visit.comment == PUSH:
            return ""
        if visit.comment == MERGE:
            return BOT
        return visit.pull.author if self._rng.random() < 0.75 else self._rng.choice(LOGINS)

    def _comment(self, visit: Visit) -> str:
        """The comment as the table keeps it: the plugin escapes the free text that some people put round it."""
        if visit.comment == PUSH or self._rng.random() < 0.93:
            return visit.comment
        return escaped(self._rng.choice(_WORDS_BEFORE) + visit.comment)

    def _follow_up(self, visit: Visit, when: datetime, rows: list[RunRow]) -> None:
        """People rerun what failed, on the same commit, and merge what passed."""
        rng, pull = self._rng, visit.pull
        failed = {row.job for row in rows if row.status == "FAILURE"}
        later = when + timedelta(minutes=rng.randrange(25, 150))
        if failed and rng.random() < RERUN_RATE:
            jobs = tuple(job for job in pull.repo.jobs if job.name in failed)
            alone = len(jobs) == 1 and rng.random() < 0.7
            self._later(
                later,
                Visit(pull, jobs[0].command, jobs) if alone else Visit(pull, ALL, pull.repo.jobs),
            )
        elif rows and not failed and visit.comment != MERGE and rng.random() < MERGE_RATE:
            self._later(later, Visit(pull, MERGE, pull.repo.jobs))
