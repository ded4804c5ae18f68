"""`campaign.toml`: strict, with the line of each error; written and read back it is equal."""

import re
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.campaigns.model import Budget, Ending, FileMode, Spec
from ci_stat.campaigns.presets import TICDC_JOBS, CampaignFile, Schedule
from ci_stat.campaigns.spec_file import parse_campaign, preset, read_campaign
from ci_stat.campaigns.spec_write import campaign_text
from ci_stat.errors import SettingsError

WHOLE = """\
repo = "pingcap/ticdc"
branch = "release-8.5"
fork = "someone/ticdc"
count = 3
stagger_minutes = 2.5
deadline_hours = 4
grace_minutes = 10
title = "stability"
body = "Issue Number: ref #1"
labels = ["ci"]
draft = true
commands = ["/test light", "/test heavy"]
comment_each = true
contexts = ["pull-unit-test"]
passed = "keep"
failed = "close"
kept_limit = 5
target_rate = 0.05
until_decided = true

[file]
mode = "line"
path = "Makefile"

[budget]
pull_requests = 2
comments = 9
hours = 8.5

[schedule]
at = "12:30"
zone = "Asia/Shanghai"

[report]
channels = ["feishu", "mail"]
"""


def test_all_keys() -> None:
    assert parse_campaign(WHOLE) == CampaignFile(
        Spec(
            repo="pingcap/ticdc",
            branch="release-8.5",
            fork="someone/ticdc",
            count=3,
            stagger=timedelta(minutes=2.5),
            file_mode=FileMode.LINE,
            file="Makefile",
            title="stability",
            body="Issue Number: ref #1",
            labels=("ci",),
            draft=True,
            commands=("/test light", "/test heavy"),
            comment_each=True,
            contexts=("pull-unit-test",),
            deadline=timedelta(hours=4),
            grace=timedelta(minutes=10),
            budget=Budget(2, 9, 8.5),
            passed=Ending.KEEP,
            failed=Ending.CLOSE,
            kept_limit=5,
            target_rate=0.05,
            until_decided=True,
        ),
        Schedule(time(12, 30), ZoneInfo("Asia/Shanghai")),
        ("feishu", "mail"),
    )


def test_defaults() -> None:
    campaign = parse_campaign('repo = "o/r"\nbranch = "main"')
    assert campaign == CampaignFile(Spec(repo="o/r", branch="main"))
    assert (campaign.spec.count, campaign.spec.stagger) == (10, timedelta(minutes=30))


def test_the_preset_of_ticdc() -> None:
    campaign = preset("ticdc")
    assert len(TICDC_JOBS) == 7
    assert campaign.spec.contexts == TICDC_JOBS
    assert campaign.schedule == Schedule(time(12), ZoneInfo("Asia/Shanghai"))
    assert (campaign.spec.count, campaign.spec.deadline) == (10, timedelta(hours=6))
    assert campaign.spec.stagger == timedelta(minutes=30)
    assert " | " not in campaign.spec.title
    assert parse_campaign('preset = "ticdc"') == campaign
    assert parse_campaign(campaign_text(campaign)) == campaign


def test_commands_of_the_preset_trigger_its_jobs() -> None:
    """By the trigger of the jobs of TiCDC; the comment has one command a line."""
    comment = "\n".join(preset("ticdc").spec.commands)
    for job in TICDC_JOBS:
        assert re.search(rf"(?m)^/test (?:.*? )?({re.escape(job)})(?: .*?)?$", comment)
    assert not re.search(
        r"(?m)^/test (?:.*? )?(pull-cdc-mysql-integration-light)(?: .*?)?$", comment
    )


