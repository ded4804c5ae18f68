"""Reads what is bad now: the newest run of each job, set of labels and branch."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Engine

from ci_stat.records.case_results import Outcome, ReadState
from ci_stat.store.results.case_ids import case_ids, case_keys
from ci_stat.store.results.read import ResultsReader, RunFilter, StoredRun
from ci_stat.store.state.stored_values import digest
from ci_stat.test_results.alerts.changes import RED
from ci_stat.test_results.alerts.model import REGRESSION, Condition, Kind, Present
from ci_stat.test_results.flakiness.branches import USUAL
from ci_stat.test_results.publishing.judging import STEADY, case_history
from ci_stat.test_results.publishing.model import CaseHistory
from ci_stat.test_results.summary import Ends, TestEnd, ends_of

SPAN = timedelta(days=14)  # a job without a run in it is not looked at
EARLIER = 50  # runs before the newest one, for flakiness and since when

Judge = Callable[[StoredRun], str | None]
"""Why a run is not green, in the words of a gate; None if it is."""


def presents(
    engine: Engine,
    jobs: Sequence[str],
    branches: Sequence[str],
    now: datetime,
    known: Collection[str] = (),
    judge: Judge | None = None,
    regressions: Mapping[tuple[str, str, str], Sequence[Condition]] | None = None,
) -> tuple[Present, ...]:
    """The state of each series, by job. Runs of pull requests do not count.

    `jobs`: all if empty. `branches`: the usual names if empty. `known`: keys of conditions that
    recipients know, which may be over. `judge`: a gate, which decides whether a run is green;
    without one it is if no test fails steadily. `regressions`: by job, labels and branch; None if
    they were not looked for. Raises DatabaseError.
    """
    reader = ResultsReader(engine)
    wanted = RunFilter(jobs=tuple(jobs), branches=tuple(branches) or USUAL)
    series: dict[tuple[str, str, str], list[StoredRun]] = defaultdict(list)
    for run in reader.runs_between(now - SPAN, now + timedelta(days=1), wanted):
        info = run.info
        if info.pull is None:
            series[info.job, info.label_text, info.branch].append(run)
    keys = sorted(key for key in {*known} - {RED} if not key.startswith(REGRESSION))
    ids = case_ids(engine, keys)
    states = [
        (key, _present(engine, reader, ids, digest(*key), of_series[::-1][: EARLIER + 1], judge))
        for key, of_series in sorted(series.items())
    ]
    if regressions is None:
        return tuple(present for _, present in states)
    return tuple(_regressed(present, regressions.get(key, ()), known) for key, present in states)


def _regressed(
    present: Present, regressions: Sequence[Condition], known: Collection[str]
) -> Present:
    """The series with its regressions; others that recipients know are over."""
    own = {condition.key for condition in regressions}
    over = {key for key in known if key.startswith(REGRESSION) and key not in own}
    conditions = (*present.conditions, *regressions)
    return replace(present, conditions=conditions, fine=present.fine | over)


def _present(
    engine: Engine,
    reader: ResultsReader,
    known: Mapping[str, int],
    series: str,
    runs: Sequence[StoredRun],
    judge: Judge | None,
) -> Present:
    """`known`: ids of cases by the keys that recipients know. `runs`: newest first."""
    newest, earlier = runs[0], runs[1:]
    ends = ends_of(reader.attempts(newest.id))
    failed = [id for id, end in ends.items() if end.is_failed]
    histories = _histories(reader, failed, newest, earlier, ends)
    steady = [id for id in failed if not _is_flaky(histories[id])]

    fine = {key: id for key, id in known.items() if _passed(ends.get(id))}
    keys = case_keys(engine, steady)
    cases = reader.cases([*steady, *fine.values()])
    messages = reader.messages(newest.id, steady)
    tests = tuple(
        Condition(
            Kind.TEST,
            keys[id],
            cases[id].full_name,
            _words(histories[id]),
            messages.get(id, ("", ""))[1],
        )
        for id in sorted(steady, key=lambda id: cases[id].full_name)
    )
    if judge is not None:
        why = judge(newest)
    else:
        why = _why_red(_is_whole(reader, newest, ends), len(tests))
    red = () if why is None else (Condition(Kind.RUN, RED, "", why),)
    over = frozenset({*fine, *(() if red else (RED,))})
    names = {key: cases[id].full_name for key, id in fine.items()}
    return Present(series, newest, (*red, *tests), over, names, len(failed) - len(steady))


def _passed(end: TestEnd | None) -> bool:
    return end is not None and end.outcome is Outcome.PASSED


def _histories(
    reader: ResultsReader,
    failed: Sequence[int],
    newest: StoredRun,
    earlier: Sequence[StoredRun],
    ends: Ends,
) -> dict[int, CaseHistory]:
    """What the runs of the branch, the newest one included, say about each failed test."""
    ends_by_case: dict[int, dict[int, TestEnd]] = defaultdict(dict)
    for attempt in reader.history(failed, [run.id for run in earlier]):
        of_case = ends_by_case[attempt.case_id]
        if attempt.run_id not in of_case:
            of_case[attempt.run_id] = TestEnd(attempt.outcome)
        of_case[attempt.run_id].add(attempt)
    runs = [newest, *earlier]
    return {id: case_history(runs, (), {**ends_by_case[id], newest.id: ends[id]}) for id in failed}


def _is_flaky(history: CaseHistory) -> bool:
    """Whether its failure is no news: it flickers, and does not fail all the time."""
    return history.mixed > 0 and history.failed_runs < STEADY


def _is_whole(reader: ResultsReader, run: StoredRun, ends: Ends) -> bool:
    states = [ReadState(row.state) for row in reader.files(run.id)]
    return bool(ends) and all(state is ReadState.COMPLETE for state in states)


def _why_red(is_whole: bool, failed: int) -> str | None:
    """Why a run is not green; None if it is."""
    if not is_whole:
        return "result files are not whole"
    return "" if failed else None


def _words(history: CaseHistory) -> str:
    since, passed = history.since, history.last_passed
    if history.failed_runs > 1 and since is not None:
        return f"failed in {history.failed_runs} runs in a row, since {_place(since)}"
    return f"it passed in {_place(passed)}" if passed else "no earlier run has it"


def _place(run: StoredRun) -> str:
    number = f"run {run.info.number}" if run.info.number is not None else "a run"
    commit = f" (commit {run.info.commit[:12]})" if run.info.commit else ""
    return f"{number} of {run.started:%Y-%m-%d %H:%M} UTC{commit}"
