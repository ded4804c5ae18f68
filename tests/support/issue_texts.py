"""Builders of evidence and decisions, for tests of the texts of issues."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ci_stat.issues.decisions.rules import Change, Decision, Rules
from ci_stat.issues.evidence import (
    INCIDENT,
    Elsewhere,
    Evidence,
    FailureHistory,
    Occurrence,
    RunRef,
)
from ci_stat.issues.model import Marker, TrackedIssue
from ci_stat.issues.text.draft import About, owners
from ci_stat.records import CaseFailure, FailureKind, IssueAction, ListedIssue

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2021, 6, 19, 16, tzinfo=UTC)
END = BEGIN + timedelta(days=1)
SINCE = BEGIN - timedelta(days=30)
JOB = "tidb-unit-test-nightly"
COMMITS = ("1f0e5a3c9b7d2468ace013579bdf02468ace1357", "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567")

EXCERPT = """\
FAIL: executor/cursor_test.go:88: testCursorSuite.TestSeekBackwards

executor/cursor_test.go:97:
    c.Assert(cursor.Seek(-1), Equals, 4)
... obtained int = 5
... expected int = 4"""
SAID = CaseFailure(
    "case",
    "executor/cursor_test.go:88: testCursorSuite.TestSeekBackwards",
    "... obtained int = 5",
    "log",
    file="executor/cursor_test.go",
    line=88,
    excerpt=EXCERPT,
    rule="gocheck-fail",
    fingerprint=f"v1:{'5d' * 16}",
)


def ref(number: int, started: datetime, good: bool = False, **values: Any) -> RunRef:
    said = {"job": JOB, "branch": "master", "commit": COMMITS[0]} | values
    link = said.pop("link", f"https://ci.pingcap.net/job/{JOB}/{number}/display/redirect")
    return RunRef(number=number, started=started, link=link, succeeded=good, **said)


def occurrences(
    said: CaseFailure = SAID, days: Sequence[float] = (-20, -6, -1, 0.3, 0.5, 0.9), **values: Any
) -> tuple[Occurrence, ...]:
    """Failed runs; `days`: relative to the window's begin."""
    return tuple(
        Occurrence(ref(2000 + int(day * 40), BEGIN + timedelta(days=day), **values), said)
        for day in days
    )


def evidence(
    *histories: FailureHistory, incidents: tuple[FailureHistory, ...] = (), runs: int = 600
) -> Evidence:
    step = (END - SINCE) / runs
    failed = {
        occurrence.run for history in (*histories, *incidents) for occurrence in history.occurrences
    }
    good = [ref(1000 + n, SINCE + n * step, good=True) for n in range(runs - len(failed))]
    every = sorted((*good, *failed), key=lambda run: run.started)
    return Evidence(
        BEGIN,
        END,
        SINCE,
        ZONE,
        (JOB,),
        {history.key: history for history in histories},
        incidents,
        tuple(every),
    )


def failure_history(
    name: str = "testCursorSuite.TestSeekBackwards", said: CaseFailure = SAID, **values: Any
) -> FailureHistory:
    elsewhere = (
        Elsewhere("tidb_ghpr_check_2", "release-5.0", 3, "https://ci.pingcap.net/job/x/12/"),
    )
    made: dict[str, Any] = {"occurrences": occurrences(said), "elsewhere": elsewhere} | values
    return FailureHistory(f"{said.kind}:{name}", said.kind, name, **made)


def incident(members: Mapping[str, str], said: CaseFailure = SAID) -> FailureHistory:
    return FailureHistory(
        f"{INCIDENT}:5d5d5d5d5d5d5d5d",
        INCIDENT,
        f"{JOB}: {len(members)} tests fail together",
        occurrences(said, (0.2, 0.4)),
        dict(members),
    )


def marker(about: FailureHistory, **values: Any) -> Marker:
    days = Counter(
        f"{occurrence.run.started.astimezone(ZONE):%Y-%m-%d}" for occurrence in about.occurrences
    )
    said: dict[str, Any] = {
        "key": about.key,
        "kind": about.kind,
        "create": "c" * 20,
        "first": about.occurrences[0].run.started,
        "last": about.occurrences[-1].run.started,
        "fingerprints": (about.newest.fingerprint,),
        "branches": ("master",),
        "days": dict(sorted(days.items())),
        "members": tuple(about.members),
    }
    return Marker(**said | values)


def tracked(body: str = "", number: int = 4711, ours: bool = True, **values: Any) -> TrackedIssue:
    said: dict[str, Any] = {
        "title": "unstable test",
        "author": "bot",
        "created_at": SINCE,
        "url": "https://x.example/1",
    }
    return TrackedIssue(ListedIssue(number, body=body, **said | values), ours=ours)


def decision(action: IssueAction, about: FailureHistory, **values: Any) -> Decision:
    said: dict[str, Any] = {
        "why": "failed in 3 runs of the window (the threshold is 2)",
        "history": about,
        "marker": marker(about),
        "stamp": "0123456789abcdef0123",
        "runs": 3,
        "last": about.occurrences[-1].run.started,
    }
    return Decision(about.key, about.kind, about.name, action, **said | values)


def about(**values: Any) -> About:
    said: dict[str, Any] = {
        "repo": "pingcap/tidb",
        "rules": Rules(),
        "now": END + timedelta(hours=1),
        "version": "0.1.0",
        "labels": ("type/bug", "component/test"),
        "owners": owners('{"testCursor*": "@pingcap/exec", "pingcap/tidb": "@lead"}'),
    }
    return About(**said | values)


def change(what: str, said: str, excerpt: str = "") -> Change:
    return Change(what, said, excerpt)


def race() -> CaseFailure:
    excerpt = (
        "WARNING: DATA RACE\nWrite at 0x00c000123456 by goroutine 7:\n"
        "  executor.(*Cursor).Seek()\n      cursor.go:12 +0x1d4"
    )
    return CaseFailure(
        FailureKind.RACE,
        "DATA RACE:executor.(*Cursor).Seek",
        "WARNING: DATA RACE",
        "log",
        excerpt=excerpt,
        rule="go-race",
        fingerprint=f"v1:{'7e' * 16}",
    )
