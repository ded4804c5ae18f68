"""Attempts of a file as rows of `test_results` and `test_texts`."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert

from ci_stat.failures.case_identity import full_name, identity_key, name_key
from ci_stat.failures.fingerprint import fingerprint
from ci_stat.records.case_results import CaseResult, Outcome
from ci_stat.store.results.file_ends import FileEnds
from ci_stat.store.results.names import Ids
from ci_stat.store.results.tables import file_ends, results, texts

OUTCOMES = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED)
"""An outcome is stored as its place here."""

_NUMBERS = {outcome: number for number, outcome in enumerate(OUTCOMES)}
_MAX_WORD = 80
_FAILED = (Outcome.FAILED, Outcome.ERROR)
_MAX_KNOWN = 50_000

Spelled = tuple[str, str, str, str, str]


class AttemptRows:
    """Writes the attempts of one file in their order."""

    def __init__(self, run_id: int, file_id: int, shared: tuple[Ids, Ids]) -> None:
        self._run_id = run_id
        self._file_id = file_id
        self._cases, self._messages = shared
        self._position = 0
        self._ends = FileEnds()
        self._keys: dict[Spelled, str] = {}  # keys of cases as this file spells them

    def write(self, connection: Connection, attempts: Sequence[CaseResult]) -> None:
        keys = [self._case_key(attempt) for attempt in attempts]
        rows = dict(zip(keys, attempts, strict=True))
        case_ids = self._cases.of({key: _case_row(key, attempt) for key, attempt in rows.items()})
        prints = [_fingerprint(attempt) for attempt in attempts]
        message_ids = self._messages.of(_message_rows(prints, attempts))

        begin, self._position = self._position, self._position + len(attempts)
        result_rows, text_rows = [], []
        for place, attempt in enumerate(attempts):
            position = begin + place
            result_rows.append(
                (
                    self._run_id,
                    self._file_id,
                    position,
                    case_ids[keys[place]],
                    _NUMBERS[attempt.outcome],
                    attempt.word[:_MAX_WORD],
                    None if attempt.seconds is None else round(attempt.seconds * 1_000_000),
                    message_ids[prints[place]] if prints[place] else None,
                )
            )
            if has_text(attempt):
                text_rows.append((self._run_id, self._file_id, position, *_text_row(attempt)))
        self._ends.add((row[3], row[4], row[6]) for row in result_rows)
        _append(connection, results, result_rows)
        _append(connection, texts, text_rows)

    def finish(self, connection: Connection) -> None:
        """Write how each test ended, after the last attempt."""
        packed = self._ends.packed()
        if packed is not None:
            values = {"run_id": self._run_id, "file_id": self._file_id, "packed": packed}
            connection.execute(insert(file_ends), values)

    def _case_key(self, attempt: CaseResult) -> str:
        spelled = (
            attempt.suite, attempt.class_name, attempt.name, attempt.parameters, attempt.file
        )  # fmt: skip
        key = self._keys.get(spelled)
        if key is None:
            if len(self._keys) > _MAX_KNOWN:
                self._keys.clear()
            key = self._keys[spelled] = identity_key(*spelled)
        return key


def _case_row(key: str, attempt: CaseResult) -> dict[str, str]:
    return {
        "case_key": key,
        "name_key": name_key(attempt.name, attempt.class_name, attempt.parameters),
        "suite": attempt.suite,
        "class_name": attempt.class_name,
        "name": attempt.name,
        "parameters": attempt.parameters,
        "file": attempt.file,
    }


def _fingerprint(attempt: CaseResult) -> str:
    """Return the fingerprint of a failure as `failures` has it; "" for other outcomes."""
    if attempt.outcome not in _FAILED:
        return ""
    name = full_name(attempt.class_name, attempt.name) + attempt.parameters
    return fingerprint("case", name, attempt.message)


def _message_rows(
    prints: Sequence[str], attempts: Sequence[CaseResult]
) -> dict[str, dict[str, str]]:
    pairs = zip(prints, attempts, strict=True)
    return {key: {"fingerprint": key, "message": attempt.message} for key, attempt in pairs if key}


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


def _append(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows through the driver: SQLAlchemy would double the time of an import."""
    if not rows:
        return
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    columns = ", ".join(column.name for column in table.c)
    marks = ", ".join([mark] * len(table.c))
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608  # our names
    connection.exec_driver_sql(statement, list(rows))
