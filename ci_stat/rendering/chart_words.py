"""The numbers of a chart as a table and in words, for channels and readers without a picture."""

from ci_stat.rendering.document import Chart, Table, text
from ci_stat.rendering.format import percent


def chart_table(chart: Chart) -> Table:
    """The chart's numbers, a row for each label."""
    rows = zip(chart.labels, chart.bars, chart.line, strict=True)
    cells = tuple(
        (text(label), text(f"{bar:,}"), text(percent(share))) for label, bar, share in rows
    )
    return Table(chart.title, ("", chart.bar_name, chart.line_name), cells)


def chart_words(chart: Chart) -> str:
    """All that the chart shows, for readers who do not see it."""
    rows = zip(chart.labels, chart.bars, chart.line, strict=True)
    said = (f"{label} {bar:,}, {percent(share)}" for label, bar, share in rows)
    return f"{chart.title}: {chart.bar_name}, {chart.line_name}. {'; '.join(said)}."
