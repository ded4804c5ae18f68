"""Reads the results that a gate judges from files, without a database.

The attempts of a test in one file are retries: the last one counts. A failure in one file is not
undone by a pass in another file, which may be of another machine or matrix entry, unless the files
are named as retries of each other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import CaseResult, Limits, ReadState, Unreadable
from ci_stat.test_results.aggregating.labels import labels_of_path
from ci_stat.test_results.gates.joining import later, worse
from ci_stat.test_results.gates.model import GateCase, GateResults, Labels, labels_key
from ci_stat.test_results.inputs import Input
from ci_stat.test_results.model import FileReport

_NO_TEXTS = Limits(text=0, output=0)

Spelled = tuple[str, str, str, str, str, Labels]
Advance = Callable[[int], None]


def read_results(
    inputs: Iterable[Input],
    labels: Mapping[str, str] | None = None,
    are_retries: bool = False,
    advance: Advance = lambda _: None,
) -> GateResults:
    """Read all inputs. What cannot be read is a file of the result that is not whole.

    `labels`: of all files; names of folders, archives and files state more, as for `tests
    aggregate`.
    `are_retries`: the files are attempts of the same tests, in their order.
    """
    tests: dict[tuple[str, Labels], GateCase] = {}
    files, left_out = [], []
    for input in inputs:
        own = labels_key(labels_of_path(input.name, with_hyphens=True) | dict(labels or {}))
        report, read = _read(input, own)
        advance(1)
        if not input.is_named and report.state is ReadState.NOT_RESULTS:
            left_out.append(report.name)
            continue
        files.append(report)
        for case in read:
            key = (case.identity, own)
            known = tests.get(key)
            if known is not None:
                case = later(known, case) if are_retries else worse(known, case)
            tests[key] = case
    return GateResults(tuple(tests.values()), tuple(files), _name(files), tuple(left_out))


def _name(files: Sequence[FileReport]) -> str:
    return files[0].name if len(files) == 1 else f"{len(files):,} files"


def ended_tests(attempts: Iterable[CaseResult], labels: Labels = ()) -> dict[Spelled, GateCase]:
    """Return each test with the end of its last attempt. `attempts`: in their order."""
    tests: dict[Spelled, GateCase] = {}
    for attempt in attempts:
        key = (
            attempt.suite,
            attempt.class_name,
            attempt.name,
            attempt.parameters,
            attempt.file,
            labels,
        )
        known = tests.get(key)
        case = _case(attempt, labels)
        tests[key] = case if known is None else later(known, case)
    return tests


def _read(input: Input, labels: Labels) -> tuple[FileReport, list[GateCase]]:
    """Read one file. Opening an input may be where its problem shows."""
    try:
        file = ResultFile(input.open(), _NO_TEXTS)
        tests = ended_tests(file, labels)
    except Unreadable as problem:
        return FileReport(input.name, problem.state, problem.detail), []
    report = FileReport(input.name, file.state, file.detail, file.format, file.attempts)
    return report, _by_identity(tests.values())


def _by_identity(cases: Iterable[GateCase]) -> list[GateCase]:
    """Join the spellings of each test in one file: they are attempts of it."""
    by_identity: dict[str, GateCase] = {}
    for case in cases:
        known = by_identity.get(case.identity)
        by_identity[case.identity] = case if known is None else later(known, case)
    return list(by_identity.values())


def _case(attempt: CaseResult, labels: Labels) -> GateCase:
    return GateCase(
        attempt.suite,
        attempt.class_name,
        attempt.name,
        attempt.parameters,
        attempt.file,
        attempt.outcome,
        labels,
        False,
        1,
        attempt.seconds or 0.0,
        attempt.message,
        attempt.properties,
    )
