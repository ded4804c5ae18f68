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
    Project,
    Reports,
    Results,
    Slack,
    State,
    Timeouts,
)
from ci_stat.config.keys import Key, Secret, zone_of
from ci_stat.config.presets import TIDB
from ci_stat.config.read import default_file, load
from ci_stat.config.settings import FILE_NAME, PATH_VARIABLE, PREFIX, Settings, Value
from ci_stat.config.urls import data_folder
from ci_stat.config.warn import warn_once

__all__ = [
    "FILE_NAME",
    "KEYS",
    "PATH_VARIABLE",
    "PREFIX",
    "TIDB",
    "CiData",
    "Feishu",
    "GitHub",
    "Issues",
    "Jenkins",
    "Key",
    "Logging",
    "Logs",
    "Mail",
    "Project",
    "Reports",
    "Results",
    "Secret",
    "Settings",
    "Slack",
    "State",
    "Timeouts",
    "Value",
    "data_folder",
    "default_file",
    "load",
    "warn_once",
    "zone_of",
]
