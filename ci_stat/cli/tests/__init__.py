"""`ci-stat tests` and its subcommands: arguments and help texts, one module a command."""

from ci_stat.cli.tests.group import tests
from ci_stat.cli.tests.imports import import_
from ci_stat.cli.tests.prune import prune

tests.add_command(import_)
tests.add_command(prune)

COMMANDS = {"tests": tests}
