"""The `ci-stat` command: arguments, progress bars, output and exit codes. It decides nothing.

Only the work modules import heavy libraries (SQLAlchemy, rich, pandas).
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
from ci_stat.cli.near import unknown_command, with_near_name
from ci_stat.cli.streams import OutputError, watch_stdout
from ci_stat.errors import CiStatError
from ci_stat.escape import visible, visible_lines

_EPILOG = """\b
Examples:
  ci-stat init                              say where the runs of your CI are
  ci-stat explain build.log                 why did this build fail?
  ci-stat demo                              generate two weeks of CI data, and show them
  ci-stat summary --since 24h               counts of the last day
  ci-stat jobs --begin 2021-06-19 --end 2021-06-21
  ci-stat prs --since 7d --repo pingcap/tidb --limit 20
  ci-stat pr 25036                          are these failures mine?
  ci-stat case testEvictSuite.TestEvict     since when, how often, where?
  ci-stat failures --since 7d --json | jq '.failures[0]'
  ci-stat compare --since 7d                what is new, gone, worse, better, slower?
  ci-stat report hourly --post              report the last hour to Feishu, mail or Slack
  ci-stat issues plan                       plan issues for the last night's failures
  ci-stat import runs.jsonl.gz              import the runs of another CI
  ci-stat sync jenkins --since 7d           copy the builds of a Jenkins
  ci-stat sync github --repo owner/name     copy the jobs of GitHub Actions
  ci-stat tests import build/test-results   keep the results of tests; `ci-stat tests` shows them
  ci-stat tests compare main my-branch      which tests broke, are fixed, new, slower?
  ci-stat publish comment out/ --dry-run    draft of the comment at a pull request
  ci-stat campaign start --demo             how stable is a branch? a campaign to look at

\b
Exit codes:
  0  done                          4  invalid settings
  1  internal error of ci-stat     5  invalid record (import --strict)
  2  invalid arguments             6  a file cannot be read or written
  3  database error
  7  a remote service failed or sent an invalid response
  8  a report or an issue was not delivered
  9  no data for a report, or no new data
  10  refused: nothing was changed
  11  tests, a gate or commits failed
  12  cannot tell: no data, or a failure of the infrastructure
  130  interrupted
  143  ended by SIGTERM

