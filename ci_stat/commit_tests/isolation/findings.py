"""What result files and the output of a run say: counts of tests, and failures."""

from collections.abc import Sequence
from pathlib import Path

from ci_stat.commit_tests.model import LogFailure, TestCounts
from ci_stat.escape import visible
from ci_stat.failures import extract
from ci_stat.formats.result_file import ResultFile
from ci_stat.records.case_results import CaseResult, Outcome, ReadState

_NAMES = 50  # failed tests that are named
_FAILURES = 20


def count_tests(files: Sequence[Path], problems: Sequence[str] = ()) -> TestCounts | None:
    """Count the tests of result files; None if there are none and nothing went wrong."""
    if not files and not problems:
        return None
    passed = failed = skipped = 0
    names: list[str] = []
    wrong = list(problems)
    for path in files:
        results = ResultFile([path.read_bytes()])
        for case in results:
            is_failed = case.outcome in (Outcome.FAILED, Outcome.ERROR)
            passed += case.outcome is Outcome.PASSED
            skipped += case.outcome is Outcome.SKIPPED
            failed += is_failed
            if is_failed and len(names) < _NAMES:
                names.append(_name(case))
        if results.state is not ReadState.COMPLETE:
            wrong.append(f"{path.name}: {results.detail}")
    return TestCounts(
        files=len(files),
        passed=passed,
        failed=failed,
        skipped=skipped,
        failed_names=tuple(names),
        problems=tuple(wrong),
    )


def log_failures(path: Path) -> tuple[LogFailure, ...]:
    """The failures that the output shows, most telling first."""
    with path.open("rb", buffering=0) as stream:
        found = extract(stream)
    return tuple(
        LogFailure(case=failure.name, message=failure.message, fingerprint=failure.fingerprint)
        for failure in found.failures[:_FAILURES]
    )


def _name(case: CaseResult) -> str:
    return visible(" ".join(filter(None, (case.class_name, case.name))), 300)
