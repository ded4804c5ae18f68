"""The `ci-stat` command: arguments, progress bars, exit codes. No logic of its own.

Heavy libraries (SQLAlchemy, rich, pandas) are imported by the commands that need them, not here.
"""

import io
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import ClassVar, NoReturn

import click

from ci_stat import __version__
from ci_stat.errors import CiStatError
from ci_stat.escape import visible_lines

_EPILOG = """\b
Examples:
  ci-stat explain build.log                 why did this build fail?
  ci-stat demo                              made-up data to look at, two weeks of it
  ci-stat summary --since 24h               what the last day did
  ci-stat jobs --begin 2021-06-19 --end 2021-06-21
  ci-stat prs --since 7d --repo pingcap/tidb --limit 20
  ci-stat failures --since 7d --json | jq '.failures[0]'
  ci-stat report hourly --post              what the last hour did, to Feishu, mail or Slack
  ci-stat issues plan                       what to file for last night's failures, and why
  ci-stat import runs.jsonl.gz              bring the runs of another CI
  ci-stat sync jenkins --since 7d           bring the builds of a Jenkins

\b
Exit codes:
  0  done                          4  settings cannot be used
  1  a fault of ci-stat itself     5  a record cannot be imported (--strict)
  2  arguments cannot be meant     6  a file cannot be read or written
  3  no answer from the database   7  a foreign place gave no usable answer
  8  a report or an issue is not delivered
  9  no data for a report, or none that is new
  10  no issue is touched: the plan cannot be trusted
  130  interrupted

Settings come from env.json at STAT_ENV_PATH and from CI_STAT_<KEY>: see `ci-stat config`.
"""


_HELP_OPTIONS = ["-h", "--help"]


class ReaderGone(Exception):
    """Whoever read our output has closed it."""


class Commands(click.Group):
    """Loads a command's module when it is called, so that --help needs none of them."""

    _modules: ClassVar = {
        "explain": "explain",
        "summary": "show", "jobs": "show", "prs": "show", "failures": "show",
        "report": "report", "deliveries": "report", "issues": "issues",
        "import": "data", "export": "data", "sync": "sync", "demo": "data",
        "config": "settings", "completion": "settings",
    }  # fmt: skip
    _helps: ClassVar = {
        "explain": "Why a build failed, from its log.",
        "summary": "Counts and rates of a window, over time.",
        "jobs": "Jobs, most failures first.",
        "prs": "Pull requests, most failures first.",
        "failures": "What failed, most runs first.",
        "report": "Hourly and daily reports: shown, or sent once to everybody.",
        "deliveries": "What became of reports that were sent.",
        "issues": "Issues for the failed cases of a nightly job: planned, and filed once.",
        "import": "Bring run records from JSON Lines into the CI database.",
        "export": "Write run records as JSON Lines.",
        "sync": "Bring the builds of a Jenkins into the CI database.",
        "demo": "Build made-up data of two weeks, and show it.",
        "config": "Show the settings in force and where they came from.",
        "completion": "Print the shell completion script.",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._modules:
            return None
        module = import_module(f"ci_stat.cli.{self._modules[cmd_name]}")
        command: click.Command = module.COMMANDS[cmd_name]
        # Of their own: click keeps the help option that it made first, whichever context asked for it.
        for each in (command, *getattr(command, "commands", {}).values()):
            each.context_settings.setdefault("help_option_names", _HELP_OPTIONS)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Not left to click, which would make it exit code 1.
            raise ReaderGone from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(self._helps.items()))


@click.command(cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": _HELP_OPTIONS})
@click.version_option(__version__, prog_name="ci-stat")
@click.option("-v", "--verbose", is_flag=True, help="Say on stderr what is being done.")
def cli(verbose: bool) -> None:
    """What is failing in your CI, since when, and whom it hits."""
    level = logging.INFO if verbose else logging.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)
    logging.basicConfig(level=level, handlers=[handler], format="%(levelname)s: %(message)s")
    for noisy in ("sqlalchemy", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The command's entry, and the jobs': every error is a message with the next step, and an exit code."""
    # A closed stream is None; what is said to it goes nowhere.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal that is not UTF-8 gets escapes for what it cannot show, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run(list(sys.argv[1:] if arguments is None else arguments))
        if sys.stdout is not None:
            sys.stdout.flush()
        sys.exit(code)
    except (ReaderGone, BrokenPipeError):
        # `ci-stat ... | head` is no error; Python would complain again when it flushes at exit.
        _silence_stdout()
        sys.exit(0)
    except OSError as error:
        _silence_stdout()
        click.echo(f"ci-stat: cannot write the output: {error.strerror}", err=True)
        sys.exit(6)


def _silence_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    try:
        cli.main(arguments, prog_name="ci-stat", standalone_mode=False)
    except CiStatError as error:
        click.echo(f"ci-stat: {visible_lines(error)}", err=True)
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("ci-stat: interrupted", err=True)
        return 130
    return 0
