"""The questions of `ci-stat init`, on a terminal. They are printed to stderr."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import click

from ci_stat.cli.work.init.answers import Answers, lacks_password
from ci_stat.config import zone_of
from ci_stat.connectors.github.names import repository_name
from ci_stat.errors import CiStatError, UsageError

_SOURCES = {
    "1": "GitHub Actions",
    "2": "Jenkins",
    "3": "a CI database: sync_ci_data on MySQL, MariaDB or TiDB",
    "4": "files of runs: JSON Lines, from any CI",
}


def ask(answers: Answers, zone: str) -> Answers:
    """Ask where the runs are, and how to reach them. The defaults are `answers`.

    `zone`: the one in force, which is not written again.
    """
    click.echo("Where are the runs of your CI?", err=True)
    for number, name in _SOURCES.items():
        click.echo(f"  {number}  {name}", err=True)
    chosen = _ask("A number, or several such as 1,4", _chosen(answers), _numbers)
    fresh = Answers(preset=answers.preset, logs=answers.logs, log_template=answers.log_template)
    for number in chosen.split(","):
        fresh = _QUESTIONS[number](answers, fresh)
    default = zone or "UTC"
    chosen_zone = _ask("Time zone of the times", answers.time_zone or default, _zone)
    return replace(fresh, time_zone="" if chosen_zone == default else chosen_zone)


def again() -> bool:
    """Ask what to do after a check has failed: answer again, or write the file anyway."""
    choice = click.Choice(["again", "write", "quit"])
    question = "Answer again, write the file anyway, or quit?"
    answer = click.prompt(question, type=choice, default="again", err=True)
    if answer == "quit":
        raise click.Abort
    return bool(answer == "again")


def password_of(url: str) -> str:
    """Ask for the password of a database URL that has a user without one; "" for none."""
    return (
        _secret("Password of the database (empty: the stored one, or none)")
        if lacks_password(url)
        else ""
    )


def token_of(service: str) -> str:
    """Ask for a token; "" for none."""
    return _secret(f"Token for {service} (empty: none)")


def _github(before: Answers, answers: Answers) -> Answers:
    check = partial(repository_name, api_url=before.github_url)
    repo = _ask("Repository, OWNER/NAME", before.github, check)
    token = before.github_token or token_of("GitHub, with the permission Actions: read")
    return replace(answers, github=repo, github_token=token, github_url=before.github_url)


def _jenkins(before: Answers, answers: Answers) -> Answers:
    url = _ask("Root URL of Jenkins", before.jenkins)
    user = _ask("Jenkins user (empty: anonymous)", before.jenkins_user)
    token = before.jenkins_token if user == before.jenkins_user else ""
    token = token or (token_of("Jenkins") if user else "")
    return replace(answers, jenkins=url, jenkins_user=user, jenkins_token=token)


def _database(before: Answers, answers: Answers) -> Answers:
    example = "mysql://USER@HOST:3306/sync_ci_data"
    url = _ask(f"URL of the database, e.g. {example}", before.database)
    same = url == before.database
    password = before.password if same else ""
    return replace(answers, database=url, password=password or password_of(url))


def _files(before: Answers, answers: Answers) -> Answers:
    return replace(answers, files=_ask("A file of runs (docs/formats.md)", before.files))


_QUESTIONS: dict[str, Callable[[Answers, Answers], Answers]] = {
    "1": _github,
    "2": _jenkins,
    "3": _database,
    "4": _files,
}


def _ask(question: str, default: str, check: Callable[[str], str] = str.strip) -> str:
    """Ask until the answer is valid: `check` returns it, or raises CiStatError."""

    def convert(text: Any) -> str:
        try:
            return check(str(text))
        except CiStatError as error:
            raise click.UsageError(str(error)) from None

    has_empty = "(empty:" in question
    shown = default if default or has_empty else None
    return str(
        click.prompt(
            question, default=shown, show_default=bool(default), value_proc=convert, err=True
        )
    )


def _secret(question: str) -> str:
    answer = click.prompt(question, default="", show_default=False, hide_input=True, err=True)
    return str(answer).strip()


def _chosen(answers: Answers) -> str:
    """The numbers of the sources that the answers have; at first GitHub Actions."""
    given = (answers.github, answers.jenkins, answers.database, answers.files)
    return ",".join(number for number, value in zip(_SOURCES, given, strict=True) if value) or "1"


def _numbers(text: str) -> str:
    numbers = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not numbers or not set(numbers) <= _SOURCES.keys():
        raise UsageError(f"Write numbers from 1 to {len(_SOURCES)}, separated by commas.")
    return ",".join(numbers)


def _zone(text: str) -> str:
    return zone_of(text.strip(), "The time zone").key
