"""The output of `ci-stat config --check`."""

from typing import Any

import click

from ci_stat.cli.work import output
from ci_stat.cli.work.check import checks, failure
from ci_stat.config import Settings
from ci_stat.context import Context


def print_checks(settings: Settings) -> None:
    """Print each result as soon as it is known. Raises the error of what failed."""
    click.echo()
    results = []
    for result in checks(_context(settings)):
        results.append(result)
        output.print_check(result.name, result.says, result.error, result.warning)

    error = failure(results)
    if error:
        raise error


def print_checks_as_json(settings: Settings, data: dict[str, Any]) -> None:
    """Print `data` with the results. Raises the error of what failed."""
    results = list(checks(_context(settings)))
    output.print_json(data | {"checks": [result.data() for result in results]})

    error = failure(results)
    if error:
        raise error


def _context(settings: Settings) -> Context:
    return click.get_current_context().with_resource(Context(settings))
