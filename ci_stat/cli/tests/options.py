"""Options that subcommands of `ci-stat tests` share."""

from typing import Any

import click

from ci_stat.cli import options


def run_name(text: str) -> Any:
    """Return the number of a run as int, or its id as RunId. Raises BadParameter."""
    kind, colon, digits = text.rpartition(":")
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 16
    if not is_number or (colon and kind != "id"):
        raise click.BadParameter(f"{text!r} is neither the number of a run nor id:ID.")
    if not colon:
        return int(digits)

    from ci_stat.test_results.model import RunId

    return RunId(int(digits))


def run_name_option(text: str) -> options.Decorator:
    """The option that names a run by its number, or by its id in the results database."""
    return options.run_option(text, run_name, "NUMBER|id:ID")


label_option = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only runs with this label, such as an entry of a matrix; can be repeated.",
)


def window_options(since: str) -> options.Decorator:
    """Window, names and labels. `since`: the usual length of the window."""
    return options.stack(
        click.option("--begin", metavar="TIME", help="Start of the window, e.g. 2026-11-01."),
        click.option(
            "--end",
            metavar="TIME",
            help="End of the window, not included; 'latest' is after the newest run. [now]",
        ),
        click.option(
            "--since",
            metavar="LENGTH",
            help=f"Length of the window up to its end: 24h, 7d, 4w. [{since}]",
        ),
        options.name_options,
        label_option,
    )
