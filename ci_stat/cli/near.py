"""Near names for commands and values that do not exist. For options, click has its own."""

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


def with_near_value(error: click.ClickException) -> click.ClickException:
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
