"""`ci-stat config --check`: connect to the CI database and to our own state."""

import os
from pathlib import Path

import click
from sqlalchemy import text

from ci_stat.config import Settings
from ci_stat.context import Context
from ci_stat.errors import CiStatError, DatabaseError, WriteError
from ci_stat.escape import visible, visible_lines
from ci_stat.store.engine import connected
from ci_stat.store.errors import hidden


def check_connections(settings: Settings) -> None:
    """Try both connections and print the results. Raises DatabaseError if one fails."""
    context = click.get_current_context().with_resource(Context(settings))
    failed = []
    for name, check in (("CI database", _check_runs), ("own state", _check_state)):
        try:
            click.echo(f"{name}: {visible(check(context))}")
        except CiStatError as error:
            click.echo(f"{name}: FAILED: {visible_lines(error)}", err=True)
            failed.append(name)
    if failed:
        raise DatabaseError(f"Not usable: {', '.join(failed)}.")


def _check_runs(context: Context) -> str:
    source = context.source
    newest = source.newest()
    if newest is None:
        return f"ok, {source.name}, empty"
    return f"ok, {source.name}, newest row {newest:%Y-%m-%d %H:%M:%S} {source.origin.zone.key}"


def _check_state(context: Context) -> str:
    """Check the server of our own state, or that its file exists or can be created."""
    engine = context.bare_state
    file = Path(engine.url.database or "")
    if engine.url.get_backend_name() == "sqlite" and not file.exists():
        nearest = next(folder for folder in file.absolute().parents if folder.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise WriteError(
                f"{file} cannot be created: you may not write to {nearest}.",
                "Set state_url to another file or database.",
            )
        return f"ok, {hidden(engine.url)} will be created when it is needed"
    with connected(engine) as connection:
        connection.execute(text("select 1"))
    return f"ok, {hidden(engine.url)}"
