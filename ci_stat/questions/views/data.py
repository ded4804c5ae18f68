"""The answers as data for JSON. Times are ISO 8601 with their offset."""

from collections.abc import Iterable, Sequence
from typing import Any

from ci_stat.records import Provenance, Run
from ci_stat.rendering.values import iso_time, source_data, tally_data
from ci_stat.result.answers.history_model import History, RunAnswer, Share, Since, Subject
from ci_stat.result.answers.model import OutageOfRun, OwnRuns, PRAnswer, PRFailure
from ci_stat.result.answers.sentences import reasons

Row = dict[str, Any]
_RUNS = {Subject.CASE: "passed_or_failed_runs", Subject.JOB: "finished_runs"}


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
            "begin": iso_time(answer.begin, answer.source),
            "end": iso_time(answer.end, answer.source),
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
            "failed_runs_without_a_known_failure": other.unread,
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


def _outage(outage: OutageOfRun | None, source: Provenance) -> Row | None:
    if outage is None:
        return None
    return {
        "begin": iso_time(outage.begin, source),
        "end": iso_time(outage.end, source),
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
        "number": run.number,
        "attempt": run.attempt,
        "status": run.status,
        "time": iso_time(run.time, source),
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


def history_data(history: History, limit: int) -> Row:
    """The history of a case or a job. Lists have at most `limit` entries."""
    source, since = history.source, history.since
    command, where = history.reproduce
    return {
        "source": source_data(source),
        history.subject.value: history.name,
        "kind": history.kind or None,
        "failed": history.total.failed,
        _RUNS[history.subject]: history.total.runs,
        **_rate(history.total),
        "since": None if since is None else _since(since, source),
        "days": [
            {"date": day.date, "failed": day.failed, "runs": day.runs} for day in history.days
        ],
        **_shares("jobs", history.jobs, history.subject, limit),
        **_shares("branches", history.branches, history.subject, limit),
        "total_prs": len(history.prs),
        "prs": [{"pr": pr.name, "failed": pr.failed} for pr in history.prs[:limit]],
        "nightly_runs": history.nightly,
        **_seen(history, limit),
        "tally": tally_data(history.tally) if history.subject is Subject.JOB else None,
        "median_duration": history.median,
        "notes": list(history.notes),
        "issue": history.issue or None,
        "muted": history.muted or None,
        "reproduce": command or None,
        "reproduce_in": where or None,
        **run_list("failed_runs", history.failed, limit, source),
    }


def _since(since: Since, source: Provenance) -> Row:
    before, after = since.passed_before, since.passed_after
    return {
        "first": run_data(since.first, source),
        "last": run_data(since.last, source),
        "first_means": since.origin.value,
        "runs_before": since.runs_before,
        "passed_before": None if before is None else run_data(before, source),
        "passed_after": None if after is None else run_data(after, source),
    }


def _rate(share: Share) -> Row:
    interval = share.interval
    rate = None if share.rate is None else round(share.rate, 4)
    return {"rate": rate, "interval": [round(interval.low, 4), round(interval.high, 4)]}


def _shares(name: str, shares: Sequence[Share], subject: Subject, limit: int) -> Row:
    rows = [
        {
            "name": share.name,
            "failed": share.failed,
            _RUNS[subject]: share.runs,
            **_rate(share),
        }
        for share in shares[:limit]
    ]
    return {f"total_{name}": len(shares), name: rows}


def _seen(history: History, limit: int) -> Row:
    """The messages of a case, or the failures of a job."""
    name = "messages" if history.subject is Subject.CASE else "failures"
    rows = [
        {
            "name": seen.failure.name,
            "kind": seen.failure.kind,
            "message": seen.failure.message or None,
            "excerpt": seen.failure.excerpt or None,
            "fingerprint": seen.failure.fingerprint or None,
            "runs": seen.runs,
            "first": run_data(seen.first, history.source),
            "last": run_data(seen.last, history.source),
        }
        for seen in history.seen[:limit]
    ]
    return {f"total_{name}": len(history.seen), name: rows}


def run_answer_data(answer: RunAnswer, limit: int) -> Row:
    """One run with the messages of its failures, and the runs around it."""
    source, run = answer.source, answer.run
    previous, after = answer.previous, answer.next
    failures = [
        {
            "name": failure.name,
            "kind": failure.kind,
            "message": failure.message or None,
            "file": failure.file or None,
            "line": failure.line or None,
            "link": failure.link or None,
            "excerpt": failure.excerpt or None,
            "fingerprint": failure.fingerprint or None,
        }
        for failure in run.failures[:limit]
    ]
    return {
        "database": source.database,
        **run_data(run, source),
        "pr_title": run.pr_title,
        "log": run.log or None,
        "total_failures": len(run.failures),
        "failures": failures,
        "previous": None if previous is None else run_data(previous, source),
        "next": None if after is None else run_data(after, source),
        **run_list("same_commit", answer.same_commit, limit, source),
    }
