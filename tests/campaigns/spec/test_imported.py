"""`config.env` of a hand-written script: our campaign, our settings, and no secret elsewhere."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.campaigns.env_text import parse_env
from ci_stat.campaigns.imported import parse_import, read_import
from ci_stat.campaigns.imported_files import write_import
from ci_stat.campaigns.presets import TICDC_JOBS
from ci_stat.campaigns.spec_file import parse_campaign, read_campaign
from ci_stat.campaigns.spec_write import campaign_text
from ci_stat.errors import SettingsError, WriteError

TOKEN, PASSWORD = "ghp_" + "a1B2" * 9, 'p"ss #word'
WEBHOOK = "https://open.feishu.cn/open-apis/bot/v2/hook/0f1e2d3c-1111-2222-3333-444455556666"
CONFIG = f"""\
# GitHub
export GITHUB_TOKEN="{TOKEN}"
GITHUB_USERNAME = someone
REPO_OWNER=pingcap   # the base
REPO_NAME='ticdc'
BASE_BRANCH=master
PR_COUNT=5
PR_TITLE_PREFIX="nightly stability"
PR_BODY="Issue Number: ref #1\\nDo not merge."
TEST_TIMEOUT_HOURS=2.5
CHECK_INTERVAL_MINUTES=10
LOG_LEVEL=INFO
LOG_FILE=campaign.log

