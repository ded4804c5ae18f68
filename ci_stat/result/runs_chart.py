"""The runs of a Result over time, as a picture for a notebook."""

from markupsafe import Markup

from ci_stat.rendering.document import Chart
from ci_stat.result.answers.notebook import picture
from ci_stat.result.counting import count_window
from ci_stat.result.result import Result


def runs_chart(res: Result) -> Markup:
    """The address of a picture of the runs over time, with their failure rate."""
    periods = count_window(res).periods
    return picture(
        Chart(
            "Runs over time",
            tuple(period.label for period in periods),
            "runs",
            tuple(period.tally.total for period in periods),
            "failure rate",
            tuple(period.tally.fail_rate for period in periods),
        )
    )
