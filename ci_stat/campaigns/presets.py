"""Campaigns of known projects."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from ci_stat.campaigns.model import Spec


@dataclass(frozen=True, slots=True)
class Schedule:
    """Daily, at a time of day in a zone."""

    at: time
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class CampaignFile:
    """What `campaign.toml` states. `channels`: of the verdict; empty for all that are set up."""

    spec: Spec
    schedule: Schedule | None = None
    channels: tuple[str, ...] = ()


TICDC = "pingcap/ticdc"
TICDC_JOBS = (
    "pull-cdc-mysql-integration-light-next-gen",
    "pull-cdc-mysql-integration-heavy-next-gen",
    "pull-cdc-kafka-integration-light-next-gen",
    "pull-cdc-kafka-integration-heavy-next-gen",
    "pull-cdc-storage-integration-light-next-gen",
    "pull-cdc-storage-integration-heavy-next-gen",
    "pull-cdc-pulsar-integration-heavy-next-gen",
)
"""The next-gen integration jobs that TiCDC requires before a merge (since 2026-08-04)."""

PRESETS: Mapping[str, CampaignFile] = {
    "ticdc": CampaignFile(
        Spec(
            repo=TICDC,
            branch="master",
            count=10,
            stagger=timedelta(minutes=30),
            title="stability-test",
            # A name followed by a comma or a carriage return starts nothing: one job a line.
            commands=tuple(f"/test {job}" for job in TICDC_JOBS),
            contexts=TICDC_JOBS,
            deadline=timedelta(hours=6),
        ),
        Schedule(time(12), ZoneInfo("Asia/Shanghai")),
    )
}

_PATH_NAME = re.compile(r"pull_[a-z0-9_]+")


def right_name(repo: str, name: str) -> str:
    """The name of a TiCDC job that is spelled like its Jenkins path; else the name itself.

    Prow knows `pull-cdc-mysql-integration-light`. A comment with `pull_cdc_mysql_integration_light`
    starts nothing, and no status has this context.
    """
    is_ticdc = repo.lower() == TICDC
    if not is_ticdc or not _PATH_NAME.fullmatch(name):
        return name
    return name.replace("_", "-")
