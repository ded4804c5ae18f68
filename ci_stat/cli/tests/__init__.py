"""`ci-stat tests` and its subcommands: arguments and help texts, one module a command."""

from ci_stat.cli.tests.flaky import flaky
from ci_stat.cli.tests.group import tests
from ci_stat.cli.tests.imports import import_
from ci_stat.cli.tests.new import new
from ci_stat.cli.tests.prune import prune
from ci_stat.cli.tests.slow import slow

for command in (import_, flaky, slow, new, prune):
    tests.add_command(command)

COMMANDS = {"tests": tests}
