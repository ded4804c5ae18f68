"""Verdicts and replays as data for JSON. Times are ISO 8601, UTC."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ci_stat.test_results.gates.model import Decision, EntryUse, GateCase, Reason, Verdict
from ci_stat.test_results.gates.replay import Replay, ReplayRun

Row = dict[str, Any]


def verdict_data(verdict: Verdict, limit: int) -> Row:
    """A verdict. Lists have at most `limit` entries; `total_...` and `total` count all."""
    return {
        "decision": str(verdict.decision),
        "exit_code": verdict.exit_code,
        "results": verdict.name,
        "reasons": [_reason(reason, limit) for reason in verdict.reasons],
        "tests": verdict.tests,
        "seconds": round(verdict.seconds, 3),
        "levels": [msgspec.to_builtins(counts) for counts in verdict.counts],
        **_cases("failed", verdict.failed, limit),
        **_cases("excused", verdict.excused, limit),
        **_cases("unexpected_passes", verdict.unexpected, limit),
        "entries": [_entry(use, limit) for use in verdict.entries],
        "ramp": msgspec.to_builtins(verdict.ramp) if verdict.ramp else None,
        "notes": list(verdict.notes),
        "files": [
            {"name": file.name, "state": str(file.state), "detail": file.detail or None}
            for file in verdict.files
        ],
        "left_out": list(verdict.left_out),
    }


def _reason(reason: Reason, limit: int) -> Row:
    return {
        "rule": str(reason.rule),
        "decision": str(reason.decision),
        "text": reason.text,
        "total": len(reason.names),
        "names": list(reason.names[:limit]),
    }


def _cases(key: str, cases: Sequence[GateCase], limit: int) -> Row:
    return {f"total_{key}": len(cases), key: [_case(case) for case in cases[:limit]]}


def _case(case: GateCase) -> Row:
    return {
        "name": case.name + case.parameters,
        "class": case.class_name or None,
        "suite": case.suite or None,
        "file": case.file or None,
        "labels": dict(case.labels),
        "outcome": str(case.outcome),
        "attempts": case.attempts,
        "message": case.message or None,
    }


def _entry(use: EntryUse, limit: int) -> Row:
    row: Row = msgspec.to_builtins(use)
    for key in ("failed", "passed"):
        names = row.pop(key)
        row |= {f"total_{key}": len(names), key: list(names[:limit])}
    return row


def replay_data(replay: Replay, limit: int) -> Row:
    """A replay. Lists of runs and tests have at most `limit` entries, the newest runs."""
    runs = replay.runs[::-1]
    return {
        "total_runs": len(runs),
        "decisions": {str(one): replay.count(one) for one in Decision},
        "rules": {str(rule): count for rule, count in replay.by_rule.items()},
        "days": [
            {"day": day.isoformat(), **{str(one): count for one, count in counts.items()}}
            for day, counts in replay.by_day.items()
        ],
        "total_tests": len(replay.by_test),
        "tests": [{"name": name, "runs": count} for name, count in replay.by_test[:limit]],
        "entries": [msgspec.to_builtins(entry) for entry in replay.entries],
        "never_needed": [entry.key for entry in replay.entries if not entry.is_needed],
        "runs": [_replay_run(run) for run in runs[:limit]],
    }


def _replay_run(run: ReplayRun) -> Row:
    return {
        "job": run.job,
        "run": run.name,
        "started": run.started.isoformat(),
        "decision": str(run.decision),
        "rules": [str(rule) for rule in run.rules],
        "reasons": list(run.reasons),
        "tests": run.tests,
        "failed": len(run.failed),
        "excused": run.excused,
    }
