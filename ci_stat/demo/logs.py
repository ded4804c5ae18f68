"""The demo's build logs: what lies on disk as `builds/N/log` for a failed row.

Knows which failures a log shows: first the one that the table knows, then sometimes more that the table does not
know (since 2020-12-25 it keeps the first case only, ci-data A2). Where the table knows nothing (NULL, `{}`), the log
shows a case, or nothing anybody could name. Everything follows from the seed, job, job_id and the row. No files.
"""

import re
from dataclasses import dataclass
from random import Random

from ci_stat.demo.cases import CASE_OF, ORDINARY, ORDINARY_GO, UNSEEN_GO, Case
from ci_stat.demo.log_blocks import block, gocheck
from ci_stat.demo.log_lines import Stamper, chatter, finish, head, prepare
from ci_stat.demo.troubles import LINES
from ci_stat.demo.world import DEMO_SEED, JOB_OF, REPRINT_SINCE
from ci_stat.records import CaseFailure, FailureKind, RunRow, Status, failures_of

MISSING_RATE = 0.04  # of failed rows: the log was rotated away
MORE_CASES_RATE = 0.35  # of logs with a gocheck case: more cases failed than the table keeps
PANIC_RATE = 0.2  # of those further cases
SILENT_RATE = 0.35  # of logs of rows without analysis: nothing there that can be named
UNSEEN_RATE = 0.25  # of the same logs, for Go tests: a form for which the table has no rule
BAD_BYTES_RATE = 0.03  # of logs: a line that is not UTF-8, as tests print blobs
REPRINTED = 30  # lines per failure in the second print (ci-data A5)

_GO_CASE = re.compile(r"^(?:(?:FAIL|PANIC): )?(?P<file>\S+\.go):(?:(?P<line>\d+): )?(?P<name>\S+)$")


@dataclass(frozen=True, slots=True)
class _Part:
    """One failure of a log and the lines that show it."""

    failure: CaseFailure
    lines: list[str]
    is_gocheck: bool = False


def log_text(row: RunRow, seed: int = DEMO_SEED) -> bytes | None:
    """The raw log of a row with status FAILURE, 3 to 40 KB; None for other rows and for the few lost logs."""
    rng = _chance(row, seed)
    if rng is None or row.time is None:
        return None
    parts = _parts(row, rng)
    noise = min(max(int(rng.lognormvariate(4.1, 0.6)), 22), 150)
    duration = row.duration or 60_000
    stamper = Stamper(rng, row.time, duration / (noise + 4 + len(parts)))
    job = JOB_OF.get(row.job)
    lines = [
        *head(row, rng),
        *stamper.all(prepare(row, rng, seed)),
        *chatter(job, rng, stamper, noise // 2),
    ]
    between = noise // 2 // (len(parts) + 1)
    for part in parts:
        lines += [*stamper.all(part.lines), *chatter(job, rng, stamper, between)]
    lines += stamper.all(_summary(parts, rng))
    if row.time >= REPRINT_SINCE:
        lines += stamper.all(_reprint(parts))
    lines += finish(rng, stamper, 2 if parts else 124)
    text = "\n".join(lines).encode() + b"\n"
    if rng.random() < BAD_BYTES_RATE:
        text = text.replace(b'["full load schema"]', b'["full load schema \xff\xfe\x80"]')
    return text


def log_failures(row: RunRow, seed: int = DEMO_SEED) -> tuple[CaseFailure, ...]:
    """What `log_text` shows for this row, in its order; () if the log is lost.

    Cases are named by the regex spelling; other kinds have the line that tells them as `message`.
    """
    rng = _chance(row, seed)
    return () if rng is None else tuple(part.failure for part in _parts(row, rng))


def _chance(row: RunRow, seed: int) -> Random | None:
    """The row's own source of chance; None if it has no log."""
    rng = Random(f"{seed} {row.job} {row.job_id}")
    lost = rng.random() < MISSING_RATE
    return None if lost or row.status != Status.FAILURE else rng


def _parts(row: RunRow, rng: Random) -> list[_Part]:
    known = next(failures_of(row.analysis_res), None)
    if known is None:
        return _unknown(row, rng)
    if known.kind != FailureKind.CASE:
        lines = LINES[known.kind].get(known.name, (known.name,))
        told = lines[0] if known.kind == FailureKind.ENV else lines[-1]
        return [_Part(CaseFailure(known.kind, known.name, told, "log"), list(lines))]
    case = CASE_OF.get(known.name) or _foreign(known.name)
    return [_case_part(case, rng), *_more(case, rng)]


def _unknown(row: RunRow, rng: Random) -> list[_Part]:
    """What the log of a row without analysis shows: a case, one in a form that the table never learnt, or nothing."""
    job = JOB_OF.get(row.job)
    roll = rng.random()
    if roll < SILENT_RATE or job is None:
        return []
    if job.kind == "unit" and roll < SILENT_RATE + UNSEEN_RATE:
        return [_case_part(rng.choice(UNSEEN_GO), rng)]
    cases = ORDINARY.get(job.kind)
    return [_case_part(rng.choice(cases), rng)] if cases else []


def _more(first: Case, rng: Random) -> list[_Part]:
    if first.style != "gocheck" or rng.random() >= MORE_CASES_RATE:
        return []
    cases = rng.sample(ORDINARY_GO, rng.randint(1, 3))
    return [_case_part(case, rng, rng.random() < PANIC_RATE) for case in cases if case is not first]


def _case_part(case: Case, rng: Random, panicked: bool = False) -> _Part:
    failure = CaseFailure(FailureKind.CASE.value, case.regex_spelling, source="log")
    if panicked:
        return _Part(failure, gocheck(case, rng, "PANIC"), is_gocheck=True)
    return _Part(failure, block(case, rng), is_gocheck=case.style == "gocheck")


def _foreign(text: str) -> Case:
    """A case of a row that the demo did not make."""
    match = _GO_CASE.match(text)
    if match is None:
        return Case("text", text)
    return Case(
        "gocheck", match["name"], "github.com/pingcap/demo", match["file"], int(match["line"] or 1)
    )


def _summary(parts: list[_Part], rng: Random) -> list[str]:
    """How `go test` and make end after failed gocheck cases; other logs just stop."""
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
    """The failed gocheck cases once more: from their `FAIL:` line on, between lines of two dashes."""
    lines: list[str] = []
    for part in parts:
        if part.is_gocheck:
            lines += [*part.lines[2 : 2 + REPRINTED], "--"]
    return ["+ cat test_demo.log", *lines] if lines else []
