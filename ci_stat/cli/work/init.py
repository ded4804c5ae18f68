"""`ci-stat init`: ask where the runs are, try the connections, and write the settings."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import click

from ci_stat.cli.work import init_questions, output
from ci_stat.cli.work.check import CI_DATABASE, Check, checks
from ci_stat.cli.work.init_answers import Answers, lacks_password, next_commands, values_of
from ci_stat.config import FILE_NAME, KEYS, PATH_VARIABLE, PREFIX, Settings, Value, default_file
from ci_stat.config.read import read_object
from ci_stat.config.write import require_new, write_settings
from ci_stat.context import Context
from ci_stat.errors import (
    BadRecord,
    CiStatError,
    SchemaMismatch,
    ServerUnreachable,
    SettingsError,
    UsageError,
)
from ci_stat.escape import visible, visible_lines
from ci_stat.formats.jsonl import decode_line
from ci_stat.rendering.format import plural
from ci_stat.runs.import_runs import open_input
from ci_stat.store.ci_data.stored_builds import has_table

_SOURCE = "ci-stat init"
_COMMAND = 44  # characters of a command that leave room for its purpose
_LINES = 1_000  # of a file of runs that are tried


def init(file: Path | None, force: bool, no_check: bool, as_json: bool, **options: Any) -> None:
    target = _target(file)
    if not force:
        require_new(target)
    existing = read_object(target) if target.exists() else {}
    answers, results = _answered(_of(options), existing, no_check)

    values = values_of(answers)
    replaced = write_settings(target, values, force)
    following = list(next_commands(answers, _exported(target)))
    if as_json:
        output.print_json(_data(target, values, results, following))
        return
    verb = "Changed" if existing else "Wrote"
    click.echo(f"{verb} {visible(target)}: {', '.join(values) or 'all settings have defaults'}.")
    if replaced:
        click.echo(f"Replaced: {', '.join(replaced)}.")
    click.echo("\nNext:")
    width = max(len(command) for command, _ in following)
    gap = "  " if width <= _COMMAND else "\n      "
    for command, purpose in following:
        click.echo(f"  {command:<{width if width <= _COMMAND else 0}}{gap}{purpose}")
    _warn_of_variables(values)


# Where to write


def _target(file: Path | None) -> Path:
    """The file of the option, of STAT_ENV_PATH, or the default one."""
    named = os.environ.get(PATH_VARIABLE)
    path = file or (Path(named).expanduser() if named else default_file())
    is_folder = path.is_dir() or path.suffix != ".json"
    return (path / FILE_NAME if is_folder else path).absolute()


def _exported(target: Path) -> str:
    """What STAT_ENV_PATH must name so that the file is found; "" if it is found already."""
    named = os.environ.get(PATH_VARIABLE)
    if named:
        path = Path(named).expanduser().absolute()
        return "" if target in (path, path / FILE_NAME) else str(target)
    return "" if target == default_file() and named is None else str(target)


# Answers


def _of(options: Mapping[str, str | None]) -> Answers:
    given = {name: text.strip() for name, text in options.items() if text}
    return Answers(**given, password=os.environ.get(f"{PREFIX}PASSWORD", ""))


def _answered(
    answers: Answers, existing: Mapping[str, Any], no_check: bool
) -> tuple[Answers, list[Check]]:
    """The answers, and the results of their checks. Raises the error of the first failure."""
    if not answers.has_source and _asks():
        return _asked(answers, existing, no_check)
    if not (answers.has_source or answers.preset or answers.logs):
        raise UsageError(
            "Say where the runs of your CI are.",
            "Use --github, --jenkins, --database or --files, or run `ci-stat init` in a terminal.",
        )
    if _asks():
        answers = _with_secrets(answers)
    results = [] if no_check else list(_shown(_checks(answers, existing)))
    for result in results:
        if result.error:
            raise type(result.error)(
                f"Nothing was written: {result.name} failed.",
                "Correct it, or use --no-check to write the file anyway.",
            )
    return answers, results


def _asks() -> bool:
    """Whether a person answers questions."""
    return sys.stdin is not None and sys.stdin.isatty()


def _with_secrets(answers: Answers) -> Answers:
    """Ask for the secrets that the options lack."""
    if answers.github and not answers.github_token:
        answers = replace(answers, github_token=init_questions.token_of("GitHub"))
    if answers.jenkins_user and not answers.jenkins_token:
        answers = replace(answers, jenkins_token=init_questions.token_of("Jenkins"))
    if lacks_password(answers.database) and not answers.password:
        answers = replace(answers, password=init_questions.password_of(answers.database))
    return answers


def _asked(
    answers: Answers, existing: Mapping[str, Any], no_check: bool
) -> tuple[Answers, list[Check]]:
    """Ask until the checks succeed, or the person wants the file anyway."""
    while True:
        answers = init_questions.ask(answers)
        results: list[Check] = []
        try:
            results = [] if no_check else list(_shown(_checks(answers, existing)))
            failed = any(result.error for result in results)
        except CiStatError as error:
            click.echo(f"ci-stat: {visible_lines(error)}", err=True)
            failed = True
        if not failed or not init_questions.again():
            return answers, results


# Checks


def _checks(answers: Answers, existing: Mapping[str, Any]) -> Iterator[Check]:
    """Try what the file would set up. Raises SettingsError or UsageError for invalid answers."""
    merged = dict(existing) | values_of(answers)
    texts = {
        key: Value(str(value), _SOURCE)
        for key, value in merged.items()
        if key in KEYS and value not in (None, "")
    }
    settings = Settings(texts)
    with Context(settings) as context:
        has_database = bool(merged.get("url") or merged.get("host"))
        for result in checks(context):
            if result.name != CI_DATABASE:
                yield result
            elif has_database or not isinstance(result.error, ServerUnreachable):
                yield _to_be_filled(result, answers, context)
        if answers.files:
            yield _file_of_runs(answers.files, context)


def _to_be_filled(result: Check, answers: Answers, context: Context) -> Check:
    """The result for the CI database; a sync or an import may still have to create the table."""
    fills = answers.github or answers.jenkins or answers.files
    if not fills or not isinstance(result.error, SchemaMismatch):
        return result
    if has_table(context.source.engine):
        return result
    return Check(result.name, "ok, the first import or sync creates the table ci_data")


def _file_of_runs(file: str, context: Context) -> Check:
    """Decode the first lines of a file of runs."""
    bad = []
    number = 0
    try:
        zone = context.source.origin.zone
        with open_input(file) as lines:
            for number, line in enumerate(islice(lines, _LINES), 1):
                try:
                    _ = line.strip() and decode_line(line, zone)
                except BadRecord as error:
                    bad.append(f"line {number}: {error}")
    except CiStatError as error:
        return Check("files", error=error)
    if number == len(bad):
        why = bad[0] if bad else "it is empty"
        return Check("files", error=SettingsError(f"{file} has no run: {why}.", "docs/formats.md"))
    warning = f"{plural(len(bad), 'line')} cannot be read, the first is {bad[0]}" if bad else ""
    return Check("files", f"ok, {file}, {plural(number - len(bad), 'line')} read", warning=warning)


def _shown(results: Iterator[Check]) -> Iterator[Check]:
    """Print each result to stderr as soon as it is known."""
    for result in results:
        output.print_check(result.name, result.says, result.error, result.warning, err=True)
        yield result


# What to say


def _data(
    target: Path,
    values: Mapping[str, str],
    results: list[Check],
    following: list[tuple[str, str]],
) -> dict[str, Any]:
    return {
        "file": str(target),
        "written": list(values),
        "checks": [result.data() for result in results],
        "next": [command for command, _ in following],
    }


def _warn_of_variables(values: Mapping[str, str]) -> None:
    """Variables win over the file: say which of the written settings they hide."""
    for key in values:
        name = f"{PREFIX}{key.upper()}"
        if os.environ.get(name, values[key]) != values[key]:
            click.echo(f"ci-stat: warning: {name} is set and wins over {key}.", err=True)
