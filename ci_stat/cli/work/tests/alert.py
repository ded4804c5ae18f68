"""`ci-stat alert`: send or print what has changed."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ci_stat.cli.work import opening, output
from ci_stat.context import Context, real_time
from ci_stat.errors import CannotTell, NotDelivered, SettingsError
from ci_stat.escape import visible
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.format import plural
from ci_stat.reports.recipients import Recipient
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.alerts.gather import SPAN, Judge, presents
from ci_stat.test_results.alerts.model import SeriesChange
from ci_stat.test_results.alerts.regressed import regressed
from ci_stat.test_results.alerts.service import AlertResult
from ci_stat.test_results.gates.model import Decision
from ci_stat.test_results.gates.policy_file import read_policy
from ci_stat.test_results.gates.service import StoredGate
from ci_stat.test_results.model import RunId

_NOBODY = "a new recipient"


def alert(
    jobs: Sequence[str],
    branches: Sequence[str],
    channels: Sequence[str],
    policy: str | None,
    dry_run: bool,
    force: bool,
    limit: int,
    as_json: bool,
    color: str,
) -> None:
    context = opening.opened()
    alerter = context.alerter(limit)
    recipients = _recipients(context, channels, dry_run)
    names = [recipient.name for recipient in recipients] or [_NOBODY]
    known = alerter.known_keys(names)
    now = real_time()
    judge = _judge(context, policy, now) if policy else None
    wanted = branches or _default_branch(context)
    worse = regressed(context.results, jobs, wanted, now)
    series = presents(context.results, jobs, wanted, now, known, judge, worse)
    if not series:
        raise CannotTell(
            f"No run of these jobs and branches in the last {SPAN.days} days.",
            "Name the branch: --branch NAME; `ci-stat tests` shows the newest run.",
        )
    if dry_run:
        results = [alerter.draft(name, series) for name in names]
    else:
        results = alerter.alert(recipients, series, force)

    flaky = sum(present.flaky for present in series)
    if as_json:
        alerts = [_data(result) for result in results]
        output.print_json({"dry_run": dry_run, "flaky_left_out": flaky, "alerts": alerts})
    else:
        if flaky:
            words = f"{plural(flaky, 'failure')} of tests known to be flaky left out"
            click.echo(f"ci-stat: {words}", err=True)
        for result in results:
            _print(result, dry_run, color)
    _require_delivered(results)


def _default_branch(context: Context) -> tuple[str, ...]:
    """The branch that the settings name."""
    name = context.settings.results.default_branch
    return (name,) if name else ()


def _judge(context: Context, policy: str, now: datetime) -> Judge:
    """The gate of a policy, for all runs at one time. Raises SettingsError."""
    gate = StoredGate(context.results, read_policy(Path(policy)))

    def why_red(run: StoredRun) -> str | None:
        info = run.info
        name = info.number if info.number is not None else RunId(run.id)
        verdict = gate.judge_run(info.job, name, info.labels, now)
        if verdict.decision is Decision.PASS:
            return None
        return f"The gate: {'; '.join(reason.text for reason in verdict.reasons)}"

    return why_red


def _recipients(context: Context, channels: Sequence[str], dry_run: bool) -> list[Recipient]:
    """The recipients of reports. A draft needs none."""
    try:
        return context.recipients(channels)
    except SettingsError:
        if dry_run:
            return []
        raise


def _print(result: AlertResult, dry_run: bool, color: str) -> None:
    name = visible(result.recipient, 200)
    if result.document is not None and dry_run:
        click.echo(f"To {name}:\n")
        output.print_table(on_terminal(result.document), color)
    elif result.is_fine:
        reason = f": {visible(result.reason)}" if result.reason else ""
        click.echo(f"{result.state} for {name}{reason}")
    else:
        click.echo(f"ci-stat: {result.state} for {name}: {visible(result.reason)}", err=True)
        if result.hint:
            click.echo(f"  {visible(result.hint)}", err=True)


def _data(result: AlertResult) -> dict[str, Any]:
    return {
        "recipient": result.recipient,
        "state": str(result.state),
        "reason": result.reason or None,
        "changes": [_change(change) for change in result.changes],
    }


def _change(change: SeriesChange) -> dict[str, Any]:
    info = change.present.run.info
    names = change.present.names
    return {
        "job": info.job,
        "labels": info.labels,
        "branch": info.branch,
        "number": info.number,
        "newly_failing": [condition.name for condition in change.begun],
        "regressed": [condition.name for condition in change.regressed],
        "recovered": [names.get(key, key) for key in change.ended],
        "turned_red": change.turned_red,
        "turned_green": change.turned_green,
        "still_failing": change.lasting,
        "flaky_left_out": change.present.flaky,
    }


def _require_delivered(results: Sequence[AlertResult]) -> None:
    failed = [result.recipient for result in results if not result.is_fine]
    if failed:
        raise NotDelivered(
            f"Not delivered to {', '.join(failed)}.", "The next alert says it again."
        )