EMAIL_ENABLED=True
SMTP_SERVER=smtp.example.com
SMTP_PORT=465
EMAIL_USERNAME=ci@example.com
EMAIL_PASSWORD='{PASSWORD}'
EMAIL_TO="a@example.com,b@example.com"
FEISHU_ENABLED=true
FEISHU_WEBHOOK_URL={WEBHOOK}
"""


def test_all_keys_of_the_script() -> None:
    imported = parse_import(CONFIG)
    spec = imported.campaign.spec
    assert (spec.repo, spec.branch, spec.fork) == ("pingcap/ticdc", "master", "someone/ticdc")
    assert (spec.count, spec.title) == (5, "nightly stability")
    assert spec.body == "Issue Number: ref #1\nDo not merge."
    assert spec.deadline == timedelta(hours=2.5)
    assert spec.contexts == TICDC_JOBS
    assert imported.campaign.channels == ("feishu", "mail")
    assert imported.settings == {
        "gh_token": TOKEN,
        "log_level": "info",
        "log_file": "campaign.log",
        "mail_host": "smtp.example.com",
        "mail_port": 465,
        "mail_tls": "ssl",
        "mail_user": "ci@example.com",
        "mail_from": "ci@example.com",
        "mail_password": PASSWORD,
        "mail_to": "a@example.com,b@example.com",
        "webhook": WEBHOOK,
    }
    assert imported.unknown == ()
    assert imported.notes == (
        "Branches are created in someone/ticdc, by GITHUB_USERNAME: remove `fork` if wrong.",
        "Jobs, commands and schedule are those of the preset ticdc.",
        "CHECK_INTERVAL_MINUTES is not needed: ci_stat looks as often as the jobs need.",
    )


def test_secrets_are_in_the_settings_only(tmp_path: Path) -> None:
    imported = parse_import(CONFIG)
    campaign, settings = tmp_path / "campaign.toml", tmp_path / "env.json"
    write_import(imported, campaign, settings, force=False)
    text = campaign.read_text("utf-8")
    for secret in (TOKEN, PASSWORD, WEBHOOK):
        assert secret not in text
        assert secret not in repr(imported)
        assert secret not in repr(parse_env(CONFIG))
    assert read_campaign(campaign) == imported.campaign
    assert json.loads(settings.read_text("utf-8")) == imported.settings
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600


def test_existing_files_are_kept(tmp_path: Path) -> None:
    imported = parse_import(CONFIG)
    campaign, settings = tmp_path / "campaign.toml", tmp_path / "env.json"
    settings.write_text('{"gh_token": "old", "url": "sqlite://"}', "utf-8")
    settings.chmod(0o600)
    with pytest.raises(WriteError, match="exists already"):
        write_import(imported, campaign, settings, force=False)
    assert not campaign.exists()

    assert write_import(imported, campaign, settings, force=True) == ["gh_token"]
    written = json.loads(settings.read_text("utf-8"))
    assert (written["url"], written["gh_token"]) == ("sqlite://", TOKEN)


def test_another_repository_and_disabled_channels() -> None:
    text = (
        "REPO_OWNER=o\nREPO_NAME=r\nGITHUB_TOKEN=your_token_here\nEMAIL_ENABLED=false\n"
        "EMAIL_PASSWORD=secret\nSLACK_URL=x\nnot a pair\nPR_COUNT=1\nPR_COUNT=2\n"
        "PR_BODY=${HOME}/x\n"
    )
    imported = parse_import(text)
    assert imported.campaign.spec.count == 2
    assert imported.campaign.spec.contexts == ()
    assert imported.settings == {}
    assert imported.unknown == ("SLACK_URL",)
    assert imported.notes == (
        "No job is known: add `contexts` and `commands`, or learn them from pull requests.",
        "No channel is enabled: the verdict goes to every channel that the settings set up.",
        "EMAIL_PASSWORD is left out: EMAIL_ENABLED is not true.",
        "GITHUB_TOKEN is left out: its value is a placeholder.",
        "PR_COUNT is there more than once: the last value counts.",
        "Line 7 is not KEY=VALUE, and is left out.",
        "PR_BODY contains ${...}, which is not expanded.",
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "c.env: REPO_OWNER is missing."),
        ("REPO_OWNER=o\nREPO_NAME=r\nPR_COUNT=ten", "c.env:3: PR_COUNT is 'ten', not a whole"),
        ("REPO_OWNER=o\nREPO_NAME=r\nPR_COUNT=0", "c.env:3: `count` is 0, not a number from 1"),
        ("REPO_OWNER=o o\nREPO_NAME=r", "c.env:1: 'o o/r' is not a repository."),
        ("REPO_OWNER=o\nREPO_NAME=r\nPR_TITLE_PREFIX=a | b", "c.env:3: `title` contains ' | '."),
        ("REPO_OWNER=o\nREPO_NAME=r\nEMAIL_ENABLED=maybe", "c.env:3: EMAIL_ENABLED is 'maybe'"),
        ("REPO_OWNER=o\nREPO_NAME=r\nLOG_LEVEL=loud", "log_level (from c.env) is 'loud'"),
        (
            "REPO_OWNER=o\nREPO_NAME=r\nEMAIL_ENABLED=1\nSMTP_PORT=99999999",
            "c.env:4: SMTP_PORT is '99999999', not a whole number.",
        ),
    ],
)
def test_errors_name_the_line(lines: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_import(lines, "c.env")
    assert message in str(caught.value)


def test_quotes_comments_and_line_ends(tmp_path: Path) -> None:
    text = (
        '\ufeffA=1\r\n  export B = \'x # y\'  # comment\r\nC="a\\"b"\nD=a#b # c\n'
        "E=\"two\nlines\"\nF=\"unterminated\nG=\nH='it's'\n#I=1\n"
    )
    parsed = parse_env(text)
    assert {key: entry.value for key, entry in parsed.entries.items()} == {
        "A": "1",
        "B": "x # y",
        "C": 'a"b',
        "D": "a#b",
        "E": "two\nlines",
        "F": '"unterminated',
        "G": "",
        "H": "'it's'",
    }
    assert parsed.entries["H"].line == 9
    assert parsed.unread == ()
    file = tmp_path / "config.env"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_import(file)


@pytest.mark.property
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    parse_env(text)
    try:
        imported = parse_import(f"REPO_OWNER=o\nREPO_NAME=r\n{text}")
    except SettingsError:
        return
    assert parse_campaign(campaign_text(imported.campaign)) == imported.campaign
