"""GitHub Actions as a place of build logs (`records.log_place.LogPlace`)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from ci_stat.connectors.github.actions import Actions
from ci_stat.connectors.github.actions_log import LIMIT, JobLog, job_log
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

SILENT = 5  # jobs without a response in a row, each after several attempts

# (job, number) -> the repository of that job at GitHub; "" for a run without a job there.
FindRepository = Callable[[str, int], str]


class ActionsPlace:
    """The logs of jobs at GitHub.

    After `SILENT` jobs in a row without a response, GitHub is not asked any more.
    """

    def __init__(self, actions: Actions, repository: FindRepository, limit: int = LIMIT) -> None:
        self.name = actions.name
        self._actions, self._repository, self._limit = actions, repository, limit
        # Jobs in a row. Several threads count; one more or less does not matter.
        self._silent = 0

    @contextmanager
    def open(self, job: str, number: int) -> Iterator[JobLog]:
        """The log of one job. Raises NoLog."""
        repo = self._repository(job, number)
        if not repo:
            raise NoLog(LogState.MISSING, f"{self.name} has no log of this run")
        if self._silent >= SILENT:
            detail = f"{self.name} did not respond {SILENT} times in a row; giving up"
            raise NoLog(LogState.UNREACHABLE, detail)
        with ExitStack() as stack:
            try:
                log = stack.enter_context(job_log(self._actions, repo, number, self._limit))
            except NoLog as error:
                self._silent = self._silent + 1 if error.state == LogState.UNREACHABLE else 0
                raise
            self._silent = 0
            yield log
