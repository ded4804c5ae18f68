"""The runs of a pull request, and the counts of the places in which it failed."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection

from ci_stat.questions.gather import Gatherer
from ci_stat.questions.run_days import SettledDays, read_at_once
from ci_stat.records import Run, RunFilter, Tally, Window, stored_names
from ci_stat.result.result import in_order
from ci_stat.store.ci_data import lookups
from ci_stat.store.ci_data.lookups import Place


def pull_runs(
    gatherer: Gatherer, window: Window, number: int, settled: SettledDays | None
) -> list[Run]:
    """The runs of pull requests with this number, oldest first. Raises DatabaseError."""
    origin, names = gatherer.source.origin, RunFilter(window)

    def search(connection: Connection, names: RunFilter) -> list[Run]:
        return lookups.pull_runs(connection, names, number, origin)

    windows = [window] if settled is None else settled.unread(window)
    runs = [run for part in read_at_once(gatherer, windows, search) for run in part]
    keys = [] if settled is None else settled.keys(number)
    if keys:
        runs += gatherer.ask(lambda connection: lookups.runs_of(connection, keys, names, origin))
    return in_order({(run.job_name, run.job_id): run for run in runs}.values())


def count_places(
    gatherer: Gatherer, window: Window, jobs: Iterable[str], settled: SettledDays | None
) -> dict[Place, Tally]:
    """Runs of these jobs by outcome, for each job, repository and branch."""
    wanted = tuple(sorted(jobs))
    if settled is None:
        return gatherer.count_places(window, wanted)

    tallies = [gatherer.count_places(part, wanted) for part in settled.unread(window)]
    tallies.append(_settled_places(settled, window, wanted))
    together: dict[Place, Tally] = {}
    for of_part in tallies:
        for place, tally in of_part.items():
            together[place] = together.get(place, Tally()) + tally
    return together


def _settled_places(
    settled: SettledDays, window: Window, jobs: Iterable[str]
) -> dict[Place, Tally]:
    full_names = {stored: job for job in jobs for stored in stored_names(job)}
    counts: dict[Place, Counter[str]] = defaultdict(Counter)
    for (job, repo, branch, status), runs in settled.counts(window, full_names).items():
        counts[full_names[job], repo, branch][status] += runs
    return {place: Tally.of(statuses) for place, statuses in counts.items()}
