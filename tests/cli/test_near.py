"""A mistyped command, option or value gets the near one."""

import click
import pytest

from ci_stat.cli import Commands, run
from ci_stat.cli.near import unknown_command


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("sumary", "Did you mean 'summary'?"),
        ("deliverys", "Did you mean 'deliveries'?"),
        ("Jobs", "Did you mean 'jobs'?"),
        ("hourly", "Did you mean 'report hourly'?"),
        ("plan", "Did you mean 'issues plan'?"),
        ("jenkins", "Did you mean 'sync jenkins'?"),
        ("report hurly", "Did you mean 'hourly'?"),
        ("jobs --jbo x", "'--job'"),
        ("jobs --color alwys", "Did you mean 'always'?"),
        ("deliveries --state sendt", "Did you mean 'sent'?"),
        ("report --nmae storage", "Did you mean 'report daily --name'?"),
        ("report --name storage", "Did you mean 'report daily --name'?"),
        ("issues --jsn", "Did you mean 'issues apply --json'?"),
        ("sync --reop a/b", "Did you mean 'sync github --repo'?"),
        ("publish --dryrun", "Did you mean 'publish comment --dry-run'?"),
        ("tests --retrys 3", "Did you mean 'tests run --retries'?"),
        ("tests --jbo x", "Did you mean 'tests --job'?"),
        ("--snice 7d", "Did you mean 'summary --since'?"),
        ("--verbos", "Did you mean '--verbose'?"),
    ],
)
def test_the_near_name(typed: str, near: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(typed.split()) == 2
    assert near in capsys.readouterr().err


def test_without_a_near_name_there_is_no_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["xyzzy"]) == 2
    error = capsys.readouterr().err
    assert "No such command 'xyzzy'." in error
    assert "Did you mean" not in error


def test_a_hostile_name_is_harmless() -> None:
    assert "\x1b" not in unknown_command("a\x1b[31mb", {})


def test_the_near_command_exists() -> None:
    """Each command that is offered can be typed."""
    context = click.Context(click.Command("ci-stat"))
    for path in Commands().paths(context).values():
        assert run([*path.split(), "--help"]) == 0
