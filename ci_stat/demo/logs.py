"""The build logs of the demo: the content of `builds/N/log` for a failed row.

A log shows the failure in the table first, then sometimes further cases: since 2020-12-25 the table
keeps only the first one (ci-data A2). If the table has no failure (NULL, `{}`), the log shows a
case or nothing recognisable. Seed, job, job_id and row determine a log. Writes no files.
"""

import re
from dataclasses import dataclass
from random import Random

from ci_stat.demo.cases import CASE_OF, ORDINARY, ORDINARY_GO, UNSEEN_GO, Case
from ci_stat.demo.log_blocks import block, gocheck
from ci_stat.demo.log_lines import Stamper, finish, head, ordinary_output, prepare
from ci_stat.demo.problems import LINES
from ci_stat.demo.world import DEMO_SEED, JOB_OF, REPRINT_SINCE
from ci_stat.records import CaseFailure, FailureKind, RunRow, Status, failures_of

MISSING_RATE = 0.04  # share of failed rows whose log was deleted
MORE_CASES_RATE = 0.35  # share of logs with a gocheck case that show further cases
PANIC_RATE = 0.2  # share of panics among those further cases
SILENT_RATE = 0.35  # share of logs without a recognisable failure, for rows without analysis
UNSEEN_RATE = 0.25  # share of the same logs, for Go tests, in a form without a rule in the table
BAD_BYTES_RATE = 0.03  # share of logs with a line that is not UTF-8, as tests print blobs
REPRINTED = 30  # lines per failure in the second print (ci-data A5)

_GO_CASE = re.compile(r"^(?:(?:FAIL|PANIC): )?(?P<file>\S+\.go):(?:(?P<line>\d+): )?(?P<name>\S+)$")


@dataclass(frozen=True, slots=True)
class _Part:
    """One failure of a log, and its lines."""

    failure: CaseFailure
    lines: list[str]
    case: Case | None = None

    @property
    def is_gocheck(self) -> bool:
        return self.case is not None and self.case.style == "gocheck"


@dataclass(frozen=True, slots=True)
class FailedCase:
    """A failure in a log with its lines. `case`: None if it is none of a test."""

    case: Case | None
    lines: tuple[str, ...]


