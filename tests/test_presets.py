"""No setting names somebody else's project; the preset `tidb` has the values of TiDB's CI."""

import json
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

import ci_stat.ci_stat as stat
from ci_stat.bug_report import bug_report
from ci_stat.cli.report import FORMS
from ci_stat.cli.work.demo import build
from ci_stat.config import KEYS, Settings, Value, load
from ci_stat.config.presets import PRESETS, PUBLISHED_KEYS
from ci_stat.errors import CiStatError, SettingsError
from ci_stat.feishu_bot import post_card, res_to_card
from ci_stat.records import Origin
from ci_stat.runs.database import Source
from ci_stat.store.ci_data.write import prepare
from jobs import nightly_issues
from tests.conftest import Fill
from tests.support.command import Call
from tests.support.rows import history

PUBLISHED = {
    "host": "db.example",
    "port": 4000,
    "user": "reader",
    "password": "p",
    "database": "sync_ci_data",
    "log_dir": "",
    "webhook": "",
    "app_id": "",
    "app_secret": "",
    "gh_token": "",
}
DAY = ("--begin", "2021-06-19", "--end", "2021-06-20")
THEIRS = re.compile("pingcap|tidb|Shanghai", re.IGNORECASE)


@pytest.fixture
def stranger(
    monkeypatch: pytest.MonkeyPatch, url: str, tmp_path: Path, engine: Engine, fill: Fill
) -> None:
    """Somebody with a CI database of their own, and no other settings."""
    prepare(Source(engine, Origin(ZoneInfo("UTC"))).engine_for_writing())
    nightly = history("P F F", job="nightly", pr=None, first=1)
    for failed in nightly[1:]:
        failed.analysis_res = {"case": ["testSuite.TestX"]}
    fill([*nightly, *history("F P", first=10)])
    monkeypatch.delenv("CI_STAT_PRESET")
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_STALE_HOURS", "25")
    monkeypatch.setenv("CI_STAT_STATE_URL", f"sqlite:///{tmp_path / 'state.sqlite'}")


def write(folder: Path, content: dict[str, object]) -> Path:
    path = folder / "env.json"
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    return path


def from_file(folder: Path, content: dict[str, object], **variables: str) -> Settings:
    return load({"STAT_ENV_PATH": str(write(folder, content)), **variables})


# Defaults


def test_no_default_names_a_project() -> None:
    for key in KEYS.values():
        assert not THEIRS.search(key.default), key.name
    for name in PRESETS["tidb"]:
        assert KEYS[name].default == ("UTC" if name == "time_zone" else "")


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    "command",
    [
        ("summary", *DAY),
        ("jobs", *DAY),
        ("prs", *DAY),
        ("failures", *DAY),
        ("failures", *DAY, "--json"),
        ("report", "daily", "--begin", "2021-06-19"),
        ("report", "daily", "--begin", "2021-06-19", "--json"),
        ("issues", "plan", "--help"),
    ],
    ids=" ".join,
)
def test_no_output_names_somebody_elses_project(call: Call, command: tuple[str, ...]) -> None:
    answer = call(*command)
    assert answer.code == 0
    assert answer.out
    assert not THEIRS.search(answer.out + answer.err)


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    ("command", "key"),
    [
        (("issues", "plan"), "issue_jobs"),
        (("issues", "replay"), "issue_jobs"),
        (("issues", "plan", "--job", "nightly"), "github_repo"),
        (("issues", "explain", "TestX", "--job", "nightly"), "github_repo"),
        (("issues", "history"), "github_repo"),
        (("issues", "mute", "TestX", "--until", "2999-01-01", "--why", "x"), "github_repo"),
    ],
    ids=str,
)
def test_what_names_a_project_is_required_where_it_is_used(
    call: Call, command: tuple[str, ...], key: str
) -> None:
    answer = call(*command)
    assert answer.code == 4
    assert answer.err.startswith(f"ci-stat: {key} is not set")
    assert re.search(rf'"{key}": "\S+"', answer.err), "an example"


