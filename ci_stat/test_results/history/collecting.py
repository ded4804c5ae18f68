"""Collects what the branch lacks from the local database, as segments."""

from collections.abc import Sequence
from typing import Any

from ci_stat.store.results.read import run_info
from ci_stat.store.results.segments import FileAttempt, SegmentStore
from ci_stat.test_results.history.segment import (
    VERSION,
    Segment,
    SegmentFile,
    SegmentText,
    Spelled,
)

_MAX_TEXT = 4_000  # characters of a stack trace


class Places:
    """Numbers values in the order of their first use."""

    def __init__(self) -> None:
        self._places: dict[Any, int] = {}

    def of(self, value: Any) -> int:
        return self._places.setdefault(value, len(self._places))

    def values(self) -> list[Any]:
        return list(self._places)


def collect(store: SegmentStore, run_id: int) -> tuple[Segment, list[str]]:
    """Return a segment of all files of a run that the branch lacks, and their digests.

    Raises DatabaseError.
    """
    row = store.run_row(run_id)
    spelled = Places()
    rows = store.unsent_files(run_id)
    files = [_file(store, run_id, file, spelled) for file in rows]
    segment = Segment(VERSION, row.run_key, run_info(row), spelled.values(), files)
    return segment, [file.digest for file in rows]


def _file(store: SegmentStore, run_id: int, file: Any, spelled: Places) -> SegmentFile:
    attempts = store.attempt_rows(run_id, file.id)
    words = Places()
    return SegmentFile(
        digest=file.digest,
        name=file.name,
        format=file.format,
        state=file.state,
        detail=file.detail,
        case=[spelled.of(_spelled(one.case)) for one in attempts],
        outcome=[one.attempt.outcome for one in attempts],
        word=[words.of(one.attempt.word) for one in attempts],
        micros=[one.attempt.duration for one in attempts],
        words=words.values(),
        details=_texts(attempts),
    )


def _spelled(row: Any) -> Spelled:
    return (row.suite, row.class_name, row.name, row.parameters, row.file)


def _texts(attempts: Sequence[FileAttempt]) -> list[SegmentText]:
    """Messages and the beginnings of texts. Output is left out, and counted."""
    texts = []
    for place, one in enumerate(attempts):
        row = one.text
        if row is None:
            continue
        text = row.text[:_MAX_TEXT]
        omitted = len(row.text) - len(text) + len(row.stdout) + len(row.stderr)
        if row.message or text:
            left_out = row.left_out + omitted
            texts.append(SegmentText(place, row.message, text, row.line, left_out))
    return texts
