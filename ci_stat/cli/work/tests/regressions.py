"""`ci-stat tests regressions`: read the history, judge it, print what regressed."""

from collections.abc import Sequence

from ci_stat.cli.work import opening
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.cli.work.tests.tables import print_form
from ci_stat.cli.work.tests.windows import baseline_length, begin_of, parse_end
from ci_stat.runs.progress_bar import counting
from ci_stat.store.results.read import RunFilter
from ci_stat.test_results.regressions.service import Regressions
from ci_stat.test_results.regressions.views.data import regressions_data, regressions_rows
from ci_stat.test_results.regressions.views.document import regressions_document
from ci_stat.test_results.regressions.window_counts import Periods


def regressions(
    since: str,
    baseline: str,
    end: str | None,
    jobs: Sequence[str],
    branches: Sequence[str],
    labels: Sequence[str],
    limit: int,
    form: str | None,
    color: str,
) -> None:
    filter = RunFilter(jobs=tuple(jobs), branches=tuple(branches), labels=labels_of(labels))
    context = opening.opened()
    last = parse_end(end, context.settings.ci_data.zone)
    window = last - begin_of(last, since)
    periods = Periods(last, window, baseline_length(baseline, last, window))
    default = context.settings.results.default_branch
    with counting("Reading results"):
        report = Regressions(context.results).report(periods, filter, default)
    print_form(
        form,
        color,
        lambda: regressions_data(report, limit),
        lambda: regressions_rows(report, limit),
        lambda: regressions_document(report, limit),
    )
