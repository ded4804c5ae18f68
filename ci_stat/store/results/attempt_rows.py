"""Writes the attempts of a file: rows of `test_attempts`, `test_texts` and `test_file_ends`."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, insert

from ci_stat.failures.case_identity import full_name, identity_key, name_key
from ci_stat.failures.fingerprint import fingerprint
from ci_stat.records.case_results import CaseResult, Outcome
from ci_stat.store.results import tables
from ci_stat.store.results.driver_sql import Row, insert_rows
from ci_stat.store.results.known_cases import KnownCases, Spelled
from ci_stat.store.results.names import Ids
from ci_stat.store.results.packed.attempts import CHUNK, Columns, pack_attempts
from ci_stat.store.results.packed.file_ends import FileEnds

OUTCOMES = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED)
"""An outcome is stored as its place here."""

_NUMBERS = {outcome: number for number, outcome in enumerate(OUTCOMES)}
_MAX_WORD = 80
_FAILED = (Outcome.FAILED, Outcome.ERROR)
_MAX_KNOWN = 200_000  # cases of one file that are remembered: 60 MB
LARGE = 2_000  # attempts from which on it pays to load the known cases


def outcome_of(number: int) -> Outcome:
    """The outcome that is stored as this number, from 0 to 3."""
    return OUTCOMES[number]


def seconds_of(duration: int | None) -> float | None:
    """The seconds of stored microseconds."""
    return None if duration is None else duration / 1_000_000


class SharedIds:
    """Ids of cases and messages. `connection` returns where to write them."""

    def __init__(self, connection: Callable[[], Connection]) -> None:
        self.cases = Ids(tables.cases, "case_key", connection, _case_row)
        self.messages = Ids(tables.messages, "fingerprint", connection, _message_row)


class AttemptRows:
    """Writes the attempts of one file in their order."""

    def __init__(self, run_id: int, file_id: int, shared: SharedIds) -> None:
        self._run_id = run_id
        self._file_id = file_id
        self._shared = shared
        self._columns = Columns(0)
        self._ends = FileEnds()
        self._ids: dict[Spelled, int] = {}  # ids of cases as this file spells them
        self._seen: dict[Spelled, int] = {}  # those that it has
        self._known: KnownCases | None = None

    def write(self, connection: Connection, attempts: Sequence[CaseResult]) -> None:
        if self._known is None and len(attempts) >= LARGE:
            self._known = KnownCases(connection, self._run_id, self._file_id)
            self._ids.update(self._known.load())
        columns = Columns(self._columns.first + len(self._columns))
        columns.cases = self._case_ids(attempts)
        columns.messages = self._message_ids(attempts)
        columns.outcomes = [_NUMBERS[attempt.outcome] for attempt in attempts]
        columns.words = [attempt.word[:_MAX_WORD] for attempt in attempts]
        columns.durations = [_microseconds(attempt.seconds) for attempt in attempts]
        self._ends.add(columns.cases, columns.outcomes, columns.durations)
        self._write_texts(connection, columns.first, attempts)
        self._columns.extend(columns)
        if len(self._columns) >= CHUNK:
            self._write_columns(connection)

    def _write_columns(self, connection: Connection) -> None:
        columns = self._columns
        place = (self._run_id, self._file_id)
        rows = []
        for block, first, words, packed in pack_attempts(columns):
            rows.append((*place, block, first, words, packed))
        insert_rows(connection, tables.attempts, rows)
        self._columns = Columns(columns.first + len(columns))

    def _write_texts(
        self, connection: Connection, first: int, attempts: Sequence[CaseResult]
    ) -> None:
        rows = []
        for position, attempt in enumerate(attempts, first):
            if has_text(attempt):
                rows.append((self._run_id, self._file_id, position, *_text_row(attempt)))
        insert_rows(connection, tables.texts, rows)

    def finish(self, connection: Connection) -> None:
        """Write what is left, and how each test ended, after the last attempt."""
        self._write_columns(connection)
        if self._known is not None:
            self._known.save(self._seen)
        packed = self._ends.packed()
        if packed is not None:
            values = {"run_id": self._run_id, "file_id": self._file_id, "packed": packed}
            connection.execute(insert(tables.file_ends), values)

    def _case_ids(self, attempts: Sequence[CaseResult]) -> list[int]:
        if len(self._ids) > _MAX_KNOWN:
            self._ids.clear()
            self._seen.clear()
        spelled = [
            (attempt.suite, attempt.class_name, attempt.name, attempt.parameters, attempt.file)
            for attempt in attempts
        ]
        is_known = self._ids.keys() >= set(spelled)
        if not is_known:
            self._look_up([case for case in dict.fromkeys(spelled) if case not in self._ids])
        case_ids = [self._ids[case] for case in spelled]
        self._seen.update(zip(spelled, case_ids, strict=True))
        return case_ids

    def _look_up(self, unknown: Sequence[Spelled]) -> None:
        keys = [identity_key(*case) for case in unknown]
        known = self._shared.cases.of(dict(zip(keys, unknown, strict=True)))
        self._ids.update((case, known[key]) for case, key in zip(unknown, keys, strict=True))

    def _message_ids(self, attempts: Sequence[CaseResult]) -> list[int | None]:
        prints = [
            _fingerprint(attempt) if attempt.outcome in _FAILED else "" for attempt in attempts
        ]
        pairs = zip(prints, attempts, strict=True)
        messages = {key: attempt.message for key, attempt in pairs if key}
        if not messages:
            return [None] * len(attempts)
        known = self._shared.messages.of(messages)
        return [known[key] if key else None for key in prints]


def _microseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000_000)


def _case_row(key: str, case: Spelled) -> Row:
    suite, class_name, name, parameters, file = case
    return key, name_key(name, class_name, parameters), suite, class_name, name, parameters, file


def _message_row(key: str, message: str) -> Row:
    return key, message


def _fingerprint(attempt: CaseResult) -> str:
    """Return the fingerprint of a failure as `failures` has it."""
    name = full_name(attempt.class_name, attempt.name) + attempt.parameters
    return fingerprint("case", name, attempt.message)


def has_text(attempt: CaseResult) -> bool:
    """Whether the attempt needs a row of `test_texts`."""
    return bool(
        attempt.message
        or attempt.text
        or attempt.stdout
        or attempt.stderr
        or attempt.properties
        or attempt.left_out
    )


def _text_row(attempt: CaseResult) -> tuple[Any, ...]:
    return (
        attempt.message,
        attempt.text,
        attempt.stdout,
        attempt.stderr,
        json.dumps(attempt.properties, ensure_ascii=False) if attempt.properties else "",
        attempt.line,
        attempt.left_out,
    )
