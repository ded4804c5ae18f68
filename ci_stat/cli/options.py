"""Options that several commands share."""

from collections.abc import Callable
from functools import reduce, update_wrapper
from importlib import import_module
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def work(module: str) -> Callable[[Callable[[], None]], Callable[..., None]]:
    """What the command does: the function of its name in a module of `ci_stat.cli.work`.

    Imported when it is called: `--help` needs none of it.
    """

    def decorate(declared: Callable[[], None]) -> Callable[..., None]:
        def run(**given: Any) -> None:
            done_by = import_module(f"ci_stat.cli.work.{module}")
            getattr(done_by, declared.__name__)(**given)

        return update_wrapper(run, declared)

    return decorate


def _stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    return lambda command: reduce(lambda inner, option: option(inner), reversed(options), command)


def window_options(command: F) -> F:
    """--begin, --end, --since and the names to keep."""
    return _stack(
        click.option(
            "--begin",
            metavar="TIME",
            help="Start of the window, e.g. 2021-06-19 or 2021-06-19T08:30+08:00.",
        ),
        click.option(
            "--end",
            metavar="TIME",
            help="End of the window, not included; 'latest' is the newest row. [now]",
        ),
        click.option(
            "--since",
            metavar="LENGTH",
            help="Length of the window up to its end: 90m, 24h, 7d, 2w. [24h]",
        ),
        click.option(
            "--job", "jobs", multiple=True, metavar="NAME", help="Only this job; can be repeated."
        ),
        click.option(
            "--repo",
            "repos",
            multiple=True,
            metavar="OWNER/NAME",
            help="Only this repository; can be repeated.",
        ),
        click.option(
            "--branch",
            "branches",
            multiple=True,
            metavar="NAME",
            help="Only this branch; can be repeated.",
        ),
    )(command)


def color_option(command: F) -> F:
    return click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
        help="ANSI colours; auto: if stdout is a terminal and NO_COLOR is not set.",
    )(command)  # fmt: skip


def format_options(command: F) -> F:
    """--json, --csv and --color."""
    return _stack(
        click.option("--json", "form", flag_value="json", help="Print JSON."),
        click.option("--csv", "form", flag_value="csv", help="Print CSV."),
        color_option,
    )(command)


def limit_option(command: F) -> F:
    return click.option(
        "--limit",
        type=click.IntRange(1, 1_000_000_000),
        default=20,
        show_default=True,
        help="Maximum number of lines, also in JSON and CSV.",
    )(command)
