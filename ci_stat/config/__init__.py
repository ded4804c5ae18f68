"""Settings: read from `env.json` at `STAT_ENV_PATH` and from variables `CI_STAT_<KEY>`, as values.

Variables override the file. This room opens no connection, and no repr shows a secret.
"""

from ci_stat.config.groups import (
    KEYS,
    CiData,
    Feishu,
    GitHub,
    Issues,
    Jenkins,
    Logging,
    Logs,
    Mail,
    Reports,
    Slack,
    State,
    Timeouts,
)
from ci_stat.config.keys import Key, Secret, zone_of
from ci_stat.config.read import load
from ci_stat.config.settings import FILE_NAME, PATH_VARIABLE, PREFIX, Settings, Value
from ci_stat.config.urls import data_folder

__all__ = [
    "FILE_NAME",
    "KEYS",
    "PATH_VARIABLE",
    "PREFIX",
    "CiData",
    "Feishu",
    "GitHub",
    "Issues",
    "Jenkins",
    "Key",
    "Logging",
    "Logs",
    "Mail",
    "Reports",
    "Secret",
    "Settings",
    "Slack",
    "State",
    "Timeouts",
    "Value",
    "data_folder",
    "load",
    "zone_of",
]
