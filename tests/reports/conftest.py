"""Fixtures of reports: the busy CI, our state after a report about it, and the stand-ins."""

import io
import shutil
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ci_stat.cli import run as command
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.support.busy import NOW, busy
from tests.support.feishu import Feishu, running


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the CI database `busy.sqlite`, and our state after a report about it.

    Later reports find their windows counted: counting them costs ten times as much as the rest.
    """
    folder = tmp_path_factory.mktemp("busy")
    url = f"sqlite:///{folder / 'ci.sqlite'}"
    engine = open_engine(url)
    prepare(engine)
    write_rows(engine, busy())
    shutil.copy(folder / "ci.sqlite", folder / "busy.sqlite")
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(io.StringIO()):
        patched.setenv("CI_STAT_URL", url)
        patched.setenv("XDG_DATA_HOME", str(folder / "data-home"))
        assert command(["report", "hourly", "--now", NOW]) == 0
    return folder


@pytest.fixture
def uncounted(counted: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The CI database in force, filled with `busy`. It has the same path in all tests."""
    file = counted / "ci.sqlite"
    shutil.copy(counted / "busy.sqlite", file)
    url = f"sqlite:///{file}"
    monkeypatch.setenv("CI_STAT_URL", url)
    return open_engine(url)


@pytest.fixture
def database(uncounted: Engine, counted: Path, tmp_path: Path) -> Engine:
    """The same, with our state after a report."""
    shutil.copytree(counted / "data-home", tmp_path / "data-home")
    return uncounted


@pytest.fixture
def feishu() -> Iterator[Feishu]:
    with running() as server:
        yield server


@pytest.fixture
def webhook(feishu: Feishu, monkeypatch: pytest.MonkeyPatch) -> Feishu:
    monkeypatch.setenv("CI_STAT_WEBHOOK", feishu.hook_url())
    return feishu


@pytest.fixture
def app(feishu: Feishu, monkeypatch: pytest.MonkeyPatch) -> Feishu:
    for key, value in {
        "FEISHU_URL": feishu.url,
        "APP_ID": feishu.app_id,
        "APP_SECRET": feishu.app_secret,
        "CHAT_ID": "oc_1",
    }.items():
        monkeypatch.setenv(f"CI_STAT_{key}", value)
    return feishu


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries take no time.

    The senders bind `time.sleep` when they are imported, so the test replaces the backoff.
    """
    monkeypatch.setattr("ci_stat.connectors.http.retry.Attempts._backoff", lambda _: 0.0)
