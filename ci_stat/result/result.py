"""A whole window: all runs, grouped by pull request, job, commit and failure."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from ci_stat.records import Provenance, Run, Status, Tally
from ci_stat.result import frames, html
from ci_stat.result.counted import OutcomeCounts, repeated_attempts, tally_of
from ci_stat.result.fail_info import FailInfo, group_failures
from ci_stat.result.logs import log_states
from ci_stat.result.lookup import HashMap, NumberMap, Sourced
from ci_stat.result.models import PR, Commit, Job

if TYPE_CHECKING:
    from pandas import DataFrame

    from ci_stat.result.answers.history_model import History
    from ci_stat.result.answers.model import PRAnswer
    from ci_stat.result.comparing import Comparison
    from ci_stat.result.flakiness import Flakiness

K = TypeVar("K")
V = TypeVar("V")


class Result(OutcomeCounts):
    """The runs of a window, and what they add up to.

    - `run_list`: runs of pull requests; `special_list`: nightly runs. Both oldest first.
    - `begin_time`, `end_time`: the window [begin, end), naive, wall clock of the database's zone;
      `provenance` has the zone, the number of rows, the newest row of the table, and the query.
    - `pr_map` by (repo, number), `commit_hash_map` by (repo, hash), `job_map` by name. Jobs count
      pull request and nightly runs.
    - Results of one window with equal runs are equal, also those of two loads; so are `PR`, `Job`
      and `Commit` with equal runs.
    - `success_cnt fail_cnt abort_cnt other_cnt total_cnt`: runs of `run_list`; `special_tally`:
      runs of `special_list`.
    """

    def __init__(self, runs: Iterable[Run], provenance: Provenance) -> None:
        self.provenance = provenance
        self.begin_time, self.end_time = provenance.window.wall()
        self._runs = in_order(runs)
        self.run_list: list[Run] = []
        self.special_list: list[Run] = []
        self.pr_map: NumberMap[PR] = NumberMap()
        self.job_map: Sourced[str, Job] = Sourced()
        self.commit_hash_map: HashMap[Commit] = HashMap()
        for sourced in (self.pr_map, self.job_map, self.commit_hash_map):
            sourced.provenance = provenance
        self._group()

    def _group(self) -> None:
        """Group in one pass. The runs are in order, so all lists are in order too."""
        prs: dict[tuple[str, int], list[Run]] = {}
        jobs: dict[str, list[Run]] = {}
        commits: dict[tuple[str, str], list[Run]] = {}
        for run in self._runs:
            repo = run.repo or ""
            _add(jobs, run.job_name, run)
            if run.pr_number:
                self.run_list.append(run)
                _add(prs, (repo, run.pr_number), run)
            else:
                self.special_list.append(run)
            if run.commit:
                _add(commits, (repo, run.commit), run)
        self.pr_map.update((key, PR(*key, runs)) for key, runs in prs.items())
        self.job_map.update((name, Job(name, runs, self.pr_map)) for name, runs in jobs.items())
        self.commit_hash_map.update((key, Commit(*key, runs)) for key, runs in commits.items())
        self._link_commits()

    def _link_commits(self) -> None:
        """Give each commit its pull requests; thousands can have one text as their commit."""
        tested: dict[tuple[str, str], list[PR]] = {}
        for pr in self.pr_map.values():
            for commit in dict.fromkeys(run.commit for run in pr.runs if run.commit):
                _add(tested, (pr.repo, commit), pr)
        for key, prs in tested.items():
            self.commit_hash_map[key].prs = tuple(prs)

    @cached_property
    def tally(self) -> Tally:
        """Runs of pull requests by outcome."""
        return tally_of(self.run_list)

    @cached_property
    def special_tally(self) -> Tally:
        """Nightly runs by outcome."""
        return tally_of(self.special_list)

    @cached_property
    def miss_cnt(self) -> int:
        """Failed runs, of pull requests and nightly, for which no failure is known."""
        return sum(run.status == Status.FAILURE and not run.failures for run in self._runs)

    @cached_property
    def log_states(self) -> Counter[str]:
        """Logs of failed runs by state (read, missing, too old, ...). Empty if none was read."""
        return log_states(self._runs)

    @cached_property
    def fail_info_map(self) -> dict[str, FailInfo]:
        """Failures by name with the runs they broke, most runs first."""
        return group_failures(self._runs)

    @property
    def rerun_cnt(self) -> int:
        """Runs beyond the first of the same job in the same pull request."""
        return sum(pr.total_rerun_cnt for pr in self.pr_map.values())

    @property
    def attempt_cnt(self) -> int:
        """Runs beyond the first of the same job on the same commit."""
        return repeated_attempts(self._runs)

    @property
    def all_runs(self) -> list[Run]:
        """`run_list` and `special_list` together, oldest first."""
        return self._runs

    def compare(self, other: "Result") -> "Comparison":
        """Compare this window with `other`, the earlier one: what is new, gone, worse, slower.

        The same as `ci-stat compare` (docs/compare.md). Raises UsageError if a run is in both.
        """
        from ci_stat.result.comparing.from_result import compare_results

        return compare_results(self, other)

    def flaky(self) -> "Flakiness":
        """What passed and failed on one commit. The same as `ci-stat flaky`."""
        from ci_stat.result.flakiness.judging import flakiness_of

        return flakiness_of(self)

    def pr(self, which: "int | tuple[str, int]") -> "PRAnswer":
        """Whether the failures of a pull request are its own, as `ci-stat pr` decides it.

        `which`: a number, or (repo, number), as in `pr_map`. Only the runs of this window count,
        also for outages. Raises KeyError for an unknown or an ambiguous number.
        """
        from ci_stat.result.answers.from_result import pull_answer

        return pull_answer(self, self.pr_map[which])

    def case(self, name: str) -> "History":
        """Since when a case fails, how often and where, as `ci-stat case` shows it.

        `name`: in any spelling, the name of another failure, or a fingerprint. Raises KeyError for
        an unknown name, with near ones.
        """
        from ci_stat.result.answers.from_result import case_answer

        return case_answer(self, name)

    def to_frame(self) -> "DataFrame":
        """One row a run; see `ci_stat.result.frames`."""
        return frames.runs_frame(self)

    def jobs_frame(self) -> "DataFrame":
        """One row a job, most failures first."""
        return frames.jobs_frame(self)

    def prs_frame(self) -> "DataFrame":
        """One row a pull request, most failures first."""
        return frames.prs_frame(self)

    def failures_frame(self) -> "DataFrame":
        """One row for each failure of each failed run."""
        return frames.failures_frame(self)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same window and equal runs, also of two loads."""
        if not isinstance(other, Result):
            return NotImplemented
        return self.provenance.window == other.provenance.window and self._runs == other._runs

    def __hash__(self) -> int:
        return hash((self.begin_time, self.end_time, len(self._runs)))

    def __repr__(self) -> str:
        prs = f"{self.total_cnt} runs of {len(self.pr_map)} PRs, {self.fail_cnt} failed"
        nightly = f"{len(self.special_list)} nightly runs, {self.special_tally.failure} failed"
        return f"<Result {self.provenance.window}: {prs}; {nightly}>"

    def _repr_html_(self) -> str:
        return html.result_html(self)


def in_order(runs: Iterable[Run]) -> list[Run]:
    """Runs by time, then by job and number; runs without a time first. Fast for sorted runs."""
    ordered = sorted(runs, key=_moment)
    # Few runs share a second, so sorting those is faster than comparing three keys of all runs.
    first = 0
    for at in range(1, len(ordered) + 1):
        if at == len(ordered) or ordered[at].time != ordered[first].time:
            if at - first > 1:
                ordered[first:at] = sorted(ordered[first:at], key=attrgetter("job_name", "job_id"))
            first = at
    return ordered


def _moment(run: Run) -> datetime:
    return run.time or datetime.min  # noqa: DTZ901 - naive, as the table's times are


def _add(groups: dict[K, list[V]], key: K, value: V) -> None:
    group = groups.get(key)
    if group is None:
        groups[key] = [value]
    else:
        group.append(value)
