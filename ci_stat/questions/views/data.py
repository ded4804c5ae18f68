"""The answers as data for JSON. Times are ISO 8601 with their offset."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ci_stat.records import Provenance, Run
from ci_stat.rendering.values import source_data
from ci_stat.result.answers.model import OwnRuns, PRAnswer, PRFailure, Trouble
from ci_stat.result.answers.sentences import reasons

Row = dict[str, Any]


def pr_data(answer: PRAnswer, limit: int) -> Row:
    """The answer about a pull request. Lists have at most `limit` entries, newest runs first."""
    branch = answer.branch or "the same branch"
    failures = [
        _failure(failure, branch, at < answer.focus, limit, answer.source)
        for at, failure in enumerate(answer.failures[:limit])
    ]
    return {
        "source": source_data(answer.source),
        "repo": answer.repo,
        "pr_number": answer.number,
        "verdict": answer.verdict.value,
        "title": answer.title or None,
        "author": answer.author or None,
        "branch": answer.branch or None,
        "link": answer.link or None,
        "compared": {
            "begin": _iso(answer.begin, answer.source),
            "end": _iso(answer.end, answer.source),
        },
        "notes": list(answer.notes),
        "total_failures": len(answer.failures),
        "failures": failures,
        **run_list("runs", answer.runs, limit, answer.source),
    }


def _failure(
    failure: PRFailure, branch: str, in_focus: bool, limit: int, source: Provenance
) -> Row:
    own, other, judgement = failure.own, failure.other, failure.judgement
    newest = failure.newest
    command, where = failure.reproduce
    return {
        "verdict": judgement.verdict.value,
        "reason": judgement.reason.value,
        "because": list(reasons(failure, branch)),
        "on_newest_commit": in_focus,
        "name": failure.name or None,
        "kind": failure.kind,
        "jobs": list(failure.jobs),
        "message": newest.message or None if newest else None,
        "excerpt": newest.excerpt or None if newest else None,
        "fingerprint": newest.fingerprint or None if newest else None,
        "here": _own(own, limit, source),
        "elsewhere": {
            "passed_runs": other.passed,
            "prs": [f"{repo}#{number}" for repo, number in other.prs[::-1][:limit]],
            "total_prs": len(other.prs),
            "nightly_runs": len(other.nightly),
            "failed_runs_of_these_jobs": other.job_failed,
            **run_list("failed_runs", other.failed, limit, source),
        },
        "chance": judgement.chance,
        "runs_needed": judgement.needed or None,
        "outage": _outage(failure.outage, source),
        "issue": failure.issue or None,
        "muted": failure.muted or None,
        "reproduce": command or None,
        "reproduce_in": where or None,
    }


def _own(own: OwnRuns, limit: int, source: Provenance) -> Row:
    before = own.passed_before
    return {
        "failed": len(own.failed),
        "passed": own.passed,
        "flaky": own.flaky,
        "open": own.is_open,
        "first_commit": own.commit or None,
        "passed_before": None if before is None else run_data(before, source),
        **run_list("failed_runs", own.failed, limit, source),
    }


def _outage(outage: Trouble | None, source: Provenance) -> Row | None:
    if outage is None:
        return None
    return {
        "begin": _iso(outage.begin, source),
        "end": _iso(outage.end, source),
        "runs": outage.runs,
        "prs": outage.prs,
        "name": outage.name,
    }


def run_list(name: str, runs: Sequence[Run], limit: int, source: Provenance) -> Row:
    """The newest runs, newest first, and the number of all."""
    newest: Iterable[Run] = runs[::-1][:limit]
    return {f"total_{name}": len(runs), name: [run_data(run, source) for run in newest]}


def run_data(run: Run, source: Provenance) -> Row:
    """One run."""
    return {
        "job_name": run.job_name,
        "job_id": run.job_id,
        "status": run.status,
        "time": _iso(run.time, source),
        "duration": run.duration,
        "repo": run.repo,
        "branch": run.branch,
        "commit": run.commit,
        "pr_number": run.pr_number or None,
        "author": run.author,
        "comment": run.comment,
        "link": run.link or None,
        "failures": [failure.name for failure in run.failures],
    }


def _iso(moment: datetime | None, source: Provenance) -> str | None:
    return None if moment is None else moment.replace(tzinfo=source.window.zone).isoformat()
