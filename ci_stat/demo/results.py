"""The result files of the demo: the JUnit XML that the test jobs leave beside their logs.

A file has the cases that fail in the log of the same run; all others pass. A run whose log shows
something else (a build that did not compile, a panic, an outage) ended before its tests, and has
no file, nor has a run that was aborted. The nightly job writes files until 3 o'clock. Seed, job and
row determine a file. Writes no files.
"""

from random import Random
from xml.etree import ElementTree
from zlib import crc32

from ci_stat.demo.cases import FLAKY, ORDINARY_GO, REGRESSION_CASE, STUBBORN_CASE, UNSEEN_GO, Case
from ci_stat.demo.logs import FailedCase, failed_cases
from ci_stat.demo.world import DEMO_SEED, NIGHTLY, UNIT_TEST
from ci_stat.records import RunRow, Status

RESULT_JOBS = (UNIT_TEST.name, NIGHTLY.name)
_SUITE = "tidb"
_STYLES = ("gocheck", "gotest")
_TESTED = 60_000  # milliseconds: a shorter success found that its commit had passed before
_NIGHT_ENDS = 3  # o'clock
_TEST_SHARE = 0.7  # of the time of a run


def _cases_of(job: str) -> tuple[Case, ...]:
    flaky = [flaky.case for flaky in FLAKY if flaky.job == job]
    stubborn = (STUBBORN_CASE,) if job == UNIT_TEST.name else ()
    cases = (*ORDINARY_GO, *flaky, *UNSEEN_GO, REGRESSION_CASE, *stubborn)
    return tuple(case for case in dict.fromkeys(cases) if case.style in _STYLES)


_CASES = {job: _cases_of(job) for job in RESULT_JOBS}


def junit_text(row: RunRow, seed: int = DEMO_SEED) -> bytes | None:
    """Return the JUnit file of a run; None if its job writes none, or the tests did not end."""
    failed = _failed(row, seed)
    if failed is None:
        return None

    rng = Random(f"{seed} {row.job} {row.job_id} results")
    missing = [case for case in failed if case not in _CASES[row.job]]
    cases = [*_CASES[row.job], *missing]
    weights = [_weight(case) * rng.uniform(0.9, 1.1) for case in cases]
    total = (row.duration or _TESTED) / 1000 * _TEST_SHARE
    seconds = [weight * total / sum(weights) for weight in weights]

    suite = ElementTree.Element("testsuite", name=_SUITE, tests=str(len(cases)))
    suite.set("failures", str(len(failed)))
    suite.set("time", f"{sum(seconds):.3f}")
    for case, duration in zip(cases, seconds, strict=True):
        suite.append(_element(case, duration, failed.get(case)))
    ElementTree.indent(suite)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite) + b"\n"


def _failed(row: RunRow, seed: int) -> dict[Case, FailedCase] | None:
    """Return the cases that fail in the run; None if its tests did not end."""
    if row.job not in RESULT_JOBS or _is_after_the_night(row):
        return None
    if row.status == Status.SUCCESS:
        return {} if (row.duration or 0) >= _TESTED else None

    failed = failed_cases(row, seed)
    if not failed or any(one.case is None or one.case.style not in _STYLES for one in failed):
        return None
    return {one.case: one for one in failed if one.case is not None}


def _is_after_the_night(row: RunRow) -> bool:
    return row.job == NIGHTLY.name and row.time is not None and row.time.hour >= _NIGHT_ENDS


def _weight(case: Case) -> float:
    """Return how long a case takes, relative to others; the same in every run."""
    return 1 + crc32(case.name.encode()) % 97 / 8


def _element(case: Case, seconds: float, failed: FailedCase | None) -> ElementTree.Element:
    suite, _, name = case.name.rpartition(".")
    element = ElementTree.Element("testcase", name=name, time=f"{seconds:.3f}")
    element.set("classname", ".".join(filter(None, (case.package, suite))))
    if case.file:
        element.set("file", case.file)
    if failed is not None:
        failure = ElementTree.SubElement(element, "failure", message=_message(failed.lines))
        failure.text = "\n".join(failed.lines)
    return element


def _message(lines: tuple[str, ...]) -> str:
    """Return what a reader needs first: the statement that failed, and what it got."""
    words = [line.strip() for line in lines]
    start = next((at for at, line in enumerate(words) if line.startswith("c.Assert(")), None)
    if start is not None:
        return " ".join(words[start : start + 2])
    said = [line for line in words if line.startswith(("Error:", "... Panic:", "tk.Must"))]
    return said[0] if said else words[0]
