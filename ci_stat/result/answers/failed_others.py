"""Failed runs of other code than a pull request's, by failure and by place. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from ci_stat.records import FailureKey, Run, Status
from ci_stat.result.answers.model import PR
from ci_stat.result.answers.places import place_of
from ci_stat.result.fail_info import failure_key


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
        self._failed: dict[FailureKey, list[Run]] = defaultdict(list)
        for run in filter(self._is_of_others, failed):
            for key in dict.fromkeys(map(failure_key, run.failures)):
                self._failed[key].append(run)

    def failed_with(self, key: FailureKey) -> tuple[Run, ...]:
        return tuple(self._failed.get(key, ()))

    def _is_of_others(self, run: Run) -> bool:
        is_own = (run.repo or "", run.pr_number) == self._pr or run.commit in self._commits
        return run.status == Status.FAILURE and not is_own
