"""`ci-stat config`: what is set, by feature, and `--check`."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ci_stat.ci_stat as published
from ci_stat.context import Context
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.conftest import Fill
from tests.support import feishu as feishu_server
from tests.support.command import Call
from tests.support.github import github_server
from tests.support.rows import row

SECRETS = {"gh_token": "t0p", "jenkins_token": "t0p", "url": "mysql://u:t0p@h/d"}


@pytest.fixture(autouse=True)
def _no_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI_STAT_PRESET")


def settings_file(folder: Path, content: dict[str, object], mode: int = 0o600) -> Path:
    path = folder / "env.json"
    path.write_text(json.dumps(content))
    path.chmod(mode)
    return path


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, fill: Fill) -> Path:
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "UTC")
    fill([row(time=datetime(2021, 6, 19, 8))])
    return tmp_path


# What is set


def test_config_shows_what_is_set_by_feature(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settings_file(tmp_path, {"preset": "tidb", "mail_host": "smtp.example", "port": ""})
    monkeypatch.setenv("STAT_ENV_PATH", str(path))
    monkeypatch.setenv("CI_STAT_STALE_HOURS", "3")
    lines = [" ".join(line.split()) for line in call("config").out.splitlines()]
    assert lines == [
        "Project",
        "preset tidb env.json",
        "",
        "CI database",
        "time_zone Asia/Shanghai preset tidb",
        "run_url https://ci.pingcap.net/blue/organizations/jenkins/{job}/detail/{job}/{number}"
        "/pipeline/ preset tidb",
        "",
        "Reports",
        "stale_hours 3 variable CI_STAT_STALE_HOURS",
        "",
        "Mail",
        "mail_host smtp.example env.json",
        "",
        "GitHub",
        "github_repo pingcap/tidb preset tidb",
        "",
        "Issues",
        "issue_jobs tidb-unit-test-nightly preset tidb",
        "issue_labels type/bug,component/test preset tidb",
        "",
        f"settings file: {path}",
        lines[-1],
    ]
    assert lines[-1].endswith(" more settings with defaults: ci-stat config --all")


def test_unset_keys_are_behind_all(call: Call) -> None:
    assert "slack_channel" not in call("config").out
    everything = call("config", "--all").out
    assert "slack_channel" in everything
    assert "more settings" not in everything
    assert "Nothing is set" in call("config").out


def test_config_as_json(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_STALE_HOURS", "3")
    data = json.loads(call("config", "--json").out)
    assert data["file"] is None
    assert [(row["group"], row["key"], row["value"]) for row in data["settings"]] == [
        ("Reports", "stale_hours", "3")
    ]
    assert len(json.loads(call("config", "--json", "--all").out)["settings"]) > 50


# The file


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666])
@pytest.mark.parametrize("key", SECRETS)
def test_secrets_that_everybody_can_read(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, mode: int
) -> None:
    path = settings_file(tmp_path, {key: SECRETS[key]}, mode)
    monkeypatch.setenv("STAT_ENV_PATH", str(path))
    monkeypatch.setenv("CI_STAT_URL", "sqlite:////nowhere/ci.sqlite")
    for command in (("config", "--check"), ("summary",)):
        monkeypatch.setattr("ci_stat.config.warn._said", set())
        answer = call(*command)
        assert f"warning: {path} contains secrets, and every user" in answer.err
        assert f"chmod 600 {path}" in answer.err
        assert "t0p" not in answer.err


@pytest.mark.parametrize(
    ("content", "mode"),
    [({"gh_token": "t0p"}, 0o640), ({"gh_token": "t0p"}, 0o600), ({"host": "h"}, 0o644),
     ({"url": "sqlite:////x"}, 0o644), ({"gh_token": ""}, 0o644)],
)  # fmt: skip
def test_a_file_that_is_private_or_has_no_secrets(
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: dict[str, object],
    mode: int,
) -> None:
    path = settings_file(tmp_path, content, mode)
    monkeypatch.setenv("STAT_ENV_PATH", str(path))
    monkeypatch.setenv("CI_STAT_GH_TOKEN", "t0p")  # not in the file
    assert call("config").err == ""


def test_python_says_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = settings_file(tmp_path, {"gh_token": "t0p"}, 0o644)
    monkeypatch.setenv("STAT_ENV_PATH", str(path))
    with pytest.raises(Exception, match="no database yet"):
        published.get_result(datetime(2021, 6, 19), datetime(2021, 6, 20))
    assert "contains secrets" in caplog.text


# Our state


def test_our_state_is_created_for_its_owner_only(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_LOG_FILE", str(tmp_path / "ci-stat.log"))
    monkeypatch.setenv("CI_STAT_LOG_LEVEL", "info")
    runs = tmp_path / "runs.jsonl"
    runs.write_text('{"job_name": "a", "job_id": 1, "status": "SUCCESS", "time": 1756974600}\n')
    before = os.umask(0)
    try:
        assert call("import", str(runs)).code == 0
        with Context() as context, context.state.begin():
            folder = tmp_path / "data-home" / "ci_stat"
            made = [*folder.iterdir(), tmp_path / "ci-stat.log"]
    finally:
        os.umask(before)
    assert {"ci.sqlite", "state.sqlite"} <= {path.name for path in made}
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made if path.exists()}
    assert set(modes.values()) == {0o600}, modes


def test_a_database_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "ci.sqlite"
    prepare(open_engine(f"sqlite:///{file}"))
    file.chmod(0o664)
    prepare(open_engine(f"sqlite:///{file}"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o664


# --check


def test_a_newest_row_in_the_future(at: Path, call: Call, fill: Fill) -> None:
    ahead = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=7, minutes=50)
    fill([row(time=ahead)])
    answer = call("config", "--check")
    assert answer.code == 0
    assert "warning: The newest row lies 7 h " in answer.err
    assert "time_zone may be wrong: it is UTC" in answer.err
    (check, *_) = json.loads(call("config", "--check", "--json").out)["checks"]
    assert (check["name"], check["ok"]) == ("CI database", True)
    assert "in the future" in check["warning"]


def test_a_newest_row_whole_hours_ago(at: Path, call: Call, fill: Fill) -> None:
    ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=8, minutes=4)
    fill([row(time=ago)])
    assert "almost exactly 8 hours" in call("config", "--check").err
    fill([row(time=ago - timedelta(minutes=30))])
    assert call("config", "--check").err == ""


def test_a_row_of_a_sync_may_be_whole_hours_old(at: Path, call: Call, fill: Fill) -> None:
    ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1, minutes=2)
    fill([row(time=ago, description={"ci_stat_run": "7"})])
    assert call("config", "--check").err == ""


def test_a_row_of_an_import_may_be_whole_hours_old(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{tmp_path / 'own.sqlite'}")
    ago = datetime.now(UTC) - timedelta(hours=8, minutes=2)
    runs = tmp_path / "runs.jsonl"
    run = {"job_name": "a", "job_id": 1, "status": "SUCCESS", "time": ago.timestamp()}
    runs.write_text(json.dumps(run) + "\n")
    assert call("import", str(runs)).code == 0
    assert call("config", "--check").err == ""


@pytest.mark.parametrize("port", ["abc", "33o6", "-1", "0", "65536", "3306.0", "٣٣٠٦"])
@pytest.mark.parametrize("key", ["port", "mail_port"])
def test_a_port_that_is_no_number_is_refused(
    at: Path, call: Call, monkeypatch: pytest.MonkeyPatch, key: str, port: str
) -> None:
    monkeypatch.setenv(f"CI_STAT_{key.upper()}", port)
    answer = call("config", "--check")
    assert answer.code == (3 if key == "port" else 4)
    place = f"{key} (from variable CI_STAT_{key.upper()})"
    assert f"FAILED: {place} is {port!r}, which is not a whole number" in answer.err


def test_the_port_of_a_url(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("mysql://u:t0p@h:abc/d", "mysql://u:t0p@h:99999/d"):
        monkeypatch.setenv("CI_STAT_URL", url)
        answer = call("config", "--check")
        assert answer.code == 3
        assert "PORT is a whole number from 1 to 65535" in answer.err
        assert "t0p" not in answer.err


def test_every_invalid_setting_is_reported(
    at: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_ISSUE_NEW", "many")
    monkeypatch.setenv("CI_STAT_LOG_LEVEL", "loud")
    monkeypatch.setenv("CI_STAT_LOG_DIR", str(at / "gone"))
    answer = call("config", "--check")
    assert answer.code == 4
    assert "settings: FAILED: issue_new" in answer.err
    assert "settings: FAILED: log_level" in answer.err
    assert f"build logs: FAILED: log_dir {at / 'gone'} is not an existing folder" in answer.err
    assert answer.err.endswith("ci-stat: Not usable: build logs, settings.\n")


def test_services_that_are_set_up_are_tried(
    at: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (at / "logs").mkdir()
    with github_server() as github, feishu_server.running() as feishu:
        for key, value in {
            "GITHUB_URL": github.url,
            "GITHUB_REPO": github.repo,
            "GH_TOKEN": github.token,
            "WEBHOOK": feishu.hook_url(),
            "LOG_DIR": str(at / "logs"),
        }.items():
            monkeypatch.setenv(f"CI_STAT_{key}", value)
        answer = call("config", "--check")
        assert (answer.code, answer.err) == (0, "")
        assert f"GitHub: ok, https://github.com/{github.repo}\n" in answer.out
        assert f"build logs: ok, {at / 'logs'}" in answer.out
        assert "nothing was sent" in answer.out
        assert feishu.messages == []

        monkeypatch.setenv("CI_STAT_GH_TOKEN", "wrong-t0p")
        answer = call("config", "--check")
    assert answer.code == 7
    assert "GitHub: FAILED: " in answer.err
    assert "wrong-t0p" not in answer.err


def test_a_repository_without_a_token_is_not_asked_for(
    at: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The preset names one; nobody may use it."""
    monkeypatch.setenv("CI_STAT_PRESET", "tidb")
    monkeypatch.setenv("CI_STAT_GITHUB_URL", "http://127.0.0.1:1")
    answer = call("config", "--check")
    assert (answer.code, "GitHub: " in answer.out + answer.err) == (0, False)


def test_check_as_json_is_one_object(at: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_STATE_URL", "mysql://root:t0p@127.0.0.1:1/state")
    answer = call("config", "--check", "--json")
    data = json.loads(answer.out)
    assert answer.code == 3
    assert [(check["name"], check["ok"]) for check in data["checks"]] == [
        ("CI database", True),
        ("own state", False),
    ]
    assert "cannot be reached" in data["checks"][1]["message"]
    assert "t0p" not in answer.out + answer.err


def test_nothing_is_created_by_a_check(call: Call, tmp_path: Path) -> None:
    write_rows(open_engine(f"sqlite:///{tmp_path / 'x'}"), [])
    call("config", "--check")
    assert not (tmp_path / "data-home").exists()
