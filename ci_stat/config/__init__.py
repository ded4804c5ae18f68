"""Settings: from `env.json` at `STAT_ENV_PATH` and from variables `CI_STAT_<KEY>`, which win.

Nothing is connected here, and a secret is in no repr.
"""

from ci_stat.config.groups import KEYS
from ci_stat.config.keys import Key, Secret, zone_of
from ci_stat.config.read import load
from ci_stat.config.settings import FILE_NAME, PATH_VARIABLE, PREFIX, Settings, Value
from ci_stat.config.urls import data_folder

__all__ = [
    "FILE_NAME",
    "KEYS",
    "PATH_VARIABLE",
    "PREFIX",
    "Key",
    "Secret",
    "Settings",
    "Value",
    "data_folder",
    "load",
    "zone_of",
]
