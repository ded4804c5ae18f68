"""Options that subcommands of `ci-stat tests` share."""

import click

from ci_stat.cli import options

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
