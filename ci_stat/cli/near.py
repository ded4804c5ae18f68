"""Near names for commands, values and options of groups that do not exist.

For options of commands, click has its own.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import click

from ci_stat.escape import visible

_CUTOFF = 0.6
_WRONG_VALUE = re.compile(r"^'(?P<value>.*?)' is not one of ")


def unknown_command(name: str, paths: Mapping[str, str]) -> str:
    """The message for a command that does not exist. `paths`: what to type, by last word."""
    message = f"No such command {visible(name, 80)!r}."
    return " ".join(filter(None, (message, _did_you_mean(name, paths))))


def with_near_name(error: click.ClickException) -> click.ClickException:
    """The error, with the near name if it is about a value or an option that does not exist."""
    if isinstance(error, click.NoSuchOption):
        return _with_near_option(error)
    return _with_near_value(error)


def _with_near_option(error: click.NoSuchOption) -> click.ClickException:
    """An option of a group may be meant for one of its subcommands: `report --name`."""
    group = error.ctx.command if error.ctx else None
    if error.ctx is None or not isinstance(group, click.Group):
        return error

    path = error.ctx.command_path.partition(" ")[2]
    near = _did_you_mean(error.option_name, _options(group, error.ctx, path))
    message = " ".join(filter(None, (error.message, near)))
    return click.UsageError(message, error.ctx)


def _options(command: click.Command, ctx: click.Context, path: str) -> dict[str, str]:
    """What to type for each long option of a command and its subcommands, the command's first."""
    names = [name for parameter in command.get_params(ctx) for name in parameter.opts]
    options = {name: f"{path} {name}".lstrip() for name in names if name.startswith("--")}
    if not isinstance(command, click.Group):
        return options

    for name in command.list_commands(ctx):
        subcommand = command.get_command(ctx, name)
        if subcommand is not None:
            options = _options(subcommand, ctx, f"{path} {name}".lstrip()) | options
    return options


def _with_near_value(error: click.ClickException) -> click.ClickException:
    """The error, with the near value if it is about one that an option does not have."""
    match = _WRONG_VALUE.match(error.message)
    if not isinstance(error, click.BadParameter) or error.param is None or match is None:
        return error

    choices = getattr(error.param.type, "choices", ())
    values = {str(value): str(value) for value in choices}
    message = f"{error.message} {_did_you_mean(match['value'], values)}".rstrip()
    return click.BadParameter(message, error.ctx, error.param, error.param_hint)


def _did_you_mean(name: str, words: Mapping[str, str]) -> str:
    near = get_close_matches(name.lower(), words, n=1, cutoff=_CUTOFF) or _begins(name, words)
    return f"Did you mean {words[near[0]]!r}?" if near else ""


def _begins(name: str, words: Iterable[str]) -> list[str]:
    """The only word that begins like this."""
    longer = [word for word in words if word.startswith(name.lower())]
    return longer if len(longer) == 1 else []
