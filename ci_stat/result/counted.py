"""The published counts of anything that consists of runs."""

from collections import Counter
from collections.abc import Hashable, Iterable
from operator import attrgetter

from ci_stat.records import Run, Tally
from ci_stat.result.fail_info import FailInfo, group_failures

_status = attrgetter("status")


def tally_of(runs: Iterable[Run]) -> Tally:
    return Tally.of(Counter(map(_status, runs)))


class OutcomeCounts:
    """The counts that a `tally` has, under their published names."""

    __slots__ = ()

    @property
    def tally(self) -> Tally:
        """Runs by outcome."""
        raise NotImplementedError

    @property
    def success_cnt(self) -> int:
        return self.tally.success

    @property
    def fail_cnt(self) -> int:
        return self.tally.failure

    @property
    def abort_cnt(self) -> int:
        return self.tally.aborted

    @property
    def other_cnt(self) -> int:
        """Runs with any status except SUCCESS, FAILURE and ABORTED."""
        return self.tally.other

    @property
    def total_cnt(self) -> int:
        """Runs with any status."""
        return self.tally.total


class CountedRuns(OutcomeCounts):
    """A list of runs whose counts follow the list when it grows."""

    __slots__ = ("_tally", "runs")

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs
        self._tally: Tally | None = None

    @property
    def identity(self) -> Hashable:
        """What it is called, without its runs."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        """Whether both are of one kind, have one name and equal runs, also of two loads."""
        if not isinstance(other, type(self)):
            return NotImplemented
        return self.identity == other.identity and self.runs == other.runs

    def __hash__(self) -> int:
        return hash((type(self), self.identity))

    @property
    def tally(self) -> Tally:
        """Runs by outcome."""
        if self._tally is None or self._tally.total != len(self.runs):
            self._tally = tally_of(self.runs)
        return self._tally

    @property
    def total_cnt(self) -> int:
        """Runs with any status."""
        return len(self.runs)

    @property
    def fail_info_map(self) -> dict[str, FailInfo]:
        """Failures by name, each with the failed runs of this object that it broke."""
        return group_failures(self.runs)


def repeated_attempts(runs: Iterable[Run]) -> int:
    """Runs beyond the first of the same job on the same commit. Runs without commit never count."""
    keys = [(run.job_name, run.repo, run.commit) for run in runs if run.commit]
    return len(keys) - len(set(keys))
