"""The reports as plain data: for --json, for --csv, for other programs. The same numbers as the tables."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from ci_stat.escape import visible
from ci_stat.records import CaseFailure, JobCount, PRCount, Provenance, WindowCount
from ci_stat.rendering.values import Row, _iso, source_data, tally_data
from ci_stat.result import FailInfo

_CELL = 32_000  # characters; a spreadsheet takes 32,767


def summary_data(count: WindowCount, source: Provenance) -> Row:
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
        "over_time": [
            {"period": period.label, **tally_data(period.tally)} for period in count.periods
        ],
    }


def job_rows(counts: Sequence[JobCount], source: Provenance) -> list[Row]:
    return [
        {
            "job_name": job.job_name, **tally_data(job.tally), "prs": job.prs, "failing_prs": job.failing_prs,
            "reruns": job.rerun_cnt, "nightly_runs": job.special_cnt, "last_run": _iso(job.last_run, source),
            "last_failure": _iso(job.last_failure, source),
        }
        for job in counts
    ]  # fmt: skip


def pr_rows(counts: Sequence[PRCount], source: Provenance) -> list[Row]:
    return [
        {
            "repo": pr.repo, "pr_number": pr.number, "title": pr.facts.title, "author": pr.facts.author,
            "branch": pr.facts.branch, "link": pr.facts.link, **tally_data(pr.tally), "jobs": pr.jobs,
            "failing_jobs": pr.failing_jobs, "reruns": pr.rerun_cnt, "last_run": _iso(pr.last_run, source),
        }
        for pr in counts
    ]  # fmt: skip


def failure_rows(infos: Sequence[FailInfo], source: Provenance) -> list[Row]:
    return [
        {
            "case": info.info, "kind": info.kind, "runs": info.fail_cnt(), "prs": len(info.prs),
            "first_seen": _iso(info.run_list[0].time, source), "last_seen": _iso(info.run_list[-1].time, source),
            "jobs": list(dict.fromkeys(run.job_name for run in info.run_list)),
            "newest_run": info.run_list[-1].link, **_said(info),
            "broke": [f"{run.job_name}#{run.job_id}" for run in info.run_list],
        }
        for info in infos
    ]  # fmt: skip


def _said(info: FailInfo) -> Row:
    """What is known of a failure from the newest run that a log speaks of, or that the table names."""
    newest = info.newest or CaseFailure("", "")
    return {
        "message": info.message, "file": newest.file, "line": newest.line or None, "rule": newest.rule,
        "source": newest.source, "fingerprint": newest.fingerprint,
    }  # fmt: skip


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV with a header. A text that a spreadsheet would run as a formula gets a ' in front."""
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
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r") else shown