@pytest.mark.usefixtures("stranger")
def test_a_copied_cron_line_aims_at_nobodys_tracker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stranger sets a token, and copies the line of the crontab."""
    monkeypatch.setenv("CI_STAT_GITHUB_URL", "http://127.0.0.1:1")  # refuses every request
    monkeypatch.setenv("CI_STAT_GH_TOKEN", "t0p")
    assert nightly_issues.main(["--post"]) == 4
    assert "issue_jobs is not set" in capsys.readouterr().err
    assert nightly_issues.main(["--post", "--job", "nightly"]) == 4
    assert "github_repo is not set" in capsys.readouterr().err


@pytest.mark.usefixtures("stranger")
def test_what_is_set_or_named_is_used(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_GITHUB_REPO", "me/app")
    assert call("issues", "plan", "--begin", "2021-06-19", "--job", "nightly").code == 0
    monkeypatch.setenv("CI_STAT_ISSUE_JOBS", "nightly, other")
    answer = call("issues", "plan", "--begin", "2021-06-19", "--json")
    assert (answer.code, json.loads(answer.out)["repo"]) == (0, "me/app")
    assert json.loads(answer.out)["jobs"] == ["nightly", "other"]


@pytest.mark.usefixtures("stranger")
def test_only_tidb_has_a_misspelled_nightly_job(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_GITHUB_REPO", "me/app")
    job = ("issues", "plan", "--json", "--begin", "2021-06-19", "--job", "tide-unit-test-nightly")
    assert json.loads(call(*job).out)["jobs"] == ["tide-unit-test-nightly"]
    monkeypatch.setenv("CI_STAT_PRESET", "tidb")
    assert json.loads(call(*job).out)["jobs"] == ["tidb-unit-test-nightly"]


# Links


def test_without_run_url_a_run_has_no_link(stranger: None) -> None:
    res = stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 20))
    assert {run.link for run in res.all_runs} == {""}


@pytest.mark.usefixtures("stranger")
def test_without_run_url_no_output_has_a_broken_link(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    res = stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 20))
    stat.job_list(res.job_map)
    stat.pr_list(res.pr_map)
    outputs = [capsys.readouterr().out, json.dumps(res_to_card(res))]
    outputs += [res._repr_html_(), *(job._repr_html_() for job in res.job_map.values())]
    assert all(line == line.rstrip() for line in outputs[0].splitlines())

    report = ("report", "daily", "--begin", "2021-06-19")
    outputs += [call(*report, "--as", form).out for form in FORMS]
    assert call(*report, "--preview-html", str(tmp_path / "x.html")).code == 0
    outputs.append((tmp_path / "x.html").read_text())
    outputs.append(call("failures", *DAY, "--json").out)

    own = re.compile(r"https://(github\.com/o/r/pull/\d+)")
    for output in outputs:
        assert output
        assert "http" not in own.sub("", output).replace("http-equiv", "")
        assert 'href=""' not in output
        assert "]()" not in output
        assert "<|" not in output


@pytest.mark.usefixtures("stranger")
def test_without_run_url_an_issue_has_no_link(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_GITHUB_REPO", "me/app")
    window = ("--begin", "2021-06-19", "--now", "2021-06-20T08:00")
    answer = call("issues", "plan", *window, "--job", "nightly", "--drafts")
    assert "testSuite.TestX" in answer.out
    assert "run 3" in answer.out
    assert not re.search(r"\]\(|http", answer.out)
    assert not THEIRS.search(answer.out)


@pytest.mark.usefixtures("stranger")
def test_json_says_null_where_there_is_no_link(call: Call) -> None:
    rows = json.loads(call("failures", *DAY, "--json").out)["failures"]
    assert {row["newest_run"] for row in rows} <= {None}


# Presets


def test_a_preset_gives_what_is_not_set(tmp_path: Path) -> None:
    settings = from_file(tmp_path, {"preset": "tidb", "issue_labels": "flaky", "run_url": ""})
    assert settings.ci_data.zone.key == "Asia/Shanghai"
    assert settings.ci_data.run_url.startswith("https://ci.pingcap.net/")
    assert (settings.github.repo, settings.issues.jobs) == (
        "pingcap/tidb",
        ("tidb-unit-test-nightly",),
    )
    assert settings.issues.labels == ("flaky",)
    sources = {row.key: row.source for row in settings.shown()}
    assert sources["run_url"] == "preset tidb"
    assert sources["issue_labels"] == str(tmp_path / "env.json")


def test_a_variable_may_set_the_preset() -> None:
    settings = load({"CI_STAT_PRESET": "tidb", "CI_STAT_TIME_ZONE": "Europe/Berlin"})
    assert settings.github.repo == "pingcap/tidb"
    assert settings.ci_data.zone.key == "Europe/Berlin"


@pytest.mark.parametrize("group", ["ci_data", "github", "issues", "timeouts"])
def test_an_unknown_preset_is_an_error_for_all(group: str) -> None:
    settings = load({"CI_STAT_PRESET": "tikv"})
    message = r"preset \(from variable CI_STAT_PRESET\) is 'tikv', not one of tidb, none"
    with pytest.raises(SettingsError, match=message):
        getattr(settings, group)
    assert settings.shown(), "ci-stat config shows it"


# The published file


def test_the_published_file_goes_on_working(tmp_path: Path) -> None:
    settings = from_file(tmp_path, PUBLISHED)
    assert set(PUBLISHED) == PUBLISHED_KEYS
    assert (settings.preset, settings.ci_data.zone.key) == ("tidb", "Asia/Shanghai")
    assert settings.github.repo == "pingcap/tidb"
    (warning,) = settings.warnings
    assert "the preset tidb applies" in warning
    assert '"preset": "tidb"' in warning


@pytest.mark.parametrize(
    "change",
    [
        {"database": "ci"},
        {"time_zone": "UTC"},
        {"preset": "none"},
        {"preset": ""},
        {"url": "sqlite:////x"},
    ],
    ids=str,
)
def test_any_other_file_has_no_preset(tmp_path: Path, change: dict[str, object]) -> None:
    settings = from_file(tmp_path, PUBLISHED | change)
    assert settings.preset in ("", "none")
    assert settings.ci_data.zone.key == "UTC"
    assert settings.github.repo == ""
    assert settings.warnings == ()


def test_a_key_that_ends_the_preset_is_said_once(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = PUBLISHED | {"jenkins_url": "https://ci.example/", "log_level": "info"}
    settings = from_file(tmp_path, content)
    assert settings.preset == ""
    (warning,) = settings.warnings
    assert (
        "has further keys (jenkins_url, log_level), so the preset tidb is not in force" in warning
    )
    assert '"preset": "tidb"' in warning
    assert '"preset": "none"' in warning
    assert from_file(tmp_path, content, CI_STAT_PRESET="tidb").warnings == ()
    assert from_file(tmp_path, content | {"preset": "none"}).warnings == ()

    monkeypatch.delenv("CI_STAT_PRESET")
    monkeypatch.setenv("STAT_ENV_PATH", str(write(tmp_path, content)))
    assert call("config").err.count("is not in force") == 1
    assert call("config").err == ""


def test_some_of_the_published_keys_are_enough(tmp_path: Path) -> None:
    few = {key: PUBLISHED[key] for key in ("host", "user", "database")}
    assert from_file(tmp_path, few).preset == "tidb"
    assert from_file(tmp_path, few, CI_STAT_URL="sqlite:////x").preset == ""
    assert from_file(tmp_path, few, CI_STAT_PRESET="none").preset == "none"
    variables = {f"CI_STAT_{key.upper()}": str(value) for key, value in few.items()}
    assert load(variables).preset == "", "variables were never published"


def test_the_preset_of_a_published_file_is_said_once(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CI_STAT_PRESET")
    monkeypatch.setenv("STAT_ENV_PATH", str(write(tmp_path, PUBLISHED | {"host": "127.0.0.1"})))
    first, second = call("config"), call("config")
    assert "published keys" in first.out
    assert first.err.count("the preset tidb applies") == 1
    assert second.err == ""
    monkeypatch.setattr("ci_stat.config.warn._said", set())
    for _ in range(2):
        with pytest.raises(Exception, match="cannot be reached"):
            stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 20))
    assert caplog.text.count("the preset tidb applies") == 1


@pytest.mark.parametrize(
    "door",
    [
        lambda: stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 20)),
        lambda: bug_report(datetime(2021, 6, 19), datetime(2021, 6, 20), ["nightly"]),
        lambda: post_card({}),
    ],
    ids=["get_result", "bug_report", "post_card"],
)
def test_every_published_door_says_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    door: Callable[[], object],
) -> None:
    monkeypatch.delenv("CI_STAT_PRESET")
    monkeypatch.setenv("STAT_ENV_PATH", str(write(tmp_path, PUBLISHED | {"host": "127.0.0.1"})))
    monkeypatch.setenv("CI_STAT_PORT", "1")
    with pytest.raises(CiStatError):
        door()
    assert caplog.text.count("the preset tidb applies") == 1


def test_the_demo_uses_the_preset(tmp_path: Path) -> None:
    demo = build(tmp_path / "demo", rows_per_day=10, days=1, seed=1, logs=False)
    demo.context.close()
    settings = load({"STAT_ENV_PATH": str(demo.folder)})
    assert settings.preset == "tidb"
    assert json.loads((demo.folder / "env.json").read_text())["preset"] == "tidb"
    assert settings.warnings == ()


def test_a_preset_given_in_python() -> None:
    settings = Settings({"preset": Value("tidb", "test")})
    assert settings.github.repo == "pingcap/tidb"
    assert Settings().github.repo == ""
    assert os.environ["CI_STAT_PRESET"] == "tidb", "the other tests draw TiDB's CI"
