"""Errors for names that no run has, with similar names."""

from collections.abc import Iterable, Sequence

from ci_stat.errors import UnknownName
from ci_stat.escape import visible
from ci_stat.failures import case_key
from ci_stat.questions.gather import Gatherer
from ci_stat.questions.reference import PullReference, RunReference
from ci_stat.questions.similar import newest_names, numbers_near, similar_pulls
from ci_stat.records import Run, Window
from ci_stat.records.attempts import shown_id
from ci_stat.result.answers.similar import NEAR, similar_names

_FURTHER_BACK = "Use --since to look further back."
_JOBS = "`ci-stat jobs` lists the jobs."


def unknown_pull(
    gatherer: Gatherer, wanted: PullReference, window: Window, same_number: Sequence[Run]
) -> UnknownName:
    """`same_number`: runs of pull requests with the number in other repositories."""
    others = sorted({f"{run.repo}#{run.pr_number}" for run in same_number if run.is_pr})
    similar = others[:NEAR] or similar_pulls(gatherer, wanted.number, window)
    message = f"The pull request {visible(wanted)} has no run {_in_window(window)}."
    return UnknownName(message, _hint(similar, _FURTHER_BACK))


def unknown_case(
    gatherer: Gatherer,
    name: str,
    window: Window,
    named: Sequence[Run],
    others: Sequence[str] = (),
) -> UnknownName:
    """`named`: failed runs whose failures contain a part of the name.

    `others`: similar names of tests, if there are test results.
    """
    names = [case_key(failure.name) for run in named for failure in run.failures]
    known = list(dict.fromkeys([*names, *newest_names(gatherer, window)]))
    message = f"No failure is named {visible(name, 200)!r} {_in_window(window)}."
    similar = list(dict.fromkeys([*others, *similar_names(case_key(name), known)]))
    return UnknownName(message, _hint(similar[: 2 * NEAR], _FURTHER_BACK))


def unknown_job(gatherer: Gatherer, name: str, window: Window | None = None) -> UnknownName:
    """`window`: in which the job has no run; None if no window was asked for."""
    jobs = gatherer.job_names()
    if window is not None and name in jobs:
        return UnknownName(f"{visible(name, 200)} has no run {_in_window(window)}.", _FURTHER_BACK)
    return UnknownName(
        f"No run has the job {visible(name, 200)!r}.", _hint(similar_names(name, jobs), _JOBS)
    )


def unknown_run(gatherer: Gatherer, wanted: RunReference) -> UnknownName:
    """For a link, or a number that the job does not have."""
    if wanted.link:
        message = f"No run has the page {visible(wanted.link, 300)}."
        return UnknownName(message, "Write a job and a number: ci-stat run JOB NUMBER.")
    job = visible(wanted.job, 200)
    numbers = numbers_near(gatherer, wanted.job, wanted.number)
    hint = _hint((f"#{number}" for number in numbers), f"See: ci-stat job {job}")
    return UnknownName(f"{job} has no run {shown_id(wanted.number)}.", hint)


def _in_window(window: Window) -> str:
    begin, end = window.wall()
    return f"from {begin:%Y-%m-%d} to {end:%Y-%m-%d}"


def _hint(similar: Iterable[str], then: str) -> str:
    names = ", ".join(visible(name, 200) for name in similar)
    return f"Similar: {names}. {then}" if names else then
