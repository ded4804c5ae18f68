"""`log_level` and `log_file`: what commands and jobs log, where, and without secrets."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.cli.work import command_log
from ci_stat.cli.work.command_log import logging_as_set
from ci_stat.config import Settings, Value
from ci_stat.connectors.http.masking import Mask
from ci_stat.store.ci_data.write import prepare
from ci_stat.store.engine import open_engine
from jobs.hourly_report import main as hourly
from tests.support.command import Call

log = logging.getLogger("ci_stat.test")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    url = f"sqlite:///{tmp_path / 'ci.sqlite'}"
    prepare(open_engine(url))
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_LOG_FILE", str(tmp_path / "ci-stat.log"))
    monkeypatch.setenv("CI_STAT_LOG_LEVEL", "info")
    return tmp_path / "ci-stat.log"


def settings(**texts: str) -> Settings:
    return Settings({key: Value(text, "test") for key, text in texts.items()})


def test_a_command_logs_to_the_file(file: Path, call: Call) -> None:
    answer = call("summary")
    assert (answer.code, answer.err) == (0, "")
    lines = file.read_text().splitlines()
    assert f"Z {os.getpid()} INFO ci_stat.runs.database: sqlite:///" in lines[0]
    assert lines[0].endswith(" s")
    assert call("summary").code == 0
    assert len(file.read_text().splitlines()) == 2 * len(lines), "the second command appends"


def test_a_job_logs_to_the_file(file: Path) -> None:
    assert hourly([]) == 9
    assert "INFO ci_stat.runs.database" in file.read_text()


def test_only_the_owner_may_read_the_file(file: Path, call: Call) -> None:
    before = os.umask(0)
    try:
        call("summary")
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


def test_warnings_are_the_default(file: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI_STAT_LOG_LEVEL")
    monkeypatch.setenv("CI_STAT_LOG_DIR", "/nowhere")
    assert call("failures").code == 0
    assert [line.split()[2] for line in file.read_text().splitlines()] == ["WARNING"]


def test_without_a_file_the_level_holds_for_stderr(file: Path, tmp_path: Path) -> None:
    def said(**variables: str) -> str:
        command = [sys.executable, "-c", "from ci_stat.cli import main; main(['summary'])"]
        environ = {**os.environ, **variables}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        return done.stderr

    assert "INFO: sqlite:///" in said(CI_STAT_LOG_FILE="")
    assert said() == ""
    assert said(CI_STAT_LOG_FILE="", CI_STAT_LOG_LEVEL="") == ""


def test_a_level_that_does_not_exist(
    file: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_LOG_LEVEL", "loud")
    answer = call("summary")
    assert answer.code == 4
    assert "log_level (from variable CI_STAT_LOG_LEVEL) is 'loud'" in answer.err
    assert "debug, info, warning, error" in answer.err


def test_a_file_that_cannot_be_opened_stops_nothing(
    file: Path, call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CI_STAT_LOG_FILE", "/proc/nope/x.log")
    assert call("summary").code == 0
    assert "log_file: /proc/nope/x.log cannot be opened" in caplog.text


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_said_once_and_without_the_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with logging_as_set(settings(log_file="/dev/full")):
        log.warning("hunter2")
        log.warning("hunter2")
    err = capsys.readouterr().err
    assert err.count("log_file cannot be written") == 1
    assert "hunter2" not in err


SECRETS = {
    "password": "hunter-22",
    "url": "mysql://u:p%40ssw0rd@db.example/ci",
    "state_url": "mysql://u:st4te-pw@db.example/state",
    "webhook": "https://open.feishu.cn/open-apis/bot/v2/hook/7f3a-9c1e",
    "slack_webhook": "https://hooks.slack.com/services/T0/B0/t0ken",
    "gh_token": "ghp_abcdef",
    "mail_password": "m41l-pw",
}
PARTS = (
    "hunter-22",
    "p%40ssw0rd",
    "p@ssw0rd",
    "st4te-pw",
    "7f3a-9c1e",
    "t0ken",
    "ghp_abcdef",
    "m41l-pw",
)


def test_no_secret_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with logging_as_set(settings(log_file=str(path), **SECRETS)):
        for part in PARTS:
            log.warning("it is %s, again %s", part, [part])
            logging.getLogger("urllib3").warning("GET /%s", part)
            try:
                raise ValueError(part)
            except ValueError:
                log.exception("it broke")
    text = path.read_text()
    assert text.count("it is ***, again") == len(PARTS)
    assert text.count("ValueError: ***") == len(PARTS)
    assert [part for part in PARTS if part in text] == []


@given(st.text(max_size=50))
def test_a_message_is_one_line(said: str) -> None:
    mask = Mask()
    record = logging.LogRecord("ci_stat", logging.INFO, "", 0, "%s", (said,), None)
    text = command_log.MaskedFormatter(mask, "%(message)s").format(record)
    assert len(text.splitlines()) <= 1
    assert "\x1b" not in text


def test_a_large_file_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_log, "MAX_BYTES", 1_000)
    path = tmp_path / "x.log"
    with logging_as_set(settings(log_file=str(path))):
        for number in range(200):
            log.warning("line %d", number)
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["x.log", *(f"x.log.{number}" for number in range(1, 6))]
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    assert "line 199" in path.read_text()
    assert all(file.stat().st_size <= 1_000 for file in tmp_path.iterdir())


def test_the_log_is_as_before_afterwards(tmp_path: Path) -> None:
    handlers, level = list(logging.getLogger().handlers), logging.getLogger("ci_stat").level
    with logging_as_set(settings(log_file=str(tmp_path / "x.log"), log_level="DEBUG")):
        assert logging.getLogger("ci_stat").level == logging.DEBUG
    assert (logging.getLogger().handlers, logging.getLogger("ci_stat").level) == (handlers, level)