def test_a_preset_with_other_values() -> None:
    campaign = parse_campaign('preset = "ticdc"\ncount = 3\n[schedule]\nat = "20:00"')
    assert campaign.spec.count == 3
    assert campaign.spec.contexts == TICDC_JOBS
    assert campaign.schedule == Schedule(time(20), ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('preset = "tidc"', "c.toml:1: unknown preset 'tidc'.\n  Did you mean 'ticdc'?"),
        ('repo = "o/r"', "the file has no `branch`."),
        ('preset = "ticdc"\ncuont = 3', "c.toml:2: unknown key `cuont` in the file.\n"),
        ('preset = "ticdc"\n[budget]\nmoney = 1', "unknown key `money` in [budget].\n  Known keys"),
        ('preset = "ticdc"\ncount = "ten"', "c.toml:2: `count` is invalid: expected "),
        ('preset = "ticdc"\n\ncount = 0', "c.toml:3: `count` is 0, not a number from 1 to 1000."),
        ('preset = "ticdc"\nstagger_minutes = nan', "c.toml:2: `stagger_minutes` is nan"),
        ('preset = "ticdc"\ndeadline_hours = 0', "every job would time out"),
        ('preset = "ticdc"\ntarget_rate = 5', "`target_rate` is 5, not from 0.0001 to below 1"),
        ('preset = "ticdc"\nuntil_decided = true', "`until_decided` needs a `target_rate`"),
        ('preset = "ticdc"\n[budget]\nhours = -1', "c.toml:3: `hours` is -1"),
        ('preset = "ticdc"\nrepo = "x"', "c.toml:2: 'x' is not a repository.\n  Write owner/name."),
        ('preset = "ticdc"\nbranch = "a b"', "c.toml:2: 'a b' is not the name of a branch."),
        ('preset = "ticdc"\nbranch = "-x"', "is not the name of a branch."),
        ('preset = "ticdc"\ntitle = "a | tidb=b"', "c.toml:2: `title` contains ' | '."),
        ('preset = "ticdc"\ntitle = "a\\nb"', "c.toml:2: `title` has 'a\\nb'"),
        ('preset = "ticdc"\ncommands = ["/test a\\r"]', "`commands` has '/test a\\r'"),
        ('preset = "ticdc"\ncommands = ["/test a, b"]', "a name before a comma triggers nothing"),
        ('preset = "ticdc"\nlabels = ["a", "a"]', "`labels` has an entry twice: 'a'"),
        ('preset = "ticdc"\n[file]\npath = "../x"', "is not a path inside the repository"),
        ('preset = "ticdc"\n[file]\npath = ".git/hooks"', "is not a path inside the repository"),
        ('preset = "ticdc"\n[file]\nmode = "line"', "needs the `path` of an existing file"),
        ('preset = "ticdc"\n[schedule]\nat = "25:00"', "'25:00' is not a time of day."),
        ('preset = "ticdc"\n[schedule]\nat = "12:00"\nzone = "Asia/Shangai"', "Asia/Shanghai"),
        ('preset = "ticdc"\n[schedule]\nzone = "UTC"', "[schedule] has no `at`"),
        ('preset = "ticdc"\n[report]\nchannels = ["fax"]', "unknown channel 'fax'.\n  Known"),
        ("count = ", "c.toml is not valid TOML"),
    ],
)
def test_errors_name_the_line_and_the_next_step(lines: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_campaign(lines, "c.toml")
    assert message in str(caught.value)


@pytest.mark.parametrize("key", ["contexts", "commands"])
def test_a_name_with_underscores_triggers_nothing(key: str) -> None:
    name = "pull_cdc_mysql_integration_light_next_gen"
    value = name if key == "contexts" else f"/test {name}"
    with pytest.raises(SettingsError) as caught:
        parse_campaign(f'preset = "ticdc"\n{key} = ["{value}"]', "c.toml")
    assert str(caught.value) == (
        f"c.toml:2: '{name}' triggers nothing: the names of the jobs have hyphens.\n"
        "  Write 'pull-cdc-mysql-integration-light-next-gen'."
    )
    other = f'repo = "o/r"\nbranch = "main"\n{key} = ["{value}"]'
    assert name in str(parse_campaign(other))


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(WHOLE, "utf-8")
    assert read_campaign(file) == parse_campaign(WHOLE)
    with pytest.raises(SettingsError, match="Cannot read the campaign"):
        read_campaign(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="Unknown preset 'tdb'"):
        preset("tdb")


lines = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)
lists = st.lists(lines, max_size=3, unique=True).map(tuple)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,9}", fullmatch=True)


@st.composite
def campaigns(draw: st.DrawFn) -> CampaignFile:
    target = draw(st.just(0.0) | st.floats(0.0001, 0.99))
    spec = Spec(
        repo=f"{draw(names)}/{draw(names)}",
        branch=draw(names),
        fork=draw(st.sampled_from(["", "me/r"])),
        count=draw(st.integers(1, 1000)),
        stagger=draw(st.timedeltas(timedelta(0), timedelta(days=30))),
        file_mode=draw(st.sampled_from(FileMode)),
        file=draw(st.sampled_from(["a", "a/b.txt", "Makefile"])),
        title=draw(lines),
        body=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=60)),
        labels=draw(lists),
        draft=draw(st.booleans()),
        commands=draw(lists),
        comment_each=draw(st.booleans()),
        contexts=draw(lists),
        deadline=draw(st.timedeltas(timedelta(minutes=1), timedelta(days=30))),
        grace=draw(st.timedeltas(timedelta(0), timedelta(days=1))),
        budget=Budget(draw(st.integers(0, 9)), draw(st.integers(0, 9)), draw(st.floats(0, 99))),
        passed=draw(st.sampled_from(Ending)),
        failed=draw(st.sampled_from(Ending)),
        kept_limit=draw(st.integers(0, 50)),
        target_rate=target,
        until_decided=draw(st.booleans()) and target > 0,
    )
    at = draw(st.times()).replace(second=0, microsecond=0)
    schedule = draw(st.sampled_from([None, Schedule(at, ZoneInfo("Europe/Berlin"))]))
    return CampaignFile(spec, schedule, draw(st.sampled_from([(), ("mail",), ("feishu", "slack")])))


@pytest.mark.property
@given(campaigns())
def test_what_is_written_reads_equal(campaign: CampaignFile) -> None:
    assert parse_campaign(campaign_text(campaign, ["a\nb = 1"])) == campaign
