"""Reports of teams in the settings: errors name the entry, and secrets hide."""

import json
from pathlib import Path
from typing import Any

import pytest

from ci_stat.config import Settings, load
from ci_stat.errors import SettingsError

HOOK = "https://open.feishu.cn/open-apis/bot/v2/hook/"
STORAGE = {"jobs": ["tikv_test"], "repos": "tikv/tikv, tikv/pd", "chat_id": "oc_storage"}


def settings(tmp_path: Path, content: dict[str, Any], **environ: str) -> Settings:
    file = tmp_path / "env.json"
    file.write_text(json.dumps(content))
    return load({"STAT_ENV_PATH": str(file), **environ})


def texts(loaded: Settings) -> dict[str, str]:
    return {key: value.text for key, value in loaded.texts.items() if key != "reports"}


def test_a_report_has_its_own_filter(tmp_path: Path) -> None:
    report = settings(tmp_path, {"reports": {"storage": STORAGE}}).reports.teams["storage"]
    assert (report.jobs, report.repos) == (("tikv_test",), ("tikv/pd", "tikv/tikv"))
    assert report.branches == ()


def test_a_variable_has_the_reports_as_json(tmp_path: Path) -> None:
    text = json.dumps({"planner": {"branches": ["master"]}})
    loaded = settings(tmp_path, {"reports": {"storage": STORAGE}}, CI_STAT_REPORTS=text)
    assert list(loaded.reports.teams) == ["planner"]


@pytest.mark.parametrize(
    ("own", "texts_of_team"),
    [
        # Not the webhook of the others, not even as a fallback.
        ({"chat_id": "oc_2"}, {"app_id": "a", "app_secret": "s", "chat_id": "oc_2"}),
        ({"webhook": f"{HOOK}own"}, {"webhook": f"{HOOK}own"}),
        ({"mail_to": ["a@x.io", "b@x.io"]}, {"mail_to": "a@x.io,b@x.io", "app_id": "a"}),
        ({"slack_channel": "C2"}, {"slack_token": "t", "slack_channel": "C2"}),
        (
            {"slack_webhook": "https://hooks.slack.com/x"},
            {"slack_webhook": "https://hooks.slack.com/x"},
        ),
        ({"jobs": ["unit"]}, {"webhook": f"{HOOK}all", "chat_id": "oc_1", "slack_channel": "C1"}),
    ],
)
def test_a_report_goes_to_its_own_recipients(
    tmp_path: Path, own: dict[str, Any], texts_of_team: dict[str, str]
) -> None:
    everybody = {
        "webhook": f"{HOOK}all",
        "webhook_secret": "of all",
        "app_id": "a",
        "app_secret": "s",
        "chat_id": "oc_1",
        "slack_webhook": "https://hooks.slack.com/all",
        "slack_token": "t",
        "slack_channel": "C1",
        "mail_to": "all@x.io",
    }
    team = texts(settings(tmp_path, {**everybody, "reports": {"t": own}}).of_team("t"))
    assert texts_of_team.items() <= team.items()
    for key, others in (
        ("chat_id", "webhook"),
        ("webhook", "chat_id"),
        ("slack_channel", "slack_webhook"),
    ):
        assert key not in own or others not in team
    if "webhook" in own:
        assert "webhook_secret" not in team
    if own.keys() & {"mail_to"}:
        assert team["channels"] == "mail"
    assert own.keys() - {"jobs"} or "channels" not in team


@pytest.mark.parametrize(
    ("reports", "message", "hint"),
    [
        ({"storage": {"job": ["x"]}}, "reports.storage.job (from", "Did you mean 'jobs'?"),
        ({"storage": {"chat": "oc_1"}}, "reports.storage.chat (from", "Did you mean 'chat_id'?"),
        ({"storage": {"jobs": [1]}}, "reports.storage.jobs (from", 'Write ["a", "b"].'),
        ({"storage": {"jobs": {}}}, "reports.storage.jobs (from", "is an object, not a list"),
        (
            {"storage": {"chat_id": True}},
            "reports.storage.chat_id (from",
            "is a bool, not a string",
        ),
        ({"storage": ["unit"]}, "reports.storage (from", "is a list, not an object"),
        ({" ": {}}, "is not a name of a report", ""),
        ({"a\x1bb": {}}, "is not a name of a report", ""),
        ([1], "reports (from", "is a list, not an object"),
        ("{storage}", "reports (from", "is not JSON"),
    ],
)
def test_errors_name_the_entry(tmp_path: Path, reports: Any, message: str, hint: str) -> None:
    loaded = settings(tmp_path, {"reports": reports, "host": ""})
    with pytest.raises(SettingsError) as caught:
        _ = loaded.reports
    assert message in str(caught.value)
    assert hint in str(caught.value)
    assert loaded.mail.tls == "starttls"  # what needs no report is not stopped


def test_an_unknown_report_has_near_names(tmp_path: Path) -> None:
    loaded = settings(tmp_path, {"reports": {"storage": {}, "planner": {}}})
    with pytest.raises(SettingsError, match="Did you mean 'storage'"):
        loaded.of_team("storag")
    with pytest.raises(SettingsError, match="Reports are planner, storage"):
        loaded.of_team("x")
    with pytest.raises(SettingsError, match="The setting reports is not set"):
        load({}).of_team("x")


@pytest.mark.parametrize("extra", [{}, {"jobs": 7}])
def test_secrets_of_teams_hide(tmp_path: Path, extra: dict[str, Any]) -> None:
    """Also if the settings are otherwise invalid."""
    own = {"webhook": f"{HOOK}t0p-secret", "app_secret": "t0p-secret-2", **extra}
    loaded = settings(tmp_path, {"reports": {"storage": own}})
    assert {"t0p-secret", "t0p-secret-2", f"{HOOK}t0p-secret"} <= loaded.secrets()
    shown = next(row for row in loaded.shown() if row.key == "reports")
    assert shown.value == ("(set, hidden)" if extra else "storage")
    texts = [repr(loaded), str(loaded.shown())]
    if not extra:
        texts += [repr(loaded.reports), repr(loaded.of_team("storage"))]
    assert "t0p-secret" not in "".join(texts)


def test_nightly_repos(tmp_path: Path) -> None:
    loaded = settings(tmp_path, {"nightly_repos": {"nightly": "pingcap/tidb"}})
    assert loaded.reports.nightly_repos == {"nightly": "pingcap/tidb"}
    with pytest.raises(SettingsError, match=r"nightly_repos\.nightly .* is a list, not a rep"):
        _ = settings(tmp_path, {"nightly_repos": {"nightly": []}}).reports
