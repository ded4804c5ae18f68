"""What test results add to `ci-stat flaky`. Imported only if there are test results."""

from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from sqlalchemy import Engine

from ci_stat.cli.work.tests.window import Asked
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.test_results.flakiness.data import flaky_data
from ci_stat.test_results.flakiness.document import flaky_document
from ci_stat.test_results.flakiness.model import FlakyTests
from ci_stat.test_results.flakiness.service import find_flaky


@dataclass(frozen=True, slots=True)
class TestsSection:
    """Flaky tests, as a table and as data."""

    __test__ = False  # pytest collects classes of this name

    flaky: FlakyTests

    @property
    def is_unknown(self) -> bool:
        return self.flaky.is_unknown

    def data(self, limit: int) -> dict[str, Any]:
        return flaky_data(self.flaky, limit)

    def table(self, limit: int) -> RenderableType:
        return on_terminal(flaky_document(self.flaky, limit))


def tests_section(engine: Engine, asked: Asked, default_branch: str) -> TestsSection | None:
    """Return what is flaky by test results; None if the window has no runs."""
    flaky = find_flaky(engine, asked.begin, asked.end, asked.filter, default_branch)
    return TestsSection(flaky) if flaky.left_out.runs else None
