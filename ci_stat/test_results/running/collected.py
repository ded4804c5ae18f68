"""Tests with all their attempts, and how they are counted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from ci_stat.failures.case_identity import display_name, identity_key
from ci_stat.formats.junit_write import JUnitSuite
from ci_stat.records.case_results import CaseResult, Outcome
from ci_stat.test_results.model import Counts

_BAD = (Outcome.FAILED, Outcome.ERROR)


@dataclass(slots=True)
class TestRecord:
    """A test and its attempts in the order in which they ran. The last one decides."""

    __test__ = False  # pytest collects classes of this name

    key: str
    attempts: list[CaseResult] = field(default_factory=list)

    @property
    def case(self) -> CaseResult:
        """The first attempt: how the test is spelled."""
        return self.attempts[0]

    @property
    def outcome(self) -> Outcome:
        return self.attempts[-1].outcome

    @property
    def is_failed(self) -> bool:
        return self.outcome in _BAD

    @property
    def is_flaky(self) -> bool:
        """Whether it failed, and then did not."""
        return not self.is_failed and any(one.outcome in _BAD for one in self.attempts)

    @property
    def failure(self) -> CaseResult:
        """The last attempt that failed; the last one if none did."""
        failures = [attempt for attempt in self.attempts if attempt.outcome in _BAD]
        return failures[-1] if failures else self.attempts[-1]

    @property
    def full_name(self) -> str:
        return full_name(self.case)


class Collected:
    """Tests by their identity, in the order of their first attempts."""

    def __init__(self) -> None:
        self._tests: dict[str, TestRecord] = {}

    def __iter__(self) -> Iterator[TestRecord]:
        return iter(self._tests.values())

    def __len__(self) -> int:
        return len(self._tests)

    def add(self, case: CaseResult) -> TestRecord:
        """Add an attempt, and return its test."""
        key = case_key(case)
        record = self._tests.get(key)
        if record is None:
            record = self._tests[key] = TestRecord(key)
        record.attempts.append(replace(case, attempt=len(record.attempts) + 1))
        return record

    def get(self, key: str) -> TestRecord | None:
        return self._tests.get(key)

    def put(self, record: TestRecord) -> None:
        """Add a test with its attempts."""
        self._tests[record.key] = record

    def add_retry(self, case: CaseResult) -> TestRecord | None:
        """Add an attempt of a retry, and return its test.

        A runner may report the tests that it did not select as skipped: these are no attempts.
        """
        return None if case.outcome is Outcome.SKIPPED else self.add(case)

    @property
    def failed(self) -> list[TestRecord]:
        return [record for record in self if record.is_failed]

    @property
    def flaky(self) -> list[TestRecord]:
        return [record for record in self if record.is_flaky]

    @property
    def counts(self) -> Counts:
        return counts_of_records(self)


def counts_of_records(records: Iterable[TestRecord]) -> Counts:
    """Count tests by their last outcome, and their attempts."""
    tests = list(records)
    outcomes = [record.outcome for record in tests]
    return Counts(
        tests=len(tests),
        runs=sum(len(record.attempts) for record in tests),
        passed=outcomes.count(Outcome.PASSED),
        failed=outcomes.count(Outcome.FAILED),
        errors=outcomes.count(Outcome.ERROR),
        skipped=outcomes.count(Outcome.SKIPPED),
        flaky=sum(record.is_flaky for record in tests),
        seconds=sum(one.seconds or 0.0 for record in tests for one in record.attempts),
    )


def suites_of(
    records: Iterable[TestRecord], label: str = "", properties: Sequence[tuple[str, str]] = ()
) -> list[JUnitSuite]:
    """Group the tests by suite, for a JUnit file. `label`: is appended to each suite's name."""
    suites: dict[str, list[list[CaseResult]]] = {}
    for record in records:
        name = " ".join(filter(None, (record.case.suite, label)))
        suites.setdefault(name, []).append(record.attempts)
    return [JUnitSuite(name, tests, properties) for name, tests in suites.items()]


def case_key(case: CaseResult) -> str:
    """The identity of the test."""
    return identity_key(case.suite, case.class_name, case.name, case.parameters, case.file)


def spelled_name(case: CaseResult) -> tuple[str, str, str]:
    """Class, name with parameters, and file."""
    return case.class_name, case.name + case.parameters, case.file


def full_name(case: CaseResult) -> str:
    """Class and name for people, with parameters."""
    place = case.class_name or case.file or case.suite
    return display_name(place, case.name + case.parameters)
