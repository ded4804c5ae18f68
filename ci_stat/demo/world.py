"""The invented CI: its repositories, jobs, people and working hours. Constants only.

It follows TiDB's CI of June 2021 (job names, one job for several target branches); people and rates
are invented. Uses no random numbers.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product

# Naive: the table stores wall clock time, Asia/Shanghai.
DEMO_BEGIN = datetime(2021, 6, 7)  # noqa: DTZ001
DEMO_END = datetime(2021, 6, 21)  # noqa: DTZ001  # half-open
DEMO_SEED = 20210621
# From here on the pipelines print failures twice (ci-data A5).
REPRINT_SINCE = datetime(2021, 6, 18)  # noqa: DTZ001

NIGHTLY_SHARE = 0.09  # share of all rows; the real job ran about 180 times a day (ci-data A6)
SLOT = timedelta(minutes=10)
SLOTS_A_DAY = 144


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One Jenkins job.

    - `kind`: `unit`, `check`, `build`, `sql`, `java`, `rust` or `cpp`; decides how the job fails
      and how its logs look.
    - `minutes`, `spread`: median and sigma of the lognormal duration.
    - `command`: the comment that runs only this job.
    - `blind`: share of failed runs whose analysis in the table is NULL.
    - `defaults`: the job's own parameters, which the plugin puts before the 19 (ci-data A2).
    """

    name: str
    repo: str | None
    kind: str
    minutes: float
    command: str
    first_id: int
    blind: float = 0.08
    spread: float = 0.35
    defaults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Repo:
    """One repository.

    `weight`: its share of the traffic. `branches`: (target branch, share of its pull requests).
    """

    name: str
    weight: float
    next_number: int
    branches: tuple[tuple[str, float], ...]
    jobs: tuple[Job, ...]


_TIDB = "pingcap/tidb"
_TIKV = "tikv/tikv"
_PD = "tikv/pd"
_TICS = "pingcap/tics"
_BR = "pingcap/br"
_FORCE = {"force": "false"}
_OLD_HOST = 0.45  # `blind` of pipelines that still posted to the writer's old host (ci-data A3)

UNIT_TEST = Job("tidb_ghpr_unit_test", _TIDB, "unit", 24, "/run-unit-test", 71200)
SLOWING = Job(
    "tidb_ghpr_integration_common_test", _TIDB, "unit", 17, "/run-integration-common-test", 33100
)
NIGHTLY = Job("tidb-unit-test-nightly", None, "unit", 31, "", 510, spread=0.25)

TIDB_JOBS = (
    Job("tidb_ghpr_build", _TIDB, "build", 6, "/run-build", 88300),
    Job("tidb_ghpr_check", _TIDB, "check", 9, "/run-check_dev", 90450),
    Job("tidb_ghpr_check_2", _TIDB, "unit", 15, "/run-check_dev_2", 90210),
    UNIT_TEST,
    Job("tidb_ghpr_coverage", _TIDB, "unit", 28, "/run-coverage", 12040),
    Job("tidb_ghpr_mybatis", _TIDB, "java", 7, "/run-mybatis-test", 42800),
    SLOWING,
    Job(
        "tidb_ghpr_integration_copr_test",
        _TIDB,
        "sql",
        12,
        "/run-integration-copr-test",
        21700,
        defaults=_FORCE,
    ),
    Job("tidb_ghpr_integration_ddl_test", _TIDB, "unit", 19, "/run-integration-ddl-test", 30900),
    Job("tidb_ghpr_common_test", _TIDB, "sql", 8, "/run-common-test", 51300),
    Job("tidb_ghpr_sqllogic_test_1", _TIDB, "sql", 11, "/run-sqllogic-test-1", 29600),
    Job("tidb_ghpr_tics_test", _TIDB, "cpp", 13, "/run-tics-test", 9800),
)
TIKV_JOBS = (
    Job(
        "tikv_ghpr_test",
        _TIKV,
        "rust",
        42,
        "/test",
        31800,
        _OLD_HOST,
        defaults={**_FORCE, "notcomment": "true"},
    ),
    Job("tikv_ghpr_build_release", _TIKV, "rust", 27, "/release", 6400, _OLD_HOST),
    Job(
        "tikv_ghpr_integration_common_test",
        _TIKV,
        "unit",
        21,
        "/run-integration-common-test",
        17500,
        _OLD_HOST,
    ),
    Job(
        "tikv_ghpr_integration_copr_test",
        _TIKV,
        "sql",
        14,
        "/run-integration-copr-test",
        8200,
        _OLD_HOST,
    ),
    Job(
        "tikv_ghpr_integration_ddl_test",
        _TIKV,
        "unit",
        20,
        "/run-integration-ddl-test",
        16900,
        _OLD_HOST,
    ),
)
PD_JOBS = (
    Job("pd_ghpr_build", _PD, "build", 5, "/run-build", 7100, _OLD_HOST),
    Job("pd_ghpr_test", _PD, "unit", 13, "/run-unit-test", 7350, _OLD_HOST),
    Job(
        "pd_ghpr_integration_common_test",
        _PD,
        "unit",
        18,
        "/run-integration-common-test",
        7600,
        _OLD_HOST,
    ),
)
TICS_JOBS = (
    Job("tics_ghpr_build", _TICS, "cpp", 33, "/build", 5200, _OLD_HOST),
    Job("tics_ghpr_test", _TICS, "cpp", 26, "/run-integration-tests", 5900, _OLD_HOST),
)
BR_JOBS = (
    Job("br_ghpr_unit_and_integration_test", _BR, "unit", 23, "/run-integration-tests", 8400, 0.15),
)

