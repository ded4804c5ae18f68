"""`ci-stat explain`: why a build failed, from its log."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from ci_stat.cli.work import output
from ci_stat.errors import UsageError, WriteError
from ci_stat.failures import LogDiagnosis, ScanOptions
from ci_stat.logs import view
from ci_stat.logs.workers import LogOptions, diagnose_files, load_rules, read_baseline
from ci_stat.rendering.format import plural
from ci_stat.rendering.terminal import screen


def explain(
    logs: tuple[str, ...],
    everything: bool,
    against: str | None,
    context: int,
    job: str,
    rules_file: Path | None,
    workers: int | None,
    form: str,
    color: str,
) -> None:
    """The failing part of each log, the case, the kind, the rule that found it."""
    if [*logs, against].count("-") > 1:
        raise UsageError(
            "Standard input (-) can be read once only.", "Give files for the other logs."
        )
    baseline = read_baseline(against) if against else frozenset()
    build = _build_of(logs)
    rules = load_rules(rules_file) if rules_file else None
    scan = ScanOptions(rules, baseline, everything)
    options = LogOptions(scan, job or (build[0] if build else ""), context)
    if build is None:
        _print(diagnose_files(logs, options, workers), form, color)
        return
    from ci_stat.cli.work.explain_build import explain_build  # SQLAlchemy

    _print([explain_build(*build, options)], form, color)


def _build_of(logs: tuple[str, ...]) -> tuple[str, int] | None:
    """JOB NUMBER, unless there are files of that name."""
    if (
        len(logs) != 2
        or not (logs[1].isascii() and logs[1].isdigit() and len(logs[1]) < 10)
        or logs[0] == "-"
    ):
        return None
    try:
        there = Path(logs[0]).is_file() or Path(logs[1]).is_file()
    except (OSError, ValueError):  # a name that no file can have
        there = False
    return None if there else (logs[0], int(logs[1]))


def _print(diagnoses: Iterable[tuple[str, LogDiagnosis]], form: str, color: str) -> None:
    unread = []
    for count, (name, diagnosis) in enumerate(diagnoses):
        if form == "json":
            # ASCII: characters that a terminal acts on stay escaped.
            click.echo(json.dumps(view.diagnosis_data(name, diagnosis)))
        else:
            if count:
                click.echo()
            lines = view.diagnosis_lines(name, diagnosis)
            screen.write_lines(lines, sys.stdout, output.colored(color))
        if diagnosis.extraction.state != "read" and not diagnosis.extraction.bytes:
            unread.append(name)
    if unread:
        raise WriteError(
            f"No text could be read from {plural(len(unread), 'log')}: {', '.join(unread[:5])}."
        )
