"""`ci-stat matrix`: print the entries of a matrix."""

from collections.abc import Sequence
from pathlib import Path

import click

from ci_stat.cli.work import output
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.errors import UsageError
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.test_results.matrix.choose import choose, type_of_cron
from ci_stat.test_results.matrix.document import matrix_document
from ci_stat.test_results.matrix.file import read_matrix
from ci_stat.test_results.matrix.formats import formatted
from ci_stat.test_results.matrix.model import ALL


def matrix(
    file: str, type_: str | None, cron: str | None, pairs: Sequence[str], form: str, color: str
) -> None:
    if type_ is not None and cron is not None:
        raise UsageError("--type and --cron both name a type: use one of them.")
    content = read_matrix(Path(file))
    name = type_of_cron(content, cron) if cron is not None else type_ or ALL
    wanted = [pair for text in pairs for pair in labels_of([text]).items()]
    entries = choose(content, name, wanted)
    if form == "table":
        output.print_table(on_terminal(matrix_document(entries, name)), color)
    else:
        click.echo(formatted(entries, form), nl=False)
