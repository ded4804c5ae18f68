"""Fixtures: real databases of both kinds, and settings that point nowhere by accident."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from sqlalchemy import Connection, Engine, text

from ci_stat.cli import run
from ci_stat.records import RunFilter, RunRow, Window
from ci_stat.runs.database import Source
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.support import mariadb
from tests.support.command import Answer, Call
from tests.support.drawn import FULL
from tests.support.golden import Golden
from tests.support.results import TIDB_ORIGIN

if sys.dont_write_bytecode:
    # Each worker and each interpreter that a test starts would compile all modules again: 2 s of
    # CPU. The bytecode stays out of the source tree.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parents[1] / "build" / "pycache")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Each run draws the same examples, so that no change fails because of an old error.
# `make hunt` looks for new examples. To look for them in one file:
# CI_STAT_TEST_EXAMPLES=2000 pytest tests/runs/test_counts_agree.py
_EXAMPLES = os.environ.get("CI_STAT_TEST_EXAMPLES")
settings.register_profile(
    "ci_stat",
    deadline=None,
    max_examples=int(_EXAMPLES or (40 if FULL else 16)),
    derandomize=not _EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # All but `explain`, which runs for minutes where examples are large.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
)
settings.load_profile("ci_stat")
# Other numbers of examples, new ones in each run: pytest --hypothesis-profile thorough
# (docs/testing.md).
for _name, _count, _deadline in (
    ("quick", 10, 5_000),
    ("default", 50, None),
    ("thorough", 200, None),
):
    settings.register_profile(
        _name,
        settings.get_profile("ci_stat"),
        max_examples=_count,
        deadline=_deadline,
        derandomize=False,
        print_blob=True,
    )

SHANGHAI = ZoneInfo("Asia/Shanghai")
REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
_REQUIRED = bool(os.environ.get("CI_STAT_TEST_REQUIRE"))
_numbers = count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the files in tests/golden"
    )
    parser.addoption(
        "--destructive", action="store_true", help="run the tests that change this machine too"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--destructive") and os.environ.get("CI"):
        raise pytest.UsageError("--destructive: tests that change the machine never run in CI")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests with made-up examples, and skip those that change the machine."""
    unasked = pytest.mark.skip(reason="changes this machine: pytest --destructive runs it")
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("property")
        if item.get_closest_marker("destructive") and not config.getoption("--destructive"):
            item.add_marker(unasked)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(bool(request.config.getoption("--update-golden")))


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """The command in this process."""

    def of(*arguments: str) -> Answer:
        capsys.readouterr()
        code = run(list(arguments))
        return Answer(code, *capsys.readouterr())

    return of


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings, the data folder or the colours of whoever runs it."""
    for name in list(os.environ):
        if name.startswith("CI_STAT_") and not name.startswith("CI_STAT_TEST_"):
            monkeypatch.delenv(name)
    for name in ("STAT_ENV_PATH", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CI_STAT_PRESET", "tidb")  # the tests draw its CI
    for module in ("ci_stat.config.warn", "ci_stat.runs.setup"):
        monkeypatch.setattr(f"{module}._said", set())  # each test is a process of its own
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data-home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config-home"))


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real data beside the checkout."""
    if not REAL.is_dir():
        pytest.skip(f"the real data is not here: no folder {REAL.name} beside the checkout")
    return REAL


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mariadb.Server]:
    """One private MariaDB server for this test process."""
    reason = mariadb.missing()
    if reason and not _REQUIRED:
        pytest.skip(reason)
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    # Nothing has to outlive the server: no double write, no waiting for a disk.
    options = ("--innodb-doublewrite=OFF", "--innodb-flush-method=nosync")
    with mariadb.running(*options, template=shared / "mariadb") as running:
        yield running


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> str:
    """The server of CI_STAT_TEST_SERVER, such as MySQL or TiDB, else a private MariaDB."""
    url = os.environ.get("CI_STAT_TEST_SERVER", "")
    return url or str(request.getfixturevalue("server").url())


@pytest.fixture(scope="session")
def administrator(server_url: str) -> Iterator[Connection]:
    """One connection for what the fixtures do."""
    engine = open_engine(f"{server_url}mysql")
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def mariadb_url(server_url: str, administrator: Connection) -> Iterator[str]:
    """A database of its own on the server."""
    name = f"t{next(_numbers)}"
    if "CI_STAT_TEST_SERVER" in os.environ:
        name = f"{name}_{os.getpid()}"  # other test processes use the server too
    administrator.execute(text(f"create database {name}"))
    yield f"{server_url}{name}"
    administrator.execute(text(f"drop database {name}"))


@pytest.fixture(params=["sqlite", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ci.sqlite'}"
    return str(request.getfixturevalue("mariadb_url"))


@pytest.fixture
def engine(url: str) -> Engine:
    """An engine on an empty `ci_data`."""
    made = open_engine(url)
    prepare(made)
    return made


@pytest.fixture
def source(engine: Engine) -> Source:
    return Source(engine, TIDB_ORIGIN)


Fill = Callable[[Sequence[RunRow]], None]


@pytest.fixture
def fill(engine: Engine) -> Fill:
    """Replace what the table holds."""

    def replace(rows: Sequence[RunRow]) -> None:
        with engine.begin() as connection:
            connection.execute(text("delete from ci_data"))
        assert write_rows(engine, rows) == []

    return replace


def day(
    begin: datetime = datetime(2021, 6, 19), end: datetime = datetime(2021, 6, 20)
) -> RunFilter:
    """A window in the table's zone."""
    return RunFilter(Window.of(begin, end, SHANGHAI))
