"""Collects a run from result files, without a database."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from ci_stat.failures.case_identity import display_name, identity_key
from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import CaseResult, Outcome, ReadState
from ci_stat.records.run_info import RunInfo, content_of
from ci_stat.test_results.entries import file_entries
from ci_stat.test_results.inputs import Input
from ci_stat.test_results.labels_text import label_pairs
from ci_stat.test_results.model import Counts, FileReport
from ci_stat.test_results.publishing.model import Case, Collected
from ci_stat.test_results.publishing.slower import may_be_slower

_FAILED = (Outcome.FAILED, Outcome.ERROR)


@dataclass(slots=True)
class _Test:
    """A test while its attempts are read. `shown`: the attempt that is shown for it."""

    shown: CaseResult
    outcome: Outcome
    attempts: int = 0
    passed: bool = False
    failed: bool = False

    def add(self, attempt: CaseResult) -> None:
        self.outcome = attempt.outcome
        self.attempts += 1
        self.passed |= attempt.outcome is Outcome.PASSED
        if attempt.outcome in _FAILED:
            self.failed = True
            self.shown = attempt

    @property
    def is_failed(self) -> bool:
        return self.outcome in _FAILED

    @property
    def is_flaky(self) -> bool:
        return self.passed and self.failed and not self.is_failed


_Key = tuple[int, str]
"""The number of the matrix entry, and the identity of the test."""


@dataclass(slots=True)
class _Tests:
    """All tests of a run by their keys."""

    by_key: dict[_Key, _Test] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, key: _Key, attempt: CaseResult) -> None:
        test = self.by_key.get(key)
        if test is None:
            test = self.by_key[key] = _Test(attempt, attempt.outcome)
        test.add(attempt)
        self.seconds += attempt.seconds or 0.0


def collect_files(inputs: Sequence[Input], run: RunInfo, folder: str = "") -> Collected:
    """Return the run that the files tell. `folder`: of the checkout, removed from file names.

    A file whose content was read already is not counted again, as at import. A test of several
    matrix entries (`entries.py`) counts once for each of them.
    """
    tests, files, contents = _Tests(), list[FileReport](), list[str]()
    entries = file_entries(inputs, run.labels)
    for number, entry in enumerate(entries):
        own: list[str] = []
        for input in entry.inputs:
            _read(tests, files, own, input, number, folder)
        contents += own
    run = msgspec.structs.replace(run, content=content_of(contents))
    return _collected(run, tests, files, folder, [entry.labels for entry in entries])


def _read(
    tests: _Tests,
    files: list[FileReport],
    contents: list[str],
    input: Input,
    entry: int,
    folder: str,
) -> None:
    """Add the tests of a file. `contents`: of the files of the entry so far."""
    digest = hashlib.sha256()
    file = ResultFile(_hashed(input, digest))
    attempts = list(_keyed(file, folder))
    content = digest.hexdigest()
    is_new = content not in contents
    contents.append(content)
    if file.state is ReadState.NOT_RESULTS and not input.is_named:
        return
    report = FileReport(input.name, file.state, file.detail, file.format, file.attempts, is_new)
    files.append(report)
    for key, attempt in attempts if is_new else ():
        tests.add((entry, key), attempt)


def _hashed(input: Input, digest: "hashlib._Hash") -> Iterator[bytes]:
    for block in input.open():
        digest.update(block)
        yield block


def _keyed(file: ResultFile, folder: str) -> Iterator[tuple[str, CaseResult]]:
    for case in file:
        place = relative(case.file, folder)
        key = identity_key(case.suite, case.class_name, case.name, case.parameters, place)
        yield key, case


def relative(path: str, folder: str) -> str:
    """A path of a file of the checkout, from its folder on."""
    slashed = path.replace("\\", "/")
    prefix = folder.rstrip("/\\").replace("\\", "/") + "/" if folder else ""
    return slashed.removeprefix(prefix) if prefix and slashed.startswith(prefix) else path


def _collected(
    run: RunInfo,
    tests: _Tests,
    files: Sequence[FileReport],
    folder: str,
    entries: Sequence[dict[str, str]],
) -> Collected:
    ends = tests.by_key.values()
    outcomes = [test.outcome for test in ends]
    counts = Counts(
        tests=len(outcomes),
        runs=sum(test.attempts for test in ends),
        passed=outcomes.count(Outcome.PASSED),
        failed=outcomes.count(Outcome.FAILED),
        errors=outcomes.count(Outcome.ERROR),
        skipped=outcomes.count(Outcome.SKIPPED),
        flaky=sum(test.is_flaky for test in ends),
        seconds=tests.seconds,
    )
    failed = {key: test for key, test in tests.by_key.items() if test.is_failed}
    flaky = {key: test for key, test in tests.by_key.items() if test.is_flaky}
    return Collected(
        run=run,
        counts=counts,
        failed=_cases(failed, folder, entries),
        flaky=_cases(flaky, folder, entries),
        files=tuple(files),
        seconds=dict(_long_passes(tests)) if len(entries) == 1 else {},
        entries=tuple(entries) or (run.labels,),
    )


def _long_passes(tests: _Tests) -> Iterator[tuple[str, float]]:
    for (_, key), test in tests.by_key.items():
        seconds = test.shown.seconds
        if test.outcome is Outcome.PASSED and test.attempts == 1 and may_be_slower(seconds):
            yield key, seconds or 0.0


def _cases(
    tests: Mapping[_Key, _Test], folder: str, entries: Sequence[dict[str, str]]
) -> tuple[Case, ...]:
    cases = [
        Case(
            key=key,
            name=_name(test.shown, entries[entry] if len(entries) > 1 else {}),
            outcome=test.outcome,
            message=test.shown.message or test.shown.text,
            file=relative(test.shown.file, folder),
            line=test.shown.line,
            attempts=test.attempts,
            labels=entries[entry],
        )
        for (entry, key), test in tests.items()
    ]
    return tuple(sorted(cases, key=lambda case: case.name))


def _name(case: CaseResult, labels: Mapping[str, str]) -> str:
    """Class and name for people, as for stored tests, with the labels of its matrix entry."""
    place = case.class_name or case.file or case.suite
    name = display_name(place, case.name + case.parameters)
    return f"{name} ({label_pairs(labels)})" if labels else name
