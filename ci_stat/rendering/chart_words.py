"""A chart as a table and as a sentence, for channels and readers that have no picture."""

from ci_stat.rendering.document import Chart, Table, text
from ci_stat.rendering.format import percent


def chart_table(chart: Chart) -> Table:
    """The numbers of the chart, with a row for each label."""
    columns = ("", chart.bar_name, chart.line_name)
    rows = (
        (text(label), text(f"{bar:,}"), text(percent(share)))
        for label, bar, share in zip(chart.labels, chart.bars, chart.line, strict=True)
    )
    return Table(chart.title, columns, tuple(rows))


def chart_words(chart: Chart) -> str:
    """All numbers of the chart, for readers who do not see it."""
    values = (
        f"{label} {bar:,}, {percent(share)}"
        for label, bar, share in zip(chart.labels, chart.bars, chart.line, strict=True)
    )
    return f"{chart.title}: {chart.bar_name}, {chart.line_name}. {'; '.join(values)}."
