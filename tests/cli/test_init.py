"""`ci-stat init`: what a stranger has becomes an env.json, and the next command is said."""

import json
import os
import pty
import select
import stat
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ci_stat.cli import run
from ci_stat.cli.work.init.answers import Answers, values_of
from ci_stat.config import load
from ci_stat.config.write import write_settings
from ci_stat.connectors.github.names import repository_name
from ci_stat.errors import SettingsError, UsageError, WriteError
from tests.conftest import Fill
from tests.support import jenkins
from tests.support.command import Answer, Call
from tests.support.forks import fork
from tests.support.github import GitHub, actions_server
from tests.support.rows import row

REPO = "pingcap/tidb"
FAILED = b"""\
2026-01-05T09:01:01.1234567Z === RUN   TestMerge
2026-01-05T09:01:02.1234567Z     merge_test.go:42: got 3, want 4
2026-01-05T09:01:02.1234567Z --- FAIL: TestMerge (0.00s)
"""
RUN = '{"job_name": "unit", "job_id": 7, "status": "FAILED", "time": "2025-09-04T08:30:00Z"}\n'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without settings; where their env.json will be."""
    monkeypatch.delenv("CI_STAT_PRESET")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config-home" / "ci_stat" / "env.json"


@pytest.fixture
def runs(tmp_path: Path) -> str:
    (tmp_path / "runs.jsonl").write_text(RUN)
    return "runs.jsonl"


def written(file: Path) -> dict[str, object]:
    value: dict[str, object] = json.loads(file.read_text())
    return value


# What a user has


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    monkeypatch.setattr("ci_stat.connectors.github.rate_limits.Timing.between_reads", 0.0)
    with actions_server(now=datetime.now(UTC)) as server:
        yield server
        assert server.findings == []


def test_github_actions_in_three_commands(home: Path, call: Call, github: GitHub) -> None:
    run = github.actions.run([("lint", "success"), ("test", "failure")], workflow="CI")
    run.last.jobs[1].log = FAILED
    options = ("--github", REPO, "--github-token", github.token, "--github-url", github.url)
    first = call("init", *options)
    assert first.code == 0
    assert f"GitHub: ok, https://github.com/{REPO}\n" in first.err
    assert "GitHub Actions: ok, 1 workflow run in the last 30 days" in first.err
    assert github.token not in first.out + first.err
    commands = [line.split("  ")[1] for line in first.out.splitlines() if "ci-stat" in line]
    assert commands[0] == f"ci-stat sync github --repo {REPO}"

    assert call(*commands[0].split()[1:]).code == 0
    failures = call(*commands[1].split()[1:])
    assert failures.code == 0
    assert "TestMerge" in failures.out
    assert "first seen" in failures.out
    assert call(*commands[2].split()[1:]).code == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--github", REPO, "--github-token", "wr0ng"), "the token is wrong or has expired"),
        (("--github", "no/such"), "not found, or not visible"),
    ],
    ids=str,
)
def test_github_that_refuses(
    home: Path, call: Call, github: GitHub, options: tuple[str, ...], says: str
) -> None:
    answer = call("init", "--github-url", github.url, "--github-token", github.token, *options)
    assert answer.code == 7
    assert says in answer.err
    assert "wr0ng" not in answer.err
    assert not home.exists()


def test_without_a_token_none_is_wrong(home: Path, call: Call, github: GitHub) -> None:
    answer = call("init", "--github-url", github.url, "--github", REPO)
    assert answer.code == 7
    assert "the repository is not public, or unknown without a token (HTTP status 401" in answer.err
    assert "gh_token" in answer.err
    assert "expired" not in answer.err
    github.anonymous = True
    answer = call("init", "--github-url", github.url, "--github", "no/such")
    assert "the repository is not public, or does not exist (HTTP status 404" in answer.err
    assert not home.exists()


def test_a_public_repository_needs_no_token(home: Path, call: Call, github: GitHub) -> None:
    github.anonymous = True
    answer = call("init", "--github-url", github.url, "--github", REPO)
    assert answer.code == 0
    assert "without a token: 60 requests an hour, and no logs" in answer.err
    assert "gh_token" not in written(home)


def test_jenkins_in_three_commands(home: Path, call: Call) -> None:
    with jenkins.running(user="ann", token="s3cret") as fake:
        fake.add("unit", jenkins.FakeBuild(1, "FAILURE", log=b"--- FAIL: TestX (0.1s)\n"))
        who = ("--jenkins-user", "ann", "--jenkins-token", "s3cret")
        first = call("init", "--jenkins", fake.url, *who)
        assert first.code == 0
        assert f"Jenkins: ok, {fake.url.rstrip('/')}, lists jobs such as unit" in first.err
        assert "ci-stat sync jenkins --since 30d" in first.out
        assert "s3cret" not in first.out + first.err
        assert call("sync", "jenkins").code == 0
    found = json.loads(call("failures", "--since", "9999d", "--end", "latest", "--json").out)
    assert [failure["broke"] for failure in found["failures"]] == [["unit#1"]]
    assert found["failures"][0]["first_seen"]
    assert found["failures"][0]["newest_run"].endswith("/job/unit/1/")
    settings = written(home)
    assert settings["jenkins_user"] == "ann"
    assert stat.S_IMODE(home.stat().st_mode) == 0o600


def test_a_file_of_runs_in_three_commands(home: Path, call: Call, runs: str) -> None:
    first = call("init", "--files", runs, "--time-zone", "Europe/Berlin")
    assert (first.code, written(home)) == (0, {"time_zone": "Europe/Berlin"})
    assert "ci-stat import runs.jsonl" in first.out
    assert call("import", runs).code == 0
    assert "Europe/Berlin" in call("failures", "--since", "1d", "--end", "latest").out


def test_a_database(home: Path, call: Call, url: str, fill: Fill) -> None:
    fill([row()])
    answer = call("init", "--database", url)
    assert answer.code == 0
    assert "CI database: ok" in answer.err
    assert written(home) == {"url": url, "time_zone": "UTC"}
    assert call("summary").code == 0


def test_a_database_that_a_sync_will_fill(
    home: Path, call: Call, mariadb_url: str, runs: str
) -> None:
    alone = call("init", "--database", mariadb_url)
    assert (alone.code, home.exists()) == (3, False)
    answer = call("init", "--database", mariadb_url, "--files", runs)
    assert answer.code == 0
    assert "CI database: ok, the first import or sync creates the table ci_data" in answer.err
    assert call("import", runs).code == 0


def test_the_preset_of_tidb(home: Path, call: Call) -> None:
    url = "mysql://reader@127.0.0.1:1/sync_ci_data"
    answer = call("init", "--database", url, "--preset", "tidb", "--no-check")
    assert answer.code == 0
    assert written(home) == {"preset": "tidb", "url": url}
    assert load().github.repo == "pingcap/tidb"
    assert load().ci_data.zone.key == "Asia/Shanghai"


def test_logs_and_links(home: Path, call: Call, runs: str, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    template, link = "{job}/{number}.log", "https://ci.example/{job}/{number}"
    options = ("--logs", "logs", "--log-template", template, "--run-url", link)
    assert call("init", "--files", runs, *options).code == 0
    assert written(home) == {
        "run_url": link,
        "log_dir": str(tmp_path / "logs"),
        "log_template": template,
    }


def test_secrets_may_come_from_variables(
    home: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_GH_TOKEN", "s3cret")
    monkeypatch.setenv("CI_STAT_PASSWORD", "p@ss")
    url = "mysql://reader@db.example/ci"
    answer = call("init", "--github", "me/app", "--database", url, "--no-check", "--json")
    assert json.loads(answer.out) == {
        "file": str(home),
        "written": ["url", "time_zone", "gh_token", "github_repo"],
        "checks": [],
        "next": [
            "ci-stat sync github --repo me/app",
            "ci-stat failures --since 30d",
            "ci-stat summary --since 30d",
        ],
    }
    assert written(home)["gh_token"] == "s3cret"
    assert written(home)["url"] == "mysql://reader:p%40ss@db.example/ci"


@pytest.mark.parametrize(
    "text",
    [
        "me/app",
        " me/app ",
        "https://github.com/me/app",
        "https://github.com/me/app.git",
        "git@github.com:me/app.git",
        "https://x:s3cret@github.com/me/app",
    ],
)
def test_a_repository_may_be_an_address(text: str) -> None:
    assert repository_name(text) == "me/app"


@pytest.mark.parametrize("text", ["app", "a/b/c", "https://example.com/me/app", "me/app; rm -rf /"])
def test_what_is_no_repository(call: Call, home: Path, text: str) -> None:
    with pytest.raises(UsageError, match="not the name of a repository"):
        repository_name(text)
    assert call("init", "--github", text).code == 2
    assert not home.exists()


def test_a_user_in_the_address_of_jenkins_is_in_no_link() -> None:
    values = values_of(Answers(jenkins="https://ann:s3cret@ci.example/jenkins/"))
    assert values["run_url"] == "https://ci.example/jenkins/{job_path}/{number}/"


# Connections that fail


@pytest.mark.parametrize(
    ("options", "name", "code"),
    [
        (("--database", "mysql://u:s3cret@127.0.0.1:1/ci"), "CI database", 3),
        (("--files", "gone.jsonl"), "files", 6),
        (("--files", "bad.jsonl"), "files", 4),
        (("--files", "empty.jsonl"), "files", 4),
        (("--files", "runs.jsonl", "--logs", "gone"), "build logs", 4),
    ],
    ids=str,
)
def test_what_fails_is_not_written(
    call: Call, home: Path, runs: str, options: tuple[str, ...], name: str, code: int
) -> None:
    Path("bad.jsonl").write_text("{}\n\x1b[31m\n")
    Path("empty.jsonl").write_text("")
    answer = call("init", *options)
    assert answer.code == code
    assert f"{name}: FAILED: " in answer.err
    assert f"Nothing was written: {name} failed" in answer.err
    assert "--no-check" in answer.err
    assert "s3cret" not in answer.err
    assert "\x1b" not in answer.err
    assert not home.parent.exists()
    assert call("init", *options, "--no-check").code == 0


def test_a_wrong_token_of_jenkins(call: Call, home: Path) -> None:
    with jenkins.running(user="ann", token="s3cret") as fake:
        options = ("--jenkins", fake.url, "--jenkins-user", "ann", "--jenkins-token", "wr0ng")
        answer = call("init", *options)
    assert answer.code == 7
    assert "Jenkins: FAILED" in answer.err
    assert "wr0ng" not in answer.err
    assert not home.exists()


@pytest.mark.parametrize("url", ["mysql://u:p@h:abc/d", "mysql://u:s3@cret@h/d"])
def test_a_database_url_that_cannot_be_read(call: Call, home: Path, url: str) -> None:
    answer = call("init", "--database", url)
    assert answer.code == 4
    assert "--database cannot be parsed" in answer.err
    assert "cret" not in answer.err
    assert not home.exists()


def test_an_invalid_zone_is_said_once(call: Call, home: Path, runs: str) -> None:
    answer = call("init", "--files", runs, "--time-zone", "Mars")
    assert answer.code in (3, 4)
    assert answer.err.count("'Mars'") == 1
    assert not home.exists()


def test_a_file_of_a_database_that_does_not_exist(
    call: Call, home: Path, runs: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/nope.sqlite"
    answer = call("init", "--database", url)
    assert answer.code == 3
    assert f"{tmp_path}/nope.sqlite does not exist.\n  Correct the path." in answer.err
    assert "ci-stat init" not in answer.err
    assert not home.exists()
    answer = call("init", "--database", url, "--files", runs)
    assert answer.code == 0
    assert "CI database: ok, the first import or sync creates the file" in answer.err
    assert call("import", runs).code == 0


def test_without_options_and_terminal_it_says_what_to_use(call: Call, home: Path) -> None:
    for options in ((), ("--time-zone", "UTC")):
        answer = call("init", *options)
        assert answer.code == 2
        assert "--github, --jenkins, --database or --files" in answer.err
    assert not home.exists()


# The file


def test_a_file_that_exists_is_kept(call: Call, home: Path, runs: str) -> None:
    home.parent.mkdir(parents=True)
    home.write_text('{"webhook": "https://x/hook", "_note": [1], "time_zone": "UTC", "port": 1}')
    before = home.read_text()
    answer = call("init", "--files", runs)
    assert answer.code == 6
    assert f"{home} exists already; nothing was changed" in answer.err
    assert "--force" in answer.err
    assert home.read_text() == before

    answer = call("init", "--files", runs, "--time-zone", "Asia/Tokyo", "--force")
    assert answer.code == 0
    assert "Replaced: time_zone." in answer.out
    assert written(home) == {
        "webhook": "https://x/hook",
        "_note": [1],
        "time_zone": "Asia/Tokyo",
        "port": 1,
    }
    assert stat.S_IMODE(home.stat().st_mode) == 0o600


def test_a_broken_file_is_not_replaced(call: Call, home: Path, runs: str) -> None:
    home.parent.mkdir(parents=True)
    home.write_text('{"webhook": "https://x", oops')
    answer = call("init", "--files", runs, "--force")
    assert answer.code == 4
    assert "not valid JSON" in answer.err
    assert home.read_text() == '{"webhook": "https://x", oops'


def test_the_preset_of_a_published_file_is_not_lost(call: Call, home: Path) -> None:
    home.parent.mkdir(parents=True)
    published = {"host": "h", "user": "u", "password": "p", "database": "sync_ci_data"}
    home.write_text(json.dumps(published))
    home.chmod(0o600)
    assert load().ci_data.zone.key == "Asia/Shanghai"
    assert call("init", "--jenkins", "https://ci.example/", "--force", "--no-check").code == 0
    assert written(home)["preset"] == "tidb"
    assert written(home)["password"] == "p"
    assert load().ci_data.zone.key == "Asia/Shanghai"


TEN_KEYS = {
    "host": "127.0.0.1",
    "port": 1,
    "user": "reader",
    "password": "p@ss",
    "database": "sync_ci_data",
    **dict.fromkeys(("log_dir", "webhook", "app_id", "app_secret", "gh_token"), ""),
}
SERVER = "mysql://reader@127.0.0.1:1/sync_ci_data"


def a_file(home: Path, content: dict[str, object]) -> None:
    home.parent.mkdir(parents=True)
    home.write_text(json.dumps(content))
    home.chmod(0o600)


def test_a_new_url_keeps_zone_and_password_of_a_published_file(call: Call, home: Path) -> None:
    a_file(home, TEN_KEYS)
    answer = call("init", "--database", SERVER, "--force", "--no-check")
    assert (answer.code, answer.err) == (0, "")
    assert "p@ss" not in answer.out
    url = "mysql://reader:p%40ss@127.0.0.1:1/sync_ci_data"
    assert written(home) == TEN_KEYS | {"preset": "tidb", "url": url}
    assert load().ci_data.zone.key == "Asia/Shanghai"
    assert call("init", "--database", SERVER, "--force", "--no-check").code == 0
    assert written(home)["url"] == url, "the password of the url, too"


def test_a_zone_is_written_if_none_is_in_force() -> None:
    new = Answers(database=SERVER)
    assert values_of(new)["time_zone"] == "UTC"
    assert values_of(new, {"preset": "none"})["time_zone"] == "UTC"
    assert "time_zone" not in values_of(new, {"time_zone": "Asia/Tokyo"})
    assert "time_zone" not in values_of(new, {"preset": "tidb"})
    asked_for = Answers(database=SERVER, time_zone="UTC")
    assert values_of(asked_for, TEN_KEYS)["time_zone"] == "UTC"


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        (TEN_KEYS, "host, user, password, database"),
        ({"url": "mysql://u:s3cret@db.example/ci"}, "url"),
    ],
    ids=["keys", "url"],
)
@pytest.mark.parametrize("check", [(), ("--no-check",)], ids=str)
def test_a_file_of_runs_is_not_for_a_server_of_others(
    call: Call, home: Path, runs: str, content: dict[str, object], keys: str, check: tuple[str, ...]
) -> None:
    a_file(home, content)
    answer = call("init", "--files", runs, "--force", *check)
    assert (answer.code, answer.out) == (2, "")
    assert f"The file points to a server ({keys}): `ci-stat import` would store" in answer.err
    assert "--database sqlite:///" in answer.err
    assert "s3cret" not in answer.err
    assert written(home) == content
    named = ("--database", f"sqlite:///{home.parent / 'own.sqlite'}", "--no-check")
    assert call("init", "--files", runs, "--force", *named).code == 0


def test_a_file_that_needs_no_change(call: Call, home: Path, runs: str) -> None:
    a_file(home, {"url": "sqlite:////x/ci.sqlite"})
    answer = call("init", "--files", runs, "--force", "--no-check")
    assert answer.out.startswith(f"{home} needs no change.\n")
    assert written(home) == {"url": "sqlite:////x/ci.sqlite"}


@pytest.mark.parametrize("place", ["ann@127.0.0.1:1", "reader@other.example"])
def test_a_password_is_for_its_user_and_host_only(call: Call, home: Path, place: str) -> None:
    a_file(home, TEN_KEYS)
    url = f"mysql://{place}/sync_ci_data"
    answer = call("init", "--database", url, "--force", "--no-check")
    assert written(home)["url"] == url
    assert "warning: url has no password, and the one in the file is for another" in answer.err
    assert "CI_STAT_PASSWORD" in answer.err


@pytest.mark.parametrize(
    ("mode", "then"), [(0o640, 0o640), (0o600, 0o600), (0o644, 0o600), (0o660, 0o660)]
)
def test_the_mode_of_a_changed_file(tmp_path: Path, mode: int, then: int) -> None:
    file = tmp_path / "env.json"
    file.write_text("{}")
    file.chmod(mode)
    write_settings(file, {"host": "h"}, force=True)
    assert stat.S_IMODE(file.stat().st_mode) == then


def test_a_link_is_followed(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text('{"user": "u"}')
    (tmp_path / "env.json").symlink_to(real)
    write_settings(tmp_path / "env.json", {"host": "h"}, force=True)
    assert (tmp_path / "env.json").is_symlink()
    assert written(real) == {"user": "u", "host": "h"}


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "env.json"
    file.write_text('{"user": "u"}')

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left"):
        write_settings(file, {"host": "h"}, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["env.json"]
    assert written(file) == {"user": "u"}


@pytest.mark.chaos
@pytest.mark.transaction
def test_a_killed_writer_loses_nothing_and_leaves_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "env.json"
    write_settings(file, {"gh_token": "old"})
    (tmp_path / ".env.json.swp").write_text("an editor's")
    killed = fork(
        f"""
        import os, signal
        from pathlib import Path
        from ci_stat.config.write import write_settings
        os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        write_settings(Path({str(file)!r}), {{"gh_token": "new"}}, force=True)
        """
    )
    assert killed.finish()[0] == -9
    assert written(file) == {"gh_token": "old"}
    write_settings(file, {"host": "h"}, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env.json.swp", "env.json"]
    assert written(file) == {"gh_token": "old", "host": "h"}


@pytest.mark.chaos
@pytest.mark.concurrent
def test_two_at_once_lose_no_key(tmp_path: Path) -> None:
    file = tmp_path / "env.json"
    script = """
        from pathlib import Path
        from ci_stat.config.write import write_settings
        for number in range(20):
            write_settings(Path({file!r}), {{f"{name}{{number}}": "x"}}, force=True)
        print("ok")
    """
    both = [fork(script.format(file=str(file), name=name)) for name in "ab"]
    assert [process.finish()[0] for process in both] == [0, 0]
    assert len(written(file)) == 40


def test_only_one_of_two_first_writers_succeeds(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "env.json"
    write_settings(file, {"host": "a"})
    with pytest.raises(WriteError, match="exists already"):
        write_settings(file, {"host": "b"})
    assert written(file) == {"host": "a"}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_another_place_is_exported(
    call: Call, tmp_path: Path, runs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = call("init", "--files", runs, "--file", "my ci/env.json")
    assert f"export STAT_ENV_PATH='{tmp_path}/my ci/env.json'" in answer.out
    monkeypatch.setenv("STAT_ENV_PATH", str(tmp_path / "my ci"))
    answer = call("init", "--files", runs, "--force")
    assert "export STAT" not in answer.out
    monkeypatch.setenv("STAT_ENV_PATH", str(tmp_path / "new" / "env.json"))
    answer = call("init", "--files", runs)
    assert (answer.code, (tmp_path / "new" / "env.json").exists()) == (0, True)


def test_a_variable_that_hides_a_setting_is_said(
    call: Call, runs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "Asia/Tokyo")
    answer = call("init", "--files", runs, "--time-zone", "UTC")
    assert "CI_STAT_TIME_ZONE is set and wins over time_zone" in answer.err


def test_the_default_file_is_found_unless_a_variable_names_another(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_settings(home, {"stale_hours": "7"})
    assert load().reports.stale_hours == 7
    assert load({}).reports.stale_hours == 2, "only the environment of the process has it"
    monkeypatch.setenv("STAT_ENV_PATH", "")
    assert load().file is None
    monkeypatch.setenv("STAT_ENV_PATH", str(home.parent.parent))
    with pytest.raises(SettingsError, match="ci-stat init"):
        load()


# Questions


class Person:
    """Answers the questions, in this order. A real terminal is tried once, below."""

    def __init__(self, call: Call, patch: pytest.MonkeyPatch) -> None:
        self._call = call
        self._answers: list[str] = []
        patch.setattr("click.prompt", self._prompt)
        patch.setattr("ci_stat.cli.work.init.command._asks", lambda: True)

    def runs_init(self, answers: Sequence[str], *options: str) -> Answer:
        self._answers = list(answers)
        result = self._call("init", *options)
        assert self._answers == [], "all questions were asked"
        return result

    def _prompt(
        self, _: str, *, default: object = None, value_proc: Any = None, **__: object
    ) -> object:
        answer = self._answers.pop(0) or default or ""
        return value_proc(answer) if value_proc else answer


@pytest.fixture
def person(call: Call, monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(call, monkeypatch)


def test_questions_about_all_sources(home: Path, person: Person, runs: str) -> None:
    url = "mysql://reader@db.example/ci"
    answers = ["1,2,3,4", "me/app", "gh-s3cret", "https://ci.example/", "ann", "jt-s3cret"]
    answer = person.runs_init([*answers, url, "db-s3cret", runs, "Europe/Berlin"], "--no-check")
    assert written(home) == {
        "url": "mysql://reader:db-s3cret@db.example/ci",
        "time_zone": "Europe/Berlin",
        "run_url": "https://ci.example/{job_path}/{number}/",
        "jenkins_url": "https://ci.example/",
        "jenkins_user": "ann",
        "jenkins_token": "jt-s3cret",
        "gh_token": "gh-s3cret",
        "github_repo": "me/app",
    }
    assert "s3cret" not in answer.out + answer.err


def test_the_zone_in_force_is_the_default_of_the_question(home: Path, person: Person) -> None:
    a_file(home, TEN_KEYS)
    assert person.runs_init(["3", SERVER, "", ""], "--force", "--no-check").code == 0
    assert "time_zone" not in written(home)
    assert load().ci_data.zone.key == "Asia/Shanghai"
    assert person.runs_init(["3", SERVER, "", "UTC"], "--force", "--no-check").code == 0
    assert written(home)["time_zone"] == "UTC"


def test_after_a_failure_it_asks_again(home: Path, person: Person, runs: str) -> None:
    answer = person.runs_init(["4", "gone.jsonl", "", "again", "", runs, ""])
    assert answer.code == 0
    assert "files: FAILED" in answer.err
    assert written(home) == {}


@pytest.mark.parametrize(("choice", "code"), [("write", 0), ("quit", 130)])
def test_after_a_failure_it_writes_or_quits(
    home: Path, person: Person, choice: str, code: int
) -> None:
    assert person.runs_init(["4", "gone.jsonl", "", choice]).code == code
    assert home.exists() == (choice == "write")


def test_options_lack_only_the_secrets(home: Path, person: Person) -> None:
    assert person.runs_init(["gh-s3cret"], "--github", "me/app", "--no-check").code == 0
    assert written(home) == {"gh_token": "gh-s3cret", "github_repo": "me/app"}


def test_a_real_terminal(home: Path, runs: str) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        _run_on_terminal()
    said = b""
    answers = [b"x\n", b"4\n", f"{runs}\n".encode(), b"\n"]
    while select.select([terminal], [], [], 30)[0]:
        try:
            said += os.read(terminal, 4096)
        except OSError:  # the end
            break
        if answers and said.endswith(b": "):
            os.write(terminal, answers.pop(0))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"Write numbers from 1 to 4" in said
    assert b"Time zone of the times [UTC]" in said
    assert home.exists()


def _run_on_terminal() -> NoReturn:
    """In a forked process: streams of its own instead of those that pytest captures."""
    code = 1
    try:
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        code = run(["init"])
        sys.stdout.flush()
    finally:
        os._exit(code)
