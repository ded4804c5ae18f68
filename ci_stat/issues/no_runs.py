"""The error for a window in which the jobs have no runs: nothing failed, but nothing ran either."""

from collections.abc import Sequence

from ci_stat.errors import NoNewData
from ci_stat.escape import visible
from ci_stat.records import RunFilter, Window
from ci_stat.runs.database import Source


def require_runs(source: Source, window: Window, jobs: Sequence[str]) -> None:
    """Raises NoNewData, with unknown job names as the hint, if the jobs have no run."""
    jobs_in_window = RunFilter(window, jobs=tuple(jobs))
    if source.count_rows([jobs_in_window]) != [0]:
        return

    unknown = [visible(problem) for problem in source.unknown_names(jobs_in_window)]
    raise NoNewData(
        f"This window contains no run of {visible(', '.join(jobs))}. "
        "That does not mean that nothing failed.",
        "\n  ".join(unknown)
        or "Check the program that fills ci_data. `ci-stat config --check` shows the newest row.",
    )
