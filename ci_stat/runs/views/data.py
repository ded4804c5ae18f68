"""Reports as plain data, for --json, --csv and other programs: the numbers of the tables."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from ci_stat.escape import visible
from ci_stat.records import CaseFailure, JobCount, PRCount, Provenance, WindowCount
from ci_stat.rendering.values import Row, iso_time, source_data, tally_data
from ci_stat.result import FailInfo

_CELL = 32_000  # characters; the limit of spreadsheets is 32,767
_FORMULA = ("=", "+", "-", "@")  # a spreadsheet runs a text that begins so


def summary_data(count: WindowCount, source: Provenance) -> Row:
    """Return the counts of a window."""
    periods = [{"period": period.label, **tally_data(period.tally)} for period in count.periods]
    return {
        "source": source_data(source),
        "pull_request_runs": tally_data(count.pr),
        "nightly_runs": tally_data(count.special),
        "together": tally_data(count.tally),
        "prs": count.prs,
        "failing_prs": count.failing_prs,
        "jobs": count.jobs,
        "failing_jobs": count.failing_jobs,
        "reruns": count.rerun_cnt,
        "failed_without_known_failure": count.miss_cnt,
        "other_statuses": dict(count.other_statuses),
        "over_time": periods,
    }


def job_rows(counts: Sequence[JobCount], source: Provenance) -> list[Row]:
    """Return one row for each job."""
    return [_job_row(job, source) for job in counts]


def _job_row(job: JobCount, source: Provenance) -> Row:
    return {
        "job_name": job.job_name,
        **tally_data(job.tally),
        "prs": job.prs,
        "failing_prs": job.failing_prs,
        "reruns": job.rerun_cnt,
        "nightly_runs": job.special_cnt,
        "last_run": iso_time(job.last_run, source),
        "last_failure": iso_time(job.last_failure, source),
    }


def pr_rows(counts: Sequence[PRCount], source: Provenance) -> list[Row]:
    """Return one row for each pull request."""
    return [_pr_row(pr, source) for pr in counts]


def _pr_row(pr: PRCount, source: Provenance) -> Row:
    return {
        "repo": pr.repo,
        "pr_number": pr.number,
        "title": pr.facts.title,
        "author": pr.facts.author,
        "branch": pr.facts.branch,
        "link": pr.facts.link,
        **tally_data(pr.tally),
        "jobs": pr.jobs,
        "failing_jobs": pr.failing_jobs,
        "reruns": pr.rerun_cnt,
        "last_run": iso_time(pr.last_run, source),
    }


def failure_rows(infos: Sequence[FailInfo], source: Provenance) -> list[Row]:
    """Return one row for each failure."""
    return [_failure_row(info, source) for info in infos]


def _failure_row(info: FailInfo, source: Provenance) -> Row:
    oldest, newest = info.run_list[0], info.run_list[-1]
    return {
        "case": info.info,
        "kind": info.kind,
        "runs": info.fail_cnt(),
        "prs": len(info.prs),
        "first_seen": iso_time(oldest.time, source),
        "last_seen": iso_time(newest.time, source),
        "jobs": list(dict.fromkeys(run.job_name for run in info.run_list)),
        "newest_run": newest.link or None,
        **_newest_failure(info),
        "broke": [f"{run.job_name}#{run.build}" for run in info.run_list],
    }


def _newest_failure(info: FailInfo) -> Row:
    """Return the details of the failure in the newest run that has any, by log or table."""
    newest = info.newest or CaseFailure("", "")
    return {
        "message": info.message,
        "file": newest.file,
        "line": newest.line or None,
        "link": newest.link,
        "rule": newest.rule,
        "source": newest.source,
        "fingerprint": newest.fingerprint,
    }


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV with a header.

    A text that a spreadsheet would run as a formula begins with an apostrophe.
    """
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _cell(value: Any) -> Any:
    text = " ".join(value) if isinstance(value, list) else value
    if not isinstance(text, str):
        return text
    shown = visible(text, _CELL)
    is_formula = shown.startswith(_FORMULA) or text.startswith(("\t", "\r"))
    return f"'{shown}" if is_formula else shown