def log_text(row: RunRow, seed: int = DEMO_SEED) -> bytes | None:
    """Return the raw log of a row with status FAILURE, 3 to 40 KB.

    None for rows with another status, and for the few logs that were deleted.
    """
    rng = _row_random(row, seed)
    if rng is None or row.time is None:
        return None

    parts = _parts(row, rng)
    output_lines = min(max(int(rng.lognormvariate(4.1, 0.6)), 22), 150)
    duration = row.duration or 60_000
    stamper = Stamper(rng, row.time, duration / (output_lines + 4 + len(parts)))
    job = JOB_OF.get(row.job)

    lines = [
        *head(row, rng),
        *stamper.all(prepare(row, rng, seed)),
        *ordinary_output(job, rng, stamper, output_lines // 2),
    ]
    between = output_lines // 2 // (len(parts) + 1)
    for part in parts:
        lines += [*stamper.all(part.lines), *ordinary_output(job, rng, stamper, between)]

    lines += stamper.all(_summary(parts, rng))
    if row.time >= REPRINT_SINCE:
        lines += stamper.all(_reprint(parts))
    lines += finish(rng, stamper, 2 if parts else 124)

    text = "\n".join(lines).encode() + b"\n"
    if rng.random() < BAD_BYTES_RATE:
        text = text.replace(b'["full load schema"]', b'["full load schema \xff\xfe\x80"]')
    return text


def log_failures(row: RunRow, seed: int = DEMO_SEED) -> tuple[CaseFailure, ...]:
    """Return the failures in the log of this row, in order; () if there is no log.

    A case has the name of the regex spelling; another failure has the decisive line as `message`.
    """
    rng = _row_random(row, seed)
    return () if rng is None else tuple(part.failure for part in _parts(row, rng))


def failed_cases(row: RunRow, seed: int = DEMO_SEED) -> tuple[FailedCase, ...]:
    """Return the failures in the log of this row with their lines; () if there is no log."""
    rng = _row_random(row, seed)
    parts = [] if rng is None else _parts(row, rng)
    return tuple(FailedCase(part.case, tuple(part.lines)) for part in parts)


def _row_random(row: RunRow, seed: int) -> Random | None:
    """Return the random numbers of a row; None if it has no log."""
    rng = Random(f"{seed} {row.job} {row.job_id}")
    is_deleted = rng.random() < MISSING_RATE
    return None if is_deleted or row.status != Status.FAILURE else rng


def _parts(row: RunRow, rng: Random) -> list[_Part]:
    known = next(failures_of(row.analysis_res), None)
    if known is None:
        return _parts_without_analysis(row, rng)

    if known.kind != FailureKind.CASE:
        lines = LINES[known.kind].get(known.name, (known.name,))
        message = lines[0] if known.kind == FailureKind.ENV else lines[-1]
        return [_Part(CaseFailure(known.kind, known.name, message, "log"), list(lines))]

    case = CASE_OF.get(known.name) or _case_from_text(known.name)
    return [_case_part(case, rng), *_further_cases(case, rng)]


def _parts_without_analysis(row: RunRow, rng: Random) -> list[_Part]:
    """Return a case, possibly in a form without a rule in the table, or nothing."""
    job = JOB_OF.get(row.job)
    roll = rng.random()
    if roll < SILENT_RATE or job is None:
        return []
    if job.kind == "unit" and roll < SILENT_RATE + UNSEEN_RATE:
        return [_case_part(rng.choice(UNSEEN_GO), rng)]
    cases = ORDINARY.get(job.kind)
    return [_case_part(rng.choice(cases), rng)] if cases else []


def _further_cases(first: Case, rng: Random) -> list[_Part]:
    if first.style != "gocheck" or rng.random() >= MORE_CASES_RATE:
        return []
    cases = rng.sample(ORDINARY_GO, rng.randint(1, 3))
    return [_case_part(case, rng, rng.random() < PANIC_RATE) for case in cases if case is not first]


def _case_part(case: Case, rng: Random, panicked: bool = False) -> _Part:
    failure = CaseFailure(FailureKind.CASE.value, case.regex_spelling, source="log")
    if panicked:
        return _Part(failure, gocheck(case, rng, "PANIC"), case)
    return _Part(failure, block(case, rng), case)


def _case_from_text(text: str) -> Case:
    """Return the case of a row that is not from the demo."""
    match = _GO_CASE.match(text)
    if match is None:
        return Case("text", text)
    return Case(
        "gocheck", match["name"], "github.com/pingcap/demo", match["file"], int(match["line"] or 1)
    )


def _summary(parts: list[_Part], rng: Random) -> list[str]:
    """Return the last lines of `go test` and make after failed gocheck cases, or of another log."""
    failed = sum(part.is_gocheck for part in parts)
    if not failed:
        return ["make: *** [demo_test] Error 1"] if parts else ["Terminated"]
    return [
        f"OOPS: {rng.randrange(300, 900)} passed, {rng.randrange(2, 9)} skipped, {failed} FAILED",
        f"--- FAIL: TestT ({rng.randrange(20, 99)}.{rng.randrange(10, 99)}s)",
        "FAIL",
        "make: *** [gotest] Error 1",
    ]


def _reprint(parts: list[_Part]) -> list[str]:
    """Return the failed gocheck cases again, from their `FAIL:` line on, divided by two dashes."""
    lines: list[str] = []
    for part in parts:
        if part.is_gocheck:
            lines += [*part.lines[2 : 2 + REPRINTED], "--"]
    return ["+ cat test_demo.log", *lines] if lines else []
