"""`ci-stat tests`: show the newest run."""

from collections.abc import Sequence

from ci_stat.cli.work import opening, output
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.test_results.packages import only_package
from ci_stat.test_results.views import data
from ci_stat.test_results.views.document import run_document


def tests(
    job: str | None,
    labels: Sequence[str],
    branch: str | None,
    package: str | None,
    limit: int,
    as_json: bool,
    color: str,
) -> None:
    wanted = labels_of(labels)
    context = opening.opened()
    report = context.test_results().newest(job, wanted, branch)
    if package is not None:
        report = only_package(report, package)
    output.print_either(
        data.run_data(report, limit), on_terminal(run_document(report, limit)), as_json, color
    )
