"""`ci-stat config` and `ci-stat completion`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ci_stat import config as settings_room
from ci_stat.cli.options import warn
from ci_stat.config import Settings
from ci_stat.errors import CiStatError, DatabaseError, SettingsError, WriteError
from ci_stat.escape import visible, visible_lines

if TYPE_CHECKING:
    from ci_stat.context import Context


@click.command("config")
@click.option("--check", is_flag=True, help="Try the connections too; exit code 3 if one fails.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def config(check: bool, as_json: bool) -> None:
    """Show the settings in force and where each value came from. Secrets are never shown.

    \b
    Sources, the later wins: defaults, env.json at STAT_ENV_PATH (the file or its folder),
    environment variables CI_STAT_<KEY>, e.g. CI_STAT_PASSWORD.
    """
    settings = settings_room.load()
    warn(settings)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in settings.shown()], indent=2))
    else:
        _table(settings)
    if check:
        _check(settings)


def _table(settings: Settings) -> None:
    import sys

    from rich import box
    from rich.table import Table
    from rich.text import Text

    from ci_stat.cli.options import colored
    from ci_stat.rendering.terminal import screen

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("setting", "value", "from", "what it is for"):
        table.add_column(name, overflow="fold")
    for row in settings.shown():
        cells = (Text(visible(row.value)), Text(visible(row.source)), Text(row.purpose))
        style = "dim" if row.source == "not set" else ""
        table.add_row(Text(row.key, "bold"), *cells, style=style)
    screen.show(table, sys.stdout, colored("auto"))
    click.echo(
        f"settings file: {visible(settings.file or f'none ({settings_room.PATH_VARIABLE} is not set)')}"
    )


def _check(settings: Settings) -> None:
    """Try what can be tried, say how it went, and fail at the end if anything did."""
    from ci_stat.context import Context

    context = click.get_current_context().with_resource(Context(settings))
    failed: list[str] = []
    for name, attempt in (("CI database", _check_runs), ("own state", _check_state)):
        try:
            click.echo(f"{name}: {visible(attempt(context))}")
        except CiStatError as error:
            click.echo(f"{name}: FAILED: {visible_lines(error)}", err=True)
            failed.append(name)
    if failed:
        raise DatabaseError(f"Not usable: {', '.join(failed)}.")


def _check_runs(context: "Context") -> str:
    source = context.source
    newest, name = source.newest(), source.name
    return f"ok, {name}, " + (
        f"newest row {newest:%Y-%m-%d %H:%M:%S} {source.origin.zone.key}" if newest else "empty"
    )


def _check_state(context: "Context") -> str:
    """Our own state: the file that will be created, or the server behind `state_url`."""
    import os
    from pathlib import Path

    from sqlalchemy import text

    from ci_stat.store.engine import connected
    from ci_stat.store.errors import hidden

    engine = context.bare_state
    file = Path(engine.url.database or "")
    if engine.url.get_backend_name() == "sqlite" and not file.exists():
        nearest = next(folder for folder in file.absolute().parents if folder.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise WriteError(
                f"{file} cannot be made: {nearest} may not be written.",
                "Set state_url to another place.",
            )
        return f"ok, {hidden(engine.url)} will be created when it is needed"
    with connected(engine) as connection:
        connection.execute(text("select 1"))
    return f"ok, {hidden(engine.url)}"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  ci-stat completion bash > ~/.local/share/bash-completion/completions/ci-stat
    zsh:   ci-stat completion zsh > "${fpath[1]}/_ci-stat"
    fish:  ci-stat completion fish > ~/.config/fish/completions/ci-stat.fish
    """
    from click.shell_completion import get_completion_class

    from ci_stat.cli import cli

    found: Any = get_completion_class(shell)
    if found is None:
        raise SettingsError(f"No completion for {shell}.")
    click.echo(found(cli, {}, "ci-stat", "_CI_STAT_COMPLETE").source())


COMMANDS = {"config": config, "completion": completion}
