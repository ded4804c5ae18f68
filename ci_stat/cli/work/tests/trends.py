"""`ci-stat tests trends`: count days, print lines of marks."""

from collections.abc import Sequence
from datetime import timedelta

from ci_stat.cli.work import opening
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.cli.work.tests.tables import print_form
from ci_stat.cli.work.tests.windows import begin_of, parse_end
from ci_stat.runs.progress_bar import counting
from ci_stat.store.results.read import RunFilter
from ci_stat.test_results.trends.model import Period
from ci_stat.test_results.trends.service import read_trends
from ci_stat.test_results.trends.views.data import trends_data, trends_rows
from ci_stat.test_results.trends.views.document import trends_document

_DAYS_DRAWN = timedelta(days=60)


def trends(
    since: str,
    end: str | None,
    period: str | None,
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
    begin = begin_of(last, since)
    usual = Period.DAY if last - begin <= _DAYS_DRAWN else Period.WEEK
    wanted = Period(period) if period else usual
    default = context.settings.results.default_branch
    with counting("Reading counts of days"):
        report = read_trends(context.results, begin, last, filter, wanted, default)
    print_form(
        form,
        color,
        lambda: trends_data(report, limit),
        lambda: trends_rows(report, limit),
        lambda: trends_document(report, limit),
    )
