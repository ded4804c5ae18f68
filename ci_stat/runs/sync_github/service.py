"""Sync the CI database with the workflow runs of a GitHub repository. See docs/github.md.

Runs are listed week by week, newest first. A run is marked as read after its jobs are stored, a
page of the list after its runs are marked, a week after its pages. So a sync that is killed at any
point has lost nothing, and the next one reads only what is missing. Runs that were read are looked
at again for as long as GitHub allows a rerun: unchanged pages cost no request of the rate limit.
"""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from ci_stat.connectors.github.actions import Actions
from ci_stat.errors import SourceError
from ci_stat.runs.sync_github.model import GitHubPlan, GitHubResult
from ci_stat.runs.sync_github.pulls import PullFinder
from ci_stat.runs.sync_github.repository import Progress, RepositorySync
from ci_stat.runs.sync_github.run_jobs import RunReader
from ci_stat.store.ci_data.actions_runs import stored_runs
from ci_stat.store.ci_data.stored_builds import has_table
from ci_stat.store.ci_data.write import prepare
from ci_stat.store.state.actions_sync import ActionsSync

# The state of a repository; None for a dry run without a state.
OpenState = Callable[[str], ActionsSync | None]


def sync(
    engine: Engine,
    actions: Actions,
    repos: tuple[str, ...],
    open_state: OpenState,
    zone: ZoneInfo,
    plan: GitHubPlan,
    progress: Progress = lambda _n: None,
    result: GitHubResult | None = None,
) -> GitHubResult:
    """Store the jobs of all workflow runs that are not stored yet.

    A run that fails is counted in `failed`, and the sync goes on with the next one. `result` is
    updated after each run, so that the caller knows what is stored if the sync is interrupted.

    Raises DatabaseError.
    """
    result = result or GitHubResult()
    if not plan.dry_run:
        prepare(engine)
    for name in repos:
        try:
            repository = actions.repository(name)
            result.repositories.append(repository.name)
            state = _valid_state(engine, open_state(repository.name), repository.name, plan, result)
            pulls = PullFinder(actions, repository)
            reader = RunReader(
                engine, actions, repository, zone, plan, result, pulls, _memory(state, plan)
            )
            RepositorySync(actions, repository, state, plan, result, reader, progress).sync()
        except SourceError as error:
            result.failed.append((name, error))
    return result


def _valid_state(
    engine: Engine, state: ActionsSync | None, repo: str, plan: GitHubPlan, result: GitHubResult
) -> ActionsSync | None:
    """The state, which starts again if the table has lost the row that was stored last.

    Then the table was emptied, or the database was created again or restored from a backup. None
    in a dry run in this case: nothing counts as read.
    """
    last = state.last_stored() if state is not None else None
    if state is None or last is None or (has_table(engine) and stored_runs(engine, [last])):
        return state
    result.read_again.append(repo)
    if plan.dry_run:
        return None
    state.start_again(int(plan.now.timestamp()))
    return state


def _memory(state: ActionsSync | None, plan: GitHubPlan) -> Callable[[str, int], None]:
    """Where to note the job that was stored last."""
    return (lambda _job, _number: None) if state is None or plan.dry_run else state.set_last_stored
