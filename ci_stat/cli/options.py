"""Options that several commands share, and the link from a command to its work module."""

from collections.abc import Callable
from functools import reduce, update_wrapper
from importlib import import_module
from typing import Any

import click

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]

_WHOLE = 1_000  # characters of a first sentence, more than any has
RUN_NUMBER = click.IntRange(0, 10**15 - 1)
COLORS = click.Choice(["auto", "always", "never"])


class RunOption(click.Option):
    """An option with two names, `--run` and `--number`; --help shows the first."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return record and (record[0].replace("--run, --number", "--run"), record[1])


def run_option(text: str, type_: Any, metavar: str | None = None) -> Decorator:
    """The option that names a run by its number. `type_`: what it accepts."""
    return click.option(
        *("--run", "--number", "number"), cls=RunOption, type=type_, metavar=metavar, help=text
    )


class Group(click.Group):
    """Subcommands in the order in which they were added, each with its whole first sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        rows = [(name, one.get_short_help_str(_WHOLE)) for name, one in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def work(module: str) -> Decorator:
    """Run the function of the command's name in a module of `ci_stat.cli.work`.

    The module is imported when the command is called: --help needs none of them.
    """

    def decorate(declared: Command) -> Command:
        def run(**arguments: Any) -> None:
            work_module = import_module(f"ci_stat.cli.work.{module}")
            getattr(work_module, declared.__name__)(**arguments)

        return update_wrapper(run, declared)

    return decorate


def stack(*options: Decorator) -> Decorator:
    """Return one decorator for several options. --help lists them in this order."""
    return lambda command: reduce(lambda inner, option: option(inner), reversed(options), command)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

job_option = click.option(
    "--job", "jobs", multiple=True, metavar="NAME", help="Only this job; can be repeated."
)

label_option = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only runs with this label, such as an entry of a matrix; can be repeated.",
)

name_options = stack(
    job_option,
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
)

window_options = stack(
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
    name_options,
)

color_option = click.option(
    "--color",
    type=COLORS,
    default="auto",
    show_default=True,
    help="ANSI colours; auto: if stdout is a terminal and NO_COLOR is not set.",
)

format_options = stack(
    click.option("--json", "form", flag_value="json", help="Print JSON."),
    click.option("--csv", "form", flag_value="csv", help="Print CSV."),
    color_option,
)

limit_option = click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000_000),
    default=20,
    show_default=True,
    help="Maximum number of lines, also in JSON and CSV.",
)

default_branch_option = click.option(
    "--branch",
    "branches",
    multiple=True,
    metavar="NAME",
    help="Only this branch; can be repeated. [the default branch, as in ci-stat tests flaky]",
)

end_option = click.option("--end", metavar="TIME", help="End of the window, not included. [now]")
