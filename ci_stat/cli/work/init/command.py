"""`ci-stat init`: ask where the runs are, try the connections, and write the settings."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ci_stat.cli.work import output
from ci_stat.cli.work.check import Check
from ci_stat.cli.work.init import questions
from ci_stat.cli.work.init.answers import (
    Answers,
    holds_password,
    lacks_password,
    next_commands,
    stored_password,
    values_of,
    zone_in_force,
)
from ci_stat.cli.work.init.checks import checks_of
from ci_stat.config import FILE_NAME, PATH_VARIABLE, PREFIX, default_file
from ci_stat.config.read import read_object
from ci_stat.config.write import require_new, write_settings
from ci_stat.errors import CiStatError, UsageError
from ci_stat.escape import visible, visible_lines

_COMMAND = 44  # characters of a command that leave room for its purpose


def init(file: Path | None, force: bool, no_check: bool, as_json: bool, **options: Any) -> None:
    target = _target(file)
    if not force:
        require_new(target)
    existing = read_object(target) if os.path.exists(target) else {}
    answers, results = _answered(_of(options), existing, no_check)

    values = values_of(answers, existing)
    replaced = write_settings(target, values, force)
    _warn_of_password(values, existing)
    following = list(next_commands(answers, _exported(target)))
    if as_json:
        output.print_json(_data(target, values, results, following))
        return
    click.echo(_outcome(target, values, existing))
    if replaced:
        click.echo(f"Replaced: {', '.join(replaced)}.")
    click.echo("\nNext:")
    width = max(len(command) for command, _ in following)
    gap = "  " if width <= _COMMAND else "\n      "
    for command, purpose in following:
        click.echo(f"  {visible(command):<{width if width <= _COMMAND else 0}}{gap}{purpose}")
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
        answers = _with_secrets(answers, existing)
    results = [] if no_check else list(_shown(checks_of(answers, existing)))
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


def _with_secrets(answers: Answers, existing: Mapping[str, Any]) -> Answers:
    """Ask for the secrets that the options and the file lack."""
    if answers.github and not answers.github_token:
        answers = replace(answers, github_token=questions.token_of("GitHub"))
    if answers.jenkins_user and not answers.jenkins_token:
        answers = replace(answers, jenkins_token=questions.token_of("Jenkins"))
    known = answers.password or stored_password(answers.database, existing)
    if lacks_password(answers.database) and not known:
        answers = replace(answers, password=questions.password_of(answers.database))
    return answers


def _asked(
    answers: Answers, existing: Mapping[str, Any], no_check: bool
) -> tuple[Answers, list[Check]]:
    """Ask until the checks succeed, or the person wants the file anyway."""
    while True:
        answers = questions.ask(answers, zone_in_force(answers, existing))
        results: list[Check] = []
        try:
            results = [] if no_check else list(_shown(checks_of(answers, existing)))
            failed = any(result.error for result in results)
        except CiStatError as error:
            click.echo(f"ci-stat: {visible_lines(error)}", err=True)
            failed = True
        if not failed or not questions.again():
            return answers, results


# What to say


def _shown(results: Iterator[Check]) -> Iterator[Check]:
    """Print each result to stderr as soon as it is known."""
    for result in results:
        output.print_check(result.name, result.says, result.error, result.warning, err=True)
        yield result


def _outcome(target: Path, values: Mapping[str, str], existing: Mapping[str, Any]) -> str:
    """Which settings the file got."""
    place, keys = visible(target), ", ".join(values)
    if existing:
        return f"Changed {place}: {keys}." if keys else f"{place} needs no change."
    return f"Wrote {place}: {keys or 'all settings have defaults'}."


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


def _warn_of_password(values: Mapping[str, str], existing: Mapping[str, Any]) -> None:
    """The new URL wins over an account with a password: say that the URL has none."""
    if lacks_password(values.get("url", "")) and holds_password(existing):
        click.echo(
            "ci-stat: warning: url has no password, and the one in the file is for another user or"
            f" host. Set {PREFIX}PASSWORD, and run `ci-stat init` again with --force.",
            err=True,
        )


def _warn_of_variables(values: Mapping[str, str]) -> None:
    """Variables win over the file: say which of the written settings they hide."""
    for key in values:
        name = f"{PREFIX}{key.upper()}"
        if os.environ.get(name, values[key]) != values[key]:
            click.echo(f"ci-stat: warning: {name} is set and wins over {key}.", err=True)
