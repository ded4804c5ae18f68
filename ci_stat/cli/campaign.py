"""`ci-stat campaign`: the arguments and help texts of its subcommands."""

from pathlib import Path

import click

from ci_stat.cli import options

_EPILOG = """\b
Examples:
  ci-stat campaign start --demo                  a whole campaign at a made-up forge, in a minute
  ci-stat campaign plan campaign.toml            what would be done, and what it can show
  ci-stat campaign start campaign.toml           run it, and say what it proves
  ci-stat campaign start --preset ticdc          TiCDC's jobs, from 12:00 Asia/Shanghai
  ci-stat campaign status                        the campaign that runs now
  ci-stat campaign resume                        continue after a kill or a restart
  ci-stat campaign report 3f1a --markdown        the verdict, to paste into a chat
  ci-stat campaign report --post                 the verdict, to the recipients of the reports
  ci-stat campaign import config.env             settings of the known script

\b
Exit codes: 7 GitHub cannot be read; 8 a write failed or is uncertain: `resume` continues, or
`report --post` sends the verdict;
11 jobs failed; 12 no job has a result; 10 refused: a campaign is open on the branch, or another
process is at it.
"""


@click.group(cls=options.Group, epilog=_EPILOG)
def campaign() -> None:
    """Measure how stable a branch is, with pull requests that change nothing.

    A campaign opens pull requests one after another, comments the commands that start the jobs,
    waits for the results of each, closes those that passed, and says what the results prove. It
    can be killed at any time: `resume` continues where it was, and does nothing twice.
    """


_file = click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))

_id = click.argument("id", metavar="[ID]", required=False, default="")

_repo = click.option(
    "--repo", metavar="OWNER/NAME", help="Repository. [that of campaign.toml, or github_repo]"
)

_preset = click.option(
    "--preset", type=click.Choice(["ticdc"]), help="The campaign of a known project, without FILE."
)

_spec_options = options.stack(
    _preset,
    click.option("--repo", metavar="OWNER/NAME", help="Repository, instead of that of FILE."),
    click.option("--branch", metavar="NAME", help="Base branch, instead of that of FILE."),
    click.option("--count", type=click.IntRange(1, 1_000), help="Number of pull requests. [10]"),
    click.option(
        "--stagger", metavar="LENGTH", help="From one pull request to the next: 30m, 1h. [30m]"
    ),
    click.option(
        "--until-decided",
        is_flag=True,
        help="End when it is decided whether the failure rate is below the target.",
    ),
    click.option(
        "--target",
        metavar="RATE",
        help="Failure rate that the campaign is to rule out, e.g. 5%.",
    ),
)


@campaign.command(epilog=_EPILOG)
@_file
@_spec_options
@click.option("--demo", is_flag=True, help="At a made-up forge, with accelerated time.")
@click.option("--dry-run", is_flag=True, help="Print the plan, as `ci-stat campaign plan` does.")
@click.option(
    "--continue", "continues", is_flag=True, help="First end a campaign that is open on the branch."
)
@click.option("--yes", is_flag=True, help="Expect the jobs that were learnt, without a question.")
@options.json_option
@options.color_option
@options.work("campaign")
def start() -> None:
    """Run a campaign from its plan to its verdict.

    FILE is campaign.toml if it exists. The command watches until all pull requests have ended;
    on a terminal it shows one row for each. Ctrl-C stops watching and loses nothing. If FILE names
    channels, the verdict is sent over them at the end.

    If it names no `contexts`, the jobs that ran in all of the last merged pull requests of the
    branch are shown, and the campaign starts when you confirm them.
    """


@campaign.command()
@_file
@_spec_options
@options.json_option
@options.color_option
@options.work("campaign")
def plan() -> None:
    """Show what a campaign would do, when, with how many calls, and what it can show.

    It checks the rights of the token and whether the repository's bot obeys this account. If FILE
    names no `contexts`, it learns the expected jobs from the last merged pull requests of the
    branch, and shows which results it ignores. Nothing is written.
    """


@campaign.command()
@_id
@_repo
@options.json_option
@options.color_option
@options.work("campaign")
def status() -> None:
    """Show the pull requests of a campaign and their jobs. ID: by default the newest."""


@campaign.command()
@_id
@_repo
@options.json_option
@options.color_option
@options.work("campaign")
def resume() -> None:
    """Continue a campaign whose process ended. ID: by default the one that is open."""


@campaign.command()
@_id
@_repo
@options.json_option
@options.color_option
@options.work("campaign")
def cancel() -> None:
    """Open no more pull requests, and close those that are open.

    Jobs that have not ended are aborted by their CI when the pull request is closed; they count
    for neither side.
    """


@campaign.command()
@_id
@_repo
@click.option("--markdown", is_flag=True, help="Print Markdown, to paste into a chat.")
@click.option("--post", is_flag=True, help="Send the verdict to the recipients of the reports.")
@click.option(
    "--channel",
    "channels",
    type=click.Choice(["feishu", "mail", "slack"]),
    multiple=True,
    help="With --post, only this channel; can be repeated. [those of campaign.toml, else all]",
)
@click.option("--dry-run", is_flag=True, help="With --post, name the recipients, and send nothing.")
@click.option("--force", is_flag=True, help="With --post, send it again, also where it arrived.")
@options.json_option
@options.color_option
@options.work("campaign")
def report() -> None:
    """Say what a campaign proves. ID: by default the newest.

    With --post, each recipient of the reports gets the verdict of an ended campaign once, however
    often the command is repeated.
    """


@campaign.command(name="list")
@_repo
@options.limit_option
@options.json_option
@options.color_option
@options.work("campaign")
def list_() -> None:
    """List campaigns, the newest first."""


@campaign.command()
@_file
@_preset
@click.option("--at", metavar="HH:MM", help="Time of day. [that of FILE or the preset]")
@click.option("--zone", metavar="NAME", help="Time zone of --at. [that of FILE, or UTC]")
@click.option("--run", "foreground", is_flag=True, help="Stay, and start a campaign each day.")
@options.work("campaign")
def schedule() -> None:
    """Print a crontab line and a systemd timer that start a campaign each day, or do so."""


@campaign.command(name="import")
@click.argument("env_file", metavar="CONFIG.ENV", type=click.Path(path_type=Path))
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=Path("campaign.toml"),
    show_default=True,
    help="File of the campaign.",
)
@click.option("--force", is_flag=True, help="Replace the file, and change an existing env.json.")
@options.work("campaign")
def import_() -> None:
    """Turn the settings of a stability-test script into a campaign.

    Secrets go into env.json with mode 0600, the rest into --output. Keys without a counterpart are
    listed.
    """


COMMANDS = {"campaign": campaign}
