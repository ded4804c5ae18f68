"""Finds cases by name, and reads the history of one case: through indexes only.

Only `all` and `containing` read all names of cases; they serve names that no index has.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, Select, func, select

from ci_stat.records.case_results import Outcome
from ci_stat.store.engine import connected
from ci_stat.store.results.attempt_rows import OUTCOMES, outcome_of, seconds_of
from ci_stat.store.results.packed import attempts as packed
from ci_stat.store.results.read import StoredCase, StoredRun, stored_run
from ci_stat.store.results.stored_attempts import attempts_of_case_between, attempts_of_cases
from ci_stat.store.results.tables import cases, messages, runs, texts
from ci_stat.store.results.write import milliseconds
from ci_stat.store.state.writing import batches

_FAILED = [OUTCOMES.index(outcome) for outcome in (Outcome.FAILED, Outcome.ERROR)]
_SKIPPED = OUTCOMES.index(Outcome.SKIPPED)
_BATCH = 500  # keys in one statement
_SEARCHED = 200_000  # cases whose names are searched


class CaseAttempt(msgspec.Struct, frozen=True):
    """One attempt of a case. `position`: its file and its order in it; `message_id`: or None."""

    position: tuple[int, int]
    outcome: Outcome
    word: str
    seconds: float | None
    message_id: int | None


class CaseCount(msgspec.Struct, frozen=True):
    """Attempts of a case: those that were not skipped, and those that failed."""

    finished: int
    failed: int


class StoredMessage(msgspec.Struct, frozen=True):
    """The first message with a fingerprint."""

    fingerprint: str
    message: str


AttemptPlace = tuple[int, int, int]
"""Run, file and position of an attempt."""


class CaseHistoryReader:
    """Questions about single cases. Each raises DatabaseError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def named(self, name_keys: Iterable[str]) -> list[StoredCase]:
        """Return the cases with one of these name keys."""
        keys = sorted(set(name_keys))
        return self._cases(select(cases).where(cases.c.name_key.in_(keys)).order_by(cases.c.id))

    def with_key(self, beginning: str) -> list[StoredCase]:
        """Return the cases whose key begins so, at most 20."""
        is_after = cases.c.case_key >= beginning
        is_before = cases.c.case_key < beginning + "g"  # behind all hex digits
        return self._cases(select(cases).where(is_after, is_before).limit(20))

    def containing(self, part: str) -> list[StoredCase]:
        """Return the cases with this text in their name or parameters. Reads all names."""
        is_inside = (func.instr(cases.c.name, part) > 0) | (
            func.instr(cases.c.parameters, part) > 0
        )
        return self._cases(select(cases).where(is_inside).order_by(cases.c.id).limit(_SEARCHED))

    def all(self) -> list[StoredCase]:
        """Return all cases, the newest first. Reads all names."""
        return self._cases(select(cases).order_by(cases.c.id.desc()).limit(_SEARCHED))

    def keys(self, case_ids: Sequence[int]) -> dict[int, str]:
        """Return the key of each case."""
        keys: dict[int, str] = {}
        for ids in batches(case_ids, _BATCH):
            query = select(cases.c.id, cases.c.case_key).where(cases.c.id.in_(ids))
            keys.update({row.id: row.case_key for row in self._rows(query)})
        return keys

    def newest(self) -> datetime | None:
        """Return the start of the newest run; None without a run."""
        rows = self._rows(select(runs).order_by(runs.c.started.desc()).limit(1))
        return stored_run(rows[0]).started if rows else None

    def counts(self, case_ids: Sequence[int]) -> dict[int, CaseCount]:
        """Count the attempts of cases, over all runs."""
        counts: dict[int, CaseCount] = {}
        with connected(self._engine) as connection:
            for attempt in attempts_of_cases(connection, case_ids):
                before = counts.get(attempt.case_id, CaseCount(0, 0))
                counts[attempt.case_id] = CaseCount(
                    before.finished + (attempt.outcome != _SKIPPED),
                    before.failed + (attempt.outcome in _FAILED),
                )
        return counts

    def history(
        self, case_id: int, begin: datetime, end: datetime
    ) -> list[tuple[StoredRun, list[CaseAttempt]]]:
        """Return the runs in [begin, end) that have the case, oldest first, with its attempts."""
        with connected(self._engine) as connection:
            attempts = list(
                attempts_of_case_between(
                    connection, case_id, milliseconds(begin), milliseconds(end)
                )
            )
            run_ids = sorted({attempt.run_id for attempt in attempts})
            rows: list[Any] = []
            for ids in batches(run_ids, _BATCH):
                rows += connection.execute(select(runs).where(runs.c.id.in_(ids))).all()
        by_run: dict[int, list[CaseAttempt]] = {}
        for attempt in attempts:
            by_run.setdefault(attempt.run_id, []).append(_attempt(attempt))
        rows.sort(key=lambda row: (row.started, row.id))
        return [(stored_run(row), by_run[row.id]) for row in rows]

    def messages(self, message_ids: Iterable[int]) -> dict[int, StoredMessage]:
        """Return messages by their id."""
        stored: dict[int, StoredMessage] = {}
        for ids in batches(sorted(set(message_ids)), _BATCH):
            for row in self._rows(select(messages).where(messages.c.id.in_(ids))):
                stored[row.id] = StoredMessage(row.fingerprint, row.message)
        return stored

    def text(self, place: AttemptPlace) -> tuple[str, str]:
        """Return the message and the text of one attempt; empty ones if it has none."""
        query = select(texts.c.message, texts.c.text).where(
            texts.c.run_id == place[0], texts.c.file_id == place[1], texts.c.position == place[2]
        )
        rows = self._rows(query)
        return (rows[0].message, rows[0].text) if rows else ("", "")

    def _cases(self, query: Select[Any]) -> list[StoredCase]:
        return [
            StoredCase(row.id, row.suite, row.class_name, row.name, row.parameters, row.file)
            for row in self._rows(query)
        ]

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        with connected(self._engine) as connection:
            return connection.execute(query).all()


def _attempt(row: packed.Attempt) -> CaseAttempt:
    return CaseAttempt(
        position=(row.file_id, row.position),
        outcome=outcome_of(row.outcome),
        word=row.word,
        seconds=seconds_of(row.duration),
        message_id=row.message_id,
    )
