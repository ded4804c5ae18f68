"""Adds up attempts: the end of each test, counts, and since when a test fails."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_stat.records.case_results import Outcome, ReadState
from ci_stat.store.results.read import Attempt, ResultsReader, StoredRun
from ci_stat.test_results.model import Counts, FailedTest, FileReport, RunReport

_FAILED = (Outcome.FAILED, Outcome.ERROR)


@dataclass(slots=True)
class TestEnd:
    """How a test ended in a run: its last outcome, and whether it ever passed and ever failed."""

    __test__ = False  # pytest collects classes of this name

    outcome: Outcome
    attempts: int = 0
    passed: bool = False
    failed: bool = False
    seconds: float = 0.0

    def add(self, attempt: Attempt) -> None:
        self.outcome = attempt.outcome
        self.attempts += 1
        self.passed |= attempt.outcome is Outcome.PASSED
        self.failed |= attempt.outcome in _FAILED
        self.seconds += attempt.seconds or 0.0

    @property
    def is_failed(self) -> bool:
        return self.outcome in _FAILED

    @property
    def is_finished(self) -> bool:
        return self.outcome is not Outcome.SKIPPED

    @property
    def is_flaky(self) -> bool:
        return self.passed and self.failed


Ends = dict[int, TestEnd]


def ends_of(attempts: Iterable[Attempt]) -> Ends:
    """Return the end of each test (by its id) from attempts in their order."""
    ends: Ends = {}
    for attempt in attempts:
        end = ends.get(attempt.case_id)
        if end is None:
            end = ends[attempt.case_id] = TestEnd(attempt.outcome)
        end.add(attempt)
    return ends


def counts_of(ends: Ends) -> Counts:
    """Count tests by their ends. A skipped attempt after a pass is still a skipped test."""
    outcomes = [end.outcome for end in ends.values()]
    return Counts(
        tests=len(ends),
        runs=sum(end.attempts for end in ends.values()),
        passed=outcomes.count(Outcome.PASSED),
        failed=outcomes.count(Outcome.FAILED),
        errors=outcomes.count(Outcome.ERROR),
        skipped=outcomes.count(Outcome.SKIPPED),
        flaky=sum(end.is_flaky and not end.is_failed for end in ends.values()),
        seconds=sum(end.seconds for end in ends.values()),
    )


def run_report(
    reader: ResultsReader, run: StoredRun, jobs: Sequence[str], limit: int, now: datetime
) -> RunReport:
    """Gather a run, and the history of its failed tests in earlier runs of its job and labels."""
    ends = ends_of(reader.attempts(run.id))
    failed = [case_id for case_id, end in ends.items() if end.is_failed]
    flaky = [case_id for case_id, end in ends.items() if end.is_flaky and not end.is_failed]

    earlier = reader.runs(run.info.job, limit, before=run.id)
    earlier = [one for one in earlier if one.info.labels == run.info.labels]
    history = by_case(reader.history(failed, [one.id for one in earlier]))
    first_runs = reader.first_runs(failed, run.info.job)
    messages = reader.messages(run.id, failed)
    cases = reader.cases([*failed, *flaky])

    started = round(run.started.timestamp() * 1000)
    tests = []
    for case_id in failed:
        known = {**history.get(case_id, {}), run.id: ends[case_id]}
        since, runs, last_passed = streak([run, *earlier], known)
        flaky_commits, commits = mixed_commits([run, *earlier], known)
        fingerprint, message = messages.get(case_id, ("", ""))
        tests.append(
            FailedTest(
                case=cases[case_id],
                outcome=str(ends[case_id].outcome),
                message=message,
                fingerprint=fingerprint,
                attempts=ends[case_id].attempts,
                runs=runs,
                since=since,
                last_passed=last_passed,
                is_open_ended=last_passed is None and len(earlier) >= limit,
                is_new_test=bool(earlier) and first_runs.get(case_id, 0) >= started,
                flaky_commits=flaky_commits,
                commits=commits,
            )
        )
    tests.sort(key=lambda test: (test.flaky_commits > 0, test.runs, test.case.full_name))
    return RunReport(
        run=run,
        counts=counts_of(ends),
        failed=tuple(tests),
        flaky=tuple(sorted((cases[one] for one in flaky), key=lambda case: case.full_name)),
        files=tuple(
            FileReport(row.name, ReadState(row.state), row.detail, row.format, row.attempts)
            for row in reader.files(run.id)
        ),
        jobs=tuple(jobs),
        looked_at=len(earlier),
        now=now,
    )


def by_case(attempts: Iterable[Attempt]) -> dict[int, dict[int, TestEnd]]:
    """Return the end of each test in each run, by test and run."""
    ends_by_case: dict[int, dict[int, TestEnd]] = defaultdict(dict)
    for attempt in attempts:
        ends = ends_by_case[attempt.case_id]
        if attempt.run_id not in ends:
            ends[attempt.run_id] = TestEnd(attempt.outcome)
        ends[attempt.run_id].add(attempt)
    return ends_by_case


def streak(
    runs: Sequence[StoredRun], ends: dict[int, TestEnd]
) -> tuple[StoredRun, int, StoredRun | None]:
    """Return the first of the failed runs in a row, their number, and the run that passed before.

    `runs`: newest first; the first one failed. Runs without the test, or that skipped it, do not
    end the row.
    """
    since, count = runs[0], 0
    for run in runs:
        end = ends.get(run.id)
        if end is None or end.outcome is Outcome.SKIPPED:
            continue
        if not end.is_failed:
            return since, count, run
        since, count = run, count + 1
    return since, count, None


def mixed_commits(runs: Sequence[StoredRun], ends: dict[int, TestEnd]) -> tuple[int, int]:
    """Return on how many commits the test both passed and failed, and on how many it ran."""
    passed: dict[str, bool] = {}
    failed: dict[str, bool] = {}
    for run in runs:
        end = ends.get(run.id)
        if end is None or not (end.passed or end.failed):
            continue
        # Without a commit, a run is only compared with itself.
        commit = run.info.commit or f"run {run.id}"
        passed[commit] = passed.get(commit, False) or end.passed
        failed[commit] = failed.get(commit, False) or end.failed
    mixed = sum(passed[commit] and failed[commit] for commit in passed)
    return mixed, len(passed)
