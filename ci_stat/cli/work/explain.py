"""`ci-stat explain`: why a build failed, from its log."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from ci_stat.cli.work import output
from ci_stat.errors import UsageError, WriteError
from ci_stat.failures import Explained, How
from ci_stat.logs import view as explained
from ci_stat.logs.workers import (
    Asked,
    all_rules,
    explain_files,
    passing_lines,
)
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
    passing = passing_lines(against) if against else frozenset()
    build = _build_of(logs)
    rules = all_rules(rules_file) if rules_file else None
    asked = Asked(How(rules, passing, everything), job or (build[0] if build else ""), context)
    if build is None:
        _print(explain_files(logs, asked, workers), form, color)
        return
    from ci_stat.cli.work.explain_build import explain_build  # SQLAlchemy

    _print([explain_build(*build, asked)], form, color)


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


def _print(answers: "Iterable[tuple[str, Explained]]", form: str, color: str) -> None:
    unread = []
    for count, (name, answer) in enumerate(answers):
        if form == "json":
            # ASCII: what a terminal would act on stays an escape.
            click.echo(json.dumps(explained.answer_data(name, answer)))
        else:
            if count:
                click.echo()
            screen.write_lines(
                explained.answer_lines(name, answer), sys.stdout, output.colored(color)
            )
        if answer.extraction.state != "read" and not answer.extraction.bytes:
            unread.append(name)
    if unread:
        raise WriteError(
            f"No text could be read from {plural(len(unread), 'log')}: {', '.join(unread[:5])}."
        )
