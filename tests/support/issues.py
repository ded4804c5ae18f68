"""Histories of a nightly job drawn by day, and issues of a tracker, for tests of issues."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from zoneinfo import ZoneInfo

from ci_stat.failures.fingerprint import fingerprint
from ci_stat.issues.collect import History
from ci_stat.issues.decisions.planner import decide
from ci_stat.issues.decisions.rules import Decision, Decisions, Rules
from ci_stat.issues.evidence import Evidence
from ci_stat.issues.model import Marker, Snapshot, TrackedIssue
from ci_stat.records import CaseFailure, Ledger, ListedIssue, LogState, Origin, Run

ZONE = ZoneInfo("Asia/Shanghai")
ORIGIN = Origin(ZONE, "https://ci.example.com/{job}/{number}")
FIRST = datetime(2021, 6, 1)  # day 0, wall clock
JOB = "tidb-unit-test-nightly"
DAY = timedelta(days=1)
_numbers = count(1)


def failure(
    name: str, kind: str = "case", message: str = "", file: str = "", guess: bool = False
) -> CaseFailure:
    """A failure as parsed from a log, with a fingerprint."""
    said = message or f"obtained 1, expected 2 in {name}"
    return CaseFailure(
        kind,
        name,
        said,
        "log",
        file=file,
        excerpt=f"FAIL: {name}\n{said}",
        guess=guess,
        fingerprint=fingerprint(kind, name, said),
    )


def run(
    day: float, *failed: str | CaseFailure, job: str = JOB, branch: str = "master", **more: object
) -> Run:
    """A nightly run, `day` days after the first one; it fails if `failed` is not empty."""
    failures = tuple(failure(item) if isinstance(item, str) else item for item in failed)
    values: dict[str, object] = {
        "job_name": job,
        "job_id": next(_numbers),
        "status": "FAILURE" if failures else "SUCCESS",
        "time": FIRST + DAY * day,
        "duration": 1000,
        "repo": None,
        "branch": branch,
        "commit": None,
        "comment": None,
        "pr_number": 0,
        "author": None,
        "pr_title": None,
        "pr_link": None,
        "failures": failures,
        "origin": ORIGIN,
        "log": LogState.READ,
    }
    return Run(**(values | more))  # type: ignore[arg-type]


def green(first: float, last: float, a_day: int = 10) -> list[Run]:
    """Successful runs in [first, last), `a_day` runs a day."""
    return [run(first + n / a_day) for n in range(int((last - first) * a_day))]


def moment(day: float) -> datetime:
    return (FIRST + DAY * day).replace(tzinfo=ZONE).astimezone(UTC)


def evidence(
    runs: Iterable[Run],
    day: int,
    rules: Rules | None = None,
    memory: int = 30,
    until: float | None = None,
) -> Evidence:
    """The evidence of the window of that day, as of its end or of `until`."""
    known = rules or Rules()
    history = History(runs, (JOB,), ZONE, known.together, known.share)
    known_at = None if until is None else moment(until)
    return history.evidence(moment(day), moment(day + 1), moment(day - memory), until=known_at)


def plan(
    runs: Iterable[Run],
    day: int,
    *issues: TrackedIssue,
    rules: Rules | None = None,
    ledger: Ledger | None = None,
    memory: int = 30,
    until: float | None = None,
    **snapshot: object,
) -> Decisions:
    """The decisions on the morning after that day."""
    values: dict[str, object] = {
        "repo": "o/r",
        "taken_at": moment(day + 1),
        "viewer": "ci-bot",
        "issues": issues,
    }
    held = Snapshot(**(values | snapshot))  # type: ignore[arg-type]
    known = rules or Rules()
    now = moment(max(day + 1.3, until or 0))
    return decide(evidence(runs, day, known, memory, until), held, ledger or Ledger(), known, now)


def of(decisions: Decisions, name: str) -> Decision:
    """The only decision about that case."""
    matches = [decision for decision in decisions.all if decision.name == name]
    assert len(matches) == 1, f"{name}: {matches or [decision.name for decision in decisions.all]}"
    return matches[0]


def words(decisions: Decisions) -> dict[str, str]:
    """The action for each name, or the reason to skip it."""
    return {decision.name: (decision.reason or decision.action).value for decision in decisions.all}


def theirs(
    number: int, title: str, closed: float | None = None, reason: str = "completed", **more: object
) -> TrackedIssue:
    """An issue of another author; `closed`: the day of its close."""
    return TrackedIssue(_listed(number, title, "someone", closed, reason, **more))


def ours(
    number: int,
    marker: Marker,
    closed: float | None = None,
    reason: str = "completed",
    **more: object,
) -> TrackedIssue:
    """An issue of ours with that marker."""
    tracked = {name: more.pop(name) for name in ("person_wrote", "commented") if name in more}
    title = f"unstable test `{marker.key.partition(':')[2]}`"
    listed = _listed(number, title, "ci-bot", closed, reason, **more)
    return TrackedIssue(listed, ours=True, marker=marker, **tracked)  # type: ignore[arg-type]


def _listed(
    number: int, title: str, author: str, closed: float | None, reason: str, **more: object
) -> ListedIssue:
    values: dict[str, object] = {
        "number": number,
        "title": title,
        "author": author,
        "created_at": moment(-20),
        "url": f"https://github.com/o/r/issues/{number}",
        "open": closed is None,
        "closed_at": None if closed is None else moment(closed),
        "state_reason": "" if closed is None else reason,
    }
    return ListedIssue(**(values | more))  # type: ignore[arg-type]


def marker(case: str, days: Sequence[int], a_day: int = 1, **more: object) -> Marker:
    """The marker of an issue with `a_day` failures at noon of each of these days."""
    said = failure(case)
    values: dict[str, object] = {
        "key": f"case:{case}",
        "kind": "case",
        "create": "c",
        "first": moment(days[0] + 0.5),
        "last": moment(days[-1] + 0.5),
        "fingerprints": (said.fingerprint,),
        "branches": ("master",),
        "days": {f"{FIRST + DAY * day:%Y-%m-%d}": a_day for day in days},
        "longest": max((b - a for a, b in pairwise(days)), default=0) * 1.0,
    }
    return Marker(**(values | more))  # type: ignore[arg-type]
