"""The stories of the demo: the events that a report over its data must find.

Dates are for the default begin, Monday 2021-06-07, Shanghai wall clock; they move with `begin`.
All pull requests named here belong to pingcap/tidb.

1. Outage: Wednesday 2021-06-16 14:00 to 16:00. About 8 of 10 pull request runs that start then
   fail because of the environment (`{"env": [...]}`), in many jobs and pull requests.
2. Flaky cases: `cases.FLAKY` fail at any time in 1 to 7 % of the runs of their job that no other
   failure stops; e.g. `testEvictSuite.TestEvictUnderPressure` (tidb_ghpr_unit_test, 6 %).
3. Regression: merged Tuesday 2021-06-08 16:30, fixed Friday 2021-06-11 16:30.
   `testJoinSpillSuite.TestSpillPartitionBoundary` fails in 93 % of the runs on `master` of
   tidb_ghpr_unit_test and tidb-unit-test-nightly, and never before, after, or on another branch.
4. Slower: tidb_ghpr_integration_common_test takes 1.8 times as long from Tuesday 2021-06-15 00:00.
5. Broken build: #25188, pushed Thursday 2021-06-10 10:15, does not compile: nearly all its jobs
   fail at once, most with `{"compile": [...]}`. The push of 15:40 repairs it.
6. Stubborn: #25036 is rerun with `/run-unit-test` about 100 times from Wednesday 2021-06-09 to
   Friday 2021-06-18 and fails 3 of 4 times with `testPlanMemoSuite.TestReplayAcrossSchemas`.
7. Twins: #25171 (master) and #25172 (release-5.1) were opened from one branch and share one
   commit, Friday 2021-06-11 10:05.
8. Hostile titles: #25150 to #25157, one run of all jobs each, on Monday 2021-06-07 and Tuesday
   2021-06-08.

Contains dates and pull requests; `outcomes` decides how a run ends. Uses no random numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_stat.demo.world import DEMO_BEGIN

OUTAGE_RATE = 0.85
REGRESSION_RATE = 0.93
SLOWER_FACTOR = 1.8
STUBBORN_RATE = 0.75

BROKEN_NUMBER = 25188
STUBBORN_NUMBER = 25036
TWIN_NUMBERS = (25171, 25172)

# Valid titles, each of which attacks one kind of output.
HOSTILE_TITLES = {
    25150: "executor: fix \x1b[31mred\x1b[0m alert \x1b]0;owned\x07 in explain",
    25151: "<script>alert('ci')</script> planner: simplify projection",
    25152: "docs: see [the plan](javascript:alert(1)) for details",
    25153: "<at id=all></at> server: please review",
    25154: "util: rename \u202egnp.tset\u202c to test.png",
    25155: "ddl: "
    + "\U0001f680\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f9e8" * 12
    + " ship it",
    25156: "`*_expression_*`: ![x](//example.com/x.png) @everyone | a | b | ```",
    25157: 'session: "; DROP TABLE ci_data; -- %s {0} \\ $(reboot) 中文标题 &amp; é',
}


@dataclass(frozen=True, slots=True)
class Stories:
    """The times of the stories, naive, Asia/Shanghai. Each pair is a half-open window."""

    outage: tuple[datetime, datetime]
    regression: tuple[datetime, datetime]
    slower_since: datetime
    broken: tuple[datetime, datetime]
    stubborn: tuple[datetime, datetime]
    twins_at: datetime
    hostile_from: datetime

    def in_outage(self, when: datetime) -> bool:
        return self.outage[0] <= when < self.outage[1]

    def in_regression(self, when: datetime, branch: str | None) -> bool:
        return branch == "master" and self.regression[0] <= when < self.regression[1]

    def stubborn_reruns(self) -> Iterator[datetime]:
        """Yield a time every 50 minutes of each working day."""
        when, end = self.stubborn
        while when < end:
            if when.weekday() < 5 and 10 <= when.hour < 21:
                yield when
            when += timedelta(minutes=50)

    def hostile_pushes(self) -> Iterator[tuple[datetime, int]]:
        """Yield the time and number of each pull request with a hostile title, four per day."""
        for index, number in enumerate(HOSTILE_TITLES):
            yield self.hostile_from + timedelta(days=index // 4, hours=2 * (index % 4)), number


def stories_from(begin: datetime = DEMO_BEGIN) -> Stories:
    """Return the stories of a demo that begins at `begin`."""

    def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
        return begin + timedelta(days=day, hours=hour, minutes=minute)

    return Stories(
        outage=(at(9, 14), at(9, 16)),
        regression=(at(1, 16, 30), at(4, 16, 30)),
        slower_since=at(8),
        broken=(at(3, 10, 15), at(3, 15, 40)),
        stubborn=(at(2, 10), at(11, 19)),
        twins_at=at(4, 10, 5),
        hostile_from=at(0, 10, 30),
    )
