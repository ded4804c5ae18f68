"""`ci-stat init`: its arguments and help text."""

from pathlib import Path

import click

from ci_stat.cli import options
from ci_stat.config import PREFIX
from ci_stat.config.presets import PRESETS


@click.command()
@click.option(
    "--github", metavar="OWNER/NAME", help="Your CI is GitHub Actions, of this repository."
)
@click.option(
    "--github-token",
    metavar="TOKEN",
    envvar=f"{PREFIX}GH_TOKEN",
    help="A token with the permission Actions: read. Rather than here, where other users of the"
    " computer may see it, set it in the variable CI_STAT_GH_TOKEN, or enter it when asked.",
)
@click.option("--github-url", metavar="URL", help="API of GitHub Enterprise: https://HOST/api/v3.")
@click.option("--jenkins", metavar="URL", help="Your CI is Jenkins, with this root URL.")
@click.option("--jenkins-user", metavar="NAME", help="Jenkins user that the token belongs to.")
@click.option(
    "--jenkins-token",
    metavar="TOKEN",
    envvar=f"{PREFIX}JENKINS_TOKEN",
    help="API token of that user; rather in the variable CI_STAT_JENKINS_TOKEN, or when asked.",
)
@click.option(
    "--database",
    metavar="URL",
    help="You have a sync_ci_data: mysql://USER@HOST:3306/sync_ci_data. A password that is missing"
    " is asked for, or taken from CI_STAT_PASSWORD.",
)
@click.option(
    "--files",
    metavar="FILE",
    help="You have files of runs in JSON Lines (docs/formats.md), such as this one.",
)
@click.option("--logs", metavar="FOLDER", help="Folder of build logs: a Jenkins home, or any.")
@click.option(
    "--log-template", metavar="PATH", help="Path of a log in that folder, e.g. {job}/{number}.log."
)
@click.option(
    "--time-zone",
    metavar="NAME",
    help="Zone of the times in the database, e.g. Europe/Berlin. [UTC]",
)
@click.option("--run-url", metavar="URL", help="Link to a run: https://HOST/{job}/{number}.")
@click.option(
    "--preset",
    type=click.Choice([name for name in PRESETS if name != "none"]),
    help="Values of a known project.",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Write this file. [the file of STAT_ENV_PATH, or ci_stat/env.json in your configuration"
    " folder, where it is found without a variable]",
)
@click.option("--force", is_flag=True, help="Change a file that exists; its other keys stay.")
@click.option("--no-check", is_flag=True, help="Do not try the connections.")
@options.json_option
@options.work("init.command")
def init() -> None:
    """Set up ci_stat: say where your runs are, try the connections, and write env.json.

    Without options it asks, if it runs in a terminal. The file gets mode 600, because it contains
    tokens. If a connection fails, nothing is written.

    \b
    Examples:
      ci-stat init
      CI_STAT_GH_TOKEN=... ci-stat init --github owner/name
      ci-stat init --jenkins https://ci.example/ --jenkins-user ann
      ci-stat init --database mysql://reader@db.example/sync_ci_data --preset tidb
      ci-stat init --files runs.jsonl --time-zone Europe/Berlin
    """


COMMANDS = {"init": init}
