"""Stores the files of a segment, as an import of the result files would."""

from collections.abc import Iterator

import msgspec

from ci_stat.records.case_results import CaseResult, ReadState
from ci_stat.store.results.attempt_rows import OUTCOMES
from ci_stat.store.results.write import ResultsWriter
from ci_stat.test_results.history.segment import Segment, SegmentFile, SegmentText, Spelled


def apply(writer: ResultsWriter, segment: Segment) -> list[tuple[int, str]]:
    """Store all files of a segment. Return them as (run id, digest). Raises DatabaseError."""
    run_id = writer.run_id(segment.run, segment.key)
    whole = writer.whole_names(run_id)
    stored = []
    for file in segment.files:
        is_outdated = file.state != ReadState.COMPLETE and file.name in whole
        if not is_outdated:
            _store(writer, run_id, segment, file)
        stored.append((run_id, file.digest))
    return stored


def _store(writer: ResultsWriter, run_id: int, segment: Segment, file: SegmentFile) -> None:
    writer.store(run_id, file.digest, file.name, lambda: SegmentAttempts(segment.cases, file))


class SegmentAttempts:
    """The attempts of a file of a segment, as a reader of result files yields them."""

    def __init__(self, cases: list[Spelled], file: SegmentFile) -> None:
        self._cases = cases
        self._file = file
        self.attempts = 0

    @property
    def state(self) -> ReadState:
        return ReadState(self._file.state)

    @property
    def detail(self) -> str:
        return self._file.detail

    @property
    def format(self) -> str:
        return self._file.format

    def __iter__(self) -> Iterator[CaseResult]:
        texts = {text.position: text for text in self._file.details}
        for position in range(len(self._file.case)):
            self.attempts += 1
            attempt = self._attempt(position)
            text = texts.get(position)
            yield attempt if text is None else _with_text(attempt, text)

    def _attempt(self, position: int) -> CaseResult:
        file = self._file
        suite, class_name, name, parameters, path = self._cases[file.case[position]]
        micros = file.micros[position]
        return CaseResult(
            suite=suite,
            class_name=class_name,
            name=name,
            parameters=parameters,
            file=path,
            outcome=OUTCOMES[file.outcome[position]],
            word=file.words[file.word[position]],
            seconds=None if micros is None else micros / 1_000_000,
        )


def _with_text(attempt: CaseResult, text: SegmentText) -> CaseResult:
    return msgspec.structs.replace(
        attempt, message=text.message, text=text.text, line=text.line, left_out=text.left_out
    )