Settings come from env.json at STAT_ENV_PATH and from CI_STAT_<KEY>: see `ci-stat config`.
"""


_HELP_OPTIONS = ["-h", "--help"]


class ReaderGone(Exception):
    """The reader of our output has closed it."""


class Commands(click.Group):
    """The commands. A command's module is imported when it is called: --help needs none of them."""

    _modules: ClassVar = {
        "explain": "explain",
        "summary": "show",
        "jobs": "show",
        "prs": "show",
        "failures": "show",
        "pr": "questions",
        "case": "questions",
        "job": "questions",
        "run": "questions",
        "compare": "compare",
        "flaky": "flaky",
        "report": "report",
        "deliveries": "report",
        "issues": "issues",
        "tests": "tests",
        "gate": "gate",
        "matrix": "matrix",
        "publish": "publish",
        "alert": "alert",
        "campaign": "campaign",
        "import": "data",
        "export": "data",
        "sync": "sync",
        "demo": "data",
        "init": "init",
        "config": "settings",
        "completion": "settings",
    }
    _helps: ClassVar = {
        "explain": "Show why a build failed, from its log.",
        "summary": "Show counts and rates of a window, over time.",
        "jobs": "List jobs, most failures first.",
        "prs": "List pull requests, most failures first.",
        "failures": "List failures, most broken runs first.",
        "pr": "Show whether the failures of a pull request are its own.",
        "case": "Show since when a case fails, how often, and where.",
        "job": "Show how often a job fails, since when, and of what.",
        "run": "Show one run, and the runs around it.",
        "compare": "Compare two windows: what fails more or less, and what is slower.",
        "flaky": "List what passed and failed on one commit, the surest first.",
        "report": "Show the hourly or daily report, or send it once to each recipient.",
        "deliveries": "List sent reports with their outcomes.",
        "issues": "Plan and file GitHub issues for the failed cases of a nightly job.",
        "tests": "Import results of tests, and show what fails and since when.",
        "gate": "Judge test results by a policy; show what it would have said before.",
        "matrix": "Print the entries of a matrix, for GitHub Actions, GitLab CI or a shell.",
        "publish": "Tell a pull request about its tests: comment, status, check, badge, summary.",
        "alert": "Send a message when the state of tests changes.",
        "campaign": "Measure how stable a branch is, with pull requests that change nothing.",
        "import": "Import run records from JSON Lines into the CI database.",
        "export": "Export run records as JSON Lines.",
        "sync": "Copy runs from Jenkins or GitHub Actions into the CI database.",
        "demo": "Generate two weeks of CI data, and show them.",
        "init": "Set up ci_stat: say where your runs are, and write env.json.",
        "config": "Show what is set and where it came from.",
        "completion": "Print the shell completion script.",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self._modules)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in self._modules:
            return None

        module = import_module(f"ci_stat.cli.{self._modules[cmd_name]}")
        command: click.Command = module.COMMANDS[cmd_name]
        # Set on each command: click caches the help option of the first context that asks for it.
        subcommands = getattr(command, "commands", {})
        for target in (command, *subcommands.values()):
            target.context_settings.setdefault("help_option_names", _HELP_OPTIONS)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self._modules:
            ctx.fail(unknown_command(args[0], self.paths(ctx)))
        return super().resolve_command(ctx, args)

    def paths(self, ctx: click.Context) -> dict[str, str]:
        """What to type for each command and subcommand, by its last word."""
        paths: dict[str, str] = {}
        for name in self._modules:
            for subcommand in getattr(self.get_command(ctx, name), "commands", {}):
                paths.setdefault(subcommand, f"{name} {subcommand}")
        return paths | {name: name for name in self._modules}

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # click would exit with code 1.
            raise ReaderGone from None

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._helps.items()))


@click.command(cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": _HELP_OPTIONS})
@click.version_option(__version__, prog_name="ci-stat")
@click.option("-v", "--verbose", is_flag=True, help="Log progress to stderr.")
def cli(verbose: bool) -> None:
    """Show what fails in your CI, since when, whom it affects, and why."""
    level = logging.INFO if verbose else logging.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)
    logging.basicConfig(level=level, handlers=[handler], format="%(levelname)s: %(message)s")
    for noisy in ("sqlalchemy", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command or a job, and exit. Each error becomes a message and an exit code."""
    # A closed stream is None: write to nowhere instead.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # Write escapes for characters that the encoding of the terminal lacks.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        watch_stdout()
        code = run(list(sys.argv[1:] if arguments is None else arguments))
        if sys.stdout is not None:
            sys.stdout.flush()
        sys.exit(code)
    except (ReaderGone, BrokenPipeError):
        # `ci-stat ... | head` is not an error. Python must not fail again when it flushes at exit.
        _silence_stdout()
        sys.exit(0)
    except OutputError as error:
        _silence_stdout()
        click.echo(f"ci-stat: cannot write the output: {error.strerror}", err=True)
        sys.exit(6)
    except OSError as error:  # of a file, a network or a program that no feature expected
        logging.getLogger(__name__).info("Internal error", exc_info=True)
        click.echo(f"ci-stat: the system refused an operation: {visible(error, 500)}", err=True)
        click.echo("  ci-stat -v shows where.", err=True)
        sys.exit(1)


def _silence_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(arguments: list[str]) -> int:
    """Run the command. Return its exit code."""
    try:
        cli.main(arguments, prog_name="ci-stat", standalone_mode=False)
    except CiStatError as error:
        click.echo(f"ci-stat: {visible_lines(error)}", err=True)
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        with_near_name(error).show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("ci-stat: interrupted", err=True)
        return 130
    return 0
