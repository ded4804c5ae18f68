"""Reads runs, their attempts, and the history of cases from the results database."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Select, exists, func, select

from ci_stat.records.case_results import Outcome
from ci_stat.records.run_info import RunInfo
from ci_stat.store.damage import stored_value
from ci_stat.store.engine import connected
from ci_stat.store.results.attempt_rows import outcome_of, seconds_of
from ci_stat.store.results.packed import attempts as packed
from ci_stat.store.results.stored_attempts import (
    attempts_of_cases,
    attempts_of_runs,
    first_starts,
)
from ci_stat.store.results.tables import (
    cases,
    files,
    messages,
    pruned_files,
    runs,
    texts,
)
from ci_stat.store.state.writing import batches

_BATCH = 500  # ids in one statement


class StoredRun(msgspec.Struct, frozen=True):
    """A run with its id in the database."""

    id: int
    info: RunInfo

    @property
    def started(self) -> datetime:
        assert self.info.started is not None  # each stored run has a time
        return self.info.started


class StoredCase(msgspec.Struct, frozen=True):
    """A case as it was first spelled."""

    id: int
    suite: str
    class_name: str
    name: str
    parameters: str
    file: str

    @property
    def full_name(self) -> str:
        """Class and name for people, with parameters."""
        place = self.class_name or self.file or self.suite
        name = self.name + self.parameters
        return name if not place or name.startswith(place) else f"{place} :: {name}"


class Attempt(msgspec.Struct, frozen=True):
    """One attempt of a case in a run. `position`: its order in the run."""

    case_id: int
    run_id: int
    position: tuple[int, int]
    outcome: Outcome
    word: str
    seconds: float | None


class RunFilter(msgspec.Struct, frozen=True):
    """Which runs: of these jobs, repositories and branches (all if empty), with all labels."""

    jobs: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    labels: dict[str, str] = {}


EVERY_RUN = RunFilter()

IS_PRUNED = exists().where(pruned_files.c.run_id == runs.c.id)


class ResultsReader:
    """Questions to the results database. Each raises DatabaseError.

    Runs whose results were pruned are left out: only their days are known (daily.py).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def jobs(self) -> list[str]:
        """Return all jobs, the one with the newest run first."""
        query = select(runs.c.job).group_by(runs.c.job).order_by(func.max(runs.c.started).desc())
        return [row.job for row in self._rows(query)]

    def runs(
        self, job: str | None = None, limit: int = 1, before: int | None = None
    ) -> list[StoredRun]:
        """Return the newest runs, newest first. `before`: only runs before this id's run."""
        newest_first = (runs.c.started.desc(), runs.c.id.desc())
        query = select(runs).where(~IS_PRUNED).order_by(*newest_first).limit(limit)
        if job is not None:
            query = query.where(runs.c.job == job)
        if before is not None:
            anchor = select(runs.c.started).where(runs.c.id == before).scalar_subquery()
            is_earlier = (runs.c.started < anchor) | (
                (runs.c.started == anchor) & (runs.c.id < before)
            )
            query = query.where(is_earlier)
        return [stored_run(row) for row in self._rows(query)]

    def runs_between(
        self, begin: datetime, end: datetime, filter: RunFilter = EVERY_RUN
    ) -> list[StoredRun]:
        """Return the runs that started in [begin, end), oldest first. `begin`, `end`: aware."""
        milliseconds = [round(time.timestamp() * 1000) for time in (begin, end)]
        is_between = (runs.c.started >= milliseconds[0]) & (runs.c.started < milliseconds[1])
        query = select(runs).where(is_between, ~IS_PRUNED).order_by(runs.c.started, runs.c.id)
        for column, names in (
            (runs.c.job, filter.jobs),
            (runs.c.repo, filter.repos),
            (runs.c.branch, filter.branches),
        ):
            if names:
                query = query.where(column.in_(names))
        stored = [stored_run(row) for row in self._rows(query)]
        return [run for run in stored if filter.labels.items() <= run.info.labels.items()]

    def of_number(self, job: str, number: int) -> list[StoredRun]:
        """Return the runs of a job with this number: one for each attempt and set of labels."""
        query = select(runs).where(runs.c.job == job, runs.c.number == number).order_by(runs.c.id)
        return [stored_run(row) for row in self._rows(query)]

    def files(self, run_id: int) -> list[Any]:
        """Return the files of a run: rows of `test_files`."""
        return list(self._rows(select(files).where(files.c.run_id == run_id).order_by(files.c.id)))

    def attempts(self, run_id: int) -> Iterator[Attempt]:
        """Yield the attempts of a run in their order."""
        with connected(self._engine) as connection:
            rows = list(attempts_of_runs(connection, [run_id]))
        for row in rows:
            yield _attempt(row)

    def history(self, case_ids: Sequence[int], run_ids: Sequence[int]) -> Iterator[Attempt]:
        """Yield the attempts of some cases in some runs, ordered by run, file and position."""
        with connected(self._engine) as connection:
            rows = list(attempts_of_cases(connection, case_ids, run_ids))
        for row in rows:
            yield _attempt(row)

    def cases(self, case_ids: Sequence[int]) -> dict[int, StoredCase]:
        """Return cases by id."""
        cases_by_id = {}
        for ids in batches(case_ids, _BATCH):
            for row in self._rows(select(cases).where(cases.c.id.in_(ids))):
                cases_by_id[row.id] = StoredCase(
                    row.id, row.suite, row.class_name, row.name, row.parameters, row.file
                )
        return cases_by_id

    def first_runs(self, case_ids: Sequence[int], job: str) -> dict[int, int]:
        """Return the start (ms) of the first run of the job that had each case."""
        with connected(self._engine) as connection:
            return first_starts(connection, case_ids, runs.c.job == job)

    def messages(self, run_id: int, case_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Return (fingerprint, message) of the last attempt with a message, by case."""
        with connected(self._engine) as connection:
            attempts = list(attempts_of_cases(connection, case_ids, [run_id]))
            failed = [attempt for attempt in attempts if attempt.message_id is not None]
            fingerprints = _fingerprints(connection, {attempt.message_id for attempt in failed})
            texts = texts_at(connection, run_id, [attempt.position for attempt in failed])
        messages_by_case: dict[int, tuple[str, str]] = {}
        for attempt in failed:
            if attempt.message_id in fingerprints:
                text = texts.get((attempt.file_id, attempt.position))
                message = text.message if text else ""
                messages_by_case[attempt.case_id] = fingerprints[attempt.message_id], message
        return messages_by_case

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        with connected(self._engine) as connection:
            return connection.execute(query).all()


def texts_at(
    connection: Connection, run_id: int, positions: Sequence[int]
) -> dict[tuple[int, int], Any]:
    """Return rows of `test_texts` of a run by file and position, at least at these positions."""
    texts_by_place = {}
    for some in batches(sorted(set(positions)), _BATCH):
        is_there = (texts.c.run_id == run_id) & texts.c.position.in_(some)
        for row in connection.execute(select(texts).where(is_there)):
            texts_by_place[row.file_id, row.position] = row
    return texts_by_place


def _fingerprints(
    connection: Connection, message_ids: Iterable[int | None]
) -> dict[int | None, str]:
    fingerprints: dict[int | None, str] = {}
    for some in batches(message_ids, _BATCH):
        query = select(messages.c.id, messages.c.fingerprint).where(messages.c.id.in_(some))
        fingerprints.update({row.id: row.fingerprint for row in connection.execute(query)})
    return fingerprints


def run_info(row: Any) -> RunInfo:
    """What a row of `test_runs` says about the run."""
    return RunInfo(
        job=row.job,
        number=row.number,
        attempt=row.attempt,
        repo=row.repo,
        commit=row.commit_hash,
        branch=row.branch,
        pull=row.pull,
        trigger=row.cause,
        url=row.url,
        labels=json.loads(row.labels),
        started=datetime.fromtimestamp(row.started / 1000, UTC),
    )


def stored_run(row: Any) -> StoredRun:
    """The run of a row of `test_runs`. Raises DamagedDatabase."""
    with stored_value("runs in the results database"):
        return StoredRun(row.id, run_info(row))


def _attempt(row: packed.Attempt) -> Attempt:
    return Attempt(
        case_id=row.case_id,
        run_id=row.run_id,
        position=(row.file_id, row.position),
        outcome=outcome_of(row.outcome),
        word=row.word,
        seconds=seconds_of(row.duration),
    )
