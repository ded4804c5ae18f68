from collections.abc import Iterator

import pytest

from tests.campaigns.processes.commands import Interpreter
from tests.campaigns.processes.commands import interpreter as started


@pytest.fixture(scope="session")
def interpreter() -> Iterator[Interpreter]:
    with started() as running:
        yield running
