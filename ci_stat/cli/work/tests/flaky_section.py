"""What test results add to `ci-stat flaky`; nothing is imported or opened without results."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from ci_stat.cli.work.tests.window import Asked
from ci_stat.context import Context

if TYPE_CHECKING:
    from ci_stat.test_results.flakiness.model import FlakyTests


@dataclass(frozen=True, slots=True)
class TestsSection:
    """Flaky tests, as a table and as data."""

    __test__ = False  # pytest collects classes of this name

    flaky: "FlakyTests"

    @property
    def is_unknown(self) -> bool:
        return self.flaky.is_unknown

    def data(self, limit: int) -> dict[str, Any]:
        from ci_stat.test_results.flakiness.data import flaky_data

        return flaky_data(self.flaky, limit)

    def table(self, limit: int) -> RenderableType:
        from ci_stat.rendering.as_terminal import on_terminal
        from ci_stat.test_results.flakiness.document import flaky_document

        return on_terminal(flaky_document(self.flaky, limit))


def flaky_tests(context: Context, asked: Asked) -> TestsSection | None:
    """Return what is flaky by test results; None without a results database, or without runs."""
    engine = context.existing_results
    if engine is None:
        return None

    from ci_stat.test_results.flakiness.service import find_flaky

    branch = context.settings.results.default_branch
    flaky = find_flaky(engine, asked.begin, asked.end, asked.filter, branch)
    return TestsSection(flaky) if flaky.left_out.runs else None
