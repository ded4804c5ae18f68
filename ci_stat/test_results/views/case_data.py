"""The history of a test case as data for JSON. Times are ISO 8601."""

from collections.abc import Sequence
from typing import Any

from ci_stat.result.answers.history_model import Share
from ci_stat.test_results.cases.history import commits, retried
from ci_stat.test_results.cases.joined import Totals
from ci_stat.test_results.cases.model import CaseHistory, CaseRun, Durations, PlaceState
from ci_stat.test_results.views.data import case_row, run_row

Row = dict[str, Any]


def totals_data(totals: Totals, limit: int) -> Row:
    """Rates, days, jobs and branches. Lists have at most `limit` entries, except days."""
    total = totals.total
    return {
        "failed": total.failed,
        "passed_or_failed_runs": total.runs,
        **_rate(total),
        "days": [{"date": day.date, "failed": day.failed, "runs": day.runs} for day in totals.days],
        **_shares("jobs", totals.jobs, limit),
        **_shares("branches", totals.branches, limit),
    }


def case_data(history: CaseHistory, limit: int) -> Row:
    """What the test results say. Lists have at most `limit` entries, the newest or worst first."""
    repeated, rescued = retried(history)
    return {
        **case_row(history.case),
        "parameters": history.case.parameters or None,
        "key": history.key,
        "database": history.database,
        "begin": history.begin.isoformat(),
        "end": history.end.isoformat(),
        "zone": history.zone.key,
        "failed": history.total.failed,
        "passed_or_failed_runs": history.total.runs,
        **_rate(history.total),
        "total_states": len(history.states),
        "states": [_state(state) for state in history.states[:limit]],
        "flaky_commits": len(history.flaky_commits),
        "commits": commits(history),
        "repeated_runs": repeated,
        "passed_after_failure": rescued,
        "total_durations": len(history.durations),
        "durations": [_duration(one) for one in history.durations[:limit]],
        "total_messages": len(history.messages),
        "messages": [
            {
                "fingerprint": group.fingerprint or None,
                "message": group.message or None,
                "excerpt": "\n".join(group.excerpt) or None,
                "runs": group.runs,
                "first": run_row(group.first.run.info),
                "last": run_row(group.last.run.info),
            }
            for group in history.messages[:limit]
        ],
        "total_runs": len(history.runs),
        "runs": [_run(run) for run in _newest(history.runs, limit)],
        "total_failed_runs": len(history.failed),
        "failed_runs": [_run(run) for run in _newest(history.failed, limit)],
    }


def _newest(runs: Sequence[CaseRun], limit: int) -> Sequence[CaseRun]:
    return runs[::-1][:limit]


def _rate(share: Share) -> Row:
    interval = share.interval
    rate = None if share.rate is None else round(share.rate, 4)
    return {"rate": rate, "interval": [round(interval.low, 4), round(interval.high, 4)]}


def _shares(name: str, shares: Sequence[Share], limit: int) -> Row:
    rows = [
        {
            "name": share.name,
            "failed": share.failed,
            "passed_or_failed_runs": share.runs,
            **_rate(share),
        }
        for share in shares[:limit]
    ]
    return {f"total_{name}": len(shares), name: rows}


def _state(state: PlaceState) -> Row:
    place = state.place
    return {
        "job": place.job,
        "labels": state.newest.run.info.labels,
        "branch": place.branch or None,
        "pull_requests": place.is_pull,
        "outcome": str(state.newest.outcome),
        "newest": run_row(state.newest.run.info),
        "failed_runs_in_a_row": state.runs,
        "since": run_row(state.since.run.info) if state.since else None,
        "last_passed": run_row(state.last_passed.run.info) if state.last_passed else None,
        "last_failed": run_row(state.last_failed.run.info) if state.last_failed else None,
    }


def _duration(durations: Durations) -> Row:
    return {
        "job": durations.job,
        "labels": durations.labels or None,
        "passed_runs": durations.runs,
        "median": round(durations.p50, 6),
        "p95": round(durations.p95, 6),
        "change_of_newer_half": None if durations.change is None else round(durations.change, 4),
        "is_trend": durations.is_trend,
    }


def _run(run: CaseRun) -> Row:
    return {
        **run_row(run.run.info),
        "outcome": str(run.outcome),
        "seconds": run.seconds,
        "fingerprint": run.fingerprint or None,
        "attempts": [
            {
                "outcome": str(attempt.outcome),
                "word": attempt.word or None,
                "seconds": attempt.seconds,
            }
            for attempt in run.attempts
        ],
    }
