"""`ci-stat explain`: why a build failed, from its log."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_stat.cli import options
from ci_stat.errors import UsageError, WriteError

if TYPE_CHECKING:
    from ci_stat.failures import Explained
    from ci_stat.logs.workers import Asked


@click.command()
@click.argument("logs", nargs=-1, required=True, metavar="LOG... | JOB NUMBER | -")
@click.option(
    "--all", "everything", is_flag=True, help="Also what only says that something failed."
)
@click.option(
    "--against",
    metavar="LOG",
    help="A passing log of the same job: what it also says is no reason.",
)
@click.option(
    "--context",
    type=click.IntRange(0, 1000),
    default=0,
    metavar="N",
    help="Lines to show around. [0]",
)
@click.option(
    "--job", default="", metavar="NAME", help="The job's name, for rules that are limited to jobs."
)
@click.option(
    "--rules",
    "rules_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your own rules (TOML).",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Processes. [one a core, for many logs]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="JSON is one object a log.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@options.color_option
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
    """Why a build failed: the failing part of its log, the case, the kind, the rule that found it.

    LOG is a file (plain, .gz, .zst, .xz) or - for standard input; it needs no database and no settings. JOB NUMBER
    is a build whose log is looked for in the places of the settings.

    \b
    Examples:
      ci-stat explain build.log
      ci-stat explain --context 5 --against last-good.log.gz build.log.gz
      curl -s "$URL/consoleText" | ci-stat explain -
      ci-stat explain tidb_ghpr_unit_test 48210
      ci-stat explain --format json logs/*.log > answers.jsonl
    """
    from ci_stat.failures import How
    from ci_stat.logs.workers import Asked, all_rules, explain_files, passing_lines

    if [*logs, against].count("-") > 1:
        raise UsageError(
            "Standard input (-) can be read once only.", "Give files for the other logs."
        )
    passing = passing_lines(against) if against else frozenset()
    build = _build_of(logs)
    rules = all_rules(rules_file) if rules_file else None
    asked = Asked(How(rules, passing, everything), job or (build[0] if build else ""), context)
    answers = [_of_build(*build, asked)] if build else explain_files(logs, asked, workers)
    _print(answers, form, color)


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


def _of_build(job: str, number: int, asked: "Asked") -> "tuple[str, Explained]":
    from dataclasses import replace

    from ci_stat.logs.folder import first_log
    from ci_stat.logs.workers import explain_stream, how_of, nothing
    from ci_stat.records.log_place import NoLog

    context = options.opened()
    places = context.log_places
    if not places:
        raise UsageError(
            f"No file is called {job!r}, and no log place is set in which build {number} of a job could be looked for.",
            "Give a log file, or set log_dir or jenkins_url (see `ci-stat config`).",
        )
    name = f"{job} #{number}"
    if asked.how.rules is None:
        asked = replace(
            asked, how=replace(asked.how, rules=how_of(context.settings.logs.rules).rules)
        )
    try:
        with first_log(places, job, number) as stream:
            return name, explain_stream(stream, asked)
    except NoLog as problem:
        return name, nothing(problem)


def _print(answers: "Iterable[tuple[str, Explained]]", form: str, color: str) -> None:
    from ci_stat.logs import view as explained
    from ci_stat.rendering.format import plural
    from ci_stat.rendering.terminal import screen

    unread = []
    for count, (name, answer) in enumerate(answers):
        if form == "json":
            # ASCII: what a terminal would act on stays an escape.
            click.echo(json.dumps(explained.answer_data(name, answer)))
        else:
            if count:
                click.echo()
            screen.write_lines(
                explained.answer_lines(name, answer), sys.stdout, options.colored(color)
            )
        if answer.extraction.state != "read" and not answer.extraction.bytes:
            unread.append(name)
    if unread:
        raise WriteError(
            f"No text could be read from {plural(len(unread), 'log')}: {', '.join(unread[:5])}."
        )


COMMANDS = {"explain": explain}
