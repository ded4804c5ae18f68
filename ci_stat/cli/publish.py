"""`ci-stat publish`: the arguments and help texts of its subcommands."""

from pathlib import Path

import click

from ci_stat.cli import options
from ci_stat.cli.tests.options import run_name_option

_EXAMPLES = """\
  ci-stat publish comment build/test-results            comment at the pull request of this run
  ci-stat publish comment build/test-results --dry-run  print the comment; needs no settings
  ci-stat publish comment --job unit --run 7 --pr 12    from stored results
  ci-stat publish status build/test-results             commit status ci/tests
  ci-stat publish status out/ --policy gates.toml       the gate decides
  ci-stat publish check build/test-results --may-fail   check run: neutral if tests fail
  ci-stat publish summary build/test-results            summary of the job in GitHub Actions
  ci-stat publish badge --job unit --output badge.svg
"""
_CODES = """\
\b
Exit codes: 0 published, or it is up to date; without a token, or with that of a fork, only the
summary is written, which a notice says; 7 GitHub cannot be read; 8 GitHub refused to publish, or
may not have done it; 12 published, but a result file is missing or not whole.
"""


def _epilog(command: str = "") -> str:
    """The examples of one command, or of all of them, and the exit codes."""
    lines = [line for line in _EXAMPLES.splitlines() if f"publish {command}" in line]
    return "\n".join(["\b", "Examples:", *lines, "", _CODES])


@click.group(cls=options.Group, epilog=_epilog())
def publish() -> None:
    """Tell a pull request about its tests: comment, status, check run, badge, summary.

    The results are those of the files in PATH, or of a stored run (--job, --run). If the results
    database has runs of the base branch, failures that are new are separated from those that it
    has too, and from tests that are known to be flaky.
    """


_source = options.stack(
    click.argument("paths", metavar="[PATH]...", nargs=-1),
    click.option("--job", metavar="NAME", help="Name of the job; without PATH, its newest run."),
    run_name_option(
        "Number of the run in its CI; for a stored run also id:ID (`ci-stat tests runs`).",
    ),
    click.option("--attempt", type=click.IntRange(1, 10_000), help="Attempt of that run, from 1."),
    click.option(
        "--label",
        "labels",
        multiple=True,
        metavar="KEY=VALUE",
        help="A label of the run, such as an entry of a matrix; can be repeated.",
    ),
    click.option("--repo", metavar="OWNER/NAME", help="Repository. [from the environment]"),
    click.option("--commit", metavar="HASH", help="Tested commit. [from the environment]"),
    click.option(
        "--pr",
        "pull",
        type=click.IntRange(1, 10**15 - 1),
        help="Number of the pull request. [from the environment]",
    ),
    click.option("--url", metavar="URL", help="Link to the run. [from the environment]"),
)

_policy = click.option(
    "--policy", metavar="FILE", help="Policy of a gate in TOML, as for `ci-stat gate`; it decides."
)

_texts = options.stack(
    _policy,
    click.option(
        "--base",
        metavar="BRANCH",
        help="Branch to compare with. [the target of the pull request, main or master]",
    ),
    click.option("--report", metavar="URL", default="", help="Link to a report of the tests."),
    click.option("--artifacts", metavar="URL", default="", help="Link to the artifacts."),
    click.option("--may-fail", is_flag=True, help="Failures of this job do not count."),
    click.option(
        "--only-new",
        is_flag=True,
        help="Failures that the base branch has too, and flaky tests, do not count.",
    ),
)

_dry_run = click.option("--dry-run", is_flag=True, help="Print it, and send nothing.")


@publish.command(epilog=_epilog("comment"))
@_source
@_texts
@_dry_run
@options.json_option
@options.work("tests.publish")
def comment() -> None:
    """Keep one comment at the pull request up to date.

    Several jobs share the comment: each has a section of its own. The comment is written only if
    it changes.
    """


@publish.command(epilog=_epilog("status"))
@_source
@_texts
@click.option(
    "--context", default="ci/tests", show_default=True, metavar="NAME", help="Name of the status."
)
@_dry_run
@options.json_option
@options.work("tests.publish")
def status() -> None:
    """Set a commit status: success, failure, or error if results are missing.

    Every failure counts, unless you give --only-new or --may-fail.
    """


@publish.command(epilog=_epilog("check"))
@_source
@_texts
@click.option(
    "--name", default="ci/tests", show_default=True, metavar="NAME", help="Name of the check run."
)
@_dry_run
@options.json_option
@options.work("tests.publish")
def check() -> None:
    """Create a check run with annotations. It needs the token of a GitHub App.

    In GitHub Actions, GITHUB_TOKEN is one, with the permission `checks: write`. The conclusion is
    neutral if tests fail, but none of the failures counts (--only-new, --may-fail).
    """


@publish.command(epilog=_epilog("badge"))
@_source
@_policy
@click.option("--name", "label", default="tests", show_default=True, help="Left half of the badge.")
@click.option(
    "--stale-after",
    metavar="LENGTH",
    default="14d",
    show_default=True,
    help="After this time, the badge is grey and says since when there is no data.",
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write. [standard output]")
@options.work("tests.publish")
def badge() -> None:
    """Write a badge as SVG: green from 95 % passed tests, yellow from 80 %, else red.

    Skipped tests do not count, and with --policy only tests that must pass.
    """


@publish.command(epilog=_epilog("summary"))
@_source
@_texts
@options.work("tests.publish")
def summary() -> None:
    """Append to the job's summary in GitHub Actions ($GITHUB_STEP_SUMMARY), or print it."""


COMMANDS = {"publish": publish}
