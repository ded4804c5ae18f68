"""Attempts of a file as rows of `test_results` and `test_texts`."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from sqlalchemy import Connection, insert

from ci_stat.errors import DamagedDatabase
from ci_stat.failures.case_identity import full_name, identity_key, name_key
from ci_stat.failures.fingerprint import fingerprint
from ci_stat.records.case_results import CaseResult, Outcome
from ci_stat.store.results import tables
from ci_stat.store.results.driver_sql import Row, insert_rows
from ci_stat.store.results.known_cases import KnownCases, Spelled
from ci_stat.store.results.names import Ids
from ci_stat.store.results.number_rows import insert_number_rows
from ci_stat.store.results.packed.file_ends import FileEnds

OUTCOMES = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED)
"""An outcome is stored as its place here."""

_BY_NUMBER = dict(enumerate(OUTCOMES))
_NUMBERS = {outcome: number for number, outcome in enumerate(OUTCOMES)}
_MAX_WORD = 80
_FAILED = (Outcome.FAILED, Outcome.ERROR)
_MAX_KNOWN = 200_000  # cases of one file that are remembered: 60 MB
LARGE = 2_000  # attempts from which on it pays to load the known cases


def outcome_of(number: int) -> Outcome:
    """The outcome that is stored as this number. Raises DamagedDatabase."""
    outcome = _BY_NUMBER.get(number)
    if outcome is None:
        raise DamagedDatabase(f"Damaged rows in the results database: unknown outcome {number!r}.")
    return outcome


def seconds_of(duration: int | None) -> float | None:
    """The seconds of stored microseconds. Raises DamagedDatabase."""
    if duration is None:
        return None
    if not isinstance(duration, int):
        raise DamagedDatabase(f"Damaged rows in the results database: duration {duration!r}.")
    return duration / 1_000_000


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
        self._positions = count()
        self._ends = FileEnds()
        self._ids: dict[Spelled, int] = {}  # ids of cases as this file spells them
        self._seen: dict[Spelled, int] = {}  # those that it has
        self._known: KnownCases | None = None

    def write(self, connection: Connection, attempts: Sequence[CaseResult]) -> None:
        if self._known is None and len(attempts) >= LARGE:
            self._known = KnownCases(connection, self._run_id, self._file_id)
            self._ids.update(self._known.load())
        case_ids = self._case_ids(attempts)
        message_ids = self._message_ids(attempts)
        result_rows, text_rows = [], []
        for row, attempt in zip(
            self._result_rows(attempts, case_ids, message_ids), attempts, strict=True
        ):
            result_rows.append(row)
            if has_text(attempt):
                text_rows.append((*row[:3], *_text_row(attempt)))
        self._ends.add((row[3], row[4], row[6]) for row in result_rows)
        insert_number_rows(connection, tables.results, result_rows)
        insert_rows(connection, tables.texts, text_rows)

    def finish(self, connection: Connection) -> None:
        """Write how each test ended, after the last attempt."""
        if self._known is not None:
            self._known.save(self._seen)
        packed = self._ends.packed()
        if packed is not None:
            values = {"run_id": self._run_id, "file_id": self._file_id, "packed": packed}
            connection.execute(insert(tables.file_ends), values)

    def _result_rows(
        self,
        attempts: Sequence[CaseResult],
        case_ids: Sequence[int],
        message_ids: Sequence[int | None],
    ) -> Iterator[Row]:
        run_id, file_id = self._run_id, self._file_id
        for attempt, case_id, message_id, position in zip(
            attempts, case_ids, message_ids, self._positions, strict=False
        ):
            seconds = attempt.seconds
            duration = None if seconds is None else round(seconds * 1_000_000)
            outcome, word = _NUMBERS[attempt.outcome], attempt.word[:_MAX_WORD]
            yield run_id, file_id, position, case_id, outcome, word, duration, message_id

    def _case_ids(self, attempts: Sequence[CaseResult]) -> list[int]:
        if len(self._ids) > _MAX_KNOWN:
            self._ids.clear()
            self._seen.clear()
        spelled = [
            (attempt.suite, attempt.class_name, attempt.name, attempt.parameters, attempt.file)
            for attempt in attempts
        ]
        unknown = [case for case in dict.fromkeys(spelled) if case not in self._ids]
        if unknown:
            keys = [identity_key(*case) for case in unknown]
            known = self._shared.cases.of(dict(zip(keys, unknown, strict=True)))
            self._ids.update((case, known[key]) for case, key in zip(unknown, keys, strict=True))
        case_ids = [self._ids[case] for case in spelled]
        self._seen.update(zip(spelled, case_ids, strict=True))
        return case_ids

    def _message_ids(self, attempts: Sequence[CaseResult]) -> list[int | None]:
        prints = [_fingerprint(attempt) for attempt in attempts]
        pairs = zip(prints, attempts, strict=True)
        messages = {key: attempt.message for key, attempt in pairs if key}
        if not messages:
            return [None] * len(attempts)
        known = self._shared.messages.of(messages)
        return [known[key] if key else None for key in prints]


def _case_row(key: str, case: Spelled) -> Row:
    suite, class_name, name, parameters, file = case
    return key, name_key(name, class_name, parameters), suite, class_name, name, parameters, file


def _message_row(key: str, message: str) -> Row:
    return key, message


def _fingerprint(attempt: CaseResult) -> str:
    """Return the fingerprint of a failure as `failures` has it; "" for other outcomes."""
    if attempt.outcome not in _FAILED:
        return ""
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