_RELEASES = (("master", 0.70), ("release-5.1", 0.13), ("release-5.0", 0.11), ("release-4.0", 0.06))
# Numbers of pd and tics begin close to each other, so that some exist in both: a pull request is
# identified by repository and number.
REPOS = (
    Repo(_TIDB, 0.44, 25200, _RELEASES, TIDB_JOBS),
    Repo(_TIKV, 0.23, 10310, _RELEASES, TIKV_JOBS),
    Repo(_PD, 0.14, 3760, _RELEASES, PD_JOBS),
    Repo(_TICS, 0.10, 3762, _RELEASES[:3], TICS_JOBS),
    Repo(_BR, 0.09, 1180, _RELEASES, BR_JOBS),
)
REPO_OF = {repo.name: repo for repo in REPOS}
JOBS = (*(job for repo in REPOS for job in repo.jobs), NIGHTLY)
JOB_OF = {job.name: job for job in JOBS}

# Invented people.
_FIRST = (
    "amber",
    "brisk",
    "cobalt",
    "dapper",
    "early",
    "fuzzy",
    "gentle",
    "hazel",
    "ivory",
    "jolly",
    "lunar",
)
_SECOND = ("badger", "finch", "heron", "lynx", "otter", "quokka", "wren")
LOGINS = tuple(f"{first}-{second}" for first, second in product(_FIRST, _SECOND))
BOT = "demo-robot"  # opens cherry-picks and comments /merge

# Share of a day's pull request traffic that starts in each hour of the Shanghai day.
_HOURS = (
    *(0.012, 0.008, 0.006, 0.005, 0.005, 0.006, 0.008, 0.013),
    *(0.022, 0.045, 0.078, 0.082, 0.052, 0.058, 0.085, 0.092),
    *(0.092, 0.085, 0.062, 0.044, 0.042, 0.040, 0.036, 0.022),
)
_WEEKDAYS = (1.18, 1.24, 1.26, 1.22, 1.10, 0.54, 0.46)  # Monday first
_NIGHT_HOURS = (
    *(2.2 for _ in range(8)),
    *(0.4 for _ in range(14)),
    1.2,
    1.8,
)  # most at night, some all day


def people_weight(when: datetime) -> float:
    """Return how busy people are at `when`, relative to other times."""
    return _HOURS[when.hour] * _WEEKDAYS[when.weekday()]


def nightly_weight(when: datetime) -> float:
    """Return how many nightly runs start at `when`, relative to other times."""
    return _NIGHT_HOURS[when.hour]
