"""`ci-stat explain`: print why builds failed, from their logs."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from ci_stat.cli.work import output
from ci_stat.errors import UsageError, WriteError
from ci_stat.failures import LogDiagnosis, ScanOptions
from ci_stat.logs import view
from ci_stat.logs.masking import masked
from ci_stat.logs.workers import LogOptions, diagnose_files, load_rules, read_baseline
from ci_stat.records import build_id
from ci_stat.rendering.format import plural
from ci_stat.rendering.terminal import screen


def explain(
    logs: tuple[str, ...],
    everything: bool,
    against: str | None,
    context: int,
    brief: bool,
    show_secrets: bool,
    job: str,
    rules_file: Path | None,
    workers: int | None,
    form: str,
    color: str,
) -> None:
    if [*logs, against].count("-") > 1:
        raise UsageError(
            "Standard input (-) can be read only once.", "Use files for the other logs."
        )
    baseline = read_baseline(against) if against else frozenset()
    build = _build_of(logs)
    rules = load_rules(rules_file) if rules_file else None
    scan = ScanOptions(rules, baseline, everything)
    options = LogOptions(scan, job or (build[0] if build else ""), context, brief)
    shown = _as_it_is if show_secrets else masked
    if build is None:
        answers = diagnose_files(logs, options, workers)
        _print(((name, shown(answer)) for name, answer in answers), form, color)
        return

    from ci_stat.cli.work.explain_build import explain_build  # SQLAlchemy

    name, answer = explain_build(*build, options)
    _print([(name, shown(answer))], form, color)


def _as_it_is(diagnosis: LogDiagnosis) -> LogDiagnosis:
    return diagnosis


def _build_of(logs: tuple[str, ...]) -> tuple[str, int] | None:
    """JOB and the stored number of NUMBER, unless one of them is a file."""
    if len(logs) != 2 or "-" in logs:
        return None
    job, number = logs
    id = build_id(number)
    return None if id is None or any(map(_is_file, logs)) else (job, id)


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # not a possible file name
        return False


def _print(answers: Iterable[tuple[str, LogDiagnosis]], form: str, color: str) -> None:
    """Print each answer as it comes. Raises WriteError if a log had no readable text."""
    unread = []
    for position, (name, answer) in enumerate(answers):
        if form == "json":
            # One line of ASCII: characters that control a terminal stay escaped.
            click.echo(json.dumps(view.diagnosis_data(name, answer)))
        else:
            if position:
                click.echo()
            lines = view.diagnosis_lines(name, answer)
            screen.write_lines(lines, sys.stdout, output.colored(color))
        if answer.extraction.state != "read" and not answer.extraction.bytes:
            unread.append(name)
    if unread:
        raise WriteError(
            f"No text could be read from {plural(len(unread), 'log')}: {', '.join(unread[:5])}."
        )
