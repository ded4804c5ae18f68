"""Imports result files into the results database, and reads the newest run of a job."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

import msgspec
from sqlalchemy import Engine

from ci_stat.errors import CannotTell, UnknownName
from ci_stat.escape import visible
from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import CaseResult, ReadState, Unreadable
from ci_stat.records.run_info import RunInfo, content_of
from ci_stat.store.results.read import ResultsReader, RunFilter, StoredRun
from ci_stat.store.results.write import ResultsWriter
from ci_stat.test_results.inputs import Input
from ci_stat.test_results.model import Counts, FileReport, ImportReport, RunReport
from ci_stat.test_results.summary import counts_of, ends_of, run_report

HISTORY = 100  # earlier runs that are looked at
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _Digested:
    """An input with the hash of its content, or the reason why it has none."""

    input: Input
    digest: str = ""
    problem: Unreadable | None = None


class TestResults:
    """The feature. `now`: aware, for the time of import and for ages."""

    __test__ = False  # pytest collects classes of this name

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._reader = ResultsReader(engine)

    def import_files(
        self,
        inputs: Sequence[Input],
        run: RunInfo,
        folder: str = "",
        advance: Advance = lambda _: None,
    ) -> ImportReport:
        """Store the files of a run. `folder`: of the checkout; it is removed from file names.

        Raises DatabaseError. An input that cannot be read is part of the report.
        """
        digested = [_digested(input) for input in inputs]
        run = _identified(run, digested)
        left_out = [_report_left_out(one) for one in digested if _is_something_else(one)]
        wanted = [one for one in digested if not _is_something_else(one)]
        writer = ResultsWriter(self._engine, self._now)
        run_id = writer.run_id(run) if any(one.digest for one in wanted) else None

        files = []
        for one in wanted:
            files.append(_store(writer, run_id, one, folder))
            advance(1)
        counts = counts_of(ends_of(self._reader.attempts(run_id))) if run_id else Counts()
        return ImportReport(run, tuple(files), tuple(left_out), counts)

    def newest(
        self,
        job: str | None = None,
        labels: Mapping[str, str] | None = None,
        branch: str | None = None,
    ) -> RunReport:
        """Return the newest run, of `job` if given. Raises CannotTell, UnknownName, DatabaseError.

        `labels`: only runs that have all of them. `branch`: only runs on it.
        """
        jobs = self._reader.jobs()
        if not jobs:
            hint = "Import some: ci-stat tests import PATH"
            raise CannotTell("The results database is empty.", hint)
        if job is not None and job not in jobs:
            raise UnknownName(f"No results of the job {job!r}.", _similar(job, jobs))

        if branch is None:
            runs = self._reader.runs(job, limit=HISTORY + 1)
        else:
            runs = self._on_branch(branch, job)
        wanted = dict(labels or {})
        run = next((one for one in runs if wanted.items() <= one.info.labels.items()), None)
        if run is None:
            known = sorted({one.info.label_text for one in runs})
            raise UnknownName("No run has these labels.", f"Known: {', '.join(known[:10])}")
        return run_report(self._reader, run, jobs, HISTORY, self._now())

    def _on_branch(self, branch: str, job: str | None) -> list[StoredRun]:
        """Return the runs on a branch, the newest first. Raises UnknownName without any."""
        filter = RunFilter((job,) if job is not None else (), branches=(branch,))
        runs = self._reader.runs_between(_FIRST, _LAST, filter)[::-1]
        if not runs:
            name = visible(branch, 200)
            hint = "`ci-stat tests runs` lists runs with their branches."
            raise UnknownName(f"No run on the branch {name!r}.", hint)
        return runs


def _similar(job: str, jobs: Sequence[str]) -> str:
    names = get_close_matches(job, jobs, n=5, cutoff=0.5) or list(jobs[:5])
    return f"Jobs with results: {', '.join(names)}"


def _digested(input: Input) -> _Digested:
    digest, size = hashlib.sha256(), 0
    problem: Unreadable | None = None
    try:
        for block in input.open():
            digest.update(block)
            size += len(block)
    except Unreadable as error:
        problem = error
    if problem is not None and not size:
        return _Digested(input, problem=problem)
    return _Digested(input, digest.hexdigest(), problem)


def _is_something_else(one: _Digested) -> bool:
    """Whether a folder contains the file, and it is no result file."""
    if one.input.is_named or not one.digest:
        return False
    file = ResultFile(one.input.open())
    next(iter(file), None)
    return file.state is ReadState.NOT_RESULTS


def _report_left_out(one: _Digested) -> FileReport:
    return FileReport(one.input.name, ReadState.NOT_RESULTS)


def _identified(run: RunInfo, digested: Sequence[_Digested]) -> RunInfo:
    """Return the run with its content, and outside of a CI with the time of its newest file."""
    content = content_of(one.digest for one in digested)
    changes = [one.input.changed for one in digested if one.input.changed is not None]
    started = run.started
    if started is None and run.number is None and changes:
        started = datetime.fromtimestamp(max(changes), UTC)
    return msgspec.structs.replace(run, content=content, started=started)


def _store(writer: ResultsWriter, run_id: int | None, one: _Digested, folder: str) -> FileReport:
    name = one.input.name
    if run_id is None or not one.digest:
        problem = one.problem or Unreadable(ReadState.UNREADABLE, "it cannot be read")
        return FileReport(name, problem.state, problem.detail)
    stored = writer.store(run_id, one.digest, name, lambda: _Relative(one.input.open(), folder))
    return FileReport(
        name, stored.state, stored.detail, stored.format, stored.attempts, stored.is_new
    )


class _Relative(ResultFile):
    """A result file whose cases name their files from the folder of the checkout."""

    def __init__(self, blocks: Iterator[bytes], folder: str) -> None:
        super().__init__(blocks)
        self._prefix = folder.rstrip("/\\").replace("\\", "/") + "/" if folder else ""

    def __iter__(self) -> Iterator[CaseResult]:
        if not self._prefix:
            yield from super().__iter__()
            return
        for case in super().__iter__():
            path = case.file.replace("\\", "/")
            is_below = path.startswith(self._prefix)
            short = path.removeprefix(self._prefix)
            yield msgspec.structs.replace(case, file=short) if is_below else case
