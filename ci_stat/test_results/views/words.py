"""Words that several views share."""

import json
from datetime import datetime

from ci_stat.failures.case_identity import display_name
from ci_stat.records.run_info import RunInfo
from ci_stat.rendering.document import cut
from ci_stat.rendering.format import plural, span
from ci_stat.store.results.read import StoredCase, StoredRun
from ci_stat.test_results.labels_text import label_pairs
from ci_stat.test_results.model import Counts, FailedTest, FileReport


def run_words(run: RunInfo) -> str:
    """The run for people, e.g. `run 7 of unit (spark=3.5.7), attempt 2`."""
    number = f"run {run.number} of" if run.number is not None else "a run of"
    labels = label_pairs(run.labels)
    attempt = f", attempt {run.attempt}" if run.attempt > 1 else ""
    return f"{number} {run.job}{f' ({labels})' if labels else ''}{attempt}"


def case_name(case: StoredCase) -> str:
    """Class and name of a test, with parameters; `(no name)` for an empty name."""
    place = case.class_name or case.file or case.suite
    return display_name(place, case.name + case.parameters)


def short_run(run: StoredRun) -> str:
    """The run as options accept it: `#7`, `#7.2` for attempt 2, `id:31` without a number."""
    if run.info.number is None:
        return f"id:{run.id}"
    attempt = f".{run.info.attempt}" if run.info.attempt > 1 else ""
    return f"#{run.info.number}{attempt}"


def short_commit(commit: str) -> str:
    """The first 12 characters of a commit, as all texts about test results show it."""
    return commit[:12]


def labels_words(labels: str) -> str:
    """Labels that are stored as JSON, e.g. ` (spark=3.5.7)`; "" without any."""
    words = label_pairs(json.loads(labels))
    return f" ({words})" if words else ""


def counts_words(counts: Counts) -> str:
    """Counts on one line, e.g. `120 tests: 117 passed, 2 failed, 1 skipped (124 attempts)`."""
    named = (
        (counts.passed, "passed"),
        (counts.failed, "failed"),
        (counts.errors, "with errors"),
        (counts.skipped, "skipped"),
        (counts.flaky, "flaky"),
    )
    parts = ", ".join(f"{number:,} {word}" for number, word in named if number)
    attempts = f" ({plural(counts.runs, 'attempt')})" if counts.runs != counts.tests else ""
    return f"{plural(counts.tests, 'test')}{': ' if parts else ''}{parts}{attempts}"


def state_words(file: FileReport) -> str:
    """Why a file does not count as whole, and what was read of it."""
    read = f"; {plural(file.attempts, 'result')} before that kept" if file.attempts else ""
    return f"{file.state}: {file.detail}{read}"


def age_words(test: FailedTest, now: datetime) -> str:
    """Since when a test fails: in runs and in time, and when it last passed."""
    if test.is_new_test:
        return "new test"
    passed = f"it passed in {_place(test.last_passed)}" if test.last_passed else ""
    if test.runs == 1:
        return f"new: {passed}" if passed else "new: no earlier run ran it"
    at_least = "at least " if test.is_open_ended else ""
    age = span(max(now - test.since.started, now - now))
    row = f"failed in {at_least}{test.runs} runs in a row, for {age}, since {_place(test.since)}"
    return f"{row}; {passed}" if passed else row


def _place(run: StoredRun) -> str:
    """A run with its commit and time."""
    number = f"run {run.info.number}" if run.info.number is not None else "the run"
    commit = f" (commit {cut(run.info.commit[:12], 12)})" if run.info.commit else ""
    return f"{number} of {run.started:%Y-%m-%d %H:%M} UTC{commit}"


def flaky_words(test: FailedTest) -> str:
    """How often it passed and failed on one commit; "" for never."""
    if not test.flaky_commits:
        return ""
    return (
        f"known flaky: it passed and failed on {test.flaky_commits} of"
        f" {plural(test.commits, 'commit')}"
    )
