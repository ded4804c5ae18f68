"""Reads the results that a runner wrote, and says why they are not whole."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ci_stat.escape import visible
from ci_stat.formats.result_file import ResultFile
from ci_stat.formats.text_parts import clean
from ci_stat.records.case_results import CaseResult, Limits, Outcome, ReadState, Unreadable
from ci_stat.redaction.redact import redacted
from ci_stat.rendering.format import plural
from ci_stat.test_results.running.model import Invocation
from ci_stat.test_results.running.process import Ended
from ci_stat.test_results.unpacked import content

LIMITS = Limits(text=16 * 1024, output=4 * 1024)  # 10,000 failed tests have to fit into memory
_TAIL = 16 * 1024  # bytes at the end of a log
_LINES = 15
_LINE = 300  # characters
_BAD = (Outcome.FAILED, Outcome.ERROR)

Stamps = dict[str, tuple[int, int]]
"""Time of change and size of the files that match patterns."""


@dataclass(slots=True)
class Results:
    """The cases of a runner that ended. `is_whole`: the result files have their ends."""

    cases: list[CaseResult] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_whole: bool = True

    @property
    def failed(self) -> int:
        return sum(case.outcome in _BAD for case in self.cases)


def stamps_of(folder: Path, patterns: Sequence[str]) -> Stamps:
    """Return the files that match, so that files of an earlier run are recognized later."""
    stamps = {}
    for pattern in patterns:
        for name in glob.iglob(os.path.join(glob.escape(str(folder)), pattern), recursive=True):
            status = os.stat(name)
            stamps[name] = (status.st_mtime_ns, status.st_size)
    return stamps


def read_results(invocation: Invocation, folder: Path, before: Stamps, ended: Ended) -> Results:
    """Read what the runner wrote since `before`, and compare it with how the runner ended."""
    results = Results()
    names = _written(invocation, folder, before)
    for name in names:
        _read(name, results, is_only=len(names) == 1)
    if ended.problem:
        results.problems = [ended.problem]
        results.is_whole = False
        return results
    results.problems += _end_problems(ended, results)
    return results


def _written(invocation: Invocation, folder: Path, before: Stamps) -> list[str]:
    if not invocation.patterns:
        return [str(invocation.results)]
    now = stamps_of(folder, invocation.patterns)
    return sorted(name for name, stamp in now.items() if before.get(name) != stamp)


def _read(name: str, results: Results, is_only: bool) -> None:
    """Read a file. Of several files, some may have no test (a class whose tests are filtered)."""
    file = ResultFile(_blocks(name), LIMITS)
    results.cases += list(file)
    is_harmless = file.state is ReadState.NO_CASES and not is_only
    if file.state is not ReadState.COMPLETE and not is_harmless:
        results.is_whole = False
        known = "no result file" if file.state is ReadState.MISSING else f"{file.state}"
        detail = "" if file.state is ReadState.MISSING else f": {visible(file.detail, 200)}"
        results.problems.append(f"{known}{detail}")


def _blocks(name: str) -> Iterator[bytes]:
    try:
        file = open(name, "rb")  # noqa: SIM115  # closed below
    except FileNotFoundError:
        raise Unreadable(ReadState.MISSING, "no such file") from None
    except OSError as error:
        raise Unreadable(ReadState.UNREADABLE, error.strerror or str(error)) from None
    with file:
        yield from content(file)


def last_lines(log: Path) -> tuple[str, ...]:
    """Return the last lines that a runner printed, without secrets; none without a log."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ()
    lines = [line for line in redacted(clean(text)).splitlines() if line.strip()]
    return tuple(line[:_LINE] for line in lines[-_LINES:])


def _end_problems(ended: Ended, results: Results) -> Iterator[str]:
    if ended.is_timeout:
        yield f"ended by the time limit after {ended.seconds:.0f}s"
    elif ended.is_stopped:
        yield "interrupted"
    elif ended.signal:
        yield f"killed by {ended.signal}"
    elif not results.cases and results.is_whole:
        yield f"no result file was written (exit code {ended.code})"
    elif not results.cases:
        yield f"exit code {ended.code}"
    elif ended.code and not results.failed:
        tests = plural(len(results.cases), "result")
        yield f"exit code {ended.code}, but none of {tests} failed"
