"""Adds up the runs of a case: rate, days, flaky commits, and since when it fails. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from ci_stat.result.answers.history_model import Day
from ci_stat.test_results.cases.model import CaseHistory, CaseRun, Place, PlaceState
from ci_stat.test_results.labels_text import label_pairs


def job_name(run: CaseRun) -> str:
    """The job with its labels, e.g. `unit (db=tidb)`."""
    labels = labels_words(run.run.info.labels)
    return f"{run.run.info.job} ({labels})" if labels else run.run.info.job


def labels_words(labels: dict[str, str]) -> str:
    """Labels for people: `db=tidb, spark=3.5`."""
    return label_pairs(labels)


def branch_name(run: CaseRun) -> str:
    """The branch; pull requests count together."""
    info = run.run.info
    return "(pull requests)" if info.pull is not None else info.branch


def day_of(run: CaseRun, history: CaseHistory) -> str:
    """The day on which the run started, in the zone of the history."""
    return f"{run.run.started.astimezone(history.zone):%Y-%m-%d}"


def days(history: CaseHistory) -> tuple[Day, ...]:
    """Each day from the first to the last run, also those without runs."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for run in history.runs:
        count = counts[day_of(run, history)]
        count[0] += run.is_failed
        count[1] += run.is_finished
    return filled({day: (failed, runs) for day, (failed, runs) in counts.items()})


def filled(counts: dict[str, tuple[int, int]]) -> tuple[Day, ...]:
    """Days in their order, with those between them that have no run."""
    if not counts:
        return ()
    first, last = (datetime.fromisoformat(day) for day in (min(counts), max(counts)))
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    labels = (f"{day:%Y-%m-%d}" for day in every)
    return tuple(Day(label, *counts.get(label, (0, 0))) for label in labels)


def place_of(run: CaseRun) -> Place:
    info = run.run.info
    is_pull = info.pull is not None
    return Place(info.job, labels_words(info.labels), "" if is_pull else info.branch, is_pull)


def states(history: CaseHistory) -> tuple[PlaceState, ...]:
    """How the case ended at last in each place; failing places first, then those with most runs.

    Pull requests try code that may be broken: they count only if nothing else ran the case.
    """
    places: dict[Place, list[CaseRun]] = defaultdict(list)
    for run in history.runs:
        if run.is_finished:
            places[place_of(run)].append(run)
    kept = [place for place in places if not place.is_pull] or list(places)
    kept.sort(key=lambda place: (not places[place][-1].is_failed, -len(places[place]), place.job))
    return tuple(_state(place, places[place]) for place in kept)


def _state(place: Place, runs: Sequence[CaseRun]) -> PlaceState:
    """`runs`: finished ones, oldest first."""
    row: list[CaseRun] = []
    last_passed = None
    for run in reversed(runs):
        if not run.is_failed:
            last_passed = run
            break
        row.append(run)
    last_failed = next((run for run in reversed(runs) if run.is_failed), None)
    return PlaceState(
        place=place,
        newest=runs[-1],
        runs=len(row),
        since=row[-1] if row else None,
        last_passed=last_passed,
        last_failed=None if row else last_failed,
    )


def flaky_commits(history: CaseHistory) -> tuple[str, ...]:
    """Commits with both outcomes in one job with one set of labels, in order of their first run."""
    outcomes: dict[tuple[str, str, str], list[bool]] = defaultdict(lambda: [False, False])
    for run in history.runs:
        place = place_of(run)
        outcome = outcomes[place.job, place.labels, run.commit]
        outcome[0] |= run.has_passed
        outcome[1] |= run.has_failed
    mixed = (commit for (_, _, commit), both in outcomes.items() if all(both))
    return tuple(dict.fromkeys(mixed))


def commits(history: CaseHistory) -> int:
    """On how many commits it passed or failed."""
    return len({run.commit for run in history.runs if run.has_passed or run.has_failed})


def retried(history: CaseHistory) -> tuple[int, int]:
    """Runs with more than one attempt, and how many of those passed at last after a failure."""
    repeated = [run for run in history.runs if len(run.attempts) > 1]
    rescued = [run for run in repeated if run.has_failed and run.is_finished and not run.is_failed]
    return len(repeated), len(rescued)
