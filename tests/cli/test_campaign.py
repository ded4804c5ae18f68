"""`ci-stat campaign`: what a person types, and what it prints."""

import json
import os
import shutil
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ci_stat.campaigns.model import Spec
from ci_stat.campaigns.planning import planned
from ci_stat.campaigns.presets import CampaignFile
from ci_stat.campaigns.service import new_hex
from ci_stat.campaigns.spec_write import campaign_text
from ci_stat.config import load
from ci_stat.context import Context
from ci_stat.errors import UsageError
from jobs.stability_campaign import main as job
from tests.support.command import Call

ENV = """\
GITHUB_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345
REPO_OWNER=pingcap
REPO_NAME=ticdc
BASE_BRANCH=master
PR_COUNT=5
EMAIL_ENABLED=false
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_demo_ends_with_a_verdict(call: Call) -> None:
    answer = call("campaign", "start", "--demo")
    assert answer.code == 0
    assert "Stability of demo/shop main: 5 of 10 pull requests passed" in answer.out
    assert "5 of 10 passed: the failure rate is between" in answer.out
    assert "TestCheckout.test_payment" in answer.out
    assert "pull request 1: #101: opened" in answer.err
    # Its state was its own.
    assert call("campaign", "list", "--repo", "demo/shop").out.startswith("0 campaigns")


def test_the_demo_as_json(call: Call) -> None:
    data = json.loads(call("campaign", "start", "--demo", "--json").out)
    assert (data["planned"], data["opened"], data["final"]) == (10, 10, True)
    assert data["jobs"][0]["job"] == "unit-test"


def test_a_plan_of_a_preset_needs_no_token(call: Call) -> None:
    answer = call("campaign", "plan", "--preset", "ticdc")
    assert answer.code == 0
    assert "Plan: 10 pull requests on pingcap/ticdc master" in answer.out
    assert "Not checked: gh_token" in answer.out
    assert "/test pull-cdc-mysql-integration-light-next-gen" in answer.out
    data = json.loads(call("campaign", "plan", "--preset", "ticdc", "--json").out)
    assert len(data["problems"]) == 1


def test_a_dry_run_is_the_plan(call: Call) -> None:
    answer = call("campaign", "start", "--preset", "ticdc", "--count", "3", "--dry-run")
    assert "Plan: 3 pull requests" in answer.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("start",), "No campaign is described."),
        (("plan", "missing.toml"), "Cannot read the campaign missing.toml"),
        (("start", "--preset", "ticdc", "--until-decided"), "--until-decided needs a target."),
        (("plan", "--preset", "ticdc", "--target", "150%"), "is no failure rate"),
        (("status", "--repo", "o/r"), "There is no campaign yet."),
        (("report", "abc", "--repo", "o/r"), "No campaign has the id 'abc'."),
        (("schedule", "--preset", "ticdc", "--at", "25:00"), "Invalid schedule"),
        (("plan", "--preset", "ticdc", "--repo", "a/b/../c"), "'a/b/../c' is not a repository"),
        (("start", "--preset", "ticdc", "--repo", ""), "'' is not a repository"),
        (("plan", "--preset", "ticdc", "--branch", "a..b"), "'a..b' is not the name of a branch"),
        (("plan", "--preset", "ticdc", "--branch", "a\x1b[2J"), "is not the name of a branch"),
    ],
)
def test_errors_say_what_is_wrong(call: Call, arguments: tuple[str, ...], said: str) -> None:
    answer = call("campaign", *arguments)
    assert answer.code in (2, 4, 6)
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_without_a_token_nothing_starts(call: Call) -> None:
    answer = call("campaign", "start", "--preset", "ticdc")
    assert answer.code == 4
    assert "gh_token" in answer.err


def test_ctrl_c_says_how_the_campaign_goes_on(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("CI_STAT_GH_TOKEN", "ghp_" + "0" * 36)
    monkeypatch.setattr("ci_stat.campaigns.service.Campaigns.start", interrupt)
    answer = call("campaign", "start", "--preset", "ticdc")
    assert answer.code == 130
    assert "Continue: ci-stat campaign resume" in answer.err


SPEC = Spec("o/r", "main", fork="bot/r", contexts=("unit",))


@pytest.mark.parametrize(
    "arguments", [("resume", "--repo", "o/r"), ("cancel", "--repo", "o/r"), ("start", "--continue")]
)
def test_a_campaign_goes_on_in_its_own_fork(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """Not in that of a campaign.toml that was changed, or is not there."""
    if arguments[0] == "start":
        changed = CampaignFile(replace(SPEC, fork="another/r"))
        (tmp_path / "campaign.toml").write_text(campaign_text(changed))
    with Context(load()) as context:
        begin = datetime(2026, 11, 30, tzinfo=UTC)
        ledger = context.campaigns("o/r").ledger
        ledger.add(planned(SPEC, begin, new_hex))

    forks = []

    def note(_: object, fork: str = "") -> None:
        forks.append(fork)
        raise UsageError("Enough.")

    monkeypatch.setattr("ci_stat.campaigns.setup.CampaignsSetup.service", note)
    assert "Enough." in call("campaign", *arguments).err
    assert forks == ["bot/r"]


def test_the_job_is_the_command(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("campaign", "start", "--continue").code == 2
    assert job([]) == 2
    assert "No campaign is described." in capsys.readouterr().err


def test_the_settings_of_a_script_are_imported(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAT_ENV_PATH", str(tmp_path))
    Path("config.env").write_text(ENV)
    answer = call("campaign", "import", "config.env")
    assert answer.code == 0, answer.err
    assert "ghp_" not in Path("campaign.toml").read_text() + answer.out + answer.err
    settings = tmp_path / "env.json"
    assert json.loads(settings.read_text())["gh_token"].startswith("ghp_")
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert "Next: ci-stat campaign plan campaign.toml" in answer.out

    again = call("campaign", "import", "config.env")
    assert again.code == 6
    assert call("campaign", "import", "config.env", "--force").code == 0


def test_a_schedule_for_cron_and_systemd(call: Call, tmp_path: Path) -> None:
    answer = call("campaign", "schedule", "--preset", "ticdc")
    assert answer.code == 0
    crontab, timer, service = answer.out.split("\n\n# ")[0], *_units(answer.out)
    assert "CRON_TZ=Asia/Shanghai" in crontab
    assert "0  12 * * *  " in crontab
    assert "OnCalendar=*-*-* 12:00 Asia/Shanghai" in timer
    assert "-m jobs.stability_campaign --preset ticdc" in service
    if shutil.which("systemd-analyze") is None:
        return
    for name, text in (("timer", timer), ("service", service)):
        (tmp_path / f"ci_stat-campaign.{name}").write_text(text)
    units = [str(tmp_path / f"ci_stat-campaign.{name}") for name in ("timer", "service")]
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert "ci_stat-campaign" not in checked.stderr, checked.stderr


def _units(text: str) -> tuple[str, str]:
    timer = text.index("# ci_stat-campaign.timer")
    service = text.index("# ci_stat-campaign.service")
    return text[timer:service], text[service:]
