"""`ci-stat tests` and its subcommands: arguments and help texts, one module a command."""

from ci_stat.cli.tests.aggregate import aggregate
from ci_stat.cli.tests.compare import compare
from ci_stat.cli.tests.flaky import flaky
from ci_stat.cli.tests.group import tests
from ci_stat.cli.tests.imports import import_
from ci_stat.cli.tests.new import new
from ci_stat.cli.tests.prune import prune
from ci_stat.cli.tests.regressions import regressions
from ci_stat.cli.tests.report import report
from ci_stat.cli.tests.run import run
from ci_stat.cli.tests.runs import runs
from ci_stat.cli.tests.slow import slow
from ci_stat.cli.tests.split import split
from ci_stat.cli.tests.trends import trends

for _command in (
    import_,
    runs,
    flaky,
    slow,
    new,
    compare,
    trends,
    regressions,
    run,
    split,
    aggregate,
    report,
    prune,
):
    tests.add_command(_command)

COMMANDS = {"tests": tests}
