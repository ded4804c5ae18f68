"""Failed runs of other code than a pull request's, by failure and by place. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from ci_stat.records import CaseFailure, FailureKey, Run, Status
from ci_stat.result.answers.model import PR
from ci_stat.result.answers.places import place_of
from ci_stat.result.fail_key import failure_key
from ci_stat.result.packages import package_of, same_package


class FailedOthers:
    """Failed runs of other code, found by their failures: one pass for all failures."""

    def __init__(
        self, pr: PR, runs: Sequence[Run], failed: Iterable[Run], unread: Iterable[Run]
    ) -> None:
        """`pr`, `runs`: the pull request that is asked about."""
        self._pr = pr
        # Pull requests can share a commit.
        self._commits = {run.commit for run in runs if run.commit}
        self.unread = Counter(map(place_of, filter(self._is_of_others, unread)))
        self._failed: dict[FailureKey, list[tuple[Run, str]]] = defaultdict(list)
        for run in filter(self._is_of_others, failed):
            names = {(failure_key(failure), package_of(failure)): None for failure in run.failures}
            for key, package in names:
                self._failed[key].append((run, package))

    def failed_with(self, failure: CaseFailure | None) -> tuple[Run, ...]:
        """The runs that have this failure too. A test of another package is another test."""
        if failure is None:
            return ()
        own = package_of(failure)
        runs = self._failed.get(failure_key(failure), ())
        same = [run for run, package in runs if same_package(own, package)]
        return tuple({(run.job_name, run.job_id): run for run in same}.values())

    def _is_of_others(self, run: Run) -> bool:
        is_own = (run.repo or "", run.pr_number) == self._pr or run.commit in self._commits
        return run.status == Status.FAILURE and not is_own
