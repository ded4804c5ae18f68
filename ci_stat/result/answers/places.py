"""Where runs belong: job, repository and target branch."""

from collections.abc import Iterable

from ci_stat.records import Run

Place = tuple[str, str, str]  # job, repository, target branch; "" if unknown


def place_of(run: Run) -> Place:
    return run.job_name, run.repo or "", run.branch or ""


def places_of(runs: Iterable[Run]) -> set[Place]:
    return {place_of(run) for run in runs}
