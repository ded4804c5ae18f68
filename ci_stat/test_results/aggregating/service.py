"""Reads the files of a matrix, and joins those of each entry."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import msgspec

from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import CaseResult, Outcome, ReadState, Unreadable
from ci_stat.rendering.format import plural
from ci_stat.test_results.aggregating.expected import Expected, missing_entries
from ci_stat.test_results.aggregating.labels import (
    LabelPattern,
    entry_name,
    labels_of_path,
    labels_of_text,
)
from ci_stat.test_results.aggregating.model import Entry, Summary
from ci_stat.test_results.inputs import Input
from ci_stat.test_results.model import FileReport
from ci_stat.test_results.running.collected import Collected, TestRecord
from ci_stat.test_results.running.output import FORMAT, StoredTestRun, cases_of
from ci_stat.test_results.running.results import LIMITS

AGGREGATE = "ci-stat aggregate"
NO_NAME = "all"
_HEAD = 64 * 1024  # bytes in which labels are looked for
_RUN_ID = re.compile(r'<property\s+name="ci-stat\.run"\s+value="(\w{1,64})"')
_BAD = (Outcome.FAILED, Outcome.ERROR)


@dataclass(slots=True)
class _File:
    """A file that was read. `run_id`: of the run of ci-stat that wrote it."""

    report: FileReport
    labels: dict[str, str]
    cases: list[CaseResult] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    run_id: str = ""
    repeats: str = ""
    is_run: bool = False
    is_aggregate: bool = False
    digest: str = ""


def aggregate(
    inputs: Iterable[Input],
    roots: Sequence[str],
    expected: Sequence[Expected],
    patterns: Sequence[LabelPattern] = (),
    advance: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Read all inputs, and join them. `roots`: the folders that were named."""
    files = []
    for input in inputs:
        files.append(_read(input, patterns))
        advance(1)
    left_out = _copies(files)
    kept = [file for file in files if id(file) not in left_out]
    is_other = {id(file) for file in kept if file.report.state is ReadState.NOT_RESULTS}
    entries = _entries([file for file in kept if id(file) not in is_other], tuple(roots))
    missing, unexpected = missing_entries(expected, entries)
    names = [file.report.name for file in files if id(file) in left_out | is_other]
    return Summary(
        entries=tuple(entries),
        missing=tuple(missing),
        expected=len(expected) if expected else None,
        unexpected=tuple(unexpected if expected else ()),
        left_out=tuple(names),
    )


def _copies(files: Sequence[_File]) -> set[int]:
    """Files that repeat others: the JUnit file of a run, a run that was repeated, equal content."""
    runs = {file.run_id for file in files if file.is_run and file.run_id}
    repeated = {file.repeats for file in files if file.repeats}
    copies: set[int] = set()
    seen: set[tuple[str, str]] = set()
    for file in files:
        is_superseded = bool(file.run_id) and file.run_id in repeated
        is_junit_of_run = not file.is_run and bool(file.run_id) and file.run_id in runs
        identity = (file.digest, repr(sorted(file.labels.items())))
        is_equal = bool(file.digest) and bool(file.cases) and identity in seen and bool(file.labels)
        seen.add(identity)
        if file.is_aggregate or is_superseded or is_junit_of_run or is_equal:
            copies.add(id(file))
    return copies


def _entries(files: Sequence[_File], roots: tuple[str, ...]) -> list[Entry]:
    entries: dict[str, Entry] = {}
    for file in files:
        name = entry_name(file.labels, file.report.name, roots) or NO_NAME
        entry = entries.setdefault(name, Entry(name, file.labels))
        entry.files.append(file.report)
        entry.problems += file.problems
        _join(entry, file.cases)
    return [entries[name] for name in sorted(entries)]


def _join(entry: Entry, cases: Iterable[CaseResult]) -> None:
    """Add the tests of a file. A pass in one file does not undo the failure in another."""
    own = Collected()
    for case in cases:
        own.add(case)
    for record in own:
        known = entry.tests.get(record.key)
        if known is None:
            entry.tests.put(record)
        else:
            entry.repeated += 1
            known.attempts = _worse_last(known, record)


def _worse_last(first: TestRecord, second: TestRecord) -> list[CaseResult]:
    ordered = [second, first] if first.is_failed else [first, second]
    return [attempt for record in ordered for attempt in record.attempts]


def _read(input: Input, patterns: Sequence[LabelPattern]) -> _File:
    labels = labels_of_path(input.name)
    digest = hashlib.sha256()
    try:
        blocks = _digesting(input.open(), digest.update)
        head = _head(blocks)
    except Unreadable as problem:
        report = FileReport(input.name, problem.state, problem.detail)
        return _File(report, labels | _by_pattern(patterns, input.name))
    text = head[:_HEAD].decode("utf-8", "replace")
    labels |= labels_of_text(text)
    if text.lstrip().startswith("{") and f'"{FORMAT}"' in text[:500]:
        file = _run_file(input, chain((head,), blocks), labels)
    else:
        file = _result_file(input, chain((head,), blocks), labels)
    file.labels |= _by_pattern(patterns, input.name)
    if match := _RUN_ID.search(text):
        file.run_id = match[1]
    file.is_aggregate = f'<testsuites name="{AGGREGATE}"' in text[:1000]
    file.digest = digest.hexdigest()
    return file


def _by_pattern(patterns: Sequence[LabelPattern], name: str) -> dict[str, str]:
    return {key: value for one in patterns for key, value in one.labels(name).items()}


def _digesting(blocks: Iterator[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for block in blocks:
        update(block)
        yield block


def _head(blocks: Iterator[bytes]) -> bytes:
    head = b""
    for block in blocks:
        head += block
        if len(head) >= _HEAD:
            break
    return head


def _result_file(input: Input, blocks: Iterable[bytes], labels: dict[str, str]) -> _File:
    results = ResultFile(blocks, LIMITS)
    cases = [_slim(case) for case in results]
    state = results.state
    is_named_otherwise = state is ReadState.NOT_RESULTS and input.is_named
    if is_named_otherwise:
        state = ReadState.UNREADABLE  # a person named it, so it has to be results
    report = FileReport(input.name, state, results.detail, results.format, results.attempts)
    return _File(report, labels, cases)


def _slim(case: CaseResult) -> CaseResult:
    """A passed attempt without its output: a matrix has many."""
    if case.outcome in _BAD or not (case.stdout or case.stderr):
        return case
    return msgspec.structs.replace(case, stdout="", stderr="")


def _run_file(input: Input, blocks: Iterable[bytes], labels: dict[str, str]) -> _File:
    """The file of `ci-stat tests run --output`."""
    try:
        run = msgspec.json.decode(b"".join(blocks), type=StoredTestRun)
    except Unreadable as problem:
        return _File(FileReport(input.name, problem.state, problem.detail), labels)
    except (msgspec.MsgspecError, UnicodeError) as error:
        report = FileReport(input.name, ReadState.BROKEN, str(error)[:200], FORMAT)
        return _File(report, labels)
    cases = list(cases_of(run.tests))
    state = ReadState.COMPLETE if cases else ReadState.NO_CASES
    report = FileReport(input.name, state, "" if cases else "no test ran", FORMAT, len(cases))
    problems = list(run.problems)
    if run.total_missing:
        problems.append(f"{plural(run.total_missing, 'test')} missing")
    if run.interrupted:
        problems.append("the run was interrupted")
    return _File(report, labels | run.labels, cases, problems, run.id, run.repeats, is_run=True)
