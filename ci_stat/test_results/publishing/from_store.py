"""Collects a run from the results database."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from ci_stat.errors import CannotTell, UnknownName
from ci_stat.records.case_results import Outcome, ReadState
from ci_stat.store.results.case_ids import case_keys
from ci_stat.store.results.read import ResultsReader, StoredCase, StoredRun
from ci_stat.store.results.run_lookup import RunLookup
from ci_stat.test_results.model import FileReport, RunId, RunName
from ci_stat.test_results.publishing.model import Case, Collected
from ci_stat.test_results.publishing.slower import may_be_slower
from ci_stat.test_results.summary import Ends, counts_of, ends_of
from ci_stat.test_results.views.words import case_name

_LOOKED_AT = 1_000  # newest runs of a job, among which a run is looked up


def collect_stored(
    engine: Engine, job: str | None, number: RunName | None, labels: Mapping[str, str]
) -> Collected:
    """Return the newest stored run: of the job, with this number and all of the labels, if given.

    Raises CannotTell, UnknownName or DatabaseError.
    """
    reader = ResultsReader(engine)
    run = _chosen(engine, reader, job, number, labels)
    ends = ends_of(reader.attempts(run.id))
    failed = [id for id, end in ends.items() if end.is_failed]
    flaky = [id for id, end in ends.items() if end.is_flaky and not end.is_failed]

    cases = reader.cases([*failed, *flaky])
    keys = case_keys(engine, [*failed, *flaky])
    messages = {id: text for id, (_, text) in reader.messages(run.id, failed).items()}
    shown = {id: _case(cases[id], keys[id], ends, messages.get(id, "")) for id in cases}
    return Collected(
        run=run.info,
        counts=counts_of(ends),
        failed=_sorted([shown[id] for id in failed]),
        flaky=_sorted([shown[id] for id in flaky]),
        files=tuple(
            FileReport(row.name, ReadState(row.state), row.detail, row.format, row.attempts)
            for row in reader.files(run.id)
        ),
        run_id=run.id,
        seconds=_long_passes(engine, ends),
    )


def _long_passes(engine: Engine, ends: Ends) -> dict[str, float]:
    seconds = {
        id: end.seconds
        for id, end in ends.items()
        if end.outcome is Outcome.PASSED and end.attempts == 1 and may_be_slower(end.seconds)
    }
    keys = case_keys(engine, list(seconds))
    return {keys[id]: value for id, value in seconds.items()}


def _chosen(
    engine: Engine,
    reader: ResultsReader,
    job: str | None,
    number: RunName | None,
    labels: Mapping[str, str],
) -> StoredRun:
    jobs = reader.jobs()
    if not jobs:
        raise CannotTell(
            "The results database is empty.",
            "Import some results (ci-stat tests import PATH), or name result files: PATH.",
        )
    if job is not None and job not in jobs:
        raise UnknownName(
            f"No results of the job {job!r}.", f"Jobs with results: {', '.join(jobs[:5])}"
        )
    if isinstance(number, RunId):
        stored = RunLookup(engine).with_id(number.id)
        runs = [run for run in stored if job in (None, run.info.job)]
    else:
        runs = reader.runs(job, limit=_LOOKED_AT)
    for run in runs:
        has_number = isinstance(number, RunId) or number in (None, run.info.number)
        if has_number and labels.items() <= run.info.labels.items():
            return run
    raise UnknownName(
        "No run has this number and these labels.", "`ci-stat tests runs` lists them."
    )


def _case(case: StoredCase, key: str, ends: Ends, message: str) -> Case:
    end = ends[case.id]
    return Case(
        key=key,
        name=case_name(case),
        outcome=end.outcome,
        message=message,
        file=case.file,
        attempts=end.attempts,
    )


def _sorted(cases: Sequence[Case]) -> tuple[Case, ...]:
    return tuple(sorted(cases, key=lambda case: case.name))
