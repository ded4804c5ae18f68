"""`ci-stat` in lines of a shell: its arguments, and whether the command takes them."""

import shlex
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from ci_stat.cli import cli


def arguments_of(line: str) -> Iterator[list[str]]:
    """Yield the arguments of each `ci-stat` in a shell line."""
    if "ci-stat" not in line:
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for is_sign, words in groupby(lexer, key=lambda word: set(word) <= set("();<>|&")):
        part = list(words)
        start = next((at for at, word in enumerate(part) if Path(word).name == "ci-stat"), None)
        if not is_sign and start is not None:
            yield [word for word in part[start + 1 :] if word != "..."]


def parses(arguments: list[str]) -> bool:
    """Whether the command exists and takes these arguments. Raises ClickException if not."""
    command: click.Command = cli
    rest = arguments
    parent = click.Context(command)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        subcommand = command.get_command(parent, rest[0])
        if subcommand is None:
            return False
        command, rest = subcommand, rest[1:]
    command.make_context(arguments[0], list(rest))
    return True
