"""What a notebook shows for a Result, a Job or a PR: small tables, every text escaped, links to http(s) only."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from ci_stat.escape import html_text, visible, web_link
from ci_stat.records import Provenance, Run, Status, Tally

if TYPE_CHECKING:
    from ci_stat.result.models import PR, Job
    from ci_stat.result.result import Result

_ROWS = 10
_COLORS = {Status.SUCCESS: "#1a7f37", Status.FAILURE: "#cf222e", Status.ABORTED: "#9a6700"}
_CELL = "text-align:left;padding:2px 10px 2px 0;vertical-align:top"


def link(text: object, url: str | None, limit: int = 120) -> str:
    """`text`, linked if `url` is a web link."""
    shown = html_text(text, limit)
    safe = web_link(url)
    return f'<a href="{html_text(safe)}" rel="noopener noreferrer">{shown}</a>' if safe else shown


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.1%}"


def bar(tally: Tally, width: int = 160) -> str:
    """Shares of success, failure and abort as one bar, with the numbers as its title."""
    parts = (
        (tally.success, "#2da44e"),
        (tally.failure, "#cf222e"),
        (tally.aborted, "#d4a72c"),
        (tally.other, "#8c959f"),
    )
    total = max(1, tally.total)
    cells = "".join(
        f'<span style="display:inline-block;height:10px;width:{width * n / total:.1f}px;background:{color}"></span>'
        for n, color in parts
        if n
    )
    title = f"{tally.success} success, {tally.failure} failure, {tally.aborted} aborted, {tally.other} other"
    return f'<span style="white-space:nowrap" title="{title}">{cells}</span>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML already."""
    top = "".join(f'<th style="{_CELL}">{html_text(name)}</th>' for name in head)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return f'<table style="border-collapse:collapse"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def _more(shown: int, total: int, what: str) -> str:
    return f"<div>… and {total - shown:,} more {what}</div>" if total > shown else ""


def _source(provenance: Provenance) -> str:
    newest = (
        f"newest row {provenance.newest:%Y-%m-%d %H:%M:%S}"
        if provenance.newest
        else "the table is empty"
    )
    warned = "".join(f"; {n:,} × {html_text(text)}" for text, n in provenance.warnings)
    return (
        f'<div style="color:#57606a;font-size:smaller">{html_text(provenance.window)} · {provenance.rows:,} rows · '
        f"{newest} · {html_text(provenance.database)}{warned}<div>{html_text(provenance.query)}</div></div>"
    )


def result_html(res: "Result") -> str:
    """Counts of the window, then its worst jobs and pull requests."""
    if not res.all_runs:
        return f"<div><b>No runs in this window.</b></div>{_source(res.provenance)}"
    counts = [
        [
            html_text(name),
            f"{t.total:,}",
            f"{t.success:,}",
            f"{t.failure:,}",
            f"{t.aborted:,}",
            _percent(t.fail_rate),
            bar(t),
        ]
        for name, t in (
            (f"{len(res.pr_map):,} pull requests", res.tally),
            ("nightly", res.special_tally),
        )
    ]
    jobs = sorted(res.job_map.values(), key=attrgetter("rank"))
    prs = sorted(res.pr_map.values(), key=attrgetter("rank"))
    return (
        "<div>"
        + table(["", "runs", "success", "failure", "aborted", "failure rate", ""], counts)
        + table(
            ["job", "runs", "failure", "failure rate", ""], (_job_row(job) for job in jobs[:_ROWS])
        )
        + _more(min(_ROWS, len(jobs)), len(jobs), "jobs")
        + table(
            ["pull request", "runs", "failure", "reruns", "title"],
            (_pr_row(pr) for pr in prs[:_ROWS]),
        )
        + _more(min(_ROWS, len(prs)), len(prs), "pull requests")
        + _source(res.provenance)
        + "</div>"
    )


def _job_row(job: "Job") -> list[str]:
    t = job.tally
    return [
        html_text(job.job_name, 120),
        f"{t.total:,}",
        f"{t.failure:,}",
        _percent(t.fail_rate),
        bar(t),
    ]


def _pr_row(pr: "PR") -> list[str]:
    name = link(f"{pr.repo}#{pr.number}", pr.link)
    return [
        name,
        f"{pr.total_cnt:,}",
        f"{pr.fail_cnt:,}",
        f"{pr.total_rerun_cnt:,}",
        html_text(pr.title, 120),
    ]


def _one_line(markup: str) -> str:
    return f'<span style="white-space:nowrap">{markup}</span>'


def _run_row(run: Run) -> list[str]:
    color = _COLORS.get(Status(run.status), "") if run.status in Status.__members__ else ""
    status = f'<span style="color:{color or "#57606a"}">{html_text(run.status, 40)}</span>'
    broken = "; ".join(visible(name, 120) for name, _ in run.fail_info)
    return [
        _one_line(html_text(run.time)), _one_line(link(f"{run.job_name} #{run.job_id}", run.link)), status,
        html_text((run.commit or "")[:10]), html_text(broken, 300),
    ]  # fmt: skip


def _runs_table(runs: Sequence[Run]) -> str:
    failed = [run for run in runs if run.status == Status.FAILURE] or list(runs)
    shown = failed[-_ROWS * 2 :]
    rows = table(["started", "run", "status", "commit", "failure"], map(_run_row, reversed(shown)))
    return rows + _more(len(shown), len(failed), "runs like these")


def job_html(job: "Job") -> str:
    """Counts of the job and its newest failed runs."""
    t = job.tally
    return (
        f"<div><b>{html_text(job.job_name, 120)}</b> · {t.total:,} runs · "
        f"{t.failure:,} failed ({_percent(t.fail_rate)}) · "
        f"{len(job.local_prs):,} PRs · {job.rerun_cnt:,} reruns {bar(t)}{_runs_table(job.runs)}</div>"
    )


def pr_html(pr: "PR") -> str:
    """Title and counts of the pull request and its newest failed runs."""
    t = pr.tally
    return (
        f"<div><b>{link(f'{pr.repo}#{pr.number}', pr.link)}</b> {html_text(pr.title, 300)} · "
        f"{html_text(pr.author, 80)} · "
        f"{t.total:,} runs · {t.failure:,} failed ({_percent(t.fail_rate)}) · {pr.total_rerun_cnt:,} reruns {bar(t)}"
        f"{_runs_table(pr.runs)}</div>"
    )
